"""What a loader's ``worker_init_fn`` does for an RNG state: the one summary that all rules ask."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum

from reseed.facts.model import Call
from reseed.knowledge.numpy_global import canonical
from reseed.knowledge.seeding import Seeder, seeder_of
from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.calls import is_none
from reseed.program.effects import NUMPY_GLOBAL, SeedEffect, paths_of
from reseed.program.model import Loader, Program
from reseed.program.reach import Reached
from reseed.program.values import Bound, Class, Constant, External, Function, NoResult, Object, Value, Values
from reseed.seeds import parent
from reseed.seeds.dependence import seed_of
from reseed.seeds.seed import (
    ANY,
    CLOCK,
    COARSE_CLOCK,
    EPOCH,
    GIVEN,
    MAX_WORKERS,
    OPTION,
    OS,
    PARENT_STATE,
    PARENT_WORD,
    PID,
    SLOW_CLOCK,
    UNKNOWN,
    WORKER,
    WORKER_EPOCH,
    Seed,
)
from reseed.seeds.signature import takes_worker_id

PYTORCH_SEEDS = frozenset({"python-global", "torch-global"})
"""The states that every PyTorch seeds in every worker; NumPy's it seeds since 1.9."""

# By what the workers of one epoch differ, and by what the epochs of one worker do, on every torch.
_BY_WORKER = frozenset({WORKER, WORKER_EPOCH, CLOCK, PID, OS, OPTION, GIVEN, UNKNOWN})
_BY_EPOCH = frozenset({WORKER_EPOCH, EPOCH, CLOCK, COARSE_CLOCK, PID, OS, OPTION, GIVEN, UNKNOWN})
_NOT_REPEATABLE = frozenset({CLOCK, COARSE_CLOCK, SLOW_CLOCK, PID, OS})


class Verdict(Enum):
    """How a loader's workers come by the state of an RNG."""

    ABSENT = "no worker_init_fn"
    RESULT = "the result of a call instead of a function"
    HELPS = "seeded, or not known to be left alone"
    USELESS = "a worker_init_fn that leaves the numbers as they are or repeats them every epoch"


class Effect(Enum):
    """What a seeder leaves an RNG state with."""

    RIGHT = "different in every worker and every epoch, or not understood"
    UNTOUCHED = "as the worker found it"
    SAME_IN_WORKERS = "the same in all workers"
    SAME_IN_EPOCHS = "the same in every epoch"


@dataclass(frozen=True, slots=True)
class Seeding:
    """One seeding that a seeder does: what it seeds, from what. `at` is None where the loader is given the seeding
    function itself (``worker_init_fn=np.random.seed``). `row` is the seeding function, None for the result of others.
    """

    states: frozenset[str]
    seed: Seed
    at: Reached | None
    row: Seeder | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a seeder does, in order. `is_understood` tells whether that is all it does to RNG states."""

    seedings: tuple[Seeding, ...]
    is_understood: bool

    def of(self, state: str) -> list[Seeding]:
        """The seedings of `state`."""
        return [each for each in self.seedings if each.states & {state, "*"}]


# Libraries of which we know that what they do in a seeder is not seeding, where the tables do not say that it is.
_KNOWN_ROOTS = frozenset(
    {"builtins", "cv2", "datetime", "gc", "hashlib", "logging", "math", "multiprocessing", "numpy"}
    | {"os", "pathlib", "random", "resource", "signal", "sys", "threading", "time", "torch", "warnings"}
)


def verdict(program: Program, loader: Loader, state: str) -> Verdict:
    """Whether the loader's ``worker_init_fn`` gives every worker and every epoch a state of its own, on torch < 1.9.

    Whatever is not understood is taken to help, and where workers die nothing is drawn.
    """
    values = loader.argument("worker_init_fn")
    if values is None:
        return Verdict.HELPS if loader.may_pass("worker_init_fn") else Verdict.ABSENT
    if values and all(isinstance(value, Constant) and value.value is None for value in values):
        return Verdict.ABSENT
    if values and all(is_useless_result(value) for value in values):
        return Verdict.RESULT
    summary = summary_of(program, loader)
    if summary is None or takes_worker_id(program, loader) is False or crash(summary) is not None:
        return Verdict.HELPS
    right = effect(program, loader, summary, state, since_1_9=False) is Effect.RIGHT
    return Verdict.HELPS if right else Verdict.USELESS


def summary_of(program: Program, loader: Loader) -> Summary | None:
    """What the loader's ``worker_init_fn`` does, None where it has none, or one that is not seen."""
    values = loader.argument("worker_init_fn")
    if not values or all(is_none(value) or is_useless_result(value) for value in values):
        return None
    if not all(_is_understood(program, value) for value in values if not is_none(value)):
        return None
    seedings = tuple([*_direct(values), *_reached(program, loader)])
    return Summary(seedings, not _calls_unknown(program, loader.seeder))


