"""Ranges of versions, and which findings the declared version of a library rules out."""

import textwrap
from pathlib import Path

import pytest

from reseed.check import in_range
from reseed.knowledge.library_rngs import LIBRARY_RNGS
from reseed.rules.finding import Finding, Span
from reseed.runs import check_paths
from reseed.settings import Settings
from reseed.source.declared import declared
from reseed.source.versions import Range, poetry_clauses, range_of


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ([(">=", "1.2"), ("<", "2")], Range("1.2", "2", below=True)),
        ([("<=", "2.0.8")], Range(None, "2.0.8")),
        ([(">", "2.0.8")], Range("2.0.8", None, above=True)),
        ([("==", "1.3.0")], Range("1.3.0", "1.3.0")),
        ([("==", "1.3.*")], Range("1.3", "1.4", below=True)),
        ([("~=", "1.4.2")], Range("1.4.2", "1.5", below=True)),
        ([("~=", "1.4")], Range("1.4", "2", below=True)),
        ([("!=", "1.4")], Range()),
        ([("===", "odd")], Range()),
        ([(">=", "1"), (">=", "1.5"), ("<", "3"), ("<=", "2")], Range("1.5", "2")),
        (poetry_clauses("^1.3"), Range("1.3", "2", below=True)),
        (poetry_clauses("^0.5.2"), Range("0.5.2", "0.6", below=True)),
        (poetry_clauses("^0.0.3"), Range("0.0.3", "0.0.4", below=True)),
        (poetry_clauses("~1.3.1"), Range("1.3.1", "1.4", below=True)),
        (poetry_clauses("~1"), Range("1", "2", below=True)),
        (poetry_clauses("1.3.1"), Range("1.3.1", "1.3.1")),
        (poetry_clauses("*"), Range()),
    ],
)
def test_range_of_clauses(clauses: list[tuple[str, str]], expected: Range) -> None:
    assert range_of(clauses) == expected


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("albumentations", True),
        ("albumentations==1.3.0", False),
        ("albumentations==1.4.20", False),
        ("albumentations==1.4.21", True),
        ("albumentations==2.0.8", True),
        ("albumentations>2.0.8", False),
        ("albumentations>=2.0.8", True),
        ("albumentations<1.4.21", False),
        ("albumentations<=1.4.21", True),
        ("albumentations~=1.3", True),
        ("albumentations~=1.3.0", False),
        ("albumentations==1.4.*", True),
        ("Albumentations[text] >= 0.5, != 1.0", True),
    ],
)
def test_what_is_declared_of_a_library(tmp_path: Path, line: str, allowed: bool) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "requirements.txt").write_text(f"torch==1.8\n{line}\nalbumentations-more==1.4.22\n")
    rng = LIBRARY_RNGS["albumentations"]
    found = declared(str(tmp_path), rng.distributions)
    assert [one.allowed.meets(rng.since, rng.until) for one in found] == [allowed]
    finding = Finding(str(tmp_path / "a.py"), Span(1, 1, 1, 1), "RNG112", "library-rng", "", "albumentations", "any")
    assert in_range([finding], finding.path, "auto")[0][1] == (None if allowed else found[0])
    assert in_range([finding], finding.path, "any") == [(finding, None)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.poetry.dependencies]\nalbumentations = "^1.3"\n'),
        ("pyproject.toml", '[project]\ndependencies = ["albumentations<2"]\n'),
        ("setup.cfg", "[options]\ninstall_requires =\n    albumentations>=1\n    albumentations<2\n"),
        ("setup.py", "setup(install_requires=['albumentations<2'])\n"),
        ("environment.yml", "dependencies:\n  - albumentations=1\n"),
    ],
)
def test_every_file_that_may_declare_a_library(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / name).write_text(text)
    found = declared(str(tmp_path), ("albumentations",))
    assert found
    assert any(one.allowed.meets(None, "1.9") for one in found)
    assert not all(one.allowed.meets("2.0", None) for one in found)


def test_a_fork_of_the_same_import_name(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "requirements.txt").write_text("albumentationsx\n")
    finding = Finding(str(tmp_path / "a.py"), Span(1, 1, 1, 1), "RNG112", "library-rng", "", "albumentations", "any")
    ((_, word),) = in_range([finding], finding.path, "auto")
    assert word is not None and word.requirement == "albumentationsx"


def test_the_note_says_on_whose_word(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "requirements.txt").write_text("torch>=2\nalbumentations==1.3.0\n")
    program = """
        import albumentations as A
        import numpy as np
        from torch.utils.data import Dataset

        class Crops(Dataset):
            def __init__(self):
                self.crop = A.RandomCrop(2, 2)

            def __getitem__(self, index):
                return self.crop(image=self.images[index]) + np.random.rand()
    """
    (tmp_path / "a.py").write_text(textwrap.dedent(program))
    report = check_paths([str(tmp_path / "a.py")], Settings())
    assert not report.findings
    assert [note.split(" (")[0].split(", since ")[0] for note in report.notes] == [
        "1 finding of RNG101 not shown",
        "1 finding of RNG112 not shown",
    ]
    assert "torch >= 2 " in report.notes[0] and "albumentations==1.3.0 " in report.notes[1]
