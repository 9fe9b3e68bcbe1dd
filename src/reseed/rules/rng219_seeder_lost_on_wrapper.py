"""
## What it does

Finds loaders whose `worker_init_fn` gives a new RNG object to `get_worker_info().dataset`, while the loader's dataset
is a wrapper around the one that draws: `Subset`, `ConcatDataset`, a part of `random_split`, or a dataset of the
project's own that holds another.

## Why is this bad

`get_worker_info().dataset` is what the loader was given. Python lets the seeder set any attribute on the wrapper, where
nothing reads it; the dataset inside keeps the object that all workers copied, and they draw the same numbers in every
worker and in every epoch.

Reported is only what a draw shows: the dataset inside draws from an object that it keeps under the very name which the
seeder sets. The draws are RNG111.

## Example

```python
class Noise(Dataset):
    def __init__(self):
        self.rng = np.random.default_rng()

    def __getitem__(self, index):
        return self.rng.random()  # RNG111

def seed_worker(worker_id):
    info = torch.utils.data.get_worker_info()
    info.dataset.rng = np.random.default_rng(info.seed)

subset = torch.utils.data.Subset(Noise(), range(8))
loader = DataLoader(subset, num_workers=2, worker_init_fn=seed_worker)  # RNG219
```

## Use instead

Make the object on first use, in the worker, so that no seeder has to find it, or name the dataset inside:

```python
def seed_worker(worker_id):
    info = torch.utils.data.get_worker_info()
    info.dataset.dataset.rng = np.random.default_rng(info.seed)
```

## Fix safety

There is no automatic repair.

## References

- [PyTorch: torch.utils.data.get_worker_info](https://pytorch.org/docs/stable/data.html#torch.utils.data.get_worker_info)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.facts.model import Attribute, Register, SetAttribute
from reseed.program.activation import Activation
from reseed.program.model import ROOT, Loader, Program
from reseed.program.rng_objects import objects_in
from reseed.program.values import Object
from reseed.program.workers import is_dataset
from reseed.rules import judge
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.rules.sharing import SharedDraw, Sharing


class SeederLostOnWrapper(Rule):
    """The seeder gives its RNG object to a wrapper instead of the dataset that draws."""

    code = "RNG219"
    name = "seeder-lost-on-wrapper"
    summary = "worker_init_fn sets an RNG object on a wrapper (Subset, ConcatDataset), not on the dataset that draws"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader, with all the draws that its seeder misses."""
        seen = set()
        for loader in program.loaders:
            if loader.activation.module != ROOT or loader.place in seen:
                continue
            found = [(shared, _setting(program, loader, shared)) for shared in Sharing(program, loader).draws()]
            lost = [(shared, setting) for shared, setting in found if setting is not None]
            if not lost:
                continue
            seen.add(loader.place)
            first, (seeder, register) = lost[0]
            setting = seeder.body.instructions[register]
            assert isinstance(setting, SetAttribute)
            draws = tuple(dict.fromkeys(judge.draw_place(program, shared.reached) for shared, _ in lost))
            text = judge.call_text(first.reached.activation, first.reached.effect.register)
            yield Finding(
                path=loader.place.path,
                span=loader.place.span,
                code=self.code,
                name=self.name,
                message=f"`{seeder.body.name}` sets `.{setting.name}` on the loader's dataset, a wrapper: the dataset "
                f"inside draws from its own object, `{text}` {judge.told_line(loader.place, draws[0])} "
                f"({judge.told_path(first.reached)}), the same numbers in every worker on every torch",
                state=first.state,
                torch=self.torch,
                draws=draws,
                steps=judge.steps_of(program, first.reached),
                loader=judge.loader_place(loader),
            )


def _setting(program: Program, loader: Loader, shared: SharedDraw) -> tuple[Activation, Register] | None:
    # Where the seeder sets the attribute that the draw reads, on other objects than the one it is read from.
    reading = shared.leaf.activation.body.instructions[shared.leaf.register]
    if not isinstance(reading, Attribute):
        return None
    holders = shared.leaf.activation.registers[reading.value]
    if not all(isinstance(holder, Object) and is_dataset(program.engine, holder) for holder in holders):
        return None
    found = None
    seeder_code = program.reach.activations(loader.seeder)
    for activation in seeder_code:
        for register, instruction in enumerate(activation.body.instructions):
            if not isinstance(instruction, SetAttribute) or instruction.name != reading.name:
                continue
            targets = activation.registers[instruction.target]
            if not targets or not program.engine.is_live(activation, register):
                continue
            for target in targets:
                if target in holders or not isinstance(target, Object):
                    return None
                # Whoever has such an object already reads it itself.
                kept = objects_in(program.engine, program.engine.read((target, reading.name)))
                if any(maker not in seeder_code for made in kept for maker in program.engine.makers[made]):
                    return None
            found = found or (activation, register)
    return found
