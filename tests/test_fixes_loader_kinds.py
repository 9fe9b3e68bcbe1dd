"""Loaders that are not plain calls of DataLoader: partials, subclasses, functions, loaders of libraries."""

from __future__ import annotations

import re

import pytest
from test_fixes import HEAD, SEEDER, reason, repaired


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "make = «functools.partial(DataLoader, num_workers=4)»\n",
            "functools.partial(DataLoader, num_workers=4, worker_init_fn=seed_worker)",
        ),
        (
            "make = «functools.partial(DataLoader, ds, 1, True, None, None, 4, None, False, False, 0, None)»\n",
            "functools.partial(DataLoader, ds, 1, True, None, None, 4, None, False, False, 0, seed_worker)",
        ),
        (
            "class L(DataLoader):\n    def __init__(self, ds):\n        «super().__init__(ds, num_workers=4)»\n",
            "super().__init__(ds, num_workers=4, worker_init_fn=seed_worker)",
        ),
        (
            "class L(DataLoader):\n    def __init__(self, ds):\n"
            "        «DataLoader.__init__(self, ds, 1, True, None, None, 4, None, False, False, 0, None)»\n",
            "DataLoader.__init__(self, ds, 1, True, None, None, 4, None, False, False, 0, seed_worker)",
        ),
        (
            "class L(DataLoader):\n    pass\nloader = «L(ds, num_workers=4)»\n",
            "L(ds, num_workers=4, worker_init_fn=seed_worker)",
        ),
        (
            "class L(DataLoader):\n    def __init__(self, ds, worker_init_fn=None): ...\nloader = «L(ds, None)»\n",
            "L(ds, seed_worker)",
        ),
        (
            "class L(DataLoader):\n    def __init__(self, ds, **kwargs): ...\nloader = «L(ds)»\n",
            "L(ds, worker_init_fn=seed_worker)",
        ),
        (
            "class L(DataLoader):\n    def __init__(self, ds, *, worker_init_fn=None): ...\n"
            "class M(L): pass\nloader = «M(ds)»\n",
            "M(ds, worker_init_fn=seed_worker)",
        ),
    ],
)
def test_other_ways_to_make_a_loader(before: str, after: str) -> None:
    plain = re.sub("[«»]", "", before)
    call = before[before.index("«") + 1 : before.index("»")]
    head = "import functools\n" + HEAD
    assert repaired(head + before).text == head + SEEDER + plain.replace(call, after)


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (
            "class L(DataLoader):\n    def __init__(self, ds): ...\nloader = «L(ds, num_workers=4)»\n",
            "L.__init__ takes no worker_init_fn",
        ),
        (
            "class L(DataLoader):\n    def __init__(self, ds): ...\nclass M(L):\n"
            "    def __init__(self, ds):\n        «super().__init__(ds)»\n",
            "L.__init__ takes no worker_init_fn",
        ),
        (
            "def make(ds):\n    return DataLoader(ds)\nloader = «make(ds)»\n",
            "make takes no worker_init_fn",
        ),
        (
            "import monai\nloader = «monai.data.DataLoader(ds, num_workers=4)»\n",
            "monai.data.DataLoader brings a seeder of its own, or takes none",
        ),
    ],
)
def test_loader_that_takes_no_seeder(before: str, why: str) -> None:
    assert reason(HEAD + before) == why
