"""Base classes of neural networks: what runs in the parent, and is large."""

from __future__ import annotations

_BASES = frozenset(
    {"lightning.LightningModule", "lightning.pytorch.LightningModule", "pytorch_lightning.LightningModule"}
    | {"pytorch_lightning.core.LightningModule", "pytorch_lightning.core.lightning.LightningModule"}
)


def is_model_base(path: str) -> bool:
    """Whether a class that derives from `path` is a network, or a part of one."""
    return path.startswith("torch.nn.") or path in _BASES
