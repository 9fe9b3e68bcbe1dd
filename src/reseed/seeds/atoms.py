"""What seed expressions are made of: constants, sources that the tables know, NumPy's state."""

from __future__ import annotations

from reseed.facts import model
from reseed.facts.model import Register
from reseed.knowledge.numpy_global import canonical
from reseed.knowledge.seeding import COARSE, OPTIONS, SEED_RANGES, TICKS, seed_source_of
from reseed.knowledge.spelling import find
from reseed.program.activation import Activation
from reseed.program.effects import paths_of
from reseed.program.model import Program
from reseed.program.values import Constant, External, NoResult, Value, Values
from reseed.seeds.seed import (
    ANY,
    CLOCK,
    COARSE_CLOCK,
    MAX_WORKERS,
    NONE,
    OPTION,
    SLOW_CLOCK,
    WORKER,
    WORKER_EPOCH,
    Seed,
    constant,
)

_STATE = "numpy.random.get_state()"


def of_constants(values: Values) -> Seed:
    """The seed that is one of some constants."""
    if len(values) > 1:
        return ANY  # one of several constants, and what chooses is not followed
    (value,) = values
    if isinstance(value, Constant) and value.value is not None:
        return constant(value.value)
    return Seed(frozenset({NONE}))


def of_value(program: Program, value: Value) -> Seed | None:
    """The seed that a value of the points-to analysis is, None where that does not tell."""
    if isinstance(value, (Constant, NoResult)):
        return of_constants({value: None})
    if not isinstance(value, External):
        return None
    if (source := of_source(value.path)) is not None:
        return source
    if any(option in value.path for option in OPTIONS):
        name = value.path.rpartition(".")[2]
        return None if _is_set(program, name) else Seed(frozenset({OPTION}))
    if value.path == "sys.maxsize":
        return constant(2**63 - 1)
    # A type or a number that the library defines.
    return Seed(slope=0) if value.path.startswith("numpy.") and "()" not in value.path else None


def _is_set(program: Program, name: str) -> bool:
    # Whether some code assigns to an attribute of that name: then an option may not stay as the user gave it.
    return any(
        isinstance(instruction, model.SetAttribute) and instruction.name == name
        for module in program.engine.modules
        for body in module.bodies
        for instruction in body.instructions
    )


def of_source(path: str) -> Seed | None:
    """What stands at `path`, or what calling it gives where it ends in ``()``; None where no table says."""
    path = canonical(path)
    atom = seed_source_of(path)
    if atom is None:
        return None
    name = path.removesuffix("()")
    if atom == CLOCK and name.rpartition(".")[2] in COARSE and "datetime" in name:
        return Seed(frozenset({COARSE_CLOCK if name.endswith(".second") else SLOW_CLOCK}))
    low, high = find(SEED_RANGES, name) or (None, None)
    if atom == WORKER:
        low, high = 0, MAX_WORKERS - 1
    slope = 1 if atom == WORKER or (atom == WORKER_EPOCH and high == 2**63) else None
    return Seed(frozenset({str(atom)}), low, high, slope, find(TICKS, name))


def is_state_word(act: Activation, instruction: model.Instruction) -> bool:
    """Whether it is ``np.random.get_state()[1][0]``, whatever stands between, or the state is unpacked."""
    if not isinstance(instruction, model.Item) or not _is_index(act, instruction.key, 0):
        return False
    inner = act.body.instructions[instruction.value]
    if isinstance(inner, model.Item) and not _is_index(act, inner.key, 1) and not _is_index(act, inner.key, "key"):
        return False
    if isinstance(inner, model.Unpack) and inner.index != 1:
        return False
    if not isinstance(inner, (model.Item, model.Unpack)):
        return False
    stack, seen = [inner.value], set()
    while stack:
        register = stack.pop()
        if register in seen:
            continue
        seen.add(register)
        if any(canonical(path) == _STATE for path in paths_of(act.registers[register])):
            return True
        outer = act.body.instructions[register]
        if isinstance(outer, model.Item):
            stack.append(outer.value)
    return False


def _is_index(act: Activation, register: Register, expected: object) -> bool:
    return any(isinstance(value, Constant) and value.value == expected for value in act.registers[register])
