"""Python's own parser, and a guard for LibCST's native one.

LibCST 1.9.0 crashes the whole process on what is nested some thousand levels deep (measured: 3,000 brackets, 20,000
``and`` in a row); Python's parser refuses such text or hands over a tree that can be measured.
"""

from __future__ import annotations

import ast
import warnings

from reseed.source.text import SourceError

_DEEPEST = 1000
"""Levels of a syntax tree that LibCST bears with room to spare (measured: 3,000 took seconds, 20,000 crashed)."""
_LONGEST = 3000
"""Operands of one ``and`` or ``or``, which is flat in Python's tree and nested in LibCST's."""
_TOO_DEEP = "nested too deeply to be analysed: exclude it"


def parse(path: str, text: str) -> ast.Module:
    """Parse with Python's own parser. Raises SourceError where it refuses the text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the text's invalid escapes are none of our business
            return ast.parse(text.removeprefix("\ufeff"))  # a byte order mark
    except (RecursionError, MemoryError) as error:
        raise SourceError(path, _TOO_DEEP) from error
    except SyntaxError as error:
        if error.msg.startswith("too many"):  # nested parentheses, levels of indentation
            raise SourceError(path, f"{error.msg}: exclude it", error.lineno) from error
        raise SourceError(path, f"syntax error: {error.msg}", error.lineno, error.offset) from error
    except UnicodeEncodeError as error:
        raise SourceError(path, "the text holds half a character (a lone surrogate): save it as UTF-8") from error
    except ValueError as error:
        raise SourceError(path, f"syntax error: {error}") from error


def refuse_deep(path: str, tree: ast.AST) -> None:
    """Raise SourceError where LibCST must not see the text of this tree."""
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > _DEEPEST or (isinstance(node, ast.BoolOp) and len(node.values) > _LONGEST):
            raise SourceError(path, _TOO_DEEP, getattr(node, "lineno", None))
        waiting += [(child, depth + 1) for child in ast.iter_child_nodes(node)]
