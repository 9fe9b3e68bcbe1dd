"""Calls: which bodies a call runs, in which context, with which arguments."""

from __future__ import annotations

from collections.abc import Iterable

from reseed.facts.model import Register
from reseed.knowledge.hooks import hooks_of
from reseed.knowledge.models import is_model_base
from reseed.program import callbacks, objects, rng_objects
from reseed.program.activation import Activation
from reseed.program.arguments import ANYTHING, Arguments
from reseed.program.engine import Engine
from reseed.program.values import (
    UNKNOWN,
    Bound,
    Class,
    Constant,
    Context,
    External,
    Function,
    Method,
    NoResult,
    Object,
    Super,
    Unknown,
    Value,
    Values,
)

# Partials of partials, held by objects that partials call: real ones nest two or three deep.
_CALL_DEPTH = 20
# A call costs as much time as this many instructions.
_CALL_COST = 30


def call(engine: Engine, caller: Activation, register: Register, callee: Value, args: Arguments) -> Iterable[Value]:
    """What calling `callee` at `register` of `caller` may give."""
    if engine.call_depth >= _CALL_DEPTH:
        return (UNKNOWN,)
    engine.call_depth += 1
    try:
        return list(_call(engine, caller, register, callee, args))
    finally:
        engine.call_depth -= 1
        if not engine.call_depth:
            engine.called_back.clear()


def _call(engine: Engine, caller: Activation, register: Register, callee: Value, args: Arguments) -> Iterable[Value]:
    if isinstance(callee, Function):
        return _call_function(engine, caller, register, callee, args)
    if isinstance(callee, Bound):
        if isinstance(callee.function, Function):
            return invoke(engine, caller, register, callee.function, args.shifted(callee.receiver), callee.receiver)
        return call(engine, caller, register, callee.function, args.shifted(callee.receiver))
    if isinstance(callee, Class):
        return construct(engine, caller, register, callee, args)
    if isinstance(callee, Object):
        return _call_object(engine, caller, register, callee, args)
    if isinstance(callee, (External, Method)):
        return engine.call_external(engine, caller, register, callee, args)
    if isinstance(callee, (Unknown, Super)):
        return (UNKNOWN,)
    return ()


def _call_function(
    engine: Engine, caller: Activation, register: Register, function: Function, args: Arguments
) -> Iterable[Value]:
    # Base.method(self, ...) names its receiver itself.
    parent = function.closure.body
    if parent.kind == "class" and args.positional:
        receivers = [v for v in args.positional[0] if isinstance(v, Object) and v.kind == "instance"]
        if receivers and len(receivers) == len(args.positional[0]):
            results: Values = {}
            for receiver in receivers:
                bound = args.without_first().shifted(receiver)
                results.update(dict.fromkeys(invoke(engine, caller, register, function, bound, receiver)))
            return results
    return invoke(engine, caller, register, function, args)


def invoke(
    engine: Engine,
    caller: Activation,
    register: Register,
    function: Function,
    args: Arguments,
    receiver: Value | None = None,
    unasked: bool = False,
) -> Iterable[Value]:
    """Run `function` with `args`; the values that it returns so far, but if what it returns is `unasked` for."""
    if is_inert(engine, function):
        return (UNKNOWN,)
    name = engine.modules[function.module].bodies[function.body].name
    # Calls with arguments that nothing shows are all alike.
    site = "unseen" if args.unseen else caller.site(register)
    context: Context = (site,) if args.unseen else (site, *caller.context[:1])
    if receiver is not None:
        dunder = name.startswith("__") and name.endswith("__")
        context = (receiver,) if dunder else (receiver, site)
    callee = engine.activation(function.module, function.body, function.closure, context, function)
    if unasked and args.unseen and function not in engine.with_defaults:
        passed = (caller, register, callee, receiver)
        if passed in engine.passed:
            return ()  # there is nothing new to pass
        engine.passed.add(passed)
    engine.note_call(caller, register, callee)
    engine.spend(_CALL_COST)
    pass_arguments(engine, caller, callee, function, args)
    if unasked:
        return ()
    if callee.body.is_generator:
        generator = engine.values.object("generator", caller.site(register), (callee,))
        engine.write((generator, objects.ALL), engine.read((callee, "[yield]"), caller))
        return (generator,)
    returned = engine.read((callee, "[return]"), caller)
    results = {value: None for value in returned if not is_none(value)}
    if callee.body.falls_through or len(results) < len(returned):
        results[engine.values.no_result(caller.site(register))] = None
    return results


