"""Names made at run time: what ``getattr(self, config.NAME)`` or ``eval("data." + name)`` can mean.

A class that looks a method up by a name from elsewhere has methods that are there for it and that nothing names; they
are what is meant. A module from which a class is taken by such a name is looked up for its datasets: those are what is
there to choose from, as in a dictionary of classes. Where part of the name is known, whatever fits is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reseed.facts.model import Attribute, Call, Const, Operation, Register
from reseed.knowledge.datasets import dataset_base
from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.engine import Engine
from reseed.program.values import Class, Constant, External, Module, Object, Value

# What is shorter fits too much.
_SHORTEST_PART = 4
_HOLE = re.compile(r"%[sdr]|\{[^{}]*\}")
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def named_at_run_time(engine: Engine, caller: Activation, name: Register | None, target: Value) -> Iterable[Value]:
    """What ``getattr(target, name)`` may give, where the value of the register `name` is not known."""
    parts: list[object] = [None] if name is None else _parts(caller, name)
    return _fitting(engine, caller, parts, target)


def evaluated(engine: Engine, caller: Activation, values: Iterable[Value], text: Register | None) -> Iterator[Value]:
    """What ``eval`` of a dotted name may give: of `values`, or of what the register `text` makes at run time."""
    yield engine.values.external("builtins.eval()")
    for value in values:
        if isinstance(value, Constant) and isinstance(value.value, str) and _DOTTED.fullmatch(value.value):
            yield from _dotted(engine, caller, value.value.split("."))
    if text is None:
        return
    first, *rest = _parts(caller, text)
    if isinstance(first, str) and rest:
        prefix, dot, start = first.rpartition(".")
        if dot and _DOTTED.fullmatch(prefix):
            for target in _dotted(engine, caller, prefix.split(".")):
                yield from _fitting(engine, caller, [start, *rest] if start else rest, target)


def _dotted(engine: Engine, caller: Activation, names: list[str]) -> Iterable[Value]:
    found: dict[Value, None] = dict.fromkeys(
        engine.read((engine.activation(caller.module, 0, None, ()), names[0]), caller)
    )
    for name in names[1:]:
        found = {inner: None for value in found for inner in objects.attribute(engine, caller, value, name)}
    return found


def _fitting(engine: Engine, caller: Activation, parts: list[object], target: Value) -> Iterable[Value]:
    pattern = _pattern(parts)
    if isinstance(target, Module):
        names = sorted(engine.modules[target.activation.module].global_names)
        fitting = [name for name in names if pattern is None or pattern.fullmatch(name)]
    elif isinstance(target, Object) and target.kind == "instance" and target.cls is not None:
        fitting = list(_methods(engine, caller, target.cls, pattern))
    else:
        return ()
    found: dict[Value, None] = {}
    for name in fitting:
        found.update(dict.fromkeys(objects.attribute(engine, caller, target, name)))
    if isinstance(target, Module) and pattern is None:
        return [value for value in found if isinstance(value, Class) and _is_dataset(engine, caller, value)]
    return found


def _is_dataset(engine: Engine, caller: Activation, cls: Class) -> bool:
    order = objects.mro(engine, cls, caller)
    return any(isinstance(base, External) and dataset_base(base.path) is not None for base in order)


def _methods(engine: Engine, caller: Activation, cls: Class, pattern: re.Pattern[str] | None) -> Iterator[str]:
    for owner in objects.mro(engine, cls, caller):
        if isinstance(owner, Class):
            bodies = engine.modules[owner.module].bodies
            names = [b.name for b in bodies if b.parent == owner.body and b.kind == "function" and b.name[:2] != "__"]
            if pattern is not None:
                yield from filter(pattern.fullmatch, names)
            else:
                yield from (name for name in names if not engine.is_named(name))


def _parts(caller: Activation, register: Register) -> list[object]:
    # Of "flip_%s" % axis, "flip_" + axis, "flip_{}".format(axis), f"flip_{axis}": the known texts, None for the others.
    instructions = caller.body.instructions
    instruction = instructions[register]
    if isinstance(instruction, Operation) and instruction.operator in ("+", "f"):
        known = [instructions[operand] for operand in instruction.operands]
        return [part.value if isinstance(part, Const) else None for part in known]
    if isinstance(instruction, Operation) and instruction.operator == "%":
        return _split(instructions[instruction.operands[0]])
    if isinstance(instruction, Call) and instruction.text.endswith("format"):
        method = instructions[instruction.function]
        return _split(instructions[method.value]) if isinstance(method, Attribute) else [None]
    return [None]


def _pattern(parts: list[object]) -> re.Pattern[str] | None:
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
