"""Whether workers share a library's RNG, and what draws that a library's dataset, or a loader, was handed to run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reseed.facts.model import Import, Register
from reseed.knowledge import datasets
from reseed.knowledge.library_rngs import LIBRARY_RNGS
from reseed.knowledge.random_class import CALL
from reseed.knowledge.random_objects import imports_other_versions
from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.effects import NUMPY_GLOBAL, DrawEffect
from reseed.program.model import DatasetEntry, Loader, Program
from reseed.program.reach import Reached
from reseed.program.rng_uses import RngUse, is_dataset, rng_uses, uses_of_object
from reseed.program.values import External, Object, Value
from reseed.program.workers import has_entries
from reseed.rules.unseen import opened
from reseed.seeds.seeder import Verdict, verdict


@dataclass(frozen=True, slots=True)
class LibraryDraw:
    """A draw from a library's RNG that workers of `source` make alike: the call at `register` of `activation`.

    `holders` are the objects that hold the RNG, if any is seen: what is called, or the dataset that transforms were
    handed to. `is_handed_over` says that the register is what makes a transform, for a library's dataset that runs it
    in its own code. There is no call in the program then to tell it at, and `reached` is the loader itself.
    """

    source: Loader | DatasetEntry
    reached: Reached
    state: str
    activation: Activation
    register: Register
    holders: tuple[Object, ...] = ()
    is_handed_over: bool = False


def shared_draws(program: Program) -> Iterator[LibraryDraw]:
    """The draws from libraries' RNGs in worker code that the workers make alike, from each loader and dataset.

    They do not where worker code makes the object that draws. MONAI's transforms are its own loader's to seed, so that
    they are judged only where the loader is seen. A program that imports what only other versions of albumentations
    have runs with none that has an RNG of its own.
    """
    never = {"albumentations"} if _needs_other_albumentations(program) else set()
    for loader in program.loaders:
        silent = never | {state for state in LIBRARY_RNGS if not _leaves_alone(program, loader, state)}
        yield from _in_worker_code(program, loader, silent)
        yield from _handed_over(program, loader, silent)
    for entry in program.datasets:
        yield from _in_worker_code(program, entry, never | {"monai"})


def _needs_other_albumentations(program: Program) -> bool:
    return any(
        isinstance(instruction, Import) and imports_other_versions(instruction.module, instruction.name)
        for module in program.engine.modules
        for body in module.bodies
        for instruction in body.instructions
    )


def _in_worker_code(program: Program, source: Loader | DatasetEntry, silent: set[str]) -> Iterator[LibraryDraw]:
    for reached in program.reached(source.worker):
        effect, activation = reached.effect, reached.activation
        if not isinstance(effect, DrawEffect) or reached.is_seeded:
            continue
        if effect.state not in LIBRARY_RNGS or effect.state in silent:
            continue
        uses = rng_uses(program.engine, activation, effect.register, activation.body.instructions[effect.register])
        shared = [use for use in uses if use.state == effect.state and not _is_made_by(program, source.worker, use)]
        if shared:
            holders = tuple(use.called for use in shared if use.called is not None)
            yield LibraryDraw(source, reached, effect.state, activation, effect.register, holders)


def _handed_over(program: Program, loader: Loader, silent: set[str]) -> Iterator[LibraryDraw]:
    for use, holder in _uses_handed_over(program, loader):
        site = use.made.site if use.made is not None else None
        if site is None or use.state not in LIBRARY_RNGS or use.state in silent:
            continue
        if not _is_made_by(program, loader.worker, use):
            effect = DrawEffect(loader.register, use.state, use.path)
            reached = Reached(loader.activation, effect, (), frozenset())
            maker = program.engine.activations_of[site[:2]][0]
            yield LibraryDraw(loader, reached, use.state, maker, site[2], (holder,), is_handed_over=True)


def handed_over_draws(program: Program, loader: Loader) -> Iterator[Reached]:
    """The draws from NumPy's global state by what a library's dataset, or the loader itself, was handed to run.

    No call of the program runs it: what stands for the draw is the call that makes it.
    """
    for use, _ in _uses_handed_over(program, loader):
        site = use.made.site if use.made is not None else None
        if site is not None and use.state == NUMPY_GLOBAL:
            maker = program.engine.activations_of[site[:2]][0]
            yield Reached(maker, DrawEffect(site[2], use.state, use.path), (), frozenset())


def _uses_handed_over(program: Program, loader: Loader) -> Iterator[tuple[RngUse, Object]]:
    runs = [value for value in opened(program, loader.argument("dataset") or {}) if _runs_what_it_holds(program, value)]
    for value in [*runs, *(loader.argument("collate_fn") or {})]:
        if isinstance(value, Object) and (value in runs or value.kind == "external"):
            for use in uses_of_object(program.engine, value, CALL):
                yield use, value


def _leaves_alone(program: Program, loader: Loader, state: str) -> bool:
    # Whether nobody seeds `state` in the loader's workers as they need it.
    if not loader.may_have_workers() or (loader.row.own_seeder and not loader.row.seeds):
        return False
    if loader.is_not_forked() and not LIBRARY_RNGS[state].spawned:
        return False
    if loader.has_one_worker() and loader.lives_on():
        return False
    if state in loader.row.seeds:
        return verdict(program, loader, state) is Verdict.USELESS  # a function that is given replaces the loader's own
    if loader.argument("worker_init_fn") is None and loader.may_pass("worker_init_fn"):
        return True  # nothing shows a seeder; that the loader has none is not claimed
    return verdict(program, loader, state) is not Verdict.HELPS


def _is_made_by(program: Program, worker: Activation, use: RngUse) -> bool:
    # A pipeline seeds what it holds when it is made, imgaug's does not.
    makers = (use.made,) if use.state == "imgaug" else (use.made, use.called)
    sites = {made.site[:2] for made in makers if made is not None and made.site is not None}
    return bool(sites) and any((each.module, each.index) in sites for each in program.reach.activations(worker))


def _runs_what_it_holds(program: Program, value: Value) -> bool:
    if not isinstance(value, Object):
        return False
    if value.kind == "external":
        return is_dataset(value) and not datasets.is_wrapper(value.path)
    if value.kind != "instance" or value.cls is None or has_entries(program.engine, value.cls):
        return False
    bases = [cls.path for cls in objects.mro(program.engine, value.cls) if isinstance(cls, External)]
    return any(datasets.dataset_base(path) is not None for path in bases)
