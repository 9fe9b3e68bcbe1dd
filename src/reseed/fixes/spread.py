"""What a ``**mapping`` argument brings along, as far as the text of the module shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from reseed.fixes.names import Names

_READERS = {"get", "items", "keys", "values", "copy"}


@dataclass(frozen=True, slots=True)
class Spread:
    """What is known of one key of a mapping.

    `known` is False where something may be in the mapping that the text does not show. `values` are the expressions
    that the key has in the literals which make the mapping; `always` says that each of them has it, and that nothing
    sets it later.
    """

    known: bool
    values: tuple[ast.expr, ...] = ()
    always: bool = True


_UNKNOWN = Spread(known=False)


def spread_of(mapping: ast.expr, key: str, at: ast.AST, names: Names) -> Spread:
    """What the expression `mapping` (a literal, or a local or global name for one), read at `at`, has under `key`."""
    literals = list(_literals(mapping))
    late: list[ast.expr] = []
    if isinstance(mapping, ast.Name):
        found = _assigned(mapping.id, key, at, names)
        if found is None:
            return _UNKNOWN
        literals, late = found
    values: list[ast.expr] = []
    always = not late
    for literal in literals:
        items = _items(literal)
        if items is None:
            return _UNKNOWN
        values += items.get(key, [])
        always = always and key in items
    return Spread(True, (*values, *late), always)


def _literals(value: ast.expr) -> Iterator[ast.expr]:
    """The alternatives of a conditional expression."""
    if isinstance(value, ast.IfExp):
        yield from _literals(value.body)
        yield from _literals(value.orelse)
    else:
        yield value


def _items(literal: ast.expr) -> dict[str, list[ast.expr]] | None:
    """The items of a dict display or a ``dict(...)`` call, by key; None if not all keys are plain to see."""
    if isinstance(literal, ast.Dict):
        pairs = [
            (key.value if isinstance(key, ast.Constant) else None, value)
            for key, value in zip(literal.keys, literal.values, strict=True)
        ]
    elif (
        isinstance(literal, ast.Call)
        and isinstance(literal.func, ast.Name)
        and literal.func.id == "dict"
        and not literal.args
    ):
        pairs = [(keyword.arg, keyword.value) for keyword in literal.keywords]
    else:
        return None
    items: dict[str, list[ast.expr]] = {}
    for key, value in pairs:
        if not isinstance(key, str):
            return None
        items.setdefault(key, []).append(value)
    return items


def _assigned(name: str, key: str, at: ast.AST, names: Names) -> tuple[list[ast.expr], list[ast.expr]] | None:
    """The literals that `name` is assigned, and what `key` is set to later; None where more may change it."""
    scope = names.scope_of(name, at)
    if scope is None or isinstance(scope, ast.ClassDef):
        return None
    literals: list[ast.expr] = []
    late: list[ast.expr] = []
    uses = [node for node in ast.walk(scope) if isinstance(node, ast.Name) and node.id == name]
    uses = [use for use in uses if names.scope_of(name, use) is scope]
    stored = [use for use in uses if isinstance(use.ctx, ast.Store)]
    if len(stored) != len(names.bindings(scope)[name]):
        return None
    for use in uses:
        parent = names.parents[use]
        if isinstance(use.ctx, ast.Store):
            if not isinstance(parent, (ast.Assign, ast.AnnAssign)) or parent.value is None:
                return None
            if isinstance(parent, ast.Assign) and len(parent.targets) > 1:
                return None
            literals += _literals(parent.value)
        elif isinstance(parent, ast.Subscript) and parent.value is use:
            if isinstance(parent.ctx, ast.Load):
                continue
            index, assign = parent.slice, names.parents[parent]
            if not (isinstance(index, ast.Constant) and isinstance(assign, ast.Assign)):
                return None
            late += [assign.value] if index.value == key else []
        elif isinstance(parent, ast.Attribute):
            values = _method_call(parent, key, names)
            if values is None:
                return None
            late += values
        elif not _only_reads(parent, use):
            return None
    return (literals, late) if literals else None


def _method_call(method: ast.Attribute, key: str, names: Names) -> list[ast.expr] | None:
    """The values that ``name.method(...)`` gives `key`; None if it may change the mapping otherwise."""
    call = names.parents[method]
    if not isinstance(call, ast.Call) or call.func is not method:
        return None
    if method.attr in _READERS:
        return []
    if method.attr != "update" or len(call.args) > 1:
        return None
    values: list[ast.expr] = []
    for literal in (*call.args, ast.Call(ast.Name("dict", ast.Load()), [], call.keywords)):
        items = _items(literal)
        if items is None:
            return None
        values += items.get(key, [])
    return values


def _only_reads(parent: ast.AST, use: ast.Name) -> bool:
    """True for ``**name`` in a call or a dict display, and for ``in`` and ``len``-like tests on it."""
    if isinstance(parent, ast.keyword):
        return parent.arg is None
    if isinstance(parent, ast.Dict):
        return any(key is None and value is use for key, value in zip(parent.keys, parent.values, strict=True))
    return isinstance(parent, ast.Compare)
