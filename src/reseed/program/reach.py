"""From the entry points of worker code to the draws: which are reached, on which path, from which state."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from reseed.facts.model import Register
from reseed.knowledge.seeding import RngObject
from reseed.program.effects import DrawEffect, Effect, SeedEffect, dominates, effects_of, is_certain
from reseed.program.engine import Activation, Engine

States = frozenset[str]
_Visit = tuple[Activation, States]


@dataclass(frozen=True, slots=True)
class Reached:
    """An effect in worker code: the calls to it, from the entry point on, as (caller, register) pairs.

    `seeded` are the RNG states which the same run of the entry point has certainly seeded before.
    """

    activation: Activation
    effect: Effect
    path: tuple[tuple[Activation, Register], ...]
    seeded: States

    @property
    def is_seeded(self) -> bool:
        """Whether a draw's state was seeded before it."""
        return isinstance(self.effect, DrawEffect) and ("*" in self.seeded or self.effect.state in self.seeded)


class Reach:
    """Answers what is reached from entry points, over the finished engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._effects: dict[Activation, list[Effect]] = {}
        self._certain: dict[Activation, States] = {}
        self._find_certain_seeds()

    def effects(self, activation: Activation) -> list[Effect]:
        """The effects of the body of `activation`."""
        found = self._effects.get(activation)
        if found is None:
            found = self._effects[activation] = effects_of(self.engine, activation)
        return found

    def _find_certain_seeds(self) -> None:
        # What a call certainly seeds, callees included: the smallest solution, by rounds over the call graph.
        every = list(self.engine.activations.values())
        for activation in every:
            seeds = [e for e in self.effects(activation) if isinstance(e, SeedEffect)]
            self._certain[activation] = frozenset().union(
                *(e.states for e in seeds if is_certain(activation, e.register) and not _makes_object(e))
            )
        callers: dict[Activation, list[tuple[Activation, Register]]] = {}
        for activation in every:
            for register, callee in activation.calls:
                if register >= 0 and is_certain(activation, register):
                    callers.setdefault(callee, []).append((activation, register))
        queue = deque(activation for activation in every if self._certain[activation])
        while queue:
            callee = queue.popleft()
            for caller, register in callers.get(callee, ()):
                grown = self._certain[caller] | self._seeded_by_call(caller, register)
                if grown != self._certain[caller]:
                    self._certain[caller] = grown
                    queue.append(caller)

    def _seeded_by_call(self, caller: Activation, register: Register) -> States:
        callees = [callee for at, callee in caller.calls if at == register]
        return frozenset.intersection(*(self._certain.get(callee, frozenset()) for callee in callees))

    def activations(self, worker: Activation) -> list[Activation]:
        """Every activation that the entry points of `worker` reach."""
        found: dict[Activation, None] = {}
        stack = [callee for _, callee in worker.calls]
        while stack:
            activation = stack.pop()
            if activation not in found:
                found[activation] = None
                stack.extend(callee for at, callee in activation.calls if self._is_live(activation, at))
        return list(found)

    def from_entries(self, worker: Activation) -> list[Reached]:
        """All effects that the entry points of `worker` reach, each with one shortest path.

        An effect appears once for each set of seeded states with which it is reached.
        """
        found: list[Reached] = []
        starts: list[_Visit] = [(callee, frozenset()) for _, callee in worker.calls]
        parents: dict[_Visit, tuple[_Visit, Register] | None] = dict.fromkeys(starts)
        queue = deque(parents)
        while queue:
            visit = queue.popleft()
            activation, inherited = visit
            before = self._seedings(activation)
            path: tuple[tuple[Activation, Register], ...] | None = None
            for effect in self.effects(activation):
                if path is None:
                    path = _path(parents, visit)
                seeded = inherited | _seeded_at(activation, before, effect.register)
                found.append(Reached(activation, effect, path, seeded))
            for register, callee in activation.calls:
                seeded = inherited | _seeded_at(activation, before, register)
                if (callee, seeded) not in parents and self._is_live(activation, register):
                    parents[callee, seeded] = (visit, register)
                    queue.append((callee, seeded))
        return found

    def _is_live(self, activation: Activation, register: Register) -> bool:
        return register < 0 or self.engine.is_live(activation, register)

    def _seedings(self, activation: Activation) -> list[tuple[Register, States]]:
        seedings = [
            (effect.register, effect.states)
            for effect in self.effects(activation)
            if isinstance(effect, SeedEffect) and not _makes_object(effect)
        ]
        for register in dict.fromkeys(register for register, _ in activation.calls):
            if register >= 0 and (states := self._seeded_by_call(activation, register)):
                seedings.append((register, states))
        return seedings


def _makes_object(effect: SeedEffect) -> bool:
    return isinstance(effect.row, RngObject) or getattr(effect.row, "returns", "none") == "object"


def _seeded_at(activation: Activation, seedings: Iterable[tuple[Register, States]], register: Register) -> States:
    found: States = frozenset()
    for at, states in seedings:
        if not states <= found and at != register and dominates(activation, at, register):
            found |= states
    return found


def _path(
    parents: dict[_Visit, tuple[_Visit, Register] | None], visit: _Visit
) -> tuple[tuple[Activation, Register], ...]:
    steps: list[tuple[Activation, Register]] = []
    step = parents[visit]
    while step is not None:
        (caller, _), register = step
        steps.append((caller, register))
        step = parents[step[0]]
    return tuple(reversed(steps))
