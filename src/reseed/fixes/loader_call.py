"""The repair of RNG201 and RNG202: a loader call gets a seeder."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reseed.fixes.edits import Declined
from reseed.fixes.names import Names
from reseed.fixes.signature import SEEDER, seeder_index
from reseed.fixes.spread import Spread, spread_of

_ALREADY = f"the call passes a {SEEDER} already"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a loader call takes its seeder.

    `replaced` are expressions (each a ``None``) that give way to the seeder. If there are none, the call gets a new
    keyword; or, where `merged` is the index of a ``**mapping`` among its arguments that may hold a seeder, the mapping
    gets it as a default.
    """

    replaced: tuple[ast.expr, ...] = ()
    merged: int | None = None


def place_for_seeder(call: ast.Call, names: Names) -> Place:
    """Where `call` takes a seeder. Raises Declined where it has one already, or may have one that is not seen."""
    index = seeder_index(call, names)
    for keyword in call.keywords:
        if keyword.arg == SEEDER:
            return _replacing([keyword.value])
    before_star = _before_star(call.args)
    if index is not None and index < len(before_star):
        return _replacing([before_star[index]])
    return _place_beside(list(_spreads(call, names)))


def _place_beside(spreads: Sequence[tuple[int, Spread]]) -> Place:
    """The place in a call that has no seeder but for what its ``**mapping`` arguments bring."""
    holding = [spread for _, spread in spreads if spread.values]
    if len(holding) > 1 or not all(spread.always for spread in holding):
        raise Declined(f"a ** mapping sets {SEEDER} in some cases only")
    if holding:
        return _replacing(holding[0].values)
    unknown = [index for index, spread in spreads if not spread.known]
    if len(unknown) > 1:
        raise Declined(f"several ** mappings may hold {SEEDER}")
    return Place(merged=unknown[0] if unknown else None)


def _spreads(call: ast.Call, names: Names) -> Iterator[tuple[int, Spread]]:
    """The ``**mapping`` arguments of `call` with their index among all of its ``**`` arguments."""
    mappings = [keyword.value for keyword in call.keywords if keyword.arg is None]
    for index, mapping in enumerate(mappings):
        yield index, spread_of(mapping, SEEDER, names)


def _before_star(arguments: Sequence[ast.expr]) -> list[ast.expr]:
    """The positional arguments up to the first ``*iterable``: those whose index is known."""
    stars = [index for index, argument in enumerate(arguments) if isinstance(argument, ast.Starred)]
    return list(arguments[: stars[0]] if stars else arguments)


def _replacing(values: Sequence[ast.expr]) -> Place:
    if not all(isinstance(value, ast.Constant) and value.value is None for value in values):
        raise Declined(_ALREADY)
    return Place(replaced=tuple(values))
