"""What one activation does to RNG states, in order: its draws, its seedings and its calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reseed.facts.model import Attribute, Call, Global, Item, Register, SetAttribute
from reseed.knowledge import global_draws, library_draws, numpy_global, object_draws
from reseed.knowledge.seeding import RngObject, Seeder, rng_object_of, seeder_of
from reseed.program.activation import Activation
from reseed.program.arguments import arguments_of
from reseed.program.calls import is_none
from reseed.program.engine import Engine
from reseed.program.objects import PARTS, RNG
from reseed.program.rng_objects import objects_in
from reseed.program.rng_uses import rng_uses
from reseed.program.values import UNKNOWN, Constant, External, Method, Object, Value, Values

NUMPY_GLOBAL = "numpy-global"
ALL_STATES = frozenset({"*"})
# Methods of unknown receivers that draw from what they are given as random_state=.
_SAMPLING = frozenset({"resample", "rvs", "sample"})
# What compiles functions gives functions that draw from the RNG objects which they are handed.
_COMPILERS = ("numba.",)
# Libraries whose seeding functions the tables list: another function of theirs with "seed" in its name seeds nothing.
_NOT_HELPERS = frozenset({"builtins", "numpy", "os", "random", "torch"})


@dataclass(frozen=True, slots=True)
class DrawEffect:
    """The call at `register` draws from `state`; `path` is the external path of what it calls.

    Where the state is that of an RNG object of the program, the register `source` holds it, or its bound method.
    """

    register: Register
    state: str
    path: str
    source: Register | None = None


@dataclass(frozen=True, slots=True)
class SeedEffect:
    """The call at `register` seeds `states`; `argument` is the register of the seed, None where there is none.

    `row` is what is known of the function, None where only its name says that it seeds something. The register `target`
    holds the RNG object that is seeded, where it is one of the program.
    """

    register: Register
    states: frozenset[str]
    argument: Register | None = None
    row: Seeder | RngObject | None = None
    target: Register | None = None


Effect = DrawEffect | SeedEffect


def effects_of(engine: Engine, activation: Activation) -> list[Effect]:
    """The draws and seedings in the body of `activation` itself, in order."""
    found: list[Effect] = []
    for register, instruction in enumerate(activation.body.instructions):
        if isinstance(instruction, SetAttribute):
            if instruction.name == "state" and engine.is_live(activation, register):
                found.extend(_effects_of_state(engine, activation, register, instruction))
            continue
        subject = instruction.function if isinstance(instruction, Call) else getattr(instruction, "value", None)
        if not isinstance(instruction, (Call, Item)) or subject is None or not activation.registers[subject]:
            continue
        if engine.is_live(activation, register):
            if isinstance(instruction, Call):
                found.extend(_effects_of_call(engine, activation, register, instruction))
            uses = rng_uses(engine, activation, register, instruction)
            found.extend(DrawEffect(register, use.state, use.path) for use in uses)
    return found


def _effects_of_call(engine: Engine, activation: Activation, register: Register, call: Call) -> Iterator[Effect]:
    named = False
    yield from _object_draws(engine, activation, register, call)
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
            target = _holder(engine, activation, call) if "()" in seeder.path else None
            yield SeedEffect(register, frozenset(seeder.states), seed, seeder, target)
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


def _object_draws(engine: Engine, activation: Activation, register: Register, call: Call) -> Iterator[Effect]:
    values = activation.registers[call.function]
    holder = _holder(engine, activation, call)
    if holder is not None:
        for path in _method_paths(engine, values):
            state = object_draws.state_drawn_by(path)
            if state is not None:
                yield DrawEffect(register, state, path, holder)
            elif path.rpartition(".")[2] in object_draws.STATE_SETTERS:
                states = _states_in(engine, activation.registers[holder])
                yield SeedEffect(register, states, target=holder)
        return
    for path in [*paths_of(values), *([_last_name(activation, call)] if UNKNOWN in values else [])]:
        handed = dict.fromkeys(_drawn_arguments(engine, activation, call, path))
        for argument in handed:
            for state in sorted(_states_in(engine, activation.registers[argument])):
                yield DrawEffect(register, state, path, argument)
        if handed:
            return


def _drawn_arguments(engine: Engine, activation: Activation, call: Call, path: str) -> Iterator[Register]:
    # Which arguments hold RNG objects that the function `path`, outside the program, draws from.
    row = library_draws.draw_of(numpy_global.canonical(path))
    name = path.rpartition(".")[2]
    if row is not None:
        wanted = _argument(engine, activation, call, row.position, row.unless)
        if wanted is not None and _is_rng(engine, activation, wanted):
            yield wanted
    for argument in call.arguments:
        if not _is_rng(engine, activation, argument.value):
            continue
        if argument.keyword == "generator":
            drawn = object_draws.takes_generator(path)
        elif row is not None and argument.keyword is not None:
            drawn = argument.keyword in (row.unless, row.fresh)
        elif argument.keyword == "random_state":
            drawn = name in _SAMPLING
        else:
            drawn = path.startswith(_COMPILERS) and path.endswith("()")
        values = activation.registers[argument.value]
        methods = any(object_draws.state_drawn_by(bound) for bound in _method_paths(engine, values))
        # What is handed a bound draw method calls it; a class, or a partial, keeps it.
        if drawn or (methods and "." in path and not name[:1].isupper() and path != "functools.partial"):
            yield argument.value


def _effects_of_state(
    engine: Engine, activation: Activation, register: Register, instruction: SetAttribute
) -> Iterator[Effect]:
    # rng.bit_generator.state = state
    if any(isinstance(v, Method) and v.name == "bit_generator" for v in activation.registers[instruction.target]):
        states = _states_in(engine, activation.registers[instruction.target])
        if states:
            yield SeedEffect(register, states, target=instruction.target)


def _holder(engine: Engine, activation: Activation, call: Call) -> Register | None:
    # The register of the RNG object whose method is called, or of the bound method.
    callee = activation.body.instructions[call.function]
    if isinstance(callee, Attribute) and _is_rng(engine, activation, callee.value):
        return callee.value
    return call.function if _is_rng(engine, activation, call.function) else None


def _is_rng(engine: Engine, activation: Activation, register: Register) -> bool:
    return any(objects_in(engine, activation.registers[register]))


def _states_in(engine: Engine, values: Values) -> frozenset[str]:
    rows = [rng_object_of(made.path.removesuffix("()")) for made in objects_in(engine, values)]
    return frozenset(row.state for row in rows if row is not None)


def _method_paths(engine: Engine, values: Values) -> list[str]:
    methods = [value for value in values if isinstance(value, Method) and value.receiver.kind == RNG]
    for value in values:
        if isinstance(value, Object) and value.kind == "partial":
            methods.extend(v for v in engine.read((value, "function")) if isinstance(v, Method))
    return list(dict.fromkeys(paths_of(dict.fromkeys(methods))))


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
        if isinstance(value, External) or (isinstance(value, Object) and value.kind == RNG):
            yield value.path
        elif isinstance(value, Method) and value.base:
            inside = value.base if value.receiver.kind in ("external", RNG) else f"{value.base}()"
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
    if row.needs is not None:
        name, position, wanted = row.needs
        given = args.get(position, name) or {}
        return any(isinstance(value, Constant) and value.value in wanted for value in given)
    if row.unless is None:
        return True
    if args.may_pass(row.position, row.unless) or (row.fresh is not None and row.fresh in args.keywords):
        return False
    values = args.get(row.position, row.unless)
    return values is None or all(is_none(value) or _is_numpy_random(value) for value in values)


def _is_numpy_random(value: Value) -> bool:
    return isinstance(value, External) and numpy_global.canonical(value.path) == "numpy.random"
