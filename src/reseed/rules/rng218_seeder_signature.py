"""
## What it does

Finds a `worker_init_fn` that cannot be called with one argument: a function without parameters, or with two that have
no default.

## Why is this bad

Every worker calls its `worker_init_fn` with its number, and dies with `TypeError: seed_worker() takes 0 positional
arguments but 1 was given`. What a `functools.partial` or a method has filled in is taken into account.

## Example

```python
def seed_worker():
    np.random.seed(torch.initial_seed() % 2**32)


loader = DataLoader(Crops(), num_workers=4, worker_init_fn=seed_worker)  # RNG218
```

## Use instead

```python
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)
```

## Fix safety

Safe: nothing runs before the repair. A function of the same file that takes nothing, serves as the seeder and nothing
else, and has no wrong seeds gets the parameter `worker_id`. Where that is not so and it only seeds, the loader is given
`seed_worker` instead. All else is not repaired, seeders of other files among it.

## References

- [PyTorch: DataLoader](https://pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.model import Program
from reseed.rules import seeding
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.seeds.signature import takes_worker_id


class SeederSignature(Rule):
    """A seeder that cannot take the worker's id."""

    code = "RNG218"
    name = "seeder-signature"
    summary = "worker_init_fn that cannot be called with one worker id: TypeError in every worker"
    fixable = "yes"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader."""
        seen = set()
        for loader in program.loaders:
            if loader.place in seen or not loader.may_have_workers() or takes_worker_id(program, loader) is not False:
                continue
            seen.add(loader.place)
            message = (
                "`worker_init_fn` is called with the worker's id as its one argument, which this function does not "
                "take: TypeError in every worker, on every torch"
            )
            yield seeding.finding(program, self, loader, message, self.torch)
