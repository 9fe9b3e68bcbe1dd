"""Every repair is applied to its fixtures in a copy, and what comes out is run by real DataLoader workers."""

from __future__ import annotations

import re
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

LOADERS = ("RNG201", "RNG202", "RNG211")
SEEDERS = ("RNG212", "RNG213", "RNG214", "RNG215", "RNG218")
REPAIRABLE = (*LOADERS, *SEEDERS, "RNG112")
CANDIDATES = [name for name in PROGRAMS if codes(read(FIXTURES / name)) & set(REPAIRABLE)]
NO_REPAIR = "there is no repair for the random numbers of"
NOT_HELD = "the dataset does not hold in an attribute of its own what draws here"
BRINGS_ITS_OWN = "would take the place of the one that the loader brings"
OF_OBJECT = "the seed of an RNG object is not rewritten"
DECLINED = {
    **{
        f"objects/seeder_{name}.py": OF_OBJECT
        for name in (
            *("replaces_by_constant", "replaces_by_list_of_seeds", "replaces_by_sequence_and_id"),
            *("replaces_by_spawn_key", "replaces_by_spawned_sequence", "replaces_by_worker_id"),
            "seeds_object_by_worker_id",
        )
    },
    "linked/wrong_seeder/train.py": "the seeder stands in another file: ",
    "optional/albumentations_transform.py": NOT_HELD,
    "optional/faker_names.py": NO_REPAIR,
    "optional/mimesis_numbers.py": NO_REPAIR,
    "optional/monai_loader_other_rng.py": BRINGS_ITS_OWN,
    "optional/monai_loader_replaced.py": BRINGS_ITS_OWN,
    "optional/pillow_noise.py": NO_REPAIR,
    "optional/scipy_sobol.py": NO_REPAIR,
    "optional/torchdata_stateful_cv2.py": BRINGS_ITS_OWN,
    "optional/trimesh_samples.py": NO_REPAIR,
}
"""Programs whose wrong seeder, or library, is left as it is, and why."""


@pytest.fixture
def repaired(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A copy of a fixture, beside its siblings, repaired."""
    name: str = request.param
    need(name, read(FIXTURES / name))
    folder = tmp_path / Path(name).parent.name
    shutil.copytree((FIXTURES / name).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / Path(name).name
    before = path.read_bytes()
    main(["fix", "--isolated", "--torch-version", "any", "--unsafe-fixes", str(path)])
    output = capsys.readouterr().out
    if path.read_bytes() == before:
        allowed = {"RNG101", "RNG121", "RNG202", "RNG211"}
        assert DECLINED[name] in output if name in DECLINED else codes(read(path)) <= allowed, output
        pytest.skip("a repair that is declined")
    assert name not in DECLINED
    return path


def faults_of(testimony: Testimony) -> set[str]:
    """What is wrong with the states that are seeded, and with what is drawn from those that cannot be read."""
    return {
        fault
        for source in testimony.sources
        if source.name == "numpy-global" or source.kind == "value"
        for fault in source.faults(reproducible=True)
    }


def left_by(text: str) -> str:
    """The letters that a run may show after the repair: what is equal on every PyTorch and no matter of it."""
    rest = re.sub("|".join((*SEEDERS, "RNG112")), "RNG000", text)
    if rest != text:
        return claimed(rest)[1]
    return (marked(text) or claimed(text))[1]


def run(path: Path, before_1_9: bool = True) -> Testimony:
    return witness(partial(make, f"{path}:make_loader"), before_1_9=before_1_9, values="all", timeout=90)


@pytest.mark.parametrize("repaired", CANDIDATES, indirect=True)
def test_repaired_workers_are_independent_and_repeat(repaired: Path, request: pytest.FixtureRequest) -> None:
    text = read(repaired)
    seen = run(repaired)
    assert seen.crash is None, seen.faults()
    left = left_by(text)
    assert set(seen.letters.split()) <= {"ok", *left.split()}, seen.faults()
    if left != "ok":
        return
    faults = faults_of(seen)
    if "Generator().manual_seed" in text:
        faults = {fault for fault in faults if not fault.endswith("torch.manual_seed does not change the draws")}
    if "collate_fn" in text:
        faults = {fault for fault in faults if "made before by the same worker" not in fault}  # one number a batch
    if faults and not codes(text) & set(SEEDERS):
        # A program that seeds torch itself, or hands a generator to its loader, does so after the repair, too.
        faults -= faults_of(run(FIXTURES / request.node.callspec.params["repaired"], before_1_9=False))
    assert not faults


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
