"""What runs show: which draws are the same in several workers, in several epochs, in several runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal

from reseed.witness.events import Crash, Event, Run

Repeatable = Literal["yes", "all-seeds", "no"]

VALUE = "value"
"""How the name of a value's source begins."""


@dataclass(frozen=True, slots=True)
class Draw:
    """One sample's draw. `same` numbers the draws that are equal, None where there is no other like this one."""

    same: int | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """What samples drew from: an RNG state, or a value that they returned.

    `epochs` are the draws by epoch and worker. `duplicated` is the share of draws that another worker made in the same
    epoch, `repeated` that of the draws after the first epoch which an earlier epoch had, `constant` that of draws which
    the same worker made before in the same epoch. `repeatable` tells if a run repeats under ``torch.manual_seed``
    ("yes"), only when NumPy and `random` are seeded as well ("all-seeds"), or never ("no"). `ignores_seed` tells if
    other seeds give the same draws. Both are None where that was not looked at.
    """

    name: str
    kind: Literal["state", "value"]
    unit: str
    epochs: tuple[tuple[tuple[Draw, ...], ...], ...]
    duplicated: float
    repeated: float
    constant: float
    repeatable: Repeatable | None = None
    ignores_seed: bool | None = None

    def faults(self, epochs_may_repeat: bool = False, reproducible: bool = False) -> list[str]:
        """Say in one sentence each what is wrong."""
        found = []
        if self.duplicated:
            found.append(f"{self.duplicated:.0%} of the draws of an epoch are made by another worker, too")
        if self.constant:
            found.append(f"{self.constant:.0%} of the draws of an epoch are made before by the same worker")
        if self.repeated and not epochs_may_repeat:
            found.append(f"{self.repeated:.0%} of the draws of later epochs repeat an earlier epoch")
        if reproducible and self.repeatable == "all-seeds":
            found.append("torch.manual_seed does not repeat a run, unless NumPy and random are seeded as well")
        if reproducible and self.repeatable == "no":
            found.append("no seed repeats a run")
        if reproducible and self.ignores_seed:
            found.append("torch.manual_seed does not change the draws")
        return [f"{self.name}: {fault}" for fault in found]


@dataclass(frozen=True, slots=True)
class Testimony:
    """What `reseed.witness.witness` saw. `start_method` is None for a loader without workers.

    `sampling` is the number of workers that made samples.
    """

    __test__: ClassVar[bool] = False  # for pytest, which collects classes whose names begin with "Test"

    torch: str
    numpy: str
    before_1_9: bool
    start_method: str | None
    persistent_workers: bool
    workers: int
    epochs: int
    samples: int
    sources: tuple[Source, ...]
    crash: Crash | None = None
    sampling: int = 0

    @property
    def independent(self) -> bool:
        """Whether samples were made, nothing crashed, and no draw was made twice: by two workers, or by one of them."""
        return not self.faults()

    @property
    def letters(self) -> str:
        """``W``: duplicated between workers, ``E``: epochs repeat, ``X``: a crash; ``ok`` for none of them."""
        if self.crash:
            return "X"
        worker = any(source.duplicated for source in self.sources)
        epoch = any(source.repeated for source in self.sources)
        return " ".join(letter for letter, holds in (("W", worker), ("E", epoch)) if holds) or "ok"

    def faults(self, epochs_may_repeat: bool = False, reproducible: bool = False) -> list[str]:
        """Say in sentences what is wrong, one for each source, or a crash, or that there was nothing to see."""
        if self.crash:
            where = f" in worker {self.crash.worker}" if self.crash.worker is not None else ""
            return [f"{self.crash.kind}{where}: {self.crash.message}"]
        if not self.samples:
            return ["the loader gave no sample"]
        return [fault for source in self.sources for fault in source.faults(epochs_may_repeat, reproducible)]

    def as_dict(self) -> dict[str, object]:
        """Give all of it as plain data, as ``--output-format json`` prints it."""
        return {"version": 1, "independent": self.independent, **asdict(self)}


