"""Ranges of versions, as requirements of pip, Poetry and conda spell them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_CLAUSE = re.compile(r"^\s*(?P<operator>[\^~<>=!]*)\s*(?P<version>\d[\w.+*!-]*)")

Clause = tuple[str, str]
"""An operator and a version."""


@dataclass(frozen=True, slots=True)
class Range:
    """The versions from `minimum` to `maximum`, None for no bound; `above` and `below` leave out the bound itself."""

    minimum: str | None = None
    maximum: str | None = None
    above: bool = False
    below: bool = False

    def meets(self, since: str | None, until: str | None) -> bool:
        """Say whether a version of the range lies between `since` and `until`, both included, None for no bound."""
        from packaging.version import Version

        if until and self.minimum and (Version(self.minimum), self.above) > (Version(until), False):
            return False
        if since and self.maximum:
            least, most = Version(since), Version(self.maximum)
            return most > least or (most == least and not self.below)
        return True


def poetry_clauses(text: str) -> list[Clause]:
    """The clauses of a Poetry constraint, which has carets, and a bare version that means just that one."""
    parts = [match for part in text.split(",") if (match := _CLAUSE.match(part))]
    return [(match["operator"] or "==", match["version"]) for match in parts]


def range_of(clauses: Iterable[Clause]) -> Range:
    """What several clauses allow together. Those that are not understood, and ``!=``, set no bound."""
    from packaging.version import InvalidVersion, Version

    lows: list[tuple[Version, bool]] = []
    highs: list[tuple[Version, bool]] = []
    for operator, text in clauses:
        try:
            version = Version(text.removesuffix(".*"))
        except InvalidVersion:
            continue
        if operator in ("<", "<="):
            highs.append((version, operator == "<="))
        elif operator != "!=":
            lows.append((version, operator == ">"))
            if operator not in (">", ">="):
                end = _end(operator, version, text.endswith(".*"))
                highs.append((Version(end), False) if end else (version, True))
    low, above = max(lows, default=(None, False))
    high, included = min(highs, default=(None, True))
    return Range(None if low is None else str(low), None if high is None else str(high), above, not included)


def _end(operator: str, version: object, starred: bool) -> str | None:
    # The first version that `version` with its operator no longer allows, None where it allows itself alone.
    release: tuple[int, ...] = version.release  # type: ignore[attr-defined]
    if starred:
        kept = len(release)
    elif operator == "~=":
        kept = max(len(release) - 1, 1)
    elif operator == "~":
        kept = min(len(release), 2)
    elif operator == "^":
        kept = next((index + 1 for index, number in enumerate(release) if number), len(release))
    else:
        return None
    return ".".join(map(str, (*release[: kept - 1], release[kept - 1] + 1)))
