"""Which names a scope binds, and which of them code nested in it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from reseed.facts.walk import children, descendants


@dataclass(slots=True)
class Scope:
    """The names of one function, lambda, class or module body.

    `bound` are the names it assigns (less `outer`), `outer` those it declares ``global`` or ``nonlocal``,
    `comprehension` those that only its comprehensions bind, `captured` those of `bound` and `comprehension` that
    appear in nested functions, lambdas or classes.
    """

    bound: set[str] = field(default_factory=set)
    global_names: set[str] = field(default_factory=set)
    nonlocal_names: set[str] = field(default_factory=set)
    comprehension: set[str] = field(default_factory=set)
    captured: set[str] = field(default_factory=set)


_FUNCTIONS = frozenset({cst.FunctionDef, cst.ClassDef, cst.Lambda})


def scope_of(roots: Iterable[cst.CSTNode], parameters: Iterable[str] = ()) -> Scope:
    """The scope of a body made of the nodes `roots`, whose parameters are `parameters`."""
    scope = Scope(bound=set(parameters))
    inner: set[str] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind in _FUNCTIONS:
            if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
                scope.bound.add(node.name.value)
                stack.extend(node.decorators)
            inner.update(name.value for name in descendants(node) if type(name) is cst.Name)
            continue
        binder = _BINDERS.get(kind)
        if binder is not None:
            binder(node, scope)
        stack.extend(children(node))
    scope.bound -= scope.global_names | scope.nonlocal_names
    scope.comprehension -= scope.bound
    scope.captured = (scope.bound | scope.comprehension) & inner
    return scope


def assigned_names(roots: Iterable[cst.CSTNode]) -> set[str]:
    """Names that the statements `roots` assign, for the Phi at the head of a loop."""
    return scope_of(roots).bound


def _bind_target(node: Any, scope: Scope) -> None:
    _add_names(node.target, scope.bound)


def _bind_comprehension(node: cst.CompFor, scope: Scope) -> None:
    _add_names(node.target, scope.comprehension)


def _bind_as_name(node: cst.AsName, scope: Scope) -> None:
    _add_names(node.name, scope.bound)


def _bind_alias(node: cst.ImportAlias, scope: Scope) -> None:
    if node.asname is None:
        scope.bound.add(top_name(node.name))


def _bind_global(node: cst.Global, scope: Scope) -> None:
    scope.global_names.update(item.name.value for item in node.names)


def _bind_nonlocal(node: cst.Nonlocal, scope: Scope) -> None:
    scope.nonlocal_names.update(item.name.value for item in node.names)


def _bind_name(node: Any, scope: Scope) -> None:
    if node.name is not None:
        scope.bound.add(node.name.value)


def _bind_rest(node: cst.MatchMapping, scope: Scope) -> None:
    if node.rest is not None:
        scope.bound.add(node.rest.value)


_BINDERS: dict[type[cst.CSTNode], Callable[[Any, Scope], None]] = {
    cst.AssignTarget: _bind_target,
    cst.AnnAssign: _bind_target,
    cst.AugAssign: _bind_target,
    cst.NamedExpr: _bind_target,
    cst.For: _bind_target,
    cst.CompFor: _bind_comprehension,
    cst.AsName: _bind_as_name,
    cst.ImportAlias: _bind_alias,
    cst.Global: _bind_global,
    cst.Nonlocal: _bind_nonlocal,
    cst.MatchAs: _bind_name,
    cst.MatchStar: _bind_name,
    cst.TypeAlias: _bind_name,
    cst.MatchMapping: _bind_rest,
}


def _add_names(target: cst.CSTNode, names: set[str]) -> None:
    stack = [target]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Name):
            names.add(node.value)
        elif isinstance(node, (cst.Tuple, cst.List)):
            stack.extend(element.value for element in node.elements)


def top_name(node: cst.BaseExpression) -> str:
    """The first part of a dotted name: ``a`` of ``a.b.c``."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return node.value if isinstance(node, cst.Name) else ""


def dotted(node: cst.BaseExpression | None) -> str:
    """``a.b.c`` as text; empty for anything but a dotted name."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return ""
    return ".".join([node.value, *reversed(parts)])
