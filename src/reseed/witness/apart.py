"""Call a function in a process of its own, bounded in time, of which nothing is left behind."""

from __future__ import annotations

import io
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
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar, cast

T = TypeVar("T")

_WATCH = 1.0  # seconds
_GRACE = 1.0  # seconds for a process to end by itself, and to remove the files that it has made


class Ended(RuntimeError):
    """The process ended without a result, killed by a signal or by a call of ``os._exit``."""


class RemoteError(RuntimeError):
    """An error of another process whose class this one does not have, as its kind and message."""


class RemoteTraceback(Exception):
    """The traceback of an error in another process, as its text: the cause of the error that is raised in this one."""


def can_fork() -> bool:
    """Whether this system forks processes."""
    return "fork" in multiprocessing.get_all_start_methods()


def apart(function: Callable[[], T], seconds: float) -> T:
    """Call `function` in a fork of this process and return what it does, or raise what it raises.

    Neither its memory nor its RNG states come back, and the whole group of processes that it starts is killed, also
    when this process is interrupted. Modules that it imports are not imported here: what it raises is a RemoteError if
    its class is in one of them. Raises TimeoutError and Ended.
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
    # The pipe may stay open in processes that the process started, so its end says nothing.
    if not wait([receiver, process.sentinel], seconds):
        raise TimeoutError(f"not done after {seconds:g} seconds")
    try:
        if not receiver.poll(0):
            raise EOFError
        pickled = receiver.recv_bytes()
    except EOFError:
        process.join()
        raise Ended(_how(process.exitcode)) from None
    process.join(_GRACE)
    outcome = _Unpickler(io.BytesIO(pickled)).load()
    if isinstance(outcome, _Raised):
        raise outcome.error() from RemoteTraceback(outcome.traceback)
    return outcome


class _Unpickler(pickle.Unpickler):
    """One that imports nothing, for that would run the user's code in this process."""

    def find_class(self, module: str, name: str) -> Any:
        if module not in sys.modules:
            raise pickle.UnpicklingError(f"{module} is not loaded")
        return super().find_class(module, name)


@dataclass(frozen=True, slots=True)
class _Raised:
    """An error on its way to another process. `pickled` is the error itself, or empty."""

    said: str
    traceback: str
    pickled: bytes

    def error(self) -> BaseException:
        with suppress(Exception):  # many exceptions can be pickled, but not unpickled
            error = _Unpickler(io.BytesIO(self.pickled)).load()
            if isinstance(error, BaseException):
                return error
        return RemoteError(self.said)


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
    if "torch" in sys.modules:
        # As PyTorch's workers do: what a fork has of OpenMP's threads is that they exist, and it waits for them.
        sys.modules["torch"].set_num_threads(1)
    try:
        pickled = pickle.dumps(function())
    except BaseException as error:
        pickled = pickle.dumps(_raised(error))
    sender.send_bytes(pickled)


def _raised(error: BaseException) -> _Raised:
    remote = isinstance(error.__cause__, RemoteTraceback)
    text = str(error.__cause__) if remote else "".join(traceback.format_exception(error))
    said, pickled = type(error).__name__, b""
    with suppress(Exception):
        said = str(error) if isinstance(error, RemoteError) else f"{said}: {error}"
    with suppress(Exception):
        pickled = pickle.dumps(error)
    return _Raised(said, text, pickled)
