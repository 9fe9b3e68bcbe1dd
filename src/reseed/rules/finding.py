"""What a rule reports: plain data, the same for every face and every report format."""

from __future__ import annotations

from dataclasses import dataclass, field

from reseed.source.position import Span

__all__ = ["Draw", "Finding", "LoaderPlace", "Maker", "Span", "Step"]


@dataclass(frozen=True, slots=True, order=True)
class Draw:
    """One place that takes numbers from an RNG state, and the function it stands in."""

    path: str
    line: int
    column: int
    function: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the path from an entry point of worker code to a draw.

    `text` says what happens there, for example ``FaceDataset.__getitem__`` or ``self.transform(sample)``.
    """

    path: str
    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class LoaderPlace:
    """Where the loader that a finding is about is made. `column` is for repairs, which have to find the call."""

    path: str
    line: int
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Maker:
    """A call that makes an RNG object which workers draw from."""

    path: str
    span: Span


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of a report.

    `state` is the RNG state drawn from or seeded (``numpy-global``, ...), empty where none is meant.
    `torch` is the range of PyTorch versions on which a run shows the bug: ``"<1.9"`` or ``"any"``.
    `fixable` says that ``reseed fix`` has a repair for this very finding; `obstacle` why it has none, where the rule
    knows. `makers` are the calls that make the RNG objects which the repair is about. `seeded` are the attributes by
    which a seeder that the repair adds reaches the objects to seed, from the dataset that a worker has (``transform``).
    """

    path: str
    span: Span
    code: str
    name: str
    message: str
    state: str
    torch: str
    draws: tuple[Draw, ...] = ()
    steps: tuple[Step, ...] = ()
    loader: LoaderPlace | None = None
    fixable: bool = False
    obstacle: str = ""
    makers: tuple[Maker, ...] = ()
    seeded: tuple[str, ...] = ()

    @property
    def sort_key(self) -> tuple[str, int, int, str]:
        """Order of rows in every report: by place, then by code."""
        return (self.path, self.span.line, self.span.column, self.code)
