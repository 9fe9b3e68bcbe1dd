"""Declared PyTorch versions: every file that may declare one, and what they say together."""

import textwrap
from pathlib import Path

import pytest

from reseed.source.declared import declared_torch, shows_on


def minimum(folder: Path, **_: object) -> str | None:
    found = declared_torch(str(folder))
    return "nothing" if found is None else found.minimum


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(textwrap.dedent(text))


@pytest.fixture(autouse=True)
def repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()  # nothing above counts


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("torch>=1.9", "1.9"),
        ("torch >= 1.7.1, < 2", "1.7.1"),
        ("torch==1.7.1+cu110", "1.7.1+cu110"),
        ("torch==1.7.*", "1.7"),
        ("torch~=1.8", "1.8"),
        ("torch>1.8", "1.8"),
        ("Torch>=2", "2"),
        ("torch[opt-einsum]>=2.1  # for compile", "2.1"),
        ("torch>=1.9; python_version >= '3.8'", "1.9"),
        ("torch==2.0 --hash=sha256:abc", "2.0"),
        ("torch \\\n  >=1.6", "1.6"),
        ("torch @ https://download.pytorch.org/whl/cu110/torch-1.7.1%2Bcu110-cp38-cp38-linux_x86_64.whl", "1.7.1"),
        ("torch", None),
        ("torch<2", None),
        ("torch!=1.8", None),
        ("torchvision>=0.10", "nothing"),
        ("# torch>=1.9", "nothing"),
        ("pytorch-lightning>=1.5", "nothing"),
        ("torch>=", "nothing"),
        ("-r other.txt", "nothing"),
    ],
)
def test_requirements(tmp_path: Path, line: str, expected: str | None) -> None:
    write(tmp_path, "requirements.txt", f"numpy\n{line}\n")
    assert minimum(tmp_path) == expected


@pytest.mark.parametrize("name", ["requirements-dev.txt", "requirements_gpu.txt", "requirements/base.txt"])
def test_names_of_requirements_files(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, "torch>=1.5\n")
    found = declared_torch(str(tmp_path / "pkg" / "a.py"))
    assert found is not None
    assert (found.minimum, found.path) == ("1.5", str(tmp_path / name))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[project]\ndependencies = ["numpy", "torch>=1.9"]', "1.9"),
        ('[project]\ndependencies = ["torch"]', None),
        ('[project]\ndependencies = []\n[project.optional-dependencies]\na = ["torch>=2"]\nb = ["torch>=1.6"]', "1.6"),
        # An extra holds together with the dependencies: it can neither lower nor lift them.
        ('[project]\ndependencies = ["torch>=1.9"]\n[project.optional-dependencies]\nold = ["torch==1.7"]', "1.9"),
        ('[project]\ndependencies = ["torch"]\n[project.optional-dependencies]\nnew = ["torch>=2"]', None),
        ('[dependency-groups]\ntest = ["torch>=1.8", {include-group = "x"}]', "1.8"),
        ('[tool.poetry.dependencies]\ntorch = "^1.9"', "1.9"),
        ('[tool.poetry.dependencies]\ntorch = "~1.7.1"', "1.7.1"),
        ('[tool.poetry.dependencies]\ntorch = ">=1.6,<2.0"', "1.6"),
        ('[tool.poetry.dependencies]\ntorch = "1.10.0"', "1.10.0"),
        ('[tool.poetry.dependencies]\ntorch = "^1.8 || ^2.0"', "1.8"),
        ('[tool.poetry.dependencies]\ntorch = "*"', None),
        ('[tool.poetry.dependencies]\ntorch = {version = "^2.1", optional = true}', "2.1"),
        ('[tool.poetry.dependencies]\ntorch = [{version = "2.1"}, {version = "1.13", python = "<3.8"}]', "1.13"),
        ('[tool.poetry.dependencies]\npython = "^3.8"\n[tool.poetry.group.dev.dependencies]\ntorch = "^1.4"', "1.4"),
        ('[build-system]\nrequires = ["torch>=1.9"]', "nothing"),
        ('[project]\ndependencies = "torch>=1.9"', "nothing"),
        ("[project\n", "nothing"),
        ('tool = "torch"', "nothing"),
    ],
)
def test_pyproject(tmp_path: Path, text: str, expected: str | None) -> None:
    write(tmp_path, "pyproject.toml", text)
    assert minimum(tmp_path) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[options]\ninstall_requires =\n    numpy\n    torch>=1.3\n", "1.3"),
        ("[options]\ninstall_requires = torch\n[options.extras_require]\nx = torch>=2\n", None),
        ("[options.extras_require]\nx =\n    torch>=1.4\n", "1.4"),
        ("[flake8]\nmax-line-length = 100\n", "nothing"),
        ("no section\n", "nothing"),
    ],
)
def test_setup_cfg(tmp_path: Path, text: str, expected: str | None) -> None:
    write(tmp_path, "setup.cfg", text)
    assert minimum(tmp_path) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("setup(install_requires=['numpy', 'torch>=1.2'])", "1.2"),
        ("NEEDS = ['torch>=1.1']\nsetuptools.setup(install_requires=NEEDS + ['numpy'])", "1.1"),
        ("BASE = ['torch>=1.1']\nsetup(install_requires=[*BASE, 'numpy'])", "1.1"),
        ("setup(install_requires='torch>=1.0\\nnumpy')", "1.0"),
        ("setup(extras_require={'gpu': ['torch>=1.5']})", "1.5"),
        ("setup(install_requires=['torch>=1.9'], extras_require={'old': ['torch==1.0']})", "1.9"),
        ("setup(keywords=['torch', 'deep learning'], name='torch')", "nothing"),
        ("X = X + ['torch']\nsetup(install_requires=X)", None),
        ("setup(install_requires=read('requirements.txt'))", "nothing"),
        ("raise SystemExit('never run')\nsetup(install_requires=['torch>=1.2'])", "1.2"),
        ("setup(", "nothing"),
        ("print 'python 2'", "nothing"),
    ],
)
def test_setup_py(tmp_path: Path, text: str, expected: str | None) -> None:
    write(tmp_path, "setup.py", text)
    assert minimum(tmp_path) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("- pytorch=1.7", "1.7"),
        ("- pytorch=1.7.1=py3.8_cuda11.0.221_cudnn8.0.5_0", "1.7.1"),
        ("- pytorch==1.8.0", "1.8.0"),
        ("- pytorch>=1.9,<2", "1.9"),
        ("- pytorch >=1.9", "1.9"),
        ("- pytorch 1.6.0 py3.7_0", "1.6.0"),
        ("- pytorch=1.10.*", "1.10"),
        ("- conda-forge::pytorch=1.12", "1.12"),
        ('- "pytorch>=2.0"  # new', "2.0"),
        ("- pytorch", None),
        ("- torch==1.7.1+cu110", "1.7.1+cu110"),
        ("- pytorch-cuda=11.8", "nothing"),
        ("- pytorch-lightning=1.5", "nothing"),
        ("# - pytorch=1.7", "nothing"),
    ],
)
@pytest.mark.parametrize("name", ["environment.yml", "environment-gpu.yaml"])
def test_conda_environment(tmp_path: Path, line: str, expected: str | None, name: str) -> None:
    write(tmp_path, name, f"name: x\ndependencies:\n  - python=3.8\n  {line}\n  - numpy\n")
    assert minimum(tmp_path) == expected


