"""What samples tell when every worker makes the same ones, each of them twice: which of their values are random, and
which workers share where those come from."""

from __future__ import annotations

from itertools import combinations
from math import comb, log2

from reseed.witness.events import Run
from reseed.witness.verdict import VALUE, Draw, Source

_SURE = 20.0  # bits

_Made = tuple[str, str, str]  # an index, a digest of the value, a text to show


def in_lockstep(run: Run) -> list[Source]:
    """Judge the values of a run in which every worker made the same samples, each of them twice.

    A value that a worker makes differently the second time is random. If another worker makes the same values, in the
    same order, then both draw the same numbers, unless there are so few values that chance does it.
    """
    events = [[event for event in worker if event.unit == "sample"] for epoch in run.epochs[:1] for worker in epoch]
    places = sorted({place for each in events for event in each for place in event.values})
    made = {place: [[(repr(e.index), *e.values[place]) for e in each if place in e.values] for each in events]
            for place in places}  # fmt: skip
    return [source for place, workers in made.items() if (source := _judged(place, workers))]


def _judged(place: str, workers: list[list[_Made]]) -> Source | None:
    if not any(_changes(_pairs(worker)) for worker in workers):
        return None  # not random, or seeded from the index
    groups = list(range(len(workers)))
    for one, other in combinations(groups, 2):
        if _shared(workers[one], workers[other], workers):
            groups[other] = groups[one]
    sharing = {group for group in groups if groups.count(group) > 1}
    numbers: dict[tuple[int, int], int] = {}
    table = tuple(
        tuple(
            Draw(numbers.setdefault((group, turn), len(numbers) + 1) if group in sharing else None, text)
            for turn, (_, _, text) in enumerate(worker)
        )
        for group, worker in zip(groups, workers, strict=True)
    )
    shared = sum(len(worker) for group, worker in zip(groups, workers, strict=True) if group in sharing)
    share = round(shared / sum(map(len, workers)), 4)
    return Source(f"{VALUE}{place}", "value", "lockstep", (table,), share, 0.0, 0.0)


def _shared(one: list[_Made], other: list[_Made], workers: list[list[_Made]]) -> bool:
    length = min(len(one), len(other))
    if [made[:2] for made in one[:length]] != [made[:2] for made in other[:length]]:
        return False
    # All workers tell how often values are equal by chance; but where these two stand still, others do not count.
    distinct = {tuple(made[:2] for made in worker[:length]): worker[:length] for worker in workers}
    everywhere = [pair for worker in distinct.values() for pair in _pairs(worker)]
    bits = min(_bits(_pairs(one[:length])), _bits(everywhere)) * length
    return bits >= _SURE + log2(comb(len(workers), 2))


def _pairs(worker: list[_Made]) -> list[tuple[str, str]]:
    made = zip(worker[::2], worker[1::2], strict=False)
    return [(first, second) for (index, first, _), (again, second, _) in made if index == again]


def _changes(pairs: list[tuple[str, str]]) -> int:
    return sum(first != second for first, second in pairs)


def _bits(pairs: list[tuple[str, str]]) -> float:
    """How much a value tells, by how often it is the same when made again (Krichevsky and Trofimov's estimate)."""
    return -log2((len(pairs) - _changes(pairs) + 0.5) / (len(pairs) + 1))
