"""The lowering of one module: which value a name has where, under which conditions code runs, and where it stands.

A program of `MEANINGS` calls `use`, and the comment on the line says what its arguments stand for, written out from
the registers, ``a | b`` where either may arrive; in brackets the conditions under which the call runs, the outermost
first. `maybe` is a condition that is not known. Calls of one line are separated by a semicolon, in the order they run.
"""

from __future__ import annotations

import ast
import pickle
import re
import sys
import textwrap
import tokenize
from pathlib import Path

import pytest

from reseed.facts import model, module_facts
from reseed.source import SourceError

FIXTURES = Path(__file__).parent.parent / "fixtures"
NEWEST = sys.version_info >= (3, 12)
SHOWN = sorted(
    path.relative_to(FIXTURES).as_posix()
    for path in FIXTURES.rglob("*.py")
    if path.name != "__init__.py" and (NEWEST or path.parent.name != "py312")
)


class Reader:
    """Writes out what the registers of one body stand for."""

    def __init__(self, facts: model.ModuleFacts, body: model.Body) -> None:
        self.facts = facts
        self.body = body
        self.open: list[model.Register] = []

    def text(self, register: model.Register) -> str:
        if register in self.open:
            return "..."
        self.open.append(register)
        instruction = self.body.instructions[register]
        if isinstance(instruction, model.Phi):
            result = " | ".join(sorted({self.text(leaf) for leaf in self.leaves(register)}))
        else:
            result = self.written(instruction)
        self.open.pop()
        return result

    def leaves(self, register: model.Register) -> set[model.Register]:
        """What arrives at a Phi, through other Phis too."""
        found: set[model.Register] = set()
        seen: set[model.Register] = set()
        stack = [register]
        while stack:
            current = stack.pop()
            instruction = self.body.instructions[current]
            if current in seen:
                continue
            seen.add(current)
            if isinstance(instruction, model.Phi):
                stack.extend(instruction.sources)
            else:
                found.add(current)
        return found

    def all(self, registers: object) -> str:
        return ", ".join(self.text(register) for register in registers)  # type: ignore[attr-defined]

    def written(self, ins: model.Instruction) -> str:
        match ins:
            case model.Const():
                return repr(ins.value)
            case model.Opaque():
                return f"opaque({self.all(ins.operands)})"
            case model.Parameter():
                return f"parameter {ins.name}"
            case model.Global():
                return ins.name
            case model.Cell():
                return f"{self.facts.bodies[ins.body].qualname}'s {ins.name}"
            case model.Attribute():
                return f"{self.text(ins.value)}.{ins.name}"
            case model.Item():
                return f"{self.text(ins.value)}[{self.text(ins.key)}]"
            case model.Element():
                return f"each {self.text(ins.value)}"
            case model.Unpack():
                return f"{'rest' if ins.rest else 'part'} {ins.index} of {self.text(ins.value)}"
            case model.Call():
                return f"{'@' if ins.decorator else ''}{self.text(ins.function)}({self.arguments(ins)})"
            case model.Collection():
                starred = [f"{'*' * (i in ins.starred)}{self.text(item)}" for i, item in enumerate(ins.items)]
                return f"{ins.kind}[{', '.join(starred)}]"
            case model.Dictionary():
                pairs = [("**" if k is None else f"{self.text(k)}: ") + self.text(v) for k, v in ins.pairs]
                return f"{{{', '.join(pairs)}}}"
            case model.Operation():
                operands = [self.text(operand) for operand in ins.operands]
                return (
                    f"({ins.operator} {operands[0]})"
                    if len(operands) == 1
                    else f"({f' {ins.operator} '.join(operands)})"
                )
            case model.MakeFunction():
                defaults = ", ".join(f"{name}={self.text(value)}" for name, value in ins.defaults)
                return f"def {self.facts.bodies[ins.body].qualname}({defaults})"
            case model.MakeClass():
                return f"class {self.facts.bodies[ins.body].qualname}({self.all(ins.bases)})"
            case model.Import():
                dots = "." * ins.level
                if ins.name is None:
                    return f"import {ins.module}{' (top)' if ins.top else ''}"
                return f"from {dots}{ins.module} import {ins.name}"
        raise AssertionError(f"{ins} has no value")

    def arguments(self, call: model.Call) -> str:
        return ", ".join(
            f"{argument.star}{argument.keyword + '=' if argument.keyword else ''}{self.text(argument.value)}"
            for argument in call.arguments
        )

    def conditions(self, register: model.Register) -> list[str]:
        found: list[str] = []
        index: int | None = self.body.blocks[register]
        while index is not None:
            block = self.body.block_table[index]
            if block.guard is not None:
                found.append(f"{'' if block.expected else 'not '}{self.text(block.guard)}")
            elif not block.certain:
                found.append("maybe")
            index = block.parent
        return found[::-1]


