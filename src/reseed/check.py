"""The one pipeline behind every face: bytes to findings, then what the user does not want to see is taken out.

Whatever parses Python, LibCST above all, is imported when the first file needs it: a run over files that cannot
matter never does.
"""

from __future__ import annotations

import ast
import functools
import gc
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reseed.parallel import in_order
from reseed.report import Report
from reseed.results import Results
from reseed.settings import Settings, check_codes, enabled_codes
from reseed.source import Problem, SourceError, SourceFile, decode
from reseed.source.cache import Cache
from reseed.source.declared import Declared, declared, declared_torch, shows_on
from reseed.source.discover import discover
from reseed.source.screen import Screen
from reseed.source.syntax import check_syntax
from reseed.source.text import read_bytes

if TYPE_CHECKING:
    from reseed.program import Project
    from reseed.rules.base import Rule
    from reseed.rules.finding import Finding

Codes = Callable[[], Collection[str]]
"""Codes that are worked out when the first finding asks for them, since that takes all rules to be imported."""
Progress = Callable[[int, int, str], None]
"""Called before each file with the number of files done, the number of all, and the path."""


_MANY = 20
"""Files to analyse, of which some will ask who imports them."""


class Shared:
    """What the files of one run share: which of them matter, where modules are found, and their facts.

    What brings LibCST along is made when the first file asks for it. With `caching`, what earlier runs found and made
    is used, and kept for later ones.
    """

    def __init__(self, caching: bool = False) -> None:
        self.screen = Screen()
        self.cache = Cache() if caching else None
        self.results = Results(self.cache, self.screen.modules) if self.cache else None
        self._project: Project | None = None

    def project(self) -> Project:
        """Give it, with all that analyses Python imported."""
        from reseed.program import Project

        self._project = self._project or Project(self.screen.modules, self.screen.texts, self.cache)
        return self._project

    def close(self) -> None:
        """Keep what is to be kept."""
        if self.results and self.cache:
            self.results.flush()
            self.cache.close()

    @property
    def seconds(self) -> Mapping[str, float]:
        """Time by stage so far."""
        return self._project.stopwatch.seconds if self._project else {}


