"""Lowering of statements and definitions: a module's LibCST tree to `ModuleFacts`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst

from reseed.facts.builder import BodyBuilder, Environment
from reseed.facts.expressions import ExpressionLowerer
from reseed.facts.model import (
    Argument,
    Attribute,
    Body,
    Element,
    Import,
    Item,
    MakeClass,
    ModuleFacts,
    Opaque,
    Operation,
    ParameterSpec,
    Register,
    Return,
    SetAttribute,
    SetItem,
)
from reseed.facts.positions import spans_of
from reseed.facts.scopes import assigned_names, dotted, scope_of, top_name
from reseed.source.position import Span

_TOP = Span(1, 1, 1, 1)


class ModuleLowerer:
    """Holds the bodies of one module while they are made."""

    def __init__(self) -> None:
        self.bodies: list[BodyBuilder] = []
        self.star_imports: list[tuple[str, int]] = []
        self._nodes: list[tuple[BodyBuilder, Register | None, cst.CSTNode]] = []

    def new_body(
        self,
        kind: str,
        name: str,
        parent: BodyBuilder | None,
        roots: Sequence[cst.CSTNode],
        parameters: Sequence[str] = (),
    ) -> BodyBuilder:
        """A new empty body made of the nodes `roots`."""
        builder = BodyBuilder(kind, name, len(self.bodies), parent, scope_of(roots, parameters))
        self.bodies.append(builder)
        return builder

    def locate(self, builder: BodyBuilder, register: Register | None, node: cst.CSTNode) -> None:
        """Ask for the span of what is computed at `register`, or of the whole body where that is None."""
        self._nodes.append((builder, register, node))

    def lower_function(
        self,
        outer: ExpressionLowerer,
        name: str,
        parameters: cst.Parameters,
        roots: Sequence[cst.CSTNode],
        node: cst.CSTNode,
        decorators: tuple[str, ...] = (),
    ) -> Register:
        """Lower a ``def`` or ``lambda``; returns the register of the function value in the body around it."""
        specs: list[tuple[cst.Param, ParameterSpec]] = []
        for group, kind, positional_only in (
            (parameters.posonly_params, "positional", True),
            (parameters.params, "positional", False),
            ([parameters.star_arg] if isinstance(parameters.star_arg, cst.Param) else [], "*", False),
            (parameters.kwonly_params, "keyword", False),
            ([parameters.star_kwarg] if parameters.star_kwarg is not None else [], "**", False),
        ):
            specs.extend((param, ParameterSpec(param.name.value, kind, positional_only)) for param in group)
        defaults = [(p.name.value, outer.lower(p.default)) for p, _ in specs if p.default is not None]
        builder = self.new_body("function", name, outer.builder, roots, [spec.name for _, spec in specs])
        builder.decorators = decorators
        self.locate(builder, None, node)
        for _, spec in specs:
            builder.declare_parameter(spec)
        statements = StatementLowerer(self, builder)
        for root in roots:
            if isinstance(root, cst.BaseExpression):
                builder.emit(Return(statements.lower(root)))
                builder.environment = None
            else:
                statements.lower_statement(root)
        return outer.make_function(builder.index, defaults)

    def finish(self, module: cst.Module) -> list[Body]:
        """The finished bodies, with the positions that were asked for."""
        found = spans_of(module, {id(node) for _, _, node in self._nodes})
        wholes: dict[int, Span] = {}
        spans: dict[int, dict[Register, Span]] = {builder.index: {} for builder in self.bodies}
        for builder, register, node in self._nodes:
            span = found.get(id(node), _TOP)
            if register is None:
                wholes[builder.index] = span
            else:
                spans[builder.index][register] = span
        return [builder.finish(wholes.get(builder.index, _TOP), spans[builder.index]) for builder in self.bodies]


class StatementLowerer(ExpressionLowerer):
    """Lowers the statements of one body."""

    def lower_statements(self, nodes: Sequence[cst.CSTNode]) -> None:
        """Lower statements in order; code after a ``return`` or the like never runs and is left out."""
        before = self.builder.block
        for node in nodes:
            if self.builder.environment is None:
                break
            self.lower_statement(node)
        self.builder.close_block(before)

    def lower_statement(self, node: cst.CSTNode) -> None:
        """Lower one statement of any kind."""
        if self.builder.environment is None:
            return
        method = getattr(self, f"statement_{type(node).__name__}", None)
        if method is not None:
            method(node)
        else:
            self.lower_parts(node)

    def statement_SimpleStatementLine(self, node: cst.SimpleStatementLine | cst.SimpleStatementSuite) -> None:
        for part in node.body:
            self.lower_statement(part)

    statement_SimpleStatementSuite = statement_SimpleStatementLine

    def statement_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        self.lower_statements(node.body)

    def statement_Pass(self, node: cst.Pass) -> None:
        pass

    statement_Global = statement_Pass
    statement_Nonlocal = statement_Pass
    statement_TypeAlias = statement_Pass

    def statement_Del(self, node: cst.Del) -> None:
        targets = [element.value for element in node.target.elements] if isinstance(node.target, cst.Tuple) else []
        for target in targets or [node.target]:
            if isinstance(target, cst.Subscript):
                base, key = self.lower(target.value), self._key(target)
                self.emit(SetItem(base, key, key, removed=True))

    def statement_Expr(self, node: cst.Expr) -> None:
        self.lower(node.value)

    def statement_Assign(self, node: cst.Assign) -> None:
        value = self.lower(node.value)
        for target in node.targets:
            self.assign(target.target, value)

    def statement_AnnAssign(self, node: cst.AnnAssign) -> None:
        if self.builder.kind == "class" and isinstance(node.target, cst.Name):
            self.builder.fields.append(node.target.value)
        if node.value is not None:
            self.assign(node.target, self.lower(node.value))

    def statement_AugAssign(self, node: cst.AugAssign) -> None:
        operator = str(getattr(node.operator, "_get_token", lambda: "?=")())[:-1]
        target = node.target
        if isinstance(target, cst.Attribute):
            base = self.lower(target.value)
            old = self.located(target, Attribute(base, target.attr.value))
            value = self.emit(Operation(operator, (old, self.lower(node.value))))
            self.emit(SetAttribute(base, target.attr.value, value))
        elif isinstance(target, cst.Subscript):
            base, key = self.lower(target.value), self._key(target)
            old = self.located(target, Item(base, key))
            value = self.emit(Operation(operator, (old, self.lower(node.value))))
            self.emit(SetItem(base, key, value))
        else:
            self.assign(target, self.emit(Operation(operator, (self.lower(target), self.lower(node.value)))))

    def statement_Return(self, node: cst.Return) -> None:
        self.emit(Return(self.lower(node.value)))
        self.builder.environment = None

    def statement_Raise(self, node: cst.Raise) -> None:
        self.lower_parts(node)
        self.builder.environment = None

    def statement_Break(self, node: cst.Break) -> None:
        self._leave(self.builder.breaks)

    def statement_Continue(self, node: cst.Continue) -> None:
        self._leave(self.builder.continues)

    def _leave(self, loops: list[list[Environment]]) -> None:
        if loops and self.builder.environment is not None:
            loops[-1].append(dict(self.builder.environment))
        self.builder.environment = None

    def statement_Assert(self, node: cst.Assert) -> None:
        self.lower(node.test)

    def statement_If(self, node: cst.If) -> None:
        builder = self.builder
        test = self.lower(node.test)
        start = builder.environment
        ends: list[Environment | None] = []
        for branch, expected in ((node.body, True), (node.orelse, False)):
            builder.environment = None if start is None else dict(start)
            if branch is not None:
                before = builder.open_block(test, expected)
                self.lower_statement(branch)
                builder.close_block(before)
            ends.append(builder.environment)
        builder.environment = builder.join(ends)
        if (ends[0] is None) != (ends[1] is None):
            # One branch left: what follows runs only where the other one was taken.
            builder.open_block(test, ends[0] is not None)

    def statement_Else(self, node: cst.Else) -> None:
        self.lower_statement(node.body)

    statement_Finally = statement_Else

    def statement_For(self, node: cst.For) -> None:
        iterated = self.lower(node.iter)

        def head() -> None:
            self.assign(node.target, self.located(node.iter, Element(iterated)))

        self._loop(node, head)

    def statement_While(self, node: cst.While) -> None:
        tests: list[Register] = []
        self._loop(node, lambda: tests.append(self.lower(node.test)), tests)

    def _loop(self, node: cst.For | cst.While, head: Callable[[], None], tests: list[Register] | None = None) -> None:
        builder = self.builder
        assert builder.environment is not None
        phis = {
            name: builder.phi([builder.environment[name]])
            for name in sorted(assigned_names([node]))
            if name in builder.environment
        }
        builder.environment.update(phis)
        before = builder.block
        skipped = dict(builder.environment)
        always = (
            isinstance(node, cst.While)
            and isinstance(node.test, (cst.Name, cst.Integer))
            and (node.test.value in ("True", "1"))
        )
        if isinstance(node, cst.For):
            builder.open_block(loop=f"for {self._text(node.target)} in {self._text(node.iter)}")
            head()
        else:
            assert tests is not None
            head()
            skipped = dict(builder.environment or skipped)
            builder.open_block(tests[0], True, certain=always, loop=f"while {self._text(node.test)}")
        builder.breaks.append([])
        builder.continues.append([])
        self.lower_statement(node.body)
        builder.close_block(before)
        turns = builder.join([builder.environment, *builder.continues.pop()])
        for name, phi in phis.items():
            if turns is not None and name in turns:
                builder.extend_phi(phi, turns[name])
        breaks = builder.breaks.pop()
        builder.environment = builder.join([turns, None if always else skipped]) if not always else None
        if node.orelse is not None and builder.environment is not None:
            self.lower_statement(node.orelse)
        builder.environment = builder.join([builder.environment, *breaks])

    def statement_Try(self, node: cst.Try | cst.TryStar) -> None:
        builder = self.builder
        assert builder.environment is not None
        start = dict(builder.environment)
        log = len(builder.assignments)
        before = builder.open_block(certain=True)
        self.lower_statement(node.body)
        builder.close_block(before)
        body_end = builder.environment
        tried = builder.assignments[log:]
        if node.orelse is not None and builder.environment is not None:
            before = builder.open_block()
            self.lower_statement(node.orelse)
            builder.close_block(before)
            body_end = builder.environment
        ends = [body_end]
        for handler in node.handlers:
            environment = dict(start)
            for name in dict.fromkeys(name for name, _ in tried):
                sources = [register for known, register in tried if known == name]
                environment[name] = builder.phi(([start[name]] if name in start else []) + sources)
            builder.environment = environment
            before = builder.open_block()
            if handler.type is not None:
                caught = self.emit(Opaque((self.lower(handler.type),)))
                if handler.name is not None:
                    self.assign(handler.name.name, caught)
            self.lower_statement(handler.body)
            builder.close_block(before)
            ends.append(builder.environment)
        builder.environment = builder.join(ends)
        if node.finalbody is not None:
            arrived = builder.environment
            if arrived is None:
                builder.environment = dict(start)
            self.lower_statement(node.finalbody)
            if arrived is None:
                builder.environment = None

    statement_TryStar = statement_Try

    def statement_With(self, node: cst.With) -> None:
        for item in node.items:
            manager = self.lower(item.item)
            enter = self.located(item.item, Attribute(manager, "__enter__"))
            entered = self.call(item.item, enter, (), "__enter__")
            if item.asname is not None:
                self.assign(item.asname.name, entered)
        start = self.builder.environment
        self.lower_statement(node.body)
        if self.builder.environment is None and any(_suppresses(item.item) for item in node.items):
            self.builder.environment = start

    def statement_Match(self, node: cst.Match) -> None:
        builder = self.builder
        matched = self.emit(Opaque((self.lower(node.subject),)))
        start = builder.environment
        ends: list[Environment | None] = [start]
        for case in node.cases:
            builder.environment = None if start is None else dict(start)
            before = builder.open_block()
            for name in sorted(assigned_names([case.pattern])):
                builder.assign(name, matched)
            if case.guard is not None:
                builder.open_block(self.lower(case.guard), True)
            self.lower_statement(case.body)
            builder.close_block(before)
            ends.append(builder.environment)
        builder.environment = builder.join(ends)

    def statement_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            module = dotted(alias.name)
            if alias.asname is not None:
                self.assign(alias.asname.name, self.emit(Import(module, None, 0)))
            else:
                self.builder.assign(top_name(alias.name), self.emit(Import(module, None, 0, top=True)))

    def statement_ImportFrom(self, node: cst.ImportFrom) -> None:
        module, level = dotted(node.module), len(node.relative)
        if isinstance(node.names, cst.ImportStar):
            self.module.star_imports.append((module, level))
            return
        for alias in node.names:
            name = dotted(alias.name)
            register = self.emit(Import(module, name, level))
            self.assign(alias.asname.name if alias.asname is not None else alias.name, register)

    def statement_FunctionDef(self, node: cst.FunctionDef) -> None:
        decorators = [(decorator, self.lower(decorator.decorator)) for decorator in node.decorators]
        written = tuple(self._text(decorator.decorator) for decorator in node.decorators)
        value = self.module.lower_function(self, node.name.value, node.params, [node.body], node, written)
        self.builder.assign(node.name.value, self._decorate(decorators, value))

    def statement_ClassDef(self, node: cst.ClassDef) -> None:
        decorators = [(decorator, self.lower(decorator.decorator)) for decorator in node.decorators]
        bases = tuple(self.lower(argument.value) for argument in node.bases if not argument.star)
        for keyword in node.keywords:
            self.lower(keyword.value)
        builder = self.module.new_body("class", node.name.value, self.builder, [node.body])
        self.module.locate(builder, None, node)
        StatementLowerer(self.module, builder).lower_statement(node.body)
        value = self.emit(MakeClass(builder.index, bases))
        self.builder.assign(node.name.value, self._decorate(decorators, value))

    def _decorate(self, decorators: list[tuple[cst.Decorator, Register]], value: Register) -> Register:
        for decorator, function in reversed(decorators):
            value = self.call(
                decorator.decorator, function, (Argument(value),), self._text(decorator.decorator), decorator=True
            )
        return value


def _suppresses(manager: cst.BaseExpression) -> bool:
    return isinstance(manager, cst.Call) and dotted(manager.func).endswith("suppress")


def lower_module(path: str, name: str, tree: cst.Module) -> ModuleFacts:
    """The facts of the module `tree`, which stands at `path` and is imported as `name`."""
    lowerer = ModuleLowerer()
    builder = lowerer.new_body("module", name, None, tree.body)
    StatementLowerer(lowerer, builder).lower_statements(tree.body)
    return ModuleFacts(path, name, tuple(lowerer.finish(tree)), tuple(dict.fromkeys(lowerer.star_imports)))
