"""What the answer about one file rests on: the files that were read for it, who imports it, what is declared for it.

Whoever remembers something of a file for a whole run notes the file each time that it is asked, not only the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reseed.source.declared import Declared


@dataclass
class Reads:
    """Notes that are begun anew for each file that is checked.

    `files` are real paths, `importers` what `Importers.of` answered, by its limit, `asked_files` those that it looked
    at for that, `declared` what `declared` did, by the distributions.
    """

    files: set[str] = field(default_factory=set)
    importers: dict[int, tuple[str, ...]] = field(default_factory=dict)
    asked_files: set[str] = field(default_factory=set)
    declared: dict[tuple[str, ...], tuple[Declared, ...]] = field(default_factory=dict)

    def begin(self) -> None:
        """Forget what has been noted."""
        self.files = set()
        self.importers = {}
        self.asked_files = set()
        self.declared = {}

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave out what is read inside: it is told of by its outcome."""
        files, self.files = self.files, set()
        try:
            yield
        finally:
            self.files = files
