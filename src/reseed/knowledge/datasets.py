"""Dataset classes of PyTorch and of the libraries around it, and their look-alikes of other frameworks.

A row is a class, all classes of a package (``torchvision.datasets.*``), or those whose name ends in ``Dataset``
(``mmdet.datasets.*Dataset``); the package's inner modules need no rows. ``LightningDataModule`` and its kind are no
datasets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reseed.knowledge.spelling import spellings

Base = Literal["map", "iterable"]


@dataclass(frozen=True, slots=True)
class DatasetClass:
    """One class or family of classes.

    `base` is the kind of dataset that a subclass is, None where `path` is no class to derive from or no dataset at all.
    `quiet` says that its own items draw nothing from NumPy's global state. Abstract classes are not quiet: a value that
    is only known to be one of them may be anything.
    """

    path: str
    base: Base | None
    quiet: bool
    source: str


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A top-level package or a class of another framework, whose names look like those of PyTorch."""

    path: str
    source: str


_TORCH = "torch 2.13.0, torch/utils/data"
_TORCHDATA = "torchdata 0.9.0, torchdata/datapipes"
_TORCHVISION = "torchvision 0.29.2, torchvision/datasets"
_GEOMETRIC = "torch_geometric 2.8.1"
_TORCHGEO = "torchgeo 0.8.1, torchgeo/datasets"
_MONAI = "monai 1.6.1, monai/data"
_HF = "datasets 5.2.0, arrow_dataset.py, iterable_dataset.py, load.py"

