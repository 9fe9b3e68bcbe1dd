"""Draws from RNGs that libraries keep for themselves: by a function, or by an object that a library made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reseed.facts.model import Call, Instruction, Item, Register
from reseed.knowledge.datasets import dataset_base, is_quiet
from reseed.knowledge.library_rngs import RngCall, rng_call_of
from reseed.knowledge.random_class import CALL, RandomClass
from reseed.knowledge.random_objects import (
    MONAI_BASES,
    NUMPY_BEFORE,
    NUMPY_SINCE,
    draws_through,
    drew_from_numpy,
    is_of_other_versions,
    random_class_of,
)
from reseed.knowledge.spelling import spellings
from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.arguments import arguments_of
from reseed.program.calls import is_none
from reseed.program.engine import Engine
from reseed.program.values import Constant, External, Method, Object, Unknown, Value, Values


@dataclass(frozen=True, slots=True)
class RngUse:
    """A draw from the state `state`; `path` is what draws.

    Where an object of the library does, `made` is it, and `called` what was called and holds it, or it again.
    """

    state: str
    path: str
    made: Object | None = None
    called: Object | None = None


def rng_uses(engine: Engine, activation: Activation, register: Register, instruction: Instruction) -> list[RngUse]:
    """The draws of the call, or of the taking of an item, at `register`, each state once."""
    found: dict[str, RngUse] = {}
    if isinstance(instruction, Call):
        for value in _callees(engine, activation, instruction):
            for use in _uses_of_callee(engine, activation, instruction, value):
                found.setdefault(use.state, use)
    elif isinstance(instruction, Item):
        for value in activation.registers[instruction.value]:
            if isinstance(value, Object) and is_dataset(value):
                for use in uses_of_object(engine, value, CALL):
                    found.setdefault(use.state, use)
    return list(found.values())


def is_dataset(value: Object) -> bool:
    """Whether `value` is a library's dataset: where its items are taken, the transforms that it was given run."""
    return value.kind == "external" and (dataset_base(value.path) is not None or is_quiet(value.path))


def uses_of_object(engine: Engine, target: Object, method: str) -> Iterator[RngUse]:
    """What `method` of `target` draws: by itself, and by the library's objects that it holds and runs."""
    inside = objects.contents(engine, None, target)
    others = any(is_of_other_versions(value.path) for value in inside if isinstance(value, (External, Object)))
    for value in inside:
        row = random_class_of(value.path) if isinstance(value, Object) and value.kind == "external" else None
        if row is None or not isinstance(value, Object):
            continue
        # What holds a transform calls it, and hands on the calls of such methods as it has itself.
        called = method in row.methods or (value is target and draws_through(row, method))
        if called and _is_random(engine, value, row):
            if not others:
                yield RngUse(row.state, value.path, value, target)
            if drew_from_numpy(value.path) and _has_old_albumentations(engine):
                yield RngUse("numpy-global", value.path, value, target)


def _has_old_albumentations(engine: Engine) -> bool:
    # Only where the project says so: newer versions draw from elsewhere.
    found = engine.linker.declared("albumentations")
    ranges = [one.allowed for one in found]
    return bool(found) and all(
        allowed.meets(NUMPY_SINCE, None) and not allowed.meets(NUMPY_BEFORE, None) for allowed in ranges
    )


def _callees(engine: Engine, activation: Activation, call: Call) -> Iterator[Value]:
    for value in list(activation.registers[call.function]):
        yield value
        if isinstance(value, External) and value.path == "builtins.map" and call.arguments:
            yield from list(activation.registers[call.arguments[0].value])
        elif isinstance(value, Object) and value.kind == "partial":
            yield from list(engine.read((value, "function")))


def _uses_of_callee(engine: Engine, activation: Activation, call: Call, value: Value) -> Iterator[RngUse]:
    if isinstance(value, Object) and value.kind == "external" and not objects.is_loader_object(value):
        yield from uses_of_object(engine, value, CALL)
    elif isinstance(value, Method):
        if value.receiver.kind == "external":
            yield from uses_of_object(engine, value.receiver, value.name.split(".")[0])
        elif value.name.startswith("R.") and is_randomizable(engine, value.receiver):
            yield RngUse("monai", f"{value.base}().{value.name}", None, value.receiver)
    if isinstance(value, (External, Method)):
        path = value.path if isinstance(value, External) else _path_of(value)
        row = rng_call_of(path)
        if row is not None and _is_drawing(engine, activation, call, row):
            yield RngUse(row.state, path)


def _path_of(method: Method) -> str:
    inside = method.base if method.receiver.kind == "external" else f"{method.base}()"
    return f"{inside}.{method.name}"


