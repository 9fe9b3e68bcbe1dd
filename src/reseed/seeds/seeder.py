"""What a loader's ``worker_init_fn`` does for an RNG state."""

from __future__ import annotations

from enum import Enum

from reseed.facts.model import Call
from reseed.knowledge.numpy_global import canonical
from reseed.knowledge.seeding import Seeder, seeder_of
from reseed.program.effects import DrawEffect, SeedEffect, paths_of
from reseed.program.engine import Activation
from reseed.program.model import Loader, Program
from reseed.program.order import is_certain
from reseed.program.values import Bound, Constant, External, Function, NoResult, Object, Value, Values
from reseed.seeds.dependence import PARENT_STATE, WORKER, dependence


class Verdict(Enum):
    """How a loader's workers come by the state of an RNG."""

    ABSENT = "no worker_init_fn"
    RESULT = "the result of a call instead of a function"
    HELPS = "seeded, or not known to be left alone"
    USELESS = "a worker_init_fn that leaves the numbers as they are or repeats them every epoch"


# Libraries of which we know that what they do in a seeder is not seeding, where the tables do not say that it is.
_KNOWN_ROOTS = frozenset(
    {"builtins", "cv2", "datetime", "gc", "hashlib", "logging", "math", "multiprocessing", "numpy"}
    | {"os", "pathlib", "random", "resource", "signal", "sys", "threading", "time", "torch", "warnings"}
)


def verdict(program: Program, loader: Loader, state: str) -> Verdict:
    """Whether the loader's ``worker_init_fn`` gives every worker and every epoch a state of its own.

    Whatever is not understood is taken to help.
    """
    values = loader.argument("worker_init_fn")
    if values is None:
        return Verdict.HELPS if loader.may_pass("worker_init_fn") else Verdict.ABSENT
    if values and all(isinstance(value, Constant) and value.value is None for value in values):
        return Verdict.ABSENT
    if values and all(is_useless_result(value) for value in values):
        return Verdict.RESULT
    if not values or not all(_is_understood(value) for value in values if not _is_none(value)):
        return Verdict.HELPS
    return Verdict.HELPS if _helps(program, loader, state, values) else Verdict.USELESS


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


def _is_none(value: Value) -> bool:
    return isinstance(value, NoResult) or (isinstance(value, Constant) and value.value is None)


def _is_understood(value: Value) -> bool:
    if isinstance(value, External):
        return _as_seeder(value) is not None
    return isinstance(value, (Function, Bound)) or (isinstance(value, Object) and value.kind in ("partial", "instance"))


def _as_seeder(value: Value) -> Seeder | None:
    return seeder_of(canonical(value.path)) if isinstance(value, External) else None


def _helps(program: Program, loader: Loader, state: str, values: Values) -> bool:
    # `worker_init_fn=np.random.seed` gets the bare worker id.
    direct = [row for value in values if (row := _as_seeder(value)) is not None]
    workers = any(state in row.states for row in direct)
    for reached in program.reached(loader.seeder):
        effect = reached.effect
        if not isinstance(effect, SeedEffect) or not effect.states & {state, "*"}:
            continue
        if "*" in effect.states or effect.argument is None:
            return True
        varies = dependence(program, reached.activation, effect.argument, loader.seeder)
        if varies - {WORKER, PARENT_STATE}:
            return True
        if varies == {WORKER, PARENT_STATE} and _parent_moves(program, state):
            return True
        workers |= WORKER in varies
    if workers and _may_persist(loader):
        return True
    return _calls_unknown(program, loader.seeder)


def _parent_moves(program: Program, state: str) -> bool:
    # Whether the parent may change its own state from epoch to epoch, so that a seed taken from it differs.
    inside = {
        activation
        for worker in [
            *(each.worker for each in program.loaders),
            *(each.worker for each in [*program.datasets, *program.candidates]),
        ]
        for activation in program.reach.activations(worker)
    }
    inside.update(a for each in program.loaders for a in program.reach.activations(each.seeder))
    return any(
        (isinstance(effect, DrawEffect) and effect.state == state)
        or (
            isinstance(effect, SeedEffect)
            and effect.states & {state, "*"}
            and not is_certain(activation, effect.register)
        )
        for activation in program.engine.activations.values()
        if activation not in inside
        for effect in program.reach.effects(activation)
    )


def _may_persist(loader: Loader) -> bool:
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
            strange = [path for path in paths if seeder_of(canonical(path)) is None]
            if any(path.split(".")[0] not in _KNOWN_ROOTS or ".dataset" in path.lower() for path in strange):
                return True
            runs = any(at == register for at, _ in activation.calls)
            if not paths and not runs and not all(isinstance(value, Constant) for value in callees):
                return True
    return False
