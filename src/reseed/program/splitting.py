"""Whether the workers of a loader may share out the items of an iterable dataset between them.

They may where a name in what they run speaks of workers, or of what else tells processes apart. A name that speaks of
shards is no such sign in a program that splits by rank, if all of the program that says what a shard is runs in the
parent, whose shards are the same in all of its workers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from reseed.facts.model import (
    Attribute,
    Call,
    Cell,
    Const,
    Global,
    Instruction,
    Parameter,
    Register,
    SetAttribute,
    SetItem,
    StoreOuter,
)
from reseed.knowledge.sources import APPLYING, COUNTING, PASSING, is_copied
from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.effects import paths_of
from reseed.program.model import Loader, Program
from reseed.program.values import Class, Constant, Function, Method, Object

_WORKERS = re.compile(r"worker|getpid|current_process|get_lock|\block\b|queue|shared_mem", re.IGNORECASE)
_SHARDS = re.compile(r"shard", re.IGNORECASE)
_RANKS = re.compile(r"rank|world_?size|process_index", re.IGNORECASE)


def may_split(program: Program, loader: Loader) -> bool:
    """Whether worker code, or the seeder, asks which worker it is, or the seeder sets something for worker code."""
    seeder = loader.argument("worker_init_fn")
    if seeder is None and loader.may_pass("worker_init_fn"):
        return True
    none = all(isinstance(value, Constant) and value.value is None for value in seeder or ())
    if not none and not any(True for _ in loader.seeder.calls):
        return True
    seeder_code = program.reach.activations(loader.seeder)
    if any(
        isinstance(ins, SetAttribute | SetItem | StoreOuter) for act in seeder_code for ins in act.body.instructions
    ):
        return True
    around = program.reach.activations(loader.worker) + seeder_code
    if any(_WORKERS.search(word) for activation in around for word in words(activation)):
        return True
    if not any(_SHARDS.search(word) for activation in around for word in words(activation)):
        return False
    return not _shows_rank(program, around) or not _are_of_parent(program, set(around))


def words(activation: Activation) -> Iterator[str]:
    """The names in a body, and what its strings begin with."""
    yield activation.body.name
    for instruction in activation.body.instructions:
        word = _word(instruction)
        if word is not None:
            yield word


def _word(instruction: Instruction) -> str | None:
    if isinstance(instruction, Attribute | Global | Cell | Parameter):
        return instruction.name
    if isinstance(instruction, Call):
        return instruction.text
    if isinstance(instruction, Const) and isinstance(instruction.value, str):
        return instruction.value[:80]
    return None


def _shows_rank(program: Program, around: Collection[Activation]) -> bool:
    # In worker code, or where the objects are made whose methods it runs.
    receivers = {activation.context[0] for activation in around if activation.context}
    made = [
        activation
        for activation in program.engine.activations.values()
        if activation.body.name == "__init__" and activation.context and activation.context[0] in receivers
    ]
    makers = [caller for caller in program.engine.activations.values() if any(c in made for _, c in caller.calls)]
    return any(_RANKS.search(word) for activation in [*around, *made, *makers] for word in words(activation))


def _are_of_parent(program: Program, around: Collection[Activation]) -> bool:
    """Whether whatever is called a shard in the code `around` is made by the parent, or by that code itself."""
    return all(
        _is_of_parent(program, around, activation, register, instruction)
        for activation in around
        for register, instruction in enumerate(activation.body.instructions)
        if (word := _word(instruction)) is not None and _SHARDS.search(word)
    )


def _is_of_parent(
    program: Program, around: Collection[Activation], act: Activation, register: Register, ins: Instruction
) -> bool:
    if isinstance(ins, Parameter):
        passed = act.bindings.get(ins.name, {})
        return bool(passed) and all(caller in around for caller, _ in passed)
    if isinstance(ins, Global):
        values = act.registers[register]
        return bool(values) and all(isinstance(v, (Constant, Function, Class, Object)) for v in values)
    if isinstance(ins, Attribute):
        return _is_set_by_parent(program, around, act, register, ins)
    if isinstance(ins, Call):
        values = act.registers[ins.function]
        paths = list(paths_of(values))
        own = any(at == register for at, _ in act.calls)
        inside = all(isinstance(v, Method) and v.receiver.kind in objects.CONTAINERS for v in values)
        known = all(p in PASSING or p in APPLYING or p in COUNTING or is_copied(p) for p in paths)
        return own or (bool(values) and (inside or (bool(paths) and known)))
    return isinstance(ins, Const)


def _is_set_by_parent(
    program: Program, around: Collection[Activation], act: Activation, register: Register, ins: Attribute
) -> bool:
    values = act.registers[register]
    if values and all(isinstance(v, (Function, Method)) or getattr(v, "function", None) is not None for v in values):
        return True  # a method: what is called is looked at where it is
    stores = list(stores_of(program, act, ins))
    return bool(stores) and not any(setter in around for setter, _ in stores)


def stores_of(program: Program, act: Activation, ins: Attribute) -> Iterator[tuple[Activation, Register]]:
    """What the program sets the attribute to that `ins` reads; nothing where it is not known whose attribute it is."""
    owners = act.registers[ins.value]
    if not all(isinstance(owner, Object) and owner.kind == "instance" for owner in owners):
        return
    for activation in program.engine.activations.values():
        for inner in activation.body.instructions:
            if isinstance(inner, SetAttribute) and inner.name == ins.name:
                targets = activation.registers[inner.target]
                if not targets or any(owner in owners for owner in targets):
                    yield activation, inner.value
