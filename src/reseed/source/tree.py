"""The files of a project as they are: by their names, sizes and times, and by what they hold where that is asked."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from reseed.source.declared import DECLARING
from reseed.source.modules import MARKERS

# A folder so full is no project. Reading it would take longer than it saves.
_LARGEST = 100_000
_ABSENT = b""
# What an analysis reads besides Python files.
_ASKED = re.compile("|".join(map(fnmatch.translate, (".gitignore", *DECLARING))))

Stamp = tuple[int, int]
"""Size in bytes, and time of the last change in nanoseconds."""
Contents = dict[str, tuple[Stamp, bytes]]
"""For each path, what a file with this stamp holds, hashed."""


@dataclass
class Tree:
    """The files of one project at the time when it was looked through.

    `stamps` are those of its Python files, and of what else an analysis reads, by real paths. `recall` gives what
    earlier runs read.
    """

    stamps: dict[str, Stamp]
    names: bytes
    recall: Callable[[], Contents]

    @cached_property
    def known(self) -> Contents:
        """What has been read, in this run or an earlier one."""
        return self.recall()

    @cached_property
    def digest(self) -> bytes:
        """Stands for all names, sizes and times."""
        hashed = hashlib.blake2b(self.names, digest_size=16)
        hashed.update(repr(list(self.stamps.items())).encode("utf-8", "surrogateescape"))
        return hashed.digest()

    @cached_property
    def frame(self) -> bytes:
        """Stands for all names, and for what every answer may rest on: declarations and ignore files."""
        hashed = hashlib.blake2b(self.names, digest_size=16)
        for path in self.stamps:
            if not path.endswith(".py") or os.path.basename(path) == "setup.py":
                hashed.update(self.content(path) or _ABSENT)
        return hashed.digest()

    def content(self, path: str) -> bytes | None:
        """What the file `path` holds, hashed; None where it has changed since the tree was looked through."""
        stamp = self.stamps.get(path)
        known = self.known.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            with open(path, "rb") as opened:
                found = hashed_bytes(opened.read())
                status = os.fstat(opened.fileno())
        except OSError:
            return _ABSENT if stamp is None else None
        now = (status.st_size, status.st_mtime_ns)
        if stamp is not None and stamp != now:
            return None
        self.known[path] = (now, found)
        return found

    def contents(self, paths: Iterable[str]) -> bytes | None:
        """What all these files hold and the frame, hashed; None where one has changed."""
        hashed = hashlib.blake2b(self.frame, digest_size=16)
        for path in paths:
            found = self.content(path)
            if found is None:
                return None
            hashed.update(path.encode("utf-8", "surrogateescape"))
            hashed.update(found)
        return hashed.digest()


def hashed_bytes(raw: bytes) -> bytes:
    """A hash of `raw`."""
    return hashlib.blake2b(raw, digest_size=16).digest()


def look_through(project: str, recall: Callable[[], Contents] = dict) -> Tree | None:
    """The files of the folder `project` and of those in it, None where there are too many."""
    stamps: dict[str, Stamp] = {}
    names: list[str] = []
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
        if number > _LARGEST:
            return None
        names.append(f"{folder}{os.sep}")
        above = os.path.basename(folder)
        for entry in found:
            if entry.name.endswith(".py") or _is_asked(entry.name, above):
                try:
                    status = entry.stat()
                except OSError:
                    continue
                names.append(entry.name)
                path = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
                stamps[path] = (status.st_size, status.st_mtime_ns)
            elif not entry.name.startswith(".") and entry.name != "__pycache__" and entry.is_dir():
                names.append(entry.name)
                inner = entry.path
                if entry.is_symlink():
                    inner = os.path.realpath(entry.path)
                    if inner in seen:
                        continue
                    seen.add(inner)
                waiting.append(inner)
            elif entry.name in MARKERS:
                names.append(entry.name)
    return Tree(stamps, "\n".join(names).encode("utf-8", "surrogateescape"), recall)


def _is_asked(name: str, folder: str) -> bool:
    return "." in name and bool(_ASKED.match(name) or _ASKED.match(os.path.join(folder, name)))
