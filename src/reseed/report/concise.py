"""One row a finding, character for character the row that flake8 prints by default."""

from __future__ import annotations

from collections.abc import Iterator

from reseed.report._model import Report, Style, row


def render(report: Report, style: Style) -> Iterator[str]:
    """Yield ``path:line:column: CODE message`` with the path as it was reached."""
    for finding in report.findings:
        yield f"{finding.path}:{finding.span.line}:{finding.span.column}: {row(finding)}"
