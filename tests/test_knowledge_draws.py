"""Draws of libraries from NumPy's global state, each one called in the library itself."""

from __future__ import annotations

import importlib
import inspect

import pytest
from knowledge_support import evaluate, moves_numpy

from reseed.knowledge import library_draws

# Draws of libraries: path, an expression for the same, and arguments without a seed.

EXAMPLES: list[tuple[str, str, str]] = [
    ("scipy.stats.norm.rvs", "scipy.stats.norm.rvs", "size=3"),
    ("scipy.stats.poisson.rvs", "scipy.stats.poisson.rvs", "3.0"),
    ("scipy.stats.truncnorm.rvs", "scipy.stats.truncnorm.rvs", "-1, 1"),
    ("scipy.stats.distributions.beta.rvs", "scipy.stats.distributions.beta.rvs", "2, 3"),
    ("scipy.stats.norm().rvs", "scipy.stats.norm().rvs", ""),
    ("scipy.stats.poisson().rvs", "scipy.stats.poisson(3.0).rvs", ""),
    ("scipy.stats.multivariate_normal().rvs", "scipy.stats.multivariate_normal().rvs", ""),
    ("scipy.stats.multivariate_normal.rvs", "scipy.stats.multivariate_normal.rvs", "[0, 0]"),
    ("scipy.stats.dirichlet.rvs", "scipy.stats.dirichlet.rvs", "[1, 2]"),
    ("scipy.stats.special_ortho_group.rvs", "scipy.stats.special_ortho_group.rvs", "3"),
    ("scipy.stats.rv_discrete().rvs", "scipy.stats.rv_discrete(values=([1, 2], [0.5, 0.5])).rvs", "size=2"),
    ("scipy.stats.rv_histogram().rvs", "scipy.stats.rv_histogram(numpy.histogram([1, 2, 3])).rvs", "size=2"),
    ("scipy.stats.gaussian_kde().resample", "scipy.stats.gaussian_kde([1.0, 2.0, 4.0]).resample", "3"),
    ("scipy.stats.bootstrap", "scipy.stats.bootstrap", "([1.0, 2.0, 4.0],), numpy.mean, n_resamples=9, method='basic'"),
    (
        "scipy.stats.permutation_test",
        "scipy.stats.permutation_test",
        "(range(9), range(9)), lambda x, y: x[0] - y[0], n_resamples=9",
    ),
    ("scipy.sparse.random", "scipy.sparse.random", "9, 9, 0.3"),
    ("scipy.sparse.rand", "scipy.sparse.rand", "9, 9, 0.3"),
    ("scipy.sparse.random_array", "scipy.sparse.random_array", "(9, 9), density=0.3"),
    ("scipy.cluster.vq.kmeans", "scipy.cluster.vq.kmeans", "POINTS, 2"),
    ("scipy.cluster.vq.kmeans2", "scipy.cluster.vq.kmeans2", "POINTS, 2"),
    ("scipy.linalg.clarkson_woodruff_transform", "scipy.linalg.clarkson_woodruff_transform", "POINTS, 2"),
    ("scipy.optimize.basinhopping", "scipy.optimize.basinhopping", "lambda x: x[0] ** 2, [1.0], niter=1"),
    (
        "scipy.optimize.differential_evolution",
        "scipy.optimize.differential_evolution",
        "lambda x: x[0] ** 2, [(-1, 1)], maxiter=1",
    ),
    (
        "scipy.optimize.dual_annealing",
        "scipy.optimize.dual_annealing",
        "lambda x: x[0] ** 2, [(-1, 1)], maxiter=1",
    ),
    ("scipy.spatial.transform.Rotation.random", "scipy.spatial.transform.Rotation.random", ""),
    ("sklearn.utils.shuffle", "sklearn.utils.shuffle", "[1, 2, 3]"),
    ("sklearn.utils.resample", "sklearn.utils.resample", "[1, 2, 3]"),
    ("sklearn.model_selection.train_test_split", "sklearn.model_selection.train_test_split", "[1, 2, 3]"),
    ("sklearn.cluster.k_means", "sklearn.cluster.k_means", "POINTS, 2"),
    ("sklearn.cluster.kmeans_plusplus", "sklearn.cluster.kmeans_plusplus", "POINTS, 2"),
    ("sklearn.datasets.make_blobs", "sklearn.datasets.make_blobs", "5"),
    ("sklearn.datasets.make_classification", "sklearn.datasets.make_classification", "20"),
    ("sklearn.datasets.make_regression", "sklearn.datasets.make_regression", "20"),
    ("sklearn.neighbors.KernelDensity().fit().sample", "sklearn.neighbors.KernelDensity().fit(POINTS).sample", ""),
    ("pandas.read_csv().dropna().sample", "pandas.DataFrame({'a': [1, 2]}).dropna().sample", ""),
    ("pandas.core.series.Series().sample", "pandas.Series([1, 2]).sample", ""),
    ("pandas.DataFrame().groupby().sample", "pandas.DataFrame({'a': [1, 1]}).groupby('a').sample", ""),
    ("pandas.Series().groupby().sample", "pandas.Series([1, 1]).groupby([0, 0]).sample", ""),
    ("networkx.spring_layout", "networkx.spring_layout", "networkx.path_graph(3)"),
    ("networkx.drawing.layout.fruchterman_reingold_layout", "networkx.spring_layout", "networkx.path_graph(3)"),
    ("networkx.random_layout", "networkx.random_layout", "networkx.path_graph(3)"),
    ("networkx.arf_layout", "networkx.arf_layout", "networkx.path_graph(3)"),
    ("networkx.forceatlas2_layout", "networkx.forceatlas2_layout", "networkx.path_graph(3)"),
    ("networkx.generate_random_paths", "list_of(networkx.generate_random_paths)", "networkx.path_graph(3), 2, 2"),
    *[
        (f"imagecorruptions.corruptions.{name}", f"imagecorruptions.{name}", "image(IMAGE), 1")
        for name in [
            "elastic_transform",
            "frost",
            "gaussian_noise",
            "motion_blur",
            "shot_noise",
            "snow",
            "spatter",
            "speckle_noise",
        ]
    ],
    # Not with scikit-image since 0.19, and not with NumPy 2.
    ("imagecorruptions.glass_blur", "older", ""),
    ("imagecorruptions.fog", "older", ""),
    ("imagecorruptions.corrupt", "imagecorruptions.corrupt", "IMAGE, 1, 'snow'"),
    ("mmcv.image.geometric.cutout", "mmcv.cutout", "IMAGE, 8"),
    ("mmcv.image.adjust_lighting", "mmcv.adjust_lighting", "IMAGE, numpy.ones(3), numpy.eye(3)"),
]
# The first versions with all the names that the rows use.
VERSIONS = {"scipy": "1.15", "sklearn": "1.5", "pandas": "2.2", "networkx": "3.5"}


