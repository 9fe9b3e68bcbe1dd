"""What an iterable dataset gives: whether every worker of a loader gets the very same items from it.

A stream is followed from ``__iter__`` back to where its items come from: files, lists, arrays, of which each worker
has a whole copy. What is not understood on the way, a queue, a server, another library's stream, may well be split
between the workers, so the answer is no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reseed.facts.model import (
    Attribute,
    Call,
    Cell,
    Collection,
    Const,
    Element,
    Global,
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
from reseed.program.effects import callee_paths
from reseed.program.engine import Activation
from reseed.program.loops import blocks_around, element_of
from reseed.program.model import Loader, Program
from reseed.program.values import Constant, External, Method, Object, Value

_SPLITTING = re.compile(r"worker|shard|getpid|current_process", re.IGNORECASE)
_DRAWING = re.compile(r"rand|shuffle|perm|sample|choice|rng", re.IGNORECASE)
_TORCH_BASE = "torch.utils.data.IterableDataset"
_DEPTH = 12

_Place = tuple[Activation, Register]


def unsplit_entries(program: Program, loader: Loader) -> list[Activation]:
    """The ``__iter__`` of each dataset of `loader` that gives all its items to every one of its workers."""
    if not is_copied_loader(loader.path) or not _may_have_several(loader) or _may_split(program, loader):
        return []
    entries = [callee for _, callee in loader.worker.calls if callee.body.name == "__iter__"]
    found = [entry for entry in entries if _is_of_torch(program, entry)]
    return [entry for entry in found if _Stream(program, loader).is_copied(entry)]


def _may_have_several(loader: Loader) -> bool:
    values = loader.argument("num_workers")
    numbers = [value.value for value in values or () if isinstance(value, Constant)]
    few = [number for number in numbers if isinstance(number, int) and number < 2]
    return loader.may_have_workers() and not (values and len(few) == len(values))


def _may_split(program: Program, loader: Loader) -> bool:
    # Whether worker code, or the seeder, asks which worker it is, or sets what is not seen.
    seeder = loader.argument("worker_init_fn")
    if seeder is None and loader.may_pass("worker_init_fn"):
        return True
    none = all(isinstance(value, Constant) and value.value is None for value in seeder or ())
    if not none and not any(True for _ in loader.seeder.calls):
        return True
    around = program.reach.activations(loader.worker) + program.reach.activations(loader.seeder)
    return any(_SPLITTING.search(word) for activation in around for word in _words(activation))


def _words(activation: Activation) -> Iterator[str]:
    yield activation.body.name
    for instruction in activation.body.instructions:
        if isinstance(instruction, Attribute | Global | Cell | Parameter):
            yield instruction.name
        elif isinstance(instruction, Call):
            yield instruction.text
        elif isinstance(instruction, Const) and isinstance(instruction.value, str):
            yield instruction.value[:80]


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


class _Stream:
    """Follows one stream. What is asked again while it is being answered is taken to hold."""

    def __init__(self, program: Program, loader: Loader) -> None:
        self._program = program
        self._worker = set(program.reach.activations(loader.worker))
        self._bodies = {(activation.module, activation.index) for activation in self._worker}
        self._open: set[_Place] = set()
        self._data = False
        self._endless = False

    def is_copied(self, entry: Activation) -> bool:
        """Whether every worker gets the same items, all of them, from `entry`, an ``__iter__``."""
        if not self._gives_copies(entry) or not self._data:
            return False
        # A stream without end that draws is a source of random samples, of which the workers give different ones.
        return not (self._endless and any(_DRAWING.search(word) for act in self._worker for word in _words(act)))

    def _gives_copies(self, activation: Activation) -> bool:
        # Of an iterator's body, or of a function that returns one.
        instructions = list(self._live(activation))
        if not activation.body.is_generator:
            returned = [ins.value for _, ins in instructions if isinstance(ins, Return)]
            return bool(returned) and all(self._is_source(activation, register) for register in returned)
        yields = [(register, ins) for register, ins in instructions if isinstance(ins, Yield)]
        return bool(yields) and all(self._is_copied_at(activation, register, ins) for register, ins in yields)

    def _live(self, activation: Activation) -> Iterator[tuple[Register, object]]:
        for register, instruction in enumerate(activation.body.instructions):
            if self._program.engine.is_live(activation, register):
                yield register, instruction

    def _is_copied_at(self, activation: Activation, register: Register, ins: Yield) -> bool:
        loops = [block for block in blocks_around(activation, register) if activation.body.block_table[block].loop]
        elements = [element for block in loops if (element := element_of(activation, block)) is not None]
        self._endless |= any(activation.body.block_table[block].certain for block in loops)
        if ins.delegate:
            return self._is_source(activation, ins.value) and all(self._is_item(activation, e) for e in elements)
        if not all(self._is_item(activation, element) for element in elements):
            return False
        self._data |= any(self._is_data(activation, element, ins.value) for element in elements)
        # What is given once behind all loops is what they have left.
        return bool(elements) or not loops

    def _is_item(self, activation: Activation, element: Register) -> bool:
        source = activation.body.instructions[element]
        assert isinstance(source, Element)
        return self._is_source(activation, source.value)

    def _is_data(self, activation: Activation, element: Register, given: Register) -> bool:
        # Whether items are what the loop goes through, and not just as many as its turns.
        source = activation.body.instructions[element]
        assert isinstance(source, Element)
        if self._counts(activation, source.value):
            return element in self._made_of(activation, given)
        return any(element in operands(ins) for _, ins in self._live(activation))  # type: ignore[arg-type]

    def _counts(self, activation: Activation, register: Register) -> bool:
        instruction = activation.body.instructions[register]
        if not isinstance(instruction, Call):
            return False
        paths = set(callee_paths(self._program.engine, activation, instruction))
        return bool(paths) and paths <= COUNTING

    @staticmethod
    def _made_of(activation: Activation, register: Register) -> set[Register]:
        seen: set[Register] = set()
        stack = [register]
        while stack:
            current = stack.pop()
            if current not in seen:
                seen.add(current)
                stack.extend(operands(activation.body.instructions[current]))
        return seen

    def _is_source(self, activation: Activation, register: Register) -> bool:
        """Whether going through the value at `register` gives the same in every worker."""
        here = (activation, register)
        if here in self._open:
            return True
        if len(self._open) > _DEPTH:
            return False
        self._open.add(here)
        try:
            return self._is_copied_value(*here) or self._is_made_of_items(*here)
        finally:
            self._open.discard(here)

    def _is_copied_value(self, activation: Activation, register: Register) -> bool:
        instruction = activation.body.instructions[register]
        if isinstance(instruction, Phi):
            return all(self._is_source(activation, source) for source in instruction.sources)
        if isinstance(instruction, Call):
            return self._is_copied_result(activation, register, instruction)
        values = activation.registers[register]
        return bool(values) and all(self._is_copied_object(activation, value) for value in values)

    def _is_copied_result(self, activation: Activation, register: Register, call: Call) -> bool:
        callees = [callee for at, callee in activation.calls if at == register]
        if callees:
            copied = all(self._gives_copies(callee) for callee in callees)
            return copied
        paths = callee_paths(self._program.engine, activation, call)
        arguments = [argument.value for argument in call.arguments if argument.keyword is None]
        if paths and all(path in PASSING or path in APPLYING for path in paths):
            self._endless |= any(path.endswith(".cycle") for path in paths)
            parts = arguments[any(path in APPLYING for path in paths) :]
            if any(path.endswith(("islice", "sample")) for path in paths):
                parts = parts[:1]
            copied = bool(parts) and all(self._is_source(activation, part) for part in parts)
            self._data |= copied and not any(self._counts(activation, part) for part in parts)
            return copied
        if paths and all(path in COUNTING for path in paths):
            # iter(range(10)) gives numbers as items.
            self._data |= any(isinstance(ins, Return) for _, ins in self._live(activation)) and not (
                activation.body.is_generator
            )
            return True
        if paths:
            return all(is_copied(path) for path in paths)
        callee = activation.body.instructions[call.function]
        if isinstance(callee, Attribute) and callee.name in ("items", "keys", "values", "copy"):
            return self._is_source(activation, callee.value)
        return False

    def _is_copied_object(self, activation: Activation, value: Value) -> bool:
        if isinstance(value, Constant):
            return True
        if isinstance(value, External):
            return is_copied(value.path)
        if isinstance(value, Object) and value.kind == "generator":
            bodies = [body for body in value.context if isinstance(body, Activation)]
            return bool(bodies) and all(self._gives_copies(body) for body in bodies)
        if isinstance(value, Object) and value.kind == "instance":
            return self._is_copied_instance(activation, value)
        # A list that the parent made is copied, whatever is in it; one that worker code fills has what loops give it.
        return isinstance(value, Object) and value.kind in objects.CONTAINERS

    def _is_copied_instance(self, activation: Activation, value: Object) -> bool:
        callees = [callee for _, callee in activation.calls if callee.context and callee.context[0] is value]
        iterators = [callee for callee in callees if callee.body.name == "__iter__"]
        return bool(iterators) and all(self._gives_copies(iterator) for iterator in iterators)

    def _is_made_of_items(self, activation: Activation, register: Register) -> bool:
        # Whether it is computed from items of other loops alone: for word in line.split().
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
                if not self._is_source(activation, instruction.value):
                    return False
                found = True
            elif isinstance(instruction, Call):
                stack.extend(argument.value for argument in instruction.arguments)
                callee = activation.body.instructions[instruction.function]
                if isinstance(callee, Attribute) and self._is_item_itself(activation, callee.value):
                    stack.append(callee.value)
            elif isinstance(instruction, (Item, Attribute, Unpack)):
                stack.append(instruction.value)
            elif isinstance(instruction, (Phi, Operation, Collection)):
                stack.extend(operands(instruction))
            elif isinstance(instruction, Parameter):
                passed = list(activation.bindings.get(instruction.name, {}))
                if not passed or not all(self._is_source(*place) for place in passed):
                    return False
                found = True
            elif not isinstance(instruction, Const):
                return False
        return found

    def _is_item_itself(self, activation: Activation, register: Register) -> bool:
        made = self._made_of(activation, register)
        return any(isinstance(activation.body.instructions[each], Element) for each in made)
