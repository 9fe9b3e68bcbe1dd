"""
## What it does

Finds worker code that draws from NumPy's global random state: `np.random.rand()` and its kind in a dataset's
`__getitem__`, `__getitems__` or `__iter__`, in a `collate_fn`, and in everything that these call - helpers,
inherited methods, transforms held by the dataset - and calls of SciPy, scikit-learn, pandas and the like that
fall back on that state because no `random_state` is given. So do transforms of audiomentations, batchgenerators,
nlpaug, mmcv, timm and ultralytics, alone or in a pipeline, functions of imagecorruptions and mmcv, and transforms of
albumentations 0.5 to 1.1, where the project declares such a version.

## Why is this bad

A DataLoader worker starts as a copy of its parent, NumPy's global state included. Before PyTorch 1.9 nothing
reseeded it: all workers drew the same "random" numbers, and, since workers are started anew from the same parent
state, the same again in every epoch. Nothing crashes; the augmentation is just a fraction of what it seems.

From PyTorch 1.9 on the state is seeded in each worker
([PR 56488](https://github.com/pytorch/pytorch/pull/56488), `torch/utils/data/_utils/worker.py`), so this rule
holds for torch < 1.9 only. Projects that declare `torch>=1.9` are not told.

Not reported: draws that every visible loader over the dataset hides by a `worker_init_fn` that works or is not
understood, draws after a seeding from something that varies, and datasets whose visible loaders all have
`num_workers=0`.

## Example

```python
class Crops(Dataset):
    def __getitem__(self, index):
        left = np.random.randint(0, 32)  # RNG101
        return self.images[index][:, left:left + 32]
```

## Use instead

Give each loader a `worker_init_fn` (`reseed fix` does, see RNG201), or draw from torch, which seeds itself:

```python
left = torch.randint(0, 32, ()).item()
```

## Fix safety

The draw itself is not changed. Repair the loader (RNG201).

## References

- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
- [NumPy: numpy.random.seed](https://numpy.org/doc/stable/reference/random/generated/numpy.random.seed.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.activation import Activation
from reseed.program.effects import NUMPY_GLOBAL
from reseed.program.model import DatasetEntry, Loader, Place, Program
from reseed.program.reach import Reached
from reseed.rules import judge
from reseed.rules.base import Rule
from reseed.rules.finding import Draw, Finding
from reseed.rules.standing import standing
from reseed.seeds.seeder import Verdict, verdict


class NumpyGlobalDraw(Rule):
    """Worker code draws from NumPy's global state."""

    code = "RNG101"
    name = "numpy-global-draw"
    summary = "worker code draws from NumPy's global random state"
    torch = "<1.9"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a place of the root that leads to draws, with the path from the first dataset that does."""
        draws: dict[Place, dict[Draw, None]] = {}
        first: dict[Place, tuple[Reached, Loader | None]] = {}
        for worker, source in _judged(program):
            for reached in judge.draws_of(program, worker):
                place = standing(program, source, reached)
                if place is not None:
                    draws.setdefault(place, {})[judge.draw_place(program, reached)] = None
                    first.setdefault(place, (reached, source if isinstance(source, Loader) else None))
        for place, (reached, loader) in first.items():
            yield Finding(
                path=place.path,
                span=place.span,
                code=self.code,
                name=self.name,
                message=f"{_told(program, place, reached, len(draws[place]))} in worker code "
                f"({judge.told_path(reached)}): {_consequence(program, loader)} on torch < 1.9",
                state=NUMPY_GLOBAL,
                torch=self.torch,
                draws=tuple(draws[place]),
                steps=judge.steps_of(program, reached),
                loader=None if loader is None else judge.loader_place(loader),
            )


def _told(program: Program, place: Place, reached: Reached, count: int) -> str:
    text = judge.call_text(reached.activation, reached.effect.register)
    draw = program.place(reached.activation, reached.effect.register)
    if draw == place:
        return f"`{text}` draws from NumPy's global state"
    more = f" and {count - 1} more" if count > 1 else ""
    return f"what runs here draws from NumPy's global state: `{text}` at {draw.path}:{draw.span.line}{more},"


def _consequence(program: Program, loader: Loader | None) -> str:
    if loader is None or verdict(program, loader, NUMPY_GLOBAL) is not Verdict.USELESS:
        return "the same numbers in every worker"
    return "the loader's `worker_init_fn` leaves them the same in every worker or in every epoch"


def _judged(program: Program) -> Iterator[tuple[Activation, Loader | DatasetEntry]]:
    for loader in program.loaders:
        if judge.repeats(program, loader):
            yield loader.worker, loader
    for entry in program.datasets:
        yield entry.worker, entry
