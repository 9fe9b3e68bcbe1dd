"""The abstract value of a seed: what it varies by, and the range it may take.

A seed's `varies` is a set of atoms; the empty set is a constant. `UNKNOWN` is a member like the others, and whoever
asks must let it speak for the seed: unknown never accuses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

UNKNOWN = "unknown"
WORKER = "worker"
WORKER_EPOCH = "worker-epoch"
EPOCH = "epoch"
PARENT_STATE = "parent-state"
PARENT_WORD = "parent-word"
CLOCK = "clock"
COARSE_CLOCK = "coarse-clock"
"""The clock in whole seconds: the same in workers that start together, another in an epoch that starts later."""
SLOW_CLOCK = "slow-clock"
"""The clock in minutes or longer."""
PID = "pid"
OS = "os"
OPTION = "option"
"""A value that the user gave when the program started. As it stands it may be None, which asks for entropy."""
NONE = "none"
"""None: as it stands it asks the operating system for entropy."""
GIVEN = "given"
"""A value that the parent handed to the seeder when it made the loader: as above, and the same in all workers."""

Dependence = frozenset[str]
CONSTANT: Dependence = frozenset()

MAX_WORKERS = 1024
"""More workers than a loader has."""
MAX_NUMPY_SEED = 2**32 - 1
"""``numpy.random.seed`` takes no larger number (measured: NumPy 1.23, 2.4)."""

Number = int | float

_CLOCKS = frozenset({CLOCK, COARSE_CLOCK})


@dataclass(frozen=True, slots=True)
class Seed:
    """What a seed varies by, and between which numbers it lies, None where that is not known.

    `slope` is by how much it grows from one worker to the next, where that is known exactly. `ticks` is by how much it
    grows in a second, where it is a reading of a clock.
    """

    varies: Dependence = CONSTANT
    low: Number | None = None
    high: Number | None = None
    slope: int | None = None
    ticks: float | None = None

    @property
    def exact(self) -> Number | None:
        """Its value, if it is a known constant."""
        return self.low if not self.varies and self.low is not None and self.low == self.high else None

    @property
    def is_out_of_range(self) -> bool:
        """Whether ``numpy.random.seed`` refuses it, in one run of five at least.

        Of ``torch.initial_seed() % 2**32 + worker_id`` one in a thousand million is too large: that is no finding.
        """
        if self.high is not None and self.high >= 1.25 * (MAX_NUMPY_SEED + 1):
            return True
        if self.varies <= {WORKER} and self.low is not None and self.high is not None:
            return self.low < 0 or (not self.varies and self.high > MAX_NUMPY_SEED)
        return False


ANY = Seed(frozenset({UNKNOWN}))


def constant(value: object) -> Seed:
    """The seed that is `value`."""
    if isinstance(value, (int, float)) and (isinstance(value, int) or math.isfinite(value)):
        return Seed(CONSTANT, value, value, slope=0)
    return Seed(CONSTANT, slope=0)


def join(seeds: Iterable[Seed]) -> Seed:
    """Any one of several seeds, or all of them in a list."""
    found = list(seeds)
    if len(found) == 1:
        return found[0]
    known = bool(found) and all(seed.low is not None and seed.high is not None for seed in found)
    slopes = {seed.slope for seed in found}
    return Seed(
        frozenset().union(*(seed.varies for seed in found)),
        min(seed.low for seed in found if seed.low is not None) if known else None,
        max(seed.high for seed in found if seed.high is not None) if known else None,
        slope=slopes.pop() if len(slopes) == 1 else None,
    )


def whole(seed: Seed) -> Seed:
    """The integer part. A clock that is read in whole seconds, or longer, stands still while workers start."""
    varies = seed.varies
    if varies & _CLOCKS and seed.ticks is not None and seed.ticks <= 1:
        varies = varies - _CLOCKS | {SLOW_CLOCK if seed.ticks <= 1 / 60 else COARSE_CLOCK}
    low, high = (None if bound is None else math.floor(bound) for bound in (seed.low, seed.high))
    return Seed(varies, low, high, seed.slope, seed.ticks)


def operate(operator: str, left: Seed, right: Seed) -> Seed:
    """What ``left operator right`` gives."""
    # Arithmetic with None ends in an exception: what was given and takes part in it is a number.
    varies = (left.varies | right.varies) - {OPTION, GIVEN, NONE}
    low, high = _bounds(operator, left, right)
    slope = _slope(operator, left, right)
    scale = _scale(operator, right)
    if scale is not None and scale >= MAX_WORKERS * 16 and left.slope is not None and WORKER_EPOCH in varies:
        # The high bits of the seeds of all workers are those of their base seed.
        varies, slope = varies - {WORKER_EPOCH, WORKER} | {EPOCH}, 0
    elif slope == 0 and operator in "+-":
        # torch.initial_seed() - worker_id is the base seed.
        varies = varies - {WORKER, WORKER_EPOCH} | ({EPOCH} if WORKER_EPOCH in varies else frozenset())
    result = Seed(varies, low, high, slope, _ticks(operator, left, right))
    if operator == "//" and result.ticks is not None:
        return whole(result)
    return result


def _scale(operator: str, right: Seed) -> Number | None:
    if right.exact is None or right.exact <= 0:
        return None
    if operator in ("//", "/"):
        return right.exact
    return 2**right.exact if operator == ">>" and right.exact < 200 else None


def _slope(operator: str, left: Seed, right: Seed) -> int | None:
    if left.slope is None or right.slope is None:
        return None
    if operator == "+":
        return left.slope + right.slope
    if operator == "-":
        return left.slope - right.slope
    if operator in ("%", "&") and right.exact is not None and right.exact >= MAX_WORKERS * 16:
        return left.slope
    if left.slope == right.slope == 0:
        return 0
    if operator == "*" and isinstance(right.exact, int):
        return left.slope * right.exact
    return right.slope * left.exact if operator == "*" and isinstance(left.exact, int) else None


def _ticks(operator: str, left: Seed, right: Seed) -> float | None:
    clocks = [seed for seed in (left, right) if seed.varies & _CLOCKS]
    if len(clocks) != 1 or clocks[0].ticks is None:
        return None
    other = right if clocks[0] is left else left
    if operator in ("+", "-"):
        # The fraction of a second is kept, whatever is added.
        return clocks[0].ticks
    if operator == "%" and clocks[0] is left:
        return left.ticks
    if other.exact is None or other.exact == 0:
        return None
    if operator == "*":
        return clocks[0].ticks * abs(other.exact)
    return clocks[0].ticks / abs(other.exact) if operator in ("/", "//") and clocks[0] is left else None


def _bounds(operator: str, left: Seed, right: Seed) -> tuple[Number | None, Number | None]:
    a, b, c, d = left.low, left.high, right.low, right.high
    if operator == "%" and right.exact is not None and right.exact > 0:
        if a is not None and b is not None and a >= 0 and b < right.exact:
            return a, b
        return 0, right.exact - (1 if isinstance(right.exact, int) else 0)
    if operator == "&":
        masks = [int(high) for low, high in ((a, b), (c, d)) if low is not None and high is not None and low >= 0]
        return (0, min(_filled(high) for high in masks)) if masks else (None, None)
    if a is None or b is None or c is None or d is None:
        return None, None
    if operator == "+":
        return a + c, b + d
    if operator == "-":
        return a - d, b - c
    if operator == "*":
        corners = [a * c, a * d, b * c, b * d]
        return min(corners), max(corners)
    if operator in ("|", "^") and a >= 0 and c >= 0:
        return 0, _filled(int(b) | int(d))
    if right.exact is None or not 0 <= right.exact <= 2**256:
        return None, None
    by = right.exact
    if operator in ("/", "//") and by:
        low, high = (math.floor(a / by), math.floor(b / by)) if operator == "/" else (a // by, b // by)
        return low, high
    if operator in ("<<", ">>", "**") and by <= 256 and isinstance(by, int):
        return _power(operator, a, by), _power(operator, b, by)
    return None, None


def _power(operator: str, value: Number, by: int) -> Number | None:
    if operator == "**":
        return value**by if abs(value) <= 2**16 else None
    return int(value) << by if operator == "<<" else int(value) >> by


def _filled(value: int) -> int:
    # The largest number with as many bits. A mask of 2**32 - 1 stays as it is, one more opens a bit.
    return (1 << value.bit_length()) - 1


def negated(seed: Seed) -> Seed:
    """What ``-seed`` gives."""
    return operate("-", constant(0), seed)


def bounded(seed: Seed, low: Number | None, high: Number | None) -> Seed:
    """The same dependence within other bounds."""
    return replace(seed, low=low, high=high, slope=None, ticks=None)
