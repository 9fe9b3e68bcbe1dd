"""Lowering of expressions: one method a node type, each giving the register of the value."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from reseed.facts.builder import BodyBuilder
from reseed.facts.model import (
    Argument,
    Attribute,
    Call,
    Collection,
    Const,
    Dictionary,
    Element,
    Instruction,
    Item,
    MakeFunction,
    Opaque,
    Operation,
    Register,
    SetAttribute,
    SetItem,
    Unpack,
    Yield,
)
from reseed.facts.scopes import dotted
from reseed.source.walk import children

if TYPE_CHECKING:
    from reseed.facts.lower import ModuleLowerer

_TEXT_LIMIT = 60
SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.BitAnd: "&",
    ast.Invert: "~",
    ast.Not: "not",
    ast.UAdd: "+",
    ast.USub: "-",
    ast.And: "and",
    ast.Or: "or",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


class ExpressionLowerer:
    """Lowers the expressions of one body into `builder`."""

    def __init__(self, module: ModuleLowerer, builder: BodyBuilder) -> None:
        self.module = module
        self.builder = builder
        self.emit: Callable[[Instruction], Register] = builder.emit

    def lower(self, node: ast.expr | None) -> Register:
        """The register of the value of `node`; None stands for an absent expression."""
        if node is None:
            return self.emit(Const(None))
        method = getattr(self, f"lower_{type(node).__name__}", None)
        if method is None:
            return self.lower_parts(node)
        register: Register = method(node)
        return register

    def lower_parts(self, node: ast.AST) -> Register:
        """An expression whose value we do not follow; the expressions inside it are still run."""
        operands = []
        stack = [node]
        while stack:
            for child in children(stack.pop()):
                if isinstance(child, ast.expr):
                    operands.append(self.lower(child))
                else:
                    stack.append(child)
        return self.emit(Opaque(tuple(operands)))

    def lower_Name(self, node: ast.Name) -> Register:
        return self.builder.read(node.id)

    def lower_Constant(self, node: ast.Constant) -> Register:
        return self.emit(Const(node.value))

    def lower_JoinedStr(self, node: ast.JoinedStr) -> Register:
        # Python 3.12 puts an empty text behind some format specifications.
        parts = [part for part in node.values if not (isinstance(part, ast.Constant) and part.value == "")]
        return self.emit(Operation("f", tuple(map(self.lower, parts))))

    def lower_Attribute(self, node: ast.Attribute) -> Register:
        return self.located(node, Attribute(self.lower(node.value), node.attr))

    def lower_Subscript(self, node: ast.Subscript) -> Register:
        return self.located(node, Item(self.lower(node.value), self._key(node)))

    def _key(self, node: ast.Subscript) -> Register:
        if isinstance(node.slice, ast.Slice):
            return self.emit(Operation("[:]", (self.lower_parts(node.slice),)))
        return self.lower_parts(node.slice) if isinstance(node.slice, ast.Tuple) else self.lower(node.slice)

    def lower_Call(self, node: ast.Call) -> Register:
        function = self.lower(node.func)
        given: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        if node.keywords and node.args:
            given.sort(key=lambda each: (each.lineno, each.col_offset))  # f(a=1, *b)
        return self.call(node, function, tuple(map(self._argument, given)), self._text(node.func))

    def _argument(self, node: ast.expr | ast.keyword) -> Argument:
        if isinstance(node, ast.keyword):
            return Argument(self.lower(node.value), node.arg, "" if node.arg else "**")
        if isinstance(node, ast.Starred):
            return Argument(self.lower(node.value), None, "*")
        return Argument(self.lower(node))

    def call(
        self, node: ast.expr, function: Register, arguments: tuple[Argument, ...], text: str, decorator: bool = False
    ) -> Register:
        """Emit a call that stands where `node` does."""
        return self.located(node, Call(function, arguments, text, decorator))

    def located(self, node: ast.expr, instruction: Instruction) -> Register:
        """Emit an instruction whose place in the text is that of `node`."""
        register = self.emit(instruction)
        self.builder.spans[register] = self.module.lines.span_of(node)
        return register

    def _text(self, node: ast.expr) -> str:
        name = dotted(node)
        if not name:
            start, end = self.module.lines.span(node)
            name = " ".join(_without_comments(self.module.lines.text[start:end]).split())
        return name if len(name) <= _TEXT_LIMIT else name[: _TEXT_LIMIT - 3] + "..."

    def lower_BinOp(self, node: ast.BinOp) -> Register:
        # A left-leaning chain (a + b + c + ...) can be thousands long: no recursion on it.
        chain: list[ast.BinOp] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            chain.append(left)
            left = left.left
        register = self.lower(left)
        for link in reversed(chain):
            register = self.emit(Operation(SIGNS[type(link.op)], (register, self.lower(link.right))))
        return register

    def lower_UnaryOp(self, node: ast.UnaryOp) -> Register:
        return self.emit(Operation(SIGNS[type(node.op)], (self.lower(node.operand),)))

    def lower_BoolOp(self, node: ast.BoolOp) -> Register:
        operator = SIGNS[type(node.op)]
        operands = [self.lower(node.values[0])]
        before = self.builder.block
        for value in node.values[1:]:
            self.builder.open_block(operands[-1], operator == "and")
            operands.append(self._branch_value(value))
        self.builder.close_block(before)
        return self.emit(Operation(operator, tuple(operands)))

    def _branch_value(self, node: ast.expr) -> Register:
        # What a branch assigns (a walrus) may not have happened afterwards.
        environment = self.builder.environment
        self.builder.environment = None if environment is None else dict(environment)
        register = self.lower(node)
        self.builder.environment = self.builder.join([environment, self.builder.environment])
        return register

    def lower_Compare(self, node: ast.Compare) -> Register:
        register = self.lower(node.left)
        results = []
        for operator, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.lower(comparator)
            results.append(self.emit(Operation(SIGNS[type(operator)], (register, right))))
            register = right
        return results[0] if len(results) == 1 else self.emit(Operation("and", tuple(results)))

    def lower_IfExp(self, node: ast.IfExp) -> Register:
        test = self.lower(node.test)
        values = []
        for branch, expected in ((node.body, True), (node.orelse, False)):
            before = self.builder.open_block(test, expected)
            values.append(self._branch_value(branch))
            self.builder.close_block(before)
        return self.builder.phi(values)

    def lower_NamedExpr(self, node: ast.NamedExpr) -> Register:
        value = self.lower(node.value)
        self.assign(node.target, value)
        return value

    def lower_Lambda(self, node: ast.Lambda) -> Register:
        return self.module.lower_function(self, "<lambda>", node)

    def _display(self, kind: str, elements: Sequence[ast.expr]) -> Register:
        starred = frozenset(i for i, element in enumerate(elements) if isinstance(element, ast.Starred))
        values = (element.value if isinstance(element, ast.Starred) else element for element in elements)
        return self.emit(Collection(kind, tuple(map(self.lower, values)), starred))

    def lower_List(self, node: ast.List) -> Register:
        return self._display("list", node.elts)

    def lower_Tuple(self, node: ast.Tuple) -> Register:
        return self._display("tuple", node.elts)

    def lower_Set(self, node: ast.Set) -> Register:
        return self._display("set", node.elts)

    def lower_Dict(self, node: ast.Dict) -> Register:
        pairs: list[tuple[Register | None, Register]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            pairs.append((None if key is None else self.lower(key), self.lower(value)))
        return self.emit(Dictionary(tuple(pairs)))

    def _comprehension(self, loops: Sequence[ast.comprehension], result: Callable[[], Register]) -> Register:
        environment = self.builder.environment
        before = self.builder.block
        for loop in loops:
            iterated = self.lower(loop.iter)
            if loop is loops[0]:
                self.builder.environment = None if environment is None else dict(environment)
            self.builder.open_block(loop=f"for {self._text(loop.target)} in {self._text(loop.iter)}")
            self.assign(loop.target, self.located(loop.iter, Element(iterated)), comprehension=True)
            for condition in loop.ifs:
                self.builder.open_block(self.lower(condition), True)
        value = result()
        self.builder.close_block(before)
        self.builder.environment = environment
        return value

    def lower_ListComp(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Register:
        element = self._comprehension(node.generators, lambda: self.lower(node.elt))
        return self.emit(Collection("comprehension", (element,)))

    lower_GeneratorExp = lower_ListComp
    lower_SetComp = lower_ListComp

    def lower_DictComp(self, node: ast.DictComp) -> Register:
        pair: list[Register] = []

        def result() -> Register:
            pair.extend((self.lower(node.key), self.lower(node.value)))
            return pair[1]

        self._comprehension(node.generators, result)
        return self.emit(Dictionary(((self.emit(Opaque((pair[0],))), pair[1]),)))

    def lower_Yield(self, node: ast.Yield) -> Register:
        self.builder.is_generator = True
        self.emit(Yield(self.lower(node.value)))
        return self.emit(Opaque())

    def lower_YieldFrom(self, node: ast.YieldFrom) -> Register:
        self.builder.is_generator = True
        self.emit(Yield(self.lower(node.value), delegate=True))
        return self.emit(Opaque())

    def lower_Await(self, node: ast.Await) -> Register:
        return self.lower(node.value)

    def assign(self, target: ast.expr, value: Register, comprehension: bool = False) -> None:
        """``target = value`` for any kind of target."""
        if isinstance(target, ast.Name):
            if comprehension:
                self.builder.assign_comprehension(target.id, value)
            else:
                self.builder.assign(target.id, value)
        elif isinstance(target, ast.Attribute):
            self.emit(SetAttribute(self.lower(target.value), target.attr, value))
        elif isinstance(target, ast.Subscript):
            self.emit(SetItem(self.lower(target.value), self._key(target), value))
        elif isinstance(target, (ast.Tuple, ast.List)):
            after_star = False
            for index, element in enumerate(target.elts):
                rest = isinstance(element, ast.Starred)
                after_star |= rest
                part = self.emit(Unpack(value, -1 if after_star else index, rest))
                self.assign(element.value if isinstance(element, ast.Starred) else element, part, comprehension)
        else:
            self.lower_parts(target)

    def make_function(self, body: int, defaults: list[tuple[str, Register]]) -> Register:
        """The function value of the finished body with index `body`."""
        return self.emit(MakeFunction(body, tuple(defaults)))


def _without_comments(code: str) -> str:
    if "#" not in code:
        return code
    lines = code.splitlines(keepends=True)
    try:
        for token in tokenize.generate_tokens(io.StringIO(f"(\n{code}\n)").readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 2] = lines[row - 2][:column] + "\n"
    except (tokenize.TokenError, SyntaxError):
        return code
    return "".join(lines)