def _is_drawing(engine: Engine, activation: Activation, call: Call, row: RngCall) -> bool:
    args = arguments_of(engine, activation, call)
    for name, position in row.unless:
        values = args.get(position, name)
        if args.may_pass(position, name) or not (values is None or all(is_none(value) for value in values)):
            return False
    if row.needs is None:
        return True
    name, position, wanted = row.needs
    values = args.get(position, name)
    return bool(values) and all(_is_one_of(value, wanted) for value in values or ())


def _is_one_of(value: Value, wanted: tuple[object, ...]) -> bool:
    if isinstance(value, Constant):
        return value.value in wanted
    return isinstance(value, External) and value.path in wanted


def is_randomizable(engine: Engine, receiver: Object) -> bool:
    """Whether `receiver` is an instance of one of MONAI's classes with an RNG, which the program derives from."""
    if receiver.cls is None:
        return False
    paths = [base.path for base in objects.mro(engine, receiver.cls) if isinstance(base, External)]
    return any(name in MONAI_BASES for path in paths for name in spellings(path)) or any(
        (row := random_class_of(path)) is not None and row.state == "monai" for path in paths
    )


def _is_random(engine: Engine, made: Object, row: RandomClass) -> bool:
    if engine.read((made, objects.GIVEN)):
        return False  # it may have been given anything
    if row.steady is not None and _constants(_argument(engine, made, row.steady, None)) not in (None, {True}):
        return False
    if not all(_has(engine, made, name, position, wanted) for name, position, wanted in row.needs):
        return False
    if row.chance is not None:
        name, position, default = row.chance
        chances = _constants(_argument(engine, made, name, position))
        if chances is None:
            chances = {1.0 if _constants(_argument(engine, made, "always_apply", None)) == {True} else default}
        elif not chances:
            chances = {default}  # not seen: what is rare by default is meant to be rare
        if all(isinstance(chance, (int, float)) and chance <= 0 for chance in chances):
            return False
        if all(isinstance(chance, (int, float)) and 0 < chance < 1 for chance in chances):
            return True
    if row.kind in ("always", "never"):
        return row.kind == "always"
    given = list(_arguments(engine, made, row))
    if row.kind == "unless-fixed":
        return not any(_is_range(engine, value, wide=False) for value in given)
    if row.kind == "unless-given" and not given:
        return True
    return any(_is_range(engine, value, wide=True) for value in given)


def _has(engine: Engine, made: Object, name: str, position: int | None, wanted: tuple[str | bool, ...]) -> bool:
    texts = tuple(value for value in wanted if isinstance(value, str))
    return any(
        value.startswith(texts) if isinstance(value, str) else value in wanted
        for value in _constants(_argument(engine, made, name, position)) or ()
    )


def _argument(engine: Engine, made: Object, name: str, position: int | None) -> Values | None:
    for key in (name, position):
        if engine.is_known((made, objects.GIVEN, key)):
            return engine.read((made, objects.GIVEN, key))
    return None


def _constants(values: Values | None) -> set[object] | None:
    # None where there is no argument, empty where its values are not all seen.
    if values is None:
        return None
    if not all(isinstance(value, Constant) for value in values):
        return set()
    return {value.value for value in values if isinstance(value, Constant)}


def _arguments(engine: Engine, made: Object, row: RandomClass) -> Iterator[Value]:
    position = 0
    while engine.is_known((made, objects.GIVEN, position)):
        yield from engine.read((made, objects.GIVEN, position))
        position += 1
    for name in engine.read((made, objects.KEYS)):
        if isinstance(name, Constant) and not (row.chance is not None and name.value == row.chance[0]):
            yield from engine.read((made, objects.GIVEN, name.value))


def _is_range(engine: Engine, value: Value, wide: bool) -> bool:
    # Whether an argument is a range: of several values, or of a single one.
    if isinstance(value, External):
        return wide and value.path.startswith("imgaug.parameters.") and not value.path.endswith("Deterministic()")
    if not isinstance(value, Object):
        return False
    if value.kind == "dict":
        return any(_is_range(engine, inner, wide) for inner in engine.read((value, objects.ALL)))
    if value.kind not in ("tuple", "list") or engine.read((value, objects.ANY)):
        return False
    keys = [key.value for key in engine.read((value, objects.KEYS)) if isinstance(key, Constant)]
    if len(keys) < 2 or (value.kind == "tuple" and len(keys) != 2):
        return False
    ends = [list(engine.read((value, objects.ITEM, key))) for key in keys]
    if not all(len(end) == 1 and not isinstance(end[0], (Object, Unknown)) for end in ends):
        return False
    return (len({end[0] for end in ends}) > 1) == wide
