"""One text under repair: which expressions change, what moves, and what the module gets."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import libcst as cst

from reseed.fixes.add_keyword import add_keyword, merge_default
from reseed.fixes.edits import Declined, Edit
from reseed.fixes.given_seeder import given_seeder, passed_expression
from reseed.fixes.layout import Layout
from reseed.fixes.loader_call import place_for_seeder
from reseed.fixes.names import Names
from reseed.fixes.passed_call import check_is_passed, statement_before
from reseed.fixes.rewrite import Change, Target, rewrite
from reseed.fixes.seeder import Seeders
from reseed.fixes.signature import SEEDER
from reseed.fixes.spelling import Spelling
from reseed.fixes.written_seeds import NUMPY_GLOBAL, Held, writable
from reseed.fixes.wrong_seeder import MISSES, OUT_OF_RANGE, SIGNATURE, WRONG_SEED, ReplaceIt, WrongSeeder
from reseed.knowledge.loaders import loader_of
from reseed.rules.finding import Finding
from reseed.source.lines import Lines

_GIVES_SEEDER = ("RNG201", "RNG202")
_REPLACES_CALL = "RNG211"
# Told at draws; the loader is what changes.
_AT_DRAWS = ("RNG112", "RNG111")
_CHANGES_SEEDER = (*WRONG_SEED, OUT_OF_RANGE, *MISSES, SIGNATURE)


@dataclass(frozen=True, slots=True)
class _Move:
    """The code of a passed call, for a statement of its own in front of `statement`."""

    target: Target
    statement: ast.stmt
    code: str


@dataclass(slots=True)
class _InBody:
    """An edit in the body of a seeder, the findings that it repairs, and the imports that it needs."""

    edit: Edit
    findings: list[Finding] = field(default_factory=list)
    imports: bool = False


class Session:
    """The repair of `text`, which `tree` is parsed from. After `edits`, `reasons` says which findings are declined."""

    def __init__(self, text: str, tree: ast.Module) -> None:
        self.reasons: dict[Finding, str] = {}
        self._text = text
        self._lines = Lines(text)
        self._names = Names(tree)
        self._targets: dict[tuple[int, int], Target] = {}
        self._new_seeder: dict[Target, frozenset[str]] = {}
        # What a new seeder seeds in the dataset of its loaders: one function serves those alone that all have it.
        self._held: frozenset[Held] | None = None
        self._moves: list[_Move] = []
        self._in_bodies: dict[Edit, _InBody] = {}

    def edits(self, findings: Sequence[Finding]) -> list[Edit]:
        """The edits that repair `findings`, but for those that are declined."""
        calls = self._calls(findings)
        at_import = [self._offsets(call)[0] for call in calls.values() if self._names.runs_at_import(call)]
        first_use = min(at_import, default=None)
        self._needs = self._needed(calls)
        self._needs_held = _held_of(calls)
        seeders = Seeders(self._names, self._lines, first_use)
        spelling = Spelling(self._names, self._lines, first_use)
        # Passed calls first: their repair may be all that the loader needs.
        for finding in sorted(dict.fromkeys(findings), key=lambda finding: finding.code != _REPLACES_CALL):
            known = len(spelling.imports)
            try:
                self._plan(finding, calls.get(finding), seeders, spelling)
            except Declined as error:
                self.reasons[finding] = str(error)
                del spelling.imports[known:]
        additions = self._additions(Layout(self._names.tree, self._lines, first_use), seeders, spelling)
        changes, not_made = rewrite(self._text, self._targets.values())
        for target, reason in not_made.items():
            self._drop(target, reason)
        if not any(target in self._targets.values() for target in self._new_seeder) and not self._in_bodies:
            additions = []
        return [*additions, *self._statements(), *changes, *self._in_bodies]

    def _calls(self, findings: Sequence[Finding]) -> dict[Finding, ast.Call]:
        """The calls that findings are about: those that stand just where they are, but for draws the loader's."""
        at: dict[int, list[ast.Call]] = {}
        for node in ast.walk(self._names.tree):
            if isinstance(node, ast.Call):
                at.setdefault(self._offsets(node)[0], []).append(node)
        calls = {}
        for finding in findings:
            start, end = self._lines.offsets(finding.span) or (-1, -1)
            if finding.code in _AT_DRAWS:
                here = finding.loader is not None and finding.loader.path == finding.path
                start = self._lines.place(finding.loader.line, finding.loader.column) if here and finding.loader else -1
            found = at.get(start, [])
            if finding.code not in _AT_DRAWS:
                found = [call for call in found if self._offsets(call)[1] == end]
            elif len(found) > 1:
                found = [call for call in found if loader_of(self._names.resolve(call.func, call) or "")]
            if len(found) == 1:
                calls[finding] = found[0]
        return calls

    def _needed(self, calls: dict[Finding, ast.Call]) -> dict[ast.Call, frozenset[str]]:
        """The states that a new seeder for a loader has to seed, by all that is found of it."""
        needs: dict[ast.Call, set[str]] = {}
        for finding, call in calls.items():
            states = () if finding.seeded else writable(_states(finding)) or (NUMPY_GLOBAL,)
            needs.setdefault(call, set()).update(states)
        return {call: frozenset(states) for call, states in needs.items()}

    def _plan(self, finding: Finding, call: ast.Call | None, seeders: Seeders, spelling: Spelling) -> None:
        if finding.code not in (*_GIVES_SEEDER, _REPLACES_CALL, *_CHANGES_SEEDER, *_AT_DRAWS):
            raise Declined(f"there is no repair for {finding.code}")
        if finding.code in _AT_DRAWS:
            _check_loader(finding, call)
        if call is None:
            raise Declined("there is no call where the finding says; the file has changed since")
        if any(isinstance(outer, ast.JoinedStr) for outer in self._names.ancestors(call)):
            raise Declined("the call stands in an f-string")
        if finding.code == _REPLACES_CALL:
            self._replace_passed(finding, call, seeders, spelling)
        elif finding.code in _CHANGES_SEEDER and (expression := passed_expression(call, self._names)) is not None:
            self._change_seeder(finding, call, expression, seeders, spelling)
        elif finding.code in (*_GIVES_SEEDER, *_AT_DRAWS):
            self._give_seeder(finding, call, seeders, spelling)
        else:
            raise Declined(f"it is not seen here what the {SEEDER} is")

    def _change_seeder(
        self, finding: Finding, call: ast.Call, expression: ast.expr, seeders: Seeders, spelling: Spelling
    ) -> None:
        """Repair the seeder that a loader has, or give the loader another one."""
        if self._offsets(expression) in self._targets:
            target = self._targets[self._offsets(expression)]
            if target in self._new_seeder:
                self._new_seeder[target] |= self._needs[call]
            if finding.code not in MISSES or target in self._new_seeder:
                target.findings.append(finding)
                return
            raise Declined("the seeder is another one after this repair: run it again")
        given = given_seeder(expression, self._names)
        wrong = WrongSeeder(given, finding.code, frozenset(_states(finding)), self._names, self._lines, spelling)
        known = len(spelling.imports)
        try:
            edits = wrong.edits()
        except ReplaceIt as instead:
            del spelling.imports[known:]
            needs = self._needs[call] | instead.states
            name = self._name_of_seeder(call, needs, seeders, spelling)
            self._change(finding, expression, name, _becomes(name), needs)
            return
        for edit in edits:
            clash = next((each for each in self._in_bodies if each != edit and _overlap(each, edit)), None)
            if clash is not None:
                raise Declined("another repair changes the same place: run it again")
        for edit in edits:
            self._in_bodies.setdefault(edit, _InBody(edit)).findings.append(finding)

    def _give_seeder(self, finding: Finding, call: ast.Call, seeders: Seeders, spelling: Spelling) -> None:
        for keyword in call.keywords:
            passed = self._targets.get(self._offsets(keyword.value))
            if keyword.arg == SEEDER and passed is not None:
                passed.findings.append(finding)
                return
        place = place_for_seeder(call, self._names)
        needs = self._needs[call]
        name = self._name_of_seeder(call, needs, seeders, spelling)
        if place.replaced:
            for value in place.replaced:
                self._change(finding, value, name, _becomes(name), needs)
        elif place.merged is not None:
            index = place.merged
            self._change(finding, call, name, lambda node, _: merge_default(_call(node), index, SEEDER, name), needs)
        else:
            self._change(finding, call, name, lambda node, _: add_keyword(_call(node), SEEDER, name), needs)

    def _name_of_seeder(self, call: ast.Call, states: frozenset[str], seeders: Seeders, spelling: Spelling) -> str:
        """The seeder for the loader `call`: one that the module has, or the new one."""
        held = self._needs_held.get(call, frozenset())
        name = seeders.name_for_held(call, states, held, spelling) if held else seeders.name_at(call, states)
        if name == seeders.new_name:
            if self._held not in (None, held):
                raise Declined("another loader is given a seeder for its own dataset: run it again")
            self._held = held
        return name

    def _replace_passed(self, finding: Finding, call: ast.Call, seeders: Seeders, spelling: Spelling) -> None:
        check_is_passed(call, self._names)
        if isinstance(call.func, ast.Name) and seeders.is_right(call.func.id, call):
            self._change(finding, call, call.func.id, _becomes(call.func.id))
            return
        statement = statement_before(call, self._names, self._lines)
        name = self._name_of_seeder(call, frozenset({NUMPY_GLOBAL}), seeders, spelling)

        def change(node: cst.BaseExpression, module: cst.Module) -> cst.BaseExpression:
            code = module.code_for_node(node.with_changes(lpar=(), rpar=()))
            self._moves.append(_Move(target, statement, code))
            return _becomes(name)(node, module)

        target = self._change(finding, call, name, change)

    def _change(
        self,
        finding: Finding,
        node: ast.expr,
        name: str,
        change: Change,
        states: Collection[str] = (NUMPY_GLOBAL,),
    ) -> Target:
        """The target that makes `change` at `node`; one and the same for one place.

        It uses the seeder `name`, which is to seed `states`.
        """
        offsets = self._offsets(node)
        target = self._targets.setdefault(offsets, Target(*offsets, change))
        target.findings.append(finding)
        if name not in self._names.identifiers:
            self._new_seeder[target] = frozenset(states)
        return target

    def _additions(self, layout: Layout, seeders: Seeders, spelling: Spelling) -> list[Edit]:
        """The edits that add the new seeder and imports, if needed; where there cannot be any, what needs them goes."""
        text = ""
        try:
            if self._new_seeder:
                states = frozenset().union(*self._new_seeder.values())
                text = seeders.function(seeders.new_name, states, self._held or (), spelling)
            if not text and not spelling.imports:
                return []
            return list(layout.definition(text, sorted(spelling.imports)))
        except Declined as error:
            for target in self._new_seeder:
                self._drop(target, str(error))
            if spelling.imports:
                for changed in self._in_bodies.values():
                    self.reasons.update(dict.fromkeys(changed.findings, str(error)))
                self._in_bodies.clear()
            return []

    def _drop(self, target: Target, reason: str) -> None:
        self._targets.pop((target.start, target.end), None)
        for finding in target.findings:
            self.reasons[finding] = reason

    def _statements(self) -> Iterator[Edit]:
        """The passed calls as statements of their own."""
        for move in self._moves:
            if move.target in self._targets.values():
                line = move.statement.lineno
                start = self._lines.start(line)
                indent = self._lines.content(line)[: move.statement.col_offset]
                yield Edit(start, start, f"{indent}{_standalone(move.code)}{self._lines.newline(line)}")

    def _offsets(self, node: ast.expr) -> tuple[int, int]:
        return self._lines.span(node)


