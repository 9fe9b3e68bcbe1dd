"""
## What it does

Finds a `worker_init_fn` that leaves NumPy's global state alone although the workers draw from it: it seeds `random`
or torch only, makes a `default_rng(...)` and drops it, or seeds nothing at all.

## Why is this bad

Before PyTorch 1.9 nothing else seeds NumPy in a worker: all workers draw the same numbers, and the same again in
every epoch (see RNG101). Python's and torch's states need no seeder on any version.

Not reported: a seeder that calls something which is not understood. Where it cannot be seen what the dataset is, only
a seeder that seeds nothing at all is reported: for NumPy it is no better than none (RNG202).

## Example

```python
def seed_worker(worker_id):
    torch.manual_seed(torch.initial_seed() + worker_id)


loader = DataLoader(Crops(), num_workers=4, worker_init_fn=seed_worker)  # RNG215
```

## Use instead

```python
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)
```

`torch.initial_seed()` differs in every worker and in every epoch, and follows `torch.manual_seed`. From torch 1.9 on
a seeder that only seeds can be left out: PyTorch seeds all three states itself.

## Fix safety

Safe: the repair adds `np.random.seed(torch.initial_seed() % 2**32)` to the seeder (for OpenCV and imgaug
`cv2.setRNGSeed(... % 2**31)` and `imgaug.seed(... % 2**31)`), at the end of its body, or at its head if torch is seeded
in it or it returns before. On torch >= 1.9 it changes which numbers a given `torch.manual_seed` yields, nothing else. A
function that may serve others, or a lambda, is left alone: if it only seeds, the loader is given `seed_worker` instead.
Seeders of other files are not repaired, nor the random numbers of other libraries.

## References

- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.model import Program
from reseed.rules import seeding
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.seeds.seeder import Effect


class SeederMissesRng(Rule):
    """A seeder that does not seed what the workers draw from."""

    code = "RNG215"
    name = "seeder-misses-rng"
    summary = "worker_init_fn that does not seed the state which the workers draw from"
    torch = "<1.9"
    fixable = "yes"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader, with the draws that the seeder leaves as they are."""
        yield from seeding.findings(program, self, Effect.UNTOUCHED, "the same numbers in every worker")
