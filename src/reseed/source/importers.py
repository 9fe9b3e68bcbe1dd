"""Which files of a project import a file: where its datasets may be given to a loader."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from reseed.knowledge.loaders import LOADER_NAMES
from reseed.source.discover import discover
from reseed.source.modules import Modules

_IMPORT = re.compile(
    r"(?:^|[;:])[ \t]*(?:from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\n;]+)|import[ \t]+([^\n;]+))",
    re.MULTILINE,
)
_COMMENT = re.compile("#[^\n]*")
_NAME = re.compile(r"(?:^|[,(\s])([A-Za-z_][\w.]*)")
_LOADER = re.compile("|".join(sorted(LOADER_NAMES)).encode())
# Beyond, a file's imports are not looked at: nobody reads that much code to learn what a dataset is used for.
_FILE_LIMIT = 20_000
_LONGEST_FILE = 1_000_000


@dataclass(slots=True)
class _Graph:
    """Who imports whom in a project, and which files may have a loader made, themselves or by what they import."""

    importers: dict[str, list[str]] = field(default_factory=dict)
    loading: set[str] = field(default_factory=set)


class Importers:
    """The import graphs of projects, turned round. They are read off the text by words, once a project."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
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

    def _read(self, project: str) -> _Graph:
        graph = _Graph()
        files, _ = discover([project])
        waiting = []
        for file in map(os.path.realpath, files[:_FILE_LIMIT]):
            try:
                if os.path.getsize(file) > _LONGEST_FILE:
                    continue
                with open(file, "rb") as opened:
                    raw = opened.read()
            except OSError:
                continue
            if _LOADER.search(raw):
                waiting.append(file)
            text = _COMMENT.sub("", raw.decode("utf-8", "replace"))
            for target in dict.fromkeys(self._targets(file, text)):
                graph.importers.setdefault(target, []).append(file)
        while waiting:
            file = waiting.pop()
            if file not in graph.loading:
                graph.loading.add(file)
                waiting.extend(graph.importers.get(file, ()))
        return graph

    def _targets(self, file: str, text: str) -> Iterator[str]:
        for match in _IMPORT.finditer(text.replace("\\\n", " ")):
            dots, module, names, plain = match.groups()
            if plain is not None:
                for name in plain.split(","):
                    yield from self._modules.imported(file, 0, name.strip().partition(" ")[0] or "?")
                continue
            for place in self._modules.imported(file, len(dots), module):
                yield place
                for name in _NAME.findall(names):
                    inner = self._modules.submodule(place, name)
                    if inner is not None:
                        yield inner


def _is_test(file: str) -> bool:
    folder, name = os.path.split(file)
    return name.startswith(("test_", "conftest.")) or name.endswith("_test.py") or "tests" in folder.split(os.sep)
