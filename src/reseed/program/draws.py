"""What loaders' workers draw from the global states that PyTorch seeds: torch's, Python's, NumPy's."""

from __future__ import annotations

from collections.abc import Iterator

from reseed.facts.model import Call, Register
from reseed.knowledge.numpy_global import canonical, is_draw
from reseed.knowledge.seeding import seed_source_of
from reseed.program.effects import DrawEffect, callee_paths
from reseed.program.engine import Activation
from reseed.program.model import Loader, Program
from reseed.program.values import Constant

_GLOBAL = ("random.", "torch.")
# What they read without moving a state.
_READ = ("initial_seed", "get_worker_info().seed", "get_worker_info().id")


def seeded_draws(program: Program, worker: Activation) -> Iterator[tuple[Activation, Register]]:
    """The calls in the worker code of `worker` that draw from a global state which PyTorch seeds in workers.

    That is torch's and Python's, and NumPy's since torch 1.9.
    """
    for activation in program.reach.activations(worker):
        numpy = {e.register for e in program.reach.effects(activation) if isinstance(e, DrawEffect)}
        for register, instruction in enumerate(activation.body.instructions):
            if not isinstance(instruction, Call) or not program.engine.is_live(activation, register):
                continue
            paths = callee_paths(program.engine, activation, instruction)
            own = any(argument.keyword == "generator" for argument in instruction.arguments)
            if not own and (register in numpy or any(_is_draw(canonical(path)) for path in paths)):
                yield activation, register


def _is_draw(path: str) -> bool:
    if is_draw(path):
        return True
    plain = path.startswith(_GLOBAL) and "()" not in path and not path.endswith(_READ)
    return plain and seed_source_of(path) == "worker-epoch"


def shuffles(loader: Loader) -> bool:
    """Whether the loader certainly shuffles by torch's global RNG, or by its ``generator=``."""
    values = loader.argument("shuffle")
    return bool(values) and all(isinstance(value, Constant) and value.value is True for value in values or ())


def has_no_generator(loader: Loader) -> bool:
    """Whether the loader certainly has no ``generator=`` of its own."""
    values = loader.argument("generator")
    if values is None:
        return not loader.may_pass("generator")
    return bool(values) and all(isinstance(value, Constant) and value.value is None for value in values)
