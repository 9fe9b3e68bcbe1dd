"""What the names of a module mean where they are read: bindings by scope, found with the stdlib's `ast`."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef, ast.Module)


@dataclass(frozen=True, slots=True)
class Binding:
    """One place that gives a name its meaning: the dotted path which `node` imports, or None for anything else."""

    node: ast.AST
    path: str | None


Bindings = dict[str, list[Binding]]


class Names:
    """The scopes of one module and what they bind."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self._bindings: dict[ast.AST, Bindings] = {}

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Every node's parent."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """All names that the module reads or binds anywhere, in any scope."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, (ast.Global, ast.Nonlocal)):
                found.update(node.names)
            else:
                found.update(name for name, _ in _bound_by(node))
        return frozenset(found)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around `node`, from the innermost to the module."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def bindings(self, scope: ast.AST) -> Bindings:
        """The names which `scope` binds itself, each with the places that bind it."""
        if scope not in self._bindings:
            self._bindings[scope] = self._bindings_of(scope)
        return self._bindings[scope]

    def scope_of(self, name: str, at: ast.AST) -> ast.AST | None:
        """The scope whose `name` is read by code that stands at (or, for a scope, in) `at`; None if none here binds it.

        A default value or a decorator counts as standing in its function. That can only make a name look shadowed
        that is not.
        """
        innermost = True
        for node in (at, *self.ancestors(at)):
            if isinstance(node, _SCOPES):
                # The body of a class is seen by itself only, not by its methods.
                if (innermost or not isinstance(node, ast.ClassDef)) and name in self.bindings(node):
                    return node
                innermost = False
        return None

    def is_global(self, name: str, at: ast.AST) -> bool:
        """True if `name`, read at the node `at`, is the module's."""
        return self.scope_of(name, at) is self.tree

    def runs_at_import(self, node: ast.AST) -> bool:
        """True if `node` stands in no function: it runs when the module is imported."""
        return not any(isinstance(outer, _FUNCTIONS) for outer in self.ancestors(node))

    def resolve(self, node: ast.expr, at: ast.AST) -> str | None:
        """The dotted external path of a name or attribute, read at the node `at`; None where it is not known."""
        if isinstance(node, ast.Attribute):
            base = self.resolve(node.value, at)
            return base and f"{base}.{node.attr}"
        return self.path_of(node.id, at) if isinstance(node, ast.Name) else None

    def path_of(self, name: str, at: ast.AST) -> str | None:
        """The dotted external path that `name` is imported from, read at the node `at`; None where it is not known."""
        scope = self.scope_of(name, at)
        return None if scope is None else self.only_path(self.bindings(scope)[name])

    def only_path(self, bindings: list[Binding]) -> str | None:
        """The one path which all `bindings` of a name import, whatever stands in for it where the import fails."""
        paths = {binding.path for binding in bindings if not self._is_stand_in(binding)}
        return paths.pop() if len(paths) == 1 else None

    def _is_stand_in(self, binding: Binding) -> bool:
        """True for the ``np = None`` of an ``except`` clause."""
        assign = self.parents[binding.node]
        return (
            isinstance(assign, ast.Assign)
            and isinstance(assign.value, ast.Constant)
            and assign.value.value is None
            and isinstance(self.parents[assign], ast.ExceptHandler)
        )

    def _bindings_of(self, scope: ast.AST) -> Bindings:
        found: Bindings = defaultdict(list)
        for node in _own_nodes(scope):
            for name, path in _bound_by(node):
                found[name].append(Binding(node, path))
        if isinstance(scope, ast.Module):
            for node in ast.walk(scope):
                for name in node.names if isinstance(node, ast.Global) else ():
                    found[name].append(Binding(node, None))
        else:
            for node in _own_nodes(scope):
                for name in node.names if isinstance(node, (ast.Global, ast.Nonlocal)) else ():
                    found.pop(name, None)
        return dict(found)


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of the scopes in it."""
    stack = list(ast.iter_child_nodes(scope))
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, _COMPREHENSIONS):
            # A walrus in a comprehension binds in the scope around it.
            stack.extend(named.target for named in ast.walk(node) if isinstance(named, ast.NamedExpr))
        elif not isinstance(node, _SCOPES):
            stack.extend(ast.iter_child_nodes(node))


def _bound_by(node: ast.AST) -> Iterator[tuple[str, str | None]]:
    """The names that `node` itself binds in the scope it stands in, with the path that an import gives them."""
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id, None
    elif isinstance(node, ast.Import):
        for alias in node.names:
            root = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (root, root)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            path = None if node.level else f"{node.module}.{alias.name}"
            yield alias.asname or alias.name, path
    elif isinstance(node, ast.arg):
        yield node.arg, None
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, None
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        if node.name:
            yield node.name, None
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest, None
