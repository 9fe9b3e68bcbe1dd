"""Which RNG objects all workers of a loader share: those that were made before the workers started.

An object is shared if no worker code of the loader makes it, nor its ``worker_init_fn``. What a draw takes its numbers
from is followed back to where the choice is made (`reseed.rules.leaves`): of two branches that meet one may give a
shared object and the other an object of the item. Where the heap does not tell them apart, because worker code or the
seeder sets the same attribute anew, nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from reseed.facts.model import (
    Attribute,
    Call,
    Instruction,
    Register,
    SetAttribute,
)
from reseed.knowledge.numpy_global import canonical
from reseed.knowledge.seeding import rng_object_of
from reseed.program.activation import Activation
from reseed.program.effects import DrawEffect, SeedEffect
from reseed.program.model import DatasetEntry, Loader, Program
from reseed.program.objects import class_attribute, mro
from reseed.program.order import is_certain
from reseed.program.reach import Reached
from reseed.program.rng_objects import objects_in
from reseed.program.values import UNKNOWN, Constant, External, NoResult, Object, Value, Values
from reseed.rules import evaluation, judge
from reseed.rules.first_use import is_lazy, is_method, is_same_run
from reseed.rules.leaves import Leaf, leaves
from reseed.seeds.dependence import dependence
from reseed.seeds.seed import CONSTANT
from reseed.seeds.seeder import Verdict, verdict

# What stands for a global state where an RNG object is asked for: not one that is shared, but known.
_GLOBAL_STATES = frozenset({"numpy.random", "random", "torch", "torch.random"})
# No function of the tables seeds it: a seeder that helps it is one that is not understood.
_NO_STATE = "of an RNG object"
# Methods by which a class says what of its instances workers get that are not forked.
_PICKLING = ("__getstate__", "__setstate__", "__reduce__")
# Methods by which a seeder that is not seen would give a dataset another RNG object.
_RESEEDING = ("seed", "random_state", "worker_init", "set_rng", "reset_rng")


@dataclass(frozen=True, slots=True)
class SharedDraw:
    """A draw in worker code from RNG objects that all workers share, such as `made`, which `maker` makes.

    `objects` are all of them. `in_workers` says that each worker makes it, all of them from the same constant.
    """

    reached: Reached
    leaf: Leaf
    maker: tuple[Activation, Register]
    made: Object
    objects: tuple[Object, ...]
    in_workers: bool = False

    @property
    def state(self) -> str:
        """The class of the object."""
        row = rng_object_of(self.made.path.removesuffix("()"))
        return "" if row is None else row.state

    @property
    def handed_on(self) -> Iterator[tuple[Activation, Register]]:
        """The calls on the path that hand the object on, and so draw from it as ``torch.rand(generator=...)`` does."""
        for activation, register in self.reached.path:
            call = activation.body.instructions[register] if register >= 0 else None
            if isinstance(call, Call) and any(self.made in activation.registers[a.value] for a in call.arguments):
                yield activation, register


@dataclass
class Sharing:
    """What the workers of one loader, or of one dataset without a loader, share."""

    program: Program
    source: Loader | DatasetEntry
    _worker_code: set[Activation] = field(default_factory=set)
    _seeder_code: set[Activation] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Find the code that makes objects of a worker's own."""
        self._worker_code.update(self.program.reach.activations(self.source.worker))
        if isinstance(self.source, Loader):
            self._seeder_code.update(self.program.reach.activations(self.source.seeder))

    def draws(self) -> Iterator[SharedDraw]:
        """The draws from shared objects, each place once."""
        if isinstance(self.source, Loader) and _repeats_nothing(self.program, self.source):
            return
        seen = set()
        for reached in self.program.reached(self.source.worker):
            effect = reached.effect
            if not isinstance(effect, DrawEffect) or effect.source is None or reached.is_seeded:
                continue
            place = (reached.activation.module, reached.activation.index, effect.register)
            if place in seen:
                continue
            found = [
                (leaf, made)
                for leaf in leaves(self.program.engine, self._worker_code, reached.activation, effect.source)
                for made in self._shared_in(leaf)
            ]
            if found:
                leaf, made = found[0]
                maker = maker_of(self.program, made)
                in_workers = maker[0] in self._worker_code and not self._is_kept_by_parent(*maker)
                if in_workers and not _is_kept(reached, leaf):
                    continue
                seen.add(place)
                objects = tuple(dict.fromkeys(each for _, each in found))
                yield SharedDraw(reached, leaf, maker, made, objects, in_workers)

    @property
    def code_in_workers(self) -> set[Activation]:
        """What only workers run, or certainly run anew: the worker code and the ``worker_init_fn``."""
        return self._worker_code | self._seeder_code

    def _shared_in(self, leaf: Leaf) -> list[Object]:
        engine = self.program.engine
        if not all(is_clear(value) or any(objects_in(engine, (value,))) for value in leaf.values):
            return self._shared_by_every_store(leaf)
        found = list(objects_in(engine, leaf.values))
        if not found or not all(self._is_shared(made) for made in found):
            return []
        return [] if self._may_be_replaced(leaf, found) else found

    def _shared_by_every_store(self, leaf: Leaf) -> list[Object]:
        # self.rng = default_rng() if rng is None else rng: what is not seen was handed over before the workers started.
        instruction = leaf.activation.body.instructions[leaf.register]
        if not isinstance(instruction, Attribute) or not any(objects_in(self.program.engine, leaf.values)):
            return []
        holders = leaf.activation.registers[instruction.value]
        shared: list[Object] = []
        for activation, stored in self._stores(instruction.name, holders):
            if activation in self._worker_code or activation in self._seeder_code:
                return []
            made = [
                self._shared_in(each)
                for each in leaves(self.program.engine, self._worker_code, activation, stored.value)
                if not isinstance(activation.body.instructions[each.register], Attribute)
            ]
            if not any(made):
                return []
            shared += [each for found in made for each in found]
        return shared if shared and not self._may_be_replaced(leaf, shared) else []

    def _stores(self, name: str, holders: Values) -> Iterator[tuple[Activation, SetAttribute]]:
        for activation in self.program.engine.activations.values():
            for instruction in activation.body.instructions:
                if (
                    isinstance(instruction, SetAttribute)
                    and instruction.name == name
                    and any(target in holders for target in activation.registers[instruction.target])
                ):
                    yield activation, instruction

    def _is_shared(self, made: Object) -> bool:
        makers = self.program.engine.makers.get(made, {})
        if made in self._seeded or not makers:
            return False
        return all(self._is_made_before(maker, made) for maker in makers)

    def _is_made_before(self, maker: Activation, made: Object) -> bool:
        assert made.site is not None
        if maker in self._seeder_code:
            return False
        if maker in self._worker_code:
            return self._is_kept_by_parent(maker, made.site[2]) or self._is_made_alike(maker, made)
        return not self._is_made_anew_by_import(maker, made)

    def _is_kept_by_parent(self, maker: Activation, register: Register) -> bool:
        # Made on first use, and the parent was the first.
        if self._starts_afresh and not is_method(maker):
            return False
        keepers = self._keepers(maker, register)
        return any(is_same_run(keeper, ran) for keeper in keepers for ran in self._parent_code)

    def _is_made_alike(self, maker: Activation, made: Object) -> bool:
        # Made on first use, by each worker from the same constant, which in evaluation is meant.
        row = rng_object_of(made.path.removesuffix("()"))
        assert row is not None and made.site is not None
        register = made.site[2]
        return (
            row.seed_parameter is not None
            and bool(self._keepers(maker, register))
            and dependence(self.program, maker, register) == CONSTANT
            and not evaluation.is_named(maker.body.qualname.split(".")[0])
            and not evaluation.is_asked_for(maker, register)
        )

    def _keepers(self, maker: Activation, register: Register) -> list[Activation]:
        # Whose first run makes the object, which later runs keep: empty where `maker` makes another on each call.
        if is_lazy(maker, register):
            return [maker]
        calls = [(caller, at) for caller in self._worker_code for at, callee in caller.calls if callee is maker]
        return [maker, *(caller for caller, _ in calls)] if calls and all(is_lazy(*call) for call in calls) else []

    def _is_made_anew_by_import(self, maker: Activation, made: Object) -> bool:
        # Workers that are not forked import modules and make classes anew, and with them objects without a seed.
        if not self._starts_afresh:
            return False
        row = rng_object_of(made.path.removesuffix("()"))
        assert row is not None and made.site is not None
        importing = maker.body.kind != "function" or any(
            callee is maker and caller.body.kind != "function" and not is_method(maker)
            for caller in self.program.engine.activations.values()
            for _, callee in caller.calls
        )
        if not importing:
            # An instance is pickled with what it keeps; a torch.Generator cannot be, and the worker does not start.
            return row.state == "torch.Generator" or _is_pickled_by_hand(self.program, maker)
        return row.seed_parameter is not None and dependence(self.program, maker, made.site[2]) != CONSTANT

    @cached_property
    def _starts_afresh(self) -> bool:
        # Whether workers are not forked.
        return isinstance(self.source, Loader) and self.source.is_not_forked()

    @cached_property
    def _seeded(self) -> frozenset[Object]:
        # Objects which the loader's worker_init_fn gives another state, or worker code: __iter__ for its __next__.
        engine = self.program.engine
        return frozenset(
            made
            for activation in [*self._seeder_code, *self._worker_code]
            for effect in self.program.reach.effects(activation)
            if isinstance(effect, SeedEffect) and effect.target is not None
            for made in objects_in(engine, activation.registers[effect.target])
        )

    def _may_be_replaced(self, leaf: Leaf, found: list[Object]) -> bool:
        # By a seeder that is not seen, or whose dataset is not: it may give the dataset another object.
        instruction = leaf.activation.body.instructions[leaf.register]
        name = instruction.name if isinstance(instruction, Attribute) else ""
        if name in self._set_on_unknown or self._sets_by_any_name:
            return True
        if isinstance(self.source, Loader) and not self.source.row.own_seeder:
            return False
        holders = leaf.activation.registers[instruction.value] if isinstance(instruction, Attribute) else {}
        return any(
            self._sets_anew(activation, name, found)
            for activation in self.program.engine.activations.values()
            if any(word in activation.body.name for word in _RESEEDING)
            and not activation.body.name.startswith("_")
            and (not activation.context or not is_method(activation) or activation.context[0] in holders)
        )

    def _sets_anew(self, activation: Activation, name: str, found: list[Object]) -> bool:
        if any(isinstance(ins, SetAttribute) and ins.name == name for ins in activation.body.instructions):
            return True
        return any(
            isinstance(effect, SeedEffect)
            and effect.target is not None
            and any(made in found for made in objects_in(self.program.engine, activation.registers[effect.target]))
            for effect in self.program.reach.effects(activation)
        )

    @cached_property
    def _set_on_unknown(self) -> frozenset[str]:
        # Attributes which the seeder sets on something that is not seen, as it may be the dataset.
        return frozenset(
            instruction.name
            for activation in self._seeder_code
            for register, instruction in enumerate(activation.body.instructions)
            if isinstance(instruction, SetAttribute)
            and self.program.engine.is_live(activation, register)
            and any(isinstance(v, External) or v is UNKNOWN for v in activation.registers[instruction.target])
        )

    @cached_property
    def _sets_by_any_name(self) -> bool:
        # Whether the seeder sets attributes whose names are not seen: setattr(dataset, name, ...), dataset.__dict__.
        return any(
            self.program.engine.is_live(activation, register) and _sets_by_any_name(activation, instruction)
            for activation in self._seeder_code
            for register, instruction in enumerate(activation.body.instructions)
        )

    @cached_property
    def _parent_code(self) -> frozenset[Activation]:
        # What has certainly run before the loader is made, in the functions that lead to it.
        if not isinstance(self.source, Loader):
            return frozenset()
        found: set[Activation] = set()
        seen: set[Activation] = set()
        stack = [(self.source.activation, self.source.register)]
        while stack:
            activation, until = stack.pop()
            if activation in seen:
                continue
            seen.add(activation)
            self._follow(activation, until, found)
            for caller in self.program.engine.activations.values():
                stack.extend((caller, register) for register, callee in caller.calls if callee is activation)
        return frozenset(found)

    def _follow(self, activation: Activation, until: Register, found: set[Activation]) -> None:
        stack = [callee for at, callee in activation.calls if 0 <= at < until and is_certain(activation, at)]
        while stack:
            callee = stack.pop()
            if callee not in found:
                found.add(callee)
                stack.extend(inner for at, inner in callee.calls if at >= 0 and is_certain(callee, at))


