"""What the rules about wrong seeders share: which states a loader's seeder harms, and how that is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reseed.knowledge.library_rngs import LIBRARY_RNGS
from reseed.program.effects import NUMPY_GLOBAL, DrawEffect
from reseed.program.model import Loader, Program
from reseed.program.reach import Reached
from reseed.rules import judge
from reseed.rules.base import Rule
from reseed.rules.finding import Finding
from reseed.rules.seeded_objects import draws_by_seeding
from reseed.rules.unseen import is_hidden
from reseed.seeds.seed import COARSE_CLOCK, PARENT_WORD, SLOW_CLOCK, WORKER
from reseed.seeds.seeder import Effect, Seeding, Summary, crash, effect, effect_of, summary_of
from reseed.seeds.signature import takes_worker_id

_NAMES = {NUMPY_GLOBAL: "NumPy's global state", "python-global": "Python's `random`", "torch-global": "torch's state"}
_OBJECTS = "the seed of an RNG object is not rewritten"


@dataclass(frozen=True, slots=True)
class Harm:
    """What a seeder does to one state that the workers draw from. `draws` is empty where the dataset is not seen."""

    state: str
    effect: Effect
    torch: str
    seeding: Seeding | None
    draws: tuple[Reached, ...]


def judged(program: Program) -> Iterator[tuple[Loader, Summary]]:
    """The loaders whose seeder is seen and is called without an exception, with what it does."""
    for loader in program.loaders:
        if loader.may_have_workers() and takes_worker_id(program, loader) is not False:
            summary = summary_of(program, loader)
            if summary is not None and crash(summary) is None:
                yield loader, summary


def harms(program: Program, loader: Loader, summary: Summary) -> list[Harm]:
    """The states that the loader's seeder leaves repeated, each where the workers draw from it.

    Where the dataset is not seen, what the seeder seeds wrongly counts, as it is wrong for whatever is drawn, and a
    seeder that seeds nothing at all counts as RNG202 counts none.
    """
    drawn = draws_by_state(program, loader)
    if not drawn and not program.engine.exhausted and is_hidden(program, loader):
        states = [state for each in summary.seedings for state in sorted(each.states) if is_global(state)]
        drawn = {state: [] for state in states or [NUMPY_GLOBAL]}
    found = []
    for state, draws in drawn.items():
        seedings = summary.of(state)
        if not seedings and not judge.workers_repeat(program, loader):
            continue
        before, since = (effect(program, loader, summary, state, since_1_9) for since_1_9 in (False, True))
        found.append(_harm(state, before, since, seedings[-1] if seedings else None, draws))
    for seeded, draws in draws_by_seeding(program, loader, summary).items():
        before, since = (effect_of(program, loader, summary, seeded, since_1_9) for since_1_9 in (False, True))
        found.append(_harm(min(seeded[-1].states), before, since, seeded[-1], draws))
    return [harm for harm in found if harm.effect is not Effect.RIGHT]


def _harm(state: str, before: Effect, since: Effect, seeding: Seeding | None, draws: list[Reached]) -> Harm:
    only_before = since is Effect.RIGHT
    return Harm(state, before if only_before else since, "<1.9" if only_before else "any", seeding, tuple(draws))


def draws_by_state(program: Program, loader: Loader) -> dict[str, list[Reached]]:
    """The draws of the loader's workers from states of the process, by state, each place once."""
    found: dict[str, list[Reached]] = {}
    seen = set()
    for reached in program.reached(loader.worker):
        state = reached.effect.state if isinstance(reached.effect, DrawEffect) else ""
        place = (reached.activation.module, reached.activation.index, reached.effect.register)
        if is_global(state) and not reached.is_seeded and place not in seen:
            seen.add(place)
            found.setdefault(state, []).append(reached)
    return found


def is_global(state: str) -> bool:
    """Whether a state is one of the process: NumPy's, Python's, torch's, a library's; not that of an RNG object."""
    return state in _NAMES or state in LIBRARY_RNGS


def _name(state: str) -> str:
    return _NAMES.get(state) or (state if is_global(state) else f"an RNG object (`{state}`)")


