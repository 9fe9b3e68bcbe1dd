"""The list of rules, for a terminal, for programs and for the README."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reseed.rules.base import Rule


def render_rules(rules: Sequence[Rule], output_format: str) -> Iterator[str]:
    """Yield the lines of the list.

    `output_format` is ``"text"``, ``"json"`` or ``"markdown"``.
    """
    if output_format == "json":
        yield json.dumps([_object(rule) for rule in rules], indent=2)
        return
    rows = [_cells(rule) for rule in rules]
    yield from _markdown(rows) if output_format == "markdown" else _text(rows)


def _text(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    rows = [("code", "name", "torch", "default", "fixable", "summary"), *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for cells in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def _markdown(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield "| code | name | what | torch | on by default | fixable |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        code, name, torch, default, fixable, summary = (cell.replace("|", "\\|") for cell in row)
        yield f"| {code} | {name} | {summary} | {torch} | {default} | {fixable} |"


def _object(rule: Rule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "torch": rule.torch,
        "default": rule.default,
        "fixable": rule.fixable,
        "documentation": rule.documentation,
    }


def _cells(rule: Rule) -> tuple[str, ...]:
    default = "yes" if rule.default else "no"
    return rule.code, rule.name, rule.torch, default, rule.fixable, rule.summary
