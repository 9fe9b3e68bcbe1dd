"""RNG objects: where they are made, and what their methods give.

An RNG object is an `Object` of kind ``"rng"``, so that the place that makes it is known wherever it is drawn from.
`Engine.makers` has the activations that run there: one of worker code makes an object for each worker, any other makes
one that all workers copy. What is derived from an RNG object (``spawn()``, ``copy.deepcopy``, a ``Generator`` over the
same bit generator) stands for the object itself: a copy that a worker makes of what all share is the same in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reseed.facts.model import Register
from reseed.knowledge.seeding import RngObject, rng_object_of
from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.arguments import Arguments
from reseed.program.engine import Engine
from reseed.program.values import Class, Context, External, Method, Object, Site, Value, Values

_DERIVED = frozenset({"clone_state", "manual_seed"})
# Classes of the program that may derive from these are RNG objects, unless they say themselves where numbers come from.
_BASES = frozenset({"numpy.random.Generator", "numpy.random.RandomState", "random.Random"})
_NEUTRAL = frozenset({"abc.ABC", "builtins.object", "typing.Generic"})
_SOURCES = (
    *("getrandbits", "seed", "getstate", "setstate", "get_state", "set_state", "bit_generator"),
    *("__new__", "__getattr__", "__getattribute__", "__getstate__", "__setstate__", "__reduce__"),
)


def make(
    engine: Engine, caller: Activation, register: Register, path: str, row: RngObject, args: Arguments
) -> Iterable[Value]:
    """The RNG object that the constructor `path` makes at `register` of `caller`."""
    given = args.get(row.position, row.seed_parameter) if row.seed_parameter is not None else None
    inside = list(objects_in(engine, given or {}, caller))
    if row.state == "numpy.random.Generator" and inside:
        return [_over(engine, path, each) for each in inside]
    made = engine.values.object(objects.RNG, caller.site(register), caller.context, path=f"{path}()")
    engine.makers.setdefault(made, {})[caller] = None
    return (made,)


def _over(engine: Engine, path: str, given: Object) -> Object:
    # A Generator over a bit generator that is there already, and over one's own: it is as old as what it draws from.
    row = rng_object_of(given.path.removesuffix("()"))
    if row is not None and row.state == "numpy.random.Generator":
        return given
    made = engine.values.object(objects.RNG, given.site, given.context, path=f"{path}()")
    engine.makers[made] = engine.makers[given]
    return made


def instance(
    engine: Engine, caller: Activation, site: Site, context: Context, cls: Class, order: list[Class | External]
) -> Object:
    """An instance of `cls`, whose bases are `order`: an RNG object if it is derived from a class of these."""
    base = _base(engine, order)
    if base is None:
        made = engine.values.object("instance", site, context, cls)
        engine.instances.setdefault(cls, {})[made] = None
    else:
        made = engine.values.object(objects.RNG, site, context, cls, path=f"{base}()")
        engine.makers.setdefault(made, {})[caller] = None
    return made


def _base(engine: Engine, order: list[Class | External]) -> str | None:
    paths = [base.path for base in order if isinstance(base, External) and base.path not in _NEUTRAL]
    row = rng_object_of(paths[0]) if len(paths) == 1 else None
    if row is None or row.state not in _BASES or row.path not in _BASES:
        return None
    names = (*_SOURCES, "random") if row.state == "random.Random" else _SOURCES
    own = [cls for cls in order if isinstance(cls, Class)]
    return None if any(objects.defines(cls, name) for cls in own for name in names) else paths[0]


def derived(engine: Engine, caller: Activation, register: Register, method: Method) -> Iterable[Value]:
    """What a method gives that makes another object of an RNG object, or gives the object back; else nothing."""
    if method.name in _DERIVED:
        return (method.receiver,)
    if method.name != "spawn":
        return ()
    children = engine.values.object("list", caller.site(register), caller.context)
    objects.put_item(engine, children, None, (method.receiver,))
    return (children,)


def objects_in(engine: Engine, values: Iterable[Value], reader: Activation | None = None) -> Iterator[Object]:
    """The RNG objects among `values`, those of bound methods and of partials of these included."""
    for value in values:
        if isinstance(value, Object) and value.kind == objects.RNG:
            yield value
        elif isinstance(value, Method) and value.receiver.kind == objects.RNG:
            yield value.receiver
        elif isinstance(value, Object) and value.kind == "partial":
            functions: Values = engine.read((value, "function"), reader)
            yield from (
                each.receiver for each in functions if isinstance(each, Method) and each.receiver.kind == objects.RNG
            )