def maker_of(program: Program, made: Object) -> tuple[Activation, Register]:
    """The call that makes the RNG object `made`."""
    assert made.site is not None
    return next(iter(program.engine.makers[made])), made.site[2]


def is_clear(value: Value) -> bool:
    """Whether a value that is no RNG object is known to be none."""
    # None before an object is made, or a global state where none is given.
    if isinstance(value, External):
        return canonical(value.path) in _GLOBAL_STATES
    # A dataclass's instances have what its field() makes.
    is_field = isinstance(value, Object) and value.path == "dataclasses.field()"
    return is_field or isinstance(value, (Constant, NoResult))


def _repeats_nothing(program: Program, loader: Loader) -> bool:
    if not loader.may_have_workers() or (loader.has_one_worker() and loader.lives_on()):
        return True
    given = loader.argument("worker_init_fn") is not None
    return given and verdict(program, loader, _NO_STATE) is Verdict.HELPS


def _sets_by_any_name(activation: Activation, instruction: Instruction) -> bool:
    if isinstance(instruction, Attribute):
        return instruction.name == "__dict__"
    if not isinstance(instruction, Call) or instruction.text not in ("setattr", "vars"):
        return False
    names = [argument.value for argument in instruction.arguments[1:2]]
    return not all(isinstance(v, Constant) for each in names for v in activation.registers[each]) or not names


def _is_pickled_by_hand(program: Program, maker: Activation) -> bool:
    # The class of the object whose method `maker` is says itself what workers get: __setstate__ may make it anew.
    receiver = maker.context[0] if is_method(maker) and maker.context else None
    if not isinstance(receiver, Object) or receiver.cls is None:
        return False
    order = mro(program.engine, receiver.cls)
    return any(class_attribute(program.engine, order, name, None)[0] for name in _PICKLING)


def _is_kept(reached: Reached, leaf: Leaf) -> bool:
    # Drawn from again and again, and not to make one thing once. An order in `__iter__` may be meant for all workers,
    # before each takes its part.
    kept = isinstance(leaf.activation.body.instructions[leaf.register], Attribute)
    return kept and judge.entry_of(reached).body.name != "__iter__"
