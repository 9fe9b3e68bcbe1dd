"""Loaders that bring a seeder of their own, or get one from their framework: no repair touches them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reseed.cli import main

FIXTURES = Path(__file__).parent.parent / "fixtures" / "optional"
OWN_SEEDER = (
    "detectron2_loader fastai_loader lightning_workers mmdet_loader monai_loader monai_loader_other_rng "
    "monai_loader_replaced monai_worker_init timm_loader torchdata_stateful torchdata_stateful_cv2 ultralytics_loader"
)
PYTORCHS = "accelerate_prepare dgl_loader geometric_loader lightning_data_module speechbrain_loader webdataset_loader"


def fixed(name: str, folder: Path, replaced: tuple[str, str] = ("", "")) -> tuple[str, str]:
    """A fixture and what the repairs make of it, `replaced` being changed first."""
    path = folder / f"{name}.py"
    before = (FIXTURES / path.name).read_text().replace(*replaced)
    path.write_text(before)
    options = ["--isolated", "--quiet", "--torch-version", "any", "--select", "RNG", "--unsafe-fixes"]
    main(["fix", *options, str(path)])
    return before, path.read_text()


@pytest.mark.parametrize("name", OWN_SEEDER.split())
def test_what_seeds_its_workers_itself_is_left_alone(name: str, tmp_path: Path) -> None:
    before, after = fixed(name, tmp_path)
    assert after == before


@pytest.mark.parametrize("name", PYTORCHS.split())
def test_what_leaves_seeding_to_pytorch_is_repaired(name: str, tmp_path: Path) -> None:
    before, after = fixed(name, tmp_path)
    assert before.count("worker_init_fn=") < after.count("worker_init_fn=")


def test_lightning_that_does_not_seed_workers_is_repaired(tmp_path: Path) -> None:
    before, after = fixed("lightning_workers", tmp_path, ("workers=True", "workers=False"))
    assert "worker_init_fn=" in after and "worker_init_fn=" not in before
