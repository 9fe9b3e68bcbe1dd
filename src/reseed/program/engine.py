"""The fixpoint: activations of bodies, the values they pass to one another, and a worklist.

A flow-insensitive points-to analysis over the heap, flow-sensitive inside a body (registers are in static single
assignment form) and context-sensitive at calls: an *activation* is a body in one context, and is run again
whenever something that it read has grown. Values only ever grow, so the order of work does not change the result.
Nothing here recurses through the analysed program: deep call chains, inheritance and cycles cannot overflow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reseed.facts.model import (
    Attribute,
    Call,
    Global,
    Instruction,
    ModuleFacts,
    Register,
    Store,
)
from reseed.program.activation import Activation
from reseed.program.folding import truth
from reseed.program.heap import Heap, add
from reseed.program.linking import Linker
from reseed.program.values import UNKNOWN, Class, Context, Function, Interner, Object, Value

_STEP_LIMIT = 6_000_000
# A program of several modules is given up sooner: its root is then analysed alone.
_LINKED_STEP_LIMIT = 500_000
# What an activation that has not run yet takes in the end, with those that it makes. Of 246 programs of over 50,000
# steps that ended (2026-11-30: the corpus of benchmarks/run.py, and 51 repositories) none had fewer than 773 steps left
# for each that was waiting, at any time.
_STEPS_TO_COME = 600
_CONTEXT_LIMIT = 20
_ASKED_LIMIT = 100

CallExternal = Callable[["Engine", Activation, Register, Value, Any], Iterable[Value]]
"""Calls something that the program does not define; see `reseed.program.externals`."""

Steps = Mapping[type[Instruction], Callable[["Engine", Activation, Register, Any], Iterable[Value]]]
"""What each kind of instruction does to the values; see `reseed.program.transfer`."""


class Engine(Heap):
    """Runs activations until nothing grows."""

    def __init__(
        self, modules: Iterable[ModuleFacts], steps: Steps, call_external: CallExternal, linker: Linker | None = None
    ) -> None:
        super().__init__()
        self.modules: list[ModuleFacts] = []
        self.linker = linker or Linker()
        self.linker.engine = self
        self.values = Interner()
        self.steps = steps
        self.call_external = call_external
        self.call_depth = 0
        self.called_back: set[tuple[Activation, Register, Value]] = set()
        # What external code was seen to call of what an object holds.
        self.called_back_at: dict[tuple[Activation, Register, Object, bool], list[Value]] = {}
        # Calls of DataLoader and its kind, in the order met: the latest arguments of each.
        self.loader_calls: dict[tuple[Activation, Register], tuple[str, Any]] = {}
        self.activations: dict[tuple[int, int, Activation | None, Context], Activation] = {}
        self.activations_of: dict[tuple[int, int], list[Activation]] = {}
        self.functions: dict[Function, None] = {}
        self.classes: dict[Class, None] = {}
        self.instances: dict[Class, dict[Object, None]] = {}
        # The activations that make each RNG object.
        self.makers: dict[Object, dict[Activation, None]] = {}
        self.with_defaults: set[Function] = set()
        # Calls with arguments that nothing shows, and their receivers.
        self.passed: set[tuple[Activation, Register, Activation, Value | None]] = set()
        self.stand_ins = 0
        self.exhausted = False
        self._named: list[frozenset[str]] = []
        self._contexts: dict[tuple[int, int, Activation | None], int] = {}
        self._ran: dict[Activation, None] = {}
        self._new = 0  # activations that have not run yet
        self._steps = 0
        for module in modules:
            self.add_module(module)

    def add_module(self, facts: ModuleFacts) -> int:
        """Add a module to the program; its body runs when it is activated. Returns its index."""
        self.modules.append(facts)
        return len(self.modules) - 1

    def close(self) -> None:
        """Undo the circles in which the parts of a program refer to one another, so that its memory is given back at
        once. Nothing can be asked of the engine then.
        """
        for activation in self.activations.values():
            activation.close()
        del self.linker.engine

    def is_named(self, name: str) -> bool:
        """Whether some function, other than those of that name, reads an attribute or global `name`."""
        for module in self.modules[len(self._named) :]:
            self._named.append(
                frozenset(
                    ins.name
                    for body in module.bodies
                    for ins in body.instructions
                    if isinstance(ins, (Attribute, Global)) and ins.name != body.name
                )
            )
        return any(name in names for names in self._named)

    def activation(
        self, module: int, index: int, closure: Activation | None, context: Context, function: Function | None = None
    ) -> Activation:
        """The activation of a body in `context`; past a number of contexts all share one."""
        found = self.activations.get((module, index, closure, context))
        if found is None and not self._is_once(context):
            number = self._contexts[module, index, closure] = self._contexts.get((module, index, closure), 0) + 1
            if number > _CONTEXT_LIMIT:
                context = ()
                found = self.activations.get((module, index, closure, context))
        if found is None:
            body = self.modules[module].bodies[index]
            found = Activation(module, index, body, closure, context, function)
            found.registers = [{} for _ in body.instructions]
            found.pending = bytearray(b"\1") * len(body.instructions)
            if body.kind != "function":
                found.stored = frozenset(ins.name for ins in body.instructions if isinstance(ins, Store))
            self.activations[module, index, closure, context] = found
            self.activations_of.setdefault((module, index), []).append(found)
            self._new += 1
            self.enqueue(found)
        return found

    def _is_once(self, context: Context) -> bool:
        # Calls from the bodies of modules and classes are no more than there are in the text: decorators, registries.
        if len(context) != 1 or not isinstance(context[0], tuple):
            return False
        module, index, _ = context[0]
        return index >= 0 and self.modules[module].bodies[index].kind != "function"

    def is_decorator(self, activation: Activation, register: Register) -> bool:
        """Whether the call at `register` is ``@f``; a worker's stand-in (register -1) has none."""
        instruction = activation.body.instructions[register] if register >= 0 else None
        return isinstance(instruction, Call) and instruction.decorator

    def pass_argument(self, callee: Activation, name: str, values: Iterable[Value]) -> None:
        """Add `values` to a parameter of `callee`."""
        if add(callee.parameters.setdefault(name, {}), values):
            self.have_computed(callee, callee.body.shape.parameters.get(name, ()))

    def note_call(self, caller: Activation, register: Register, callee: Activation) -> None:
        """Note that `register` of `caller` runs `callee`."""
        caller.calls[register, callee] = None
        if caller not in callee.callers:
            callee.callers[caller] = None
            for asker in callee.askers:
                self.have_computed(asker, None)

    def stand_ins_of(self, reader: Activation) -> list[Activation] | None:
        """The workers' stand-ins that `reader` is run for, however deep, None where others may run it, too.

        `reader` runs again when there are more.
        """
        found: dict[Activation, None] = {}
        seen = {reader}
        stack = [reader]
        others = False
        while stack:
            activation = stack.pop()
            activation.askers[reader] = None
            if activation.index < 0:
                found[activation] = None
            others |= activation.index >= 0 and not activation.callers
            stack.extend(caller for caller in activation.callers if caller not in seen)
            seen.update(activation.callers)
            if len(seen) > _ASKED_LIMIT:
                return None
        return None if others else list(found)

    def solve(self) -> None:
        """Run what is queued, and what that makes grow, to the end."""
        while self._queue and not self.exhausted:
            activation = self._queue.popleft()
            activation.queued = False
            self._ran[activation] = None
            self._new -= not activation.has_run
            activation.has_run = True
            self._run(activation)

    def spend(self, steps: int) -> None:
        """Count work; past the limit the analysis ends as it stands, and its rules are silent."""
        self._steps += steps
        if len(self.modules) == 1:
            self.exhausted |= self._steps > _STEP_LIMIT
        else:
            self.exhausted |= self._steps + self._new * _STEPS_TO_COME > _LINKED_STEP_LIMIT

    def _run(self, activation: Activation) -> None:
        body, pending = activation.body, activation.pending
        outer, self._running = self._running, activation
        again = True
        while again and not self.exhausted:
            live: dict[int, bool] = {0: True}
            steps = 0
            register = pending.find(1)
            while register >= 0:
                block = body.blocks[register]
                if block not in live:
                    self._find_live(activation, block, live)
                if live[block]:
                    pending[register] = 0
                    steps += 1
                    self._compute_now(activation, register)
                register = pending.find(1, register + 1)
            self.spend(steps + len(body.block_table))
            again = False
            for register in body.shape.back_edges:
                block = body.blocks[register]
                if block not in live:
                    self._find_live(activation, block, live)
                if live[block]:
                    again |= self._compute_now(activation, register)
        self._running = outer

    def _compute_now(self, activation: Activation, register: Register) -> bool:
        self._at = register
        instruction = activation.body.instructions[register]
        found = self.steps[type(instruction)](self, activation, register, instruction)
        if not found or not add(activation.registers[register], found):
            return False
        for user in activation.body.shape.users[register]:
            activation.pending[user] = 1
        return True

    def _find_live(self, activation: Activation, index: int, live: dict[int, bool]) -> None:
        # Whether a block can run, as far as is known now, and with it those around it.
        chain = []
        while index not in live:
            chain.append(index)
            index = activation.body.block_table[index].parent or 0
        runs = live[index]
        for below in reversed(chain):
            block = activation.body.block_table[below]
            if runs and block.guard is not None:
                values = activation.registers[block.guard]
                if not values and activation.thawed:
                    values = {UNKNOWN: None}
                runs = block.expected in truth(values)
            live[below] = runs

    def is_live(self, activation: Activation, register: Register) -> bool:
        """Whether `register` can be computed at all in `activation`."""
        index: int | None = activation.body.blocks[register]
        while index:
            block = activation.body.block_table[index]
            if block.guard is not None:
                values = activation.registers[block.guard]
                if block.expected not in truth(values) and (values or not activation.thawed):
                    return False
            index = block.parent
        return True

    def thaw(self) -> bool:
        """Let code run whose conditions nothing in the program decides; True if there was any.

        A condition may have no value because it depends on an attribute that only unseen code sets.
        """
        frozen = [
            activation
            for activation in self._ran
            if not activation.thawed
            and any(b.guard is not None and not activation.registers[b.guard] for b in activation.body.block_table)
        ]
        self._ran.clear()
        for activation in frozen:
            activation.thawed = True
            self.enqueue(activation)
        return bool(frozen)
