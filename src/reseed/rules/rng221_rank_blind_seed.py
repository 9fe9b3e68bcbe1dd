"""
## What it does

Finds a program that trains on several ranks (`init_process_group`, `DistributedSampler`, `DistributedDataParallel`,
`torch.multiprocessing.spawn`, accelerate, Lightning with several devices) and seeds torch alike in all of them, while
the workers of a loader draw random numbers. It is off by default: some programs need equal draws in all ranks, since
each loads the whole batch and takes its part of it, and that is not seen.

Claimed is just this: the n-th worker of every rank draws the same numbers as the n-th worker of every other. Which
samples they are used for is another matter: a `DistributedSampler` gives each rank samples of its own.

A seed counts as the same for all ranks where it is a constant, or a configuration's value named as a seed, that nothing
in the program changes. The rule is silent where any seeding of torch, the loader's `worker_init_fn` or its worker code
has to do with the rank, or is not understood, and where ranks share a model (tensor or pipeline parallelism): these
have to draw alike.

## Why is this bad

Workers get their seeds from torch's state in their main process. With the same seed in each rank, the augmentation of
a batch is the same in all ranks: eight ranks of eight samples use eight draws, not sixty-four. Training works, with
less variety than it seems to have.

That all ranks begin with the same weights is no reason for it: `DistributedDataParallel` sends those of rank 0 to all.

## Example

```python
class Noise(Dataset):
    def __getitem__(self, index):
        return torch.rand(3)


def main(rank):
    torch.distributed.init_process_group("nccl", rank=rank)
    torch.manual_seed(0)  # RNG221
    sampler = torch.utils.data.DistributedSampler(Noise())
    for batch in DataLoader(Noise(), sampler=sampler, num_workers=4):
        print(batch)
```

## Use instead

```python
class Noise(Dataset):
    def __getitem__(self, index):
        return torch.rand(3)


def main(rank):
    torch.distributed.init_process_group("nccl", rank=rank)
    torch.manual_seed(1000 + rank)
    sampler = torch.utils.data.DistributedSampler(Noise())
    for batch in DataLoader(Noise(), sampler=sampler, num_workers=4):
        print(batch)
```

The sampler needs the same seed in all ranks, and has one of its own: it does not ask torch's state.

## Fix safety

There is no automatic repair: what else relies on equal seeds, such as a random split of the data, cannot be seen from
the code.

## References

- [PyTorch: randomness in multi-process data loading](https://pytorch.org/docs/stable/notes/randomness.html#dataloader)
- [DETR: why the rank is added to the seed](https://github.com/facebookresearch/detr/issues/297)
- [transformers: workers of different ranks share a seed](https://github.com/huggingface/transformers/issues/37932)
- [timm: why ranks have seeds of their own](https://github.com/huggingface/pytorch-image-models/issues/1519)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reseed.facts.model import Attribute, Call, Global, Parameter, Register
from reseed.knowledge.ranks import is_several, rank_sign_of
from reseed.program.activation import Activation
from reseed.program.draws import has_no_generator, seeded_draws
from reseed.program.effects import SeedEffect, callee_paths
from reseed.program.loops import blocks_around
from reseed.program.model import ROOT, Loader, Program
from reseed.program.order import names_in
from reseed.program.values import Class, Constant, Object
from reseed.rules import evaluation, judge
from reseed.rules.base import Rule
from reseed.rules.finding import Draw, Finding
from reseed.seeds.fixed import is_fixed, is_fixed_condition
from reseed.seeds.parent import adds_nothing, chosen_at, parent_seedings

_TORCH = "torch-global"
_SPAWN = "torch.multiprocessing.spawn"
_RANK = re.compile(r"rank|process_index|world_size", re.IGNORECASE)
_MODEL_PARALLEL = re.compile(r"(model|tensor|pipeline|sequence)_?parallel", re.IGNORECASE)
# What a seeding call may be given beside the seed without mixing in the rank.
_HARMLESS = frozenset({"deterministic", "verbose", "warn_only"})


class RankBlindSeed(Rule):
    """All ranks seed torch alike, and their workers draw."""

    code = "RNG221"
    name = "rank-blind-seed"
    default = False
    summary = "a program that trains on several ranks seeds torch alike in all of them: their workers draw the same"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a program, at the first call where such a seed is chosen."""
        loader = next((each for each in program.loaders if _draws_by_parent(program, each)), None)
        if loader is None:
            return
        torch = [(act, effect) for act, effect in parent_seedings(program) if effect.states & {_TORCH, "*"}]
        if not all(_is_alike(program, *each) for each in torch):
            return
        spawned = _spawned(program)
        if spawned is not None:
            torch = [(act, effect) for act, effect in torch if act in spawned]
        place = next(
            (
                program.place(*at)
                for each in torch
                if (at := chosen_at(*each))[0].module == ROOT and _is_run(program, at)
            ),
            None,
        )
        sign = None if place is None else _sign_of_ranks(program)
        if place is None or sign is None:
            return
        drawn = list(seeded_draws(program, loader.worker))
        places = [program.place(*draw) for draw in drawn]
        draws = tuple(dict.fromkeys(Draw(p.path, p.span.line, p.span.column, p.function) for p in places))
        yield Finding(
            path=place.path,
            span=place.span,
            code=self.code,
            name=self.name,
            message=f"torch is seeded alike in all ranks (`{sign}`): the workers of each draw the same numbers, as in "
            f"`{judge.call_text(*drawn[0])}` {judge.told_line(place, draws[0])} ({draws[0].function}), on every torch",
            state=_TORCH,
            torch=self.torch,
            draws=draws,
            loader=judge.loader_place(loader),
        )


