"""The linked program: what rules ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from reseed.facts.model import Call, Register
from reseed.knowledge.loaders import Loader as LoaderRow
from reseed.program.activation import Activation
from reseed.program.arguments import Arguments
from reseed.program.engine import Engine
from reseed.program.reach import Reach, Reached
from reseed.program.values import Class, Constant, Values
from reseed.source.position import Span

NOT_FORKED = ("spawn", "forkserver")
ROOT = 0
"""The index of the module that is analysed; the others are there because it needs them, or they need it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A span in a file, and the dotted name of the function it stands in."""

    path: str
    span: Span
    function: str


@dataclass(slots=True, eq=False)
class Loader:
    """A loader in one context: the call at `register` of `activation`.

    `worker` runs its dataset and ``collate_fn``, `seeder` its ``worker_init_fn``. `path` is the external path of the
    loader's class. An argument that is not given is None.
    """

    activation: Activation
    register: Register
    path: str
    row: LoaderRow
    arguments: Arguments
    worker: Activation
    seeder: Activation
    place: Place

    def argument(self, name: str) -> Values | None:
        """The values of a parameter, None where it is not given as far as is seen."""
        return self.arguments.get(self.row.positions.get(name), name)

    def argument_register(self, name: str) -> Register | None:
        """The register of the loader's own body that was passed for a parameter, where one was."""
        position = self.row.positions.get(name)
        found = self.arguments.registers.get(name)
        return found if found is not None or position is None else self.arguments.registers.get(position)

    def may_have_workers(self) -> bool:
        """Whether the loader may start workers: it may unless ``num_workers`` is shown to be 0."""
        if self.row.default_workers is None:
            return True
        values = self.argument("num_workers")
        if values is None:
            return self.row.default_workers > 0 or self.may_pass("num_workers")
        return not (values and all(isinstance(value, Constant) and not value.value for value in values))

    def has_one_worker(self) -> bool:
        """Whether the loader certainly starts a single worker."""
        return self._is_constantly("num_workers", 1)

    def is_not_forked(self) -> bool:
        """Whether the loader names a start method by which workers are no copies of their parent."""
        return self._is_constantly("multiprocessing_context", *NOT_FORKED)

    def is_forked(self) -> bool:
        """Whether the loader names the start method by which workers are copies of their parent."""
        return self._is_constantly("multiprocessing_context", "fork")

    def lives_on(self) -> bool:
        """Whether the loader's workers certainly live through all epochs."""
        return self._is_constantly("persistent_workers", True)

    def _is_constantly(self, name: str, *expected: object) -> bool:
        values = self.argument(name)
        return bool(values) and all(isinstance(v, Constant) and v.value in expected for v in values or ())

    def may_pass(self, name: str) -> bool:
        """Whether a parameter that is not seen may be passed all the same."""
        return self.arguments.may_pass(self.row.positions.get(name), name)


@dataclass(slots=True, eq=False)
class DatasetEntry:
    """A dataset class that no visible loader takes, and the worker that runs its entry points."""

    cls: Class
    worker: Activation


@dataclass
class Program:
    """One or more modules, linked and solved.

    `candidates` are classes that nothing in it shows to be datasets, and that other files may give to a loader; no rule
    looks at them.
    """

    engine: Engine
    loaders: list[Loader]
    datasets: list[DatasetEntry]
    reach: Reach
    candidates: list[DatasetEntry] = field(default_factory=list)
    _reached: dict[Activation, list[Reached]] = field(default_factory=dict)

    @cached_property
    def seeds_workers(self) -> bool:
        """Whether the program calls Lightning's ``seed_everything(..., workers=True)``, which seeds all its loaders'.

        Source: lightning 2.6.6, lightning/fabric/utilities/seed.py and data.py (`_auto_add_worker_init_fn`).
        """
        for activation in self.engine.activations.values():
            for register, instruction in enumerate(activation.body.instructions):
                if not isinstance(instruction, Call) or not instruction.text.endswith("seed_everything"):
                    continue
                given = [a.value for a in instruction.arguments if a.keyword == "workers"]
                values = activation.registers[given[0]] if given else {}
                if any(not (isinstance(value, Constant) and not value.value) for value in values):
                    return self.engine.is_live(activation, register)
        return False

    def reached(self, worker: Activation) -> list[Reached]:
        """The draws and seedings in the worker code that `worker` enters."""
        found = self._reached.get(worker)
        if found is None:
            found = self._reached[worker] = self.reach.from_entries(worker)
        return found

    def place(self, activation: Activation, register: Register | None = None) -> Place:
        """Where `register` of `activation` is computed, or where its body is defined."""
        body = activation.body
        span = body.span if register is None else body.spans.get(register, body.span)
        return Place(self.engine.linker.path_of(activation.module), span, body.qualname)
