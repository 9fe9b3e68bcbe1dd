"""What a seed expression in a seeder is worth, as far as a reuse of the seeder needs to know.

Only what runs have shown to be right is recognised: distinct by worker and by epoch, repeatable under
``torch.manual_seed``, and small enough for NumPy. Everything else is `Value.UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import TypeAlias

import libcst as cst

PathOf: TypeAlias = Callable[[str], "str | None"]


class Value(Enum):
    """The kinds of values that take part in a right seed."""

    WORKER_SEED = auto()  # torch.initial_seed(), 63 bits
    NUMPY_SEED = auto()  # derived from it and small enough for numpy.random.seed
    C_INT_SEED = auto()  # the same, and small enough for a C int, which is what OpenCV takes
    WORKER_ID = auto()
    WORKER_INFO = auto()  # what get_worker_info() returns
    SEQUENCE = auto()  # a numpy.random.SeedSequence over the worker's seed
    UNKNOWN = auto()


Known: TypeAlias = "Value | int"

# The smallest modulus that leaves enough of the seed, and the largest that NumPy takes.
_MODULI = range(2**31 - 1, 2**32 + 1)
_SEEDS = frozenset({Value.WORKER_SEED, Value.NUMPY_SEED, Value.C_INT_SEED})
_INTEGER_LIMITS = {
    **{f"numpy.iinfo({kind}).max": 2**31 - 1 for kind in ("numpy.int32", "numpy.intc")},
    **{f"numpy.iinfo({kind}).max": 2**32 - 1 for kind in ("numpy.uint32", "numpy.uintc")},
}


def evaluate(node: cst.BaseExpression, local: Mapping[str, Known], path_of: PathOf) -> Known:
    """The value of `node`, where `local` holds the values of local names and `path_of` the paths of imported ones."""

    def value(inner: cst.BaseExpression) -> Known:
        return evaluate(inner, local, path_of)

    if isinstance(node, cst.Integer):
        return node.evaluated_value
    if isinstance(node, cst.Name):
        return local.get(node.value, Value.UNKNOWN)
    if isinstance(node, cst.BinaryOperation):
        return _operation(value(node.left), node.operator, value(node.right))
    if isinstance(node, cst.Attribute):
        if value(node.value) is Value.WORKER_INFO:
            return {"seed": Value.WORKER_SEED, "id": Value.WORKER_ID}.get(node.attr.value, Value.UNKNOWN)
        return _INTEGER_LIMITS.get(path(node, path_of) or "", Value.UNKNOWN)
    if isinstance(node, cst.Subscript):
        # One word of a generated state.
        return value(node.value) if isinstance(node.value, cst.Call) else Value.UNKNOWN
    if isinstance(node, cst.Call):
        return _call(node, local, path_of)
    return Value.UNKNOWN


def path(node: cst.BaseExpression, path_of: PathOf) -> str | None:
    """The dotted external path of `node`, with the arguments of calls in it: ``numpy.iinfo(numpy.int32).max``."""
    if isinstance(node, cst.Name):
        return path_of(node.value)
    if isinstance(node, cst.Attribute):
        base = path(node.value, path_of)
        return base and f"{base}.{node.attr.value}"
    if isinstance(node, cst.Call):
        parts = [path(part, path_of) for part in (node.func, *(arg.value for arg in node.args))]
        return f"{parts[0]}({', '.join(str(part) for part in parts[1:])})" if all(parts) else None
    return None


def _call(node: cst.Call, local: Mapping[str, Known], path_of: PathOf) -> Known:
    arguments = [evaluate(arg.value, local, path_of) for arg in node.args if not arg.star]
    if isinstance(node.func, cst.Attribute) and node.func.attr.value == "generate_state":
        sequence = evaluate(node.func.value, local, path_of)
        return Value.NUMPY_SEED if sequence is Value.SEQUENCE else Value.UNKNOWN
    if isinstance(node.func, cst.Name) and node.func.value == "int":
        return arguments[0] if len(arguments) == 1 else Value.UNKNOWN
    called = path(node.func, path_of)
    if called in ("torch.initial_seed", "torch.random.initial_seed"):
        return Value.WORKER_SEED
    if called == "torch.utils.data.get_worker_info":
        return Value.WORKER_INFO
    if called == "numpy.random.SeedSequence" and len(node.args) == 1:
        (entropy,) = (arg.value for arg in node.args)
        words = [entropy]
        if isinstance(entropy, (cst.List, cst.Tuple)):
            words = [element.value for element in entropy.elements]
        values = [evaluate(word, local, path_of) for word in words]
        if Value.WORKER_SEED in values and Value.UNKNOWN not in values:
            return Value.SEQUENCE
    return Value.UNKNOWN


def _operation(left: Known, operator: cst.BaseBinaryOp, right: Known) -> Known:
    if isinstance(left, int) and isinstance(right, int):
        return _arithmetic(left, operator, right)
    if left in _SEEDS and isinstance(right, int):
        if isinstance(operator, cst.Modulo) and right in _MODULI:
            return Value.C_INT_SEED if right <= 2**31 else Value.NUMPY_SEED
        if isinstance(operator, cst.BitAnd) and right in (2**31 - 1, 2**32 - 1):
            return Value.C_INT_SEED if right < 2**31 else Value.NUMPY_SEED
    if isinstance(operator, cst.Add):
        small = {left, right} - _SEEDS
        if all(value is Value.WORKER_ID or (isinstance(value, int) and value < 2**31) for value in small):
            return _sum(left, right)
    return Value.UNKNOWN


def _sum(left: Known, right: Known) -> Known:
    """A seed plus the worker's id or a small number; two seeds added up could be anything."""
    for seed, other in ((left, right), (right, left)):
        if seed is Value.WORKER_SEED and other not in _SEEDS:
            return Value.WORKER_SEED
        if seed in (Value.NUMPY_SEED, Value.C_INT_SEED) and other is Value.WORKER_ID:
            return Value.NUMPY_SEED
    return Value.UNKNOWN


def _arithmetic(left: int, operator: cst.BaseBinaryOp, right: int) -> Known:
    if isinstance(operator, cst.Power) and 0 <= right <= 64:
        return int(left**right)
    if isinstance(operator, cst.LeftShift) and 0 <= right <= 64:
        return left << right
    if isinstance(operator, cst.Subtract):
        return left - right
    if isinstance(operator, cst.Add):
        return left + right
    return Value.UNKNOWN
