"""Which file answers an import, looked up as Python would, without importing anything.

Nobody tells which folders will be on ``sys.path``. So for an absolute import every folder counts that plausibly is,
from near to far: that of the file (a script's own), those above it up to the project's, ``src`` in each of them, and
at last any one other folder directly below one of them.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from functools import cached_property

from reseed.knowledge.roots import LIBRARY_ROOTS
from reseed.source.discover import DEFAULT_EXCLUDE

# What stands in the topmost folder of a project.
MARKERS = frozenset(
    {".git", ".hg", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "environment.yml", "tox.ini"}
    | {"Pipfile", "README.md", "README.rst", "README", "LICENSE"}
)
# A path this deep below its project is rarer than a home folder that happens to hold a README.
_LEVELS = 10
_INIT = "__init__.py"


@functools.cache
def _known() -> frozenset[str]:
    # Libraries whose names are also folders of many a project: a bare name means such a folder only where Python would
    # look first. The tables are imported late: what tells which project a file is of needs none of them.
    from reseed.knowledge.datasets import DATASETS
    from reseed.knowledge.loaders import LOADERS

    rows = [*(row.path for row in DATASETS), *(row.path for row in LOADERS)]
    return frozenset(path.partition(".")[0] for path in rows) | {"evaluate"}


class Modules:
    """Finds modules by name. Folders are listed once in its life.

    A module is told by its real path, a namespace package by its folder's with a separator at the end.
    """

    def __init__(self) -> None:
        self._folders: dict[str, frozenset[str]] = {}
        self._subfolders: dict[str, frozenset[str]] = {}
        self._roots: dict[str, tuple[str, ...]] = {}
        self._chains: dict[str, list[str]] = {}
        self._answers: dict[tuple[str, int, str], tuple[str, ...]] = {}
        self._links: dict[str, frozenset[str]] = {}
        self._real_folders: dict[str, str] = {}
        self._near: dict[str, frozenset[str]] = {}
        self._inner: dict[str, tuple[str, ...]] = {}

    def imported(self, importer: str, level: int, module: str) -> tuple[str, ...]:
        """The modules that ``from <level dots><module> import`` may mean in the file `importer`, most likely first."""
        key = (os.path.dirname(importer), level, module)
        found = self._answers.get(key)
        if found is None:
            places = self._relative(*key) if level else self._absolute(key[0], module)
            found = self._answers[key] = tuple(dict.fromkeys(map(self.real, places)))
        return found

    def _relative(self, folder: str, level: int, module: str) -> Iterator[str]:
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        found = self._below(folder, module.split(".")) if module else self.package(folder)
        if found:
            yield found

    def _absolute(self, folder: str, module: str) -> Iterator[str]:
        parts = module.split(".")
        if parts[0] in sys.builtin_module_names:
            return
        if not self._is_near(folder, parts[0]):
            return
        if parts[0] in LIBRARY_ROOTS or parts[0] in sys.stdlib_module_names:
            root = self._own_root(folder, parts[0])
            found = self._below(root, parts) if root else None
            if found and not found.endswith(os.sep):
                yield found
            return
        seen = set()
        for root in self._search(folder):
            found = self._below(root, parts)
            if found and found not in seen:
                seen.add(found)
                yield found
        if not seen and (parts[0] not in _known() or len(parts) > 1):
            others = {found for root in self._others(folder) if (found := self._below(root, parts))}
            if len(others) == 1:
                yield others.pop()

    def submodule(self, package: str, name: str) -> str | None:
        """The module `name` in a package, given by its ``__init__.py`` or folder."""
        folder, last = os.path.split(package)
        found = self._below(folder, [name]) if last in ("", _INIT) else None
        return None if found is None else self.real(found)

    def meant(self, importer: str, level: int, module: str, name: str | None) -> Iterator[str]:
        """Every file in which ``from <level dots><module> import <name>`` may find `name`, and the module `name`."""
        for place in self.imported(importer, level, module):
            yield place
            inner = self.submodule(place, name) if name not in (None, "*") else None
            if inner is not None:
                yield inner

    def project(self, file: str) -> str:
        """The topmost folder that counts for `file`."""
        return self._ancestors(os.path.dirname(file))[-1]

    def _is_near(self, folder: str, name: str) -> bool:
        # Whether any place that counts for `folder` has a file or a folder `name`. Of most imports none has.
        if any(name in self._names_around(place) for place in self._ancestors(folder)):
            return True
        return any(name in self._folders_in(place) or self._has(place, f"{name}.py") for place in self._search(folder))

    def _names_around(self, place: str) -> frozenset[str]:
        # The modules in a folder, and in those directly below it.
        if place not in self._near:
            below = (self._names(inner) for inner in self._children(place))
            self._near[place] = self._names(place).union(*below)
        return self._near[place]

    def _names(self, place: str) -> frozenset[str]:
        files = (name.removesuffix(".py") for name in self._entries(place) if name.endswith(".py"))
        return self._folders_in(place).union(files)

    def _children(self, place: str) -> tuple[str, ...]:
        # The folders of a folder that may be on the path.
        if place not in self._inner:
            names = (name for name in sorted(self._folders_in(place)) if name not in DEFAULT_EXCLUDE)
            self._inner[place] = tuple(os.path.join(place, name) for name in names if not name.startswith("."))
        return self._inner[place]

    def _own_root(self, folder: str, name: str) -> str | None:
        # A project's file hides a library of its name from scripts beside it, and inside a package of that name.
        if not self._has(folder, _INIT):
            return folder
        top = self._top(folder)
        return os.path.dirname(top) if os.path.basename(top) == name else None

    def _top(self, folder: str) -> str:
        while self._has(os.path.dirname(folder), _INIT):
            folder = os.path.dirname(folder)
        return folder

    def _search(self, folder: str) -> tuple[str, ...]:
        found = self._roots.get(folder)
        if found is None:
            places = self._ancestors(folder)
            if self._has(folder, _INIT):
                # Inside a package the folder above it comes first; that of the file counts where it is run as a script.
                above = os.path.dirname(self._top(folder))
                places = [above, *(place for place in places if place != above)]
            found = tuple(root for place in places for root in (place, os.path.join(place, "src")))
            self._roots[folder] = found
        return found

    def _others(self, folder: str) -> Iterator[str]:
        for place in self._ancestors(folder):
            yield from self._children(place)

    def _ancestors(self, folder: str) -> list[str]:
        if folder not in self._chains:
            self._chains[folder] = self._find_ancestors(folder)
        return self._chains[folder]

    def _find_ancestors(self, folder: str) -> list[str]:
        chain = [folder]
        while len(chain) < _LEVELS and (parent := os.path.dirname(chain[-1])) != chain[-1]:
            chain.append(parent)
        last, marked = 0, False
        for index, place in enumerate(chain):
            entries = self._entries(place)
            if entries & MARKERS:
                last, marked = index, True
            if _INIT in entries:
                last = max(last, min(index + 1, len(chain) - 1))
            if entries & {".git", ".hg"}:
                break
        if not marked and self._here in chain:
            last = max(last, chain.index(self._here))
        return chain[: last + 1]

    @cached_property
    def _here(self) -> str:
        return os.getcwd()

    def _below(self, folder: str, parts: list[str]) -> str | None:
        for part in parts[:-1]:
            if part not in self._folders_in(folder):
                return None
            folder = os.path.join(folder, part)
        name = parts[-1]
        is_folder = name in self._folders_in(folder)
        inner = os.path.join(folder, name)
        if is_folder and self._has(inner, _INIT):
            return os.path.join(inner, _INIT)
        if self._has(folder, f"{name}.py"):
            return f"{inner}.py"
        return inner + os.sep if is_folder else None

    def package(self, folder: str) -> str:
        """The package that is the folder `folder`."""
        return os.path.join(folder, _INIT) if self._has(folder, _INIT) else folder + os.sep

    def _has(self, folder: str, name: str) -> bool:
        return name in self._entries(folder)

    def _entries(self, folder: str) -> frozenset[str]:
        if folder not in self._folders:
            self._list(folder)
        return self._folders[folder]

    def _folders_in(self, folder: str) -> frozenset[str]:
        if folder not in self._subfolders:
            self._list(folder)
        return self._subfolders[folder]

    def _list(self, folder: str) -> None:
        files, folders, links = set(), set(), set()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    files.add(entry.name)
                    if entry.is_symlink():
                        links.add(entry.name)
                    if "." not in entry.name and entry.is_dir():
                        folders.add(entry.name)
        except OSError:
            pass  # what cannot be listed answers nothing
        self._folders[folder] = frozenset(files - folders) | (frozenset({".git", ".hg"}) & files)
        self._subfolders[folder] = frozenset(folders)
        self._links[folder] = frozenset(links)

    def links_in(self, folder: str) -> frozenset[str]:
        """The names in a folder that are links."""
        self._entries(folder)
        return self._links[folder]

    def real(self, module: str) -> str:
        """The real path of a file, or of a namespace package."""
        end = os.sep if module.endswith(os.sep) else ""
        folder, name = os.path.split(module.removesuffix(os.sep))
        if folder not in self._real_folders:
            self._real_folders[folder] = os.path.realpath(folder)
        if name in self.links_in(folder):
            return os.path.realpath(module) + end
        return os.path.join(self._real_folders[folder], name) + end
