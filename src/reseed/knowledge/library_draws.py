"""Calls into libraries that draw from NumPy's global state unless they are given a seed.

Left out, because the path of the call does not tell whether it draws:
- what a constructor decides: scikit-learn's splitters (``KFold(shuffle=True).split``) and estimators
  (``KMeans().fit``), SciPy's multivariate distributions frozen with ``seed=``;
- ``sklearn.utils.check_random_state(x)``, which is the global state only where `x` is None or ``numpy.random``: see
  `reseed.program.externals`;
- libraries whose draws changed hands between versions (albumentations, scikit-image, trimesh).
``train_test_split(shuffle=False)`` and ``kmeans2(minit="matrix")`` draw nothing, and are rows nevertheless. A
``random_state`` given by position to a multivariate distribution's ``rvs`` is known of three of them only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reseed.knowledge.spelling import find, spellings


@dataclass(frozen=True, slots=True)
class LibraryDraw:
    """A call that moves the RNG state `state`.

    It does not where the parameter `unless` is given, by its keyword or as the positional argument at index `position`
    (from 0, ``self`` not counted; None: by keyword only), and is neither None nor NumPy's global state itself. Neither
    does it where the keyword `fresh` is given at all: with ``rng=None``, SciPy makes a new generator. Where `needs`
    names a parameter (with its index), it draws only if that is one of these constants.
    A ``*`` in `path` stands for one name.
    """

    path: str
    state: str
    unless: str | None
    position: int | None
    source: str
    fresh: str | None = None
    needs: tuple[str, int, frozenset[str]] | None = None


def _scipy(path: str, unless: str, position: int | None = None, fresh: str | None = None) -> LibraryDraw:
    return LibraryDraw(path, "numpy-global", unless, position, "measured: scipy 1.17.1", fresh)


def _sklearn(path: str, position: int | None = None) -> LibraryDraw:
    return LibraryDraw(path, "numpy-global", "random_state", position, "measured: scikit-learn 1.9.1")


def _pandas(path: str) -> LibraryDraw:
    return LibraryDraw(path, "numpy-global", "random_state", 4, "measured: pandas 3.1.1")


def _networkx(path: str, position: int | None = None) -> LibraryDraw:
    return LibraryDraw(path, "numpy-global", "seed", position, "measured: networkx 3.6.1")


def _corruption(name: str) -> LibraryDraw:
    return LibraryDraw(f"imagecorruptions.{name}", "numpy-global", None, None, _IMAGECORRUPTIONS)


def _mmcv(name: str) -> LibraryDraw:
    return LibraryDraw(f"mmcv.{name}", "numpy-global", None, None, "measured: mmcv-lite 2.2.0")


_IMAGECORRUPTIONS = "measured: imagecorruptions 1.1.2 (fog and glass_blur: imagecorruptions/corruptions.py)"
_CORRUPTIONS = (
    "elastic_transform",
    "fog",
    "frost",
    "gaussian_noise",
    "glass_blur",
    "motion_blur",
    "shot_noise",
    "snow",
    "spatter",
    "speckle_noise",
)

LIBRARY_DRAWS: tuple[LibraryDraw, ...] = (
    _scipy("scipy.stats.multivariate_normal.rvs", "random_state", 3),
    _scipy("scipy.stats.dirichlet.rvs", "random_state", 2),
    _scipy("scipy.stats.special_ortho_group.rvs", "random_state", 2),
    _scipy("scipy.stats.rv_discrete().rvs", "random_state"),
    _scipy("scipy.stats.rv_histogram().rvs", "random_state"),
    _scipy("scipy.stats.*.rvs", "random_state"),
    _scipy("scipy.stats.*().rvs", "random_state", 1),
    _scipy("scipy.stats.gaussian_kde().resample", "seed", 1),
    _scipy("scipy.stats.bootstrap", "random_state", None, "rng"),
    _scipy("scipy.stats.permutation_test", "random_state", None, "rng"),
    _scipy("scipy.sparse.random", "random_state", 5, "rng"),
    _scipy("scipy.sparse.rand", "random_state", 5, "rng"),
    _scipy("scipy.sparse.random_array", "random_state", None, "rng"),
    _scipy("scipy.cluster.vq.kmeans", "seed", None, "rng"),
    _scipy("scipy.cluster.vq.kmeans2", "seed", None, "rng"),
    _scipy("scipy.linalg.clarkson_woodruff_transform", "seed", 2, "rng"),
    _scipy("scipy.optimize.basinhopping", "seed", 12, "rng"),
    _scipy("scipy.optimize.differential_evolution", "seed", 9, "rng"),
    _scipy("scipy.optimize.dual_annealing", "seed", 10, "rng"),
    _scipy("scipy.spatial.transform.Rotation.random", "random_state", 1, "rng"),
    _sklearn("sklearn.utils.shuffle"),
    _sklearn("sklearn.utils.resample"),
    _sklearn("sklearn.model_selection.train_test_split"),
    _sklearn("sklearn.cluster.k_means"),
    _sklearn("sklearn.cluster.kmeans_plusplus"),
    _sklearn("sklearn.datasets.make_blobs"),
    _sklearn("sklearn.datasets.make_classification"),
    _sklearn("sklearn.datasets.make_regression"),
    _sklearn("sklearn.neighbors.KernelDensity().sample", 1),
    _pandas("pandas.DataFrame().sample"),
    _pandas("pandas.Series().sample"),
    _pandas("pandas.api.typing.DataFrameGroupBy().sample"),
    _pandas("pandas.api.typing.SeriesGroupBy().sample"),
    _networkx("networkx.spring_layout", 10),
    _networkx("networkx.fruchterman_reingold_layout", 10),
    _networkx("networkx.random_layout", 3),
    _networkx("networkx.arf_layout"),
    _networkx("networkx.forceatlas2_layout"),
    _networkx("networkx.generate_random_paths", 5),
    *[_corruption(name) for name in _CORRUPTIONS],
    LibraryDraw(
        "imagecorruptions.corrupt",
        "numpy-global",
        None,
        None,
        _IMAGECORRUPTIONS,
        needs=("corruption_name", 2, frozenset(_CORRUPTIONS)),
    ),
    _mmcv("adjust_lighting"),
    _mmcv("cutout"),
)

_READERS = "read_csv read_excel read_feather read_fwf read_json read_parquet read_sql read_table concat merge"
_FRAME_METHODS = (
    "assign astype copy drop drop_duplicates dropna fillna head merge query rename reset_index sample set_index "
    "sort_index sort_values tail"
)
_SERIES_METHODS = "astype copy drop drop_duplicates dropna fillna head sample sort_index sort_values tail"

RETURNS: Mapping[str, str] = {
    "pandas.core.frame.DataFrame": "pandas.DataFrame",
    "pandas.core.series.Series": "pandas.Series",
    **{f"pandas.{name}": "pandas.DataFrame" for name in _READERS.split()},
    **{f"pandas.DataFrame().{name}": "pandas.DataFrame" for name in _FRAME_METHODS.split()},
    **{f"pandas.Series().{name}": "pandas.Series" for name in _SERIES_METHODS.split()},
    "pandas.DataFrame().groupby": "pandas.api.typing.DataFrameGroupBy",
    "pandas.Series().groupby": "pandas.api.typing.SeriesGroupBy",
    "sklearn.neighbors.KernelDensity().fit": "sklearn.neighbors.KernelDensity",
}
"""The class of what a call returns, for the calls that lead to a row above.

Source: measured: pandas 3.1.1, scikit-learn 1.9.1.
"""

_BY_PATH = {row.path: row for row in LIBRARY_DRAWS if "*" not in row.path}
_BY_PATTERN = [
    (re.compile(re.escape(row.path).replace(r"\*", r"[a-z]\w*")), row) for row in LIBRARY_DRAWS if "*" in row.path
]


def draw_of(path: str) -> LibraryDraw | None:
    """Return the row that says what calling `path` draws, or None.

    Call results inside `path` are followed: ``pandas.read_csv().dropna().sample`` is ``pandas.DataFrame().sample``.
    """
    path = _follow_calls(path)
    row = find(_BY_PATH, path)
    if row is not None:
        return row
    for spelling in spellings(path):
        for pattern, row in _BY_PATTERN:
            if pattern.fullmatch(spelling):
                return row
    return None


def _follow_calls(path: str) -> str:
    called, *rest = path.split("()")
    for part in rest:
        called = f"{find(RETURNS, called) or called}(){part}"
    return called
