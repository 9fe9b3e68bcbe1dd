"""``path/to/module.py:make_loader`` or ``package.module:make_loader`` to what that names."""

from __future__ import annotations

import importlib
import sys
from functools import reduce
from pathlib import Path
from typing import Any


class TargetError(Exception):
    """What was named cannot be had."""


def make(target: str) -> Any:
    """Import a module and give what `target` names after the colon, or returns if it is called.

    A path is imported as Python would import it from a script beside it or, if it lies in a package, from beside the
    package; so `sys.path` gets that folder, and workers that are spawned find the module again. Raises TargetError, and
    what the module raises.
    """
    where, colon, attribute = target.rpartition(":")
    if not colon or not where or not attribute:
        raise TargetError(f"{target}: name a module and what to run in it, as in path/to/module.py:make_loader")
    name = _importable(Path(where)) if where.endswith(".py") else where
    if not where.endswith(".py"):
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise TargetError(f"{where}: there is no such module") from error
        raise
    try:
        found = reduce(getattr, attribute.split("."), module)
    except AttributeError as error:
        raise TargetError(f"{where} has no {attribute}") from error
    # A dataset may have a `__call__`, too. A function may be of any type, once decorated.
    dataset = not isinstance(found, type) and (hasattr(found, "__getitem__") or hasattr(found, "__iter__"))
    return found() if callable(found) and not dataset else found


def _importable(path: Path) -> str:
    path = path.resolve()
    if not path.is_file():
        raise TargetError(f"{path}: there is no such file")
    folder, parts = path.parent, [path.stem]
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    if not all(part.isidentifier() for part in parts):
        raise TargetError(f"{path}: this is no name that Python can import")
    sys.path.insert(0, str(folder))
    already = sys.modules.get(".".join(parts))
    if already is not None and Path(getattr(already, "__file__", None) or "").resolve() != path:
        raise TargetError(f"{path}: another module is named {'.'.join(parts)}, rename the file")
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)
