"""Where a module's imports and its seeder go."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from reseed.fixes.edits import Declined, Edit
from reseed.source.lines import Lines

_MAGIC = re.compile(r"#!|#.*coding[:=]")
_BEFORE_IMPORTS = (
    *(ast.Import, ast.ImportFrom, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Assert, ast.Delete),
    *(ast.If, ast.Try, ast.With, ast.Pass),
)


class Layout:
    """The import block at the head of a module.

    The block ends with the last import before the first definition or loop, and before `first_use`: the offset of
    the first repaired loader which is made when the module is imported (None if there is none).
    """

    def __init__(self, tree: ast.Module, lines: Lines, first_use: int | None) -> None:
        self._lines = lines
        self._body = tree.body
        self._first_use = first_use
        self._imports: list[ast.stmt] = []
        self._last: ast.stmt | None = None
        for statement in self._head():
            if _holds_import(statement):
                self._last = statement
                if isinstance(statement, (ast.Import, ast.ImportFrom)) and statement.col_offset == 0:
                    self._imports.append(statement)

    def definition_offset(self) -> int:
        """Where a module-level function goes that everything in the module may use: after the imports.

        Raises Declined where a loader of this line or an earlier one would be made before it.
        """
        offset = self._lines.start(self._last_head_line() + 1)
        if self._first_use is not None and self._first_use < offset:
            raise Declined("what needs it shares its line with the module's first statements")
        return offset

    def definition(self, text: str, new_imports: list[tuple[str, str]]) -> Iterator[Edit]:
        """The edits that add `new_imports` (pairs of module name and statement) and the function `text`, if any."""
        offset = self.definition_offset()
        line = self._lines.at(offset)
        newline = self._lines.newline(line)
        gap = self._needs_gap(line)
        above = 2 if line > 1 else 0
        for module, statement in new_imports:
            place = self._import_offset(module)
            ending = self._lines.newline(max(1, self._lines.at(place) - 1))
            lead = ending if place == offset and gap else ""
            opens_section = module in sys.stdlib_module_names and place < offset and not self._standard()
            yield Edit(place, place, f"{lead}{statement}{ending}{ending if opens_section else ''}")
            if place == offset:
                gap, above = False, 2
        if not text:
            return
        below = max(0, 2 - self._blank_lines(line))
        body = text.replace("\n", newline)
        yield Edit(offset, offset, f"{newline * above}{body}{newline * below}")

    def _head(self) -> Iterator[ast.stmt]:
        """The statements that imports may stand among, up to the first definition, loop or loader."""
        groups: list[list[ast.stmt]] = []
        for statement in self._body:
            if groups and groups[-1][-1].end_lineno == statement.lineno:
                groups[-1].append(statement)
            else:
                groups.append([statement])
        for group in groups:
            ends = self._lines.start((group[-1].end_lineno or 0) + 1)
            early = self._first_use is not None and self._first_use < ends
            if early or not all(isinstance(statement, _BEFORE_IMPORTS) for statement in group):
                return
            yield from group

    def _last_head_line(self) -> int:
        """The last line of the import block, or else of the docstring or the comments that open the file."""
        if self._last is not None:
            return self._last.end_lineno or 0
        first = self._body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            return first.end_lineno or 0
        line = 0
        while line < 2 and _MAGIC.match(self._lines.content(line + 1)):
            line += 1
        end = line
        while self._lines.content(end + 1).startswith("#"):
            end += 1
        return line if self._lines.content(end + 1).strip() else end

    def _needs_gap(self, line: int) -> bool:
        """True if an import that goes right before `line` needs a blank line over it."""
        if line == 1 or not self._lines.content(line - 1).strip():
            return False
        return not any(statement.end_lineno == line - 1 for statement in self._imports if not _is_future(statement))

    def _blank_lines(self, line: int) -> int:
        """How many lines from `line` on are blank."""
        count = 0
        while line + count < self._lines.at(len(self._lines.text)) and not self._lines.content(line + count).strip():
            count += 1
        return count

    def _import_offset(self, module: str) -> int:
        """Where ``import module`` goes: sorted among the imports of its kind.

        That is the section that names torch or numpy, or the one of the standard library.
        """
        if module in sys.stdlib_module_names:
            return self._standard_offset(module)
        section = self._section()
        if not section:
            return self.definition_offset()
        straight = [statement for statement in section if isinstance(statement, ast.Import)]
        for statement in straight:
            name = statement.names[0].name.casefold()
            # Where the standard library is mixed in, the new import goes behind it.
            if name > module and name.partition(".")[0] not in sys.stdlib_module_names:
                return self._lines.start(statement.lineno)
        if straight:
            return self._lines.start((straight[-1].end_lineno or 0) + 1)
        return self._lines.start(section[0].lineno)

    def _standard_offset(self, module: str) -> int:
        """The same for a module of the standard library, whose imports come first."""
        standard = self._standard()
        straight = [statement for statement in standard if isinstance(statement, ast.Import)]
        for statement in straight:
            if statement.names[0].name.casefold() > module:
                return self._lines.start(statement.lineno)
        if straight:
            return self._lines.start((straight[-1].end_lineno or 0) + 1)
        first = next((section[0] for section in self._sections()), None)
        return self.definition_offset() if first is None else self._lines.start(first.lineno)

    def _standard(self) -> list[ast.stmt]:
        """The imports of the standard library in the first section."""
        return [
            statement
            for statement in next(iter(self._sections()), [])
            if _roots(statement) and _roots(statement) <= sys.stdlib_module_names
        ]

    def _sections(self) -> list[list[ast.stmt]]:
        """The runs of imports with no line between them."""
        sections: list[list[ast.stmt]] = []
        for statement in self._imports:
            if _is_future(statement):
                continue
            if sections and sections[-1][-1].end_lineno == statement.lineno - 1:
                sections[-1].append(statement)
            else:
                sections.append([statement])
        return sections

    def _section(self) -> list[ast.stmt]:
        """The run of imports, with no line between them, that new third-party imports belong to."""
        sections = self._sections()
        for wanted in ("torch", "numpy"):
            for section in sections:
                if any(wanted in _roots(statement) for statement in section):
                    return section
        absolute = [section for section in sections if any(_roots(statement) for statement in section)]
        return (absolute or sections or [[]])[-1]


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _roots(statement: ast.stmt) -> set[str]:
    """The top-level packages that an absolute import names."""
    if isinstance(statement, ast.Import):
        return {alias.name.partition(".")[0] for alias in statement.names}
    if isinstance(statement, ast.ImportFrom) and not statement.level:
        return {(statement.module or "").partition(".")[0]}
    return set()


def _holds_import(statement: ast.stmt) -> bool:
    """True for an import, and for an ``if``, ``try`` or ``with`` right around one."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return True
    inner = [node for node in ast.iter_child_nodes(statement) if isinstance(node, ast.stmt)]
    inner += [node for handler in getattr(statement, "handlers", ()) for node in handler.body]
    return any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in inner)
