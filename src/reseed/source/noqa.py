"""Which findings a `noqa` comment suppresses, asked of flake8's own code so that both always agree.

A `# noqa` counts on any line of the string or backslash-continued line that it belongs to, `# flake8: noqa` counts for
the file. flake8's reader is imported when the first text with findings has such a comment: no other run
pays for it.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterable

# What FileProcessor reads from flake8's options. Only disable_noqa touches what is asked here.
_OPTIONS = argparse.Namespace(
    disable_noqa=False, hang_closing=False, indent_size=4, max_doc_length=None, max_line_length=79, verbose=0
)


def flake8_version() -> str:
    """The version of flake8 that reads the comments."""
    from flake8 import __version__

    return __version__


def has_comments(text: str) -> bool:
    """Whether `text` may have such a comment."""
    return "noqa" in text.lower()


def suppressed(path: str, text: str, places: Iterable[tuple[str, int]]) -> frozenset[tuple[str, int]]:
    """Those of `places`, each a code and a line, that a comment of the file covers."""
    places = tuple(places)
    if not places or not has_comments(text):
        return frozenset()
    comments = Suppressions(path, text)
    return frozenset(place for place in places if comments.covers(*place))


class Suppressions:
    """The `noqa` comments of one file."""

    def __init__(self, path: str, text: str) -> None:
        from flake8.processor import FileProcessor

        self._path = path
        self._lines = io.StringIO(text, newline=None).readlines()
        self._processor = FileProcessor(path, _OPTIONS, lines=list(self._lines))
        self._whole_file = self._processor.should_ignore_file()

    def covers(self, code: str, line: int) -> bool:
        """Say whether flake8 would leave out a row with this code on this line (from 1)."""
        if self._whole_file:
            return True
        physical = self._processor.noqa_line_for(line)
        if physical is None:
            # flake8 asks linecache here, which would read a file of that name even where the text came from stdin.
            physical = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        from flake8.violation import Violation

        row = Violation(code, self._path, line, 1, "", physical)
        return bool(row.is_inline_ignored(disable_noqa=False))
