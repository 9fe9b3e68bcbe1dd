"""RNG objects that `reseed fix` has made holders of, in copies of the fixtures, run by real DataLoader workers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Hashable
from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from oracle import FIXTURES, codes, need, read, warm_forkserver

from reseed.cli import main

pytest.importorskip("torch", reason="torch is not installed: tox -e witness runs these tests")

from reseed.witness import Testimony, session, witness
from reseed.witness.run import Plan, observe
from reseed.witness.target import make

SHARED_OBJECTS = sorted(
    path.relative_to(FIXTURES).as_posix() for path in FIXTURES.rglob("*.py") if "RNG111" in codes(read(path))
)
NOT_HELD = {
    "linked/kept/jittered.py": "the RNG object is made in another file, at {folder}/shaken.py:11",
    "linked/kept/points.py": "the RNG object is made in another file, at {folder}/noise.py:9",
    "objects/bit_generator.py": "the RNG object on line 9 is not made by default_rng, RandomState or random.Random",
    "objects/bound_method.py": "the parent keeps a method of the RNG object in NoiseDataset.__init__",
    "objects/stored_by_shuffled_stream.py": "workers may have to draw alike where `__iter__` shuffles or chooses what "
    "they then share out",
    **{
        f"objects/subclass_of_{name}.py": f"the RNG object on line {line} is not made by default_rng, RandomState or "
        "random.Random"
        for name, line in (("generator", 17), ("random", 15), ("random_state", 17), ("random_with_methods", 20))
    },
    "optional/numba_given_generator.py": "`throw(...)` is given the RNG object itself on line 20",
    "optional/scipy_random_state_shared.py": "`stats.norm.rvs(...)` is given the RNG object itself on line 16",
    "optional/sklearn_check_random_state_shared.py": "`shuffle(...)` is given the RNG object itself on line 17",
}
"""Fixtures whose RNG objects no holder can replace, and what `reseed fix` says about them."""
HELD = [name for name in SHARED_OBJECTS if name not in NOT_HELD]


def repair_copy(name: str, tmp_path: Path) -> tuple[Path, bool]:
    """A copy of a fixture, beside its siblings, repaired; and whether that changed it."""
    folder = tmp_path / Path(name).parent.name
    shutil.copytree((FIXTURES / name).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / Path(name).name
    before = path.read_bytes()
    main(["fix", "--isolated", "--quiet", "--torch-version", "any", "--unsafe-fixes", str(path)])
    return path, path.read_bytes() != before


@pytest.fixture
def repaired(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a fixture, beside its siblings, repaired."""
    name: str = request.param
    need(name, read(FIXTURES / name))
    path, changed = repair_copy(name, tmp_path)
    assert changed
    return path


def run(path: Path, start_method: str | None = None) -> Testimony:
    target = partial(make, f"{path}:make_loader")
    return witness(target, start_method=start_method, values="all", timeout=90)


@pytest.mark.parametrize("repaired", HELD, indirect=True)
def test_held_objects_are_a_workers_own_and_repeat(repaired: Path) -> None:
    # Two datasets whose objects have one seed draw alike in a worker, as they did without workers.
    alike = repaired.name == "seeder_replaces_in_concat.py"
    if re.search("[\"'](spawn|forkserver)[\"']", read(repaired)):
        with warm_forkserver(repaired.parent), mock.patch.object(session, "can_fork", return_value=False):
            seen = run(repaired, start_method="forkserver")
    else:
        seen = run(repaired)
    faults = [fault for fault in seen.faults(reproducible=True) if not (alike and "by the same worker" in fault)]
    assert seen.samples and not faults, seen


@pytest.mark.parametrize("repaired", HELD, indirect=True)
def test_held_objects_draw_what_they_drew_where_there_are_no_workers(
    repaired: Path, request: pytest.FixtureRequest
) -> None:
    def drawn(path: Path) -> list[Hashable]:
        with warm_forkserver(path.parent):
            run = observe(make(f"{path}:make_loader"), Plan(workers=0))
        if run.crash is not None:
            pytest.skip(f"not without workers: {run.crash.message}")
        events = [event for epoch in run.epochs for worker in epoch for event in worker if event.unit == "row"]
        return [event.values[""] for event in events]

    original = FIXTURES / request.node.callspec.params["repaired"]
    before, again, after = drawn(original), drawn(original), drawn(repaired)
    assert len(before) == len(after) > 0
    # An object without a seed draws something else each time, and does so still.
    assert (before == after) is (before == again)


@pytest.mark.parametrize("name", NOT_HELD)
def test_objects_that_cannot_be_held_are_left_alone(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, changed = repair_copy(name, tmp_path)
    reasons = re.findall(r": RNG111 .*\[not repaired: (.*)\]$", capsys.readouterr().out, re.MULTILINE)
    assert (changed, reasons) == (False, [NOT_HELD[name].format(folder=path.parent)])


# A dataset that keeps a torch.Generator cannot be sent to a process that is not forked.
@pytest.mark.parametrize(
    "repaired", [name for name in HELD if "torch.Generator" not in read(FIXTURES / name)], indirect=True
)
def test_held_objects_start_where_nothing_is_forked(repaired: Path) -> None:
    with warm_forkserver(repaired.parent):
        seen = observe(make(f"{repaired}:make_loader"), Plan(epochs=1, samples=1, start_method="forkserver"))
    if seen.crash is not None:
        original = FIXTURES / repaired.parent.name / repaired.name
        with warm_forkserver(FIXTURES):
            plan = Plan(epochs=1, samples=1, start_method="forkserver")
            before = observe(make(f"{original}:make_loader"), plan)
        assert before.crash and before.crash.kind == seen.crash.kind, f"not so before the repair: {seen.crash}"
