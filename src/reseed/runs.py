"""A run: all the files that a command line means, checked, and summed up in a report."""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reseed.check import Codes, FileResult, Shared, before_analysis, check_file, codes_for
from reseed.parallel import in_order
from reseed.report import Report
from reseed.settings import Settings
from reseed.source import Problem
from reseed.source.declared import Declared
from reseed.source.discover import discover

if TYPE_CHECKING:
    from reseed.rules.finding import Finding

Progress = Callable[[int, int, str], None]
"""Called before each file with the number of files done, the number of all, and the path."""

_MANY = 20
"""Files to analyse, of which some will ask who imports them."""


def named_files(paths: Sequence[str]) -> frozenset[str]:
    """The files among the paths of a command line, by their real paths."""
    return frozenset(os.path.realpath(path) for path in paths if not os.path.isdir(path))


def check_paths(
    paths: Sequence[str],
    settings: Settings,
    progress: Progress | None = None,
    caching: bool = False,
    jobs: int = 1,
) -> Report:
    """Check every file that the paths mean, in so many processes as `jobs` says at most.

    Raises SettingsError for a code that does not exist, and nothing else.
    """
    shared = Shared(caching)
    codes = codes_for(settings, shared.cache)
    files, problems = discover(paths, settings.excluded, settings.respect_gitignore, settings.force_exclude)
    named = named_files(paths)
    results: dict[str, FileResult] = {}
    waiting: list[str] = []
    for path in files:
        found = before_analysis(path, settings, codes, shared, bool(named) and os.path.realpath(path) in named)
        if found is None:
            waiting.append(path)
        else:
            results[path] = found
    if waiting:
        shared.screen.forget()
    if jobs > 1 and len(waiting) >= _MANY:
        for path in {os.path.dirname(path): path for path in waiting}.values():
            shared.project().importers.prepare(path)  # once, and not in each process
    shared.close()  # no connection to the cache should live through a fork
    global _crew
    _crew = _Crew(settings, codes, shared)
    seconds: Counter[str] = Counter()
    try:
        checked = in_order(_check_together, waiting, jobs, functools.partial(_join_crew, settings, caching))
        for number, (path, result, spent) in enumerate(checked):
            results[path] = result
            seconds.update(spent)
            if progress:
                progress(len(files) - len(waiting) + number + 1, len(files), path)
    finally:
        _crew = None
    shared.close()
    return replace(report_of([(path, results[path]) for path in files], settings, problems), seconds=seconds)


@dataclass
class _Crew:
    """What a process has that checks files which may matter."""

    settings: Settings
    codes: Codes
    shared: Shared

    def check(self, path: str) -> tuple[str, FileResult, dict[str, float]]:
        """Give the path of a file again, its result, and what it took by stage."""
        before = dict(self.shared.seconds)
        result = check_file(path, self.settings, self.codes, self.shared)
        spent = {stage: time - before.get(stage, 0.0) for stage, time in self.shared.seconds.items()}
        return path, result, spent


_crew: _Crew | None = None


def _join_crew(settings: Settings, caching: bool) -> None:
    # A forked process has its parent's crew. What begins from nothing makes one of its own.
    global _crew
    if _crew is None:
        shared = Shared(caching)
        _crew = _Crew(settings, codes_for(settings, shared.cache), shared)


def _check_together(paths: Sequence[str]) -> list[tuple[str, FileResult, dict[str, float]]]:
    assert _crew is not None
    return [_crew.check(path) for path in paths]


def report_of(
    results: Sequence[tuple[str, FileResult]], settings: Settings, problems: Sequence[Problem] = ()
) -> Report:
    """Sum up the results of files."""
    findings = [finding for _, result in results for finding in result.findings]
    return Report(
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        problems=tuple([*problems, *(problem for _, result in results for problem in result.problems)]),
        files=len(results),
        suppressed=sum(result.suppressed for _, result in results),
        notes=outdated_note([pair for _, result in results for pair in result.outdated], settings),
        texts={path: result.text for path, result in results if result.findings and result.text is not None},
    )


def outdated_note(outdated: Sequence[tuple[Finding, Declared]], settings: Settings) -> tuple[str, ...]:
    """Say in one sentence which findings no allowed version shows, on whose word, and how to see them all the same.

    That is one for PyTorch's version, and one for each library whose own version rules findings out.
    """
    groups: dict[str, list[tuple[Finding, Declared]]] = {}
    for finding, word in outdated:
        groups.setdefault(finding.state if finding.torch == "any" else "torch", []).append((finding, word))
    return tuple(_outdated_note(groups[name], settings) for name in sorted(groups, key=lambda name: name != "torch"))


def _outdated_note(outdated: Sequence[tuple[Finding, Declared]], settings: Settings) -> str:
    codes = ", ".join(sorted({finding.code for finding, _ in outdated}))
    finding, oldest = min(outdated, key=lambda pair: pair[1].path)
    others = len({word.path for _, word in outdated}) - 1
    if oldest.path:
        place = os.path.relpath(oldest.path) + (f" and {others} more" if others else "")
        wanted = oldest.requirement if finding.torch == "any" else f"torch >= {oldest.minimum}"
        reason = f"{place} asks for {wanted}"
    else:
        reason = f"{settings.torch_version_origin or 'torch-version'} is {oldest.minimum}"
    number = f"{len(outdated)} finding" + ("s" if len(outdated) > 1 else "")
    return f"{number} of {codes} not shown, since {reason} (--torch-version any shows them)"
