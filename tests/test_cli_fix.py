"""`reseed fix`: what it writes, what it only shows, and what it leaves alone."""

import codecs
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import CLEAN, DATASET, UNKNOWN, Stdin, run
from test_cli_program import program

import reseed.fixes
from reseed.check import check_text
from reseed.fixes import Repair


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def codes(path: Path) -> list[str]:
    return [finding.code for finding in check_text(str(path), path.read_bytes().decode("utf-8-sig"))]


PASSED_CALL = """\
import random

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)


class Noise(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return np.random.rand(3)


def loader():
    return DataLoader(Noise(), batch_size=2, num_workers=2, worker_init_fn=set_seed(42))
"""


def test_repairs_and_comes_to_rest(here, capsys) -> None:
    path = here / "data.py"
    path.write_text(DATASET)
    code, out, err = run(capsys, "fix", "data.py")
    assert (code, err) == (0, "")
    assert out == "data.py: repaired 1 x RNG201\nRepaired 1 finding in 1 file.\n"
    text = path.read_text()
    assert "worker_init_fn=seed_worker)" in text
    assert "np.random.seed(torch.initial_seed() % 2**32)" in text
    assert "RNG201" not in codes(path)
    assert run(capsys, "fix", "data.py") == (0, "Nothing to repair.\n", "")
    assert path.read_text() == text


def test_repairs_a_passed_call(here, capsys) -> None:
    path = here / "data.py"
    path.write_text(PASSED_CALL)
    assert run(capsys, "fix", "--quiet", "data.py") == (0, "data.py: repaired 1 x RNG211\n", "")
    assert "worker_init_fn=set_seed(42)" not in path.read_text()
    assert {"RNG201", "RNG211"}.isdisjoint(codes(path))


def test_clean_tree(here, capsys) -> None:
    (here / "a.py").write_text(CLEAN)
    assert run(capsys, "fix") == (0, "Nothing to repair.\n", "")
    assert run(capsys, "fix", "--check", "--quiet") == (0, "", "")
    assert run(capsys, "fix", "--diff", "--quiet") == (0, "", "")


def test_diff_writes_nothing_and_git_applies_it(here, capsys) -> None:
    (here / "pkg").mkdir()
    originals = {
        "pkg/plain.py": DATASET.encode(),
        "pkg/crlf.py": DATASET.replace("\n", "\r\n").encode(),
        "pkg/bom.py": codecs.BOM_UTF8 + DATASET.encode(),
        "pkg/latin.py": b"# coding: latin-1\n# caf\xe9\n" + DATASET.encode() + b"# \xfc\n",
        "pkg/no newline at the end.py": DATASET.rstrip().encode(),
    }
    for name, raw in originals.items():
        (here / name).write_bytes(raw)
    shown = subprocess.run([sys.executable, "-m", "reseed", "fix", "--diff"], cwd=here, capture_output=True)
    assert shown.returncode == 1
    assert {name: (here / name).read_bytes() for name in originals} == originals
    assert run(capsys, "fix")[0] == 0
    repaired = {name: (here / name).read_bytes() for name in originals}
    assert all(repaired[name] != originals[name] for name in originals)
    for name, raw in originals.items():
        (here / name).write_bytes(raw)
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "init", "-q"], cwd=here, check=True, env=environment)
    command = ["git", "apply", "--whitespace=nowarn"]
    subprocess.run(command, cwd=here, input=shown.stdout, check=True, env=environment)
    assert {name: (here / name).read_bytes() for name in originals} == repaired


