"""What a testimony says of given runs. No torch is needed for that."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from reseed.witness.events import Crash, Event, Moved, Run
from reseed.witness.lockstep import in_lockstep
from reseed.witness.text import describe
from reseed.witness.verdict import Testimony, sources


def drawn(*states: tuple[str | None, str]) -> tuple[Event, ...]:
    return tuple(Event("sample", None, {"numpy-global": Moved(*state)}, {}) for state in states)


def of(*epochs: tuple[tuple[Event, ...], ...], crash: Crash | None = None) -> Testimony:
    found = tuple(sources(Run(epochs=list(epochs)), values=False))
    return Testimony("2.13.0", "2.4.6", True, "fork", False, 2, len(epochs), 4, found, crash, 2)


FIRST = drawn(("s", "t"), ("t", "u"))


@pytest.mark.parametrize(
    ("epochs", "letters"),
    [
        ([(FIRST, FIRST), (FIRST, FIRST)], "W E"),
        ([(FIRST, drawn(("v", "w")))], "ok"),
        ([(FIRST, drawn(("v", "w"))), (drawn(("x", "y")), FIRST)], "E"),
        ([(FIRST, drawn(("s", "other")))], "W"),  # the same state, more numbers taken from it
        ([(drawn((None, "t")), drawn((None, "t")))], "W"),  # seeded alike
        ([(drawn((None, "t")), drawn((None, "u")))], "ok"),  # seeded each its own way
        ([(drawn(("s", "t")), drawn(("t", "u")))], "ok"),  # one goes on where the other ended: no number twice
        ([((), ())], "ok"),
    ],
)
def test_letters(epochs: list[tuple[tuple[Event, ...], ...]], letters: str) -> None:
    assert of(*epochs).letters == letters


def test_a_constant_seed_is_seen_within_one_worker() -> None:
    testimony = of((drawn((None, "t"), (None, "t")), ()))
    assert testimony.letters == "ok" and not testimony.independent
    assert testimony.faults() == ["numpy-global: 100% of the draws of an epoch are made before by the same worker"]


def test_table() -> None:
    testimony = of((FIRST, drawn(("s", "t"), ("z", "zz"))), (FIRST, drawn(("a", "b"))))
    assert list(describe(testimony)) == [
        "torch 2.13.0, behaving as before 1.9, NumPy 2.4.6: 2 workers (fork), 2 epochs, 4 samples",
        "",
        "numpy-global",
        "           worker 0  worker 1",
        "epoch 1    a b       a .",
        "epoch 2    a b       .",
        "",
        "numpy-global: 29% of the draws of an epoch are made by another worker, too",
        "numpy-global: 67% of the draws of later epochs repeat an earlier epoch",
        "FAILED: draws are not independent",
    ]


@pytest.mark.parametrize(
    ("sampling", "samples", "epoch", "told"),
    [
        (2, 4, (FIRST, drawn(("v", "w"))), "PASSED: every draw was made once"),
        (2, 4, ((), ()), "PASSED, but nothing random was seen"),
        (1, 4, (FIRST, ()), "PASSED, but no two workers made samples, so that none could draw what another does"),
        (0, 0, ((), ()), "FAILED: there is nothing to see"),
    ],
)
def test_what_was_not_seen_is_told(
    sampling: int, samples: int, epoch: tuple[tuple[Event, ...], ...], told: str
) -> None:
    assert list(describe(replace(of(epoch), sampling=sampling, samples=samples)))[-1] == told


def test_crash_is_told() -> None:
    lines = list(describe(of(crash=Crash("ValueError", "too large", 1, "Traceback: ..."))))
    assert lines[-4:] == ["Traceback: ...", "", "ValueError in worker 1: too large", "FAILED: a worker crashed"]


def made(values: Callable[[random.Random], object], seeds: list[int], samples: int = 16) -> float:
    """The share of duplicated draws where workers with these seeds make the same samples twice."""
    workers = []
    for rng in map(random.Random, seeds):
        texts = [str(values(rng)) for _ in range(2 * samples)]
        workers.append(
            tuple(Event("sample", turn // 2, {}, {"": (f"{turn // 2} {text}", "")}) for turn, text in enumerate(texts))
        )
    return sum(source.duplicated for source in in_lockstep(Run(epochs=[tuple(workers)])))


def flip(rng: random.Random) -> bool:
    return rng.random() < 0.5


def seldom(rng: random.Random) -> bool:
    return rng.random() < 0.05


@pytest.mark.parametrize("workers", [2, 4, 8, 16])
@pytest.mark.parametrize("samples", [4, 8, 16])
@pytest.mark.parametrize("values", [flip, seldom])
def test_values_that_are_equal_by_chance(values: Callable[[random.Random], object], samples: int, workers: int) -> None:
    for seed in range(50):
        assert made(values, [100 * seed + worker for worker in range(workers)], samples) == 0


@pytest.mark.parametrize(
    ("values", "seeds", "share"),
    [
        (random.Random.random, [1, 1], 1),
        (random.Random.random, [1, 2, 1, 3], 0.5),
        (flip, [1] * 8, 1),
        (flip, [1, 2, 3, 4, 5, 1], 0.3333),
        (seldom, [1] * 4, 0),  # too little is seen of it
        (lambda rng: 3, [1, 2], 0),
    ],
)
def test_values_that_workers_share(values: Callable[[random.Random], object], seeds: list[int], share: float) -> None:
    assert made(values, seeds) == share


def test_importing_the_witness_imports_neither_torch_nor_numpy() -> None:
    check = "import sys, reseed.witness; assert not {'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
