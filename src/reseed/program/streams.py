"""What an iterable dataset gives: whether every worker of a loader gets the very same items from it.

A stream is followed from ``__iter__`` back to where its items come from: files, lists, arrays, of which each worker
has a whole copy. What is not understood on the way, a queue, a server, another library's stream, may well be split
between the workers, so the answer is no.
"""

from __future__ import annotations

import re
from enum import IntEnum

from reseed.facts.model import (
    Attribute,
    Call,
    Collection,
    Const,
    Element,
    Item,
    Operation,
    Parameter,
    Phi,
    Register,
    Return,
    Unpack,
    Yield,
    operands,
)
from reseed.knowledge.datasets import dataset_base
from reseed.knowledge.sources import APPLYING, COUNTING, PASSING, is_copied, is_copied_loader
from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.effects import callee_paths
from reseed.program.loops import blocks_around, element_of
from reseed.program.model import Loader, Program
from reseed.program.splitting import may_split, stores_of, words
from reseed.program.values import UNKNOWN, Constant, External, Object, Value

_DRAWING = re.compile(r"rand|shuffle|perm|sample|choice|rng", re.IGNORECASE)
_TORCH_BASE = "torch.utils.data.IterableDataset"
_DEPTH = 12

_Place = tuple[Activation, Register]


def unsplit_entries(program: Program, loader: Loader) -> list[Activation]:
    """The ``__iter__`` of each dataset of `loader` that gives all its items to every one of its workers."""
    if not is_copied_loader(loader.path) or not _may_have_several(loader) or may_split(program, loader):
        return []
    entries = [callee for _, callee in loader.worker.calls if callee.body.name == "__iter__"]
    found = [entry for entry in entries if _is_of_torch(program, entry)]
    return [entry for entry in found if _Stream(program, loader).is_copied(entry)]


def _may_have_several(loader: Loader) -> bool:
    values = loader.argument("num_workers")
    numbers = [value.value for value in values or () if isinstance(value, Constant)]
    few = [number for number in numbers if isinstance(number, int) and number < 2]
    return loader.may_have_workers() and not (values and len(few) == len(values))


def _is_of_torch(program: Program, entry: Activation) -> bool:
    receiver = entry.context[0] if entry.context else None
    if not isinstance(receiver, Object) or receiver.cls is None:
        return False
    order = objects.mro(program.engine, receiver.cls)
    bases = [cls.path for cls in order if isinstance(cls, External)]
    kinds = [path for path in bases if dataset_base(path) is not None]
    return any(path.endswith(".IterableDataset") for path in kinds) and all(
        path.startswith("torch.utils.data") and path.endswith("Dataset") for path in kinds
    )


class _Kind(IntEnum):
    """What going through a value gives, as all workers see it."""

    STRANGE = 0
    """Not understood: it may differ between the workers."""
    FILLED = 1
    """What code around it has put in, or as many items as it has turns: nothing of its own."""
    NUMBERS = 2
    """A range: the same numbers in all workers, which are data where something is made of them."""
    DATA = 3
    """The same data in all workers."""


