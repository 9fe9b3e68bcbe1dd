"""What happens inside a worker: every sample is recorded, with the RNG states before and after it.

Nothing of the user's is wrapped but the ``worker_init_fn``. Once it has run, the recording replaces, in the worker's
own process, what PyTorch makes its fetchers with; so the dataset that worker code and seeders see is the real one.
Source: torch 2.13.0, torch/utils/data/_utils/worker.py (`_worker_loop`) and fetch.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch.utils.data
import torch.utils.data._utils.worker as torch_worker

from reseed.witness.events import Event, Moved, Unit
from reseed.witness.rng_objects import find, module_rngs
from reseed.witness.states import Snapshot, global_rngs, snapshot
from reseed.witness.streams import continues
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
    values: bool
    before_1_9: bool

    def __call__(self, worker_id: int) -> None:
        """Begin to record in this worker."""
        if self.seeder is not None:
            self.seeder(worker_id)
        info: Any = torch.utils.data.get_worker_info()
        start(worker_id, info.dataset, self.values)

    def __reduce__(self) -> tuple[Any, ...]:
        # Unpickled in a worker that was not forked, before its loop begins.
        return _unpickled, (self.seeder, self.values, self.before_1_9)


def _unpickled(seeder: Any, values: bool, before_1_9: bool) -> Recording:
    if before_1_9:
        torch_worker.HAS_NUMPY = False
    return Recording(seeder, values, before_1_9)


@contextmanager
def numpy_unseeded() -> Iterator[None]:
    """Have forked workers leave NumPy's global state as it is, as they did before PyTorch 1.9 (pull request 56488)."""
    had = getattr(torch_worker, "HAS_NUMPY", False)
    torch_worker.HAS_NUMPY = False
    try:
        yield
    finally:
        torch_worker.HAS_NUMPY = had


def start(worker_id: int, dataset: Any, values: bool) -> Callable[[], None]:
    """Record the fetchers that this process makes for `dataset` from now on. The result ends that.

    What the code of `dataset` itself makes, loaders of its own, stays as it is.
    """
    kinds: Any = torch.utils.data._DatasetKind
    create = kinds.create_fetcher
    busy = False

    @contextmanager
    def alone() -> Iterator[None]:
        nonlocal busy
        busy = True
        try:
            yield
        finally:
            busy = False

    def create_recorded(kind: int, of: Any, auto_collation: bool, collate: Any, drop_last: bool) -> Any:
        if busy or of is not dataset:
            return create(kind, of, auto_collation, collate, drop_last)
        recorder = _Recorder(worker_id, dataset, collate, values)
        with alone(), recorder.event("iterator"):
            fetcher = create(kind, dataset, auto_collation, collate, drop_last)
        if hasattr(fetcher, "dataset_iter"):
            recorder.iterates(fetcher.dataset_iter)
            fetcher.dataset_iter = _Steps(fetcher.dataset_iter, recorder)
        else:
            fetcher.dataset = _Items(dataset, recorder)
        fetcher.collate_fn = recorder.collate
        fetch = fetcher.fetch

        def fetch_recorded(indices: Any) -> Records:
            with alone():
                fetch(indices)
            return recorder.flush()

        fetcher.fetch = fetch_recorded
        return fetcher

    def stop() -> None:
        kinds.create_fetcher = staticmethod(create)

    kinds.create_fetcher = staticmethod(create_recorded)
    return stop


class _Recorder:
    def __init__(self, worker: int, dataset: Any, collate: Any, values: bool) -> None:
        self._worker = worker
        self._roots = {"dataset": dataset, "collate_fn": collate}
        self._iterator: dict[str, Any] = {}
        self._collate = collate
        self._module_rngs = module_rngs()
        self._values = values
        self._events: list[Event] = []
        self._states = self._snapshots()

    def iterates(self, iterator: Any) -> None:
        """Look into `iterator`, too."""
        self._iterator["iterator"] = iterator
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
            if now != before.get(name) and not _just_made(name, before)
        }
        found = {}
        if self._values and returned:
            found = fingerprints(returned[0])
        if moved or unit != "iterator":
            self._events.append(Event(unit, index, moved, found))

    def add(self, indices: Any, samples: Any) -> None:
        """Record samples that were made together: each of them where it can be told, which `samples` were made of."""
        listed = list(indices) if issubclass(type(indices), (list, tuple)) else [None]
        several = issubclass(type(samples), (list, tuple)) and len(samples) == len(listed)
        for position, index in enumerate(listed):
            found = fingerprints(samples[position]) if self._values and several else {}
            self._events.append(Event("sample", _plain(index), {}, found))

    def collate(self, data: Any) -> Any:
        size = len(data) if type(data) is list else 1
        with self.event("batch"):
            batch = self._collate(data)
        if self._values:
            self._events += [Event("row", None, {}, row) for row in rows(batch, size)]
        return batch

    def _snapshots(self) -> dict[str, Snapshot]:
        rngs = {**global_rngs(), **find(self._roots, self._module_rngs, self._iterator)}
        return {name: state for name, rng in rngs.items() if (state := snapshot(rng))}


def _just_made(name: str, before: dict[str, Snapshot]) -> bool:
    # What a generator function makes for itself, it may shuffle with before it takes its worker's part: all workers
    # have to do that alike. If it draws more, that is seen.
    return name.startswith("iterator") and name not in before


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
    def __getitems__(self) -> Callable[[Any], Any] | None:
        fetch = getattr(self._dataset, "__getitems__", None)
        if not fetch:
            return None

        def recorded(indices: Any) -> Any:
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
    # The parent gets it, which does not have the user's classes.
    with suppress(Exception):
        item = index.item() if getattr(index, "ndim", None) == 0 else index
        return item if type(item) in (int, str, float, bool, type(None)) else repr(item)
    return None
