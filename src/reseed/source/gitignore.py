"""What git would ignore: nested `.gitignore` files and `.git/info/exclude`, with git's own precedence."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class Patterns:
    """Lines in gitignore syntax, relative to `folder` (an absolute path)."""

    folder: str
    spec: GitIgnoreSpec

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Say whether an absolute path is ignored, re-included (False) or not spoken of (None)."""
        base = self.folder.rstrip(os.sep) + os.sep
        # Outside of the folder only patterns that may match at any depth have a meaning.
        relative = path[len(base) :] if path.startswith(base) else os.path.splitdrive(path)[1].lstrip(os.sep)
        relative = relative.replace(os.sep, "/")
        return self.spec.check_file(relative + "/" if is_folder else relative).include


Rules = tuple[Patterns, ...]
"""Sets of patterns, the one that has the last word at the end."""


def patterns(folder: str, lines: Sequence[str]) -> Patterns | None:
    """Compile gitignore lines, or return None where none of them says anything.

    A line that is no pattern is skipped, as git does.
    """
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    if not lines:
        return None
    from pathspec import GitIgnoreSpec  # takes as long as a small run: only where there is something to match

    try:
        return Patterns(folder, GitIgnoreSpec.from_lines(lines))
    except ValueError:
        return Patterns(folder, GitIgnoreSpec.from_lines([line for line in lines if _is_pattern(line)]))


def is_ignored(rules: Rules, path: str, is_folder: bool) -> bool:
    """Say whether the rules ignore an absolute path, provided that they ignore none of the folders it stands in."""
    for one in reversed(rules):
        verdict = one.verdict(path, is_folder)
        if verdict is not None:
            return verdict
    return False


def rules_in(folder: str, outer: Rules) -> Rules:
    """Give the rules that hold for what stands directly in `folder`, from those that hold for `folder` itself.

    A repository inside a repository starts anew, as it does for git.
    """
    if os.path.lexists(os.path.join(folder, ".git")):
        outer = _from_file(folder, _info_exclude(folder))
    return outer + _from_file(folder, os.path.join(folder, ".gitignore"))


def rules_for(folder: str) -> Rules:
    """Give the rules from the repository root down that hold for the absolute path `folder` itself.

    Outside of a repository there are none: which folder they would start from is anyone's guess.
    """
    above: list[str] = []
    current = folder
    while not os.path.lexists(os.path.join(current, ".git")):
        parent = os.path.dirname(current)
        if parent == current:
            return ()
        above.append(parent)
        current = parent
    rules: Rules = ()
    for parent in reversed(above):
        rules = rules_in(parent, rules)
    # Whoever names an ignored folder on the command line wants it checked.
    return () if is_ignored(rules, folder, is_folder=True) else rules


def _from_file(folder: str, path: str) -> Rules:
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8-sig", "surrogateescape")
    except OSError:
        return ()
    found = patterns(folder, text.splitlines())
    return (found,) if found else ()


def _info_exclude(root: str) -> str:
    """Find info/exclude, also where `.git` is a file that names the real place (worktrees and submodules)."""
    git = os.path.join(root, ".git")
    try:
        with open(git, encoding="utf-8") as file:
            git = os.path.join(root, file.read().partition("gitdir:")[2].strip())
        with open(os.path.join(git, "commondir"), encoding="utf-8") as file:
            git = os.path.join(git, file.read().strip())
    except (OSError, ValueError):
        pass
    return os.path.join(git, "info", "exclude")


def _is_pattern(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
