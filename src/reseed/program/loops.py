"""Loops of the parent: what runs in each turn, in which order, and which loaders are gone through there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from reseed.facts.model import Call, Element, Register
from reseed.program.activation import Activation
from reseed.program.effects import callee_paths
from reseed.program.model import Loader, Program
from reseed.program.values import External, Object, Value

Path = tuple[tuple[Activation, Register], ...]
"""The calls that lead to a place, from the loop's body on, and the place itself."""

_VISITS = 3000
# enumerate(tqdm(zip(loader, other)))
_WRAPPERS = 6


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop's body: the block `block` of `activation`. `head` is the loop's head as written."""

    activation: Activation
    block: int
    head: str


def blocks_around(activation: Activation, register: Register) -> Iterator[int]:
    """The blocks that `register` stands in, innermost first, without that which always runs."""
    block: int | None = activation.body.blocks[register]
    while block:
        yield block
        block = activation.body.block_table[block].parent


def loops_of(activation: Activation) -> Iterator[Loop]:
    """The loops in the body of `activation`, outer ones first."""
    for index, block in enumerate(activation.body.block_table):
        if block.loop:
            yield Loop(activation, index, block.loop)


def is_inside(loop: Loop, register: Register) -> bool:
    """Whether `register` of the loop's own body is computed in each turn, rather than once before the first."""
    around = list(blocks_around(loop.activation, register))
    return loop.block in around and register != element_of(loop.activation, loop.block)


def element_of(activation: Activation, block: int) -> Register | None:
    """What the turns of a ``for`` loop go through; a ``while`` loop has none."""
    first = next((r for r, inside in enumerate(activation.body.blocks) if inside == block), None)
    is_element = first is not None and isinstance(activation.body.instructions[first], Element)
    return first if is_element else None


def runs(program: Program, loop: Loop) -> Iterator[tuple[Path, Activation, Register]]:
    """Every call and iteration that a turn of the loop runs, in its own body or in what that calls."""
    engine = program.engine
    seen = {loop.activation}
    queue: deque[tuple[Activation, Path]] = deque([(loop.activation, ())])
    while queue:
        activation, path = queue.popleft()
        own = activation is loop.activation
        for register, instruction in enumerate(activation.body.instructions):
            if (
                isinstance(instruction, (Call, Element))
                and (not own or is_inside(loop, register))
                and engine.is_live(activation, register)
            ):
                yield (*path, (activation, register)), activation, register
        for register, callee in activation.calls:
            if callee in seen or register < 0 or (own and not is_inside(loop, register)):
                continue
            if engine.is_live(activation, register) and len(seen) < _VISITS:
                seen.add(callee)
                queue.append((callee, (*path, (activation, register))))


def comes_before(first: Path, second: Path) -> bool:
    """Whether `first` is reached before `second` in one turn, as far as the order of the text tells."""
    for (activation, register), (other, at) in zip(first, second, strict=False):
        if activation is not other:
            return False
        if register != at:
            return register < at
    return False


class Iterations:
    """Which loaders an iteration goes through."""

    def __init__(self, program: Program) -> None:
        self._made: dict[Value, list[Loader]] = {}
        for loader in program.loaders:
            for value in _made_by(loader):
                self._made.setdefault(value, []).append(loader)

    def loaders(self, program: Program, activation: Activation, register: Register) -> list[Loader]:
        """The loaders that ``for ... in`` at `register`, or ``iter(...)``, begins to go through."""
        instruction = activation.body.instructions[register]
        if isinstance(instruction, Element):
            stack = [instruction.value]
        elif isinstance(instruction, Call) and "builtins.iter" in callee_paths(program.engine, activation, instruction):
            stack = [argument.value for argument in instruction.arguments[:1]]
        else:
            return []
        found: dict[Loader, None] = {}
        for _ in range(_WRAPPERS):
            inner: list[Register] = []
            for each in stack:
                values = activation.registers[each]
                found.update((loader, None) for value in values for loader in self._made.get(value, ()))
                made = activation.body.instructions[each]
                # enumerate(loader) and the like go through what they are given.
                if isinstance(made, Call) and any(isinstance(v, External) for v in activation.registers[made.function]):
                    inner.extend(argument.value for argument in made.arguments)
            stack = inner
        return list(found)


def _made_by(loader: Loader) -> Iterator[Value]:
    if loader.register < 0:
        return  # a library calls the class itself: worker_init_fn=DataLoader
    results = [v for v in loader.activation.registers[loader.register] if isinstance(v, Object)]
    context = loader.activation.context
    if not results and loader.activation.body.name == "__init__" and context and isinstance(context[0], Object):
        results = [context[0]]
    yield from results
