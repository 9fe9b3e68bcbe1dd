"""Draws from Python's and torch's global states, called in the libraries themselves."""

from __future__ import annotations

import importlib
import random

import pytest

from reseed.knowledge import global_draws

_PYTHON_ARGUMENTS: dict[str, tuple[object, ...]] = {
    "betavariate": (1, 1),
    "binomialvariate": (5, 0.5),
    "choice": ([1, 2, 3],),
    "choices": ([1, 2, 3],),
    "expovariate": (1,),
    "gammavariate": (1, 1),
    "getrandbits": (32,),
    "paretovariate": (1,),
    "randbytes": (4,),
    "randint": (0, 9),
    "random": (),
    "randrange": (9,),
    "sample": ([1, 2, 3], 2),
    "shuffle": ([1, 2, 3],),
    "triangular": (),
}


@pytest.mark.parametrize("path", sorted(global_draws.PYTHON_DRAWS))
def test_functions_of_random_move_its_state(path: str) -> None:
    name = path.removeprefix("random.")
    function = getattr(random, name, None)
    if function is None:
        pytest.skip("new in Python 3.12")
    before = random.getstate()
    function(*_PYTHON_ARGUMENTS.get(name, (0, 1)))
    assert random.getstate() != before
    assert global_draws.state_drawn(path) == "python-global"


def test_all_functions_of_random_are_known() -> None:
    others = {"getstate", "seed", "setstate"}
    functions = {name for name in random.__all__ if name.islower()} - others
    assert {f"random.{name}" for name in functions} <= global_draws.PYTHON_DRAWS


_TORCH_CALLS = {
    "torch.bernoulli": "torch.bernoulli(torch.full((3,), 0.5))",
    "torch.binomial": "torch.binomial(torch.ones(3) * 9, torch.ones(3) / 2)",
    "torch.multinomial": "torch.multinomial(torch.ones(3), 2)",
    "torch.normal": "torch.normal(torch.zeros(3), torch.ones(3))",
    "torch.poisson": "torch.poisson(torch.ones(3))",
    "torch.rand_like": "torch.rand_like(torch.ones(3))",
    "torch.randint": "torch.randint(9, (3,))",
    "torch.randint_like": "torch.randint_like(torch.ones(3), 9)",
    "torch.randn_like": "torch.randn_like(torch.ones(3))",
    "torch.nn.functional.gumbel_softmax": "torch.nn.functional.gumbel_softmax(torch.ones(3))",
    "torch.nn.init.sparse_": "torch.nn.init.sparse_(torch.ones(3, 3), 0.5)",
}
_TENSOR_ARGUMENTS = {"bernoulli_": "0.5", "geometric_": "0.5"}


@pytest.mark.parametrize("path", sorted(global_draws.TORCH_DRAWS))
def test_functions_of_torch_move_its_state(path: str) -> None:
    torch = pytest.importorskip("torch")
    matrix = "torch.ones(3, 3)" if ".init." in path else "3"
    before = torch.get_rng_state()
    eval(_TORCH_CALLS.get(path, f"{path}({matrix})"), {"torch": torch})
    assert not torch.equal(torch.get_rng_state(), before)
    assert global_draws.state_drawn(path) == "torch-global"


@pytest.mark.parametrize("name", sorted(global_draws.TENSOR_DRAWS))
def test_tensors_that_fill_themselves_move_the_state(name: str) -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_rng_state()
    eval(f"torch.empty(3).{name}({_TENSOR_ARGUMENTS.get(name, '')})", {"torch": torch})
    assert not torch.equal(torch.get_rng_state(), before)
    assert global_draws.state_drawn(f"torch.empty().{name}") == "torch-global"


@pytest.mark.parametrize("name", sorted(global_draws.TRANSFORMS))
def test_transforms_are_classes_of_torchvision(name: str) -> None:
    pytest.importorskip("torchvision")
    versions = [importlib.import_module(f"torchvision.transforms{version}") for version in ("", ".v2")]
    assert any(hasattr(version, name) for version in versions)
    assert global_draws.state_drawn(f"torchvision.transforms.{name}()") == "torch-global"
    assert global_draws.state_drawn(f"torchvision.transforms.v2.{name}()") == "torch-global"
    assert global_draws.state_drawn(f"torchvision.transforms.{name}") is None, "to make one draws nothing"


@pytest.mark.parametrize(
    "path",
    [
        "numpy.random.rand",
        "random.Random",
        "random.Random().random",
        "random.seed",
        "random.getstate",
        "torch.Generator().seed",
        "torch.initial_seed",
        "torch.manual_seed",
        "torch.ones",
        "torchvision.transforms.Resize()",
        "torchvision.transforms.Compose()",
        "project.rand",
    ],
)
def test_other_calls_draw_from_neither(path: str) -> None:
    assert global_draws.state_drawn(path) is None
