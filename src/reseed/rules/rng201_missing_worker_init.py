"""
## What it does

Finds loaders that may have workers, are given no `worker_init_fn`, and whose dataset (or `collate_fn`) draws from
NumPy's global random state.

## Why is this bad

Before PyTorch 1.9 every worker of such a loader starts with the same copy of NumPy's state: all workers draw the
same numbers, and the same again in every epoch (see RNG101, which names the draws).

A loader is taken to have workers unless `num_workers` is shown to be 0. Loaders that seed their workers themselves
(MONAI, fastai, torchdata's StatefulDataLoader) are left alone: a second seeder there would do harm.

## Example

```python
loader = DataLoader(Crops(), batch_size=8, num_workers=4)  # RNG201
```

## Use instead

```python
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)


loader = DataLoader(Crops(), batch_size=8, num_workers=4, worker_init_fn=seed_worker)
```

`torch.initial_seed()` differs in every worker and every epoch, and follows `torch.manual_seed` and `generator=`, so
that a run can be repeated. It has 64 bits, `np.random.seed` takes 32.

## Fix safety

Safe: the repair adds one module-level function and one argument. On torch >= 1.9 it changes which numbers a given
`torch.manual_seed` yields, nothing else.

## References

- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.effects import NUMPY_GLOBAL
from reseed.program.model import Program
from reseed.rules import judge
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.rules.library_workers import handed_over_draws
from reseed.seeds.seeder import Verdict, verdict


class MissingWorkerInit(Rule):
    """A loader without a seeder over a dataset that needs one."""

    code = "RNG201"
    name = "missing-worker-init"
    summary = "loader with workers and no worker_init_fn over a dataset that draws from NumPy's global state"
    torch = "<1.9"
    fixable = "yes"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader call, with all the draws its workers repeat."""
        seen = set()
        for loader in program.loaders:
            place = loader.place
            if place in seen or not judge.workers_repeat(program, loader):
                continue
            if verdict(program, loader, NUMPY_GLOBAL) is not Verdict.ABSENT:
                continue
            found = [*judge.draws_of(program, loader.worker), *handed_over_draws(program, loader)]
            if not found:
                continue
            seen.add(place)
            first = found[0]
            draws = tuple(judge.draw_place(program, reached) for reached in found)
            text = judge.call_text(first.activation, first.effect.register)
            more = f" and {len(draws) - 1} more" if len(draws) > 1 else ""
            yield Finding(
                path=place.path,
                span=place.span,
                code=self.code,
                name=self.name,
                message=f"loader has workers but no `worker_init_fn`, and its workers draw from NumPy's global state: "
                f"`{text}` {judge.told_line(place, draws[0])}{more} ({judge.told_path(first)}): "
                "the same numbers in every worker on torch < 1.9",
                state=NUMPY_GLOBAL,
                torch=self.torch,
                draws=draws,
                steps=judge.steps_of(program, first),
                loader=judge.loader_place(loader),
                fixable=True,
            )
