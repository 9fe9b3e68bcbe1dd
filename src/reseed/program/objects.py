"""Classes, attributes and items of the program's objects, and the store that holds them.

Fields live in the engine's nodes: ``(object, "name")`` for attributes, ``(object, ITEM, key)`` for items under a
known key, ``(object, ANY)`` for those under unknown keys, ``(object, ALL)`` for all of them,
``(object, HELD)`` for what external code was handed when it made the object, ``(object, WRAPPED)`` for the datasets
under a dataset over others (`is_wrapper`), ``(index, SEEDED)`` for the dataset of the loader whose ``worker_init_fn``
the stand-in of that index calls, ``(object, GIVEN, parameter)`` for the arguments, by index or name, that a library's
object was made with, ``(object, PARTS)`` for the libraries' transforms in a pipeline, ``(object, REMOVED)`` for keys
that are taken out again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from reseed.knowledge.datasets import dataset_base, is_wrapper
from reseed.knowledge.loaders import loader_of
from reseed.knowledge.random_objects import random_class_of
from reseed.program.activation import Activation, Node
from reseed.program.engine import Engine
from reseed.program.values import (
    UNKNOWN,
    Bound,
    Class,
    Constant,
    External,
    Function,
    Method,
    Module,
    NoResult,
    Object,
    Super,
    Unknown,
    Value,
    Values,
)

ITEM, ANY, ALL, KEYS, HELD, WRAPPED = "[item]", "[any]", "[all]", "[keys]", "[held]", "[wrapped]"
SEEDED = "[seeded]"
GIVEN = "[given]"
PARTS = "[parts]"
REMOVED = "[removed]"
_HELD_LIMIT = 60
CONTAINERS = ("list", "tuple", "dict", "generator")
RNG = "rng"


def bases(engine: Engine, cls: Class, reader: Activation | None = None) -> Values:
    """What the bases of `cls` evaluate to, in order."""
    return engine.read((cls, "[bases]"), reader)


def mro(engine: Engine, cls: Class, reader: Activation | None = None) -> list[Class | External]:
    """The classes among which attributes of `cls` are looked up, first to last; `reader` runs again if others are."""
    return engine.derive(("order", cls), reader, lambda read: find_order(engine, cls, read))


def find_order(engine: Engine, cls: Class, read: list[Node]) -> list[Class | External]:
    """What `mro` gives, and the nodes that it comes from.

    Depth first, a class met again moves behind: what Python's linearisation gives wherever that exists and bases are
    not chosen at run time.
    """
    order: dict[Class | External, None] = {}
    stack: list[Value] = [cls]
    budget = 5000
    while stack and budget:
        budget -= 1
        current = stack.pop()
        if isinstance(current, (Class, External)):
            order.pop(current, None)
            order[current] = None
        if isinstance(current, Class):
            read.append(engine.node((current, "[bases]")))
            stack.extend(reversed([base for base in read[-1].values if base is not cls]))
    return list(order)


def class_attribute(
    engine: Engine, order: Iterable[Class | External], name: str, reader: Activation | None
) -> tuple[Values, External | None]:
    """`name` in the first class of `order` that defines it, or the first external class that may.

    Both are empty where a class defines `name` and its body has not been run yet: the reader runs again then.
    """
    external: External | None = None
    for cls in order:
        if isinstance(cls, External):
            if external is None and cls.path != "builtins.object":
                external = cls
            continue
        found = engine.read((cls.namespace, name), reader)
        if found:
            return found, external
        if defines(cls, name):
            return {}, None
    return {}, external


def defines(cls: Class, name: str) -> bool:
    """Whether the body of `cls` binds `name`."""
    return name in cls.namespace.stored


def bind(engine: Engine, values: Iterable[Value], receiver: Value, cls: Class | None) -> Iterator[Value]:
    """Class attributes as an instance sees them. A property comes as `Bound(property object, receiver)`."""
    for value in values:
        if isinstance(value, Function):
            yield engine.values.bound(value, receiver)
        elif isinstance(value, Object) and value.kind == "staticmethod":
            yield from engine.read((value, "function"))
        elif isinstance(value, Object) and value.kind == "classmethod":
            for function in engine.read((value, "function")):
                yield engine.values.bound(function, cls if cls is not None else receiver)
        elif isinstance(value, Object) and value.kind == "property":
            yield engine.values.bound(value, receiver)
        else:
            yield value


def attribute(engine: Engine, activation: Activation, value: Value, name: str) -> Iterator[Value]:
    """What ``value.name`` may be."""
    values = engine.values
    if isinstance(value, External):
        if name == "dataset" and value.path.endswith("get_worker_info()"):
            yield from _dataset_of_worker(engine, activation, value)
        else:
            yield values.external(f"{value.path}.{name}")
    elif isinstance(value, Module):
        yield from engine.linker.attribute(value, name, activation)
    elif isinstance(value, Class):
        if name == "__name__":
            yield values.constant(engine.modules[value.module].bodies[value.body].name)
            return
        found, external = class_attribute(engine, mro(engine, value, activation), name, activation)
        for item in found:
            if isinstance(item, Object) and item.kind in ("staticmethod", "classmethod"):
                yield from bind(engine, [item], value, value)
            else:
                yield item
        if not found and external is not None:
            yield values.external(f"{external.path}.{name}")
    elif isinstance(value, Object):
        yield from _object_attribute(engine, activation, value, name)
    elif isinstance(value, Method) and value.base:
        yield engine.values.method(value.receiver, f"{value.name}.{name}", value.base)
    elif isinstance(value, Super):
        yield from _super_attribute(engine, activation, value, name)
    elif isinstance(value, (Function, Bound)):
        yield value if name == "__call__" else UNKNOWN
    elif isinstance(value, (Constant, NoResult)):
        if isinstance(value, Constant) and value.value is not None:
            yield UNKNOWN
    else:
        yield UNKNOWN


def _dataset_of_worker(engine: Engine, activation: Activation, info: External) -> Iterator[Value]:
    # In what a loader's worker_init_fn calls, the loader and so the dataset is known.
    workers = engine.stand_ins_of(activation)
    found = [engine.read((worker.index, SEEDED), activation) for worker in workers or ()]
    yield from (value for datasets in found for value in datasets if isinstance(value, Object))
    if not found or not all(datasets and all(isinstance(v, Object) for v in datasets) for datasets in found):
        yield engine.values.external(f"{info.path}.dataset")


def _object_attribute(engine: Engine, activation: Activation, value: Object, name: str) -> Iterator[Value]:
    fields = engine.read((value, name), activation)
    yield from fields
    if name in ("dataset", "datasets") and is_wrapper(value.path):
        yield from engine.read((value, WRAPPED), activation)
    if value.kind in ("external", RNG):
        found = {} if value.cls is None else class_attribute(engine, mro(engine, value.cls), name, activation)[0]
        yield from bind(engine, found, value, value.cls)
        if not found and not fields:
            yield engine.values.method(value, name, value.path)
        return
    if value.kind != "instance" or value.cls is None:
        if value.kind in CONTAINERS:
            yield engine.values.method(value, name)
        elif value.kind == "property" and name in ("setter", "getter", "deleter"):
            yield value
        else:
            yield UNKNOWN
        return
    if name == "__class__":
        yield value.cls
        return
    found, external = class_attribute(engine, mro(engine, value.cls, activation), name, activation)
    yield from bind(engine, found, value, value.cls)
    if not found and not fields and external is not None:
        yield engine.values.method(value, name, external.path)


def _super_attribute(engine: Engine, activation: Activation, value: Super, name: str) -> Iterator[Value]:
    receiver = value.receiver
    own = receiver.cls if isinstance(receiver, Object) else receiver if isinstance(receiver, Class) else None
    order = mro(engine, own if own is not None else value.cls, activation)
    if value.cls in order:
        order = order[order.index(value.cls) + 1 :]
    found, external = class_attribute(engine, order, name, activation)
    yield from bind(engine, found, receiver, own)
    if not found and external is not None and isinstance(receiver, Object):
        yield engine.values.method(receiver, name, receiver.path if receiver.kind == RNG else external.path)


def put_item(engine: Engine, target: Object, key: object, items: Iterable[Value]) -> None:
    """Store `items` under `key`, as `put_items` does."""
    kept = items if isinstance(items, dict) else list(items)
    engine.write((target, ALL), kept)
    if key is None:
        engine.write((target, ANY), kept)
    else:
        engine.write((target, ITEM, key), kept)
        engine.write((target, KEYS), (_as_value(engine, key),))


def put_items(engine: Engine, target: Object, keys: Collection[object], items: Iterable[Value]) -> None:
    """Store `items` under each of `keys`: constants, functions and classes, which registries are often keyed by.

    None is a key that is not known: what stands there stands under any.
    """
    kept = items if isinstance(items, dict) else list(items)
    engine.write((target, ALL), kept)
    known = [key for key in keys if key is not None]
    if len(known) < len(keys):
        engine.write((target, ANY), kept)
    else:
        for key in known:
            engine.write((target, ITEM, key), kept)
    if known:
        engine.write((target, KEYS), [_as_value(engine, key) for key in known])


def _as_value(engine: Engine, key: object) -> Value:
    return key if isinstance(key, (Class, Function)) else engine.values.constant(key)


def get_item(engine: Engine, activation: Activation | None, target: Object, key: object) -> Values:
    """What stands under `key`, or under any where it is None, which is not known."""
    if key is None:
        return engine.read((target, ALL), activation)
    anywhere = engine.read((target, ANY), activation)
    there = engine.read((target, ITEM, key), activation)
    return {**there, **anywhere} if anywhere else there


def elements(engine: Engine, activation: Activation | None, target: Object) -> Values:
    """What iterating over a container gives."""
    if target.kind == "dict":
        return engine.read((target, KEYS), activation) or {UNKNOWN: None}
    return engine.read((target, ALL), activation)


def hold(engine: Engine, target: Object, values: Iterable[Value]) -> None:
    """Note that external code keeps `values` in `target`."""
    engine.write((target, HELD), [value for value in values if is_of_program(engine, None, value)])


def keep_arguments(
    engine: Engine, target: Object, positional: Iterable[Values], keywords: Mapping[str, Values], unseen: bool
) -> None:
    """Note with which arguments `target` was made, and whether it may have been given others."""
    for index, values in enumerate(positional):
        engine.write((target, GIVEN, index), values)
    for name, values in keywords.items():
        engine.write((target, GIVEN, name), values)
        engine.write((target, KEYS), [engine.values.constant(name)])
    if unseen:
        engine.write((target, GIVEN), (UNKNOWN,))


def is_of_program(engine: Engine, reader: Activation | None, value: Value) -> bool:
    """Whether `value` is, or holds, code of the program."""
    if isinstance(value, Object) and value.kind in CONTAINERS:
        return engine.derive(("code", value), reader, lambda read: _holds_code(engine, value, read))
    return isinstance(value, (Function, Bound, Object, Class, Method)) and not is_rng(value)


def _holds_code(engine: Engine, target: Object, read: list[Node]) -> bool:
    seen = {target}
    stack = [target]
    while stack and len(seen) < _HELD_LIMIT:
        inside = stack.pop()
        read.append(engine.node((inside, ALL if inside.kind in CONTAINERS else HELD)))
        for value in read[-1].values:
            if _is_code(value):
                read.clear()  # that stays so
                return True
            if isinstance(value, Object) and value.kind in (*CONTAINERS, "external") and value not in seen:
                seen.add(value)
                stack.append(value)
    return False


def is_rng(value: Value) -> bool:
    """Whether `value` is an RNG object of a library's class, or a method of one: no code of the program."""
    made = value.receiver if isinstance(value, Method) else value
    return isinstance(made, Object) and made.kind == RNG and made.cls is None


