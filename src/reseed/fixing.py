"""The pipeline of `reseed fix`: the findings of `check` that have a repair, repaired in memory, file by file."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reseed.check import Codes, Shared, bug, check_source, codes_for, read_if_it_matters, rules
from reseed.settings import Settings
from reseed.source import Problem, SourceError, SourceFile
from reseed.source.declared import Declared

if TYPE_CHECKING:
    from reseed.rules.finding import Finding

_PASSES = 20
"""One repair may make room for another; a repair that never comes to rest must not run for ever."""


@dataclass(slots=True)
class FileRepair:
    """What repairing one file gives. Nothing is written.

    `after` equals `before` where nothing changes. `applied` are the findings repaired, `remaining` those that could not
    be, each with the reason, at their places in `after`.
    """

    path: str
    before: bytes = b""
    after: bytes = b""
    applied: list[Finding] = field(default_factory=list)
    remaining: list[tuple[Finding, str]] = field(default_factory=list)
    outdated: list[tuple[Finding, Declared]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether there is something to write."""
        return self.after != self.before


def codes_to_repair(settings: Settings, named: Collection[str], unsafe: bool) -> Codes:
    """Give the codes that a run repairs: those switched on that have a repair.

    A repair that is made on request needs `unsafe`, or its code among `named`, the words that the command line selects
    by. Raises SettingsError for a code that does not exist.
    """
    enabled = codes_for(settings)

    @functools.cache
    def codes() -> frozenset[str]:
        repaired = {rule.code for rule in rules() if rule.fixable == "yes"}
        on_request = {rule.code for rule in rules() if rule.fixable == "on request" and (unsafe or rule.code in named)}
        return frozenset(enabled()) & (repaired | on_request)

    return codes


def repair_file(
    path: str, settings: Settings, codes: Codes, shared: Shared | None = None, named: bool = False
) -> FileRepair:
    """Read one file and repair it in memory; see `read_if_it_matters` for `named`. Never raises."""
    shared = shared or Shared()
    try:
        source = read_if_it_matters(path, shared.screen, named)
    except SourceError as error:
        return FileRepair(path, problems=[error.problem])
    except Exception as error:  # one file must not take the others down with it
        return FileRepair(path, problems=[bug(path, error)])
    return repair_source(source, settings, codes, shared) if source else FileRepair(path)


def repair_source(source: SourceFile, settings: Settings, codes: Codes, shared: Shared | None = None) -> FileRepair:
    """Repair one decoded file in memory, until nothing more can be done. Never raises."""
    repair = FileRepair(source.path, source.raw, source.raw)
    try:
        text = _repair_text(source, settings, codes, shared or Shared(), repair)
        if text != source.text:
            if source.encode(source.text) != source.raw:
                raise SourceError(source.path, f"not repaired: its bytes are not what {source.encoding} writes")
            repair.after = source.encode(text)
    except SourceError as error:
        return FileRepair(source.path, source.raw, source.raw, problems=[error.problem])
    except Exception as error:  # one file must not take the others down with it
        return FileRepair(source.path, source.raw, source.raw, problems=[bug(source.path, error)])
    return repair


def unified_diff(repair: FileRepair) -> list[bytes]:
    """Give the lines of a diff that `patch` and `git apply` take: bytes, newlines as they are in the file."""
    name = repair.path.replace("\\", "/").removeprefix("./")
    absolute = name.startswith("/")
    old, new = (name, name) if absolute else (f"a/{name}", f"b/{name}")
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        _lines(repair.before),
        _lines(repair.after),
        old.encode(errors="surrogateescape"),
        new.encode(errors="surrogateescape"),
    )
    return [line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines]


def _repair_text(source: SourceFile, settings: Settings, codes: Codes, shared: Shared, repair: FileRepair) -> str:
    """Fill in `repair` and return the repaired text."""
    text = source.text
    for _ in range(_PASSES):
        result = check_source(replace(source, text=text), settings, codes, shared)
        for problem in result.problems:
            blame = "" if text is source.text else "this is a bug in reseed, nothing was changed: the repaired text: "
            raise SourceError(source.path, blame + problem.message, problem.line, problem.column)
        repair.outdated = result.outdated
        unfixable = [finding for finding in result.findings if not finding.fixable]
        repair.remaining = [(finding, finding.obstacle or "no repair for this form") for finding in unfixable]
        fixable = [finding for finding in result.findings if finding.fixable]
        if not fixable:
            return text
        from reseed.fixes import repair as repaired  # brings LibCST along

        outcome = repaired(text, fixable)
        repair.remaining += outcome.declined
        if outcome.text == text:
            return text
        repair.applied += outcome.applied
        text = outcome.text
    raise SourceError(
        source.path, f"this is a bug in reseed: {_PASSES} repairs did not come to rest, nothing was changed"
    )


def _lines(raw: bytes) -> list[bytes]:
    """Split as diff does, after every newline character and nowhere else."""
    return re.findall(rb"[^\n]*\n|[^\n]+", raw)
