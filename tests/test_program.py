"""The linked program: what expressions may be, what runs in workers, what it draws from, and what loaders are given.

A program of `VALUES` calls `probe`, and the comment on the line says what its argument may be: ``a | b`` where it may
be either, ``a; b`` where it is one in one context and the other in another, ``?`` for anything. ``A:3`` is the instance
of `A` made on line 3. A call of `probe` without a comment never runs.

A program of `WORKERS` draws, and the comment says on which calls from an entry point the draw is reached; without a
comment no worker reaches it.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from reseed.facts import model, module_facts
from reseed.program import DatasetEntry, Loader, Program, Project, analyse, engine
from reseed.program.activation import Activation
from reseed.program.effects import NUMPY_GLOBAL, DrawEffect, SeedEffect
from reseed.program.reach import Reached
from reseed.program.values import (
    Bound,
    Class,
    Constant,
    External,
    Function,
    Method,
    NoResult,
    Object,
    Unknown,
    Value,
    Values,
)


def linked(text: str) -> Program:
    # A file without a loader or a dataset would not be looked at any further.
    return analyse(module_facts("m.py", f"{textwrap.dedent(text)}\nDataLoader\n"))


def shown(program: Program, value: Value) -> str:
    bodies = program.engine.modules[0].bodies
    match value:
        case Unknown():
            return "?"
        case External():
            return value.path
        case Constant():
            return repr(value.value)
        case NoResult():
            return "no result"
        case Function():
            return bodies[value.body].qualname
        case Class():
            return f"class {bodies[value.body].qualname}"
        case Bound():
            return f"{shown(program, value.function)} of {shown(program, value.receiver)}"
        case Method():
            return f"method {value.name} of {shown(program, value.receiver)}"
        case Object(kind="instance", cls=Class() as cls):
            name = bodies[cls.body].qualname
            if value.site is None:
                return f"{name} made outside"
            _, body, register = value.site
            return f"{name}:{bodies[body].spans[register].line}"
        case Object(kind="external"):
            return f"<{value.path}>"
        case Object():
            return value.kind
    raise AssertionError(value)


def all_shown(program: Program, values: Values | None) -> str:
    if values is None:
        return "not given"
    return " | ".join(sorted(shown(program, value) for value in values)) or "nothing"


def probed(program: Program) -> dict[int, list[str]]:
    """What each call of `probe` gets, by line; one text a context, equal ones once."""
    rows: dict[int, dict[str, None]] = {}
    for activation in program.engine.activations.values():
        for register, instruction in enumerate(activation.body.instructions):
            if not isinstance(instruction, model.Call) or instruction.text != "probe":
                continue
            if program.engine.is_live(activation, register):
                (argument,) = instruction.arguments
                text = all_shown(program, activation.registers[argument.value])
                rows.setdefault(activation.body.spans[register].line, {})[text] = None
    return {line: sorted(texts) for line, texts in rows.items()}


def commented(text: str) -> dict[int, list[str]]:
    lines = enumerate(text.splitlines(), 1)
    return {number: sorted(line.split("  # ")[1].split("; ")) for number, line in lines if "  # " in line}


def parameters(names: object, wrong: dict[str, str]) -> list[object]:
    return [
        pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=wrong[name])) if name in wrong else name
        for name in names  # type: ignore[attr-defined]
    ]


VALUES = {
    "attributes of instances are apart": """
        class A:
            c = 1
            def __init__(self, x):
                self.x = x
        a = A(2)
        b = A(3)
        a.y = 4
        probe(a.x)  # 2
        probe(b.x)  # 3
        probe(a.c)  # 1
        probe(A.c)  # 1
        probe(a.y)  # 4
        probe(b.y)  # nothing
        probe(a)  # A:6
    """,
    "a class attribute set from outside": """
        class A:
            pass
        class B(A):
            pass
        A.x = 1
        probe(B().x)  # 1
        probe(B.x)  # 1
    """,
    "method resolution order of a diamond": """
        class A:
            v = w = u = 1
        class B(A):
            v = 2
        class C(A):
            v = w = 3
        class D(B, C):
            pass
        probe(D().v)  # 2
        probe(D().w)  # 3
        probe(D().u)  # 1
    """,
    "super follows the class of the instance": """
        class A:
            def f(self):
                return 1
        class B(A):
            def f(self):
                return super().f()
        class C(A):
            def f(self):
                return 3
        class D(B, C):
            pass
        probe(B().f())  # 1
        probe(D().f())  # 3
    """,
    "super with arguments, and a base called by name": """
        class A:
            def __init__(self, x):
                self.x = x
        class B(A):
            def __init__(self):
                super(B, self).__init__(1)
        class C(A):
            def __init__(self):
                A.__init__(self, 2)
        probe(B().x)  # 1
        probe(C().x)  # 2
    """,
    "properties": """
        from functools import cached_property
        class A:
            @property
            def p(self):
                return 1
            @p.setter
            def p(self, value):
                self.q = value
            @cached_property
            def r(self):
                return self.p
            s = property(lambda self: 3)
        a = A()
        probe(a.p)  # 1
        probe(a.r)  # 1
        probe(a.s)  # 3
    """,
    "property setters": """
        class A:
            @property
            def p(self):
                return 1
            @p.setter
            def p(self, value):
                self.q = value
        a = A()
        a.p = 2
        probe(a.q)  # ?
    """,
    "static and class methods": """
        class A:
            @staticmethod
            def s(x):
                return x
            @classmethod
            def make(cls):
                return cls()
            def t(x):
                return x
            t = staticmethod(t)
        class B(A):
            pass
        probe(A.s(1))  # 1
        probe(A().s(2))  # 2
        probe(B.make())  # B:8
        probe(A.make())  # A:8
        probe(A().t(3))  # 3
    """,
    "bound methods travel with their instance": """
        class A:
            def __init__(self, x):
                self.x = x
            def get(self):
                return self.x
        first = A(1).get
        second = A(2).get
        probe(first)  # A.get of A:7
        probe(first())  # 1
        probe(second())  # 2
        probe(A.get(A(3)))  # 3
    """,
    "the class of an instance": """
        class A:
            def same(self):
                return self.__class__()
            def again(self):
                return type(self)()
        class B(A):
            pass
        probe(B().same())  # B:4
        probe(B().again())  # B:6
    """,
    "lists": """
        xs = [1, 2]
        xs.append(3)
        probe(xs[0])  # 1 | 3
        probe(xs[-1])  # 1 | 2 | 3
        probe(xs[unknown])  # 1 | 2 | 3
        for x in xs:
            probe(x)  # 1 | 2 | 3
        ys = xs + [4]
        probe(ys[0])  # 1 | 2 | 3 | 4
        ys = [5]
        ys.extend(xs)
        ys += [6]
        probe(ys[unknown])  # 1 | 2 | 3 | 5 | 6
        probe([y for y in [7, 8]][unknown])  # 7 | 8
        probe([0, *xs][1])  # 1 | 2 | 3
    """,
    "slices keep the elements": """
        xs = [1, 2]
        for x in xs[1:]:
            probe(x)  # 1 | 2
    """,
    "tuples are told apart by index": """
        pair = (1, 2)
        a, b = pair
        probe(a)  # 1
        probe(pair[1])  # 2
        def two():
            return 3, 4
        c, d = two()
        probe(d)  # 4
        first, *rest = (5, 6, 7)
        probe(first)  # 5
        probe(rest)  # list
        for i, x in [(8, 9)]:
            probe(x)  # 9
    """,
    "dictionaries are told apart by key": """
        d = {"a": 1, "b": 2}
        d["c"] = 3
        d.update(e=4)
        probe(d["a"])  # 1
        probe(d["c"])  # 3
        probe(d.get("b"))  # 2
        probe(d.get("b", 7))  # 2 | 7
        probe(d["e"])  # 4
        probe(d[unknown])  # 1 | 2 | 3 | 4
        for k in {"x": 5}:
            probe(k)  # 'x'
        for k, v in {"x": 5}.items():
            probe(v)  # 5
        for v in dict(y=6).values():
            probe(v)  # 6
        probe({**d, "a": 8}["c"])  # 3
        probe((d | {"z": 9})["z"])  # 9
    """,
    "builtins over containers": """
        xs = [1, 2]
        for i, x in enumerate(xs):
            probe(x)  # 1 | 2
        for x, y in zip(xs, [3]):
            probe(x)  # 1 | 2
            probe(y)  # 3
        for x in map(lambda v: (v, 4), xs):
            probe(x[0])  # 1 | 2
            probe(x[1])  # 4
        for x in sorted(reversed(list(xs))):
            probe(x)  # 1 | 2
        for x in filter(None, xs):
            probe(x)  # 1 | 2
        probe(next(iter(xs)))  # 1 | 2
    """,
    "arguments by position, by keyword and by default": """
        def f(a, /, b, c=3, *, d=4):
            probe(a)  # 1
            probe(b)  # 2
            probe(c)  # 3; 5
            probe(d)  # 4; 6
        f(1, 2)
        f(1, b=2, c=5, d=6)
    """,
    "star arguments are unpacked and handed on": """
        def f(*args, **kwargs):
            probe(args[0])  # 1
            probe(kwargs["k"])  # 3
            g(*args, **kwargs)
        def g(a, b, k):
            probe(a)  # 1
            probe(b)  # 2
            probe(k)  # 3
        f(1, 2, k=3)
        def h(a, b, c=9):
            probe(a)  # 4
            probe(b)  # 5
            probe(c)  # 6
        pair = (4, 5)
        h(*pair, **{"c": 6})
    """,
    "what is not passed is unknown": """
        def f(a):
            probe(a)  # ?
        def g(a, b):
            probe(b)  # 1 | ?
        g(*unknown, 1)
    """,
    "partials": """
        import functools
        def f(a, b, c=0):
            probe(a)  # 1
            probe(b)  # 2; 4
            probe(c)  # 3; 5
        p = functools.partial(f, 1, c=3)
        p(2)
        functools.partial(p, 4)(c=5)
    """,
    "lambdas": """
        f = lambda x, y=2: (x, y)
        probe(f(1)[0])  # 1
        probe(f(1)[1])  # 2
    """,
    "closures of a factory are apart": """
        def make(n):
            def get():
                return n
            return get
        a, b = make(1), make(2)
        probe(a())  # 1
        probe(b())  # 2
    """,
    "instances of a factory are apart": """
        class A:
            def __init__(self, x):
                self.x = x
        def build(x):
            return A(x)
        def twice(x):
            return build(x)
        probe(build(1).x)  # 1
        probe(build(2).x)  # 2
        probe(twice(3).x)  # 3
        probe(twice(4).x)  # 4
    """,
    "a method called on two instances": """
        class A:
            def __init__(self, x):
                self.x = x
            def get(self):
                probe(self.x)  # 1; 2
                return self.x
        probe(A(1).get())  # 1
        probe(A(2).get())  # 2
    """,
    "decorators of the program": """
        import functools
        def twice(f):
            @functools.wraps(f)
            def wrapper(*args):
                return f(*args)
            return wrapper
        @twice
        def g(x):
            return x
        probe(g)  # twice.wrapper
        probe(g(1))  # 1
    """,
    "decorators from elsewhere may give something else beside what is decorated": """
        import elsewhere, numba
        @elsewhere.register
        @elsewhere.cached(size=3)
        def f():
            return 1
        @elsewhere.register("name")
        class A:
            pass
        @numba.njit
        def g():
            return 1
        probe(f())  # 1 | ?
        probe(A())  # A:14
        probe(g())  # numba.njit()()
    """,
    "callable instances": """
        class A:
            def __call__(self, x):
                return x
        class B:
            def forward(self, x):
                return x
        def main():
            probe(A()(1))  # 1
            probe(B()(2))  # 2
    """,
    "classes are whole when the module goes on": """
        class A:
            def __call__(self, x):
                return x
        probe(A()(1))  # 1
    """,
    "defaults that a call gives": """
        def one():
            return 1
        def f(x=one()):
            probe(x)  # 1
        f()
    """,
    "keywords that a call gives": """
        def options():
            return {"x": 1}
        def f(x=2):
            probe(x)  # 1
        f(**options())
    """,
    "positions that a call gives": """
        def options():
            return (1,)
        def f(x=2):
            probe(x)  # 1
        f(*options())
    """,
    "operators of the program": """
        class A:
            def __add__(self, other):
                return 1
            def __rmul__(self, other):
                return 2
        def main():
            a = A()
            probe(a + a)  # 1
            probe(3 * a)  # 2
    """,
    "special methods": """
        class A:
            def __getitem__(self, key):
                return key
            def __contains__(self, item):
                probe(item)  # 5
            def __len__(self):
                probe(6)  # 6
            def __enter__(self):
                return 7
            def __iter__(self):
                yield 8
        def main():
            a = A()
            probe(a[4])  # 4
            5 in a
            len(a)
            with a as entered:
                probe(entered)  # 7
            for x in a:
                probe(x)  # 8 | ?
    """,
    "generators": """
        def g():
            yield 1
            yield from [2, 3]
        for x in g():
            probe(x)  # 1 | 2 | 3
        probe(next(g()))  # 1 | 2 | 3
        probe(g())  # generator
        for y in (z for z in (4, 5)):
            probe(y)  # 4 | 5
    """,
    "results": """
        def nothing():
            pass
        def sometimes(x):
            if x:
                return 1
        def explicit():
            return None
        def recursive(n):
            return recursive(n - 1) if n else 2
        def raises():
            raise ValueError
        probe(nothing())  # no result
        probe(sometimes(unknown))  # 1 | no result
        probe(explicit())  # no result
        probe(recursive(3))  # 2
        probe(raises())  # nothing
    """,
    "constants decide conditions": """
        FLAG = False
        if FLAG:
            probe(1)
        else:
            probe(2)  # 2
        if not FLAG and 1 + 1 == 2 and "a" in "abc" and None is None:
            probe(3)  # 3
        x = 4 if FLAG else 5
        probe(x)  # 5
        y = None
        if y is not None:
            probe(6)
        probe(y or 7)  # 7
        probe(y and 8)  # None
        while FLAG:
            probe(9)
    """,
    "conditions on what a constructor was given": """
        class A:
            def __init__(self, mode, transform=None):
                self.mode = mode
                self.transform = transform
            def get(self):
                if self.mode == "train":
                    probe(1)
                if self.transform is not None:
                    probe(2)
                if self.mode != "train" and not self.transform:
                    probe(3)  # 3
        A("test").get()
    """,
    "conditions hold in a context each": """
        def f(flag):
            if flag:
                return 1
            return 2
        probe(f(True))  # 1
        probe(f(False))  # 2
        probe(f(unknown))  # 1 | 2
    """,
    "conditions that only unseen code decides are open": """
        class A:
            def get(self):
                if self.flag:
                    probe(1)  # 1
                else:
                    probe(2)  # 2
        A().get()
    """,
    "functions and instances are true": """
        class A:
            pass
        def f():
            pass
        if not f:
            probe(1)
        if A() is None:
            probe(2)
        if f is not None:
            probe(3)  # 3
    """,
    "globals": """
        x = 1
        def get():
            probe(x)  # 3
            probe(y)  # 4 | None
            probe(undefined)  # ?
        def init():
            global y
            y = 4
        y = None
        x = 2
        x = 3
        init()
        get()
    """,
    "imports": """
        import numpy as np, a.b, c.d as e
        from numpy import random as npr, linalg
        from . import f
        from ..g import h
        probe(np.random.rand)  # numpy.random.rand
        probe(a.b.x)  # a.b.x
        probe(e.x)  # c.d.x
        probe(npr.rand(3).x)  # numpy.random.rand().x
        probe(f)  # .f
        probe(h)  # ..g.h
    """,
    "imports inside functions are local": """
        import first as x
        def f():
            import second as x
            probe(x)  # second
        probe(x)  # first
        f()
    """,
    "star imports": """
        from numpy.random import *
        from elsewhere import *
        probe(rand)  # numpy.random.rand
        probe(len)  # builtins.len
    """,
    "a star import from an unknown module": """
        from elsewhere import *
        probe(np.random.rand)  # numpy.random.rand
        probe(anything)  # ?
    """,
    "getattr and setattr": """
        class A:
            x = 1
        a = A()
        setattr(a, "y", 2)
        probe(getattr(a, "x"))  # 1
        probe(getattr(a, "y"))  # 2
        probe(getattr(a, unknown))  # ?
        probe(getattr(elsewhere, "x", 3))  # 3 | ?
    """,
    "dispatch by dictionary": """
        def f():
            return 1
        def g():
            return 2
        table = {"f": f, "g": g}
        probe(table["f"]())  # 1
        probe(table[unknown]())  # 1 | 2
    """,
    "dataclasses": """
        from dataclasses import dataclass
        @dataclass
        class A:
            x: int
            y: int = 2
        @dataclass
        class B(A):
            z: int = 3
        probe(A(1).x)  # 1
        probe(A(1).y)  # 2
        probe(B(4, z=5).x)  # 4
        probe(A(x=6).x)  # 6
    """,
    "what libraries are given they hold": """
        from torchvision import transforms
        def f():
            pass
        t = transforms.Compose([f])
        probe(t)  # <torchvision.transforms.Compose()>
        probe(transforms.ToTensor())  # torchvision.transforms.ToTensor()
        probe(t(unknown))  # ?
    """,
    "exceptions, walrus and match": """
        try:
            x = 1
        except ValueError:
            x = 2
        probe(x)  # 1 | 2
        if (y := 3):
            probe(y)  # 3
        match y:
            case 3:
                z = 4
            case other:
                z = 5
        probe(z)  # 4 | 5
    """,
    "an inherited method calls what the subclass defines": """
        class A:
            def run(self):
                return self.hook()
            def hook(self):
                raise NotImplementedError
        class B(A):
            def hook(self):
                return 1
        probe(B().run())  # 1
    """,
    "a class inside a function": """
        def make(base_value):
            class A:
                value = base_value
                def get(self):
                    return base_value
            return A
        probe(make(1)().get())  # 1
        probe(make(2).value)  # 2
    """,
    "uncalled functions are called with anything": """
        class A:
            def f(self, x):
                probe(self)  # A made outside
                probe(x)  # ?
                self.g(1)
            def g(self, y):
                probe(y)  # 1
        def outer():
            inner(2)
        def inner(z):
            probe(z)  # 2
    """,
}

WRONG_VALUES = {
    "keywords that a call gives": "the mapping has no value yet at the first call, and the default stays",
    "positions that a call gives": "the tuple has no value yet at the first call, and the default stays",
}


@pytest.mark.parametrize("name", parameters(VALUES, WRONG_VALUES))
def test_what_an_expression_may_be(name: str) -> None:
    text = VALUES[name]
    assert probed(linked(text)) == commented(text)


IMPORTS = (
    "import copy, functools, random, numpy as np, torch; "
    "from torch.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, Sampler, Subset; "
    "from torchvision import transforms"
)

WORKERS = {
    "entry points of a map-style dataset": """
        class Data(Dataset):
            def __init__(self):
                self.a = np.random.rand()
            def __len__(self):
                return np.random.randint(3)
            def __getitem__(self, index):
                return np.random.rand()  # Data.__getitem__
            def __getitems__(self, indices):
                return np.random.rand()  # Data.__getitems__
            def __iter__(self):
                yield np.random.rand()
            def preview(self):
                return np.random.rand()
        np.random.rand()
    """,
    "entry points of an iterable dataset": """
        class Data(IterableDataset):
            def __getitem__(self, index):
                return np.random.rand()
            def __iter__(self):
                yield np.random.rand()  # Data.__iter__
    """,
    "an iterator of its own": """
        class Data(IterableDataset):
            def __iter__(self):
                return self
            def __next__(self):
                return np.random.rand()  # Data.__next__
    """,
    "a class that only a loader shows to be a dataset": """
        class Data:
            def __getitem__(self, index):
                return np.random.rand()  # Data.__getitem__
            def __iter__(self):
                return np.random.rand()
        class Other:
            def __getitem__(self, index):
                return np.random.rand()
        def make():
            return DataLoader(Data())
    """,
    "a base from a file that is not seen": """
        from project import BaseDataset
        class Data(BaseDataset):
            def __len__(self):
                return 1
            def __getitem__(self, index):
                return np.random.rand()  # Data.__getitem__
            def __iter__(self):
                yield np.random.rand()  # Data.__iter__
        class Incomplete(BaseDataset):
            def __getitem__(self, index):
                return np.random.rand()
    """,
    "subclasses of the program's own datasets": """
        class Base(Dataset):
            def __getitem__(self, index):
                return self.load(index)
            def load(self, index):
                raise NotImplementedError
        class Data(Base):
            def load(self, index):
                return np.random.rand()  # Base.__getitem__ > Data.load
        class Mixed(Base):
            def __getitem__(self, index):
                np.random.rand()  # Mixed.__getitem__
                return super().__getitem__(index)
    """,
    "methods of all kinds": """
        class Data(Dataset):
            def __getitem__(self, index):
                self.plain(), self.static(), self.cls(), Data.static(), self.prop
                return self[index - 1] if index else None
            def plain(self):
                return np.random.rand()  # Data.__getitem__ > Data.plain
            @staticmethod
            def static():
                return np.random.rand()  # Data.__getitem__ > Data.static
            @classmethod
            def cls(cls):
                return np.random.rand()  # Data.__getitem__ > Data.cls
            @property
            def prop(self):
                return np.random.rand()  # Data.__getitem__ > Data.prop
    """,
    "functions, closures and lambdas": """
        def helper():
            return inner()
        def inner():
            return np.random.rand()  # Data.__getitem__ > helper > inner
        def unused():
            return np.random.rand()
        class Data(Dataset):
            def __init__(self):
                def noise():
                    return np.random.rand()  # Data.__getitem__ > Data.__init__.noise
                self.noise = noise
                self.more = lambda: np.random.rand()  # Data.__getitem__ > Data.__init__.<lambda>
            def __getitem__(self, index):
                return helper(), self.noise(), self.more()
    """,
    "transforms that the constructor was given": """
        class Crop:
            def __call__(self, image):
                return np.random.rand()  # Data.__getitem__ > Crop.__call__
        class Flip(torch.nn.Module):
            def forward(self, image):
                return np.random.rand()  # Data.__getitem__ > Flip.forward
        class Unused:
            def __call__(self, image):
                return np.random.rand()
        class Data(Dataset):
            def __init__(self, transform):
                self.transform = transform
            def __getitem__(self, index):
                return self.transform(index)
        DataLoader(Data(transforms.Compose([Crop(), Flip()])))
        DataLoader(Data(transform=transforms.Lambda(lambda x: np.random.rand())))  # Data.__getitem__ > <lambda>
        Unused()(1)
    """,
    "transforms in containers": """
        def a(x):
            return np.random.rand()  # Data.__getitem__ > a
        def b(x):
            return np.random.rand()  # Data.__getitem__ > b
        def c(x, y):
            return np.random.rand()  # Data.__getitem__ > c
        def d(x):
            return np.random.rand()
        class Data(Dataset):
            def __init__(self):
                self.all = [a]
                self.named = {"b": b, "d": d}
                self.partial = functools.partial(c, y=1)
            def __getitem__(self, index):
                for one in self.all:
                    one(index)
                self.partial(index)
                return self.named["b"](index)
    """,
    "transforms in a slice": """
        def a(x):
            return np.random.rand()  # Data.__getitem__ > a
        class Data(Dataset):
            def __init__(self):
                self.all = [a]
            def __getitem__(self, index):
                for one in self.all[:1]:
                    one(index)
    """,
    "a container of the program": """
        class Compose:
            def __init__(self, items):
                self.items = items
            def __call__(self, x):
                for item in self.items:
                    x = item(x)
                return x
        class Crop:
            def __call__(self, x):
                return np.random.rand()  # Data.__getitem__ > Compose.__call__ > Crop.__call__
        class Data(Dataset):
            def __init__(self):
                self.transform = Compose([Crop()])
            def __getitem__(self, index):
                return self.transform(index)
    """,
    "what builtins and libraries call": """
        def key(x):
            return np.random.rand()  # Data.__getitem__ > key
        def mapped(x):
            return np.random.rand()  # Data.__getitem__ > mapped
        def applied(x):
            return np.random.rand()  # Data.__getitem__ > applied
        def chosen():
            return np.random.rand()  # Data.__getitem__ > chosen
        def generate():
            yield np.random.rand()  # Data.__getitem__ > generate
        class Data(Dataset):
            def __getitem__(self, index):
                sorted([1], key=key), min([1], key=key)
                list(map(mapped, [1]))
                np.apply_along_axis(applied, 0, index)
                random.choice([chosen])()
                return [value for value in generate()]
    """,
    "collate functions and samplers": """
        def collate(batch):
            return np.random.rand()  # collate
        class Order(Sampler):
            def __iter__(self):
                return iter([np.random.randint(3)])
        def seed(worker_id):
            np.random.rand()
        class Data(Dataset):
            def __getitem__(self, index):
                return index
        DataLoader(Data(), 4, False, Order(), None, 2, collate, worker_init_fn=seed)
    """,
    "datasets in wrappers": """
        class First(Dataset):
            def __getitem__(self, index):
                return np.random.rand()  # First.__getitem__
        class Second(Dataset):
            def __getitem__(self, index):
                return np.random.rand()  # Second.__getitem__
        class Own(Dataset):
            def __init__(self, inner):
                self.inner = inner
            def __getitem__(self, index):
                return self.inner[index]
        class Third(Dataset):
            def __getitem__(self, index):
                return np.random.rand()  # Own.__getitem__ > Third.__getitem__
        DataLoader(Subset(ConcatDataset([First(), Second()]), [0]))
        DataLoader(Own(Third()))
    """,
    "datasets that only the parent takes items of": """
        class Data(Dataset):
            def __getitem__(self, index):
                return np.random.rand()  # Data.__getitem__
        class Shown(Dataset):
            def __getitem__(self, index):
                return np.random.rand()
        class Unmade(Dataset):
            def __getitem__(self, index):
                return np.random.rand()  # Unmade.__getitem__
        DataLoader(Data())
        print(Shown()[0])
    """,
    "a flag that is off": """
        class Data(Dataset):
            def __init__(self, train, transform=None):
                self.train = train
                self.transform = transform
            def __getitem__(self, index):
                if self.train:
                    np.random.rand()
                if not self.train:
                    np.random.rand()  # Data.__getitem__
                if self.transform is not None:
                    np.random.rand()
                if 0:
                    np.random.rand()
                return index
                np.random.rand()
        DataLoader(Data(False))
    """,
    "a flag that one of two datasets switches on": """
        class Data(Dataset):
            def __init__(self, train):
                self.train = train
            def __getitem__(self, index):
                if self.train:
                    np.random.rand()  # Data.__getitem__
        DataLoader(Data(False))
        DataLoader(Data(True))
    """,
    "draws that are no calls in this body": """
        draw = np.random.rand
        class Data(Dataset):
            noise = np.random.normal
            def __getitem__(self, index):
                draw()  # Data.__getitem__
                f = np.random.uniform if index else np.random.normal
                f()  # Data.__getitem__
                np.random.default_rng().random()
                random.random(), torch.rand(3)
                return self.noise()  # Data.__getitem__
    """,
    "seeded before": """
        def reseed(index):
            np.random.seed(index)
        class Data(Dataset):
            def __getitem__(self, index):
                np.random.rand()  # Data.__getitem__
                reseed(index)
                np.random.rand()  # Data.__getitem__ (seeded)
                return self.helper()
            def helper(self):
                return np.random.rand()  # Data.__getitem__ > Data.helper (seeded)
    """,
    "seeded in some runs": """
        class Data(Dataset):
            def __getitem__(self, index):
                if index:
                    np.random.seed(index)
                    np.random.rand()  # Data.__getitem__ (seeded)
                for _ in range(index):
                    np.random.seed(index)
                np.random.rand()  # Data.__getitem__
                if index:
                    np.random.seed(index)
                else:
                    np.random.seed(1)
                np.random.rand()  # Data.__getitem__ (seeded)
    """,
    "seeded where it always runs": """
        class A(Dataset):
            def __getitem__(self, index):
                try:
                    np.random.seed(index)
                finally:
                    pass
                np.random.rand()  # A.__getitem__ (seeded)
        class B(Dataset):
            def __getitem__(self, index):
                with torch.no_grad():
                    np.random.seed(index)
                np.random.rand()  # B.__getitem__ (seeded)
        class C(Dataset):
            def __getitem__(self, index):
                np.random.set_state(self.state)
                np.random.rand()  # C.__getitem__ (seeded)
    """,
    "seeded by a helper that may leave early": """
        class Data(Dataset):
            def __getitem__(self, index):
                self.early(index)
                np.random.rand()  # Data.__getitem__
            def early(self, index):
                if index:
                    return
                np.random.seed(index)
    """,
    "seeded by a helper that may leave early from within": """
        class Data(Dataset):
            def __getitem__(self, index):
                self.with_loop(index)
                np.random.rand()  # Data.__getitem__
                self.nested(index)
                np.random.rand()  # Data.__getitem__
            def with_loop(self, index):
                for i in index:
                    return
                np.random.seed(index)
            def nested(self, index):
                if index:
                    if index > 1:
                        return
                np.random.seed(index)
    """,
    "seeding something else": """
        class Data(Dataset):
            def __getitem__(self, index):
                random.seed(index)
                torch.manual_seed(index)
                rng = np.random.default_rng(index)
                rng = np.random.RandomState(index)
                rng.seed(index)
                np.random.rand()  # Data.__getitem__
    """,
    "helpers that say they seed": """
        from project import utils
        class Data(Dataset):
            def __getitem__(self, index):
                utils.fix_seed(index)
                np.random.rand()  # Data.__getitem__ (seeded)
    """,
    "reached on both sides of a seeding": """
        class Data(Dataset):
            def __getitem__(self, index):
                self.helper()
                np.random.seed(index)
                return self.helper()
            def helper(self):
                return np.random.rand()  # Data.__getitem__ > Data.helper; Data.__getitem__ > Data.helper (seeded)
    """,
}

WRONG_WORKERS = {
    "seeded by a helper that may leave early from within": "what follows is taken to always run",
}


def with_imports(text: str) -> str:
    """The same with imports on its first line, which is empty in the tables."""
    assert text.startswith("\n")
    return IMPORTS + textwrap.dedent(text)


def workers_of(program: Program) -> list[Activation]:
    entries: list[Loader | DatasetEntry] = [*program.loaders, *program.datasets]
    return [entry.worker for entry in entries]


def route(reached: Reached) -> str:
    names = [activation.body.qualname for activation, _ in reached.path]
    return " > ".join([*names, reached.activation.body.qualname]) + " (seeded)" * reached.is_seeded


def drawn(program: Program) -> dict[int, list[str]]:
    """How each draw from NumPy's global state is reached in workers, by line."""
    rows: dict[int, dict[str, None]] = {}
    for worker in workers_of(program):
        for reached in program.reached(worker):
            if isinstance(reached.effect, DrawEffect) and reached.effect.state == NUMPY_GLOBAL:
                line = program.place(reached.activation, reached.effect.register).span.line
                rows.setdefault(line, {})[route(reached)] = None
    return {line: sorted(texts) for line, texts in rows.items()}


