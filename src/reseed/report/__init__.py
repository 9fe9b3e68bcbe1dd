"""Reports: one module per format, found by its name. A new format is a new file here and nothing else.

A format's module has `render(report, style)`, which yields the lines for stdout without their newlines.
Modules whose name begins with an underscore are no formats. Nothing here imports the rules, and with them the analysis,
when a run starts: most runs find nothing.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import cast

from reseed.report._model import Report, Style

Renderer = Callable[[Report, Style], Iterator[str]]


def format_names() -> tuple[str, ...]:
    """Name the formats that there are, in alphabetical order, without importing them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def renderer(name: str) -> Renderer:
    """Give the `render` of a format. `name` is one of `format_names()`."""
    return cast(Renderer, importlib.import_module(f"{__name__}.{name}").render)


__all__ = ["Renderer", "Report", "Style", "format_names", "renderer"]
