"""What the fixpoint works on: bodies in their contexts, and the values that they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reseed.facts.model import Body, Register
from reseed.program.values import Context, Function, Site, Values


@dataclass(slots=True)
class Node:
    """Values that several activations share, and who must run again when they grow."""

    values: Values = field(default_factory=dict)
    # Which registers of an activation read it, None for all of them.
    readers: dict[Activation, tuple[Register, ...] | None] = field(default_factory=dict)


@dataclass(slots=True)
class Derived:
    """What was worked out from nodes that held so many values then, and who knows of it: activations and registers."""

    result: Any
    nodes: list[tuple[Node, int]]
    readers: set[tuple[Activation, Register | None]] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Activation:
    """A body in one context. `closure` is the activation of the body around it."""

    module: int
    index: int
    body: Body
    closure: Activation | None
    context: Context
    function: Function | None = None
    # The names that a module's or a class's body binds.
    stored: frozenset[str] = frozenset()
    registers: list[Values] = field(default_factory=list)
    parameters: dict[str, Values] = field(default_factory=dict)
    # Which register of which caller was passed for a parameter, as the seeds need it.
    bindings: dict[str, dict[tuple[Activation, Register], None]] = field(default_factory=dict)
    # Calls that this activation makes: (register, callee).
    calls: dict[tuple[Register, Activation], None] = field(default_factory=dict)
    # Who calls it, and what has asked for that and runs again when there are more.
    callers: dict[Activation, None] = field(default_factory=dict)
    askers: dict[Activation, None] = field(default_factory=dict)
    # One byte a register: 1 where it has to be computed anew although no operand grew.
    pending: bytearray = field(default_factory=bytearray)
    queued: bool = False
    has_run: bool = False
    thawed: bool = False

    def site(self, register: Register) -> Site:
        """Where `register` is computed."""
        return (self.module, self.index, register)

    def close(self) -> None:
        """Let go of all values, callers and callees."""
        for held in (self.registers, self.parameters, self.bindings, self.calls, self.callers, self.askers):
            held.clear()
