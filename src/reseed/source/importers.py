"""Which files of a project use what a file defines: where its datasets may be given to a loader."""

from __future__ import annotations

import ast
import functools
import os
import re
from collections.abc import Collection, Iterable, Mapping, Set

from reseed.source.cache import Cache, remembered
from reseed.source.graph import Graph, Graphs, Import
from reseed.source.imports import import_lines
from reseed.source.modules import Modules
from reseed.source.registries import Registries
from reseed.source.syntax import parse
from reseed.source.text import SourceError
from reseed.source.texts import Texts
from reseed.source.walk import children
from reseed.source.words import calls_of, docstrings, lines_with

_ALL = re.compile(r"""__all__\s*(?:\+?=|\.(?:extend|append)\()\s*[\[(]*(?:\s*["'][\w.]*["']\s*,?)*""")
# What every module may have, and nobody is given.
_OWN = frozenset({"__all__", "__author__", "__dir__", "__doc__", "__getattr__", "__path__", "__version__"})
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.MatchAs, ast.MatchStar)
# A function or class of a module with all that stands in it, so far as one sees without a parser.
_DEFINITION = re.compile(
    r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)\b[^\n]*\n(?:(?:[ \t)\]}#][^\n]*)?\n)*", re.MULTILINE
)
_GLOBAL = re.compile(r"(?:[^\n]*[;:])?[ \t\f]*global[ \t\f\\]")
_DYNAMIC = ("eval", "exec", "globals", "__import__")


_Names = frozenset[str]
_NONE: _Names = frozenset()


class Importers:
    """The answers for the files of a run, read off texts by words. What takes a parser is kept in a `cache`."""

    def __init__(
        self,
        modules: Modules,
        texts: Texts | None = None,
        registries: Registries | None = None,
        cache: Cache | None = None,
    ) -> None:
        self._modules = modules
        self._cache = cache
        self._texts = texts or Texts()
        self._registries = registries or Registries(modules, self._texts)
        self._graphs = Graphs(modules, self._texts, cache)
        self._defined: dict[str, frozenset[str]] = {}
        self._used: dict[tuple[str, str], bool] = {}
        self._dynamic: dict[tuple[str, str], bool] = {}
        self._latest: tuple[str, set[str], set[str]] = ("", set(), set())

    def of(self, file: str, limit: int) -> list[str]:
        """The files nearest to `file` which use what it defines, or get from others, and may make loaders.

        Tests do not count, but for a file that is one.
        """
        reads = self._texts.reads
        with reads.aside():
            found, seen = self._find(file, limit)
        reads.importers[limit] = tuple(found)
        reads.asked_files |= seen
        return found

    def state(self, file: str, files: Iterable[str]) -> bytes:
        """Stands for what an answer about `file` rests on, but for the texts of the `files` looked at for it."""
        return self._graphs.of(file).state(files)

    def _find(self, file: str, limit: int) -> tuple[list[str], set[str]]:
        # What `of` gives, and the files that were looked at for it.
        graph = self._graphs.of(file)
        if self._latest[0] != file:  # the same file is asked about with several limits, one after the other
            self._latest = file, *self._users(graph, file)
        _, users, asked = self._latest
        found: list[str] = []
        seen = {file}
        nearest = [file]
        while nearest and len(found) < limit:
            nearest = sorted({each.importer for near in nearest for each in graph.importers.get(near, ())} - seen)
            seen.update(nearest)
            found += [
                each
                for each in nearest
                if each in graph.loading and each in users and (_is_test(file) or not _is_test(each))
            ]
        return found[:limit], seen | asked

    def prepare(self, file: str) -> None:
        """Read the graph of the project of `file`, which every other file of it asks for."""
        self._graphs.of(os.path.realpath(file))

    def _users(self, graph: Graph, file: str) -> tuple[set[str], set[str]]:
        # The files that use what `file` gives, and those that were looked at. From file to file goes a set of names by
        # which something of `file` can be had: what it defines, and what is defined where one of these is used. A
        # registry gives it under no name at all: from `filling` everything goes on.
        filling = {file} if self._registries.fills_itself(file) else set()
        users: set[str] = set()
        names = {file: self._definitions(file)}
        modules: dict[str, dict[str, _Names]] = {file: {}}  # what modules that a file has give, by their names there
        waiting = {} if filling else {file: None}
        while waiting:
            module = next(iter(waiting))
            del waiting[module]
            own, given = names[module], modules[module]
            every = _joined((own, *given.values()))  # what is had by looking into the module
            for each in graph.importers.get(module, ()):
                known, inner = names.get(each.importer, _NONE), modules.setdefault(each.importer, {})
                before = len(known)
                grown = False
                if each.importer not in users and self._uses(each, own, given, every):
                    if self._registries.fills_itself(each.importer):
                        filling.add(each.importer)
                    users.add(each.importer)
                    known |= self._definitions(each.importer)
                if each.name is None:
                    grown = _gives(inner, each.bound, every)
                elif each.name == "*":
                    known |= own
                    grown = any([_gives(inner, name, ways) for name, ways in given.items()])
                elif each.name in own:
                    known |= {each.bound}
                elif each.name in given:
                    grown = _gives(inner, each.bound, given[each.name])
                names[each.importer] = known
                if grown or len(known) > before:
                    waiting[each.importer] = None
        reached = _reachable(graph, filling)
        return users | reached, names.keys() | reached

    def _uses(self, imported: Import, names: _Names, modules: Mapping[str, _Names], every: _Names) -> bool:
        """Whether a file that imports a module uses any of `names` of it, or of what its `modules` give: of `every`."""
        looked_up = ""
        wanted: Collection[str] = ()
        if imported.name is None:
            wanted, looked_up = every, imported.bound
        elif imported.name == "*":
            wanted = every
        elif imported.name in modules:
            wanted, looked_up = modules[imported.name], imported.bound
        elif imported.name in names:
            wanted = (imported.bound,)
        if not wanted:
            return False
        return self._looks_up(imported.importer, looked_up) or any(
            self._has(imported.importer, name) for name in wanted
        )

    def _looks_up(self, file: str, module: str) -> bool:
        # Whether `file` makes names as it runs, or looks in the module that it has as `module` for such a name.
        if (file, module) not in self._dynamic:
            text = self._texts.text(file)
            found = calls_of(text, _DYNAMIC, after=".") or calls_of(text, ("import_module",), after="")
            if module and not found and any(word in text for word in ("getattr", "vars", "dir(", "__dict__")):
                spelled = re.escape(module)
                ways = rf"\b(?:getattr|vars|dir)\(\s*[\w.]*{spelled}\b|\b{spelled}\.__dict__"
                found = re.search(ways, text) is not None
            self._dynamic[file, module] = found
        return self._dynamic[file, module]

    def _has(self, file: str, name: str) -> bool:
        # Whether `name` stands in `file`, and not in its imports alone.
        if (file, name) not in self._used:
            text = self._texts.text(file)
            self._used[file, name] = name in text and text.count(name) > _mentions(text).count(name)
        return self._used[file, name]

    def _definitions(self, file: str) -> frozenset[str]:
        found = self._defined.get(file)
        if found is None:
            text = self._texts.text(file)
            found = remembered(self._cache, lambda: _definitions_in(file, text), "definitions", text)
            self._defined[file] = found
        return found