def test_diff_and_check_say_what_would_be_and_exit_1(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    code, out, err = run(capsys, "fix", "--diff", "data.py")
    assert (code, out.splitlines()[:2]) == (1, ["--- a/data.py", "+++ b/data.py"])
    assert err == "data.py: would repair 1 x RNG201\nWould repair 1 finding in 1 file.\n"
    code, out, err = run(capsys, "fix", "--check", "data.py")
    assert (code, err) == (1, "")
    assert out == "data.py: would repair 1 x RNG201\nWould repair 1 finding in 1 file.\n"
    assert (here / "data.py").read_text() == DATASET


def test_bytes_outside_of_the_edits_stay(here, capsys) -> None:
    raw = (
        b"#!/usr/bin/env python\r\n# -*- coding: latin-1 -*-\r\n# caf\xe9  \r\n"
        + DATASET.replace("\n", "\r\n").encode()
    )
    (here / "data.py").write_bytes(raw)
    (here / "data.py").chmod(0o755)
    assert run(capsys, "fix", "data.py")[0] == 0
    after = (here / "data.py").read_bytes()
    assert after.startswith(b"#!/usr/bin/env python\r\n# -*- coding: latin-1 -*-\r\n# caf\xe9  \r\n")
    assert after.count(b"\n") == after.count(b"\r\n")
    kept = iter(after.split(b"\r\n"))
    assert all(line in kept for line in raw.split(b"\r\n") if b"DataLoader(" not in line)
    assert os.stat(here / "data.py").st_mode & 0o777 == 0o755


def test_unknown_datasets_are_repaired_on_request_only(here, capsys) -> None:
    path = here / "data.py"
    path.write_text(UNKNOWN)
    assert run(capsys, "fix", "data.py") == (0, "Nothing to repair.\n", "")
    assert run(capsys, "fix", "--select", "RNG2", "data.py") == (0, "Nothing to repair.\n", "")
    assert run(capsys, "fix", "--ignore", "RNG202", "--unsafe-fixes", "data.py") == (0, "Nothing to repair.\n", "")
    assert path.read_text() == UNKNOWN
    for arguments in (["--select", "RNG202"], ["--extend-select", "RNG202"], ["--unsafe-fixes"]):
        path.write_text(UNKNOWN)
        code, out, _ = run(capsys, "fix", *arguments, "data.py")
        assert (code, out.splitlines()[0]) == (0, "data.py: repaired 1 x RNG202")
        assert codes(path) == []


def test_selection(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    assert run(capsys, "fix", "--select", "RNG211", "data.py") == (0, "Nothing to repair.\n", "")
    assert run(capsys, "fix", "--select", "RNG101", "data.py") == (0, "Nothing to repair.\n", "")
    assert run(capsys, "fix", "--select", "RNG999", "data.py")[0] == 2
    assert (here / "data.py").read_text() == DATASET


def test_what_check_does_not_report_is_not_repaired(here, capsys) -> None:
    for name in ("noqa.py", "ignored.py", "gen.py", "per_file.py"):
        (here / name).write_text(DATASET.replace("=2)", "=2)  # noqa: RNG201") if name == "noqa.py" else DATASET)
    (here / ".gitignore").write_text("ignored.py\n")
    (here / "pyproject.toml").write_text(
        '[tool.reseed]\nextend-exclude = ["gen.py"]\n[tool.reseed.per-file-ignores]\n"per_file.py" = ["RNG201"]\n'
    )
    before = {path: path.read_bytes() for path in here.glob("*.py")}
    assert run(capsys, "fix") == (0, "Nothing to repair.\n", "")
    assert {path: path.read_bytes() for path in here.glob("*.py")} == before


def test_what_no_allowed_version_shows_is_not_repaired(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "requirements.txt").write_text("torch==2.1\n")
    code, out, err = run(capsys, "fix", "data.py")
    assert (code, out) == (0, "Nothing to repair.\n")
    assert err.startswith("reseed: 1 finding of RNG201 not shown, since requirements.txt asks for torch >= 2.1")
    assert (here / "data.py").read_text() == DATASET
    assert run(capsys, "fix", "--torch-version", "any", "data.py")[0] == 0
    assert (here / "data.py").read_text() != DATASET


def test_bad_input_stops_nothing(here, capsys) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "syntax.py").write_text(DATASET + "def broken(:\n")
    (here / "bytes.py").write_bytes(DATASET.encode() + b"# \xff\n")
    broken = {name: (here / name).read_bytes() for name in ("syntax.py", "bytes.py")}
    code, out, err = run(capsys, "fix", ".", "nowhere.py")
    assert (code, out.splitlines()[0]) == (2, "./data.py: repaired 1 x RNG201")
    assert sorted(line.split(":")[0] for line in err.splitlines()) == ["./bytes.py", "./syntax.py", "nowhere.py"]
    assert {name: (here / name).read_bytes() for name in broken} == broken


def test_what_cannot_be_written_is_an_error(here, capsys, monkeypatch) -> None:
    (here / "data.py").write_text(DATASET)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("reseed.fixes.write.write_atomically", refuse)
    code, out, err = run(capsys, "fix", "data.py")
    assert (code, out) == (2, "Nothing to repair.\n")
    assert err == "data.py: error: not written: Permission denied\n"


def test_a_link_out_of_the_project_is_not_written_through(here, capsys) -> None:
    (here / "project" / "pkg").mkdir(parents=True)
    (here / "outside.py").write_text(DATASET)
    (here / "project" / "inside.py").write_text(DATASET)
    (here / "project" / "pkg" / "out.py").symlink_to("../../outside.py")
    (here / "project" / "pkg" / "in.py").symlink_to("../inside.py")
    os.chdir(here / "project")
    code, _, err = run(capsys, "fix", "pkg")
    assert code == 2
    assert err.startswith("pkg/out.py: error: not written: ") and err.count("\n") == 1
    assert (here / "outside.py").read_text() == DATASET
    assert (here / "project" / "pkg" / "in.py").is_symlink()
    assert "seed_worker" in (here / "project" / "inside.py").read_text()


def test_what_cannot_be_repaired_remains_and_exits_1(here, capsys, monkeypatch) -> None:
    (here / "data.py").write_text(DATASET)

    def decline(text: str, findings) -> Repair:
        return Repair(text, (), tuple((finding, "too clever") for finding in findings))

    monkeypatch.setattr(reseed.fixes, "repair", decline)
    for option in ([], ["--check"], ["--diff"]):
        code, out, err = run(capsys, "fix", *option, "data.py")
        assert code == 1
        said = (err if option == ["--diff"] else out).splitlines()
        assert said[0].startswith("data.py:15:12: RNG201 ") and said[0].endswith(" [not repaired: too clever]")
        assert said[1] == "Nothing to repair; 1 finding could not be repaired."
    assert (here / "data.py").read_text() == DATASET


def test_a_repair_that_never_rests_changes_nothing(here, capsys, monkeypatch) -> None:
    (here / "data.py").write_text(DATASET)
    monkeypatch.setattr(reseed.fixes, "repair", lambda text, findings: Repair("\n" + text, tuple(findings), ()))
    code, _, err = run(capsys, "fix", "data.py")
    assert code == 2
    assert "this is a bug in reseed" in err and "come to rest" in err
    assert (here / "data.py").read_text() == DATASET


def test_a_repair_that_breaks_the_text_changes_nothing(here, capsys, monkeypatch) -> None:
    (here / "data.py").write_text(DATASET)
    monkeypatch.setattr(reseed.fixes, "repair", lambda text, findings: Repair(text + "def (:\n", tuple(findings), ()))
    code, _, err = run(capsys, "fix", "data.py")
    assert code == 2
    assert "this is a bug in reseed, nothing was changed: the repaired text: syntax error" in err
    assert (here / "data.py").read_text() == DATASET


def test_a_repair_that_crashes_leaves_the_others_alone(here, capsys, monkeypatch) -> None:
    (here / "data.py").write_text(DATASET)
    (here / "other.py").write_text(DATASET)
    real = reseed.fixes.repair

    def repair(text: str, findings) -> Repair:
        if findings[0].path == "data.py":
            raise AssertionError("oops")
        return real(text, findings)

    monkeypatch.setattr(reseed.fixes, "repair", repair)
    code, out, err = run(capsys, "fix", "data.py", "other.py")
    assert (code, out.splitlines()[0]) == (2, "other.py: repaired 1 x RNG201")
    assert "data.py: error: this is a bug in reseed" in err and "AssertionError: oops" in err
    assert (here / "data.py").read_text() == DATASET


def test_what_the_encoding_cannot_hold_changes_nothing(here, capsys, monkeypatch) -> None:
    raw = b"# coding: latin-1\n" + DATASET.encode()
    (here / "data.py").write_bytes(raw)
    real = reseed.fixes.repair

    def repair(text: str, findings) -> Repair:
        outcome = real(text, findings)
        return Repair(outcome.text + "# \N{GREEK SMALL LETTER PI}\n", outcome.applied, outcome.declined)

    monkeypatch.setattr(reseed.fixes, "repair", repair)
    code, _, err = run(capsys, "fix", "data.py")
    assert code == 2 and "cannot be written as iso-8859-1" in err
    assert (here / "data.py").read_bytes() == raw


def test_stdin_goes_to_stdout(here, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(DATASET.encode()))
    code, out, err = run(capsys, "fix", "-")
    assert code == 0 and "worker_init_fn=seed_worker)" in out
    assert err == "stdin: repaired 1 x RNG201\nRepaired 1 finding in 1 file.\n"
    for raw in (CLEAN.encode(), b"def broken(:\n" + DATASET.encode(), b"x = '\xff'\n"):
        result = subprocess.run([sys.executable, "-m", "reseed", "fix", "-"], cwd=here, input=raw, capture_output=True)
        assert result.stdout == raw  # an editor that replaces its buffer by it loses nothing
        assert result.returncode == (0 if raw == CLEAN.encode() else 2)


def test_only_named_format_options(here, capsys) -> None:
    assert run(capsys, "fix", "--output-format", "json")[0] == 2


def test_program(here) -> None:
    (here / "data.py").write_text(DATASET)
    result = program("fix", cwd=here)
    assert (result.returncode, result.stderr) == (0, "")
    assert "seed_worker" in (here / "data.py").read_text()
    assert sorted(path.name for path in here.iterdir()) == [".git", "data.py"]  # no temporary file left
