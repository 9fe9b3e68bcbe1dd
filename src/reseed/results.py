"""What was found in files by an earlier run, for as long as nothing that it rests on has changed.

What is found in a file depends on other files of its project: on those that its analysis read, on which files import
it, and on what is declared of libraries. While all files of the project hold what they held, every result holds which
rests on no other files. Else one holds where those that it rests on hold what they held, the same files are said to
import the checked one, and no name came or went that an import may mean: a new file might answer what another one did.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from reseed.source import SourceError
from reseed.source.cache import Cache
from reseed.source.modules import Modules
from reseed.source.noqa import flake8_version, has_comments
from reseed.source.reads import Reads
from reseed.source.text import read
from reseed.source.tree import Contents, Tree, hashed_bytes, look_through, words_of_change

if TYPE_CHECKING:
    from reseed.rules.finding import Finding
    from reseed.source.declared import Declared
    from reseed.source.importers import Importers


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run found in one file, before anything is taken out.

    `suppressed` are the findings that a `noqa` comment covers. `dropped` says that the screen dropped the file.
    """

    findings: tuple[Finding, ...] = ()
    suppressed: frozenset[Finding] = frozenset()
    dropped: bool = False


class _Basis(NamedTuple):
    """What an answer about a file rests on.

    `names` stands for those of the project's files, `files` are other files, one a line and compressed, `contents`
    stands for what they and the file held. `importers` are the answers about who imports the file, by the limit that
    was asked for, `asked_files` those that were looked at for them. `asked_state` stands for what these held and who
    imported them, None where that changed meanwhile. `declared` is what was declared, by the distributions.
    """

    names: bytes
    files: bytes
    contents: bytes
    importers: tuple[tuple[int, tuple[str, ...]], ...]
    asked_files: bytes
    asked_state: bytes | None
    declared: tuple[tuple[tuple[str, ...], tuple[Declared, ...]], ...]


class _Result(NamedTuple):
    """`tree` stands for the project that it is of, and is empty where it also rests on files that stand outside.

    `reader` is the version of flake8 that read the `noqa` comments, if there are any.
    """

    tree: bytes
    text: bytes
    kept: Kept
    reader: str
    basis: _Basis


class _Place(NamedTuple):
    """A folder of files to check: its real path, the project that it is in, and the names in it that are links."""

    real: str
    project: str
    links: frozenset[str]


