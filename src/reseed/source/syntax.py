"""Python's own parser, with its refusals as errors that name the file."""

from __future__ import annotations

import ast
import warnings

from reseed.source.text import SourceError

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
