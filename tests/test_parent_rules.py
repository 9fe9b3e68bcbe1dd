"""What the rules about main programs claim, and where they keep silent: epochs, ranks, streams, orders."""

from __future__ import annotations

import re
import textwrap

import pytest

from reseed.check import check_text
from reseed.facts import module_facts
from reseed.facts.model import Element
from reseed.knowledge.ranks import RANK_SIGNS
from reseed.knowledge.sources import is_copied
from reseed.source.screen import Screen

IMPORTS = """\
import csv, glob, itertools, json, random
import numpy as np
import torch
import torch.distributed as dist
from torch.utils.data import ChainDataset, DataLoader, Dataset, IterableDataset, get_worker_info
"""
NOISE = """\
class Noise(Dataset):
    def __len__(self): return 4
    def __getitem__(self, index): return torch.rand(2)
"""
CODES = {"RNG221", "RNG231", "RNG301"}


def told(text: str) -> set[tuple[int, str]]:
    return {(finding.span.line, finding.code) for finding in check_text("main.py", text) if finding.code in CODES}


def commented(text: str) -> set[tuple[int, str]]:
    lines = enumerate(text.splitlines(), 1)
    return {(number, code) for number, line in lines for code in re.findall(r"# (RNG\d{3})", line)}


def check(text: str) -> None:
    whole = IMPORTS + textwrap.dedent(text)
    assert told(whole) == commented(whole)


# A loop's body, where `loader` is a loader whose workers draw.
LOOPS = {
    "constant": "torch.manual_seed(0)  # RNG231\nfor batch in loader: pass",
    "default of a helper": "set_seed()  # RNG231\nfor batch in loader: pass",
    "configured": "torch.manual_seed(cfg.seed)  # RNG231\nfor batch in loader: pass",
    "looked up": "torch.manual_seed(options['seed'])  # RNG231\nfor batch in loader: pass",
    "arithmetic": "torch.manual_seed(int(cfg.seed) + 1)  # RNG231\nfor batch in loader: pass",
    "iter": "torch.manual_seed(0)  # RNG231\nit = iter(loader)\nnext(it)",
    "comprehension": "torch.manual_seed(0)  # RNG231\nlosses = [step(batch) for batch in loader]",
    "enumerate": "torch.manual_seed(0)  # RNG231\nfor i, batch in enumerate(loader): pass",
    "zip": "torch.manual_seed(0)  # RNG231\nfor i, batch in zip(range(3), loader): pass",
    "nested": "torch.manual_seed(0)  # RNG231\nfor phase in (1, 2):\n    for batch in loader: pass",
    "by epoch": "torch.manual_seed(epoch)\nfor batch in loader: pass",
    "by epoch, too": "torch.manual_seed(cfg.seed + epoch)\nfor batch in loader: pass",
    "looked up by epoch": "torch.manual_seed(seeds[epoch])\nfor batch in loader: pass",
    "another attribute": "torch.manual_seed(cfg.rank_seed)\nfor batch in loader: pass",
    "unknown": "torch.manual_seed(make_seed())\nfor batch in loader: pass",
    "drawn": "torch.manual_seed(random.randint(0, 9))\nfor batch in loader: pass",
    "two seeds": "torch.manual_seed(0)\ntorch.manual_seed(epoch)\nfor batch in loader: pass",
    "after": "for batch in loader: pass\ntorch.manual_seed(0)",
    "in the inner loop": "for batch in loader: torch.manual_seed(0)",
    "under a condition": "if epoch == 0:\n    torch.manual_seed(0)\nfor batch in loader: pass",
    "state restored": "torch.manual_seed(0)\ntorch.set_rng_state(state)\nfor batch in loader: pass",
    "scope": "with torch.random.fork_rng():\n    torch.manual_seed(0)\nfor batch in loader: pass",
    "of the device": "torch.cuda.manual_seed_all(0)\nfor batch in loader: pass",
    "of the clock": "torch.seed()\nfor batch in loader: pass",
    "moved on": "cfg.seed += 1\ntorch.manual_seed(cfg.seed)\nfor batch in loader: pass",
    "iterator of before": "torch.manual_seed(0)\nnext(iterator)",
    "nobody iterates": "torch.manual_seed(0)\nprint(len(loader))",
    "evaluation": "torch.manual_seed(0)\nif phase == 'val':\n    for batch in loader: pass",
    "other library": "lib.seed_all(0)\ntorch.manual_seed(0)\nfor batch in loader: pass",
}