@pytest.mark.parametrize("name", parameters(WORKERS, WRONG_WORKERS))
def test_what_is_drawn_in_workers(name: str) -> None:
    text = with_imports(WORKERS[name])
    assert drawn(linked(text)) == commented(text)


def test_of_several_ways_to_a_draw_the_shortest_comes_first() -> None:
    text = """
        def f(n):
            np.random.rand()
            return g(n)
        def g(n):
            return f(n - 1) if n else n
        class Data(Dataset):
            def __getitem__(self, index):
                return g(index), f(index)
    """
    program = linked(with_imports(text))
    (worker,) = workers_of(program)
    assert route(program.reached(worker)[0]) == "Data.__getitem__ > f"


def test_a_path_tells_where_each_call_stands() -> None:
    text = """
        def noise(x):
            return x + np.random.rand(3)
        class Crop:
            def __call__(self, x):
                return noise(x=x)
        class Data(Dataset):
            def __init__(self, t):
                self.t = transforms.Compose([t])
            def __getitem__(self, index):
                x = self.t(
                    index)
                return x
        DataLoader(Data(Crop()))
    """
    program = linked(with_imports(text))
    (loader,) = program.loaders
    (reached,) = program.reached(loader.worker)
    places = [program.place(*step) for step in [*reached.path, (reached.activation, reached.effect.register)]]
    rows = [(p.path, p.function, p.span.line, p.span.column, p.span.end_line, p.span.end_column) for p in places]
    assert rows == [
        ("m.py", "Data.__getitem__", 11, 13, 12, 19),
        ("m.py", "Crop.__call__", 6, 16, 6, 26),
        ("m.py", "noise", 3, 16, 3, 33),
    ]
    assert reached.effect == DrawEffect(reached.effect.register, "numpy-global", "numpy.random.rand")
    whole = program.place(reached.activation)
    assert (whole.function, whole.span.line, whole.span.column) == ("noise", 2, 1)


