"""What is made on first use: an object that later runs keep."""

from __future__ import annotations

from reseed.facts.model import Call, Operation, Register
from reseed.program.activation import Activation
from reseed.program.order import is_once


def is_lazy(maker: Activation, register: Register) -> bool:
    """Whether `maker` computes `register` on first use and keeps it.

    By a cache, or under a condition that asks whether it is there.
    """
    if any("cache" in decorator for decorator in maker.body.decorators):
        return len(maker.body.parameters) == is_method(maker)  # else another argument gives another object
    block: int | None = maker.body.blocks[register]
    while block is not None:
        entry = maker.body.block_table[block]
        if is_once(maker, block) and entry.guard is not None and _asks_presence(maker, entry.guard):
            return True
        block = entry.parent
    return False


def _asks_presence(activation: Activation, guard: Register) -> bool:
    # `self.rng is None`, `not self.rng`, `hasattr(self, "rng")`; not whether it is still this process's.
    instruction = activation.body.instructions[guard]
    if isinstance(instruction, Operation):
        return instruction.operator in ("is", "is not", "not") and all(
            _asks_presence(activation, operand) for operand in instruction.operands[:1]
        )
    return not isinstance(instruction, Call) or instruction.text == "hasattr"


def is_same_run(maker: Activation, ran: Activation) -> bool:
    """Whether `ran` ran the same body as `maker`: of a function that keeps what it made, or a method of one object."""
    if (ran.module, ran.index, ran.closure) != (maker.module, maker.index, maker.closure):
        return False
    return not is_method(maker) or (bool(maker.context) and ran.context[:1] == maker.context[:1])


def is_method(activation: Activation) -> bool:
    """Whether a body stands in a class."""
    return activation.closure is not None and activation.closure.body.kind == "class"
