"""Where nodes stand in the text, for a few nodes at the price of one code generation.

LibCST's PositionProvider needs a deep copy of the module and records every node; here only the wanted ones
are, by the same rule (the syntactic position, without surrounding whitespace and parentheses).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState

from reseed.source.position import Span


class _Recorder(CodegenState):
    def __init__(self, module: cst.Module, wanted: Collection[int]) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.wanted = wanted
        self.line = 1
        self.column = 1
        self.spans: dict[int, Span] = {}

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.column += len(token)

    def add_token(self, value: str) -> None:
        if "\n" in value or "\r" in value:
            lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self.line += len(lines) - 1
            self.column = len(lines[-1]) + 1
        else:
            self.column += len(value)

    def pop_trailing_newline(self) -> None:
        pass

    @contextmanager
    def record_syntactic_position(self, node: cst.CSTNode, **kwargs: Any) -> Iterator[None]:
        if id(node) not in self.wanted:
            yield
            return
        line, column = self.line, self.column
        yield
        self.spans[id(node)] = Span(line, column, self.line, self.column)


def spans_of(module: cst.Module, wanted: Collection[int]) -> dict[int, Span]:
    """Spans of the nodes of `module` whose ``id()`` is in `wanted`, by that id."""
    recorder = _Recorder(module, wanted)
    module._codegen(recorder)
    return recorder.spans