def facts_of(text: str) -> model.ModuleFacts:
    return module_facts("m.py", textwrap.dedent(text), "m")


def body_of(facts: model.ModuleFacts, qualname: str) -> model.Body:
    (found,) = (body for body in facts.bodies[1:] if body.qualname == qualname) if qualname else facts.bodies[:1]
    return found


MEANINGS = {
    # Straight code
    "a name stands for its last binding": """
        x = 1
        use(x)  # 1
        x = 2
        use(x)  # 2
    """,
    "a swap reads both before it binds either": """
        a, b = b, a
        use(a, b)  # part 0 of tuple[b, a], part 1 of tuple[b, a]
    """,
    "chained assignment binds all targets": """
        a = b = c
        use(a, b)  # c, c
    """,
    "a starred target takes the rest": """
        first, *rest, last = xs
        use(first, rest, last)  # part 0 of xs, rest -1 of xs, part -1 of xs
    """,
    "nested targets": """
        (a, [b, c]) = xs
        use(a, b, c)  # part 0 of xs, part 0 of part 1 of xs, part 1 of part 1 of xs
    """,
    "augmented assignment computes from the old value": """
        x = 1
        x += 2
        x //= y
        use(x)  # ((1 + 2) // y)
    """,
    "annotated assignment binds, a bare annotation does not": """
        x: int = 1
        x: int
        use(x)  # 1
    """,
    "del, then a new binding": """
        x = 1
        del x
        x = 2
        use(x)  # 2
    """,
    "what del computes is run": """
        del boxes[use(1)]  # 1
    """,
    "attribute and item targets bind no name": """
        x = 1
        self.x = 2
        self[x] = 3
        use(x)  # 1
    """,
    "an unbound local is not the global": """
        x = 1
        def f():
            use(x)  # opaque()
            x = 2
    """,
    "literals": """
        use(1, 1.5, 2j, 0x10, 1_000)  # 1, 1.5, 2j, 16, 1000
        use('a' 'b', b'c', None, True, ...)  # 'ab', b'c', None, True, Ellipsis
    """,
    "what stands in f-strings is run": """
        use(f"b{use(1)}")  # 1; ('b' f opaque(use(1)))
        use("a" f"{use(2):>{use(3)}}")  # 2; 3; ('a' f opaque(use(2), ('>' f opaque(use(3)))))
    """,
    "displays": """
        use([1, *a], (2,), {3}, {4: 5, **b})  # list[1, *a], tuple[2], set[3], {4: 5, **b}
    """,
    "operators": """
        use(a - b - c, a - (b - c), not a, ~a, -1)  # ((a - b) - c), (a - (b - c)), (not a), (~ a), (- 1)
        use(a is not b, a not in b, a != b, a in b)  # (a is not b), (a not in b), (a != b), (a in b)
        use(a is b, a < b <= c)  # (a is b), ((a < b) and (b <= c))
    """,
    "star arguments and keywords": """
        use(a, *b, c=d, **e)  # a, *b, c=d, **e
    """,
    "subscripts": """
        use(a[0], a[1:2], a[:, b])  # a[0], a[([:] opaque(1, 2))], a[opaque(opaque(), b)]
    """,
    # Conditions and joins
    "if and else are joined": """
        if flag:
            x = 1
            use(x)  # 1 [flag]
        else:
            x = 2
            use(x)  # 2 [not flag]
        use(x)  # 1 | 2
    """,
    "an if without else keeps the old binding": """
        x = 1
        if flag:
            x = 2
        use(x)  # 1 | 2
    """,
    "an elif stands below all conditions before it": """
        if a:
            x = 1
        elif b:
            x = 2
            use(x)  # 2 [not a, b]
        else:
            x = 3
            use(x)  # 3 [not a, not b]
        use(x)  # 1 | 2 | 3
    """,
    "an early return guards what follows": """
        def f():
            if a:
                return
            use(1)  # 1 [not a]
            if b:
                raise ValueError
            else:
                use(3)  # 3 [not a, not b]
            use(4)  # 4 [not a, not b]
    """,
    "a return in else guards by the condition itself": """
        def f():
            if a:
                x = 1
            else:
                return
            use(x)  # 1 [a]
    """,
    "returns in an elif chain guard by each condition": """
        def f():
            if a:
                return
            elif b:
                return
            use(1)  # 1 [not a, not b]
    """,
    "the guard of an early exit ends with its block": """
        for item in items:
            if flag:
                continue
            use(1)  # 1 [maybe, not flag]
        use(2)  # 2
    """,
    "code after return, raise, break and continue is left out": """
        def f():
            for a in b:
                if a:
                    break
                    use(1)
                continue
                use(2)
            return
            use(3)
        def g():
            raise ValueError(use(4))  # 4
            use(5)
    """,
    "code after an if that leaves both ways is left out": """
        def f():
            if a:
                return 1
            else:
                return 2
            use(1)
    """,
    "a conditional expression": """
        use(use(1) if flag else use(2))  # 1 [flag]; 2 [not flag]; use(1) | use(2)
    """,
    "and, or guard their later operands": """
        a and use(1) and use(2)  # 1 [a]; 2 [a, use(1)]
        a or use(3)  # 3 [not a]
        (a and b) or use(4)  # 4 [not (a and b)]
        a and (b or use(5))  # 5 [a, not b]
        use(6)  # 6
    """,
    "a walrus binds in the condition and after it": """
        if (x := get()) and use(x):  # get() [get()]
            use(x)  # get() [(get() and use(get()))]
        use(x)  # get()
    """,
    "a walrus in a branch may not have happened": """
        x = 1
        a and (x := 2)
        use(x)  # 1 | 2
        (x := 3) if a else None
        use(x)  # 1 | 2 | 3
    """,
    # Loops
    "a loop joins what its turns leave": """
        x = 0
        for item in items:
            use(x)  # (... + 1) | 0 [maybe]
            x = x + 1
            use(x, item)  # (... | 0 + 1), each items [maybe]
        use(x)  # (... | 0 + 1) | 0
    """,
    "names bound in the loop alone": """
        for item in items:
            x = 1
        use(x, item)  # 1, each items
    """,
    "while runs under its condition": """
        x = 1
        while x and use(x):  # 1 | 2 [1 | 2]
            use(3)  # 3 [(1 | 2 and use(1 | 2))]
            x = 2
        use(x)  # 1 | 2
    """,
    "break and continue carry their bindings": """
        x = 0
        for item in items:
            if a:
                x = 1
                continue
            if b:
                x = 2
                break
            x = 3
        else:
            use(x)  # 0 | 1 | 3
        use(x)  # 0 | 1 | 2 | 3
    """,
    "while True is left by break alone": """
        x = 0
        while True:
            x = 1
            if a:
                break
            x = 2
        use(x)  # 1
    """,
    "nothing follows an endless loop": """
        while True:
            use(1)  # 1 [True]
        use(2)
    """,
    "break leaves the inner loop": """
        for a in xs:
            for b in a:
                break
            else:
                use(1)  # 1 [maybe]
            use(b)  # each each xs [maybe]
    """,
    "a loop's target may be any target": """
        for i, (a, self.b) in xs:
            use(i, a)  # part 0 of each xs, part 0 of part 1 of each xs [maybe]
    """,
    # try, with, match
    "a handler sees any binding of the tried code": """
        x = 0
        try:
            x = 1
            use(x)  # 1
            x = 2
        except ValueError as error:
            use(x, error)  # 0 | 1 | 2, opaque(ValueError) [maybe]
            x = 3
        else:
            use(x)  # 2 [maybe]
        use(x)  # 2 | 3
    """,
    "an import in try": """
        try:
            import a as x
        except ImportError:
            x = None
        use(x)  # None | import a
    """,
    "except*": """
        try:
            use(1)  # 1
        except* ValueError:
            use(2)  # 2 [maybe]
    """,
    "finally runs after an exception too": """
        x = 1
        try:
            x = 2
        finally:
            use(x)  # 1 | 2
        use(x)  # 2
    """,
    "finally runs on the way out": """
        def f():
            x = 1
            try:
                x = 2
                return x
            finally:
                use(x)  # 1 | 2
            use(3)
    """,
    "with binds what the manager enters with": """
        with a() as x, b as (y, z):
            use(x, y)  # a().__enter__(), part 0 of b.__enter__()
        use(z)  # part 1 of b.__enter__()
    """,
    "match binds its captures in their case": """
        match x:
            case [a, *b] if use(1):  # 1 [maybe]
                use(a, b)  # opaque(x), opaque(x) [maybe, use(1)]
            case {"k": c, **d}:
                use(c, d)  # opaque(x), opaque(x) [maybe]
            case Point(x=e) as f:
                use(e, f)  # opaque(x), opaque(x) [maybe]
    """,
    "match without a case for all may pass": """
        x = 0
        match y:
            case 1:
                x = 1
        use(x)  # 0 | 1
    """,
    "match with a case for all takes one": """
        x = 0
        match y:
            case 1:
                x = 1
            case _:
                x = 2
        use(x)  # 1 | 2
    """,
    # Scopes
    "a comprehension's variable is its own": """
        x = 1
        ys = [use(x) for x in use(x)]  # 1; each use(1) [maybe]
        use(x, ys)  # 1, comprehension[use(each use(1))]
    """,
    "a comprehension's conditions and inner loops": """
        {use(a, b): use(3) for a in xs if c for b in a}  # each xs, each each xs [maybe, c, maybe]; 3 [maybe, c, maybe]
    """,
    "a walrus in a comprehension binds outside": """
        x = 1
        ys = [(x := y) for y in ys]
        use(x)  # 1 | each ys
    """,
    "a global statement": """
        x = 1
        def f():
            global x
            x = 2
            use(x)  # x
            def g():
                use(x)  # x
    """,
    "a nonlocal statement": """
        x = 1
        def f():
            x = 2
            def g():
                nonlocal x
                x = 3
                use(x)  # f's x
    """,
    "what an inner function rebinds is seen outside": """
        def f():
            x = 1
            def g():
                nonlocal x
                x = 2
            g()
            use(x)  # f's x
    """,
    "a closure reads a cell": """
        def f(p):
            x = 1
            def g():
                use(x, p, g)  # f's x, f's p, f's g
            x = 2
            return lambda: use(x)  # f's x
    """,
    "a lambda reads a comprehension's variable": """
        def f():
            return [lambda: use(x) for x in xs]  # f's x
    """,
    "names of a class are not seen in its methods": """
        x = 1
        class A:
            x = 2
            use(x)  # 2
            def f(self):
                use(x)  # x
    """,
    "a class body reads outside before it binds": """
        def f(x):
            class A:
                x = x
                use(x)  # f's x
    """,
    "defaults are computed outside": """
        x = 1
        def f(x=x):
            use(x)  # parameter x
        g = lambda y=use(2): y  # 2
        use(f, g)  # def f(x=1), def <lambda>(y=use(2))
    """,
    "decorators are applied from the inside out": """
        @use(1)  # 1
        @b.c
        def f(): pass
        @d
        class A(B, metaclass=use(2)): pass  # 2
        use(f, A)  # @use(1)(@b.c(def f())), @d(class A(B))
    """,
}

