"""Whether a state follows from another by drawing, or was put in its place: by a seed, or by a jump to a stream that no
other worker draws from."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import numpy as np

from reseed.witness.states import Snapshot

_WORDS = 624  # of a Mersenne Twister
_MOST_TWISTS = 4_000
_MOST_DRAWS = _MOST_TWISTS * _WORDS  # where they have to be made again, to see
_JUMP = 2**48  # more draws than anybody makes
# numpy/random/src/pcg64/pcg64.h
_MULTIPLIERS = {"PCG64": 0x2360ED051FC65DA44385DF649FCCF645, "PCG64DXSM": 0xDA942042E4DD58B5}


def continues(before: Snapshot, after: Snapshot) -> bool:
    """Whether drawing leads from one state to the other, as far as can be told."""
    if before.twister is not None and after.twister is not None:
        return _twisted(before.twister, after.twister)
    if before.stream is None or before.stream != after.stream:
        return False
    kind = before.stream[0]
    if kind in _MULTIPLIERS:
        return _stepped(before.place, after.place, _MULTIPLIERS[kind], before.stream[1])
    if kind == "SFC64":
        return _made_again(before.place, after.place)
    return before.place is None or 0 <= after.place - before.place < _JUMP


def _twisted(before: bytes, after: bytes) -> bool:
    if before == after:
        return True
    twister: Any = np.random.MT19937(0)
    key = np.frombuffer(before, dtype=np.uint32)
    twister.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": _WORDS}}
    # NumPy's struct of a twister begins with its key (numpy/random/src/mt19937/mt19937.h). To read it as `state` would
    # take ten times as long as to draw.
    words = (ctypes.c_uint32 * _WORDS).from_address(twister.ctypes.state_address)
    first = int.from_bytes(after[:4], sys.byteorder)
    for _ in range(_MOST_TWISTS):
        twister.random_raw(_WORDS, output=False)
        if words[0] == first and bytes(words) == after:
            return True
    return False


def _stepped(before: int, after: int, multiplier: int, increment: int) -> bool:
    # The distance in a linear congruential generator, bit by bit, as in pcg_distance_128 of PCG's reference code.
    bit, plus = 1, increment
    while bit < _JUMP and before != after:
        if (before ^ after) & bit:
            before = (before * multiplier + plus) % 2**128
        plus = (multiplier + 1) * plus % 2**128
        multiplier = multiplier * multiplier % 2**128
        bit *= 2
    return before == after


def _made_again(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    draws = (after[3] - before[3]) % 2**64  # the fourth word of SFC64 counts them
    if draws > _MOST_DRAWS:
        return False
    generator: Any = np.random.SFC64(0)
    words = np.array(before, dtype=np.uint64)
    generator.state = {"bit_generator": "SFC64", "state": {"state": words}, "has_uint32": 0, "uinteger": 0}
    generator.random_raw(draws, output=False)
    return tuple(generator.state["state"]["state"].tolist()) == after
