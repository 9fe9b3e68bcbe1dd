"""Whether a file is as it was, without reading it."""

from __future__ import annotations

import os

Stamp = tuple[int, int, int]
"""Size in bytes, and the times of the last change of what a file holds and of its entry, in nanoseconds."""


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file with this status."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
