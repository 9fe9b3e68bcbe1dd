"""What a seed expression evaluates to in worker code: the abstract `Seed` of a register.

Whatever is not understood is `ANY`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reseed.facts import model
from reseed.facts.model import Register
from reseed.knowledge.numpy_global import canonical
from reseed.knowledge.seeding import (
    INTEGER_DRAWS,
    OPTIONS,
    rng_object_of,
)
from reseed.knowledge.spelling import find
from reseed.program.activation import Activation
from reseed.program.calls import is_none
from reseed.program.effects import paths_of
from reseed.program.model import Program
from reseed.program.order import names_in
from reseed.program.values import UNKNOWN as UNKNOWN_VALUE
from reseed.program.values import Constant, External, NoResult, Values
from reseed.seeds.atoms import is_state_word, of_constants, of_source, of_value
from reseed.seeds.fixed import is_fixed
from reseed.seeds.seed import (
    ANY,
    GIVEN,
    MAX_NUMPY_SEED,
    NONE,
    OPTION,
    OS,
    PARENT_WORD,
    Dependence,
    Seed,
    bounded,
    constant,
    join,
    negated,
    operate,
    whole,
)

# Calls whose result depends on their arguments and on nothing else.
_PURE_BUILTINS = "abs bool divmod float hash int len max min pow range round str sum tuple"
_PURE_NUMPY = "array asarray abs int32 int64 uint32 uint64 mod iinfo"
_PURE = frozenset(
    [f"builtins.{name}" for name in str.split(_PURE_BUILTINS)]
    + [f"numpy.{name}" for name in str.split(_PURE_NUMPY)]
    + ["math.floor", "torch.iinfo", "torch.tensor"]
)
_PURE_METHODS = ("().generate_state", "().astype")
_SEQUENCE = "numpy.random.SeedSequence"
_WHOLE = frozenset({"builtins.int", "builtins.round", "math.floor", "numpy.int64", "numpy.uint32", "numpy.uint64"})
_KEEPS_RANGE = frozenset({"builtins.float", "builtins.max", "builtins.min", "numpy.array", "numpy.asarray"})
_BUDGET = 500
_DEPTH = 60


def dependence(
    program: Program, activation: Activation, register: Register, root: Activation | None = None
) -> Dependence:
    """What the value of `register` in `activation` varies by. `root` is a seeder's worker stand-in."""
    return seed_of(program, activation, register, root).varies


def seed_of(program: Program, activation: Activation, register: Register, root: Activation | None = None) -> Seed:
    """The abstract value of `register` in `activation`. `root` is a seeder's worker stand-in."""
    found = _Evaluation(program, root, _names_tested(activation, register)).entropy(activation, register)
    if NONE in found.varies:
        return replace(found, varies=found.varies - {NONE} | {OS})
    return found


def _names_tested(activation: Activation, register: Register) -> frozenset[str]:
    # Names in the conditions under which `register` is computed: `if seed is not None`.
    names: set[str] = set()
    index: int | None = activation.body.blocks[register]
    while index is not None:
        block = activation.body.block_table[index]
        if block.guard is not None:
            names.update(names_in(activation, block.guard))
        index = block.parent
    return frozenset(names)


