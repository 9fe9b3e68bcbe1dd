"""The codemod, run by LibCST's own tool."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from libcst import parse_module
from libcst.codemod import CodemodContext
from test_fixes import marked

from reseed import check
from reseed.codemod import SeedWorkersCommand

KNOWN = """\
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
{seeder}

class Noise(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return np.random.rand()  # né


def set_seed(seed):
    np.random.seed(seed)


def loaders():
    {moved}return DataLoader(Noise(), num_workers=2{known}), DataLoader(Noise(), worker_init_fn={passed})
"""
SEEDER = '''

def seed_worker(worker_id):
    """Give a DataLoader worker its own NumPy seed, taken from PyTorch's."""
    np.random.seed(torch.initial_seed() % 2**32)
'''
BEFORE = KNOWN.format(seeder="", moved="", known="", passed="set_seed(1)")
AFTER = KNOWN.format(
    seeder=SEEDER, moved="set_seed(1)\n    ", known=", worker_init_fn=seed_worker", passed="seed_worker"
)
UNKNOWN = """\
from torch.utils.data import DataLoader


def loader(dataset):
    return DataLoader(dataset, num_workers=2{})
"""


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the codemod on the directory `cwd`."""
    command = [sys.executable, "-m", "libcst.tool", "codemod", "-x", "reseed.codemod.SeedWorkersCommand", "--no-format"]
    return subprocess.run([*command, *arguments, "."], cwd=cwd, capture_output=True, text=True, timeout=120)


def test_bytes_through_the_tool(tmp_path: Path) -> None:
    styles = [("", "\n", "utf-8"), ("", "\r\n", "utf-8-sig"), ("# coding: latin-1\n", "\r\n", "latin-1")]
    files = {tmp_path / f"{encoding}.py": (start, newline, encoding) for start, newline, encoding in styles}
    for path, (start, newline, encoding) in files.items():
        path.write_bytes((start + BEFORE).replace("\n", newline).encode(encoding))
    for _ in range(2):  # the second run changes nothing
        result = run(cwd=tmp_path)
        assert result.returncode == 0
        assert "Transformed 3 files successfully" in result.stderr
        assert "0 warnings were generated" in result.stderr
        for path, (start, newline, encoding) in files.items():
            assert path.read_bytes() == (start + AFTER).replace("\n", newline).encode(encoding)


def test_unknown_datasets_on_request(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(UNKNOWN.format(""))
    run(cwd=tmp_path)
    assert path.read_text() == UNKNOWN.format("")
    run("--include-unknown", cwd=tmp_path)
    assert path.read_text().endswith(UNKNOWN.format(", worker_init_fn=seed_worker").partition("\n")[2])


def test_noqa_and_warnings(tmp_path: Path) -> None:
    suppressed, declined = tmp_path / "suppressed.py", tmp_path / "declined.py"
    line = "    return DataLoader(Noise(), num_workers=2), DataLoader(Noise(), worker_init_fn=set_seed(1))"
    assert line in BEFORE
    suppressed.write_text(BEFORE.replace(line, line + "  # noqa: RNG201,RNG211"))
    declined.write_text(BEFORE.replace(line, "    return lambda: DataLoader(Noise(), worker_init_fn=set_seed(1))"))
    texts = [path.read_text() for path in (suppressed, declined)]
    result = run(cwd=tmp_path)
    assert [path.read_text() for path in (suppressed, declined)] == texts
    assert "declined.py:19:55: RNG211 is not repaired: the call stands in a lambda" in result.stderr
    assert "suppressed.py" not in result.stderr


def test_only_the_codes_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def findings(path: str, text: str, codes: set[str]) -> list[object]:
        asked.append((path, text, codes))
        return []

    monkeypatch.setattr(check, "repairable_findings", findings)
    tree = parse_module("x = 1\n")
    for include_unknown in (False, True):
        command = SeedWorkersCommand(CodemodContext(filename="b.py"), include_unknown)
        assert command.transform_module(tree).code == tree.code
    unasked = {"RNG112", "RNG201", "RNG211", "RNG214", "RNG215", "RNG218"}
    assert asked == [("b.py", "x = 1\n", unasked), ("b.py", "x = 1\n", {*unasked, "RNG202"})]


def test_no_repair_is_made_without_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool's own steps after the codemod must not touch imports either."""
    text, findings = marked("import unused\nx = «DataLoader(ds, worker_init_fn=f)»\n")
    monkeypatch.setattr(check, "repairable_findings", lambda *_: findings)
    command = SeedWorkersCommand(CodemodContext(filename="b.py"))
    assert command.transform_module(parse_module(text)).code == text
    assert command.context.warnings == ["b.py:2:5: RNG201 is not repaired: the call passes a worker_init_fn already"]
