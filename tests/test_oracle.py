"""Every fixture is run by real DataLoader workers, which must show what its codes claim."""

from __future__ import annotations

import re
from functools import partial
from unittest import mock

import pytest
from oracle import FIXTURES, PROGRAMS, claimed, codes, marked, need, read, warm_forkserver

pytest.importorskip("torch", reason="torch is not installed: tox -e witness runs these tests")

from reseed.witness import Testimony, session, witness
from reseed.witness.target import make

REALLY_STARTED = {"loaders/spawn.py", "objects/stored_torch_generator_spawn.py"}
"""Programs whose workers import PyTorch anew, as they would for a user: which is dear."""


def run(name: str, before_1_9: bool, start_method: str | None = None) -> Testimony:
    """What a program's workers do. Its samples are made of drawn numbers alone, so all values are compared."""
    target = partial(make, f"{FIXTURES / name}:make_loader")
    return witness(target, before_1_9=before_1_9, start_method=start_method, values="all", runs=False, timeout=90)


@pytest.mark.parametrize("name", PROGRAMS)
def test_workers_do_what_the_codes_claim(name: str) -> None:
    text = read(FIXTURES / name)
    need(name, text)
    wanted = marked(text) or claimed(text)
    if re.search("[\"'](spawn|forkserver)[\"']", text) and name not in REALLY_STARTED:
        with warm_forkserver(FIXTURES), mock.patch.object(session, "can_fork", return_value=False):
            before, since = run(name, True, "forkserver"), run(name, False, "forkserver")
    else:
        before, since = run(name, True), run(name, False)
    found = (before.letters, since.letters)
    if codes(text) == {"RNG202"} and not marked(text):
        wanted = (found[0], wanted[1])  # this code claims not to know
    assert found == wanted, "\n".join([*before.faults(), "--- since 1.9:", *since.faults()])
