"""Every repair is applied to its fixtures in a copy, and what comes out is run by real DataLoader workers."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest
from oracle import FIXTURES, PROGRAMS, claimed, codes, marked, need, read, warm_forkserver

from reseed.cli import main

torch = pytest.importorskip("torch", reason="torch is not installed: tox -e witness runs these tests")

from reseed.witness import Testimony, witness  # noqa: E402
from reseed.witness.run import Plan, observe  # noqa: E402
from reseed.witness.target import make  # noqa: E402

REPAIRABLE = ("RNG201", "RNG202", "RNG211")
CANDIDATES = [name for name in PROGRAMS if codes(read(FIXTURES / name)) & set(REPAIRABLE)]


@pytest.fixture
def repaired(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a fixture, beside its siblings, repaired."""
    name: str = request.param
    need(name, read(FIXTURES / name))
    folder = tmp_path / Path(name).parent.name
    shutil.copytree((FIXTURES / name).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / Path(name).name
    before = path.read_bytes()
    main(["fix", "--isolated", "--quiet", "--torch-version", "any", "--unsafe-fixes", str(path)])
    if path.read_bytes() == before:
        assert codes(read(path)) <= {"RNG101", "RNG121", "RNG202", "RNG211"}, "RNG201 is repaired wherever it can be"
        pytest.skip("a repair that is declined")
    return path


def numpy_faults(testimony: Testimony) -> set[str]:
    return {
        fault
        for source in testimony.sources
        if source.name == "numpy-global"
        for fault in source.faults(reproducible=True)
    }


def run(path: Path, before_1_9: bool = True) -> Testimony:
    return witness(partial(make, f"{path}:make_loader"), before_1_9=before_1_9, values="all", timeout=90)


@pytest.mark.parametrize("repaired", CANDIDATES, indirect=True)
def test_repaired_workers_are_independent_and_repeat(repaired: Path, request: pytest.FixtureRequest) -> None:
    text = read(repaired)
    seen = run(repaired)
    assert seen.crash is None, seen.faults()
    # What is equal on every PyTorch, and so no matter of this repair, may stay so.
    _, left = marked(text) or claimed(text)
    assert set(seen.letters.split()) <= {"ok", *left.split()}, seen.faults()
    faults = numpy_faults(seen)
    if faults and left == "ok":
        # A program that seeds torch itself, or hands a generator to its loader, does so after the repair, too.
        original = run(FIXTURES / request.node.callspec.params["repaired"], before_1_9=False)
        assert faults <= numpy_faults(original), faults


@pytest.mark.parametrize("repaired", CANDIDATES, indirect=True)
def test_repaired_programs_start_where_nothing_is_forked(repaired: Path, tmp_path: Path) -> None:
    original = FIXTURES / repaired.parent.name / repaired.name
    plan = Plan(epochs=1, samples=1, start_method="forkserver", values=False)
    with warm_forkserver(tmp_path):
        seen = observe(make(f"{repaired}:make_loader"), plan)
    if seen.crash is not None:
        with warm_forkserver(FIXTURES):
            before = observe(make(f"{original}:make_loader"), plan)
        assert before.crash and before.crash.kind == seen.crash.kind, f"not so before the repair: {seen.crash}"
