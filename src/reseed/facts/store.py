"""The facts of the files of a project, each made once in a run."""

from __future__ import annotations

import ast
import os
import re
import stat
from dataclasses import replace

from reseed.facts import module_facts
from reseed.facts.model import ModuleFacts
from reseed.facts.stopwatch import Stopwatch
from reseed.source import SourceError
from reseed.source.cache import Cache
from reseed.source.reads import Reads
from reseed.source.stamp import Stamp, stamp_of
from reseed.source.text import read

# Longer files are data, or made by a program.
_LONGEST_FILE = 1_000_000
_MAY_MATTER = re.compile(rb"[Rr]and|seed|shuffle|[Dd]ata[Ss]et|[Ll]oader|ransform|__getitem__")
# Some fifty megabytes of memory.
_INSTRUCTION_LIMIT = 250_000


class Store:
    """Facts by path, the latest used kept in memory. A file is read again when it has changed.

    With a `cache`, facts are looked for there by the text that they are of, and kept there. What is asked for is noted
    in `reads`.
    """

    def __init__(self, stopwatch: Stopwatch, cache: Cache | None, reads: Reads) -> None:
        self._stopwatch = stopwatch
        self._cache = cache
        self._reads = reads
        self._kept: dict[str, tuple[Stamp, ModuleFacts | None, int]] = {}
        self._instructions = 0

    def facts(self, path: str) -> ModuleFacts | None:
        """The facts of the file `path`, None where it cannot be read or parsed, or cannot matter."""
        self._reads.files.add(path)
        try:
            status = os.stat(path)
        except OSError:
            return None
        stamp = stamp_of(status)
        kept = self._kept.pop(path, None)
        if kept is not None:
            self._instructions -= kept[2]
        if kept is None or kept[0] != stamp:
            with self._stopwatch.stage("facts"):
                readable = stat.S_ISREG(status.st_mode) and status.st_size <= _LONGEST_FILE
                facts = self._read(path) if readable else None
            size = sum(len(body.instructions) for body in facts.bodies) if facts else 0
            kept = (stamp, facts, size)
        self._kept[path] = kept
        self._instructions += kept[2]
        while self._instructions > _INSTRUCTION_LIMIT and len(self._kept) > 1:
            oldest = next(iter(self._kept))
            self._instructions -= self._kept.pop(oldest)[2]
        return kept[1]

    def of_text(self, path: str, text: str, tree: ast.Module | None = None, name: str = "__main__") -> ModuleFacts:
        """The facts of `text`, as `module_facts` gives them. Raises SourceError."""
        kept = self._cache.get("facts", name, text) if self._cache else None
        if isinstance(kept, ModuleFacts):
            return replace(kept, path=path)
        facts = module_facts(path, text, name, tree)
        if self._cache:
            self._cache.put(facts, "facts", name, text)
        return facts

    def _read(self, path: str) -> ModuleFacts | None:
        try:
            source = read(path)
            if b"nn.Module" in source.raw and not _MAY_MATTER.search(source.raw):
                return None  # a network is no worker code, and such files are large
            return self.of_text(path, source.text, name=os.path.basename(path).removesuffix(".py"))
        except SourceError:
            return None
