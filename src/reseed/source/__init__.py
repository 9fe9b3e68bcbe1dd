"""Bytes in: which files there are, what text they hold, and whether they can matter."""

from __future__ import annotations

from reseed.source.text import Problem, SourceError, SourceFile, decode, read

__all__ = ["Problem", "SourceError", "SourceFile", "decode", "read"]