@pytest.mark.parametrize("body", LOOPS.values(), ids=LOOPS)
def test_loops(body: str) -> None:
    check(
        NOISE
        + "import lib\ndef set_seed(seed=3):\n    random.seed(seed)\n    torch.manual_seed(seed)\n"
        + "def main(cfg, options, make_seed, seeds, state, phase, step):\n"
        + "    loader = DataLoader(Noise(), num_workers=2)\n    iterator = iter(loader)\n"
        + "    for epoch in range(cfg.epochs):\n"
        + textwrap.indent(body, " " * 8)
    )


HEADS = {
    "for epoch in range(10)": True,
    "for ep in range(10)": True,
    "for _ in range(args.epochs)": True,
    "for epoch_idx in count()": True,
    "for epoch in tqdm(range(start, args.epochs))": True,
    "while epoch < 10": True,
    "while self.epoch < self.last": True,
    "for fold in range(5)": False,
    "for epochs in (10, 20)": False,
    "for n_epochs in (10, 20)": False,
    "for num_epoch in (10, 20)": False,
    "for seed in seeds": False,
    "for step in range(100)": False,
    "while True": False,
}


@pytest.mark.parametrize(("head", "told_of"), HEADS.items())
def test_heads_of_loops(head: str, told_of: bool) -> None:
    mark = "  # RNG231" if told_of else ""
    check(
        NOISE
        + "def main(self, args, seeds, epoch, tqdm, count, start):\n    loader = DataLoader(Noise(), num_workers=2)\n"
        + f"    {head}:\n        torch.manual_seed(0){mark}\n        for batch in loader: pass\n"
    )


LOADERS = {
    "DataLoader(Noise())": False,
    "DataLoader(Noise(), num_workers=0)": False,
    "DataLoader(Noise(), num_workers=n)": True,
    "DataLoader([1, 2], num_workers=2)": False,
    "DataLoader([1, 2], num_workers=2, shuffle=True)": True,
    "DataLoader([1, 2], num_workers=2, shuffle=n)": False,
    "DataLoader(Noise(), num_workers=2, persistent_workers=True)": False,
    "DataLoader(Noise(), num_workers=2, generator=n)": False,
    "DataLoader(Noise(), num_workers=2, generator=None)": True,
    "DataLoader(Noise(), num_workers=2, **n)": False,
    "DataLoader(Noise(), num_workers=2, worker_init_fn=n)": False,
    "DataLoader(Noise(), num_workers=2, worker_init_fn=lambda i: np.random.seed(i))": True,
    "DataLoader(Noise(), num_workers=2, worker_init_fn=lambda i: np.random.seed())": False,
}


@pytest.mark.parametrize(("loader", "told_of"), LOADERS.items())
def test_loaders(loader: str, told_of: bool) -> None:
    mark = "  # RNG231" if told_of else ""
    check(
        NOISE
        + f"def main(n):\n    loader = {loader}\n"
        + f"    for epoch in range(3):\n        torch.manual_seed(0){mark}\n        for batch in loader: pass\n"
    )


def test_each_experiment_may_be_seeded_alike() -> None:
    check(
        NOISE
        + "def train(lr):\n    torch.manual_seed(0)\n    loader = DataLoader(Noise(), num_workers=2)\n"
        + "    for epoch in range(3):\n        for batch in loader: pass\n"
        + "for lr in (1, 2):\n    train(lr)\n"
    )


# What `rank`s run, before each goes through a loader whose workers draw.
RANKS = {
    "constant": "torch.manual_seed(0)  # RNG221",
    "configured": "if args.seed is not None:\n    torch.manual_seed(args.seed)  # RNG221",
    "rank": "torch.manual_seed(rank)",
    "seed and rank": "torch.manual_seed(args.seed + rank)",
    "get_rank": "torch.manual_seed(args.seed + dist.get_rank())",
    "attribute": "torch.manual_seed(args.seed * args.local_rank)",
    "environment": "torch.manual_seed(args.seed + int(os.environ['RANK']))",
    "variable": "seed = 3 + rank\ntorch.manual_seed(seed)",
    "changed": "args.seed = args.seed + rank\ntorch.manual_seed(args.seed)",
    "one rank": "if rank == 0:\n    torch.manual_seed(0)",
    "helper": "seed_ranks(args.seed)",
    "again": "torch.manual_seed(0)\ntorch.manual_seed(rank)",
    "library with a rank": "timm.utils.random_seed(args.seed, rank)",
    "device specific": "accelerate.utils.set_seed(args.seed, device_specific=True)",
    "accelerate": "accelerate.utils.set_seed(args.seed)  # RNG221",
    "unknown": "other.set_seed(args.seed)",
    "NumPy alone": "np.random.seed(0)",
}


