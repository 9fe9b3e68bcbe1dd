"""What a loader gets by ``**mapping``, and what a repair makes of that."""

from __future__ import annotations

import pytest
from test_fixes import HEAD, SEEDER, call_after, reason, repaired


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("«DataLoader(ds, **{'a': 1})»", "DataLoader(ds, worker_init_fn=seed_worker, **{'a': 1})"),
        ("«DataLoader(ds, **{}, b=1)»", "DataLoader(ds, worker_init_fn=seed_worker, **{}, b=1)"),
        ("«DataLoader(**dict(dataset=ds))»", "DataLoader(worker_init_fn=seed_worker, **dict(dataset=ds))"),
        (
            "«DataLoader(\n    ds,  # data\n    # more\n    **{'a': 1},\n)»",
            "DataLoader(\n    ds,  # data\n    worker_init_fn=seed_worker,\n    # more\n    **{'a': 1},\n)",
        ),
        (
            "«DataLoader(\n    # all\n    **{'a': 1}\n)»",
            "DataLoader(\n    worker_init_fn=seed_worker,\n    # all\n    **{'a': 1}\n)",
        ),
        # What is in an unknown mapping may well be a seeder: that one wins, and does not clash.
        ("«DataLoader(ds, **opts)»", 'DataLoader(ds, **{"worker_init_fn": seed_worker, **opts})'),
        ("«DataLoader(ds, **a.b())»", 'DataLoader(ds, **{"worker_init_fn": seed_worker, **a.b()})'),
        ("«DataLoader(ds, **(a or b))»", 'DataLoader(ds, **{"worker_init_fn": seed_worker, **(a or b)})'),
        ("«DataLoader(ds, **a or b)»", 'DataLoader(ds, **{"worker_init_fn": seed_worker, **(a or b)})'),
        ("«DataLoader(ds, **{'a': 1, **b})»", """DataLoader(ds, **{"worker_init_fn": seed_worker, 'a': 1, **b})"""),
        (
            "«DataLoader(ds, **{\n    'a': 1,\n    **b,\n})»",
            "DataLoader(ds, **{\n    \"worker_init_fn\": seed_worker,\n    'a': 1,\n    **b,\n})",
        ),
        ("«DataLoader(ds, **{**{'worker_init_fn': None}})»", "DataLoader(ds, **{**{'worker_init_fn': seed_worker}})"),
        ("«DataLoader(**{'a': 1}, **b)»", """DataLoader(**{'a': 1}, **{"worker_init_fn": seed_worker, **b})"""),
    ],
)
def test_mapping(before: str, after: str) -> None:
    assert call_after(before) == after


KEYWORD = "DataLoader(ds, worker_init_fn=seed_worker, **kwargs)"
MERGED = 'DataLoader(ds, **{"worker_init_fn": seed_worker, **kwargs})'
PLAIN = "DataLoader(ds, **kwargs)"


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("kwargs = {'num_workers': 4}\n", KEYWORD),
        ("kwargs = dict(num_workers=4)\n", KEYWORD),
        ("kwargs: dict = {'num_workers': 4, 'pin_memory': True} if cuda else {}\n", KEYWORD),
        (
            "kwargs = {}\nkwargs['num_workers'] = 4\nkwargs.update({'a': 1}, b=2)\n"
            "print(kwargs['a'], kwargs.get('b'))\n",
            KEYWORD,
        ),
        (
            "kwargs = {}\nif cuda:\n    kwargs = {'num_workers': 4}\nif 'a' in kwargs: pass\n"
            "f(**kwargs)\ng({**kwargs})\n",
            KEYWORD,
        ),
        ("kwargs = {}\nkwargs.update(opts)\n", MERGED),
        ("kwargs = {}\nkwargs.setdefault('worker_init_fn', f)\n", MERGED),
        ("kwargs = {}\nkwargs[name] = f\n", MERGED),
        ("kwargs = {}\nfill(kwargs)\n", MERGED),
        ("kwargs = other = {}\n", MERGED),
        ("kwargs = options()\n", MERGED),
        ("kwargs = {**options()}\n", MERGED),
        ("kwargs |= {}\n", MERGED),
        ("options = {'a': 1}\nkwargs = dict(options, **options, b=2)\n", KEYWORD),
        ("options = {'a': f()}\nkwargs = {**options, 'b': 2}\noptions.update(c)\n", MERGED),
        ("kwargs = {'a': 1}\nkwargs = {**kwargs, 'b': 1}\n", MERGED),
        ("from options import kwargs\n", MERGED),
        ("kwargs = {}\ndef fill():\n    global kwargs\n    kwargs = options()\n", MERGED),
        ("kwargs = {}\ndef fill():\n    kwargs.update(options())\n", MERGED),
        ("kwargs = {}\ndef other(kwargs):\n    kwargs.update(options())\n", KEYWORD),
    ],
)
def test_mapping_with_a_name(body: str, after: str) -> None:
    head = HEAD + "def unrelated(): pass\n"
    result = repaired(f"{head}{body}loader = «{PLAIN}»\n")
    assert result.text == f"{HEAD}{SEEDER}def unrelated(): pass\n{body}loader = {after}\n"


def test_mapping_of_a_function() -> None:
    body = "def make(ds, cuda):\n    kwargs = {'num_workers': 4}\n    return «DataLoader(ds, **kwargs)»\n"
    assert repaired(HEAD + body).text.endswith(f"    return {KEYWORD}\n")
    body = "def make(ds, **kwargs):\n    return «DataLoader(ds, **kwargs)»\n"
    assert repaired(HEAD + body).text.endswith(f"    return {MERGED}\n")


def test_none_in_a_mapping_with_a_name() -> None:
    body = (
        "kwargs = {'num_workers': 4, 'worker_init_fn': None}\n"
        "a = «DataLoader(ds, **kwargs)»\nb = «DataLoader(dt, **kwargs)»\n"
    )
    result = repaired(HEAD + body)
    assert result.text == HEAD + SEEDER + body.replace("None", "seed_worker").translate({ord(c): None for c in "«»"})
    assert len(result.applied) == 2


def test_late_seeder_in_a_mapping_is_declined() -> None:
    text = HEAD + "kwargs = {}\nkwargs['worker_init_fn'] = None\nloader = «DataLoader(ds, **kwargs)»\n"
    assert reason(text) == "a ** mapping sets worker_init_fn in some cases only"
