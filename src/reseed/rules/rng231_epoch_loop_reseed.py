"""
## What it does

Finds a loop over epochs in which the main program seeds torch with the same number before each epoch
(`torch.manual_seed(0)`, `seed_everything(args.seed)`, a helper of the project that seeds torch), or in which the
`generator=` of its loader is made or seeded anew from a constant.

Told is only what is seen whole: a loop that speaks of epochs; a seed that is a constant, or a configuration's value
named as a seed that nothing changes; and, after it in the same turn, a loader with workers that shuffles or whose
worker code draws.

## Why is this bad

The workers' seeds come from torch's state in the main process, or from the loader's `generator=`: each `iter(loader)`
draws one number, `base_seed`, from it. Where that state is set back before each epoch, every epoch has the same
`base_seed`: workers draw the same numbers, from torch, `random` and NumPy alike, and the loader shuffles in the same
order. A model trained for a hundred epochs sees one epoch of augmentation a hundred times.

A seed that differs by epoch (`seed + epoch`) is right and not reported. Nor is one set once before the loop, one in
each turn of a loop over folds or models, or one for evaluation, which is meant.

## Example

```python
def train(epochs):
    loader = DataLoader(dataset, batch_size=8, shuffle=True, num_workers=4)
    for epoch in range(epochs):
        torch.manual_seed(0)  # RNG231
        for batch in loader:
            print(batch)
```

## Use instead

Seed once, before the loop; or, to be able to begin again at any epoch, from the epoch:

```python
def train(epochs):
    loader = DataLoader(dataset, batch_size=8, shuffle=True, num_workers=4)
    for epoch in range(epochs):
        torch.manual_seed(1000 + epoch)
        for batch in loader:
            print(batch)
```

## Fix safety

There is no automatic repair: whether the run shall be seeded once or once an epoch cannot be seen from the code.

## References

- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reseed.facts.model import Attribute, Call, Phi, Register
from reseed.knowledge.numpy_global import canonical
from reseed.knowledge.seeding import Seeder
from reseed.program.activation import Activation
from reseed.program.draws import has_no_generator, seeded_draws, shuffles
from reseed.program.effects import SeedEffect, callee_paths
from reseed.program.loops import Iterations, Loop, Path, blocks_around, comes_before, is_inside, loops_of, runs
from reseed.program.model import ROOT, Loader, Program
from reseed.rules import evaluation, judge
from reseed.rules.base import Rule
from reseed.rules.finding import Draw, Finding
from reseed.seeds.fixed import is_fixed, is_fixed_condition
from reseed.seeds.parent import adds_nothing
from reseed.seeds.seeder import may_persist

_TORCH = "torch-global"
_GENERATOR = "torch.Generator"
# for epoch in ...; for _ in range(args.epochs); while epoch < last. Not: for epochs in (10, 20, 50).
_EPOCH = re.compile(r"\bep\b|epoch(_?(id|idx|i|no|nr|number|index|counter))?\b", re.IGNORECASE)
_EPOCHS = re.compile(r"range\(.*epochs?\b", re.IGNORECASE)
_NUMBER_OF_EPOCHS = re.compile(r"\b(n|num|nb|max|min)_?epoch", re.IGNORECASE)
# What gives torch's state back, or makes it anew.
_RESTORERS = frozenset({"torch.set_rng_state", "torch.random.set_rng_state", "torch.seed", "torch.random.seed"})
_SCOPES = ("fork_rng", "isolate_rng")


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one turn of a loop does that matters: seedings, and the loaders that it begins to go through."""

    seedings: list[tuple[Path, SeedEffect]]
    iterations: list[tuple[Path, Loader]]
    restores: bool


class EpochLoopReseed(Rule):
    """The parent seeds torch alike before each epoch."""

    code = "RNG231"
    name = "epoch-loop-reseed"
    summary = "torch, or the loader's generator=, is seeded alike before each epoch: every epoch repeats"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a seeding, at the call in the loop's body that leads to it."""
        loaders = [loader for loader in program.loaders if loader.may_have_workers()]
        if not loaders:
            return
        iterations = Iterations(program)
        seen = set()
        for activation in list(program.engine.activations.values()):
            if activation.module != ROOT:
                continue
            for loop in loops_of(activation):
                if not _is_of_epochs(loop.head) or evaluation.is_named(activation.body.name):
                    continue
                for path, loader, effect in _repeated(program, loop, _turn(program, loop, iterations)):
                    place = program.place(*path[0])
                    if place not in seen:
                        seen.add(place)
                        yield self._finding(program, loop, path, loader, effect)

    def _finding(self, program: Program, loop: Loop, path: Path, loader: Loader, effect: SeedEffect) -> Finding:
        place = program.place(*path[0])
        seeding = program.place(*path[-1])
        seeded = Draw(seeding.path, seeding.span.line, seeding.span.column, seeding.function)
        text = f"`{judge.call_text(*path[0])}`"
        if len(path) > 1:
            text += f" (`{judge.call_text(*path[-1])}` {judge.told_line(place, seeded)})"
        what = "torch's state" if _TORCH in effect.states else "the loader's generator"
        draws = [program.place(*draw) for draw in seeded_draws(program, loader.worker)]
        repeated = " and ".join(["the order"] * shuffles(loader) + ["the numbers that workers draw"] * bool(draws))
        return Finding(
            path=place.path,
            span=place.span,
            code=self.code,
            name=self.name,
            message=f"{text} sets {what} to the same seed in each turn of `{loop.head}`: every epoch repeats "
            f"{repeated} on every torch",
            state=_TORCH if _TORCH in effect.states else _GENERATOR,
            torch=self.torch,
            draws=tuple(dict.fromkeys(Draw(d.path, d.span.line, d.span.column, d.function) for d in draws)),
            loader=judge.loader_place(loader),
        )


