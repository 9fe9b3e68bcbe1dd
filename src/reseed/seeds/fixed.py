"""Whether a seed is one and the same wherever and whenever it is set: a constant, or what a configuration says.

`dependence` tells what a seed varies by in worker code. Here the question is the parent's: the same in every turn of a
loop, the same in every process of a run. A configuration's value counts where its name says that it is a seed, and
where nothing in the program changes it. Whatever is not understood is not fixed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reseed.facts import model
from reseed.facts.model import Register
from reseed.program.activation import Activation
from reseed.program.calls import is_none
from reseed.program.effects import paths_of
from reseed.program.model import Program
from reseed.program.order import names_in
from reseed.program.values import UNKNOWN, Constant, NoResult, Object, Values

_CONFIGURED = re.compile(r"seed", re.IGNORECASE)
_NOT_CONFIGURED = re.compile(r"rank|local|process|worker|epoch|iter|step|device|gpu|node", re.IGNORECASE)
_PURE = frozenset(f"builtins.{name}" for name in ("abs", "int", "max", "min", "pow", "round"))
_BUDGET = 200

_Place = tuple[Activation, Register]


def is_fixed(program: Program, activation: Activation, register: Register, outside: Activation | None = None) -> bool:
    """Whether the seed at `register` is a constant or a configured value that nothing changes.

    Parameters of `outside`, a body whose callers do not matter, are taken to be fixed where their name says seed.
    """
    values = activation.registers[register]
    if any(is_none(value) for value in values):
        return False  # the operating system's entropy
    return _is_same(program, activation, register, outside)


def is_fixed_condition(
    program: Program, activation: Activation, register: Register, outside: Activation | None = None
) -> bool:
    """Whether a condition asks only for fixed seeds: ``if args.seed is not None:``."""
    return _is_same(program, activation, register, outside)


def _is_same(program: Program, activation: Activation, register: Register, outside: Activation | None) -> bool:
    seen: set[_Place] = set()
    stack: list[_Place] = [(activation, register)]
    while stack:
        here = stack.pop()
        if here in seen:
            continue
        seen.add(here)
        parts = _parts(program, *here, outside)
        if parts is None or len(seen) > _BUDGET:
            return False
        stack.extend(parts)
    return True


def _parts(program: Program, act: Activation, register: Register, outside: Activation | None) -> list[_Place] | None:
    # What the value is made of, None where it may differ.
    instruction = act.body.instructions[register]
    values = act.registers[register]
    if isinstance(instruction, model.Const):
        return []
    if isinstance(instruction, model.Attribute):
        return _attribute(program, act, register, instruction)
    if isinstance(instruction, model.Item):
        return _item(act, instruction)
    if isinstance(instruction, model.Parameter):
        return _parameter(act, instruction.name, outside)
    if isinstance(instruction, model.Global):
        return _global(program, act, instruction.name, values)
    if isinstance(instruction, model.Operation):
        return [(act, operand) for operand in instruction.operands]
    if isinstance(instruction, model.Call):
        called = set(paths_of(act.registers[instruction.function]))
        if called and called <= _PURE and len(called) == len(act.registers[instruction.function]):
            return [(act, argument.value) for argument in instruction.arguments]
    return None


def _attribute(program: Program, act: Activation, register: Register, ins: model.Attribute) -> list[_Place] | None:
    if any(at == register for at, _ in act.calls):
        return None  # a property
    if _one_constant(act.registers[register]):
        return []
    if not _says_seed(ins.name):
        return None
    return _assigned(program, ins.name, act.registers[ins.value])


def _assigned(program: Program, name: str, owners: Values) -> list[_Place] | None:
    # What the program sets this attribute to has to be fixed, too, and not made of what it was.
    found: list[_Place] = []
    for activation in program.engine.activations.values():
        for register, instruction in enumerate(activation.body.instructions):
            if isinstance(instruction, model.SetAttribute) and instruction.name == name:
                targets = activation.registers[instruction.target]
                if not program.engine.is_live(activation, register) or not _may_be_same(owners, targets):
                    continue
                value = activation.body.instructions[instruction.value]
                if isinstance(value, model.Operation) and name in names_in(activation, instruction.value):
                    return None
                found.append((activation, instruction.value))
    return found


def _may_be_same(owners: Values, targets: Values) -> bool:
    unseen = UNKNOWN in owners and not all(isinstance(target, Object) for target in targets)
    return unseen or UNKNOWN in targets or not targets or any(target in owners for target in targets)


def _item(act: Activation, instruction: model.Item) -> list[_Place] | None:
    keys = [value.value for value in act.registers[instruction.key] if isinstance(value, Constant)]
    if len(keys) == 1 and isinstance(keys[0], str) and _says_seed(keys[0]):
        changed = any(
            isinstance(each, model.SetItem)
            and any(isinstance(v, Constant) and v.value == keys[0] for v in act.registers[each.key])
            for each in act.body.instructions
        )
        return None if changed else []
    return None


def _parameter(act: Activation, name: str, outside: Activation | None) -> list[_Place] | None:
    if act is outside and _says_seed(name):
        return []
    passed = list(act.bindings.get(name, {}))
    values = act.parameters.get(name, {})
    known = {value for value in values if isinstance(value, (Constant, NoResult))}
    if passed:
        # A default may stand for what some caller does not pass.
        bound = {value for caller, register in passed for value in caller.registers[register]}
        return passed if known <= bound else None
    return [] if _one_constant(values) else None


def _global(program: Program, act: Activation, name: str, values: Values) -> list[_Place] | None:
    if not _one_constant(values):
        module = program.engine.activation(act.module, 0, None, ())
        stores = list(_stores(program, act.module, name))
        return [(module, value) for value in stores if value is not None] if stores and None not in stores else None
    return None if None in _stores(program, act.module, name) else []


def _stores(program: Program, module: int, name: str) -> Iterator[Register | None]:
    for body in program.engine.modules[module].bodies:
        for instruction in body.instructions:
            if isinstance(instruction, model.StoreOuter) and instruction.body == 0 and instruction.name == name:
                yield None
    for instruction in program.engine.modules[module].bodies[0].instructions:
        if isinstance(instruction, model.Store) and instruction.name == name:
            yield instruction.value


def _says_seed(name: str) -> bool:
    return _CONFIGURED.search(name) is not None and _NOT_CONFIGURED.search(name) is None


def _one_constant(values: Values) -> bool:
    return len(values) == 1 and all(isinstance(value, Constant) for value in values)
