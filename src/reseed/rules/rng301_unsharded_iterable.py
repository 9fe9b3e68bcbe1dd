"""
## What it does

Finds an `IterableDataset` whose `__iter__` gives all its samples to every worker of a loader that may have several.

Told is only what is seen whole: the loader; `__iter__` and where its samples come from, files, lists, arrays, which
each worker has a whole copy of; and that neither worker code nor the loader's `worker_init_fn` asks which worker it is.
A name that speaks of workers or shards keeps the rule silent, but for shards that the program shows to be those of the
ranks: what is split by rank alone comes from every worker of a rank.

Streams that draw random samples without end are not reported, nor those that take theirs from what is not understood,
such as a queue, a server, or another library's stream.

## Why is this bad

A loader gives each of its workers a copy of an iterable dataset, and takes samples from all of them. Unless they share
out the samples between them, each sample comes as often as there are workers: an epoch is longer, with every sample in
it several times, and metrics are computed over duplicates.

## Example

```python
class Lines(torch.utils.data.IterableDataset):
    def __iter__(self):  # RNG301
        with open("lines.txt") as lines:
            yield from lines


loader = DataLoader(Lines(), batch_size=8, num_workers=4)
```

## Use instead

Let each worker take its share:

```python
class Lines(torch.utils.data.IterableDataset):
    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        start, step = (info.id, info.num_workers) if info else (0, 1)
        with open("lines.txt") as lines:
            yield from itertools.islice(lines, start, None, step)


loader = DataLoader(Lines(), batch_size=8, num_workers=4)
```

## Fix safety

There is no automatic repair: how the samples are best shared out, by file or by line, cannot be seen from the code.

## References

- [PyTorch: torch.utils.data.IterableDataset](https://pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.model import ROOT, Place, Program
from reseed.program.streams import unsplit_entries
from reseed.rules import judge
from reseed.rules.base import Rule
from reseed.rules.finding import Finding, Step


class UnshardedIterable(Rule):
    """Every worker gives all samples of an iterable dataset."""

    code = "RNG301"
    name = "unsharded-iterable"
    summary = "IterableDataset.__iter__ never splits by worker: every worker yields every sample"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding an ``__iter__`` of the loader's file; one a loader where its dataset stands in another."""
        seen: set[Place] = set()
        for loader in program.loaders:
            if loader.activation.module != ROOT:
                continue
            for entry in unsplit_entries(program, loader):
                home = program.place(entry)
                place = home if entry.module == ROOT else loader.place
                if place in seen:
                    continue
                seen.add(place)
                told = (
                    f"`{home.function}` never splits its samples between the workers of the loader "
                    f"on line {loader.place.span.line}"
                    if place == home
                    else f"loader has workers, and `{home.function}` at {home.path}:{home.span.line} never splits its "
                    "samples between them"
                )
                yield Finding(
                    path=place.path,
                    span=place.span,
                    code=self.code,
                    name=self.name,
                    message=f"{told}: each sample comes as often as there are workers, on every torch",
                    state="",
                    torch=self.torch,
                    steps=(Step(home.path, home.span.line, home.span.column, home.function),),
                    loader=judge.loader_place(loader),
                )
