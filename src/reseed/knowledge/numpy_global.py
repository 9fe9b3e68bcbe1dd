"""NumPy's global RNG state: every path that leads to it, and what draws from it, seeds it or replaces it."""

from __future__ import annotations

from dataclasses import dataclass

_DRAWS = """
    beta binomial bytes chisquare choice dirichlet exponential f gamma geometric gumbel hypergeometric laplace
    logistic lognormal logseries multinomial multivariate_normal negative_binomial noncentral_chisquare noncentral_f
    normal pareto permutation poisson power rand randint randn random random_integers random_sample ranf rayleigh
    sample shuffle standard_cauchy standard_exponential standard_gamma standard_normal standard_t triangular uniform
    vonmises wald weibull zipf
"""
GLOBAL_DRAWS: frozenset[str] = frozenset(_DRAWS.split())
"""Functions of ``numpy.random`` that draw from the global state.

Source: measured: numpy 1.16.6, 1.26.4, 2.4.6, 2.5.5 (each function called, the state compared), the same set in all.
"""

SEEDERS: frozenset[str] = frozenset({"numpy.random.seed"})
"""Functions that seed the global state. Source: numpy 2.4.6, numpy/random/mtrand.pyx."""

STATE_SETTERS: frozenset[str] = frozenset({"numpy.random.set_state", "numpy.random.set_bit_generator"})
"""Functions that replace the global state. Source: numpy 2.4.6, numpy/random/mtrand.pyx."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A second path to something of NumPy: what begins with `path` is what begins with `canonical`."""

    path: str
    canonical: str
    source: str


# In this order, because one alias may lead to another: pandas.np.random.mtrand.
ALIASES: tuple[Alias, ...] = (
    Alias("pandas.np", "numpy", "pandas 1.3.5, pandas/__init__.py"),
    Alias("matplotlib.pylab.np", "numpy", "matplotlib 3.5.3, matplotlib/pylab.py"),
    Alias("scipy.random", "numpy.random", "scipy 1.8.1, scipy/__init__.py (every name of numpy.__all__)"),
    Alias("scipy.rand", "numpy.random.rand", "scipy 1.8.1, scipy/__init__.py"),
    Alias("scipy.randn", "numpy.random.randn", "scipy 1.8.1, scipy/__init__.py"),
    Alias("numpy.random.mtrand._rand", "numpy.random", "measured: numpy 2.4.6"),
    Alias("numpy.random.mtrand", "numpy.random", "measured: numpy 2.4.6"),
)


def canonical(path: str) -> str:
    """Return the path under ``numpy.random`` that `path` is another spelling of, or `path` itself.

    ``numpy.random.mtrand._rand.rand`` becomes ``numpy.random.rand``; a method of an RNG object
    (``numpy.random.mtrand.RandomState().rand``) stays one (``numpy.random.RandomState().rand``).
    """
    for alias in ALIASES:
        rest = path.removeprefix(alias.path)
        if rest != path and rest[:1] in ("", ".", "("):
            path = alias.canonical + rest
    return path


def is_draw(path: str) -> bool:
    """Say whether calling `path` draws from NumPy's global state by itself."""
    module, _, name = canonical(path).rpartition(".")
    return module == "numpy.random" and name in GLOBAL_DRAWS
