"""For people at a terminal: the message, the code, the path of calls to the draw, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reseed.report._frame import frame, printable
from reseed.report._model import Report, Style, count, one_line, relative

if TYPE_CHECKING:
    from reseed.rules.finding import Finding

_MOST_DRAWS = 5
"""Draws that are listed besides the one at the end of the path."""
_CODES = {"bold": "1", "red": "1;31", "blue": "1;34", "green": "1;32", "cyan": "36"}


def render(report: Report, style: Style) -> Iterator[str]:
    """Yield every finding with its frame, and a summary unless the user wants quiet."""
    for finding in report.findings:
        yield from _Block(finding, report.texts.get(finding.path, ""), style).lines()
        yield ""
    if not style.quiet:
        yield _summary(report)


class _Block:
    """One finding."""

    def __init__(self, finding: Finding, text: str, style: Style) -> None:
        self._finding = finding
        self._color = style.color
        self._frame = list(frame(text, finding.span))
        self._indent = " " * max((len(number) for number, _ in self._frame), default=1)

    def lines(self) -> Iterator[str]:
        finding = self._finding
        start = (finding.path, finding.span.line, finding.span.column)
        yield f"{self._paint('red', finding.code)} {self._paint('bold', printable(one_line(finding.message)))}"
        yield f"{self._indent}{self._paint('blue', '-->')} {_place(*start)}"
        if self._frame:
            yield self._gutter("")
            for number, text in self._frame:
                yield f"{self._gutter(number)} {text if number else self._paint('red', text)}"
            yield self._gutter("")
        if finding.steps:
            yield self._label("path", "how worker code gets to the draw")
            yield from self._steps()
        shown = {start, *((step.path, step.line, step.column) for step in finding.steps)}
        others = [draw for draw in finding.draws if (draw.path, draw.line, draw.column) not in shown]
        for draw in others[:_MOST_DRAWS]:
            yield self._label("draw", f"{_place(draw.path, draw.line, draw.column)} in {printable(draw.function)}")
        if len(others) > _MOST_DRAWS:
            yield self._label("draw", f"and {len(others) - _MOST_DRAWS} more")
        if finding.loader and (finding.loader.path, finding.loader.line) != start[:2]:
            yield self._label("loader", _place(finding.loader.path, finding.loader.line))
        repair = f"`reseed fix --select {finding.code}` repairs this, " if finding.fixable else ""
        yield self._label("help", f"{repair}`reseed explain {finding.code}` tells what it means")

    def _steps(self) -> Iterator[str]:
        places = [_place(step.path, step.line, step.column) for step in self._finding.steps]
        widest = max(len(place) for place in places)
        for number, (place, step) in enumerate(zip(places, self._finding.steps, strict=True), start=1):
            padding = " " * (widest - len(place))
            what = printable(one_line(step.text))
            yield f"{self._indent}   {number:>2}. {self._paint('cyan', place)}{padding}  {what}"

    def _gutter(self, number: str) -> str:
        return self._paint("blue", f"{number:>{len(self._indent)}} |")

    def _label(self, label: str, text: str) -> str:
        return f"{self._indent} {self._paint('blue', '=')} {self._paint('bold', label)}: {text}"

    def _paint(self, color: str, text: str) -> str:
        return f"\x1b[{_CODES[color]}m{text}\x1b[0m" if self._color else text


def _place(path: str, *numbers: int) -> str:
    return ":".join((printable(relative(path)), *map(str, numbers)))


def _summary(report: Report) -> str:
    looked = f"in {count(report.files, 'file')}"
    hidden = f", {report.suppressed} suppressed by noqa" if report.suppressed else ""
    if not report.findings:
        found = "No findings" if report.problems else "All clear: no findings"
        return f"{found} {looked}{hidden}."
    fixable = Counter(finding.fixable for finding in report.findings)[True]
    repair = f" `reseed fix` has a repair for {fixable}." if fixable else ""
    return f"Found {count(len(report.findings), 'finding')} {looked}{hidden}.{repair}"
