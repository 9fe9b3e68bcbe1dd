"""Whether a class of a file may be a dataset, by the words of its own body and of the classes that it inherits from.

Bases are looked for where the file's imports lead. Where the text does not show what a base is, the class may be one.
"""

from __future__ import annotations

import builtins
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import NamedTuple

from reseed.knowledge.datasets import DATASETS, NEVER
from reseed.source.imports import Imported, imports_of
from reseed.source.modules import Modules
from reseed.source.texts import LONGEST_FILE, Texts, decoded

_BASES = {row.path.rpartition(".")[2].strip("*") for row in DATASETS if row.base} - {""}
_NAMED = re.compile("|".join(["ataset", "ataSet", "DataPipe", "datapipe", *sorted(_BASES)]))
_CLASS = re.compile(r"([ \t]*)class\s+(\w+)\s*(?:\[[^\]]*\]\s*)?(\((?:[^()]|\([^()]*\))*\))?\s*:")
_ANY_CLASS = re.compile(r"[ \t]*class[ \t]+\w+[ \t]*[(:\[]")
_BASE = re.compile(r"[A-Za-z_][\w.]*")
# class Faces(Base[T], metaclass=Meta)
_NO_BASE = re.compile(r"""\[[^\]]*\]|\w+[ \t]*=[ \t]*(?:[\w.]+|"[^"]*"|'[^']*')|#[^\n]*""")
# More bases than any class has.
_LIMIT = 500
_BUILTINS = frozenset(dir(builtins))


class _Trait(Flag):
    """What a class has, of itself or by what it inherits."""

    DATASET = auto()
    ITEMS = auto()
    LENGTH = auto()
    NEVER = auto()


_NOTHING = _Trait(0)


@dataclass(slots=True)
class _Classes:
    """The classes of a file, with the names in their bases and what their bodies have.

    `imports` are by the names that they bind, once they have been asked for. `is_whole` is False where a class
    statement could not be read.
    """

    path: str
    classes: dict[str, list[tuple[tuple[str, ...], _Trait]]]
    is_whole: bool
    imports: dict[str, list[Imported]] | None = None


class _Name(NamedTuple):
    """A dotted name as a file has it, in the bases of its class `inside`; or looked up in the file, with none."""

    file: str
    dotted: str
    inside: str = ""


