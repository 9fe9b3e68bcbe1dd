"""From lines and columns to offsets, and edits spliced into the text that they were made for."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from reseed.source.position import Span

_NEWLINE = re.compile(r"\r\n|\r|\n")


class Declined(Exception):
    """A repair that is not made; the message says why, for the user."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`text` in place of the characters from offset `start` up to offset `end`; an insertion where both are equal."""

    start: int
    end: int
    text: str


def splice(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all `edits` made; insertions at one place keep the order in which they are given.

    Raises ValueError where two edits overlap.
    """
    pieces = []
    done = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < done:
            raise ValueError(f"two edits overlap at offset {edit.start}")
        pieces += [text[done : edit.start], edit.text]
        done = edit.end
    return "".join([*pieces, text[done:]])


class Lines:
    """The lines of a text as Python counts them: they end with LF, CR LF or CR, and with nothing else."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in _NEWLINE.finditer(text))]

    def start(self, line: int) -> int:
        """Offset of the first character of `line` (from 1); the end of the text for lines after the last."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def at(self, offset: int) -> int:
        """The line (from 1) that holds the character at `offset`."""
        return bisect_right(self._starts, offset)

    def content(self, line: int) -> str:
        """The characters of `line` without its newline; empty for lines after the last."""
        return self.text[self.start(line) : self.start(line + 1)].rstrip("\r\n")

    def newline(self, line: int) -> str:
        """What ends `line`, or the line before where `line` is the last one; LF in a text of one line."""
        for number in (line, line - 1):
            if 1 <= number < len(self._starts):
                return self.text[self.start(number) : self.start(number + 1)][len(self.content(number)) :]
        return "\n"

    def indent(self, tree: ast.Module) -> str:
        """One step of indentation as the module `tree` has it."""
        for node in tree.body:
            for inner in getattr(node, "body", ())[:1]:
                indent = self.content(inner.lineno)[: inner.col_offset]
                if indent and not indent.strip(" \t"):
                    return indent
        return "    "

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Start and end of `node`."""
        start = self.offset(node.lineno, node.col_offset)
        return start, self.offset(node.end_lineno or 0, node.end_col_offset or 0)

    def offset(self, line: int, utf8_column: int) -> int:
        """Offset of the place that `ast` calls `line` (from 1) and `utf8_column` (in bytes, from 0)."""
        content = self.content(line)
        if content.isascii():
            return self.start(line) + utf8_column
        return self.start(line) + len(content.encode()[:utf8_column].decode(errors="replace"))

    def place(self, line: int, column: int) -> int:
        """Offset of a place (both from 1), -1 where the text has no such place."""
        if 1 <= line <= len(self._starts) and 1 <= column <= len(self.content(line)) + 1:
            return self.start(line) + column - 1
        return -1

    def offsets(self, span: Span) -> tuple[int, int] | None:
        """Start and end of `span`, or None where the text has no such place."""
        start, end = self.place(span.line, span.column), self.place(span.end_line, span.end_column)
        return (start, end) if 0 <= start < end else None