@dataclass(slots=True)
class FileResult:
    """What one file gives: findings to report, and what was taken out.

    `outdated` pairs each finding that no allowed PyTorch shows with the declaration that says so.
    `text` is None where the file was not decoded.
    """

    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    suppressed: int = 0
    outdated: list[tuple[Finding, Declared]] = field(default_factory=list)
    text: str | None = None


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Every rule, sorted by code."""
    from reseed.rules import all_rules

    return all_rules()


def codes_for(settings: Settings) -> Codes:
    """Give the codes that the settings switch on. Raises SettingsError for a code that does not exist."""

    @functools.cache
    def codes() -> frozenset[str]:
        defaults = {rule.code: rule.default for rule in rules()}
        check_codes(settings, defaults)
        return enabled_codes(settings.selectors, defaults)

    if settings.names_codes:
        codes()  # a mistake must be told whatever the files hold
    return codes


def check_text(path: str, text: str, tree: ast.AST | None = None, project: Project | None = None) -> list[Finding]:
    """Analyse one file with what it imports and give all that any rule finds in it, in order of place.

    Nothing is taken out. `tree` is the text parsed by `ast`, if the caller has it, `project` what the calls of one run
    share; without it no other file is looked at. Raises SourceError where the text does not parse.
    """
    from reseed.facts.stopwatch import Stopwatch
    from reseed.facts.store import facts_of
    from reseed.program import analyse, depends_on_importers

    stopwatch = project.stopwatch if project else Stopwatch()
    with _collecting_at_the_end():
        with stopwatch.stage("facts"):
            facts = project.store.of_text(path, text, tree) if project else facts_of(path, text, tree)
        with stopwatch.stage("program"):
            program = analyse(facts, project)
            # What cannot be followed through the project may be understood with less of it.
            if program.engine.exhausted:
                program = analyse(facts)
            elif depends_on_importers(program):
                whole = analyse(facts, project, importers=True)
                program = program if whole.engine.exhausted else whole
        if program.engine.exhausted:
            raise SourceError(path, "too much to follow within the limits of the analysis: exclude it")
        with stopwatch.stage("rules"):
            found = {finding: None for rule in rules() for finding in rule.check(program) if finding.path == path}
    return sorted(found, key=lambda finding: finding.sort_key)


@contextmanager
def _collecting_at_the_end() -> Iterator[None]:
    # The facts of a project are millions of objects that live on. Looking through them for garbage while a program is
    # solved takes as long as solving it. What a program leaves behind is all young.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        if enabled:
            gc.enable()


def repairable_findings(path: str, text: str, codes: Collection[str]) -> list[Finding]:
    """Give the findings with one of these codes that have a repair and that no `noqa` comment suppresses.

    Raises SourceError where the text does not parse.
    """
    shared = _shared_by_codemods()
    if not shared.screen.may_matter(path, text.encode("utf-8", "surrogatepass")):
        return []
    found = [one for one in check_text(path, text, project=shared.project()) if one.fixable and one.code in codes]
    return _unsuppressed(path, text, found)


@functools.cache
def _shared_by_codemods() -> Shared:
    return Shared()  # LibCST hands over one file at a time and tells of no run


def in_range(findings: Sequence[Finding], path: str, torch_version: str) -> list[tuple[Finding, Declared | None]]:
    """Pair each finding with the declaration that rules it out, or with None where it stands.

    `torch_version` is ``"auto"`` (what the project of `path` declares), ``"any"`` or a version. What is drawn from a
    library's own RNG is also ruled out by the version of that library that the project declares, but for ``"any"``.
    """
    if torch_version == "any" or not findings:
        return [(finding, None) for finding in findings]
    torch = declared_torch(path) if torch_version == "auto" else Declared(torch_version, "")
    return [
        (finding, torch if torch and not shows_on(finding.torch, torch.minimum) else _ruled_out(finding, path))
        for finding in findings
    ]


def _ruled_out(finding: Finding, path: str) -> Declared | None:
    from reseed.knowledge.library_rngs import LIBRARY_RNGS

    rng = LIBRARY_RNGS.get(finding.state)
    if rng is None or not rng.versions:
        return None
    found = declared(path, rng.distributions)
    if not found:
        return next(iter(declared(path, rng.forks)), None) if rng.forks else None
    return None if any(one.allowed.meets(rng.since, rng.until) for one in found) else found[0]


def check_source(
    source: SourceFile, settings: Settings, codes: Codes, shared: Shared | None = None, is_kept: bool = False
) -> FileResult:
    """Check one decoded file for the given codes. Never raises: what goes wrong becomes a problem of the result.

    `is_kept` says that the file holds this text and may matter, so that later runs may use what is found.
    """
    result = FileResult(text=source.text)
    path = source.path
    try:
        if not is_kept and not (shared or Shared()).screen.may_matter(path, source.raw):
            return result
        found = check_text(path, source.text, project=shared.project() if shared else None)
        if is_kept and shared and shared.results:
            shared.results.keep(path, source.text, found)
    except SourceError as error:
        result.problems.append(error.problem)
        return result
    except Exception as error:  # one file must not take the others down with it
        result.problems.append(bug(path, error))
        return result
    _take_out(result, path, source.text, found, settings, codes)
    return result


def _take_out(
    result: FileResult, path: str, text: str, found: Sequence[Finding], settings: Settings, codes: Codes
) -> None:
    """Fill in `result` with those of the findings that the user wants to see."""
    if not found:
        return
    off = settings.ignored_in(path)
    wanted = [finding for finding in found if finding.code in codes() and not (off and finding.code.startswith(off))]
    kept = _unsuppressed(path, text, wanted)
    result.suppressed = len(wanted) - len(kept)
    for finding, ruled_out in in_range(kept, path, settings.torch_version):
        if ruled_out:
            result.outdated.append((finding, ruled_out))
        else:
            result.findings.append(finding)


def check_file(
    path: str, settings: Settings, codes: Codes, shared: Shared | None = None, named: bool = False
) -> FileResult:
    """Read and check one file; see `read_if_it_matters` for `named`. Never raises."""
    shared = shared or Shared()
    found = _before_analysis(path, settings, codes, shared, named)
    return check_source(found, settings, codes, shared, is_kept=True) if isinstance(found, SourceFile) else found


def _before_analysis(
    path: str, settings: Settings, codes: Codes, shared: Shared, named: bool
) -> FileResult | SourceFile:
    """The result for a file that nothing can be found in, or that is known; else what is to be analysed."""
    known = _known(path, settings, codes, shared, named)
    if known is not None:
        return known
    try:
        source = read_if_it_matters(path, shared.screen, named)
    except SourceError as error:
        return FileResult(problems=[error.problem])
    if source is None and shared.results:
        shared.results.drop(path)
    return source or FileResult()


def _known(path: str, settings: Settings, codes: Codes, shared: Shared, named: bool) -> FileResult | None:
    """What an earlier run found in a file, None where nothing is known."""
    kept = shared.results.find(path) if shared.results else None
    if kept is None or (kept.dropped and named):
        return None
    result = FileResult()
    if kept.findings:
        try:
            result.text = decode(path, read_bytes(path)).text
        except SourceError:
            return None
        _take_out(result, path, result.text, kept.findings, settings, codes)
    return result


def read_if_it_matters(path: str, screen: Screen, named: bool = False) -> SourceFile | None:
    """Read one file, or return None where no finding can start in it.

    Raises SourceError where it cannot be read, and also where it cannot be decoded: what the screen, which looks for
    ASCII words, does not see in bytes of an unknown meaning proves nothing. A file that the user has `named` is looked
    at by Python's parser in any case; one that was found in a folder, and cannot matter, is not.
    """
    raw = read_bytes(path)
    matters = screen.may_matter(path, raw)
    if matters or named or b"\0" in raw or not raw.isascii():
        source = decode(path, raw)
        if matters:
            return source
        if named:
            check_syntax(path, source.text)
    return None


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
    codes = codes_for(settings)
    files, problems = discover(paths, settings.excluded, settings.respect_gitignore, settings.force_exclude)
    shared = Shared(caching)
    named = named_files(paths)
    results: dict[str, FileResult] = {}
    waiting: list[SourceFile] = []
    for path in files:
        found = _before_analysis(path, settings, codes, shared, bool(named) and os.path.realpath(path) in named)
        if isinstance(found, SourceFile):
            waiting.append(found)
        else:
            results[path] = found
    if jobs > 1 and len(waiting) >= _MANY:
        for folder in {os.path.dirname(source.path): source.path for source in waiting}.values():
            shared.project().importers.prepare(folder)  # once, and not in each process
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

    def check(self, source: SourceFile) -> tuple[str, FileResult, dict[str, float]]:
        """Give the path of a file, its result, and what it took by stage."""
        before = dict(self.shared.seconds)
        result = check_source(source, self.settings, self.codes, self.shared, is_kept=True)
        spent = {stage: time - before.get(stage, 0.0) for stage, time in self.shared.seconds.items()}
        return source.path, result, spent


_crew: _Crew | None = None


def _join_crew(settings: Settings, caching: bool) -> None:
    # A forked process has its parent's crew. What begins from nothing makes one of its own.
    global _crew
    if _crew is None:
        _crew = _Crew(settings, codes_for(settings), Shared(caching))


def _check_together(sources: Sequence[SourceFile]) -> list[tuple[str, FileResult, dict[str, float]]]:
    assert _crew is not None
    return [_crew.check(source) for source in sources]


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


def bug(path: str, error: Exception) -> Problem:
    """Describe an exception that the analysis should not have raised."""
    if isinstance(error, RecursionError):
        return Problem(path, "nested too deeply for Python's recursion limit, the file was not checked")
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Problem(path, f"this is a bug in reseed, the file was not checked: {' '.join(what.split())}")


def _unsuppressed(path: str, text: str, findings: list[Finding]) -> list[Finding]:
    if not findings:
        return findings
    from reseed.source.noqa import Suppressions  # brings flake8 along

    comments = Suppressions(path, text)
    return [finding for finding in findings if not comments.covers(finding.code, finding.span.line)]