WRONG = {
    "returns in an elif chain guard by each condition": "only the first condition guards what follows",
    "finally runs after an exception too": "`finally` sees the bindings of the normal end alone",
    "finally runs on the way out": "`finally` after a `return` sees the bindings from before the `try`",
    "match with a case for all takes one": "`case _` is not taken to end a `match`",
    "a walrus in a comprehension binds outside": "what it binds is lost",
    "what an inner function rebinds is seen outside": "the outer function reads the value from before",
}


def uses(facts: model.ModuleFacts) -> dict[int, list[str]]:
    """The calls of `use`, by line, in the order they run."""
    rows: dict[int, list[str]] = {}
    for body in facts.bodies:
        reader = Reader(facts, body)
        for register, instruction in enumerate(body.instructions):
            if isinstance(instruction, model.Call) and instruction.text == "use":
                conditions = reader.conditions(register)
                row = reader.arguments(instruction) + (f" [{', '.join(conditions)}]" if conditions else "")
                rows.setdefault(body.spans[register].line, []).append(row)
    return rows


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.xfail(strict=True, reason=WRONG[n]) if n in WRONG else ())
        for n in MEANINGS
        if n != "except*" or sys.version_info >= (3, 11)
    ],
)
def test_what_names_stand_for(name: str) -> None:
    text = MEANINGS[name]
    lines = enumerate(text.splitlines(), 1)
    wanted = {number: line.split("  # ")[1].split("; ") for number, line in lines if "  # " in line}
    assert uses(facts_of(text)) == wanted


