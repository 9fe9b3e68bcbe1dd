"""The command, called in this process: options, exit codes, and what goes to which stream."""

import json
import re
import sys
from pathlib import Path

import pytest

from reseed import check, cli
from reseed.rules.finding import Finding
from reseed.source import SourceError

DATASET = """\
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class Noise(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return np.random.rand(3)


def loader():
    return DataLoader(Noise(), batch_size=2, num_workers=2)
"""
ROWS = ["data.py:11:16: RNG101", "data.py:15:12: RNG201"]
CLEAN = "import numpy as np\n\nx = np.random.rand(3)\n"
UNKNOWN = (
    "from torch.utils.data import DataLoader\n\n\ndef f(dataset):\n    return DataLoader(dataset, num_workers=2)\n"
)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    (tmp_path / ".git").mkdir()  # so that nothing above is looked at
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    try:
        code = cli.main(arguments)
    except SystemExit as exit_:
        assert isinstance(exit_.code, int)
        code = exit_.code
    out, err = capsys.readouterr()
    return code, out, err


def rows(out: str) -> list[str]:
    """Place and code of each row of the concise format."""
    return [" ".join(line.split(" ")[:2]) for line in out.splitlines()]


def concise(capsys, *arguments: str) -> list[str]:
    return rows(run(capsys, "check", "--output-format", "concise", *arguments)[1])


# --- check --------------------------------------------------------------------------------------------------------


