"""Whether it can be seen what a loader's dataset is."""

from __future__ import annotations

from reseed.knowledge import datasets
from reseed.program.model import Loader, Program
from reseed.program.objects import CONTAINERS, WRAPPED, elements, mro
from reseed.program.values import External, Object, Unknown, Value, Values
from reseed.program.workers import is_dataset


def is_unseen(program: Program, loader: Loader) -> bool:
    """Whether the loader's dataset comes in as an argument, or from a file that cannot be found."""
    values = loader.argument("dataset")
    if values is None:
        return loader.may_pass("dataset")
    return not values or any(_is_strange(program, value) for value in opened(program, values))


def is_hidden(program: Program, loader: Loader) -> bool:
    """Whether the loader's dataset is not seen, or seems to be what can be no dataset: a setting that is replaced."""
    values = loader.argument("dataset") or {}
    return is_unseen(program, loader) or any(
        isinstance(value, Object)
        and value.kind == "instance"
        and value.cls is not None
        and not is_dataset(program.engine, value)
        and not any(
            isinstance(cls, External) and cls.path != "builtins.object" for cls in mro(program.engine, value.cls)
        )
        for value in opened(program, values)
    )


def opened(program: Program, values: Values) -> list[Value]:
    """The datasets among `values`; what Subset, ConcatDataset and their kind wrap stands for them."""
    found: Values = {}
    stack = list(values)
    while stack:
        value = stack.pop()
        if value in found:
            continue
        found[value] = None
        if isinstance(value, Object) and datasets.is_wrapper(value.path):
            stack.extend(program.engine.read((value, WRAPPED)))
        elif isinstance(value, Object) and value.kind in CONTAINERS and len(found) > len(values):
            stack.extend(elements(program.engine, None, value))
    return list(found)


def _is_strange(program: Program, value: Value) -> bool:
    if isinstance(value, Unknown):
        return True
    if isinstance(value, External) or (isinstance(value, Object) and value.kind == "external"):
        return not datasets.is_quiet(value.path) and not datasets.is_wrapper(value.path) and not _is_data(value.path)
    return isinstance(value, Object) and value.kind == "instance" and _takes_items_elsewhere(program, value)


def _takes_items_elsewhere(program: Program, value: Object) -> bool:
    # A class whose items come from a base that is not seen: class Train(project.FolderDataset): pass
    if value.cls is None or is_dataset(program.engine, value):
        return False
    bases = [cls.path for cls in mro(program.engine, value.cls) if isinstance(cls, External)]
    return any(path != "builtins.object" and datasets.dataset_base(path) is None for path in bases)


def _is_data(path: str) -> bool:
    # Tensors, arrays and ranges given to a loader as they are.
    return path == "builtins.range()" or (
        path.startswith(("torch.", "numpy.")) and path.rsplit(".", 1)[-1] != "load()" and ".data." not in path
    )
