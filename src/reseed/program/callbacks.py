"""What external code calls of the objects that it is handed: their methods, and what they hold.

Which these are is worked out here, and once until something has grown; `calls.py` runs them.
"""

from __future__ import annotations

from collections.abc import Sequence

from reseed.knowledge.hooks import hooks_of
from reseed.program import objects
from reseed.program.activation import Activation, Node
from reseed.program.engine import Engine
from reseed.program.values import Bound, Class, External, Function, Object, Value, Values

_CALLED_BACK = ("__call__", "forward", "__getitem__", "__getitems__", "__iter__", "__next__")


def run_by(engine: Engine, reader: Activation, target: Object, items: bool) -> tuple[list[Value], list[Value]]:
    """What external code calls of what `target` holds, and what of it may pass more than it did at first.

    Defaults may grow, and what a partial is of. `items` says that items are taken, not that `target` is called. The
    first list is the same object for as long as nothing that it comes from has grown.
    """
    return engine.derive(("run by", target, items), reader, lambda read: _find_run_by(engine, target, items, read))


def run_of(engine: Engine, reader: Activation, value: Value) -> Sequence[Value]:
    """What external code calls when it calls `value`, or takes its items."""
    if _is_callable(value):
        return (value,)
    return engine.derive(("run of this", value), reader, lambda read: _run_of(engine, value, read))


def _is_callable(value: Value) -> bool:
    return isinstance(value, (Function, Bound)) or (isinstance(value, Object) and value.kind == "partial")


def _find_run_by(engine: Engine, target: Object, items: bool, read: list[Node]) -> tuple[list[Value], list[Value]]:
    found: Values = {}
    all_run = not items or objects.is_lazy(target)
    for value in objects.find_held(engine, target, read):
        if all_run or objects.is_instance(value):
            found.update(dict.fromkeys(_run_of(engine, value, read)))
    return list(found), [value for value in found if _may_pass_more(engine, value)]


def _run_of(engine: Engine, value: Value, read: list[Node]) -> list[Value]:
    if _is_callable(value):
        return [value]
    if not isinstance(value, Object) or value.cls is None:
        return []
    cls = value.cls
    return engine.derive_part(("run of", value), read, lambda inner: _find_run_of(engine, value, cls, inner))


def _find_run_of(engine: Engine, value: Object, cls: Class, read: list[Node]) -> list[Value]:
    methods = engine.derive_part(("called back", cls), read, lambda inner: _find_called_back(engine, cls, inner))
    read += [engine.node((each, "function")) for each in methods if isinstance(each, Object)]
    found = list(objects.bind(engine, methods, value, cls))
    read.append(engine.node((value, objects.HELD)))
    if read[-1].values:
        held = engine.derive_part(("held", value), read, lambda inner: objects.find_held(engine, value, inner))
        found += [inner for inner in held if isinstance(inner, (Function, Bound))]
    return found


def _may_pass_more(engine: Engine, value: Value) -> bool:
    function = value.function if isinstance(value, Bound) else value
    return not isinstance(function, Function) or function in engine.with_defaults


def _find_called_back(engine: Engine, cls: Class, read: list[Node]) -> list[Value]:
    # The methods that external code calls of an instance of `cls`, the hooks of its bases among them.
    order = objects.find_order(engine, cls, read)
    hooks = [hook for each in order if isinstance(each, External) for hook in hooks_of(each.path)]
    found: list[Value] = []
    for name in dict.fromkeys((*_CALLED_BACK, *hooks)):
        if any(isinstance(each, Class) and objects.defines(each, name) for each in order):
            read += [engine.node((each.namespace, name)) for each in order if isinstance(each, Class)]
            found += objects.class_attribute(engine, order, name, None)[0]
    return found
