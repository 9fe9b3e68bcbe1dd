"""What a format is given."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reseed.source import Problem

if TYPE_CHECKING:
    from reseed.rules.finding import Finding


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run.

    `findings` and `problems` are in order of place. `files` counts the files that were looked at, `suppressed` the
    findings that a `noqa` comment covers. `notes` are sentences for the user. `texts` holds the text of every file that
    has a finding. `seconds` is the time that each stage of the analysis took.
    """

    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: int = 0
    suppressed: int = 0
    notes: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Style:
    """How the user wants a report to look."""

    color: bool = False
    quiet: bool = False


def relative(path: str) -> str:
    """Write a path relative to the working directory, with forward slashes."""
    try:
        path = os.path.relpath(path)
    except ValueError:  # another drive on Windows
        path = os.path.abspath(path)
    return path.replace(os.sep, "/")


def row(finding: Finding) -> str:
    """Write code and message as every one-line format does, flake8's included."""
    return f"{finding.code} {one_line(finding.message)}"


def one_line(text: str) -> str:
    """Write a message on one line, so that a row stays a row."""
    return " ".join(text.split())


def count(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
