"""How code that a repair adds to a module writes what it needs from libraries: with the names that the module has."""

from __future__ import annotations

import ast

from reseed.fixes.edits import Declined, Lines
from reseed.fixes.names import Binding, Names

_NEW_IMPORTS = {
    "numpy": (("np", "import numpy as np"), ("numpy", "import numpy"), ("_numpy", "import numpy as _numpy")),
    "random": (("random", "import random"), ("_random", "import random as _random")),
    "torch": (("torch", "import torch"), ("_torch", "import torch as _torch")),
}


class Spelling:
    """The spellings of external paths that new code at the head of a module can use.

    `first_use` is the offset of the first code that is run when the module is imported and uses the new code: only what
    is imported before it can be used.
    """

    def __init__(self, names: Names, lines: Lines, first_use: int) -> None:
        self._names = names
        self._lines = lines
        self._first_use = first_use

    def spell(self, target: str, imports: list[tuple[str, str]]) -> str:
        """How new code writes `target`; where the module has no name for it, adds an import to `imports`."""
        found: list[tuple[int, str]] = []
        for name, bindings in self._names.bindings(self._names.tree).items():
            imported = self._names.only_path(bindings)
            if imported and f"{target}.".startswith(f"{imported}.") and any(map(self._is_sure, bindings)):
                found.append((len(imported), name + target[len(imported) :]))
        if found:
            return min(found)[1]
        package, _, rest = target.partition(".")
        for name, statement in _NEW_IMPORTS[package]:
            bindings = self._names.bindings(self._names.tree).get(name, [])
            if all(binding.path == package for binding in bindings):
                if (package, statement) not in imports:
                    imports.append((package, statement))
                return f"{name}.{rest}"
        raise Declined(f"every name for {package} means something else in this module")

    def indent(self) -> str:
        """One step of indentation as the module has it."""
        for node in self._names.tree.body:
            for inner in getattr(node, "body", ())[:1]:
                indent = self._lines.content(inner.lineno)[: inner.col_offset]
                if indent and not indent.strip(" \t"):
                    return indent
        return "    "

    def _is_sure(self, binding: Binding) -> bool:
        """True for an import that is run whenever the module is, before the first use.

        That is so too in the body of a ``try``: where that import fails, no code gets as far as to need it.
        """
        statement = binding.node
        outer = self._names.parents[statement]
        if not isinstance(outer, ast.Module):
            tried = getattr(outer, "handlers", None) is not None and statement in getattr(outer, "body", ())
            if not tried or not isinstance(self._names.parents[outer], ast.Module):
                return False
        return self._lines.start(getattr(statement, "lineno", 0)) < self._first_use
