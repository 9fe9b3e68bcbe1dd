"""The byte screen: it may keep too much and must never drop what yields a finding."""

from __future__ import annotations

import ast
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reseed.check import Shared, check_text
from reseed.knowledge.datasets import DATASETS, NEVER
from reseed.knowledge.loaders import LOADERS
from reseed.knowledge.ranks import RANK_SIGNS
from reseed.knowledge.seeding import SEEDERS
from reseed.program import Project
from reseed.source import SourceError
from reseed.source.screen import Screen

FIXTURES = sorted(
    path
    for path in (Path(__file__).parent.parent / "fixtures").rglob("*.py")
    if sys.version_info >= (3, 12) or path.parent.name != "py312"
)

SHARED = Shared()


class NoScreen(Screen):
    """Keeps everything."""

    def may_matter(self, path: str, raw: bytes, tree: ast.AST | None = None) -> bool:
        return True


UNSCREENED = Project(NoScreen())


def may_matter(text: str) -> bool:
    return Screen().may_matter("alone.py", textwrap.dedent(text).encode())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_python_allows(end: str) -> None:
    text = "import numpy as np\nclass Faces:\n    def __getitem__(self, index):\n        return np.random.rand()\n"
    assert may_matter((text + "    def __len__(self):\n        return 3\n").replace("\n", end))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_fixture_with_a_finding_is_dropped(path: Path) -> None:
    raw = path.read_bytes()
    text = raw.decode("utf-8-sig")
    if not SHARED.screen.may_matter(str(path), raw, ast.parse(text)):
        assert "# RNG" not in text
        assert check_text(str(path), text, project=UNSCREENED) == []


INSTALLED = sorted(Path(sysconfig.get_path("purelib")).rglob("*.py"))


@settings(deadline=None, max_examples=60)
@given(path=st.sampled_from(INSTALLED))
def test_no_installed_file_with_a_finding_is_dropped(path: Path) -> None:
    raw = path.read_bytes()
    if SHARED.screen.may_matter(str(path), raw):
        return
    try:
        text = raw.decode("utf-8-sig")
        found = check_text(str(path), text, project=UNSCREENED)
    except (UnicodeDecodeError, SourceError):
        return
    assert found == []


@pytest.mark.parametrize("row", LOADERS, ids=lambda row: row.path)
def test_every_known_loader_is_kept(row) -> None:
    package, _, name = row.path.rpartition(".")
    assert may_matter(f"from {package} import {name} as L\nL(data, 1, True, None, None, 4)\n")


@pytest.mark.parametrize("row", [row for row in DATASETS if row.base and "*" not in row.path], ids=lambda row: row.path)
def test_every_known_dataset_is_kept(row) -> None:
    package, _, name = row.path.rpartition(".")
    assert may_matter(f"import {package} as data\nclass A(data.{name}):\n    pass\n")


@pytest.mark.parametrize("row", SEEDERS, ids=lambda row: row.path)
def test_every_seeder_in_a_loop_over_epochs_is_kept(row) -> None:
    package, _, name = row.path.rpartition(".")
    if "()" in package or row.states[0] not in ("numpy-global", "python-global", "torch-global"):
        pytest.skip("seeds an object, or a library's own RNG, which no rule asks of the main program")
    assert may_matter(f"from {package} import {name}\nfor epoch in range(3):\n    {name}(0)\n    train()\n")


@pytest.mark.parametrize("row", RANK_SIGNS, ids=lambda row: row.path)
def test_every_sign_of_ranks_is_kept(row) -> None:
    package, _, name = row.path.rpartition(".")
    assert may_matter(f"from {package} import {name}\nimport loaders\n{name}()\nset_seed(0)\n")


