"""Lowering of expressions: one method a LibCST node type, each giving the register of the value."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import libcst as cst

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
from reseed.facts.walk import children

if TYPE_CHECKING:
    from reseed.facts.lower import ModuleLowerer

_NAMED_CONSTANTS = {"None": None, "True": True, "False": False}
_TEXT_LIMIT = 60


class ExpressionLowerer:
    """Lowers the expressions of one body into `builder`."""

    def __init__(self, module: ModuleLowerer, builder: BodyBuilder) -> None:
        self.module = module
        self.builder = builder
        self.emit: Callable[[Instruction], Register] = builder.emit

    def lower(self, node: cst.BaseExpression | None) -> Register:
        """The register of the value of `node`; None stands for an absent expression."""
        if node is None:
            return self.emit(Const(None))
        method = getattr(self, f"lower_{type(node).__name__}", None)
        if method is None:
            return self.lower_parts(node)
        register: Register = method(node)
        return register

    def lower_parts(self, node: cst.CSTNode) -> Register:
        """An expression whose value we do not follow; the expressions inside it are still run."""
        operands = []
        stack = [node]
        while stack:
            for child in children(stack.pop()):
                if isinstance(child, cst.BaseExpression):
                    operands.append(self.lower(child))
                else:
                    stack.append(child)
        return self.emit(Opaque(tuple(operands)))

    def lower_Name(self, node: cst.Name) -> Register:
        if node.value in _NAMED_CONSTANTS:
            return self.emit(Const(_NAMED_CONSTANTS[node.value]))
        return self.builder.read(node.value)

    def lower_Integer(self, node: cst.BaseNumber) -> Register:
        try:
            return self.emit(Const(ast.literal_eval(cst.Module([]).code_for_node(node.with_changes(lpar=(), rpar=())))))
        except (ValueError, SyntaxError):
            return self.emit(Opaque())

    lower_Float = lower_Integer
    lower_Imaginary = lower_Integer

    def lower_SimpleString(self, node: cst.SimpleString) -> Register:
        try:
            return self.emit(Const(node.evaluated_value))
        except (ValueError, SyntaxError):
            return self.emit(Opaque())

    def lower_FormattedString(self, node: cst.FormattedString) -> Register:
        operands = [
            self.emit(Const(part.value)) if isinstance(part, cst.FormattedStringText) else self.lower_parts(part)
            for part in node.parts
        ]
        return self.emit(Operation("f", tuple(operands)))

    def lower_ConcatenatedString(self, node: cst.ConcatenatedString) -> Register:
        parts: list[cst.BaseExpression] = []
        rest: cst.BaseExpression = node
        while isinstance(rest, cst.ConcatenatedString):
            parts.append(rest.left)
            rest = rest.right
        parts.append(rest)
        values = [part.evaluated_value if isinstance(part, cst.SimpleString) else None for part in parts]
        if all(isinstance(value, str) for value in values):
            return self.emit(Const("".join(str(value) for value in values)))
        return self.emit(Opaque(tuple(self.lower(part) for part in parts)))

    def lower_Ellipsis(self, node: cst.Ellipsis) -> Register:
        return self.emit(Const(...))

    def lower_Attribute(self, node: cst.Attribute) -> Register:
        return self.located(node, Attribute(self.lower(node.value), node.attr.value))

    def lower_Subscript(self, node: cst.Subscript) -> Register:
        return self.located(node, Item(self.lower(node.value), self._key(node)))

    def _key(self, node: cst.Subscript) -> Register:
        if len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
            return self.lower(node.slice[0].slice.value)
        parts = tuple(self.lower_parts(element) for element in node.slice)
        return self.emit(Operation("[:]", parts) if len(parts) == 1 else Opaque(parts))

    def lower_Call(self, node: cst.Call) -> Register:
        function = self.lower(node.func)
        arguments = tuple(
            Argument(self.lower(arg.value), arg.keyword.value if arg.keyword is not None else None, arg.star)
            for arg in node.args
        )
        return self.call(node, function, arguments, self._text(node.func))

    def call(
        self, node: cst.CSTNode, function: Register, arguments: tuple[Argument, ...], text: str, decorator: bool = False
    ) -> Register:
        """Emit a call that stands where `node` does."""
        return self.located(node, Call(function, arguments, text, decorator))

    def located(self, node: cst.CSTNode, instruction: Instruction) -> Register:
        """Emit an instruction whose place in the text is that of `node`."""
        register = self.emit(instruction)
        self.module.locate(self.builder, register, node)
        return register

    def _text(self, node: cst.BaseExpression | cst.BaseAssignTargetExpression) -> str:
        name = dotted(node)
        if not name:
            name = " ".join(_without_comments(cst.Module([]).code_for_node(node)).split())
        return name if len(name) <= _TEXT_LIMIT else name[: _TEXT_LIMIT - 3] + "..."

    def lower_BinaryOperation(self, node: cst.BinaryOperation) -> Register:
        # A left-leaning chain (a + b + c + ...) can be thousands long: no recursion on it.
        chain: list[cst.BinaryOperation] = []
        left: cst.BaseExpression = node
        while isinstance(left, cst.BinaryOperation):
            chain.append(left)
            left = left.left
        register = self.lower(left)
        for link in reversed(chain):
            operator = link.operator._get_token() if hasattr(link.operator, "_get_token") else "?"
            register = self.emit(Operation(operator, (register, self.lower(link.right))))
        return register

    def lower_UnaryOperation(self, node: cst.UnaryOperation) -> Register:
        operator = "not" if isinstance(node.operator, cst.Not) else node.operator._get_token()
        return self.emit(Operation(operator, (self.lower(node.expression),)))

    def lower_BooleanOperation(self, node: cst.BooleanOperation) -> Register:
        operator = "and" if isinstance(node.operator, cst.And) else "or"
        links: list[cst.BooleanOperation] = []
        first: cst.BaseExpression = node
        while isinstance(first, cst.BooleanOperation) and (
            first is node or (isinstance(first.operator, cst.And) == (operator == "and") and not first.lpar)
        ):
            links.append(first)
            first = first.left
        operands = [self.lower(first)]
        before = self.builder.block
        for link in reversed(links):
            self.builder.open_block(operands[-1], operator == "and")
            operands.append(self._branch_value(link.right))
        self.builder.close_block(before)
        return self.emit(Operation(operator, tuple(operands)))

    def _branch_value(self, node: cst.BaseExpression) -> Register:
        # What a branch assigns (a walrus) may not have happened afterwards.
        environment = self.builder.environment
        self.builder.environment = None if environment is None else dict(environment)
        register = self.lower(node)
        self.builder.environment = self.builder.join([environment, self.builder.environment])
        return register

    def lower_Comparison(self, node: cst.Comparison) -> Register:
        register = self.lower(node.left)
        results = []
        for target in node.comparisons:
            right = self.lower(target.comparator)
            results.append(self.emit(Operation(_comparison_sign(target.operator), (register, right))))
            register = right
        return results[0] if len(results) == 1 else self.emit(Operation("and", tuple(results)))

    def lower_IfExp(self, node: cst.IfExp) -> Register:
        test = self.lower(node.test)
        values = []
        for branch, expected in ((node.body, True), (node.orelse, False)):
            before = self.builder.open_block(test, expected)
            values.append(self._branch_value(branch))
            self.builder.close_block(before)
        return self.builder.phi(values)

    def lower_NamedExpr(self, node: cst.NamedExpr) -> Register:
        value = self.lower(node.value)
        self.assign(node.target, value)
        return value

    def lower_Lambda(self, node: cst.Lambda) -> Register:
        return self.module.lower_function(self, "<lambda>", node.params, [node.body], node)

    def _display(self, kind: str, elements: Sequence[cst.BaseElement]) -> Register:
        starred = frozenset(i for i, element in enumerate(elements) if isinstance(element, cst.StarredElement))
        return self.emit(Collection(kind, tuple(self.lower(element.value) for element in elements), starred))

    def lower_List(self, node: cst.List) -> Register:
        return self._display("list", node.elements)

    def lower_Tuple(self, node: cst.Tuple) -> Register:
        return self._display("tuple", node.elements)

    def lower_Set(self, node: cst.Set) -> Register:
        return self._display("set", node.elements)

    def lower_Dict(self, node: cst.Dict) -> Register:
        pairs: list[tuple[Register | None, Register]] = []
        for element in node.elements:
            key = self.lower(element.key) if isinstance(element, cst.DictElement) else None
            pairs.append((key, self.lower(element.value)))
        return self.emit(Dictionary(tuple(pairs)))

    def _comprehension(self, loop: cst.CompFor, result: Callable[[], Register]) -> Register:
        environment = self.builder.environment
        before = self.builder.block
        inner: cst.CompFor | None = loop
        first = True
        while inner is not None:
            iterated = self.lower(inner.iter)
            if first:
                self.builder.environment = None if environment is None else dict(environment)
                first = False
            self.builder.open_block(loop=f"for {self._text(inner.target)} in {self._text(inner.iter)}")
            self.assign(inner.target, self.located(inner.iter, Element(iterated)), comprehension=True)
            for condition in inner.ifs:
                self.builder.open_block(self.lower(condition.test), True)
            inner = inner.inner_for_in
        value = result()
        self.builder.close_block(before)
        self.builder.environment = environment
        return value

    def lower_ListComp(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp) -> Register:
        element = self._comprehension(node.for_in, lambda: self.lower(node.elt))
        return self.emit(Collection("comprehension", (element,)))

    lower_GeneratorExp = lower_ListComp
    lower_SetComp = lower_ListComp

    def lower_DictComp(self, node: cst.DictComp) -> Register:
        pair: list[Register] = []

        def result() -> Register:
            pair.extend((self.lower(node.key), self.lower(node.value)))
            return pair[1]

        self._comprehension(node.for_in, result)
        return self.emit(Dictionary(((self.emit(Opaque((pair[0],))), pair[1]),)))

    def lower_Yield(self, node: cst.Yield) -> Register:
        self.builder.is_generator = True
        if isinstance(node.value, cst.From):
            self.emit(Yield(self.lower(node.value.item), delegate=True))
        else:
            self.emit(Yield(self.lower(node.value)))
        return self.emit(Opaque())

    def lower_Await(self, node: cst.Await) -> Register:
        return self.lower(node.expression)

    def assign(self, target: cst.BaseExpression, value: Register, comprehension: bool = False) -> None:
        """``target = value`` for any kind of target."""
        if isinstance(target, cst.Name):
            if comprehension:
                self.builder.assign_comprehension(target.value, value)
            else:
                self.builder.assign(target.value, value)
        elif isinstance(target, cst.Attribute):
            self.emit(SetAttribute(self.lower(target.value), target.attr.value, value))
        elif isinstance(target, cst.Subscript):
            self.emit(SetItem(self.lower(target.value), self._key(target), value))
        elif isinstance(target, (cst.Tuple, cst.List)):
            after_star = False
            for index, element in enumerate(target.elements):
                rest = isinstance(element, cst.StarredElement)
                after_star |= rest
                part = self.emit(Unpack(value, -1 if after_star else index, rest))
                self.assign(element.value, part, comprehension)
        else:
            self.lower_parts(target)

    def make_function(self, body: int, defaults: list[tuple[str, Register]]) -> Register:
        """The function value of the finished body with index `body`."""
        return self.emit(MakeFunction(body, tuple(defaults)))


def _comparison_sign(operator: Any) -> str:
    if isinstance(operator, cst.NotIn):
        return "not in"
    if isinstance(operator, cst.IsNot):
        return "is not"
    if isinstance(operator, cst.NotEqual):
        return "!="
    return {cst.In: "in", cst.Is: "is"}.get(type(operator)) or str(operator._get_token())


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