def test_property_and_iteration_stand_where_they_are_written() -> None:
    text = """
        class Data(Dataset):
            @property
            def size(self):
                return np.random.rand()
            def __iter__(self):
                yield np.random.normal()
            def __getitem__(self, index):
                return self.size, [x for x in self]
    """
    program = linked(with_imports(text))
    (worker,) = workers_of(program)
    rows = []
    for reached in program.reached(worker):
        ((activation, register),) = reached.path
        span = program.place(activation, register).span
        rows.append((reached.activation.body.name, span.line, span.column, span.end_column))
    assert rows == [("size", 9, 16, 25), ("__iter__", 9, 39, 43)]


def test_effects_in_order() -> None:
    text = """
        class Data(Dataset):
            def __getitem__(self, index):
                np.random.seed(a=1, seed=index)
                torch.manual_seed(*index)
                rng = np.random.default_rng()
                np.random.set_state(index)
                np.random.shuffle(index)
                scipy_stats.norm.rvs(), project.reset_seed(), os.urandom_seed()
    """
    text = "import scipy.stats as scipy_stats, project, os; " + with_imports(text)
    program = linked(text)
    (worker,) = workers_of(program)
    rows = []
    for reached in program.reached(worker):
        effect = reached.effect
        if isinstance(effect, DrawEffect):
            rows.append(("draw", effect.path, effect.state))
        else:
            argument = effect.argument and type(reached.activation.body.instructions[effect.argument]).__name__
            rows.append(("seed", effect.row and effect.row.path, sorted(effect.states), argument))
    assert rows == [
        ("seed", "numpy.random.seed", ["numpy-global"], "Parameter"),
        ("seed", "torch.manual_seed", ["torch-global"], "Parameter"),
        ("seed", "numpy.random.default_rng", ["numpy.random.Generator"], None),
        ("seed", None, ["numpy-global"], None),
        ("draw", "numpy.random.shuffle", "numpy-global"),
        ("draw", "scipy.stats.norm.rvs", "numpy-global"),
        ("seed", None, ["*"], None),
    ]