DATASETS: tuple[DatasetClass, ...] = (
    DatasetClass("torch.utils.data.Dataset", "map", False, _TORCH),
    DatasetClass("torch.utils.data.IterableDataset", "iterable", False, _TORCH),
    DatasetClass("torch.utils.data.TensorDataset", "map", True, _TORCH),
    DatasetClass("torch.utils.data.Subset", "map", True, _TORCH),
    DatasetClass("torch.utils.data.ConcatDataset", "map", True, _TORCH),
    DatasetClass("torch.utils.data.StackDataset", "map", True, _TORCH),
    DatasetClass("torch.utils.data.ChainDataset", "iterable", True, _TORCH),
    DatasetClass("torch.utils.data.random_split", None, True, _TORCH),
    DatasetClass("torch.utils.data.IterDataPipe", "iterable", False, _TORCH),
    DatasetClass("torch.utils.data.DFIterDataPipe", "iterable", False, _TORCH),
    DatasetClass("torch.utils.data.MapDataPipe", "map", False, _TORCH),
    DatasetClass("torch.utils.data.datapipes.iter.*", "iterable", True, _TORCH),
    DatasetClass("torch.utils.data.datapipes.map.*", "map", True, _TORCH),
    DatasetClass("torch.utils.data.datapipes.map.Shuffler", "iterable", True, _TORCH),
    DatasetClass("torchdata.datapipes.iter.IterDataPipe", "iterable", False, _TORCHDATA),
    DatasetClass("torchdata.datapipes.iter.*", "iterable", True, _TORCHDATA),
    DatasetClass("torchdata.datapipes.map.MapDataPipe", "map", False, _TORCHDATA),
    DatasetClass("torchdata.datapipes.map.*", "map", True, _TORCHDATA),
    DatasetClass("torchvision.datasets.VisionDataset", "map", False, _TORCHVISION),
    DatasetClass("torchvision.datasets.*", "map", True, _TORCHVISION),
    DatasetClass("torchvision.datasets.StandardTransform", None, False, _TORCHVISION),
    DatasetClass("torchvision.datasets.VideoClips", None, False, _TORCHVISION),
    DatasetClass("torchvision.datasets.samplers.*", None, False, _TORCHVISION),
    DatasetClass("torchaudio.datasets.*", "map", True, "torchaudio 2.11.0, torchaudio/datasets"),
    DatasetClass("torchtext.data.Dataset", "map", False, "torchtext 0.6.0, torchtext/data/dataset.py"),
    DatasetClass("torchtext.data.TabularDataset", "map", True, "torchtext 0.6.0, torchtext/data/dataset.py"),
    DatasetClass("torch_geometric.data.Dataset", "map", False, f"{_GEOMETRIC}, data/dataset.py"),
    DatasetClass("torch_geometric.data.InMemoryDataset", "map", False, f"{_GEOMETRIC}, data/in_memory_dataset.py"),
    DatasetClass("torch_geometric.data.OnDiskDataset", "map", False, f"{_GEOMETRIC}, data/on_disk_dataset.py"),
    DatasetClass("torch_geometric.datasets.*", "map", True, f"{_GEOMETRIC}, datasets"),
    DatasetClass("torch_geometric.datasets.graph_generator.*", None, False, f"{_GEOMETRIC}, datasets"),
    DatasetClass("torch_geometric.datasets.motif_generator.*", None, False, f"{_GEOMETRIC}, datasets"),
    DatasetClass("torchgeo.datasets.*Dataset", "map", False, _TORCHGEO),
    DatasetClass("torchgeo.datasets.*", "map", True, _TORCHGEO),
    DatasetClass("torchgeo.datasets.Substation", "map", False, f"{_TORCHGEO}/substation.py (timepoint_aggregation)"),
    DatasetClass("torchgeo.datasets.CopernicusPretrain", "iterable", True, _TORCHGEO),
    DatasetClass("torchgeo.datasets.BoundingBox", None, False, _TORCHGEO),
    DatasetClass("torchgeo.datasets.DatasetNotFoundError", None, False, _TORCHGEO),
    DatasetClass("torchgeo.datasets.DependencyNotFoundError", None, False, _TORCHGEO),
    DatasetClass("torchgeo.datasets.RGBBandsMissingError", None, False, _TORCHGEO),
    DatasetClass("torchio.SubjectsDataset", "map", True, "torchio 1.2.1, torchio/data"),
    DatasetClass("torchio.Queue", "map", True, "torchio 1.2.1, torchio/data"),
    DatasetClass("torchio.datasets.*", "map", True, "torchio 1.2.1, torchio/datasets"),
    DatasetClass("monai.data.*Dataset", "map", True, _MONAI),
    DatasetClass("monai.data.IterableDataset", "iterable", True, _MONAI),
    DatasetClass("monai.data.CSVIterableDataset", "iterable", True, _MONAI),
    DatasetClass("monai.data.GridPatchDataset", "iterable", True, _MONAI),
    DatasetClass("monai.data.PatchDataset", "iterable", True, _MONAI),
    DatasetClass("monai.data.ShuffleBuffer", "iterable", True, _MONAI),
    DatasetClass("monai.data.CameraDataset", "iterable", True, _MONAI),
    DatasetClass("monai.apps.*Dataset", "map", True, "monai 1.6.1, monai/apps/datasets.py"),
    DatasetClass("timm.data.ImageDataset", "map", True, "timm 1.0.31, timm/data/dataset.py"),
    DatasetClass("timm.data.AugMixDataset", "map", False, "timm 1.0.31, timm/data/dataset.py"),
    DatasetClass("timm.data.IterableImageDataset", "iterable", True, "timm 1.0.31, timm/data/dataset.py"),
    DatasetClass("litdata.StreamingDataset", "iterable", True, "litdata 0.2.76, streaming/dataset.py"),
    DatasetClass("litdata.CombinedStreamingDataset", "iterable", True, "litdata 0.2.76, streaming/combined.py"),
    DatasetClass("litdata.ParallelStreamingDataset", "iterable", True, "litdata 0.2.76, streaming/parallel.py"),
    DatasetClass("streaming.StreamingDataset", "iterable", True, "mosaicml-streaming 0.13.0, base/dataset.py"),
    DatasetClass("streaming.LocalDataset", "map", True, "mosaicml-streaming 0.13.0, base/local.py"),
    DatasetClass("webdataset.WebDataset", "iterable", True, "webdataset 1.0.2, compat.py"),
    DatasetClass("webdataset.DataPipeline", "iterable", True, "webdataset 1.0.2, pipeline.py"),
    DatasetClass("speechbrain.dataio.dataset.DynamicItemDataset", "map", True, "speechbrain 1.1.2, dataio/dataset.py"),
    DatasetClass("fairseq.data.*Dataset", "map", False, "fairseq 3d262bb2, fairseq/data"),
    DatasetClass("fairseq.data.FairseqIterableDataset", "iterable", False, "fairseq 3d262bb2, data/fairseq_dataset.py"),
    DatasetClass("detectron2.data.MapDataset", "map", False, "detectron2 02b5c4e2, data/common.py"),
    DatasetClass("detectron2.data.DatasetFromList", "map", True, "detectron2 02b5c4e2, data/common.py"),
    DatasetClass("mmengine.dataset.*Dataset", "map", False, "mmengine 0.10.7, mmengine/dataset"),
    DatasetClass("mmdet.datasets.*Dataset", "map", False, "mmdet 2.28.2, 3.3.0, mmdet/datasets"),
    DatasetClass("mmcls.datasets.*Dataset", "map", False, "mmcls 0.25.0, mmcls/datasets"),
    DatasetClass("mmpretrain.datasets.*Dataset", "map", False, "mmpretrain 1.2.0, mmpretrain/datasets"),
    DatasetClass("mmseg.datasets.*Dataset", "map", False, "mmsegmentation 0.30.0, 1.2.2, mmseg/datasets"),
    DatasetClass("mmpose.datasets.*Dataset", "map", False, "mmpose 1.3.2, mmpose/datasets"),
    DatasetClass("mmaction.datasets.*Dataset", "map", False, "mmaction2 1.2.0, mmaction/datasets"),
    DatasetClass("ultralytics.data.*Dataset", "map", False, "ultralytics 8.4.190, ultralytics/data"),
    DatasetClass("anomalib.data.*Dataset", "map", False, "anomalib 2.7.0, anomalib/data"),
    DatasetClass("skorch.dataset.Dataset", "map", False, "skorch 1.4.0, skorch/dataset.py"),
    DatasetClass("pytorch_forecasting.TimeSeriesDataSet", "map", False, "pytorch-forecasting 1.8.0"),
    # Hugging Face's run in PyTorch's workers, but derive from no class of PyTorch.
    DatasetClass("datasets.Dataset", None, True, _HF),
    DatasetClass("datasets.IterableDataset", None, True, _HF),
    DatasetClass("datasets.load_dataset", None, True, _HF),
    DatasetClass("datasets.load_from_disk", None, True, _HF),
)

