"""Dataset classes and loaders, against the packages that are installed."""

from __future__ import annotations

import inspect

import pytest
from knowledge_support import evaluate

from reseed.knowledge import datasets, loaders


@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("torch.utils.data.Dataset", "map"),
        ("torch.utils.data.dataset.Dataset", "map"),
        ("torch.utils.data.dataloader.Dataset", "map"),
        ("torch.utils.data.IterableDataset", "iterable"),
        ("torch.utils.data.dataset.IterableDataset", "iterable"),
        ("torch.utils.data.TensorDataset()", "map"),
        ("torchvision.datasets.ImageFolder", "map"),
        ("torchvision.datasets.folder.ImageFolder", "map"),
        ("torchvision.datasets.mnist.MNIST()", "map"),
        ("torchvision.datasets.VisionDataset", "map"),
        ("torchvision.datasets.vision.VisionDataset", "map"),
        ("torchaudio.datasets.LIBRISPEECH", "map"),
        ("torch_geometric.data.Dataset", "map"),
        ("torch_geometric.data.in_memory_dataset.InMemoryDataset", "map"),
        ("torch_geometric.datasets.Planetoid", "map"),
        ("monai.data.CacheDataset", "map"),
        ("monai.data.dataset.PersistentDataset", "map"),
        ("monai.data.IterableDataset", "iterable"),
        ("webdataset.WebDataset", "iterable"),
        ("mmdet.datasets.custom.CustomDataset", "map"),
        ("fairseq.data.FairseqDataset", "map"),
    ],
)
def test_dataset_bases(path: str, base: str) -> None:
    assert datasets.dataset_base(path) == base
    assert not datasets.is_lookalike(path)


@pytest.mark.parametrize(
    "path",
    [
        "lightning.pytorch.LightningDataModule",
        "pytorch_lightning.core.datamodule.LightningDataModule",
        "torch.utils.data.DataLoader",
        "torch.utils.data.Sampler",
        "torch.utils.data.get_worker_info",
        "torch.Dataset",
        "torchvision.datasets",
        "torchvision.datasets.folder.default_loader",
        "torchvision.datasets.samplers.DistributedSampler",
        "torchvision.datasets.ImageFolder.find_classes",
        "torchvision.transforms.Compose",
        "mmdet.datasets.pipelines.LoadImageFromFile",
        "project.data.Dataset",
        "typing.Sequence",
    ],
)
def test_what_is_no_dataset(path: str) -> None:
    assert datasets.dataset_base(path) is None
    assert not datasets.is_lookalike(path)
    assert not datasets.is_quiet(path)


@pytest.mark.parametrize(
    "path",
    [
        "paddle.io.Dataset",
        "paddle.io.IterableDataset",
        "mxnet.gluon.data.dataset.Dataset",
        "keras.utils.Sequence",
        "keras.utils.PyDataset",
        "tensorflow.keras.utils.Sequence",
        "tensorflow.data.Dataset",
        "chainer.dataset.DatasetMixin",
        "mindspore.dataset.GeneratorDataset",
        "jittor.dataset.Dataset",
        "oneflow.utils.data.Dataset",
        "datasets.Dataset",
        "datasets.arrow_dataset.Dataset",
    ],
)
def test_lookalikes_are_no_datasets(path: str) -> None:
    assert datasets.is_lookalike(path)
    assert datasets.dataset_base(path) is None


def test_a_projects_own_datasets_package_is_no_other_framework() -> None:
    assert not datasets.is_lookalike("datasets.FaceDataset")
    assert "datasets" not in datasets.LOOKALIKE_ROOTS


@pytest.mark.parametrize(
    ("path", "quiet"),
    [
        ("torchvision.datasets.MNIST()", True),
        ("torch.utils.data.TensorDataset()", True),
        ("torch.utils.data.random_split()", True),
        ("datasets.load_dataset()", True),
        ("torch.utils.data.Dataset", False),
        ("torchvision.datasets.VisionDataset", False),
        ("torchgeo.datasets.Substation()", False),
        ("mmdet.datasets.CocoDataset()", False),
        ("project.data.MNIST()", False),
    ],
)
def test_quiet(path: str, quiet: bool) -> None:
    assert datasets.is_quiet(path) is quiet


