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
from reseed.seeds.dependence import dependence, seed_of
from reseed.seeds.seed import ANY, COARSE_CLOCK, SLOW_CLOCK, Seed, constant, operate
from reseed.seeds.seeder import Effect, Verdict, crash, effect, not_repeatable, summary_of, verdict
from reseed.seeds.signature import takes_worker_id, unpicklable

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
    "None if i else 3": "os",
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
    "np.random.get_state()[1][0]": "parent-word",
    "np.random.get_state()[1]": "parent-state",
    "np.random.get_state()[1][7]": "parent-state",
    "np.random.get_state()[1][0] + i": "parent-word worker",
    "(np.random.get_state()[1][0] + i) % 2**32": "parent-word worker",
    "np.random.randint(0, 2**31 - 1)": "parent-state",
    "np.random.randint(0, 2**31 - 1) + i": "parent-state worker",
    "np.random.mtrand._rand.randint(9)": "parent-state",
    # What no torch.manual_seed repeats
    "time.time()": "clock",
    "int(time.time())": "coarse-clock",
    "int(time.time()) + i": "coarse-clock worker",
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


@pytest.mark.parametrize("expression", EXPRESSIONS)
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
        ("def seeder(*ids): np.random.seed(ids[0])\n", "worker"),
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
        ("def two(base, i): np.random.seed(base + i)\nseeder = functools.partial(two, 3)\n", "worker"),
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
    ("np.random.seed(int(time.time()))", USELESS, USELESS),
    ("np.random.seed(int(time.time()) + i)", HELPS, HELPS),
    ("np.random.seed(int(time.time() / 3600) + i)", USELESS, HELPS),
    ("np.random.seed(int(time.time()) // 60 + i)", USELESS, HELPS),
    ("np.random.seed(time.time_ns() % 2**32)", HELPS, HELPS),
    ("np.random.seed(int(time.time() * 1000) % 2**32)", HELPS, HELPS),
    ("np.random.seed(torch.initial_seed() // 2**32)", USELESS, USELESS),
    ("np.random.seed(torch.initial_seed() >> 32)", USELESS, USELESS),
    ("np.random.seed((torch.initial_seed() - i) % 2**32)", USELESS, USELESS),
    ("np.random.seed(torch.initial_seed() % 2**32 - i)", USELESS, USELESS),
    ("np.random.seed((torch.initial_seed() >> 32) + i)", HELPS, HELPS),
    ("np.random.seed(SeedSequence([torch.initial_seed() - i, i]).generate_state(4))", HELPS, HELPS),
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
        ("np.random.seed(torch.initial_seed() % 2**32)", {"numpy-global", "python-global", "torch-global"}),
        ("np.random.seed(i)", {"python-global", "torch-global"}),
        ("random.seed(torch.initial_seed())", {"python-global", "torch-global"}),
        ("random.seed(i)", {"torch-global"}),
        ("torch.manual_seed(torch.initial_seed())", {"python-global", "torch-global"}),
        ("torch.manual_seed(3)", {"python-global"}),
        ("pl.seed_everything(torch.initial_seed())", {"numpy-global", "python-global", "torch-global"}),
        ("pl.seed_everything(i)", set()),
        ("pass", {"python-global", "torch-global"}),
    ],
)
def test_states_that_are_right_with_a_seeder(body: str, states: set[str]) -> None:
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


def judge(body: str, parameters: str = "i") -> tuple[Program, Loader]:
    return only_loader(
        f"""
        def seeder({parameters}):
            {body}
        def main():
            return DataLoader(Data(), num_workers=2, worker_init_fn=seeder)
        """
    )


