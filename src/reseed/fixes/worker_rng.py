"""The class that the repair of RNG111 gives a module: an RNG object that each worker makes for itself."""

from __future__ import annotations

import ast

from reseed.fixes.edits import Declined
from reseed.fixes.names import Names
from reseed.fixes.spelling import Spelling
from reseed.source.lines import Lines

_NEW_NAMES = ("WorkerRng", "WorkerOwnRng", "LoaderWorkerRng")
_TEXT = '''\
class {name}:
    """An RNG that each DataLoader worker makes for itself, from its own seed. Elsewhere it is `make(seed)`."""

    _unseeded = 0

    def __init__(self, make, seed=None):
        self._make, self._seed = make, seed
        self._rng, self._worker = make(seed), None

    def __call__(self):
        worker = {get_worker_info}()
        if worker is not None and worker.seed != self._worker:
            seed = self._seed
            if seed is None:  # unlike any other that has no seed
                {name}._unseeded += 1
                seed = f"number {{{name}._unseeded}}"
            self._rng = self._make({random}(f"{{worker.seed}} {{seed!r}}").getrandbits(32))
            self._worker = worker.seed
        return self._rng

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self(), name)
'''


class WorkerRng:
    """The class in one module: one that an earlier repair put there, or a new one.

    `first_use` is the offset of the first object that is made when the module is imported (None if there is none).
    """

    def __init__(self, names: Names, lines: Lines, first_use: int | None) -> None:
        self._names = names
        self._lines = lines
        self._spelling = Spelling(names, lines, first_use)
        self.is_new = True
        for node in names.tree.body:
            if isinstance(node, ast.ClassDef) and node.name in _NEW_NAMES and self._is_right(node, first_use):
                self.name, self.is_new = node.name, False
                return
        self.name = self._new_name()

    @property
    def text(self) -> str:
        """The class, indented as the module is."""
        return self._text(self.name).replace("    ", self._lines.indent(self._names.tree))

    @property
    def imports(self) -> list[tuple[str, str]]:
        """The imports that the class needs (pairs of module and statement)."""
        return self._spelling.imports

    def _is_right(self, node: ast.ClassDef, first_use: int | None) -> bool:
        """True if `node` is what a repair would add, and stands before it is needed."""
        if first_use is not None and self._lines.start((node.end_lineno or 0) + 1) > first_use:
            return False
        (new,) = ast.parse(self._text(node.name)).body
        return len(self._names.bindings(self._names.tree)[node.name]) == 1 and ast.dump(node) == ast.dump(new)

    def _text(self, name: str) -> str:
        random = self._spelling.spell("random.Random")
        get_worker_info = self._spelling.spell("torch.utils.data.get_worker_info")
        return _TEXT.format(name=name, random=random, get_worker_info=get_worker_info)

    def _new_name(self) -> str:
        for name in _NEW_NAMES:
            if name not in self._names.identifiers:
                return name
        raise Declined("every name for a new class is taken: " + ", ".join(_NEW_NAMES))
