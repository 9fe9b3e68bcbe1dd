"""What a seed depends on, and what a seeder is worth; the values are those of real runs, row by row.

A seeder that is not understood counts as help, and so does one whose seed comes from the clock, the process or the
operating system.
"""

from __future__ import annotations

import textwrap

import pytest

from reseed.facts import module_facts
from reseed.program import Loader, Program, analyse
from reseed.program.effects import NUMPY_GLOBAL, SeedEffect
from reseed.seeds.dependence import dependence
from reseed.seeds.seeder import Verdict, verdict

HEAD = """
import functools, logging, os, random, secrets, sys, time, uuid
import numpy as np
import torch
from numpy.random import SeedSequence
from torch.utils.data import DataLoader, Dataset, get_worker_info
from project import make_seed, config, setup
import pytorch_lightning as pl

SEED = 42

class Data(Dataset):
    def __getitem__(self, index):
        return np.random.rand()
"""


def only_loader(text: str) -> tuple[Program, Loader]:
    program = analyse(module_facts("m.py", HEAD + textwrap.dedent(text)))
    (loader,) = program.loaders
    return program, loader


def varies(text: str) -> set[str]:
    """What the seed of the one ``np.random.seed`` in a seeder varies by."""
    program, loader = only_loader(text)
    (found,) = (
        dependence(program, reached.activation, reached.effect.argument, loader.seeder)
        for reached in program.reached(loader.seeder)
        if isinstance(reached.effect, SeedEffect) and reached.effect.argument is not None
    )
    return set(found)


