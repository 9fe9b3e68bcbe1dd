"""Fixtures that are more than a loader are run as they are: loops over epochs, several ranks, streams.

What they give must show what their codes claim: an epoch that repeats (RNG231), ranks that draw the same numbers
(RNG221), samples that come from every worker (RNG301), an order that other draws change (RNG401).
"""

from __future__ import annotations

import os
import re
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from oracle import FIXTURES, codes, marked, read

pytest.importorskip("torch", reason="torch is not installed: tox -e witness runs these tests")

import torch

from reseed.witness.apart import apart
from reseed.witness.target import make

Sample = list[float]
Epoch = list[list[Sample]]
"""Batches of samples; each number of a sample comes from another RNG, or says which item it is."""


def programs(folder: str) -> list[str]:
    return sorted(path.relative_to(FIXTURES).as_posix() for path in (FIXTURES / folder).glob("*.py"))


def run(name: str, function: str, before_1_9: bool = False, draws: int = 0, **environment: str) -> Any:
    """What a program gives, in a process of its own; `before_1_9` as PyTorch was before it seeded NumPy.

    Something else takes as many `draws` from torch, when the program begins and each time it has seeded torch.
    """

    def program() -> Any:
        os.environ.update(environment)
        torch.utils.data._utils.worker.HAS_NUMPY = not before_1_9
        seed = torch.manual_seed

        def seed_and_draw(number: int) -> torch.Generator:
            generator = seed(number)
            torch.rand(draws)
            return generator

        torch.manual_seed = seed_and_draw
        torch.manual_seed(7)
        import numpy as np

        np.random.seed(7)  # NumPy >= 2 imports this lazily: it has to be there before any fork
        found = make(f"{FIXTURES / name}:{function}")
        return found if function == "run" else [batch.tolist() for batch in found]

    return apart(program, 120)


def columns(epoch: Epoch) -> Iterator[list[list[float]]]:
    """For each number of a sample what all batches have of it."""
    for index in range(len(epoch[0][0])):
        yield [[sample[index] for sample in batch] for batch in epoch]


def letters(epochs: list[Epoch]) -> str:
    """``W`` where two batches of an epoch, which come from two workers, have the same numbers, ``E`` for epochs."""
    shared = any(
        batches[0] == batches[1] for epoch in epochs if len(epoch) > 1 for batches in columns(epoch) if batches
    )
    repeated = any(
        list(columns(one))[index] == list(columns(other))[index]
        for position, one in enumerate(epochs)
        for other in epochs[:position]
        for index in range(len(one[0][0]))
    )
    return " ".join(["W"] * shared + ["E"] * repeated) or "ok"


@pytest.mark.parametrize("name", [*programs("parent"), "linked/epochs/train.py", "linked/epochs/train_by_epoch.py"])
def test_epochs_repeat_where_the_codes_claim_it(name: str) -> None:
    text = read(FIXTURES / name)
    found = codes(text)
    numpy = bool(found & {"RNG101", "RNG201"})
    wanted = marked(text) or (
        "W E" if numpy else "E" if "RNG231" in found else "ok",
        "E" if "RNG231" in found else "ok",
    )
    assert (letters(run(name, "run", True)), letters(run(name, "run"))) == wanted


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.mark.parametrize("name", programs("ranks"))
def test_ranks_draw_the_same_where_the_codes_claim_it(name: str) -> None:
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    with ThreadPoolExecutor(2) as pool:
        ranks = pool.map(lambda rank: run(name, "run", RANK=rank, LOCAL_RANK=rank, **group), ("0", "1"))
        first, second = (list(columns(epochs[0])) for epochs in ranks)
    same = any(one == other for one, other in zip(first, second, strict=True))
    assert same == ("RNG221" in codes(read(FIXTURES / name)))


@pytest.mark.parametrize("name", programs("iterables"))
def test_samples_come_from_every_worker_where_the_codes_claim_it(name: str) -> None:
    text = read(FIXTURES / name)
    times = Counter(sample[0] for batch in run(name, "make_loader") for sample in batch)
    (workers,) = re.findall(r"num_workers=(\d)", text)
    assert times
    repeated = int(workers) > 1 and all(number % int(workers) == 0 for number in times.values())
    assert repeated == ("RNG301" in codes(text)), times


@pytest.mark.parametrize("name", programs("shuffling"))
def test_other_draws_change_the_order_where_the_codes_claim_it(name: str) -> None:
    changes = run(name, "run") != run(name, "run", draws=1)
    assert changes == ("RNG401" in codes(read(FIXTURES / name)))
