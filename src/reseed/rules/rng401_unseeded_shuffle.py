"""
## What it does

Finds a loader with `shuffle=True` and without `generator=` in a program that seeds from a constant or a configuration,
for the sake of reproducibility. It is off by default.

## Why is this bad

The order of the samples comes from torch's global state, at the moment when the loader is iterated over. Whatever else
draws from it since it was seeded, the weights of a model, a random split, another loader, decides it as well: a change
of any of these gives another order, and two models are not compared on the same batches. Where the program seeds NumPy
or `random` alone, each run has another order.

## Example

```python
torch.manual_seed(0)
model = torch.nn.Linear(3, 3)
loader = DataLoader(dataset, batch_size=8, shuffle=True)  # RNG401
```

## Use instead

A generator of the loader's own, which nothing else draws from:

```python
torch.manual_seed(0)
model = torch.nn.Linear(3, 3)
loader = DataLoader(dataset, batch_size=8, shuffle=True, generator=torch.Generator().manual_seed(0))
```

## Fix safety

There is no automatic repair: which seed the generator shall have is a choice of the program.

## References

- [PyTorch: reproducibility, DataLoader](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.program.draws import has_no_generator, shuffles
from reseed.program.model import ROOT, Loader, Place, Program
from reseed.rules import judge
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.seeds.fixed import is_fixed
from reseed.seeds.parent import parent_seedings

_TORCH = "torch-global"
# Loaders that take `generator=` as PyTorch's does: subclasses of it that hand everything on.
_PLAIN = ("torch.", "torchdata.")


class UnseededShuffle(Rule):
    """A shuffling loader whose order depends on all other draws."""

    code = "RNG401"
    name = "unseeded-shuffle"
    summary = "shuffling loader without generator= in a program that seeds: other draws change the order"
    default = False

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader call."""
        loaders = [loader for loader in program.loaders if _is_concerned(loader)]
        if not loaders:
            return
        seedings = list(parent_seedings(program))
        if not any(
            effect.argument is not None and is_fixed(program, activation, effect.argument)
            for activation, effect in seedings
        ):
            return
        told = "any other draw from it changes the order"
        if not any(effect.states & {_TORCH, "*"} for _, effect in seedings):
            told += ", and nothing seen here seeds it"
        seen: set[Place] = set()
        for loader in loaders:
            if loader.place not in seen:
                seen.add(loader.place)
                yield Finding(
                    path=loader.place.path,
                    span=loader.place.span,
                    code=self.code,
                    name=self.name,
                    message=f"loader shuffles by torch's global state, without a `generator=` of its own: {told}",
                    state=_TORCH,
                    torch=self.torch,
                    loader=judge.loader_place(loader),
                )


def _is_concerned(loader: Loader) -> bool:
    return (
        loader.activation.module == ROOT
        and loader.path.startswith(_PLAIN)
        and shuffles(loader)
        and has_no_generator(loader)
    )