def test_findings_exit_1(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    code, out, err = run(capsys, "check", "--output-format", "concise", "data.py")
    assert (code, rows(out), err) == (1, ROWS, "")


def test_clean_exits_0(here, capsys) -> None:
    (here / "data.py").write_text(CLEAN)
    assert run(capsys, "check") == (0, "All clear: no findings in 1 file.\n", "")
    assert run(capsys, "check", "--quiet") == (0, "", "")


def test_exit_zero_shows_all_the_same(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    code, out, _ = run(capsys, "check", "--exit-zero", "--output-format", "concise", "data.py")
    assert (code, rows(out)) == (0, ROWS)


def test_errors_win_over_findings_and_over_exit_zero(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    code, out, err = run(capsys, "check", "--exit-zero", "--output-format", "concise", "data.py", "nowhere.py")
    assert (code, rows(out)) == (2, ROWS)
    assert err == "nowhere.py: error: no such file or directory\n"


def test_the_current_folder_is_the_default(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    assert concise(capsys) == [f"./{row}" for row in ROWS]  # as flake8 prints it


def test_no_files_is_said(here, capsys) -> None:
    code, _, err = run(capsys, "check")
    assert (code, err) == (0, "reseed: no Python files found under these paths\n")
    assert run(capsys, "check", "--quiet") == (0, "", "")


def test_json(here, capsys) -> None:
    (here / "pkg").mkdir()
    (here / "pkg" / "data.py").write_text(DATASET)
    (here / "bad.py").write_bytes(b"x = '\xff'\n")
    code, out, err = run(capsys, "check", "--output-format", "json")
    data = json.loads(out)
    assert code == 2
    assert (data["version"], data["files"]) == (1, 2)
    found = [(one["path"], one["line"], one["column"], one["end_line"], one["end_column"]) for one in data["findings"]]
    assert found == [("pkg/data.py", 11, 16, 11, 33), ("pkg/data.py", 15, 12, 15, 60)]
    draw = data["findings"][0]["draws"][0]
    assert (draw["path"], draw["line"], draw["column"]) == ("pkg/data.py", 11, 16)
    assert data["findings"][1]["loader"] == {"path": "pkg/data.py", "line": 15}
    assert [(error["path"], error["line"]) for error in data["errors"]] == [("bad.py", 1)]
    assert err.startswith("./bad.py:1: error: byte 0xff")


def test_selection(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    assert concise(capsys, "data.py", "--select", "RNG101") == ROWS[:1]
    assert concise(capsys, "data.py", "--select", "RNG2,RNG1") == ROWS
    assert concise(capsys, "data.py", "--select", "RNG121", "--select", "RNG2") == ROWS[1:]
    assert concise(capsys, "data.py", "--ignore", "RNG2") == ROWS[:1]
    assert concise(capsys, "data.py", "--select", "RNG1", "--extend-select", "RNG201") == ROWS


def test_unknown_code_is_a_usage_error(here, capsys) -> None:
    code, out, err = run(capsys, "check", "--select", "RNG19,RNG999")
    assert (code, out) == (2, "")
    assert err.startswith("reseed: error: command line: unknown code 'RNG19'")


def test_command_line_overrides_settings(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "pyproject.toml").write_text('[tool.reseed]\nselect = ["RNG2"]\noutput-format = "concise"\n')
    assert rows(run(capsys, "check", "data.py")[1]) == ROWS[1:]
    assert rows(run(capsys, "check", "--select", "RNG1", "data.py")[1]) == ROWS[:1]
    assert run(capsys, "check", "--isolated", "data.py")[1].count("-->") == 2


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('select = ["RNG999"]', "pyproject.toml: unknown code 'RNG999'"),
        ('output-format = "xml"', "output-format must be one of concise, json, text, not 'xml'"),
        ('per-file-ignores = {"*.py" = ["RNG999"]}', "per-file-ignores of '*.py': unknown code 'RNG999'"),
        ("nonsense = 1", "unknown key 'nonsense'"),
    ],
)
def test_mistakes_in_settings_exit_2(here, capsys, table: str, words: str) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "pyproject.toml").write_text(f"[tool.reseed]\n{table}\n")
    for command in ("check", "fix"):
        code, out, err = run(capsys, command, "data.py")
        assert (code, out) == (2, "")
        assert words in err and "Traceback" not in err
    assert (here / "data.py").read_text() == DATASET


def test_per_file_ignores(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "other.py").write_text(DATASET)
    (here / "pyproject.toml").write_text('[tool.reseed.per-file-ignores]\n"data.py" = ["RNG2"]\n')
    assert concise(capsys, "data.py", "other.py") == [ROWS[0], *(row.replace("data", "other") for row in ROWS)]


def test_noqa(here, capsys) -> None:
    text = DATASET.replace("rand(3)", "rand(3)  # noqa: RNG101").replace("=2)", "=2)  # noqa: E501")
    (here / "data.py").write_text(text)
    (here / "whole.py").write_text("# flake8: noqa\n" + DATASET)
    assert concise(capsys, "data.py", "whole.py") == ROWS[1:]
    assert "3 suppressed by noqa" in run(capsys, "check")[1]


def test_exclusion(here, capsys) -> None:
    for name in ("a.py", "gen/b.py", "build/c.py", "ignored.py"):
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text(UNKNOWN)
    (here / ".gitignore").write_text("ignored.py\n")

    def files(*arguments: str) -> list[str]:
        return [row.split(":")[0] for row in concise(capsys, *arguments)]

    assert files() == ["./a.py", "./gen/b.py"]
    assert files("--no-respect-gitignore") == ["./a.py", "./gen/b.py", "./ignored.py"]
    assert files("--exclude", "gen") == ["./a.py", "./build/c.py"]  # instead of the default
    assert files("--extend-exclude", "gen") == ["./a.py"]
    assert files("--extend-exclude", "gen", "gen/b.py", "a.py") == ["a.py", "gen/b.py"]
    assert files("--extend-exclude", "gen", "--force-exclude", "gen/b.py", "a.py") == ["a.py"]
    (here / "pyproject.toml").write_text('[tool.reseed]\nextend-exclude = ["/gen"]\nrespect-gitignore = false\n')
    assert files() == ["./a.py", "./ignored.py"]


def test_statistics(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    code, out, err = run(capsys, "check", "--statistics", "--output-format", "concise", "data.py")
    assert out.splitlines()[2:] == ["1       RNG101 numpy-global-draw", "1       RNG201 missing-worker-init"]
    code, out, err = run(capsys, "check", "--statistics", "--no-cache", "--output-format", "json", "data.py")
    json.loads(out)  # stdout stays one object
    assert "RNG101 numpy-global-draw" in err
    assert [line.split(maxsplit=1)[1] for line in err.splitlines() if "seconds" in line] == [
        "seconds in the stage facts",
        "seconds in the stage program",
        "seconds in the stage importers",
        "seconds in the stage rules",
    ]


def test_color(here, capsys, monkeypatch) -> None:
    (here / "data.py").write_text(DATASET)
    assert "\x1b[" not in run(capsys, "check")[1]
    assert "\x1b[" in run(capsys, "check", "--color", "always")[1]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run(capsys, "check")[1]


# --- versions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.9", "1.9.0", "1.13", "2.1"])
def test_what_a_version_cannot_show_is_left_out_and_said(here, capsys, version: str) -> None:
    (here / "data.py").write_text(DATASET)
    code, out, err = run(capsys, "check", "--torch-version", version, "--output-format", "concise", "data.py")
    assert (code, out) == (0, "")
    assert err == (
        f"reseed: 2 findings of RNG101, RNG201 not shown, since --torch-version is {version} "
        "(--torch-version any shows them)\n"
    )


@pytest.mark.parametrize("version", ["1.8", "1.8.2", "1.0", "any"])
def test_what_a_version_shows_is_reported(here, capsys, version: str) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "requirements.txt").write_text("torch>=2\n")
    code, out, err = run(capsys, "check", "--torch-version", version, "--output-format", "concise", "data.py")
    assert (code, rows(out), err) == (1, ROWS, "")


def test_auto_reads_what_the_project_declares(here, capsys) -> None:
    (here / "pkg").mkdir()
    (here / "pkg" / "data.py").write_text(DATASET)
    (here / "data.py").write_text(DATASET)
    (here / "pkg" / "requirements.txt").write_text("torch>=1.10\n")
    code, out, err = run(capsys, "check", "--output-format", "concise")
    assert (code, rows(out)) == (1, [f"./{row}" for row in ROWS])  # where nothing is declared
    assert err.startswith("reseed: 2 findings of RNG101, RNG201 not shown, since pkg/requirements.txt asks for ")
    assert "torch >= 1.10" in err


def test_findings_for_every_version_stay(here, capsys) -> None:
    (here / "data.py").write_text(DATASET.replace("return np.random", "np.random.seed(0)\n        return np.random"))
    assert [row.split()[1] for row in concise(capsys, "--torch-version", "2.0", "data.py")] == ["RNG121"]


def test_bad_version_is_a_usage_error(here, capsys) -> None:
    code, out, err = run(capsys, "check", "--torch-version", "newest")
    assert (code, out) == (2, "")
    assert "torch-version must be auto, any or a version such as 1.13, not 'newest'" in err


# --- bad input ----------------------------------------------------------------------------------------------------


def test_bad_input_stops_nothing(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "empty.py").write_text("")
    (here / "syntax.py").write_text(DATASET + "def broken(:\n")
    (here / "bytes.py").write_bytes(b"# caf\xe9\n")
    (here / "nul.py").write_bytes(b"x = 1\n\0\n")
    (here / "folder.py").mkdir()
    (here / "link.py").symlink_to("gone.py")
    code, out, err = run(capsys, "check", "--output-format", "concise")
    assert code == 2
    assert rows(out) == [f"./{row}" for row in ROWS]
    assert "Traceback" not in err
    blamed = {line.split(": error: ")[0] for line in err.splitlines()}
    syntax = {place for place in blamed if place.startswith("./syntax.py:16")}
    assert len(syntax) == 1
    assert blamed - syntax == {"./bytes.py:1", "./nul.py:2", "./link.py"}


def test_a_screened_file_is_counted_and_not_analysed(here, capsys, monkeypatch) -> None:
    (here / "a.py").write_text(CLEAN)
    monkeypatch.setattr(check, "check_text", lambda path, text, **shared: pytest.fail("analysed"))
    assert run(capsys, "check") == (0, "All clear: no findings in 1 file.\n", "")


@pytest.mark.parametrize("text", ["print 'Python 2'\n", "x = (1\n", "def f():\nreturn 1\n", "\tx = 1\n"])
@pytest.mark.parametrize("command", [["check"], ["fix", "--diff"]])
def test_a_syntax_error_is_told_of_a_named_file_that_cannot_matter(here, capsys, text: str, command) -> None:
    (here / "a.py").write_text(text)
    code, _, err = run(capsys, *command, "a.py")
    assert code == 2
    assert re.search(r"^a\.py:[12]:\d+: error: syntax error: ", err, re.MULTILINE)
    assert run(capsys, *command, ".")[0] == 0
    (here / "a.py").write_text(f"from torch.utils.data import DataLoader\n{text}")
    assert run(capsys, *command, ".")[0] == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no such\nnode"), "this is a bug in reseed, the file was not checked: ValueError: no such node"),
        (KeyError(), "this is a bug in reseed, the file was not checked: KeyError"),
        (RecursionError("deep"), "nested too deeply"),
        (SourceError("b.py", "no", 1, 2), "b.py:1:2: error: no"),
    ],
)
def test_an_exception_in_one_file_leaves_the_others_alone(here, capsys, monkeypatch, error, words: str) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "b.py").write_text(DATASET)
    real = check.check_text

    def check_text(path: str, text: str, **shared: object) -> list[Finding]:
        if path == "b.py":
            raise error
        return real(path, text)

    monkeypatch.setattr(check, "check_text", check_text)
    code, out, err = run(capsys, "check", "--output-format", "concise", "b.py", "data.py")
    assert (code, rows(out)) == (2, ROWS)
    assert words in err and err.count("\n") == 1 and "Traceback" not in err


