"""Whether a holder can take the place of an RNG object: one that hands on what is asked of it, and is no RNG itself.

It cannot where a library is given the object, which may look at its class, nor where the parent takes something from
it that worker code draws from: a bound method, a child. What draws from the object, keeps it, or hands it to code of
the program does not see the difference. Nor must each worker have an object of its own where all of them put a stream
in one order, of which each then takes its share.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass
from functools import cached_property

from reseed.facts.model import Argument, Attribute, Call, Instruction, Opaque, Register, SetAttribute, operands
from reseed.knowledge.seeding import rng_object_of
from reseed.program.activation import Activation
from reseed.program.effects import DrawEffect
from reseed.program.model import ROOT, Program
from reseed.program.objects import ALL, CONTAINERS, RNG
from reseed.program.reach import Reached
from reseed.program.values import Bound, Class, Constant, External, Function, Method, Object, Site, Value
from reseed.rules import judge
from reseed.rules.finding import Maker
from reseed.rules.sharing import maker_of

HELD = frozenset({"numpy.random.default_rng", "numpy.random.RandomState", "random.Random"})
"""Constructors that take a seed and nothing else, which all of them take as a number of 32 bits."""
SEEDED = "torch.Generator"
"""The state of objects that no holder can replace, and a seeder can seed."""
_LASTING = frozenset({"clone_state", "jumped", "manual_seed", "seed", "set_state", "setstate", "spawn"})
"""Methods whose effect on the parent's object a worker's own does not have."""

_ORDERING = frozenset({"choice", "choices", "permutation", "permuted", "sample", "shuffle"})
"""Draws by which a stream may be put in order."""


def orders_stream(reached: Reached) -> bool:
    """Whether a draw may put the samples of an iterable dataset in order, or choose among them."""
    effect = reached.effect
    in_stream = judge.entry_of(reached).body.name in ("__iter__", "__next__")
    return in_stream and isinstance(effect, DrawEffect) and effect.path.rpartition(".")[2] in _ORDERING


def makers_of(program: Program, objects: Collection[Object]) -> tuple[Maker, ...]:
    """The calls that make `objects`, each once."""
    places = [program.place(*maker_of(program, made)) for made in objects]
    return tuple(dict.fromkeys(Maker(place.path, place.span) for place in places))


@dataclass
class Holders:
    """Where a holder can take an RNG object's place in `program`.

    `in_workers` is what workers run; `ordering` are the objects that put streams in order (`orders_stream`).
    """

    program: Program
    in_workers: Collection[Activation]
    ordering: Collection[Object]

    def obstacle(self, objects: Collection[Object]) -> str:
        """Why a holder cannot take the place of `objects`, empty where it can."""
        sites = frozenset(made.site for made in objects if made.site is not None)
        if sites & {made.site for made in self.ordering}:
            return "workers may have to draw alike where `__iter__` shuffles or chooses what they then share out"
        for made in objects:
            reason = _of_maker(self.program, made)
            if reason:
                return reason
        reasons = (use.obstacle(sites) for site in sorted(sites) for use in self._uses.get(site, ()))
        return next(filter(None, reasons), "")

    @cached_property
    def _uses(self) -> dict[Site, list[_Use]]:
        # Looked for once: a program has few RNG objects, and many instructions.
        found: dict[Site, list[_Use]] = {}
        for activation in self.program.engine.activations.values():
            for register, instruction in enumerate(activation.body.instructions):
                use = _Use(self.program, activation, register, activation in self.in_workers)
                for site in use.sites(instruction):
                    found.setdefault(site, []).append(use)
        return found


def _of_maker(program: Program, made: Object) -> str:
    place = program.place(*maker_of(program, made))
    row = rng_object_of(made.path.removesuffix("()"))
    if row is not None and row.state == SEEDED:
        return "`generator=` takes a torch.Generator only; without it, torch draws from what it seeds in every worker"
    if row is None or row.path not in HELD or made.cls is not None:
        return f"the RNG object on line {place.span.line} is not made by default_rng, RandomState or random.Random"
    if made.site is None or made.site[0] != ROOT:
        return f"the RNG object is made in another file, at {place.path}:{place.span.line}"
    return ""


def _site_of(value: Value) -> Iterator[Site]:
    """Where the RNG object is made that `value` is, or whose method it is."""
    made = value.receiver if isinstance(value, Method) else value
    if isinstance(made, Object) and made.kind == RNG and made.site is not None:
        yield made.site


@dataclass(frozen=True, slots=True)
class _Use:
    """The instruction at `register` of `activation`, and what it does with RNG objects."""

    program: Program
    activation: Activation
    register: Register
    in_worker: bool

    def sites(self, instruction: Instruction) -> set[Site]:
        """Where the RNG objects are made that `instruction` has to do with."""
        found = {site for operand in operands(instruction) for site in self._held(operand, (Object, Method))}
        for argument in instruction.arguments if isinstance(instruction, Call) else ():
            found.update(self._unpacked(argument))
        return found

    def obstacle(self, sites: Set[Site]) -> str:
        instruction = self.activation.body.instructions[self.register]
        held = {operand for operand in operands(instruction) if not sites.isdisjoint(self._held(operand, Object))}
        taken = {operand for operand in operands(instruction) if not sites.isdisjoint(self._held(operand, Method))}
        if isinstance(instruction, Call):
            return self._obstacle_of_call(instruction, held, taken, sites)
        if isinstance(instruction, SetAttribute) and instruction.target in taken and not self.in_worker:
            return f"the parent sets the state of the RNG object {self._where()}"
        if taken and not self.in_worker and not isinstance(instruction, Attribute):
            return f"the parent keeps a method of the RNG object {self._where()}"
        if isinstance(instruction, SetAttribute) and instruction.target in held:
            return f"an attribute of the RNG object is set {self._where()}"
        if isinstance(instruction, SetAttribute) and held and self._is_external(instruction.target):
            return f"the RNG object is given to something that is not seen {self._where()}"
        if isinstance(instruction, Opaque) and held:
            return f"it is not seen what becomes of the RNG object {self._where()}"
        return ""

    def _obstacle_of_call(self, call: Call, held: set[Register], taken: set[Register], sites: Set[Site]) -> str:
        arguments = {argument.value for argument in call.arguments}
        held = held | {each.value for each in call.arguments if not sites.isdisjoint(self._unpacked(each))}
        called = self.activation.registers[call.function]
        if not self.in_worker and call.function in taken:
            names = [value.name for value in called if isinstance(value, Method)]
            if any(name in _LASTING for name in names):
                return f"what `{call.text}(...)` does {self._where()} would not last: workers make their own RNG object"
        if not self.in_worker and arguments & taken:
            return f"the parent hands on a method of the RNG object {self._where()}"
        if arguments & held and not (called and all(self._is_ours(value, call) for value in called)):
            return f"`{call.text}(...)` is given the RNG object itself {self._where()}"
        return ""

    def _is_ours(self, callee: Value, call: Call) -> bool:
        # Whether what is called is code of the program, where the object is followed further.
        if isinstance(callee, (Function, Bound, Class)):
            return True
        if isinstance(callee, Object):
            return callee.kind in ("instance", "partial")
        if isinstance(callee, External) and callee.path == "builtins.getattr":
            return self.in_worker
        if isinstance(callee, External) and callee.path == "functools.partial":
            functions = self.activation.registers[call.arguments[0].value]
            return bool(functions) and all(isinstance(each, (Function, Bound, Class)) for each in functions)
        return False

    def _held(self, operand: Register, kind: type | tuple[type, ...]) -> Iterator[Site]:
        for value in self.activation.registers[operand]:
            if isinstance(value, kind):
                yield from _site_of(value)

    def _unpacked(self, argument: Argument) -> Iterator[Site]:
        # What a *sequence or a **mapping holds.
        for value in self.activation.registers[argument.value] if argument.star else ():
            if isinstance(value, Object) and value.kind in CONTAINERS:
                for inner in self.program.engine.read((value, ALL)):
                    yield from _site_of(inner)

    def _is_external(self, target: Register) -> bool:
        known = (Object, Class, Function, Constant)
        return not all(isinstance(value, known) for value in self.activation.registers[target])

    def _where(self) -> str:
        place = self.program.place(self.activation, self.register)
        if self.register not in self.activation.body.spans:
            return f"in {place.function or place.path}"
        return f"on line {place.span.line}" if self.activation.module == ROOT else f"at {place.path}:{place.span.line}"