def stores(text: str, qualname: str = "") -> list[str]:
    """What a body stores where others can read it."""
    facts = facts_of(text)
    body = body_of(facts, qualname)
    reader = Reader(facts, body)
    rows = []
    for instruction in body.instructions:
        if isinstance(instruction, model.Store):
            rows.append(f"{instruction.name} = {reader.text(instruction.value)}")
        elif isinstance(instruction, model.StoreOuter):
            owner = facts.bodies[instruction.body].qualname if instruction.body else "module"
            rows.append(f"{owner}'s {instruction.name} = {reader.text(instruction.value)}")
    return rows


def test_stores_of_functions() -> None:
    text = """
        def f(p, q):
            x = 1
            def g():
                nonlocal x
                global y
                x, y = p, 2
            x = 2
            z = 3
    """
    assert stores(text, "f") == ["p = parameter p", "x = 1", "x = 2"]
    assert stores(text, "f.g") == ["f's x = part 0 of tuple[f's p, 2]", "module's y = part 1 of tuple[f's p, 2]"]


def test_stores_of_classes() -> None:
    assert stores("class A:\n    x = 1\n    x = 2\n    def f(self): pass\n", "A") == ["x = 2", "f = def A.f()"]


def test_module_stores_the_last_binding_of_each_name() -> None:
    text = """
        x = 1
        x = 2
        if a:
            y = 3
        def f(): pass
        class B(f): z: int = 4
        import c.d, e.f as g
        from ..h import i as j
        from . import k
    """
    assert stores(text) == [
        "x = 2",
        "y = 3",
        "f = def f()",
        "B = class B(def f())",
        "c = import c.d (top)",
        "g = import e.f",
        "j = from ..h import i",
        "k = from . import k",
    ]


