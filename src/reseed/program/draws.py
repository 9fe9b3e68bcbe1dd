"""What loaders' workers draw from the global states that PyTorch seeds: torch's, Python's, NumPy's."""

from __future__ import annotations

from collections.abc import Iterator

from reseed.facts.model import Register
from reseed.program.activation import Activation
from reseed.program.effects import NUMPY_GLOBAL, DrawEffect
from reseed.program.model import Loader, Program
from reseed.program.values import Constant

_SEEDED = frozenset({"python-global", "torch-global", NUMPY_GLOBAL})


def seeded_draws(program: Program, worker: Activation) -> Iterator[tuple[Activation, Register]]:
    """The calls in the worker code of `worker` that draw from a global state which PyTorch seeds in workers.

    That is torch's and Python's, and NumPy's since torch 1.9.
    """
    for activation in program.reach.activations(worker):
        for effect in program.reach.effects(activation):
            if isinstance(effect, DrawEffect) and effect.state in _SEEDED:
                yield activation, effect.register


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
