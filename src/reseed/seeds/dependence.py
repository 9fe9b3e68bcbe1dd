"""What a seed expression depends on: the lattice of seeds.

A seed is evaluated to the set of things that it varies by; the empty set is a constant. `UNKNOWN` is a member like
the others, and whoever asks must let it speak for the seed: unknown never accuses.
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.facts import model
from reseed.facts.model import Register
from reseed.knowledge.seeding import rng_object_of, seed_source_of
from reseed.program.effects import paths_of
from reseed.program.engine import Activation
from reseed.program.model import Program
from reseed.program.values import UNKNOWN as UNKNOWN_VALUE
from reseed.program.values import Class, Constant, NoResult, Object, Values

UNKNOWN = "unknown"
WORKER = "worker"
WORKER_EPOCH = "worker-epoch"
PARENT_STATE = "parent-state"
OS = "os"

Dependence = frozenset[str]
CONSTANT: Dependence = frozenset()

# Calls whose result depends on their arguments and on nothing else.
_PURE_BUILTINS = "abs bool divmod float hash int len max min pow range round str sum tuple"
_PURE_NUMPY = "array asarray abs int32 int64 uint32 uint64 mod iinfo random.SeedSequence"
_PURE = frozenset(
    [f"builtins.{name}" for name in str.split(_PURE_BUILTINS)] + [f"numpy.{name}" for name in str.split(_PURE_NUMPY)]
)
_BUDGET = 500


def dependence(
    program: Program, activation: Activation, register: Register, root: Activation | None = None
) -> Dependence:
    """What the value of `register` in `activation` varies by.

    `root` is a seeder's worker stand-in: the first parameter of what it calls is the worker's id.
    """
    found: set[str] = set()
    seen: set[tuple[Activation, Register]] = set()
    stack = [(activation, register)]
    while stack:
        here = stack.pop()
        if here in seen:
            continue
        seen.add(here)
        if len(seen) > _BUDGET:
            return frozenset({UNKNOWN})
        for part in _parts(program, *here, root):
            if isinstance(part, str):
                found.add(part)
            else:
                stack.append(part)
    return frozenset(found)


_Part = str | tuple[Activation, Register]


def _parts(program: Program, act: Activation, register: Register, root: Activation | None) -> Iterator[_Part]:
    instruction = act.body.instructions[register]
    values = act.registers[register]
    source = next((s for path in paths_of(values) if (s := seed_source_of(path)) is not None), None)
    if source is not None:
        yield source
    elif isinstance(instruction, model.Parameter):
        yield from _parameter_parts(act, instruction.name, root)
    elif values and all(isinstance(value, (Constant, NoResult)) for value in values):
        yield from _constant_parts(values)
    elif isinstance(instruction, model.Call):
        yield from _call_parts(program, act, register, instruction)
    elif isinstance(instruction, (model.Phi, model.Operation, model.Collection)):
        operands = (
            instruction.sources
            if isinstance(instruction, model.Phi)
            else instruction.operands
            if isinstance(instruction, model.Operation)
            else instruction.items
        )
        yield from ((act, operand) for operand in operands)
    elif isinstance(instruction, model.Item):
        yield (act, instruction.value)
        yield (act, instruction.key)
    elif isinstance(instruction, (model.Attribute, model.Unpack)):
        inner = act.body.instructions[instruction.value]
        if isinstance(inner, (model.Call, model.Item, model.Attribute, model.Unpack)):
            yield (act, instruction.value)
        else:
            yield UNKNOWN
    else:
        yield UNKNOWN


def _constant_parts(values: Values) -> Iterator[_Part]:
    if len(values) > 1:
        yield UNKNOWN  # one of several constants, and what chooses is not followed
    # Seeding with None asks the operating system for entropy.
    if any(isinstance(value, NoResult) or (isinstance(value, Constant) and value.value is None) for value in values):
        yield OS


def _parameter_parts(act: Activation, name: str, root: Activation | None) -> Iterator[_Part]:
    values = act.parameters.get(name, {})
    bindings = act.bindings.get(name, {})
    yield from bindings
    yield from _constant_parts({value: None for value in values if isinstance(value, (Constant, NoResult))})
    if root is not None and any(callee is act for _, callee in root.calls):
        unfilled = [spec.name for spec in act.body.parameters if spec.kind == "positional"]
        skipped = 1 if act.context and isinstance(act.context[0], Object | Class) else 0
        if name in unfilled[skipped : skipped + 1]:
            yield WORKER
            return
    if not bindings and not all(isinstance(value, (Constant, NoResult)) for value in values) or not values:
        yield UNKNOWN


def _call_parts(program: Program, act: Activation, register: Register, call: model.Call) -> Iterator[_Part]:
    callees = act.registers[call.function]
    for path in paths_of(callees):
        source = seed_source_of(f"{path}()") or seed_source_of(path)
        if source is not None:
            yield source
        elif (
            path in _PURE
            or rng_object_of(path) is not None
            or path.endswith(("().item", "().generate_state", "().astype", "().tolist"))
        ):
            yield from ((act, argument.value) for argument in call.arguments)
            if not call.arguments and rng_object_of(path) is not None:
                yield OS
            callee = act.body.instructions[call.function]
            if isinstance(callee, model.Attribute) and "()" in path:
                yield (act, callee.value)
        else:
            yield UNKNOWN
    for at, callee_activation in act.calls:
        if at == register:
            for index, instruction in enumerate(callee_activation.body.instructions):
                if isinstance(instruction, model.Return) and program.engine.is_live(callee_activation, index):
                    yield (callee_activation, instruction.value)
    if UNKNOWN_VALUE in callees or not callees:
        yield UNKNOWN
