"""One name for the many paths by which Python code reaches one thing.

Packages re-export: ``torch.utils.data.DataLoader`` is also ``torch.utils.data.dataloader.DataLoader``. Tables hold the
shortest public path; a longer path is looked up by leaving modules out of it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TypeVar

Row = TypeVar("Row")


@functools.lru_cache(maxsize=20_000)
def spellings(path: str) -> tuple[str, ...]:
    """Give `path`, then the paths that remain as modules are left out from the right, the longest first.

    The first name, the last name, classes (capitalised) and call results (``()``) are never left out:
    ``pandas.core.frame.DataFrame().sample`` gives itself, ``pandas.core.DataFrame().sample`` and
    ``pandas.DataFrame().sample``.
    """
    parts = path.split(".")
    modules = 0
    while modules < len(parts) - 1 and _may_be_module(parts[modules]):
        modules += 1
    return (path, *(".".join(parts[:kept] + parts[modules:]) for kept in range(modules - 1, 0, -1)))


def find(table: Mapping[str, Row], path: str) -> Row | None:
    """Return the row of the first spelling of `path` that `table` has, or None."""
    for spelling in spellings(path):
        row = table.get(spelling)
        if row is not None:
            return row
    return None


def _may_be_module(part: str) -> bool:
    return part == part.lower() and not part.endswith(")")
