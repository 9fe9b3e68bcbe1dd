"""Seeders: functions for ``worker_init_fn`` that a module has already, and the one that a repair adds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst

from reseed.fixes.edits import Declined, Lines
from reseed.fixes.names import Binding, Names
from reseed.fixes.seed_value import Known, PathOf, Value, evaluate, path

_NUMPY_SEED = "numpy.random.seed"
_INITIAL_SEED = "torch.initial_seed"
# Seeds of the other states that a right seeder may set too, and what each takes.
_OTHER_SEEDS = {
    "random.seed": (Value.WORKER_SEED, Value.NUMPY_SEED),
    "torch.manual_seed": (Value.WORKER_SEED, Value.NUMPY_SEED),
    "torch.random.manual_seed": (Value.WORKER_SEED, Value.NUMPY_SEED),
}
_NEW_NAMES = ("seed_worker", "seed_loader_worker", "seed_numpy_in_worker", "reseed_worker")
_NEW_IMPORTS = {
    "numpy": (("np", "import numpy as np"), ("numpy", "import numpy"), ("_numpy", "import numpy as _numpy")),
    "torch": (("torch", "import torch"), ("_torch", "import torch as _torch")),
}


class Seeders:
    """The seeders that loaders of one module can be given.

    `first_use` is the offset of the first loader that is made when the module is imported (None if there is none):
    only what is defined before it can be used.
    """

    def __init__(self, names: Names, lines: Lines, first_use: int | None) -> None:
        self._names = names
        self._lines = lines
        self._first_use = len(lines.text) if first_use is None else first_use
        self._existing = [
            node.name for node in names.tree.body if isinstance(node, ast.FunctionDef) and self._is_right(node)
        ]

    def is_right(self, name: str, at: ast.AST) -> bool:
        """True if `name`, read at the node `at`, is a function of the module that seeds NumPy as a repair would."""
        return name in self._existing and self._names.is_global(name, at)

    def name_at(self, at: ast.AST) -> str:
        """The seeder for a loader at the node `at`: one that the module has, else the new one."""
        return next((name for name in self._existing if self.is_right(name, at)), self.new_name)

    @property
    def new_name(self) -> str:
        """The name of the function that a repair adds: one that means nothing yet anywhere in the module."""
        for name in _NEW_NAMES:
            if name not in self._names.identifiers:
                return name
        raise Declined("every name for a new seeder is taken: " + ", ".join(_NEW_NAMES))

    def new_function(self) -> tuple[str, list[tuple[str, str]]]:
        """The text of the function that a repair adds, and the imports it needs (pairs of module and statement)."""
        imports: list[tuple[str, str]] = []
        spelled = {target: self._spell(target, imports) for target in (_NUMPY_SEED, _INITIAL_SEED)}
        indent = self._indent()
        text = (
            f"def {self.new_name}(worker_id):\n"
            f'{indent}"""Give a DataLoader worker its own NumPy seed, taken from PyTorch\'s."""\n'
            f"{indent}{spelled[_NUMPY_SEED]}({spelled[_INITIAL_SEED]}() % 2**32)\n"
        )
        return text, imports

    def _is_right(self, function: ast.FunctionDef) -> bool:
        """True if `function` can be called with a worker id and seeds NumPy rightly, whatever else it seeds."""
        arguments = function.args
        positional = [*arguments.posonlyargs, *arguments.args]
        required_keywords = sum(default is None for default in arguments.kw_defaults)
        if len(positional) - len(arguments.defaults) > 1 or not positional or required_keywords:
            return False
        if function.decorator_list or len(self._names.bindings(self._names.tree)[function.name]) > 1:
            return False
        start, end = self._lines.start(function.lineno), self._lines.start((function.end_lineno or 0) + 1)
        text = self._lines.text[start:end]
        if end > self._first_use or ("initial_seed" not in text and "get_worker_info" not in text):
            return False
        try:
            definition = cst.parse_statement(text)
        except cst.ParserSyntaxError:
            return False
        return isinstance(definition, cst.FunctionDef) and seeds_numpy_rightly(
            definition, positional[0].arg, lambda name: self._names.path_of(name, function)
        )

    def _spell(self, target: str, imports: list[tuple[str, str]]) -> str:
        """How the new function writes `target`; where the module has no name for it, adds an import to `imports`."""
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
                imports.append((package, statement))
                return f"{name}.{rest}"
        raise Declined(f"every name for {package} means something else in this module")

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

    def _indent(self) -> str:
        """One step of indentation as the module has it."""
        for node in self._names.tree.body:
            for inner in getattr(node, "body", ())[:1]:
                indent = self._lines.content(inner.lineno)[: inner.col_offset]
                if indent and not indent.strip(" \t"):
                    return indent
        return "    "


def seeds_numpy_rightly(function: cst.FunctionDef, worker_id: str, path_of: PathOf) -> bool:
    """True if all that `function` does is to seed, every seed is right, and NumPy's global state is among the seeded.

    `path_of` gives the dotted external path of a name that the module binds.
    """
    local: dict[str, Known] = {worker_id: Value.WORKER_ID}
    seeded = False
    for statement in _statements(function):
        if isinstance(statement, cst.Assign) and len(statement.targets) == 1:
            target = statement.targets[0].target
            if not isinstance(target, cst.Name):
                return False
            local[target.value] = evaluate(statement.value, local, path_of)
            if local[target.value] is Value.UNKNOWN:
                return False
        elif isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call):
            call = statement.value
            called = path(call.func, path_of)
            if len(call.args) != 1 or call.args[0].star:
                return False
            seed = evaluate(call.args[0].value, local, path_of)
            if called == _NUMPY_SEED and seed is Value.NUMPY_SEED:
                seeded = True
            elif seed not in _OTHER_SEEDS.get(called or "", ()):
                return False
        elif not _does_nothing(statement):
            return False
    return seeded


def _statements(function: cst.FunctionDef) -> Iterator[cst.CSTNode]:
    """The small statements of a body; a compound statement as it is."""
    for line in function.body.body:
        if isinstance(line, cst.SimpleStatementLine):
            yield from line.body
        else:
            yield line


def _does_nothing(statement: cst.CSTNode) -> bool:
    """True for a docstring, ``pass``, an import and a ``global`` declaration."""
    if isinstance(statement, cst.Expr):
        return isinstance(statement.value, (cst.SimpleString, cst.ConcatenatedString))
    return isinstance(statement, (cst.Pass, cst.Import, cst.ImportFrom))
