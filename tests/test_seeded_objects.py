"""What the rules say of seeders that make or seed RNG objects: one row a seeder."""

from __future__ import annotations

import textwrap

import pytest

from reseed.check import check_text

PROGRAM = """
import os, random, time
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Subset, get_worker_info

class D(Dataset):
    def __init__(self, seed=3):
        self.rng = np.random.default_rng(seed)
        self.other = np.random.default_rng(seed)
        self.py = random.Random(seed)
        self.gen = torch.Generator()
        self.seed = seed
        self.moved = seed

    def move(self, by):
        self.moved = self.moved + by

    def reset(self, number):
        self.rng = np.random.default_rng(self.seed + number)

    def own(self):
        return np.random.default_rng(torch.randint(2**63 - 1, ()).item())

    def __getitem__(self, i):
        return {draw}

{seeder}

loader = DataLoader({dataset}, num_workers=2, worker_init_fn=w{more})
"""
RNG, PY, GEN = "self.rng.random()", "self.py.random()", "torch.rand(2, generator=self.gen)"

# The body of the seeder, what is drawn, and the codes of the loader.
SEEDERS = {
    "the worker's number": ("info.dataset.rng = np.random.default_rng(i)", RNG, "RNG213"),
    "of the stdlib": ("info.dataset.py = random.Random(7 + i)", PY, "RNG213"),
    "a seed called by method": ("info.dataset.py.seed(i)", PY, "RNG213"),
    "a string": ("info.dataset.py.seed('worker' + str(i))", PY, "RNG213"),
    "a generator made and seeded": ("info.dataset.gen = torch.Generator().manual_seed(i)", GEN, "RNG213"),
    "a generator seeded later": ("g = torch.Generator()\ng.manual_seed(5)\ninfo.dataset.gen = g", GEN, "RNG212"),
    "by the dataset's method": ("info.dataset.reset(i)", RNG, "RNG213"),
    "the dataset's seed alone": ("info.dataset.rng = np.random.default_rng(info.dataset.seed)", RNG, "RNG212"),
    "a bit generator": ("info.dataset.rng = np.random.Generator(np.random.PCG64(i))", RNG, "RNG213"),
    "coarse clock": ("info.dataset.rng = np.random.default_rng(int(time.time()))", RNG, "RNG212"),
    "drawn from NumPy": ("info.dataset.rng = np.random.default_rng(np.random.randint(2**31))", RNG, "RNG212 <1.9"),
    "children of a sequence": (
        "a, b = np.random.SeedSequence([5, i]).spawn(2)\ninfo.dataset.rng = np.random.default_rng(a)",
        RNG,
        "RNG213",
    ),
    "states of a child": (
        "child = np.random.SeedSequence(5).spawn(4)[i]\n"
        "info.dataset.rng = np.random.default_rng(child.generate_state(2))",
        RNG,
        "RNG213",
    ),
    "the worker's seed": ("info.dataset.rng = np.random.default_rng(info.seed)", RNG, ""),
    "the worker's seed in a list": ("info.dataset.rng = np.random.default_rng([i, info.seed])", RNG, ""),
    "seeded twice, right in the end": ("info.dataset.py.seed(i)\ninfo.dataset.py.seed(info.seed)", PY, ""),
    "entropy": ("info.dataset.rng = np.random.default_rng()", RNG, ""),
    "entropy of a sequence": ("info.dataset.rng = np.random.default_rng(np.random.SeedSequence())", RNG, ""),
    "None": ("info.dataset.rng = np.random.default_rng(None)", RNG, ""),
    "pid": ("info.dataset.rng = np.random.default_rng(os.getpid())", RNG, ""),
    "unknown": ("info.dataset.rng = np.random.default_rng(unknown(i))", RNG, ""),
    "what may move": ("info.dataset.rng = np.random.default_rng([info.dataset.moved, i])", RNG, ""),
    "an option": ("info.dataset.rng = np.random.default_rng(int(os.environ.get('SEED')) + i)", RNG, "RNG213"),
    "never drawn from": ("info.dataset.extra = np.random.default_rng(i)", "i", ""),
    "made by the item": ("info.dataset.rng = np.random.default_rng(i)", "self.own().random()", ""),
    "dropped": ("rng = np.random.default_rng(i)\nrng.random()", "i", ""),
}


def codes(seeder: str, draw: str, dataset: str = "D()", more: str = "") -> str:
    """The codes about seeders, each with its versions where it does not hold for all."""
    body = textwrap.indent(f"info = get_worker_info()\n{seeder}", "    ")
    text = PROGRAM.format(seeder=f"def w(i):\n{body}", draw=draw, dataset=dataset, more=more)
    found = [each for each in check_text("m.py", text) if each.code in ("RNG212", "RNG213")]
    return " ".join(each.code + (f" {each.torch}" if each.torch != "any" else "") for each in found)


@pytest.mark.parametrize("name", SEEDERS)
def test_seeders_of_objects(name: str) -> None:
    seeder, draw, wanted = SEEDERS[name]
    assert codes(seeder, draw) == wanted


@pytest.mark.parametrize(
    ("dataset", "more", "wanted"),
    [
        ("D()", ", persistent_workers=True", ""),
        ("D()", ", **unknown()", ""),
        ("Subset(D(), [1])", "", ""),  # the wrapper gets the attribute: RNG219
        ("D(seed=unknown())", "", "RNG213"),
    ],
)
def test_loaders_whose_seeder_makes_an_object(dataset: str, more: str, wanted: str) -> None:
    assert codes("info.dataset.rng = np.random.default_rng(i)", RNG, dataset, more) == wanted


def test_a_state_of_the_process_and_an_object_are_one_finding() -> None:
    body = "    np.random.seed(i)\n    get_worker_info().dataset.rng = np.random.default_rng(i)"
    draw = "self.rng.random() + np.random.rand()"
    text = PROGRAM.format(seeder=f"def w(i):\n{body}", draw=draw, dataset="D()", more="")
    (found,) = (each for each in check_text("m.py", text) if each.code == "RNG213")
    assert "NumPy's global state and an RNG object (`numpy.random.Generator`)" in found.message
    assert found.state == "numpy-global" and found.fixable and len(found.draws) == 2


def test_the_seed_of_an_object_has_no_repair() -> None:
    body = "    get_worker_info().dataset.rng = np.random.default_rng(i)"
    text = PROGRAM.format(seeder=f"def w(i):\n{body}", draw=RNG, dataset="D()", more="")
    (found,) = (each for each in check_text("m.py", text) if each.code == "RNG213")
    assert not found.fixable and found.obstacle == "the seed of an RNG object is not rewritten"
