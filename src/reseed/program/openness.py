"""Whether a program tells all that there is to tell of its root, or files that import the root could change it."""

from __future__ import annotations

from reseed.facts.model import Call
from reseed.program.activation import Activation
from reseed.program.effects import DrawEffect, Effect
from reseed.program.engine import Engine
from reseed.program.model import ROOT, Loader, Program
from reseed.program.reach import Reached
from reseed.program.values import UNKNOWN

_DECISIVE = ("dataset", "num_workers", "collate_fn", "worker_init_fn", "persistent_workers", "multiprocessing_context")


def depends_on_importers(program: Program) -> bool:
    """Whether files that import the root could change what is told of it, where none of them has been looked at.

    They can where the root makes a loader whose arguments its callers decide, where worker code draws or seeds, which a
    seeder may hide, or calls in the root what it was handed. A class that nothing shows to be a dataset, but may be
    given to a loader, counts as one here, if any draw or seeding has to do with the root's own code: what such a class
    only inherits is told of in the file that it is inherited from.
    """
    engine = program.engine
    if any(loader.activation.module == ROOT and _is_open(loader) for loader in program.loaders):
        return engine.linker.has_importers()
    judged = [*(loader.worker for loader in program.loaders), *(entry.worker for entry in program.datasets)]
    workers_of_root = [*judged, *(entry.worker for entry in program.candidates)]
    if any(any(_may_be_hidden(reached.effect) for reached in program.reached(worker)) for worker in judged) or any(
        activation.module == ROOT and _calls_unknown(engine, activation)
        for worker in workers_of_root
        for activation in program.reach.activations(worker)
    ):
        return engine.linker.has_importers()
    hidden = [
        reached
        for entry in program.candidates
        for reached in program.reached(entry.worker)
        if _may_be_hidden(reached.effect)
    ]
    if hidden and (_has_effects(program) or any(map(_leads_through_root, hidden))):
        return engine.linker.has_importers()
    return False


def _has_effects(program: Program) -> bool:
    # Whether anything draws or seeds in the root's code, or in what that calls.
    stack = [each for each in program.engine.activations.values() if each.module == ROOT and each.index >= 0]
    seen = set(stack)
    while stack:
        activation = stack.pop()
        if program.reach.effects(activation):
            return True
        called = {callee for _, callee in activation.calls} - seen
        seen |= called
        stack.extend(called)
    return False


def _leads_through_root(reached: Reached) -> bool:
    return any(activation.module == ROOT for activation in [reached.activation, *(hop for hop, _ in reached.path)])


def _is_open(loader: Loader) -> bool:
    # Whether callers of the code around a loader may decide what it is given, or may yet give it something.
    around: Activation | None = loader.activation
    while around is not None:
        if around.body.parameters:
            return True
        around = around.closure
    given = {name: loader.argument(name) for name in _DECISIVE}
    return any(
        loader.may_pass(name) if values is None else not values or UNKNOWN in values for name, values in given.items()
    )


def _may_be_hidden(effect: Effect) -> bool:
    # Draws from the states that PyTorch seeds itself are told of where a seeder is seen.
    return not isinstance(effect, DrawEffect) or effect.state not in ("python-global", "torch-global")


def _calls_unknown(engine: Engine, activation: Activation) -> bool:
    for register, instruction in enumerate(activation.body.instructions):
        if isinstance(instruction, Call) and engine.is_live(activation, register):
            callees = activation.registers[instruction.function]
            if not callees or UNKNOWN in callees:
                return True
    return False
