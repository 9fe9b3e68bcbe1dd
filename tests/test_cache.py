"""What runs keep for later ones: used only while it holds, never in the way."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from reseed.cli import main
from reseed.report import Report
from reseed.runs import check_paths
from reseed.settings import Settings
from reseed.source import cache as caching
from reseed.source.cache import Cache

FILES = {
    "faces.py": """
        from torch.utils.data import Dataset
        from noise import shift
        class FaceDataset(Dataset):
            def __getitem__(self, index):
                return shift()
    """,
    "noise.py": "import numpy as np\ndef shift():\n    return np.random.rand()\n",
    "train.py": """
        from torch.utils.data import DataLoader
        from faces import FaceDataset
        loader = DataLoader(FaceDataset(), num_workers=2)
    """,
    "model.py": "import torch\nclass Net(torch.nn.Module):\n    pass\n",
}
ROWS = ["faces.py:6 RNG101", "train.py:4 RNG201"]
QUIET = "def shift():\n    return 3\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESEED_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(textwrap.dedent(text))
    (folder / "README.md").touch()
    monkeypatch.chdir(folder)
    return folder


def check(jobs: int = 1, cached: bool = True) -> Report:
    report = check_paths(["."], Settings(torch_version="any"), caching=cached, jobs=jobs)
    assert not report.problems
    return report


def rows(report: Report) -> list[str]:
    return [f"{Path(found.path).name}:{found.span.line} {found.code}" for found in report.findings]


def test_a_warm_run_finds_the_same_and_parses_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cold = check()
    assert rows(cold) == ROWS
    monkeypatch.setattr("reseed.check.check_text", lambda *_, **__: pytest.fail("analysed"))
    monkeypatch.setattr("reseed.source.screen.Screen.may_matter", lambda *_: pytest.fail("looked at"))
    warm = check()
    assert (warm.findings, warm.files, warm.texts) == (cold.findings, cold.files, cold.texts)


def test_no_parser_is_imported_by_a_warm_run(project: Path) -> None:
    code = "import sys; from reseed.cli import main; main(['check', '--torch-version', 'any']); print(*sys.modules)"
    run = [sys.executable, "-c", code]
    cold = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    warm = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    assert "reseed.facts.lower" in cold and "reseed.facts.lower" not in warm
    assert "libcst" not in [*cold, *warm]  # repairs alone need it


@pytest.mark.parametrize(
    ("name", "text", "after"),
    [
        ("noise.py", QUIET, []),
        ("faces.py", QUIET, ["train.py:4 RNG202"]),
        ("train.py", "x = 1\n", ROWS[:1]),
        ("model.py", "x = 1\n", ROWS),
        ("noise/__init__.py", QUIET, []),
        ("requirements.txt", "torch>=2.0\n", ROWS),
    ],
)
def test_a_change_of_any_file_is_seen(project: Path, name: str, text: str, after: list[str]) -> None:
    assert rows(check()) == ROWS
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text(text)
    assert rows(check()) == after == rows(check(cached=False))


def test_a_change_behind_a_link_is_seen(project: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (project / "noise.py").rename(tmp_path / "elsewhere/noise.py")
    (project / "lib").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere/round").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (project / "faces.py").write_text((project / "faces.py").read_text().replace("noise", "lib.noise"))
    assert rows(check()) == ROWS == rows(check())
    (tmp_path / "elsewhere/noise.py").write_text(QUIET)
    assert rows(check()) == []


def test_what_goes_wrong_before_the_analysis_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reseed.source.lineage.Lineage.has_dataset", lambda *_: 1 / 0)
    report = check_paths(["model.py", "train.py"], Settings(torch_version="any"))
    assert [problem.path for problem in report.problems] == ["model.py"]
    assert rows(report) == ["train.py:4 RNG201"]


def test_facts_are_made_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    (project / "model.py").write_text("x = 1\n")
    monkeypatch.setattr("reseed.facts.store.module_facts", lambda path, *_: pytest.fail(f"{path} was parsed"))
    assert rows(check()) == ROWS


def test_what_the_user_does_not_want_to_see_is_taken_out_anew(project: Path) -> None:
    check()
    report = check_paths(["."], Settings(torch_version="2.0"), caching=True)
    assert (rows(report), len(report.notes)) == ([], 1)


def test_a_named_file_is_parsed_all_the_same(project: Path) -> None:
    (project / "broken.py").write_text("x = (\n")
    assert rows(check()) == ROWS
    assert len(check_paths(["broken.py"], Settings(), caching=True).problems) == 1


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100, b"SQLite format 3\0" + b"\1" * 5000])
def test_a_damaged_file_is_begun_anew(project: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/cache.sqlite").write_bytes(content)
    assert rows(check()) == ROWS == rows(check())
    assert Cache().get("tree", str(project)) is not None


def test_a_damaged_value_is_begun_anew(project: Path, tmp_path: Path) -> None:
    check()
    with sqlite3.connect(tmp_path / "cache/cache.sqlite") as connection:
        connection.execute("UPDATE entries SET value = ?", (b"\x80\x05cno.such\nname\n.",))
    assert rows(check()) == ROWS == rows(check())


def test_a_value_of_other_bytes_is_none(tmp_path: Path) -> None:
    Cache(str(tmp_path)).put("a" * 100, "key")
    with sqlite3.connect(tmp_path / "cache.sqlite") as connection:
        (value,) = connection.execute("SELECT value FROM entries").fetchone()
        connection.execute("UPDATE entries SET value = ?", (value.replace(b"aaaaa", b"aabaa"),))
    assert Cache(str(tmp_path)).get("key") is None


def test_where_nothing_can_be_kept_every_run_works(project: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert rows(check()) == ROWS == rows(check())


def test_no_cache(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--no-cache"])
    main(["fix", "--diff", "--no-cache"])
    assert not (tmp_path / "cache").exists()


def test_the_command(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check()
    assert main(["cache", "dir"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir())
    assert main(["cache", "clear"]) == 0 == main(["cache", "clear"])
    assert not list((tmp_path / "cache").iterdir())
    assert rows(check()) == ROWS


def test_it_does_not_grow_without_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "LIMIT", 300_000)
    for number in range(20):
        cache = Cache(str(tmp_path))
        cache.put(os.urandom(50_000), number)
        cache.close()
    assert (tmp_path / "cache.sqlite").stat().st_size < 600_000
    assert Cache(str(tmp_path)).get(19) is not None or Cache(str(tmp_path)).get(18) is not None


def _fill(folder: str, first: int) -> None:
    cache = Cache(folder)
    for number in range(first, first + 50):
        cache.put(number, number)
    cache.close()


def test_several_processes_may_write_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_fill, args=(str(tmp_path), first)) for first in (0, 50, 100)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    cache = Cache(str(tmp_path))
    assert [cache.get(number) for number in range(150)] == list(range(150))


def test_other_code_does_not_see_what_this_one_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Cache(str(tmp_path)).put(1, "key")
    assert Cache(str(tmp_path)).get("key") == 1
    monkeypatch.setattr(caching, "_VERSION", [b"another release"])
    assert Cache(str(tmp_path)).get("key") is None


def test_flake8_uses_it(project: Path) -> None:
    run = [sys.executable, "-m", "flake8", "--isolated", "--select=RNG", "--reseed-torch-version=any", "--jobs=1", "."]
    cold = subprocess.run(run, capture_output=True, text=True)
    assert cold.stdout.count("RNG") == 2 and not cold.stderr
    broken = ["-c", "import sys, reseed.check\nreseed.check.check_text = None\nfrom flake8.main.cli import main\n"]
    broken[1] += "sys.exit(main(sys.argv[1:]))"
    warm = subprocess.run([sys.executable, *broken, *run[3:]], capture_output=True, text=True)
    assert (warm.stdout, warm.stderr) == (cold.stdout, "")
