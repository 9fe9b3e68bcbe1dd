"""One text under repair: which expressions change, what moves, and what the module gets."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from reseed.fixes.add_keyword import add_keyword, merge_default
from reseed.fixes.edits import Declined, Edit, Lines
from reseed.fixes.layout import Layout
from reseed.fixes.loader_call import place_for_seeder
from reseed.fixes.names import Names
from reseed.fixes.passed_call import check_is_passed, statement_before
from reseed.fixes.rewrite import Change, Target, rewrite
from reseed.fixes.seeder import Seeders
from reseed.fixes.signature import SEEDER
from reseed.rules.finding import Finding

_GIVES_SEEDER = ("RNG201", "RNG202")
_REPLACES_CALL = "RNG211"


@dataclass(frozen=True, slots=True)
class _Move:
    """The code of a passed call, for a statement of its own in front of `statement`."""

    target: Target
    statement: ast.stmt
    code: str


class Session:
    """The repair of `text`, which `tree` is parsed from. After `edits`, `reasons` says which findings are declined."""

    def __init__(self, text: str, tree: ast.Module) -> None:
        self.reasons: dict[Finding, str] = {}
        self._text = text
        self._lines = Lines(text)
        self._names = Names(tree)
        self._targets: dict[tuple[int, int], Target] = {}
        self._new_seeder: list[Target] = []
        self._moves: list[_Move] = []

    def edits(self, findings: Sequence[Finding]) -> list[Edit]:
        """The edits that repair `findings`, but for those that are declined."""
        calls = self._calls(findings)
        at_import = [start for (start, _), call in calls.items() if self._names.runs_at_import(call)]
        first_use = min(at_import, default=None)
        seeders = Seeders(self._names, self._lines, first_use)
        # Passed calls first: their repair may be all that the loader needs.
        for finding in sorted(dict.fromkeys(findings), key=lambda finding: finding.code != _REPLACES_CALL):
            try:
                self._plan(finding, calls, seeders)
            except Declined as error:
                self.reasons[finding] = str(error)
        additions = self._additions(Layout(self._names.tree, self._lines, first_use), seeders)
        changes, not_made = rewrite(self._text, self._targets.values())
        for target, reason in not_made.items():
            self._drop(target, reason)
        if not any(target in self._targets.values() for target in self._new_seeder):
            additions = []
        return [*additions, *self._statements(), *changes]

    def _calls(self, findings: Sequence[Finding]) -> dict[tuple[int, int], ast.Call]:
        """The calls that stand just where findings are, by their offsets."""
        places = {self._lines.offsets(finding.span) for finding in findings}
        calls = {}
        for node in ast.walk(self._names.tree):
            if isinstance(node, ast.Call) and (offsets := self._offsets(node)) in places:
                calls[offsets] = node
        return calls

    def _plan(self, finding: Finding, calls: dict[tuple[int, int], ast.Call], seeders: Seeders) -> None:
        if finding.code not in (*_GIVES_SEEDER, _REPLACES_CALL):
            raise Declined(f"there is no repair for {finding.code}")
        offsets = self._lines.offsets(finding.span)
        call = calls.get(offsets) if offsets else None
        if call is None:
            raise Declined("there is no call where the finding says; the file has changed since")
        if any(isinstance(outer, ast.JoinedStr) for outer in self._names.ancestors(call)):
            raise Declined("the call stands in an f-string")
        if finding.code == _REPLACES_CALL:
            self._replace_passed(finding, call, seeders)
        else:
            self._give_seeder(finding, call, seeders)

    def _give_seeder(self, finding: Finding, call: ast.Call, seeders: Seeders) -> None:
        for keyword in call.keywords:
            passed = self._targets.get(self._offsets(keyword.value))
            if keyword.arg == SEEDER and passed is not None:
                passed.findings.append(finding)
                return
        place = place_for_seeder(call, self._names)
        name = seeders.name_at(call)
        if place.replaced:
            for value in place.replaced:
                self._change(finding, value, name, _becomes(name))
        elif place.merged is not None:
            index = place.merged
            self._change(finding, call, name, lambda node, _: merge_default(_call(node), index, SEEDER, name))
        else:
            self._change(finding, call, name, lambda node, _: add_keyword(_call(node), SEEDER, name))

    def _replace_passed(self, finding: Finding, call: ast.Call, seeders: Seeders) -> None:
        check_is_passed(call, self._names)
        if isinstance(call.func, ast.Name) and seeders.is_right(call.func.id, call):
            self._change(finding, call, call.func.id, _becomes(call.func.id))
            return
        statement = statement_before(call, self._names, self._lines)
        name = seeders.name_at(call)

        def change(node: cst.BaseExpression, module: cst.Module) -> cst.BaseExpression:
            code = module.code_for_node(node.with_changes(lpar=(), rpar=()))
            self._moves.append(_Move(target, statement, code))
            return _becomes(name)(node, module)

        target = self._change(finding, call, name, change)

    def _change(self, finding: Finding, node: ast.expr, name: str, change: Change) -> Target:
        """The target that makes `change`, which uses the seeder `name`, at `node`; one and the same for one place."""
        offsets = self._offsets(node)
        target = self._targets.setdefault(offsets, Target(*offsets, change))
        target.findings.append(finding)
        if name not in self._names.identifiers:
            self._new_seeder.append(target)
        return target

    def _additions(self, layout: Layout, seeders: Seeders) -> list[Edit]:
        """The edits that add the new seeder, if one is needed; where there cannot be one, what needs it is dropped."""
        if not self._new_seeder:
            return []
        try:
            text, imports = seeders.new_function()
            return list(layout.definition(text, imports))
        except Declined as error:
            for target in self._new_seeder:
                self._drop(target, str(error))
            return []

    def _drop(self, target: Target, reason: str) -> None:
        self._targets.pop((target.start, target.end), None)
        for finding in target.findings:
            self.reasons[finding] = reason

    def _statements(self) -> Iterator[Edit]:
        """The passed calls as statements of their own."""
        for move in self._moves:
            if move.target in self._targets.values():
                line = move.statement.lineno
                start = self._lines.start(line)
                indent = self._lines.content(line)[: move.statement.col_offset]
                yield Edit(start, start, f"{indent}{_standalone(move.code)}{self._lines.newline(line)}")

    def _offsets(self, node: ast.expr) -> tuple[int, int]:
        start = self._lines.offset(node.lineno, node.col_offset)
        return start, self._lines.offset(node.end_lineno or 0, node.end_col_offset or 0)


def _call(node: cst.BaseExpression) -> cst.Call:
    assert isinstance(node, cst.Call)
    return node


def _becomes(name: str) -> Change:
    """The change that puts `name` in place of an expression, in the parentheses that it stands in."""
    return lambda node, _: cst.Name(name, lpar=node.lpar, rpar=node.rpar)


def _standalone(code: str) -> str:
    """`code` so that it is one statement even where parentheses around it let it run over several lines."""
    try:
        ast.parse(code)
    except SyntaxError:
        return f"({code})"
    return code
