"""Every fixture is run by real DataLoader workers, which must show what its codes claim."""

from __future__ import annotations

import sys
from functools import partial

import pytest
from oracle import FIXTURES, PROGRAMS, claimed, codes, marked, read

pytest.importorskip("torch", reason="torch is not installed: tox -e witness runs these tests")

from reseed.witness import Testimony, witness
from reseed.witness.target import make


def run(name: str, before_1_9: bool) -> Testimony:
    """What a program's workers do. Its samples are made of drawn numbers alone, so all values are compared."""
    target = partial(make, f"{FIXTURES / name}:make_loader")
    try:
        return witness(target, before_1_9=before_1_9, values="all", runs=False, timeout=90)
    except ModuleNotFoundError as error:
        if name.startswith("optional/"):
            pytest.skip(f"{error.name} is not installed")
        raise


@pytest.mark.parametrize("name", PROGRAMS)
def test_workers_do_what_the_codes_claim(name: str) -> None:
    if name.startswith("py312/") and sys.version_info < (3, 12):
        pytest.skip("syntax of Python 3.12")
    text = read(FIXTURES / name)
    wanted = marked(text) or claimed(text)
    before, since = run(name, True), run(name, False)
    found = (before.letters, since.letters)
    if codes(text) == {"RNG202"} and not marked(text):
        wanted = (found[0], wanted[1])  # this code claims not to know
    assert found == wanted, "\n".join([*before.faults(), "--- since 1.9:", *since.faults()])
