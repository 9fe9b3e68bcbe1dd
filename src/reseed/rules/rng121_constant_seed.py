"""
## What it does

Finds worker code that seeds an RNG with a constant on every call, or draws from an RNG object that it makes from a
constant on every call: `np.random.seed(42)`, `torch.manual_seed(0)` or `default_rng(0)` in `__getitem__`, in a
`collate_fn`, or in what these call.

## Why is this bad

Each sample starts the same stream anew: all samples of all workers in all epochs get the same "random" numbers. Seeding
a global state this way also undoes the seed which PyTorch gave the worker, for all other code that draws from it.

Seeding from the index is legitimate and not reported, nor is a seeding whose function puts the old state back, nor one
in `__init__` or once in `__iter__`. A constant seed in evaluation is meant: a seeding under a condition that names
training or evaluation (`if self.phase == "test":`), or in a dataset class named for it, is not reported either.

## Example

```python
def __getitem__(self, index):
    rng = np.random.default_rng(0)  # RNG121
    return self.data[index] + rng.normal()
```

## Use instead

Seed from the index if every epoch shall see the same numbers, else from torch, which is seeded in every worker:

```python
rng = np.random.default_rng(torch.randint(2**63 - 1, ()).item())
```

## Fix safety

There is no automatic repair: which of the two is meant cannot be seen from the code.

## References

- [NumPy: numpy.random.default_rng](https://numpy.org/doc/stable/reference/random/generator.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.facts.model import Call
from reseed.knowledge.numpy_global import STATE_SETTERS, canonical
from reseed.knowledge.seeding import RngObject
from reseed.program.activation import Activation
from reseed.program.effects import DrawEffect, SeedEffect, paths_of
from reseed.program.loops import blocks_around
from reseed.program.model import DatasetEntry, Loader, Program
from reseed.program.order import is_once
from reseed.program.reach import Reached
from reseed.rules import evaluation, judge
from reseed.rules.base import Rule
from reseed.rules.finding import Draw, Finding
from reseed.rules.standing import standing
from reseed.seeds.dependence import dependence
from reseed.seeds.seed import CONSTANT

_RESTORERS = STATE_SETTERS | {"random.setstate", "torch.set_rng_state", "torch.random.set_rng_state"}
_SCOPES = ("fork_rng", "isolate_rng")
_NOT_DRAWS = (".seed", ".manual_seed", ".get_state", ".set_state", ".setstate", ".getstate", ".spawn", ".bit_generator")


class ConstantSeed(Rule):
    """Worker code seeds with a constant on every call."""

    code = "RNG121"
    name = "constant-seed"
    summary = "worker code seeds with a constant on every call: all samples get the same numbers"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a seeding call."""
        seen = set()
        loaders = [loader for loader in program.loaders if loader.may_have_workers()]
        sources: list[Loader | DatasetEntry] = [*loaders, *program.datasets]
        for source in sources:
            worker = source.worker
            for reached in program.reached(worker):
                seed = program.place(reached.activation, reached.effect.register)
                if seed in seen or not _is_constant(program, worker, reached):
                    continue
                place = standing(program, source, reached)
                if place is None:
                    continue
                seen.add(seed)
                text = f"`{judge.call_text(reached.activation, reached.effect.register)}`"
                if place != seed:
                    text = f"{text} at {seed.path}:{seed.span.line}"
                assert isinstance(reached.effect, SeedEffect)
                state = ", ".join(sorted(reached.effect.states))
                yield Finding(
                    path=place.path,
                    span=place.span,
                    code=self.code,
                    name=self.name,
                    message=f"{text} seeds with a constant on every call in worker code "
                    f"({judge.told_path(reached)}): all samples get the same numbers on every torch",
                    state=state,
                    torch=self.torch,
                    draws=tuple(_draws_after(program, worker, reached.effect)),
                    steps=judge.steps_of(program, reached),
                )


def _is_constant(program: Program, worker: Activation, reached: Reached) -> bool:
    effect = reached.effect
    if not isinstance(effect, SeedEffect) or effect.argument is None or effect.row is None:
        return False
    if judge.entry_of(reached).body.name == "__iter__" or _restores(reached.activation):
        return False
    if _is_for_evaluation(reached) or _runs_once(reached):
        return False
    if dependence(program, reached.activation, effect.argument) != CONSTANT:
        return False
    makes_object = isinstance(effect.row, RngObject) or effect.row.returns == "object" or "()" in effect.row.path
    return not makes_object or _is_drawn_from(program, worker, effect.row.path)


def _is_for_evaluation(reached: Reached) -> bool:
    owner = judge.entry_of(reached).body.qualname.split(".")[0]
    hops = [*reached.path, (reached.activation, reached.effect.register)]
    return evaluation.is_named(owner) or any(evaluation.is_asked_for(*hop) for hop in hops)


def _runs_once(reached: Reached) -> bool:
    # Made on first use and kept, by hand or by a cache: not on every call.
    hops = [*reached.path, (reached.activation, reached.effect.register)]
    return any(
        any("cache" in decorator for decorator in activation.body.decorators)
        or any(is_once(activation, block) for block in blocks_around(activation, register))
        for activation, register in hops
    )


def _restores(activation: Activation) -> bool:
    for instruction in activation.body.instructions:
        if isinstance(instruction, Call):
            for path in paths_of(activation.registers[instruction.function]):
                if canonical(path) in _RESTORERS or path.rsplit(".", 1)[-1] in _SCOPES:
                    return True
    return False


def _is_drawn_from(program: Program, worker: Activation, path: str) -> bool:
    # The object's methods, or `generator=` of a torch call.
    made = path.split("()", 1)[0] + "()"
    for activation in program.reach.activations(worker):
        for instruction in activation.body.instructions:
            if not isinstance(instruction, Call):
                continue
            for called in paths_of(activation.registers[instruction.function]):
                if canonical(called).startswith(made + ".") and not called.endswith(_NOT_DRAWS):
                    return True
            for argument in instruction.arguments:
                if argument.keyword == "generator":
                    passed = paths_of(activation.registers[argument.value])
                    if any(canonical(value).startswith(made) for value in passed):
                        return True
    return False


def _draws_after(program: Program, worker: Activation, effect: SeedEffect) -> Iterator[Draw]:
    seen = set()
    for reached in program.reached(worker):
        if isinstance(reached.effect, DrawEffect) and reached.effect.state in effect.states and reached.is_seeded:
            draw = judge.draw_place(program, reached)
            if draw not in seen:
                seen.add(draw)
                yield draw
