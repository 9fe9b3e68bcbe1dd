"""Measure which random numbers DataLoader workers share, and print the table of the README.

Needs torch and NumPy, and a system that forks (Linux): ``python docs/measure_duplicates.py``.

The bug of PyTorch before 1.9 is shown on any version: the switch ``HAS_NUMPY`` of PyTorch's worker code, turned off
before the workers start, leaves out the one thing that 1.9 added, the seeding of NumPy in each worker.
"""

from __future__ import annotations

import platform
from collections.abc import Callable

import numpy as np
import torch
import torch.utils.data._utils.worker as torch_worker
from torch.utils.data import DataLoader, Dataset

WORKERS = 4
SAMPLES = 12
EPOCHS = 2

Seeder = Callable[[int], None]


class Classic(Dataset):
    """Draws from NumPy's global state."""

    def __len__(self) -> int:
        return SAMPLES

    def __getitem__(self, index: int) -> int:
        return np.random.randint(10_000)


class Stored(Dataset):
    """Draws from a generator of its own, made before the workers start."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def __len__(self) -> int:
        return SAMPLES

    def __getitem__(self, index: int) -> int:
        return int(self.rng.integers(10_000))


def seed_worker(worker_id: int) -> None:
    """Seed NumPy as ``reseed fix`` does."""
    np.random.seed(torch.initial_seed() % 2**32)


def draw(dataset: Dataset, seeder: Seeder | None, torch_seeds_numpy: bool) -> list[list[list[int]]]:
    """The numbers by epoch and worker."""
    torch_worker.HAS_NUMPY = torch_seeds_numpy
    torch.manual_seed(0)
    # NumPy 2 loads numpy.random when it is first used. Used in the parent only, as here, it is copied to the workers.
    np.random.seed(0)
    loader = DataLoader(dataset, num_workers=WORKERS, worker_init_fn=seeder, multiprocessing_context="fork")
    epochs = []
    for _ in range(EPOCHS):
        numbers = [int(batch) for batch in loader]  # batches of one sample, dealt to the workers in turn
        epochs.append([numbers[worker::WORKERS] for worker in range(WORKERS)])
    return epochs


def main() -> None:
    """Print the versions and the table."""
    torch_version = torch.__version__.split("+")[0]
    cases = [
        ("`np.random.randint(10_000)`", "< 1.9", Classic(), None, False),
        ("`np.random.randint(10_000)`", torch_version, Classic(), None, True),
        ("a generator made in `__init__`", torch_version, Stored(), None, True),
        ("`np.random.randint(10_000)` after `reseed fix`", "< 1.9", Classic(), seed_worker, False),
    ]
    print(f"torch {torch_version}, NumPy {np.__version__}, Python {platform.python_version()}\n")
    workers = " | ".join(f"worker {worker}" for worker in range(WORKERS))
    print(f"| `__getitem__` draws from | PyTorch | epoch | {workers} | different numbers |")
    print("|---|---|---|" + "---|" * WORKERS + "---|")
    for what, version, dataset, seeder, torch_seeds_numpy in cases:
        epochs = draw(dataset, seeder, torch_seeds_numpy)
        numbers = [number for epoch in epochs for worker in epoch for number in worker]
        for index, epoch in enumerate(epochs):
            cells = " | ".join(" ".join(f"{number:4}" for number in worker) for worker in epoch)
            count = "" if index else f"{len(set(numbers))} of {len(numbers)}"
            print(f"| {'' if index else what} | {'' if index else version} | {index + 1} | {cells} | {count} |")


if __name__ == "__main__":
    main()
