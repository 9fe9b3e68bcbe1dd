"""Methods that a library's dataset or transform leaves to subclasses: where it runs in a worker, so do they."""

from __future__ import annotations

import functools
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hook:
    """Subclasses of classes whose path begins with `path` are called through `methods` in the worker."""

    path: str
    methods: tuple[str, ...]
    source: str


HOOKS: tuple[Hook, ...] = (
    Hook("torch_geometric.data.", ("get",), "torch_geometric 2.8.1, data/dataset.py"),
    Hook("mmengine.dataset.", ("prepare_data", "get_data_info"), "mmengine 0.10.7, dataset/base_dataset.py"),
    Hook("mmdet.datasets.", ("prepare_data", "get_data_info"), "mmdet 3.3.0, datasets/base_det_dataset.py"),
    Hook(
        "torchvision.transforms.v2.",
        ("transform", "_transform", "make_params", "_get_params"),
        "torchvision 0.29.2, transforms/v2/_transform.py",
    ),
    Hook(
        "albumentations.",
        ("apply", "get_params", "get_params_dependent_on_targets", "get_params_dependent_on_data"),
        "albumentations 1.3.1 and 2.0.8, core/transforms_interface.py",
    ),
    Hook("fairseq.data.", ("collater",), "fairseq 3d262bb2, data/fairseq_dataset.py"),
)


@functools.cache
def hooks_of(path: str) -> tuple[str, ...]:
    """Names of the methods which the class `path` calls in the worker."""
    return tuple(method for row in HOOKS if path.startswith(row.path) for method in row.methods)
