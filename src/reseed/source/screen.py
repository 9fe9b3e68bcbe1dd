"""A look at a file's bytes that tells most files apart from those in which a finding can start.

It may keep a file that yields nothing. It must never drop one that yields something, so every test is for a word that
such a file cannot do without.
"""

from __future__ import annotations

from collections.abc import Iterable

from reseed.knowledge.datasets import DATASETS
from reseed.knowledge.library_draws import LIBRARY_DRAWS
from reseed.knowledge.loaders import LOADERS
from reseed.knowledge.seeding import SEEDERS


def _shortest(words: Iterable[str]) -> tuple[bytes, ...]:
    """Leave out the words that have another one inside, as StreamingDataLoader has DataLoader."""
    every = {word for word in words if word}
    return tuple(sorted(word.encode() for word in every if not any(other in word for other in every - {word})))


_LOADERS = _shortest(row.path.rpartition(".")[2] for row in LOADERS)
# Where worker code begins without a loader in the same file: a class that is a dataset by its bases.
_DATASETS = _shortest(
    ["ataset", "ataSet", "DataPipe", "datapipe"]
    + [row.path.rpartition(".")[2].strip("*") for row in DATASETS if row.base]
)
# What draws or seeds: numpy.random, random, rand*, RandomState; seed, manual_seed, seed_everything; and libraries whose
# functions draw from NumPy's global state with no such word in the call.
_DRAWS = _shortest(
    ["rand", "andom", "seed"]
    + [row.path.rpartition(".")[2] for row in SEEDERS]
    + [row.path.partition(".")[0] for row in LIBRARY_DRAWS]
)


def may_matter(raw: bytes) -> bool:
    """Return False where no finding can start in a file with these bytes."""
    if _any(_LOADERS, raw):
        return True  # a loader is judged even where nothing in its own file draws
    return _any(_DATASETS, raw) and _any(_DRAWS, raw)


def _any(words: tuple[bytes, ...], raw: bytes) -> bool:
    return any(word in raw for word in words)
