"""What a seeder leaves the RNG objects with that it makes anew or seeds: ``info.dataset.rng = default_rng(...)``.

Beside them the heap may have the objects which they take the place of: that changes nothing, as these are copies of
what the parent has, the same in every epoch. Where worker code itself makes the object, or where it is not seen what is
drawn from, nothing is claimed.
"""

from __future__ import annotations

from reseed.program.effects import DrawEffect
from reseed.program.model import Loader, Program
from reseed.program.reach import Reached
from reseed.program.rng_objects import objects_in
from reseed.program.values import Object
from reseed.rules.leaves import leaves
from reseed.rules.sharing import is_clear
from reseed.seeds.seeder import Seeding, Summary

Draws = dict[tuple[Seeding, ...], list[Reached]]


def draws_by_seeding(program: Program, loader: Loader, summary: Summary) -> Draws:
    """The draws of the loader's workers from RNG objects that its seeder seeds, by what seeds them, each place once."""
    found: Draws = {}
    seedings = _seedings_by_object(program, summary)
    if not seedings:
        return found
    worker_code = set(program.reach.activations(loader.worker))
    seen = set()
    for reached in program.reached(loader.worker):
        effect = reached.effect
        place = (reached.activation.module, reached.activation.index, effect.register)
        if not isinstance(effect, DrawEffect) or effect.source is None or reached.is_seeded or place in seen:
            continue
        for leaf in leaves(program.engine, worker_code, reached.activation, effect.source):
            made = list(objects_in(program.engine, leaf.values))
            known = all(is_clear(value) or any(objects_in(program.engine, (value,))) for value in leaf.values)
            own = any(maker in worker_code for each in made for maker in program.engine.makers[each])
            seeded = tuple(dict.fromkeys(seeding for each in made for seeding in seedings.get(each, ())))
            if known and seeded and not own:
                seen.add(place)
                found.setdefault(seeded, []).append(reached)
                break
    return found


def _seedings_by_object(program: Program, summary: Summary) -> dict[Object, list[Seeding]]:
    found: dict[Object, list[Seeding]] = {}
    for seeding in summary.seedings:
        if seeding.at is None or seeding.row is None:
            continue
        activation, effect = seeding.at.activation, seeding.at.effect
        target = getattr(effect, "target", None)
        register = effect.register if seeding.row.returns == "object" else target
        for made in objects_in(program.engine, activation.registers[register]) if register is not None else ():
            found.setdefault(made, []).append(seeding)
    return found
