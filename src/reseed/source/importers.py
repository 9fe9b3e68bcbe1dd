"""Which files of a project use what a file defines: where its datasets may be given to a loader."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from reseed.source.cache import Cache
from reseed.source.discover import discover
from reseed.source.imports import import_lines, imports_of
from reseed.source.loading import LOADER_WORDS, speaks_of_loaders
from reseed.source.modules import Modules
from reseed.source.registries import Registries
from reseed.source.syntax import parse
from reseed.source.text import SourceError
from reseed.source.texts import Texts
from reseed.source.walk import children

# Beyond, a file's imports are not looked at: nobody reads that much code to learn what a dataset is used for.
_FILE_LIMIT = 20_000

_ALL = re.compile(r"""^__all__\s*(?:\+?=|\.(?:extend|append)\()\s*[\[(]*(?:\s*["'][\w.]*["']\s*,?)*""", re.MULTILINE)
# What every module may have, and nobody is given.
_OWN = frozenset({"__all__", "__author__", "__dir__", "__doc__", "__getattr__", "__path__", "__version__"})
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.MatchAs, ast.MatchStar)
# A function or class of a module with all that stands in it, so far as one sees without a parser.
_DEFINITION = re.compile(
    r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)\b[^\n]*\n(?:(?:[ \t)\]}#][^\n]*)?\n)*", re.MULTILINE
)
_GLOBAL = re.compile(r"(?:^|[;:])[ \t\f]*global[ \t\f\\]", re.MULTILINE)
_DOCSTRING = re.compile(r"""^[ \t]*[rRuU]?(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3})""", re.MULTILINE)
_DYNAMIC_WORDS = ("eval(", "exec(", "globals(", "__import__(", "import_module(")
_DYNAMIC = re.compile(r"(?<![\w.])(?:eval|exec|globals|__import__)\(|\bimport_module\(")


T = TypeVar("T")


class _Import(NamedTuple):
    """A file imports a module under the name `bound`, or `name` of it, ``"*"`` for all."""

    file: str
    name: str | None
    bound: str


@dataclass(slots=True)
class _Graph:
    """Who imports whom in a project, and which files may have a loader made, themselves or by what they import."""

    importers: dict[str, list[_Import]] = field(default_factory=dict)
    loading: set[str] = field(default_factory=set)


class Importers:
    """The import graphs of projects, turned round. They are read off the text by words, once a project.

    What takes a parser is looked for in a `cache` by the text, and kept there.
    """

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
        self._graphs: dict[str, _Graph] = {}
        self._defined: dict[str, frozenset[str]] = {}
        self._mentioned: dict[str, str] = {}
        self._used: dict[tuple[str, str], bool] = {}
        self._dynamic: dict[tuple[str, str], bool] = {}
        self._latest: tuple[str, set[str]] = ("", set())

    def of(self, file: str, limit: int) -> list[str]:
        """The files nearest to `file` which use what it defines, or get from others, and may make loaders.

        Tests do not count, but for a file that is one.
        """
        reads = self._texts.reads
        with reads.aside():
            found = self._find(file, limit)
        reads.importers[limit] = tuple(found)
        return found

    def _find(self, file: str, limit: int) -> list[str]:
        graph = self._graph(file)
        if self._latest[0] != file:  # asked for one file, and for more of the same
            self._latest = file, self._users(graph, file)
        users = self._latest[1]
        found: list[str] = []
        seen = {file}
        nearest = [file]
        while nearest and len(found) < limit:
            nearest = sorted({each.file for near in nearest for each in graph.importers.get(near, ())} - seen)
            seen.update(nearest)
            found += [
                each
                for each in nearest
                if each in graph.loading and each in users and (_is_test(file) or not _is_test(each))
            ]
        return found[:limit]

    def prepare(self, file: str) -> None:
        """Read the graph of the project of `file`, which every other file of it asks for."""
        self._graph(os.path.realpath(file))

    def _users(self, graph: _Graph, file: str) -> set[str]:
        # From file to file goes a set of names by which something of `file` can be had: what it defines, and what is
        # defined where one of these is used. A registry gives it under no name at all.
        filling = {file} if self._registries.fills_itself(file) else set()  # from these everything goes on
        users: set[str] = set()
        names = {file: set(self._definitions(file))}
        modules: dict[str, dict[str, set[str]]] = {file: {}}  # what modules that a file has give, by their names there
        waiting = {} if filling else {file: None}
        while waiting:
            module = next(iter(waiting))
            del waiting[module]
            own, given = names[module], modules[module]
            through = set().union(*given.values())
            for each in graph.importers.get(module, ()):
                known, inner = names.setdefault(each.file, set()), modules.setdefault(each.file, {})
                before = len(known)
                grown = False
                if each.file not in users and self._uses(each, own, given, through):
                    if self._registries.fills_itself(each.file):
                        filling.add(each.file)
                    users.add(each.file)
                    known |= self._definitions(each.file)
                if each.name is None:
                    grown = _gives(inner, each.bound, own) | _gives(inner, each.bound, through)
                elif each.name == "*":
                    known |= own
                    grown = any([_gives(inner, name, ways) for name, ways in given.items()])
                elif each.name in own:
                    known.add(each.bound)
                elif each.name in given:
                    grown = _gives(inner, each.bound, given[each.name])
                if grown or len(known) > before:
                    waiting[each.file] = None
        return users | _reachable(graph, filling)

    def _uses(self, imported: _Import, names: Set[str], modules: Mapping[str, Set[str]], through: Set[str]) -> bool:
        """Whether a file that imports a module uses any of `names` of it, or of what its `modules` give."""
        looked_up = ""
        if imported.name is None:
            wanted, looked_up = names | through, imported.bound
        elif imported.name == "*":
            wanted = names | through
        elif imported.name in modules:
            wanted, looked_up = modules[imported.name], imported.bound
        else:
            wanted = names & {imported.name} and {imported.bound}
        if not wanted:
            return False
        return self._looks_up(imported.file, looked_up) or any(self._has(imported.file, name) for name in wanted)

    def _looks_up(self, file: str, module: str) -> bool:
        # Whether `file` makes names as it runs, or looks in the module that it has as `module` for such a name.
        if (file, module) not in self._dynamic:
            text = self._texts.text(file)
            found = any(word in text for word in _DYNAMIC_WORDS) and _DYNAMIC.search(text) is not None
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
            self._used[file, name] = name in text and text.count(name) > self._mentions(file, text).count(name)
        return self._used[file, name]

    def _definitions(self, file: str) -> frozenset[str]:
        found = self._defined.get(file)
        if found is None:
            found = self._defined[file] = self._parsed("definitions", file, _definitions_in)
        return found

    def _mentions(self, file: str, text: str) -> str:
        # What names things without using them.
        if file not in self._mentioned:
            listed = _ALL.findall(text) if "__all__" in text else []
            documented = _DOCSTRING.findall(text) if '"""' in text or "'''" in text else []
            self._mentioned[file] = "\n".join([import_lines(text), *listed, *documented])
        return self._mentioned[file]

    def _graph(self, file: str) -> _Graph:
        project = self._modules.project(file)
        if project not in self._graphs:
            self._graphs[project] = self._read(project)
        return self._graphs[project]

    def _read(self, project: str) -> _Graph:
        graph = _Graph()
        files, _ = discover([project])
        waiting = []
        for file in map(self._modules.real, files[:_FILE_LIMIT]):
            text = self._texts.text(file)
            if any(word in text for word in LOADER_WORDS) and self._parsed("loaders", file, _speaks_of_loaders):
                waiting.append(file)
            for target, each in dict.fromkeys(self._imports(file, text)):
                graph.importers.setdefault(target, []).append(each)
        while waiting:
            file = waiting.pop()
            if file not in graph.loading:
                graph.loading.add(file)
                waiting.extend(each.file for each in graph.importers.get(file, ()))
        return graph

    def _parsed(self, what: str, file: str, work: Callable[[str, str], T]) -> T:
        text = self._texts.text(file)
        found: T | None = self._cache.get(what, text) if self._cache else None
        if found is None:
            found = work(file, text)
            if self._cache:
                self._cache.put(found, what, text)
        return found

    def _imports(self, file: str, text: str) -> Iterator[tuple[str, _Import]]:
        for each in imports_of(text):
            for place in self._modules.imported(file, each.level, each.module):
                yield place, _Import(file, each.name, each.bound)
                inner = self._modules.submodule(place, each.name) if each.name not in (None, "*") else None
                if inner is not None:
                    yield inner, _Import(file, None, each.bound)


def _gives(modules: dict[str, set[str]], module: str, names: Set[str]) -> bool:
    # Let a file have `names` by what it has as `module`; whether it had not.
    known = modules.get(module)
    if known is None:
        modules[module] = set(names)
        return True
    before = len(known)
    known |= names
    return len(known) > before


def _definitions_in(file: str, text: str) -> frozenset[str]:
    has_global = _GLOBAL.search(text) is not None
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


def _speaks_of_loaders(file: str, text: str) -> bool:
    try:
        return speaks_of_loaders(parse(file, text), for_others=True)
    except SourceError:
        return True


def _reachable(graph: _Graph, files: Set[str]) -> set[str]:
    seen = set(files)
    waiting = list(files)
    while waiting:
        fresh = {each.file for each in graph.importers.get(waiting.pop(), ())} - seen
        seen |= fresh
        waiting += fresh
    return seen


def _is_test(file: str) -> bool:
    folder, name = os.path.split(file)
    return name.startswith(("test_", "conftest.")) or name.endswith("_test.py") or "tests" in folder.split(os.sep)
