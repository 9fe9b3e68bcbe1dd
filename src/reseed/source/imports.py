"""What the text of a file imports, read off by words: no parser is run, and too much may be found, never too little."""

from __future__ import annotations

import re
from collections.abc import Iterator
from sys import intern  # a project's files import the same names again and again
from typing import NamedTuple

_IMPORT = re.compile(
    r"(?:^|[;:])[ \t]*(?:from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\n;]+)|import[ \t]+([^\n;]+))",
    re.MULTILINE,
)
_COMMENT = re.compile("#[^\n]*")
_NAME = re.compile(r"(?:^|[,(\s])([A-Za-z_]\w*|\*)(?:[ \t\n]+as[ \t\n]+(\w+))?")


_LONGEST = 500
"""Lines of one statement."""


class Imported(NamedTuple):
    """One name that an import statement binds: ``from <level dots><module> import <name> as <bound>``.

    `name` is None for ``import module``, ``"*"`` for all.
    """

    level: int
    module: str
    name: str | None
    bound: str


def imports_of(text: str) -> Iterator[Imported]:
    """Every name that `text` imports, at whatever depth."""
    for match in _IMPORT.finditer("\n".join(_statements(text))):
        dots, module, names, plain = match.groups()
        if plain is not None:
            for each in plain.split(","):
                words = each.split()
                if words:
                    bound = words[2] if len(words) > 2 else words[0].partition(".")[0]
                    yield Imported(0, intern(words[0]), None, intern(bound))
            continue
        for name, bound in _NAME.findall(names):
            yield Imported(len(dots), intern(module), intern(name), intern(bound or name))


def import_lines(text: str) -> str:
    """The import statements of `text`, without the rest."""
    return "\n".join(match[0] for match in _IMPORT.finditer("\n".join(_statements(text))))


def _statements(text: str) -> Iterator[str]:
    """The lines that hold import statements, each with those that its parentheses or a backslash add to it."""
    start = 0
    while (found := text.find("import", start)) >= 0:
        start = max(start, text.rfind("\n", 0, found) + 1)
        line = ""
        for _ in range(_LONGEST):
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
            line += _COMMENT.sub("", text[start:end]) + " "
            start = end + 1
            if not line.endswith("\\ ") and ("(" not in line or ")" in line):
                break
            line = line.removesuffix("\\ ")
        yield line
