"""The command ``reseed witness``. The one face that runs the user's code, which is why it has to be asked for."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from reseed.cli import CLEAN, ERROR, FINDINGS, wants_color

_INSTALL = "pip install 'reseed[witness]'"


def witness(arguments: argparse.Namespace) -> int:
    """``reseed witness``: run a loader and show what its workers draw."""
    try:
        from reseed.witness import witness as run
        from reseed.witness.apart import RemoteError
        from reseed.witness.plot import NothingDrawn, check, plot
        from reseed.witness.target import TargetError, make
        from reseed.witness.text import describe

        if arguments.plot:
            check(arguments.plot)  # told now, not after the runs
        import numpy  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        return _failed(f"{error.name or error} is missing: {_INSTALL}")
    except ValueError as error:
        return _failed(f"{arguments.plot}: {error}")
    try:
        with _own_arguments(arguments.target):
            testimony = run(
                partial(make, arguments.target),
                epochs=arguments.epochs,
                samples=arguments.samples,
                num_workers=arguments.num_workers,
                start_method=arguments.start_method,
                persistent_workers=arguments.persistent_workers or None,
                before_1_9=arguments.before_1_9,
                values=arguments.values,
                seed=arguments.seed,
                timeout=arguments.timeout,
            )
    except TargetError as error:
        return _failed(str(error))
    except Exception as error:
        if error.__cause__ is not None:
            traceback.print_exception(None, error.__cause__, None)
        said = str(error) if isinstance(error, RemoteError) else f"{type(error).__name__}: {error}"
        return _failed(f"{arguments.target}: {said}")
    if arguments.output_format == "json":
        print(json.dumps(testimony.as_dict(), indent=2))
    else:
        for line in describe(testimony, wants_color(arguments.color)):
            print(line)
    if arguments.plot:
        try:
            plot(testimony, arguments.plot)
        except NothingDrawn as error:
            print(f"reseed: {arguments.plot}: {error}", file=sys.stderr)
        except (OSError, ValueError) as error:
            return _failed(f"{arguments.plot}: {error}")
    if not testimony.samples and not testimony.crash:
        return ERROR
    return CLEAN if testimony.independent else FINDINGS


@contextmanager
def _own_arguments(target: str) -> Iterator[None]:
    # A program that reads its arguments where it is imported finds none, not those of this command.
    argv, sys.argv = sys.argv, [target.rpartition(":")[0]]
    try:
        yield
    finally:
        sys.argv = argv


def _failed(message: str) -> int:
    sys.stdout.flush()
    print(f"reseed: error: {message}", file=sys.stderr)
    return ERROR
