"""
## What it does

Finds worker code that draws from the RNG of a library which PyTorch does not know of: OpenCV (`cv2.randn`, `cv2.randu`,
`cv2.randShuffle`, `cv2.kmeans` with random centres), imgaug's augmenters, MONAI's random transforms under a plain
`torch.utils.data.DataLoader`, albumentations 1.4.21 to 2.0.8, Pillow's `effect_noise` and `effect_spread`, trimesh's
sampling since 5.0.0, Faker, mimesis, and SciPy's QMC engines.

## Why is this bad

A DataLoader worker starts as a copy of its parent. PyTorch then reseeds torch, Python's `random` and, since 1.9,
NumPy's global state. Every other RNG keeps the state that the parent had, so that all workers draw the same "random"
numbers from it, and the same again in the next epoch, on every version of PyTorch.

Not reported: transforms that are seen to be deterministic (`A.Resize(32, 32)`, `A.HorizontalFlip(p=1)`) and pipelines
of nothing else; objects that worker code itself makes; MONAI's transforms under `monai.data.DataLoader`, which seeds
them; draws that the loader's `worker_init_fn` seeds, or whose `worker_init_fn` is not understood. Versions of a library
that have no RNG of their own are not reported where the project declares one of them.

## Example

```python
import albumentations as A


class Faces(Dataset):
    def __init__(self, images):
        self.images = images
        self.augment = A.Compose([A.RandomCrop(224, 224), A.HorizontalFlip(p=0.5)])

    def __getitem__(self, index):
        return self.augment(image=self.images[index])["image"]  # RNG112
```

## Use instead

Seed the library's RNG in every worker:

```python
def seed_worker(worker_id):
    info = torch.utils.data.get_worker_info()
    rng = random.Random(f"{info.seed} augment")
    info.dataset.augment.set_random_state(np.random.default_rng(rng.getrandbits(64)), rng)


loader = DataLoader(Faces(images), num_workers=4, worker_init_fn=seed_worker)
```

Albumentations' `set_random_seed(seed)` gives each transform of a pipeline that same seed, so that two flips always
happen together (2.0.8); `set_random_state` does not. For OpenCV it is `cv2.setRNGSeed(info.seed % 2**31)`, for imgaug
`imgaug.seed(info.seed % 2**31)`, for Faker `Faker.seed(info.seed)`; MONAI has a `monai.data.DataLoader` that does it;
trimesh takes a `seed=`. Pillow's noise can be drawn with torch or NumPy instead.

## Fix safety

Safe, for OpenCV, imgaug, MONAI and albumentations: the loader in the same file gets a `seed_worker` which also seeds
the library, or its own seeder does. All that changes are the numbers drawn from that library, all of which were
duplicates; they follow `torch.manual_seed` then. A loader that brings a seeder of its own is left alone, and so are
programs in which Lightning seeds the workers (`seed_everything(workers=True)`), which a `worker_init_fn` would switch
off.

Transforms of MONAI and albumentations keep their random numbers in themselves. They are seeded where the dataset holds
them in an attribute, and only in a seeder that is new, since one that there is may serve datasets that have no such
attribute; in MONAI's own datasets, MONAI's `set_rnd` finds them. For the other libraries there is no repair, nor for
imgaug's augmenters in workers that are not forked, which hold copies of its RNG.

## References

- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
- [OpenCV: setRNGSeed](https://docs.opencv.org/4.x/d2/de8/group__core__array.html)
- [MONAI: DataLoader](https://docs.monai.io/en/stable/data.html#dataloader)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.knowledge.library_rngs import LIBRARY_RNGS
from reseed.knowledge.random_objects import random_class_of
from reseed.program.model import Loader, Place, Program
from reseed.program.rng_uses import is_randomizable
from reseed.program.values import Object
from reseed.rules import judge, seedable
from reseed.rules.base import Rule
from reseed.rules.finding import Draw, Finding
from reseed.rules.library_workers import LibraryDraw, shared_draws
from reseed.rules.standing import standing
from reseed.seeds.seeder import Verdict, verdict

_NO_SEED = "there is no repair for the random numbers of {}"


class LibraryRngDraw(Rule):
    """Worker code draws from a library's own RNG."""

    code = "RNG112"
    name = "library-rng"
    summary = "worker code draws from a library's own RNG, which PyTorch does not reseed"
    fixable = "yes"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a library and place of the root that leads to draws from its RNG, with the path to the first."""
        found: dict[tuple[Place, str], dict[Draw, LibraryDraw]] = {}
        everywhere = list(shared_draws(program))
        for shared in everywhere:
            place = standing(program, shared.source, shared.reached)
            if place is not None:
                at = program.place(shared.activation, shared.register)
                draw = Draw(at.path, at.span.line, at.span.column, at.function)
                found.setdefault((place, shared.state), {}).setdefault(draw, shared)
        for (place, state), draws in found.items():
            shared = next(iter(draws.values()))
            # A seeder is taken to seed all that draws from the state: it has to.
            beside = [each for each in everywhere if each.source is shared.source and each.state == state]
            obstacle, seeded = _repair(program, place, beside)
            yield Finding(
                path=place.path,
                span=place.span,
                code=self.code,
                name=self.name,
                message=f"{_told(place, shared, tuple(draws))} {_consequence(program, shared)}",
                state=state,
                torch=self.torch,
                draws=tuple(draws),
                steps=judge.steps_of(program, shared.reached),
                loader=judge.loader_place(shared.source) if isinstance(shared.source, Loader) else None,
                fixable=not obstacle,
                obstacle=obstacle,
                seeded=seeded,
            )


def _told(place: Place, shared: LibraryDraw, draws: tuple[Draw, ...]) -> str:
    rng = LIBRARY_RNGS[shared.state]
    text = f"`{judge.call_text(shared.activation, shared.register)}`"
    line, more = judge.told_line(place, draws[0]), f" and {len(draws) - 1} more" if len(draws) > 1 else ""
    if shared.is_handed_over:
        what = f"this loader's dataset runs {text} {line}{more}, which draws from the RNG of {rng.told} in worker code:"
    elif (place.path, place.span.line, place.span.column) == (draws[0].path, draws[0].line, draws[0].column):
        what = f"{text} draws from the RNG of {rng.told} in worker code ({judge.told_path(shared.reached)}):"
    else:
        path = judge.told_path(shared.reached)
        what = f"what runs here draws from the RNG of {rng.told}: {text} {line}{more}, in worker code ({path}):"
    return what


def _repair(program: Program, place: Place, draws: list[LibraryDraw]) -> tuple[str, tuple[str, ...]]:
    """Why no seeder helps, or an empty text, and the attributes by which one finds what it has to seed."""
    state, loader = draws[0].state, draws[0].source
    seeded = LIBRARY_RNGS[state].seeded
    if seeded == "never":
        return _NO_SEED.format(LIBRARY_RNGS[state].told), ()
    obstacle = seedable.obstacle(program, loader, place)
    if obstacle or seeded == "globally" or not isinstance(loader, Loader):
        return obstacle, ()
    holders = {holder for draw in draws for holder in draw.holders}
    unseen = not all(draw.holders for draw in draws)
    if seeded == "through the dataset" and _is_of_monai(loader):
        return (seedable.NOT_HELD if unseen or not seedable.chains(program, loader, holders) else ""), ()
    unseen = unseen or not all(_takes_seed(program, holder, state) for holder in holders)
    return seedable.by_object(program, loader, () if unseen else holders, state)


def _is_of_monai(loader: Loader) -> bool:
    datasets = loader.argument("dataset") or {}
    return all(isinstance(each, Object) and each.path.startswith("monai.") for each in datasets)


def _takes_seed(program: Program, holder: Object, state: str) -> bool:
    if state == "monai":  # its Compose, which draws nothing itself, seeds what it holds
        return holder.path.startswith("monai.") or is_randomizable(program.engine, holder)
    row = random_class_of(holder.path)
    return row is not None and row.state == state


def _consequence(program: Program, shared: LibraryDraw) -> str:
    versions = f" ({LIBRARY_RNGS[shared.state].versions})" if LIBRARY_RNGS[shared.state].versions else ""
    loader = shared.source
    if isinstance(loader, Loader) and verdict(program, loader, shared.state) is Verdict.USELESS:
        text = "the loader's `worker_init_fn` leaves the numbers the same in every worker or in every epoch"
    else:
        text = "PyTorch does not reseed it, so that every worker draws the same numbers"
    return f"{text} on every torch{versions}"
