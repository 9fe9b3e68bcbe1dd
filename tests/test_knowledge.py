"""All tables, the spellings of a path, and NumPy's global state, against NumPy itself."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from typing import Any

import pytest
from knowledge_support import moves_numpy

from reseed.knowledge import datasets, hooks, library_draws, loaders, numpy_global, seeding
from reseed.knowledge.spelling import spellings

TABLES = {
    "ALIASES": numpy_global.ALIASES,
    "DATASETS": datasets.DATASETS,
    "HOOKS": hooks.HOOKS,
    "LIBRARY_DRAWS": library_draws.LIBRARY_DRAWS,
    "LOADERS": loaders.LOADERS,
    "LOOKALIKES": datasets.LOOKALIKES,
    "RNG_OBJECTS": seeding.RNG_OBJECTS,
    "SEEDERS": seeding.SEEDERS,
    "SEED_SOURCE_ROWS": seeding.SEED_SOURCE_ROWS,
}


@pytest.mark.parametrize("name", TABLES)
def test_no_path_has_two_rows(name: str) -> None:
    paths = [row.path for row in TABLES[name]]
    assert len(paths) == len(set(paths)) > 0


@pytest.mark.parametrize("name", TABLES)
def test_every_row_names_a_source_with_a_version(name: str) -> None:
    assert [row.path for row in TABLES[name] if not re.match(r"(measured: )?[A-Za-z][\w -]* \w*\d", row.source)] == []


def test_the_tables_import_no_library() -> None:
    program = "import sys; from reseed.knowledge import datasets, library_draws, loaders, numpy_global, seeding; "
    program += "print(sorted({'libcst', 'numpy', 'torch'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_spellings_leave_modules_out_but_neither_classes_nor_calls() -> None:
    assert list(spellings("pandas.core.frame.DataFrame().sample")) == [
        "pandas.core.frame.DataFrame().sample",
        "pandas.core.DataFrame().sample",
        "pandas.DataFrame().sample",
    ]
    assert list(spellings("torch.Generator().manual_seed")) == ["torch.Generator().manual_seed"]
    assert list(spellings("open")) == ["open"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("numpy.random.rand", "numpy.random.rand"),
        ("numpy.random.mtrand.rand", "numpy.random.rand"),
        ("numpy.random.mtrand._rand.rand", "numpy.random.rand"),
        ("numpy.random.mtrand._rand", "numpy.random"),
        ("pandas.np.random.mtrand.rand", "numpy.random.rand"),
        ("scipy.random.rand", "numpy.random.rand"),
        ("scipy.randn", "numpy.random.randn"),
        ("numpy.random.mtrand.RandomState().rand", "numpy.random.RandomState().rand"),
        ("numpy.random.mtrandom.rand", "numpy.random.mtrandom.rand"),
        ("numpy.zeros", "numpy.zeros"),
    ],
)
def test_canonical(path: str, expected: str) -> None:
    assert numpy_global.canonical(path) == expected


@pytest.mark.parametrize("path", ["numpy.random.choice", "numpy.random.mtrand._rand.shuffle", "scipy.rand"])
def test_draws_from_the_global_state(path: str) -> None:
    assert numpy_global.is_draw(path)


@pytest.mark.parametrize(
    "path",
    [
        "numpy.random",
        "numpy.random.seed",
        "numpy.random.get_state",
        "numpy.random.default_rng",
        "numpy.random.default_rng().choice",
        "numpy.random.RandomState().rand",
        "numpy.random.rand()",
        "random.choice",
        "torch.rand",
        "project.numpy.random.rand",
    ],
)
def test_draws_from_something_else_or_nothing(path: str) -> None:
    assert not numpy_global.is_draw(path)


def may_move_numpy(function: Any) -> bool:
    """Try arguments until some move the state."""
    for args in [
        (),
        (1.5,),
        (0.5,),
        (5, 0.5),
        (5,),
        (1, 2, 3),
        (5, 5, 5),
        ([1.0, 2.0],),
        (5, [0.5, 0.5]),
        ([0], [[1]]),
    ]:
        try:
            if moves_numpy(function, *args):
                return True
        except (IndexError, TypeError, ValueError):
            continue
    return False


def test_the_draws_are_what_numpy_itself_draws_with() -> None:
    numpy = pytest.importorskip("numpy", "1.24")
    moving = set()
    saved, generator = numpy.random.get_state(), numpy.random.get_bit_generator()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in dir(numpy.random):
            function = getattr(numpy.random, name)
            # numpy.random.test runs NumPy's test suite; a setter is called with a state below.
            if name.startswith("_") or name == "test" or f"numpy.random.{name}" in numpy_global.STATE_SETTERS:
                continue
            if callable(function) and not isinstance(function, type) and may_move_numpy(function):
                moving.add(f"numpy.random.{name}")
                assert getattr(numpy.random.mtrand, name) is function
    assert moving == {f"numpy.random.{name}" for name in numpy_global.GLOBAL_DRAWS} | numpy_global.SEEDERS
    assert moves_numpy(numpy.random.set_state, saved)
    assert moves_numpy(numpy.random.set_bit_generator, numpy.random.MT19937())
    numpy.random.set_bit_generator(generator)