def _draws_by_parent(program: Program, loader: Loader) -> bool:
    if not loader.may_have_workers() or not has_no_generator(loader) or not adds_nothing(program, loader):
        return False
    if any(evaluation.is_named(name) for name in _dataset_names(loader)):
        return False
    around = program.reach.activations(loader.worker) + program.reach.activations(loader.seeder)
    if any(_RANK.search(name) for activation in around for name in _names(activation)):
        return False
    return any(True for _ in seeded_draws(program, loader.worker))


def _dataset_names(loader: Loader) -> Iterator[str]:
    for value in loader.argument("dataset") or ():
        if isinstance(value, Object) and isinstance(value.cls, Class):
            yield value.cls.namespace.body.name


def _names(activation: Activation) -> Iterator[str]:
    for instruction in activation.body.instructions:
        if isinstance(instruction, Attribute | Global | Parameter):
            yield instruction.name


def _is_alike(program: Program, activation: Activation, effect: SeedEffect) -> bool:
    # Whether every rank that comes by sets the same seed.
    call = activation.body.instructions[effect.register]
    if effect.row is None or effect.argument is None or not isinstance(call, Call):
        return False
    others = [argument.keyword for argument in call.arguments if argument.value != effect.argument]
    return set(others) <= _HARMLESS and is_fixed(program, activation, effect.argument)


def _is_run(program: Program, at: tuple[Activation, Register]) -> bool:
    activation, register = at
    return all(
        (entry := activation.body.block_table[block]).certain
        or (entry.guard is not None and is_fixed_condition(program, activation, entry.guard))
        or _is_main(activation, entry.guard)
        for block in blocks_around(activation, register)
    )


def _is_main(activation: Activation, guard: Register | None) -> bool:
    return guard is not None and "__name__" in names_in(activation, guard)


def _spawned(program: Program) -> set[Activation] | None:
    # What runs in processes that the program spawns itself, None where it spawns none: these begin without the state
    # of the main process.
    starts = [
        (activation, register)
        for activation in program.engine.activations.values()
        for register, instruction in enumerate(activation.body.instructions)
        if isinstance(instruction, Call) and _SPAWN in callee_paths(program.engine, activation, instruction)
    ]
    if not starts:
        return None
    stack = [callee for activation, register in starts for at, callee in activation.calls if at == register]
    found: set[Activation] = set()
    while stack:
        activation = stack.pop()
        if activation not in found:
            found.add(activation)
            stack.extend(callee for _, callee in activation.calls)
    return found


def _sign_of_ranks(program: Program) -> str | None:
    sign = None
    for activation in program.engine.activations.values():
        for register, instruction in enumerate(activation.body.instructions):
            if not isinstance(instruction, Call) or not program.engine.is_live(activation, register):
                continue
            if _MODEL_PARALLEL.search(instruction.text):
                return None  # ranks that share a model have to draw alike
            for path in callee_paths(program.engine, activation, instruction):
                row = rank_sign_of(path)
                if row is not None and (not row.keywords or _names_several(activation, instruction, row.keywords)):
                    sign = sign or instruction.text
    return sign


def _names_several(activation: Activation, call: Call, keywords: tuple[str, ...]) -> bool:
    return any(
        isinstance(value, Constant) and is_several(value.value)
        for argument in call.arguments
        if argument.keyword in keywords
        for value in activation.registers[argument.value]
    )
