"""The RNG objects that worker code can get at: in a dataset, in what it holds, in the modules of its classes."""

from __future__ import annotations

import functools
import gc
import sys
import sysconfig
import types
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from reseed.witness.states import global_rngs, is_rng

_MOST_OBJECTS = 20_000
_MOST_ELEMENTS = 256  # of one container: file names and annotations come by the million, transforms do not
_ATOMS = frozenset(
    [str, bytes, int, float, complex, bool, type(None), type(...), types.ModuleType, types.BuiltinFunctionType]
)
_INSTALLED = tuple(sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib"))


def find(roots: Mapping[str, object], library_rngs: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Name every RNG object that can be reached from `roots`, each by the shortest path to it.

    `library_rngs` are those of `library_rngs()`, looked up again here since a name may be bound anew.
    """
    found: dict[str, Any] = {}
    seen: set[int] = {id(rng) for rng in global_rngs().values()}
    queue: deque[tuple[str, object]] = deque(roots.items())
    keep: list[object] = []  # an id is good only while its object lives
    while queue and len(keep) < _MOST_OBJECTS:
        name, value = queue.popleft()
        if type(value) in _ATOMS or id(value) in seen:
            continue
        seen.add(id(value))
        keep.append(value)
        if is_rng(value):
            found[name] = value
        else:
            queue.extend(_parts(name, value))
    for name, (module, attribute) in library_rngs.items():
        value = getattr(sys.modules.get(module), attribute, None)
        if is_rng(value) and id(value) not in seen:
            found[name] = value
    return found


@functools.cache
def _library_rngs_of(module: str) -> tuple[str, ...]:
    names = vars(sys.modules[module])
    return tuple(sorted(name for name, value in list(names.items()) if is_rng(value)))


def library_rngs() -> dict[str, tuple[str, str]]:
    """The RNG objects that installed libraries keep at module level: a name to a module and its attribute."""
    known = {id(rng) for rng in global_rngs().values()}
    return {
        f"{module}.{attribute}": (module, attribute)
        for module, loaded in sorted(list(sys.modules.items()))
        if isinstance(loaded, types.ModuleType) and not _is_own(module)
        for attribute in _library_rngs_of(module)
        if id(getattr(loaded, attribute, None)) not in known
    }


def _parts(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for position, (key, element) in enumerate(list(dict.items(value))[:_MOST_ELEMENTS]):
            yield f"{name}[{repr(key) if type(key) in _ATOMS else position}]", element
    elif isinstance(value, (list, tuple, set, frozenset, deque)):
        for index, element in zip(range(_MOST_ELEMENTS), list(value), strict=False):
            yield f"{name}[{index}]", element
    elif isinstance(value, types.MethodType):
        yield name, value.__self__
        yield name, value.__func__
    elif isinstance(value, types.FunctionType):
        for variable, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=False):
            try:
                yield f"{name}.{variable}", cell.cell_contents
            except ValueError:  # not bound yet
                continue
        yield f"{name}.__defaults__", value.__defaults__ or ()
        yield f"{name}.__kwdefaults__", value.__kwdefaults__ or {}
        yield from _attributes(name, value)
        yield from _module(value.__module__)
    elif isinstance(value, functools.partial):
        yield name, value.func
        yield f"{name}.args", value.args
        yield f"{name}.keywords", value.keywords
    elif isinstance(value, types.GeneratorType):
        if value.gi_frame is not None:
            for variable, local in list(value.gi_frame.f_locals.items()):
                yield f"{name}.{variable}", local
    elif isinstance(value, type):
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
            for index, part in zip(range(_MOST_ELEMENTS), gc.get_referents(value), strict=False):
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


@functools.cache
def _is_own(module: str) -> bool:
    # The user's own, in contrast to an installed library.
    loaded = sys.modules.get(module)
    if loaded is None or module.partition(".")[0] in sys.stdlib_module_names:
        return False
    origin = getattr(loaded, "__file__", None)
    return module in ("__main__", "__mp_main__") or (bool(origin) and not str(origin).startswith(_INSTALLED))