# Loaders

DATA = """
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from elsewhere import unknown

class Data(Dataset):
    def __getitem__(self, index):
        return index

def seed(worker_id):
    pass

data = Data()
"""
LOADERS = [
    ("DataLoader(data)", {"dataset": "Data:14"}),
    ("DataLoader(dataset=data, num_workers=2)", {"dataset": "Data:14", "num_workers": "2"}),
    ("torch.utils.data.DataLoader(data, 8, True, None, None, 2)", {"num_workers": "2", "sampler": "None"}),
    (
        "DataLoader(data, 8, True, None, None, 2, len, False, False, 0, seed)",
        {"collate_fn": "builtins.len", "worker_init_fn": "seed"},
    ),
    ("DataLoader(data, **{'num_workers': 3, 'worker_init_fn': seed})", {"num_workers": "3", "worker_init_fn": "seed"}),
    ("DataLoader(data, **dict(num_workers=3))", {"num_workers": "3"}),
    (
        "DataLoader(data, **{'num_workers': 3, **unknown})",
        {"num_workers": "3 | ?", "worker_init_fn": "not given, may be"},
    ),
    ("DataLoader(data, **unknown)", {"dataset": "Data:14", "num_workers": "not given, may be"}),
    ("DataLoader(data, num_workers=2, **unknown)", {"num_workers": "2", "worker_init_fn": "not given, may be"}),
    ("DataLoader(data, *unknown)", {"num_workers": "?", "persistent_workers": "not given"}),
    ("DataLoader(*[data, 8], num_workers=unknown)", {"dataset": "Data:14", "num_workers": "elsewhere.unknown"}),
    ("DataLoader(data, num_workers=2 if unknown else 0)", {"num_workers": "0 | 2"}),
    ("DataLoader([data, data][0], num_workers=-1 + 1)", {"dataset": "Data:14", "num_workers": "0"}),
    ("functools.partial(DataLoader, num_workers=2)(data)", {"dataset": "Data:14", "num_workers": "2"}),
    ("(lambda d, n=4: DataLoader(d, num_workers=n))(data)", {"dataset": "Data:14", "num_workers": "4"}),
    ("DataLoader(data, worker_init_fn=None)", {"worker_init_fn": "None"}),
    ("DataLoader(data, worker_init_fn=seed(1))", {"worker_init_fn": "no result"}),
    ("DataLoader(data, worker_init_fn=lambda i: seed(i))", {"worker_init_fn": "main.<lambda>"}),
    ("DataLoader(data, worker_init_fn=torch.manual_seed(1))", {"worker_init_fn": "torch.manual_seed()"}),
]


