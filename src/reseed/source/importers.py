"""Which files of a project import a file: where its datasets may be given to a loader."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from reseed.knowledge.loaders import LOADER_NAMES
from reseed.source.discover import discover
from reseed.source.imports import imports_of
from reseed.source.modules import Modules
from reseed.source.texts import Texts

_LOADERS = sorted(LOADER_NAMES)
# Beyond, a file's imports are not looked at: nobody reads that much code to learn what a dataset is used for.
_FILE_LIMIT = 20_000


@dataclass(slots=True)
class _Graph:
    """Who imports whom in a project, and which files may have a loader made, themselves or by what they import."""

    importers: dict[str, list[str]] = field(default_factory=dict)
    loading: set[str] = field(default_factory=set)


class Importers:
    """The import graphs of projects, turned round. They are read off the text by words, once a project."""

    def __init__(self, modules: Modules, texts: Texts | None = None) -> None:
        self._modules = modules
        self._texts = texts or Texts()
        self._graphs: dict[str, _Graph] = {}

    def of(self, file: str, limit: int) -> list[str]:
        """The files nearest to `file` which import it, themselves or through others, and may make loaders.

        Tests do not count, but for a file that is one.
        """
        project = self._modules.project(file)
        graph = self._graphs.get(project)
        if graph is None:
            graph = self._graphs[project] = self._read(project)
        found: list[str] = []
        seen = {file}
        nearest = [file]
        while nearest and len(found) < limit:
            nearest = [each for near in nearest for each in graph.importers.get(near, ())]
            nearest = sorted({each for each in nearest if each not in seen})
            seen.update(nearest)
            found += [each for each in nearest if each in graph.loading and (_is_test(file) or not _is_test(each))]
        return found[:limit]

    def prepare(self, file: str) -> None:
        """Read the graph of the project of `file`, which every other file of it asks for."""
        self.of(os.path.realpath(file), 1)

    def _read(self, project: str) -> _Graph:
        graph = _Graph()
        files, _ = discover([project])
        waiting = []
        for file in map(os.path.realpath, files[:_FILE_LIMIT]):
            text = self._texts.text(file)
            if any(word in text for word in _LOADERS):
                waiting.append(file)
            for target in dict.fromkeys(self._targets(file, text)):
                graph.importers.setdefault(target, []).append(file)
        while waiting:
            file = waiting.pop()
            if file not in graph.loading:
                graph.loading.add(file)
                waiting.extend(graph.importers.get(file, ()))
        return graph

    def _targets(self, file: str, text: str) -> Iterator[str]:
        for each in imports_of(text):
            yield from self._modules.meant(file, each.level, each.module, each.name)


def _is_test(file: str) -> bool:
    folder, name = os.path.split(file)
    return name.startswith(("test_", "conftest.")) or name.endswith("_test.py") or "tests" in folder.split(os.sep)
