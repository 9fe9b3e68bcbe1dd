"""The command ``reseed witness``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from reseed.cli import main

pytest.importorskip("torch", reason="torch is not installed: tox -e witness runs these tests")


def command(name: str, *options: str) -> int:
    return main(["witness", f"{Path(__file__).parent / 'witnessed.py'}:{name}", *options])


def test_command(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "draws.png"
    assert command("make_stored", "--plot", str(picture)) == 1
    assert capfd.readouterr().out.endswith("FAILED: draws are not independent\n")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert command("make_global", "--output-format", "json") == 0
    printed = json.loads(capfd.readouterr().out)
    assert printed["version"] == 1 and printed["independent"] and printed["sources"][0]["name"] == "numpy-global"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("make_error", [], "make_error: KeyError: 'no such setting'"),
        ("make_exit", [], "make_exit: RuntimeError: the program called sys.exit('bad settings')"),
        ("make_own_error", [], "make_own_error: SettingsError: no data"),
        ("make_nothing", [], "a DataLoader or a dataset is needed, not builtins.int"),
        ("make_missing", [], "has no make_missing"),
        ("make_sleeper", ["--timeout", "3"], "TimeoutError: not done after 3 seconds"),
        ("make_sleeper", ["--plot", "draws.unknown"], "draws.unknown: the suffix is .unknown, and has to be one of"),
    ],
)
def test_command_says_what_is_wrong(
    name: str, options: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command(name, *options) == 2
    assert message in capfd.readouterr().err


@pytest.mark.parametrize("target", ["no_such_file.py:f", "no_such_module:f", "no_colon.py"])
def test_command_needs_a_program(target: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["witness", target]) == 2
    assert capfd.readouterr().err.startswith("reseed: error: ")


@pytest.mark.parametrize("name", ["make_with_arguments", "make_decorated", "called", "Called"])
def test_command_runs_whatever_makes_samples(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["reseed", "witness", "more"])
    assert command(name, "--values", "none", "--num-workers", "1", "--epochs", "1") == 0
    assert sys.argv == ["reseed", "witness", "more"]


@pytest.mark.parametrize(
    "options", [["--num-workers=-1"], ["--timeout=nan"], ["--timeout=x"], ["--samples=0"], ["--seed=-1"]]
)
def test_command_refuses_numbers(options: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command("make_global", *options)
    assert ended.value.code == 2 and f"argument {options[0].partition('=')[0]}: " in capfd.readouterr().err


def test_pictures_of_any_name_and_of_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "draws.svg"
    assert command("make_dollar", "--plot", str(picture), "--epochs", "1") == 1
    assert picture.exists()
    picture.unlink()
    assert command("make_plain", "--plot", str(picture)) == 0
    assert "there is no picture" in capfd.readouterr().err and not picture.exists()


def test_what_gives_no_samples_is_no_pass(capfd: pytest.CaptureFixture[str]) -> None:
    assert command("make_empty") == 2
    assert "the loader gave no sample" in capfd.readouterr().out
