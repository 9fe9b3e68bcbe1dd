"""The command as a program of its own, the commands that only tell, and what the pipeline offers to other faces."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import CLEAN, DATASET, ROWS, UNKNOWN, here, rows, run

from reseed import check
from reseed.rules.base import Rule, all_rules
from reseed.rules.finding import Span
from reseed.source import SourceError

__all__ = ["here"]  # a fixture


# --- explain, rules, version --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_explain_every_rule(rule: Rule, capsys) -> None:
    for word in (rule.code, rule.name, rule.code.lower()):
        code, out, _ = run(capsys, "explain", word)
        assert code == 0
        assert out.startswith(f"# {rule.name} ({rule.code})\n\n## What it does\n")
        assert rule.documentation.strip() in out


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("RNG102", "did you mean RNG"),
        ("numpy-draw", "did you mean numpy-global-draw?"),
        ("???", "`reseed rules` lists"),
    ],
)
def test_explain_unknown(capsys, word: str, words: str) -> None:
    code, out, err = run(capsys, "explain", word)
    assert (code, out) == (2, "")
    assert f"unknown code '{word}'" in err and words in err


def test_rules(capsys) -> None:
    codes = [rule.code for rule in all_rules()]
    code, out, _ = run(capsys, "rules")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["code", *codes]
    assert re.search(r"^RNG101  numpy-global-draw +<1\.9   yes      no  ", out, re.MULTILINE)
    _, out, _ = run(capsys, "rules", "--output-format", "markdown")
    assert [line.split(" | ")[0] for line in out.splitlines()[2:]] == [f"| {code}" for code in codes]
    assert len({line.count("|") for line in out.splitlines()}) == 1
    _, out, _ = run(capsys, "rules", "--output-format", "json")
    rules = {rule["code"]: rule for rule in json.loads(out)}
    assert list(rules) == codes
    assert (rules["RNG201"]["torch"], rules["RNG201"]["default"], rules["RNG201"]["fixable"]) == ("<1.9", True, "yes")


def test_version_is_one_line(capsys) -> None:
    code, out, _ = run(capsys, "--version")
    assert code == 0
    assert re.fullmatch(r"reseed \S+ \(LibCST \S+, flake8 \S+, Python 3\.\d+\.\d+\)\n", out)


def test_usage_errors_and_help(capsys) -> None:
    assert run(capsys)[0] == 2
    assert run(capsys, "check", "--no-such-option")[0] == 2
    assert run(capsys, "check", "--output-format", "xml")[0] == 2
    for command in ("check", "fix"):
        code, out, _ = run(capsys, command, "--help")
        assert code == 0 and "exit codes:" in out and "[tool.reseed]" in out


# --- as a program -------------------------------------------------------------------------------------------------


def program(*arguments: str, cwd: Path, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reseed", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, **options)


def test_program(here) -> None:
    (here / "data.py").write_text(DATASET)
    result = program("check", "--output-format", "concise", "data.py", cwd=here)
    assert (result.returncode, rows(result.stdout), result.stderr) == (1, ROWS, "")


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["check", "clean.py"], ["fix", "clean.py"], ["rules"]]
)
def test_what_needs_no_libcst_does_not_import_it(here, arguments: list[str]) -> None:
    (here / "clean.py").write_text(CLEAN)
    code = (
        "import sys, reseed.cli\n"
        "try:\n    reseed.cli.main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "heavy = {name.split('.')[0] for name in sys.modules} & {'libcst', 'flake8', 'pathspec', 'numpy', 'torch'}\n"
        "assert not heavy, heavy\n"
        "assert sys.argv[1] == 'rules' or 'reseed.program' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, *arguments]
    result = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr


def test_broken_pipe_is_quiet(here) -> None:
    loader = UNKNOWN.splitlines(keepends=True)[-1]
    (here / "data.py").write_text(UNKNOWN.replace("    return", "    first =") + loader.replace("return ", "") * 800)
    command = f"{sys.executable} -m reseed check --output-format concise; echo $? >&2"
    with subprocess.Popen(f"({command}) | head -n 1", shell=True, cwd=here, stdout=-1, stderr=-1, text=True) as process:
        out, err = process.communicate(timeout=120)
    assert len(out.splitlines()) == 1
    assert err == "141\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")
def test_streams_that_fail_are_no_traceback(here) -> None:
    (here / "data.py").write_text(DATASET)
    command = f"{sys.executable} -m reseed check data.py"
    for redirection, code, words in ((">/dev/full", 2, "No space left on device"), (">&-", 1, ""), ("2>&-", 1, "")):
        result = subprocess.run(f"{command} {redirection}", shell=True, cwd=here, capture_output=True, text=True)
        assert (result.returncode, words in result.stderr) == (code, True)
        assert "Traceback" not in result.stderr


def test_nothing_but_rows_on_pipes(here) -> None:
    for number in range(60):  # more than half a second, after which a terminal would see progress
        (here / f"data{number}.py").write_text(UNKNOWN)
    result = program("check", "--output-format", "concise", cwd=here)
    assert len(result.stdout.splitlines()) == 60
    assert result.stderr == ""


def test_progress_on_a_terminal(monkeypatch, capsys) -> None:
    from reseed.report import _progress

    clock = iter([0.0, 0.1, 0.6, 0.65, 0.8])
    monkeypatch.setattr(_progress.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with _progress.ProgressLine() as progress:
        for done in range(4):
            progress(done, 9, "a.py")
    assert capsys.readouterr().err == "\r\x1b[K1/9 files\r\x1b[K3/9 files\r\x1b[K"


def test_odd_names_are_shown_on_a_poor_terminal(here) -> None:
    (here / "süß.py").write_text(UNKNOWN)
    result = program("check", "--output-format", "concise", cwd=here, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert result.stdout.startswith("./s\\xfc\\xdf.py:5:12: RNG202 ")


# --- the pipeline's own interface ---------------------------------------------------------------------------------


def test_check_text_takes_nothing_out() -> None:
    text = "# flake8: noqa\n" + DATASET
    assert [(one.code, one.span.line) for one in check.check_text("data.py", text)] == [("RNG101", 12), ("RNG201", 16)]
    with pytest.raises(SourceError):
        check.check_text("data.py", "def broken(:\n")


def test_repairable_findings() -> None:
    found = check.repairable_findings("data.py", DATASET, {"RNG101", "RNG201"})
    assert [one.code for one in found] == ["RNG201"]
    assert found[0].span == Span(15, 12, 15, 60)
    assert check.repairable_findings("data.py", DATASET, {"RNG211"}) == []
    assert check.repairable_findings("data.py", DATASET.replace("=2)", "=2)  # noqa"), {"RNG201"}) == []
    assert check.repairable_findings("data.py", "no Python\n", {"RNG201"}) == []
