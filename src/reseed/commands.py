"""What each command does. Every public function takes the parsed arguments and returns the exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reseed.check import Codes, Shared, check_source, codes_for, rules
from reseed.cli import CLEAN, ERROR, FINDINGS, wants_color
from reseed.parallel import processors
from reseed.report import Report, Style, format_names, renderer
from reseed.report._model import count, row
from reseed.report._progress import ProgressLine
from reseed.report._rules import render_rules
from reseed.runs import Progress, check_paths, named_files, outdated_note, report_of
from reseed.settings import Selectors, Settings, SettingsError, check_torch_version, load_settings
from reseed.source import Problem, SourceError, SourceFile, decode
from reseed.source.cache import Cache, folder
from reseed.source.discover import discover

if TYPE_CHECKING:
    from reseed.fixing import FileRepair
    from reseed.rules.finding import Finding


def check(arguments: argparse.Namespace) -> int:
    """``reseed check``: report findings."""
    settings = settings_of(arguments)
    if arguments.paths == ["-"]:
        source, problems = _stdin(arguments)
        results = [(source.path, check_source(source, settings, codes_for(settings), Shared()))] if source else []
        report = report_of(results, settings, problems)
    else:
        with ProgressLine() as progress:
            report = check_paths(arguments.paths, settings, progress, arguments.cache, arguments.jobs or processors())
    for line in renderer(settings.output_format)(report, Style(wants_color(arguments.color), arguments.quiet)):
        print(line)
    if arguments.statistics:
        _statistics(report, settings)
    sys.stdout.flush()
    _complain(report.problems)
    if not arguments.quiet:
        _note(report.notes)
        if not report.files and not report.problems:
            _note(["no Python files found under these paths"])
    if report.problems:
        return ERROR
    return FINDINGS if report.findings and not arguments.exit_zero else CLEAN


def fix(arguments: argparse.Namespace) -> int:
    """``reseed fix``: repair what can be repaired, or show what would be."""
    from reseed.fixing import codes_to_repair, unified_diff

    settings = settings_of(arguments)
    named = [*(arguments.select or ()), *(arguments.extend_select or ())]
    codes = codes_to_repair(settings, named, arguments.unsafe_fixes)
    from_stdin = arguments.paths == ["-"]
    dry = arguments.diff or arguments.check
    # Where stdout is the diff or the repaired text, what is said about it goes to stderr.
    say = sys.stderr if arguments.diff or from_stdin else sys.stdout
    problems: list[Problem] = []
    outdated = []
    applied = remaining = changed = 0
    for repair in _repairs(arguments, settings, codes, problems):
        failed = list(repair.problems)
        if arguments.diff:
            sys.stdout.buffer.writelines(unified_diff(repair))
        elif from_stdin and not dry:
            sys.stdout.buffer.write(repair.after)
        elif repair.changed and not dry:
            failed += _write(repair)
        if repair.changed and not failed:
            changed += 1
            applied += len(repair.applied)
            print(f"{repair.path}: {'would repair' if dry else 'repaired'} {_by_code(repair.applied)}", file=say)
        for finding, reason in repair.remaining:
            remaining += 1
            place = f"{finding.path}:{finding.span.line}:{finding.span.column}"
            print(f"{place}: {row(finding)} [not repaired: {reason}]", file=say)
        problems += failed
        outdated += repair.outdated
    if not arguments.quiet:
        print(_outcome(applied, changed, remaining, dry), file=say)
    sys.stdout.flush()
    _complain(problems)
    if not arguments.quiet:
        _note(outdated_note(outdated, settings))
    if problems:
        return ERROR
    return FINDINGS if remaining or (dry and changed) else CLEAN


def explain(arguments: argparse.Namespace) -> int:
    """``reseed explain``: show a rule's documentation."""
    wanted = arguments.rule.strip()
    for rule in rules():
        if wanted.upper() == rule.code or wanted.lower() == rule.name:
            print(f"# {rule.name} ({rule.code})\n\n{rule.documentation.strip()}")
            return CLEAN
    import difflib

    known = [word for rule in rules() for word in (rule.code, rule.name)]
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.5) or difflib.get_close_matches(
        wanted.upper(), known, n=1, cutoff=0.5
    )
    hint = f"did you mean {near[0]}?" if near else "`reseed rules` lists them"
    raise SettingsError(f"unknown code {wanted!r}: {hint}")


def cache(arguments: argparse.Namespace) -> int:
    """``reseed cache``: show where runs keep what later ones use, or clear it."""
    if arguments.action == "dir":
        print(folder())
    else:
        Cache().clear()
    return CLEAN


