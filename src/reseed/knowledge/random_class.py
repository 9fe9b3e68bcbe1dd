"""What a row says of a library's class whose objects draw random numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["always", "unless-fixed", "unless-given", "ranges", "never"]


@dataclass(frozen=True, slots=True)
class RandomClass:
    """A class whose objects draw from the RNG `state` when called, or through one of their `methods`.

    What an object does where it does something is random: ``always``; ``unless-fixed``: unless an argument is a range
    of one value; ``unless-given``: if it was made without arguments, or with a range; ``ranges``: if an argument is a
    range; ``never``. `chance` is the parameter that says how often it does something, with its index (None: by keyword
    only) and what it is if it is not given. `steady` is a parameter that takes the randomness away where it is False.
    `needs` are parameters (name, and index or None) without one of whose values an object draws nothing; a text has
    the value that it begins with. A function that gives such an object is a class here, too.
    """

    path: str
    state: str
    kind: Kind
    methods: frozenset[str]
    source: str
    chance: tuple[str, int | None, float] | None = None
    steady: str | None = None
    needs: tuple[tuple[str, int | None, tuple[str | bool, ...]], ...] = ()


CALL = "__call__"
ANY_METHOD = "*"
