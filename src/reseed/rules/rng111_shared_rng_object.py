"""
## What it does

Finds worker code that draws from an RNG object which was made before the workers started: a NumPy `Generator` or
`RandomState`, a `random.Random`, or a `torch.Generator` made in `__init__`, in a class body, in a module, as a default
argument, in a closure, by a cached function, or handed in, and drawn from by `__getitem__`, `__getitems__`, `__iter__`,
a `collate_fn`, or what these call.

## Why is this bad

Each worker gets a copy of the object, and nothing reseeds the copies: PyTorch seeds the global states of torch, of
`random`, and since 1.9 of NumPy, but it knows nothing of objects. All workers draw the same "random" numbers. Workers
start anew in every epoch, from the same parent, so the numbers repeat in every epoch as well, unless
`persistent_workers=True`. It makes no difference whether the object has a seed, and the `worker_init_fn` of PyTorch's
documentation does not help.

Not reported: objects made in worker code, also on first use (`if self.rng is None:`), unless the parent takes an item
first; objects that the loader's `worker_init_fn` replaces or seeds; draws after a seeding in the same item; objects
without a seed in modules and classes where workers are spawned; datasets whose visible loaders all have
`num_workers=0`.

## Example

```python
class Crops(Dataset):
    def __init__(self, images):
        self.images = images
        self.rng = np.random.default_rng()

    def __getitem__(self, index):
        left = self.rng.integers(0, 32)  # RNG111
        return self.images[index][:, left:left + 32]
```

## Use instead

Draw from torch, which is seeded in every worker, or make the object on first use, in the worker:

```python
class Crops(Dataset):
    def __init__(self, images):
        self.images = images
        self.rng = None

    def __getitem__(self, index):
        if self.rng is None:
            self.rng = np.random.default_rng(torch.initial_seed())
        left = self.rng.integers(0, 32)
        return self.images[index][:, left:left + 32]
```

The parent must not take an item first, or its object is copied as before.

## Fix safety

There is no automatic repair.

## References

- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
- [NumPy: parallel random number generation](https://numpy.org/doc/stable/reference/random/parallel.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.engine import Activation
from reseed.program.model import DatasetEntry, Loader, Place, Program
from reseed.program.values import Object
from reseed.rules import judge
from reseed.rules.base import Rule
from reseed.rules.finding import Draw, Finding
from reseed.rules.holder import makers_of, obstacle
from reseed.rules.sharing import SharedDraw, Sharing
from reseed.rules.standing import standing


class SharedRngObject(Rule):
    """Worker code draws from an RNG object that was made before the workers started."""

    code = "RNG111"
    name = "shared-rng-object"
    summary = "worker code draws from an RNG object made before the workers started"
    fixable = "on request"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a place of the root that leads to draws, with the path from the first dataset that does."""
        draws: dict[Place, dict[Draw, None]] = {}
        first: dict[Place, tuple[SharedDraw, Loader | None]] = {}
        objects: dict[Place, dict[Object, None]] = {}
        in_workers: set[Activation] = set()
        sources: list[Loader | DatasetEntry] = [*program.loaders, *program.datasets]
        for source in sources:
            sharing = Sharing(program, source)
            in_workers |= sharing.code_in_workers
            for shared in sharing.draws():
                place = standing(program, source, shared.reached)
                if place is not None:
                    draws.setdefault(place, {})[judge.draw_place(program, shared.reached)] = None
                    objects.setdefault(place, {}).update(dict.fromkeys(shared.objects))
                    first.setdefault(place, (shared, source if isinstance(source, Loader) else None))
        for place, (shared, loader) in first.items():
            reached = shared.reached
            reason = obstacle(program, objects[place], in_workers)
            yield Finding(
                path=place.path,
                span=place.span,
                code=self.code,
                name=self.name,
                message=f"{_told(program, place, shared, len(draws[place]))} in worker code "
                f"({judge.told_path(reached)}): every worker has a copy and draws the same numbers on every torch",
                state=shared.state,
                torch=self.torch,
                draws=tuple(draws[place]),
                steps=judge.steps_of(program, reached),
                loader=None if loader is None else judge.loader_place(loader),
                fixable=not reason,
                obstacle=reason,
                makers=makers_of(program, objects[place]),
            )


def _told(program: Program, place: Place, shared: SharedDraw, count: int) -> str:
    reached = shared.reached
    text = f"`{judge.call_text(reached.activation, reached.effect.register)}`"
    draw = judge.draw_place(program, reached)
    if (draw.path, draw.line, draw.column) != (place.path, place.span.line, place.span.column):
        more = f" and {count - 1} more" if count > 1 else ""
        text = f"what runs here, {text} {judge.told_line(place, draw)}{more},"
    made = program.place(*shared.maker)
    where = judge.told_line(place, Draw(made.path, made.span.line, made.span.column, made.function))
    return (
        f"{text} draws from the RNG object `{judge.call_text(*shared.maker)}` made {where}, before the workers start,"
    )