@pytest.mark.parametrize(("call", "given"), LOADERS)
def test_what_a_loader_is_given(call: str, given: dict[str, str]) -> None:
    program = linked(f"{DATA}import functools\ndef main():\n    return {call}\n")
    (loader,) = program.loaders
    names = set(loader.row.positions) | {"persistent_workers"}
    found = {}
    for name in names:
        shown_values = all_shown(program, loader.argument(name))
        may_be = loader.argument(name) is None and loader.may_pass(name)
        found[name] = shown_values + ", may be" * may_be
    assert {name: found[name] for name in given} == given
    if "**" not in call and "*unknown" not in call:
        assert "not given, may be" not in found.values()


def loaders_of(text: str) -> list[tuple[int, str, dict[str, str]]]:
    """Line, function and what is given of each loader."""
    program = linked(DATA + textwrap.dedent(text))
    return [
        (
            loader.place.span.line - DATA.count("\n"),
            loader.place.function,
            {
                name: all_shown(program, values)
                for name in ("dataset", "num_workers", "worker_init_fn", "collate_fn")
                if (values := loader.argument(name)) is not None
            },
        )
        for loader in program.loaders
    ]


def test_a_seeder_assigned_to_the_loader() -> None:
    text = """
        def main():
            loader = DataLoader(data, num_workers=2)
            loader.worker_init_fn = seed
    """
    assert loaders_of(text) == [(3, "main", {"dataset": "Data:14", "num_workers": "2", "worker_init_fn": "seed"})]