@pytest.mark.parametrize("body", RANKS.values(), ids=RANKS)
def test_ranks(body: str) -> None:
    check(
        NOISE
        + "import accelerate, os, other, timm\n"
        + "def seed_ranks(seed):\n    torch.manual_seed(seed + dist.get_rank())\n" * ("seed_ranks" in body)
        + "def main(args, rank):\n    dist.init_process_group('gloo')\n"
        + textwrap.indent(body, " " * 4)
        + "\n    for batch in DataLoader(Noise(), num_workers=2): pass\n"
    )


@pytest.mark.parametrize("row", RANK_SIGNS, ids=lambda row: row.path)
def test_every_sign_of_ranks_is_seen(row) -> None:
    package, _, name = row.path.rpartition(".")
    given = "strategy='ddp'" if row.keywords else "None"
    text = f"from {package} import {name} as sign\n{NOISE}torch.manual_seed(0){{}}\nsign({{}})\n{{}}"
    end = "DataLoader(Noise(), num_workers=2)\n"
    spawns = name == "spawn"  # what the main process seeds is lost there
    check(text.format("" if spawns else "  # RNG221", given, end))
    if row.keywords:
        check(text.format("", "devices=1", end))
    assert Screen().may_matter("x.py", f"from {package} import {name} as sign\nimport loaders\nset_seed(0)\n".encode())


def test_processes_that_a_program_spawns_are_not_seeded_with_it() -> None:
    program = NOISE + "def train(rank):\n    {}\n    DataLoader(Noise(), num_workers=2)\n{}\n"
    start = "torch.multiprocessing.spawn(train, nprocs=2)"
    check(program.format("pass", f"torch.manual_seed(0)\n{start}"))
    check(program.format("torch.manual_seed(0)  # RNG221", start))


def test_lightning_seeds_workers_by_rank_where_it_is_told_to() -> None:
    program = NOISE + "import lightning\nlightning.seed_everything(1{})\nlightning.Trainer(devices=2)\n{}"
    end = "DataLoader(Noise(), num_workers=2)\n"
    check(program.format(", workers=True", end))
    check(program.format(")  # RNG221\n(0", end))


# `__iter__` of a stream, with what it may use.
STREAMS = {
    "range": ("return iter(range(9))", True),
    "lines": ("with open(self.path) as lines:\n    yield from lines", True),
    "parsed lines": ("for line in open(self.path):\n    yield json.loads(line)", True),
    "words": ("for line in open(self.path):\n    for word in line.split(): yield word", True),
    "rows": ("for row in csv.reader(open(self.path)): yield row", True),
    "files": ("for path in sorted(glob.glob('*.pt')): yield torch.load(path)", True),
    "list": ("for item in self.items: yield item", True),
    "by index": ("for i in range(len(self.items)): yield self.items[i]", True),
    "display": ("items = [1, 2, 3]\nrandom.shuffle(items)\nfor item in items: yield item", True),
    "permuted": ("for i in np.random.permutation(9): yield self.items[i]", True),
    "chained": ("return itertools.chain(self.items, open(self.path))", True),
    "mapped": ("return map(self.load, self.items)", True),
    "generator expression": ("return (self.load(item) for item in self.items)", True),
    "helper": ("return self.read()", True),
    "for ever": ("while True:\n    for item in self.items: yield item", True),
    "rest": ("batch = []\nfor item in self.items:\n    batch.append(item)\n    yield batch\nyield batch", True),
    "random samples": ("for _ in range(9): yield torch.rand(3)", False),
    "random samples, listed": ("for x in [torch.rand(3) for _ in range(9)]: yield x", False),
    "random items": ("for _ in range(9): yield self.items[random.randrange(3)]", False),
    "chosen items": ("for i in np.random.choice(9, 3): yield self.items[i]", False),
    "shuffled for ever": ("while True:\n    random.shuffle(self.items)\n    for item in self.items: yield item", False),
    "cycled and shuffled": ("random.shuffle(self.items)\nreturn itertools.cycle(self.items)", False),
    "while": ("while True: yield self.items[0]", False),
    "unknown": ("for item in self.unknown: yield item", False),
    "unknown, listed": ("for item in list(self.unknown): yield item", False),
    "unknown, gathered": (
        "items = []\nfor item in self.unknown: items.append(item)\nfor item in items: yield item",
        False,
    ),
    "sampled by unknown": ("states = self.unknown.sample(3)\nfor i in range(3): yield states[i]", False),
    "queue": ("for item in iter(self.unknown.get, None): yield item", False),
    "next": ("return self", False),
    "worker": ("info = get_worker_info()\nfor i in range(info.id, 9, info.num_workers): yield i", False),
    "shard": ("for item in self.items[self.shard_index::self.shards]: yield item", False),
    "lock": ("for item in self.items:\n    with self.unknown.get_lock(): yield item", False),
    "nothing": ("return iter(())", False),
}


