"""The repair of RNG111: the calls that make RNG objects make holders of them, one object for each worker."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst

from reseed.fixes.edits import Declined, Edit
from reseed.fixes.layout import Layout
from reseed.fixes.names import Names
from reseed.fixes.rewrite import Change, Target, rewrite
from reseed.fixes.worker_rng import WorkerRng
from reseed.knowledge.seeding import rng_object_of
from reseed.rules.finding import Finding
from reseed.rules.holder import HELD
from reseed.source.lines import Lines

SHARED_RNG_OBJECT = "RNG111"


class ObjectSession:
    """The repair of `text`, which `tree` is parsed from. After `edits`, `reasons` says which findings are declined.

    A call ``default_rng(seed)`` becomes ``WorkerRng(default_rng, seed)``. A finding is repaired where all calls that
    make its objects can be.
    """

    def __init__(self, text: str, tree: ast.Module) -> None:
        self.reasons: dict[Finding, str] = {}
        self._text = text
        self._lines = Lines(text)
        self._names = Names(tree)

    def edits(self, findings: Sequence[Finding]) -> list[Edit]:
        """The edits that repair `findings`, but for those that are declined."""
        calls = self._calls(findings)
        at_import = [start for (start, _), call in calls.items() if self._runs_at_import(call)]
        first_use = min(at_import, default=None)
        targets: dict[tuple[int, int], Target] = {}
        try:
            holder = WorkerRng(self._names, self._lines, first_use)
            layout = Layout(self._names.tree, self._lines, first_use)
            additions = list(layout.definition(holder.text, holder.imports)) if holder.is_new else []
        except Declined as error:
            self.reasons.update((finding, str(error)) for finding in findings)
            return []
        for finding in dict.fromkeys(findings):
            try:
                for offsets in self._places(finding, calls):
                    change = _held_by(holder.name)
                    targets.setdefault(offsets, Target(*offsets, change)).findings.append(finding)
            except Declined as error:
                self.reasons[finding] = str(error)
        return self._only_whole(targets, additions)

    def _only_whole(self, targets: dict[tuple[int, int], Target], additions: list[Edit]) -> list[Edit]:
        # A finding that is declined at one of its places is left alone at the others, unless they repair another one.
        while True:
            wanted = [
                target for target in targets.values() if any(finding not in self.reasons for finding in target.findings)
            ]
            changes, not_made = rewrite(self._text, wanted)
            fresh = {
                finding: reason
                for target, reason in not_made.items()
                for finding in target.findings
                if finding not in self.reasons
            }
            if not fresh:
                return [*additions, *changes] if changes else []
            self.reasons.update(fresh)

    def _calls(self, findings: Sequence[Finding]) -> dict[tuple[int, int], ast.Call]:
        """The calls that stand just where the findings' objects are made, by their offsets."""
        places = {self._lines.offsets(maker.span) for finding in findings for maker in finding.makers}
        calls = {}
        for node in ast.walk(self._names.tree):
            if isinstance(node, ast.Call) and (offsets := self._lines.span(node)) in places:
                calls[offsets] = node
        return calls

    def _places(self, finding: Finding, calls: dict[tuple[int, int], ast.Call]) -> list[tuple[int, int]]:
        """Where the objects of `finding` are made. Raises Declined where one of these calls cannot be changed."""
        places = []
        for maker in finding.makers:
            if maker.path != finding.path:
                raise Declined(f"the RNG object is made in another file, at {maker.path}:{maker.span.line}")
            offsets = self._lines.offsets(maker.span)
            call = calls.get(offsets) if offsets else None
            if offsets is None or call is None:
                raise Declined("there is no call where the finding says; the file has changed since")
            self._check(call)
            places.append(offsets)
        if not places:
            raise Declined("it is not seen where the RNG object is made")
        return places

    def _check(self, call: ast.Call) -> None:
        """Raises Declined unless a holder can stand where `call` does, and make what it makes."""
        line = f"on line {call.lineno}"
        path = self._names.resolve(call.func, call)
        row = rng_object_of(path) if path else None
        if row is None or row.path not in HELD:
            raise Declined(f"the RNG object {line} is not made by a call of default_rng, RandomState or random.Random")
        if isinstance(self._names.parents[call], ast.AnnAssign):
            raise Declined(f"the annotation {line} asks for the RNG object itself")
        keywords = [keyword.arg for keyword in call.keywords]
        if len(call.args) + len(keywords) > 1 or any(isinstance(argument, ast.Starred) for argument in call.args):
            raise Declined(f"the RNG object {line} is made from more than a seed")
        if keywords and keywords != [row.seed_parameter]:
            raise Declined(f"the RNG object {line} is made from more than a seed")
        for seed in [*call.args, *(keyword.value for keyword in call.keywords)]:
            made = self._names.resolve(seed.func, seed) if isinstance(seed, ast.Call) else None
            if made and rng_object_of(made):
                raise Declined(f"the RNG object {line} is made from another one")

    def _runs_at_import(self, call: ast.Call) -> bool:
        # A default argument is made when its function is defined.
        is_default = any(isinstance(outer, ast.arguments) for outer in self._names.ancestors(call))
        return is_default or self._names.runs_at_import(call)


def _held_by(name: str) -> Change:
    """The change of ``make(seed)`` to ``name(make, seed)``."""

    def change(node: cst.BaseExpression, module: cst.Module) -> cst.BaseExpression:
        assert isinstance(node, cst.Call)
        args = [arg.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT) for arg in node.args]
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")) if args else cst.MaybeSentinel.DEFAULT
        made = cst.Arg(node.func, comma=comma)
        return node.with_changes(func=cst.Name(name), args=[made, *args])

    return change