@dataclass
class Results:
    """Results by path, in the cache. `reads` has noted what the answer rests on that is to be kept."""

    cache: Cache
    modules: Modules
    reads: Reads
    importers: Callable[[], Importers]
    _places: dict[str, _Place] = field(default_factory=dict)
    _trees: dict[str, Tree | None] = field(default_factory=dict)
    _digests: dict[str, bytes] = field(default_factory=dict)
    _renamed: dict[str, _Renamed] = field(default_factory=dict)
    _dropped: dict[str, dict[str, _Basis]] = field(default_factory=dict)
    _newly_dropped: dict[str, dict[str, _Basis]] = field(default_factory=dict)

    def find(self, path: str, text: str | None = None) -> Kept | None:
        """What an earlier run found in the file `path`, None where it is not known any more.

        `text` is what the file is taken to hold, None for what is on the disk.
        """
        project = self._project(path)
        tree = self._tree(project)
        if tree is None:
            return None
        if text is None and self._real(path) in self._dropped_in(project, tree):
            return Kept(dropped=True)
        result: _Result | None = self.cache.get(*self._key(path))
        if result is None or (text is not None and result.text != _hashed(text)):
            return None
        if result.reader and result.reader != flake8_version():
            return None
        digest = self._digest(project, tree)
        if result.tree == digest:
            return result.kept if _is_declared(result.basis, path) else None
        basis = self._renewed(result.basis, path, tree)
        if basis is None:
            return None
        if result.tree:
            self.cache.put(result._replace(tree=digest, basis=basis), *self._key(path))
        return result.kept

    def keep(self, path: str, text: str, kept: Kept) -> None:
        """Keep what was found in a file that was analysed, unless it holds something else than `text`."""
        project = self._project(path)
        tree = self._tree(project)
        basis = self._basis(path, tree) if tree is not None else None
        if tree is not None and basis is not None and _is_held(path, text):
            digest = self._digest(project, tree) if self._is_inside(path, tree) else b""
            reader = flake8_version() if kept.findings and has_comments(text) else ""
            self.cache.put(_Result(digest, _hashed(text), kept, reader, basis), *self._key(path))

    def drop(self, path: str) -> None:
        """Remember that the screen dropped a file; `flush` keeps it."""
        project = self._project(path)
        tree = self._tree(project)
        basis = self._basis(path, tree) if tree is not None and self._is_inside(path, tree) else None
        if basis is not None:
            self._newly_dropped.setdefault(project, {})[self._real(path)] = basis

    def flush(self) -> None:
        """Keep which files were dropped."""
        for project, dropped in self._newly_dropped.items():
            tree = self._tree(project)
            if tree is not None:
                self._dropped[project] = {**self._dropped_in(project, tree), **dropped}
                digest = self._digest(project, tree)
                self.cache.put((digest, self._dropped[project]), "dropped", os.getcwd(), project)
        self._newly_dropped.clear()

    def _project(self, path: str) -> str:
        folder, name = os.path.split(path)
        place = self._place(folder)
        return self.modules.project(os.path.realpath(path)) if name in place.links else place.project

    def _place(self, folder: str) -> _Place:
        if folder not in self._places:
            real = os.path.realpath(folder or os.curdir)
            links = self.modules.links_in(real)  # they may lead to other projects
            project = self.modules.project(os.path.join(real, ""))
            self._places[folder] = _Place(real, project, links)
        return self._places[folder]

    def _key(self, path: str) -> tuple[str, ...]:
        # Findings have the path as it is spelled; what it leads to may change.
        return ("result", os.getcwd(), path, self._real(path))

    def _real(self, path: str) -> str:
        folder, name = os.path.split(path)
        place = self._place(folder)
        return os.path.realpath(path) if name in place.links else os.path.join(place.real, name)

    def _tree(self, project: str) -> Tree | None:
        if project not in self._trees:
            self._trees[project] = look_through(project, lambda: self._contents(project))
        return self._trees[project]

    def _contents(self, project: str) -> Contents:
        return self.cache.get("contents", project) or {}

    def _digest(self, project: str, tree: Tree) -> bytes:
        # By what files hold: those that were only touched are read, and found to be the same.
        if project not in self._digests:
            stamped, digest = self.cache.get("tree", project) or (b"", b"")
            if stamped != tree.stamped:
                before, names = self.cache.get("names", project) or (b"", {})
                self._renamed[project] = _Renamed(before, words_of_change(names, tree.names))
                digest = tree.digest
                self.cache.put((tree.stamped, digest), "tree", project)
                self.cache.put((tree.names_digest, tree.names), "names", project)
                known = {path: each for path, each in tree.known.items() if path in tree.stamps}
                self.cache.put(known, "contents", project)
            self._digests[project] = digest
        return self._digests[project]

    def _dropped_in(self, project: str, tree: Tree) -> dict[str, _Basis]:
        if project not in self._dropped:
            digest, known = self.cache.get("dropped", os.getcwd(), project) or (b"", {})
            if known and digest != self._digest(project, tree):
                renewed = {path: self._renewed(basis, path, tree) for path, basis in known.items()}
                known = {path: basis for path, basis in renewed.items() if basis is not None}
                self._newly_dropped.setdefault(project, {})  # to be kept for this tree
            self._dropped[project] = known
        return self._dropped[project]

    def _is_inside(self, path: str, tree: Tree) -> bool:
        # Whether all that has been noted for the file stands in its project.
        return all(file in tree.stamps for file in [os.path.realpath(path), *self.reads.files] if _is_file(file))

    def _basis(self, path: str, tree: Tree) -> _Basis | None:
        # What has been noted for the file; None where some of it has changed since the run began.
        own = os.path.realpath(path)
        files = sorted(self.reads.files - {own})
        contents = tree.contents([own, *files])
        if contents is None or not all(map(tree.is_as_it_was, [own, *files])):
            return None
        asked_files, asked_state = self._asked(own, tree)
        importers, declared = sorted(self.reads.importers.items()), sorted(self.reads.declared.items())
        return _Basis(
            tree.names_digest, _packed(files), contents, tuple(importers), asked_files, asked_state, tuple(declared)
        )

    def _asked(self, file: str, tree: Tree) -> tuple[bytes, bytes | None]:
        # What the answers rest on that have just been given about who imports `file`.
        files = sorted(self.reads.asked_files)
        state = self._state(file, files, tree) if all(map(tree.is_as_it_was, files)) else None
        return _packed(files), state

    def _state(self, file: str, files: list[str], tree: Tree) -> bytes | None:
        contents = tree.contents(files) if files else b""
        return None if contents is None else contents + (self.importers().state(file, files) if files else b"")

    def _renewed(self, basis: _Basis, path: str, tree: Tree) -> _Basis | None:
        """What an answer rests on now, None where it does not hold any more. Forgets what has been noted."""
        own = os.path.realpath(path)
        files = [own, *_unpacked(basis.files)]
        if tree.contents(files) != basis.contents:
            return None
        if basis.names != tree.names_digest and not self._means_the_same(basis, self._project(path), files):
            return None
        if not _is_declared(basis, path):
            return None
        renewed = basis._replace(names=tree.names_digest)
        if not basis.importers or self._have_same_importers(basis, path, tree):
            return renewed
        self.reads.begin()
        if any(tuple(self.importers().of(own, limit)) != answer for limit, answer in basis.importers):
            return None
        asked_files, asked_state = self._asked(own, tree)
        return renewed._replace(asked_files=asked_files, asked_state=asked_state)

    def _have_same_importers(self, basis: _Basis, path: str, tree: Tree) -> bool:
        # Whether this is plain without asking again, which would take its time.
        files = _unpacked(basis.asked_files)
        if basis.asked_state is None:
            return False
        is_same = basis.names == tree.names_digest or self._means_the_same(basis, self._project(path), files)
        return is_same and self._state(os.path.realpath(path), files, tree) == basis.asked_state

    def _means_the_same(self, basis: _Basis, project: str, files: list[str]) -> bool:
        # Whether no import of these files can lead anywhere else since names have come or gone.
        renamed = self._renamed.get(project)
        if renamed is None or renamed.before != basis.names or renamed.words is None:
            return False
        return not any(renamed.speaks(file) for file in files)


