"""The one pipeline behind every face: bytes to findings, then what the user does not want to see is taken out.

What analyses Python is imported when the first file needs it, LibCST by repairs alone: a run over files that cannot
matter never does.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reseed.results import Kept, Results
from reseed.settings import Settings, check_codes, enabled_codes
from reseed.source import Problem, SourceError, SourceFile, decode
from reseed.source.cache import Cache, remembered
from reseed.source.declared import Declared, declared, declared_torch, forget, shows_on
from reseed.source.modules import Modules
from reseed.source.noqa import suppressed
from reseed.source.text import read, read_bytes
from reseed.source.texts import Texts

if TYPE_CHECKING:
    import ast

    from reseed.facts.model import ModuleFacts
    from reseed.facts.stopwatch import Stopwatch
    from reseed.program import Program, Project
    from reseed.rules.base import Rule
    from reseed.rules.finding import Finding
    from reseed.source.screen import Screen

Codes = Callable[[], Collection[str]]
"""Codes that are worked out when the first finding asks for them, since that takes all rules to be imported."""


class Shared:
    """What the files of one run share: which of them matter, where modules are found, and their facts.

    What the analysis needs is made when the first file asks for it. With `caching`, what earlier runs found and made
    is used, and kept for later ones.
    """

    def __init__(self, caching: bool = False) -> None:
        forget()
        self.modules = Modules()
        self.texts = Texts()
        self.cache = Cache() if caching else None
        self.results: Results | None = None
        if self.cache:
            self.results = Results(self.cache, self.modules, self.texts.reads, lambda: self.project().importers)
        self._project: Project | None = None

    @functools.cached_property
    def screen(self) -> Screen:
        """Which files may matter."""
        from reseed.source.screen import Screen

        return Screen(self.modules, self.texts)

    def project(self) -> Project:
        """Give it, with all that analyses Python imported."""
        from reseed.program import Project

        self._project = self._project or Project(self.screen, self.cache)
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
    from reseed.rules.base import all_rules

    return all_rules()


def defaults_of_rules(cache: Cache | None = None) -> dict[str, bool]:
    """For each code whether it is on by default. A `cache` knows without importing the rules."""
    return remembered(cache, lambda: {rule.code: rule.default for rule in rules()}, "defaults")


def codes_for(settings: Settings, cache: Cache | None = None) -> Codes:
    """Give the codes that the settings switch on. Raises SettingsError for a code that does not exist."""

    @functools.cache
    def codes() -> frozenset[str]:
        defaults = defaults_of_rules(cache)
        check_codes(settings, defaults)
        return enabled_codes(settings.selectors, defaults)

    if settings.names_codes:
        codes()  # a mistake must be told whatever the files hold
    return codes


def check_text(path: str, text: str, tree: ast.Module | None = None, project: Project | None = None) -> list[Finding]:
    """Analyse one file with what it imports and give all that any rule finds in it, in order of place.

    Nothing is taken out. `tree` is the text parsed by `ast`, if the caller has it, `project` what the calls of one run
    share; without it no other file is looked at. Raises SourceError where the text does not parse.
    """
    if project:
        project.texts.reads.begin()
    with _without_collecting():
        return _analyse(path, text, tree, project)


def _analyse(path: str, text: str, tree: ast.Module | None, project: Project | None) -> list[Finding]:
    from reseed.facts import module_facts
    from reseed.facts.stopwatch import Stopwatch
    from reseed.source.syntax import parse

    stopwatch = project.stopwatch if project else Stopwatch()
    with stopwatch.stage("facts"):
        tree = parse(path, text) if tree is None else tree
        if project and not project.screen.may_matter(path, text.encode("utf-8", "surrogatepass"), tree):
            return []
        facts = project.store.of_text(path, text, tree) if project else module_facts(path, text, tree=tree)
    program = _solve(facts, project, stopwatch)
    try:
        if program.engine.exhausted:
            raise SourceError(path, "too much to follow within the limits of the analysis: exclude it")
        with stopwatch.stage("rules"):
            found = {finding: None for rule in rules() for finding in rule.check(program) if finding.path == path}
    finally:
        program.engine.close()
    return sorted(found, key=lambda finding: finding.sort_key)


def _solve(facts: ModuleFacts, project: Project | None, stopwatch: Stopwatch) -> Program:
    from reseed.program import analyse, depends_on_importers

    def attempt(project: Project | None, importers: bool = False) -> Program:
        with stopwatch.stage("program") as stage:
            program = analyse(facts, project, importers)
            if program.engine.exhausted:
                stage.name = "program, given up"
        return program

    program = attempt(project)
    # What cannot be followed through the project may be understood with less of it.
    if program.engine.exhausted:
        program.engine.close()
        return attempt(None)
    with stopwatch.stage("program"):
        tells_all = not depends_on_importers(program)
    if tells_all:
        return program
    whole = attempt(project, importers=True)
    kept, other = (program, whole) if whole.engine.exhausted else (whole, program)
    other.engine.close()
    return kept


@contextmanager
def _without_collecting() -> Iterator[None]:
    # The facts of a project are millions of objects that live on. Looking through them for garbage while a program is
    # solved takes a third as long as solving it, and there is none, since programs are closed, but for what a mistake
    # of ours leaves behind: the next collection finds that.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
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
    covered = suppressed_among(path, text, found)
    return [finding for finding in found if finding not in covered]


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
        kept = Kept(tuple(found), suppressed_among(path, source.text, found))
        if is_kept and shared and shared.results:
            shared.results.keep(path, source.text, kept)
    except SourceError as error:
        result.problems.append(error.problem)
        return result
    except Exception as error:  # one file must not take the others down with it
        result.problems.append(bug(path, error))
        return result
    _take_out(result, path, kept, settings, codes)
    return result


def _take_out(result: FileResult, path: str, found: Kept, settings: Settings, codes: Codes) -> None:
    """Fill in `result` with those of the findings that the user wants to see."""
    if not found.findings:
        return
    off = settings.ignored_in(path)
    wanted = [each for each in found.findings if each.code in codes() and not (off and each.code.startswith(off))]
    kept = [finding for finding in wanted if finding not in found.suppressed]
    result.suppressed = len(wanted) - len(kept)
    for finding, ruled_out in in_range(kept, path, settings.torch_version):
        if ruled_out:
            result.outdated.append((finding, ruled_out))
        else:
            result.findings.append(finding)


def before_analysis(path: str, settings: Settings, codes: Codes, shared: Shared, named: bool) -> FileResult | None:
    """The result for a file that nothing can be found in, or that is known; None for one that is to be analysed.

    See `read_if_it_matters` for `named`. Never raises.
    """
    try:
        known = _known(path, settings, codes, shared, named)
        if known is not None:
            return known
        shared.texts.reads.begin()
        source = read_if_it_matters(path, shared.screen, named)
    except SourceError as error:
        return FileResult(problems=[error.problem])
    except Exception as error:  # one file must not take the others down with it
        return FileResult(problems=[bug(path, error)])
    if source is not None:
        return None
    if shared.results:
        shared.results.drop(path)
    return FileResult()


def check_file(path: str, settings: Settings, codes: Codes, shared: Shared) -> FileResult:
    """Check a file that is to be analysed. Never raises."""
    try:
        source = read(path)
    except SourceError as error:
        return FileResult(problems=[error.problem])
    return check_source(source, settings, codes, shared, is_kept=True)


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
        _take_out(result, path, kept, settings, codes)
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
            from reseed.source.syntax import parse

            parse(path, source.text)  # to tell of a mistake
    return None


def bug(path: str, error: Exception) -> Problem:
    """Describe an exception that the analysis should not have raised."""
    if isinstance(error, RecursionError):
        return Problem(path, "nested too deeply for Python's recursion limit, the file was not checked")
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Problem(path, f"this is a bug in reseed, the file was not checked: {' '.join(what.split())}")


def suppressed_among(path: str, text: str, findings: Sequence[Finding]) -> frozenset[Finding]:
    """The findings that a `noqa` comment covers."""
    covered = suppressed(path, text, [(finding.code, finding.span.line) for finding in findings])
    return frozenset(finding for finding in findings if (finding.code, finding.span.line) in covered)