# Not "datasets" as a whole: it is a favourite name for a project's own package.
LOOKALIKES: tuple[Lookalike, ...] = (
    Lookalike("chainer", "chainer a8e15cbe, chainer/dataset/dataset_mixin.py"),
    Lookalike("grain", "grain 0.2.18"),
    Lookalike("jittor", "jittor 1.3.11.0, jittor/dataset/dataset.py"),
    Lookalike("keras", "keras 3.15.1, keras/src/trainers/data_adapters/py_dataset_adapter.py"),
    Lookalike("megengine", "megengine 026af620, megengine/data/dataset/meta_dataset.py"),
    Lookalike("mindspore", "mindspore 01642da4, mindspore/dataset/engine/datasets_user_defined.py"),
    Lookalike("mxnet", "mxnet 1.9.1, mxnet/gluon/data/dataset.py"),
    Lookalike("oneflow", "oneflow 0a999467, oneflow/utils/data"),
    Lookalike("paddle", "paddle 05706bd5, paddle/io/dataloader"),
    Lookalike("tensorflow", "tf-keras 2.21.0, tf_keras/src/utils/data_utils.py"),
    Lookalike("tf_keras", "tf-keras 2.21.0, tf_keras/src/utils/data_utils.py"),
    Lookalike("datasets.Dataset", _HF),
    Lookalike("datasets.DatasetDict", _HF),
    Lookalike("datasets.IterableDataset", _HF),
    Lookalike("datasets.IterableDatasetDict", _HF),
)

LOOKALIKE_ROOTS: frozenset[str] = frozenset(row.path for row in LOOKALIKES if "." not in row.path)
"""Top-level packages of other frameworks."""

NEVER: frozenset[str] = frozenset(
    {"Enum", "Exception", "IntEnum", "Mapping", "Module", "MutableMapping", "NamedTuple", "OrderedDict", "Protocol"}
    | {"TypedDict", "UserDict", "dict"}
)
"""Classes of Python and torch, by their last names, whose subclasses are no datasets even if they have items and a
length: a loader asks for the items 0 to n - 1, and networks have none to give (torch 2.13.0, utils/data/sampler.py)."""

_BY_PATH = {row.path: row for row in DATASETS}
_LOOKALIKE_PATHS = frozenset(row.path for row in LOOKALIKES)


def dataset_base(path: str) -> Base | None:
    """Return the kind of dataset that the class at `path`, or its instance (``()``), is; None where it is none."""
    row = _row_of(path)
    return row.base if row else None


def is_lookalike(path: str) -> bool:
    """Say whether `path` belongs to another framework whose datasets or loaders look like PyTorch's."""
    names = spellings(path.removesuffix("()"))
    return path.split(".")[0] in LOOKALIKE_ROOTS or any(name in _LOOKALIKE_PATHS for name in names)


def is_quiet(path: str) -> bool:
    """Say whether the items of the class at `path`, or of its instance (``()``), draw nothing from NumPy's state.

    That is said of the class's own code, not of the datasets, transforms and functions that it is given. What a method
    of a quiet instance gives, ``load_dataset().with_format()``, is as quiet.
    """
    while True:
        row = _row_of(path)
        if row is not None or not path.endswith("()"):
            return row is not None and row.quiet
        path = path.removesuffix("()").rpartition(".")[0]


def _row_of(path: str) -> DatasetClass | None:
    for spelling in spellings(path.removesuffix("()")):
        package, _, name = spelling.rpartition(".")
        row = _BY_PATH.get(spelling)
        if row is None and name != name.lower():
            suffixed = _BY_PATH.get(f"{package}.*Dataset") if name.endswith("Dataset") else None
            row = suffixed or _BY_PATH.get(f"{package}.*")
        if row is not None:
            return row
    return None


_WRAPPERS = frozenset({"Subset", "ConcatDataset", "ChainDataset", "StackDataset", "random_split"})


def is_wrapper(path: str) -> bool:
    """Say whether the class or function at `path`, or its result (``()``), is a dataset of PyTorch over other datasets.

    Source: torch 2.13.0, torch/utils/data/dataset.py.
    """
    package, _, name = path.removesuffix("()").rpartition(".")
    return package in ("torch.utils.data", "torch.utils.data.dataset") and name in _WRAPPERS
