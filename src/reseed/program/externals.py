"""Calls of what the program does not define: builtins, containers' methods, libraries.

What a builtin does with the values of the program is written here, one function each. Any other external code
keeps what it is handed (``Compose([...])``, ``Subset(dataset, ...)``): when its result is called, indexed or
iterated in worker code, it may run them. Functions handed over are taken to be called on the spot as well.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator

from reseed.facts.model import Register
from reseed.knowledge.loaders import loader_of
from reseed.program import objects
from reseed.program.calls import ANYTHING, Arguments, call, call_method, invoke_held, run_callback
from reseed.program.engine import Activation, Engine
from reseed.program.values import (
    UNKNOWN,
    Bound,
    Class,
    Constant,
    External,
    Function,
    Method,
    NoResult,
    Object,
    Value,
    Values,
)

Handler = Callable[[Engine, Activation, Register, Arguments], Iterable[Value]]

BUILTINS = frozenset(dir(builtins))
# Builtins that call what they are handed have a handler; the others only look at it.
_COMPILED = ("numba.", "torch.jit.", "tensorflow.", "jax.", "triton.")
_TRANSPARENT = ("copy.copy", "copy.deepcopy", "builtins.reversed", "typing.cast")


WRAPPED = "[wrapped]"
WRAPPERS = frozenset(
    f"torch.utils.data.{inner}{name}()"
    for name in ("Subset", "ConcatDataset", "ChainDataset", "StackDataset", "random_split")
    for inner in ("", "dataset.")
)
"""Datasets over other datasets: what such a one draws is what the `WRAPPED` ones draw."""


def call_external(
    engine: Engine, caller: Activation, register: Register, callee: Value, args: Arguments
) -> Iterable[Value]:
    """What calling an `External` or a `Method` may give."""
    if isinstance(callee, Method):
        return _call_method(engine, caller, register, callee, args)
    assert isinstance(callee, External)
    path = callee.path
    if engine.is_decorator(caller, register):
        if path not in HANDLERS:
            return _decorate(engine, path, args)
    elif path.endswith(".__init__") and args.positional:
        return _call_base_init(engine, caller, register, path.removesuffix(".__init__"), args)
    handler = HANDLERS.get(path)
    if handler is not None:
        return handler(engine, caller, register, args)
    if path in _TRANSPARENT:
        return args.get(0, "x") or (UNKNOWN,)
    if path.startswith("builtins."):
        return (engine.values.external(f"{path}()"),)
    return _call_library(engine, caller, register, path, args)


def _call_library(
    engine: Engine, caller: Activation, register: Register, path: str, args: Arguments
) -> Iterable[Value]:
    if loader_of(path) is not None:
        engine.loader_calls[caller, register] = (path, args)
        return (engine.values.object("external", caller.site(register), caller.context, path=f"{path}()"),)
    kept = [value for value in args.all_values() if objects.is_of_program(engine, caller, value)]
    if f"{path}()" in WRAPPERS:
        result = engine.values.object("external", caller.site(register), caller.context, path=f"{path}()")
        objects.hold(engine, result, kept)
        engine.write((result, WRAPPED), args.positional[0] if args.positional else args.all_values())
        return (result,)
    if not kept:
        return (engine.values.external(f"{path}()"),)
    for value in kept:
        if isinstance(value, (Function, Bound)) or (isinstance(value, Object) and value.kind == "partial"):
            run_callback(engine, caller, register, value)
    result = engine.values.object("external", caller.site(register), caller.context, path=f"{path}()")
    objects.hold(engine, result, kept)
    for keyword, values in args.keywords.items():
        engine.write((result, keyword), values)
    return (result,)


def _decorate(engine: Engine, path: str, args: Arguments) -> Iterable[Value]:
    # A decorator that we do not know gives a function that does what the decorated one does, unless it compiles it.
    if path.lstrip(".").startswith(_COMPILED):
        return (engine.values.external(f"{path}()"),)
    return args.positional[0] if args.positional else (UNKNOWN,)


def _call_base_init(
    engine: Engine, caller: Activation, register: Register, base: str, args: Arguments
) -> Iterable[Value]:
    for receiver in args.positional[0]:
        if isinstance(receiver, Object):
            method = engine.values.method(receiver, "__init__", base)
            _call_method(engine, caller, register, method, args.without_first())
    return ()


def _call_method(
    engine: Engine, caller: Activation, register: Register, method: Method, args: Arguments
) -> Iterable[Value]:
    receiver = method.receiver
    if receiver.kind in objects.CONTAINERS:
        return list(_container_method(engine, caller, register, receiver, method.name, args))
    path = f"{method.base}.{method.name}" if receiver.kind == "external" else f"{method.base}().{method.name}"
    if method.name == "__init__":
        if loader_of(method.base) is not None:
            engine.loader_calls[caller, register] = (method.base, args)
        objects.hold(engine, receiver, args.all_values())
        for keyword, values in args.keywords.items():
            engine.write((receiver, keyword), values)
        return ()
    if engine.is_decorator(caller, register):
        return _decorate(engine, path, args)
    if not is_loader_object(receiver):
        invoke_held(engine, caller, register, receiver)
    objects.hold(engine, receiver, args.all_values())
    for value in args.all_values():
        if isinstance(value, (Function, Bound)):
            run_callback(engine, caller, register, value)
    return (engine.values.external(f"{path}()"),)


def is_loader_object(value: Object) -> bool:
    """Whether `value` is what a loader call made: iterating it runs nothing in this process."""
    return value.kind == "external" and loader_of(value.path.removesuffix("()")) is not None


def _container_method(
    engine: Engine, caller: Activation, register: Register, receiver: Object, name: str, args: Arguments
) -> Iterator[Value]:
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
        if name == "setdefault":
            for key in constant_keys(first):
                objects.put_item(engine, receiver, key, fallback)
        for key in constant_keys(first) if receiver.kind == "dict" else [None]:
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


def constant_keys(values: Iterable[Value]) -> list[object]:
    """The constants among `values`, with None for each that is not one."""
    return [value.value if isinstance(value, Constant) else None for value in values]


def copy_mapping(engine: Engine, reader: Activation, target: Object, sources: Iterable[Value]) -> None:
    """``target.update(source)`` for each of `sources`."""
    for source in sources:
        if not (isinstance(source, Object) and source.kind == "dict"):
            objects.put_item(engine, target, None, (UNKNOWN,))
            continue
        for key in engine.read((source, objects.KEYS), reader):
            if isinstance(key, Constant):
                objects.put_item(engine, target, key.value, objects.get_item(engine, reader, source, key.value))
        anywhere = engine.read((source, objects.ANY), reader)
        if anywhere:
            objects.put_item(engine, target, None, anywhere)


def iterate(engine: Engine, caller: Activation, register: Register, values: Iterable[Value]) -> Values:
    """What iterating over `values` at `register` gives; iterators of the program are run."""
    found: Values = {}
    for value in values:
        if isinstance(value, Object) and value.kind in objects.CONTAINERS:
            found.update(objects.elements(engine, caller, value))
        elif isinstance(value, Object) and value.kind == "external":
            if value.path in WRAPPERS:
                found[value] = None  # random_split's parts
                continue
            if not is_loader_object(value):
                invoke_held(engine, caller, register, value)
                found.update(dict.fromkeys(objects.held(engine, caller, value)))
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


def _new_list(engine: Engine, caller: Activation, register: Register, items: Iterable[Value]) -> Object:
    result = engine.values.object("list", caller.site(register), caller.context)
    objects.put_item(engine, result, None, items)
    return result


def _list(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    for value in args.keywords.get("key", {}):
        run_callback(engine, caller, register, value)
    source: Values = args.get(0, "iterable") or {}
    return (_new_list(engine, caller, register, iterate(engine, caller, register, source)),)


def _enumerate(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    pair = engine.values.object("tuple", caller.site(register), (*caller.context, "pair"))
    objects.put_item(engine, pair, 0, (UNKNOWN,))
    objects.put_item(engine, pair, 1, iterate(engine, caller, register, args.get(0, "iterable") or {}))
    return (_new_list(engine, caller, register, (pair,)),)


def _zip(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    row = engine.values.object("tuple", caller.site(register), (*caller.context, "row"))
    for index, values in enumerate(args.positional):
        objects.put_item(engine, row, index, iterate(engine, caller, register, values))
    return (_new_list(engine, caller, register, (row,)),)


def _map(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    results: Values = {}
    passed = Arguments([iterate(engine, caller, register, values) for values in args.positional[1:]])
    for function in args.positional[0] if args.positional else ():
        results.update(dict.fromkeys(call(engine, caller, register, function, passed)))
    return (_new_list(engine, caller, register, results),)


def _filter(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    _map(engine, caller, register, args)
    return (_new_list(engine, caller, register, iterate(engine, caller, register, args.get(1, "iterable") or {})),)


def _reduce(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    for function in args.positional[0] if args.positional else ():
        call(engine, caller, register, function, ANYTHING)
    return (UNKNOWN,)


def _key_function(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    for function in args.keywords.get("key", {}):
        call(engine, caller, register, function, ANYTHING)
    return (UNKNOWN,)


def _next(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    results: Values = dict(args.get(1, "default") or {})
    return {**results, **iterate(engine, caller, register, args.get(0, "iterator") or {})}


def _iter(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    results: Values = {}
    for value in args.get(0, "iterable") or {}:
        if isinstance(value, Object) and value.kind == "instance":
            results.update(dict.fromkeys(call_method(engine, caller, register, value, ("__iter__",), ANYTHING)))
        else:
            results[value] = None
    return results or (UNKNOWN,)


def _len(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    for value in args.get(0, "obj") or {}:
        if isinstance(value, Object) and value.kind == "instance" and value.cls is not None:
            call_special(engine, caller, register, value, "__len__", Arguments())
    return (UNKNOWN,)


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


def _wraps(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    return (engine.values.external("functools.wraps()"),)


def _dict(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    result = engine.values.object("dict", caller.site(register), caller.context)
    copy_mapping(engine, caller, result, args.positional[0] if args.positional else ())
    for keyword, values in args.keywords.items():
        objects.put_item(engine, result, keyword, values)
    if args.unknown_keywords:
        objects.put_item(engine, result, None, (UNKNOWN,))
    return (result,)


def _getattr(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    results: Values = dict(args.get(2, "default") or {})
    for name in args.get(1, "name") or {}:
        if not (isinstance(name, Constant) and isinstance(name.value, str)):
            results[UNKNOWN] = None
            continue
        for value in args.get(0, "object") or {}:
            results.update(dict.fromkeys(objects.attribute(engine, caller, value, name.value)))
    return results


def _setattr(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    for name in args.get(1, "name") or {}:
        for target in args.get(0, "object") or {}:
            if isinstance(name, Constant) and isinstance(name.value, str) and isinstance(target, Object):
                engine.write((target, name.value), args.get(2, "value") or {})
    return ()


def _type(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    for value in args.get(0, "object") or {}:
        yield value.cls if isinstance(value, Object) and value.cls is not None else UNKNOWN


def _super(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    scope: Activation | None = caller
    while scope is not None and not (scope.closure is not None and scope.closure.body.kind == "class"):
        scope = scope.closure
    if scope is None or scope.closure is None:
        return (UNKNOWN,)
    namespace = scope.closure
    classes = [v for v in args.get(0, "type") or {} if isinstance(v, Class)]
    if not classes:
        classes = [engine.values.make_class(namespace.module, namespace.index, namespace)]
    receivers: Iterable[Value] = args.get(1, "object") or {}
    if not receivers and scope.body.parameters:
        receivers = scope.parameters.get(scope.body.parameters[0].name, {})
    return [engine.values.super(cls, receiver) for cls in classes for receiver in receivers]


def _wrapper(kind: str) -> Handler:
    def wrap(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
        result = engine.values.object(kind, caller.site(register), caller.context)
        engine.write((result, "function"), args.get(0, "fget") or {})
        return (result,)

    return wrap


def _partial(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    result = engine.values.object("partial", caller.site(register), caller.context)
    for function in args.positional[0] if args.positional else ():
        engine.write((result, "function"), (function,))
    for index, values in enumerate(args.positional[1:]):
        objects.put_item(engine, result, index, values)
    for keyword, values in args.keywords.items():
        objects.put_item(engine, result, keyword, values)
    if args.unknown_keywords:
        objects.put_item(engine, result, None, (UNKNOWN,))
    return (result,)


HANDLERS: dict[str, Handler] = {
    **{f"builtins.{name}": _list for name in ("list", "tuple", "set", "frozenset", "sorted", "reversed")},
    "collections.deque": _list,
    "itertools.chain.from_iterable": _list,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.map": _map,
    "itertools.starmap": _map,
    "builtins.filter": _filter,
    "functools.reduce": _reduce,
    "builtins.min": _key_function,
    "builtins.max": _key_function,
    "builtins.next": _next,
    "builtins.iter": _iter,
    "builtins.len": _len,
    "functools.wraps": _wraps,
    "builtins.dict": _dict,
    "collections.OrderedDict": _dict,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.type": _type,
    "builtins.super": _super,
    "builtins.property": _wrapper("property"),
    "functools.cached_property": _wrapper("property"),
    "builtins.staticmethod": _wrapper("staticmethod"),
    "builtins.classmethod": _wrapper("classmethod"),
    "functools.partial": _partial,
}
