"""Classes of the program that derive from a library's RNG."""

from __future__ import annotations

import re
import textwrap

import pytest

from reseed.check import check_text

HEAD = """
import abc, os, random
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info
from torchvision.transforms import Compose
"""
PROGRAMS = {
    "through an alias and another class": """
        Base = random.Random
        class A(Base): pass
        class B(A): pass
        rng = B(3)
        class D(Dataset):
            def __getitem__(self, i): return rng.gauss(0, 1)  # RNG111
        loader = DataLoader(D(), num_workers=2)
    """,
    "an abstract class between": """
        class A(random.Random, abc.ABC):
            def roll(self): return self.randint(1, 6)  # RNG111
        class D(Dataset):
            def __init__(self): self.rng = A()
            def __getitem__(self, i): return self.rng.roll()
        loader = DataLoader(D(), num_workers=2)
    """,
    "called by a pipeline": """
        class Jitter(random.Random):
            def __call__(self, x): return x + self.random()  # RNG111
        class D(Dataset):
            def __init__(self): self.t = Compose([Jitter(0)])
            def __getitem__(self, i): return self.t(i)
        loader = DataLoader(D(), num_workers=2)
    """,
    "called by itself": """
        class Jitter(np.random.RandomState):
            def __call__(self, x): return x + self.rand()  # RNG111
        class D(Dataset):
            def __init__(self): self.t = Jitter(0)
            def __getitem__(self, i): return self.t(i)
        loader = DataLoader(D(), num_workers=2)
    """,
    "its attributes are kept": """
        class Holder(random.Random):
            def __init__(self, inner):
                super().__init__(0)
                self.inner = inner
        class D(Dataset):
            def __init__(self): self.h = Holder(np.random.default_rng(1))
            def __getitem__(self, i): return self.h.inner.random()  # RNG111
        loader = DataLoader(D(), num_workers=2)
    """,
    "replaced by the seeder": """
        class R(random.Random): pass
        class D(Dataset):
            def __init__(self): self.rng = R(0)
            def __getitem__(self, i): return self.rng.random()
        def w(i):
            info = get_worker_info()
            info.dataset.rng = R(info.seed)
        loader = DataLoader(D(), num_workers=2, worker_init_fn=w)
    """,
    "made on first use from the worker's seed": """
        class R(random.Random): pass
        class D(Dataset):
            rng = None
            def __getitem__(self, i):
                if self.rng is None: self.rng = R(torch.initial_seed())
                return self.rng.random()
        loader = DataLoader(D(), num_workers=2)
    """,
    "numbers of its own": """
        class Urandom(random.Random):
            def getrandbits(self, k): return int.from_bytes(os.urandom(8), "big") >> (64 - k)
            def random(self): return self.getrandbits(53) / 2**53
        class D(Dataset):
            def __init__(self): self.rng = Urandom()
            def __getitem__(self, i): return self.rng.randint(0, 9)
        loader = DataLoader(D(), num_workers=2)
    """,
    "pickled by hand": """
        class R(random.Random):
            def __reduce__(self): return (R, ())
        class D(Dataset):
            def __init__(self): self.rng = R()
            def __getitem__(self, i): return self.rng.randint(0, 9)
        loader = DataLoader(D(), num_workers=2, multiprocessing_context="spawn")
    """,
    "asks the system": """
        class S(random.SystemRandom):
            def roll(self): return self.randint(1, 6)
        class T(S, random.Random): pass
        class D(Dataset):
            def __init__(self): self.s, self.t = S(), T()
            def __getitem__(self, i): return self.s.roll() + self.t.random()
        loader = DataLoader(D(), num_workers=2)
    """,
    "a base that is not seen": """
        from elsewhere import Mixin
        class R(Mixin, random.Random): pass
        class D(Dataset):
            def __init__(self): self.rng = R()
            def __getitem__(self, i): return self.rng.randint(0, 9)
        loader = DataLoader(D(), num_workers=2)
    """,
    "a method of another meaning": """
        class R(random.Random):
            def choice(self, items): return items[0]
        class D(Dataset):
            def __init__(self): self.rng = R(0)
            def __getitem__(self, i): return self.rng.choice([1, 2])
        loader = DataLoader(D(), num_workers=2)
    """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_rng_objects_of_own_classes(name: str) -> None:
    text = HEAD + textwrap.dedent(PROGRAMS[name])
    wanted = [
        (number, code) for number, line in enumerate(text.splitlines(), 1) for code in re.findall(r"# (RNG\d+)", line)
    ]
    assert [(found.span.line, found.code) for found in check_text("train.py", text)] == wanted


def test_no_repair_is_promised() -> None:
    text = HEAD + textwrap.dedent(PROGRAMS["through an alias and another class"])
    (found,) = check_text("train.py", text)
    assert not found.fixable and "is not made by" in found.obstacle
