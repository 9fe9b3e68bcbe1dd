"""One run: a loader's epochs, each as the events of its workers. It takes place in this very process."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.utils.data

from reseed.witness.events import Crash, Epoch, Event, Run
from reseed.witness.record import Recording, Records, numpy_unseeded, start

_ENOUGH = 2  # times as many samples as are wanted, if some worker makes none


@dataclass(frozen=True, slots=True)
class Plan:
    """How a loader is run.

    `samples` bounds what a worker makes in an epoch; the last batch is not cut. What is None is as the loader has it.
    `before_1_9` leaves out the seeding of NumPy's global state in workers, which PyTorch 1.9 added. `twice` gives every
    worker the same samples, each two times. `timeout` is that of a batch, unless the loader has a smaller one.
    """

    epochs: int = 2
    samples: int = 16
    workers: int | None = None
    start_method: str | None = None
    persistent_workers: bool | None = None
    before_1_9: bool = False
    values: bool = True
    twice: bool = False
    timeout: float = 60.0


class NotObservable(TypeError):
    """What was given is no DataLoader of torch, or one whose workers do not run torch's own code."""


def observe(loader: Any, plan: Plan) -> Run:
    """Run `loader`, or rather a copy, and tell what its workers did.

    Raises NotObservable. What goes wrong while the loader runs becomes the run's crash.
    """
    copied = _arranged(loader, plan)
    indexed = not isinstance(copied.dataset, torch.utils.data.IterableDataset)
    run = Run(_start_method(copied), copied.num_workers, copied.persistent_workers, indexed)
    iterator = None
    with (
        numpy_unseeded() if plan.before_1_9 else nullcontext(),
        _recorded_here(copied, plan),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            for _ in range(plan.epochs):
                # Not that of a subclass, which may work on the batches.
                iterator = torch.utils.data.DataLoader.__iter__(copied)
                run.epochs.append(_epoch(iterator, max(copied.num_workers, 1), plan))
        except NotObservable:
            raise
        except Exception as error:
            run.crash = _crash(error)
        finally:
            _shut_down(iterator)
    return run


def _arranged(loader: Any, plan: Plan) -> Any:
    if not isinstance(loader, torch.utils.data.DataLoader):
        raise NotObservable(f"a torch.utils.data.DataLoader is needed, not {_described(loader)}")
    copied = copy.copy(loader)
    workers = loader.num_workers if plan.workers is None else plan.workers
    persistent = loader.persistent_workers if plan.persistent_workers is None else plan.persistent_workers
    # Past DataLoader.__setattr__, which refuses some of these once a loader is made.
    state = vars(copied)
    state.update(num_workers=workers, persistent_workers=persistent and workers > 0, _iterator=None, pin_memory=False)
    timeout = min(loader.timeout or plan.timeout, plan.timeout)
    state.update(prefetch_factor=1 if workers else None, timeout=timeout if workers else 0)
    if plan.twice:
        state.update(_sampler_twice(copied, plan, workers))
    if plan.start_method:
        copied.multiprocessing_context = plan.start_method if workers else None
    copied.worker_init_fn = Recording(loader.worker_init_fn, plan.values, plan.before_1_9)
    return copied


def _start_method(loader: Any) -> str | None:
    if not loader.num_workers:
        return None
    context = loader.multiprocessing_context or torch.multiprocessing.get_context()
    return str(context.get_start_method())


def _crash(error: BaseException) -> Crash:
    message = str(error).strip()
    caught = re.match(r"Caught (\w+) in DataLoader worker process (\d+)\.", message)
    if caught:
        last = message.splitlines()[-1]
        text = message.partition("Original ")[2] or message
        return Crash(caught[1], last.removeprefix(f"{caught[1]}: ").strip(), int(caught[2]), text)
    return Crash(type(error).__name__, re.sub(r"\bpid(\(s\))? \d+(, \d+)*\b", "pid", message))


def _epoch(iterator: Any, workers: int, plan: Plan) -> Epoch:
    events: list[list[Event]] = [[] for _ in range(workers)]
    for records in iterator:
        if not isinstance(records, Records):
            raise NotObservable("the loader's workers do not run PyTorch's own fetchers, so they cannot be recorded")
        events[records.worker] += records.events
        made, wanted = [_samples(each) for each in events], plan.samples * (1 + plan.twice)
        if min(made) >= wanted or sum(made) >= _ENOUGH * wanted * workers:
            break
    return tuple(tuple(each) for each in events)


def _samples(events: list[Event]) -> int:
    return sum(each.unit == "sample" for each in events)


def _sampler_twice(loader: Any, plan: Plan, workers: int) -> dict[str, Any]:
    sampler = loader.batch_sampler if loader.batch_sampler is not None else loader.sampler
    chosen: list[Any] = []
    for indices in sampler:
        chosen += indices if loader.batch_sampler is not None else [indices]
        if len(chosen) >= plan.samples:
            break
    del chosen[plan.samples :]
    # PyTorch deals batches to the workers in turn.
    if loader.batch_sampler is not None:
        return {"batch_sampler": [[index, index] for index in chosen for _ in range(max(workers, 1))]}
    return {"sampler": [index for index in chosen for _ in range(2 * max(workers, 1))]}


@contextmanager
def _recorded_here(loader: Any, plan: Plan) -> Iterator[None]:
    if loader.num_workers:
        yield
        return
    stop = start(0, loader.dataset, plan.values)
    try:
        yield
    finally:
        stop()


def _shut_down(iterator: Any) -> None:
    shut_down = getattr(iterator, "_shutdown_workers", None)
    workers = list(getattr(iterator, "_workers", ()))
    if shut_down is not None:
        shut_down()
    for worker in workers:
        if worker.is_alive():
            worker.terminate()
        worker.join()


def _described(value: object) -> str:
    cls = type(value)
    return f"{cls.__module__}.{cls.__qualname__}"