def test_lowest_of_several_files(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[project]\ndependencies = ["torch>=1.10"]')
    write(tmp_path, "requirements.txt", "torch==2.1\n")
    write(tmp_path, "requirements-old.txt", "torch==1.9.1\n")
    found = declared_torch(str(tmp_path))
    assert found is not None
    assert (found.minimum, Path(found.path).name) == ("1.9.1", "requirements-old.txt")


def test_a_bare_name_is_lower_than_any_bound(tmp_path: Path) -> None:
    write(tmp_path, "requirements.txt", "torch\n")
    write(tmp_path, "setup.cfg", "[options]\ninstall_requires = torch>=2\n")
    assert minimum(tmp_path) is None


def test_nearest_folder_that_names_torch_counts(tmp_path: Path) -> None:
    write(tmp_path, "requirements.txt", "torch>=2.0\n")
    write(tmp_path, "old/requirements.txt", "torch==1.4\n")
    write(tmp_path, "plain/pyproject.toml", '[project]\ndependencies = ["numpy"]')
    (tmp_path / "old" / "src").mkdir()
    assert minimum(tmp_path / "old" / "src") == "1.4"
    assert minimum(tmp_path / "plain") == "2.0"


def test_nothing_above_the_repository_counts(tmp_path: Path) -> None:
    write(tmp_path, "requirements.txt", "torch>=2.0\n")
    (tmp_path / "inner" / ".git").mkdir(parents=True)
    assert minimum(tmp_path / "inner") == "nothing"


def test_unreadable_declarations_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").mkdir()
    (tmp_path / "setup.py").write_bytes(b"\xff\xfe\0")
    write(tmp_path, "environment.yml", "dependencies:\n - pytorch=1.7\n")
    assert minimum(tmp_path) == "1.7"


@pytest.mark.parametrize(
    ("torch", "minimum", "shows"),
    [
        ("<1.9", None, True),
        ("<1.9", "1.8.1", True),
        ("<1.9", "1.8.1+cu111", True),
        ("<1.9", "1.9", False),
        ("<1.9", "1.9.0rc1", False),
        ("<1.9", "1.10", False),
        ("<1.9", "2.0.1+cu118", False),
        ("any", "2.9", True),
        ("any", None, True),
    ],
)
def test_shows_on(torch: str, minimum: str | None, shows: bool) -> None:
    assert shows_on(torch, minimum) is shows
