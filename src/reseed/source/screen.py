"""A look at a file's bytes that tells most files apart from those in which a finding can start.

It may keep a file that yields nothing. It must never drop one that yields something, so every test is for what such a
file cannot do without: a loader, a class that may be a dataset, or words of seeding beside those of epochs or ranks.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from reseed.knowledge.ranks import RANK_NAMES
from reseed.source.lineage import Lineage
from reseed.source.loading import LOADER_WORDS, functions_and_imports, speaks_of_loaders
from reseed.source.modules import Modules
from reseed.source.syntax import parse
from reseed.source.text import SourceError
from reseed.source.texts import Texts


def _shortest(words: Iterable[str]) -> tuple[bytes, ...]:
    """Leave out the words that have another one inside, as StreamingDataLoader has DataLoader."""
    every = {word for word in words if word}
    return tuple(sorted(word.encode() for word in every if not any(other in word for other in every - {word})))


_LOADERS = tuple(word.encode() for word in LOADER_WORDS)
# A main program that seeds in each epoch or on each rank, and has its loaders made elsewhere. Its helper for that may
# speak of neither seeds nor random numbers.
_SEEDING = _shortest(["seed", "Seed", "rand", "Rand", "etermin", "eproduc", "fix"])
_SEEDS = re.compile(rb"\b(?:\w*(?:[sS]eed|etermin|eproduc)\w*|fix\w*|\w*[rR]and\w*)\s*\(")
_DRAWS = re.compile(rb"(?:rand|randn|randint|rand_like|randn_like|randint_like|random|random_|randperm|randrange)\s*\(")
_RUNNING = _shortest(["epoch", "Epoch", "EPOCH", " ep ", *RANK_NAMES])
_RANKS = re.compile(rb"\b(?:%s)\b" % "|".join(sorted(RANK_NAMES)).encode())
_EPOCHS = re.compile(rb"\b(?:for|while)\b[^:]*?(?:[eE][pP][oO][cC][hH]|\b[eE][pP]\b)")


@dataclass
class Screen:
    """The look, for the files of one run, which share what is known of the classes that theirs inherit from."""

    modules: Modules = field(default_factory=Modules)
    texts: Texts = field(default_factory=Texts)

    def __post_init__(self) -> None:
        """Begin with no class known."""
        self.forget()

    def forget(self) -> None:
        """Give back the memory of all classes that have been looked at; what is asked for again is read again."""
        self._lineage = Lineage(self.modules, self.texts)

    def may_matter(self, path: str, raw: bytes, tree: ast.AST | None = None) -> bool:
        """Return False where no finding can start in the file `path` with these bytes.

        With `tree`, what they parse to, fewer files are kept: those that speak of loaders in words alone are not.
        """
        if any(word in raw for word in _LOADERS) and (
            tree is None or speaks_of_loaders(tree, is_own=lambda name: self._is_own(path, tree, name))
        ):
            return True
        return _runs(raw) or self._lineage.has_dataset(path, raw)

    def _is_own(self, path: str, tree: ast.AST, name: str) -> bool:
        # Whether all that a module binds to `name` are functions of the project, its own or imported ones.
        waiting = [(os.path.realpath(path), tree, name)]
        seen = set()
        while waiting:
            file, tree, wanted = waiting.pop()
            found = functions_and_imports(tree, wanted)
            if (file, wanted) in seen or found is None:
                return False
            seen.add((file, wanted))
            for level, module, original in found:
                places = self.modules.imported(file, level, module)
                try:
                    waiting += [(place, parse(place, self.texts.text(place)), original) for place in places]
                except SourceError:
                    return False
                if not places:
                    return False
        return True


def _runs(raw: bytes) -> bool:
    if not any(word in raw for word in _RUNNING) or not any(word in raw for word in _SEEDING):
        return False
    if _RANKS.search(raw) is None and _EPOCHS.search(raw) is None:
        return False
    return any(_DRAWS.match(found[0]) is None for found in _SEEDS.finditer(raw))
