"""What the rules say of a loader and its seeder: one row a seeder, of a kind that projects have."""

from __future__ import annotations

import pytest

from reseed.check import check_text
from reseed.rules.finding import Finding

HEAD = """
import os, random, time, argparse
from functools import partial
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info
from torchvision import transforms
class NP(Dataset):
    def __getitem__(self, i): return np.random.rand()
class PY(Dataset):
    def __getitem__(self, i): return random.random()
class TO(Dataset):
    def __getitem__(self, i): return torch.rand(1)
class TV(Dataset):
    def __init__(self):
        self.t = transforms.Compose([transforms.Resize(3), transforms.RandomCrop(2)])
    def __getitem__(self, i): return self.t(i)
class QUIET(Dataset):
    def __getitem__(self, i): return i
"""

# A seeder `w`, a dataset, and the codes of the loader that has both.
SEEDERS = {
    "id in f(str)": (
        "def w(i): np.random.seed(int(str(i)))\n",
        "NP()",
        "RNG213",
    ),
    "hash of name": (
        "def w(i): np.random.seed(abs(hash('worker%d' % i)) % 2**32)\n",
        "NP()",
        "RNG213",
    ),
    "py wrong": (
        "def w(i):\n    np.random.seed(torch.initial_seed() % 2**32)\n    random.seed(i)\n",
        "PY()",
        "RNG213",
    ),
    "all by helper": (
        "def ss(s):\n    random.seed(s); np.random.seed(s); torch.manual_seed(s)\ndef w(i): ss(i + 1)\n",
        "QUIET()",
        "",
    ),
    "torch via compose": (
        "def w(i): torch.manual_seed(0)\n",
        "TV()",
        "RNG212",
    ),
    "torch via compose numpy seeds": (
        "def w(i): np.random.seed(0)\n",
        "TV()",
        "",
    ),
    "global info var": (
        "def w(i):\n    info = get_worker_info()\n    seed = info.seed % 2**32\n"
        "    np.random.seed(seed); random.seed(seed)\n",
        "NP()",
        "",
    ),
    "worker_seed int32 mod": (
        "def w(worker_id):\n    worker_seed = torch.initial_seed() % (2**31 - 1)\n"
        "    np.random.seed(worker_seed + worker_id)\n",
        "NP()",
        "",
    ),
    "cond none": (
        "def w(i, base=None):\n    if base is None:\n        base = torch.initial_seed() % 2**31\n"
        "    np.random.seed(base + i)\n",
        "NP()",
        "",
    ),
    "rank": (
        "def w(i):\n    rank = torch.distributed.get_rank()\n    np.random.seed(rank * 100 + i)\n",
        "NP()",
        "",
    ),
    "env rank": (
        "def w(i):\n    np.random.seed(int(os.environ['RANK']) * 100 + i)\n",
        "NP()",
        "",
    ),
    "epoch attr": (
        "class S:\n    epoch = 0\n    def __call__(self, i): np.random.seed(self.epoch * 100 + i)\nw = S()\n",
        "NP()",
        "",
    ),
    "set_epoch": (
        "class S:\n    def __init__(self): self.e = 0\n    def set(self, e): self.e = e\n"
        "    def __call__(self, i): np.random.seed(self.e * 100 + i)\nw = S()\n",
        "NP()",
        "",
    ),
    "global counter": (
        "N = 0\ndef bump():\n    global N\n    N += 1\ndef w(i): np.random.seed(N * 100 + i)\n",
        "NP()",
        "",
    ),
    "list counter": (
        "N = [0]\ndef w(i): np.random.seed(N[0] * 100 + i)\ndef bump():\n    N[0] = N[0] + 1\n",
        "NP()",
        "",
    ),
    "mp value": (
        "import multiprocessing as mp\nE = mp.Value('i', 0)\ndef w(i): np.random.seed(E.value * 100 + i)\n",
        "NP()",
        "",
    ),
    "args": (
        "args = argparse.ArgumentParser().parse_args()\nw = lambda i: np.random.seed(args.seed + i)\n",
        "NP()",
        "RNG213 RNG217",
    ),
    "args changed": (
        "args = argparse.ArgumentParser().parse_args()\ndef main():\n    for e in range(3):\n"
        "        args.seed = e\ndef w(i): np.random.seed(args.seed + i)\n",
        "NP()",
        "",
    ),
    "args epoch": (
        "args = argparse.ArgumentParser().parse_args()\ndef w(i): np.random.seed(args.seed + args.start_epoch + i)\n",
        "NP()",
        "",
    ),
    "seed sequence spawn": (
        "SS = np.random.SeedSequence(3)\nC = SS.spawn(8)\ndef w(i): np.random.seed(C[i].generate_state(4))\n",
        "NP()",
        "",
    ),
    "set_state": (
        "def w(i): np.random.set_state(np.random.RandomState(i).get_state())\n",
        "NP()",
        "",
    ),
    "bitgen": (
        "def w(i):\n    rng = np.random.default_rng(torch.initial_seed())\n    np.random.seed(rng.integers(2**31))\n",
        "NP()",
        "",
    ),
    "rng const": (
        "def w(i):\n    rng = np.random.RandomState(7)\n    np.random.seed(rng.randint(2**31))\n",
        "NP()",
        "",
    ),
    "sys random": (
        "def w(i): np.random.seed(random.SystemRandom().randint(0, 2**31))\n",
        "NP()",
        "RNG216",
    ),
    "reseeds in item": (
        "def w(i): np.random.seed(3)\nclass NP2(Dataset):\n    def __getitem__(self, i):\n"
        "        np.random.seed(i)\n        return np.random.rand()\n",
        "NP2()",
        "",
    ),
    "dropout": (
        "def w(i): torch.manual_seed(i)\nclass D(Dataset):\n    def __getitem__(self, i):\n"
        "        return torch.randn(2, 3).clone()\n",
        "D()",
        "RNG213",
    ),
    "gen draw": (
        "def w(i): torch.manual_seed(i)\nclass D(Dataset):\n    def __getitem__(self, i):\n"
        "        g = torch.Generator().manual_seed(i)\n        return torch.randn(2, generator=g)\n",
        "D()",
        "",
    ),
    "seed of numpy float": (
        "def w(i): np.random.seed(int(time.time() * 1e6) % 2**32)\n",
        "NP()",
        "RNG216",
    ),
    "time mod": (
        "def w(i): np.random.seed(int(time.time()) % 1000 + i)\n",
        "NP()",
        "RNG216",
    ),
    "num workers arg": (
        "def w(i):\n    info = get_worker_info()\n    np.random.seed(info.seed % 2**32 // info.num_workers)\n",
        "NP()",
        "",
    ),
    "cuda seeds only": (
        "def w(i): torch.cuda.manual_seed_all(1)\n",
        "TO()",
        "",
    ),
    "threads": (
        "def w(i):\n    torch.set_num_threads(1)\n",
        "TO()",
        "",
    ),
    "threads np": (
        "def w(i):\n    torch.set_num_threads(1)\n",
        "NP()",
        "RNG215",
    ),
    "prints": (
        "import logging\nlog = logging.getLogger()\ndef w(i):\n    log.info('x %d', i)\n    np.random.seed(i)\n",
        "NP()",
        "RNG213",
    ),
    "unknown lib": (
        "import dgl\ndef w(i):\n    np.random.seed(i)\n    dgl.seed(i)\n",
        "NP()",
        "",
    ),
    "partial positional": (
        "def f(base, i): np.random.seed(base + i)\nw = partial(f, 100)\n",
        "NP()",
        "RNG213",
    ),
    "partial positional bad": (
        "def f(base, i): np.random.seed(base)\nw = partial(f, 100)\n",
        "NP()",
        "RNG212",
    ),
    "staticmethod": (
        "class A:\n    @staticmethod\n    def w(i): np.random.seed(i)\nw = A.w\n",
        "NP()",
        "RNG213",
    ),
    "classmethod": (
        "class A:\n    @classmethod\n    def w(cls, i): np.random.seed(i)\nw = A.w\n",
        "NP()",
        "RNG213",
    ),
    "wraps none": (
        "def outer(f):\n    def inner(i):\n        return f(i)\n    return inner\n"
        "def g(i): np.random.seed(i)\nw = outer(g)\n",
        "NP()",
        "RNG213 RNG217",
    ),
    "class itself": (
        "class W:\n    def __init__(self, i): np.random.seed(i)\nw = W\n",
        "NP()",
        "",
    ),
    "seed from item of initial": (
        "def w(i): np.random.seed(torch.utils.data.get_worker_info().seed & 0xffffffff)\n",
        "NP()",
        "",
    ),
    "initial via torch.random": (
        "def w(i): np.random.seed(torch.random.initial_seed() % 2**32)\n",
        "NP()",
        "",
    ),
    "generator initial": (
        "def w(i): np.random.seed(torch.default_generator.initial_seed() % 2**32)\n",
        "NP()",
        "",
    ),
    "base minus": (
        "def w(i):\n    base = torch.initial_seed() - i\n    np.random.seed((base + 1000 * i) % 2**32)\n",
        "NP()",
        "",
    ),
    "xor": (
        "def w(i): np.random.seed((torch.initial_seed() ^ i) % 2**32)\n",
        "NP()",
        "",
    ),
    "tuple state": (
        "def w(i):\n    st = np.random.get_state()\n    np.random.seed(st[1][0] + i)\n",
        "NP()",
        "RNG213",
    ),
    "unpacked state": (
        "def w(i):\n    _, keys, *_ = np.random.get_state()\n    np.random.seed(keys[0] + i)\n",
        "NP()",
        "RNG213",
    ),
    "int word": (
        "def w(i): np.random.seed(int(np.random.get_state()[1][0]) + i)\n",
        "NP()",
        "RNG213",
    ),
    "legacy dict": (
        "def w(i): np.random.seed(np.random.get_state(legacy=False)['state']['key'][0] + i)\n",
        "NP()",
        "RNG213",
    ),
}


