"""Lowering of statements and definitions: a module's syntax tree to `ModuleFacts`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from reseed.facts.builder import BodyBuilder, Environment
from reseed.facts.expressions import SIGNS, ExpressionLowerer
from reseed.facts.model import (
    Argument,
    Attribute,
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
from reseed.facts.scopes import ScopeNode, assigned_names, dotted, scopes_of
from reseed.source.lines import Lines


class ModuleLowerer:
    """Holds the bodies of one module while they are made."""

    def __init__(self, tree: ast.Module, text: str) -> None:
        self.lines = Lines(text)
        self._scopes = scopes_of(tree)
        self.bodies: list[BodyBuilder] = []
        self.star_imports: list[tuple[str, int]] = []

    def new_body(self, kind: str, name: str, parent: BodyBuilder | None, node: ScopeNode) -> BodyBuilder:
        """A new empty body of what `node` defines."""
        builder = BodyBuilder(kind, name, len(self.bodies), parent, self._scopes[node])
        if not isinstance(node, ast.Module):
            builder.span = self.lines.span_of(node)
        self.bodies.append(builder)
        return builder

    def lower_function(
        self,
        outer: ExpressionLowerer,
        name: str,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        decorators: tuple[str, ...] = (),
    ) -> Register:
        """Lower a ``def`` or ``lambda``; returns the register of the function value in the body around it."""
        specs, values = _parameters(node.args)
        defaults = [(name, outer.lower(value)) for name, value in values]
        builder = self.new_body("function", name, outer.builder, node)
        builder.decorators = decorators
        for spec in specs:
            builder.declare_parameter(spec)
        statements = StatementLowerer(self, builder)
        if isinstance(node, ast.Lambda):
            builder.emit(Return(statements.lower(node.body)))
            builder.environment = None
        else:
            statements.lower_statements(node.body)
        return outer.make_function(builder.index, defaults)


def _parameters(node: ast.arguments) -> tuple[list[ParameterSpec], list[tuple[str, ast.expr]]]:
    """The parameters, and those with a default, in the order in which these are computed."""
    positional = [*node.posonlyargs, *node.args]
    specs = [ParameterSpec(arg.arg, "positional", arg in node.posonlyargs) for arg in positional]
    specs += [ParameterSpec(node.vararg.arg, "*")] if node.vararg else []
    specs += [ParameterSpec(arg.arg, "keyword") for arg in node.kwonlyargs]
    specs += [ParameterSpec(node.kwarg.arg, "**")] if node.kwarg else []
    first = len(positional) - len(node.defaults)
    values = [(arg.arg, value) for arg, value in zip(positional[first:], node.defaults, strict=True)]
    values += [(arg.arg, value) for arg, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if value]
    return specs, values


class StatementLowerer(ExpressionLowerer):
    """Lowers the statements of one body."""

    def lower_statements(self, nodes: Sequence[ast.stmt]) -> None:
        """Lower statements in order; code after a ``return`` or the like never runs and is left out."""
        before = self.builder.block
        for node in nodes:
            if self.builder.environment is None:
                break
            self.lower_statement(node)
        self.builder.close_block(before)

    def lower_statement(self, node: ast.AST) -> None:
        """Lower one statement of any kind."""
        if self.builder.environment is None:
            return
        method = getattr(self, f"statement_{type(node).__name__}", None)
        if method is not None:
            method(node)
        else:
            self.lower_parts(node)

    def statement_Pass(self, node: ast.Pass) -> None:
        pass

    statement_Global = statement_Pass
    statement_Nonlocal = statement_Pass
    statement_TypeAlias = statement_Pass

    def statement_Delete(self, node: ast.Delete) -> None:
        targets = [each for one in node.targets for each in (one.elts if isinstance(one, ast.Tuple) else [one])]
        for target in targets:
            if isinstance(target, ast.Subscript):
                base, key = self.lower(target.value), self._key(target)
                self.emit(SetItem(base, key, key, removed=True))

    def statement_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # docstrings, and the ellipsis of a stub
            self.lower(node.value)

    def statement_Assign(self, node: ast.Assign) -> None:
        value = self.lower(node.value)
        for target in node.targets:
            self.assign(target, value)

    def statement_AnnAssign(self, node: ast.AnnAssign) -> None:
        if self.builder.kind == "class" and isinstance(node.target, ast.Name):
            self.builder.fields.append(node.target.id)
        if node.value is not None:
            self.assign(node.target, self.lower(node.value))

    def statement_AugAssign(self, node: ast.AugAssign) -> None:
        operator = SIGNS[type(node.op)]
        target = node.target
        if isinstance(target, ast.Attribute):
            base = self.lower(target.value)
            old = self.located(target, Attribute(base, target.attr))
            value = self.emit(Operation(operator, (old, self.lower(node.value))))
            self.emit(SetAttribute(base, target.attr, value))
        elif isinstance(target, ast.Subscript):
            base, key = self.lower(target.value), self._key(target)
            old = self.located(target, Item(base, key))
            value = self.emit(Operation(operator, (old, self.lower(node.value))))
            self.emit(SetItem(base, key, value))
        else:
            self.assign(target, self.emit(Operation(operator, (self.lower(target), self.lower(node.value)))))

    def statement_Return(self, node: ast.Return) -> None:
        self.emit(Return(self.lower(node.value)))
        self.builder.environment = None

    def statement_Raise(self, node: ast.Raise) -> None:
        self.lower_parts(node)
        self.builder.environment = None

    def statement_Break(self, node: ast.Break) -> None:
        self._leave(self.builder.breaks)

    def statement_Continue(self, node: ast.Continue) -> None:
        self._leave(self.builder.continues)

    def _leave(self, loops: list[list[Environment]]) -> None:
        if loops and self.builder.environment is not None:
            loops[-1].append(dict(self.builder.environment))
        self.builder.environment = None

    def statement_Assert(self, node: ast.Assert) -> None:
        self.lower(node.test)

    def statement_If(self, node: ast.If) -> None:
        builder = self.builder
        test = self.lower(node.test)
        start = builder.environment
        ends: list[Environment | None] = []
        for branch, expected in ((node.body, True), (node.orelse, False)):
            builder.environment = None if start is None else dict(start)
            if branch:
                before = builder.open_block(test, expected)
                self.lower_statements(branch)
                builder.close_block(before)
            ends.append(builder.environment)
        builder.environment = builder.join(ends)
        if (ends[0] is None) != (ends[1] is None):
            # One branch left: what follows runs only where the other one was taken.
            builder.open_block(test, ends[0] is not None)

    def statement_For(self, node: ast.For | ast.AsyncFor) -> None:
        iterated = self.lower(node.iter)

        def head() -> None:
            self.assign(node.target, self.located(node.iter, Element(iterated)))

        self._loop(node, head)

    statement_AsyncFor = statement_For

    def statement_While(self, node: ast.While) -> None:
        tests: list[Register] = []
        self._loop(node, lambda: tests.append(self.lower(node.test)), tests)

    def _loop(
        self, node: ast.For | ast.AsyncFor | ast.While, head: Callable[[], None], tests: Sequence[Register] = ()
    ) -> None:
        builder = self.builder
        assert builder.environment is not None
        phis = {
            name: builder.phi([builder.environment[name]])
            for name in sorted(assigned_names(node))
            if name in builder.environment
        }
        builder.environment.update(phis)
        before = builder.block
        skipped = dict(builder.environment)
        always = False
        if isinstance(node, ast.While):
            always = isinstance(node.test, ast.Constant) and node.test.value in (True, 1)
            head()
            skipped = dict(builder.environment or skipped)
            builder.open_block(tests[0], True, certain=always, loop=f"while {self._text(node.test)}")
        else:
            builder.open_block(loop=f"for {self._text(node.target)} in {self._text(node.iter)}")
            head()
        builder.breaks.append([])
        builder.continues.append([])
        self.lower_statements(node.body)
        builder.close_block(before)
        turns = builder.join([builder.environment, *builder.continues.pop()])
        for name, phi in phis.items():
            if turns is not None and name in turns:
                builder.extend_phi(phi, turns[name])
        breaks = builder.breaks.pop()
        builder.environment = builder.join([turns, None if always else skipped]) if not always else None
        if node.orelse and builder.environment is not None:
            self.lower_statements(node.orelse)
        builder.environment = builder.join([builder.environment, *breaks])

    def statement_Try(self, node: ast.Try) -> None:
        builder = self.builder
        assert builder.environment is not None
        start = dict(builder.environment)
        log = len(builder.assignments)
        before = builder.open_block(certain=True)
        self.lower_statements(node.body)
        builder.close_block(before)
        body_end = builder.environment
        tried = builder.assignments[log:]
        if node.orelse and builder.environment is not None:
            before = builder.open_block()
            self.lower_statements(node.orelse)
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
                    builder.assign(handler.name, caught)
            self.lower_statements(handler.body)
            builder.close_block(before)
            ends.append(builder.environment)
        builder.environment = builder.join(ends)
        if node.finalbody:
            arrived = builder.environment
            if arrived is None:
                builder.environment = dict(start)
            self.lower_statements(node.finalbody)
            if arrived is None:
                builder.environment = None

    statement_TryStar = statement_Try

    def statement_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            manager = self.lower(item.context_expr)
            enter = self.located(item.context_expr, Attribute(manager, "__enter__"))
            entered = self.call(item.context_expr, enter, (), "__enter__")
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered)
        start = self.builder.environment
        self.lower_statements(node.body)
        if self.builder.environment is None and any(_suppresses(item.context_expr) for item in node.items):
            self.builder.environment = start

    statement_AsyncWith = statement_With

    def statement_Match(self, node: ast.Match) -> None:
        builder = self.builder
        matched = self.emit(Opaque((self.lower(node.subject),)))
        start = builder.environment
        ends: list[Environment | None] = [start]
        for case in node.cases:
            builder.environment = None if start is None else dict(start)
            before = builder.open_block()
            for name in sorted(assigned_names(case.pattern)):
                builder.assign(name, matched)
            if case.guard is not None:
                builder.open_block(self.lower(case.guard), True)
            self.lower_statements(case.body)
            builder.close_block(before)
            ends.append(builder.environment)
        builder.environment = builder.join(ends)

    def statement_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname is not None:
                self.builder.assign(alias.asname, self.emit(Import(alias.name, None, 0)))
            else:
                top = alias.name.partition(".")[0]
                self.builder.assign(top, self.emit(Import(alias.name, None, 0, top=True)))

    def statement_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.module.star_imports.append((node.module or "", node.level))
                return
            register = self.emit(Import(node.module or "", alias.name, node.level))
            self.builder.assign(alias.asname or alias.name, register)

    def statement_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = [(decorator, self.lower(decorator)) for decorator in node.decorator_list]
        written = tuple(map(self._text, node.decorator_list))
        value = self.module.lower_function(self, node.name, node, written)
        self.builder.assign(node.name, self._decorate(decorators, value))

    statement_AsyncFunctionDef = statement_FunctionDef

    def statement_ClassDef(self, node: ast.ClassDef) -> None:
        decorators = [(decorator, self.lower(decorator)) for decorator in node.decorator_list]
        bases = tuple(self.lower(base) for base in node.bases if not isinstance(base, ast.Starred))
        for keyword in node.keywords:
            self.lower(keyword.value)
        builder = self.module.new_body("class", node.name, self.builder, node)
        StatementLowerer(self.module, builder).lower_statements(node.body)
        value = self.emit(MakeClass(builder.index, bases))
        self.builder.assign(node.name, self._decorate(decorators, value))

    def _decorate(self, decorators: list[tuple[ast.expr, Register]], value: Register) -> Register:
        for decorator, function in reversed(decorators):
            value = self.call(decorator, function, (Argument(value),), self._text(decorator), decorator=True)
        return value


def _suppresses(manager: ast.expr) -> bool:
    return isinstance(manager, ast.Call) and dotted(manager.func).endswith("suppress")


def lower_module(path: str, name: str, tree: ast.Module, text: str) -> ModuleFacts:
    """The facts of the module `tree`, parsed from `text`, which stands at `path` and is imported as `name`."""
    lowerer = ModuleLowerer(tree, text)
    builder = lowerer.new_body("module", name, None, tree)
    StatementLowerer(lowerer, builder).lower_statements(tree.body)
    bodies = tuple(body.finish() for body in lowerer.bodies)
    return ModuleFacts(path, name, bodies, tuple(dict.fromkeys(lowerer.star_imports)))
