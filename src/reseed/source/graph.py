"""Who imports whom in a project, and which of its files may have a loader made."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from reseed.source.cache import Cache, remembered
from reseed.source.discover import discover
from reseed.source.imports import Imported, imports_of
from reseed.source.loading import LOADER_WORDS, speaks_of_loaders
from reseed.source.modules import Modules
from reseed.source.stamp import Stamp, stamp_of
from reseed.source.syntax import parse
from reseed.source.text import SourceError
from reseed.source.texts import Texts

# Beyond, a file's imports are not looked at: nobody reads that much code to learn what a dataset is used for.
_FILE_LIMIT = 20_000


class Import(NamedTuple):
    """The file `importer` has a module under the name `bound`, or `name` of it, ``"*"`` for all."""

    importer: str
    name: str | None
    bound: str


@dataclass(slots=True)
class Graph:
    """The imports of a project, turned round.

    `importers` are the imports of a module, `loading` the files that may have a loader made, themselves or by what they
    import.
    """

    importers: dict[str, list[Import]] = field(default_factory=dict)
    loading: set[str] = field(default_factory=set)
    _states: dict[str, bytes] = field(default_factory=dict)

    def state(self, files: Iterable[str]) -> bytes:
        """Stands for who imports these files, and whether they may have a loader made."""
        hashed = hashlib.blake2b(digest_size=16)
        for file in files:
            if file not in self._states:
                known = repr((file, file in self.loading, [tuple(each) for each in self.importers.get(file, ())]))
                self._states[file] = hashlib.blake2b(known.encode("utf-8", "surrogateescape"), digest_size=8).digest()
            hashed.update(self._states[file])
        return hashed.digest()


class _Read(NamedTuple):
    """What the graph takes from a file with this stamp; `speaks` says whether it speaks of loaders."""

    stamp: Stamp | None
    imports: tuple[Imported, ...]
    speaks: bool


class Graphs:
    """The graphs of projects, read off the text by words, once a project.

    What is read of a file is kept in a `cache` for as long as the file is as it was.
    """

    def __init__(self, modules: Modules, texts: Texts, cache: Cache | None = None) -> None:
        self._modules = modules
        self._texts = texts
        self._cache = cache
        self._graphs: dict[str, Graph] = {}

    def of(self, file: str) -> Graph:
        """The graph of the project of `file`."""
        project = self._modules.project(file)
        if project not in self._graphs:
            self._graphs[project] = self._make(project)
        return self._graphs[project]

    def _make(self, project: str) -> Graph:
        graph = Graph()
        waiting = []
        for file, read in self._read_all(project).items():
            if read.speaks:
                waiting.append(file)
            for target, each in dict.fromkeys(self._imports(file, read.imports)):
                graph.importers.setdefault(target, []).append(each)
        while waiting:
            file = waiting.pop()
            if file not in graph.loading:
                graph.loading.add(file)
                waiting.extend(each.importer for each in graph.importers.get(file, ()))
        return graph

    def _read_all(self, project: str) -> dict[str, _Read]:
        files, _ = discover([project])
        kept: dict[str, _Read] = (self._cache.get("graph", project) if self._cache else None) or {}
        found = {}
        for file in map(self._modules.real, files[:_FILE_LIMIT]):
            known = kept.get(file)
            found[file] = known if known and known.stamp == _stamped(file) else self._read(file)
        if self._cache and found != kept:
            self._cache.put(found, "graph", project)
        return found

    def _read(self, file: str) -> _Read:
        text, stamp = self._texts.stamped(file)
        speaks = any(word in text for word in LOADER_WORDS) and remembered(
            self._cache, lambda: _speaks_of_loaders(file, text), "loaders", text
        )
        return _Read(stamp, tuple(imports_of(text)), speaks)

    def _imports(self, file: str, imports: Iterable[Imported]) -> Iterator[tuple[str, Import]]:
        for each in imports:
            for place in self._modules.imported(file, each.level, each.module):
                yield place, Import(file, each.name, each.bound)
                inner = self._modules.submodule(place, each.name) if each.name not in (None, "*") else None
                if inner is not None:
                    yield inner, Import(file, None, each.bound)


def _stamped(file: str) -> Stamp | None:
    try:
        return stamp_of(os.stat(file))
    except OSError:
        return None


def _speaks_of_loaders(file: str, text: str) -> bool:
    try:
        return speaks_of_loaders(parse(file, text), for_others=True)
    except SourceError:
        return True