def _is_code(value: Value) -> bool:
    if is_rng(value):
        return False
    if isinstance(value, Object):
        return value.kind not in CONTAINERS and (value.kind != "external" or random_class_of(value.path) is not None)
    return not isinstance(value, (Constant, External, Unknown))


def contents(engine: Engine, activation: Activation | None, target: Object) -> list[Value]:
    """`target` and what it holds, and so on through containers and what external code made, each value once."""
    seen: Values = {}
    stack: list[Value] = [target]
    while stack and len(seen) < _HELD_LIMIT:
        value = stack.pop()
        if value not in seen:
            seen[value] = None
            if isinstance(value, Object) and (value is target or value.kind in (*CONTAINERS, "external")):
                key = ALL if value.kind in CONTAINERS else HELD
                stack.extend(reversed(list(engine.read((value, key), activation))))
    return [] if stack else list(seen)


def held(engine: Engine, activation: Activation | None, target: Object) -> list[Value]:
    """All that `target` holds, containers opened, each value once.

    What a library's function gave holds results: of what it was handed only objects count, no functions. What holds
    more than any pipeline of transforms does is a registry, of which nothing is known: it gives nothing.
    """
    return engine.derive(("held", target), activation, lambda read: find_held(engine, target, read))


def find_held(engine: Engine, target: Object, read: list[Node]) -> list[Value]:
    """What `held` gives, and the nodes that it comes from."""
    found: Values = {}
    stack: list[tuple[Value, bool]] = [(target, True)]
    seen: Values = {}
    while stack:
        value, calls = stack.pop()
        if value in seen:
            continue
        if len(seen) >= _HELD_LIMIT:
            read.clear()  # what has been read can only grow, and this be as much
            return []
        seen[value] = None
        if value is target or (isinstance(value, Object) and value.kind in (*CONTAINERS, "external")):
            assert isinstance(value, Object)
            key = ALL if value.kind in CONTAINERS else HELD
            calls = calls and (value is target or value.kind in CONTAINERS or is_wrapper(value.path) or is_lazy(value))
            read.append(engine.node((value, key)))
            stack.extend((inner, calls) for inner in reversed(read[-1].values) if inner not in seen)
        elif calls or is_instance(value):
            found[value] = None
    return list(found)


def is_instance(value: Value) -> bool:
    """Whether `value` is an instance of a class of the program."""
    return isinstance(value, Object) and value.kind == "instance"


def is_lazy(value: Object) -> bool:
    """Whether an external object may call later what it was handed.

    Instances of classes do, and what the methods of iterable datasets and Hugging Face's transforms give.
    """
    if dataset_base(value.path.split("()", 1)[0]) == "iterable":
        return True
    name = value.path.removesuffix("()").rpartition(".")[2]
    return value.kind != "external" or name[:1].isupper() or name in ("with_transform", "set_transform")


def is_loader_object(value: Object) -> bool:
    """Whether `value` is what a loader call made: iterating it runs nothing in this process."""
    return value.kind == "external" and loader_of(value.path.removesuffix("()")) is not None
