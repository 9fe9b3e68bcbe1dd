"""
## What it does

Finds a `worker_init_fn` that seeds from the clock, the process id or the operating system's entropy, where the
workers draw from that state: `np.random.seed()`, `np.random.seed(os.getpid())`, `np.random.seed(int(time.time()))`.
Off by default.

## Why is this bad

Workers and epochs differ, but `torch.manual_seed` can no longer repeat a run: PyTorch derives the seed of each worker
from the main process's, and such a seeder throws that away.

## Example

```python
def seed_worker(worker_id):
    np.random.seed()


loader = DataLoader(Crops(), num_workers=4, worker_init_fn=seed_worker)  # RNG216
```

## Use instead

```python
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)
```

`torch.initial_seed()` differs in every worker and in every epoch, and follows `torch.manual_seed`. From torch 1.9 on
a seeder that only seeds can be left out: PyTorch seeds all three states itself.

## Fix safety

There is no automatic repair.

## References

- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.model import Program
from reseed.rules import seeding
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.seeds.seed import UNKNOWN
from reseed.seeds.seeder import not_repeatable


class SeederNotReproducible(Rule):
    """A seed that no run can repeat."""

    code = "RNG216"
    name = "seeder-not-reproducible"
    summary = "worker_init_fn that seeds from the clock, the process id or the operating system"
    default = False

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader."""
        seen = set()
        for loader, summary in seeding.judged(program):
            for state in seeding.draws_by_state(program, loader):
                wrong = not_repeatable(summary, state)
                if wrong is None or loader.place in seen or any(UNKNOWN in s.seed.varies for s in summary.of(state)):
                    continue
                seen.add(loader.place)
                message = (
                    "`worker_init_fn` makes the run impossible to repeat: "
                    f"{seeding.told_seeding(program, loader, wrong)} takes its seed from the clock, the process or the "
                    "system, not from `torch.manual_seed`"
                )
                yield seeding.finding(program, self, loader, message, self.torch)
