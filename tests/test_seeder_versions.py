"""Which torch versions each recipe for a ``worker_init_fn`` is wrong on, as runs on 1.8.1, 1.9.0 and 2.13.0 showed."""

from __future__ import annotations

import pytest

from reseed.check import check_text

PROGRAM = """
import os, random, time
import numpy as np
import torch
from pytorch_lightning import seed_everything
from torch.utils.data import DataLoader, Dataset, get_worker_info

SEED = 7

class Noise(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return np.random.rand(3)

def seed_worker(i):
    {body}

def make_loader():
    return DataLoader(Noise(), num_workers=2, worker_init_fn={given})
"""
CODES = ("RNG211", "RNG212", "RNG213", "RNG214", "RNG215")

# The seed, and what is wrong: same numbers in workers or epochs, a crash; on every torch or before 1.9.
SEEDS = [
    ("torch.initial_seed() % 2**32", None),
    ("(torch.initial_seed() + i) % 2**32", None),
    ("torch.initial_seed() % (2**32 - 1) + i", None),
    ("(torch.initial_seed() + i) % np.iinfo(np.int32).max", None),
    ("get_worker_info().seed % 2**32", None),
    ("np.random.SeedSequence([torch.initial_seed(), i]).generate_state(4)", None),
    ("np.random.SeedSequence([SEED, i]).generate_state(4)", ("RNG213", "any")),
    ("[SEED, i]", ("RNG213", "any")),
    ("random.randint(0, 2**32 - 1)", None),
    ("torch.randint(0, 2**31, (1,)).item()", None),
    ("np.random.get_state()[1][0] + i", ("RNG213", "any")),
    ("int(np.random.get_state()[1][0]) + i", ("RNG213", "any")),
    ("np.random.get_state()[1][0]", ("RNG212", "any")),
    ("np.random.get_state()[1][5]", ("RNG212", "<1.9")),
    ("np.random.get_state()[1][5] % 1000 + i", ("RNG213", "<1.9")),
    ("i", ("RNG213", "any")),
    ("42 + i", ("RNG213", "any")),
    ("SEED + i", ("RNG213", "any")),
    ("42", ("RNG212", "any")),
    ("np.random.randint(0, 2**31 - 1)", ("RNG212", "<1.9")),
    ("int(np.random.uniform() * 1000)", ("RNG212", "<1.9")),
    ("np.random.choice(1000)", ("RNG212", "<1.9")),
    ("np.random.randint(0, 2**31 - 1) + i", ("RNG213", "<1.9")),
    ("np.random.randint(0, 1000) * 100 + i", ("RNG213", "<1.9")),
    ("None", None),
    ("os.getpid()", None),
    ("int(time.time())", ("RNG212", "any")),
    ("torch.initial_seed()", ("RNG214", "any")),
]
GIVEN = [
    ("np.random.seed", ("RNG213", "any")),
    ("seed_everything", ("RNG213", "any")),
    ("seed_everything(42)", ("RNG211", "any")),
]


def found(body: str, given: str) -> tuple[str, str] | None:
    """The one finding about the seeder, with the versions that it holds for."""
    rows = check_text("train.py", PROGRAM.format(body=body, given=given))
    told = [(finding.code, finding.torch) for finding in rows if finding.code in CODES]
    assert len(told) < 2
    return told[0] if told else None


@pytest.mark.parametrize(("seed", "wrong"), SEEDS)
def test_versions_that_a_seed_is_wrong_on(seed: str, wrong: tuple[str, str] | None) -> None:
    assert found(f"np.random.seed({seed})", "seed_worker") == wrong


@pytest.mark.parametrize(("given", "wrong"), GIVEN)
def test_versions_that_a_function_is_wrong_on(given: str, wrong: tuple[str, str] | None) -> None:
    assert found("pass", given) == wrong


def test_a_seeder_that_seeds_nothing_is_wrong_before_1_9() -> None:
    assert found("torch.set_num_threads(1)", "seed_worker") == ("RNG215", "<1.9")
