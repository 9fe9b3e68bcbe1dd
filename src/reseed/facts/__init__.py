"""One module's text to `ModuleFacts`. Knows no other module."""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from reseed.source import SourceError
from reseed.source.syntax import parse

if TYPE_CHECKING:
    from reseed.facts.model import ModuleFacts

__all__ = ["module_facts"]

_DEEP_STACK = 512 * 1024 * 1024
_DEEP_RECURSION = 200_000

T = TypeVar("T")


def module_facts(path: str, text: str, name: str = "__main__", tree: ast.Module | None = None) -> ModuleFacts:
    """The facts of the module `text`, which stands at `path` and is imported as `name`.

    `tree` is the text parsed by `ast`, if the caller has it. Raises `reseed.source.SourceError` where the text does not
    parse.
    """
    from reseed.facts.lower import lower_module

    text = text.removeprefix("\ufeff")  # counts as no column
    parsed = parse(path, text) if tree is None else tree
    try:
        return lower_module(path, name, parsed, text)
    except RecursionError:
        # A chain of a thousand `elif`s or operators: rare enough to pay for a thread only when it is met.
        pass
    try:
        return _with_deep_stack(lambda: lower_module(path, name, parsed, text))
    except RecursionError as error:
        # Python 3.12 has a limit of its own for calls through C, which no setting moves.
        raise SourceError(path, "nested too deeply to be analysed: exclude it") from error


def _with_deep_stack(work: Callable[[], T]) -> T:
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # handed on to the thread that waits
            errors.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size(_DEEP_STACK)
    sys.setrecursionlimit(_DEEP_RECURSION)
    try:
        thread = threading.Thread(target=run, name="reseed-deep")
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    if errors:
        raise errors[0]
    return results[0]