EXPRESSIONS = {
    # Constants
    "42": "",
    "SEED": "",
    "SEED * 1000 + 7": "",
    "-SEED": "",
    "2**32 - 1": "",
    "[1, 2, SEED]": "",
    "int('7')": "",
    "np.uint32(7)": "",
    "len(Data.__name__)": "",
    "base()": "",
    "7 if SEED else 8": "",
    "SEED or 7": "",
    # The operating system is asked for a seed of None
    "None": "os",
    "None if i else None": "os",
    "nothing()": "os",
    "None if i else 3": "os unknown",
    # The worker's id
    "i": "worker",
    "i + SEED": "worker",
    "SEED + i % 4": "worker",
    "int(i)": "worker",
    "hash(('a', i))": "worker",
    "[SEED, i]": "worker",
    "np.asarray(i)": "worker",
    "twice(i)": "worker",
    "twice(3)": "",
    "i if SEED else 3": "worker",
    "get_worker_info().id": "worker",
    "torch.utils.data.get_worker_info().id + 1": "worker",
    "SeedSequence([SEED, i]).generate_state(4)": "worker",
    # The worker's and the epoch's own seed
    "torch.initial_seed()": "worker-epoch",
    "torch.initial_seed() % 2**32": "worker-epoch",
    "torch.initial_seed() & 0xffffffff": "worker-epoch",
    "(torch.initial_seed() + i) % 2**32": "worker worker-epoch",
    "torch.initial_seed() % (2**32 - 1) + i": "worker worker-epoch",
    "torch.initial_seed() % np.iinfo(np.int32).max": "worker-epoch",
    "get_worker_info().seed % 2**32": "worker-epoch",
    "SeedSequence([torch.initial_seed(), i]).generate_state(4)": "worker worker-epoch",
    "random.randint(0, 2**32 - 1)": "worker-epoch",
    "torch.randint(0, 2**31, (1,)).item()": "worker-epoch",
    "int(torch.empty((), dtype=torch.int64).random_().item())": "worker-epoch",
    # The parent's state, as the worker inherited it
    "np.random.get_state()[1][0]": "parent-state",
    "np.random.get_state()[1][0] + i": "parent-state worker",
    "(np.random.get_state()[1][0] + i) % 2**32": "parent-state worker",
    "np.random.randint(0, 2**31 - 1)": "parent-state",
    "np.random.randint(0, 2**31 - 1) + i": "parent-state worker",
    "np.random.mtrand._rand.randint(9)": "parent-state",
    # What no torch.manual_seed repeats
    "time.time()": "clock",
    "int(time.time())": "clock",
    "int(time.time()) + i": "clock worker",
    "os.getpid()": "pid",
    "i + os.getpid()": "pid worker",
    "secrets.randbits(32)": "os",
    "uuid.uuid4().int % 2**32": "os",
    "torch.seed() % 2**32": "os",
    # Anything
    "make_seed()": "unknown",
    "make_seed(i)": "unknown",
    "config.seed": "unknown",
    "config.seed + i": "unknown worker",
    "undefined": "unknown",
    "int.from_bytes(os.urandom(4), 'little')": "unknown",
    "f'{i}'": "unknown",
}
WRONG_EXPRESSIONS = {
    "i if SEED else 3": "the branch that never runs counts as unknown",
    "torch.initial_seed() % np.iinfo(np.int32).max": "an attribute of a module, `np.int32`, counts as unknown",
}


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(e, marks=pytest.mark.xfail(strict=True, reason=WRONG_EXPRESSIONS[e]))
        if e in WRONG_EXPRESSIONS
        else e
        for e in EXPRESSIONS
    ],
)
def test_what_a_seed_varies_by(expression: str) -> None:
    text = f"""
        def base():
            return SEED
        def twice(x):
            return x * 2
        def nothing():
            pass
        def seeder(i):
            np.random.seed({expression})
        def main():
            return DataLoader(Data(), num_workers=2, worker_init_fn=seeder)
    """
    assert varies(text) == set(EXPRESSIONS[expression].split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def seeder(i, base=SEED): np.random.seed(base + i)\n", "worker"),
        ("def seeder(i, base=SEED): np.random.seed(base)\n", ""),
        ("def seeder(*ids): np.random.seed(ids[0])\n", "unknown"),
        ("def seeder(i):\n    j = i\n    if SEED:\n        j = j + 1\n    np.random.seed(j)\n", "worker"),
        ("def seeder(i):\n    s = 0\n    for k in range(3):\n        s = s + i\n    np.random.seed(s)\n", "worker"),
        ("def seeder(i):\n    info = get_worker_info()\n    np.random.seed(info.id)\n", "worker"),
        ("def seeder(i):\n    s = torch.initial_seed()\n    np.random.seed(s // 2)\n", "worker-epoch"),
        ("def seeder(i): inner(i + 1)\ndef inner(x): np.random.seed(x)\n", "worker"),
        ("def seeder(i): inner(3)\ndef inner(x): np.random.seed(x)\n", ""),
        ("def seeder(i): inner(*config)\ndef inner(x): np.random.seed(x)\n", "unknown"),
        ("seeder = lambda i: np.random.seed(i)\n", "worker"),
        ("def make(base):\n    return lambda i: np.random.seed(base + i)\nseeder = make(3)\n", "worker"),
        ("def make(base):\n    return lambda i: np.random.seed(base)\nseeder = make(3)\n", ""),
        ("def make(base):\n    return lambda i: np.random.seed(base)\nseeder = make(config.seed)\n", "unknown"),
        pytest.param(
            "def two(base, i): np.random.seed(base + i)\nseeder = functools.partial(two, 3)\n",
            "worker",
            marks=pytest.mark.xfail(strict=True, reason="the first parameter is taken for the id though it is filled"),
        ),
        ("def two(i, base): np.random.seed(base)\nseeder = functools.partial(two, base=3)\n", ""),
        ("class S:\n    def __call__(self, i): np.random.seed(i)\nseeder = S()\n", "worker"),
        ("class S:\n    def seed(self, i): np.random.seed(i)\nseeder = S().seed\n", "worker"),
        ("class S:\n    @staticmethod\n    def seed(i): np.random.seed(i)\nseeder = S.seed\n", "worker"),
        (
            "class S:\n    def __init__(self, b): self.b = b\n    def seed(self, i): np.random.seed(self.b)\n"
            "seeder = S(3).seed\n",
            "",
        ),
        (
            "class S:\n    def __init__(self, b): self.b = b\n    def seed(self, i): np.random.seed(self.b)\n"
            "seeder = S(config.seed).seed\n",
            "unknown",
        ),
    ],
)
def test_what_a_seed_varies_by_in_seeders_of_all_kinds(text: str, expected: str) -> None:
    main = "def main():\n    return DataLoader(Data(), num_workers=2, worker_init_fn=seeder)\n"
    assert varies(text + main) == set(expected.split())


