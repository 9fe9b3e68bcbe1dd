"""The repair of one file's text, asked for by its findings."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reseed.fixes.depth import is_too_deep
from reseed.fixes.edits import splice
from reseed.fixes.rng_objects import SHARED_RNG_OBJECT, ObjectSession
from reseed.fixes.session import Session
from reseed.rules.finding import Finding

_BOM = "\ufeff"
_PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of a text: the new text, the findings whose repair it holds, and the others, each with the reason.

    Where nothing is applied, `text` is the text that was given.
    """

    text: str
    applied: tuple[Finding, ...]
    declined: tuple[tuple[Finding, str], ...]


def repair(text: str, findings: Sequence[Finding]) -> Repair:
    """Repair `findings` in `text`, the text that they were found in, newlines and all.

    RNG201, RNG202 and RNG112 give the loader a seeder, RNG211 puts one in place of the passed call and the call in
    front of the loader. RNG212 to RNG215 and RNG218 change what is wrong in the seeder's body, or give the loader
    another one. The module gets the function ``seed_worker`` (and the imports it needs) if it has none that will do.
    RNG111 puts a holder in the place of each RNG object, of the class ``WorkerRng`` which the module gets, and has to
    wait where other findings are repaired. Everything outside of these places stays as it is, character for character.
    Findings which do not fit the text, or for which there is no right repair, are declined. The new text is checked to
    parse.

    A byte order mark at the start of `text` is kept, and counts as no column.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the text's invalid escapes are none of our business
        return _repair(text, findings)


def _repair(text: str, findings: Sequence[Finding]) -> Repair:
    objects = [finding for finding in findings if finding.code == SHARED_RNG_OBJECT and not finding.seeded]
    others = [finding for finding in findings if finding not in objects]
    result = _repair_by(Session, text, others)
    if objects:
        # Both kinds may add imports and a definition in the same place: the second has to see what the first did.
        if result.text == text:
            second = _repair_by(ObjectSession, text, objects)
            return replace(second, declined=(*result.declined, *second.declined))
        waiting = ((finding, "other repairs of this file come first: repair it again") for finding in objects)
        return replace(result, declined=(*result.declined, *waiting))
    return result


def _repair_by(kind: type[Session] | type[ObjectSession], text: str, findings: Sequence[Finding]) -> Repair:
    body = text.removeprefix(_BOM)
    try:
        tree = ast.parse(body)
        if is_too_deep(tree):
            return _nothing(text, findings, "the file is nested too deeply for LibCST, which makes the repairs")
        session = kind(body, tree)
    except (SyntaxError, ValueError, RecursionError) as error:
        return _nothing(text, findings, f"{_PYTHON} does not parse the file: {error}")
    try:
        after = splice(body, session.edits(findings))
        ast.parse(after)
    except (SyntaxError, ValueError, RecursionError) as error:
        return _nothing(text, findings, f"{_PYTHON} would not parse the repaired file: {error}")
    declined = tuple((finding, session.reasons[finding]) for finding in findings if finding in session.reasons)
    applied = tuple(finding for finding in findings if finding not in session.reasons)
    return Repair(text[: len(text) - len(body)] + after, applied, declined)


def _nothing(text: str, findings: Sequence[Finding], reason: str) -> Repair:
    return Repair(text, (), tuple((finding, reason) for finding in findings))
