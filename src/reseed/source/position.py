"""Positions in a file's text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one file's text.

    Lines and columns count from 1, columns in characters (not bytes); the end is exclusive.
    """

    line: int
    column: int
    end_line: int
    end_column: int
