"""Where the RNG object that a draw takes its numbers from comes from, followed back to where the choice is made."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

from reseed.facts.model import Attribute, Call, Item, Operation, Parameter, Phi, Register, Return
from reseed.program.activation import Activation
from reseed.program.engine import Engine
from reseed.program.rng_objects import objects_in
from reseed.program.values import UNKNOWN, Constant, Value, Values

_BUDGET = 200


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where the holder of an RNG object comes from: a register that joins no others, and its values."""

    activation: Activation
    register: Register
    values: tuple[Value, ...]


def leaves(engine: Engine, worker_code: Set[Activation], activation: Activation, register: Register) -> Iterator[Leaf]:
    """Where the RNG objects that `register` holds come from, branches and calls followed back.

    Into a parameter of `worker_code` counts only what worker code passes.
    """
    seen: set[tuple[Activation, Register]] = set()
    stack = [(activation, register)]
    while stack:
        here = stack.pop()
        if here in seen or len(seen) > _BUDGET:
            continue
        seen.add(here)
        sources = _sources(engine, worker_code, *here)
        if sources:
            stack.extend(reversed(sources))
        elif not _is_one_of_many(*here):
            act, at = here
            yield Leaf(act, at, tuple(act.registers[at]))


def _sources(
    engine: Engine, worker_code: Set[Activation], act: Activation, register: Register
) -> list[tuple[Activation, Register]]:
    instruction = act.body.instructions[register]
    if isinstance(instruction, Phi):
        return [(act, source) for source in instruction.sources if act.registers[source]]
    if isinstance(instruction, Operation) and instruction.operator in ("and", "or"):
        return [(act, operand) for operand in instruction.operands if act.registers[operand]]
    if isinstance(instruction, Parameter):
        passed = [
            (caller, at)
            for caller, at in act.bindings.get(instruction.name, {})
            if (caller in worker_code or act not in worker_code) and caller.registers[at]
        ]
        covered: Values = {value: None for caller, at in passed for value in caller.registers[at]}
        return passed if all(value in covered for value in act.registers[register]) else []
    if isinstance(instruction, (Call, Attribute)) and UNKNOWN not in act.registers[register]:
        returned = [
            (callee, index)
            for at, callee in act.calls
            if at == register
            for index, inner in enumerate(callee.body.instructions)
            if isinstance(inner, Return) and engine.is_live(callee, index)
        ]
        values = {v: None for callee, i in returned for v in callee.registers[_returned(callee, i)]}
        if all(v in values for v in act.registers[register] if any(objects_in(engine, (v,)))):
            return [(callee, _returned(callee, index)) for callee, index in returned]
    return []


def _is_one_of_many(act: Activation, register: Register) -> bool:
    # One object a worker, or a sample, by its number: self.rngs[index].
    instruction = act.body.instructions[register]
    if not isinstance(instruction, Item):
        return False
    keys = act.registers[instruction.key]
    return not keys or not all(isinstance(key, Constant) for key in keys)


def _returned(callee: Activation, index: Register) -> Register:
    instruction = callee.body.instructions[index]
    assert isinstance(instruction, Return)
    return instruction.value
