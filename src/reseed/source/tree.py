"""The files of a project as they are: by their names, sizes and times, and by what they hold where that is asked."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from reseed.source.declared import DECLARING
from reseed.source.discover import DEFAULT_EXCLUDE
from reseed.source.modules import MARKERS
from reseed.source.stamp import Stamp, stamp_of

# A project of so many files and folders takes longer to look through than that saves.
_LARGEST = 100_000
_ABSENT = b""
# What an analysis reads besides Python files.
_ASKED = re.compile("|".join(map(fnmatch.translate, (".gitignore", *DECLARING))))
_EXCLUDE = os.path.join(".git", "info", "exclude")
# Whose presence tells where a project, a repository or a virtual environment begins.
_BEGINNINGS = frozenset({".git", ".hg", "pyvenv.cfg"})

Contents = dict[str, tuple[Stamp, bytes]]
"""For each path, what a file with this stamp holds, hashed."""
Names = dict[str, str]
"""For each path that an import may mean, where it leads if it is a link, else nothing."""


@dataclass
class Tree:
    """The files of one project at the time when it was looked through.

    `stamps` are those of its Python files, and of what else an analysis reads, by real paths: what stands behind a link
    to a folder of no Python files, or above the project, is not among them. `names` are the paths whose names tell what
    an import means, each with where it leads if it is a link. `recall` gives what earlier runs read.
    """

    stamps: dict[str, Stamp]
    names: Names
    recall: Callable[[], Contents]

    @cached_property
    def known(self) -> Contents:
        """What has been read, in this run or an earlier one."""
        return self.recall()

    @cached_property
    def stamped(self) -> bytes:
        """Stands for all names, sizes and times."""
        return _digest([self.names_digest, repr(self.stamps).encode("utf-8", "surrogateescape")])

    @cached_property
    def names_digest(self) -> bytes:
        """Stands for all names."""
        return _digest([repr(self.names).encode("utf-8", "surrogateescape")])

    @cached_property
    def digest(self) -> bytes:
        """Stands for all names, and for what all files hold."""
        contents = ((path.encode("utf-8", "surrogateescape"), self.content(path) or _ABSENT) for path in self.stamps)
        return _digest([self.names_digest, *(part for pair in contents for part in pair)])

    def content(self, path: str) -> bytes | None:
        """What the file `path` holds, hashed; None where it has changed since the tree was looked through."""
        stamp = self.stamps.get(path)
        known = self.known.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            with open(path, "rb") as opened:
                found = hashed_bytes(opened.read())
                now = stamp_of(os.fstat(opened.fileno()))
        except OSError:
            return _ABSENT if stamp is None else None
        if stamp is not None and stamp != now:
            return None
        self.known[path] = (now, found)
        return found

    def contents(self, paths: Iterable[str]) -> bytes | None:
        """What all these files hold, hashed; None where one has changed since the tree was looked through."""
        found: list[bytes] = []
        for path in paths:
            content = self.content(path)
            if content is None:
                return None
            found += path.encode("utf-8", "surrogateescape"), content
        return _digest(found)

    def is_as_it_was(self, path: str) -> bool:
        """Whether the file `path` has not been written to since the tree was looked through, if it is one of these."""
        stamp = self.stamps.get(path)
        try:
            return stamp is None or stamp == stamp_of(os.stat(path))
        except OSError:
            return False


def hashed_bytes(raw: bytes) -> bytes:
    """A hash of `raw`."""
    return hashlib.blake2b(raw, digest_size=16).digest()


def look_through(project: str, recall: Callable[[], Contents] = dict) -> Tree | None:
    """The files of the folder `project` and of those in it, None where there are too many."""
    stamps: dict[str, Stamp] = {}
    names: Names = {}
    waiting = [project]
    seen = {project}  # links may lead in a circle, and out of the project
    is_marked = False
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        is_marked |= folder == project and any(entry.name in MARKERS for entry in found)
        above = os.path.basename(folder)
        for entry in found:
            name = entry.name
            target = os.path.realpath(entry.path) if entry.is_symlink() else ""
            if name.endswith(".py") or _is_asked(name, above):
                with suppress(OSError):  # a broken link has a name all the same
                    status = entry.stat()
                    if entry.is_file():
                        stamps[target or entry.path] = stamp_of(status)
            if (
                name.endswith(".py")
                or name in _BEGINNINGS
                or (name in MARKERS and not (is_marked and folder != project))
            ):
                names[entry.path] = target
            if name != "__pycache__" and entry.is_dir():
                if name.isidentifier():
                    names[entry.path] = target
                inner = target or entry.path
                if name not in _LEFT_OUT and inner not in seen and (not target or _has_python(target)):
                    seen.add(inner)
                    waiting.append(inner)
        if len(stamps) + len(seen) > _LARGEST:
            return None
    exclude = os.path.join(project, _EXCLUDE)
    if os.path.isfile(exclude):
        stamps[exclude] = stamp_of(os.stat(exclude))
    return Tree(stamps, names, recall)


def words_of_change(before: Names, after: Names) -> frozenset[str] | None:
    """The words of which a file must have one that imports anything else for the change; None if any file may.

    An import names each folder and file that it leads to. But whether a folder is a package, and which one is a
    project's, is asked of files that do not name it.
    """
    words = set()
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    for path in changed:
        folder, name = os.path.split(path)
        word = name.removesuffix(".py")
        if name == "__init__.py" and folder in changed:
            continue  # with the folder itself, which has to be named
        if word in ("__init__", "src") or name in MARKERS or not word.isidentifier():
            return None
        words.add(word)
    return frozenset(words)


_LEFT_OUT = frozenset(DEFAULT_EXCLUDE)


def _is_asked(name: str, folder: str) -> bool:
    return "." in name and bool(_ASKED.match(name) or _ASKED.match(os.path.join(folder, name)))


def _has_python(folder: str) -> bool:
    # Links often lead to data, of any number of files.
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.endswith(".py") for entry in entries)
    except OSError:
        return False


def _digest(parts: Iterable[bytes]) -> bytes:
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        hashed.update(part)
    return hashed.digest()
