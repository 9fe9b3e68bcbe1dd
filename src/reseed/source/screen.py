"""A look at a file's bytes that tells most files apart from those in which a finding can start.

It may keep a file that yields nothing. It must never drop one that yields something, so every test is for a word that
such a file cannot do without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reseed.knowledge.datasets import DATASETS
from reseed.knowledge.library_draws import LIBRARY_DRAWS
from reseed.knowledge.loaders import LOADER_NAMES
from reseed.knowledge.numpy_classes import NUMPY_CLASSES
from reseed.knowledge.object_draws import GENERATOR_METHODS, METHODS
from reseed.knowledge.ranks import RANK_NAMES
from reseed.knowledge.seeding import SEEDERS


def _shortest(words: Iterable[str]) -> tuple[bytes, ...]:
    """Leave out the words that have another one inside, as StreamingDataLoader has DataLoader."""
    every = {word for word in words if word}
    return tuple(sorted(word.encode() for word in every if not any(other in word for other in every - {word})))


_LOADERS = _shortest(LOADER_NAMES)
# Where worker code begins without a loader in the same file: a class that is a dataset by its bases, or has the methods
# of one. What it draws may stand in any other file.
_DATASETS = _shortest(
    ["ataset", "ataSet", "DataPipe", "datapipe", "__getitem__", "__getitems__", "__iter__"]
    + [row.path.rpartition(".")[2].strip("*") for row in DATASETS if row.base]
)
_WORDS = _LOADERS + _DATASETS
# A class may be a dataset by a base of any name in another file, and draw in a method that the base calls. What draws:
# numpy.random, random, rand*, RandomState, seed, manual_seed; and libraries with no such word in the call.
_DRAWS = _shortest(
    ["rand", "andom", "seed"]
    + [row.path.rpartition(".")[2] for row in SEEDERS]
    + [row.path.partition(".")[0] for row in LIBRARY_DRAWS]
    + [row.path.partition(".")[0] for row in NUMPY_CLASSES]
)
# The methods of an RNG object that another file's class keeps under any name: self.source.normal(). Of Generator.f()
# only the call is looked for, or every file would be kept.
_NAMES = sorted({name for names in METHODS.values() for name in names if len(name) > 1} | GENERATOR_METHODS)
_METHODS = re.compile(rb"\.\s*(?:%s|f\s*\()" % "|".join(_NAMES).encode())


# A main program that seeds in each epoch or on each rank, and has its loaders made elsewhere. Its helper for that may
# speak of neither seeds nor random numbers.
_SEEDING = _shortest(["seed", "Seed", "rand", "Rand", "etermin", "eproduc", "fix"])
_RUNNING = _shortest(["epoch", "Epoch", " ep ", *RANK_NAMES])


def may_matter(raw: bytes) -> bool:
    """Return False where no finding can start in a file with these bytes."""
    return (
        any(word in raw for word in _WORDS)
        or (b"class " in raw and (any(word in raw for word in _DRAWS) or _METHODS.search(raw) is not None))
        or (any(word in raw for word in _RUNNING) and any(word in raw for word in _SEEDING))
    )
