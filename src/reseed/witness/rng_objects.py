"""The RNG objects that worker code can get at: in a dataset, in what it holds, in the modules of its classes."""

from __future__ import annotations

import functools
import gc
import sys
import sysconfig
import types
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from reseed.witness.states import global_rngs, is_rng

_MOST_OBJECTS = 20_000
_MOST_ELEMENTS = 256  # of one container: file names and annotations come by the million, transforms do not
_ATOMS = frozenset(
    [str, bytes, int, float, complex, bool, type(None), type(...), types.ModuleType, types.BuiltinFunctionType]
)
_CONTAINERS: tuple[Any, ...] = (list, tuple, set, frozenset, deque)
_INSTALLED = tuple(sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib"))


Names = dict[str, tuple[str, str]]
"""The names of RNG objects at module level, each with its module and its attribute there."""


def find(
    roots: Mapping[str, object], module_rngs: Mapping[str, tuple[str, str]], last: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Name every RNG object that can be reached from `roots`, each by the shortest path to it.

    `module_rngs` are those of `module_rngs()`, looked up again here since a name may be bound anew. What neither has
    is looked for in `last`.
    """
    found: dict[str, Any] = {}
    seen: set[int] = {id(rng) for rng in global_rngs().values()}
    keep: list[object] = []  # an id is good only while its object lives
    _search(roots, found, seen, keep)
    for name, (module, attribute) in module_rngs.items():
        value = vars(sys.modules[module]).get(attribute) if module in sys.modules else None
        if is_rng(value) and id(value) not in seen:
            seen.add(id(value))
            found[name] = value
    _search(last or {}, found, seen, keep)
    return found


def _search(roots: Mapping[str, object], found: dict[str, Any], seen: set[int], keep: list[object]) -> None:
    queue: deque[tuple[str, object]] = deque(roots.items())
    most = len(keep) + _MOST_OBJECTS
    while queue and len(keep) < most:
        name, value = queue.popleft()
        if type(value) in _ATOMS or id(value) in seen:
            continue
        seen.add(id(value))
        keep.append(value)
        if is_rng(value):
            found[name] = value
        else:
            with suppress(Exception):  # an object that cannot be looked into
                queue.extend(_parts(name, value))


@functools.cache
def _library_rngs_of(module: str) -> tuple[str, ...]:
    return _rngs_of(module)


def _rngs_of(module: str) -> tuple[str, ...]:
    names = vars(sys.modules[module])
    return tuple(sorted(name for name, value in list(names.items()) if is_rng(value)))


def module_rngs() -> Names:
    """The RNG objects that modules keep at their level: of installed libraries, and all that are the user's own."""
    known = {id(rng) for rng in global_rngs().values()}
    return {
        f"{module}.{attribute}": (module, attribute)
        for module, loaded in sorted(list(sys.modules.items()))
        if isinstance(loaded, types.ModuleType)
        for attribute in (_rngs_of if _is_own(module) else _library_rngs_of)(module)
        if id(vars(loaded).get(attribute)) not in known
    }


def _parts(name: str, value: Any) -> Iterator[tuple[str, object]]:
    # By its type alone, and past what a class overrides: neither proxies nor containers get to run code of their own.
    kind = type(value)
    container = next((base for base in _CONTAINERS if issubclass(kind, base)), None)
    if issubclass(kind, dict):
        for position, (key, element) in enumerate(list(islice(dict.items(value), _MOST_ELEMENTS))):
            yield f"{name}[{repr(key) if type(key) in _ATOMS else position}]", element
    elif container:
        for index, element in enumerate(list(islice(container.__iter__(value), _MOST_ELEMENTS))):
            yield f"{name}[{index}]", element
    elif kind is types.MethodType:
        yield name, value.__self__
        yield name, value.__func__
    elif kind is types.FunctionType:
        for variable, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=False):
            try:
                yield f"{name}.{variable}", cell.cell_contents
            except ValueError:  # not bound yet
                continue
        yield f"{name}.__defaults__", value.__defaults__ or ()
        yield f"{name}.__kwdefaults__", value.__kwdefaults__ or {}
        yield from _attributes(name, value)
        yield from _module(value.__module__)
    elif issubclass(kind, functools.partial):
        yield name, value.func
        yield f"{name}.args", value.args
        yield f"{name}.keywords", value.keywords
    elif kind is types.GeneratorType:
        if value.gi_frame is not None:
            for variable, local in list(value.gi_frame.f_locals.items()):
                yield f"{name}.{variable}", local
            yield name, value.gi_yieldfrom
    elif issubclass(kind, type):
        if _is_own(value.__module__):
            for attribute, member in list(vars(value).items()):
                inner = member.__func__ if isinstance(member, (staticmethod, classmethod)) else member
                yield f"{value.__qualname__}.{attribute}", inner
            yield from ((base.__qualname__, base) for base in value.__bases__)
            yield from _module(value.__module__)
    else:
        yield from _attributes(name, value)
        yield type(value).__qualname__, type(value)
        if _own_dict(value) is None and gc.is_tracked(value):
            for index, part in enumerate(gc.get_referents(value)[:_MOST_ELEMENTS]):
                yield f"{name}.<{index}>", part


def _attributes(name: str, value: object) -> Iterator[tuple[str, object]]:
    # Read as they are stored: a property would run code.
    for attribute, part in list((_own_dict(value) or {}).items()):
        yield f"{name}.{attribute}", part
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for attribute in (slots,) if isinstance(slots, str) else tuple(slots):
            slot = cls.__dict__.get(attribute)
            if isinstance(slot, types.MemberDescriptorType):
                try:
                    yield f"{name}.{attribute}", slot.__get__(value)
                except AttributeError:  # not set
                    continue


def _own_dict(value: object) -> dict[str, object] | None:
    # Past a `__getattr__` that has an answer to everything.
    try:
        stored = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return stored if isinstance(stored, dict) else None


def _module(name: str | None) -> Iterator[tuple[str, object]]:
    if name is not None and _is_own(name):
        for variable, value in list(vars(sys.modules[name]).items()):
            if not isinstance(value, (type, types.FunctionType)) and not variable.startswith("__"):
                yield f"{name}.{variable}", value


def _is_own(module: str) -> bool:
    # The user's own, in contrast to an installed library.
    return module in sys.modules and _is_own_loaded(module)


@functools.cache
def _is_own_loaded(module: str) -> bool:
    if module in ("__main__", "__mp_main__"):
        return True
    origin = getattr(sys.modules[module], "__file__", None)
    return bool(origin) and not str(origin).startswith(_INSTALLED)
