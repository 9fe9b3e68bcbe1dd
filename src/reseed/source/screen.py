"""A look at a file's bytes that tells most files apart from those in which a finding can start.

It may keep a file that yields nothing. It must never drop one that yields something, so every test is for a word that
such a file cannot do without.
"""

from __future__ import annotations

from reseed.knowledge.library_draws import LIBRARY_DRAWS
from reseed.knowledge.loaders import LOADERS

_NAMES = {loader.path.rpartition(".")[2].encode() for loader in LOADERS}
# Without those that another one is a part of, as DataLoader is of StreamingDataLoader.
_LOADERS = tuple(name for name in sorted(_NAMES) if not any(other != name and other in name for other in _NAMES))
# Where worker code begins: a dataset's methods, a library's datasets, a collate function, a loader.
_ENTRIES = (b"__getitem", b"__iter__", b"ataset", b"collate", *_LOADERS)
# What draws or seeds: numpy.random, random, rand*, RandomState; seed, manual_seed, seed_everything; and libraries whose
# functions draw from NumPy's global state with no such word in the call.
_DRAWS = (b"rand", b"andom", b"seed", *{row.path.partition(".")[0].encode() for row in LIBRARY_DRAWS})


def may_matter(raw: bytes) -> bool:
    """Return False where no finding can start in a file with these bytes."""
    if _any(_LOADERS, raw):
        return True  # a loader is judged even where nothing in its own file draws
    return _any(_ENTRIES, raw) and _any(_DRAWS, raw)


def _any(words: tuple[bytes, ...], raw: bytes) -> bool:
    return any(word in raw for word in words)