@dataclass
class _Renamed:
    """Names of a project that have come or gone since the tree with the digest `before`: see `words_of_change`."""

    before: bytes
    words: frozenset[str] | None
    _known: dict[str, bool] = field(default_factory=dict)

    def speaks(self, file: str) -> bool:
        """Whether a file has one of the words."""
        if file not in self._known:
            try:
                with open(file, "rb") as opened:
                    raw = opened.read()
            except OSError:
                raw = b""
            self._known[file] = any(word.encode() in raw for word in self.words or ())
        return self._known[file]


def _is_declared(basis: _Basis, path: str) -> bool:
    # Declarations may stand above the project, too.
    if not basis.declared:
        return True
    from reseed.source.declared import declared

    return all(declared(path, names) == answer for names, answer in basis.declared)


def _is_file(path: str) -> bool:
    return not path.endswith(os.sep)  # a namespace package is none


def _packed(files: list[str]) -> bytes:
    return zlib.compress("\n".join(files).encode("utf-8", "surrogateescape")) if files else b""


def _unpacked(files: bytes) -> list[str]:
    return zlib.decompress(files).decode("utf-8", "surrogateescape").split("\n") if files else []


def _hashed(text: str) -> bytes:
    # flake8 hands over what it has read with its line ends made one.
    return hashed_bytes(text.replace("\r\n", "\n").encode("utf-8", "surrogatepass"))


def _is_held(path: str, text: str) -> bool:
    try:
        return _hashed(read(path).text) == _hashed(text)
    except SourceError:
        return False
