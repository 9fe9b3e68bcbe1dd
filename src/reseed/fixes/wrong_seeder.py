"""The repair of wrong seeders: RNG212 to RNG215, RNG218, and RNG112 for a loader that has a seeder.

Only a function of the module that serves as a seeder and nothing else is changed, and in it only the seed, or the call
that is missing. Where that cannot be, and nothing but seeds is lost, the loader is given a right seeder instead.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from reseed.fixes.body import (
    Seeding,
    is_meant,
    only_seeds,
    seed_value,
    seedings_of,
    unknown_calls,
    values_of_locals,
)
from reseed.fixes.edits import Declined, Edit
from reseed.fixes.given_seeder import GivenSeeder, is_used_otherwise, own_nodes, parameters_of
from reseed.fixes.names import Names
from reseed.fixes.seed_value import Known, Value
from reseed.fixes.spelling import Spelling
from reseed.fixes.written_seeds import INFO, NUMPY_GLOBAL, WORKER_SEED, WRITTEN, modulus_for, writable
from reseed.source.lines import Lines

WRONG_SEED = ("RNG212", "RNG213")
OUT_OF_RANGE = "RNG214"
MISSES = ("RNG215", "RNG112")
SIGNATURE = "RNG218"
_SHOWN = {"print", "logging.info", "logging.debug"}


class ReplaceIt(Exception):
    """The loader is better given another seeder, which seeds `states` as well as what is asked for."""

    def __init__(self, states: Collection[str] = ()) -> None:
        super().__init__(*states)
        self.states = frozenset(states)


class _LooksRight(Declined):
    """There is nothing to change, and a seeder that looks right is not exchanged for another one."""


@dataclass(slots=True)
class WrongSeeder:
    """The repair of one seeder: the edits in its body that a finding of the code `code` about `states` asks for."""

    given: GivenSeeder
    code: str
    states: frozenset[str]
    names: Names
    lines: Lines
    spelling: Spelling
    _edits: list[Edit] = field(default_factory=list)

    def edits(self) -> list[Edit]:
        """The edits.

        Raises ReplaceIt where the loader should be given a seeder of its own instead, Declined where there is nothing
        that can be done rightly.
        """
        function = self.given.function
        if self.code in WRONG_SEED and self.given.condition:
            raise Declined("the seeder is given under a condition, and its seed may be meant")
        if function is None:
            if self.code in MISSES:
                raise Declined("what the seeder seeds now, wrongly, would be lost: see RNG213")
            raise ReplaceIt
        if self.code in WRONG_SEED and any(
            each.states & self.states and is_meant(each.call, function, self.names)
            for each in seedings_of(function, self.names)
        ):
            raise Declined("the seed is set under a condition, and may be meant")
        try:
            if isinstance(function, ast.Lambda):
                raise Declined("the seeder is a lambda that does more than seed")
            if is_used_otherwise(self.given, self.names):
                raise Declined(f"{function.name} may serve others than the loader, and does more than seed")
            return list(self._of_function(function))
        except _LooksRight:
            raise
        except Declined:
            if only_seeds(function, self.names):
                raise self._instead_of(function) from None
            raise

    def _instead_of(self, function: ast.FunctionDef | ast.Lambda) -> ReplaceIt:
        """What to raise where `function` only seeds."""
        seedings = seedings_of(function, self.names)
        local = values_of_locals(function, self.names) if isinstance(function, ast.FunctionDef) else {}
        if self.code in MISSES and not all(each.seed and self._is_right(each, local) for each in seedings):
            raise Declined("what the seeder seeds now, wrongly, would be lost: see RNG212 and RNG213")
        return ReplaceIt(writable(state for each in seedings for state in each.states))

    def _of_function(self, function: ast.FunctionDef) -> Iterator[Edit]:
        if self.code == SIGNATURE:
            yield self._with_parameter(function)
        elif self.code in MISSES:
            yield self._with_seedings(function)
        else:
            yield from self._with_right_seeds(function)

    def _with_right_seeds(self, function: ast.FunctionDef) -> Iterator[Edit]:
        """The seeds of the states replaced, each by one from the worker's."""
        wrong = [each for each in seedings_of(function, self.names) if each.states & self.states]
        if not wrong:
            raise _LooksRight(f"{function.name} seeds through what is not seen here")
        local = values_of_locals(function, self.names)
        edits: list[Edit] = []
        removed = self._removed(function, wrong) if self.code in WRONG_SEED else {}
        for seeding in wrong:
            if seeding.seed is None:
                raise Declined(f"`{ast.unparse(seeding.call)}` is not given its seed by {function.name}")
            if self._is_right(seeding, local) or (self.code == OUT_OF_RANGE and not self._is_large(seeding, local)):
                continue
            if seeding.call in removed:
                edits.append(removed[seeding.call])
            else:
                edits.append(self._with_right_seed(function, seeding, local, {*removed}))
        if not edits:
            raise _LooksRight(f"the seeds in {function.name} are right as far as its text shows")
        yield from dict.fromkeys(edits)

    def _is_right(self, seeding: Seeding, local: dict[str, Known]) -> bool:
        assert seeding.seed is not None
        right = {"2**31": {Value.C_INT_SEED}, "2**32": {Value.C_INT_SEED, Value.NUMPY_SEED}}
        wanted = right.get(modulus_for(seeding.states), {Value.C_INT_SEED, Value.NUMPY_SEED, Value.WORKER_SEED})
        return seed_value(seeding.seed, local, self.names) in wanted

    def _is_large(self, seeding: Seeding, local: dict[str, Known]) -> bool:
        """Whether a seed may have more than 32 bits: the worker's seed as it is, or what some call gives."""
        seed = seeding.seed
        assert seed is not None and self.given.function is not None
        if seed_value(seed, local, self.names) is Value.WORKER_SEED:
            return True
        if is_meant(seeding.call, self.given.function, self.names):
            return False
        parts: list[ast.AST] = [seed]
        for name in [node for node in ast.walk(seed) if isinstance(node, ast.Name)]:
            scope = self.names.scope_of(name.id, name)
            bound = self.names.bindings(scope)[name.id] if scope is self.given.function else []
            parts.extend(self.names.parents[binding.node] for binding in bound if isinstance(binding.node, ast.Name))
        return any(isinstance(node, ast.Call) for part in parts for node in ast.walk(part))

    def _with_right_seed(
        self, function: ast.FunctionDef, seeding: Seeding, local: dict[str, Known], removed: Collection[ast.Call]
    ) -> Edit:
        seed = seeding.seed
        assert seed is not None
        modulus = modulus_for(seeding.states)
        if modulus and seed_value(seed, local, self.names) is Value.WORKER_SEED:
            start, end = self.lines.span(seed)
            text = self.lines.text[start:end]
            simple = isinstance(seed, (ast.Name, ast.Attribute, ast.Call))
            return Edit(start, end, f"{text if simple else f'({text})'} % {modulus}")
        target = self._assigned(function, seed)
        if target is not None:
            fed = [each for each in seedings_of(function, self.names) if _is_same_name(each.seed, seed)]
            states = {state for each in fed for state in each.states} | {NUMPY_GLOBAL}
            seed, modulus = target, modulus_for(states)
        ahead = [each for each in seedings_of(function, self.names) if "torch-global" in each.states]
        ahead = [each for each in ahead if each.call not in removed and not each.states & self.states]
        spoilt = [*(each.call for each in ahead), *unknown_calls(function, self.names)]
        source = self._source(seed, any(_stands_before(call, seed) for call in spoilt if call is not seeding.call))
        return Edit(*self.lines.span(seed), f"{source} % {modulus}" if modulus else source)

    def _source(self, at: ast.AST, is_spoilt: bool) -> str:
        """The worker's seed, where torch's own may have been given another one before."""
        if is_spoilt:
            return f"{self.spelling.spell(INFO, at)}().seed"
        return f"{self.spelling.spell(WORKER_SEED, at)}()"

    def _assigned(self, function: ast.FunctionDef, seed: ast.expr) -> ast.expr | None:
        """What the local name `seed` is assigned, if it serves to seed and for nothing else."""
        if not isinstance(seed, ast.Name) or self.names.scope_of(seed.id, seed) is not function:
            return None
        bindings = self.names.bindings(function)[seed.id]
        assign = self.names.parents.get(bindings[0].node)
        if len(bindings) > 1 or not isinstance(assign, ast.Assign) or len(assign.targets) > 1:
            return None
        if assign not in function.body or not isinstance(assign.targets[0], ast.Name):
            return None
        seeding_calls = [each.call for each in seedings_of(function, self.names)]
        for node in own_nodes(function):
            if isinstance(node, ast.Name) and node.id == seed.id and isinstance(node.ctx, ast.Load):
                calls = [outer for outer in self.names.ancestors(node) if isinstance(outer, ast.Call)]
                shown = bool(calls) and isinstance(calls[-1].func, ast.Name) and calls[-1].func.id in _SHOWN
                if not shown and not any(call in seeding_calls for call in calls):
                    return None
        return assign.value

    def _removed(self, function: ast.FunctionDef, wrong: list[Seeding]) -> dict[ast.Call, Edit]:
        """The statements that seed torch and nothing else, which PyTorch has seeded rightly before: they go."""
        found: dict[ast.Call, Edit] = {}
        gone: list[ast.stmt] = []
        for seeding in wrong:
            statement = self.names.parents[seeding.call]
            if seeding.states != {"torch-global"} or not isinstance(statement, ast.Expr) or seeding.is_supposed:
                continue
            if seeding.seed is None or self._assigned(function, seeding.seed) is not None:
                continue
            others = [each for each in _statements_beside(statement, self.names) if each not in (statement, *gone)]
            if others and self._is_alone_on_lines(statement):
                gone.append(statement)
                start = self.lines.start(statement.lineno)
                found[seeding.call] = Edit(start, self.lines.start((statement.end_lineno or 0) + 1), "")
            else:
                found[seeding.call] = Edit(*self.lines.span(statement), "pass")
        return found

    def _with_seedings(self, function: ast.FunctionDef) -> Edit:
        """The missing seedings, at the end of the body; at its head where the end may not be reached, or comes late."""
        missing = writable(self.states)
        if not missing:
            raise Declined("there is no repair for the random numbers of " + ", ".join(sorted(self.states)))
        seedings = seedings_of(function, self.names)
        if self.code == "RNG112" and any(each.states & self.states for each in seedings):
            raise Declined(f"{function.name} seeds it, though wrongly: see what is said of its loader")
        body = function.body
        first = body[1] if _is_docstring(body[0]) and len(body) > 1 else body[0]
        returns = [node for node in own_nodes(function) if isinstance(node, ast.Return)]
        early = [node for node in returns if node is not body[-1]]
        late = any({"torch-global", *missing} & each.states for each in seedings) or any(
            unknown_calls(function, self.names)
        )
        if function.lineno == first.lineno or not self._is_alone_on_lines(first):
            raise Declined(f"the body of {function.name} shares its line with another statement")
        if (early or late) and not _is_docstring(first):
            at, place = first, self._above(_first_line(first))
        elif returns:
            if not self._is_alone_on_lines(body[-1]):
                raise Declined(f"the body of {function.name} shares its line with another statement")
            at, place = body[-1], self._above(body[-1].lineno)
        else:
            at, place = body[-1], self.lines.start((body[-1].end_lineno or 0) + 1)
        indent = self.lines.content(first.lineno)[: first.col_offset]
        newline = self.lines.newline(first.lineno)
        seed = self._source(at, is_spoilt=False)
        calls = [WRITTEN[state].call(lambda path: self.spelling.spell(path, at), seed) for state in missing]
        rows = [f"{indent}{call}{newline}" for call in calls]
        text = "".join(rows)
        if place == len(self.lines.text) and not self.lines.text.endswith(("\n", "\r")):
            text = newline + text.removesuffix(newline)
        return Edit(place, place, text)

    def _above(self, line: int) -> int:
        """Where a statement goes that comes before the one on `line`: above the comments that belong to that."""
        while self.lines.content(line - 1).strip().startswith("#"):
            line -= 1
        return self.lines.start(line)

    def _with_parameter(self, function: ast.FunctionDef) -> Edit:
        """The worker's id as the one parameter of a function that has none."""
        if function.decorator_list:
            raise Declined(f"{function.name} is decorated")
        arguments = function.args
        if parameters_of(function, self.names) or arguments.vararg or arguments.kwonlyargs or arguments.kwarg:
            raise Declined(f"it is not known what the parameters of {function.name} should be")
        local = values_of_locals(function, self.names)
        for seeding in seedings_of(function, self.names):
            if seeding.seed is None or not self._is_right(seeding, local):
                raise Declined(f"the seeds in {function.name} are wrong as well")
        taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        name = next(name for name in ("worker_id", "_worker_id", "_") if name not in taken or name == "_")
        own = [*arguments.posonlyargs, *arguments.args]
        if own:
            place = self.lines.offset(own[-1].end_lineno or 0, own[-1].end_col_offset or 0)
            return Edit(place, place, f", {name}")
        start, end = self.lines.span(function)
        opened = re.compile(r"def\s+\w+\s*\(").match(self.lines.text, start, end)
        if opened is None:
            raise Declined(f"the parameters of {function.name} are not written as usual")
        return Edit(opened.end(), opened.end(), name)

    def _is_alone_on_lines(self, statement: ast.stmt) -> bool:
        """True if nothing but comments shares the lines of `statement`."""
        start, end = self.lines.span(statement)
        before = self.lines.text[self.lines.start(_first_line(statement)) : start]
        behind = self.lines.text[end : self.lines.start((statement.end_lineno or 0) + 1)].strip()
        above = self.lines.content(_first_line(statement) - 1)
        decorated = bool(getattr(statement, "decorator_list", ()))
        return (decorated or not before.strip()) and behind[:1] in ("", "#") and not above.endswith("\\")


def _first_line(statement: ast.stmt) -> int:
    """The line on which `statement` starts, with its decorators."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _statements_beside(statement: ast.stmt, names: Names) -> list[ast.stmt]:
    """The statements of the block that `statement` stands in, itself among them."""
    parent = names.parents[statement]
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, ())
        if isinstance(block, list) and statement in block:
            return list(block)
    return [statement]


def _is_same_name(node: ast.expr | None, other: ast.expr) -> bool:
    names = [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)] if node is not None else []
    return isinstance(other, ast.Name) and other.id in names


def _stands_before(call: ast.Call, node: ast.expr) -> bool:
    return (call.lineno, call.col_offset) < (node.lineno, node.col_offset)