@pytest.mark.parametrize(
    ("package", "at_least"),
    [("torch.utils.data", 10), ("torchvision.datasets", 60), ("torchaudio.datasets", 20)],
)
def test_a_package_has_no_other_datasets_than_the_tables_say(package: str, at_least: int) -> None:
    data = pytest.importorskip("torch.utils.data")
    module = pytest.importorskip(package)
    expected: dict[str, str | None] = {}
    for name, cls in vars(module).items():
        if isinstance(cls, type) and not name.startswith("_"):
            iterable, dataset = issubclass(cls, data.IterableDataset), issubclass(cls, data.Dataset)
            expected[name] = "iterable" if iterable else "map" if dataset else None
    assert {name: datasets.dataset_base(f"{package}.{name}") for name in expected} == expected
    assert sum(base is not None for base in expected.values()) >= at_least


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("torch.utils.data.DataLoader", "torch.utils.data.DataLoader"),
        ("torch.utils.data.dataloader.DataLoader", "torch.utils.data.DataLoader"),
        ("torch_geometric.loader.DataLoader", "torch_geometric.loader.DataLoader"),
        ("torch_geometric.loader.dataloader.DataLoader", "torch_geometric.loader.DataLoader"),
        ("torch_geometric.data.DataLoader", "torch_geometric.data.DataLoader"),
        ("monai.data.dataloader.DataLoader", "monai.data.DataLoader"),
        (
            "torchdata.stateful_dataloader.StatefulDataLoader",
            "torchdata.stateful_dataloader.StatefulDataLoader",
        ),
        ("timm.data.loader.create_loader", "timm.data.create_loader"),
        ("mmdet.datasets.builder.build_dataloader", "mmdet.datasets.build_dataloader"),
    ],
)
def test_spellings_of_loaders(path: str, found: str) -> None:
    row = loaders.loader_of(path)
    assert row is not None and row.path == found


@pytest.mark.parametrize(
    "path",
    [
        "torch.utils.data.DataLoader()",
        "torch.utils.data.Dataset",
        "paddle.io.DataLoader",
        "project.DataLoader",
        "DataLoader",
    ],
)
def test_no_loader(path: str) -> None:
    assert loaders.loader_of(path) is None


def test_loaders_that_a_seeder_harms_or_that_need_none() -> None:
    own = {row.path for row in loaders.LOADERS if row.own_seeder}
    assert own >= {"monai.data.DataLoader", "timm.data.create_loader", "fastai.data.load.DataLoader"}
    assert not own & {"torch.utils.data.DataLoader", "torch_geometric.loader.DataLoader", "webdataset.WebLoader"}


@pytest.mark.parametrize("row", loaders.LOADERS, ids=lambda row: row.path)
def test_loader_positions_are_those_of_the_library(row: loaders.Loader) -> None:
    if row.path.split(".")[0] in ("mmcls", "mmdet", "mmseg", "ultralytics"):
        pytest.skip("names its parameters otherwise")
    pytest.importorskip(row.path.rpartition(".")[0])
    parameters = inspect.signature(evaluate(row.path)).parameters.values()
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    passed_on = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if not passed_on or positional:
        assert positional[: len(row.positions)] == list(row.positions)
    assert list(row.positions.values()) == list(range(len(row.positions)))
    for parameter in parameters:
        if parameter.name == "num_workers":
            assert (parameter.default if isinstance(parameter.default, int) else None) == row.default_workers


def test_torch_loader_positions_are_complete() -> None:
    torch = pytest.importorskip("torch")
    row = loaders.loader_of("torch.utils.data.DataLoader")
    parameters = inspect.signature(torch.utils.data.DataLoader).parameters.values()
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert row is not None and row.positions == {name: index for index, name in enumerate(names)}