def findings(seeder: str, dataset: str, more: str = "") -> list[Finding]:
    text = f"{HEAD}{seeder}def make(given):\n    return DataLoader({dataset}, num_workers=2, worker_init_fn=w{more})\n"
    return [finding for finding in check_text("m.py", text) if finding.code.startswith("RNG21")]


@pytest.mark.parametrize("name", SEEDERS)
def test_codes_of_a_loader(name: str) -> None:
    seeder, dataset, codes = SEEDERS[name]
    assert [finding.code for finding in findings(seeder, dataset)] == codes.split()


@pytest.mark.parametrize("name", [name for name in SEEDERS if "RNG213" in SEEDERS[name][2]])
def test_workers_that_live_on_repeat_no_epoch(name: str) -> None:
    seeder, dataset, codes = SEEDERS[name]
    found = findings(seeder, dataset, ", persistent_workers=True")
    assert [finding.code for finding in found] == [code for code in codes.split() if code != "RNG213"]


@pytest.mark.parametrize(
    ("seeder", "codes"),
    [
        ("def w(i): np.random.seed(i)\n", ["RNG213"]),
        ("def w(i): np.random.seed(3)\n", ["RNG212"]),
        ("def w(i): pass\n", ["RNG215"]),
        ("def w(i): random.seed(torch.initial_seed())\n", []),
        ("def w(i): np.random.seed(torch.initial_seed() % 2**32)\n", []),
        ("def w(i): given.seed(i)\n", []),
        ("from project import w\n", []),
        ("from project import init\nw = partial(init, seed=3)\n", []),
        ("from project import init\nw = partial(partial(init, seed=3))\n", []),
        ("w = partial(np.random.seed, 3)\n", []),
        ("from project import Init\nclass I(Init): pass\nw = I()\n", []),
        ("from project import Init\nclass I(Init): pass\nw = I().seed\n", []),
        ("from project import Init\nclass I(Init): pass\nw = partial(I(), 3)\n", []),
        ("from project import A\nclass B:\n    def __call__(self, i): pass\nclass I(A, B): pass\nw = I()\n", []),
        ("from project import A\nclass I(A):\n    def __call__(self, i): super().__call__(i)\nw = I()\n", []),
        ("def init(seed, i): pass\nw = partial(partial(init, 3))\n", ["RNG215"]),
        ("class I:\n    def __call__(self, i): pass\nw = I()\n", ["RNG215"]),
        ("class I:\n    @staticmethod\n    def __call__(i): np.random.seed(i)\nw = I()\n", ["RNG213"]),
        ("class I:\n    def __init__(self, i): np.random.seed(i)\nw = partial(I)\n", []),
        ("from project import Init\nclass I(Init): pass\nw = partial(I, 3)\n", []),
        ("class I:\n    def seed(self, n, i): pass\nw = partial(I().seed, 3)\n", ["RNG215"]),
    ],
)
def test_a_dataset_that_is_not_seen(seeder: str, codes: list[str]) -> None:
    found = findings(seeder, "given")
    assert [finding.code for finding in found] == codes
    assert all("not seen" in finding.message and not finding.draws for finding in found)


def test_what_is_told() -> None:
    (found,) = findings("def w(i):\n    np.random.seed(i)\n    random.seed(7)\n", "NP()")
    assert found.state == "numpy-global"
    assert found.torch == "any"
    assert [draw.function for draw in found.draws] == ["NP.__getitem__"]
    assert found.steps and found.loader is not None and found.loader.line == found.span.line
    assert "the worker's id alone by `np.random.seed(...)` on line" in found.message
    (found,) = findings("def w(i): np.random.seed(np.random.randint(9))\n", "NP()")
    assert (found.code, found.torch) == ("RNG212", "<1.9")


def test_one_finding_for_all_states() -> None:
    every = (
        "class ALL(Dataset):\n    def __getitem__(self, i): return np.random.rand(), random.random(), torch.rand(1)\n"
    )
    (found,) = findings(f"{every}def w(i): random.seed(i); np.random.seed(i); torch.manual_seed(i)\n", "ALL()")
    assert found.state == "numpy-global, python-global, torch-global"
    assert len(found.draws) == 3
