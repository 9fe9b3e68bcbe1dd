"""Which findings a `noqa` comment suppresses, asked of flake8's own code so that both always agree.

A `# noqa` counts on any line of the string or backslash-continued line that it belongs to, `# flake8: noqa` counts for
the file. flake8 is imported here and nowhere earlier: a run without findings never pays for it.
"""

from __future__ import annotations

import argparse
import io

from flake8.processor import FileProcessor
from flake8.violation import Violation

# What FileProcessor reads from flake8's options. Only disable_noqa touches what is asked here.
_OPTIONS = argparse.Namespace(
    disable_noqa=False, hang_closing=False, indent_size=4, max_doc_length=None, max_line_length=79, verbose=0
)


class Suppressions:
    """The `noqa` comments of one file."""

    def __init__(self, path: str, text: str) -> None:
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
        row = Violation(code, self._path, line, 1, "", physical)
        return bool(row.is_inline_ignored(disable_noqa=False))
