"""RNG states as a run can see them."""

from __future__ import annotations

import hashlib
import random
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

GLOBALS = {"numpy-global": "np.random", "python-global": "random", "torch-global": "torch"}
"""The names of the states that every process has, and the module that draws from each."""

_KINDS = (np.random.Generator, np.random.RandomState, torch.Generator, random.Random)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state at one moment. `digest` covers all of it.

    `twister` is the key of a Mersenne Twister. For others, `stream` is their kind and what drawing leaves as it is, and
    `place` is what it moves. Each may be None.
    """

    digest: str
    twister: bytes | None = None
    stream: tuple[Any, ...] | None = None
    place: Any = None


def is_rng(value: object) -> bool:
    """Whether `value` is an object that draws and whose state can be read."""
    # By the type alone: `isinstance` asks the object, and proxies answer with code of their own.
    kinds = type(value).__mro__
    return any(kind in kinds for kind in _KINDS) and random.SystemRandom not in kinds


def global_rngs() -> dict[str, Any]:
    """The RNGs behind the module functions of NumPy, `random` and torch, by their names."""
    # `random.seed` and `np.random.seed` are methods of these objects.
    return {
        "numpy-global": np.random.mtrand._rand,
        "python-global": random._inst,
        "torch-global": torch.default_generator,
    }


def snapshot(rng: Any) -> Snapshot | None:
    """Read the state of an RNG of which `is_rng` holds; None where a class of the user's does not let."""
    with suppress(Exception):
        return _read(rng)
    return None


def _read(rng: Any) -> Snapshot:
    if isinstance(rng, torch.Generator):
        return Snapshot(digest(rng.get_state().numpy().tobytes()), stream=("torch", rng.initial_seed()))
    if isinstance(rng, random.Random):
        _, words, gauss = rng.getstate()
        key = array("I", words[:-1]).tobytes()
        return Snapshot(digest(key, (words[-1], gauss)), key)
    state = rng.get_state(legacy=False) if isinstance(rng, np.random.RandomState) else rng.bit_generator.state
    inner = state["state"]
    if state["bit_generator"] == "MT19937":
        rest = (inner["pos"], state.get("has_gauss"), state.get("gauss"))
        key = inner["key"].tobytes()
        return Snapshot(digest(key, rest), key)
    return Snapshot(digest(_plain(state)), None, *_where(state["bit_generator"], state, inner))


def _where(kind: str, state: Any, inner: Any) -> tuple[tuple[Any, ...] | None, Any]:
    if kind in ("PCG64", "PCG64DXSM"):
        return (kind, inner["inc"]), inner["state"]
    if kind == "Philox":
        # A block of four numbers for each value of the counter.
        counter = sum(word << 64 * position for position, word in enumerate(inner["counter"].tolist()))
        return (kind, inner["key"].tobytes()), 4 * counter + state["buffer_pos"]
    if kind == "SFC64":
        return (kind,), tuple(inner["state"].tolist())
    return None, None


@contextmanager
def kept(rngs: list[Any]) -> Iterator[None]:
    """Leave the global states and those of `rngs` as they were."""
    kept = []
    for rng in [*global_rngs().values(), *rngs]:
        with suppress(Exception):  # a class of the user's that does not let
            kept.append((rng, _get(rng)))
    try:
        yield
    finally:
        for rng, state in kept:
            _set(rng, state)


def seed_globals(torch_seed: int, other_seed: int) -> None:
    """Seed torch with one number, NumPy and `random` with another."""
    torch.manual_seed(torch_seed)
    np.random.seed(other_seed)
    random.seed(other_seed)


def digest(*parts: object) -> str:
    """A short fingerprint of bytes and of plain values."""
    found = hashlib.blake2b(digest_size=8)
    for part in parts:
        found.update(part if isinstance(part, bytes) else repr(part).encode())
    return found.hexdigest()


def _get(rng: Any) -> Any:
    if isinstance(rng, np.random.Generator):
        return rng.bit_generator.state
    return rng.getstate() if isinstance(rng, random.Random) else rng.get_state()


def _set(rng: Any, state: Any) -> None:
    if isinstance(rng, np.random.Generator):
        rng.bit_generator.state = state
    elif isinstance(rng, random.Random):
        rng.setstate(state)
    else:
        rng.set_state(state)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return tuple((key, _plain(value[key])) for key in sorted(value))
    return value.tobytes() if isinstance(value, np.ndarray) else value
