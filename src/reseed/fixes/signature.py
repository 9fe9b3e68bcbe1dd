"""Whether and where what a call makes takes a ``worker_init_fn``."""

from __future__ import annotations

import ast

from reseed.fixes.edits import Declined
from reseed.fixes.names import Names
from reseed.knowledge.loaders import loader_of

SEEDER = "worker_init_fn"

_TORCH_LOADER = "torch.utils.data.DataLoader"


def seeder_index(call: ast.Call, names: Names) -> int | None:
    """Index of `call`'s positional argument which is the ``worker_init_fn``, or None if only a keyword can be.

    `call` makes a loader, or is the ``partial(...)``, ``super().__init__(...)`` or ``Base.__init__(self, ...)`` of one.
    A loader that is not known counts as one with the parameters of torch's.

    Raises Declined where a class or function of this module takes no ``worker_init_fn``, and for loaders that bring a
    seeder of their own, which one that is passed would replace.
    """
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr == "__init__":
        if isinstance(function.value, ast.Call):
            owner = next((node for node in names.ancestors(call) if isinstance(node, ast.ClassDef)), None)
            return _index_in_bases(owner, names, []) if owner else _index_of_path(None)
        return _shifted(_index_of(function.value, call, names, []))
    if names.resolve(function, call) == "functools.partial" and call.args:
        return _shifted(_index_of(call.args[0], call, names, []))
    return _index_of(function, call, names, [])


def _shifted(index: int | None) -> int | None:
    return None if index is None else index + 1


def _index_of(function: ast.expr, at: ast.AST, names: Names, seen: list[ast.AST]) -> int | None:
    definition = _definition(function, at, names)
    if definition is None or definition in seen:
        return _index_of_path(names.resolve(function, at))
    if not isinstance(definition, ast.ClassDef):
        return _index_in(definition, definition.name, skip=0)
    for member in definition.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            return _index_in(member, f"{definition.name}.__init__", skip=1)
    return _index_in_bases(definition, names, [*seen, definition])


def _index_in_bases(definition: ast.ClassDef, names: Names, seen: list[ast.AST]) -> int | None:
    return _index_of(definition.bases[0], definition, names, seen) if definition.bases else _index_of_path(None)


def _index_of_path(path: str | None) -> int | None:
    loader = (loader_of(path) if path else None) or loader_of(_TORCH_LOADER)
    if loader is None:
        return None
    if loader.own_seeder:
        raise Declined(f"{path} brings a seeder of its own, or takes none")
    return loader.positions.get(SEEDER)


def _index_in(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, skip: int) -> int | None:
    """The same from a function's parameters, of which the first `skip` are not passed by callers."""
    arguments = function.args
    positional = [parameter.arg for parameter in (*arguments.posonlyargs, *arguments.args)][skip:]
    if SEEDER in positional:
        return positional.index(SEEDER)
    if arguments.kwarg is None and SEEDER not in [parameter.arg for parameter in arguments.kwonlyargs]:
        raise Declined(f"{name} takes no {SEEDER}")
    return None


def _definition(
    function: ast.expr, at: ast.AST, names: Names
) -> ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The class or function of this module that a name means, where it means only that."""
    scope = names.scope_of(function.id, at) if isinstance(function, ast.Name) else None
    if not isinstance(function, ast.Name) or scope is None:
        return None
    bindings = names.bindings(scope)[function.id]
    node = bindings[0].node
    if len(bindings) == 1 and isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return node
    return None