# One row a line of the measured table: body of the seeder, its worth, its worth with persistent workers.
HELPS, USELESS = Verdict.HELPS, Verdict.USELESS
SEEDERS = [
    ("np.random.seed(torch.initial_seed() % 2**32)", HELPS, HELPS),
    ("np.random.seed((torch.initial_seed() + i) % 2**32)", HELPS, HELPS),
    ("np.random.seed(torch.initial_seed() % (2**32 - 1) + i)", HELPS, HELPS),
    ("np.random.seed(torch.initial_seed() % np.iinfo(np.int32).max)", HELPS, HELPS),
    ("np.random.seed(get_worker_info().seed % 2**32)", HELPS, HELPS),
    ("np.random.seed(SeedSequence([torch.initial_seed(), i]).generate_state(4))", HELPS, HELPS),
    ("np.random.seed(random.randint(0, 2**32 - 1))", HELPS, HELPS),
    ("np.random.seed(torch.randint(0, 2**31, (1,)).item())", HELPS, HELPS),
    ("np.random.seed(np.random.get_state()[1][0] + i)", USELESS, HELPS),
    ("np.random.seed((np.random.get_state()[1][0] + i) % 2**32)", USELESS, HELPS),
    ("np.random.seed(np.random.get_state()[1][0])", USELESS, USELESS),
    ("np.random.seed(i)", USELESS, HELPS),
    ("np.random.seed(42 + i)", USELESS, HELPS),
    ("np.random.seed(SEED + i)", USELESS, HELPS),
    ("np.random.seed(42)", USELESS, USELESS),
    ("np.random.seed(np.random.randint(0, 2**31 - 1))", USELESS, USELESS),
    ("np.random.seed(np.random.randint(0, 2**31 - 1) + i)", USELESS, HELPS),
    ("np.random.seed()", HELPS, HELPS),
    ("np.random.seed(None)", HELPS, HELPS),
    ("np.random.seed(torch.seed() % 2**32)", HELPS, HELPS),
    ("np.random.seed(os.getpid())", HELPS, HELPS),
    ("np.random.seed(int(time.time()))", HELPS, HELPS),
    ("np.random.seed(int(time.time()) + i)", HELPS, HELPS),
    ("np.random.seed(torch.initial_seed())", HELPS, HELPS),
    # Seeders that do other things
    ("pass", USELESS, USELESS),
    ("random.seed(torch.initial_seed())", USELESS, USELESS),
    ("torch.manual_seed(torch.initial_seed() + i)", USELESS, USELESS),
    ("np.random.default_rng(torch.initial_seed())", USELESS, USELESS),
    ("print(i); logging.info('worker %d', i); sys.stdout.flush()", USELESS, USELESS),
    ("torch.set_num_threads(1); os.environ.update(A='b')", USELESS, USELESS),
    ("np.random.seed(i); np.random.seed(torch.initial_seed() % 2**32)", HELPS, HELPS),
    ("np.random.set_state(config.state)", HELPS, HELPS),
    ("get_worker_info().dataset.reseed(i)", HELPS, HELPS),
    ("setup(i)", HELPS, HELPS),
    ("config.setup(i)", HELPS, HELPS),
    ("np.random.seed(make_seed(i))", HELPS, HELPS),
    ("np.random.seed(config.seed + i)", HELPS, HELPS),
    ("pl.seed_everything(torch.initial_seed() % 2**32)", HELPS, HELPS),
    ("pl.seed_everything(i)", USELESS, HELPS),
    ("pl.seed_everything(42)", USELESS, USELESS),
]


def judged(text: str, state: str = NUMPY_GLOBAL) -> Verdict:
    program, loader = only_loader(text)
    return verdict(program, loader, state)


@pytest.mark.parametrize(("body", "expected", "persistent"), SEEDERS)
def test_what_a_seeder_is_worth(body: str, expected: Verdict, persistent: Verdict) -> None:
    text = (
        "def seeder(i):\n    {}\ndef main():\n    return DataLoader(Data(), num_workers=2, worker_init_fn=seeder{})\n"
    )
    assert judged(text.format(body, "")) is expected
    assert judged(text.format(body, ", persistent_workers=False")) is expected
    assert judged(text.format(body, ", persistent_workers=True")) is persistent
    assert judged(text.format(body, ", persistent_workers=config.keep")) is persistent


@pytest.mark.parametrize("body", [body for body, _, _ in SEEDERS if ";" not in body and body != "pass"])
def test_a_lambda_is_worth_as_much(body: str) -> None:
    text = f"def main():\n    return DataLoader(Data(), num_workers=2, worker_init_fn=lambda i: {body})\n"
    (expected,) = (worth for other, worth, _ in SEEDERS if other == body)
    assert judged(text) is expected


