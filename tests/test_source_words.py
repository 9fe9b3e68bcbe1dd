"""What is found by looking for a word first is what the pattern alone finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseed.source.words import calls_of, docstrings, lines_with

WORDS = ("r", "U", "x", ".", "_", "é", "(", "=", "eval(", "eval", "seed", "seed_all(")
PIECES = st.lists(st.sampled_from(['"""', "'''", '"', "'", "\n", " ", *WORDS]), max_size=25).map("".join)
DOCSTRINGS = re.compile(r"""^[ \t]*[rRuU]?(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3})""", re.MULTILINE)
SEEDING = r"\w[\w.]*seed\w*[ \t]*\("


@given(PIECES)
def test_docstrings(text: str) -> None:
    assert list(docstrings(text)) == DOCSTRINGS.findall(text)


@given(PIECES)
def test_lines_with_a_word(text: str) -> None:
    found = [match[0] for match in lines_with(text, "seed", re.compile(SEEDING))]
    assert found == [match[0] for match in re.finditer(f"^{SEEDING}", text, re.MULTILINE)]


@given(PIECES)
@pytest.mark.parametrize(("after", "pattern"), [(".", r"(?<![\w.])eval\("), ("", r"(?<!\w)eval\(")])
def test_calls(after: str, pattern: str, text: str) -> None:
    assert calls_of(text, ["eval"], after) == (re.search(pattern, text) is not None)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"""One."""\nx = 1\n', ['"""One."""']),
        ('x = """Not\n"""\n', []),
        ("def f():\n    r'''Two\n    lines.'''\n", ["    r'''Two\n    lines.'''"]),
    ],
)
def test_what_a_docstring_is(text: str, found: list[str]) -> None:
    assert list(docstrings(text)) == found
