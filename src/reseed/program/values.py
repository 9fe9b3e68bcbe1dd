"""What an expression may evaluate to: the abstract values of the points-to analysis.

Values are interned by `Interner`: equal values are the same object, so that sets of them are cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from reseed.program.activation import Activation

Site = tuple[int, int, int]
"""Where a value is made: indices of module, body and register."""

Context = tuple[Hashable, ...]
"""What tells two activations of one body apart: receivers and call sites, most recent first."""


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """Anything at all."""


@dataclass(frozen=True, slots=True, eq=False)
class External:
    """Something outside the analysed modules, by its external path: ``numpy.random.rand``, ``pandas.read_csv()``.

    Leading dots are those of a relative import that no analysed module answers.
    """

    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A literal's value."""

    value: object


@dataclass(frozen=True, slots=True, eq=False)
class NoResult:
    """The None that a function of the program returned to the call at `site`."""

    site: Site


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """A module of the program, by the activation of its body."""

    activation: Activation


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function or lambda, with the activation around it that holds its closure's variables."""

    module: int
    body: int
    closure: Activation


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """A class statement's class; `namespace` is the activation of its body."""

    module: int
    body: int
    namespace: Activation


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """Something made at one place, told apart by where and in which context.

    `kind` is ``"instance"`` (of `cls`), ``"list"``, ``"tuple"``, ``"dict"``, ``"partial"``, ``"generator"``,
    ``"property"``, ``"staticmethod"``, ``"classmethod"``, ``"rng"``: an RNG object that the external `path` made, or
    ``"external"``: what the external `path` made while it was handed values of the program. `site` is None for the one
    instance that stands for all those made outside the program.
    """

    kind: str
    site: Site | None
    context: Context
    cls: Class | None = None
    path: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A function together with its first argument."""

    function: Value
    receiver: Value


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A method that the program does not define, of one of its objects. `base` is the external class, if known."""

    receiver: Object
    name: str
    base: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Super:
    """``super()`` in a method of `cls` for `receiver`."""

    cls: Class
    receiver: Value


Value = Unknown | External | Constant | NoResult | Module | Function | Class | Object | Bound | Method | Super

Values = dict[Value, None]
"""An ordered set of values: the same order in every run, whatever the hash seed."""

UNKNOWN = Unknown()

_PATH_PARTS = 10
_DEPTH = 3

V = TypeVar("V")


@dataclass(slots=True)
class Interner:
    """Makes each value once."""

    _table: dict[Hashable, object] = field(default_factory=dict)
    _externals: dict[str, Value] = field(default_factory=dict)

    def _get(self, key: Hashable, make: Callable[[], V]) -> V:
        found = self._table.get(key)
        if found is None:
            found = self._table[key] = make()
        return found  # type: ignore[return-value]

    def external(self, path: str) -> Value:
        """The external `path`; a path that grows without bound becomes unknown."""
        found = self._externals.get(path)
        if found is None:
            grown = path.count(".") + path.count("()") > _PATH_PARTS
            found = self._externals[path] = UNKNOWN if grown else External(path)
        return found

    def constant(self, value: object) -> Constant:
        """The constant `value`; 1, 1.0 and True are three."""
        kind = type(value)
        told_by = value if kind is str or kind is int else repr(value)
        return self._get(("constant", kind, told_by), lambda: Constant(value))

    def no_result(self, site: Site) -> NoResult:
        """The None that the call at `site` gives."""
        return self._get(("none", site), lambda: NoResult(site))

    def function(self, module: int, body: int, closure: Activation) -> Function:
        """The function of a body, made in the activation `closure`."""
        return self._get(("function", module, body, closure), lambda: Function(module, body, closure))

    def make_class(self, module: int, body: int, namespace: Activation) -> Class:
        """The class whose body ran in `namespace`."""
        return self._get(("class", module, body, namespace), lambda: Class(module, body, namespace))

    def object(
        self, kind: str, site: Site | None, context: Context, cls: Class | None = None, path: str = ""
    ) -> Object:
        """The object of `kind` made at `site` in `context`; contexts nested too deep are dropped."""
        depth = 1 + max((item.depth for item in context if isinstance(item, Object)), default=0)
        if depth > _DEPTH:
            context, depth = (), 0
        return self._get(
            ("object", kind, site, context, cls, path), lambda: Object(kind, site, context, cls, path, depth)
        )

    def bound(self, function: Value, receiver: Value) -> Bound:
        """`function` bound to `receiver`."""
        return self._get(("bound", function, receiver), lambda: Bound(function, receiver))

    def method(self, receiver: Object, name: str, base: str = "") -> Method:
        """The method `name` of `receiver`, which external code defines."""
        return self._get(("method", receiver, name, base), lambda: Method(receiver, name, base))

    def module(self, activation: Activation) -> Module:
        """The module whose body runs in `activation`."""
        return self._get(("module", activation), lambda: Module(activation))

    def super(self, cls: Class, receiver: Value) -> Super:
        """``super(cls, receiver)``."""
        return self._get(("super", cls, receiver), lambda: Super(cls, receiver))