FUNCTIONS = """
        def right(i):
            np.random.seed(torch.initial_seed() % 2**32)
        def wrong(i):
            np.random.seed(i)
        def seed_everything(seed):
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)
        def offset(i, base):
            np.random.seed(base + i)
        def number(seed):
            return seed + 1
        def factory(seed):
            def seeder(i):
                np.random.seed(torch.initial_seed() % 2**32)
            return seeder
        def wrong_factory(seed):
            return lambda i: np.random.seed(seed + i)
        def sometimes(seed):
            if seed:
                return right
        class Seeds:
            def right(self, i):
                right(i)
            def wrong(self, i):
                wrong(i)
            def __call__(self, i):
                right(i)
"""
ARGUMENTS = [
    ("", Verdict.ABSENT),
    ("worker_init_fn=None", Verdict.ABSENT),
    ("**{'worker_init_fn': None}", Verdict.ABSENT),
    ("**config", Verdict.HELPS),
    ("worker_init_fn=config.seeder", Verdict.HELPS),
    ("worker_init_fn=undefined", Verdict.HELPS),
    ("worker_init_fn=right", Verdict.HELPS),
    ("worker_init_fn=wrong", Verdict.USELESS),
    ("worker_init_fn=right if config else wrong", Verdict.HELPS),
    ("worker_init_fn=right if config else None", Verdict.HELPS),
    ("worker_init_fn=wrong if config else None", Verdict.USELESS),
    ("worker_init_fn=np.random.seed", Verdict.USELESS),
    ("worker_init_fn=np.random.seed, persistent_workers=True", Verdict.HELPS),
    ("worker_init_fn=seed_everything", Verdict.USELESS),
    ("worker_init_fn=seed_everything, persistent_workers=True", Verdict.HELPS),
    ("worker_init_fn=pl.seed_everything", Verdict.USELESS),
    ("worker_init_fn=torch.manual_seed", Verdict.USELESS),
    ("worker_init_fn=random.seed, persistent_workers=True", Verdict.USELESS),
    ("worker_init_fn=print", Verdict.HELPS),
    ("worker_init_fn=seed_everything(42)", Verdict.RESULT),
    ("worker_init_fn=pl.seed_everything(42)", Verdict.RESULT),
    ("worker_init_fn=np.random.seed(42)", Verdict.RESULT),
    ("worker_init_fn=torch.manual_seed(42)", Verdict.RESULT),
    ("worker_init_fn=random.seed()", Verdict.RESULT),
    ("worker_init_fn=number(42)", Verdict.RESULT),
    ("worker_init_fn=42", Verdict.RESULT),
    ("worker_init_fn=right(0)", Verdict.RESULT),
    ("worker_init_fn=setup(42)", Verdict.HELPS),
    ("worker_init_fn=factory(42)", Verdict.HELPS),
    ("worker_init_fn=wrong_factory(42)", Verdict.USELESS),
    ("worker_init_fn=sometimes(config)", Verdict.HELPS),
    ("worker_init_fn=functools.partial(offset, base=42)", Verdict.USELESS),
    ("worker_init_fn=functools.partial(offset, base=42), persistent_workers=True", Verdict.HELPS),
    ("worker_init_fn=functools.partial(offset, base=config.seed)", Verdict.HELPS),
    ("worker_init_fn=functools.partial(right)", Verdict.HELPS),
    ("worker_init_fn=Seeds().right", Verdict.HELPS),
    ("worker_init_fn=Seeds().wrong", Verdict.USELESS),
    ("worker_init_fn=Seeds()", Verdict.HELPS),
]


@pytest.mark.parametrize(("argument", "expected"), ARGUMENTS)
def test_what_an_argument_is_worth(argument: str, expected: Verdict) -> None:
    main = f"def main():\n    return DataLoader(Data(), num_workers=2, {argument})\n"
    assert judged(textwrap.dedent(FUNCTIONS) + main) is expected


@pytest.mark.parametrize(
    ("body", "states"),
    [
        ("np.random.seed(torch.initial_seed() % 2**32)", {"numpy-global"}),
        ("random.seed(torch.initial_seed())", {"python-global"}),
        ("torch.manual_seed(torch.initial_seed())", {"torch-global"}),
        ("pl.seed_everything(torch.initial_seed())", {"numpy-global", "python-global", "torch-global"}),
        ("pass", set()),
    ],
)
def test_a_seeder_helps_the_states_that_it_seeds(body: str, states: set[str]) -> None:
    text = f"def seeder(i):\n    {body}\ndef main():\n    return DataLoader(Data(), worker_init_fn=seeder)\n"
    every = {"numpy-global", "python-global", "torch-global"}
    assert {state for state in every if judged(text, state) is Verdict.HELPS} == states


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        ("pass", Verdict.USELESS),
        ("np.random.seed(0)", Verdict.USELESS),
        ("np.random.shuffle(order)", Verdict.HELPS),
        ("for epoch in range(3): np.random.seed(epoch)", Verdict.HELPS),
        ("random.shuffle(order)", Verdict.USELESS),
    ],
)
def test_a_copy_of_the_parents_state_differs_if_the_parent_moves_it(parent: str, expected: Verdict) -> None:
    text = f"""
        def seeder(i):
            np.random.seed(np.random.get_state()[1][0] + i)
        def main(order):
            {parent}
            return DataLoader(Data(), num_workers=2, worker_init_fn=seeder)
    """
    assert judged(text) is expected


def test_a_moving_parent_does_not_tell_workers_apart() -> None:
    text = """
        def seeder(i):
            np.random.seed(np.random.get_state()[1][0])
        def main(order):
            np.random.shuffle(order)
            return DataLoader(Data(), num_workers=2, worker_init_fn=seeder)
    """
    assert judged(text) is Verdict.USELESS