@pytest.mark.parametrize(
    ("expression", "crashes"),
    [
        ("torch.initial_seed()", True),
        ("torch.initial_seed() + i", True),
        ("get_worker_info().seed", True),
        ("[torch.initial_seed(), i]", True),
        ("torch.initial_seed() & 0xffffffff + i", True),
        ("torch.initial_seed() % 2**33", True),
        ("torch.initial_seed() % sys.maxsize", True),
        ("torch.initial_seed() >> 16", True),
        ("torch.seed()", True),
        ("uuid.uuid4().int", True),
        ("time.time_ns()", True),
        ("int(time.time() * 1000)", True),
        ("random.getrandbits(64)", False),
        ("random.randint(0, 2**40)", True),
        ("torch.randint(0, 2**40, (1,)).item()", True),
        ("2**32", True),
        ("-1", True),
        ("i - 1", True),
        ("torch.initial_seed() % 2**32", False),
        ("torch.initial_seed() % 2**32 + i", False),
        ("(torch.initial_seed() & 0xffffffff) + i", False),
        ("torch.initial_seed() & (2**32 - 1)", False),
        ("torch.initial_seed() % np.iinfo(np.int32).max", False),
        ("torch.initial_seed() % np.iinfo(np.uint32).max + i", False),
        ("torch.initial_seed() % config.limit", False),
        ("torch.initial_seed() // 2**32", False),
        ("torch.initial_seed() >> 32", False),
        ("hash(('a', i))", False),
        ("uuid.uuid4().int & (1 << 32) - 1", False),
        ("uuid.uuid4().int % 2**32", False),
        ("random.randint(0, 2**32 - 1)", False),
        ("torch.randint(0, 2**31, (1,)).item()", False),
        ("int(time.time())", False),
        ("int(time.time()) + i", False),
        ("np.random.get_state()[1][0] + i", False),
        ("SeedSequence([torch.initial_seed(), i]).generate_state(4)", False),
        ("make_seed()", False),
        ("42 + i * 1000", False),
        ("2**32 - 1", False),
    ],
)
def test_seeds_that_are_too_large(expression: str, crashes: bool) -> None:
    summary = summary_of(*judge(f"np.random.seed({expression})"))
    assert summary is not None
    assert (crash(summary) is not None) is crashes
    other = summary_of(*judge(f"random.seed({expression}); torch.manual_seed(3)"))
    assert other is not None and crash(other) is None, "only NumPy asks for 32 bits"


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        ("", False),
        ("i", True),
        ("i, seed", False),
        ("i, seed=3", True),
        ("*ids", True),
        ("i, *rest", True),
        ("**options", False),
        ("i, **options", True),
        ("i, *, seed", False),
        ("i, *, seed=3", True),
        ("i=0", True),
        ("*, i", False),
    ],
)
def test_who_can_be_called_with_a_worker_id(parameters: str, answer: bool) -> None:
    assert takes_worker_id(*judge("pass", parameters)) is answer


@pytest.mark.parametrize(
    ("seeder", "answer", "picklable"),
    [
        ("lambda: None", False, False),
        ("lambda i: None", True, False),
        ("functools.partial(two, seed=3)", True, True),
        ("functools.partial(two, 3)", True, True),
        ("functools.partial(two, 3, 4)", False, True),
        ("functools.partial(two, i=3)", False, True),
        ("functools.partial(two)", False, True),
        ("functools.partial(functools.partial(two, seed=1), seed=3)", True, True),
        ("functools.partial(two, **config)", None, True),
        ("functools.partial(lambda i, s: None, s=3)", True, False),
        ("S().one", True, True),
        ("S().none", False, True),
        ("S.static", True, True),
        ("S()", True, True),
        ("T()", False, True),
        ("decorated", None, True),
        ("inner()", True, False),
        ("local()", True, False),
        ("local().method", True, False),
        ("np.random.seed", None, True),
        ("torch.seed", False, True),
        ("config.seeder", None, True),
        ("None", None, True),
    ],
)
def test_who_can_be_called_and_pickled(seeder: str, answer: bool | None, picklable: bool) -> None:
    program, loader = only_loader(
        f"""
        def two(i, seed): pass
        class S:
            def one(self, i): pass
            def none(self): pass
            @staticmethod
            def static(i): pass
            def __call__(self, i): pass
        class T:
            def __call__(self): pass
        @setup
        def decorated(): pass
        def inner():
            def seeder(i): pass
            return seeder
        def local():
            class Local:
                def __call__(self, i): pass
                def method(self, i): pass
            return Local()
        def main():
            return DataLoader(Data(), num_workers=2, worker_init_fn={seeder})
        """
    )
    assert takes_worker_id(program, loader) is answer
    values = loader.argument("worker_init_fn") or {}
    assert any(unpicklable(program.engine, value) for value in values) is not picklable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def make(seed):\n    return data(functools.partial(two, seed=seed))\n", "worker"),
        ("def make(epoch):\n    return data(functools.partial(two, seed=epoch))\n", "unknown worker"),
        ("def make(n):\n    for e in n:\n        data(functools.partial(two, seed=e))\n", "unknown worker"),
        ("def make(seed):\n    return data(lambda i: np.random.seed(seed + i))\n", "worker"),
        ("def make(seed):\n    return data(lambda i: np.random.seed(seed))\n", "given"),
        ("def make(s):\n    s = setup(s)\n    return data(lambda i: np.random.seed(s + i))\n", "unknown worker"),
        ("def make(epoch):\n    return data(lambda i: np.random.seed(epoch + i))\n", "unknown worker"),
        (
            "def make(seed):\n    return data(lambda i: np.random.seed(seed + i))\ndef run():\n"
            "    for e in setup():\n        make(e)\n",
            "unknown worker",
        ),
    ],
)
def test_what_the_parent_hands_over(text: str, expected: str) -> None:
    text = text.replace("data(", "DataLoader(Data(), num_workers=2, worker_init_fn=")
    program = analyse(module_facts("m.py", f"{HEAD}\ndef two(i, seed): np.random.seed(seed + i)\n{text}"))
    found = {
        frozenset(seed_of(program, reached.activation, reached.effect.argument, loader.seeder).varies)
        for loader in program.loaders
        for reached in program.reached(loader.seeder)
        if isinstance(reached.effect, SeedEffect) and reached.effect.argument is not None
    }
    assert found == {frozenset(expected.split())}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("args.seed + i", Effect.SAME_IN_EPOCHS),
        ("args.seed * 1000 + i", Effect.SAME_IN_EPOCHS),
        ("args.seed", Effect.RIGHT),
        ("args.seed + config.epoch + i", Effect.RIGHT),
        ("int(args.seed)", Effect.SAME_IN_WORKERS),
    ],
)
def test_an_option_stays_as_the_user_gave_it(options: str, expected: Effect) -> None:
    program, loader = only_loader(
        f"""
        import argparse
        args = argparse.ArgumentParser().parse_args()
        def seeder(i):
            np.random.seed({options})
        def main():
            return DataLoader(Data(), num_workers=2, worker_init_fn=seeder)
        """
    )
    summary = summary_of(program, loader)
    assert summary is not None
    assert effect(program, loader, summary, NUMPY_GLOBAL, since_1_9=True) is expected