def test_a_loader_in_a_method_and_a_loader_in_two_contexts() -> None:
    text = """
        class Module:
            def __init__(self, workers):
                self.workers = workers
            def train_dataloader(self):
                return self.make(data)
            def make(self, dataset):
                return DataLoader(dataset, num_workers=self.workers)
        Module(1).train_dataloader()
        Module(2).train_dataloader()
    """
    assert loaders_of(text) == [
        (8, "Module.make", {"dataset": "Data:14", "num_workers": "1"}),
        (8, "Module.make", {"dataset": "Data:14", "num_workers": "2"}),
    ]


def test_a_loader_subclass_that_hands_its_arguments_on_is_made_where_it_is_called() -> None:
    text = """
        class Loader(DataLoader):
            def __init__(self, dataset, **kwargs):
                kwargs["worker_init_fn"] = seed
                super().__init__(dataset, **kwargs)
        def main():
            return Loader(data, num_workers=2)
    """
    assert loaders_of(text) == [(7, "main", {"dataset": "Data:14", "num_workers": "2", "worker_init_fn": "seed"})]


def test_a_loader_subclass_used_by_the_module_itself() -> None:
    text = """
        class Loader(DataLoader):
            def __init__(self, dataset, **kwargs):
                kwargs["worker_init_fn"] = seed
                super().__init__(dataset, **kwargs)
        Loader(data, num_workers=2)
    """
    assert loaders_of(text) == [(6, "__main__", {"dataset": "Data:14", "num_workers": "2", "worker_init_fn": "seed"})]


