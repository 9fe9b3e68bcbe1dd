"""What the parent does with RNG states: where it seeds and from what, whether its states move between epochs.

Forked workers start from a copy of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.facts.model import Call, Register
from reseed.knowledge.seeding import Seeder
from reseed.program.activation import Activation
from reseed.program.effects import DrawEffect, SeedEffect
from reseed.program.loops import blocks_around
from reseed.program.model import Loader, Program
from reseed.program.order import is_certain
from reseed.program.values import Constant
from reseed.seeds.dependence import dependence
from reseed.seeds.seed import EPOCH, PARENT_STATE, PARENT_WORD, WORKER, WORKER_EPOCH

_OF_PARENT_AND_WORKER = {WORKER, WORKER_EPOCH, EPOCH, PARENT_STATE, PARENT_WORD}


def parent_seedings(program: Program) -> Iterator[tuple[Activation, SeedEffect]]:
    """The seedings of global states by code that no worker runs."""
    for activation in _of_parent(program):
        for effect in program.reach.effects(activation):
            if isinstance(effect, SeedEffect) and _is_of_global_state(effect):
                yield activation, effect


def _is_of_global_state(effect: SeedEffect) -> bool:
    return effect.row is None or (isinstance(effect.row, Seeder) and any("-global" in state for state in effect.states))


def chosen_at(activation: Activation, effect: SeedEffect) -> tuple[Activation, Register]:
    """The call at which the seed is chosen: of a helper that seeds with its parameter, the call of the helper."""
    here, register, argument = activation, effect.register, effect.argument
    for _ in range(5):
        instruction = here.body.instructions[argument] if argument is not None else None
        passed = here.bindings.get(getattr(instruction, "name", ""), {}) if instruction is not None else {}
        if len(passed) != 1:
            break
        ((caller, given),) = passed
        calls = [at for at, callee in caller.calls if callee is here and at >= 0]
        if not calls or not isinstance(caller.body.instructions[calls[0]], Call):
            break
        here, register, argument = caller, calls[0], given
    return here, register


def adds_nothing(program: Program, loader: Loader) -> bool:
    """Whether the seeds of the loader's workers certainly come from the main process's torch state and their ids alone.

    A ``worker_init_fn`` that asks the clock, the operating system or the rank adds something; one not seen may.
    """
    if loader.row.own_seeder or program.seeds_workers:
        return False
    values = loader.argument("worker_init_fn")
    if values is None:
        return not loader.may_pass("worker_init_fn")
    if all(isinstance(value, Constant) and value.value is None for value in values):
        return bool(values)
    seeds = [each for each in program.reached(loader.seeder) if isinstance(each.effect, SeedEffect)]
    return bool(seeds) and all(
        each.effect.argument is not None
        and dependence(program, each.activation, each.effect.argument, loader.seeder) <= _OF_PARENT_AND_WORKER
        for each in seeds
        if isinstance(each.effect, SeedEffect)
    )


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
    return any(activation.body.block_table[block].loop for block in blocks_around(activation, register))


def _of_parent(program: Program) -> list[Activation]:
    workers = [
        *(worker for loader in program.loaders for worker in (loader.worker, loader.seeder)),
        *(entry.worker for entry in [*program.datasets, *program.candidates]),
    ]
    inside = {activation for worker in workers for activation in program.reach.activations(worker)}
    return [activation for activation in program.engine.activations.values() if activation not in inside]
