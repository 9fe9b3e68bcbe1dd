"""
## What it does

Finds loaders that may have workers and are given no `worker_init_fn`, where it cannot be seen what the dataset is:
it comes in as an argument, or from a file that cannot be found.

## Why is this bad

If that dataset draws from NumPy's global state, all workers draw the same numbers before PyTorch 1.9 (see RNG201).
Datasets of known libraries that draw nothing from that state, lists and tensors are not reported.

## Example

```python
def make_loader(dataset):
    return DataLoader(dataset, batch_size=8, num_workers=4)  # RNG202
```

## Use instead

```python
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)


def make_loader(dataset):
    return DataLoader(dataset, batch_size=8, num_workers=4, worker_init_fn=seed_worker)
```

## Fix safety

The repair is that of RNG201 and is made on request only (`reseed fix --select RNG202`), since the loader may not need
it.

## References

- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.effects import NUMPY_GLOBAL
from reseed.program.model import Loader, Program
from reseed.rules import judge
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.rules.library_workers import handed_over_draws
from reseed.rules.unseen import is_unseen
from reseed.seeds.seeder import Verdict, verdict


class MissingWorkerInitUnknown(Rule):
    """A loader without a seeder over a dataset that is not seen."""

    code = "RNG202"
    name = "missing-worker-init-unknown"
    summary = "loader with workers and no worker_init_fn over a dataset that cannot be resolved"
    torch = "<1.9"
    fixable = "on request"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader call, unless one of the contexts it is made in shows draws (RNG201)."""
        drawing = {
            loader.place
            for loader in program.loaders
            if any(judge.draws_of(program, loader.worker)) or any(handed_over_draws(program, loader))
        }
        seen = set()
        for loader in program.loaders:
            place = loader.place
            if place in seen or place in drawing or not _is_unknown(program, loader):
                continue
            seen.add(place)
            yield Finding(
                path=place.path,
                span=place.span,
                code=self.code,
                name=self.name,
                message="loader has workers but no `worker_init_fn`, and its dataset is not seen from here: if it "
                "draws from NumPy's global state, every worker draws the same numbers on torch < 1.9",
                state=NUMPY_GLOBAL,
                torch=self.torch,
                loader=judge.loader_place(loader),
                fixable=True,
            )


def _is_unknown(program: Program, loader: Loader) -> bool:
    if not judge.workers_repeat(program, loader) or program.engine.exhausted:
        return False
    return verdict(program, loader, NUMPY_GLOBAL) is Verdict.ABSENT and is_unseen(program, loader)
