"""Where what worker code does is told: in one file, at the place that a person would look at."""

from __future__ import annotations

from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.model import ROOT, DatasetEntry, Loader, Place, Program
from reseed.program.reach import Reached
from reseed.program.values import Class, Object
from reseed.program.workers import ENTRY_METHODS, is_dataset_class, may_be_dataset
from reseed.rules import judge


def standing(program: Program, source: Loader | DatasetEntry, reached: Reached) -> Place | None:
    """Where in the root an effect is told that the workers of `source` reach, None where another file tells it.

    That is the file of the dataset whose item is taken, or of the loader, whichever the path leaves last: the line of
    the effect if it stands there, else the call that leads out of the file.
    """
    homes = _homes(program, reached)
    if isinstance(source, Loader):
        homes.add(source.activation.module)
    hops = [*reached.path, (reached.activation, reached.effect.register)]
    last = next(((act, register) for act, register in reversed(hops) if act.module in homes), None)
    if last is not None and last[0].module == ROOT:
        return program.place(*last)
    if isinstance(source, Loader):
        return source.place if last is None and source.activation.module == ROOT else None
    # No loader is seen: the last place in the root, unless the draw is an imported dataset's own.
    place = next((program.place(*hop) for hop in reversed(hops) if hop[0].module == ROOT), None)
    if place is None:
        modules = {activation.module for activation, _ in hops}
        inherited = judge.entry_of(reached) if len(modules) == 1 else None
    else:
        inherited = reached.activation if reached.activation.body.name in ENTRY_METHODS else None
    if inherited is not None and _is_of_dataset(program, inherited):
        return None
    return place or program.place(source.cls.namespace)


def _homes(program: Program, reached: Reached) -> set[int]:
    # The modules of the classes of the innermost dataset on the path, as far as these are datasets themselves: others
    # are not told of in their own file.
    engine = program.engine
    for activation in reversed([*(activation for activation, _ in reached.path), reached.activation]):
        receiver = activation.context[0] if activation.context else None
        if activation.body.name in ENTRY_METHODS and isinstance(receiver, Object) and receiver.cls is not None:
            classes = [cls for cls in objects.mro(engine, receiver.cls) if isinstance(cls, Class)]
            datasets = [cls for cls in classes if is_dataset_class(engine, cls) or may_be_dataset(engine, cls)]
            if datasets:
                return {activation.module, *(cls.module for cls in datasets)}
    return set()


def _is_of_dataset(program: Program, activation: Activation) -> bool:
    # Whether it is a method of a class that is judged in its own file.
    namespace = activation.closure
    if namespace is None or namespace.body.kind != "class":
        return False
    owner = program.engine.values.make_class(namespace.module, namespace.index, namespace)
    return is_dataset_class(program.engine, owner)