def test_deep_nesting_is_no_crash(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "deep.py").write_text(DATASET + "x = " + "(" * 5000 + ")" * 5000 + "\n")
    code, out, err = run(capsys, "check", "--output-format", "concise")
    assert (code, rows(out)) == (2, [f"./{row}" for row in ROWS])
    assert err.startswith("./deep.py") and "Traceback" not in err


def test_ctrl_c(here, capsys, monkeypatch) -> None:
    (here / "data.py").write_text(DATASET)

    def interrupt(path: str, text: str, **shared: object) -> list[Finding]:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "check_text", interrupt)
    assert run(capsys, "check") == (130, "", "reseed: interrupted\n")


# --- stdin --------------------------------------------------------------------------------------------------------


class Stdin:
    def __init__(self, raw: bytes) -> None:
        import io

        self.buffer = io.BytesIO(raw)


def test_stdin(here, capsys, monkeypatch) -> None:
    (here / "sub").mkdir()
    (here / "sub" / "requirements.txt").write_text("torch>=2\n")
    arguments = ("check", "--output-format", "concise", "-")
    monkeypatch.setattr(sys, "stdin", Stdin(DATASET.encode()))
    assert rows(run(capsys, *arguments)[1]) == [row.replace("data.py", "stdin") for row in ROWS]
    monkeypatch.setattr(sys, "stdin", Stdin(DATASET.encode()))
    assert rows(run(capsys, *arguments, "--stdin-filename", "data.py")[1]) == ROWS
    monkeypatch.setattr(sys, "stdin", Stdin(DATASET.encode()))
    code, out, err = run(capsys, *arguments, "--stdin-filename", "sub/data.py")
    assert (code, out) == (0, "") and "sub/requirements.txt" in err
    monkeypatch.setattr(sys, "stdin", Stdin(b"\xff"))
    assert run(capsys, *arguments)[0] == 2


def test_stdin_is_alone(here, capsys) -> None:
    code, _, err = run(capsys, "check", "-", "data.py")
    assert (code, err) == (2, "reseed: error: - (stdin) cannot be combined with other paths\n")