def test_star_imports_are_listed_once() -> None:
    assert facts_of("from a import *\nfrom .b import *\nfrom a import *\n").star_imports == (("a", 0), ("b", 1))


def test_parameters() -> None:
    facts = facts_of("def f(a, /, b, *c, d=1, **e): pass\n")
    assert body_of(facts, "f").parameters == (
        model.ParameterSpec("a", "positional", True),
        model.ParameterSpec("b", "positional"),
        model.ParameterSpec("c", "*"),
        model.ParameterSpec("d", "keyword"),
        model.ParameterSpec("e", "**"),
    )


def test_calls_of_decorators_are_marked() -> None:
    facts = facts_of("@a\n@b(1)\ndef f(): pass\nc(f)\n")
    calls = [ins for ins in facts.bodies[0].instructions if isinstance(ins, model.Call)]
    assert [(call.text, call.decorator) for call in calls] == [("b", False), ("b(1)", True), ("a", True), ("c", False)]


def test_qualified_names_and_parents() -> None:
    text = """
        class A:
            class B:
                def f(self):
                    def g(): pass
                    h = lambda: 0
    """
    facts = facts_of(text)
    names = [body.qualname for body in facts.bodies[1:]]
    assert names == ["A", "A.B", "A.B.f", "A.B.f.g", "A.B.f.<lambda>"]
    assert [body.parent for body in facts.bodies] == [None, 0, 1, 2, 3, 3]
    assert [body.kind for body in facts.bodies] == ["module", "class", "class", "function", "function", "function"]


def test_bodies_know_how_they_end() -> None:
    text = """
        def falls(): pass
        def returns(): return 1
        def sometimes(a):
            if a:
                return 1
        def raises(): raise ValueError
        def yields(): yield 1
        def delegates(): x = yield from y
        def endless():
            while True: pass
    """
    bodies = facts_of(text).bodies[1:]
    assert [body.name for body in bodies if body.falls_through] == ["falls", "sometimes", "yields", "delegates"]
    assert [body.name for body in bodies if body.is_generator] == ["yields", "delegates"]


