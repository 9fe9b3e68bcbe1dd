"""Which file an import means: trees of empty files, and what Python would find in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reseed.source.modules import Modules

TREE = [
    ".git/HEAD",
    "train.py",
    "utils.py",
    "data/__init__.py",
    "data/faces.py",
    "data/ops/__init__.py",
    "data/ops/crop.py",
    "plain/noise.py",
    "src/pkg/__init__.py",
    "src/pkg/sets.py",
    "scripts/run.py",
    "scripts/utils.py",
    "random.py",
    "torch/__init__.py",
    "apps/one/helper.py",
    "apps/one/main.py",
    "apps/two/helper.py",
    "apps/two/main.py",
    "tools/only_here.py",
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("importer", "module", "found"),
    [
        ("train.py", "utils", "utils.py"),
        ("scripts/run.py", "utils", "scripts/utils.py"),  # the script's own folder comes first
        ("scripts/run.py", "data.faces", "data/faces.py"),
        ("data/faces.py", "data.ops", "data/ops/__init__.py"),
        ("data/faces.py", "utils", "utils.py"),
        ("train.py", "plain", "plain/"),  # a namespace package
        ("train.py", "plain.noise", "plain/noise.py"),
        ("scripts/run.py", "pkg.sets", "src/pkg/sets.py"),
        ("apps/one/main.py", "helper", "apps/one/helper.py"),
        ("apps/two/main.py", "helper", "apps/two/helper.py"),
        ("train.py", "only_here", "tools/only_here.py"),  # some folder must be on the path
        ("train.py", "helper", None),  # which of the two is not known
        ("data/faces.py", "random", None),  # the library, for a file that does not stand beside it
        ("scripts/run.py", "torch", None),
        ("train.py", "torch", "torch/__init__.py"),  # as Python would, run from there
        ("train.py", "nowhere", None),
        ("train.py", "data.nowhere", None),
    ],
)
def test_absolute_imports(tree: Path, importer: str, module: str, found: str | None) -> None:
    first = next(iter(Modules().imported(str(tree / importer), 0, module)), None)
    assert first == (None if found is None else os.path.join(tree, found))


@pytest.mark.parametrize(
    ("importer", "level", "module", "found"),
    [
        ("data/faces.py", 1, "ops", "data/ops/__init__.py"),
        ("data/faces.py", 1, "", "data/__init__.py"),
        ("data/ops/crop.py", 2, "faces", "data/faces.py"),
        ("data/ops/__init__.py", 1, "crop", "data/ops/crop.py"),
        ("plain/noise.py", 1, "", "plain/"),
        ("data/faces.py", 1, "nowhere", None),
    ],
)
def test_relative_imports(tree: Path, importer: str, level: int, module: str, found: str | None) -> None:
    first = next(iter(Modules().imported(str(tree / importer), level, module)), None)
    assert first == (None if found is None else os.path.join(tree, found))