def is_inert(engine: Engine, function: Function) -> bool:
    """Whether `function` is a method of an imported network that neither draws nor loads.

    Such classes are most of many a project, and nothing that worker code runs.
    """
    namespace = function.closure
    if function.module in engine.linker.mains or namespace.body.kind != "class":
        return False
    if not engine.linker.is_quiet(namespace.module, namespace.index):
        return False
    order = objects.mro(engine, engine.values.make_class(namespace.module, namespace.index, namespace))
    return any(isinstance(base, External) and is_model_base(base.path) for base in order)


def is_none(value: Value) -> bool:
    """Whether `value` is None."""
    return isinstance(value, NoResult) or (isinstance(value, Constant) and value.value is None)


def pass_arguments(
    engine: Engine, caller: Activation | None, callee: Activation, function: Function, args: Arguments
) -> None:
    """Bind `args` to the parameters of `callee`; what is not passed takes its default, or is unknown."""
    specs = callee.body.parameters
    position = 0
    named = set()
    for spec in specs:
        if spec.kind == "positional":
            named.add(spec.name)
            key: int | str = position
            values = args.positional[position] if position < len(args.positional) else None
            position += 1
            if values is None and spec.name in args.keywords and not spec.positional_only:
                key, values = spec.name, args.keywords[spec.name]
        elif spec.kind == "keyword":
            named.add(spec.name)
            key, values = spec.name, args.keywords.get(spec.name)
        else:
            continue
        if values is not None:
            engine.pass_argument(callee, spec.name, values)
            if caller is not None and key in args.registers:
                callee.bindings.setdefault(spec.name, {})[caller, args.registers[key]] = None
            continue
        unseen = args.unknown_keywords or (args.rest is not None and spec.kind == "positional")
        default = engine.read((function, "[default]", spec.name), caller or callee)
        engine.pass_argument(callee, spec.name, default)
        if args.rest and spec.kind == "positional":
            engine.pass_argument(callee, spec.name, args.rest)
        if unseen or not engine.is_known((function, "[default]", spec.name)):
            engine.pass_argument(callee, spec.name, (UNKNOWN,))
    for spec in specs:
        if spec.kind == "*":
            packed = engine.values.object("tuple", (callee.module, callee.index, -1), (callee,))
            for index, extra in enumerate(args.positional[position:]):
                objects.put_item(engine, packed, index, extra)
            if args.rest is not None:
                objects.put_item(engine, packed, None, args.rest)
            engine.pass_argument(callee, spec.name, (packed,))
        elif spec.kind == "**":
            packed = engine.values.object("dict", (callee.module, callee.index, -2), (callee,))
            for keyword, extra in args.keywords.items():
                if keyword not in named:
                    objects.put_item(engine, packed, keyword, extra)
            if args.unknown_keywords:
                objects.put_item(engine, packed, None, (UNKNOWN,))
            engine.pass_argument(callee, spec.name, (packed,))


def construct(engine: Engine, caller: Activation, register: Register, cls: Class, args: Arguments) -> Iterable[Value]:
    """An instance of `cls`, its ``__init__`` run."""
    order = objects.mro(engine, cls, caller)
    instance = rng_objects.instance(engine, caller, caller.site(register), caller.context, cls, order)
    initialise(engine, caller, register, instance, args)
    return (instance,)


def initialise(engine: Engine, caller: Activation, register: Register, instance: Object, args: Arguments) -> None:
    """Run ``__init__`` of a new instance."""
    assert instance.cls is not None
    order = objects.mro(engine, instance.cls, caller)
    found, external = objects.class_attribute(engine, order, "__init__", caller)
    for value in found:
        if isinstance(value, Function):
            invoke(engine, caller, register, value, args.shifted(instance), instance)
    if found or any(isinstance(cls, Class) and objects.defines(cls, "__init__") for cls in order):
        return
    names = [name for cls in reversed(order) if isinstance(cls, Class) for name in cls.namespace.body.fields]
    for position, name in enumerate(dict.fromkeys(names)):
        values = args.get(position, name)
        if values is None and args.may_pass(position, name):
            values = {UNKNOWN: None}
        if values is None:
            values = _default_of_field(engine, caller, register, order, name)
        if values is not None:
            engine.write((instance, name), values)
    if external is not None:
        method = engine.values.method(instance, "__init__", external.path)
        engine.call_external(engine, caller, register, method, args)


def _default_of_field(
    engine: Engine, caller: Activation, register: Register, order: list[Class | External], name: str
) -> Values:
    # dataclasses.field(default_factory=f) makes a value for each instance.
    results: Values = {}
    for value in objects.class_attribute(engine, order, name, caller)[0]:
        if isinstance(value, Object) and value.path == "dataclasses.field()":
            for factory in engine.read((value, "default_factory"), caller):
                results.update(dict.fromkeys(call(engine, caller, register, factory, Arguments())))
    return results


