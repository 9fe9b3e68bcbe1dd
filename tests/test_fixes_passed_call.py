"""RNG211: a function in place of the result of a call, and the call in front of the loader."""

from __future__ import annotations

import pytest
from test_fixes import HEAD, SEEDER, reason, repaired

RIGHT = "def init(worker_id=0):\n    np.random.seed(torch.initial_seed() % 2**32)\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "loader = DataLoader(ds, worker_init_fn=‹seed_everything(42)›)\n",
            "seed_everything(42)\nloader = DataLoader(ds, worker_init_fn=seed_worker)\n",
        ),
        (
            "def f():\n\tx = 1\n\treturn DataLoader(ds, worker_init_fn=‹np.random.seed(x)›, b=1)  # made\n",
            "def f():\n\tx = 1\n\tnp.random.seed(x)\n"
            "\treturn DataLoader(ds, worker_init_fn=seed_worker, b=1)  # made\n",
        ),
        (
            "loader = DataLoader(\n    ds,\n    worker_init_fn=‹seed(\n        42,  # the answer\n    )›,\n)\n",
            "seed(\n        42,  # the answer\n    )\n"
            "loader = DataLoader(\n    ds,\n    worker_init_fn=seed_worker,\n)\n",
        ),
        (
            "loader = DataLoader(ds, worker_init_fn=(‹utils\n  .seed(42)›))\n",
            "(utils\n  .seed(42))\nloader = DataLoader(ds, worker_init_fn=(seed_worker))\n",
        ),
        (
            "for batch in enumerate(DataLoader(ds, worker_init_fn=‹seed(1)›)):\n    pass\n",
            "seed(1)\nfor batch in enumerate(DataLoader(ds, worker_init_fn=seed_worker)):\n    pass\n",
        ),
        (
            "a, b = DataLoader(x, worker_init_fn=‹seed(1)›), DataLoader(y, worker_init_fn=‹seed(2)›); c = 1\n",
            "seed(1)\nseed(2)\n"
            "a, b = DataLoader(x, worker_init_fn=seed_worker), DataLoader(y, worker_init_fn=seed_worker); c = 1\n",
        ),
        (
            "loader = DataLoader(ds, 1, True, None, None, 4, None, False, False, 0, ‹seed(1)›)\n",
            "seed(1)\nloader = DataLoader(ds, 1, True, None, None, 4, None, False, False, 0, seed_worker)\n",
        ),
        (
            "options = {'worker_init_fn': ‹seed(1)›}\nloader = DataLoader(ds, **options)\n",
            "seed(1)\noptions = {'worker_init_fn': seed_worker}\nloader = DataLoader(ds, **options)\n",
        ),
        (
            "options = dict(worker_init_fn=‹seed(1)›)\n",
            "seed(1)\noptions = dict(worker_init_fn=seed_worker)\n",
        ),
        (
            "DataLoader(«DataLoader(ds)», worker_init_fn=‹seed(1)›)\n",
            "seed(1)\nDataLoader(DataLoader(ds, worker_init_fn=seed_worker), worker_init_fn=seed_worker)\n",
        ),
        # The repaired call is what the finding of its loader needs too, and the loader may be moved itself.
        (
            "loader = «DataLoader(ds, worker_init_fn=‹seed(1)›)»\n",
            "seed(1)\nloader = DataLoader(ds, worker_init_fn=seed_worker)\n",
        ),
        (
            "loader = DataLoader(ds, worker_init_fn=‹seed(«DataLoader(ds)»)›)\n",
            "seed(DataLoader(ds, worker_init_fn=seed_worker))\nloader = DataLoader(ds, worker_init_fn=seed_worker)\n",
        ),
    ],
)
def test_call_is_moved(before: str, after: str) -> None:
    result = repaired(HEAD + before)
    assert not result.declined
    seeder = SEEDER.replace("    ", "\t") if "\t" in before else SEEDER
    assert result.text == HEAD + seeder + after
    crlf = repaired((HEAD + before).replace("\n", "\r\n"))
    assert crlf.text == (HEAD + seeder + after).replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("loader = DataLoader(ds, worker_init_fn=‹init(0)›)\n", "loader = DataLoader(ds, worker_init_fn=init)\n"),
        (
            "make = lambda: DataLoader(ds, worker_init_fn=‹init()›)\n",
            "make = lambda: DataLoader(ds, worker_init_fn=init)\n",
        ),
        (
            "class A:\n    loader = DataLoader(ds, worker_init_fn=‹init(0)›)\n",
            "class A:\n    loader = DataLoader(ds, worker_init_fn=init)\n",
        ),
        # Another function, beside one that is right.
        ("a = DataLoader(ds, worker_init_fn=‹seed(0)›)\n", "seed(0)\na = DataLoader(ds, worker_init_fn=init)\n"),
    ],
)
def test_right_seeder_is_passed(before: str, after: str) -> None:
    assert repaired(HEAD + RIGHT + before).text == HEAD + RIGHT + after


