"""The repair of RNG111 and RNG112 by a seeder that finds objects in the dataset of each worker."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reseed.cli import main

HEAD = """\
import random

import albumentations as A
import numpy as np
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, random_split


"""
DATASETS = """\
class Faces(Dataset):
    def __init__(self, augment):
        self.augment = augment
        self.rng = torch.Generator()

    def __getitem__(self, index):
        return self.augment(image=images[index])["image"]


class Noise(Dataset):
    rng = torch.Generator()

    def __getitem__(self, index):
        return torch.rand(3, generator=self.rng)


PIPELINE = A.Compose([A.RandomCrop(2, 2), A.HorizontalFlip(p=0.5)])
"""
SEEDER = '''\
def seed_worker(worker_id):
    """Give a DataLoader worker seeds of its own, taken from PyTorch's."""
    info = torch.utils.data.get_worker_info()
    rng = random.Random(f"{info.seed} seed_worker")
    info.dataset.'''
PIPELINE_SEEDED = (
    "set_random_state(np.random.default_rng(rng.getrandbits(64)), random.Random(rng.getrandbits(64)))\n\n\n"
)
GIVEN = ", worker_init_fn=seed_worker)"


def fix(tmp_path: Path, loaders: str, head: str = HEAD, name: str = "train.py") -> str:
    (tmp_path / name).write_text(head + DATASETS + loaders)
    main(["fix", "--isolated", "--torch-version", "any", "--unsafe-fixes", str(tmp_path / name)])
    return (tmp_path / name).read_text()


@pytest.mark.parametrize(
    ("loader", "chain"),
    [
        ("Faces(PIPELINE)", "augment." + PIPELINE_SEEDED),
        ("Subset(Faces(PIPELINE), range(3))", "dataset.augment." + PIPELINE_SEEDED),
        ("random_split(Faces(PIPELINE), [3, 5])[0]", "dataset.augment." + PIPELINE_SEEDED),
        ("Noise()", "rng.manual_seed(rng.getrandbits(63))\n\n\n"),
    ],
)
def test_found_in_the_dataset(tmp_path: Path, loader: str, chain: str, capsys: pytest.CaptureFixture[str]) -> None:
    loaders = f"loader = DataLoader({loader}, num_workers=2)\n"
    after = fix(tmp_path, loaders)
    assert after == HEAD + SEEDER + chain + DATASETS + loaders.replace(")\n", GIVEN + "\n")
    assert "Repaired 1 finding" in capsys.readouterr().out
    main(["check", "--isolated", "--torch-version", "any", str(tmp_path)])
    assert ("RNG111" if "Noise" in loader else "RNG112") not in capsys.readouterr().out


def test_each_dataset_has_a_seeder_of_its_own(tmp_path: Path) -> None:
    loaders = "one = DataLoader(Faces(PIPELINE), num_workers=2)\ntwo = DataLoader(Noise(), num_workers=2)\n"
    after = fix(tmp_path, loaders)
    assert "one = DataLoader(Faces(PIPELINE), num_workers=2, worker_init_fn=seed_worker)\n" in after
    assert "two = DataLoader(Noise(), num_workers=2, worker_init_fn=seed_loader_worker)\n" in after
    assert re.findall(r"info\.dataset\.(\w+\.\w+)", after) == ["rng.manual_seed", "augment.set_random_state"]


def test_loaders_of_one_kind_share_it(tmp_path: Path) -> None:
    loaders = "one = DataLoader(Noise(), num_workers=2)\ntwo = DataLoader(Noise(), num_workers=4)\n"
    assert fix(tmp_path, loaders) == (
        f"{HEAD}{SEEDER}rng.manual_seed(rng.getrandbits(63))\n\n\n{DATASETS}"
        f"one = DataLoader(Noise(), num_workers=2{GIVEN}\ntwo = DataLoader(Noise(), num_workers=4{GIVEN}\n"
    )


def test_numpy_is_seeded_beside(tmp_path: Path) -> None:
    drawn = DATASETS.replace("return self.augment(", "np.random.rand()\n        return self.augment(")
    (tmp_path / "train.py").write_text(f"{HEAD}{drawn}loader = DataLoader(Faces(PIPELINE), num_workers=2)\n")
    main(["fix", "--isolated", "--torch-version", "any", str(tmp_path / "train.py")])
    seeder = SEEDER.replace("    info =", "    np.random.seed(torch.initial_seed() % 2**32)\n    info =")
    after = (tmp_path / "train.py").read_text()
    assert after.startswith(f"{HEAD}{seeder}augment.{PIPELINE_SEEDED}")
    assert after.endswith(f"loader = DataLoader(Faces(PIPELINE), num_workers=2{GIVEN}\n")


NOT_HELD = "the dataset does not hold in an attribute of its own what draws here, so that no seeder finds it"


@pytest.mark.parametrize(
    ("loaders", "why"),
    [
        ("loader = DataLoader(ConcatDataset([Faces(PIPELINE)]), num_workers=2)\n", NOT_HELD),
        ("loader = DataLoader(Faces(PIPELINE if images else None), num_workers=2)\n", NOT_HELD),
        ("data = Faces(None)\nfor data.augment in (PIPELINE, print):\n"
         "    loader = DataLoader(data, num_workers=2)\n", NOT_HELD),
        ("def f(i):\n    random.seed(i)\n\n\n"
         "loader = DataLoader(Faces(PIPELINE), 2, num_workers=2, worker_init_fn=f)\n",
         "the loader's worker_init_fn may serve other datasets, which do not have what is to be seeded here"),
        ("def loader(**options):\n    return DataLoader(Faces(PIPELINE), 2, num_workers=2, **options)\n",
         "the loader's worker_init_fn may serve other datasets, which do not have what is to be seeded here"),
        ("loader = DataLoader(ConcatDataset([Noise()]), num_workers=2)\n",
         "`generator=` takes a torch.Generator only; without it, torch draws from what it seeds in every worker"),
        ("", "`generator=` takes a torch.Generator only; without it, torch draws from what it seeds in every worker"),
    ],
)  # fmt: skip
def test_declined(tmp_path: Path, loaders: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    after = fix(tmp_path, loaders)
    assert after == HEAD + DATASETS + loaders
    reasons = re.findall(r": RNG11[12] .*\[not repaired: (.*)\]$", capsys.readouterr().out, re.MULTILINE)
    assert why in reasons


def test_loader_of_another_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train.py").write_text(
        "from torch.utils.data import DataLoader\n\nfrom faces import PIPELINE, Faces\n\n"
        "loader = DataLoader(Faces(PIPELINE), num_workers=2)\n"
    )
    assert fix(tmp_path, "", name="faces.py") == HEAD + DATASETS
    assert f"its loader stands in another file: {tmp_path / 'train.py'}:5" in capsys.readouterr().out


MONAI = """\
import torch
from monai.data import Dataset as Files
from monai.transforms import Compose, RandGaussianNoise, RandomizableTransform
from torch.utils.data import DataLoader, Dataset, Subset


class Shift(RandomizableTransform):
    def __call__(self, image):
        return image + self.R.uniform(0, 100)


class Images(Dataset):
    def __init__(self, transform):
        self.transform = transform

    def __getitem__(self, index):
        return self.transform(images[index])


"""


@pytest.mark.parametrize(
    ("dataset", "seeding"),
    [
        ("Images(Compose([RandGaussianNoise()]))", "info.dataset.transform.set_random_state(seed=rng.getrandbits(32))"),
        ("Images(Shift())", "info.dataset.transform.set_random_state(seed=rng.getrandbits(32))"),
        ("Subset(Images(Shift()), [1])", "info.dataset.dataset.transform.set_random_state(seed=rng.getrandbits(32))"),
        (
            "Files(images, Compose([RandGaussianNoise()]))",
            "monai.data.utils.set_rnd(torch.utils.data.get_worker_info().dataset, torch.initial_seed())",
        ),
    ],
)
def test_objects_of_monai(tmp_path: Path, dataset: str, seeding: str) -> None:
    # set_rnd goes through all attributes, and would not end in a dataset that objects of it refer to.
    (tmp_path / "train.py").write_text(f"{MONAI}loader = DataLoader({dataset}, num_workers=2)\n")
    main(["fix", "--isolated", "--torch-version", "any", str(tmp_path / "train.py")])
    after = (tmp_path / "train.py").read_text()
    assert f"    {seeding}\n" in after
    assert f"loader = DataLoader({dataset}, num_workers=2{GIVEN}\n" in after


def test_a_pipeline_of_another_library_is_not_seeded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = f"{MONAI}import torchvision\n\n"
    loader = "loader = DataLoader(Images(torchvision.transforms.Compose([Shift()])), num_workers=2)\n"
    (tmp_path / "train.py").write_text(head + loader)
    main(["fix", "--isolated", "--torch-version", "any", str(tmp_path / "train.py")])
    assert (tmp_path / "train.py").read_text() == head + loader
