"""Draws followed through the files of a project."""

from __future__ import annotations

import gc
import itertools
import json
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from reseed.check import Shared, check_text
from reseed.facts import module_facts
from reseed.program import analyse, engine
from reseed.program.activation import Activation
from reseed.program.engine import Engine
from reseed.program.values import Object
from reseed.runs import check_paths
from reseed.settings import Settings

FIXTURES = Path(__file__).parent.parent / "fixtures"

DATASET = """
from torch.utils.data import Dataset
{imports}
class FaceDataset(Dataset):
    def __getitem__(self, index):
        return {item}
"""
LOADER = """
from torch.utils.data import DataLoader
{imports}
loader = DataLoader({dataset}, num_workers=2)
"""


def rows(folder: Path, files: Mapping[str, str]) -> set[str]:
    """``file:line code`` of every finding in a tree of these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    report = check_paths([str(folder)], Settings(torch_version="any"))
    assert not report.problems
    return {f"{Path(f.path).relative_to(folder).as_posix()}:{f.span.line} {f.code}" for f in report.findings}


def dataset(item: str, imports: str = "") -> str:
    return DATASET.format(item=item, imports=imports)


def loader(made: str, imports: str = "") -> str:
    return LOADER.format(dataset=made, imports=imports)


SEEDING = """
import numpy as np
import torch
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)
"""

CASES = {
    "a function of another file": (
        {
            "noise.py": "import numpy as np\ndef noise():\n    return np.random.rand()\n",
            "faces.py": dataset("noise()", "from noise import noise"),
        },
        {"faces.py:6 RNG101"},
    ),
    "a method of a base class": (
        {
            "base.py": """
                import numpy as np
                from torch.utils.data import Dataset
                class Base(Dataset):
                    def load(self):
                        return np.random.rand()
            """,
            "faces.py": """
                import base
                class Faces(base.Base):
                    def __getitem__(self, index):
                        return self.load()
            """,
        },
        {"faces.py:5 RNG101"},
    ),
    "an abstract method that a subclass in another file binds": (
        {
            "base.py": """
                from torch.utils.data import Dataset
                class Base(Dataset):
                    def __getitem__(self, index):
                        return self.load(index)
            """,
            "faces.py": """
                import numpy as np
                from base import Base
                class Faces(Base):
                    def load(self, index):
                        return np.random.rand()
            """,
        },
        {"faces.py:6 RNG101"},
    ),
    "modules that import each other": (
        {
            "one.py": dataset("two.draw()", "import two"),
            "two.py": """
                import numpy as np
                import one
                def draw():
                    return np.random.rand()
                def make():
                    return one.FaceDataset()
            """,
        },
        {"one.py:6 RNG101"},
    ),
    "a name that a package exports again": (
        {
            "pkg/__init__.py": "from .inner import *\n",
            "pkg/inner/__init__.py": "from pkg.inner.deep import noise as sound\n__all__ = ['sound']\n",
            "pkg/inner/deep.py": "import numpy as np\ndef noise():\n    return np.random.rand()\n",
            "faces.py": dataset("pkg.sound()", "import pkg"),
        },
        {"faces.py:6 RNG101"},
    ),
    "a name that __all__ leaves out": (
        {
            "helpers.py": "import numpy as np\n__all__ = []\ndef noise():\n    return np.random.rand()\n",
            "faces.py": dataset("noise()", "from helpers import *"),
        },
        set(),
    ),
    "a subclass of DataLoader that brings its seeder": (
        {
            "loading.py": """
                import numpy as np
                import torch
                from torch.utils.data import DataLoader
                def seed(worker_id):
                    np.random.seed(torch.initial_seed() % 2**32)
                class SeededLoader(DataLoader):
                    def __init__(self, *args, **kwargs):
                        super().__init__(*args, worker_init_fn=seed, **kwargs)
            """,
            "faces.py": dataset("np.random.rand()", "import numpy as np"),
            "train.py": """
                from faces import FaceDataset
                from loading import SeededLoader
                loader = SeededLoader(FaceDataset(), num_workers=4)
            """,
        },
        set(),
    ),
    "a wrapper of the project's own": (
        {
            "faces.py": dataset("np.random.rand()", "import numpy as np"),
            "wrapped.py": """
                class Cached:
                    def __init__(self, dataset):
                        self.dataset = dataset
                    def __getitem__(self, index):
                        return self.dataset[index]
            """,
            "train.py": loader("Cached(FaceDataset())", "from faces import FaceDataset\nfrom wrapped import Cached"),
        },
        {"faces.py:6 RNG101", "train.py:5 RNG201"},
    ),
    "classes chosen by a condition": (
        {
            "faces.py": dataset("np.random.rand()", "import numpy as np"),
            "quiet.py": dataset("index").replace("FaceDataset", "QuietDataset"),
            "train.py": loader(
                "(FaceDataset if which else QuietDataset)()",
                "import sys\nfrom faces import FaceDataset\nfrom quiet import QuietDataset\nwhich = sys.argv",
            ),
        },
        {"faces.py:6 RNG101", "train.py:7 RNG201"},
    ),
    "a trainer out of a package, given the dataset by the main program": (
        {
            "faces.py": dataset("np.random.rand()", "import numpy as np"),
            "seeding.py": SEEDING,
            "engine/__init__.py": "from .trainer import Trainer\n",
            "engine/trainer.py": """
                from torch.utils.data import DataLoader
                from seeding import seed_worker
                class Trainer:
                    def __init__(self, dataset):
                        self.dataset = dataset
                    def fit(self):
                        return DataLoader(self.dataset, num_workers=2, worker_init_fn=seed_worker)
            """,
            "run.py": """
                from engine import Trainer
                from faces import FaceDataset
                def main():
                    Trainer(FaceDataset()).fit()
                if __name__ == "__main__":
                    main()
            """,
        },
        set(),
    ),
    "a function that an entry point calls from outside": (
        {
            "faces.py": dataset("np.random.rand()", "import numpy as np"),
            "seeding.py": SEEDING,
            "build.py": """
                from seeding import seed_worker
                from torch.utils.data import DataLoader
                def build(d):
                    return DataLoader(d, num_workers=2, worker_init_fn=seed_worker)
            """,
            "cli.py": """
                import os; from faces import FaceDataset
                from build import (  # both (of them)
                    build,
                )
                def main():
                    for batch in build(FaceDataset()):
                        print(batch)
            """,
        },
        set(),
    ),
    "a mixin that is no dataset": (
        {
            "crops.py": "import numpy as np\nclass Crops:\n    def crop(self):\n        return np.random.rand()\n",
            "faces.py": """
                from crops import Crops
                from torch.utils.data import Dataset
                class Faces(Crops, Dataset):
                    def __getitem__(self, index):
                        return self.crop()
            """,
            "train.py": loader("Faces()", "from faces import Faces"),
        },
        {"faces.py:6 RNG101", "train.py:4 RNG201"},
    ),
    "a constant seed in a function of another file": (
        {
            "noise.py": """
                import numpy as np
                def noise():
                    np.random.seed(42)
                    return np.random.rand()
            """,
            "faces.py": dataset("noise()", "from noise import noise"),
        },
        {"faces.py:6 RNG121"},
    ),
    "a method that another file names": (
        {
            "faces.py": """
                import numpy as np
                from torch.utils.data import Dataset
                class Faces(Dataset):
                    def __init__(self, how):
                        self.how = how
                    def __getitem__(self, index):
                        return getattr(self, self.how)(index)
                    def load(self, index):
                        return index
                    def reshuffle(self):
                        self.order = np.random.permutation(9)
            """,
            "train.py": loader(
                "faces", "import sys\nfrom faces import Faces\nfaces = Faces(sys.argv[1])\nfaces.reshuffle()"
            ),
        },
        set(),
    ),
    "a folder that is named like a library": (
        {
            "scripts/datasets.py": dataset("np.random.rand()", "import numpy as np")
            + "def load_dataset(name):\n    return FaceDataset()\n",
            "main.py": loader("load_dataset('faces')", "from datasets import load_dataset"),
        },
        {"scripts/datasets.py:6 RNG101"},
    ),
    "a module of datasets, and a name from the command line": (
        {
            "faces/__init__.py": "from .plain import PlainDataset\nfrom .noisy import FaceDataset\nrotate = 1\n",
            "faces/noisy.py": dataset("np.random.rand()", "import numpy as np"),
            "faces/plain.py": "from torch.utils.data import Dataset\nclass PlainDataset(Dataset): pass\n",
            "train.py": loader("getattr(faces, sys.argv[1])()", "import sys, faces"),
        },
        {"faces/noisy.py:6 RNG101", "train.py:4 RNG201"},
    ),
    "a module without datasets, and a name from the command line": (
        {
            "faces/__init__.py": "import numpy as np\ndef rotate():\n    return np.random.rand()\n",
            "train.py": loader("getattr(faces, sys.argv[1])()", "import sys, faces"),
        },
        {"train.py:4 RNG202"},
    ),
    "eval of a name put together": (
        {
            "faces.py": dataset("np.random.rand()", "import numpy as np"),
            "train.py": loader("eval('faces.' + sys.argv[1])()", "import sys, faces"),
        },
        {"faces.py:6 RNG101", "train.py:4 RNG201"},
    ),
    "eval of a dotted name": (
        {
            "faces.py": dataset("np.random.rand()", "import numpy as np"),
            "train.py": loader("eval('faces.FaceDataset')()", "import faces"),
        },
        {"faces.py:6 RNG101", "train.py:4 RNG201"},
    ),
    "eval of anything else": (
        {
            "faces.py": dataset("np.random.rand()", "import numpy as np"),
            "train.py": loader("eval(input())()", "import faces"),
        },
        {"faces.py:6 RNG101", "train.py:4 RNG202"},
    ),
    "importlib with a name as it stands": (
        {
            "faces.py": dataset("np.random.rand()", "import numpy as np"),
            "train.py": loader("importlib.import_module('faces').FaceDataset()", "import importlib"),
        },
        {"faces.py:6 RNG101", "train.py:4 RNG201"},
    ),
    "importlib with a name from the command line, and transforms": (
        {
            "noise.py": "import numpy as np\nclass Noise:\n    def __call__(self, x): return np.random.rand()\n",
            "train.py": loader(
                "importlib.import_module(sys.argv[1]).Faces(Noise())", "import importlib, sys; from noise import Noise"
            ),
        },
        {"train.py:4 RNG101", "train.py:4 RNG201"},
    ),
    "results of a pool that the dataset's parent keeps": (
        {
            "faces.py": """
                import multiprocessing
                import numpy as np
                import torch
                from torch_geometric.data import InMemoryDataset
                def prepare(index):
                    return np.random.rand()
                class Faces(InMemoryDataset):
                    def process(self):
                        with multiprocessing.Pool(2) as pool:
                            items = pool.map(prepare, range(8))
                        items = [self.pre_transform(item) for item in items]
                        torch.save(self.collate(items), self.processed_paths[0])
            """,
        },
        set(),
    ),
    "workers=0 handed over from another file": (
        {
            "faces.py": dataset("np.random.rand()", "import numpy as np"),
            "loading.py": """
                from torch.utils.data import DataLoader
                def build(dataset, workers):
                    return DataLoader(dataset, num_workers=workers)
            """,
            "train.py": "from faces import FaceDataset\nimport loading\nloading.build(FaceDataset(), 0)\n",
        },
        set(),
    ),
}


# A class that only inherits its draws, in the file of what it is handed.
INHERITED = {
    "base.py": """
        import numpy as np
        class Base:
            def __init__(self, transform):
                self.transform = transform
            def __len__(self):
                return 8
            def __getitem__(self, index):
                return self.transform(np.random.rand())
    """,
    "noise.py": "import numpy as np\ndef shift(x):\n    return x + np.random.rand()\n",
    "train.py": loader("Faces(augment)", "from faces import Faces, augment"),
}
CASES |= {
    "a root whose own code draws in another file": (
        {
            **INHERITED,
            "faces.py": """
                from base import Base
                from noise import shift
                def augment(x):
                    return shift(x)
                class Faces(Base):
                    pass
            """,
        },
        {"base.py:9 RNG101", "faces.py:5 RNG101", "train.py:4 RNG201"},
    ),
    "a root whose own code draws nothing": (
        {
            **INHERITED,
            "faces.py": """
                from base import Base
                def augment(x):
                    return x
                class Faces(Base):
                    pass
            """,
        },
        {"base.py:9 RNG101", "train.py:4 RNG201"},
    ),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=list(CASES))
def test_rows_of_a_project(tmp_path: Path, files: dict[str, str], expected: set[str]) -> None:
    assert rows(tmp_path, files) == expected


def test_a_path_names_the_file_of_each_step(tmp_path: Path) -> None:
    files, _ = CASES["a function of another file"]
    rows(tmp_path, files)
    faces = tmp_path / "faces.py"
    (finding,) = check_text(str(faces), faces.read_text(), project=Shared().project())
    assert [(Path(step.path).name, step.line) for step in finding.steps] == [
        ("faces.py", 5),
        ("faces.py", 6),
        ("noise.py", 3),
    ]
    assert [(Path(draw.path).name, draw.line) for draw in finding.draws] == [("noise.py", 3)]


def test_a_long_chain_of_imports_and_bases_ends(tmp_path: Path) -> None:
    files = {"m0.py": "import numpy as np\nclass C0:\n    def draw(self):\n        return np.random.rand()\n"}
    for n in range(1, 200):
        files[f"m{n}.py"] = f"from m{n - 1} import C{n - 1}\nimport m{(n + 1) % 200}\nclass C{n}(C{n - 1}):\n    pass\n"
    files["faces.py"] = dataset("C20().draw()", "from m20 import C20")
    files["far.py"] = dataset("C199().draw()", "from m199 import C199")
    # How far imports are followed is bounded: past it nothing is said.
    assert rows(tmp_path, files) == {"faces.py:6 RNG101"}


def test_neither_order_nor_company_of_files_matters() -> None:
    paths = sorted(str(path) for path in (FIXTURES / "linked").rglob("*.py"))
    settings = Settings(torch_version="any")
    together = check_paths(paths, settings).findings
    shared = Shared()
    for path in reversed(paths):
        check_text(path, Path(path).read_text(), project=shared.project())
        alone = [finding for finding in together if finding.path == path]
        assert list(check_paths([path], settings).findings) == alone
    assert check_paths(paths[::-1], settings).findings == together


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_flake8_gives_the_same_rows(jobs: str) -> None:
    command = [sys.executable, "-m", "flake8", "--isolated", "--select=RNG", "--reseed-torch-version=any"]
    run = subprocess.run(
        [*command, f"--jobs={jobs}", "linked", "project"], cwd=FIXTURES, capture_output=True, text=True
    )
    shown = sorted(line.split(" ")[:2] for line in run.stdout.splitlines())
    command = [sys.executable, "-m", "reseed", "check", "--isolated", "--torch-version=any", "--output-format=json"]
    run = subprocess.run([*command, "linked", "project"], cwd=FIXTURES, capture_output=True, text=True)
    found = json.loads(run.stdout)["findings"]
    expected = [[f"{f['path']}:{f['line']}:{f['column']}:", f["code"]] for f in found]
    assert shown == sorted(expected) and len(expected) > 20


def test_renaming_every_file_changes_nothing_else(tmp_path: Path) -> None:
    files, expected = CASES["a wrapper of the project's own"]
    for number, names in enumerate(itertools.permutations(["zeta", "alpha", "mid"])):
        renamed = dict(zip(["faces", "wrapped", "train"], names, strict=True))
        texts = {}
        for name, text in files.items():
            for old, new in renamed.items():
                text = text.replace(f"from {old} import", f"from {new} import")
            texts[f"{renamed[name.removesuffix('.py')]}.py"] = text
        wanted = {row.replace(row.split(".py")[0], renamed[row.split(".py")[0]], 1) for row in expected}
        assert rows(tmp_path / str(number), texts) == wanted


@pytest.mark.parametrize("checked", ["train.py", "faces.py"])
@pytest.mark.parametrize("limit", [engine._LINKED_STEP_LIMIT, 100, 1])
def test_what_one_file_took_is_given_back_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checked: str, limit: int
) -> None:
    (tmp_path / "faces.py").write_text(dataset("np.random.rand()", "import numpy as np"))
    (tmp_path / "train.py").write_text(loader("FaceDataset()", "from faces import FaceDataset"))
    monkeypatch.setattr(engine, "_LINKED_STEP_LIMIT", limit)  # what is given up is given back, too
    path = tmp_path / checked
    gc.collect()
    gc.disable()
    try:
        project = Shared().project()
        before = sum(isinstance(each, (Engine, Activation, Object)) for each in gc.get_objects())
        assert check_text(str(path), path.read_text(), project=project)
        assert sum(isinstance(each, (Engine, Activation, Object)) for each in gc.get_objects()) == before
    finally:
        gc.enable()


@pytest.mark.parametrize("to_come", [0, engine._STEPS_TO_COME])
def test_a_program_in_which_too_much_waits_is_given_up_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to_come: int
) -> None:
    (tmp_path / "helper.py").write_text("def get():\n    return 3\n")
    waiting = "".join(f"def f{number}():\n    return get()\n" for number in range(30))
    beginning = "from helper import get\nfrom torch.utils.data import DataLoader\nkind = DataLoader\n"
    (tmp_path / "train.py").write_text(beginning + waiting)
    monkeypatch.setattr(engine, "_LINKED_STEP_LIMIT", 20 * engine._STEPS_TO_COME)
    monkeypatch.setattr(engine, "_STEPS_TO_COME", to_come)
    path = tmp_path / "train.py"
    project = Shared().project()
    program = analyse(module_facts(str(path), path.read_text()), project)
    assert program.engine.exhausted == bool(to_come)
    assert check_text(str(path), path.read_text(), project=project) == []
    assert ("program, given up" in project.stopwatch.seconds) == bool(to_come)
