"""Edits, spliced into the text that they were made for, and why there may be none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class Declined(Exception):
    """A repair that is not made; the message says why, for the user."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`text` in place of the characters from offset `start` up to offset `end`; an insertion where both are equal."""

    start: int
    end: int
    text: str


def splice(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all `edits` made; insertions at one place keep the order in which they are given.

    Raises ValueError where two edits overlap.
    """
    pieces = []
    done = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < done:
            raise ValueError(f"two edits overlap at offset {edit.start}")
        pieces += [text[done : edit.start], edit.text]
        done = edit.end
    return "".join([*pieces, text[done:]])