def test_every_library_draw_has_an_example() -> None:
    assert {library_draws.draw_of(path) for path, _, _ in EXAMPLES} == set(library_draws.LIBRARY_DRAWS)


@pytest.mark.parametrize(("path", "expression", "arguments"), EXAMPLES)
def test_a_library_draw_moves_the_global_state_unless_it_is_given_a_seed(
    path: str, expression: str, arguments: str
) -> None:
    package = path.split(".")[0]
    library, numpy = pytest.importorskip(package, VERSIONS.get(package)), pytest.importorskip("numpy")
    if expression == "older":
        pytest.skip("needs older libraries")
    row = library_draws.draw_of(path)
    assert row is not None and row.state == "numpy-global"
    points = numpy.sin(numpy.arange(24.0)).reshape(12, 2)
    # A generator draws when it is consumed.
    names = {package: library, "numpy": numpy, "POINTS": points, "list_of": lambda f: lambda *a, **k: list(f(*a, **k))}
    if package in ("imagecorruptions", "mmcv"):
        names["image"] = importlib.import_module("PIL.Image").fromarray
        names["IMAGE"] = numpy.full((64, 64, 3), 100, numpy.uint8)
    for module in ("scipy.cluster.vq", "scipy.spatial.transform", "sklearn.model_selection", "sklearn.neighbors"):
        if module.startswith(package):
            importlib.import_module(module)
    if package in ("scipy", "sklearn"):
        importlib.import_module(".".join(path.split(".")[:2]))

    def moves(seed: str) -> bool:
        code = compile(f"{expression}({', '.join(filter(None, [arguments, seed]))})", "example", "eval")
        return moves_numpy(lambda: eval(code, names))

    assert moves("")
    if row.unless is None:
        return
    assert moves(f"{row.unless}=None")
    assert moves(f"{row.unless}=numpy.random.mtrand._rand")
    assert not moves(f"{row.unless}=0")
    if row.fresh is not None:
        assert not moves(f"{row.fresh}=None")
        assert not moves(f"{row.fresh}=0")
    function = eval(
        expression.removeprefix("list_of(").removesuffix(")") if "list_of" in expression else expression, names
    )
    by_position = [
        index
        for index, parameter in enumerate(inspect.signature(function).parameters.values())
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.name in (row.unless, row.fresh)
    ]
    assert by_position == ([] if row.position is None else [row.position])