def test_a_loader_subclass_without_init() -> None:
    assert loaders_of("class Loader(DataLoader):\n    pass\ndef main():\n    Loader(data, num_workers=2)\n") == [
        (4, "main", {"dataset": "Data:14", "num_workers": "2"})
    ]


def test_a_class_of_the_program_named_like_a_loader_is_none() -> None:
    assert loaders_of("class DataLoader:\n    pass\nDataLoader(data, num_workers=2)\n") == []


def test_what_nothing_calls_makes_loaders_too() -> None:
    assert loaders_of("def make(dataset, workers):\n    return DataLoader(dataset, num_workers=workers)\n") == [
        (2, "make", {"dataset": "?", "num_workers": "?"})
    ]


def test_dead_loaders_are_not_made() -> None:
    assert loaders_of("def make():\n    return None\n    DataLoader(data)\nif False:\n    DataLoader(data)\n") == []


def test_a_seeder_runs_in_the_worker_with_its_id() -> None:
    program = linked(DATA + "def main():\n    DataLoader(data, worker_init_fn=lambda i: np.random.seed(i))\n")
    (loader,) = program.loaders
    (reached,) = program.reached(loader.seeder)
    assert isinstance(reached.effect, SeedEffect)
    assert route(reached) == "main.<lambda>"
    assert program.reached(loader.worker) == []


