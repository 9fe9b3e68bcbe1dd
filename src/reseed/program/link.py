"""`ModuleFacts` to a `Program`: run it with what it imports, find its loaders, enter its workers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from reseed.facts.model import Attribute, Global, Import, ModuleFacts
from reseed.knowledge.loaders import loader_of
from reseed.knowledge.ranks import RANK_NAMES
from reseed.program import calls, objects, workers
from reseed.program.activation import Activation
from reseed.program.arguments import ANYTHING, Arguments
from reseed.program.engine import Engine
from reseed.program.externals import call_external
from reseed.program.linking import Linker, Project
from reseed.program.model import ROOT, DatasetEntry, Loader, Place, Program
from reseed.program.order import names_in
from reseed.program.reach import Reach
from reseed.program.transfer import STEPS
from reseed.program.values import UNKNOWN, Class, Function, Object
from reseed.source.loading import LOADER_NAME

_RECEIVERS = 8
_LOADING = re.compile("[Ll]oader|[Dd]ata[Ss]et|seed_everything")
# A main program that seeds in its loop over epochs, or on each of its ranks, may have its loaders made elsewhere.
_SEEDING = re.compile("[Ss]eed|[Rr]and|[Dd]etermin|[Rr]eproduc|^fix")
_EPOCH = re.compile(r"epoch|\bep\b", re.IGNORECASE)


def analyse(root: ModuleFacts, project: Project | None = None, importers: bool = False) -> Program:
    """Link and solve the module `root` and those of `project` that it imports.

    With `importers`, modules that import the root are looked at as well, for the loaders they give its datasets to.
    An import that nothing answers stays external.
    """
    engine = Engine((root,), STEPS, call_external, Linker(project, root.path))
    begins = _names_beginning(root)
    if begins or any(body.kind == "class" for body in root.bodies):
        engine.linker.start()
        _solve(engine)
        engine.linker.started()
    if not (begins or _defines_dataset(engine)):
        return Program(engine, [], [], Reach(engine))
    if importers:
        engine.linker.join_importers()
        _solve(engine)
    instances = _Instances(engine)
    entered: dict[tuple[Activation, int], Loader] = {}
    _run_uncalled(engine, instances, entered)
    loaders = list(entered.values())
    datasets = _enter_datasets(engine, instances, loaders)
    candidates = [] if importers else _enter_candidates(engine, instances, loaders, datasets)
    return Program(engine, loaders, datasets, Reach(engine), candidates)


# Findings stand where a loader is made or a main program seeds, as names show, and where a class may be a dataset.
def _names_beginning(facts: ModuleFacts) -> bool:
    names = {
        ins.name
        for body in facts.bodies
        for ins in body.instructions
        if isinstance(ins, (Attribute, Global, Import)) and ins.name is not None
    }
    return any(LOADER_NAME.search(name) for name in names) or (
        any(_SEEDING.search(name) for name in names) and (not names.isdisjoint(RANK_NAMES) or _has_epochs(facts))
    )


def _defines_dataset(engine: Engine) -> bool:
    return any(
        workers.is_dataset_class(engine, cls) or workers.may_be_dataset(engine, cls)
        for cls in engine.classes
        if cls.module == ROOT
    )


def _has_epochs(facts: ModuleFacts) -> bool:
    return any(block.loop and _EPOCH.search(block.loop) for body in facts.bodies for block in body.block_table)


def _solve(engine: Engine) -> None:
    engine.solve()
    while engine.thaw():
        engine.solve()


class _Instances:
    """For each class one instance that stands for those made outside the program."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._made: dict[Class, Object] = {}

    def receivers(self, cls: Class) -> list[Object]:
        """The visible instances of `cls` and its subclasses, or the one that is not seen."""
        visible = [
            instance
            for kind, instances in self.engine.instances.items()
            for instance in instances
            if kind is cls or cls in objects.mro(self.engine, kind)
        ]
        return visible[:_RECEIVERS] or [self.of(cls)]

    def of(self, cls: Class) -> Object:
        """The instance, ``__init__`` run with arguments that are not seen."""
        found = self._made.get(cls)
        if found is None:
            found = self._made[cls] = self.engine.values.object("instance", None, (), cls)
            creator = workers.worker(self.engine, cls.module)
            calls.initialise(self.engine, creator, -1, found, ANYTHING)
        return found