class _Evaluation:
    """One evaluation: each register once, loops closed, within a budget."""

    def __init__(self, program: Program, root: Activation | None, tested: frozenset[str]) -> None:
        self.program = program
        self.root = root
        self.tested = tested
        self.done: dict[tuple[Activation, Register], Seed | None] = {}
        self.depth = 0

    def seed(self, activation: Activation, register: Register) -> Seed:
        """The seed at `register`. What a loop adds to itself has no bounds."""
        here = (activation, register)
        if here in self.done:
            found = self.done[here]
            return Seed() if found is None else found
        if len(self.done) > _BUDGET or self.depth > _DEPTH:
            return ANY
        self.done[here] = None
        self.depth += 1
        result = self._evaluate(activation, register)
        self.depth -= 1
        self.done[here] = result
        return result

    def entropy(self, activation: Activation, register: Register) -> Seed:
        """The seed at `register`, as what takes a seed is given it: in a list of numbers no None is accepted."""
        found = self.seed(activation, register)
        if isinstance(activation.body.instructions[register], model.Collection):
            return replace(found, varies=found.varies - {OPTION, GIVEN, NONE})
        return found

    def _evaluate(self, act: Activation, register: Register) -> Seed:
        instruction = act.body.instructions[register]
        values = act.registers[register]
        if isinstance(instruction, model.Phi):
            sources = [source for source in instruction.sources if self._may_reach(act, source)]
            return join(self.seed(act, source) for source in sources) if sources else ANY
        if isinstance(instruction, model.Parameter):
            return self._parameter(act, instruction.name)
        if "epoch" in (getattr(instruction, "name", None) or ""):
            return ANY  # the parent may count in it
        if isinstance(instruction, model.Operation):
            return self._operation(act, instruction, values)
        if isinstance(instruction, model.Call):
            return self._call(act, register, instruction)
        if values and all(isinstance(value, (Constant, NoResult)) for value in values):
            return of_constants(values)
        if isinstance(instruction, model.Collection):
            return join(self.seed(act, item) for item in instruction.items)
        if isinstance(instruction, (model.Attribute, model.Item, model.Unpack, model.Global, model.Cell)):
            return self._read(act, register, instruction, values)
        return ANY

    def _is_live(self, act: Activation, register: Register) -> bool:
        return self.program.engine.is_live(act, register)

    def _may_reach(self, act: Activation, source: Register) -> bool:
        # A parameter that is None does not come out of `if seed is None: seed = ...`.
        parameter = act.body.instructions[source]
        if isinstance(parameter, model.Parameter) and all(map(is_none, act.registers[source])):
            guards = [block.guard for block in act.body.block_table if block.guard is not None]
            return all(parameter.name not in names_in(act, guard) for guard in guards)
        return self._is_live(act, source)

    def _operation(self, act: Activation, instruction: model.Operation, values: Values) -> Seed:
        operands = [self.seed(act, operand) for operand in instruction.operands]
        if instruction.operator in ("and", "or"):
            if values and all(isinstance(value, Constant) for value in values):
                return of_constants(values)
            return join(operands)
        if instruction.operator == "f":
            return ANY
        if len(operands) == 2:
            return operate(instruction.operator, *operands)
        return negated(operands[0]) if instruction.operator == "-" else bounded(operands[0], None, None)

    def _read(self, act: Activation, here: Register, instruction: model.Instruction, values: Values) -> Seed:
        if isinstance(instruction, model.Cell) and UNKNOWN_VALUE in values and _is_argument(act, instruction):
            return Seed(frozenset({GIVEN}))
        word = is_state_word(act, instruction)
        if word:
            return Seed(frozenset({PARENT_WORD}), 0, MAX_NUMPY_SEED)
        if values and all(isinstance(value, (Constant, NoResult, External)) for value in values):
            known = [seed for value in values if (seed := of_value(self.program, value)) is not None]
            if len(known) == len(values):
                return join(known) if len(known) == 1 or not any(isinstance(v, Constant) for v in values) else ANY
        if UNKNOWN_VALUE in values and _is_configured(act, instruction) and is_fixed(self.program, act, here):
            return Seed(frozenset({GIVEN}))
        if isinstance(instruction, model.Item):
            return bounded(join([self.seed(act, instruction.value), self.seed(act, instruction.key)]), None, None)
        if isinstance(instruction, (model.Attribute, model.Unpack)):
            if (limit := self._integer_limit(act, instruction)) is not None:
                return constant(limit)
            inner = act.body.instructions[instruction.value]
            if isinstance(inner, (model.Call, model.Item, model.Attribute, model.Unpack)):
                return bounded(self.seed(act, instruction.value), None, None)
        return ANY

    def _integer_limit(self, act: Activation, instruction: model.Attribute | model.Unpack) -> int | None:
        # np.iinfo(np.int32).max
        call = act.body.instructions[instruction.value]
        if not isinstance(instruction, model.Attribute) or instruction.name != "max":
            return None
        if not isinstance(call, model.Call) or not call.arguments:
            return None
        if any(path.endswith(".iinfo") for path in paths_of(act.registers[call.function])):
            return None
        for value in act.registers[call.arguments[0].value]:
            if isinstance(value, External) and (limit := _LIMITS.get(value.path.rpartition(".")[2])) is not None:
                return limit
        return None

    def _parameter(self, act: Activation, name: str) -> Seed:
        values = act.parameters.get(name, {})
        bindings = list(act.bindings.get(name, {}))
        if "epoch" in name:
            return ANY
        bound = {value for caller, register in bindings for value in caller.registers[register]}
        rest = {value: None for value in values if value not in bound}
        found = [self.seed(caller, register) for caller, register in bindings]
        if rest or not bindings:
            found.append(self._fixed(act, name, rest))
        return join(found)

    def _fixed(self, act: Activation, name: str, values: Values) -> Seed:
        # Values without a register: the worker's number, defaults, and what a partial was given in the parent.
        if values and all(isinstance(value, (Constant, NoResult)) for value in values):
            if self.root is not None and any(callee is act for _, callee in self.root.calls):
                numbers = {v: None for v in values if not is_none(v)} if name in self.tested else values
                return join(of_constants({value: None}) for value in numbers or values)  # the parent chose one
            return of_constants(values)
        known = [seed for value in values if (seed := of_value(self.program, value)) is not None]
        if known and len(known) == len(values):
            return join(known)
        return Seed(frozenset({GIVEN})) if self._is_given(act, name) else ANY

    def _is_given(self, act: Activation, name: str) -> bool:
        # partial(seed_worker, seed=seed), with a parameter of the function that makes the loader. What changes while
        # that function runs, as the variable of a loop does, is no parameter.
        loader = next((each for each in self.program.loaders if each.seeder is self.root), None)
        register = loader.argument_register("worker_init_fn") if loader else None
        if loader is None or register is None or not any(callee is act for _, callee in loader.seeder.calls):
            return False
        maker = loader.activation.body.instructions
        stack = [register]
        found: list[Register] = []
        while stack:
            instruction = maker[stack.pop()]
            if isinstance(instruction, model.Phi):
                stack.extend(source for source in instruction.sources if source < register)
            elif isinstance(instruction, model.Call) and instruction.text.endswith("partial"):
                found.extend(argument.value for argument in instruction.arguments if argument.keyword == name)
        return bool(found) and all(_is_settled(loader.activation, maker[value]) for value in found)

    def _call(self, act: Activation, register: Register, call: model.Call) -> Seed:
        callees = act.registers[call.function]
        found = [self._external_call(act, call, path) for path in paths_of(callees)]
        for at, callee in act.calls:
            if at == register:
                found.extend(self._results(callee))
        if UNKNOWN_VALUE in callees or not found:
            return ANY
        return join(found)

    def _results(self, callee: Activation) -> Iterator[Seed]:
        for index, instruction in enumerate(callee.body.instructions):
            if isinstance(instruction, model.Return) and self._is_live(callee, index):
                yield self.seed(callee, instruction.value)
        if callee.body.falls_through and not callee.body.is_generator:
            yield Seed(frozenset({NONE}))

    def _external_call(self, act: Activation, call: model.Call, path: str) -> Seed:
        path = canonical(path)
        callee = act.body.instructions[call.function]
        if path.endswith(("().item", "().tolist")) and isinstance(callee, model.Attribute):
            return self.seed(act, callee.value)
        arguments = [self.seed(act, argument.value) for argument in call.arguments]
        source = of_source(f"{path}()") or of_source(path)
        if source is not None:
            return bounded(source, *_drawn_between(path, arguments)) if find(INTEGER_DRAWS, path) else source
        if any(option in f"{path}()" for option in OPTIONS):
            return Seed(frozenset({OPTION}))
        if path in _PURE and len(arguments) == 1 and path in _WHOLE:
            result = whole(arguments[0])
            return Seed(result.varies - {OPTION}, result.low, result.high, result.slope, result.ticks)
        if path == _SEQUENCE:
            return self._sequence(act, call)
        if path.endswith(f"{_SEQUENCE}().spawn") and isinstance(callee, model.Attribute):
            return self.seed(act, callee.value)  # a child has its number from the key that it is looked up by
        if path in _PURE or rng_object_of(path) is not None or path.endswith(_PURE_METHODS):
            if rng_object_of(path) is not None:
                arguments = [self.entropy(act, argument.value) for argument in call.arguments]
                if not arguments:
                    return Seed(frozenset({OS}))
            if isinstance(callee, model.Attribute) and "()" in path:
                arguments.append(self.seed(act, callee.value))
            result = join(arguments) if arguments else Seed()
            if path.endswith(".generate_state"):
                return bounded(result, 0, MAX_NUMPY_SEED)
            return result if path in _KEEPS_RANGE else bounded(result, None, None)
        return ANY

    def _sequence(self, act: Activation, call: model.Call) -> Seed:
        # Without entropy of its own, or with None, a seed sequence takes the operating system's.
        given = {argument.keyword or "entropy": argument.value for argument in call.arguments}
        if "entropy" not in given:
            return Seed(frozenset({OS}))
        parts = [self.entropy(act, given[name]) for name in ("entropy", "spawn_key") if name in given]
        return bounded(join(parts), None, None)