@pytest.mark.parametrize(
    "text",
    [
        "class A(Dataset): pass",
        "class A(data.FaceDataset,\n        Cached):\n    pass",
        "class A[T](Dataset[T]): pass",
        "class A:\n    def __len__(self): pass\n    def __getitem__(self, index): pass",
        "class A:\n    def __len__(self): pass\n    def __getitems__(self, index): pass",
        "class A(list):\n    def __len__(self): pass\n    __getitem__ = get",
        "class A(B):\n    def __getitem__(self, index): pass\nclass B:\n    def __len__(self): pass",
        "Base = make_base()\nclass A(Base): pass",
        "Base = torch.utils.data.Dataset\nclass A(Base): pass",
        "Other = Base = make_base()\nclass A(Base): pass",
        "class A(make_base((1, (2, 3)))): pass",
        "if x:\n    class A(Dataset):\n        pass",
        "from torch.utils.data import Dataset as D\nclass A(D): pass",
        "from torch.utils import data as D\nBase = D.Dataset\nclass A(Base): pass",
        "class A(six.with_metaclass(Meta, Dataset)): pass",
        "for i in range(max_epochs):\n    torch.manual_seed(0)",
        "while epoch < 3:\n    fix_everything()",
        "def f(rank):\n    init_process_group('nccl')\n    make_deterministic(rank)",
    ],
)
def test_what_may_matter_is_kept(text: str) -> None:
    assert may_matter(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import torch\n\n\ndef f(x):\n    return torch.relu(x)\n",
        "import numpy as np\n\nx = np.random.rand(3)\n",  # draws, but nothing runs in a worker
        "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)\nimport random\n",
        "class Crop:\n    def __call__(self, dataset):\n        return np.random.rand()\n",
        '"""\n    class methods, which (say) draw from a Dataset.\n"""\nclass A(nn.Module):\n    pass\n',
        "class Items:\n    def __getitem__(self, index):\n        return np.random.rand()\n",  # has no length
        "class Items(Generic[Dataset], metaclass=DatasetMeta):\n    pass\n",
        "from torch.nn import Module as M\nclass A(M):\n    def __len__(self): 3\n    def __getitem__(self, i): 3\n",
        "T = TypeVar('T')\nclass Items(Base[T], name='Dataset'):\n    pass\n",
        "import seeds\nfor epoch in range(3):\n    x = torch.rand(3) + random.random()\n",
        *(
            f"class A({name}):\n    def __len__(self): pass\n    def __getitem__(self, index): pass\n"
            for name in sorted(NEVER)
        ),
    ],
)
def test_what_cannot_matter_is_dropped(text: str) -> None:
    assert not may_matter(text)