def list_rules(arguments: argparse.Namespace) -> int:
    """``reseed rules``: list all codes."""
    for line in render_rules(rules(), arguments.output_format):
        print(line)
    return CLEAN


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Combine the settings file and the command line. Raises SettingsError."""
    if "-" in arguments.paths and len(arguments.paths) > 1:
        raise SettingsError("- (stdin) cannot be combined with other paths")
    paths = [arguments.stdin_filename or "."] if arguments.paths == ["-"] else arguments.paths
    settings = load_settings(paths, arguments.config, arguments.isolated)
    if arguments.torch_version is not None:
        version = check_torch_version(arguments.torch_version)
        settings = replace(settings, torch_version=version, torch_version_origin="--torch-version")
    output_format = getattr(arguments, "output_format", None) or settings.output_format
    if output_format not in format_names():
        raise SettingsError(f"output-format must be one of {', '.join(format_names())}, not {output_format!r}")
    here = os.getcwd()
    chosen = Selectors(arguments.select, arguments.extend_select or (), arguments.ignore or ())
    return replace(
        settings,
        selectors=(*settings.selectors, chosen),
        exclude=settings.exclude if arguments.exclude is None else (here, arguments.exclude),
        extend_exclude=(*settings.extend_exclude, (here, arguments.extend_exclude or ())),
        force_exclude=settings.force_exclude or arguments.force_exclude,
        respect_gitignore=settings.respect_gitignore and not arguments.no_respect_gitignore,
        output_format=output_format,
    )


def _repairs(
    arguments: argparse.Namespace, settings: Settings, codes: Codes, problems: list[Problem]
) -> Iterator[FileRepair]:
    """Repair one file after the other; what cannot be read or found is added to `problems`."""
    from reseed.fixing import repair_file, repair_source

    if arguments.paths == ["-"]:
        source, failed = _stdin(arguments)
        problems += failed
        if source:
            yield repair_source(source, settings, codes)
        return
    files, failed = discover(arguments.paths, settings.excluded, settings.respect_gitignore, settings.force_exclude)
    problems += failed
    shared = Shared(arguments.cache)
    named = named_files(arguments.paths)
    with ProgressLine() as progress:
        show: Progress = progress
        for done, path in enumerate(files):
            show(done, len(files), path)
            repair = repair_file(path, settings, codes, shared, os.path.realpath(path) in named)
            if repair.changed or repair.remaining:
                progress.close()  # something will be printed
            yield repair


def _stdin(arguments: argparse.Namespace) -> tuple[SourceFile | None, list[Problem]]:
    raw = sys.stdin.buffer.read()
    path = arguments.stdin_filename or "stdin"
    try:
        return decode(path, raw), []
    except SourceError as error:
        if arguments.command == "fix" and not (arguments.diff or arguments.check):
            sys.stdout.buffer.write(raw)  # an editor replaces its buffer by this: nothing may get lost
        return None, [error.problem]


def _write(repair: FileRepair) -> list[Problem]:
    from reseed.fixes.write import write_atomically

    try:
        # A link may lead to another place of the project, but not out of it.
        write_atomically(repair.path, repair.after, root=os.getcwd() if os.path.islink(repair.path) else None)
    except OSError as error:
        reason = (error.strerror or str(error)).removeprefix(f"{repair.path}: ")
        return [Problem(repair.path, f"not written: {reason}")]
    return []


def _by_code(findings: Iterable[Finding]) -> str:
    return ", ".join(f"{number} x {code}" for code, number in sorted(Counter(one.code for one in findings).items()))


def _outcome(applied: int, changed: int, remaining: int, dry: bool) -> str:
    verb = "Would repair" if dry else "Repaired"
    done = f"{verb} {count(applied, 'finding')} in {count(changed, 'file')}" if changed else "Nothing to repair"
    return f"{done}; {count(remaining, 'finding')} could not be repaired." if remaining else f"{done}."


def _statistics(report: Report, settings: Settings) -> None:
    # Where stdout is for a program, it stays so.
    out = sys.stdout if settings.output_format in ("text", "concise") else sys.stderr
    for (code, name), number in sorted(Counter((one.code, one.name) for one in report.findings).items()):
        print(f"{number:<7} {code} {name}", file=out)
    for stage, seconds in report.seconds.items():
        print(f"{seconds:<7.2f} seconds in the stage {stage}", file=sys.stderr)


def _complain(problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)


def _note(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        print(f"reseed: {sentence}", file=sys.stderr)