@pytest.mark.parametrize(
    ("body", "before", "since"),
    [
        ("pass", Effect.UNTOUCHED, Effect.RIGHT),
        ("np.random.seed(np.random.randint(9))", Effect.SAME_IN_WORKERS, Effect.RIGHT),
        ("np.random.seed(np.random.randint(9) + i)", Effect.SAME_IN_EPOCHS, Effect.RIGHT),
        ("np.random.seed(np.random.get_state()[1][0] + i)", Effect.SAME_IN_EPOCHS, Effect.SAME_IN_EPOCHS),
        ("np.random.seed(i)", Effect.SAME_IN_EPOCHS, Effect.SAME_IN_EPOCHS),
        ("np.random.seed(7)", Effect.SAME_IN_WORKERS, Effect.SAME_IN_WORKERS),
        ("setup(i); np.random.seed(7)", Effect.RIGHT, Effect.RIGHT),
    ],
)
def test_before_and_since_1_9(body: str, before: Effect, since: Effect) -> None:
    program, loader = judge(body)
    summary = summary_of(program, loader)
    assert summary is not None
    assert effect(program, loader, summary, NUMPY_GLOBAL, since_1_9=False) is before
    assert effect(program, loader, summary, NUMPY_GLOBAL, since_1_9=True) is since


@pytest.mark.parametrize(
    ("parent", "before", "since"),
    [
        ("pass", Effect.SAME_IN_EPOCHS, Effect.SAME_IN_EPOCHS),
        ("np.random.seed(0)", Effect.SAME_IN_EPOCHS, Effect.SAME_IN_EPOCHS),
        ("np.random.shuffle(order)", Effect.RIGHT, Effect.SAME_IN_EPOCHS),
        ("for epoch in order: np.random.seed()", Effect.RIGHT, Effect.RIGHT),
        ("for epoch in order: again()", Effect.RIGHT, Effect.RIGHT),
    ],
)
def test_the_first_word_of_the_state_is_constant_since_1_9(parent: str, before: Effect, since: Effect) -> None:
    program, loader = only_loader(
        f"""
        def again():
            np.random.seed()
        def seeder(i):
            np.random.seed(np.random.get_state()[1][0] + i)
        def main(order):
            {parent}
            return DataLoader(Data(), num_workers=2, worker_init_fn=seeder)
        """
    )
    summary = summary_of(program, loader)
    assert summary is not None
    assert effect(program, loader, summary, NUMPY_GLOBAL, since_1_9=False) is before
    assert effect(program, loader, summary, NUMPY_GLOBAL, since_1_9=True) is since


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("np.random.seed()", True),
        ("np.random.seed(os.getpid())", True),
        ("np.random.seed(int(time.time()))", True),
        ("np.random.seed(torch.initial_seed() % 2**32)", False),
        ("np.random.seed(i)", False),
        ("random.seed()", False),
    ],
)
def test_seeds_that_no_run_repeats(body: str, expected: bool) -> None:
    summary = summary_of(*judge(body))
    assert summary is not None
    assert (not_repeatable(summary, NUMPY_GLOBAL) is not None) is expected


def test_a_library_that_seeds_each_worker_rightly_is_left_alone() -> None:
    text = """
        from pytorch_lightning.utilities.seed import pl_worker_init_function, isolate_rng
        def main():
            return DataLoader(Data(), num_workers=2, worker_init_fn=pl_worker_init_function)
    """
    assert summary_of(*only_loader(text)) is None


def test_arithmetic() -> None:
    worker = Seed(frozenset({"worker"}), 0, 7, slope=1)
    assert operate("-", worker, worker).varies == frozenset()
    assert operate("<<", constant(1), constant(32)).exact == 2**32
    assert operate("**", constant(2), constant(10**9)).exact is None
    assert operate("%", worker, constant(0)).high is None
    assert operate("//", worker, constant(0)).high is None
    assert operate("@", worker, ANY).varies == {"worker", "unknown"}
    clock = Seed(frozenset({"clock"}), ticks=1.0)
    assert operate("//", clock, constant(60)).varies == {SLOW_CLOCK}
    assert operate("//", clock, constant(1)).varies == {COARSE_CLOCK}
    assert operate("*", clock, constant(1000)).ticks == 1000
