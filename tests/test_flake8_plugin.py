"""The plugin under flake8's own program: the same rows as `reseed check`, and all of flake8's ways to choose them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import CLEAN, DATASET, ROWS, rows

from reseed import check
from reseed.flake8_plugin import Plugin
from reseed.rules.finding import Finding, Span

FIXTURES = Path(__file__).parent.parent / "fixtures"


@pytest.fixture
def here(tmp_path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path


def flake8(cwd: Path, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flake8", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, **options)


def reseed(cwd: Path, *arguments: str) -> list[str]:
    command = [sys.executable, "-m", "reseed", "check", "--output-format", "concise", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120).stdout.splitlines()


def configure(folder: Path, text: str, name: str = ".flake8") -> None:
    (folder / name).write_text("[flake8]\n" + text)


def test_findings_and_exit_code(here) -> None:
    (here / "data.py").write_text(DATASET)
    result = flake8(here, "--select=RNG", "data.py")
    assert (result.returncode, rows(result.stdout), result.stderr) == (1, ROWS, "")


def test_it_is_on_without_being_asked_for(here) -> None:
    (here / "data.py").write_text(DATASET)
    assert [row for row in rows(flake8(here).stdout) if "RNG" in row] == [f"./{row}" for row in ROWS]


@pytest.mark.parametrize("folder", ["systems", "traps", "loaders"])
def test_rows_are_those_of_the_command(folder: str) -> None:
    found = flake8(FIXTURES, "--isolated", "--select=RNG", "--reseed-torch-version=any", folder)
    expected = reseed(FIXTURES, "--isolated", "--torch-version", "any", folder)
    assert sorted(found.stdout.splitlines()) == sorted(expected)
    assert found.stderr == ""
    assert len(expected) > 5


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (b"\xef\xbb\xbf", b""),
        (b"", b"x = '\xc3\xa9\xe2\x80\xa8\x0c'; y = DataLoader(Noise(), num_workers=2)\n"),
        (b"# coding: latin-1\n# caf\xe9\n", b"t = '\xe9\xe9'; y = DataLoader(Noise(), num_workers=2)\n"),
    ],
    ids=["byte order mark", "wide characters", "latin-1"],
)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
def test_rows_are_those_of_the_command_whatever_the_bytes(here, head: bytes, tail: bytes, newline: bytes) -> None:
    (here / "data.py").write_bytes((head + DATASET.encode() + tail).replace(b"\n", newline))
    expected = reseed(here, "data.py")
    assert len(expected) == (3 if tail else 2)
    assert flake8(here, "--select=RNG", "data.py").stdout.splitlines() == expected


def test_select_ignore_and_per_file_ignores(here) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "other.py").write_text(DATASET)
    assert rows(flake8(here, "--select=RNG1", "data.py").stdout) == ROWS[:1]
    assert rows(flake8(here, "--select=RNG", "--extend-ignore=RNG101", "data.py").stdout) == ROWS[1:]
    arguments = ["--select=RNG", "--per-file-ignores=other.py:RNG2", "data.py", "other.py"]
    assert rows(flake8(here, *arguments).stdout) == [*ROWS, ROWS[0].replace("data", "other")]


@pytest.mark.parametrize("name", [".flake8", "setup.cfg", "tox.ini"])
def test_options_in_config_files(here, name: str) -> None:
    (here / "data.py").write_text(DATASET)
    configure(here, "select = RNG\nreseed-torch-version = 2.0\n", name)
    assert rows(flake8(here, "data.py").stdout) == []
    configure(here, "select = RNG\nreseed_torch_version = 1.8\nper-file-ignores =\n  data.py: RNG2\n", name)
    assert rows(flake8(here, "data.py").stdout) == ROWS[:1]


def test_noqa(here) -> None:
    (here / "data.py").write_text(DATASET.replace("rand(3)", "rand(3)  # noqa: RNG101"))
    (here / "file.py").write_text("# flake8: noqa\n" + DATASET)
    assert rows(flake8(here, "--select=RNG", "data.py", "file.py").stdout) == ROWS[1:]
    assert rows(flake8(here, "--select=RNG", "--disable-noqa", "data.py").stdout) == ROWS


def test_jobs(here) -> None:
    for number in range(8):
        (here / f"data{number}.py").write_text(DATASET)
    result = flake8(here, "--select=RNG", "--jobs=2")
    assert len(result.stdout.splitlines()) == 16
    assert result.stdout == flake8(here, "--select=RNG", "--jobs=1").stdout


def test_stdin(here) -> None:
    (here / "old").mkdir()
    (here / "requirements.txt").write_text("torch>=2\n")
    (here / "old" / "requirements.txt").write_text("torch==1.7\n")
    arguments = ["--select=RNG", "--stdin-display-name"]
    found = flake8(here, *arguments, "old/data.py", "-", input=DATASET)
    assert rows(found.stdout) == [f"old/{row}" for row in ROWS]
    assert flake8(here, *arguments, "data.py", "-", input=DATASET).stdout == ""


def test_versions(here) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "requirements.txt").write_text("torch>=1.9\n")
    assert rows(flake8(here, "--select=RNG").stdout) == []
    for version in ("any", "1.8"):
        assert rows(flake8(here, "--select=RNG", f"--reseed-torch-version={version}", "data.py").stdout) == ROWS


def test_options_appear_in_help(here) -> None:
    shown = flake8(here, "--help").stdout
    assert "--reseed-torch-version" in shown and "--reseed-extend-select" in shown
    assert "reseed: " in flake8(here, "--version").stdout


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--reseed-torch-version=new", "reseed: torch-version must be auto, any or a version such as 1.13, not 'new'"),
        ("--reseed-extend-select=RNG999", "reseed: reseed-extend-select: unknown code 'RNG999'"),
    ],
)
def test_mistakes_in_options_are_named(here, option: str, words: str) -> None:
    result = flake8(here, option)
    assert result.returncode == 1
    assert words in result.stdout + result.stderr and "Traceback" not in result.stderr


def test_bad_input_is_left_to_flake8(here) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "syntax.py").write_text(DATASET + "def broken(:\n")
    (here / "empty.py").write_text("")
    (here / "folder.py").mkdir()
    (here / "link.py").symlink_to("gone.py")
    result = flake8(here, "--select=RNG,E9")
    assert [row for row in rows(result.stdout) if "RNG" in row] == [f"./{row}" for row in ROWS]
    assert sorted(row.split()[1] for row in rows(result.stdout) if "RNG" not in row) == ["E902", "E999"]
    assert "Traceback" not in result.stderr


def test_deep_nesting_is_no_crash(here) -> None:
    (here / "deep.py").write_text(DATASET + "x = " + " and ".join(["1"] * 20_000) + "\n")
    result = flake8(here, "--select=RNG", "deep.py")
    assert rows(result.stdout) == [row.replace("data.py", "deep.py") for row in ROWS]
    assert result.stderr == ""


def test_libcst_is_not_imported_for_files_that_cannot_matter(here) -> None:
    (here / "clean.py").write_text(CLEAN)
    code = (
        "import sys\nfrom flake8.main.cli import main\nmain(['clean.py', '--jobs=1'])\n"
        "assert 'reseed.flake8_plugin' in sys.modules\n"
        "assert not {'libcst', 'pathspec', 'reseed.program', 'reseed.cli'} & set(sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


# --- the plugin by itself -----------------------------------------------------------------------------------------


def plugin(text: str) -> Plugin:
    return Plugin(ast.parse(text), "data.py", text.splitlines(keepends=True))


@pytest.fixture
def fake(monkeypatch):
    """Let the analysis raise or return what a test wants."""

    def install(outcome: object) -> None:
        def check_text(path: str, text: str, tree: ast.AST, project: object) -> object:
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(check, "check_text", check_text)

    return install


@pytest.mark.parametrize("error", [check.SourceError("data.py", "no"), RecursionError(), KeyError("oops")])
def test_no_row_and_no_traceback_where_the_analysis_fails(fake, error: Exception, caplog) -> None:
    fake(error)
    assert list(plugin(DATASET).run()) == []
    assert "data.py" in caplog.text  # flake8 -v shows it


def test_rows_have_columns_from_0_and_one_line(fake) -> None:
    fake([Finding("data.py", Span(3, 7, 4, 1), "RNG101", "n", "two\nlines", "", "any")])
    assert list(plugin(DATASET).run()) == [(3, 6, "RNG101 two lines", Plugin)]


def test_rules_that_are_off_by_default_are_asked_for_by_an_option_of_ours(fake, monkeypatch) -> None:
    class Off:
        code, name, default = "RNG216", "n", False

    monkeypatch.setattr(check, "rules", lambda: (Off,))
    fake([Finding("data.py", Span(1, 1, 1, 2), "RNG216", "n", "m", "", "any")])
    assert list(plugin(DATASET).run()) == []
    monkeypatch.setattr(Plugin, "extend_select", ("RNG2",))
    assert len(list(plugin(DATASET).run())) == 1
