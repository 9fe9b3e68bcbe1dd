"""A few lines of source with a mark under the part that is meant."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from reseed.source.position import Span
from reseed.source.text import lines_of

_WIDEST = 160
"""Longer lines (generated or minified code) are shown as a window around the mark."""
_BEFORE = 1
"""Lines of context above."""


def frame(text: str, span: Span) -> Iterator[tuple[str, str]]:
    """Yield pairs of a margin (a line number or nothing) and its text; the marked line is followed by its mark.

    A span of several lines is marked on its first one.
    """
    lines = lines_of(text)
    if not 0 < span.line <= len(lines):
        return
    for number in range(max(1, span.line - _BEFORE), span.line):
        yield str(number), printable(lines[number - 1])[:_WIDEST]
    line = lines[span.line - 1]
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    end = max(start + 1, min(end, len(line)))
    if len(line) > _WIDEST:
        first = max(0, start - _WIDEST // 4)
        line, start, end = line[first : first + _WIDEST], start - first, min(end - first, _WIDEST)
    yield str(span.line), printable(line)
    yield "", _blank(line[:start]) + "^" * max(1, _width(line[start:end]))


def printable(text: str) -> str:
    """Replace what a terminal would obey rather than show."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_control(char) else char for char in text)


def _is_control(char: str) -> bool:
    return char != "\t" and unicodedata.category(char) in ("Cc", "Cs") or unicodedata.bidirectional(char) in _BIDI


# Characters that turn the reading order make a line look like another one ("Trojan Source").
_BIDI = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def _blank(text: str) -> str:
    """As wide as the text: tabs stay, since they are as wide as the tabs above."""
    return "".join("\t" if char == "\t" else " " * _width(char) for char in text)


def _width(text: str) -> int:
    """Columns on a terminal: wide East Asian characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