def effect(program: Program, loader: Loader, summary: Summary, state: str, since_1_9: bool) -> Effect:
    """What the workers of the loader have in `state`, in PyTorch before or since 1.9."""
    seedings = summary.of(state)
    if summary.is_understood and not seedings:
        return Effect.RIGHT if state in PYTORCH_SEEDS or (since_1_9 and state == NUMPY_GLOBAL) else Effect.UNTOUCHED
    return effect_of(program, loader, summary, seedings, since_1_9)


def effect_of(
    program: Program, loader: Loader, summary: Summary, seedings: Collection[Seeding], since_1_9: bool
) -> Effect:
    """What some of the seedings of a seeder leave with what they seed, in PyTorch before or since 1.9."""
    if not summary.is_understood or any(UNKNOWN in each.seed.varies for each in seedings):
        return Effect.RIGHT
    found = {_effect_of(program, loader, each.seed, since_1_9) for each in seedings}
    if Effect.RIGHT in found:
        return Effect.RIGHT
    return Effect.SAME_IN_EPOCHS if Effect.SAME_IN_EPOCHS in found else Effect.SAME_IN_WORKERS


def crash(summary: Summary) -> Seeding | None:
    """The seeding that raises ValueError, since its seed has more than 32 bits."""
    return next((each for each in summary.seedings if _is_limited(each.row) and each.seed.is_out_of_range), None)


def not_repeatable(summary: Summary, state: str) -> Seeding | None:
    """The seeding of `state` that no ``torch.manual_seed`` can repeat."""
    return next((each for each in summary.of(state) if each.seed.varies & _NOT_REPEATABLE), None)


def _effect_of(program: Program, loader: Loader, seed: Seed, since_1_9: bool) -> Effect:
    varies = seed.varies
    by_worker = bool(varies & _BY_WORKER)
    by_epoch = bool(varies & _BY_EPOCH) or may_persist(loader)
    if PARENT_STATE in varies and (since_1_9 or loader.is_not_forked()):
        return Effect.RIGHT  # PyTorch, or NumPy itself, has seeded this worker before
    if varies & {PARENT_STATE, PARENT_WORD} and not by_epoch and not loader.is_not_forked():
        # The first word of the state stays the same whoever seeded it with an array, as PyTorch does since 1.9. Who
        # reseeds the parent in each epoch is given the benefit of what that did before.
        asked = parent.reseeds if since_1_9 else parent.moves
        by_epoch = asked(program, NUMPY_GLOBAL)
    if by_worker:
        return Effect.RIGHT if by_epoch else Effect.SAME_IN_EPOCHS
    if loader.has_one_worker():
        return Effect.RIGHT if by_epoch else Effect.SAME_IN_EPOCHS
    return Effect.SAME_IN_WORKERS


def is_useless_result(value: Value) -> bool:
    """Whether `value` is what a call gave, and no function: None, a number, the result of a seeding function."""
    if isinstance(value, NoResult):
        return True
    if isinstance(value, Constant):
        return value.value is not None
    if isinstance(value, External) and value.path.endswith("()"):
        row = seeder_of(canonical(value.path.removesuffix("()")))
        return row is not None and row.returns in ("none", "int", "generator")
    return False


