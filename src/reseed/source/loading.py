"""Whether code speaks of a loader: where it could make one, that is, and not in a comment or an annotation."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import TypeGuard

from reseed.knowledge.loaders import LOADER_NAMES
from reseed.source.walk import children

LOADER_NAME = re.compile("|".join(sorted(LOADER_NAMES | {"Loader"})))
"""What the name of a loader has, or of a class that is derived from one."""
LOADER_WORDS = tuple(word for word in sorted(LOADER_NAMES) if not any(each in word for each in LOADER_NAMES - {word}))
"""A text without any of these has no name of a loader: those that have none of the others inside."""
_FUNCTIONS = frozenset(name for name in LOADER_NAMES if name.islower())
_NAME = re.compile(r"[\w.]+")
_TYPE_TESTS = frozenset({"isinstance", "issubclass"})


def speaks_of_loaders(
    tree: ast.AST, for_others: bool = False, is_own: Callable[[str], bool] = lambda function: False
) -> bool:
    """Whether a loader's name stands in the code of `tree` where something may be called by it.

    That is anywhere but in annotations, in tests of a type, and in imports, if the name that they bind is not used. Of
    strings those count that could name an attribute or a class. `for_others` counts a loader that is imported under a
    name which does not tell: other files may have it from there. `is_own` says that a function which is named as one
    of a library is the project's: if it makes a loader, it does so where it stands.
    """
    bound: set[str] = set()  # from data import DataLoader as Batches
    used: set[str] = set()
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            bound.update(each.asname for each in node.names if each.asname and LOADER_NAME.search(each.name))
            if for_others and any(LOADER_NAME.search(name) is None for name in bound):
                return True
        elif _is_type_test(node):
            stack.append(node.args[0])
        else:
            name = _name(node)
            if name is not None:
                if LOADER_NAME.search(name) and not (
                    isinstance(node, ast.Name) and name in _FUNCTIONS and is_own(name)
                ):
                    return True
                used.add(name)
            stack += children(node)
    return not used.isdisjoint(bound)


def _is_type_test(node: ast.AST) -> TypeGuard[ast.Call]:
    # isinstance(x, DataLoader), isinstance(x, (list, data.DataLoader))
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TYPE_TESTS):
        return False
    types = node.args[1:]
    named = types[0].elts if types and isinstance(types[0], ast.Tuple) else types
    return len(types) == 1 and all(isinstance(each, (ast.Name, ast.Attribute)) for each in named)


def _name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _NAME.fullmatch(node.value):
        return node.value
    return None


def functions_and_imports(tree: ast.AST, name: str) -> list[tuple[int, str, str]] | None:
    """The imports (level, module, original name) that bind `name` in a module, where else only functions do.

    None where anything else may bind it, and where no function and no import does so in the module's own body.
    """
    imports = []
    is_bound = False
    outermost = set(map(id, getattr(tree, "body", ())))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if any(each.name == "*" for each in node.names):
                return None
            bound = [each.name for each in node.names if (each.asname or each.name) == name]
            imports += [(node.level, node.module or "", original) for original in bound]
            is_bound |= bool(bound) and id(node) in outermost
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            is_bound |= node.name == name and id(node) in outermost
        elif name in _bound_otherwise(node):
            return None
    return imports if is_bound else None


def _bound_otherwise(node: ast.AST) -> list[str | None]:
    if isinstance(node, ast.Name):
        return [] if isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.Import):
        return [each.asname or each.name for each in node.names]
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        return [*node.names]
    if isinstance(node, ast.MatchMapping):
        return [node.rest]
    return [node.name] if isinstance(node, (ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) else []
