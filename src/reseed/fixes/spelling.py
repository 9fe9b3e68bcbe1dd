"""How a repair writes the name of a library's function: as the module does, else with an import that is added."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from reseed.fixes.edits import Declined
from reseed.fixes.names import Binding, Names
from reseed.source.lines import Lines

_NEW_IMPORTS = {
    "numpy": (("np", "import numpy as np"), ("numpy", "import numpy"), ("_numpy", "import numpy as _numpy")),
    "torch": (("torch", "import torch"), ("_torch", "import torch as _torch")),
    "cv2": (("cv2", "import cv2"), ("_cv2", "import cv2 as _cv2")),
    "random": (("random", "import random"), ("_random", "import random as _random")),
    "monai": (("monai", "import monai"), ("_monai", "import monai as _monai")),
    "imgaug": (("imgaug", "import imgaug"), ("_imgaug", "import imgaug as _imgaug")),
}


class Spelling:
    """The names of one module for what libraries have. `imports` are those it needs in addition (module, statement).

    `first_use` is the offset before which an import must stand (None: anywhere at the module's level).
    """

    def __init__(self, names: Names, lines: Lines, first_use: int | None) -> None:
        self.imports: list[tuple[str, str]] = []
        self._names = names
        self._lines = lines
        self._first_use = len(lines.text) if first_use is None else first_use

    def spell(self, target: str, at: ast.AST | None = None) -> str:
        """The dotted name for `target`, for use at module level, or at the node `at` in a function.

        Raises Declined where every name for it means something else.
        """
        found: list[tuple[int, str]] = [
            *self._at_module_level(target, at),
            *(self._local(target, at) if at is not None else ()),
        ]
        if found:
            return min(found)[1]
        package, _, rest = target.partition(".")
        for name, statement in _NEW_IMPORTS[package]:
            bindings = self._names.bindings(self._names.tree).get(name, [])
            if all(binding.path == package for binding in bindings) and self._is_seen(name, at, new=True):
                if (package, statement) not in self.imports:
                    self.imports.append((package, statement))
                return f"{name}.{rest}"
        raise Declined(f"every name for {package} means something else in this module")

    def _at_module_level(self, target: str, at: ast.AST | None) -> Iterator[tuple[int, str]]:
        """Names that imports of the module bind, with the length of what they import."""
        for name, bindings in self._names.bindings(self._names.tree).items():
            imported = self._names.only_path(bindings)
            if not imported or not f"{target}.".startswith(f"{imported}."):
                continue
            if any(map(self._is_sure, bindings)) and self._is_seen(name, at):
                yield len(imported), name + target[len(imported) :]

    def _local(self, target: str, at: ast.AST) -> Iterator[tuple[int, str]]:
        """Names that imports in the body of the function around `at` bind, before it."""
        scope = next((outer for outer in self._names.ancestors(at) if isinstance(outer, ast.FunctionDef)), None)
        if scope is None:
            return
        for name, bindings in self._names.bindings(scope).items():
            imported = bindings[0].path
            node = bindings[0].node
            if len(bindings) > 1 or imported is None or not f"{target}.".startswith(f"{imported}."):
                continue
            if node in scope.body and getattr(node, "lineno", 0) < getattr(at, "lineno", 0):
                yield len(imported), name + target[len(imported) :]

    def _is_seen(self, name: str, at: ast.AST | None, new: bool = False) -> bool:
        """True if `name`, read at the node `at`, is the module's, or would be if the module had it."""
        if at is None:
            return True
        scope = self._names.scope_of(name, at)
        return scope is self._names.tree or (new and scope is None)

    def _is_sure(self, binding: Binding) -> bool:
        """True for an import that is run whenever the module is, before the first loader.

        That is so too in the body of a ``try``: where that import fails, no loader gets as far as to need it.
        """
        statement = binding.node
        outer = self._names.parents[statement]
        if not isinstance(outer, ast.Module):
            tried = getattr(outer, "handlers", None) is not None and statement in getattr(outer, "body", ())
            if not tried or not isinstance(self._names.parents[outer], ast.Module):
                return False
        return self._lines.start(getattr(statement, "lineno", 0)) < self._first_use
