"""A walk over syntax trees that passes by what means nothing here: contexts, operators, annotations."""

from __future__ import annotations

import ast

_SKIPPED = frozenset(
    {"ctx", "op", "ops", "annotation", "returns", "type_comment", "type_ignores", "type_params", "kwd_attrs"}
    | {"id", "attr", "arg", "asname", "conversion", "is_async", "kind", "level", "module", "rest", "simple"}
)
# Their fields are texts and constants.
_LEAVES = (ast.Name, ast.Constant, ast.Global, ast.Nonlocal, ast.alias)


_FIELDS: dict[type[ast.AST], tuple[str, ...]] = dict.fromkeys(_LEAVES, ())


def children(node: ast.AST) -> list[ast.AST]:
    """The direct child nodes of `node` that carry meaning, in the order of its fields."""
    found: list[ast.AST] = []
    kind = type(node)
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(name for name in kind._fields if name not in _SKIPPED)
    for name in _FIELDS[kind]:
        value = getattr(node, name)
        if type(value) is list:
            found += [each for each in value if each is not None]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found