def sources(run: Run, values: bool) -> list[Source]:
    """Judge one run by itself, by the values that it returned only if `values` says so.

    What was returned tells of draws only where it is made of nothing else: a label is equal in all epochs, too.
    """
    found = [
        _source(name, "state", "draw", run, lambda event, name=name: _moves(event, name))  # type: ignore[misc]
        for name in _states(run)
    ]
    for place in _places(run, "row") if values else ():
        found.append(_source(_title(place), "value", "row", run, lambda e, p=place: _returns(e, "row", p)))  # type: ignore[misc]
    return found


def draws(run: Run, source: Source) -> list[list[list[Hashable]]]:
    """What this or another run of a program drew from a source, by epoch and worker, to be compared."""

    def drawn(event: Event) -> Hashable:
        if source.kind == "state":
            return event.moved.get(source.name)
        return event.values.get(source.name.removeprefix(VALUE)) if event.unit == source.unit else None

    return [[[it for event in worker if (it := drawn(event))] for worker in epoch] for epoch in run.epochs]


def _events(run: Run) -> Iterator[Event]:
    return (event for epoch in run.epochs for worker in epoch for event in worker)


def _states(run: Run) -> list[str]:
    return sorted({name for event in _events(run) for name in event.moved})


def _places(run: Run, unit: str) -> list[str]:
    return sorted({place for event in _events(run) if event.unit == unit for place in event.values})


def _title(place: str) -> str:
    return f"{VALUE}{place}"


_Keyed = tuple[list[Hashable], str]  # draws that have a key in common are the same; a text to show


def _moves(event: Event, name: str) -> _Keyed | None:
    moved = event.moved.get(name)
    if moved is None:
        return None
    texts = [text for _, text in event.values.values()]
    keys: list[Hashable] = [("after", moved.after)]
    if moved.before:
        keys.append(("before", moved.before))
    return keys, texts[0] if len(texts) == 1 else ""


def _returns(event: Event, unit: str, place: str) -> _Keyed | None:
    found = event.values.get(place) if event.unit == unit else None
    return ([found[0]], found[1]) if found else None


def _source(
    name: str, kind: Literal["state", "value"], unit: str, run: Run, read: Callable[[Event], _Keyed | None]
) -> Source:
    keyed = [[[found for event in worker if (found := read(event))] for worker in epoch] for epoch in run.epochs]
    groups = _Groups()
    for epoch, workers in enumerate(keyed):
        for worker, each in enumerate(workers):
            for keys, _ in each:
                groups.add((epoch, worker), keys)
    duplicated = repeated = constant = total = later = 0
    for epoch, workers in enumerate(keyed):
        for worker, each in enumerate(workers):
            for keys, _ in each:
                places = groups.places(keys)
                total += 1
                later += epoch > 0
                duplicated += any(e == epoch and w != worker for e, w in places)
                repeated += any(e < epoch for e, w in places)
                constant += places.count((epoch, worker)) > 1
    table = tuple(
        tuple(tuple(Draw(groups.number(keys), text) for keys, text in each) for each in workers) for workers in keyed
    )
    return Source(name, kind, unit, table, _share(duplicated, total), _share(repeated, later), _share(constant, total))


class _Groups:
    """Draws that are the same, found by the keys that they have in common (union-find)."""

    def __init__(self) -> None:
        self._parents: dict[Hashable, Hashable] = {}
        self._places: dict[Hashable, list[tuple[int, int]]] = {}
        self._numbers: dict[Hashable, int] = {}

    def add(self, place: tuple[int, int], keys: list[Hashable]) -> None:
        roots = {self._root(key): None for key in keys}
        first, *others = roots
        for other in others:
            self._parents[other] = first
            self._places[first] = self._places.pop(first, []) + self._places.pop(other, [])
        self._places.setdefault(first, []).append(place)

    def places(self, keys: list[Hashable]) -> list[tuple[int, int]]:
        return self._places[self._root(keys[0])]

    def number(self, keys: list[Hashable]) -> int | None:
        root = self._root(keys[0])
        if len(self._places[root]) < 2:
            return None
        return self._numbers.setdefault(root, len(self._numbers) + 1)

    def _root(self, key: Hashable) -> Hashable:
        while (parent := self._parents.setdefault(key, key)) != key:
            key = parent
        return key


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
