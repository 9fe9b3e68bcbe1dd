"""
## What it does

Finds `worker_init_fn=f(x)` where `f` returns nothing that can be called: the function is called when the loader is
made, in the parent, and its result is passed as the seeder.

## Why is this bad

Where the result is `None`, the loader has no seeder at all; where it is a number or a `torch.Generator`, every worker
dies with `TypeError: 'int' object is not callable`. The numbers that the call was meant to make different stay the
same in every worker (torch < 1.9), and what the call seeds in the parent is fixed instead.

## Example

```python
loader = DataLoader(dataset, num_workers=4, worker_init_fn=set_seed(42))  # RNG211
```

## Use instead

```python
set_seed(42)
loader = DataLoader(dataset, num_workers=4, worker_init_fn=seed_worker)
```

## Fix safety

Safe: the call is moved to a statement of its own in front, so that what it does to the parent is kept, and
`seed_worker` (see RNG201) is passed in its place. A seeder that is right but was called by mistake is passed as it is.

## References

- [PyTorch: DataLoader](https://pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader)
"""

from __future__ import annotations

from collections.abc import Iterator

from reseed.facts.model import Call, Const, Return
from reseed.program.effects import NUMPY_GLOBAL
from reseed.program.model import Loader, Place, Program
from reseed.program.values import NoResult
from reseed.rules import judge
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.seeds.seeder import Verdict, verdict


class WorkerInitCalled(Rule):
    """The result of a call is passed as the seeder."""

    code = "RNG211"
    name = "worker-init-called"
    summary = "worker_init_fn=f(x) where f returns nothing: the result of a call is passed, not a function"
    fixable = "yes"

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding a loader, on the call that was passed."""
        seen = set()
        for loader in program.loaders:
            if loader.place in seen or verdict(program, loader, NUMPY_GLOBAL) is not Verdict.RESULT:
                continue
            if _gives_functions(program, loader):
                continue
            seen.add(loader.place)
            place, text = _passed_call(program, loader)
            yield Finding(
                path=place.path,
                span=place.span,
                code=self.code,
                name=self.name,
                message=f"`worker_init_fn` gets the result of `{text}`, which is no function: it runs once, in the "
                "parent, and the workers are left without a seeder on every torch",
                state="",
                torch=self.torch,
                loader=judge.loader_place(loader),
                fixable=True,
            )


def _gives_functions(program: Program, loader: Loader) -> bool:
    # Whether None came from a function that returns something else in another case: no seeder was asked for.
    sites = [value.site for value in loader.argument("worker_init_fn") or () if isinstance(value, NoResult)]
    return any(
        isinstance(instruction, Return) and not isinstance(callee.body.instructions[instruction.value], Const)
        for module, index, at in sites
        for activation in program.engine.activations_of.get((module, index), ())
        for register, callee in activation.calls
        if register == at
        for instruction in callee.body.instructions
    )


def _passed_call(program: Program, loader: Loader) -> tuple[Place, str]:
    register = loader.argument_register("worker_init_fn")
    if register is not None and isinstance(loader.activation.body.instructions[register], Call):
        return program.place(loader.activation, register), judge.call_text(loader.activation, register)
    for value in loader.argument("worker_init_fn") or ():
        if isinstance(value, NoResult):
            module, index, at = value.site
            for activation in program.engine.activations_of.get((module, index), ()):
                return program.place(activation, at), judge.call_text(activation, at)
    return loader.place, "a call"
