"""The repair of RNG211: a function in place of the result of a call, and the call in front of the loader."""

from __future__ import annotations

import ast

from reseed.fixes.edits import Declined
from reseed.fixes.names import Names
from reseed.fixes.signature import SEEDER, seeder_index
from reseed.source.lines import Lines

_SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)
_LOOPS = (ast.For, ast.AsyncFor)
_NOT_ALWAYS = {
    ast.Lambda: "a lambda",
    ast.IfExp: "a conditional expression",
    ast.BoolOp: "an `and` or `or`",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
}


def check_is_passed(call: ast.Call, names: Names) -> None:
    """Raises Declined unless `call` stands where a loader, or a mapping for one, takes its ``worker_init_fn``."""
    parent = names.parents[call]
    if isinstance(parent, ast.keyword):
        loader = names.parents[parent]
        is_passed = parent.arg == SEEDER
        if isinstance(loader, ast.Call):
            seeder_index(loader, names)
    elif isinstance(parent, ast.Dict):
        is_passed = any(
            value is call and isinstance(key, ast.Constant) and key.value == SEEDER
            for key, value in zip(parent.keys, parent.values, strict=True)
        )
    else:
        index = seeder_index(parent, names) if isinstance(parent, ast.Call) else None
        is_passed = isinstance(parent, ast.Call) and index is not None and call in parent.args[index : index + 1]
    if not is_passed:
        raise Declined(f"the call is not passed as {SEEDER} here")


def statement_before(call: ast.Call, names: Names, lines: Lines) -> ast.stmt:
    """The statement that `call` can be moved in front of: the one it stands in.

    Raises Declined where the call would not run just as often there, or not see the same names.
    """
    node: ast.AST = call
    outer = names.parents[node]
    while not isinstance(outer, ast.stmt):
        if type(outer) in _NOT_ALWAYS:
            raise Declined(f"the call stands in {_NOT_ALWAYS[type(outer)]} and cannot be moved in front of the loader")
        node, outer = outer, names.parents[outer]
    _check_statement(outer, node, lines)
    if isinstance(names.parents[outer], ast.ClassDef):
        raise Declined("the loader is made in the body of a class")
    named = {inner.target.id for inner in ast.walk(outer) if isinstance(inner, ast.NamedExpr)}
    for inner in ast.walk(call):
        if isinstance(inner, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
            raise Declined("the call assigns or awaits and cannot be moved")
        if isinstance(inner, ast.Name) and inner.id in named:
            raise Declined(f"the call needs {inner.id}, which its own statement assigns")
    return outer


def _check_statement(statement: ast.stmt, inner: ast.AST, lines: Lines) -> None:
    simple = isinstance(statement, _SIMPLE) and inner is not getattr(statement, "annotation", None)
    # What a loop runs over is evaluated once, like a statement in front of it.
    if not simple and not (isinstance(statement, _LOOPS) and inner is statement.iter):
        raise Declined("the loader is made in a statement that takes no other in front of it")
    before = lines.content(statement.lineno)[: statement.col_offset]
    if before.strip() or lines.content(statement.lineno - 1).endswith("\\"):
        raise Declined("the loader's statement shares its line with another")
