"""Where nodes stand in a text, and how they are written there."""

from __future__ import annotations

import ast
import re

from reseed.source.position import Span

_NEWLINE = re.compile(r"\r\n|\r|\n")

Placed = ast.expr | ast.stmt


class Positions:
    """The places in `text` of the nodes that `ast` makes of it, which counts columns in bytes of UTF-8, from 0."""

    def __init__(self, text: str) -> None:
        self._lines = _NEWLINE.split(text)
        self._is_ascii = text.isascii()

    def span(self, node: Placed) -> Span:
        """The span of `node`, decorators not included."""
        end = node.end_lineno or node.lineno
        return Span(
            node.lineno,
            self._column(node.lineno, node.col_offset) + 1,
            end,
            self._column(end, node.end_col_offset or 0) + 1,
        )

    def text(self, node: Placed) -> str:
        """`node` as it is written."""
        span = self.span(node)
        lines = self._lines[span.line - 1 : span.end_line]
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return "\n".join(lines)

    def _column(self, line: int, utf8_column: int) -> int:
        if self._is_ascii or self._lines[line - 1].isascii():
            return utf8_column
        return len(self._lines[line - 1].encode("utf-8", "surrogatepass")[:utf8_column].decode(errors="replace"))
