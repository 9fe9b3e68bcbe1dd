"""Whether a ``worker_init_fn`` can be called with one worker id, and whether it can be pickled."""

from __future__ import annotations

from reseed.program import objects
from reseed.program.engine import Engine
from reseed.program.model import Loader, Program
from reseed.program.values import Bound, Class, Constant, External, Function, NoResult, Object, Value, Values

# Functions that take no argument and are handed over by mistake. Source: torch 2.13.0, torch/random.py.
_TAKES_NOTHING = frozenset({"torch.seed", "torch.initial_seed", "torch.random.seed", "torch.random.initial_seed"})


def takes_worker_id(program: Program, loader: Loader) -> bool | None:
    """Whether the loader's ``worker_init_fn`` can be called with one positional argument; None: not known."""
    values = loader.argument("worker_init_fn") or {}
    functions = [v for v in values if not isinstance(v, NoResult) and not (isinstance(v, Constant) and v.value is None)]
    answers = {_takes(program.engine, value, 1, frozenset()) for value in functions}
    if answers == {False}:
        return False
    return True if answers == {True} else None


def _takes(engine: Engine, value: Value, positional: int, keywords: frozenset[str]) -> bool | None:
    if isinstance(value, Function):
        return _function_takes(engine, value, positional, keywords)
    if isinstance(value, Bound):
        return _takes(engine, value.function, positional + 1, keywords)
    if isinstance(value, External) and value.path in _TAKES_NOTHING:
        return False
    if isinstance(value, Object) and value.kind == "partial":
        keys = engine.read((value, objects.KEYS))
        if engine.read((value, objects.ANY)):
            return None
        named = {key.value for key in keys if isinstance(key, Constant) and isinstance(key.value, str)}
        inner = _all(engine.read((value, "function")))
        more = positional + len(keys) - len(named)
        return None if inner is None else _takes(engine, inner, more, keywords | named)
    if isinstance(value, Object) and value.kind == "instance" and value.cls is not None:
        order = objects.mro(engine, value.cls)
        found, external = objects.class_attribute(engine, order, "__call__", None)
        method = _all(dict.fromkeys(objects.bind(engine, found, value, value.cls)))
        return None if method is None or external is not None else _takes(engine, method, positional, keywords)
    return None


def _all(values: Values) -> Value | None:
    return next(iter(values)) if len(values) == 1 else None


def _function_takes(engine: Engine, function: Function, positional: int, keywords: frozenset[str]) -> bool | None:
    body = engine.modules[function.module].bodies[function.body]
    if set(body.decorators) - {"staticmethod", "classmethod"}:
        return None
    by_position = [spec for spec in body.parameters if spec.kind == "positional"]
    if positional > len(by_position) and not any(spec.kind == "*" for spec in body.parameters):
        return False
    filled = {spec.name for spec in by_position[:positional]}
    if filled & keywords:
        return False
    required = [spec.name for spec in body.parameters if spec.kind in ("positional", "keyword")]
    return all(
        name in filled or name in keywords or engine.is_known((function, "[default]", name)) for name in required
    )


def unpicklable(engine: Engine, value: Value) -> str:
    """Why spawned workers cannot be handed a function: ``"a lambda"``; empty where they can, or it is not known."""
    if isinstance(value, Function):
        body = engine.modules[value.module].bodies[value.body]
        if body.name == "<lambda>":
            return "a lambda"
        if _decorates(engine, value):
            return ""
        return "a local function" if _is_local(value.closure) else ""
    if isinstance(value, Bound):
        return unpicklable(engine, value.receiver) if isinstance(value.receiver, (Object, Class)) else ""
    if isinstance(value, Class):
        return "a local class" if _is_local(value.namespace.closure) else ""
    if isinstance(value, Object) and value.kind == "instance" and value.cls is not None:
        return "an instance of a local class" if unpicklable(engine, value.cls) else ""
    if isinstance(value, Object) and value.kind == "partial":
        parts = [*engine.read((value, "function")), *engine.read((value, objects.ALL))]
        found = next((why for part in parts if (why := unpicklable(engine, part))), "")
        return f"a partial of {found}" if found else ""
    return ""


def _decorates(engine: Engine, function: Function) -> bool:
    # Whether it stands under the name of a function that it decorates, by functools.wraps, where pickle finds it.
    body = engine.modules[function.module].bodies[function.body]
    decorator = function.closure
    if decorator is None or not any(written.split("(")[0].endswith("wraps") for written in body.decorators):
        return False
    decorated = [value for values in decorator.parameters.values() for value in values if isinstance(value, Function)]
    return any(
        decorator.body.name in written.split("(")[0].split(".")
        for each in decorated
        for written in engine.modules[each.module].bodies[each.body].decorators
    )


def _is_local(scope: object) -> bool:
    body = getattr(scope, "body", None)
    while body is not None and body.kind == "class":
        scope = getattr(scope, "closure", None)
        body = getattr(scope, "body", None)
    return body is not None and body.kind == "function"