def test_seeder_that_is_hidden_is_not_passed() -> None:
    body = "def make(ds, init):\n    return DataLoader(ds, worker_init_fn=‹init(0)›)\n"
    result = repaired(HEAD + RIGHT + body)
    assert result.text == HEAD + SEEDER + RIGHT + (
        "def make(ds, init):\n    init(0)\n    return DataLoader(ds, worker_init_fn=seed_worker)\n"
    )


FIRST = "the call stands in {} and cannot be moved in front of the loader"


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("make = lambda: DataLoader(ds, worker_init_fn=‹seed(1)›)\n", FIRST.format("a lambda")),
        ("a = [DataLoader(ds, worker_init_fn=‹seed(1)›) for ds in dss]\n", FIRST.format("a comprehension")),
        ("a = list(DataLoader(ds, worker_init_fn=‹seed(1)›) for ds in dss)\n", FIRST.format("a comprehension")),
        ("a = DataLoader(ds, worker_init_fn=‹seed(1)›) if b else None\n", FIRST.format("a conditional expression")),
        ("a = b and DataLoader(ds, worker_init_fn=‹seed(1)›)\n", FIRST.format("an `and` or `or`")),
        ("if a: b = DataLoader(ds, worker_init_fn=‹seed(1)›)\n", "the loader's statement shares its line with another"),
        (
            "a = 1; b = DataLoader(ds, worker_init_fn=‹seed(a)›)\n",
            "the loader's statement shares its line with another",
        ),
        (
            "if a: \\\n  b = DataLoader(ds, worker_init_fn=‹seed(a)›)\n",
            "the loader's statement shares its line with another",
        ),
        (
            "while DataLoader(ds, worker_init_fn=‹seed(1)›): pass\n",
            "the loader is made in a statement that takes no other in front of it",
        ),
        (
            "@use(DataLoader(ds, worker_init_fn=‹seed(1)›))\ndef f(): pass\n",
            "the loader is made in a statement that takes no other in front of it",
        ),
        (
            "def f(loader=DataLoader(ds, worker_init_fn=‹seed(1)›)): pass\n",
            "the loader is made in a statement that takes no other in front of it",
        ),
        (
            "assert DataLoader(ds, worker_init_fn=‹seed(1)›)\n",
            "the loader is made in a statement that takes no other in front of it",
        ),
        ("class A:\n    b = DataLoader(ds, worker_init_fn=‹seed(1)›)\n", "the loader is made in the body of a class"),
        ("a = DataLoader((b := 1), worker_init_fn=‹seed(b)›)\n", "the call needs b, which its own statement assigns"),
        ("a = DataLoader(ds, worker_init_fn=‹seed(b := 1)›)\n", "the call assigns or awaits and cannot be moved"),
        (
            "a = DataLoader(ds, worker_init_fn=‹seed(1)› if b else None)\n",
            "the call is not passed as worker_init_fn here",
        ),
        ("a = DataLoader(‹seed(1)›)\n", "the call is not passed as worker_init_fn here"),
        ("‹seed(1)›\n", "the call is not passed as worker_init_fn here"),
        ("a = {'generator': ‹seed(1)›}\n", "the call is not passed as worker_init_fn here"),
    ],
)
def test_declined(before: str, why: str) -> None:
    assert reason(HEAD + before) == why


def test_loader_with_its_own_seeder() -> None:
    text = "import monai\nloader = monai.data.DataLoader(ds, worker_init_fn=‹seed(1)›)\n"
    assert reason(text) == "monai.data.DataLoader brings a seeder of its own, or takes none"


def test_declined_beside_applied() -> None:
    result = repaired(
        HEAD
        + "make = lambda: DataLoader(ds, worker_init_fn=‹seed(1)›)\nloader = DataLoader(ds, worker_init_fn=‹seed(2)›)\n"
    )
    assert result.text == HEAD + SEEDER + (
        "make = lambda: DataLoader(ds, worker_init_fn=seed(1))\n"
        "seed(2)\nloader = DataLoader(ds, worker_init_fn=seed_worker)\n"
    )
    assert len(result.applied) == len(result.declined) == 1
