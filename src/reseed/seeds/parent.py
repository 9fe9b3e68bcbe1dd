"""Whether the parent's NumPy state moves between epochs: forked workers start from a copy of it."""

from __future__ import annotations

from reseed.facts.model import Register
from reseed.program.effects import DrawEffect, SeedEffect
from reseed.program.engine import Activation
from reseed.program.model import Program
from reseed.program.order import is_certain


def moves(program: Program, state: str) -> bool:
    """Whether the parent may change its own `state` from epoch to epoch, so that a seed taken from it differs."""
    return reseeds(program, state) or any(
        (isinstance(effect, DrawEffect) and effect.state == state)
        or (
            isinstance(effect, SeedEffect)
            and effect.states & {state, "*"}
            and not is_certain(activation, effect.register)
        )
        for activation in _of_parent(program)
        for effect in program.reach.effects(activation)
    )


def reseeds(program: Program, state: str) -> bool:
    """Whether the parent seeds its own `state` anew in a loop, as one does who wants each epoch to differ."""
    parent = _of_parent(program)
    repeated = [callee for act in parent for at, callee in act.calls if at >= 0 and _is_in_loop(act, at)]
    inside: set[Activation] = set()
    while repeated:
        activation = repeated.pop()
        if activation not in inside:
            inside.add(activation)
            repeated.extend(callee for _, callee in activation.calls)
    return any(
        isinstance(effect, SeedEffect)
        and effect.states & {state, "*"}
        and (activation in inside or _is_in_loop(activation, effect.register))
        for activation in parent
        for effect in program.reach.effects(activation)
    )


def _is_in_loop(activation: Activation, register: Register) -> bool:
    index: int | None = activation.body.blocks[register]
    while index:
        block = activation.body.block_table[index]
        if block.guard is None and not block.certain:
            return True
        index = block.parent
    return False


def _of_parent(program: Program) -> list[Activation]:
    workers = [*(each.worker for each in program.loaders), *(each.worker for each in program.datasets)]
    inside = {activation for worker in workers for activation in program.reach.activations(worker)}
    inside.update(a for each in program.loaders for a in program.reach.activations(each.seeder))
    return [activation for activation in program.engine.activations.values() if activation not in inside]
