"""The requirements that a `setup.py` spells out as literals. It is parsed, never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping


def requirements_of_setup_py(text: str) -> tuple[list[str], list[str]]:
    """Give `install_requires` and all of `extras_require`, as far as they are literals or names of literals."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return [], []
    names = {
        target.id: statement.value
        for statement in ast.walk(tree)
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    main: list[str] = []
    extras: list[str] = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            for keyword in call.keywords:
                wanted = {"install_requires": main, "extras_require": extras}.get(keyword.arg or "")
                if wanted is not None:
                    wanted.extend(_strings(keyword.value, names, depth=0))
    return main, extras


def _strings(node: ast.expr, names: Mapping[str, ast.expr], depth: int) -> Iterator[str]:
    if depth > 8:  # names may stand for themselves
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from node.value.splitlines()
    elif isinstance(node, ast.Name) and node.id in names:
        yield from _strings(names[node.id], names, depth + 1)
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        for element in node.elts:
            yield from _strings(element, names, depth + 1)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _strings(value, names, depth + 1)
    elif isinstance(node, ast.BinOp):
        yield from _strings(node.left, names, depth + 1)
        yield from _strings(node.right, names, depth + 1)
    elif isinstance(node, ast.Starred):
        yield from _strings(node.value, names, depth + 1)
