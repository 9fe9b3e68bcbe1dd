"""Which files use what a file defines, and so may give its datasets to loaders."""

from __future__ import annotations

from pathlib import Path

import pytest

from reseed.source.importers import Importers
from reseed.source.modules import Modules

FACES = """\
class Faces(Dataset):
    pass


def make_faces(root):
    return Faces(root)


LIMIT = 3
"""
LOADER = "from torch.utils.data import DataLoader\n"


def users(folder: Path, files: dict[str, str], limit: int = 8) -> list[str]:
    """The files that use ``data/faces.py`` among `files`, each of which makes a loader of what stands in it."""
    for name, text in {"pyproject.toml": "", "data/__init__.py": "", "data/faces.py": FACES, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    found = Importers(Modules()).of(str(folder / "data/faces.py"), limit)
    return [str(Path(path).relative_to(folder)) for path in found]


@pytest.mark.parametrize(
    ("text", "init"),
    [
        ("from data.faces import Faces\nDataLoader(Faces())\n", ""),
        ("from data.faces import Faces as F\nDataLoader(F())\n", ""),
        ("import data.faces\nDataLoader(data.faces.Faces())\n", ""),
        ("import data.faces as f\nDataLoader(f.make_faces(3))\n", ""),
        ("from data import faces\nDataLoader(faces.Faces())\n", ""),
        ("from data import (\n    faces,  # )\n    os)\nDataLoader(faces.Faces())\n", ""),
        ("from data.faces import *\nDataLoader(Faces())\n", ""),
        ("from data import faces\nDataLoader(getattr(faces, name)())\n", ""),
        ("from data import faces\nDataLoader(faces.__dict__[name]())\n", ""),
        ("from data.faces import *\nDataLoader(eval(name)())\n", ""),
        ("from data import Faces\nDataLoader(Faces())\n", "from .faces import Faces\n__all__ = ['Faces']\n"),
        ("import data\nDataLoader(data.Faces())\n", "from .faces import *\n"),
        ("import data\nDataLoader(data.faces.Faces())\n", "from . import faces\n"),
        ("from data import build\nDataLoader(build(3))\n", "from .faces import Faces\ndef build(n): return Faces()\n"),
        ("from data import ALL\nDataLoader(ALL[0]())\n", "from .faces import Faces\nALL = [Faces]\n"),
        (
            "from data import A\nDataLoader(A)\n",
            "from .faces import Faces\ntry:\n    A = Faces()\nexcept OSError: pass\n",
        ),
        (
            "import data\nDataLoader(data.make(name))\n",
            "from . import faces\ndef make(n): return getattr(faces, n)()\n",
        ),
        *(
            ("from data import B\nDataLoader(B)\n", f"from . import faces\n{bound}\n")
            for bound in (
                "A = B = faces.Faces",
                "(A, B) = 1, faces.Faces",
                "(\n    A, B\n) = 1, faces.Faces",
                "A, *B = 1, faces.Faces",
                "A = 1; B = faces.Faces",
                "if A: B = faces.Faces",
                "if __name__ != '__main__':\n    B = faces.Faces",
                "match A:\n    case _: B = faces.Faces",
                "for B in [faces.Faces]: pass",
                "print(B := faces.Faces)",
                "def f():\n    global B\n    B = faces.Faces\nf()",
                "B \\\n= faces.Faces",
                "B: dict[\n  str, type\n] = {'a': faces.Faces}",
                "B += [faces.Faces]",
                "with faces.Faces() as B: pass",
            )
        ),
        ("from data.faces import Faces\n__all__ = ['x']\n__all__ += [DataLoader(Faces())]\n", ""),
        ("class A:\n    def f(self):\n        from data.faces import Faces\n        DataLoader(Faces())\n", ""),
    ],
)
def test_users(tmp_path: Path, text: str, init: str) -> None:
    assert users(tmp_path, {"train.py": LOADER + text, "data/__init__.py": init}) == ["train.py"]


@pytest.mark.parametrize(
    "text",
    [
        LOADER + "from data.faces import Faces\n",  # handed on, and not used
        f'{LOADER}import data\ndef f():\n    """Of\n    DataLoader(data.Faces())\n    """\n    DataLoader(x)\n',
        LOADER + "from data import other\nDataLoader(other.Cats())\n",
        LOADER + "import data\nDataLoader(data.Cats())\n",
        LOADER + "from data import *\nDataLoader(Cats())\n",
        "from data.faces import Faces\nprint(Faces())\n",  # speaks of no loader
        '"""A DataLoader is made elsewhere."""\nfrom data.faces import Faces\nprint(Faces())\n',
    ],
)
def test_others(tmp_path: Path, text: str) -> None:
    files = {
        "data/__init__.py": "from .faces import Faces\nfrom .other import Cats\n",
        "data/other.py": "class Cats: 0\n",
    }
    assert users(tmp_path, {**files, "train.py": text}) == []


def test_what_is_registered_may_be_had_by_any_name(tmp_path: Path) -> None:
    registered = f"from registry import DATASETS\n\n\n@DATASETS.register_module()\n{FACES}"
    files = {
        "data/__init__.py": "from . import faces\n",
        "data/faces.py": registered,
        "registry.py": "class Registry: 0\nDATASETS = Registry()\n",
        "train.py": f"{LOADER}import data\nfrom registry import DATASETS\nDataLoader(DATASETS.build(c))\n",
    }
    assert users(tmp_path, files) == ["train.py"]


@pytest.mark.parametrize(
    "filled",
    [
        "DATASETS['faces'] = Faces",
        "DATASETS.register(Faces)",
        "register_dataset('faces', Faces)",
        "@DATASETS.register_module()\nclass Small(Faces): 0",
    ],
)
def test_what_another_file_registers(tmp_path: Path, filled: str) -> None:
    files = {
        "registry.py": "DATASETS = {}\ndef register_dataset(name, kind): DATASETS[name] = kind\n",
        "sets.py": f"from data.faces import Faces\nfrom registry import DATASETS, register_dataset\n{filled}\n",
        "train.py": f"{LOADER}import sets\nfrom registry import DATASETS\nDataLoader(DATASETS[c]())\n",
    }
    assert users(tmp_path, files) == ["train.py"]


def test_nearest_first_and_no_tests(tmp_path: Path) -> None:
    files = {
        "build.py": f"{LOADER}from data.faces import Faces\ndef build(): return DataLoader(Faces())\n",
        "train.py": f"{LOADER}from build import build\nbuild()\n",
        "again.py": f"{LOADER}from data.faces import Faces\nDataLoader(Faces())\n",
        "tests/test_faces.py": f"{LOADER}from data.faces import Faces\nDataLoader(Faces())\n",
    }
    assert users(tmp_path, files) == ["again.py", "build.py", "train.py"]
    assert users(tmp_path, files, limit=1) == ["again.py"]


def test_a_circle_ends(tmp_path: Path) -> None:
    files = {
        "a.py": f"{LOADER}from b import B\nfrom data.faces import Faces\nA = DataLoader(Faces())\n",
        "b.py": f"{LOADER}from a import A\nB = DataLoader(A)\n",
    }
    assert users(tmp_path, files) == ["a.py", "b.py"]


def test_a_loader_under_another_name(tmp_path: Path) -> None:
    files = {
        "loaders.py": "from torch.utils.data import DataLoader as Batches\n",
        "train.py": "from loaders import Batches\nfrom data.faces import Faces\nBatches(Faces())\n",
    }
    assert users(tmp_path, files) == ["train.py"]


@pytest.mark.parametrize(
    "faces",
    [
        "A = 1\n",
        "def A(x): return x\n",
        "def A(\n    x,\n):\n    return x\n",
        "@cached\nasync def A():\n    pass\n",
        "class B:\n    pass\nA = B\n",
        "class B: x = 1\nA = B()\n",
        "def f():\n    return 1\n\n# A comment\n    # and another\nA = f()\n",
        'def f():\n    """A text\nreaching out of it\n    """\nA = f()\n',
        'def f():\n    return """\nA text\n"""\nA = f()\n',
        'def f():\n    return """\nimport os\n"""\n\ndef A():\n    pass\n\ndef g():\n    return """\nnot python\n"""\n',
        "def f():\n    '''x\n\ny\n'''\n\nA = 1\n\ndef g():\n    '''x\n\ny\n'''\n",
        'U = """\ndef f():\n    pass"""\nA = 1\nV = """\nclass g:\n    pass"""\n',
        'U = """\ndef f():\n    pass\n"""\nA = 1\n',
        '"""Its\nclass labels are ints\n    (see below)."""\nA = 1\ndef f():\n    return """\nx\n"""\n',
        "def f():\n    return 1\nA = 1\ndef g():\n    return 2",
        "def f():\n\x0c    global A\n    A = 1\n",
        "if True:\n    def A(): pass\n",
        "try:\n    A = 1\nexcept OSError:\n    A = 2\n",
        "for A in range(3):\n    pass\n",
        "def f():\n    global A\n    A = 1\n",
        "def f(x):\n    if x: global A\n    A = 1\n",
        "def f():\n    x = 1; global A\n    A = 1\n",
        "with open(name) as A:\n    pass\n",
        "def f():\r\n    return 1\r\nA = f()\r\n",
        "def f(: broken\nA = 1\n",
    ],
)
def test_a_global_is_found_wherever_a_module_binds_it(tmp_path: Path, faces: str) -> None:
    files = {"data/faces.py": faces, "train.py": f"{LOADER}from data.faces import A\nDataLoader(A)\n"}
    assert users(tmp_path, files) == ["train.py"]


@pytest.mark.parametrize("faces", ["def f():\n    A = 1\n", "class B:\n    A = 1\n", "def f(A): return A\n"])
def test_what_is_bound_inside_is_no_global(tmp_path: Path, faces: str) -> None:
    files = {"data/faces.py": faces, "train.py": f"{LOADER}from data.faces import A\nDataLoader(A)\n"}
    assert users(tmp_path, files) == []