def test_yields_and_returns() -> None:
    facts = facts_of("def f():\n    yield 1\n    yield from 2\n    return 3\n")
    body = body_of(facts, "f")
    reader = Reader(facts, body)
    rows = [
        (type(ins).__name__, reader.text(ins.value), getattr(ins, "delegate", None))
        for ins in body.instructions
        if isinstance(ins, (model.Yield, model.Return))
    ]
    assert rows == [("Yield", "1", False), ("Yield", "2", True), ("Return", "3", None)]


def test_fields_of_a_class_are_its_annotated_names() -> None:
    facts = facts_of("class A:\n    a: int\n    b: str = ''\n    c = 1\n    d.e: int = 2\n")
    assert body_of(facts, "A").fields == ("a", "b")


def test_attribute_and_item_stores() -> None:
    facts = facts_of("a.b = 1\na.c += 2\na[3] = 4\n")
    reader = Reader(facts, facts.bodies[0])
    rows = []
    for ins in facts.bodies[0].instructions:
        if isinstance(ins, model.SetAttribute):
            rows.append(f"{reader.text(ins.target)}.{ins.name} = {reader.text(ins.value)}")
        elif isinstance(ins, model.SetItem):
            rows.append(f"{reader.text(ins.target)}[{reader.text(ins.key)}] = {reader.text(ins.value)}")
    assert rows == ["a.b = 1", "a.c = (a.c + 2)", "a[3] = 4"]


def test_shortened_text_of_a_callee() -> None:
    facts = facts_of("a.b.c(1)\nf(1)[0](2)\n(\n  g\n  .h\n)()\n" + "x" * 70 + "()\n")
    calls = [ins.text for ins in facts.bodies[0].instructions if isinstance(ins, model.Call)]
    assert calls == ["a.b.c", "f", "f(1)[0]", "g.h", "x" * 57 + "..."]


@pytest.mark.parametrize("text", ["def f(:\n", "x = = 1\n", "class A\n", "x = 1\nif x:\n"])
def test_syntax_error_says_where(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        module_facts("m.py", text)
    assert caught.value.path == "m.py"
    assert caught.value.line in (text.count("\n"), text.count("\n") + 1)  # the last line, or its end


def test_facts_are_plain_data() -> None:
    facts = module_facts("m.py", read("systems/face_landmarks.py"))
    assert pickle.loads(pickle.dumps(facts)) == facts


# Positions


def ast_spans(text: str) -> dict[tuple[int, int, int, int], str]:
    """Spans of the calls that may run, by Python's own parser: those in f-strings and annotations left out."""
    lines = re.split("\r\n|\r|\n", text)
    found: dict[tuple[int, int, int, int], str] = {}

    def column(line: int, offset: int) -> int:
        return len(lines[line - 1].encode()[:offset].decode()) + 1

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.JoinedStr):
            return
        if isinstance(node, ast.Call):
            line, end_line = node.lineno, node.end_lineno or 0
            span = (line, column(line, node.col_offset), end_line, column(end_line, node.end_col_offset or 0))
            found[span] = ast.unparse(node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns"):
                continue
            children = value if isinstance(value, list) else [value]
            for child in children:
                if isinstance(child, ast.AST):
                    visit(child)
                if isinstance(child, (ast.Return, ast.Raise, ast.Continue, ast.Break)):
                    break

    visit(ast.parse(text))
    return found


def lowered_spans(text: str) -> dict[tuple[int, int, int, int], str]:
    """Spans of the calls written as calls, by the lowering."""
    found = {}
    for body in module_facts("m.py", text).bodies:
        for register, instruction in enumerate(body.instructions):
            if isinstance(instruction, model.Call) and not instruction.decorator and instruction.text != "__enter__":
                span = body.spans[register]
                found[span.line, span.column, span.end_line, span.end_column] = instruction.text
    return found


def in_f_strings(text: str) -> int:
    strings = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.JoinedStr)]
    return len({id(node) for string in strings for node in ast.walk(string) if isinstance(node, ast.Call)})


def assert_same_places(text: str) -> None:
    wanted, found = ast_spans(text), lowered_spans(text)
    assert set(wanted) - set(found) == set()
    assert len(set(found) - set(wanted)) == in_f_strings(text)


