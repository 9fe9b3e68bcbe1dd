"""What seeds an RNG state, what makes an RNG object, and what a seed's value depends on.

RNG states are named ``numpy-global``, ``python-global``, ``torch-global``, ``torch-cuda`` (and ``-mps``, ``-xpu``),
after a library with an RNG of its own (``cv2``, ``imgaug``), or after the class of an RNG object
(``numpy.random.Generator``).
Not a row: ``sklearn.utils.check_random_state``, which gives a new object or the global state, by its argument; see
`reseed.program.externals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reseed.knowledge.numpy_global import GLOBAL_DRAWS, canonical
from reseed.knowledge.spelling import find, spellings

Returns = Literal["none", "int", "generator", "object"]
Dependence = Literal["worker-epoch", "worker", "clock", "pid", "os", "parent-state"]


@dataclass(frozen=True, slots=True)
class Seeder:
    """A call that seeds `states` from one argument: the keyword `seed_parameter`, or the one at `position` (from 0).

    `returns` is what the call gives back: nothing, the seed, the ``torch.Generator`` it seeded, or a new RNG object.
    """

    path: str
    states: tuple[str, ...]
    seed_parameter: str
    position: int
    returns: Returns
    source: str


@dataclass(frozen=True, slots=True)
class RngObject:
    """A constructor of an RNG object whose state is called `state`.

    The seed is the keyword `seed_parameter` or the argument at index `position`; both are None where none is taken.
    """

    path: str
    state: str
    seed_parameter: str | None
    position: int | None
    source: str


@dataclass(frozen=True, slots=True)
class SeedSource:
    """Something a seed is made from: a call of, or the attribute at, `path` varies by `varies`.

    ``worker-epoch``: by worker and epoch; ``worker``: by worker, the same in every epoch; ``clock``, ``pid``, ``os``:
    by the time, the process, the operating system's entropy, none of which ``torch.manual_seed`` can repeat;
    ``parent-state``: NumPy's global state, which before torch 1.9 every worker inherits from the parent.
    """

    path: str
    varies: Dependence
    source: str


_ALL = ("python-global", "numpy-global", "torch-global")
_ALBUMENTATIONS = "measured: albumentations 2.0.8"
_LIGHTNING = "lightning 2.6.6, lightning/fabric/utilities/seed.py"
_NUMPY = "measured: numpy 2.4.6"
_PYTHON = "measured: Python 3.11.7"
_TORCH = "measured: torch 2.13.0"

SEEDERS: tuple[Seeder, ...] = (
    Seeder("numpy.random.seed", ("numpy-global",), "seed", 0, "none", _NUMPY),
    Seeder("numpy.random.RandomState().seed", ("numpy.random.RandomState",), "seed", 0, "none", _NUMPY),
    Seeder("random.seed", ("python-global",), "a", 0, "none", _PYTHON),
    Seeder("random.Random().seed", ("random.Random",), "a", 0, "none", _PYTHON),
    Seeder("torch.manual_seed", ("torch-global",), "seed", 0, "generator", _TORCH),
    Seeder("torch.Generator().manual_seed", ("torch.Generator",), "seed", 0, "generator", _TORCH),
    Seeder("torch.cuda.manual_seed", ("torch-cuda",), "seed", 0, "none", "torch 2.13.0, torch/cuda/random.py"),
    Seeder("torch.cuda.manual_seed_all", ("torch-cuda",), "seed", 0, "none", "torch 2.13.0, torch/cuda/random.py"),
    Seeder("torch.mps.manual_seed", ("torch-mps",), "seed", 0, "none", "torch 2.13.0, torch/mps/__init__.py"),
    Seeder("torch.xpu.manual_seed", ("torch-xpu",), "seed", 0, "none", "torch 2.13.0, torch/xpu/random.py"),
    Seeder("torch.xpu.manual_seed_all", ("torch-xpu",), "seed", 0, "none", "torch 2.13.0, torch/xpu/random.py"),
    Seeder("lightning.seed_everything", _ALL, "seed", 0, "int", _LIGHTNING),
    Seeder("lightning_fabric.seed_everything", _ALL, "seed", 0, "int", "lightning-fabric 2.6.6, utilities/seed.py"),
    Seeder("lightning_lite.seed_everything", _ALL, "seed", 0, "int", "lightning-lite 1.8.6, utilities/seed.py"),
    Seeder("pytorch_lightning.seed_everything", _ALL, "seed", 0, "int", "pytorch-lightning 0.9.0, 1.5.10, 2.6.6"),
    Seeder("accelerate.utils.set_seed", _ALL, "seed", 0, "none", "accelerate 1.15.0, utils/random.py"),
    Seeder("fastai.torch_core.set_seed", _ALL, "s", 0, "none", "fastai 2.8.12, torch_core.py"),
    Seeder("fastai.vision.all.set_seed", _ALL, "s", 0, "none", "fastai 2.8.12, torch_core.py"),
    Seeder("ignite.utils.manual_seed", _ALL, "seed", 0, "none", "pytorch-ignite 0.5.5, ignite/utils.py"),
    Seeder("mmcls.apis.set_random_seed", _ALL, "seed", 0, "none", "mmcls 0.25.0, apis/train.py"),
    Seeder("mmdet.apis.set_random_seed", _ALL, "seed", 0, "none", "mmdet 2.28.2, apis/train.py"),
    Seeder("mmengine.runner.set_random_seed", _ALL, "seed", 0, "int", "mmengine 0.10.7, runner/utils.py"),
    Seeder("mmseg.apis.set_random_seed", _ALL, "seed", 0, "none", "mmsegmentation 0.30.0, apis/train.py"),
    Seeder("monai.utils.set_determinism", _ALL, "seed", 0, "none", "monai 1.6.1, utils/misc.py"),
    Seeder("speechbrain.utils.seed.seed_everything", _ALL, "seed", 0, "int", "speechbrain 1.1.2, utils/seed.py"),
    Seeder("timm.utils.random_seed", _ALL, "seed", 0, "none", "timm 1.0.31, utils/random.py"),
    Seeder("torch_geometric.seed_everything", _ALL, "seed", 0, "none", "torch_geometric 2.8.1, seed.py"),
    Seeder("transformers.enable_full_determinism", _ALL, "seed", 0, "none", "transformers 5.23.0, trainer_utils.py"),
    Seeder("transformers.set_seed", _ALL, "seed", 0, "none", "transformers 5.23.0, trainer_utils.py"),
    Seeder("ultralytics.utils.torch_utils.init_seeds", _ALL, "seed", 0, "none", "ultralytics 8.4.190, torch_utils.py"),
    Seeder("cv2.setRNGSeed", ("cv2",), "seed", 0, "none", "measured: opencv-python-headless 5.0.0.93"),
    Seeder("imgaug.seed", ("imgaug",), "entropy", 0, "none", "imgaug 0.4.0, imgaug/imgaug.py"),
    Seeder("imgaug.random.seed", ("imgaug",), "entropy", 0, "none", "imgaug 0.4.0, imgaug/random.py"),
    Seeder("albumentations.Compose().set_random_seed", ("albumentations",), "seed", 0, "none", _ALBUMENTATIONS),
    Seeder(
        "albumentations.Compose().set_random_state", ("albumentations",), "random_generator", 0, "none", _ALBUMENTATIONS
    ),
    Seeder("faker.Faker.seed", ("faker",), "seed", 0, "none", "measured: Faker 40.54.0"),
    Seeder("faker.Faker().seed_instance", ("faker",), "seed", 0, "none", "measured: Faker 40.54.0"),
)

RNG_OBJECTS: tuple[RngObject, ...] = (
    RngObject("numpy.random.default_rng", "numpy.random.Generator", "seed", 0, _NUMPY),
    RngObject("numpy.random.Generator", "numpy.random.Generator", "bit_generator", 0, _NUMPY),
    RngObject("numpy.random.RandomState", "numpy.random.RandomState", "seed", 0, _NUMPY),
    RngObject("numpy.random.MT19937", "numpy.random.BitGenerator", "seed", 0, _NUMPY),
    RngObject("numpy.random.PCG64", "numpy.random.BitGenerator", "seed", 0, _NUMPY),
    RngObject("numpy.random.PCG64DXSM", "numpy.random.BitGenerator", "seed", 0, _NUMPY),
    RngObject("numpy.random.Philox", "numpy.random.BitGenerator", "seed", 0, _NUMPY),
    RngObject("numpy.random.SFC64", "numpy.random.BitGenerator", "seed", 0, _NUMPY),
    RngObject("random.Random", "random.Random", "x", 0, _PYTHON),
    RngObject("torch.Generator", "torch.Generator", None, None, _TORCH),
)


def _sources(varies: Dependence, module: str, names: str, source: str) -> tuple[SeedSource, ...]:
    return tuple(SeedSource(f"{module}.{name}", varies, source) for name in names.split())


# PyTorch seeds torch and random in every worker, anew in every epoch; NumPy since 1.9.
_WORKER_LOOP = "torch 1.8.1, 2.13.0, torch/utils/data/_utils/worker.py"
_TORCH_DRAWS = "bernoulli empty().random_ multinomial normal poisson rand randint randn randperm"
_PYTHON_DRAWS = (
    "betavariate choice choices gauss getrandbits normalvariate randbytes randint random randrange sample uniform"
)

SEED_SOURCE_ROWS: tuple[SeedSource, ...] = (
    *_sources("worker-epoch", "torch", f"initial_seed {_TORCH_DRAWS}", _WORKER_LOOP),
    *_sources("worker-epoch", "random", _PYTHON_DRAWS, _WORKER_LOOP),
    *_sources("worker-epoch", "torch.utils.data.get_worker_info()", "seed", _WORKER_LOOP),
    *_sources("worker", "torch.utils.data.get_worker_info()", "id", _WORKER_LOOP),
    *_sources("clock", "time", "monotonic monotonic_ns perf_counter perf_counter_ns time time_ns", "Python 3.11, time"),
    *_sources("clock", "datetime.datetime", "now today utcnow", "Python 3.11, datetime"),
    *_sources("pid", "os", "getpid", "Python 3.11, os"),
    *_sources("pid", "multiprocessing.current_process()", "ident pid", "Python 3.11, multiprocessing"),
    *_sources("pid", "torch.multiprocessing.current_process()", "ident pid", "torch 2.13.0, torch/multiprocessing"),
    *_sources("os", "os", "urandom", "Python 3.11, os"),
    *_sources("os", "secrets", "choice randbelow randbits token_bytes token_hex", "Python 3.11, secrets"),
    *_sources("os", "secrets", "SystemRandom", "Python 3.11, secrets"),
    *_sources("os", "random", "SystemRandom", "Python 3.11, random"),
    *_sources("os", "uuid", "uuid4", "Python 3.11, uuid"),
    *_sources("os", "torch", "seed Generator().seed", "torch 2.13.0, torch/random.py"),
    *_sources("parent-state", "numpy.random", " ".join(["get_state", *sorted(GLOBAL_DRAWS)]), _WORKER_LOOP),
)

SEED_SOURCES: Mapping[str, Dependence] = {row.path: row.varies for row in SEED_SOURCE_ROWS}
"""What the value of a path depends on in a worker. `seed_source_of` finds other spellings, too."""

_SECONDS = (10**9, 2**32 - 1)
SEED_RANGES: Mapping[str, tuple[int, int]] = {
    "torch.initial_seed": (0, 2**63),
    "torch.utils.data.get_worker_info().seed": (0, 2**63),
    "torch.seed": (0, 2**64 - 1),
    "uuid.uuid4().int": (0, 2**128 - 1),
    "os.getpid": (1, 2**22),
    "time.time": _SECONDS,
    "time.time_ns": (_SECONDS[0] * 10**9, _SECONDS[1] * 10**9),
    "datetime.datetime.now().timestamp": _SECONDS,
}
"""Between which numbers a source of seeds lies. A worker's seed is a draw of 63 bits and the worker's number.

