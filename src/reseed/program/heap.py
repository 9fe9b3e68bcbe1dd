"""The heap: values by key, and who has to run again when they grow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from reseed.facts.model import Register
from reseed.program.activation import Activation, Derived, Node
from reseed.program.values import UNKNOWN, Object, Value, Values

_VALUE_LIMIT = 64
# What reads one node in more places than these is run again as a whole.
_PLACES_LIMIT = 50

T = TypeVar("T")


class Heap:
    """Nodes, each with the values that were written to it, and the queue of activations that have read too little.

    A key is a variable of an activation, or an attribute of an object: a pair of its owner and its name.
    """

    def __init__(self) -> None:
        self._nodes: dict[Hashable, Node] = {}
        self._written: set[Hashable] = set()
        # How often nodes of an owner have grown, and what that was when somebody last asked.
        self._growth: dict[Hashable, int] = {}
        self._seen_grown: dict[Hashable, int] = {}
        self._derived: dict[Hashable, Derived] = {}
        # Imports that nothing has needed yet, by the names that they are stored under.
        self._deferred: dict[Hashable, tuple[Activation, Register]] = {}
        self._asked_for: set[tuple[Activation, Register]] = set()
        self._queue: deque[Activation] = deque()
        # The activation that is running, and the register that it computes.
        self._running: Activation | None = None
        self._at: Register = -1

    def enqueue(self, activation: Activation) -> None:
        """Have `activation` run again."""
        if not activation.queued:
            activation.queued = True
            self._queue.append(activation)

    def read(self, key: Hashable, reader: Activation | None = None) -> Values:
        """The values of the node `key`; `reader` runs again when they grow."""
        if self._deferred and key in self._deferred:
            self._compute(*self._deferred[key])
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = Node()
        if reader is not None:
            self._note_reader(node, reader)
        return node.values

    def node(self, key: Hashable) -> Node:
        """The node `key`."""
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = Node()
        return node

    def derive(self, key: Hashable, reader: Activation | None, work: Callable[[list[Node]], T]) -> T:
        """What `work` makes of nodes, which it names; it is asked again under the same key when one of them has grown.

        `reader` runs again then.
        """
        found = self._derive(key, work)
        if reader is not None:
            place = (reader, self._at if reader is self._running else None)
            if place not in found.readers:
                found.readers.add(place)
                for node, _ in found.nodes:
                    self._note_reader(node, reader)
        return found.result  # type: ignore[no-any-return]

    def derive_part(self, key: Hashable, read: list[Node], work: Callable[[list[Node]], T]) -> T:
        """What `derive` gives, as a part of what is being derived from the nodes `read`."""
        found = self._derive(key, work)
        read += [node for node, _ in found.nodes]
        return found.result  # type: ignore[no-any-return]

    def _derive(self, key: Hashable, work: Callable[[list[Node]], Any]) -> Derived:
        found = self._derived.get(key)
        if found is None or any(len(node.values) != number for node, number in found.nodes):
            nodes: list[Node] = []
            result = work(nodes)
            once = {id(node): node for node in nodes}
            found = self._derived[key] = Derived(result, [(node, len(node.values)) for node in once.values()])
        return found

    def _note_reader(self, node: Node, reader: Activation) -> None:
        if reader is not self._running:
            node.readers[reader] = None
        else:
            places = node.readers.get(reader, ())
            if places is not None and self._at not in places:
                node.readers[reader] = (*places, self._at) if len(places) < _PLACES_LIMIT else None

    def may_wait(self, activation: Activation, register: Register, names: Iterable[str]) -> bool:
        """Whether `register` need not be computed yet: none of `names`, which it is stored under, has been read.

        It will be computed when one of them is.
        """
        keys = [(activation, name) for name in names]
        if (activation, register) in self._asked_for or any(key in self._nodes for key in keys):
            self._asked_for.add((activation, register))
            return False
        self._deferred.update(dict.fromkeys(keys, (activation, register)))
        return bool(keys)

    def _compute(self, activation: Activation, register: Register) -> None:
        for key in [key for key, place in self._deferred.items() if place == (activation, register)]:
            del self._deferred[key]
        self._asked_for.add((activation, register))
        activation.pending[register] = 1
        self.enqueue(activation)

    def is_known(self, key: Hashable) -> bool:
        """Whether something is written to the node `key`, even if it has no value yet."""
        return key in self._written

    def attributes_of(self, owner: Object) -> list[str]:
        """The names under which something is written to `owner`, in order: attributes, and the heap's own names."""
        pairs = (key for key in self._written if isinstance(key, tuple) and len(key) == 2)
        return sorted(name for held, name in pairs if held is owner and isinstance(name, str))

    def write(self, key: Hashable, values: Iterable[Value]) -> None:
        """Add `values` to the node `key`."""
        self._written.add(key)
        node = self.node(key)
        if add(node.values, values):
            if isinstance(key, tuple):
                self._growth[key[0]] = self._growth.get(key[0], 0) + 1
            for reader, places in node.readers.items():
                self.have_computed(reader, places)

    def has_grown(self, owner: Object, asker: Hashable) -> bool:
        """Whether more is written to `owner` than when `asker` asked this before."""
        asked = (owner, asker)
        number = self._growth.get(owner, 0)
        if self._seen_grown.get(asked) == number:
            return False
        self._seen_grown[asked] = number
        return True

    def have_computed(self, activation: Activation, registers: Iterable[Register] | None) -> None:
        """Have these registers of `activation` computed again, None for all of them."""
        pending = activation.pending
        if registers is None:
            pending[:] = b"\1" * len(pending)
        else:
            for register in registers:
                pending[register] = 1
        self.enqueue(activation)


def add(known: Values, values: Iterable[Value]) -> bool:
    """Add `values` to those that are known; whether there are more now. Past a number of them they are unknown."""
    before = len(known)
    if isinstance(values, dict):
        if not before and len(values) <= _VALUE_LIMIT:
            known.update(values)
            return bool(values)
        if values.keys() <= known.keys():
            return False
    for value in values:
        if value not in known:
            if len(known) >= _VALUE_LIMIT:
                known[UNKNOWN] = None
                break
            known[value] = None
    return len(known) > before
