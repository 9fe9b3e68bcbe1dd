"""What the body of a seeder does, as far as its own module shows: what it seeds, and whether it does more."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from reseed.fixes.given_seeder import definition_of, own_nodes, parameters_of, tests_for_none
from reseed.fixes.names import Names
from reseed.fixes.seed_value import Known, Value, evaluate
from reseed.knowledge.seeding import Seeder, seeder_of

_STATES = frozenset({"numpy-global", "python-global", "torch-global", "cv2", "imgaug"})
# What a worker does not need, or has from its parent: nothing is lost where it is left out.
_SETTINGS = ("os.environ", "torch.backends")
_SETTING_CALLS = ("torch.use_deterministic_algorithms", "torch.set_deterministic", "torch.cuda.manual_seed")
_QUIET_CALLS = ("torch.cuda.is_available", "torch.initial_seed", "torch.utils.data.get_worker_info")
_KNOWN_ROOTS = sys.stdlib_module_names | {"cv2", "imgaug", "numpy", "torch"}
_PURE = ("int", "str", "abs", "hash")
_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Seeding:
    """One call in the body of a seeder that seeds `states`, from the expression `seed` (None: from a default).

    `is_supposed` says that what is called stands in another file, and only its name tells that it seeds.
    """

    call: ast.Call
    states: frozenset[str]
    seed: ast.expr | None
    is_supposed: bool = False


def seedings_of(function: ast.FunctionDef | ast.Lambda, names: Names) -> list[Seeding]:
    """The seedings in the body of `function` itself, from top to bottom."""
    calls = [node for node in own_nodes(function) if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    found = [_seeding(call, names, _DEPTH) for call in calls]
    return [seeding for seeding in found if seeding is not None]


def _seeding(call: ast.Call, names: Names, depth: int) -> Seeding | None:
    path = names.resolve(call.func, call)
    row = seeder_of(path) if path is not None else None
    if row is not None:
        return Seeding(call, frozenset(row.states) & _STATES, _argument(call, row)) if _STATES & {*row.states} else None
    helper = definition_of(call.func, names)
    if isinstance(helper, ast.FunctionDef) and depth:
        return _through(call, helper, names, depth - 1)
    known = (path or "").partition(".")[0] in _KNOWN_ROOTS
    if helper is None and not known and _is_imported(call.func, names) and "seed" in ast.unparse(call.func).lower():
        seed = call.args[0] if len(call.args) == 1 and not isinstance(call.args[0], ast.Starred) else None
        return Seeding(call, _STATES, seed, is_supposed=True)
    return None


def _through(call: ast.Call, helper: ast.FunctionDef, names: Names, depth: int) -> Seeding | None:
    """The seeding that a call of `helper`, a function of the module, does: from the argument that is its seed."""
    inner = [
        found
        for node in own_nodes(helper)
        if isinstance(node, ast.Call) and (found := _seeding(node, names, depth)) is not None
    ]
    states = frozenset(state for each in inner for state in each.states)
    if not states:
        return None
    parameters = parameters_of(helper, names)
    taken = [_names_in(each.seed) & {*parameters} for each in inner]
    (name,) = taken[0] if len(taken[0]) == 1 and all(each == taken[0] for each in taken) else ("",)
    rebound = any(isinstance(node, ast.Name) and node.id == name and not _loads(node) for node in own_nodes(helper))
    seed = None
    if name in parameters and not rebound and not any(isinstance(each, ast.Starred) for each in call.args):
        index = parameters.index(name)
        by_name = [keyword.value for keyword in call.keywords if keyword.arg == name]
        seed = by_name[0] if by_name else call.args[index] if index < len(call.args) else None
    return Seeding(call, states, seed)


def _names_in(node: ast.expr | None) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} if node is not None else set()


def _argument(call: ast.Call, row: Seeder) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == row.seed_parameter:
            return keyword.value
    if row.position < len(call.args) and not any(isinstance(each, ast.Starred) for each in call.args):
        return call.args[row.position]
    return None


def _is_imported(function: ast.expr, names: Names) -> bool:
    """True for what the module imports from files that the tables know nothing of."""
    while isinstance(function, ast.Attribute):
        function = function.value
    scope = names.scope_of(function.id, function) if isinstance(function, ast.Name) else None
    if not isinstance(function, ast.Name) or scope is None:
        return False
    return all(isinstance(binding.node, (ast.Import, ast.ImportFrom)) for binding in names.bindings(scope)[function.id])


def unknown_calls(function: ast.FunctionDef | ast.Lambda, names: Names) -> Iterator[ast.Call]:
    """The calls in the body of `function` that may seed torch for all that is seen."""
    for node in own_nodes(function):
        if isinstance(node, ast.Call) and names.resolve(node.func, node) is None:
            builtin = isinstance(node.func, ast.Name) and names.scope_of(node.func.id, node) is None
            if not builtin:
                yield node


def is_meant(call: ast.Call, function: ast.FunctionDef | ast.Lambda, names: Names) -> bool:
    """True if `call` stands under a condition in `function`: then its seed may be asked for."""
    inner: ast.AST = call
    for node in names.ancestors(call):
        if node is function:
            return False
        if isinstance(node, ast.If) and tests_for_none(node.test) and inner not in node.orelse:
            inner = node
            continue
        plain = isinstance(node, (ast.Expr, ast.Assign, ast.AnnAssign, ast.With, ast.Return))
        if not plain and isinstance(node, (ast.stmt, ast.IfExp, ast.BoolOp, ast.comprehension, ast.ExceptHandler)):
            return True
        inner = node
    return False


def values_of_locals(function: ast.FunctionDef, names: Names) -> dict[str, Known]:
    """What the local names of `function` are worth as seeds."""
    parameters = parameters_of(function, names)
    local: dict[str, Known] = {parameters[0]: Value.WORKER_ID} if parameters else {}
    for statement in function.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            once = len(names.bindings(function).get(name, ())) == 1
            local[name] = seed_value(statement.value, local, names) if once else Value.UNKNOWN
    return local


def seed_value(node: ast.expr, local: dict[str, Known], names: Names) -> Known:
    """What the expression `node` is worth as a seed."""
    try:
        expression = cst.parse_expression(ast.unparse(node))
    except cst.ParserSyntaxError:
        return Value.UNKNOWN
    return evaluate(expression, local, lambda name: names.path_of(name, node))


def only_seeds(function: ast.FunctionDef | ast.Lambda, names: Names, depth: int = _DEPTH) -> bool:
    """True if nothing is lost where `function` is not called in a worker: it seeds global states, and that is all."""
    if isinstance(function, ast.Lambda):
        return _is_seeding(function.body, names, depth) or isinstance(function.body, ast.Constant)
    return all(_only_seeds(statement, names, depth) for statement in function.body)


def _only_seeds(statement: ast.stmt, names: Names, depth: int) -> bool:
    if isinstance(statement, (ast.Pass, ast.Import, ast.ImportFrom)):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant) or _is_seeding(statement.value, names, depth)
    if isinstance(statement, ast.Return):
        value = statement.value
        return value is None or isinstance(value, (ast.Constant, ast.Name)) or _is_seeding(value, names, depth)
    if isinstance(statement, ast.Assign):
        target = statement.targets[0]
        if isinstance(target, ast.Name):
            return _is_quiet(statement.value, names)
        inner = target.value if isinstance(target, ast.Subscript) else target
        path = names.resolve(inner, inner) or ""
        return path.startswith(_SETTINGS) and _is_quiet(statement.value, names)
    if isinstance(statement, ast.If):
        inside = [*statement.body, *statement.orelse]
        return _is_quiet(statement.test, names) and all(_only_seeds(each, names, depth) for each in inside)
    return False


def _is_seeding(node: ast.expr, names: Names, depth: int) -> bool:
    if isinstance(node, (ast.Tuple, ast.List)):
        return all(_is_seeding(each, names, depth) for each in node.elts)
    if not isinstance(node, ast.Call):
        return False
    if not all(_is_quiet(part, names) for part in (*node.args, *(keyword.value for keyword in node.keywords))):
        return False
    path = names.resolve(node.func, node)
    if path is not None:
        row = seeder_of(path)
        states = set(row.states) if row is not None else set()
        return path.startswith(_SETTING_CALLS) or (
            bool(states) and states <= {*_STATES, "torch-cuda"} - {"cv2", "imgaug"}
        )
    helper = definition_of(node.func, names)
    return isinstance(helper, ast.FunctionDef) and depth > 0 and only_seeds(helper, names, depth - 1)


def _is_quiet(node: ast.expr, names: Names) -> bool:
    """True if `node` only computes."""
    for inner in ast.walk(node):
        if isinstance(inner, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
            return False
        if isinstance(inner, ast.Call):
            path = names.resolve(inner.func, inner) or ""
            builtin = isinstance(inner.func, ast.Name) and inner.func.id in _PURE
            known = path.startswith(("numpy.random.", "random.", "time.", *_QUIET_CALLS)) or path == "os.getpid"
            method = isinstance(inner.func, ast.Attribute) and inner.func.attr in ("item", "generate_state", "tolist")
            if not (builtin or known or method):
                return False
    return True


def _loads(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)
