"""Seeders, RNG objects and the sources of seeds, called in the libraries themselves and in real workers."""

from __future__ import annotations

import importlib
import multiprocessing
import random
from typing import Any

import pytest
from knowledge_support import evaluate, numpy_state

from reseed.knowledge import seeding


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("numpy.random.mtrand._rand.seed", "numpy.random.seed"),
        ("torch.random.manual_seed", "torch.manual_seed"),
        ("torch.random.default_generator.manual_seed", "torch.manual_seed"),
        ("torch.cuda.random.manual_seed_all", "torch.cuda.manual_seed_all"),
        ("torch.Generator().manual_seed", "torch.Generator().manual_seed"),
        ("pytorch_lightning.utilities.seed.seed_everything", "pytorch_lightning.seed_everything"),
        ("lightning.pytorch.seed_everything", "lightning.seed_everything"),
        ("lightning.fabric.utilities.seed.seed_everything", "lightning.seed_everything"),
        ("transformers.trainer_utils.set_seed", "transformers.set_seed"),
        ("accelerate.utils.random.set_seed", "accelerate.utils.set_seed"),
        ("monai.utils.misc.set_determinism", "monai.utils.set_determinism"),
        ("numpy.random.mtrand.RandomState", "numpy.random.RandomState"),
        ("random.Random", "random.Random"),
    ],
)
def test_spellings_of_seeders(path: str, found: str) -> None:
    row = seeding.seeder_of(path)
    assert row is not None and row.path == found


@pytest.mark.parametrize("path", ["numpy.seed", "torch.seed", "torch.Generator", "project.seed_everything", "seed"])
def test_no_seeder(path: str) -> None:
    assert seeding.seeder_of(path) is None


def state_of(state: str, owner: Any) -> Any:
    if state == "numpy-global":
        return numpy_state()
    if state == "python-global":
        return random.getstate()
    if state == "torch-global":
        return importlib.import_module("torch").get_rng_state().tolist()
    if state == "torch.Generator":
        return owner.get_state().tolist()
    return owner.getstate() if state == "random.Random" else owner.get_state()[1].tolist()


@pytest.mark.parametrize("row", seeding.SEEDERS, ids=lambda row: row.path)
def test_seeders_seed_their_states_from_their_parameter(row: seeding.Seeder) -> None:
    pytest.importorskip(row.path.split(".")[0])
    function = evaluate(row.path)
    owner = getattr(function, "__self__", None)
    states = [state for state in row.states if state not in ("torch-cuda", "torch-mps", "torch-xpu", "cv2", "imgaug")]
    if not states:
        pytest.skip("needs a device")
    seen = []
    # torch.Generator takes its seed by position only.
    again = function if states == ["torch.Generator"] else lambda seed: function(**{row.seed_parameter: seed})
    for seed, call in [(7, function), (8, function), (7, again)]:
        returned = call(seed)
        seen.append([state_of(state, owner) for state in states])
    assert seen[0] == seen[2]
    assert all(seven != eight for seven, eight in zip(seen[0], seen[1], strict=True))
    returns = {"NoneType": "none", "int": "int", "Generator": "generator"}
    assert returns[type(returned).__name__] == row.returns


@pytest.mark.parametrize("row", seeding.RNG_OBJECTS, ids=lambda row: row.path)
def test_rng_objects_take_their_seed_where_the_row_says(row: seeding.RngObject) -> None:
    numpy = pytest.importorskip("numpy")
    pytest.importorskip(row.path.split(".")[0])
    make, cls = evaluate(row.path), evaluate(row.state)
    assert seeding.rng_object_of(row.path) == row
    assert (row.position is None) == (row.seed_parameter is None)
    assert isinstance(make(numpy.random.PCG64()) if row.seed_parameter == "bit_generator" else make(), cls)
    if row.seed_parameter is None:
        with pytest.raises((TypeError, RuntimeError)):
            make(12345)
        return

    def seed(value: int) -> Any:
        return numpy.random.PCG64(value) if row.seed_parameter == "bit_generator" else value

    def first(rng: Any) -> Any:
        return rng.random_raw() if hasattr(rng, "random_raw") else rng.random()

    assert row.position == 0
    assert first(make(seed(3))) == first(make(**{row.seed_parameter: seed(3)})) != first(make(seed(4)))
    seeder = seeding.seeder_of(row.path)
    assert seeder is not None and (seeder.returns, seeder.states) == ("object", (row.state,))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("torch.initial_seed", "worker-epoch"),
        ("torch.random.initial_seed", "worker-epoch"),
        ("torch.utils.data.get_worker_info().seed", "worker-epoch"),
        ("torch.utils.data._utils.worker.get_worker_info().seed", "worker-epoch"),
        ("torch.utils.data.get_worker_info().id", "worker"),
        ("torch.randint().item", "worker-epoch"),
        ("torch.empty().random_().item()", "worker-epoch"),
        ("random.randint", "worker-epoch"),
        ("random.SystemRandom().randint", "os"),
        ("numpy.random.mtrand.get_state", "parent-state"),
        ("numpy.random.randint", "parent-state"),
        ("datetime.datetime.now().timestamp", "clock"),
        ("time.time()", "clock"),
        ("os.getpid", "pid"),
        ("uuid.uuid4().int", "os"),
        ("torch.seed", "os"),
        ("torch.utils.data.get_worker_info", None),
        ("torch.utils.data.get_worker_info().num_workers", None),
        ("numpy.random.default_rng().integers", None),
        ("random.Random().random", None),
        ("project.time", None),
    ],
)
def test_seed_sources(path: str, expected: str | None) -> None:
    assert seeding.seed_source_of(path) == expected


