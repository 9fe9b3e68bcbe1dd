"""What draws from an RNG object: its own methods, and functions that are handed one.

Methods that only show or copy a state (``get_state``, ``getstate``, ``jumped``) are no draws.
"""

from __future__ import annotations

from collections.abc import Mapping

from reseed.knowledge.global_draws import PYTHON_DRAWS, TENSOR_DRAWS, TORCH_DRAWS
from reseed.knowledge.numpy_global import canonical
from reseed.knowledge.seeding import rng_object_of
from reseed.knowledge.spelling import spellings

_NUMPY = """
    beta binomial bytes chisquare choice dirichlet exponential f gamma geometric gumbel hypergeometric laplace
    logistic lognormal logseries multinomial multivariate_normal negative_binomial noncentral_chisquare noncentral_f
    normal pareto permutation poisson power random rayleigh shuffle standard_cauchy standard_exponential
    standard_gamma standard_normal standard_t triangular uniform vonmises wald weibull zipf
"""
_GENERATOR = f"{_NUMPY} integers multivariate_hypergeometric permuted"
_RANDOM_STATE = f"{_NUMPY} rand randint randn random_integers random_sample tomaxint"
METHODS: Mapping[str, frozenset[str]] = {
    "numpy.random.Generator": frozenset(_GENERATOR.split()),
    "numpy.random.RandomState": frozenset(_RANDOM_STATE.split()),
    "numpy.random.BitGenerator": frozenset({"random_raw"}),
    "random.Random": frozenset(path.partition(".")[2] for path in PYTHON_DRAWS),
    "torch.Generator": frozenset(),
}
"""Methods of an RNG object that move its state, by the name of that state.

Source: measured: numpy 2.4.6, Python 3.11.7 (each method called, the state compared); ``binomialvariate`` is from
Python 3.12, random.py.
"""

STATE_SETTERS = frozenset({"set_state", "setstate"})
"""Methods that give an RNG object another state. Source: numpy 2.4.6, Python 3.11.7, torch 2.13.0."""

GENERATOR_METHODS = TENSOR_DRAWS | {"multinomial"}
"""Methods of a tensor that draw from the ``torch.Generator`` given as ``generator=``.

Source: measured: torch 2.13.0.
"""

GENERATOR_FUNCTIONS = TORCH_DRAWS - {"torch.nn.functional.gumbel_softmax"} | {"torch.utils.data.random_split"}
"""Functions that draw from the ``torch.Generator`` given as ``generator=``. Source: measured: torch 2.13.0."""


def state_drawn_by(path: str) -> str | None:
    """Return the state of the RNG object whose method `path` draws from it, or None.

    ``numpy.random.default_rng().integers`` draws from a ``numpy.random.Generator``.
    """
    made, called, method = path.rpartition("().")
    row = rng_object_of(made) if called else None
    return row.state if row is not None and method in METHODS[row.state] else None


def takes_generator(path: str) -> bool:
    """Say whether calling `path` draws from its argument ``generator=``."""
    path = canonical(path)
    return path.rpartition(".")[2] in GENERATOR_METHODS or any(s in GENERATOR_FUNCTIONS for s in spellings(path))
