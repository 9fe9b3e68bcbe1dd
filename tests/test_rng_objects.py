"""Which RNG objects workers share: small programs, each line with the codes that it must give."""

from __future__ import annotations

import re
import textwrap
from dataclasses import fields

import pytest

from reseed.facts import module_facts
from reseed.knowledge.object_draws import state_drawn_by, takes_generator
from reseed.program import analyse
from reseed.rules.base import all_rules
from reseed.rules.finding import Draw, Finding, Maker, Span

HEAD = """
import copy, functools, os, random, threading
import numpy as np
import torch
from torch.utils.data import *
from torch.utils.data import get_worker_info
"""

PROGRAMS = {
    "an object of its own unless one is given": """
        class D(Dataset):
            def __init__(self, rng=None):
                self.rng = rng or np.random.default_rng()
            def __getitem__(self, i):
                return self.rng.random()  # RNG111
    """,
    "unknown rng only": """
        class D(Dataset):
            def __init__(self, rng):
                self.rng = rng
            def __getitem__(self, i):
                return self.rng.random()
    """,
    "reseeding dataset no loader": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng()
            def reseed(self, seed):
                self.rng = np.random.default_rng(seed)
            def __getitem__(self, i):
                return self.rng.random()
    """,
    "property lazy": """
        class D(Dataset):
            def __init__(self):
                self._rng = None
            @property
            def rng(self):
                if self._rng is None:
                    self._rng = np.random.default_rng(torch.initial_seed())
                return self._rng
            def __getitem__(self, i):
                return self.rng.random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "property stored": """
        class D(Dataset):
            def __init__(self):
                self._rng = np.random.default_rng(3)
            @property
            def rng(self):
                return self._rng
            def __getitem__(self, i):
                return self.rng.random()  # RNG111
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "worker info branch": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(3)
            def __getitem__(self, i):
                info = get_worker_info()
                rng = self.rng if info is None else np.random.default_rng([info.seed, i])
                return rng.random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "iter makes own": """
        class D(IterableDataset):
            def __init__(self, seed):
                self.seed = seed
                self.rng = None
            def __iter__(self):
                info = get_worker_info()
                rng = random.Random(self.seed + info.id)
                for i in range(info.id, 8, info.num_workers):
                    yield rng.random()
        def main():
            return DataLoader(D(0), num_workers=2)
    """,
    "iter replaces": """
        class D(IterableDataset):
            def __init__(self, seed):
                self.rng = random.Random(seed)
            def __iter__(self):
                self.rng = random.Random(torch.initial_seed())
                while True:
                    yield self.rng.random()
        def main():
            return DataLoader(D(0), num_workers=2)
    """,
    "zero workers": """
        class D(Dataset):
            def __init__(self, seed):
                self.rng = random.Random(seed)
            def __getitem__(self, i):
                return self.rng.random()
        def main():
            return DataLoader(D(0), num_workers=0)
    """,
    "unknown seeder": """
        class D(Dataset):
            def __init__(self, seed):
                self.rng = random.Random(seed)
            def __getitem__(self, i):
                return self.rng.random()
        def main(init):
            return DataLoader(D(0), num_workers=2, worker_init_fn=init)
    """,
    "split generator parent only": """
        class D(Dataset):
            def __init__(self):
                self.g = torch.Generator().manual_seed(0)
                self.order = torch.randperm(8, generator=self.g)
            def __getitem__(self, i):
                return self.order[i]
        def main():
            return DataLoader(D(), num_workers=2, generator=torch.Generator().manual_seed(0), shuffle=True)
    """,
    "sampler class generator": """
        class S(Sampler):
            def __init__(self, n):
                self.g = torch.Generator()
                self.n = n
            def __iter__(self):
                self.g.manual_seed(self.epoch)
                return iter(torch.randperm(self.n, generator=self.g).tolist())
        class D(Dataset):
            def __getitem__(self, i):
                return torch.rand(1)
        def main():
            return DataLoader(D(), sampler=S(8), num_workers=2)
    """,
    "dict constant key": """
        class D(Dataset):
            def __init__(self):
                self.rngs = {"crop": np.random.default_rng(1), "flip": np.random.default_rng(2)}
            def __getitem__(self, i):
                return self.rngs["crop"].random()  # RNG111
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "list by worker": """
        class D(Dataset):
            def __init__(self):
                self.rngs = [np.random.default_rng(s) for s in range(4)]
            def __getitem__(self, i):
                return self.rngs[get_worker_info().id].random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "threading local": """
        LOCAL = threading.local()
        def rng():
            if not hasattr(LOCAL, "rng"):
                LOCAL.rng = np.random.default_rng()
            return LOCAL.rng
        class D(Dataset):
            def __getitem__(self, i):
                return rng().random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "by pid": """
        class R:
            def __init__(self):
                self.pid = os.getpid()
                self.rng = np.random.default_rng()
            def get(self):
                if os.getpid() != self.pid:
                    self.pid = os.getpid()
                    self.rng = np.random.default_rng()
                return self.rng
        class D(Dataset):
            def __init__(self):
                self.r = R()
            def __getitem__(self, i):
                return self.r.get().random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "deepcopy in item": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(1)
            def __getitem__(self, i):
                rng = copy.deepcopy(self.rng)
                return rng.random()  # RNG111
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "partial collate": """
        def collate(batch, rng):
            return [x + rng.normal() for x in batch]  # RNG111
        class D(Dataset):
            def __getitem__(self, i):
                return torch.rand(1)
        def main():
            return DataLoader(D(), num_workers=2, collate_fn=functools.partial(collate, rng=np.random.default_rng(0)))
    """,
    "lambda collate": """
        class D(Dataset):
            def __getitem__(self, i):
                return torch.rand(1)
        def main():
            rng = random.Random(0)
            return DataLoader(D(), num_workers=2, collate_fn=lambda b: rng.sample(b, 1))  # RNG111
    """,
    "module global lazy": """
        _RNG = None
        def rng():
            global _RNG
            if _RNG is None:
                _RNG = np.random.default_rng(os.getpid())
            return _RNG
        class D(Dataset):
            def __getitem__(self, i):
                return rng().random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "state set": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(1)
            def __getitem__(self, i):
                self.rng.bit_generator.state = np.random.PCG64(i).state
                return self.rng.random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "reads state only": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(1)
            def __getitem__(self, i):
                return str(self.rng.bit_generator.state)
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "set epoch": """
        class D(Dataset):
            def __init__(self):
                self.set_epoch(0)
            def set_epoch(self, e):
                self.rng = np.random.default_rng(e)
            def __getitem__(self, i):
                return self.rng.random()  # RNG111
        def main():
            d = D()
            loader = DataLoader(d, num_workers=2)
            for e in range(3):
                d.set_epoch(e)
                for b in loader: pass
    """,
    "seeder method of dataset": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
            @staticmethod
            def init_worker(i):
                info = get_worker_info()
                info.dataset.rng = np.random.default_rng(info.seed)
            def __getitem__(self, i):
                return self.rng.random()
        def main():
            d = D()
            one = DataLoader(d, num_workers=2, worker_init_fn=D.init_worker)
            return one, DataLoader(d, num_workers=2, worker_init_fn=d.init_worker)
    """,
    "seeder bound self": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def init_worker(self, i):
                self.rng = np.random.default_rng(torch.initial_seed())
            def __getitem__(self, i):
                return self.rng.random()
        def main():
            d = D()
            return DataLoader(d, num_workers=2, worker_init_fn=d.init_worker)
    """,
    "seeder closure": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __getitem__(self, i):
                return self.rng.random()
        def main():
            d = D()
            def init(i):
                d.rng = np.random.default_rng(torch.initial_seed())
            return DataLoader(d, num_workers=2, worker_init_fn=init)
    """,
    "two loaders one seeded": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __getitem__(self, i):
                return self.rng.random()  # RNG111
        def init(i):
            info = get_worker_info()
            info.dataset.rng = np.random.default_rng(info.seed)
        def main():
            return DataLoader(D(), num_workers=2, worker_init_fn=init), DataLoader(D(), num_workers=2)
    """,
    "unseen worker init in file": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __getitem__(self, i):
                return self.rng.random()
        def worker_init_fn(i):
            info = get_worker_info()
            info.dataset.rng = np.random.default_rng(info.seed)
    """,
    "subclass of random": """
        class MyRandom(random.Random):
            def coin(self):
                return self.random() < 0.5  # RNG111
        class D(Dataset):
            def __init__(self):
                self.rng = MyRandom(0)
            def __getitem__(self, i):
                return self.rng.coin()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "global module or object": """
        class D(Dataset):
            def __init__(self, seed=None):
                self.rng = random if seed is None else random.Random(seed)
            def __getitem__(self, i):
                return self.rng.random()  # RNG111
        def main(seed):
            return DataLoader(D(seed), num_workers=2)
    """,
    "global module only": """
        class D(Dataset):
            def __init__(self, seed=None):
                self.rng = random if seed is None else random.Random(seed)
            def __getitem__(self, i):
                return self.rng.random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "dataclass field": """
        from dataclasses import dataclass, field
        @dataclass
        class D(Dataset):
            rng: np.random.Generator = field(default_factory=np.random.default_rng)
            def __getitem__(self, i):
                return self.rng.random()  # RNG111
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "persistent one worker": """
        class D(Dataset):
            def __init__(self):
                self.rng = random.Random(0)
            def __getitem__(self, i):
                return self.rng.random()
        def main():
            return DataLoader(D(), num_workers=1, persistent_workers=True)
    """,
    "wrapper dataset transform": """
        class T:
            def __init__(self):
                self.rng = np.random.RandomState(3)
            def __call__(self, x):
                return x + self.rng.randn()  # RNG111
        class D(Dataset):
            def __init__(self, t):
                self.t = t
            def __getitem__(self, i):
                return self.t(i)
        class W(Dataset):
            def __init__(self, d):
                self.d = d
            def __getitem__(self, i):
                return self.d[i]
        def main():
            return DataLoader(ConcatDataset([W(D(T()))]), num_workers=2)
    """,
    "made in main and worker helper": """
        def make(seed):
            return np.random.default_rng(seed)
        class D(Dataset):
            def __getitem__(self, i):
                return make(i).random()
        def main():
            rng = make(0)
            print(rng.random())
            return DataLoader(D(), num_workers=2)
    """,
    "hasattr lazy": """
        class D(Dataset):
            def __getitem__(self, i):
                if not hasattr(self, "rng"):
                    self.rng = np.random.default_rng(torch.initial_seed())
                return self.rng.random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "hasattr lazy parent first": """
        class D(Dataset):
            def __getitem__(self, i):
                if not hasattr(self, "rng"):
                    self.rng = np.random.default_rng(torch.initial_seed())
                return self.rng.random()  # RNG111
        def main():
            d = D()
            print(d[0].shape)
            return DataLoader(d, num_workers=2)
    """,
    "parent after": """
        class D(Dataset):
            def __getitem__(self, i):
                if not hasattr(self, "rng"):
                    self.rng = np.random.default_rng(torch.initial_seed())
                return self.rng.random()
        def main():
            d = D()
            loader = DataLoader(d, num_workers=2)
            print(d[0].shape)
            return loader
    """,
    "not drawn from": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __getitem__(self, i):
                rng = np.random.default_rng(np.random.SeedSequence([i, torch.initial_seed()]))
                return rng.random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "seed from shared": """
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __getitem__(self, i):
                r = random.Random(int(self.rng.integers(2**31)))  # RNG111
                return r.random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "tuple unpack": """
        class D(Dataset):
            def __init__(self):
                self.pair = (3, np.random.default_rng(0))
            def __getitem__(self, i):
                n, rng = self.pair
                return rng.random(n)  # RNG111
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "kwargs through": """
        class B(Dataset):
            def __init__(self, *args, rng=None, **kw):
                self.rng = rng
            def __getitem__(self, i):
                return self.rng.random()  # RNG111
        class D(B):
            def __init__(self, *args, **kw):
                super().__init__(*args, **kw)
        def main():
            return DataLoader(D(1, rng=np.random.default_rng(2)), num_workers=2)
    """,
    "partial init": """
        class T:
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __call__(self, x):
                return x + self.rng.random()  # RNG111
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
                self.ts = [T(), T()]
            def __getitem__(self, i):
                for t in self.ts:
                    i = t(i)
                return i + self.rng.random()

        def init(ds, i):
            ds.rng = np.random.default_rng(torch.initial_seed())
        def main():
            d = D()
            return DataLoader(d, num_workers=2, worker_init_fn=functools.partial(init, d))
    """,
    "callable init": """
        class T:
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __call__(self, x):
                return x + self.rng.random()  # RNG111
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
                self.ts = [T(), T()]
            def __getitem__(self, i):
                for t in self.ts:
                    i = t(i)
                return i + self.rng.random()

        class Init:
            def __init__(self, ds):
                self.ds = ds
            def __call__(self, i):
                self.ds.rng = np.random.default_rng(torch.initial_seed())
        def main():
            d = D()
            return DataLoader(d, num_workers=2, worker_init_fn=Init(d))
    """,
    "init all transforms": """
        class T:
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __call__(self, x):
                return x + self.rng.random()
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
                self.ts = [T(), T()]
            def __getitem__(self, i):
                for t in self.ts:
                    i = t(i)
                return i + self.rng.random()

        def init(i):
            info = get_worker_info()
            info.dataset.rng = np.random.default_rng(info.seed)
            for k, t in enumerate(info.dataset.ts):
                t.rng = np.random.default_rng([info.seed, k])
        def main():
            d = D()
            return DataLoader(d, num_workers=2, worker_init_fn=init)
    """,
    "setattr init": """
        class T:
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __call__(self, x):
                return x + self.rng.random()  # RNG111
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
                self.ts = [T(), T()]
            def __getitem__(self, i):
                for t in self.ts:
                    i = t(i)
                return i + self.rng.random()

        def init(i):
            info = get_worker_info()
            setattr(info.dataset, "rng", np.random.default_rng(info.seed))
        def main():
            d = D()
            return DataLoader(d, num_workers=2, worker_init_fn=init)
    """,
    "lambda init": """
        class T:
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __call__(self, x):
                return x + self.rng.random()  # RNG111
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
                self.ts = [T(), T()]
            def __getitem__(self, i):
                for t in self.ts:
                    i = t(i)
                return i + self.rng.random()

        def reseed(ds):
            ds.rng = np.random.default_rng(torch.initial_seed())
        def main():
            d = D()
            return DataLoader(d, num_workers=2, worker_init_fn=lambda i: reseed(get_worker_info().dataset))
    """,
    "subset hasattr": """
        class T:
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __call__(self, x):
                return x + self.rng.random()  # RNG111
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
                self.ts = [T(), T()]
            def __getitem__(self, i):
                for t in self.ts:
                    i = t(i)
                return i + self.rng.random()  # RNG111

        def init(i):
            info = get_worker_info()
            if hasattr(info.dataset, "rng"):
                info.dataset.rng = np.random.default_rng(info.seed)
        def main():
            d = Subset(D(), [0, 1, 2, 3])
            return DataLoader(d, num_workers=2, worker_init_fn=init)  # RNG219
    """,
    "loader assigned init": """
        class T:
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __call__(self, x):
                return x + self.rng.random()  # RNG111
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
                self.ts = [T(), T()]
            def __getitem__(self, i):
                for t in self.ts:
                    i = t(i)
                return i + self.rng.random()

        def init(i):
            info = get_worker_info()
            info.dataset.rng = np.random.default_rng(info.seed)
        def main():
            loader = DataLoader(D(), num_workers=2)
            loader.worker_init_fn = init
            return loader
    """,
    "random sampler": """
        class D(Dataset):
            def __getitem__(self, i):
                return torch.rand(1)
        def main():
            g = torch.Generator().manual_seed(0)
            d = D()
            return DataLoader(d, num_workers=2, sampler=RandomSampler(d, generator=g), generator=g)
    """,
    "generator to init weights": """
        class D(Dataset):
            def __init__(self):
                g = torch.Generator().manual_seed(0)
                self.w = torch.empty(3).normal_(generator=g)
            def __getitem__(self, i):
                return self.w + torch.rand(3)
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "a cached method": """
        class D(Dataset):
            @functools.lru_cache(None)
            def rng(self):
                return np.random.default_rng(torch.initial_seed())
            def __getitem__(self, i):
                return self.rng().random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "a cached function asked for another seed": """
        @functools.lru_cache(None)
        def rng(seed):
            return np.random.default_rng(seed)
        class D(Dataset):
            def __getitem__(self, i):
                return rng(torch.initial_seed()).random()
        def main():
            print(rng(0).random())
            return DataLoader(D(), num_workers=2)
    """,
    "class level passed own": """
        class D(Dataset):
            rng = None
            def __init__(self, seed=0):
                D.rng = np.random.RandomState(seed)
            def __getitem__(self, i):
                return self.rng.rand()  # RNG111
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "numpy global rand state": """
        from numpy.random import mtrand
        class D(Dataset):
            def __init__(self):
                self.rng = np.random.mtrand._rand
            def __getitem__(self, i):
                return self.rng.rand()  # RNG101
    """,
    "generator in iter stream": """
        def stream(rng):
            while True:
                yield rng.random()  # RNG111
        class D(IterableDataset):
            def __init__(self):
                self.rng = random.Random(1)
            def __iter__(self):
                return stream(self.rng)
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "iter returns self": """
        class D(IterableDataset):
            def __init__(self):
                self.rng = random.Random(1)
            def __iter__(self):
                self.rng.seed(torch.initial_seed())
                return self
            def __next__(self):
                return self.rng.random()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "compose external": """
        import torchvision.transforms as TT
        class Noise:
            def __init__(self):
                self.g = torch.Generator()
            def __call__(self, x):
                return x + torch.randn(3, generator=self.g)  # RNG111
        class D(Dataset):
            def __init__(self, transform):
                self.transform = transform
            def __getitem__(self, i):
                return self.transform(torch.rand(3))
        def main():
            return DataLoader(D(TT.Compose([Noise()])), num_workers=2)
    """,
    "folder dataset": """
        import torchvision
        class Noise:
            def __init__(self, rng):
                self.rng = rng
            def __call__(self, x):
                return self.rng.normal() + x  # RNG111
        def main():
            d = torchvision.datasets.ImageFolder("x", transform=Noise(np.random.default_rng()))
            return DataLoader(d, num_workers=2)
    """,
    "unknown library object": """
        from mylib import make_rng
        class D(Dataset):
            def __init__(self):
                self.rng = make_rng(0)
            def __getitem__(self, i):
                return self.rng.normal()
        def main():
            return DataLoader(D(), num_workers=2)
    """,
    "maybe library object": """
        from mylib import make_rng
        class D(Dataset):
            def __init__(self, a):
                if a:
                    self.rng = make_rng(0)
                else:
                    self.rng = np.random.default_rng(0)
            def __getitem__(self, i):
                return self.rng.normal()
        def main(a):
            return DataLoader(D(a), num_workers=2)
    """,
    "pandas sample": """
        import pandas as pd
        class D(Dataset):
            def __init__(self, frame):
                self.frame = frame
                self.rs = np.random.RandomState(0)
            def __getitem__(self, i):
                return self.frame.sample(3, random_state=self.rs)  # RNG111
        def main(f):
            return DataLoader(D(f), num_workers=2)
    """,
    "shuffle with random": """
        class D(Dataset):
            def __init__(self):
                self.r = random.Random(3)
            def __getitem__(self, i):
                x = [1, 2, 3]
                self.r.shuffle(x)  # RNG111
                return x
        def main(f):
            return DataLoader(D(), num_workers=2)
    """,
}


