"""The texts of a project's files, for those who look for words in them: read once, the latest kept."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

from reseed.source.reads import Reads
from reseed.source.stamp import Stamp, stamp_of

LONGEST_FILE = 1_000_000
"""In bytes. Longer files are data, or made by a program."""
_KEPT = 16_000_000
"""In bytes of memory, of which some characters take four."""


@dataclass
class Texts:
    """Texts by path. What is asked for is noted in `reads`."""

    reads: Reads = field(default_factory=Reads)
    _texts: dict[str, tuple[str, Stamp | None]] = field(default_factory=dict)
    _size: int = 0

    def text(self, path: str) -> str:
        """The text of the file `path`, undecodable bytes replaced; empty where it cannot be read, or is too long."""
        return self.stamped(path)[0]

    def stamped(self, path: str) -> tuple[str, Stamp | None]:
        """The text, and the stamp that the file had when it was about to be read; None where there is no file."""
        self.reads.files.add(path)
        known = self._texts.pop(path, None)
        if known is None:
            known = _read(path)
            self._size += sys.getsizeof(known[0])
            while self._size > _KEPT and self._texts:
                oldest = next(iter(self._texts))
                self._size -= sys.getsizeof(self._texts.pop(oldest)[0])
        self._texts[path] = known
        return known


def decoded(raw: bytes) -> str:
    """`raw` as text for looking for words, with the line ends that Python knows made one."""
    return raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _read(path: str) -> tuple[str, Stamp | None]:
    if path.endswith(os.sep):  # a namespace package
        return "", None
    try:
        with open(path, "rb") as opened:
            stamp = stamp_of(os.fstat(opened.fileno()))
            raw = opened.read(LONGEST_FILE + 1)
    except OSError:
        return "", None
    return decoded(raw) if len(raw) <= LONGEST_FILE else "", stamp
