"""Lists, tuples, dicts and iterators of the program: their methods, and what going through them gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reseed.facts.model import Register
from reseed.knowledge.datasets import is_wrapper
from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.arguments import ANYTHING, Arguments
from reseed.program.calls import call, call_method, invoke_held
from reseed.program.engine import Engine
from reseed.program.values import UNKNOWN, Class, Constant, Function, NoResult, Object, Value, Values


def container_method(
    engine: Engine, caller: Activation, register: Register, receiver: Object, name: str, args: Arguments
) -> Iterator[Value]:
    """What calling the method `name` of a container gives, the container changed accordingly."""
    first: Values = args.positional[0] if args.positional else {}
    if name in ("append", "add", "appendleft"):
        objects.put_item(engine, receiver, None, first)
    elif name == "insert":
        objects.put_item(engine, receiver, None, args.get(1, "object") or {})
    elif name in ("extend", "update") and receiver.kind != "dict":
        objects.put_item(engine, receiver, None, iterate(engine, caller, register, first))
    elif name == "update":
        copy_mapping(engine, caller, receiver, first)
        for keyword, values in args.keywords.items():
            objects.put_item(engine, receiver, keyword, values)
        if args.unknown_keywords:
            objects.put_item(engine, receiver, None, (UNKNOWN,))
    elif name in ("get", "pop", "setdefault", "popleft", "__getitem__", "__next__"):
        fallback: Values = args.get(1, "default") or {}
        if name == "pop":
            engine.write((receiver, objects.REMOVED), first)
        if name == "setdefault" and first:
            objects.put_items(engine, receiver, known_keys(first), fallback)
        for key in known_keys(first) if receiver.kind == "dict" else [None]:
            yield from objects.get_item(engine, caller, receiver, key)
        yield from fallback
    elif name in ("values", "copy", "__iter__", "__enter__"):
        if name == "values":
            result = engine.values.object("list", None, (receiver,))
            objects.put_item(engine, result, None, objects.get_item(engine, caller, receiver, None))
            yield result
        else:
            yield receiver
    elif name == "items":
        pair = engine.values.object("tuple", None, (receiver,))
        objects.put_item(engine, pair, 0, objects.elements(engine, caller, receiver))
        objects.put_item(engine, pair, 1, objects.get_item(engine, caller, receiver, None))
        result = engine.values.object("list", None, (receiver, "items"))
        objects.put_item(engine, result, None, (pair,))
        yield result
    else:
        yield UNKNOWN


def resume(caller: Activation, register: Register, generator: Object) -> None:
    """Note that `caller` runs the body of a generator: it runs where it is gone through, not where it was made."""
    for body in generator.context:
        if isinstance(body, Activation):
            caller.calls[register, body] = None


def known_keys(values: Iterable[Value]) -> list[object]:
    """What of `values` tells the items of a dict apart, with None for each that does not: see `objects.put_items`."""
    return [
        value.value if isinstance(value, Constant) else value if isinstance(value, (Class, Function)) else None
        for value in values
    ]


def copy_mapping(engine: Engine, reader: Activation, target: Object, sources: Iterable[Value]) -> None:
    """``target.update(source)`` for each of `sources`."""
    for source in sources:
        if not (isinstance(source, Object) and source.kind == "dict"):
            objects.put_item(engine, target, None, (UNKNOWN,))
            continue
        # What another reader has copied need not be copied again: that reader does so when there is more.
        if source is target or not engine.has_grown(source, target):
            continue
        for key in engine.read((source, objects.KEYS), reader):
            for known in known_keys((key,)):
                if known is not None:
                    objects.put_item(engine, target, known, objects.get_item(engine, reader, source, known))
        engine.write((target, objects.REMOVED), engine.read((source, objects.REMOVED), reader))
        anywhere = engine.read((source, objects.ANY), reader)
        if anywhere:
            objects.put_item(engine, target, None, anywhere)


def iterate(engine: Engine, caller: Activation, register: Register, values: Iterable[Value]) -> Values:
    """What iterating over `values` at `register` gives; iterators of the program are run."""
    found: Values = {}
    for value in values:
        if isinstance(value, Object) and value.kind in objects.CONTAINERS:
            found.update(objects.elements(engine, caller, value))
            if value.kind == "generator":
                resume(caller, register, value)
        elif isinstance(value, Object) and value.kind == "external":
            if is_wrapper(value.path):
                found[value] = None  # random_split's parts
                continue
            if not objects.is_loader_object(value):
                invoke_held(engine, caller, register, value, items=True)
                lazy = objects.is_lazy(value)
                items = (item for item in objects.held(engine, caller, value) if lazy or objects.is_instance(item))
                found.update(dict.fromkeys(items))
            found[UNKNOWN] = None
        elif isinstance(value, Object) and value.kind == "instance" and value.cls is not None:
            iterators = call_method(engine, caller, register, value, ("__iter__", "__getitem__"), ANYTHING)
            for iterator in iterators:
                if isinstance(iterator, Object) and iterator.kind == "instance":
                    call_method(engine, caller, register, iterator, ("__next__",), Arguments())
                elif isinstance(iterator, Object) and iterator.kind in objects.CONTAINERS:
                    found.update(objects.elements(engine, caller, iterator))
            found[UNKNOWN] = None
        elif not isinstance(value, (Constant, NoResult)):
            found[UNKNOWN] = None
    return found


def call_special(
    engine: Engine, caller: Activation, register: Register, receiver: Object, name: str, args: Arguments
) -> Values:
    """Call the special method `name` of an instance, if its class has one."""
    results: Values = {}
    if receiver.kind == "instance" and receiver.cls is not None:
        found, _ = objects.class_attribute(engine, objects.mro(engine, receiver.cls, caller), name, caller)
        for method in objects.bind(engine, found, receiver, receiver.cls):
            results.update(dict.fromkeys(call(engine, caller, register, method, args)))
    return results
