"""Code for evaluation, by its names: there a constant seed is meant."""

from __future__ import annotations

import re

from reseed.facts.model import Operation, Register
from reseed.program.activation import Activation
from reseed.program.loops import blocks_around
from reseed.program.order import names_in

_EVALUATION = {"dev", "deterministic", "eval", "evaluate", "evaluation", "infer", "inference", "test", "testing"}
_EVALUATION |= {"val", "valid", "validate", "validation"}
_TRAINING = {"aug", "augment", "augmentation", "train", "training"}


def is_named(name: str) -> bool:
    """Whether a name speaks of evaluation: ``TestSet``, ``val_loader``."""
    return bool(words(name) & _EVALUATION)


def is_asked_for(activation: Activation, register: Register) -> bool:
    """Whether `register` runs only under a condition that names evaluation, or not training."""
    table = activation.body.block_table
    return any(
        guard is not None and _asks_for(activation, guard, table[index].expected)
        for index in blocks_around(activation, register)
        for guard in (table[index].guard,)
    )


def _asks_for(activation: Activation, guard: Register, expected: bool) -> bool:
    # Whether the truth `expected` of a condition is that of evaluation, as far as its names tell.
    stack = [(guard, expected)]
    while stack:
        register, holds = stack.pop()
        instruction = activation.body.instructions[register]
        if isinstance(instruction, Operation) and instruction.operator in ("not", "and", "or"):
            stack.extend((each, holds != (instruction.operator == "not")) for each in instruction.operands)
            continue
        if isinstance(instruction, Operation) and instruction.operator in ("!=", "is not", "not in"):
            holds = not holds
        found = {word for name in names_in(activation, register) for word in words(name)}
        if found & _EVALUATION and holds or found & _TRAINING and not holds and not found & _EVALUATION:
            return True
    return False


def words(name: str) -> set[str]:
    """The words of a name, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
