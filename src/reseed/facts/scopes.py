"""Which names a scope binds, and which of them code nested in it reads."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reseed.source.walk import children


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


Inner = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
ScopeNode = ast.Module | Inner

_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def scopes_of(tree: ast.Module) -> dict[ScopeNode, Scope]:
    """The scopes of a module and of all that stands in it, by their nodes."""
    scopes: dict[ScopeNode, Scope] = {tree: Scope()}
    read: dict[ScopeNode, set[str]] = {tree: set()}
    around: dict[ScopeNode, ScopeNode] = {}
    stack: list[tuple[ast.AST, ScopeNode]] = [(node, tree) for node in tree.body]
    while stack:
        node, owner = stack.pop()
        if isinstance(node, ast.Name):
            read[owner].add(node.id)
        elif isinstance(node, _INNER):
            scopes[node], read[node], around[node] = Scope(), set(), owner
            _bind_inner(node, scopes[owner], scopes[node])
            outside, inside = _parts(node)
            stack.extend((each, owner) for each in outside)
            stack.extend((each, node) for each in inside)
        else:
            binder = _BINDERS.get(type(node))
            if binder is not None:
                binder(node, scopes[owner])
            stack.extend((each, owner) for each in children(node))
    inner: dict[ScopeNode, set[str]] = {node: set() for node in scopes}
    for node, owner in reversed(around.items()):  # what stands inside comes later
        inner[owner] |= read[node] | inner[node]
    for node, scope in scopes.items():
        scope.bound -= scope.global_names | scope.nonlocal_names
        scope.comprehension -= scope.bound
        scope.captured = (scope.bound | scope.comprehension) & inner[node]
    return scopes


def _parts(node: Inner) -> tuple[list[ast.AST], list[ast.AST]]:
    # What of a definition belongs to the scope around it, and what to its own.
    if isinstance(node, ast.Lambda):
        return [node.args], [node.body]
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *node.keywords], [*node.body]
    return [*node.decorator_list, node.args], [*node.body]


def _bind_inner(node: Inner, owner: Scope, own: Scope) -> None:
    if not isinstance(node, ast.Lambda):
        owner.bound.add(node.name)
    if not isinstance(node, ast.ClassDef):
        given = node.args
        named = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        own.bound.update(arg.arg for arg in named if arg is not None)


def assigned_names(root: ast.AST) -> set[str]:
    """Names that the statement or pattern `root` assigns, for the Phi at the head of a loop."""
    scope = Scope()
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, _INNER):
            _bind_inner(node, scope, Scope())
            continue
        binder = _BINDERS.get(type(node))
        if binder is not None:
            binder(node, scope)
        stack.extend(children(node))
    return scope.bound - scope.global_names - scope.nonlocal_names


def _bind_targets(node: ast.Assign, scope: Scope) -> None:
    for target in node.targets:
        _add_names(target, scope.bound)


def _bind_target(node: Any, scope: Scope) -> None:
    _add_names(node.target, scope.bound)


def _bind_comprehension(node: ast.comprehension, scope: Scope) -> None:
    _add_names(node.target, scope.comprehension)


def _bind_managed(node: ast.withitem, scope: Scope) -> None:
    if node.optional_vars is not None:
        _add_names(node.optional_vars, scope.bound)


def _bind_alias(node: ast.alias, scope: Scope) -> None:
    scope.bound.add(node.asname or node.name.partition(".")[0])


def _bind_global(node: ast.Global, scope: Scope) -> None:
    scope.global_names.update(node.names)


def _bind_nonlocal(node: ast.Nonlocal, scope: Scope) -> None:
    scope.nonlocal_names.update(node.names)


def _bind_name(node: Any, scope: Scope) -> None:
    if node.name is not None:
        scope.bound.add(node.name)


def _bind_rest(node: ast.MatchMapping, scope: Scope) -> None:
    if node.rest is not None:
        scope.bound.add(node.rest)


def _bind_type(node: Any, scope: Scope) -> None:
    scope.bound.add(node.name.id)


_BINDERS: dict[type[ast.AST], Callable[[Any, Scope], None]] = {
    ast.Assign: _bind_targets,
    ast.AnnAssign: _bind_target,
    ast.AugAssign: _bind_target,
    ast.NamedExpr: _bind_target,
    ast.For: _bind_target,
    ast.AsyncFor: _bind_target,
    ast.comprehension: _bind_comprehension,
    ast.withitem: _bind_managed,
    ast.ExceptHandler: _bind_name,
    ast.alias: _bind_alias,
    ast.Global: _bind_global,
    ast.Nonlocal: _bind_nonlocal,
    ast.MatchAs: _bind_name,
    ast.MatchStar: _bind_name,
    ast.MatchMapping: _bind_rest,
}
if sys.version_info >= (3, 12):
    _BINDERS[ast.TypeAlias] = _bind_type


def _add_names(target: ast.AST, names: set[str]) -> None:
    stack = [target]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, (ast.Tuple, ast.List)):
            stack.extend(node.elts)
        elif isinstance(node, ast.Starred):
            stack.append(node.value)


def dotted(node: ast.AST | None) -> str:
    """``a.b.c`` as text; empty for anything but a dotted name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])
