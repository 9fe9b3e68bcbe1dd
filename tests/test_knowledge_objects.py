"""Draws from RNG objects, each method and function called in the library itself."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import pytest

from reseed.knowledge.object_draws import GENERATOR_FUNCTIONS, GENERATOR_METHODS, METHODS

# Arguments that one method or another takes.
ARGUMENTS: tuple[tuple[Any, ...], ...] = (
    *((), (5,), (5, 0.5), (0.5,), ([1, 2, 3],), (1, 2), (1, 2, 3), ([1, 2, 3], 2), (5, [0.5, 0.5])),
    *(([0.0, 0.0], [[1, 0], [0, 1]]), (0.0, 1.0, 2.0), (3.0,), (1, 3, 2), ([5, 5], 3)),
)
LATER = {"binomialvariate"} if sys.version_info < (3, 12) else set()
NO_DRAWS = {"seed", "advance"}


def moving(make: Callable[[], Any], state: Callable[[Any], object]) -> set[str]:
    """The public methods that change the state of what `make` gives."""
    return {name for name in dir(make()) if not name.startswith("_") and _moves(make, state, name)} - NO_DRAWS


def _moves(make: Callable[[], Any], state: Callable[[Any], object], name: str) -> bool:
    for arguments in ARGUMENTS:
        made = make()
        before = state(made)
        try:
            getattr(made, name)(*arguments)
        except Exception:  # not what this method takes
            continue
        if state(made) != before:
            return True
    return False


def test_methods_of_random() -> None:
    assert moving(lambda: random.Random(0), random.Random.getstate) == METHODS["random.Random"] - LATER


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", ["Generator", "RandomState", "BitGenerator"])
def test_methods_of_numpy(kind: str) -> None:
    numpy = pytest.importorskip("numpy")
    makers = {
        "Generator": lambda: numpy.random.default_rng(0),
        "RandomState": lambda: numpy.random.RandomState(0),
        "BitGenerator": lambda: numpy.random.PCG64(0),
    }
    states = {
        "Generator": lambda made: repr(made.bit_generator.state),
        "RandomState": lambda made: (
            repr(made.get_state(legacy=False)["state"]["key"].tobytes())
            + repr(made.get_state(legacy=False)["state"]["pos"])
            + repr(made.get_state(legacy=False)["has_gauss"])
        ),
        "BitGenerator": lambda made: repr(made.state),
    }
    assert moving(makers[kind], states[kind]) == METHODS[f"numpy.random.{kind}"]


@pytest.mark.filterwarnings("ignore")
def test_generators_of_torch() -> None:
    torch = pytest.importorskip("torch")

    def draws(call: Callable[..., Any], *shapes: Any) -> bool:
        for arguments in shapes:
            generator = torch.Generator()
            before = generator.get_state()
            try:
                call(*arguments(), generator=generator)
            except (TypeError, RuntimeError, ValueError, AttributeError):
                continue
            if not torch.equal(generator.get_state(), before):
                return True
        return False

    some: list[Callable[[], tuple[Any, ...]]] = [
        lambda: (torch.ones(3, 3),),
        lambda: (torch.ones(3, 3), 1),
        lambda: (torch.ones(3, 3), 0.5),
        lambda: (torch.ones(3, 3), torch.ones(3, 3)),
        lambda: (3,),
        lambda: (5, (3,)),
        lambda: (range(4), [2, 2]),
    ]
    for path in GENERATOR_FUNCTIONS:
        function: Any = torch
        for part in path.split(".")[1:]:
            function = getattr(function, part)
        assert draws(function, *some), path
    for name in GENERATOR_METHODS:
        assert draws(getattr(torch.Tensor, name), *some), name
