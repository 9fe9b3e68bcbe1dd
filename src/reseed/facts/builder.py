"""One body under construction: its instructions, blocks and the registers its local names stand for."""

from __future__ import annotations

from collections.abc import Iterable

from reseed.facts.model import (
    Block,
    Body,
    Cell,
    Global,
    Instruction,
    Opaque,
    Parameter,
    ParameterSpec,
    Phi,
    Register,
    Store,
    StoreOuter,
)
from reseed.facts.scopes import Scope
from reseed.source.position import Span

Environment = dict[str, Register]

_TOP = Span(1, 1, 1, 1)


class BodyBuilder:
    """Collects what becomes a `Body`.

    `environment` maps local names to registers, or is None after a ``return``, ``raise``, ``break`` or
    ``continue``: no code follows there.
    """

    def __init__(self, kind: str, name: str, index: int, parent: BodyBuilder | None, scope: Scope) -> None:
        self.kind = kind
        self.name = name
        self.index = index
        self.parent = parent
        self.scope = scope
        self.environment: Environment | None = {}
        self.block = 0
        self.is_generator = False
        self.fields: list[str] = []
        self.decorators: tuple[str, ...] = ()
        self.span = _TOP
        self.spans: dict[Register, Span] = {}
        self.parameters: list[ParameterSpec] = []
        # The environments with which `break` and `continue` leave the loops around, innermost last.
        self.breaks: list[list[Environment]] = []
        self.continues: list[list[Environment]] = []
        # Every assignment so far, so that an exception handler knows what may have happened before it.
        self.assignments: list[tuple[str, Register]] = []
        self._instructions: list[Instruction] = []
        self._blocks: list[int] = []
        self._block_table: list[Block] = [Block(None, certain=True)]
        self._phis: dict[Register, list[Register]] = {}

    @property
    def qualname(self) -> str:
        """The dotted name inside the module, as in ``__qualname__`` but without ``<locals>``."""
        if self.parent is None or self.parent.kind == "module":
            return self.name
        return f"{self.parent.qualname}.{self.name}"

    def emit(self, instruction: Instruction) -> Register:
        """Append `instruction`; its index is the register of its value."""
        self._instructions.append(instruction)
        self._blocks.append(self.block)
        return len(self._instructions) - 1

    def phi(self, sources: Iterable[Register]) -> Register:
        """A register that may hold any of `sources`; more can follow with `extend_phi`."""
        known = list(dict.fromkeys(sources))
        register = self.emit(Phi(()))
        self._phis[register] = known
        return register

    def extend_phi(self, register: Register, source: Register) -> None:
        """Add a source that is known only after the Phi was made: a loop's back edge."""
        if source not in self._phis[register]:
            self._phis[register].append(source)

    def open_block(
        self, guard: Register | None = None, expected: bool = True, certain: bool = False, loop: str = ""
    ) -> int:
        """Start a block below the current one; returns the current one for `close_block`."""
        before = self.block
        self._block_table.append(Block(before, guard, expected, certain, loop))
        self.block = len(self._block_table) - 1
        return before

    def close_block(self, before: int) -> None:
        """Go on in the block which `open_block` returned."""
        self.block = before

    def assign(self, name: str, value: Register) -> None:
        """``name = value`` in this body."""
        scope = self.scope
        if name in scope.global_names:
            self.emit(StoreOuter(0, name, value))
        elif name in scope.nonlocal_names and (owner := self._owner(name)) is not None:
            self.emit(StoreOuter(owner, name, value))
        else:
            if self.kind == "function" and name in scope.captured:
                self.emit(Store(name, value))
            if self.environment is not None:
                self.environment[name] = value
            self.assignments.append((name, value))

    def assign_comprehension(self, name: str, value: Register) -> None:
        """Bind a comprehension's variable, which the code around it does not see."""
        if name in self.scope.captured:
            self.emit(Store(name, value))
        if self.environment is not None:
            self.environment[name] = value

    def read(self, name: str) -> Register:
        """The register that holds the variable `name` here."""
        scope = self.scope
        if name not in scope.global_names and name not in scope.nonlocal_names:
            if self.environment is not None and name in self.environment:
                return self.environment[name]
            if name in scope.bound and self.kind == "function":
                return self.emit(Opaque())  # unbound here, or only on paths that we do not follow
        if name not in scope.global_names and (owner := self._owner(name)) is not None:
            return self.emit(Cell(owner, name))
        return self.emit(Global(name))

    def _owner(self, name: str) -> int | None:
        builder = self.parent
        while builder is not None and builder.kind != "module":
            if builder.kind == "function" and name in builder.scope.bound | builder.scope.comprehension:
                return builder.index
            builder = builder.parent
        return None

    def join(self, environments: Iterable[Environment | None]) -> Environment | None:
        """The environment after control flow from all of `environments` meets; None ones never arrive."""
        live = [environment for environment in environments if environment is not None]
        if not live:
            return None
        if len(live) == 1:
            return dict(live[0])
        merged: Environment = {}
        for name in dict.fromkeys(name for environment in live for name in environment):
            sources = list(dict.fromkeys(e[name] for e in live if name in e))
            merged[name] = sources[0] if len(sources) == 1 else self.phi(sources)
        return merged

    def declare_parameter(self, spec: ParameterSpec) -> None:
        """Add a parameter, bound to a register of its own."""
        self.parameters.append(spec)
        self.assign(spec.name, self.emit(Parameter(spec.name)))

    def finish(self) -> Body:
        """The finished body. Of a module's or a class's names others see the last binding."""
        if self.kind != "function":
            self.block = 0
            for name, value in self.assignments if self.environment is None else self.environment.items():
                self.emit(Store(name, value))
        instructions = list(self._instructions)
        for register, sources in self._phis.items():
            instructions[register] = Phi(tuple(sources))
        return Body(
            kind=self.kind,
            name=self.name,
            qualname=self.qualname,
            parent=self.parent.index if self.parent is not None else None,
            span=self.span,
            parameters=tuple(self.parameters),
            instructions=tuple(instructions),
            blocks=tuple(self._blocks),
            block_table=tuple(self._block_table),
            falls_through=self.environment is not None,
            is_generator=self.is_generator,
            fields=tuple(self.fields),
            decorators=self.decorators,
            spans=self.spans,
        )
