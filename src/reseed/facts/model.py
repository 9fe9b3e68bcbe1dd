"""The facts of one module: its code as a small program of registers.

Python's syntax tree is lowered to straight lists of instructions, one list a *body* (the module itself, each
function, lambda and class body). An instruction's index in its body is the register that holds its value.
Local names are resolved already: within a body every read of a local variable names the one register, or the
`Phi` of registers, that can reach it (static single assignment). What nested functions and other modules can
see is stored by name as well (`Store`).

Facts know no other module, are immutable, and hold only plain data, so that they can be made in parallel,
stored, and linked by `reseed.program`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from reseed.source.position import Span

Register = int


@dataclass(frozen=True, slots=True)
class Const:
    """A literal. `value` is None, a bool, number, string, bytes or Ellipsis."""

    value: object


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value of which nothing is known, computed from `operands`."""

    operands: tuple[Register, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """The value passed for the body's parameter `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Global:
    """Read of a name that no enclosing function binds: a global of the module, or a builtin."""

    name: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Read of a variable of the enclosing function whose body has the index `body`."""

    body: int
    name: str


@dataclass(frozen=True, slots=True)
class Phi:
    """Any one of several registers: where control flow joins."""

    sources: tuple[Register, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """``value.name``."""

    value: Register
    name: str


@dataclass(frozen=True, slots=True)
class SetAttribute:
    """``target.name = value``."""

    target: Register
    name: str
    value: Register


@dataclass(frozen=True, slots=True)
class Item:
    """``value[key]``."""

    value: Register
    key: Register


@dataclass(frozen=True, slots=True)
class SetItem:
    """``target[key] = value``, or ``del target[key]`` where it is `removed`: `value` says nothing then."""

    target: Register
    key: Register
    value: Register
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """What iterating over `value` gives."""

    value: Register


@dataclass(frozen=True, slots=True)
class Unpack:
    """The part at `index` of an unpacked value; `rest` for a starred target."""

    value: Register
    index: int
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call. `star` is ``""``, ``"*"`` or ``"**"``; `keyword` is None for a positional one."""

    value: Register
    keyword: str | None = None
    star: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A call. `text` is the callee as written, shortened; `decorator` tells ``@f`` from ``f(...)``."""

    function: Register
    arguments: tuple[Argument, ...]
    text: str
    decorator: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """A list, tuple or set display (`kind` is that word), or a ``"comprehension"``: any number of its one item.

    `starred` are the indices of unpacked items.
    """

    kind: str
    items: tuple[Register, ...]
    starred: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A dict display: pairs of registers, the key None for ``**mapping``."""

    pairs: tuple[tuple[Register | None, Register], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator applied to `operands`; `operator` is its sign: ``"+"``, ``"not"``, ``"is not"``.

    That of an f-string is ``"f"``.
    """

    operator: str
    operands: tuple[Register, ...]


@dataclass(frozen=True, slots=True)
class MakeFunction:
    """A ``def`` or ``lambda`` is reached: its body's index and its parameters' defaults."""

    body: int
    defaults: tuple[tuple[str, Register], ...]


@dataclass(frozen=True, slots=True)
class MakeClass:
    """A ``class`` statement is reached: the index of its body, and its bases."""

    body: int
    bases: tuple[Register, ...]


@dataclass(frozen=True, slots=True)
class Import:
    """``import module`` (`name` None) or ``from module import name``; `level` counts leading dots.

    `top` says that the top-level package is bound: ``import a.b`` binds ``a``.
    """

    module: str
    name: str | None
    level: int
    top: bool = False


@dataclass(frozen=True, slots=True)
class Store:
    """``name = value`` in the body's own scope, where others can read it."""

    name: str
    value: Register


@dataclass(frozen=True, slots=True)
class StoreOuter:
    """The same through ``global`` (`body` 0) or ``nonlocal``."""

    body: int
    name: str
    value: Register


@dataclass(frozen=True, slots=True)
class Return:
    """``return value``."""

    value: Register


@dataclass(frozen=True, slots=True)
class Yield:
    """``yield value``; `delegate` for ``yield from``."""

    value: Register
    delegate: bool = False


Instruction = (
    Const
    | Opaque
    | Parameter
    | Global
    | Cell
    | Phi
    | Attribute
    | SetAttribute
    | Item
    | SetItem
    | Element
    | Unpack
    | Call
    | Collection
    | Dictionary
    | Operation
    | MakeFunction
    | MakeClass
    | Import
    | Store
    | StoreOuter
    | Return
    | Yield
)


def operands(instruction: Instruction) -> tuple[Register, ...]:
    """The registers whose values an instruction uses."""
    if isinstance(instruction, Call):
        return (instruction.function, *(argument.value for argument in instruction.arguments))
    if isinstance(instruction, (Attribute, Element, Unpack, Store, StoreOuter, Return, Yield)):
        return (instruction.value,)
    if isinstance(instruction, Item):
        return (instruction.value, instruction.key)
    if isinstance(instruction, SetAttribute):
        return (instruction.target, instruction.value)
    if isinstance(instruction, SetItem):
        return (instruction.target, instruction.key, instruction.value)
    if isinstance(instruction, Phi):
        return instruction.sources
    if isinstance(instruction, (Operation, Opaque)):
        return instruction.operands
    if isinstance(instruction, Collection):
        return instruction.items
    if isinstance(instruction, Dictionary):
        return tuple(register for pair in instruction.pairs for register in pair if register is not None)
    if isinstance(instruction, MakeFunction):
        return tuple(register for _, register in instruction.defaults)
    return instruction.bases if isinstance(instruction, MakeClass) else ()


@dataclass(frozen=True, slots=True)
class Block:
    """A run of instructions under one condition.

    It runs only where `parent` runs and the truth of register `guard` is `expected`. Without a guard the
    condition is unknown (a loop may have no turn, an exception may not come); `certain` tells a block that
    always runs where its parent does. Of a loop's body `loop` is the head as written, shortened
    (``for epoch in range(10)``): it may run more than once. A ``for`` loop's body begins with its `Element`.
    """

    parent: int | None
    guard: Register | None = None
    expected: bool = True
    certain: bool = False
    loop: str = ""


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One parameter; `kind` is ``"positional"``, ``"keyword"`` (only by keyword), ``"*"`` or ``"**"``."""

    name: str
    kind: str
    positional_only: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What running a body needs to know of it: operands and users of each register, and those that close loops."""

    operands: tuple[tuple[Register, ...], ...]
    # The registers further down that are computed from each.
    users: tuple[tuple[Register, ...], ...]
    back_edges: tuple[Register, ...]
    # The registers that use a parameter.
    parameters: dict[str, tuple[Register, ...]]


@dataclass(frozen=True)
class Body:
    """The instructions of a module, function, lambda or class.

    `parent` is the index of the body it stands in. `blocks` holds the block of each instruction as an index
    into `block_table`; block 0 always runs. `falls_through` says that the end can be reached without a
    ``return``. `fields` are a class body's annotated names, in order, `decorators` a function's, as
    written. `spans` says where the calls, attributes,
    items and iterations stand.
    """

    kind: str
    name: str
    qualname: str
    parent: int | None
    span: Span
    parameters: tuple[ParameterSpec, ...]
    instructions: tuple[Instruction, ...]
    blocks: tuple[int, ...]
    block_table: tuple[Block, ...]
    falls_through: bool = True
    is_generator: bool = False
    fields: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    spans: Mapping[Register, Span] = field(default_factory=dict)

    @cached_property
    def shape(self) -> Shape:
        """What running it needs to know of it."""
        back_edges = []
        parameters: dict[str, list[Register]] = {spec.name: [] for spec in self.parameters}
        for register, instruction in enumerate(self.instructions):
            if isinstance(instruction, Phi) and any(source > register for source in instruction.sources):
                back_edges.append(register)
            elif isinstance(instruction, Parameter):
                parameters.setdefault(instruction.name, []).append(register)
            elif isinstance(instruction, Call) and instruction.text == "super":
                for registers in parameters.values():  # it takes the first one without naming it
                    registers.append(register)
        used = tuple(map(operands, self.instructions))
        users: list[list[Register]] = [[] for _ in used]
        for register, sources in enumerate(used):
            for source in sources:
                if source < register:
                    users[source].append(register)
        return Shape(
            used,
            tuple(map(tuple, users)),
            tuple(back_edges),
            {name: tuple(registers) for name, registers in parameters.items()},
        )


@dataclass(frozen=True)
class ModuleFacts:
    """All that is known of one module: its bodies (index 0 is the module's own) and its star imports.

    `name` is the dotted name under which other modules of the program import it.
    """

    path: str
    name: str
    bodies: Sequence[Body]
    star_imports: tuple[tuple[str, int], ...] = ()

    @cached_property
    def global_names(self) -> frozenset[str]:
        """The names that it binds itself."""
        stores = {ins.name for ins in self.bodies[0].instructions if isinstance(ins, Store)}
        outer = {
            ins.name
            for body in self.bodies
            for ins in body.instructions
            if isinstance(ins, StoreOuter) and ins.body == 0
        }
        return frozenset(stores | outer)