def _run_uncalled(engine: Engine, instances: _Instances, entered: dict[tuple[Activation, int], Loader]) -> None:
    # What nothing visible calls may be called from outside, with arguments that are not seen. Callers first: a
    # function that another uncalled one calls is better known from there.
    outside = workers.worker(engine, 0)
    while True:
        _enter_loaders(engine, entered)
        uncalled = [
            f for f in engine.functions if (f.module, f.body) not in engine.activations_of and _may_be_called(engine, f)
        ]
        if not uncalled or engine.exhausted:
            return
        named = _names_read(engine, uncalled)
        unnamed = [f for f in uncalled if _name(engine, f) not in named]
        # Functions before methods: they make the instances on which uncalled methods are tried.
        first = [f for f in unnamed if f.closure.body.kind != "class"] or unnamed or uncalled[: 1 + len(uncalled) // 10]
        for function in first:
            namespace = function.closure
            if namespace.body.kind == "class" and function.body != namespace.index:
                cls = engine.values.make_class(namespace.module, namespace.index, namespace)
                for instance in instances.receivers(cls):
                    _call_method(engine, outside, function, instance)
            else:
                calls.call(engine, outside, -1, function, ANYTHING)
        _solve(engine)


def _may_be_called(engine: Engine, function: Function) -> bool:
    # All of the root's functions may be called from outside. In a file that uses the root only loaders matter.
    if function.module not in engine.linker.mains:
        return False
    if function.module == ROOT:
        return True
    body = engine.modules[function.module].bodies[function.body]
    own = engine.linker.own_names(function.module)
    return _LOADING.search(body.name) is not None or any(
        isinstance(ins, (Attribute, Global)) and (ins.name in own or _LOADING.search(ins.name))
        for ins in body.instructions
    )


def _call_method(engine: Engine, outside: Activation, function: Function, instance: Object) -> None:
    name = _name(engine, function)
    found = list(objects.class_attribute(engine, [instance.cls] if instance.cls else [], name, None)[0])
    static = any(isinstance(v, Object) and v.kind in ("staticmethod", "classmethod") for v in found)
    if static:
        for value in objects.bind(engine, found, instance, instance.cls):
            calls.call(engine, outside, -1, value, ANYTHING)
    else:
        calls.call(engine, outside, -1, engine.values.bound(function, instance), ANYTHING)


def _name(engine: Engine, function: Function) -> str:
    return engine.modules[function.module].bodies[function.body].name


def _names_read(engine: Engine, functions: Iterable[Function]) -> set[str]:
    return {
        instruction.name
        for function in functions
        for instruction in engine.modules[function.module].bodies[function.body].instructions
        if isinstance(instruction, (Global, Attribute)) and instruction.name != _name(engine, function)
    }


def _enter_loaders(engine: Engine, entered: dict[tuple[Activation, int], Loader]) -> None:
    while True:
        known = len(engine.activations)
        for (activation, register), (path, arguments) in list(engine.loader_calls.items()):
            loader = entered.get((activation, register))
            row = loader_of(path)
            assert row is not None
            if loader is None:
                place = _place(engine, activation, register, arguments)
                worker = workers.worker(engine, activation.module)
                seeder = workers.worker(engine, activation.module)
                loader = Loader(activation, register, path, row, arguments, worker, seeder, place)
                entered[activation, register] = loader
            loader.arguments = _with_assigned(engine, loader, arguments)
            for dataset in list(loader.argument("dataset") or ()):
                workers.enter_dataset(engine, loader.worker, dataset)
            workers.enter_collate(engine, loader.worker, list(loader.argument("collate_fn") or ()))
            engine.write((loader.seeder.index, objects.SEEDED), loader.argument("dataset") or (UNKNOWN,))
            workers.enter_seeder(engine, loader.seeder, list(loader.argument("worker_init_fn") or ()))
        _solve(engine)
        if len(engine.activations) == known or engine.exhausted:
            return


def _enter_datasets(engine: Engine, instances: _Instances, loaders: list[Loader]) -> list[DatasetEntry]:
    taken = _classes_taken(engine, loaders)
    entries = [
        DatasetEntry(cls, workers.worker(engine, cls.module))
        for cls in engine.classes
        if cls.module == ROOT
        and cls not in taken
        and workers.is_dataset_class(engine, cls)
        and not _stays_in_parent(engine, cls, loaders)
    ]
    _enter_all(engine, instances, entries)
    return entries


def _enter_candidates(
    engine: Engine, instances: _Instances, loaders: list[Loader], datasets: list[DatasetEntry]
) -> list[DatasetEntry]:
    # Classes that nothing here shows to be datasets, and that another file may give to a loader.
    entered = _classes_taken(engine, loaders) | {entry.cls for entry in datasets}
    entries = [
        DatasetEntry(cls, workers.worker(engine, cls.module))
        for cls in engine.classes
        if cls.module == ROOT and cls not in entered and workers.may_be_dataset(engine, cls)
    ]
    _enter_all(engine, instances, entries)
    return entries


def _enter_all(engine: Engine, instances: _Instances, entries: list[DatasetEntry]) -> None:
    known = -1
    while known != len(engine.activations) and not engine.exhausted:
        known = len(engine.activations)
        for entry in entries:
            workers.enter_dataset(engine, entry.worker, instances.of(entry.cls))
        _solve(engine)


def _stays_in_parent(engine: Engine, cls: Class, loaders: list[Loader]) -> bool:
    # A module that makes loaders, but takes the items of this dataset itself, shows what goes to workers.
    visible = [each for each in engine.instances.get(cls, {}) if not _is_demonstration(engine, each)]
    taken = {
        callee.context[0]
        for activation in engine.activations.values()
        for _, callee in activation.calls
        if callee.body.name in workers.ENTRY_METHODS and callee.context
    }
    return (
        bool(visible)
        and all(instance in taken for instance in visible)
        and any(loader.activation.module == cls.module for loader in loaders)
    )


def _is_demonstration(engine: Engine, instance: Object) -> bool:
    if instance.site is None:
        return True
    module, index, register = instance.site
    return any(_is_guarded(activation, register) for activation in engine.activations_of.get((module, index), ()))


def _is_guarded(activation: Activation, register: int) -> bool:
    # if __name__ == "__main__":
    if activation.body.kind != "module" or register < 0:
        return False
    block: int | None = activation.body.blocks[register]
    while block is not None:
        guard = activation.body.block_table[block].guard
        if guard is not None and "__name__" in names_in(activation, guard):
            return True
        block = activation.body.block_table[block].parent
    return False


def _classes_taken(engine: Engine, loaders: list[Loader]) -> set[Class]:
    # Every class of which a loader's workers take items, from the first dataset through its wrappers. A loader without
    # workers that a dataset's own file makes to try it out says nothing about those that train with it.
    loaders = [each for each in loaders if each.may_have_workers() or not _is_guarded(each.activation, each.register)]
    taken: set[Class] = set()
    seen: set[Activation] = set()
    stack = [callee for loader in loaders for _, callee in loader.worker.calls]
    for loader in loaders:
        for value in loader.argument("dataset") or ():
            if isinstance(value, Object) and value.cls is not None:
                taken.update(cls for cls in objects.mro(engine, value.cls) if isinstance(cls, Class))
    while stack:
        activation = stack.pop()
        if activation in seen:
            continue
        seen.add(activation)
        stack.extend(callee for _, callee in activation.calls)
        receiver = activation.context[0] if activation.context else None
        if activation.body.name in workers.ENTRY_METHODS and isinstance(receiver, Object) and receiver.cls is not None:
            taken.update(cls for cls in objects.mro(engine, receiver.cls) if isinstance(cls, Class))
    return taken


def _place(engine: Engine, activation: Activation, register: int, arguments: Arguments) -> Place:
    # A subclass whose __init__ only hands its arguments on: the loader is made where the subclass is called.
    receiver = activation.context[0] if activation.context else None
    passed_on = not any(isinstance(key, str) or key > 0 for key in arguments.registers)
    if activation.body.name == "__init__" and isinstance(receiver, Object) and receiver.site and passed_on:
        module, index, made_at = receiver.site
        if made_at >= 0:
            body = engine.modules[module].bodies[index]
            return Place(engine.linker.path_of(module), body.spans.get(made_at, body.span), body.qualname)
    body = activation.body
    return Place(engine.linker.path_of(activation.module), body.spans.get(register, body.span), body.qualname)


def _with_assigned(engine: Engine, loader: Loader, arguments: Arguments) -> Arguments:
    # loader.worker_init_fn = f, or loader.collate_fn = f, after the loader was made.
    made = engine.values.object(
        "external", loader.activation.site(loader.register), loader.activation.context, path=f"{loader.path}()"
    )
    receiver = loader.activation.context[0] if loader.activation.context else None
    keywords = dict(arguments.keywords)
    for target in (made, receiver):
        for name in ("worker_init_fn", "collate_fn"):
            assigned = engine.read((target, name))
            if assigned and isinstance(target, Object):
                keywords[name] = assigned
    return replace(arguments, keywords=keywords)
