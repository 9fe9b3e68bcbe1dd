"""Names made at run time: what ``getattr(self, config.NAME)`` or ``getattr(module, f"flip_{axis}")`` can mean.

A class that looks a method up by a name from elsewhere has methods that are there for it and that nothing names; they
are what is meant. Where part of the name is known, whatever fits is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reseed.facts.model import Attribute, Call, Const, Operation, Register
from reseed.program import objects
from reseed.program.engine import Activation, Engine
from reseed.program.values import Class, Module, Object, Value

# What is shorter fits too much.
_SHORTEST_PART = 4
_HOLE = re.compile(r"%[sdr]|\{[^{}]*\}")


def named_at_run_time(engine: Engine, caller: Activation, name: Register | None, target: Value) -> Iterable[Value]:
    """What ``getattr(target, name)`` may give, where the value of the register `name` is not known."""
    pattern = None if name is None else _pattern(caller, name)
    if isinstance(target, Module) and pattern is not None:
        names = engine.modules[target.activation.module].global_names
        fitting = sorted(each for each in names if pattern.fullmatch(each))
    elif isinstance(target, Object) and target.kind == "instance" and target.cls is not None:
        fitting = list(_methods(engine, caller, target.cls, pattern))
    else:
        return ()
    found: dict[Value, None] = {}
    for each in fitting:
        found.update(dict.fromkeys(objects.attribute(engine, caller, target, each)))
    return found


def _methods(engine: Engine, caller: Activation, cls: Class, pattern: re.Pattern[str] | None) -> Iterator[str]:
    for owner in objects.mro(engine, cls, caller):
        if isinstance(owner, Class):
            bodies = engine.modules[owner.module].bodies
            names = [b.name for b in bodies if b.parent == owner.body and b.kind == "function" and b.name[:2] != "__"]
            if pattern is not None:
                yield from filter(pattern.fullmatch, names)
            else:
                yield from (name for name in names if not engine.is_named(name))


def _pattern(caller: Activation, register: Register) -> re.Pattern[str] | None:
    # "flip_%s" % axis, "flip_" + axis, "flip_{}".format(axis), f"flip_{axis}"
    instructions = caller.body.instructions
    instruction = instructions[register]
    if isinstance(instruction, Operation) and instruction.operator in ("+", "f"):
        known = [instructions[operand] for operand in instruction.operands]
        parts = [part.value if isinstance(part, Const) else None for part in known]
    elif isinstance(instruction, Operation) and instruction.operator == "%":
        parts = _split(instructions[instruction.operands[0]])
    elif isinstance(instruction, Call) and instruction.text.endswith("format"):
        method = instructions[instruction.function]
        parts = _split(instructions[method.value]) if isinstance(method, Attribute) else [None]
    else:
        return None
    texts = [part for part in parts if isinstance(part, str)]
    if sum(map(len, texts)) < _SHORTEST_PART:
        return None
    return re.compile("".join(re.escape(part) if isinstance(part, str) else r"\w+" for part in parts))


def _split(template: object) -> list[object]:
    if not isinstance(template, Const) or not isinstance(template.value, str):
        return [None]
    parts: list[object] = []
    for text in _HOLE.split(template.value):
        parts += [text, None]
    return parts[:-1]