BASE = "class Base{}:\n    def __getitem__(self, index): pass\n    def __len__(self): pass\n"


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"base.py": BASE.format("")}, "from base import Base\nclass A(Base): pass\n"),
        ({"base.py": BASE.format("")}, "import base\nclass A(base.Base): pass\n"),
        ({"base.py": BASE.format("")}, "import base as b\nclass A(b.Base): pass\n"),
        ({"base.py": BASE.format("")}, "from base import (  # a comment, (\n    Base as B,\n)\nclass A(B): pass\n"),
        ({"base.py": BASE.format("")}, "from base import *\nclass A(Base): pass\n"),
        ({"p/__init__.py": "", "p/base.py": BASE.format("")}, "from p import base\nclass A(base.Base): pass\n"),
        ({"p/__init__.py": "", "p/base.py": BASE.format("")}, "import p.base\nclass A(p.base.Base): pass\n"),
        (
            {"p/__init__.py": "from .base import *\n", "p/base.py": BASE.format("")},
            "from p import Base\nclass A(Base): pass\n",
        ),
        (
            {"p/__init__.py": "from . import base\nBase = base.Base\n", "p/base.py": BASE.format("")},
            "from p import Base\nclass A(Base): pass\n",
        ),
        (
            {"half.py": "class Half:\n    def __len__(self): pass\n"},
            "from half import Half\nclass A(Half):\n    def __getitem__(self, index): pass\n",
        ),
        (
            {"a.py": "from b import Base\nclass Middle(Base): pass\n", "b.py": "class Base(FaceDataset): pass\n"},
            "try:\n    from a import Middle\nexcept ImportError:\n    pass\nclass A(Middle): pass\n",
        ),
        ({"base.py": "def make(): pass\nBase = make()\n"}, "from base import Base\nclass A(Base): pass\n"),
    ],
)
def test_bases_are_followed_through_files(files: dict[str, str], text: str, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    screen = Screen()
    assert screen.may_matter(str(tmp_path / "faces.py"), text.encode())
    for name in files:
        (tmp_path / name).write_text("class Base: pass\nclass Middle(Base): pass\nclass Half(Base): pass\n")
    assert not Screen().may_matter(str(tmp_path / "faces.py"), text.encode())


DEF = "def create_loader(dataset):\n    return DataLoader(dataset)\n"
USE = "from {} import create_loader\ncreate_loader(faces, num_workers=4)\n"


@pytest.mark.parametrize(
    ("files", "text", "kept"),
    [
        ({"data.py": DEF}, USE.format("data"), False),
        ({"p/__init__.py": "from .data import create_loader\n", "p/data.py": DEF}, USE.format("p"), False),
        ({"p/__init__.py": "from timm.data import create_loader\n"}, USE.format("p"), True),
        ({"data.py": "create_loader = partial(DataLoader, num_workers=4)\n"}, USE.format("data"), True),
        ({"data.py": "if new:\n    create_loader = DataLoader\n" + DEF}, USE.format("data"), True),
        (
            {"data.py": DEF},
            "try:\n    from timm.data import create_loader\nexcept ImportError:\n    " + USE.format("data"),
            True,
        ),
        ({"data.py": "from other import *\n"}, USE.format("data"), True),
        ({"data.py": DEF}, "import data\nimport timm\ntimm.create_loader(faces)\n", True),
        ({"data.py": DEF}, "from data import create_loader\nDataLoader(faces)\n", True),
        ({}, "def create_loader(x):\n    return list(x)\ncreate_loader(faces)\n", False),
        ({"a.py": "from b import create_loader\n", "b.py": "from a import create_loader\n"}, USE.format("a"), True),
        ({}, '"""\ndef create_loader(x): an example\n"""\nfrom timm.data import *\ncreate_loader(faces)\n', True),
        ({"data.py": DEF}, f'"""\n{USE.format("data")}"""\nfrom timm.data import *\ncreate_loader(faces)\n', True),
        ({"data.py": DEF}, f"def f():\n    {USE.format('data').splitlines()[0]}\ncreate_loader(faces)\n", True),
        ({"data.py": DEF + "create_loader, other = theirs, 1\n"}, USE.format("data"), True),
        ({"data.py": DEF}, USE.format("data") + "def run(create_loader):\n    create_loader(faces)\n", True),
        ({"data.py": DEF}, USE.format("data") + "for create_loader in loaders:\n    create_loader(faces)\n", True),
        ({"data.py": DEF}, USE.format("data") + "class create_loader(Loader):\n    pass\n", True),
    ],
)
def test_a_loader_that_a_function_of_the_project_makes_is_told_of_there(
    files: dict[str, str], text: str, kept: bool, tmp_path: Path
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    path = str(tmp_path / "train.py")
    assert Screen().may_matter(path, text.encode())
    assert Screen().may_matter(path, text.encode(), ast.parse(text)) is kept


def test_names_that_files_have_from_one_another_are_found_from_everywhere(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from b import *\nfrom c import *\n")
    (tmp_path / "b.py").write_text("from a import *\n")
    (tmp_path / "c.py").write_text(BASE.format(""))
    screen = Screen()
    for module in "abc":
        text = f"from {module} import Base\nclass A(Base): pass\n"
        assert screen.may_matter(str(tmp_path / f"of_{module}.py"), text.encode())


def test_a_long_line_of_classes_is_followed(tmp_path: Path) -> None:
    (tmp_path / "m0.py").write_text(BASE.format("").replace("Base", "C0"))
    for number in range(1, 300):
        (tmp_path / f"m{number}.py").write_text(
            f"from m{number - 1} import C{number - 1}\nclass C{number}(C{number - 1}): pass\n"
        )
    assert Screen().may_matter(str(tmp_path / "m299.py"), (tmp_path / "m299.py").read_bytes())


def test_classes_that_inherit_from_one_another_come_to_an_end(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from b import B\nfrom b import *\nclass A(B): pass\n")
    (tmp_path / "b.py").write_text("from a import A\nfrom a import *\nclass B(A): pass\n")
    text = "from a import A, unknown\nclass C(A, unknown): pass\nclass D(D): pass\n"
    assert not Screen().may_matter(str(tmp_path / "c.py"), text.encode())


LOADER = "from torch.utils.data import DataLoader\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{LOADER}DataLoader(data)\n",
        f"{LOADER}make = DataLoader\n",
        "from torch.utils.data import DataLoader as Batches\ndef f(): return Batches(data)\n",
        "import torch.utils.data.dataloader as d\nd.DataLoader(data)\n",
        "from torch.utils import data\ngetattr(data, 'DataLoader')(d)\n",
        "import hydra\nhydra.utils.instantiate({'_target_': 'torch.utils.data.DataLoader'})\n",
        f"{LOADER}class Batches(DataLoader): pass\n",
        f"{LOADER}def f(make=DataLoader): pass\n",
        f"{LOADER}isinstance(DataLoader(data), list)\n",
        f"{LOADER}isinstance(x, [L := DataLoader]) or L(data)\n",
        f"{LOADER}@wraps(DataLoader)\ndef f(): pass\n",
    ],
)
def test_code_that_may_make_a_loader_is_kept(text: str) -> None:
    assert Screen().may_matter("alone.py", text.encode(), ast.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        LOADER,
        f"{LOADER}def f(x: DataLoader, *, y: list[DataLoader]) -> DataLoader: return x\n",
        f"{LOADER}x: DataLoader = other\n",
        f"{LOADER}isinstance(x, (list, DataLoader))\n",
        "from torch.utils.data import DataLoader as Batches\ndef f(x: Batches): return x\n",
        'def f(x):\n    """A DataLoader is given."""\n    # DataLoader\n    return x\n',
        "raise ValueError('not a DataLoader')\n",
    ],
)
def test_code_that_only_speaks_of_a_loader_is_dropped(text: str) -> None:
    assert Screen().may_matter("alone.py", text.encode())
    assert not Screen().may_matter("alone.py", text.encode(), ast.parse(text))
