"""From the paths of a command line to the Python files that they mean."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from reseed.source.gitignore import Rules, is_ignored, patterns, rules_for, rules_in
from reseed.source.text import Problem

DEFAULT_EXCLUDE = (
    "*.egg-info", ".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache",
    ".nox", ".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode",
    "__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules", "site-packages", "venv",
)  # fmt: skip
"""Folders that hold no code of the project's own (source: the default of Ruff's `exclude`, plus two of Python's)."""

_DEFAULT_NAMES = frozenset(name for name in DEFAULT_EXCLUDE if "*" not in name)


@dataclass(frozen=True, slots=True)
class Exclude:
    """What a walk leaves out besides what git ignores.

    `rules` are the user's patterns, `defaults` says whether DEFAULT_EXCLUDE holds too. A folder with a `pyvenv.cfg`
    is a virtual environment and is always left out.
    """

    rules: Rules = ()
    defaults: bool = True

    @staticmethod
    def of(groups: Sequence[tuple[str, Sequence[str]]], defaults: bool = True) -> Exclude:
        """Compile groups of gitignore-like patterns, each relative to its folder.

        A pattern without a slash matches at any depth.
        """
        compiled = (
            patterns(os.path.realpath(folder), [line.removeprefix("./") for line in lines]) for folder, lines in groups
        )
        return Exclude(tuple(one for one in compiled if one), defaults)

    def covers(self, path: str, is_folder: bool) -> bool:
        """Say whether an absolute path is left out by its own name or place."""
        if self.defaults and is_folder and _is_default(os.path.basename(path)):
            return True
        return any(one.verdict(path, is_folder) for one in self.rules)

    def covers_with_parents(self, path: str) -> bool:
        """Say whether an absolute path, to which nothing has walked, stands in a place that is left out."""
        below = os.path.relpath(path).split(os.sep)[:-1]
        if self.defaults and os.pardir not in below and any(_is_default(name) for name in below):
            return True
        return self.covers(path, is_folder=os.path.isdir(path))


def _is_default(name: str) -> bool:
    return name in _DEFAULT_NAMES or name.endswith(".egg-info")


@dataclass(slots=True)
class _Found:
    """What a search gathers. A link to a file waits in `links`: it is taken only where no other path leads there."""

    files: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def add(self, path: str, real: str) -> None:
        """Take a file once, under the first path that leads to it."""
        key = os.path.normcase(real)
        if key not in self.seen:
            self.seen.add(key)
            self.files.append(path)


def discover(
    paths: Sequence[str], exclude: Exclude = Exclude(), respect_gitignore: bool = True, force_exclude: bool = False
) -> tuple[list[str], list[Problem]]:
    """Find the `.py` files below `paths`, in sorted order and without duplicates.

    A path to a file is taken whatever its name and wherever it stands, unless `force_exclude` subjects it to `exclude`.
    Paths come back as they were given, joined with what was walked, the way flake8 prints them. Links to folders are
    not followed, so a loop of links ends nothing but itself.
    """
    found = _Found()
    for path in paths:
        real = os.path.realpath(path)
        if not path or not os.path.lexists(path):
            found.problems.append(Problem(path or "''", "no such file or directory"))
        elif force_exclude and exclude.covers_with_parents(real):
            continue
        elif os.path.isdir(path):
            _walk(path, real, rules_for(real) if respect_gitignore else None, exclude, found)
        else:
            found.add(path, real)
    for link in found.links:
        found.add(link, os.path.realpath(link))
    return sorted(found.files), found.problems


def _walk(top: str, real: str, ignored: Rules | None, exclude: Exclude, found: _Found) -> None:
    """Collect what stands below `top`; `ignored` is None where git's ignore files do not count."""
    waiting = [(top, real, ignored)]
    while waiting:
        folder, real, rules = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            reason = "no permission to look into this folder" if isinstance(error, PermissionError) else error.strerror
            found.problems.append(Problem(folder, f"{reason}: change its mode or exclude it"))
            continue
        names = {entry.name for entry in entries}
        if folder != top and "pyvenv.cfg" in names:
            continue
        if rules is not None and names & {".gitignore", ".git"}:
            rules = rules_in(real, rules)
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            inner = os.path.join(real, entry.name)
            if not is_folder and not _is_python(entry.name):
                continue
            if exclude.covers(inner, is_folder) or is_ignored(rules or (), inner, is_folder):
                continue
            if is_folder:
                waiting.append((entry.path, inner, rules))
            elif entry.is_symlink():
                _add_link(entry.path, found)
            elif entry.is_file():
                found.add(entry.path, inner)


def _is_python(name: str) -> bool:
    return name.endswith(".py") and not name.startswith(".#")  # .#name.py is a lock that Emacs leaves


def _add_link(path: str, found: _Found) -> None:
    if os.path.isfile(path):
        found.links.append(path)
    elif not os.path.exists(path):
        found.problems.append(Problem(path, "broken link: remove it or exclude it"))