def _call_object(
    engine: Engine, caller: Activation, register: Register, callee: Object, args: Arguments
) -> Iterable[Value]:
    if callee.cls is not None:
        return call_method(engine, caller, register, callee, ("__call__", "forward"), args)
    if callee.kind == "external":
        if engine.is_decorator(caller, register):
            return args.positional[0] if args.positional else (UNKNOWN,)
        return invoke_held(engine, caller, register, callee)
    if callee.kind == "partial":
        fixed = Arguments(rest=args.rest, unknown_keywords=args.unknown_keywords, registers={})
        bound = list(engine.read((callee, objects.KEYS), caller))
        for key in bound:
            if not isinstance(key, Constant):
                continue
            values = engine.read((callee, objects.ITEM, key.value), caller)
            if isinstance(key.value, str):
                fixed.keywords[key.value] = values
            else:
                fixed.positional.append(values)
        offset = len(fixed.positional)
        fixed.positional.extend(args.positional)
        fixed.keywords.update(args.keywords)
        fixed.registers = {k + offset if isinstance(k, int) else k: r for k, r in args.registers.items()}
        fixed.unknown_keywords |= bool(engine.read((callee, objects.ANY), caller))
        results: Values = {}
        for function in engine.read((callee, "function"), caller):
            if function is not callee:
                results.update(dict.fromkeys(call(engine, caller, register, function, fixed)))
        return results
    if callee.kind in ("staticmethod", "property", "classmethod"):
        return (callee,)
    return (UNKNOWN,)


def call_method(
    engine: Engine, caller: Activation, register: Register, receiver: Object, names: tuple[str, ...], args: Arguments
) -> Iterable[Value]:
    """Call the first of the methods `names` that the class of `receiver` defines, else what `receiver` holds."""
    assert receiver.cls is not None
    order = objects.mro(engine, receiver.cls, caller)
    for name in names:
        found, _ = objects.class_attribute(engine, order, name, caller)
        if found:
            results: Values = {}
            for method in objects.bind(engine, found, receiver, receiver.cls):
                results.update(dict.fromkeys(call(engine, caller, register, method, args)))
            return results
        if any(isinstance(cls, Class) and objects.defines(cls, name) for cls in order):
            return ()
    _run_hooks(engine, caller, register, receiver, order)
    return invoke_held(engine, caller, register, receiver)


def _run_hooks(
    engine: Engine, caller: Activation, register: Register, receiver: Object, order: list[Class | External]
) -> None:
    for hook in dict.fromkeys(name for cls in order if isinstance(cls, External) for name in hooks_of(cls.path)):
        found, _ = objects.class_attribute(engine, order, hook, caller)
        for method in objects.bind(engine, found, receiver, receiver.cls):
            _run_unseen(engine, caller, register, method)


def invoke_held(
    engine: Engine, caller: Activation, register: Register, target: Object, items: bool = False
) -> Iterable[Value]:
    """External code runs what `target` holds: a container of transforms, a wrapper around a dataset.

    `items` says that its items are taken, not that it is called. What a function made (``series.apply(f)``,
    ``pool.map(f, ...)``), other than a class, has called then what it was handed, and holds results.
    """
    found, lasting = callbacks.run_by(engine, caller, target, items)
    # A list that is the one seen before says that nothing has grown; what `lasting` has is run all the same.
    place = (caller, register, target, items)
    known = engine.called_back_at.get(place) is found
    engine.called_back_at[place] = found
    for value in lasting if known else found:
        run_callback(engine, caller, register, value)
    return (UNKNOWN,)


def run_callback(engine: Engine, caller: Activation, register: Register, value: Value) -> None:
    """External code calls `value`, or takes its items."""
    # Objects that hold one another would be gone through again and again within one call.
    if (caller, register, value) in engine.called_back:
        return
    if engine.call_depth:
        engine.called_back.add((caller, register, value))
    for each in callbacks.run_of(engine, caller, value):
        _run_unseen(engine, caller, register, each)


def _run_unseen(engine: Engine, caller: Activation, register: Register, value: Value) -> None:
    # A call with arguments that nothing shows, whose result nobody asks for.
    if isinstance(value, Function):
        invoke(engine, caller, register, value, ANYTHING, unasked=True)
    elif isinstance(value, Bound) and isinstance(value.function, Function):
        args = ANYTHING.shifted(value.receiver)
        invoke(engine, caller, register, value.function, args, value.receiver, unasked=True)
    else:
        call(engine, caller, register, value, ANYTHING)
