"""Programs for tests/test_witness.py: they are imported by workers, so they stand in a module."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from multiprocessing.util import get_temp_dir

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, get_worker_info

generator = np.random.default_rng()


class Items(Dataset):
    def __len__(self):
        return 32


class Global(Items):
    def __getitem__(self, index):
        return np.random.rand(3)


class Stored(Items):
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __getitem__(self, index):
        return {"image": index + self.rng.normal(size=3), "label": index % 3}


class Slotted(Items):
    __slots__ = ("rng",)

    def __init__(self):
        self.rng = random.Random(0)

    def __getitem__(self, index):
        return self.rng.random()


class Module(Items):
    def __getitem__(self, index):
        return generator.random()


class ByIndex(Items):
    def __getitem__(self, index):
        np.random.seed(index)
        return np.random.rand(3)


class Constant(Items):
    def __getitem__(self, index):
        return np.random.default_rng(0).random(3)


class Answers:
    """Has every attribute that one asks for, and is not to be printed."""

    __slots__ = ()

    def __getattr__(self, name):
        return 3

    def __repr__(self):
        raise RuntimeError("not printable")


class Odd(Items):
    def __init__(self):
        self.held = {Answers(): 1, 2: {"rng": random.Random(0)}}

    def __getitem__(self, index):
        return self.held[2]["rng"].random()


class Flips(Items):
    def __getitem__(self, index):
        return random.random() < 0.5


class Uneven(Items):
    """Takes more numbers for some items than for others."""

    def __getitem__(self, index):
        return np.random.rand(1 + 700 * (get_worker_info().id + 1))[:1]


class Fails(Items):
    def __getitem__(self, index):
        raise ValueError(f"no item {index}")


class Killed(Items):
    def __getitem__(self, index):
        os.kill(os.getpid(), signal.SIGKILL)


class Sleeps(Items):
    def __getitem__(self, index):
        time.sleep(1000)


class Stream(IterableDataset):
    def __init__(self):
        self.rng = torch.Generator()

    def __iter__(self):
        for _ in range(8):
            yield torch.rand(2, generator=self.rng)


class Opaque(DataLoader):
    """One that does not run PyTorch's workers."""

    def _get_iterator(self):
        return iter([1, 2, 3])


def by_worker_id(worker_id):
    np.random.seed(worker_id)


def too_large(worker_id):
    np.random.seed(torch.initial_seed())


def loader(dataset, **options):
    return DataLoader(dataset, **{"batch_size": 4, "num_workers": 2, **options})


def make_global():
    return loader(Global())


def make_stored():
    return loader(Subset(Stored(), range(24)), shuffle=True)


def make_module():
    return loader(Module())


def make_nothing():
    return 3


def make_error():
    raise KeyError("no such setting")


def make_sleeper():
    return loader(Sleeps())


def make_exit():
    sys.exit("bad settings")


def make_interrupt():
    raise KeyboardInterrupt


class Exits(Items):
    def __getitem__(self, index):
        sys.exit()


class SettingsError(Exception):
    pass


def make_own_error():
    raise SettingsError("no data")


class Picky(Exception):
    """One that cannot be made again from its arguments."""

    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")


def make_picky():
    raise Picky("this", "that")


def make_with_file():
    get_temp_dir()  # which the process removes when it ends
    return make_global()
