"""What happens inside a worker: every sample is recorded, with the RNG states before and after it.

Nothing of the user's is wrapped but the ``worker_init_fn``. Once it has run, the recording replaces, in the worker's
own process, what PyTorch makes its fetchers with; so the dataset that worker code and seeders see is the real one.
Source: torch 2.13.0, torch/utils/data/_utils/worker.py (`_worker_loop`) and fetch.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch.utils.data
import torch.utils.data._utils.worker as torch_worker

from reseed.witness.events import Event, Moved, Unit
from reseed.witness.rng_objects import find
from reseed.witness.states import Snapshot, continues, global_rngs, snapshot
from reseed.witness.values import fingerprints, rows


@dataclass(frozen=True, slots=True)
class Records:
    """What a recording worker sends in place of a batch."""

    worker: int
    events: tuple[Event, ...]


@dataclass(slots=True)
class Recording:
    """A ``worker_init_fn`` that runs the loader's own and then records. It can be pickled if that one can."""

    seeder: Callable[[int], object] | None
    library_rngs: dict[str, tuple[str, str]]
    values: bool
    before_1_9: bool

    def __call__(self, worker_id: int) -> None:
        """Begin to record in this worker."""
        if self.seeder is not None:
            self.seeder(worker_id)
        start(worker_id, self.library_rngs, self.values)

    def __reduce__(self) -> tuple[Any, ...]:
        # Unpickled in a worker that was not forked, before its loop begins.
        return _unpickled, (self.seeder, self.library_rngs, self.values, self.before_1_9)


def _unpickled(seeder: Any, library_rngs: dict[str, tuple[str, str]], values: bool, before_1_9: bool) -> Recording:
    if before_1_9:
        torch_worker.HAS_NUMPY = False
    return Recording(seeder, library_rngs, values, before_1_9)


@contextmanager
def numpy_unseeded() -> Iterator[None]:
    """Have forked workers leave NumPy's global state as it is, as they did before PyTorch 1.9 (pull request 56488)."""
    had = getattr(torch_worker, "HAS_NUMPY", False)
    torch_worker.HAS_NUMPY = False
    try:
        yield
    finally:
        torch_worker.HAS_NUMPY = had


def start(worker_id: int, library_rngs: dict[str, tuple[str, str]], values: bool) -> Callable[[], None]:
    """Record every fetcher that this process makes from now on. The result ends that."""
    kinds: Any = torch.utils.data._DatasetKind
    create = kinds.create_fetcher

    def create_recorded(kind: int, dataset: Any, auto_collation: bool, collate: Any, drop_last: bool) -> Any:
        recorder = _Recorder(worker_id, dataset, collate, library_rngs, values)
        with recorder.event("iterator"):
            fetcher = create(kind, dataset, auto_collation, collate, drop_last)
        if hasattr(fetcher, "dataset_iter"):
            fetcher.dataset_iter = _Steps(fetcher.dataset_iter, recorder)
        else:
            fetcher.dataset = _Items(dataset, recorder)
        fetcher.collate_fn = recorder.collate
        fetch = fetcher.fetch

        def fetch_recorded(indices: Any) -> Records:
            fetch(indices)
            return recorder.flush()

        fetcher.fetch = fetch_recorded
        return fetcher

    def stop() -> None:
        kinds.create_fetcher = staticmethod(create)

    kinds.create_fetcher = staticmethod(create_recorded)
    return stop


class _Recorder:
    def __init__(
        self, worker: int, dataset: Any, collate: Any, library_rngs: dict[str, tuple[str, str]], values: bool
    ) -> None:
        self._worker = worker
        self._roots = {"dataset": dataset, "collate_fn": collate}
        self._library_rngs = library_rngs
        self._values = values
        self._events: list[Event] = []
        self._states = self._snapshots()

    def flush(self) -> Records:
        events, self._events = self._events, []
        return Records(self._worker, tuple(events))

    @contextmanager
    def event(self, unit: Unit, index: object = None) -> Iterator[list[Any]]:
        """Record what the block does. Whatever it appends to the list was returned."""
        before = self._states
        returned: list[Any] = []
        yield returned
        self._states = self._snapshots()
        moved = {
            name: Moved(_origin(before.get(name), now), now.digest)
            for name, now in self._states.items()
            if now != before.get(name)
        }
        found = {}
        if self._values and returned:
            found = fingerprints(returned[0])
        if moved or unit != "iterator":
            self._events.append(Event(unit, index, moved, found))

    def add(self, indices: list[Any], samples: list[Any]) -> None:
        """Record samples that were made together."""
        for index, sample in zip(indices, samples, strict=False):
            found = fingerprints(sample) if self._values else {}
            self._events.append(Event("sample", _plain(index), {}, found))

    def collate(self, data: Any) -> Any:
        with self.event("batch"):
            batch = self._roots["collate_fn"](data)
        if self._values:
            size = len(data) if isinstance(data, list) else 1
            self._events += [Event("row", None, {}, row) for row in rows(batch, size)]
        return batch

    def _snapshots(self) -> dict[str, Snapshot]:
        rngs = {**global_rngs(), **find(self._roots, self._library_rngs)}
        return {name: snapshot(rng) for name, rng in rngs.items()}


def _origin(before: Snapshot | None, after: Snapshot) -> str | None:
    return before.digest if before is not None and continues(before, after) else None


class _Items:
    """A map-style dataset as its fetcher sees it."""

    def __init__(self, dataset: Any, recorder: _Recorder) -> None:
        self._dataset = dataset
        self._recorder = recorder

    def __getitem__(self, index: Any) -> Any:
        with self._recorder.event("sample", _plain(index)) as returned:
            returned.append(self._dataset[index])
        return returned[0]

    @property
    def __getitems__(self) -> Callable[[list[Any]], Any] | None:
        fetch = getattr(self._dataset, "__getitems__", None)
        if not fetch:
            return None

        def recorded(indices: list[Any]) -> Any:
            with self._recorder.event("samples"):
                samples = fetch(indices)
            self._recorder.add(indices, samples)
            return samples

        return recorded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dataset, name)


class _Steps:
    """An iterator over an iterable dataset as its fetcher sees it."""

    def __init__(self, iterator: Any, recorder: _Recorder) -> None:
        self._iterator = iterator
        self._recorder = recorder

    def __iter__(self) -> _Steps:
        return self

    def __next__(self) -> Any:
        with self._recorder.event("sample") as returned:
            returned.append(next(self._iterator))
        return returned[0]


def _plain(index: Any) -> object:
    item = getattr(index, "item", None)
    return item() if callable(item) and getattr(index, "ndim", None) == 0 else repr(index)