@dataclass
class Lineage:
    """The question, for the files of one run."""

    modules: Modules
    texts: Texts = field(default_factory=Texts)
    _classes: dict[str, _Classes | None] = field(default_factory=dict)
    _own: tuple[str, str] = ("", "")  # a file, and what it is taken to hold, which need not stand on the disk
    _meanings: dict[_Name, tuple[_Trait, tuple[_Name, ...]]] = field(default_factory=dict)
    _folders: dict[str, str] = field(default_factory=dict)

    def has_dataset(self, path: str, raw: bytes) -> bool:
        """Whether any class in the file `path`, which has the bytes `raw`, may be a dataset.

        It may if a base is called so, or if it has items and a length, as a map-style dataset of no base has.
        """
        if b"class" not in raw:
            return False
        file = self._real(path)
        self._own = file, decoded(raw)
        found = self._classes[file] = _read_classes(*self._own)
        known = set(self._meanings) if len(raw) > LONGEST_FILE else set()
        answer = not found.is_whole or any(_may_be_dataset(self._traits(_Name(file, name))) for name in found.classes)
        if len(raw) > LONGEST_FILE:  # others do not look into such a file, whether it has been checked before or not
            self._classes[file] = None
            self._meanings = {name: self._meanings[name] for name in known}
        return answer

    def _real(self, path: str) -> str:
        folder, name = os.path.split(path)
        if os.path.islink(path):
            return os.path.realpath(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.join(self._folders[folder], name)

    def _traits(self, name: _Name) -> _Trait:
        # What `name` has by all that it may inherit from. A class may inherit from itself through others.
        found = _NOTHING
        seen = {name: None}
        waiting = [name]
        while waiting:
            if len(seen) > _LIMIT:
                found = _Trait.DATASET
                break
            traits, bases = self._meaning(waiting.pop())
            found |= traits
            waiting += [base for base in bases if base not in seen]
            seen.update(dict.fromkeys(bases))
        self.texts.reads.files.update(each.file for each in seen)
        return found

    def _meaning(self, name: _Name) -> tuple[_Trait, tuple[_Name, ...]]:
        # What a name shows by itself, and the names that say the rest.
        if name not in self._meanings:
            found = self._classes_in(name.file)
            self._meanings[name] = (_NOTHING, ()) if found is None else self._meaning_in(found, name)
        return self._meanings[name]

    def _meaning_in(self, file: _Classes, name: _Name) -> tuple[_Trait, tuple[_Name, ...]]:
        if not file.is_whole:
            return _Trait.DATASET, ()
        if name.dotted in file.classes and name.dotted != name.inside:
            defined = file.classes[name.dotted]
            bases = tuple(_Name(file.path, base, name.dotted) for each, _ in defined for base in each)
            return _union(own for _, own in defined), bases
        if name.inside and (told := _told(name.dotted)):
            return told, ()
        first, _, rest = name.dotted.partition(".")
        bound = self._imports(file, first)
        found: dict[_Name, None] = {}
        for each in bound:
            # Of a module what is last in a.b.Base is looked for in it; of another name it is that name, or is in it.
            meant = name.dotted if each.name in (None, "*") else f"{each.name}.{rest}" if rest else str(each.name)
            if told := _told(meant):
                return told, ()
            last = meant.rpartition(".")[2]
            files = self.modules.meant(file.path, each.level, each.module, each.name)
            found.update((_Name(place, last), None) for place in files)
        if first in _BUILTINS or any(each.name != "*" for each in bound):
            return _NOTHING, tuple(found)
        values = _assigned(self._text(file.path), first)  # Base = other.Base is followed, Base = make_base() is not
        followed = tuple(_Name(file.path, value, name.inside or first) for value in values if _BASE.fullmatch(value))
        return _NOTHING if len(followed) == len(values) else _Trait.DATASET, (*found, *followed)

    def _classes_in(self, file: str) -> _Classes | None:
        if file not in self._classes:
            text = self._text(file)
            self._classes[file] = _read_classes(file, text) if text else None
        return self._classes[file]

    def _imports(self, file: _Classes, name: str) -> list[Imported]:
        # What binds `name`, and what may by a star.
        if file.imports is None:
            file.imports = {}
            for each in imports_of(self._text(file.path)):
                file.imports.setdefault(each.bound, []).append(each)
        return file.imports.get(name, []) + file.imports.get("*", [])

    def _text(self, file: str) -> str:
        return self._own[1] if file == self._own[0] else self.texts.text(file)


def _assigned(text: str, name: str) -> list[str]:
    # What `name` is given by assignments, each as text.
    if not any(f"{name}{sign}" in text for sign in (" =", "=", ":", ",", " :", " ,")):
        return []
    target = rf"^[ \t]*(?:\w+[ \t]*[,=][ \t]*)*{name}[ \t]*(?:,[ \t\w,]*)?(?::[^=\n]*)?=(?!=)[ \t]*([^\n]*)"
    return [match[1] for match in re.finditer(target, text, re.MULTILINE)]


def _told(dotted: str) -> _Trait:
    # What a base is called tells what it is.
    if _NAMED.search(dotted):
        return _Trait.DATASET
    return _Trait.NEVER if dotted.rpartition(".")[2] in NEVER else _NOTHING


def _may_be_dataset(traits: _Trait) -> bool:
    if _Trait.DATASET in traits:
        return True
    return _Trait.ITEMS in traits and _Trait.LENGTH in traits and _Trait.NEVER not in traits


def _union(traits: Iterable[_Trait]) -> _Trait:
    found = _NOTHING
    for each in traits:
        found |= each
    return found


def _read_classes(file: str, text: str) -> _Classes:
    starts = list(_class_lines(text))
    found = [match for start in starts if (match := _CLASS.match(text, start))]
    classes: dict[str, list[tuple[tuple[str, ...], _Trait]]] = {}
    for index, match in enumerate(found):
        indent, name, bases = match.groups()
        behind = (other.start() for other in found[index + 1 :] if len(other[1]) <= len(indent))
        body = text[match.end() : next(behind, len(text))]
        own = _Trait.ITEMS if "__getitem" in body else _NOTHING
        own |= _Trait.LENGTH if "__len__" in body else _NOTHING
        classes.setdefault(name, []).append((tuple(_BASE.findall(_NO_BASE.sub("", bases or ""))), own))
    return _Classes(file, classes, len(found) == sum(_ANY_CLASS.match(text, start) is not None for start in starts))


def _class_lines(text: str) -> Iterator[int]:
    # Where lines begin that have a word "class" first.
    found = text.find("class")
    while found >= 0:
        start = text.rfind("\n", 0, found) + 1
        if not text[start:found].strip():
            yield start
        found = text.find("class", found + 5)