def _drawn_between(path: str, arguments: list[Seed]) -> tuple[float | None, float | None]:
    # torch.randint(high, size), (low, high, size); the others without a size, as a seed asks for one number.
    known = [seed.exact for seed in arguments]
    if path.startswith("torch."):
        known = known[:-1]
    if not known or len(known) > 2 or None in known:
        return None, None
    return (0, known[0]) if len(known) == 1 else (known[0], known[1])


_LIMITS: dict[str, int] = {
    **{f"int{bits}": 2 ** (bits - 1) - 1 for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": 2**bits - 1 for bits in (8, 16, 32, 64)},
}


def _is_settled(maker: Activation, instruction: model.Instruction) -> bool:
    # A parameter of the function that makes the loader, if no caller is seen.
    if not isinstance(instruction, model.Parameter) or "epoch" in instruction.name:
        return False
    return not maker.bindings.get(instruction.name)


def _is_configured(act: Activation, instruction: model.Instruction) -> bool:
    # args.seed, self.cfg.seed; not info.seed, which may be a worker's.
    if not isinstance(instruction, model.Attribute):
        return False
    owner = act.body.instructions[instruction.value]
    named = isinstance(owner, (model.Attribute, model.Cell, model.Global, model.Parameter))
    return named and not any("info" in name or "worker" in name for name in names_in(act, instruction.value))


def _is_argument(act: Activation, cell: model.Cell) -> bool:
    # A variable of the function around that is its parameter, and is never assigned to.
    owner = act.closure
    while owner is not None and owner.index != cell.body:
        owner = owner.closure
    if owner is None or "epoch" in cell.name or owner.bindings.get(cell.name):
        return False
    if all(spec.name != cell.name for spec in owner.body.parameters):
        return False
    return not any(
        isinstance(instruction, model.Store)
        and instruction.name == cell.name
        and not isinstance(owner.body.instructions[instruction.value], model.Parameter)
        for instruction in owner.body.instructions
    )
