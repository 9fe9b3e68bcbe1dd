"""Seeders: functions for ``worker_init_fn`` that a module has already, and the one that a repair adds."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

import libcst as cst

from reseed.fixes.edits import Declined
from reseed.fixes.names import Names
from reseed.fixes.seed_value import Known, PathOf, Value, evaluate, path
from reseed.fixes.spelling import Spelling
from reseed.fixes.written_seeds import INFO, NUMPY_GLOBAL, WORKER_SEED, WRITTEN, Held, writable
from reseed.source.lines import Lines

_SMALL = (Value.NUMPY_SEED, Value.C_INT_SEED)
# What may be called in a right seeder: which state that seeds, and what it may be given.
_RIGHT_SEEDS = {
    "numpy.random.seed": (NUMPY_GLOBAL, _SMALL),
    "random.seed": ("python-global", (Value.WORKER_SEED, *_SMALL)),
    "torch.manual_seed": ("torch-global", (Value.WORKER_SEED, *_SMALL)),
    "torch.random.manual_seed": ("torch-global", (Value.WORKER_SEED, *_SMALL)),
    "cv2.setRNGSeed": ("cv2", (Value.C_INT_SEED,)),
    "imgaug.seed": ("imgaug", _SMALL),
    "imgaug.random.seed": ("imgaug", _SMALL),
}
_NEW_NAMES = ("seed_worker", "seed_loader_worker", "seed_numpy_in_worker", "reseed_worker")
_DOCSTRINGS = {
    True: "Give a DataLoader worker its own NumPy seed, taken from PyTorch's.",
    False: "Give a DataLoader worker seeds of its own, taken from PyTorch's.",
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
        self._existing = {node.name: self._seeds(node) for node in names.tree.body if isinstance(node, ast.FunctionDef)}

    def is_right(self, name: str, at: ast.AST, states: Collection[str] = (NUMPY_GLOBAL,)) -> bool:
        """True if `name`, read at the node `at`, is a function of the module that seeds `states` as a repair would."""
        seeds = self._existing.get(name)
        return bool(seeds) and set(states) <= (seeds or frozenset()) and self._names.is_global(name, at)

    def name_at(self, at: ast.AST, states: Collection[str] = (NUMPY_GLOBAL,)) -> str:
        """The seeder for a loader at the node `at`: one that the module has, else the new one."""
        return next((name for name in self._existing if self.is_right(name, at, states)), self.new_name)

    @property
    def new_name(self) -> str:
        """The name of the function that a repair adds: one that means nothing yet anywhere in the module."""
        for name in _NEW_NAMES:
            if name not in self._names.identifiers:
                return name
        raise Declined("every name for a new seeder is taken: " + ", ".join(_NEW_NAMES))

    def name_for_held(self, at: ast.AST, states: Collection[str], held: Collection[Held], spelling: Spelling) -> str:
        """The seeder for a loader at the node `at` with `held` in its dataset: what a repair added, or the new one."""
        for node in self._names.tree.body:
            if isinstance(node, ast.FunctionDef) and self._lines.start((node.end_lineno or 0) + 1) <= self._first_use:
                (added,) = ast.parse(self.function(node.name, states, held, spelling)).body
                if ast.dump(added) == ast.dump(node) and self._names.is_global(node.name, at):
                    return node.name
        return self.new_name

    def function(self, name: str, states: Collection[str], held: Collection[Held], spelling: Spelling) -> str:
        """The text of the function `name`, as a repair adds it, which seeds `states` and the objects `held`."""
        seed = f"{spelling.spell(WORKER_SEED)}()" if states else ""
        rows = [
            f'"""{_DOCSTRINGS[set(states) == {NUMPY_GLOBAL} and not held]}"""',
            *(WRITTEN[state].call(spelling.spell, seed) for state in writable(states)),
        ]
        if held:
            rows.append(f"info = {spelling.spell(INFO)}()")
            rows.append(f'rng = {spelling.spell("random.Random")}(f"{{info.seed}} {name}")')
            rows += [each.call(spelling.spell, "info", "rng") for each in sorted(held)]
        indent = self._lines.indent(self._names.tree)
        return "".join([f"def {name}(worker_id):\n", *(f"{indent}{row}\n" for row in rows)])

    def _seeds(self, function: ast.FunctionDef) -> frozenset[str]:
        """What `function` seeds if it can be called with a worker id, seeds rightly and does nothing else."""
        arguments = function.args
        positional = [*arguments.posonlyargs, *arguments.args]
        required_keywords = sum(default is None for default in arguments.kw_defaults)
        if len(positional) - len(arguments.defaults) > 1 or not positional or required_keywords:
            return frozenset()
        if function.decorator_list or len(self._names.bindings(self._names.tree)[function.name]) > 1:
            return frozenset()
        start, end = self._lines.start(function.lineno), self._lines.start((function.end_lineno or 0) + 1)
        text = self._lines.text[start:end]
        if end > self._first_use or ("initial_seed" not in text and "get_worker_info" not in text):
            return frozenset()
        try:
            definition = cst.parse_statement(text)
        except cst.ParserSyntaxError:
            return frozenset()
        if not isinstance(definition, cst.FunctionDef):
            return frozenset()
        return seeds_rightly(definition, positional[0].arg, lambda name: self._names.path_of(name, function))


def seeds_rightly(function: cst.FunctionDef, worker_id: str, path_of: PathOf) -> frozenset[str]:
    """The states that `function` seeds, if all that it does is to seed and every seed is right; else none.

    `path_of` gives the dotted external path of a name that the module binds.
    """
    local: dict[str, Known] = {worker_id: Value.WORKER_ID}
    seeded: set[str] = set()
    for statement in _statements(function):
        if isinstance(statement, cst.Assign) and len(statement.targets) == 1:
            target = statement.targets[0].target
            if not isinstance(target, cst.Name):
                return frozenset()
            local[target.value] = evaluate(statement.value, local, path_of)
            if local[target.value] is Value.UNKNOWN:
                return frozenset()
        elif isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call):
            call = statement.value
            called = path(call.func, path_of)
            if len(call.args) != 1 or call.args[0].star:
                return frozenset()
            state, right = _RIGHT_SEEDS.get(called or "", ("", ()))
            if evaluate(call.args[0].value, local, path_of) not in right:
                return frozenset()
            seeded.add(state)
        elif not _does_nothing(statement):
            return frozenset()
    return frozenset(seeded)


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