# How to get a value out of those that cannot simply be called, with enough bits that equal values mean equal seeds.
VALUES = {
    "torch.bernoulli": "torch.bernoulli(torch.full((64,), 0.5)).tolist()",
    "torch.empty().random_": "torch.empty((), dtype=torch.int64).random_().item()",
    "torch.multinomial": "torch.multinomial(torch.ones(1000), 9).tolist()",
    "torch.normal": "torch.normal(0.0, 1.0, (4,)).tolist()",
    "torch.poisson": "torch.poisson(torch.full((64,), 1e6)).tolist()",
    "torch.rand": "torch.rand(4).tolist()",
    "torch.randint": "torch.randint(2**62, ()).item()",
    "torch.randn": "torch.randn(4).tolist()",
    "torch.randperm": "torch.randperm(1000).tolist()",
    "torch.Generator().seed": "torch.Generator().seed()",
    "torch.utils.data.get_worker_info().seed": "torch.utils.data.get_worker_info().seed",
    "torch.utils.data.get_worker_info().id": "torch.utils.data.get_worker_info().id",
    "random.betavariate": "random.betavariate(2, 3)",
    "random.choice": "random.choice(range(2**60))",
    "random.choices": "random.choices(range(2**60))",
    "random.gauss": "random.gauss(0, 1)",
    "random.getrandbits": "random.getrandbits(60)",
    "random.normalvariate": "random.normalvariate(0, 1)",
    "random.randbytes": "random.randbytes(8)",
    "random.randint": "random.randint(0, 2**60)",
    "random.randrange": "random.randrange(2**60)",
    "random.sample": "random.sample(range(2**60), 2)",
    "random.uniform": "random.uniform(0, 1)",
    "random.SystemRandom": "random.SystemRandom().random()",
    "secrets.SystemRandom": "secrets.SystemRandom().random()",
    "secrets.choice": "secrets.choice(range(2**60))",
    "secrets.randbelow": "secrets.randbelow(2**60)",
    "secrets.randbits": "secrets.randbits(60)",
    "os.urandom": "os.urandom(8)",
    "multiprocessing.current_process().ident": "multiprocessing.current_process().ident",
    "multiprocessing.current_process().pid": "multiprocessing.current_process().pid",
    "torch.multiprocessing.current_process().ident": "torch.multiprocessing.current_process().ident",
    "torch.multiprocessing.current_process().pid": "torch.multiprocessing.current_process().pid",
    "numpy.random.get_state": "numpy.random.get_state()[1].tolist()",
    "numpy.random.randint": "numpy.random.randint(2**60)",
    "numpy.random.rand": "numpy.random.rand()",
}


class Evaluated:
    """A map-style dataset whose one item a worker are the values of expressions."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> dict[str, Any]:
        torch, numpy = importlib.import_module("torch"), importlib.import_module("numpy")
        names = {"torch": torch, "numpy": numpy}
        # Reseeding calls come last, so that they do not disturb the others.
        paths = sorted(self.paths, key=lambda path: path == "torch.seed")
        return {path: evaluate(VALUES.get(path, f"{path}()"), **names) for path in paths}


def draw_in_workers(paths: list[str]) -> dict[str, list[Any]]:
    """Values by path: of worker 0 and worker 1 in a first epoch, then of both in a second."""
    import torch

    torch.manual_seed(0)
    random.seed(0)
    loader = torch.utils.data.DataLoader(
        Evaluated(paths), batch_size=None, num_workers=2, multiprocessing_context="fork"
    )
    items = [item for _ in range(2) for item in loader]
    return {path: [item[path] for item in items] for path in paths}


def distinct(values: list[Any]) -> int:
    return len({repr(value) for value in values})


needs_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")


@needs_fork
def test_seed_sources_vary_in_real_workers_as_their_rows_say() -> None:
    pytest.importorskip("torch", "1.9")
    pytest.importorskip("numpy")
    paths = [row.path for row in seeding.SEED_SOURCE_ROWS if row.varies != "parent-state"]
    first, again = draw_in_workers(paths), draw_in_workers(paths)
    for path in paths:
        varies = seeding.SEED_SOURCES[path]
        if varies == "worker-epoch":
            assert distinct(first[path]) == 4, path
            assert first[path] == again[path], path
        elif varies == "worker":
            assert first[path] == again[path] == [0, 1, 0, 1], path
        else:
            assert first[path] != again[path], path


@needs_fork
def test_numpy_state_is_the_parents_where_torch_does_not_seed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    numpy = pytest.importorskip("numpy")
    worker = pytest.importorskip("torch.utils.data._utils.worker")
    monkeypatch.setattr(worker, "HAS_NUMPY", False)
    numpy.random.seed(0)
    for values in draw_in_workers(["numpy.random.get_state", "numpy.random.randint", "numpy.random.rand"]).values():
        assert distinct(values) == 1