def test_a_dataset_that_a_loader_takes_is_no_entry_of_its_own() -> None:
    program = linked(DATA + "class Other(Dataset):\n    def __getitem__(self, i): return i\nDataLoader(data)\n")
    names = [program.engine.modules[0].bodies[entry.cls.body].name for entry in program.datasets]
    assert names == ["Other"]


@pytest.mark.parametrize(
    ("base", "head", "is_one"),
    [
        ("Dataset", "from torch.utils.data import Dataset", True),
        ("data.Dataset", "from torch.utils import data", True),
        ("td.IterableDataset", "import torch.utils.data as td", True),
        ("torchvision.datasets.MNIST", "import torchvision", True),
        ("Dataset[int]", "from torch.utils.data import Dataset", True),
        ("Base", "from torch.utils.data import Dataset\nclass Base(Dataset): pass", True),
        ("Base, Dataset", "from torch.utils.data import Dataset\nclass Base: pass", True),
        ("Alias", "import torch\nAlias = torch.utils.data.Dataset", True),
        ("ImageDataset", "from project import ImageDataset", True),
        ("ImageDataset", "import paddle\nfrom project import ImageDataset", False),
        ("Thing", "from project import Thing", False),
        ("Dataset", "class Dataset: pass", False),
        ("Dataset", "from paddle.io import Dataset", False),
        ("Sequence", "from keras.utils import Sequence", False),
        ("object", "", False),
    ],
)
def test_bases_of_datasets(base: str, head: str, is_one: bool) -> None:
    text = f"{head}\nclass Data({base}):\n    def __len__(self): return 1\n    def __getitem__(self, index): return 1\n"
    program = linked(text)
    names = [program.engine.modules[0].bodies[entry.cls.body].name for entry in program.datasets]
    assert ("Data" in names) is is_one


# Bounds


def test_past_the_limit_contexts_share_one() -> None:
    calls = "".join(f"probe(same({number}))\n" for number in range(30))
    rows = probed(linked(f"def same(x):\n    return x\n{calls}"))
    assert rows[3] == ["0"]
    last = rows[32][0].split(" | ")
    assert "29" in last and "0" not in last


def test_past_the_limit_values_are_unknown() -> None:
    items = ", ".join(map(str, range(100)))
    (row,) = probed(linked(f"xs = [{items}]\nprobe(xs[unknown])\n"))[2]
    assert "?" in row.split(" | ")
    assert "0" in row.split(" | ")


def test_what_is_counted_up_is_unknown_in_the_end() -> None:
    rows = probed(linked("n = 0\nwhile unknown:\n    n = n + 1\n    probe(n)\nprobe(n)\nprobe(2 * 3 + 1)\n"))
    counted = rows[4][0].split(" | ")
    assert {"1", "2", "3", "?"} <= set(counted)
    assert len(counted) < 20
    assert "0" in rows[5][0].split(" | ")
    assert rows[6] == ["7"]


def test_work_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    text = with_imports(WORKERS["seeded before"])
    whole = linked(text)
    assert not whole.engine.exhausted
    monkeypatch.setattr(engine, "_STEP_LIMIT", 20)
    program = linked(text)
    assert program.engine.exhausted
    assert drawn(program).items() <= drawn(whole).items()


def test_of_several_modules_each_has_its_own_names(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text("x = 2\ndef f():\n    probe(x)\n")
    one = "import two\nx = 1\ndef f():\n    probe(x)\n    two.f()\nDataLoader\n"
    program = analyse(module_facts(str(tmp_path / "one.py"), one), Project())
    rows = {}
    for activation in program.engine.activations.values():
        for ins in activation.body.instructions:
            if isinstance(ins, model.Call) and ins.arguments:
                rows[activation.module] = all_shown(program, activation.registers[ins.arguments[0].value])
    assert rows == {0: "1", 1: "2"}
