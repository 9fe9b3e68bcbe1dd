"""Call a function in a process of its own, bounded in time, of which nothing is left behind."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar, cast

T = TypeVar("T")

_WATCH = 1.0  # seconds


class Ended(RuntimeError):
    """The process ended without a result, killed by a signal or by a call of ``os._exit``."""


class RemoteTraceback(Exception):
    """The traceback of an error in another process, as its text: the cause of the error that is raised in this one."""


def can_fork() -> bool:
    """Whether this system forks processes."""
    return "fork" in multiprocessing.get_all_start_methods()


def apart(function: Callable[[], T], seconds: float) -> T:
    """Call `function` in a fork of this process and return what it does, or raise what it raises.

    Neither its memory nor its RNG states come back, and the whole group of processes that it starts is killed, also
    when this process is interrupted. Raises TimeoutError and Ended.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.flush()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_child, args=(function, sender, os.getpid()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, which any DataLoader does
        process.start()
    sender.close()
    assert process.pid is not None
    with suppress(OSError):
        os.setpgid(process.pid, process.pid)  # whichever of the two is first
    try:
        return cast(T, _result(process, receiver, seconds))
    finally:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
        receiver.close()


def forked(function: Callable[[], T]) -> T:
    """Call `function` in a fork that belongs to the group of this process, which someone else bounds in time."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_call, args=(function, sender))
    process.start()
    sender.close()
    try:
        return cast(T, _result(process, receiver, None))
    finally:
        process.kill()
        process.join()
        receiver.close()


def _result(process: Any, receiver: Connection, seconds: float | None) -> Any:
    end = None if seconds is None else time.monotonic() + seconds
    # The pipe may stay open in processes that the process started, so its end says nothing.
    left = None if end is None else max(end - time.monotonic(), 0)
    if not wait([receiver, process.sentinel], left):
        raise TimeoutError(f"not done after {seconds:g} seconds")
    try:
        if not receiver.poll(0):
            raise EOFError
        succeeded, value = pickle.loads(receiver.recv_bytes())
    except EOFError:
        process.join()
        raise Ended(_how(process.exitcode)) from None
    if succeeded:
        return value
    error, text = value
    raise error from RemoteTraceback(text)


def _how(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"the process was killed by {signal.Signals(-code).name}"
    return f"the process ended with exit code {code}"


def _child(function: Callable[[], Any], sender: Connection, parent: int) -> None:
    with suppress(OSError):
        os.setpgid(0, 0)
    # What the user's code prints must not mix with a report on stdout.
    os.dup2(2, 1)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _call(function, sender)


def _end_with(parent: int) -> None:
    # A parent that is killed cannot kill its children.
    while os.getppid() == parent:
        time.sleep(_WATCH)
    os.killpg(0, signal.SIGKILL)


def _call(function: Callable[[], Any], sender: Connection) -> None:
    try:
        outcome = (True, function())
        pickled = pickle.dumps(outcome)
    except BaseException as error:
        pickled = _pickled(error)
    sender.send_bytes(pickled)


def _pickled(error: BaseException) -> bytes:
    text = str(error.__cause__) if isinstance(error.__cause__, RemoteTraceback) else traceback.format_exc()
    with suppress(Exception):
        pickled = pickle.dumps((False, (error, text)))
        pickle.loads(pickled)  # many exceptions can only be pickled
        return pickled
    return pickle.dumps((False, (RuntimeError(f"{type(error).__name__}: {error}"), text)))
