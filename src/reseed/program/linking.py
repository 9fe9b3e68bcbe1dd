"""Imports: the modules of a project that a module under analysis asks for, added to the program on demand.

The program begins with one module, the root. Whatever it imports from its own project is added, and what that imports,
within bounds. An import that no file of the project answers stays external.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reseed.facts import model
from reseed.facts.stopwatch import Stopwatch
from reseed.facts.store import Store
from reseed.knowledge import datasets
from reseed.knowledge.loaders import loader_of
from reseed.program.values import UNKNOWN, Module, Value
from reseed.source.cache import Cache
from reseed.source.declared import Declared, declared
from reseed.source.importers import Importers
from reseed.source.modules import Modules
from reseed.source.position import Span
from reseed.source.registries import Registries
from reseed.source.screen import Screen
from reseed.source.texts import Texts

if TYPE_CHECKING:
    from reseed.program.activation import Activation
    from reseed.program.engine import Engine

# A program imports some dozens of its project's files, rarely hundreds; what lies beyond is external.
_MODULE_LIMIT = 200
_DEPTH_LIMIT = 30
# A dataset is given to loaders in a few files; the nearest are looked at.
_IMPORTER_LIMIT = 8

_LOUD = re.compile(r"[Rr]and|seed|Loader|shuffle|choice|permut|Compose|transforms?$")

_STAR = re.compile(r"\bimport[ \t]*\*")

_TOP = Span(1, 1, 1, 1)
_EMPTY = model.Body("module", "<module>", "<module>", None, _TOP, (), (), (), (model.Block(None, certain=True),))


@dataclass(slots=True)
class Project:
    """What the analyses of one run share: which files matter, where modules are, their facts, how long it all takes."""

    screen: Screen = field(default_factory=Screen)
    cache: Cache | None = None
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    modules: Modules = field(init=False)
    texts: Texts = field(init=False)
    store: Store = field(init=False)
    importers: Importers = field(init=False)
    registries: Registries = field(init=False)

    def __post_init__(self) -> None:
        self.modules, self.texts = self.screen.modules, self.screen.texts
        self.store = Store(self.stopwatch, self.cache, self.texts.reads)
        self.registries = Registries(self.modules, self.texts)
        self.importers = Importers(self.modules, self.texts, self.registries, self.cache)


class Linker:
    """Answers the imports of one program, whose root is the file `root`.

    Without a `project` no file is looked for.
    """

    def __init__(self, project: Project | None = None, root: str = "") -> None:
        self.engine: Engine
        # Modules that run as the main program does, where `__name__` is what nothing shows.
        self.mains = {0}
        self._project = project
        self._root = root
        self._files = {0: os.path.realpath(root)}
        self._depths = {0: 0}
        self._index: dict[str, int | None] = {self._files[0]: 0}
        self._modules: dict[tuple[int, str, int], tuple[int, ...]] = {}
        self._bindings: dict[tuple[int, str], int | Value | None] = {}
        self._exported: dict[int, frozenset[str] | None] = {}
        self._started: set[int] = set()
        self._own_names: dict[int, frozenset[str]] = {}
        self._quiet: dict[tuple[int, int], bool] = {}
        self._idle: dict[int, dict[int, list[str]]] = {}
        self._has_star: dict[str, bool] = {}
        # Whether what the root's body links leaves no room for files that import it.
        self._begins_full = False

    def declared(self, *distributions: str) -> tuple[Declared, ...]:
        """What the project of the root declares of a library."""
        if self._project is None:
            return ()
        found = self._project.texts.reads.declared[distributions] = declared(self._root, distributions)
        return found

    def imported(
        self, reader: Activation, module: str, level: int, name: str | None, top: bool = False
    ) -> Iterable[Value] | None:
        """What an import statement of `reader` binds, or None where nothing in the project answers it."""
        importer = reader.module
        candidates = self._candidates(importer, module, level)
        if name is None:
            if not candidates:
                return None
            self._start(candidates[0])
            found = self._top_of(candidates[0], module) if top else candidates[0]
            return None if found is None else (self._value(found),)
        for candidate in candidates:
            if candidate == importer:
                inner = self._submodule(candidate, name)
                if inner is not None:
                    return (self._value(inner),)
                continue
            found_values = self._read(candidate, name, reader)
            if found_values is not None:
                self._start(candidate)
                return found_values
        return None

    def idle_names(self, reader: Activation, register: int, statement: model.Import) -> Iterable[str]:
        """The globals that an import in the body of a module is for, if it can wait until one of them is read.

        It cannot where the body itself needs what it binds, nor where running the imported module fills a registry.
        """
        if reader.index != 0 or self._project is None or reader.module not in self._files:
            return ()
        if reader.module not in self._idle:
            self._idle[reader.module] = _only_stored(reader.body)
        names = self._idle[reader.module].get(register, ())
        if not names:
            return ()
        file = self._files[reader.module]
        meant = list(self._project.modules.meant(file, statement.level, statement.module, statement.name))
        return names if meant and not any(map(self._fills, meant)) else ()

    def global_value(self, reader: Activation, name: str) -> Iterable[Value] | None:
        """A global that the module of `reader` does not bind itself: star imports may; None where nothing does."""
        bound = self._binding(reader.module, name)
        if isinstance(bound, int):
            return self.engine.read((self._activate(bound), name), reader)
        return None if bound is None else (bound,)

    def attribute(self, module: Module, name: str, reader: Activation) -> Iterable[Value]:
        """``module.name``."""
        if name == "__dict__":
            return (module,)
        found = self._read(module.activation.module, name, reader)
        return (UNKNOWN,) if found is None else found

    def start(self) -> None:
        """Run the root's body, as Python does with its main program."""
        self._start(0)

    def started(self) -> None:
        """Note that the root's body has been run, with all that it imports."""
        self._begins_full = len(self.engine.modules) >= _MODULE_LIMIT

    def has_importers(self) -> bool:
        """Whether `join_importers` would make any file a main program."""
        if self._project is None:
            return False
        if not self._begins_full:
            return bool(self._importers(1))
        return any(self._index.get(path) for path in self._importers(_IMPORTER_LIMIT))

    def join_importers(self) -> None:
        """Add the files that import the root and may give its datasets to loaders."""
        for path in self._importers(_IMPORTER_LIMIT):
            index = self._add(path, 0)
            if index is not None:
                self.mains.add(index)
                self._start(index)

    def _importers(self, limit: int) -> list[str]:
        if self._project is None:
            return []
        with self._project.stopwatch.stage("importers"):
            return self._project.importers.of(self._files[0], limit)

    def path_of(self, module: int) -> str:
        """The path of a module, spelled as that of the root is."""
        path = self.engine.modules[module].path
        if module == 0 or module not in self._files or os.path.isabs(self._root):
            return path
        relative = os.path.relpath(path)
        return os.path.join(os.curdir, relative) if self._root.startswith(os.curdir + os.sep) else relative

    def own_names(self, module: int) -> frozenset[str]:
        """The globals of a module that it imports from files of the project."""
        if module not in self._own_names:
            body = self.engine.modules[module].bodies[0]
            imports = (
                (ins.name, body.instructions[ins.value]) for ins in body.instructions if isinstance(ins, model.Store)
            )
            self._own_names[module] = frozenset(
                name
                for name, value in imports
                if isinstance(value, model.Import) and self._paths(module, value.module, value.level)
            )
        return self._own_names[module]

    def is_quiet(self, module: int, index: int) -> bool:
        """Whether no name in a body, or in those inside it, speaks of random numbers or loaders."""
        key = (module, index)
        if key not in self._quiet:
            bodies = self.engine.modules[module].bodies
            inside = {index}
            quiet = True
            for position in range(index, len(bodies)):  # a body comes before those inside it
                if position in inside or bodies[position].parent in inside:
                    inside.add(position)
                    quiet &= not any(
                        _LOUD.search(ins.name or "")
                        for ins in bodies[position].instructions
                        if isinstance(ins, (model.Attribute, model.Global, model.Import))
                    )
            self._quiet[key] = quiet
        return self._quiet[key]

    def _read(self, module: int, name: str, reader: Activation) -> Iterable[Value] | None:
        bound = self._binding(module, name)
        if isinstance(bound, int):
            return self.engine.read((self._activate(bound), name), reader)
        inner = self._submodule(module, name)
        if inner is not None:
            return (self._value(inner),)
        if bound is None and "__getattr__" in self.engine.modules[module].global_names:
            return (UNKNOWN,)
        return None if bound is None else (bound,)

    def _candidates(self, importer: int, module: str, level: int) -> tuple[int, ...]:
        key = (importer, module, level)
        found = self._modules.get(key)
        if found is None:
            added = (self._add(path, self._depths[importer] + 1) for path in self._paths(importer, module, level))
            found = tuple(index for index in added if index is not None)
            self._modules[key] = found
        return found

    def _top_of(self, module: int, name: str) -> int | None:
        # Of a.b.c the package a, in the folder where a.b.c was found.
        file = self._files[module]
        folder = os.path.dirname(file)
        if os.path.basename(file) in ("", "__init__.py"):
            folder = os.path.dirname(folder)
        inside = name.count(".")
        if not inside:
            return module
        for _ in range(inside - 1):
            folder = os.path.dirname(folder)
        assert self._project is not None
        return self._add(self._project.modules.package(folder), self._depths[module])

    def _submodule(self, package: int, name: str) -> int | None:
        if self._project is None or package not in self._files:
            return None
        path = self._project.modules.submodule(self._files[package], name)
        return None if path is None else self._add(path, self._depths[package] + 1)

    def _add(self, path: str, depth: int) -> int | None:
        if path not in self._index:
            self._index[path] = None
            if len(self.engine.modules) < _MODULE_LIMIT and depth < _DEPTH_LIMIT:
                facts = self._facts(path)
                if facts is not None:
                    index = self._index[path] = self.engine.add_module(facts)
                    self._files[index] = path
                    self._depths[index] = depth
        return self._index[path]

    def _facts(self, path: str) -> model.ModuleFacts | None:
        assert self._project is not None
        if path.endswith(os.sep):
            return model.ModuleFacts(path, "", (_EMPTY,))
        return self._project.store.facts(path)

    def _value(self, module: int) -> Value:
        self._start(module)
        return self.engine.values.module(self._activate(module))

    def _activate(self, module: int) -> Activation:
        return self.engine.activation(module, 0, None, ())

    def _start(self, module: int) -> None:
        # Runs the body of a module, and of those it imports by star, which no instruction of its body does.
        waiting = [module]
        while waiting:
            current = waiting.pop()
            if current not in self._started:
                self._started.add(current)
                self._activate(current)
                for path, _ in self._stars(current):
                    if path is not None and self._fills(path):
                        index = self._add(path, self._depths[current] + 1)
                        waiting += [] if index is None else [index]

    def _stars(self, module: int) -> Iterator[tuple[str | None, str]]:
        # The files whose names a module has by a star, None for libraries.
        for star, level in self.engine.modules[module].star_imports:
            yield next(iter(self._paths(module, star, level)), None), star

    def _paths(self, module: int, name: str, level: int) -> tuple[str, ...]:
        if self._project is None or module not in self._files:
            return ()
        return self._project.modules.imported(self._files[module], level, name)

    def _fills(self, path: str) -> bool:
        return self._project is not None and self._project.registries.fills(path)

    def _binding(self, module: int, name: str) -> int | Value | None:
        # The module whose body binds `name` as seen in `module`, what else it is, or None where nothing binds it.
        key = (module, name)
        if key not in self._bindings:
            self._bindings[key] = self._find_binding(module, name)
        return self._bindings[key]

    def _find_binding(self, module: int, name: str) -> int | Value | None:
        external: list[str] = []
        seen: set[int] = set()
        stack = [module]
        while stack:
            current = stack.pop()
            if current in seen:
                continue
            seen.add(current)
            if name in self.engine.modules[current].global_names:
                return current
            for path, star in self._stars(current):
                target = self._add(path, self._depths[current] + 1) if path and self._may_bind(path, name) else None
                if path is None:
                    external.append(star)
                elif target is not None and self._exports(target, name):
                    stack.append(target)
        return self._from_libraries(external, name)

    def _may_bind(self, path: str, name: str) -> bool:
        # Whether `name` stands in the text of a file, or the file has names of others by a star.
        text = self._project.texts.text(path) if self._project else ""
        if name in text or not text:
            return True
        if path not in self._has_star:
            self._has_star[path] = _STAR.search(text) is not None
        return self._has_star[path]

    def _from_libraries(self, stars: list[str], name: str) -> Value | None:
        for star in stars:
            path = f"{star}.{name}"
            known = loader_of(path) is not None or datasets.dataset_base(path) is not None
            if known or star == "numpy" or star.startswith("numpy."):
                return self.engine.values.external(path)
        if stars and name in ("np", "numpy"):
            # By far the most common names of any; whoever re-exports `np` re-exports NumPy.
            return self.engine.values.external("numpy")
        return UNKNOWN if stars else None

    def _exports(self, module: int, name: str) -> bool:
        if module not in self._exported:
            self._exported[module] = _listed(self.engine.modules[module].bodies[0])
        listed = self._exported[module]
        return not name.startswith("_") if listed is None else name in listed


def _only_stored(body: model.Body) -> dict[int, list[str]]:
    # The imports of a module's body whose values it stores under names, and does not use otherwise.
    names: dict[int, list[str]] = {}
    used: set[int] = set()
    for register, instruction in enumerate(body.instructions):
        if isinstance(instruction, model.Store) and isinstance(body.instructions[instruction.value], model.Import):
            names.setdefault(instruction.value, []).append(instruction.name)
        else:
            used.update(body.shape.operands[register])
    return {register: stored for register, stored in names.items() if register not in used}


def _listed(body: model.Body) -> frozenset[str] | None:
    # __all__, where it is a plain list of strings.
    lists = [ins.value for ins in body.instructions if isinstance(ins, model.Store) and ins.name == "__all__"]
    if len(lists) != 1:
        return None
    display = body.instructions[lists[0]]
    if not isinstance(display, model.Collection):
        return None
    items = [body.instructions[item] for item in display.items]
    names = [item.value for item in items if isinstance(item, model.Const) and isinstance(item.value, str)]
    return frozenset(names) if len(names) == len(items) else None
