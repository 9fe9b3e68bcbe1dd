"""How the main program seeds: where, from what, and whether the seeders of its loaders add anything to it."""

from __future__ import annotations

from collections.abc import Iterator

from reseed.facts.model import Call, Register
from reseed.knowledge.seeding import Seeder
from reseed.program.effects import SeedEffect
from reseed.program.engine import Activation
from reseed.program.model import Loader, Program
from reseed.program.values import Constant
from reseed.seeds.dependence import PARENT_STATE, WORKER, WORKER_EPOCH, dependence


def parent_seedings(program: Program) -> Iterator[tuple[Activation, SeedEffect]]:
    """The seedings of global states by code that no worker runs."""
    inside = {
        activation
        for worker in [
            *(loader.worker for loader in program.loaders),
            *(loader.seeder for loader in program.loaders),
            *(entry.worker for entry in program.datasets),
        ]
        for activation in program.reach.activations(worker)
    }
    for activation in list(program.engine.activations.values()):
        if activation not in inside:
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
        and dependence(program, each.activation, each.effect.argument, loader.seeder)
        <= {WORKER, WORKER_EPOCH, PARENT_STATE}
        for each in seeds
        if isinstance(each.effect, SeedEffect)
    )
