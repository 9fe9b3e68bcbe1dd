"""Calls of what the program does not define: libraries, and methods that external classes bring.

External code keeps what it is handed (``Compose([...])``, ``Subset(dataset, ...)``): when its result is called, indexed
or iterated in worker code, it may run them. Functions handed over are taken to be called on the spot as well.
"""

from __future__ import annotations

from collections.abc import Iterable

from reseed.facts.model import Register
from reseed.knowledge.datasets import is_wrapper
from reseed.knowledge.loaders import loader_of
from reseed.knowledge.random_objects import random_class_of
from reseed.knowledge.seeding import RNG_OBJECTS, rng_object_of
from reseed.program import objects, rng_objects
from reseed.program.activation import Activation
from reseed.program.arguments import Arguments
from reseed.program.builtin_calls import HANDLERS
from reseed.program.calls import invoke_held, is_none, run_callback
from reseed.program.containers import container_method
from reseed.program.engine import Engine
from reseed.program.values import UNKNOWN, Bound, Constant, External, Function, Method, Object, Value

# What a decorator of these packages gives does not run the function's Python.
_COMPILED = ("numba.", "torch.jit.", "tensorflow.", "jax.", "triton.")
# What more transforms may be added to later: compose.transforms.append(...).
_PIPELINES = ("Compose", "Sequential", "ModuleList")
# Methods of torch.nn.Module and its kind that give the object itself.
_RETURN_SELF = frozenset({"cpu", "cuda", "double", "eval", "float", "half", "requires_grad_", "to", "train"})
# Decorators of other packages may change what calling the function gives.
_KEEP_MEANING = frozenset(
    {"abc", "builtins", "contextlib", "functools", "numpy", "torch", "typing", "typing_extensions"}
)
_RANDOM_STATE = next(row for row in RNG_OBJECTS if row.path == "numpy.random.RandomState")
_TRANSPARENT = ("copy.copy", "copy.deepcopy", "builtins.reversed", "typing.cast")


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
    if path in ("sklearn.utils.check_random_state", "sklearn.utils.validation.check_random_state"):
        return _check_random_state(engine, caller, register, args)
    row = rng_object_of(path)
    if row is not None:
        return rng_objects.make(engine, caller, register, path, row, args)
    handler = HANDLERS.get(path)
    if handler is not None:
        return handler(engine, caller, register, args)
    if path in _TRANSPARENT:
        return args.get(0, "x") or (UNKNOWN,)
    if path.startswith("builtins."):
        return (engine.values.external(f"{path}()"),)
    return _call_library(engine, caller, register, path, args)


def _check_random_state(engine: Engine, caller: Activation, register: Register, args: Arguments) -> Iterable[Value]:
    # None means NumPy's global state, an integer a RandomState of one's own (sklearn 1.9, sklearn/utils/validation.py).
    for value in args.get(0, "seed") or {}:
        if is_none(value):
            yield engine.values.external("numpy.random")
        elif isinstance(value, Constant):
            yield from rng_objects.make(engine, caller, register, _RANDOM_STATE.path, _RANDOM_STATE, Arguments())
        else:
            yield value


def _call_library(
    engine: Engine, caller: Activation, register: Register, path: str, args: Arguments
) -> Iterable[Value]:
    if loader_of(path) is not None:
        engine.loader_calls[caller, register] = (path, args)
        return (engine.values.object("external", caller.site(register), caller.context, path=f"{path}()"),)
    if path.startswith(_COMPILED):
        return (engine.values.external(f"{path}()"),)
    kept = args.code(engine, caller)
    if is_wrapper(path):
        result = engine.values.object("external", caller.site(register), caller.context, path=f"{path}()")
        objects.hold(engine, result, kept)
        engine.write((result, objects.WRAPPED), args.positional[0] if args.positional else args.all_values())
        return (result,)
    row = random_class_of(path)
    keeps = row is not None or path.rpartition(".")[2] in _PIPELINES or path == "dataclasses.field"
    if not kept and not keeps:
        return (engine.values.external(f"{path}()"),)
    for value in kept:
        if isinstance(value, (Function, Bound)) or (isinstance(value, Object) and value.kind == "partial"):
            run_callback(engine, caller, register, value)
    result = engine.values.object("external", caller.site(register), caller.context, path=f"{path}()")
    objects.hold(engine, result, kept)
    if path.rpartition(".")[2] in _PIPELINES:
        engine.write((result, objects.PARTS), _parts_of_library(engine, caller, args))
    for keyword, values in args.keywords.items():
        engine.write((result, keyword), values)
    if row is not None:
        unseen = args.unknown_keywords or args.rest is not None
        objects.keep_arguments(engine, result, args.positional, args.keywords, unseen)
    return (result,)


def _parts_of_library(engine: Engine, caller: Activation, args: Arguments) -> Iterable[Value]:
    for value in list(args.all_values()):
        inner = objects.held(engine, caller, value) if isinstance(value, Object) else [value]
        for part in inner:
            if isinstance(part, External):
                yield part


def _decorate(engine: Engine, path: str, args: Arguments) -> Iterable[Value]:
    # A decorator that we do not know gives a function that does what the decorated one does, unless it compiles it.
    if path.lstrip(".").startswith(_COMPILED):
        return (engine.values.external(f"{path}()"),)
    if not args.positional:
        return (UNKNOWN,)
    known = path.split(".")[0] in _KEEP_MEANING or not any(isinstance(v, (Function, Bound)) for v in args.positional[0])
    return args.positional[0] if known else {**args.positional[0], UNKNOWN: None}


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
        return list(container_method(engine, caller, register, receiver, method.name, args))
    if receiver.kind == objects.RNG:
        known = rng_objects.derived(engine, caller, register, method)
        return known or _call_library(engine, caller, register, f"{method.base}.{method.name}", args)
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
    if not objects.is_loader_object(receiver) and receiver.path != "dataclasses.field()":
        invoke_held(engine, caller, register, receiver)
    objects.hold(engine, receiver, args.all_values())
    for value in args.all_values():
        if isinstance(value, (Function, Bound)):
            run_callback(engine, caller, register, value)
    if method.name in _RETURN_SELF:
        return (receiver,)
    return (engine.values.external(f"{path}()"),)
