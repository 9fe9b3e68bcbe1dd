"""Methods of a library's dataset class that its own ``__getitem__`` leaves to subclasses: worker code, too."""

from __future__ import annotations

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
    Hook("fairseq.data.", ("collater",), "fairseq 3d262bb2, data/fairseq_dataset.py"),
)


def hooks_of(path: str) -> tuple[str, ...]:
    """Names of the methods which the class `path` calls in the worker."""
    return tuple(method for row in HOOKS if path.startswith(row.path) for method in row.methods)
