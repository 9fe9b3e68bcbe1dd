"""The arguments of a call, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from reseed.facts.model import Call, Register
from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.engine import Engine
from reseed.program.values import UNKNOWN, Constant, Object, Value, Values


@dataclass(slots=True)
class Arguments:
    """The arguments of a call, unpacked as far as they are known.

    `rest` are values from ``*sequence`` that may stand at any later position; `unknown_keywords` says that a
    ``**mapping`` may hold further keywords. `registers` tells which register a parameter was passed from. `unseen`
    marks the arguments of a call that nothing shows.
    """

    positional: list[Values] = field(default_factory=list)
    keywords: dict[str, Values] = field(default_factory=dict)
    rest: Values | None = None
    unknown_keywords: bool = False
    registers: dict[int | str, Register] = field(default_factory=dict)
    unseen: bool = False
    _code: tuple[Activation, list[Value]] | None = field(default=None, init=False, compare=False, repr=False)

    def all_values(self) -> Iterator[Value]:
        """Every value passed, in order."""
        for values in self.positional:
            yield from values
        yield from self.rest or {}
        for values in self.keywords.values():
            yield from values

    def code(self, engine: Engine, reader: Activation) -> list[Value]:
        """The values passed that are, or hold, code of the program; worked out once for all that one call may call."""
        if self._code is None or self._code[0] is not reader:
            self._code = reader, [value for value in self.all_values() if objects.is_of_program(engine, reader, value)]
        return self._code[1]

    def get(self, position: int | None, name: str) -> Values | None:
        """The values passed for a parameter, None where it is not passed (as far as is known)."""
        if name in self.keywords:
            return self.keywords[name]
        if position is not None and position < len(self.positional):
            return self.positional[position]
        if position is not None and self.rest is not None:
            return {**self.rest, UNKNOWN: None}
        return None

    def may_pass(self, position: int | None, name: str) -> bool:
        """Whether the parameter may be passed in a way that is not seen."""
        return self.unknown_keywords or (position is not None and self.rest is not None)

    def shifted(self, receiver: Value) -> Arguments:
        """The same with `receiver` in front."""
        registers = {k + 1 if isinstance(k, int) else k: r for k, r in self.registers.items()}
        positional = [{receiver: None}, *self.positional]
        return Arguments(positional, self.keywords, self.rest, self.unknown_keywords, registers, self.unseen)

    def without_first(self) -> Arguments:
        """The same without the first positional one."""
        registers = {k - 1 if isinstance(k, int) else k: r for k, r in self.registers.items() if k != 0}
        return Arguments(self.positional[1:], self.keywords, self.rest, self.unknown_keywords, registers)


ANYTHING = Arguments(rest={UNKNOWN: None}, unknown_keywords=True, unseen=True)
"""Arguments of a call that is not seen."""


def arguments_of(engine: Engine, activation: Activation, call: Call) -> Arguments:
    """The arguments of `call` as they stand now."""
    result = Arguments()
    for argument in call.arguments:
        values = activation.registers[argument.value]
        if argument.star == "*":
            _unpack_sequence(engine, activation, result, values)
        elif argument.star == "**":
            _unpack_mapping(engine, activation, result, values)
        elif argument.keyword is not None:
            result.keywords[argument.keyword] = values
            result.registers[argument.keyword] = argument.value
        elif result.rest is not None:
            result.rest = {**result.rest, **values}
        else:
            result.registers[len(result.positional)] = argument.value
            result.positional.append(values)
    return result


def _unpack_sequence(engine: Engine, activation: Activation, result: Arguments, values: Values) -> None:
    displays = [value for value in values if isinstance(value, Object) and value.kind in ("tuple", "list")]
    if len(displays) == len(values) == 1 and result.rest is None:
        display = displays[0]
        keys = [k.value for k in engine.read((display, objects.KEYS), activation) if isinstance(k, Constant)]
        if not engine.read((display, objects.ANY), activation) and keys == list(range(len(keys))):
            result.positional.extend(dict(objects.get_item(engine, activation, display, k)) for k in keys)
            return
    rest = dict(result.rest or {})
    for value in values:
        if isinstance(value, Object) and value.kind in objects.CONTAINERS:
            rest.update(objects.elements(engine, activation, value))
        else:
            rest[UNKNOWN] = None
    result.rest = rest


def _unpack_mapping(engine: Engine, activation: Activation, result: Arguments, values: Values) -> None:
    for value in values:
        if not (isinstance(value, Object) and value.kind == "dict"):
            result.unknown_keywords = True
            continue
        removed = engine.read((value, objects.REMOVED), activation)
        for key in engine.read((value, objects.KEYS), activation):
            if isinstance(key, Constant) and isinstance(key.value, str):
                found = dict(objects.get_item(engine, activation, value, key.value))
                if key in removed:
                    found[UNKNOWN] = None  # it may be there or not
                result.keywords[key.value] = {**result.keywords.get(key.value, {}), **found}
        if engine.read((value, objects.ANY), activation):
            result.unknown_keywords = True
