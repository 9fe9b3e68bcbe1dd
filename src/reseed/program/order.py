"""Order inside a body: what has certainly happened when something else happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reseed.facts.model import (
    Attribute,
    Block,
    Call,
    Cell,
    Collection,
    Const,
    Global,
    Operation,
    Parameter,
    Register,
    SetAttribute,
    StoreOuter,
)
from reseed.program.activation import Activation
from reseed.program.folding import truth

States = frozenset[str]


@dataclass(frozen=True, slots=True)
class Seeding:
    """`states` are seeded at `register`, wherever control is in `block`."""

    register: Register
    block: int
    states: States


def seedings(activation: Activation, found: Iterable[tuple[Register, States]]) -> list[Seeding]:
    """The seedings at the registers of `found`, moved out of what always runs and out of both arms of an ``if``."""
    table = activation.body.block_table
    result = [Seeding(register, activation.body.blocks[register], states) for register, states in found]
    queue = list(result)
    while queue:
        seeding = queue.pop()
        block = table[seeding.block]
        if block.parent is None:
            continue
        if block.certain or _always(activation, block) or is_once(activation, seeding.block):
            moved = Seeding(seeding.register, block.parent, seeding.states)
        else:
            arms = [
                other
                for other in result
                if block.guard is not None
                and table[other.block].guard == block.guard
                and table[other.block].parent == block.parent
                and table[other.block].expected != block.expected
            ]
            states = seeding.states & frozenset().union(*(other.states for other in arms))
            if not states:
                continue
            last = max(seeding.register, *(other.register for other in arms))
            moved = Seeding(last, block.parent, states)
        if moved not in result:
            result.append(moved)
            queue.append(moved)
    return result


def _always(activation: Activation, block: Block) -> bool:
    return block.guard is not None and truth(activation.registers[block.guard]) == {block.expected}


def is_once(activation: Activation, index: int) -> bool:
    """Whether a block notes that it ran in what its condition asks: ``if not self.seeded: ...; self.seeded = True``.

    What it calls may note it: ``if self.order is None: self.make_order()``. Each worker then runs the block once,
    before anything that follows.
    """
    body = activation.body
    guard = body.block_table[index].guard
    if guard is None:
        return False
    asked = set(names_in(activation, guard))
    called = [callee for register, callee in activation.calls if register >= 0 and body.blocks[register] == index]
    return _notes(activation, index, asked) or any(_notes(callee, 0, asked) for callee in called)


def _notes(activation: Activation, block: int, names: set[str]) -> bool:
    body = activation.body
    return any(
        isinstance(instruction, SetAttribute | StoreOuter)
        and instruction.name in names
        and _runs_with(activation, body.blocks[register], block)
        for register, instruction in enumerate(body.instructions)
    )


def _runs_with(activation: Activation, inner: int | None, block: int) -> bool:
    # Whether a block is `block`, or stands in it and always runs when that does: if info is not None, in a worker.
    while inner is not None and inner != block:
        found = activation.body.block_table[inner]
        if not (found.certain or _always(activation, found)):
            return False
        inner = found.parent
    return inner == block


def names_in(activation: Activation, register: Register) -> Iterator[str]:
    """The names and strings in the expression at `register`."""
    stack = [register]
    while stack:
        instruction = activation.body.instructions[stack.pop()]
        if isinstance(instruction, Operation):
            stack.extend(instruction.operands)
        elif isinstance(instruction, Collection):
            stack.extend(instruction.items)
        elif isinstance(instruction, Attribute | Global | Cell | Parameter):
            yield instruction.name
            if isinstance(instruction, Attribute):
                stack.append(instruction.value)
        elif isinstance(instruction, Const) and isinstance(instruction.value, str):
            yield instruction.value
        elif isinstance(instruction, Call) and instruction.text == "hasattr":
            stack.extend(argument.value for argument in instruction.arguments)


def seeded_at(activation: Activation, before: Iterable[Seeding], register: Register) -> States:
    """The states that are certainly seeded when `register` is computed."""
    around = set()
    block: int | None = activation.body.blocks[register]
    while block is not None:
        around.add(block)
        block = activation.body.block_table[block].parent
    return frozenset().union(*(s.states for s in before if s.block in around and s.register < register))


def seeded_throughout(before: Iterable[Seeding]) -> States:
    """The states that are seeded in every run of the body which ends without an exception."""
    return frozenset().union(*(seeding.states for seeding in before if seeding.block == 0))


def is_certain(activation: Activation, register: Register) -> bool:
    """Whether `register` is computed in every run of the activation that ends without an exception."""
    block: int | None = activation.body.blocks[register]
    while block:
        if not activation.body.block_table[block].certain:
            return False
        block = activation.body.block_table[block].parent
    return True
