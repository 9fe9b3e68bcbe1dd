"""
## What it does

Finds a `worker_init_fn` whose seed is the same in every epoch: the worker's id, a number plus the worker's id, the
first word of NumPy's state plus the worker's id. It is reported where the workers draw from the state that is seeded
so: NumPy's, Python's or torch's global state, that of a library, or that of an RNG object which the seeder seeds or
makes anew (`get_worker_info().dataset.rng = np.random.default_rng([42, worker_id])`).

Where it cannot be seen what the dataset is, the seeder is reported all the same: its seeds are wrong for whatever is
drawn. A dataset that is seen and draws nothing from that state is not reported, nor is a seed that is not understood.

## Why is this bad

Workers are started anew in every epoch, and each gets the same seed as in the epoch before: all epochs have the same
"random" numbers, so that the augmentation of a hundred epochs is that of one. On torch >= 1.9 such a seeder does
nothing but harm, since PyTorch has seeded the worker before.

The much copied `np.random.seed(np.random.get_state()[1][0] + worker_id)` is meant for a state which moves. Since
torch 1.9 PyTorch seeds NumPy with an array, after which the first word is always 2147483648, whatever the run's seed;
before 1.9 it is the parent's, which moves only if the parent seeds NumPy anew. Who does that in a loop is not told.
With a modulo of 2**32 it raises OverflowError under NumPy 2.

Workers with `persistent_workers=True` are seeded once and repeat nothing, only every run: not reported. Nor is a
clock in whole seconds plus the worker's id, which repeats only in epochs that start within one second (RNG216 tells
of it).

## Example

```python
def seed_worker(worker_id):
    np.random.seed(1000 + worker_id)


loader = DataLoader(Crops(), num_workers=4, worker_init_fn=seed_worker)  # RNG213
```

## Use instead

```python
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)
```

`torch.initial_seed()` differs in every worker and in every epoch, and follows `torch.manual_seed`. From torch 1.9 on
a seeder that only seeds can be left out: PyTorch seeds all three states itself.

## Fix safety

Made on request only (`--unsafe-fixes`, or `--select RNG213`): a seed that someone wrote may be meant. A run which was
the same every time by that number is ruled by `torch.manual_seed` afterwards, and only repeats if the program calls it.
A seed that is set under a condition (`if deterministic:`), or a seeder given under one, is never changed.

In a function of the same file that serves as the seeder and nothing else, the seed is replaced by one from
`torch.initial_seed()`, and what seeds torch alone is taken out: PyTorch has seeded it. The rest of the body stays as it
is. A function that seeds and may serve others (`worker_init_fn=seed_everything`), a lambda that only seeds, and
`np.random.seed` itself stay as they are, and the loader is given `seed_worker` instead. Not repaired are seeders of
other files, those that get their seed in ways that are not seen, seeds of RNG objects, and loaders that bring their
own.

## References

- [A common mistake in PyTorch, by Tanel Parnamaa](https://tanelp.github.io/posts/a-bug-that-plagues-thousands-of-open-source-ml-projects/)
- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.model import Program
from reseed.rules import seeding
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.seeds.seeder import Effect


class SameSeedEveryEpoch(Rule):
    """A seed that does not depend on the epoch."""

    code = "RNG213"
    name = "same-seed-every-epoch"
    summary = "worker_init_fn with a seed that does not depend on the epoch"
    fixable = "on request"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader, with the draws that every epoch repeats."""
        yield from seeding.findings(program, self, Effect.SAME_IN_EPOCHS, "the same numbers in every epoch")
