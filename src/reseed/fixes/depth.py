"""A guard for LibCST's native parser.

LibCST 1.9.0 crashes the whole process on what is nested some thousand levels deep (measured: 3,000 brackets, 20,000
``and`` in a row). Python's parser refuses such text, or hands over a tree that can be measured.
"""

from __future__ import annotations

import ast

_DEEPEST = 1000
"""Levels of a syntax tree that LibCST bears with room to spare (measured: 3,000 took seconds, 20,000 crashed)."""
_LONGEST = 3000
"""Operands of one ``and`` or ``or``, which is flat in Python's tree and nested in LibCST's."""


def is_too_deep(tree: ast.AST) -> bool:
    """Whether LibCST must not see the text of this tree."""
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > _DEEPEST or (isinstance(node, ast.BoolOp) and len(node.values) > _LONGEST):
            return True
        waiting += [(child, depth + 1) for child in ast.iter_child_nodes(node)]
    return False
