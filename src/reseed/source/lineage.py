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

from reseed.knowledge.datasets import DATASETS, NEVER
from reseed.source.imports import Imported, imports_of
from reseed.source.modules import Modules
from reseed.source.texts import Texts, decoded

_BASES = {row.path.rpartition(".")[2].strip("*") for row in DATASETS if row.base} - {""}
_NAMED = re.compile("|".join(["ataset", "ataSet", "DataPipe", "datapipe", *sorted(_BASES)]))
_CLASS = re.compile(r"([ \t]*)class\s+(\w+)\s*(?:\[[^\]]*\]\s*)?(\((?:[^()]|\([^()]*\))*\))?\s*:")
_ANY_CLASS = re.compile(r"[ \t]*class[ \t]+\w+[ \t]*[(:\[]")
_BASE = re.compile(r"[A-Za-z_][\w.]*")
# class Faces(Base[T], metaclass=Meta)
_NO_BASE = re.compile(r"""\[[^\]]*\]|\w+[ \t]*=[ \t]*(?:[\w.]+|"[^"]*"|'[^']*')|#[^\n]*""")
_DEPTH = 20
_BUILTINS = frozenset(dir(builtins))


class _Trait(Flag):
    """What a class has, of itself or by what it inherits."""

    DATASET = auto()
    ITEMS = auto()
    LENGTH = auto()
    NEVER = auto()


_NOTHING = _Trait(0)


@dataclass(slots=True)
class _Text:
    """What the text of a file shows.

    That are its classes, with the names in their bases and what their bodies have, and what it imports by the names
    that are bound. `is_whole` is False where a class statement could not be read.
    """

    path: str
    text: str
    classes: dict[str, list[tuple[tuple[str, ...], _Trait]]]
    is_whole: bool
    imported: dict[str, list[Imported]] | None = None

    def imports(self, name: str) -> list[Imported]:
        """What binds `name`, and what may by a star."""
        if self.imported is None:
            self.imported = {}
            for each in imports_of(self.text):
                self.imported.setdefault(each.bound, []).append(each)
        return self.imported.get(name, []) + self.imported.get("*", [])

    def assigned(self, name: str) -> list[str]:
        """What `name` is given by assignments, each as text."""
        if not any(f"{name}{sign}" in self.text for sign in (" =", "=", ":", ",", " :", " ,")):
            return []
        target = rf"^[ \t]*(?:\w+[ \t]*[,=][ \t]*)*{name}[ \t]*(?:,[ \t\w,]*)?(?::[^=\n]*)?=(?!=)[ \t]*([^\n]*)"
        return [match[1] for match in re.finditer(target, self.text, re.MULTILINE)]


@dataclass
class Lineage:
    """The question, for the files of one run."""

    modules: Modules
    texts: Texts = field(default_factory=Texts)
    _texts: dict[str, _Text | None] = field(default_factory=dict)
    _traits: dict[tuple[str, str], _Trait] = field(default_factory=dict)
    _folders: dict[str, str] = field(default_factory=dict)
    _depth: int = 0

    def has_dataset(self, path: str, raw: bytes) -> bool:
        """Whether any class in the file `path`, which has the bytes `raw`, may be a dataset.

        It may if a base is called so, or if it has items and a length, as a map-style dataset of no base has.
        """
        if b"class" not in raw:
            return False
        file = self._real(path)
        text = self._texts[file] = _read_text(file, decoded(raw))
        return not text.is_whole or any(_may_be_dataset(self._of_class(text, name)) for name in text.classes)

    def _real(self, path: str) -> str:
        folder, name = os.path.split(path)
        if os.path.islink(path):
            return os.path.realpath(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.join(self._folders[folder], name)

    def _of_class(self, text: _Text, name: str) -> _Trait:
        key = (text.path, name)
        if key not in self._traits:
            if self._depth > _DEPTH:
                return _Trait.DATASET
            self._traits[key] = _NOTHING  # what a class inherits from itself through another one is nothing new
            self._depth += 1
            found = [own | self._of_bases(text, bases, name) for bases, own in text.classes[name]]
            self._depth -= 1
            self._traits[key] = _union(found)
        return self._traits[key]

    def _of_bases(self, text: _Text, bases: tuple[str, ...], inside: str) -> _Trait:
        return _union(
            _Trait.DATASET
            if _NAMED.search(base)
            else _Trait.NEVER
            if base.rpartition(".")[2] in NEVER
            else self._of_name(text, base, inside)
            for base in bases
        )

    def _of_name(self, text: _Text, base: str, inside: str) -> _Trait:
        # What the dotted name `base` means in `text`, as a base of the class `inside`.
        first, _, rest = base.partition(".")
        if not rest and first in text.classes and first != inside:
            return self._of_class(text, first)
        bound = text.imports(first)
        found = _union(self._of_import(text, each, base, 0) for each in bound)
        if found or first in _BUILTINS or any(each.bound != "*" for each in bound):
            return found
        return self._of_assigned(text, first, inside)

    def _of_assigned(self, text: _Text, name: str, inside: str) -> _Trait:
        # Base = other.Base is followed, Base = make_base() is not.
        key = (text.path, f"= {name}")
        if key not in self._traits:
            self._traits[key] = _NOTHING
            self._traits[key] = _union(
                self._of_bases(text, (value,), inside) if _BASE.fullmatch(value) else _Trait.DATASET
                for value in text.assigned(name)
            )
        return self._traits[key]

    def _of_import(self, text: _Text, each: Imported, base: str, depth: int) -> _Trait:
        first, _, rest = base.partition(".")
        wanted = base.rpartition(".")[2] if rest else first if each.name in (None, "*") else each.name
        return _union(self._in_file(file, wanted or first, depth) for file in self._files(text, each))

    def _files(self, text: _Text, each: Imported) -> Iterator[str]:
        for place in self.modules.imported(text.path, each.level, each.module):
            yield place
            inner = self.modules.submodule(place, each.name) if each.name not in (None, "*") else None
            if inner is not None:
                yield inner

    def _in_file(self, file: str, name: str, depth: int) -> _Trait:
        text = self._text(file)
        if text is None:
            return _NOTHING
        if not text.is_whole or depth > _DEPTH:
            return _Trait.DATASET
        if name in text.classes:
            return self._of_class(text, name)
        key = (file, f"import {name}")
        if key not in self._traits:
            self._traits[key] = _NOTHING
            bound = text.imports(name)
            found = _union(self._of_import(text, each, name, depth + 1) for each in bound)
            followed = found or any(each.bound != "*" for each in bound)
            self._traits[key] = found if followed else self._of_assigned(text, name, "")
        return self._traits[key]

    def _text(self, file: str) -> _Text | None:
        if file not in self._texts:
            text = self.texts.text(file)
            self._texts[file] = _read_text(file, text) if text else None
        return self._texts[file]


def _may_be_dataset(traits: _Trait) -> bool:
    if _Trait.DATASET in traits:
        return True
    return _Trait.ITEMS in traits and _Trait.LENGTH in traits and _Trait.NEVER not in traits


def _union(traits: Iterable[_Trait]) -> _Trait:
    found = _NOTHING
    for each in traits:
        found |= each
    return found


def _read_text(file: str, text: str) -> _Text:
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
    return _Text(file, text, classes, len(found) == sum(_ANY_CLASS.match(text, start) is not None for start in starts))


def _class_lines(text: str) -> Iterator[int]:
    # Where lines begin that have a word "class" first.
    found = text.find("class")
    while found >= 0:
        start = text.rfind("\n", 0, found) + 1
        if not text[start:found].strip():
            yield start
        found = text.find("class", found + 5)
