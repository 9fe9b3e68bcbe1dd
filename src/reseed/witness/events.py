"""What a run of a loader shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["sample", "samples", "batch", "row", "iterator"]


@dataclass(frozen=True, slots=True)
class Moved:
    """An RNG state that worker code moved: digests of it before and after.

    `before` is None if the state was seeded on the way, so that what it was before did not matter.
    """

    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that worker code did: made a sample, several at once, a batch, a row of it, or an iterator.

    `index` is what the sampler asked for, None where there is none. `values` are a digest and a text, empty unless it
    is short, of each leaf of what was returned, by its place in it.
    """

    unit: Unit
    index: object
    moved: dict[str, Moved]
    values: dict[str, tuple[str, str]]


Epoch = tuple[tuple[Event, ...], ...]
"""The events of each worker, in their order."""


@dataclass(frozen=True, slots=True)
class Crash:
    """An error that ended a run. `worker` is None where it was raised outside of workers, or killed one."""

    kind: str
    message: str
    worker: int | None = None
    traceback: str = ""


@dataclass(slots=True)
class Run:
    """What one run showed, and of what: `start_method` is None without workers, `indexed` tells a map-style dataset."""

    start_method: str | None = None
    workers: int = 0
    persistent_workers: bool = False
    indexed: bool = False
    epochs: list[Epoch] = field(default_factory=list)
    crash: Crash | None = None
