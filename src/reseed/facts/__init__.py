"""One module's text to `ModuleFacts`. Knows no other module."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reseed.facts.model import ModuleFacts

__all__ = ["module_facts"]


def module_facts(path: str, text: str, name: str = "__main__") -> ModuleFacts:
    """The facts of the module `text`, which stands at `path` and is imported as `name`.

    Raises `reseed.source.SourceError` where the text does not parse.
    """
    import libcst as cst

    from reseed.facts.lower import lower_module
    from reseed.source import SourceError

    try:
        tree = cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        raise SourceError(path, f"syntax error: {error.message}", error.raw_line, error.raw_column + 1) from error
    return lower_module(path, name, tree)
