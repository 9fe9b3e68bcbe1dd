"""What the tests of the knowledge tables share."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def evaluate(expression: str, **names: Any) -> Any:
    """Evaluate a dotted expression; its modules are imported."""
    parts = expression.split("(")[0].split(".")
    root = importlib.import_module(parts[0])
    for end in range(2, len(parts) + 1):
        try:
            importlib.import_module(".".join(parts[:end]))
        except ImportError:
            break
    return eval(expression, {parts[0]: root, **names})


def numpy_state() -> str:
    import numpy

    with numpy.printoptions(threshold=sys.maxsize):
        return repr(numpy.random.get_state())


def moves_numpy(call: Any, *args: Any, **kwargs: Any) -> bool:
    before = numpy_state()
    call(*args, **kwargs)
    return numpy_state() != before
