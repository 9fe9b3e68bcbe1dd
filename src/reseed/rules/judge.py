"""What the rules share: which loaders matter, which draws their workers repeat, and how a path is told."""

from __future__ import annotations

from collections.abc import Iterator

from reseed.facts.model import Call, Register
from reseed.program.activation import Activation
from reseed.program.effects import NUMPY_GLOBAL, DrawEffect
from reseed.program.model import Loader, Place, Program
from reseed.program.reach import Reached
from reseed.rules.finding import Draw, LoaderPlace, Step
from reseed.seeds.seeder import Verdict, verdict


def workers_repeat(program: Program, loader: Loader) -> bool:
    """Whether workers of the loader, left alone, draw the same numbers in each other or in every epoch (torch < 1.9).

    They do not where they are not forked (measured: spawned workers make NumPy's state afresh), where the program has
    Lightning seed them, nor does the one worker that lives on through all epochs.
    """
    if not loader.may_have_workers() or loader.row.own_seeder or program.seeds_workers:
        return False
    return not loader.is_not_forked() and not (loader.has_one_worker() and loader.lives_on())


def repeats(program: Program, loader: Loader) -> bool:
    """Whether what the loader's workers draw from NumPy's global state is the same in workers or epochs."""
    if not workers_repeat(program, loader):
        return False
    if loader.argument("worker_init_fn") is None and loader.may_pass("worker_init_fn"):
        return True  # nothing shows a seeder; that the loader has none is not claimed
    return verdict(program, loader, NUMPY_GLOBAL) is not Verdict.HELPS


def draws_of(program: Program, worker: Activation) -> Iterator[Reached]:
    """The draws from NumPy's global state that `worker` makes from the state it inherited, each place once."""
    seen = set()
    for reached in program.reached(worker):
        effect = reached.effect
        if isinstance(effect, DrawEffect) and effect.state == NUMPY_GLOBAL and not reached.is_seeded:
            place = (reached.activation.module, reached.activation.index, effect.register)
            if place not in seen:
                seen.add(place)
                yield reached


def call_text(activation: Activation, register: Register) -> str:
    """The call at `register` as a short text: ``self.transform(...)``."""
    instruction = activation.body.instructions[register]
    if isinstance(instruction, Call):
        return f"{instruction.text}({'...' if instruction.arguments else ''})"
    name = getattr(instruction, "name", "")
    return f".{name}" if name else "[...]"


def draw_place(program: Program, reached: Reached) -> Draw:
    """Where a reached effect stands."""
    place = program.place(reached.activation, reached.effect.register)
    return Draw(place.path, place.span.line, place.span.column, place.function)


def entry_of(reached: Reached) -> Activation:
    """The entry point from which an effect is reached."""
    return reached.path[0][0] if reached.path else reached.activation


def steps_of(program: Program, reached: Reached) -> tuple[Step, ...]:
    """The path as rows: the entry point, each call on the way, the draw itself."""
    entry = program.place(entry_of(reached))
    steps = [Step(entry.path, entry.span.line, entry.span.column, entry.function)]
    hops = [*reached.path, (reached.activation, reached.effect.register)]
    targets = [activation for activation, _ in hops[1:]]
    for (activation, register), target in zip(hops, [*targets, None], strict=True):
        place = program.place(activation, register)
        text = call_text(activation, register)
        if target is not None:
            text = f"{text} runs {target.body.qualname}"
        steps.append(Step(place.path, place.span.line, place.span.column, text))
    return tuple(steps)


def told_path(reached: Reached) -> str:
    """The path in one line: ``FaceDataset.__getitem__ -> RandomCrop.__call__``."""
    activations = [activation for activation, _ in reached.path] + [reached.activation]
    names = list(dict.fromkeys(activation.body.qualname for activation in activations))
    if len(names) > 5:
        names = [*names[:2], "...", *names[-2:]]
    return " -> ".join(names)


def told_line(place: Place, draw: Draw) -> str:
    """Where a draw is, as seen from a finding at `place`: ``on line 7``, ``at data/faces.py:7``."""
    return f"on line {draw.line}" if draw.path == place.path else f"at {draw.path}:{draw.line}"


def loader_place(loader: Loader) -> LoaderPlace:
    """Where the loader stands."""
    return LoaderPlace(loader.place.path, loader.place.span.line, loader.place.span.column)
