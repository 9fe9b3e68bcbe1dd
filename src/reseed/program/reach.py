"""From the entry points of worker code to the draws: which are reached, on which path, from which state."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from reseed.facts.model import Register
from reseed.knowledge.seeding import RngObject
from reseed.program.activation import Activation
from reseed.program.effects import DrawEffect, Effect, SeedEffect, effects_of
from reseed.program.engine import Engine
from reseed.program.order import Seeding, States, seeded_at, seeded_throughout, seedings

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
        # What each activation seeds in every run, its callees' seedings included, as far as it has been asked for.
        self._certain: dict[Activation, States] = {}
        self._asked: set[Activation] = set()

    def effects(self, activation: Activation) -> list[Effect]:
        """The effects of the body of `activation`."""
        found = self._effects.get(activation)
        if found is None:
            found = self._effects[activation] = effects_of(self.engine, activation)
        return found

    def _find_certain(self, worker: Activation) -> None:
        # Grown over the call graph, as far as `worker` reaches: what lies beyond does not matter to it.
        callers: dict[Activation, dict[Activation, None]] = {}
        queue: deque[Activation] = deque()
        stack = [callee for _, callee in worker.calls]
        while stack:
            activation = stack.pop()
            if activation in self._asked:
                continue
            self._asked.add(activation)
            for _, callee in activation.calls:
                callers.setdefault(callee, {})[activation] = None
                stack.append(callee)
            if any(isinstance(effect, SeedEffect) for effect in self.effects(activation)):
                queue.append(activation)
        queue.extend(caller for callee in callers if callee in self._certain for caller in callers[callee])
        while queue:
            activation = queue.popleft()
            certain = seeded_throughout(self._seedings(activation))
            if certain - self._certain.get(activation, frozenset()):
                self._certain[activation] = certain
                queue.extend(callers.get(activation, ()))

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
        self._find_certain(worker)
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
                seeded = inherited | seeded_at(activation, before, effect.register)
                found.append(Reached(activation, effect, path, seeded))
            for register, callee in activation.calls:
                seeded = inherited | seeded_at(activation, before, register)
                if (callee, seeded) not in parents and self._is_live(activation, register):
                    parents[callee, seeded] = (visit, register)
                    queue.append((callee, seeded))
        return found

    def _is_live(self, activation: Activation, register: Register) -> bool:
        return register < 0 or self.engine.is_live(activation, register)

    def _seedings(self, activation: Activation) -> list[Seeding]:
        found = [
            (effect.register, effect.states)
            for effect in self.effects(activation)
            if isinstance(effect, SeedEffect) and not _makes_object(effect)
        ]
        for register in dict.fromkeys(register for register, _ in activation.calls):
            if register >= 0 and (states := self._seeded_by_call(activation, register)):
                found.append((register, states))
        return seedings(activation, found) if found else []


def _makes_object(effect: SeedEffect) -> bool:
    return isinstance(effect.row, RngObject) or getattr(effect.row, "returns", "none") == "object"


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
