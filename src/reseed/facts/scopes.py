"""Which names a scope binds, and which of them code nested in it reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

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


_NESTED = (cst.FunctionDef, cst.ClassDef, cst.Lambda)


def scope_of(roots: Iterable[cst.CSTNode], parameters: Iterable[str] = ()) -> Scope:
    """The scope of a body made of the nodes `roots`, whose parameters are `parameters`."""
    scope = Scope(bound=set(parameters))
    inner: set[str] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if isinstance(node, _NESTED):
            if not isinstance(node, cst.Lambda):
                scope.bound.add(node.name.value)
                stack.extend(node.decorators)
            inner.update(name.value for name in descendants(node) if isinstance(name, cst.Name))
            continue
        _bind(node, scope)
        stack.extend(children(node))
    scope.bound -= scope.global_names | scope.nonlocal_names
    scope.comprehension -= scope.bound
    scope.captured = (scope.bound | scope.comprehension) & inner
    return scope


def assigned_names(roots: Iterable[cst.CSTNode]) -> set[str]:
    """Names that the statements `roots` assign, for the Phi at the head of a loop."""
    return scope_of(roots).bound


def _bind(node: cst.CSTNode, scope: Scope) -> None:
    if isinstance(node, cst.AssignTarget):
        _bind_target(node.target, scope.bound)
    elif isinstance(node, (cst.AnnAssign, cst.AugAssign, cst.NamedExpr, cst.For)):
        _bind_target(node.target, scope.bound)
    elif isinstance(node, cst.CompFor):
        _bind_target(node.target, scope.comprehension)
    elif isinstance(node, cst.AsName):
        _bind_target(node.name, scope.bound)
    elif isinstance(node, cst.ImportAlias):
        if node.asname is None:
            scope.bound.add(top_name(node.name))
    elif isinstance(node, cst.Global):
        scope.global_names.update(item.name.value for item in node.names)
    elif isinstance(node, cst.Nonlocal):
        scope.nonlocal_names.update(item.name.value for item in node.names)
    elif isinstance(node, (cst.MatchAs, cst.MatchStar)):
        if node.name is not None:
            scope.bound.add(node.name.value)
    elif isinstance(node, cst.MatchMapping):
        if node.rest is not None:
            scope.bound.add(node.rest.value)
    elif isinstance(node, cst.TypeAlias):
        scope.bound.add(node.name.value)


def _bind_target(target: cst.CSTNode, names: set[str]) -> None:
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
