"""What fixtures say that a run must show, for the tests that run them."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import re
import sys
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path
from unittest import mock

import pytest

FIXTURES = Path(__file__).parent.parent / "fixtures"
PROGRAMS = sorted(
    path.relative_to(FIXTURES).as_posix()
    for path in FIXTURES.rglob("*.py")
    if path.parent.name not in ("lookalikes", "iterables") and b"def make_loader" in path.read_bytes()
)
"""Those whose workers are watched; the others, in `parent/`, `ranks/` and `iterables/`, are run as they are."""

_CODES = re.compile(r"#(?:\s+RNG\d{3})+\s*$", re.MULTILINE)
_LETTERS = r"(ok|X|W|E|W E)"
_RUN = re.compile(rf"^# Run: torch<1\.9 {_LETTERS}; torch>=1\.9 {_LETTERS} \(.+\)\.$", re.MULTILINE)


def read(path: Path) -> str:
    """Text of a fixture, decoded as Python itself would."""
    with tokenize.open(path) as file:
        return file.read()


def codes(text: str) -> set[str]:
    """The codes that the comments of a fixture name."""
    return {code for comment in _CODES.findall(text) for code in re.findall(r"RNG\d{3}", comment)}


def marked(text: str) -> tuple[str, str] | None:
    """What the mark of a fixture says, for torch before 1.9 and since: ``W``, ``E``, ``W E``, ``X`` or ``ok``."""
    marks = _RUN.findall(text)
    assert len(marks) == text.count("# Run:"), "a mark that is not understood"
    assert len(marks) < 2, "one mark, please"
    return marks[0] if marks else None


_CLAIMS = {
    "RNG214": ("X", "X"),
    "RNG218": ("X", "X"),
    "RNG121": ("W E", "W E"),
    "RNG212": ("W E", "W E"),
    "RNG111": ("W E", "W E"),
    "RNG112": ("W E", "W E"),
    "RNG219": ("W E", "W E"),
    "RNG213": ("E", "E"),
    "RNG215": ("W E", "ok"),
    "RNG101": ("W E", "ok"),
    "RNG201": ("W E", "ok"),
}
"""What a code claims, for torch before 1.9 and since. Of several in one file the first speaks for the file."""


def claimed(text: str) -> tuple[str, str]:
    """What the codes alone claim, for torch before 1.9 and since. Persistent workers live through all epochs."""
    found = codes(text)
    before, since = next((claim for code, claim in _CLAIMS.items() if code in found), ("ok", "ok"))
    if "persistent_workers=True" in text and "RNG121" not in found:
        before, since = before.replace("W E", "W"), since.replace("W E", "W")
    return before, since


def need(name: str, text: str) -> None:
    """Skip the test if this Python cannot run a fixture. What it imports is imported here once, before any fork."""
    if name.startswith("py312/") and sys.version_info < (3, 12):
        pytest.skip("syntax of Python 3.12")
    if name.startswith("optional/"):
        for module in re.findall(r"^(?:import|from) ([\w.]+)", text, re.MULTILINE):
            try:
                importlib.import_module(module)
            except ModuleNotFoundError as error:
                pytest.skip(f"{error.name} is not installed")


@contextmanager
def warm_forkserver(*folders: Path) -> Iterator[None]:
    """Run programs in this process, whose workers come from a forkserver that has PyTorch in it (see tests/fresh.py).

    They unpickle and import all they get, as spawned ones do, at a fraction of the cost. The modules below `folders`
    are forgotten afterwards, and where they were imported from.
    """
    multiprocessing.set_forkserver_preload(["fresh"])
    with mock.patch.dict(os.environ, PYTHONPATH=str(Path(__file__).parent)):
        forkserver.ensure_running()
    paths = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = paths
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(tuple(map(str, folders))):
                del sys.modules[name]
