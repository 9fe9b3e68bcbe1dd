"""
## What it does

Finds a `worker_init_fn` that gives `np.random.seed` more than 32 bits: `torch.initial_seed()` or
`get_worker_info().seed` as they are, `torch.seed()`, the clock in milliseconds or nanoseconds, a mask to which the
worker's id was added by a slip of precedence (`seed & 0xffffffff + worker_id`).

## Why is this bad

`np.random.seed` takes numbers from 0 to 2**32 - 1. A worker's seed is a draw of 63 bits, and so the worker dies with
`ValueError: Seed must be between 0 and 2**32 - 1`.

A seed that is too large once in a thousand million runs (`torch.initial_seed() % 2**32 + worker_id`) is not reported.

## Example

```python
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed())


loader = DataLoader(Crops(), num_workers=4, worker_init_fn=seed_worker)  # RNG214
```

## Use instead

```python
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)
```

`torch.initial_seed()` differs in every worker and in every epoch, and follows `torch.manual_seed`. From torch 1.9 on
a seeder that only seeds can be left out: PyTorch seeds all three states itself.

## Fix safety

Safe: nothing runs before the repair. In a function of the same file that serves as the seeder and nothing else,
`% 2**32` is added to the worker's seed, and any other seed is replaced by `torch.initial_seed() % 2**32`. A function
that may serve others, or a lambda, is left alone: if it only seeds, the loader is given `seed_worker` instead. Seeders
of other files are not repaired.

## References

- [NumPy: numpy.random.seed](https://numpy.org/doc/stable/reference/random/generated/numpy.random.seed.html)
- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.model import Program
from reseed.rules import seeding
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.seeds.seeder import crash, summary_of
from reseed.seeds.signature import takes_worker_id


class SeedOutOfRange(Rule):
    """A seed of more than 32 bits."""

    code = "RNG214"
    name = "seed-out-of-range"
    summary = "worker_init_fn with a seed of more than 32 bits: np.random.seed raises ValueError"
    fixable = "yes"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader."""
        seen = set()
        for loader in program.loaders:
            summary = summary_of(program, loader)
            if loader.place in seen or summary is None or not loader.may_have_workers():
                continue
            wrong = crash(summary)
            if wrong is not None and takes_worker_id(program, loader) is not False:
                seen.add(loader.place)
                message = (
                    f"`worker_init_fn` raises ValueError: {seeding.told_seeding(program, loader, wrong)} gets a seed "
                    "that may exceed 2**32 - 1, on every torch"
                )
                yield seeding.finding(program, self, loader, message, self.torch)