def findings(text: str) -> list[Finding]:
    program = analyse(module_facts("m.py", text))
    return sorted(
        (found for rule in all_rules() if rule.default for found in rule.check(program)),
        key=lambda found: found.sort_key,
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_objects_that_workers_share(name: str) -> None:
    text = HEAD + textwrap.dedent(PROGRAMS[name])
    expected = [
        (number, code) for number, line in enumerate(text.splitlines(), 1) for code in re.findall(r"# (RNG\d+)", line)
    ]
    assert [(found.span.line, found.code) for found in findings(text)] == expected


def test_a_finding_tells_the_object_and_the_draw() -> None:
    text = HEAD + textwrap.dedent(
        """
        class Noise:
            def __init__(self):
                self.rng = np.random.RandomState(3)

            def __call__(self, value):
                return value + self.rng.normal(size=3)

        class Data(Dataset):
            def __init__(self):
                self.noise = Noise()

            def __getitem__(self, index):
                return self.noise(index)

        loader = DataLoader(Data(), num_workers=2)
        """
    )
    (found,) = findings(text)
    assert {each.name: getattr(found, each.name) for each in fields(found)} == {
        "path": "m.py",
        "span": found.span,
        "code": "RNG111",
        "name": "shared-rng-object",
        "message": "`self.rng.normal(...)` draws from the RNG object `np.random.RandomState(...)` made on line 10, "
        "before the workers start, in worker code (Data.__getitem__ -> Noise.__call__): every worker has a copy and "
        "draws the same numbers on every torch",
        "state": "numpy.random.RandomState",
        "torch": "any",
        "draws": (Draw("m.py", 13, 24, "Noise.__call__"),),
        "steps": found.steps,
        "loader": found.loader,
        "fixable": True,
        "obstacle": "",
        "makers": (Maker("m.py", Span(10, 20, 10, 44)),),
        "seeded": (),
    }
    assert (found.span.line, found.span.column) == (13, 24)
    assert [step.line for step in found.steps] == [19, 20, 13]
    assert found.loader is not None and found.loader.line == 22


def test_a_seeder_that_misses_tells_the_loader_and_the_draws() -> None:
    text = HEAD + textwrap.dedent(
        """
        class Data(Dataset):
            def __init__(self):
                self.rng = random.Random(3)

            def __getitem__(self, index):
                return self.rng.random(), self.rng.gauss()

        def init(worker_id):
            get_worker_info().dataset.rng = random.Random(torch.initial_seed())

        loader = DataLoader(Subset(Data(), range(8)), num_workers=2, worker_init_fn=init)
        """
    )
    *drawn, lost = findings(text)
    assert [found.code for found in drawn] == ["RNG111", "RNG111"]
    assert (lost.code, lost.name, lost.span.line, lost.state) == (
        "RNG219",
        "seeder-lost-on-wrapper",
        18,
        "random.Random",
    )
    assert lost.message == (
        "`init` sets `.rng` on the loader's dataset, a wrapper: the dataset inside draws from its own object, "
        "`self.rng.random()` on line 13 (Data.__getitem__), the same numbers in every worker on every torch"
    )
    assert [draw.column for draw in lost.draws] == [16, 35]


# The table of draws


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("numpy.random.default_rng().integers", "numpy.random.Generator"),
        ("numpy.random.Generator().normal", "numpy.random.Generator"),
        ("numpy.random.RandomState().rand", "numpy.random.RandomState"),
        ("numpy.random.mtrand.RandomState().rand", "numpy.random.RandomState"),
        ("numpy.random.PCG64().random_raw", "numpy.random.BitGenerator"),
        ("random.Random().sample", "random.Random"),
        ("numpy.random.default_rng().randint", None),
        ("numpy.random.default_rng().spawn", None),
        ("numpy.random.RandomState().get_state", None),
        ("numpy.random.RandomState().seed", None),
        ("random.SystemRandom().sample", None),
        ("random.Random.sample", None),
        ("numpy.random.rand", None),
    ],
)
def test_methods_that_draw(path: str, state: str | None) -> None:
    assert state_drawn_by(path) == state


@pytest.mark.parametrize("path", ["torch.randperm", "torch.nn.init.normal_", "torch.empty().uniform_", "normal_"])
def test_what_draws_from_a_generator_it_is_given(path: str) -> None:
    assert takes_generator(path)


@pytest.mark.parametrize("path", ["torch.utils.data.DataLoader", "torch.utils.data.RandomSampler", "torch.zeros"])
def test_what_keeps_a_generator_it_is_given(path: str) -> None:
    assert not takes_generator(path)
