"""Files checked by several processes, in an order that does not depend on them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Begin = Callable[[], None]

FEW = 4
"""Fewer files than this are not worth a process."""
_CHUNKS = 6
# A fork has all that is imported and known already. Elsewhere processes begin from nothing.
_START_METHOD = "fork" if sys.platform == "linux" else None


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(
    work: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], jobs: int, begin: Begin
) -> Iterator[Result]:
    """Yield what `work` gives for each of `items`, in their order.

    With more than one of `jobs`, and items enough, `work` is called in so many processes, on neighbours together: these
    have most in common. Each process calls `begin` first. Where a process dies, the rest is done in this one.
    """
    jobs = min(jobs, len(items) // 2)
    if jobs < 2 or len(items) < FEW:
        begin()
        for item in items:
            yield from work([item])
        return
    # Imported late: where nothing is to be analysed, as in most runs, this would take as long as all the rest.
    import multiprocessing
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    size = max(1, len(items) // (jobs * _CHUNKS))
    chunks = [items[start : start + size] for start in range(0, len(items), size)]
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context(_START_METHOD), _begin, (begin,))
    done = 0
    try:
        with _uninterrupted():
            futures: list[Future[list[Result]]] = [pool.submit(work, chunk) for chunk in chunks]
        for future in futures:
            results = future.result()
            done += len(results)
            yield from results
    except BrokenProcessPool:
        pass
    finally:
        for process in list((pool._processes or {}).values()) if done < len(items) else ():
            process.terminate()
        pool.shutdown(cancel_futures=True)
    if done < len(items):
        begin()
        for item in items[done:]:
            yield from work([item])


@contextmanager
def _uninterrupted() -> Iterator[None]:
    # A process that has just been forked must not be told of an interrupt before it ignores it. This one is, later.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _begin(begin: Begin) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told as well, and ends its children
    begin()