def _states(finding: Finding) -> list[str]:
    """The states that a finding is about. RNG214 is about `np.random.seed`, whatever is drawn."""
    return [NUMPY_GLOBAL] if finding.code == OUT_OF_RANGE else [state for state in finding.state.split(", ") if state]


def _held_of(calls: Mapping[Finding, ast.Call]) -> dict[ast.Call, frozenset[Held]]:
    """What a seeder for each loader has to find in its dataset, by all that is found of it."""
    held: dict[ast.Call, set[Held]] = {}
    for finding, call in calls.items():
        held.setdefault(call, set()).update(Held(finding.state, chain) for chain in finding.seeded)
    return {call: frozenset(each) for call, each in held.items() if each}


def _check_loader(finding: Finding, loader: ast.Call | None) -> None:
    if not writable([finding.state]) and not finding.seeded:
        raise Declined(f"there is no repair for the random numbers of {finding.state}")
    if finding.loader is None:
        raise Declined("no loader is seen that could be given a seeder")
    if finding.loader.path != finding.path:
        raise Declined(f"its loader stands in another file: {finding.loader.path}:{finding.loader.line}")
    if loader is None:
        raise Declined(f"there is no call on line {finding.loader.line} where the loader was")


def _overlap(one: Edit, other: Edit) -> bool:
    if one.start == one.end or other.start == other.end:
        return one.start < other.end and other.start < one.end
    return max(one.start, other.start) < min(one.end, other.end)


def _call(node: cst.BaseExpression) -> cst.Call:
    assert isinstance(node, cst.Call)
    return node


def _becomes(name: str) -> Change:
    """The change that puts `name` in place of an expression, in the parentheses that it stands in."""
    return lambda node, _: cst.Name(name, lpar=node.lpar, rpar=node.rpar)


def _standalone(code: str) -> str:
    """`code` so that it is one statement even where parentheses around it let it run over several lines."""
    try:
        ast.parse(code)
    except SyntaxError:
        return f"({code})"
    return code
