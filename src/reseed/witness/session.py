"""The runs that a testimony takes, each in a process of its own."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.utils.data

from reseed.witness.apart import Ended, apart, can_fork, forked
from reseed.witness.events import Crash, Run
from reseed.witness.lockstep import in_lockstep
from reseed.witness.rng_objects import find, module_rngs
from reseed.witness.run import Plan, observe
from reseed.witness.states import kept, seed_globals
from reseed.witness.verdict import Repeatable, Source, Testimony, draws, sources

_WORKERS = 4  # of a loader that is made here


@dataclass(frozen=True, slots=True)
class Session:
    """What is run: `target` with `arguments`, as `reseed.witness.witness` takes them, by `plan`."""

    target: Any
    arguments: dict[str, Any]
    plan: Plan
    values: str
    compare: bool
    seed: int

    def testify(self, timeout: float) -> Testimony:
        """Do what `reseed.witness.witness` says, within `timeout` seconds where the system can fork."""
        libraries = module_rngs()  # before a fork, so that it is done once
        if can_fork():
            return apart(self._testimony, timeout)
        with kept(list(find({"target": self.target}, libraries).values())):
            return self._testimony()

    def _testimony(self) -> Testimony:
        try:
            run = self._run(0, 0)
        except Ended as error:
            run = Run(crash=Crash(type(error).__name__, str(error)))
        found = sources(run, self.values == "all")
        if self.compare and not run.crash:
            found = self._compared(run, found)
        if self.values == "lockstep" and run.indexed and run.workers > 1 and not run.crash:
            found += in_lockstep(self._run(0, 0, replace(self.plan, epochs=1, twice=True)))
        made = {
            worker
            for epoch in run.epochs
            for worker, events in enumerate(epoch)
            if any(event.unit == "sample" for event in events)
        }
        return Testimony(
            torch=torch.__version__.partition("+")[0],
            numpy=np.__version__,
            before_1_9=self.plan.before_1_9,
            start_method=run.start_method,
            persistent_workers=run.persistent_workers,
            workers=run.workers,
            epochs=len(run.epochs),
            samples=sum(event.unit == "sample" for epoch in run.epochs for worker in epoch for event in worker),
            sources=tuple(found),
            crash=run.crash,
            sampling=len(made) if run.workers else 0,
        )

    def _compared(self, first: Run, found: list[Source]) -> list[Source]:
        # The seeds of NumPy and `random` in the parent must not matter, torch's must.
        # The first epoch tells: what follows it follows from it.
        short = replace(self.plan, epochs=1)
        same, other = self._run(0, 1, short), self._run(1, 1, short)
        again: Run | None = None
        compared = []
        for source in found:
            seen = draws(first, source)[:1]
            repeatable: Repeatable = "yes"
            if draws(same, source) != seen:
                again = again or self._run(0, 0, short)
                repeatable = "all-seeds" if draws(again, source) == seen else "no"
            ignores = draws(other, source) == seen
            compared.append(replace(source, repeatable=repeatable, ignores_seed=ignores))
        return compared

    def _run(self, torch_offset: int, other_offset: int, plan: Plan | None = None) -> Run:
        def run() -> Run:
            seed_globals(self.seed + torch_offset, self.seed + other_offset)
            try:
                with warnings.catch_warnings():
                    if plan is not None or torch_offset or other_offset:
                        warnings.simplefilter("ignore")  # the first run has given them
                    loader = self._loader()
                return observe(loader, plan or self.plan)
            except SystemExit as error:
                raise RuntimeError(f"the program called sys.exit({error.code!r})") from error

        # One run alone is apart already.
        several = self.compare or self.values == "lockstep"
        return forked(run) if several and can_fork() else run()

    def _loader(self) -> Any:
        data = torch.utils.data
        made = self.target
        if callable(made) and not isinstance(made, (data.Dataset, data.DataLoader)):
            made = made()
        if isinstance(made, data.DataLoader):
            if self.arguments:
                raise TypeError(f"{', '.join(self.arguments)}: arguments for a DataLoader, but one is given")
            return made
        if not hasattr(made, "__getitem__") and not hasattr(made, "__iter__"):
            raise TypeError(
                f"a DataLoader or a dataset is needed, not {type(made).__module__}.{type(made).__qualname__}"
            )
        return data.DataLoader(made, **{"num_workers": _WORKERS, **self.arguments})
