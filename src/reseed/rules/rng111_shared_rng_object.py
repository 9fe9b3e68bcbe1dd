"""
## What it does

Finds worker code that draws from an RNG object which was made before the workers started: a NumPy `Generator` or
`RandomState`, a `random.Random`, or a `torch.Generator` made in `__init__`, in a class body, in a module, as a default
argument, in a closure, by a cached function, or handed in, and drawn from by `__getitem__`, `__getitems__`, `__iter__`,
a `collate_fn`, or what these call. A call that hands the object on to the function which draws counts among the draws.
Instances of the program's own subclasses of the first three count as well, unless the class says itself where its
numbers come from.

## Why is this bad

Each worker gets a copy of the object, and nothing reseeds the copies: PyTorch seeds the global states of torch, of
`random`, and since 1.9 of NumPy, but it knows nothing of objects. All workers draw the same "random" numbers. Workers
start anew in every epoch, from the same parent, so the numbers repeat in every epoch as well, unless
`persistent_workers=True`. It makes no difference whether the object has a seed, and the `worker_init_fn` of PyTorch's
documentation does not help. An object that each worker makes on first use, all of them from the same constant, is no
better.

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

Draw from torch, which is seeded in every worker, or have each worker make an object of its own, from its own seed:

```python
class WorkerRng:
    # An RNG that each DataLoader worker makes for itself, from its own seed. Elsewhere it is `make(seed)`.
    _unseeded = 0

    def __init__(self, make, seed=None):
        self._make, self._seed = make, seed
        self._rng, self._worker = make(seed), None

    def __call__(self):
        worker = torch.utils.data.get_worker_info()
        if worker is not None and worker.seed != self._worker:
            seed = self._seed
            if seed is None:  # unlike any other that has no seed
                WorkerRng._unseeded += 1
                seed = f"number {WorkerRng._unseeded}"
            self._rng = self._make(random.Random(f"{worker.seed} {seed!r}").getrandbits(32))
            self._worker = worker.seed
        return self._rng

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self(), name)


class Crops(Dataset):
    def __init__(self, images):
        self.images = images
        self.rng = WorkerRng(np.random.default_rng)

    def __getitem__(self, index):
        left = self.rng.integers(0, 32)
        return self.images[index][:, left:left + 32]
```

Without workers it draws the numbers that it always drew. In a worker they depend on the worker's seed, and so on
`torch.manual_seed` and the epoch, and on the seed that it was given: objects with equal seeds draw alike, as they did
before (an image and its mask may rely on it), and those without a seed do not.

An object made on first use, `if self.rng is None: self.rng = np.random.default_rng(torch.initial_seed())`, will do as
well, as long as the parent never takes an item itself.

## Fix safety

The repair is made on request only (`reseed fix --select RNG111`), since what a seeded run draws in workers changes:
that is its purpose. It adds the class above, and makes holders of it where `default_rng`, `RandomState` or
`random.Random` make the objects. These need no `worker_init_fn`, and so serve under `Subset`, in transforms and with
libraries that have a `worker_init_fn` of their own.

A `torch.Generator` stays what it is, since `generator=` takes nothing else. A loader in the same file that has no
seeder gets one, which seeds the generator in the attribute of the dataset that holds it.

It is not made where a holder is not good enough: where a library is given the object itself
(`norm.rvs(random_state=self.rng)`, `isinstance`); where the parent keeps a bound method of it, seeds it once more or
spawns children; where an `__iter__` shuffles or chooses with it, as workers that then share out the samples may have to
do so alike; where it is annotated, made from another RNG object, or made in another file than the one that the finding
stands in. `reseed fix` says which it is. Code that it cannot see may ask for the class of the object, too.

## References

- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
- [NumPy: parallel random number generation](https://numpy.org/doc/stable/reference/random/parallel.html)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reseed.program.activation import Activation
from reseed.program.model import DatasetEntry, Loader, Place, Program
from reseed.program.values import Object
from reseed.rules import judge, seedable
from reseed.rules.base import Rule
from reseed.rules.finding import Draw, Finding
from reseed.rules.holder import SEEDED, Holders, makers_of, orders_stream
from reseed.rules.sharing import SharedDraw, Sharing
from reseed.rules.standing import standing

_NONE: tuple[str, ...] = ()


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
        ordering: set[Object] = set()
        in_workers: set[Activation] = set()
        sources: list[Loader | DatasetEntry] = [*program.loaders, *program.datasets]
        for source in sources:
            sharing = Sharing(program, source)
            in_workers |= sharing.code_in_workers
            for shared in sharing.draws():
                if orders_stream(shared.reached):
                    ordering.update(shared.objects)
                place = standing(program, source, shared.reached)
                if place is not None:
                    objects.setdefault(place, {}).update(dict.fromkeys(shared.objects))
                    at_place = draws.setdefault(place, {})
                    at_place[judge.draw_place(program, shared.reached)] = None
                    handing = (program.place(*call) for call in shared.handed_on)
                    at_place.update({Draw(p.path, p.span.line, p.span.column, p.function): None for p in handing})
                    first.setdefault(place, (shared, source if isinstance(source, Loader) else None))
        holders = Holders(program, in_workers, ordering)
        for place, (shared, loader) in first.items():
            reached = shared.reached
            reason, seeded = holders.obstacle(objects[place]), _NONE
            if reason and shared.state == SEEDED:
                reason, seeded = _by_seeder(program, place, loader, objects[place], reason)
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
                seeded=seeded,
            )


def _by_seeder(
    program: Program, place: Place, loader: Loader | None, objects: Collection[Object], reason: str
) -> tuple[str, tuple[str, ...]]:
    # A torch.Generator stays what it is, and is seeded in each worker.
    if loader is None or seedable.obstacle(program, loader, place):
        return reason, ()
    obstacle, seeded = seedable.by_object(program, loader, objects, SEEDED)
    return (reason if obstacle else ""), seeded


def _told(program: Program, place: Place, shared: SharedDraw, count: int) -> str:
    reached = shared.reached
    text = f"`{judge.call_text(reached.activation, reached.effect.register)}`"
    draw = judge.draw_place(program, reached)
    if (draw.path, draw.line, draw.column) != (place.path, place.span.line, place.span.column):
        more = f" and {count - 1} more" if count > 1 else ""
        text = f"what runs here, {text} {judge.told_line(place, draw)}{more},"
    made = program.place(*shared.maker)
    where = judge.told_line(place, Draw(made.path, made.span.line, made.span.column, made.function))
    when = "by each worker from the same seed," if shared.in_workers else "before the workers start,"
    return f"{text} draws from the RNG object `{judge.call_text(*shared.maker)}` made {where}, {when}"
