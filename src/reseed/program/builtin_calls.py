"""What Python's builtins and its small functional modules do with the values of the program: one function each."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable

from reseed.facts.model import Register
from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.arguments import ANYTHING, Arguments
from reseed.program.calls import call, call_method, run_callback
from reseed.program.containers import call_special, copy_mapping, iterate
from reseed.program.dispatch import evaluated, named_at_run_time
from reseed.program.engine import Engine
from reseed.program.values import UNKNOWN, Class, Constant, Object, Value, Values

Handler = Callable[[Engine, Activation, Register, Arguments], Iterable[Value]]

BUILTINS = frozenset(dir(builtins))
"""Names that need no binding."""


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
    elements = iterate(engine, caller, register, args.get(1, "iterable") or {})
    start = {**(args.get(2, "initial") or {}), UNKNOWN: None}
    for function in args.positional[0] if args.positional else ():
        call(engine, caller, register, function, Arguments([start, elements]))
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


def _sum(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    # Of datasets: what `+` makes of them has the items of each.
    elements = iterate(engine, caller, register, args.get(0, "iterable") or {})
    return [UNKNOWN, *(value for value in elements if isinstance(value, Object))]


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
            for value in args.get(0, "object") or {}:
                results.update(dict.fromkeys(named_at_run_time(engine, caller, args.registers.get(1), value)))
            continue
        for value in args.get(0, "object") or {}:
            results.update(dict.fromkeys(objects.attribute(engine, caller, value, name.value)))
    return results


def _eval(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    return dict.fromkeys(evaluated(engine, caller, args.get(0, "source") or {}, args.registers.get(0)))


def _import_module(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    for name in args.get(0, "name") or {}:
        known = name.value if isinstance(name, Constant) and isinstance(name.value, str) else "."
        # A relative name stands for what its second argument, most often __package__, makes of it.
        found = None if known.startswith(".") else engine.linker.imported(caller, known, 0, None)
        yield from (engine.values.external("importlib.import_module()"),) if found is None else found


def _setattr(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    for name in args.get(1, "name") or {}:
        for target in args.get(0, "object") or {}:
            if isinstance(name, Constant) and isinstance(name.value, str) and isinstance(target, Object):
                engine.write((target, name.value), args.get(2, "value") or {})
    return ()


def _get_context(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    # A start method's name stands for it, as a loader takes both.
    methods = args.get(0, "method") or {}
    known = bool(methods) and all(isinstance(method, Constant) for method in methods)
    return list(methods) if known else (engine.values.external("multiprocessing.get_context()"),)


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
    "builtins.sum": _sum,
    "functools.wraps": _wraps,
    "builtins.dict": _dict,
    "collections.OrderedDict": _dict,
    "builtins.getattr": _getattr,
    "builtins.eval": _eval,
    "builtins.setattr": _setattr,
    "importlib.import_module": _import_module,
    "multiprocessing.get_context": _get_context,
    "torch.multiprocessing.get_context": _get_context,
    "builtins.type": _type,
    "builtins.super": _super,
    "builtins.property": _wrapper("property"),
    "functools.cached_property": _wrapper("property"),
    "builtins.staticmethod": _wrapper("staticmethod"),
    "builtins.classmethod": _wrapper("classmethod"),
    "functools.partial": _partial,
}