@pytest.mark.parametrize(("body", "told_of"), STREAMS.values(), ids=STREAMS)
def test_streams(body: str, told_of: bool) -> None:
    mark = "  # RNG301" if told_of else ""
    check(
        "class Stream(IterableDataset):\n"
        "    def __init__(self, path, unknown):\n"
        "        self.path, self.unknown, self.items = path, unknown, [1, 2, 3]\n"
        f"    def __iter__(self):{mark}\n{textwrap.indent(body, ' ' * 8)}\n"
        "    def load(self, item): return torch.load(item)\n"
        "    def read(self):\n        for item in self.items: yield item\n"
        "def main(path, unknown, workers):\n    return DataLoader(Stream(path, unknown), num_workers=workers)\n"
    )


TAKERS = {
    "DataLoader(Stream(), num_workers=4)": True,
    "DataLoader(ChainDataset([Stream(), Stream()]), num_workers=4)": True,
    "DataLoader(Stream())": False,
    "DataLoader(Stream(), num_workers=1)": False,
    "DataLoader(Stream(), num_workers=4, worker_init_fn=unknown)": False,
    "DataLoader(Stream(), num_workers=4, **unknown)": False,
    "other.Loader(Stream(), num_workers=4)": False,
}


@pytest.mark.parametrize(("loader", "told_of"), TAKERS.items())
def test_loaders_of_streams(loader: str, told_of: bool) -> None:
    mark = "  # RNG301" if told_of else ""
    check(
        f"import other\nclass Stream(IterableDataset):\n    def __iter__(self):{mark}\n        yield from range(9)\n"
        f"def main(unknown):\n    return {loader}\n"
    )


def test_streams_of_other_libraries_are_left_alone() -> None:
    check(
        "import webdataset\nclass Stream(webdataset.DataPipeline):\n    def __iter__(self):\n"
        "        yield from range(9)\nDataLoader(Stream(), num_workers=4)\n"
    )


@pytest.mark.parametrize(
    ("path", "copied"),
    [
        ("builtins.open()", True),
        ("pandas.read_csv().itertuples()", True),
        ("numpy.random.permutation()", True),
        ("numpy.random.choice()", False),
        ("numpy.random.default_rng().choice()", False),
        ("datasets.load_dataset()", False),
        ("sys.stdin", False),
        ("multiprocessing.Queue()", False),
    ],
)
def test_what_is_copied(path: str, copied: bool) -> None:
    assert is_copied(path) is copied


def test_blocks_of_loops_are_marked() -> None:
    text = "for i in items:\n    print(i)\nwhile  i <  3:\n    i += 1\n[j for j in items]\nif i:\n    pass\n"
    (body,) = module_facts("main.py", text).bodies
    assert [block.loop for block in body.block_table if block.loop] == [
        "for i in items",
        "while i < 3",
        "for j in items",
    ]
    first = body.blocks.index(next(i for i, block in enumerate(body.block_table) if block.loop))
    assert isinstance(body.instructions[first], Element)


# Another message where nothing seeds torch: the order is then not even repeated.
def test_orders_that_nothing_seeds() -> None:
    text = IMPORTS + "{}\nDataLoader([1], shuffle=True)\n"
    messages = [
        finding.message
        for seeds in ("torch.manual_seed(0)", "np.random.seed(0)", "pass")
        for finding in check_text("main.py", text.format(seeds))
        if finding.code == "RNG401"
    ]
    assert ["nothing seen here" in message for message in messages] == [False, True]