@pytest.mark.parametrize(
    "path",
    [
        "scipy.stats.norm.pdf",
        "scipy.stats.norm",
        "scipy.stats.qmc.Sobol().random",
        "sklearn.model_selection.KFold().split",
        "sklearn.utils.check_random_state().rand",
        "pandas.DataFrame().head",
        "pandas.DataFrame().sample()",
        "networkx.gnp_random_graph",
        "random.sample",
        "project.Frame().sample",
    ],
)
def test_no_library_draw(path: str) -> None:
    assert library_draws.draw_of(path) is None


def test_other_corruptions_leave_the_state_alone() -> None:
    imagecorruptions, numpy = pytest.importorskip("imagecorruptions"), pytest.importorskip("numpy")
    row = library_draws.draw_of("imagecorruptions.corrupt")
    assert row is not None and row.needs is not None
    image = numpy.full((64, 64, 3), 100, numpy.uint8)
    names = set(imagecorruptions.get_corruption_names("all"))
    assert row.needs[2] < names
    for name in names - row.needs[2] - {"gaussian_blur"}:  # which needs an older scikit-image
        assert not moves_numpy(imagecorruptions.corrupt, image, 1, name), name


def test_returned_classes_are_what_pandas_returns() -> None:
    pandas = pytest.importorskip("pandas", VERSIONS["pandas"])
    needs = {
        "astype": (int,),
        "query": ("a > 0",),
        "set_index": ("a",),
        "rename": ({},),
        "sort_values": ("a",),
        "groupby": ("a",),
    }
    own = {"drop": {"index": [0]}, "fillna": {"value": 0}, "merge": {"right": pandas.DataFrame({"a": [1]})}}
    checked = 0
    for path, cls in library_draws.RETURNS.items():
        kind, _, method = path.rpartition("().")
        if kind in ("pandas.DataFrame", "pandas.Series"):
            value = pandas.DataFrame({"a": [1, 2]}) if kind == "pandas.DataFrame" else pandas.Series([1, 2])
            args = needs.get(method, ()) if kind == "pandas.DataFrame" or method == "astype" else ()
            args = ([0, 0],) if path == "pandas.Series().groupby" else args
            assert isinstance(getattr(value, method)(*args, **own.get(method, {})), evaluate(cls)), path
            checked += 1
        elif path.startswith("pandas.core."):
            assert evaluate(path) is evaluate(cls)
        elif path.startswith("pandas."):
            assert "DataFrame" in str(inspect.signature(evaluate(path)).return_annotation), path
    assert checked > 20
