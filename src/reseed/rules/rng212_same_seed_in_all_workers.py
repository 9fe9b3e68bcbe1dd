"""
## What it does

Finds a `worker_init_fn` that gives all workers the same seed: a constant, the high bits of `torch.initial_seed()`,
the clock in whole seconds, a copy of the parent's state. It is reported where the workers draw from the state that is
seeded so: NumPy's, Python's or torch's global state, a library's, or that of an RNG object which the seeder seeds or
makes anew (`get_worker_info().dataset.rng = np.random.default_rng(42)`).

Where it cannot be seen what the dataset is, the seeder is reported all the same: its seeds are wrong for whatever is
drawn. A dataset that is seen and draws nothing from that state is not reported, nor is a seed that is not understood.

## Why is this bad

PyTorch gives every worker a seed of its own for torch and `random`, and since 1.9 for NumPy, before it calls the
`worker_init_fn`. A seed that does not depend on the worker undoes that: all workers draw the same numbers, and, if it
does not depend on the epoch either, the same again in every epoch. A seed taken from NumPy's own state
(`np.random.randint`) is the parent's before torch 1.9 only.

## Example

```python
def seed_worker(worker_id):
    np.random.seed(42)


loader = DataLoader(Crops(), num_workers=4, worker_init_fn=seed_worker)  # RNG212
```

## Use instead

```python
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)
```

`torch.initial_seed()` differs in every worker and in every epoch, and follows `torch.manual_seed`. From torch 1.9 on
a seeder that only seeds can be left out: PyTorch seeds all three states itself.

## Fix safety

Made on request only (`--unsafe-fixes`, or `--select RNG212`): a seed that someone wrote may be meant. A run which was
the same every time by that number is ruled by `torch.manual_seed` afterwards, and only repeats if the program calls it.
A seed that is set under a condition (`if deterministic:`), or a seeder given under one, is never changed.

In a function of the same file that serves as the seeder and nothing else, the seed is replaced by one from
`torch.initial_seed()`, and what seeds torch alone is taken out: PyTorch has seeded it. The rest of the body stays as it
is. A function that seeds and may serve others (`worker_init_fn=seed_everything`), a lambda that only seeds, and
`np.random.seed` itself stay as they are, and the loader is given `seed_worker` instead. Not repaired are seeders of
other files, those that get their seed in ways that are not seen, seeds of RNG objects, and loaders that bring their
own.

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


class SameSeedInAllWorkers(Rule):
    """A seed that does not depend on the worker."""

    code = "RNG212"
    name = "same-seed-in-all-workers"
    summary = "worker_init_fn with a seed that does not depend on the worker"
    fixable = "on request"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader, with the draws that all workers make alike."""
        yield from seeding.findings(program, self, Effect.SAME_IN_WORKERS, "the same numbers in every worker")
