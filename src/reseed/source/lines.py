"""From lines and columns, as `ast` and as people count them, to offsets in a text."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right

from reseed.source.position import Span

_NEWLINE = re.compile(r"\r\n|\r|\n")


class Lines:
    """The lines of a text as Python counts them: they end with LF, CR LF or CR, and with nothing else."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._is_ascii = text.isascii()
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

    def span_of(self, node: ast.expr | ast.stmt) -> Span:
        """Where `node` stands, decorators not included."""
        start, end = self.span(node)
        end_line = node.end_lineno or node.lineno
        return Span(node.lineno, start - self.start(node.lineno) + 1, end_line, end - self.start(end_line) + 1)

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Start and end of `node`."""
        start = self.offset(node.lineno, node.col_offset)
        return start, self.offset(node.end_lineno or 0, node.end_col_offset or 0)

    def offset(self, line: int, utf8_column: int) -> int:
        """Offset of the place that `ast` calls `line` (from 1) and `utf8_column` (in bytes, from 0)."""
        if self._is_ascii or (content := self.content(line)).isascii():
            return self.start(line) + utf8_column
        return self.start(line) + len(content.encode("utf-8", "surrogatepass")[:utf8_column].decode(errors="replace"))

    def place(self, line: int, column: int) -> int:
        """Offset of a place (both from 1), -1 where the text has no such place."""
        if 1 <= line <= len(self._starts) and 1 <= column <= len(self.content(line)) + 1:
            return self.start(line) + column - 1
        return -1

    def offsets(self, span: Span) -> tuple[int, int] | None:
        """Start and end of `span`, or None where the text has no such place."""
        start, end = self.place(span.line, span.column), self.place(span.end_line, span.end_column)
        return (start, end) if 0 <= start < end else None