Source: torch 1.8.1, 2.13.0, torch/utils/data/dataloader.py (`_base_seed`); Python 3.11, uuid, time; Linux, pid_max.
"""
TICKS: Mapping[str, float] = {
    **dict.fromkeys(["time.time", "time.monotonic", "time.perf_counter", "datetime.datetime.now().timestamp"], 1.0),
    **dict.fromkeys(["time.time_ns", "time.monotonic_ns", "time.perf_counter_ns"], 1e9),
}
"""By how much a clock's reading grows in a second. Source: Python 3.11, time, datetime."""
COARSE: frozenset[str] = frozenset({"second", "minute", "hour", "day", "month", "year", "date", "weekday"})
"""Parts of a date that are the same in workers which start within a second. Source: Python 3.11, datetime."""
INTEGER_DRAWS: Mapping[str, str] = {
    path: path for path in ("random.randint", "random.randrange", "numpy.random.randint", "torch.randint")
}
"""Draws of integers between their first two arguments, or below the only one. ``torch.randint`` has a size behind them.

Source: Python 3.11, random; numpy 2.4.6, numpy/random/mtrand.pyx; torch 2.13.0, torch/_torch_docs.py.
"""
OPTIONS: tuple[str, ...] = (
    "parse_args().",
    "parse_known_args().",
    "absl.flags.FLAGS.",
    "os.environ.get()",
    "os.getenv()",
)
"""Parts of paths to what the user says when a program starts: it stays as it is for the whole run.

Source: Python 3.11, argparse, os; absl-py 2.4, absl/flags.
"""

_SEEDERS = {
    **{row.path: row for row in SEEDERS},
    **{
        row.path: Seeder(row.path, (row.state,), row.seed_parameter, row.position, "object", row.source)
        for row in RNG_OBJECTS
        if row.seed_parameter is not None and row.position is not None
    },
}
_RNG_OBJECTS = {row.path: row for row in RNG_OBJECTS}


def seeder_of(path: str) -> Seeder | None:
    """Return what calling `path` seeds, constructors of RNG objects that take a seed included, or None."""
    return find(_SEEDERS, canonical(path))


def rng_object_of(path: str) -> RngObject | None:
    """Return the RNG object that calling `path` makes, or None."""
    return find(_RNG_OBJECTS, canonical(path))


def seed_source_of(path: str) -> Dependence | None:
    """Return what the value at `path` depends on in a worker, or None where the tables do not say.

    A method or an attribute of the value depends on the same: ``torch.randint().item``, ``uuid.uuid4().int``. A draw
    that is given a ``generator=`` depends on that instead, which the path does not show.
    """
    for spelling in spellings(canonical(path)):
        while spelling:
            if spelling in SEED_SOURCES:
                return SEED_SOURCES[spelling]
            spelling = spelling.rpartition("()")[0]
    return None
