"""What was found in files by an earlier run, for as long as nothing around them has changed.

What is found in a file depends on other files of its project: what it imports, what imports it. So a result holds while
the project's tree does, by the names, sizes and times of its files.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reseed.source.cache import Cache
from reseed.source.modules import Modules

if TYPE_CHECKING:
    from reseed.rules.finding import Finding

_COUNTS = (".py", ".toml", ".cfg", ".txt", ".yml", ".yaml")
# A folder so full is no project. Reading it would take longer than it saves.
_LARGEST_TREE = 100_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run found in one file, before anything is taken out. `dropped` says that the screen dropped it."""

    findings: tuple[Finding, ...] = ()
    dropped: bool = False


@dataclass
class Results:
    """Results by path, in the cache."""

    cache: Cache
    modules: Modules
    _projects: dict[str, str] = field(default_factory=dict)
    _trees: dict[str, bytes | None] = field(default_factory=dict)
    _dropped: dict[str, set[str]] = field(default_factory=dict)
    _newly_dropped: dict[str, set[str]] = field(default_factory=dict)

    def find(self, path: str, text: str | None = None) -> Kept | None:
        """What an earlier run found in the file `path`, None where it is not known any more.

        `text` is what the file is taken to hold, None for what is on the disk.
        """
        project = self._project(path)
        tree = self._tree(project)
        if tree is None:
            return None
        if text is None and os.path.abspath(path) in self._dropped_in(project, tree):
            return Kept(dropped=True)
        kept = self.cache.get("result", os.getcwd(), path)
        if kept is None or kept[0] != tree or (text is not None and kept[1] != _hashed(text)):
            return None
        return Kept(kept[2])

    def keep(self, path: str, text: str, findings: list[Finding]) -> None:
        """Keep what was found in a file that was analysed."""
        tree = self._tree(self._project(path))
        if tree is not None:
            self.cache.put((tree, _hashed(text), tuple(findings)), "result", os.getcwd(), path)

    def drop(self, path: str) -> None:
        """Remember that the screen dropped a file; `flush` keeps it."""
        self._newly_dropped.setdefault(self._project(path), set()).add(os.path.abspath(path))

    def flush(self) -> None:
        """Keep which files were dropped."""
        for project, dropped in self._newly_dropped.items():
            tree = self._tree(project)
            if tree is not None:
                self.cache.put((tree, dropped | self._dropped_in(project, tree)), "dropped", project)
        self._newly_dropped.clear()

    def _project(self, path: str) -> str:
        folder = os.path.dirname(path) or os.curdir
        if folder not in self._projects:
            self._projects[folder] = self.modules.project(os.path.realpath(path))
        return self._projects[folder]

    def _tree(self, project: str) -> bytes | None:
        if project not in self._trees:
            self._trees[project] = _digest(project)
        return self._trees[project]

    def _dropped_in(self, project: str, tree: bytes) -> set[str]:
        if project not in self._dropped:
            kept = self.cache.get("dropped", project)
            self._dropped[project] = kept[1] if kept is not None and kept[0] == tree else set()
        return self._dropped[project]


def _digest(project: str) -> bytes | None:
    hashed = hashlib.blake2b(digest_size=16)
    waiting, number = [project], 0
    seen: set[str] = set()  # links may lead in a circle, and out of the project
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        number += len(found)
        if number > _LARGEST_TREE:
            return None
        hashed.update(folder.encode("utf-8", "surrogateescape"))
        for entry in found:
            if entry.name.endswith(_COUNTS):
                try:
                    status = entry.stat()
                except OSError:
                    continue
                stamp = f"{entry.name}\0{status.st_size}\0{status.st_mtime_ns}\n"
                hashed.update(stamp.encode("utf-8", "surrogateescape"))
            elif not entry.name.startswith(".") and entry.name != "__pycache__" and entry.is_dir():
                if entry.is_symlink():
                    real = os.path.realpath(entry.path)
                    if real in seen:
                        continue
                    seen.add(real)
                waiting.append(entry.path)
    return hashed.digest()


def _hashed(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
