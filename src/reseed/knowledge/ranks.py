"""What shows that a program trains on several ranks: processes that each have a copy of the model."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reseed.knowledge.spelling import find


@dataclass(frozen=True, slots=True)
class RankSign:
    """A call that a program makes when it runs on several ranks.

    Where `keywords` is not empty, one of them has to be given with more than one device, or the name of a strategy that
    starts a process a device.
    """

    path: str
    source: str
    keywords: tuple[str, ...] = ()


_TORCH = "torch 2.13.0"
_TRAINER = ("strategy", "accelerator", "devices", "gpus", "num_nodes")
_LIGHTNING = "lightning 2.6.6, pytorch/trainer/trainer.py; pytorch-lightning 1.5.10 (gpus, accelerator)"

RANK_SIGNS: tuple[RankSign, ...] = (
    RankSign("torch.distributed.init_process_group", f"{_TORCH}, distributed/distributed_c10d.py"),
    RankSign("torch.utils.data.DistributedSampler", f"{_TORCH}, utils/data/distributed.py"),
    RankSign("torch.nn.parallel.DistributedDataParallel", f"{_TORCH}, nn/parallel/distributed.py"),
    RankSign("torch.multiprocessing.spawn", f"{_TORCH}, multiprocessing/spawn.py"),
    RankSign("accelerate.Accelerator", "accelerate 1.15.0, accelerator.py"),
    RankSign("lightning.Trainer", _LIGHTNING, _TRAINER),
    RankSign("pytorch_lightning.Trainer", _LIGHTNING, _TRAINER),
)

RANK_NAMES = frozenset(row.path.rpartition(".")[2] for row in RANK_SIGNS)
"""The last words of their paths: a file that shows that it runs on several ranks has one of them."""

_BY_PATH = {row.path: row for row in RANK_SIGNS}
_STRATEGY = re.compile(r"ddp|fsdp|deepspeed")


def rank_sign_of(path: str) -> RankSign | None:
    """Return what calling `path` shows of ranks, or None."""
    return find(_BY_PATH, path)


def is_several(value: object) -> bool:
    """Say whether a constant given for one of a row's keywords means more than one rank."""
    if isinstance(value, str):
        return _STRATEGY.search(value) is not None
    return isinstance(value, int) and value > 1
