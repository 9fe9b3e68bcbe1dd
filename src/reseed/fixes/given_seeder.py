"""What a loader call is given as its ``worker_init_fn``, as far as its own module shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from reseed.fixes.edits import Declined
from reseed.fixes.names import Names
from reseed.fixes.signature import SEEDER, seeder_index
from reseed.fixes.spread import spread_of
from reseed.knowledge.loaders import loader_of
from reseed.knowledge.seeding import seeder_of

_TAKE_NOTHING = ("torch.seed", "torch.initial_seed", "torch.random.seed", "torch.random.initial_seed")
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class GivenSeeder:
    """A seeder: the expression that the loader is given, and what it means.

    `function` is a function of the module, None for one of a library's that seeds. `owner` is the class whose instance
    is given, where the function is its ``__call__``. `condition` says that it is given under a condition.
    """

    expression: ast.expr
    function: ast.FunctionDef | ast.Lambda | None
    owner: ast.ClassDef | None = None
    condition: bool = False


def passed_expression(call: ast.Call, names: Names) -> ast.expr | None:
    """The expression that `call` passes as ``worker_init_fn``; None if there is none, or it is ``None``.

    Raises Declined where it is not seen, and for loaders that bring a seeder of their own.
    """
    index = seeder_index(call, names)
    expression = next((keyword.value for keyword in call.keywords if keyword.arg == SEEDER), None)
    stars = [number for number, argument in enumerate(call.args) if isinstance(argument, ast.Starred)]
    known = call.args[: stars[0]] if stars else call.args
    if expression is None and index is not None and index < len(known):
        expression = known[index]
    if expression is None:
        spreads = [spread_of(keyword.value, SEEDER, names) for keyword in call.keywords if keyword.arg is None]
        values = [value for spread in spreads for value in spread.values]
        if len(values) > 1:
            raise Declined(f"the loader is given more than one {SEEDER}")
        expression = values[0] if values else None
    if isinstance(expression, ast.Constant) and expression.value is None:
        return None
    return expression


def given_seeder(expression: ast.expr, names: Names) -> GivenSeeder:
    """What the seeder `expression` of a loader call means. Raises Declined where this module does not show it."""
    found = _resolve(expression, names, _DEPTH)
    return replace(found, expression=expression)


def _resolve(node: ast.expr, names: Names, depth: int) -> GivenSeeder:
    path = names.resolve(node, node)
    if path is not None:
        if seeder_of(path) is not None or path in _TAKE_NOTHING:
            return GivenSeeder(node, None)
        raise Declined(f"the seeder stands in another file: {path}")
    if depth and isinstance(node, ast.Name):
        return _of_name(node, names, depth - 1)
    if isinstance(node, ast.Lambda):
        return GivenSeeder(node, node)
    if depth and isinstance(node, ast.IfExp):
        parts = [part for part in (node.body, node.orelse) if not _is_none(part)]
        if len(parts) == 1:
            return replace(_resolve(parts[0], names, depth - 1), condition=not tests_for_none(node.test))
    if depth and isinstance(node, ast.Attribute):
        method = _method(node, names)
        if method is not None:
            return GivenSeeder(node, method)
    if depth and isinstance(node, ast.Call):
        return _of_call(node, names, depth - 1)
    raise Declined(f"it is not seen here what the {SEEDER} is")


def _of_name(node: ast.Name, names: Names, depth: int) -> GivenSeeder:
    scope = names.scope_of(node.id, node)
    bindings = names.bindings(scope)[node.id] if scope is not None else []
    if len(bindings) != 1:
        raise Declined(f"it is not seen here what {node.id} is" if not bindings else f"{node.id} means several things")
    bound = bindings[0].node
    if isinstance(bound, ast.FunctionDef):
        return GivenSeeder(node, bound)
    if isinstance(bound, (ast.Import, ast.ImportFrom)):
        raise Declined(f"the seeder stands in another file: `{ast.unparse(bound)}`")
    assign = names.parents.get(bound)
    if isinstance(assign, ast.Assign) and assign.targets == [bound]:
        return _resolve(assign.value, names, depth)
    if isinstance(bound, ast.arg):
        raise Declined(f"the seeder is handed in from elsewhere, as {node.id}")
    raise Declined(f"it is not seen here what {node.id} is")


def _of_call(call: ast.Call, names: Names, depth: int) -> GivenSeeder:
    """What a ``partial(...)``, an instance or a function that makes the seeder stands for."""
    if names.resolve(call.func, call) == "functools.partial" and call.args:
        return _resolve(call.args[0], names, depth)
    definition = definition_of(call.func, names)
    if isinstance(definition, ast.ClassDef):
        method = _member(definition, "__call__")
        if method is not None:
            return GivenSeeder(call, method, definition)
    if isinstance(definition, ast.FunctionDef):
        returned = [node for node in own_nodes(definition) if isinstance(node, ast.Return)]
        if len(returned) == 1 and isinstance(returned[0].value, (ast.Name, ast.Lambda, ast.Call)):
            return _resolve(returned[0].value, names, depth)
    raise Declined(f"it is not seen here what the {SEEDER} is")


def _method(node: ast.Attribute, names: Names) -> ast.FunctionDef | None:
    """The method of this module that `node` means: of ``self``, of a class, or of a new instance."""
    owner: ast.AST | None = None
    if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
        owner = next((outer for outer in names.ancestors(node) if isinstance(outer, ast.ClassDef)), None)
    elif isinstance(node.value, ast.Call):
        owner = definition_of(node.value.func, names)
    else:
        owner = definition_of(node.value, names)
    return _member(owner, node.attr) if isinstance(owner, ast.ClassDef) else None


def _member(owner: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    found = [node for node in owner.body if isinstance(node, ast.FunctionDef) and node.name == name]
    return found[0] if len(found) == 1 else None


def definition_of(node: ast.expr, names: Names) -> ast.FunctionDef | ast.ClassDef | None:
    """The function or class of this module that a name means, where it means only that."""
    scope = names.scope_of(node.id, node) if isinstance(node, ast.Name) else None
    if not isinstance(node, ast.Name) or scope is None:
        return None
    bindings = names.bindings(scope)[node.id]
    found = bindings[0].node
    return found if len(bindings) == 1 and isinstance(found, (ast.FunctionDef, ast.ClassDef)) else None


def own_nodes(function: ast.FunctionDef | ast.Lambda) -> Iterator[ast.AST]:
    """The nodes in the body of `function`, in no order, without those of functions and classes in it."""
    stack: list[ast.AST] = [function.body] if isinstance(function, ast.Lambda) else list(function.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))


def tests_for_none(test: ast.expr) -> bool:
    """True for ``x is not None``, which asks whether there is a seed and not whether one is wanted."""
    return (
        isinstance(test, ast.Compare)
        and len(test.ops) == 1
        and isinstance(test.ops[0], ast.IsNot)
        and _is_none(test.comparators[0])
    )


def is_used_otherwise(given: GivenSeeder, names: Names) -> bool:
    """True if the function of `given` may serve others than loaders.

    It does if the module calls it, or the class that it belongs to for another instance. So it may if what it takes is
    called a seed: a function that seeds a program is often imported elsewhere.
    """
    function = given.function
    if not isinstance(function, ast.FunctionDef):
        return False
    calls = [node for node in ast.walk(names.tree) if isinstance(node, ast.Call)]
    if given.owner is not None:
        return sum(definition_of(call.func, names) is given.owner for call in calls) > 1
    is_method = isinstance(names.parents[function], ast.ClassDef)
    for call in calls:
        if definition_of(call.func, names) is function:
            return True
        if is_method and isinstance(call.func, ast.Attribute) and call.func.attr == function.name:
            return True
    uses = [node for node in ast.walk(names.tree) if isinstance(node, ast.Name) and node.id == function.name]
    if any(definition_of(use, names) is function and _is_handed_to_others(use, names) for use in uses):
        return True
    first = parameters_of(function, names)[:1]
    return bool(first) and "seed" in first[0].lower()


def _is_handed_to_others(use: ast.Name, names: Names) -> bool:
    """True if a call is given the function `use`, and not as a loader is given its seeder."""
    parent = names.parents[use]
    if isinstance(parent, ast.keyword):
        return parent.arg not in (SEEDER, "init_fn")
    if not isinstance(parent, ast.Call) or isinstance(use.ctx, ast.Store):
        return False
    path = names.resolve(parent.func, parent) or ""
    return path != "functools.partial" and loader_of(path) is None


def parameters_of(function: ast.FunctionDef, names: Names) -> list[str]:
    """The positional parameters that callers of `function` fill in, without a method's first."""
    parameters = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if isinstance(names.parents[function], ast.ClassDef) and parameters[:1] in (["self"], ["cls"]):
        return parameters[1:]
    return parameters


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
