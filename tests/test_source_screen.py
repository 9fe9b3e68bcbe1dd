"""The byte screen: it may keep too much and must never drop what yields a finding."""

from pathlib import Path

import pytest

from reseed.check import Shared, check_text
from reseed.knowledge.datasets import DATASETS
from reseed.knowledge.library_draws import LIBRARY_DRAWS
from reseed.knowledge.loaders import LOADERS
from reseed.knowledge.object_draws import GENERATOR_METHODS, METHODS
from reseed.knowledge.seeding import SEEDERS
from reseed.source.screen import may_matter

FIXTURES = sorted((Path(__file__).parent.parent / "fixtures").rglob("*.py"))

SHARED = Shared()

ITEM = "class A(Dataset):\n    def __getitem__(self, index):\n        return {}\n"


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_fixture_with_a_finding_is_kept(path: Path) -> None:
    raw = path.read_bytes()
    if not may_matter(raw):
        assert "# RNG" not in raw.decode("utf-8")
        assert check_text(str(path), raw.decode("utf-8-sig"), project=SHARED.project()) == []


@pytest.mark.parametrize("row", LOADERS, ids=lambda row: row.path)
def test_every_known_loader_is_kept(row) -> None:
    package, _, name = row.path.rpartition(".")
    assert may_matter(f"from {package} import {name} as L\nL(data, 1, True, None, None, 4)\n".encode())


@pytest.mark.parametrize("row", SEEDERS, ids=lambda row: row.path)
def test_every_known_seeder_in_worker_code_is_kept(row) -> None:
    package, _, name = row.path.rpartition(".")
    assert may_matter(f"from {package} import {name} as s\n{ITEM.format('s(0)')}".encode())


@pytest.mark.parametrize("method", sorted({name for names in METHODS.values() for name in names} | GENERATOR_METHODS))
def test_every_draw_from_an_object_of_another_file_is_kept(method: str) -> None:
    text = "from base import Base\nclass A(Base):\n    def {}(self):\n        {}\n"
    assert may_matter(text.format("get", f"return self.source. {method} (2)").encode())
    assert not may_matter(text.format("normal", "return self.source.get()").encode())


@pytest.mark.parametrize("row", LIBRARY_DRAWS, ids=lambda row: row.path)
def test_every_known_library_draw_in_worker_code_is_kept(row) -> None:
    package = row.path.split("(")[0].rpartition(".")[0]
    assert may_matter(f"import {package} as lib\n{ITEM.format('lib.call()')}".encode())


@pytest.mark.parametrize("row", [row for row in DATASETS if row.base and "*" not in row.path], ids=lambda row: row.path)
def test_every_known_dataset_with_a_drawing_transform_is_kept(row) -> None:
    package, _, name = row.path.rpartition(".")
    text = (
        f"from {package} import {name} as D\nfrom numpy.random import rand as r\nD('.', transform=lambda x: x + r())\n"
    )
    assert may_matter(text.encode())


@pytest.mark.parametrize(
    "call",
    [
        "np.random.rand()",
        "npr.uniform()",
        "rng.permutation(3)",
        "RandomState(0).rand()",
        "random.seed(0)",
        "seed_all(1)",
    ],
)
@pytest.mark.parametrize("entry", ["__getitem__", "__getitems__", "__iter__"])
def test_draws_and_seeds_in_worker_code_are_kept(call: str, entry: str) -> None:
    text = f"from numpy import random as npr\nclass A(Dataset):\n    def {entry}(self, index):\n        return {call}\n"
    assert may_matter(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import torch\n\n\ndef f(x):\n    return torch.relu(x)\n",
        "import numpy as np\n\nx = np.random.rand(3)\n",  # draws, but nothing runs in a worker
        "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)\nimport random\n",
    ],
)
def test_what_cannot_matter_is_dropped(text: str) -> None:
    assert not may_matter(text.encode())
