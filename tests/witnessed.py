"""Programs for tests/test_witness.py: they are imported by workers, so they stand in a module."""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from functools import lru_cache
from multiprocessing.util import get_temp_dir

import numpy as np
import torch
from helpers_of_witnessed import augment
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
    seconds = 1000.0

    def __getitem__(self, index):
        time.sleep(self.seconds)


class Naps(Sleeps):
    seconds = 1.6


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


class Of(Items):
    """Its samples are what a function makes of a random number."""

    def __init__(self, function):
        self.function = function

    def __getitem__(self, index):
        return self.function(torch.rand(3))


def holds_itself(value):
    held = [value]
    held.append(held)
    return held


class Lazy:
    """Tells what class it is of only where it is used, as proxies of web frameworks do."""

    @property
    def __class__(self):
        raise RuntimeError("used outside of a request")


lazy = Lazy()


class Secret(random.Random):
    def getstate(self):
        raise NotImplementedError


class Holds(Items):
    def __init__(self, *held):
        self.held = held
        self.rng = np.random.default_rng(0)

    def __getitem__(self, index):
        return self.rng.random()


class Together(Items):
    def __init__(self, function):
        self.function = function

    def __getitems__(self, indices):
        return self.function([torch.rand(1) for _ in indices])


class Boxed:
    def __init__(self, samples):
        self.samples = samples


class WithLoader(IterableDataset):
    """Has a loader of its own in each worker."""

    def __iter__(self):
        assert [len(batch) for batch in DataLoader(torch.arange(4), batch_size=2)] == [2, 2]
        for batch in DataLoader(torch.arange(64), batch_size=4):
            yield batch.float().mean() + torch.rand(1)


class WithLoaderAtOnce(WithLoader):
    def __iter__(self):
        return iter(list(super().__iter__()))


class Local(IterableDataset):
    def __iter__(self):
        rng = np.random.default_rng(0)
        while True:
            yield rng.random()


class Delegates(Local):
    def __iter__(self):
        yield from super().__iter__()


class Iterates:
    def __init__(self):
        self.rng = random.Random(0)

    def __next__(self):
        return self.rng.random()


class MakesIterator(IterableDataset):
    def __iter__(self):
        return Iterates()


class LocalShuffle(IterableDataset):
    """All workers shuffle alike, and each takes its own part."""

    def __iter__(self):
        items = list(range(64))
        random.Random(3).shuffle(items)
        rng = random.Random(3)
        rng.shuffle(items)
        info = get_worker_info()
        yield from items[info.id :: info.num_workers]


def augmented(batch):
    return augment(torch.stack(batch))


class Mixes(Items):
    def __getitem__(self, index):
        return torch.tensor(index)


def make_mixes():
    return loader(Mixes(), collate_fn=augmented)


def make_empty():
    return loader([])


class OneShard(IterableDataset):
    """Has samples for the first worker alone, without end."""

    def __iter__(self):
        while get_worker_info().id == 0:
            yield torch.rand(1)


class OwnStream(Items):
    """Each worker moves on in the stream of the generator that it was given, or seeds it, with its first item."""

    def __init__(self, kind, move):
        self.rng = np.random.Generator(kind(0))
        self.move = move

    def __getitem__(self, index):
        if self.move:
            self.rng = np.random.Generator(self.move(self.rng.bit_generator, get_worker_info()))
            self.move = None
        return self.rng.random()


parser = argparse.ArgumentParser()
parser.add_argument("--lr", default=0.1, type=float)


def make_with_arguments():
    parser.parse_args()
    return make_global()


make_decorated = lru_cache(make_global)


class Called(Global):
    def __call__(self):
        raise NotImplementedError


called = Called()


class Dollar(Items):
    def __init__(self):
        self.rngs = {r"$\frac$": random.Random(0)}

    def __getitem__(self, index):
        return "$" + str(self.rngs[r"$\frac$"].random())[:5] + "\\x$"


def make_dollar():
    return loader(Dollar())


def make_plain():
    return loader(range(32))
