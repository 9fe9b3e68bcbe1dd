"""What a rule is, and where the rules are found."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from reseed.program.model import Program
    from reseed.rules.finding import Finding


class Rule(ABC):
    """One code. A subclass in a module ``rng*.py`` of this package is all that a new rule takes.

    `torch` is the range of PyTorch versions on which the rule's findings are true: ``"<1.9"`` or ``"any"``.
    `default` tells whether the rule is on without being asked for, `fixable` whether ``reseed fix`` has a repair.
    The module's docstring is the rule's documentation, in Markdown.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    summary: ClassVar[str]
    torch: ClassVar[str] = "any"
    default: ClassVar[bool] = True
    fixable: ClassVar[str] = "no"

    @property
    def documentation(self) -> str:
        """The rule's page, in Markdown, without its heading."""
        return inspect.cleandoc(sys.modules[type(self).__module__].__doc__ or "")

    @abstractmethod
    def check(self, program: Program) -> Iterator[Finding]:
        """The findings of this rule in `program`."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """One instance of every rule, by code."""
    import reseed.rules as package

    modules = [
        importlib.import_module(f"{package.__name__}.{info.name}")
        for info in pkgutil.iter_modules(package.__path__)
        if info.name.startswith("rng")
    ]
    found = [
        kind()
        for module in modules
        for kind in vars(module).values()
        # On Python 3.10 isclass() holds for `tuple[str, ...]` too, which issubclass() refuses: the module first.
        if getattr(kind, "__module__", None) == module.__name__ and inspect.isclass(kind) and issubclass(kind, Rule)
    ]
    return tuple(sorted(found, key=lambda rule: rule.code))