def read(name: str) -> str:
    with tokenize.open(FIXTURES / name) as file:
        return file.read()


@pytest.mark.parametrize("name", SHOWN)
def test_every_call_stands_where_python_says(name: str) -> None:
    assert_same_places(read(name))


@pytest.mark.parametrize("name", SHOWN[::8])
def test_every_call_stands_where_python_says_with_tabs_and_other_newlines(name: str) -> None:
    text = re.sub("(?m)^( {4})+", lambda match: "\t" * (len(match[0]) // 4), read(name))
    assert "\t" in text
    assert_same_places(text.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    "text",
    [
        "x = 'é', f(1)\n",
        "é = 'ß𝔘'; ñ(g('日本'), h(1))\n",
        "if a:\n\tf(1);\tg(2)\n\tif b:\n\t\th()\n",
        "f(\r\n  g(1),\r\n)\r\nh()\r\n",
        "f(\r  g(1))\rh()\r",
        "(f)(1)\n((g)(2))\n( h . i )( 3 )\n",
        "f(1)(2)(3)\n",
        "f(\n  1\n) . g(\n  2 # é\n)\n",
        "x = f(1) + \\\n  g(2)\n",
        "'''a\nb\r\nc''' ; f(1)\n",
        "f('''a\n\tb''', g())\n",
        "async def a():\n    await f(1)\n    async for x in g(2):\n        async with h(3) as y: pass\n",
        "[f(x) for x in g() if h(x)]\nlambda: i(1)\n",
        "def f(a=g(1), *, b=h(2)): pass\nclass A(i(3), metaclass=j(4)): pass\n",
        "\x0c\nf(1)\n\x0c  # comment\ndef g():\n    \x0c  h(2)\n",
        "\x0cf(1)\n",
        "if a:\n    f(1)\n\x0c    g(2)\n",
        "f(1)",
        "\n\n  # comment\n\nf(1)  \n\n\n",
        "while f(1):\n  g(2)\nelse:\n  h(3)\n",
        "f (1) [g (2)] . h (3)\n",
        "x[f(1)] = y.z[g(2)].w = h(3)\nx[i(4)] += j(5)\n",
        "print(f(1), *g(2), k=h(3), **i(4))\n",
        "match f(1):\n  case 1 if g(2): h(3)\n",
        "assert f(1)\nraise g(2) from h(3)\n",
    ],
)
def test_calls_stand_where_python_says_whatever_the_layout(text: str) -> None:
    assert ast_spans(text)
    assert_same_places(text)


def test_decorators_and_bodies_stand_where_python_says() -> None:
    text = "é = 1\n@a\n@b(1)\ndef f(x):\n\tpass\n\n\nclass A:\n    def g(self): return lambda: 0\n"
    facts = module_facts("m.py", text)
    calls = [
        (ins.text, (span.line, span.column, span.end_line, span.end_column))
        for register, ins in enumerate(facts.bodies[0].instructions)
        if isinstance(ins, model.Call) and (span := facts.bodies[0].spans[register])
    ]
    assert calls == [("b", (3, 2, 3, 6)), ("b(1)", (3, 2, 3, 6)), ("a", (2, 2, 2, 3))]
    spans = {body.qualname: (body.span.line, body.span.column) for body in facts.bodies[1:]}
    # A decorated function begins at its `def`, as for Python's own parser.
    assert spans == {"f": (4, 1), "A": (8, 1), "A.g": (9, 5), "A.g.<lambda>": (9, 25)}


def test_an_iteration_stands_at_what_is_iterated() -> None:
    body = module_facts("m.py", "for a in b.c: pass\n").bodies[0]
    (register,) = (r for r, ins in enumerate(body.instructions) if isinstance(ins, model.Element))
    span = body.spans[register]
    assert (span.line, span.column, span.end_line, span.end_column) == (1, 10, 1, 13)


def test_a_comment_is_no_part_of_what_a_call_is_told_as() -> None:
    body = module_facts("m.py", 'make(  # why\n    "# this stays"\n)(1)\n').bodies[0]
    texts = [instruction.text for instruction in body.instructions if isinstance(instruction, model.Call)]
    assert texts == ["make", 'make( "# this stays" )']
