"""What a ``**mapping`` argument brings along, as far as the text of the module shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from reseed.fixes.names import Names

_READERS = {"get", "items", "keys", "values", "copy"}
_READING_BUILTINS = {"dict", "len", "list", "print", "sorted"}


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


def spread_of(mapping: ast.expr, key: str, names: Names, seen: frozenset[str] = frozenset()) -> Spread:
    """What the expression `mapping` (a literal, or a local or global name for one) has under `key`.

    `seen` are names that are being looked at already.
    """
    literals = list(_literals(mapping))
    late: list[ast.expr] = []
    if isinstance(mapping, ast.Name):
        found = None if mapping.id in seen else _assigned(mapping, key, names)
        if found is None:
            return Spread(known=False)
        literals, late = found
        seen |= {mapping.id}
    spreads = [_of_literal(literal, key, names, seen) for literal in literals]
    return Spread(
        known=all(spread.known for spread in spreads),
        values=(*(value for spread in spreads for value in spread.values), *late),
        always=not late and all(spread.values and spread.always for spread in spreads),
    )


def _of_literal(literal: ast.expr, key: str, names: Names, seen: frozenset[str]) -> Spread:
    """The same for a dict display or a ``dict(...)`` call, and the mappings that are spread in it."""
    items = _items(literal)
    if items is None:
        return Spread(known=False)
    known, always = True, False
    values: list[ast.expr] = []
    for name, value in items:
        if name == key:
            values.append(value)
            always = True
        elif name is None:
            inner = spread_of(value, key, names, seen)
            known = known and inner.known
            always = always or bool(inner.values and inner.always)
            values += inner.values
    return Spread(known, tuple(values), known and always)


def _literals(value: ast.expr) -> Iterator[ast.expr]:
    """The alternatives of a conditional expression."""
    if isinstance(value, ast.IfExp):
        yield from _literals(value.body)
        yield from _literals(value.orelse)
    else:
        yield value


def _items(literal: ast.expr) -> list[tuple[str | None, ast.expr]] | None:
    """The items of a dict display or a ``dict(...)`` call; a mapping that is spread in it has None for a key.

    None if not all keys are plain to see.
    """
    items: list[tuple[str | None, ast.expr]] = []
    if isinstance(literal, ast.Dict):
        for key, value in zip(literal.keys, literal.values, strict=True):
            if key is None:
                items.append((None, value))
            elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                items.append((key.value, value))
            else:
                return None
        return items
    if isinstance(literal, ast.Call) and isinstance(literal.func, ast.Name) and literal.func.id == "dict":
        items += [(None, argument) for argument in literal.args]
        return items + [(keyword.arg, keyword.value) for keyword in literal.keywords]
    return None


def _assigned(name: ast.Name, key: str, names: Names) -> tuple[list[ast.expr], list[ast.expr]] | None:
    """The literals that `name` is assigned, and what `key` is set to later; None where more may change it."""
    scope = names.scope_of(name.id, name)
    if scope is None or isinstance(scope, ast.ClassDef):
        return None
    literals: list[ast.expr] = []
    late: list[ast.expr] = []
    uses = [node for node in ast.walk(scope) if isinstance(node, ast.Name) and node.id == name.id]
    uses = [use for use in uses if names.scope_of(name.id, use) is scope]
    stored = [use for use in uses if isinstance(use.ctx, ast.Store)]
    if len(stored) != len(names.bindings(scope)[name.id]):
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
        if items is None or any(name is None for name, _ in items):
            return None
        values += [value for name, value in items if name == key]
    return values


def _only_reads(parent: ast.AST, use: ast.Name) -> bool:
    """True for ``**name`` in a call or a dict display, a comparison, and builtins that copy or show a mapping."""
    if isinstance(parent, ast.keyword):
        return parent.arg is None
    if isinstance(parent, ast.Dict):
        return any(key is None and value is use for key, value in zip(parent.keys, parent.values, strict=True))
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id in _READING_BUILTINS
    return isinstance(parent, ast.Compare)
