"""Which objects a seeder that a repair adds can reach: those in attributes of the dataset that each worker has.

In a worker ``get_worker_info().dataset`` is the loader's dataset, or the wrapper around it (torch 2.13.0,
torch/utils/data/_utils/worker.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reseed.knowledge.datasets import is_wrapper
from reseed.program.model import DatasetEntry, Loader, Place, Program
from reseed.program.objects import WRAPPED, class_attribute, mro
from reseed.program.values import Class, Object, Values
from reseed.seeds.seeder import Verdict, verdict

NOT_HELD = "the dataset does not hold in an attribute of its own what draws here, so that no seeder finds it"
_DEPTH = 3
_LIMIT = 200


def obstacle(program: Program, source: Loader | DatasetEntry, place: Place) -> str:
    """Why no seeder can be added for a finding at `place`, empty where one can."""
    if not isinstance(source, Loader):
        return "no loader is seen that could be given a seeder"
    # Where Lightning seeds the workers, a seeder that is given switches that off.
    if program.seeds_workers or source.row.own_seeder:
        return "a seeder that is added here would take the place of the one that the loader brings"
    if source.place.path != place.path:
        return f"its loader stands in another file: {source.place.path}:{source.place.span.line}"
    return ""


def by_object(program: Program, loader: Loader, wanted: Collection[Object], state: str) -> tuple[str, tuple[str, ...]]:
    """Why no seeder can be added that seeds each of `wanted`, or an empty text, and the attributes that lead to them.

    A seeder that the loader has may serve other loaders, whose datasets do not have these attributes.
    """
    if verdict(program, loader, state) is not Verdict.ABSENT:
        return "the loader's worker_init_fn may serve other datasets, which do not have what is to be seeded here", ()
    found = chains(program, loader, wanted)
    return ("", found) if found and all(found) else (NOT_HELD, ())


def chains(program: Program, loader: Loader, wanted: Collection[Object]) -> tuple[str, ...]:
    """The attributes that lead from the dataset of `loader` to each of `wanted`, dotted: ``transform``.

    The dataset itself is an empty chain. Nothing is given where one of `wanted` is not reached so, or where the
    attribute may hold something else, too.
    """
    datasets = list(loader.argument("dataset") or {})
    if not wanted or not datasets or not all(isinstance(each, Object) for each in datasets):
        return ()
    found: dict[str, None] = {}
    reached: set[Object] = set()
    for chain, values in _attributes(program, [each for each in datasets if isinstance(each, Object)]):
        if values and all(value in wanted for value in values):
            found[chain] = None
            reached.update(value for value in values if isinstance(value, Object))
    return tuple(found) if reached >= {*wanted} else ()


def _attributes(program: Program, datasets: list[Object]) -> Iterator[tuple[str, Values]]:
    """What stands at each chain of attributes, in any of `datasets`: nothing where one of them does not have it."""
    level: list[tuple[str, list[Object]]] = [("", datasets)]
    yield "", dict.fromkeys(datasets)
    for _ in range(_DEPTH):
        deeper = []
        for chain, owners in level[:_LIMIT]:
            for name in _names(program, owners[0]):
                each = [_read(program, owner, name) for owner in owners]
                if all(each):
                    values = {value: None for part in each for value in part}
                    yield f"{chain}.{name}".lstrip("."), values
                    inside = [value for value in values if isinstance(value, Object)]
                    if len(inside) == len(values) and all(_has_attributes(value) for value in inside):
                        deeper.append((f"{chain}.{name}".lstrip("."), inside))
        level = deeper


def _has_attributes(value: Object) -> bool:
    return value.kind == "instance" or _is_subset(value)


def _is_subset(value: Object) -> bool:
    return is_wrapper(value.path) and value.path.removesuffix("()").endswith((".Subset", ".random_split"))


def _names(program: Program, owner: Object) -> list[str]:
    if owner.kind != "instance" or owner.cls is None:
        return ["dataset"] if _is_subset(owner) else []
    classes = [cls for cls in mro(program.engine, owner.cls) if isinstance(cls, Class)]
    of_class = [name for cls in classes for name in sorted(cls.namespace.stored)]
    names = dict.fromkeys([*program.engine.attributes_of(owner), *of_class])
    return [name for name in names if name.isidentifier() and not name.startswith("__")]


def _read(program: Program, owner: Object, name: str) -> Values:
    found = program.engine.read((owner, name))
    if owner.kind == "instance" and owner.cls is not None and not found:
        return class_attribute(program.engine, mro(program.engine, owner.cls), name, None)[0]
    return program.engine.read((owner, WRAPPED)) if _is_subset(owner) else found
