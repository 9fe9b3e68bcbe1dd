"""A line on stderr that says how far a long run has got. Nothing on a pipe, nothing for a short run."""

from __future__ import annotations

import sys
import time

_PATIENCE = 0.5
"""Seconds before the line appears."""
_INTERVAL = 0.1
"""Seconds between two updates."""


class ProgressLine:
    """Called before each file. `close`, or the end of its ``with`` block, wipes the line."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _PATIENCE
        self._on = sys.stderr.isatty()
        self._shown = False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, done: int, total: int, path: str) -> None:
        """Show that `done` of `total` files are done."""
        if not self._on or (now := time.monotonic()) < self._next:
            return
        self._next = now + _INTERVAL
        self._shown = True
        sys.stderr.write(f"\r\x1b[K{done}/{total} files")
        sys.stderr.flush()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False
