"""How long the stages of a run take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Stage:
    """What is being counted. The name may be changed for as long as it is."""

    name: str


class Stopwatch:
    """Adds up wall time by stage, in seconds. A stage inside another one is not counted twice."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inner: list[float] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Count what the block takes as `name`."""
        stage = Stage(name)
        begin = time.perf_counter()
        self._inner.append(0.0)
        try:
            yield stage
        finally:
            taken = time.perf_counter() - begin
            own = taken - self._inner.pop()
            self.seconds[stage.name] = self.seconds.get(stage.name, 0.0) + own
            if self._inner:
                self._inner[-1] += taken
