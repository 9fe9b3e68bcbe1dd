"""
## What it does

Finds a lambda, a function defined in a function, or an instance of a class defined in one, as `worker_init_fn` or
`collate_fn` of a loader that may have workers. Off by default.

## Why is this bad

Where workers are not forked, the loader pickles both functions, which such ones cannot be: `PicklingError: Can't
pickle <function <lambda>>` when the loader starts its workers. That is so on Windows and macOS, where processes are
spawned, from Python 3.14 on also on Linux, where a forkserver is the default, and wherever
`multiprocessing_context="spawn"` asks for it. A loader with `multiprocessing_context="fork"` is not reported.

## Example

```python
def make_loader(dataset):
    return DataLoader(dataset, num_workers=4, collate_fn=lambda batch: batch)  # RNG217
```

## Use instead

```python
def keep(batch):
    return batch


def make_loader(dataset):
    return DataLoader(dataset, num_workers=4, collate_fn=keep)
```

What a local function takes from around it can be passed by `functools.partial`, or kept by an object of a class.

## Fix safety

There is no automatic repair.

## References

- [PyTorch: platform-specific behaviors](https://pytorch.org/docs/stable/data.html#platform-specific-behaviors)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.model import Program
from reseed.rules import seeding
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.seeds.signature import unpicklable


class SeederNotPicklable(Rule):
    """A function that cannot be handed to a spawned worker."""

    code = "RNG217"
    name = "seeder-not-picklable"
    summary = "a lambda or a local function as worker_init_fn or collate_fn: fails where workers are spawned"
    default = False

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader."""
        seen = set()
        for loader in program.loaders:
            if loader.place in seen or not loader.may_have_workers() or loader.is_forked():
                continue
            wrong = [
                f"`{name}` is {why}"
                for name in ("worker_init_fn", "collate_fn")
                for value in loader.argument(name) or ()
                if (why := unpicklable(program.engine, value))
            ]
            if wrong:
                seen.add(loader.place)
                where = (
                    "so that the loader cannot start its workers"
                    if loader.is_not_forked()
                    else "so that the loader cannot start workers where they are spawned (Windows, macOS) or come "
                    "from a forkserver (Python 3.14)"
                )
                message = f"{' and '.join(dict.fromkeys(wrong))}, which cannot be pickled, {where}"
                yield seeding.finding(program, self, loader, message, self.torch)
