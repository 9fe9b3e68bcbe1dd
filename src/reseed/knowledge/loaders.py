"""Calls that make a DataLoader: where their arguments stand, and who seeds NumPy in the workers.

Left out: loaders over a graph instead of a dataset (``torch_geometric.loader.NeighborLoader``,
``dgl.dataloading.DataLoader``), loaders without worker processes (``ffcv.Loader``), and what takes a finished loader or
makes one from a configuration (Lightning's and Hugging Face's ``Trainer``, ``accelerate``, ``ray.train``, ``skorch``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reseed.knowledge.spelling import find


@dataclass(frozen=True, slots=True)
class Loader:
    """A call that makes a loader.

    `positions` has the index (from 0) of the parameters that may be given by position, under PyTorch's names, up to the
    last one that matters here.
    `default_workers` is ``num_workers`` where the call does not give it, None where the library or the caller decides.
    `own_seeder` says that a ``worker_init_fn`` must not be added: the loader seeds its workers itself, takes no such
    parameter, or would lose the function it installs. `seeds` are the RNG states that it is known to seed in its
    workers, and no others; empty where that is PyTorch's doing, or not known of a loader with a seeder of its own.
    """

    path: str
    positions: Mapping[str, int]
    default_workers: int | None
    own_seeder: bool
    source: str
    seeds: frozenset[str] = frozenset()


def _positions(names: str) -> Mapping[str, int]:
    return {name: index for index, name in enumerate(names.split())}


_TORCH = _positions(
    "dataset batch_size shuffle sampler batch_sampler num_workers collate_fn pin_memory drop_last timeout "
    "worker_init_fn multiprocessing_context generator"
)
_META = _positions(
    "dataset batch_size shuffle sampler batch_sampler num_workers collate_fn pin_memory drop_last timeout "
    "worker_init_fn"
)
_BATCH_META = _positions("dataset batch_size shuffle sampler num_workers pin_memory drop_last timeout worker_init_fn")
_PYG = _positions("dataset batch_size shuffle follow_batch exclude_keys")
_PYG_PLAIN = _positions("dataset batch_size shuffle")
_DGL = _positions("dataset collate_fn use_ddp ddp_seed")
_MONAI_THREADS = _positions("dataset buffer_size buffer_timeout repeats use_thread_workers")
_TIMM = _positions(
    "dataset input_size batch_size is_training no_aug re_prob re_mode re_count re_split train_crop_mode scale ratio "
    "hflip vflip color_jitter color_jitter_prob grayscale_prob gaussian_blur_prob auto_augment num_aug_repeats "
    "num_aug_splits interpolation mean std num_workers distributed crop_pct crop_mode crop_border_pixels collate_fn"
)
_FASTAI = _positions(
    "dataset bs num_workers pin_memory timeout batch_size shuffle drop_last indexed n device persistent_workers"
)
_FASTAI_TFMD = _positions("dataset bs shuffle num_workers")
_ULTRALYTICS = _positions("dataset batch num_workers")
_MM = _positions("dataset samples_per_gpu num_workers")
_DATASET = _positions("dataset")
_DATASET_COLLATE = _positions("dataset collate_fn")
_DATASET_WORKERS = _positions("dataset num_workers")

_GLOBALS = frozenset({"numpy-global", "python-global", "torch-global"})
# An albumentations pipeline on a dataset makes it fail: MONAI calls it with a parameter that the pipeline has not.
_MONAI = frozenset({"albumentations", "monai"})

LOADERS: tuple[Loader, ...] = (
    Loader("torch.utils.data.DataLoader", _TORCH, 0, False, "torch 1.0.0 to 2.15.0, torch/utils/data/dataloader.py"),
    Loader("torch_geometric.loader.DataLoader", _PYG, 0, False, "torch_geometric 2.8.1, loader/dataloader.py"),
    Loader("torch_geometric.loader.DataListLoader", _PYG_PLAIN, 0, False, "torch_geometric 2.8.1, data_list_loader.py"),
    Loader("torch_geometric.loader.DenseDataLoader", _PYG_PLAIN, 0, False, "torch_geometric 2.8.1, loader"),
    Loader("torch_geometric.data.DataLoader", _PYG, 0, False, "torch_geometric 2.8.1, data/__init__.py"),
    Loader("torch_geometric.data.DataListLoader", _PYG_PLAIN, 0, False, "torch_geometric 2.8.1, data/__init__.py"),
    Loader("torch_geometric.data.DenseDataLoader", _PYG_PLAIN, 0, False, "torch_geometric 2.8.1, data/__init__.py"),
    Loader("dgl.dataloading.GraphDataLoader", _DGL, 0, False, "dgl 3d16000b41, dgl/dataloading/dataloader.py"),
    Loader("webdataset.WebLoader", _TORCH, 0, False, "webdataset 1.0.2, compat.py"),
    Loader("litdata.StreamingDataLoader", _DATASET, 0, False, "litdata 0.2.76, streaming/dataloader.py"),
    Loader("streaming.StreamingDataLoader", _TORCH, 0, False, "mosaicml-streaming 0.13.0, base/dataloader.py"),
    Loader("speechbrain.dataio.dataloader.SaveableDataLoader", _TORCH, 0, False, "speechbrain 1.1.2, dataloader.py"),
    Loader("torchio.SubjectsLoader", _DATASET_COLLATE, 0, False, "torchio 1.2.1, data/loader.py"),
    Loader("torchmeta.utils.data.MetaDataLoader", _META, 0, False, "torchmeta 1.8.0, utils/data/dataloader.py"),
    Loader("torchmeta.utils.data.BatchMetaDataLoader", _BATCH_META, 0, False, "torchmeta 1.8.0, dataloader.py"),
    Loader("ignite.distributed.auto_dataloader", _DATASET, 0, False, "pytorch-ignite 0.5.5, distributed/auto.py"),
    Loader("timm.data.loader.MultiEpochsDataLoader", _TORCH, 0, False, "timm 1.0.31, data/loader.py"),
    Loader("ultralytics.data.build.InfiniteDataLoader", _TORCH, 0, False, "ultralytics 8.4.190, data/build.py"),
    # Its worker loop is its own, and seeds NumPy whatever torch's does.
    Loader(
        "torchdata.stateful_dataloader.StatefulDataLoader", _TORCH, 0, True, "torchdata 0.11.0, worker.py", _GLOBALS
    ),
    # A worker_init_fn given to these replaces MONAI's, and every random transform repeats (measured: monai 1.6.1).
    Loader("monai.data.DataLoader", _DATASET_WORKERS, 0, True, "monai 1.6.1, data/dataloader.py", _MONAI),
    Loader("monai.data.ThreadDataLoader", _MONAI_THREADS, 0, True, "monai 1.6.1, data/thread_buffer.py", _MONAI),
    # The rest take no worker_init_fn.
    Loader("timm.data.create_loader", _TIMM, 1, True, "timm 1.0.31, data/loader.py"),
    Loader("fastai.data.load.DataLoader", _FASTAI, 0, True, "fastai 2.8.12, data/load.py"),
    Loader("fastai.vision.all.DataLoader", _FASTAI, 0, True, "fastai 2.8.12, data/load.py"),
    Loader("fastai.data.core.TfmdDL", _FASTAI_TFMD, None, True, "fastai 2.8.12, data/core.py"),
    Loader("detectron2.data.build_detection_train_loader", _DATASET, 0, True, "detectron2 02b5c4e2, data/build.py"),
    Loader("detectron2.data.build_detection_test_loader", _DATASET, 0, True, "detectron2 02b5c4e2, data/build.py"),
    Loader("ultralytics.data.build_dataloader", _ULTRALYTICS, None, True, "ultralytics 8.4.190, data/build.py"),
    Loader("mmcls.datasets.build_dataloader", _MM, None, True, "mmcls 0.25.0, datasets/builder.py"),
    Loader("mmdet.datasets.build_dataloader", _MM, None, True, "mmdet 2.28.2, datasets/builder.py"),
    Loader("mmseg.datasets.build_dataloader", _MM, None, True, "mmsegmentation 0.30.0, datasets/builder.py"),
)

_BY_PATH = {row.path: row for row in LOADERS}


LOADER_NAMES = frozenset(row.path.rpartition(".")[2] for row in LOADERS)
"""The last words of their paths: a file that makes a loader has one of them."""


def loader_of(path: str) -> Loader | None:
    """Return the row of the loader that calling `path` makes, in whatever spelling, or None."""
    return find(_BY_PATH, path)
