"""Which files of a project import a file: where its datasets may be given to a loader."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator

from reseed.source.discover import discover
from reseed.source.modules import Modules

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)|import[ \t]+([^\n#;]+))",
    re.MULTILINE,
)
_NAME = re.compile(r"(?:^|[,(\s])([A-Za-z_][\w.]*)")
_LOADER = re.compile(rb"[Ll]oader")
# Beyond, a file's imports are not looked at: nobody reads that much code to learn what a dataset is used for.
_FILE_LIMIT = 20_000
_LONGEST_FILE = 1_000_000


class Importers:
    """The import graph of projects, turned round. It is read off the text by words, once a project."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._read: set[str] = set()
        self._importers: dict[str, list[str]] = {}
        self._loading: set[str] = set()

    def of(self, file: str, limit: int) -> list[str]:
        """The files nearest to `file` which import it, themselves or through others, and may make loaders."""
        project = self._modules.project(file)
        if project not in self._read:
            self._read.add(project)
            self._read_project(project)
        found: list[str] = []
        seen = {file}
        queue = deque([file])
        while queue and len(found) < limit:
            for importer in self._importers.get(queue.popleft(), ()):
                if importer not in seen:
                    seen.add(importer)
                    queue.append(importer)
                    if importer in self._loading:
                        found.append(importer)
        return found[:limit]

    def _read_project(self, project: str) -> None:
        files, _ = discover([project])
        for file in files[:_FILE_LIMIT]:
            try:
                if os.path.getsize(file) > _LONGEST_FILE:
                    continue
                with open(file, "rb") as opened:
                    raw = opened.read()
            except OSError:
                continue
            if _LOADER.search(raw):
                self._loading.add(file)
            for target in dict.fromkeys(self._targets(file, raw.decode("utf-8", "replace"))):
                self._importers.setdefault(target, []).append(file)
        # Who imports a file that makes loaders may have it make one.
        self._loading.update([importer for file in self._loading for importer in self._importers.get(file, ())])

    def _targets(self, file: str, text: str) -> Iterator[str]:
        for match in _IMPORT.finditer(text.replace("\\\n", " ")):
            dots, module, names, plain = match.groups()
            if plain is not None:
                for name in plain.split(","):
                    yield from self._modules.absolute(file, name.strip().partition(" ")[0] or "?")
                continue
            found = self._modules.relative(file, len(dots), module) if dots else self._modules.absolute(file, module)
            for place in found:
                yield place
                for name in _NAME.findall(names):
                    inner = self._modules.submodule(place, name)
                    if inner is not None:
                        yield inner