def _is_understood(program: Program, value: Value) -> bool:
    return _as_seeder(value) is not None or _runs_own_code(program, value)


def _runs_own_code(program: Program, value: Value) -> bool:
    # Whether what is run first when `value` is called is code of the program. A partial may be of a partial, and so on;
    # one of a library's function is not understood, nor is a class.
    stack = [value]
    seen: Values = {}
    while stack:
        current = stack.pop()
        if current in seen:
            continue
        seen[current] = None
        inner: Collection[Value] = ()
        if isinstance(current, Object) and current.kind == "partial":
            inner = program.engine.read((current, "function"))
        elif isinstance(current, Object) and current.kind == "instance" and current.cls is not None:
            inner = _call_of(program, current, current.cls)
        elif isinstance(current.function if isinstance(current, Bound) else current, Function):
            continue
        if not inner:
            return False
        stack += inner
    return True


def _call_of(program: Program, instance: Object, cls: Class) -> list[Value]:
    # Its `__call__`, unless a class that is not seen may have another one.
    order = objects.mro(program.engine, cls)
    found, before = objects.class_attribute(program.engine, order, "__call__", None)
    return list(objects.bind(program.engine, found, instance, cls)) if before is None else []


def _as_seeder(value: Value) -> Seeder | None:
    return seeder_of(canonical(value.path)) if isinstance(value, External) else None


def _direct(values: Values) -> Iterator[Seeding]:
    # `worker_init_fn=np.random.seed` gets the bare worker id.
    for value in values:
        row = _as_seeder(value)
        if row is not None:
            yield Seeding(frozenset(row.states), Seed(frozenset({WORKER}), 0, MAX_WORKERS - 1, slope=1), None, row)


def _reached(program: Program, loader: Loader) -> Iterator[Seeding]:
    for reached in program.reached(loader.seeder):
        found = reached.effect
        if not isinstance(found, SeedEffect):
            continue
        row = found.row if isinstance(found.row, Seeder) else None
        if "*" in found.states or found.row is None:
            seed = ANY
        elif found.argument is not None:
            seed = seed_of(program, reached.activation, found.argument, loader.seeder)
        elif row is not None and set(row.states) & {NUMPY_GLOBAL, *PYTORCH_SEEDS} and len(row.states) == 1:
            seed = Seed(frozenset({OS}))  # np.random.seed()
        else:
            seed = ANY
        yield Seeding(found.states, seed, reached, row)


def _is_limited(row: Seeder | None) -> bool:
    return row is not None and row.path in (
        "numpy.random.seed",
        "numpy.random.RandomState",
        "numpy.random.RandomState().seed",
    )


def may_persist(loader: Loader) -> bool:
    """Whether the loader's workers may live through all epochs."""
    values = loader.argument("persistent_workers")
    if values is None:
        return loader.may_pass("persistent_workers")
    return not all(isinstance(value, Constant) and not value.value for value in values)


def _calls_unknown(program: Program, start: Activation) -> bool:
    seen: set[Activation] = set()
    stack = [start]
    while stack:
        activation = stack.pop()
        if activation in seen:
            continue
        seen.add(activation)
        stack.extend(callee for _, callee in activation.calls)
        for register, instruction in enumerate(activation.body.instructions):
            if not isinstance(instruction, Call) or not program.engine.is_live(activation, register):
                continue
            callees = activation.registers[instruction.function]
            paths = list(paths_of(callees))
            if any(_is_strange(path) for path in paths if seeder_of(canonical(path)) is None):
                return True
            runs = any(at == register for at, _ in activation.calls)
            if not paths and not runs and not all(isinstance(value, Constant) for value in callees):
                return True
    return False


def _is_strange(path: str) -> bool:
    return path.split(".")[0] not in _KNOWN_ROOTS or ".dataset" in path.lower()
