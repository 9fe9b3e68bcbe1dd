"""Worker code: which activations a loader's workers enter."""

from __future__ import annotations

from collections.abc import Iterable

from reseed.facts.model import Body, Import
from reseed.knowledge import datasets
from reseed.knowledge.hooks import hooks_of
from reseed.program import calls, objects
from reseed.program.activation import Activation
from reseed.program.arguments import ANYTHING, Arguments
from reseed.program.engine import Engine
from reseed.program.values import Bound, Class, External, Function, Object, Value
from reseed.source.position import Span

MAP_METHODS = ("__getitem__", "__getitems__")
ENTRY_METHODS = (*MAP_METHODS, "__iter__")
WORKER_ID = "torch.utils.data.get_worker_info().id"
"""The worker's number, which a ``worker_init_fn`` is called with, as an external path."""

_NOTHING = Body("worker", "<worker>", "<worker>", None, Span(1, 1, 1, 1), (), (), (), ())


def worker(engine: Engine, module: int) -> Activation:
    """A stand-in for a worker process: what it calls are the entry points of worker code."""
    engine.stand_ins += 1
    return Activation(module, -engine.stand_ins, _NOTHING, None, ())


def enter_dataset(engine: Engine, worker: Activation, dataset: Value) -> None:
    """Have `worker` take items from `dataset`."""
    if not isinstance(dataset, Object):
        return
    if dataset.kind == "external":
        for value in objects.held(engine, worker, dataset):
            if objects.is_lazy(dataset) or objects.is_instance(value):
                _enter_held(engine, worker, value)
    elif dataset.kind == "instance" and dataset.cls is not None:
        order = objects.mro(engine, dataset.cls, worker)
        inherited = True
        for name in _entry_methods(order):
            found, _ = objects.class_attribute(engine, order, name, worker)
            inherited &= not found
            for method in objects.bind(engine, found, dataset, dataset.cls):
                for result in calls.call(engine, worker, -1, method, ANYTHING):
                    if name == "__iter__" and isinstance(result, Object) and result.kind == "instance":
                        _enter_next(engine, worker, result)
        if inherited:
            _enter_inherited(engine, worker, dataset, order)


def _entry_methods(order: list[Class | External]) -> tuple[str, ...]:
    # A DataLoader iterates over an IterableDataset and takes the items of anything else
    # (torch 2.13, torch/utils/data/dataloader.py, `_DatasetKind`).
    bases = [cls.path for cls in order if isinstance(cls, External) and cls.path != "builtins.object"]
    kinds = {datasets.dataset_base(path) for path in bases}
    if "iterable" in kinds:
        return ("__iter__",)
    return MAP_METHODS if kinds <= {"map"} else ENTRY_METHODS


def _enter_next(engine: Engine, worker: Activation, iterator: Object) -> None:
    assert iterator.cls is not None
    found, _ = objects.class_attribute(engine, objects.mro(engine, iterator.cls, worker), "__next__", worker)
    for method in objects.bind(engine, found, iterator, iterator.cls):
        calls.call(engine, worker, -1, method, Arguments())


def _enter_inherited(engine: Engine, worker: Activation, dataset: Object, order: list[Class | External]) -> None:
    # The library's own __getitem__ runs the transforms it was given and the methods it leaves to subclasses.
    for value in objects.held(engine, worker, dataset):
        if value is not dataset:
            _enter_held(engine, worker, value)
    for cls in order:
        if isinstance(cls, External):
            for name in hooks_of(cls.path):
                found, _ = objects.class_attribute(engine, order, name, worker)
                for method in objects.bind(engine, found, dataset, dataset.cls):
                    calls.call(engine, worker, -1, method, ANYTHING)


def _enter_held(engine: Engine, worker: Activation, value: Value) -> None:
    if isinstance(value, Object) and value.kind == "instance" and is_dataset(engine, value):
        enter_dataset(engine, worker, value)
    else:
        calls.run_callback(engine, worker, -1, value)


def enter_collate(engine: Engine, worker: Activation, functions: Iterable[Value]) -> None:
    """Have `worker` call the loader's ``collate_fn``."""
    for function in functions:
        calls.call(engine, worker, -1, function, ANYTHING)


def enter_seeder(engine: Engine, worker: Activation, functions: Iterable[Value]) -> None:
    """Have `worker` call the loader's ``worker_init_fn`` with its worker id."""
    for function in functions:
        calls.call(engine, worker, -1, function, Arguments([{engine.values.external(WORKER_ID): None}]))


def is_dataset(engine: Engine, value: Object) -> bool:
    """Whether an instance has entry points of its own."""
    return value.cls is not None and has_entries(engine, value.cls)


def has_entries(engine: Engine, cls: Class) -> bool:
    """Whether `cls` or a base of it defines an entry point."""
    order = objects.mro(engine, cls)
    return any(objects.class_attribute(engine, order, name, None)[0] for name in ENTRY_METHODS)


def may_be_dataset(engine: Engine, cls: Class) -> bool:
    """Whether another file may give an instance of `cls` to a loader, though nothing here says that it is a dataset.

    It has items and a length then, as a loader asks for (torch 2.13.0, torch/utils/data/sampler.py), and is none of
    the classes that have both for other reasons. `reseed.source.lineage` asks the same of a file's words.
    """
    order = objects.mro(engine, cls)
    if any(isinstance(base, External) and base.path.rpartition(".")[2] in datasets.NEVER for base in order):
        return False
    return all(
        any(objects.class_attribute(engine, order, name, None)[0] for name in names)
        for names in (MAP_METHODS, ("__len__",))
    )


def is_dataset_class(engine: Engine, cls: Class) -> bool:
    """Whether `cls` is a PyTorch dataset by its bases.

    A base imported from a file that is not analysed counts where its name says "dataset" and the class itself has
    the two methods of a map-style dataset, unless the module imports another framework whose datasets look alike.
    """
    order = objects.mro(engine, cls)
    externals = [base.path for base in order if isinstance(base, External)]
    if any(datasets.is_lookalike(path) for path in externals):
        return False
    if any(datasets.dataset_base(path) is not None for path in externals):
        return True
    own = {name for name in ("__getitem__", "__len__") if objects.class_attribute(engine, order, name, None)[0]}
    named = any("dataset" in path.rsplit(".", 1)[-1].lower() for path in externals if not path.endswith("()"))
    return named and len(own) == 2 and not _imports_lookalike(engine, cls.module)


def _imports_lookalike(engine: Engine, module: int) -> bool:
    return any(
        isinstance(instruction, Import)
        and instruction.level == 0
        and instruction.module.split(".")[0] in datasets.LOOKALIKE_ROOTS
        for body in engine.modules[module].bodies
        for instruction in body.instructions
    )


def is_callable(value: Value) -> bool:
    """Whether `value` is code of the program that can be called as it is."""
    return isinstance(value, (Function, Bound)) or (isinstance(value, Object) and value.kind in ("instance", "partial"))