def findings(program: Program, rule: Rule, wanted: Effect, told: str) -> Iterator[Finding]:
    """One finding a loader whose seeder has the effect `wanted`; `told` is what the numbers are then."""
    seen = set()
    for loader, summary in judged(program):
        if loader.place in seen:
            continue
        found = [harm for harm in harms(program, loader, summary) if harm.effect is wanted]
        if found:
            seen.add(loader.place)
            torch = "any" if any(harm.torch == "any" for harm in found) else "<1.9"
            states = " and ".join(_name(harm.state) for harm in found)
            message = f"`worker_init_fn` {_cause(program, loader, found[0], states)}: {_draws(loader, program, found)}"
            yield finding(program, rule, loader, f"{message} {told} on {_versions(torch)}", torch, found)


def finding(
    program: Program, rule: Rule, loader: Loader, message: str, torch: str, found: list[Harm] | None = None
) -> Finding:
    """A finding at the loader."""
    reached = [draw for harm in found or () for draw in harm.draws]
    states = {harm.state for harm in found or ()}
    # What a repair is asked for: it rewrites the seeds of global states alone.
    wanted = {state for state in states if is_global(state)} or states
    obstacle = _elsewhere(program, loader) or (_OBJECTS if any(not is_global(each) for each in wanted) else "")
    return Finding(
        path=loader.place.path,
        span=loader.place.span,
        code=rule.code,
        name=rule.name,
        message=message,
        state=", ".join(sorted(wanted)),
        torch=torch,
        draws=tuple(judge.draw_place(program, draw) for draw in reached),
        steps=judge.steps_of(program, reached[0]) if reached else (),
        loader=judge.loader_place(loader),
        fixable=rule.fixable != "no" and not obstacle,
        obstacle=obstacle,
    )


def _elsewhere(program: Program, loader: Loader) -> str:
    # A repair changes the file of its finding alone.
    for register, callee in loader.seeder.calls:
        place = program.place(callee)
        if register < 0 and place.path != loader.place.path:
            return f"the seeder stands in another file: {place.path}:{place.span.line}"
    return ""


def told_seeding(program: Program, loader: Loader, seeding: Seeding) -> str:
    """Which expression seeds, and where: `np.random.seed(...)` on line 12 (`seed_worker`)."""
    if seeding.at is None:
        return f"`{seeding.row.path if seeding.row else 'it'}` itself, which gets the worker's id,"
    place = program.place(seeding.at.activation, seeding.at.effect.register)
    text = judge.call_text(seeding.at.activation, seeding.at.effect.register)
    line = f"on line {place.span.line}" if place.path == loader.place.path else f"at {place.path}:{place.span.line}"
    return f"`{text}` {line} (`{place.function}`)"


def _cause(program: Program, loader: Loader, harm: Harm, states: str) -> str:
    if harm.seeding is None:
        return f"does not seed {states}"
    what = f"seeds {states} from {_source(harm)}"
    return f"{what} by {told_seeding(program, loader, harm.seeding)}"


def _source(harm: Harm) -> str:
    assert harm.seeding is not None
    varies = harm.seeding.seed.varies
    if PARENT_WORD in varies:
        return "the first word of NumPy's state, which is the same in every worker and, since torch 1.9, always,"
    if varies & {COARSE_CLOCK, SLOW_CLOCK}:
        return "a clock that stands still while the workers start"
    if not varies:
        return "a constant"
    if varies == {WORKER}:
        return "the worker's id alone"
    return {
        Effect.SAME_IN_WORKERS: "what is the same in all workers",
        Effect.SAME_IN_EPOCHS: "what is the same in every epoch",
    }.get(harm.effect, "it")


def _draws(loader: Loader, program: Program, found: list[Harm]) -> str:
    draws = [draw for harm in found for draw in harm.draws]
    if not draws and found[0].seeding is None:
        return "if the dataset, which is not seen from here, draws from it, that gives"
    if not draws:
        return "whatever the dataset, which is not seen from here, draws from it gives"
    first = draws[0]
    text = judge.call_text(first.activation, first.effect.register)
    more = f" and {len(draws) - 1} more" if len(draws) > 1 else ""
    line = judge.told_line(loader.place, judge.draw_place(program, first))
    return f"`{text}` {line}{more} ({judge.told_path(first)}) gives"


def _versions(torch: str) -> str:
    return "every torch" if torch == "any" else f"torch {torch[0]} {torch[1:]}"