def _is_of_epochs(head: str) -> bool:
    keyword, _, rest = head.partition(" ")
    if keyword == "while":
        return _EPOCH.search(rest) is not None
    target, _, iterated = rest.partition(" in ")
    if _EPOCH.search(target):
        return not _NUMBER_OF_EPOCHS.search(target)
    return _EPOCHS.search(iterated) is not None


def _turn(program: Program, loop: Loop, iterations: Iterations) -> _Turn:
    turn: list[tuple[Path, SeedEffect]] = []
    gone: list[tuple[Path, Loader]] = []
    restores = False
    effects: dict[Activation, dict[Register, list[SeedEffect]]] = {}
    for path, activation, register in runs(program, loop):
        if activation not in effects:
            mine = effects[activation] = {}
            for effect in program.reach.effects(activation):
                if isinstance(effect, SeedEffect):
                    mine.setdefault(effect.register, []).append(effect)
        turn.extend((path, effect) for effect in effects[activation].get(register, ()))
        gone.extend((path, loader) for loader in iterations.loaders(program, activation, register))
        instruction = activation.body.instructions[register]
        if isinstance(instruction, Call):
            paths = [canonical(each) for each in callee_paths(program.engine, activation, instruction)]
            restores |= any(each in _RESTORERS or each.endswith(_SCOPES) for each in paths)
    return _Turn(turn, gone, restores)


def _repeated(program: Program, loop: Loop, turn: _Turn) -> Iterator[tuple[Path, Loader, SeedEffect]]:
    iterations = [each for each in turn.iterations if _is_training(each[0])]
    if turn.restores or not iterations:
        return
    torch = [(path, effect) for path, effect in turn.seedings if effect.states & {_TORCH, "*"}]
    if torch and all(_is_alike(program, loop, path, effect) for path, effect in torch):
        for path, effect in torch:
            for gone, loader in iterations:
                by_torch = has_no_generator(loader) and _shows(program, loop, loader)
                if by_torch and _is_each_turn(program, loop, path) and comes_before(path, gone):
                    yield path, loader, effect
                    return
    generators = [each for each in turn.seedings if _GENERATOR in each[1].states and isinstance(each[1].row, Seeder)]
    for path, effect in generators:
        made = _origins(program, *path[-1])
        alike = [each for each in generators if _origins(program, *each[0][-1]) & made]
        if not all(_is_alike(program, loop, *each) and _is_each_turn(program, loop, each[0]) for each in alike):
            continue
        for gone, loader in iterations:
            register = loader.argument_register("generator")
            given = set() if register is None else _origins(program, loader.activation, register)
            if made and given == made and comes_before(path, gone) and _shows(program, loop, loader):
                yield path, loader, effect
                return


def _is_alike(program: Program, loop: Loop, path: Path, effect: SeedEffect) -> bool:
    activation = path[-1][0]
    if effect.row is None or effect.argument is None:
        return False
    return is_fixed(program, activation, effect.argument, loop.activation)


def _is_each_turn(program: Program, loop: Loop, path: Path) -> bool:
    # Whether every turn comes by: no condition on the way, or one that asks for the seed alone.
    for activation, register in path:
        for block in blocks_around(activation, register):
            if activation is loop.activation and block == loop.block:
                break
            entry = activation.body.block_table[block]
            if entry.certain:
                continue
            if entry.guard is None or not is_fixed_condition(program, activation, entry.guard, loop.activation):
                return False
    return True


def _is_training(path: Path) -> bool:
    # The heads of the loops around name what they go through: for batch in val_loader.
    return not any(
        evaluation.is_asked_for(activation, register)
        or evaluation.is_named(activation.body.name)
        or any(evaluation.is_named(activation.body.block_table[b].loop) for b in blocks_around(activation, register))
        for activation, register in path
    )


def _shows(program: Program, loop: Loop, loader: Loader) -> bool:
    # Whether something repeats: the order, or what workers draw that are started anew.
    if not loader.may_have_workers() or any(evaluation.is_named(name) for name in _dataset_names(loader)):
        return False
    if shuffles(loader):
        return True
    made_each_turn = loader.activation is loop.activation and is_inside(loop, loader.register)
    if may_persist(loader) and not made_each_turn:
        return False
    return any(True for _ in seeded_draws(program, loader.worker)) and adds_nothing(program, loader)


def _dataset_names(loader: Loader) -> Iterator[str]:
    for value in loader.argument("dataset") or ():
        cls = getattr(value, "cls", None)
        if cls is not None:
            yield cls.namespace.body.name


def _origins(program: Program, activation: Activation, register: Register) -> set[tuple[Activation, Register]]:
    """The calls of ``torch.Generator`` that the object at `register`, or that the call there seeds, comes from.

    Empty where one of its ways is not followed.
    """
    found: set[tuple[Activation, Register]] = set()
    seen: set[tuple[Activation, Register]] = set()
    stack = [(activation, register)]
    while stack:
        here = stack.pop()
        if here in seen:
            continue
        seen.add(here)
        act, at = here
        instruction = act.body.instructions[at]
        if isinstance(instruction, Phi):
            stack.extend((act, source) for source in instruction.sources)
            continue
        if isinstance(instruction, Call):
            paths = callee_paths(program.engine, act, instruction)
            if paths == [_GENERATOR]:
                found.add(here)
                continue
            callee = act.body.instructions[instruction.function]
            if paths and all(p.startswith(f"{_GENERATOR}()") for p in paths) and isinstance(callee, Attribute):
                stack.append((act, callee.value))
                continue
        return set()
    return found
