"""Operators on constants, as far as conditions need them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from reseed.program.values import (
    UNKNOWN,
    Bound,
    Class,
    Constant,
    External,
    Function,
    Interner,
    NoResult,
    Object,
    Value,
    Values,
)

_BOTH = frozenset({True, False})
_TRUE = frozenset({True})
_FALSE = frozenset({False})
_PAIR_LIMIT = 16
# What is counted up in a loop has no end of values. What one evaluation gives is all kept.
_COUNT_LIMIT = _PAIR_LIMIT
_COUNTING = frozenset({"+", "-", "*", "//", "%"})

_OPERATORS: dict[str, Callable[[Any, Any], object]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": lambda a, b: a is b or (a == b and type(a) is type(b)),
    "is not": lambda a, b: not (a is b or (a == b and type(a) is type(b))),
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
    "+": operator.add,
    "-": operator.sub,
    "*": lambda a, b: a * b if isinstance(a, (int, float)) and isinstance(b, (int, float)) else None,
    "//": operator.floordiv,
    "%": operator.mod,
}
_IDENTITY = ("is", "is not", "==", "!=")


def truth(values: Iterable[Value]) -> frozenset[bool]:
    """The truth values that `values` can have."""
    found: frozenset[bool] = frozenset()
    for value in values:
        found |= _truth_of(value)
        if len(found) == 2:
            break
    return found


def _truth_of(value: Value) -> frozenset[bool]:
    if isinstance(value, Constant):
        return _TRUE if value.value else _FALSE
    if isinstance(value, NoResult):
        return _FALSE
    if isinstance(value, (Function, Class, Bound)) or _is_worker_info(value):
        return _TRUE
    if isinstance(value, Object) and value.kind == "rng":
        return _TRUE
    return _BOTH


def fold(values: Interner, sign: str, operands: list[Values], known: Values) -> Values:
    """The results of ``operands[0] sign operands[1]`` or ``sign operands[0]``, unknown unless all are constant.

    Where many results are `known` already, another one is unknown.
    """
    if sign == "not":
        return {values.constant(not outcome): None for outcome in sorted(truth(operands[0]))}
    if sign == "f":
        return {UNKNOWN: None}
    if len(operands) == 1:
        if sign == "-" and all(isinstance(v, Constant) and isinstance(v.value, (int, float)) for v in operands[0]):
            return {values.constant(-v.value): None for v in operands[0]}  # type: ignore[union-attr, operator]
        return {UNKNOWN: None} if operands[0] else {}
    left, right = operands
    if not left or not right:
        return {}
    if len(left) * len(right) > _PAIR_LIMIT:
        return {UNKNOWN: None}
    found: Values = {_fold_pair(values, sign, a, b): None for a in left for b in right}
    if sign in _COUNTING and len(known) >= _COUNT_LIMIT and not found.keys() <= known.keys():
        return {UNKNOWN: None}
    return found


def _fold_pair(values: Interner, sign: str, left: Value, right: Value) -> Value:
    left_known, right_known = _constant(left), _constant(right)
    if left_known is not None and right_known is not None and sign in _OPERATORS:
        try:
            result = _OPERATORS[sign](left_known.value, right_known.value)
        except (TypeError, ValueError, ArithmeticError, MemoryError):
            return UNKNOWN
        if isinstance(result, str) and len(result) > 1000:
            return UNKNOWN
        return values.constant(result)
    if sign in _IDENTITY and _never_equal(left, right):
        return values.constant(sign in ("is not", "!="))
    return UNKNOWN


def _constant(value: Value) -> Constant | None:
    if isinstance(value, NoResult):
        return Constant(None)
    return value if isinstance(value, Constant) else None


def _never_equal(left: Value, right: Value) -> bool:
    # None is never a function, a class or an object made by a display or a constructor.
    if isinstance(right, Constant) and right.value is None:
        left, right = right, left
    return (
        isinstance(left, Constant)
        and left.value is None
        and (isinstance(right, (Function, Class, Bound, Object)) or _is_worker_info(right))
    )


def _is_worker_info(value: Value) -> bool:
    # None in the parent only, and what the parent does with it is no worker code.
    return isinstance(value, External) and value.path.endswith("get_worker_info()")