@functools.lru_cache(maxsize=128)  # a file is asked for many names in a row
def _mentions(text: str) -> str:
    """What names things without using them."""
    listed = (match[0] for match in lines_with(text, "__all__", _ALL))
    return "\n".join([import_lines(text), *listed, *docstrings(text)])


def _gives(modules: dict[str, _Names], module: str, names: _Names) -> bool:
    # Let a file have `names` by what it has as `module`; whether it had not.
    known = modules.get(module)
    if known is not None and (known is names or names <= known):
        return False
    modules[module] = names if known is None else _joined((known, names))
    return True


def _joined(parts: Collection[_Names]) -> _Names:
    # All of these names, in one of the sets itself if that has them all: in a tangle of files most do.
    different = {id(part): part for part in parts}.values()
    largest = max(different, key=len)
    return largest if all(part <= largest for part in different) else largest.union(*different)


def _definitions_in(file: str, text: str) -> frozenset[str]:
    has_global = any(lines_with(text, "global", _GLOBAL))
    try:
        names = _defined(file, text if has_global else _without_bodies(text), has_global)
    except SourceError:  # what was left out was more than a definition, or the file itself does not parse
        try:
            names = _defined(file, text, has_global)
        except SourceError:
            names = set(re.findall(r"\w+", text))
    return frozenset(names - _OWN)


def _without_bodies(text: str) -> str:
    # What stands in functions and classes takes most of the time to parse, and defines no global. A text in quotes may
    # reach out of one: where quotes are left open, nothing is left out.
    open_quotes = False

    def shortened(match: re.Match[str]) -> str:
        nonlocal open_quotes
        open_quotes |= any(match[0].count(quotes) % 2 == 1 for quotes in ('"""', "'''"))
        return f"class {match[1]}: pass\n"

    short = _DEFINITION.sub(shortened, f"{text}\n")
    return text if open_quotes else short


def _defined(file: str, text: str, has_global: bool) -> set[str]:
    # The globals of a module, but for those that it imports. Functions bind some only by a `global` statement.
    tree = parse(file, text)
    found: set[str | None] = set()
    stack: list[tuple[ast.AST, bool]] = [(node, True) for node in tree.body]
    while stack:
        node, is_global = stack.pop()
        if isinstance(node, ast.Global):
            found.update(node.names)
        elif is_global and isinstance(node, ast.Name):
            found.add(node.id if isinstance(node.ctx, ast.Store) else None)
        elif is_global and isinstance(node, _NAMED):
            found.add(node.name)
        inside = is_global and not isinstance(node, _INNER)
        if inside or has_global:
            stack.extend((each, inside) for each in children(node))
    return {name for name in found if name}


def _reachable(graph: Graph, files: Set[str]) -> set[str]:
    seen = set(files)
    waiting = list(files)
    while waiting:
        fresh = {each.importer for each in graph.importers.get(waiting.pop(), ())} - seen
        seen |= fresh
        waiting += fresh
    return seen


def _is_test(file: str) -> bool:
    folder, name = os.path.split(file)
    return name.startswith(("test_", "conftest.")) or name.endswith("_test.py") or "tests" in folder.split(os.sep)
