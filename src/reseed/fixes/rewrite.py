"""Changes made by LibCST to slices of the text: the outermost changed expressions, and nothing around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from reseed.fixes.edits import Declined, Edit
from reseed.rules.finding import Finding
from reseed.source.lines import Lines

# Gets the expression as it is after the changes inside of it, and the module that the slice was parsed as.
Change = Callable[[cst.BaseExpression, cst.Module], cst.BaseExpression]


@dataclass(eq=False, slots=True)
class Target:
    """One expression to change: its offsets in the text, the change, and the findings which that repairs."""

    start: int
    end: int
    change: Change
    findings: list[Finding] = field(default_factory=list)


def rewrite(text: str, targets: Iterable[Target]) -> tuple[list[Edit], dict[Target, str]]:
    """The edits that make the changes of all `targets`, which may nest, and why any of them is not made."""
    edits: list[Edit] = []
    declined: dict[Target, str] = {}
    for group in _outermost(targets):
        start, end = group[0].start, group[0].end
        try:
            edits.append(Edit(start, end, _rewrite_slice(text[start:end], start, group)))
        except (Declined, cst.ParserSyntaxError) as error:
            reason = str(error) if isinstance(error, Declined) else "LibCST cannot parse the call"
            declined.update((target, reason) for target in group)
    return edits, declined


def _outermost(targets: Iterable[Target]) -> list[list[Target]]:
    """Groups of targets, each led by the one that all others of the group stand in."""
    groups: list[list[Target]] = []
    for target in sorted(targets, key=lambda target: (target.start, -target.end)):
        if groups and target.start < groups[-1][0].end:
            groups[-1].append(target)
        else:
            groups.append([target])
    return groups


def _rewrite_slice(text: str, start: int, targets: Sequence[Target]) -> str:
    # In parentheses the slice is a statement of its own, even where its lines lean on parentheses around it.
    before = f"({text})"
    wrapper = MetadataWrapper(cst.parse_module(before), unsafe_skip_copy=True)
    if wrapper.module.code != before:
        raise Declined("LibCST does not keep the call's text")
    lines = Lines(before)
    wanted = {(target.start - start + 1, target.end - start + 1): target for target in targets}
    changes: dict[cst.CSTNode, Target] = {}
    for node, place in wrapper.resolve(PositionProvider).items():
        offsets = tuple(lines.start(point.line) + point.column for point in (place.start, place.end))
        if isinstance(node, (cst.Call, cst.Name, cst.Attribute, cst.Lambda)) and offsets in wanted:
            changes[node] = wanted[offsets]
    if len(changes) < len(targets):
        raise Declined("the call is not where the finding says")
    after = wrapper.module.visit(_Changer(wrapper.module, changes)).code
    return after[1:-1]


class _Changer(cst.CSTTransformer):
    def __init__(self, module: cst.Module, changes: dict[cst.CSTNode, Target]) -> None:
        super().__init__()
        self._module = module
        self._changes = changes

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> cst.CSTNodeT:
        target = self._changes.get(original_node)
        if target is None:
            return updated_node
        return target.change(updated_node, self._module)  # type: ignore[arg-type, return-value]
