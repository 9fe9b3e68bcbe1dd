"""What fixtures say that a run must show, for the tests that run them."""

from __future__ import annotations

import re
import tokenize
from pathlib import Path

FIXTURES = Path(__file__).parent.parent / "fixtures"
PROGRAMS = sorted(
    path.relative_to(FIXTURES).as_posix() for path in FIXTURES.rglob("*.py") if path.parent.name != "lookalikes"
)

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


def claimed(text: str) -> tuple[str, str]:
    """What the codes alone claim, for torch before 1.9 and since."""
    found = codes(text)
    if "RNG121" in found:
        return "W E", "W E"
    if found & {"RNG101", "RNG201"}:
        return ("W" if "persistent_workers=True" in text else "W E"), "ok"
    return "ok", "ok"