class _Stream:
    """Follows one stream. What is asked again while it is being answered is left to the other answers."""

    def __init__(self, program: Program, loader: Loader) -> None:
        self._program = program
        self._worker = program.reach.activations(loader.worker)
        self._open: set[_Place] = set()
        self._endless = False

    def is_copied(self, entry: Activation) -> bool:
        """Whether every worker gets the same items, all of them, from `entry`, an ``__iter__``."""
        if self._gives(entry) is not _Kind.DATA:
            return False
        # A stream without end that draws is a source of random samples, of which the workers give different ones.
        return not (self._endless and any(_DRAWING.search(word) for act in self._worker for word in words(act)))

    def _gives(self, activation: Activation) -> _Kind:
        # Of a generator's body, or of a function that returns something to go through.
        live = [
            (register, instruction)
            for register, instruction in enumerate(activation.body.instructions)
            if isinstance(instruction, (Return, Yield)) and self._program.engine.is_live(activation, register)
        ]
        if activation.body.is_generator:
            kinds = [self._yielded(activation, register, ins) for register, ins in live if isinstance(ins, Yield)]
        else:
            kinds = [_as_items(self._source(activation, ins.value)) for _, ins in live]
        if not kinds or _Kind.STRANGE in kinds:
            return _Kind.STRANGE
        return max(kinds) if activation.body.is_generator else min(kinds)

    def _yielded(self, activation: Activation, register: Register, ins: Yield) -> _Kind:
        table = activation.body.block_table
        loops = [block for block in blocks_around(activation, register) if table[block].loop]
        self._endless |= any(table[block].certain for block in loops)
        if not ins.delegate:
            return self._in_loops(activation, loops, ins.value)
        around = self._in_loops(activation, loops, ins.value) if loops else _Kind.FILLED
        inner = _as_items(self._source(activation, ins.value))
        endless = any(table[block].certain for block in loops)
        return inner if around or endless else _Kind.STRANGE

    def _in_loops(self, activation: Activation, loops: list[int], given: Register) -> _Kind:
        """What the value `given` is that is made within `loops`."""
        elements = [element for block in loops if (element := element_of(activation, block)) is not None]
        if not elements:
            return _Kind.STRANGE if loops else _Kind.FILLED
        made_of = _made_of(activation, given)
        kind = _Kind.FILLED
        for element in elements:
            source = activation.body.instructions[element]
            assert isinstance(source, Element)
            found = self._source(activation, source.value)
            if found is _Kind.STRANGE:
                return found
            used = found is _Kind.DATA and any(element in operands(ins) for ins in activation.body.instructions)
            if used or (found is _Kind.NUMBERS and element in made_of):
                kind = _Kind.DATA
        looked_up = [ins for each in made_of if isinstance(ins := activation.body.instructions[each], Item)]
        return kind if all(self._is_kept(activation, ins.value) for ins in looked_up) else _Kind.STRANGE

    def _is_kept(self, activation: Activation, register: Register) -> bool:
        # What items are looked up in: the dataset's own, or taken from something that is the same in all workers.
        made_of = _made_of(activation, register)
        instructions = [activation.body.instructions[each] for each in made_of]
        if not any(isinstance(instruction, Call) for instruction in instructions):
            return True
        return any(isinstance(i, Element) for i in instructions) or self._source(activation, register) is _Kind.DATA

    def _source(self, activation: Activation, register: Register) -> _Kind:
        """What going through the value at `register` gives."""
        here = (activation, register)
        if here in self._open:
            return _Kind.FILLED
        if len(self._open) > _DEPTH:
            return _Kind.STRANGE
        self._open.add(here)
        try:
            return self._known(activation, register) or self._computed(activation, register)
        finally:
            self._open.discard(here)

    def _known(self, activation: Activation, register: Register) -> _Kind:
        instruction = activation.body.instructions[register]
        if isinstance(instruction, Phi):
            return min((self._source(activation, source) for source in instruction.sources), default=_Kind.STRANGE)
        if isinstance(instruction, Call):
            return self._result(activation, register, instruction)
        if isinstance(instruction, Collection) and instruction.kind == "comprehension":
            return self._comprehension(activation, instruction)
        values = activation.registers[register]
        if isinstance(instruction, Attribute) and UNKNOWN in values:
            stores = list(stores_of(self._program, activation, instruction))
            return min((self._slice(*store) for store in stores), default=_Kind.STRANGE)
        return min((self._value(activation, value) for value in values), default=_Kind.STRANGE)

    def _slice(self, activation: Activation, register: Register) -> _Kind:
        # What the parent keeps of the data, such as the part of its rank: files[rank::world_size].
        instruction = activation.body.instructions[register]
        if activation in self._worker or not isinstance(instruction, Item):
            return _Kind.STRANGE
        key, whole = (activation.body.instructions[each] for each in (instruction.key, instruction.value))
        if not isinstance(key, Operation) or key.operator != "[:]":
            return _Kind.STRANGE
        passed = [(activation, instruction.value)]
        if isinstance(whole, Parameter):
            passed = list(activation.bindings.get(whole.name, {}))
        return min((self._known(*place) for place in passed), default=_Kind.STRANGE)

    def _comprehension(self, activation: Activation, made: Collection) -> _Kind:
        (item,) = made.items
        table = activation.body.block_table
        return self._in_loops(activation, [b for b in blocks_around(activation, item) if table[b].loop], item)

    def _result(self, activation: Activation, register: Register, call: Call) -> _Kind:
        paths = callee_paths(self._program.engine, activation, call)
        parts = [argument.value for argument in call.arguments if argument.keyword is None]
        callees = [callee for at, callee in activation.calls if at == register]
        if callees and not paths:
            return min(self._gives(callee) for callee in callees)
        if paths and all(path in PASSING or path in APPLYING for path in paths):
            self._endless |= any(path.endswith(".cycle") for path in paths)
            parts = parts[any(path in APPLYING for path in paths) :]
            if any(path.endswith(".islice") for path in paths):
                parts = parts[:1]
            kinds = [self._source(activation, part) for part in parts]
            return max(kinds) if kinds and _Kind.STRANGE not in kinds else _Kind.STRANGE
        if paths and all(path in COUNTING for path in paths):
            return _Kind.NUMBERS
        if paths:
            return _Kind.DATA if all(is_copied(path) for path in paths) else _Kind.STRANGE
        callee = activation.body.instructions[call.function]
        if isinstance(callee, Attribute) and callee.name in ("items", "keys", "values", "copy"):
            return self._source(activation, callee.value)
        return _Kind.STRANGE

    def _value(self, activation: Activation, value: Value) -> _Kind:
        if isinstance(value, Constant):
            return _Kind.DATA
        if isinstance(value, External):
            return _Kind.DATA if is_copied(value.path) else _Kind.STRANGE
        if not isinstance(value, Object):
            return _Kind.STRANGE
        if value.kind == "generator":
            bodies = [body for body in value.context if isinstance(body, Activation)]
            return min((self._gives(body) for body in bodies), default=_Kind.STRANGE)
        if value.kind == "instance":
            called = [callee for _, callee in activation.calls if callee.context and callee.context[0] is value]
            iterators = [callee for callee in called if callee.body.name == "__iter__"]
            return min((self._gives(iterator) for iterator in iterators), default=_Kind.STRANGE)
        return self._container(value) if value.kind in objects.CONTAINERS else _Kind.STRANGE

    def _container(self, value: Object) -> _Kind:
        # One that the parent made is copied, whatever is in it.
        if value.site is None:
            return _Kind.STRANGE
        module, index, register = value.site
        makers = [act for act in self._worker if (act.module, act.index) == (module, index)]
        return min((self._made(activation, register) for activation in makers), default=_Kind.DATA)

    def _made(self, activation: Activation, register: Register) -> _Kind:
        # A container that worker code makes.
        instruction = activation.body.instructions[register] if register >= 0 else None
        if isinstance(instruction, Call):
            return self._source(activation, register)
        if not isinstance(instruction, Collection) or not instruction.items:
            return _Kind.FILLED
        if instruction.kind == "comprehension":
            return self._source(activation, register)
        constant = all(isinstance(value, Constant) for i in instruction.items for value in activation.registers[i])
        return _Kind.DATA if constant else _Kind.FILLED

    def _computed(self, activation: Activation, register: Register) -> _Kind:
        # Made of the items of other loops, and of nothing else: for word in line.split().
        found = False
        seen: set[Register] = set()
        stack = [register]
        while stack:
            current = stack.pop()
            if current in seen:
                continue
            seen.add(current)
            instruction = activation.body.instructions[current]
            if isinstance(instruction, Element):
                if self._source(activation, instruction.value) < _Kind.NUMBERS:
                    return _Kind.STRANGE
                found = True
            elif isinstance(instruction, Call):
                stack.extend(argument.value for argument in instruction.arguments)
                callee = activation.body.instructions[instruction.function]
                if isinstance(callee, Attribute) and _is_made_of_items(activation, callee.value):
                    stack.append(callee.value)
            elif isinstance(instruction, (Item, Attribute, Unpack)):
                stack.append(instruction.value)
            elif isinstance(instruction, (Phi, Operation, Collection)):
                stack.extend(operands(instruction))
            elif isinstance(instruction, Parameter):
                passed = list(activation.bindings.get(instruction.name, {}))
                if not passed or any(self._source(*place) < _Kind.NUMBERS for place in passed):
                    return _Kind.STRANGE
                found = True
            elif not isinstance(instruction, Const):
                return _Kind.STRANGE
        return _Kind.DATA if found else _Kind.STRANGE


def _as_items(kind: _Kind) -> _Kind:
    # What is given on as it is: numbers are the items then.
    return _Kind.DATA if kind is _Kind.NUMBERS else kind


def _made_of(activation: Activation, register: Register) -> set[Register]:
    seen: set[Register] = set()
    stack = [register]
    while stack:
        current = stack.pop()
        if current not in seen:
            seen.add(current)
            stack.extend(operands(activation.body.instructions[current]))
    return seen


def _is_made_of_items(activation: Activation, register: Register) -> bool:
    return any(isinstance(activation.body.instructions[each], Element) for each in _made_of(activation, register))
