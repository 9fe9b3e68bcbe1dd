"""One JSON object for programs. Lines and columns count from 1, columns in characters, ends are exclusive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reseed.report._model import Report, Style, relative

if TYPE_CHECKING:
    from reseed.rules.finding import Finding

VERSION = 1
"""Of the shape below. It changes when a key changes its meaning or goes, not when one is added."""


def render(report: Report, style: Style) -> Iterator[str]:
    """Yield the object; paths are relative to the working directory, with forward slashes."""
    yield json.dumps(
        {
            "version": VERSION,
            "findings": [_finding(finding) for finding in report.findings],
            "errors": [
                {
                    "path": relative(problem.path),
                    "line": problem.line,
                    "column": problem.column,
                    "message": problem.message,
                }
                for problem in report.problems
            ],
            "files": report.files,
        },
        indent=2,
    )


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "message": finding.message,
        "path": relative(finding.path),
        "line": finding.span.line,
        "column": finding.span.column,
        "end_line": finding.span.end_line,
        "end_column": finding.span.end_column,
        "state": finding.state,
        "torch": finding.torch,
        "draws": [
            {"path": relative(draw.path), "line": draw.line, "column": draw.column, "function": draw.function}
            for draw in finding.draws
        ],
        "steps": [
            {"path": relative(step.path), "line": step.line, "column": step.column, "text": step.text}
            for step in finding.steps
        ],
        "loader": finding.loader and {"path": relative(finding.loader.path), "line": finding.loader.line},
        "fixable": finding.fixable,
    }
