"""What one activation does to RNG states, in order: its draws, its seedings and its calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reseed.facts.model import Attribute, Call, Global, Register
from reseed.knowledge import global_draws, library_draws, numpy_global
from reseed.knowledge.seeding import RngObject, Seeder, rng_object_of, seeder_of
from reseed.program.arguments import arguments_of
from reseed.program.calls import is_none
from reseed.program.engine import Activation, Engine
from reseed.program.objects import PARTS
from reseed.program.values import External, Method, Object, Value, Values

NUMPY_GLOBAL = "numpy-global"
ALL_STATES = frozenset({"*"})
# Libraries whose seeding functions the tables list: another function of theirs with "seed" in its name seeds nothing.
_NOT_HELPERS = frozenset({"builtins", "numpy", "os", "random", "torch"})


@dataclass(frozen=True, slots=True)
class DrawEffect:
    """The call at `register` draws from `state`; `path` is the external path of what it calls."""

    register: Register
    state: str
    path: str


@dataclass(frozen=True, slots=True)
class SeedEffect:
    """The call at `register` seeds `states`; `argument` is the register of the seed, None where there is none.

    `row` is what is known of the function, None where only its name says that it seeds something.
    """

    register: Register
    states: frozenset[str]
    argument: Register | None = None
    row: Seeder | RngObject | None = None


Effect = DrawEffect | SeedEffect


def effects_of(engine: Engine, activation: Activation) -> list[Effect]:
    """The draws and seedings in the body of `activation` itself, in order."""
    found: list[Effect] = []
    for register, instruction in enumerate(activation.body.instructions):
        if not isinstance(instruction, Call) or not activation.registers[instruction.function]:
            continue
        if engine.is_live(activation, register):
            found.extend(_effects_of_call(engine, activation, register, instruction))
    return found


def _effects_of_call(engine: Engine, activation: Activation, register: Register, call: Call) -> Iterator[Effect]:
    named = False
    for path in callee_paths(engine, activation, call):
        canonical = numpy_global.canonical(path)
        seeder = seeder_of(canonical)
        row = library_draws.draw_of(canonical)
        if numpy_global.is_draw(canonical):
            yield DrawEffect(register, NUMPY_GLOBAL, canonical)
        elif (state := global_draws.state_drawn(canonical)) is not None:
            if all(argument.keyword != "generator" for argument in call.arguments):
                yield DrawEffect(register, state, canonical)
        elif seeder is not None:
            seed = _argument(engine, activation, call, seeder.position, seeder.seed_parameter)
            yield SeedEffect(register, frozenset(seeder.states), seed, seeder)
        elif (rng := rng_object_of(canonical)) is not None:
            seed = _argument(engine, activation, call, rng.position, rng.seed_parameter)
            yield SeedEffect(register, frozenset({rng.state}), seed, rng)
        elif canonical in numpy_global.STATE_SETTERS:
            yield SeedEffect(register, frozenset({NUMPY_GLOBAL}))
        elif row is not None:
            if _moves_state(engine, activation, call, row):
                yield DrawEffect(register, row.state, canonical)
        else:
            named |= canonical.split(".")[0] not in _NOT_HELPERS
    if named and "seed" in _last_name(activation, call).lower():
        # A helper outside the program that says it seeds: what it does is unknown, so it accuses nobody.
        yield SeedEffect(register, ALL_STATES)


def callee_paths(engine: Engine, activation: Activation, call: Call) -> list[str]:
    """External paths of what `call` calls: directly, through ``functools.partial``, or ``map`` over them."""
    values = list(activation.registers[call.function])
    if any(isinstance(value, External) and value.path == "builtins.map" for value in values) and call.arguments:
        values.extend(activation.registers[call.arguments[0].value])
    for value in list(values):
        if isinstance(value, Object) and value.kind == "partial":
            values.extend(engine.read((value, "function")))
        elif isinstance(value, Object) and value.kind == "external":
            values.extend(engine.read((value, PARTS)))
    return list(dict.fromkeys(paths_of(dict.fromkeys(values))))


def paths_of(values: Values) -> Iterator[str]:
    """External paths among the values of a callee."""
    for value in values:
        if isinstance(value, External):
            yield value.path
        elif isinstance(value, Method) and value.base:
            inside = value.base if value.receiver.kind == "external" else f"{value.base}()"
            yield f"{inside}.{value.name}"


def _last_name(activation: Activation, call: Call) -> str:
    callee = activation.body.instructions[call.function]
    if isinstance(callee, (Attribute, Global)):
        return callee.name
    return call.text.rsplit(".", 1)[-1]


def _argument(
    engine: Engine, activation: Activation, call: Call, position: int | None, name: str | None
) -> Register | None:
    index = 0
    for argument in call.arguments:
        if argument.star:
            return argument.value
        if argument.keyword is None:
            if index == position:
                return argument.value
            index += 1
        elif argument.keyword == name:
            return argument.value
    return None


def _moves_state(engine: Engine, activation: Activation, call: Call, row: library_draws.LibraryDraw) -> bool:
    args = arguments_of(engine, activation, call)
    if args.may_pass(row.position, row.unless) or (row.fresh is not None and row.fresh in args.keywords):
        return False
    values = args.get(row.position, row.unless)
    return values is None or all(is_none(value) or _is_numpy_random(value) for value in values)


def _is_numpy_random(value: Value) -> bool:
    return isinstance(value, External) and numpy_global.canonical(value.path) == "numpy.random"
