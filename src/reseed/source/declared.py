"""The PyTorch version that a project declares, read as text: nothing is imported, installed or run."""

from __future__ import annotations

import configparser
import functools
import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reseed.source.declared_setup import requirements_of_setup_py
from reseed.source.toml import TOMLDecodeError, load

_CONDA = re.compile(
    r"""^[ \t]*-[ \t]*["']?(?:[\w./-]+::)?(?:pytorch|torch|pytorch-gpu|pytorch-cpu)(?![\w.-])[ \t]*([^"'#\n]*)""",
    re.MULTILINE,
)
_WHEEL_VERSION = re.compile(r"/torch-(\d+(?:\.\d+)*)")
_POETRY_VERSION = re.compile(r"^\s*(?P<operator>[\^~<>=!]*)\s*(?P<version>\d[\w.+*!-]*)")


@dataclass(frozen=True, slots=True)
class Declared:
    """The oldest PyTorch that a project allows (None: it names PyTorch without a lower bound), and where it says so."""

    minimum: str | None
    path: str


def declared_torch(path: str) -> Declared | None:
    """Find what is declared for the project that the file or folder `path` belongs to.

    The nearest folder upwards that names PyTorch counts, no higher than the root of the repository. Where several
    of its files name PyTorch, the lowest bound counts. None where nothing names it: any version may be meant.
    """
    absolute = os.path.abspath(path)
    return _declared_above(absolute if os.path.isdir(absolute) else os.path.dirname(absolute))


def shows_on(torch: str, minimum: str | None) -> bool:
    """Say whether some PyTorch from `minimum` on (None: any) lies in a finding's range, ``"any"`` or ``"<1.9"``."""
    if torch == "any" or minimum is None:
        return True
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(torch).contains(minimum, prereleases=True)


@functools.cache
def _declared_above(folder: str) -> Declared | None:
    here = _lowest(_declarations_in(folder))
    parent = os.path.dirname(folder)
    if here or parent == folder or os.path.lexists(os.path.join(folder, ".git")):
        return here
    return _declared_above(parent)


def _lowest(found: Iterable[Declared]) -> Declared | None:
    from packaging.version import Version

    return min(found, key=lambda one: Version(one.minimum) if one.minimum else Version("0.dev0"), default=None)


def _declarations_in(folder: str) -> Iterator[Declared]:
    readers = (
        ("pyproject.toml", _from_pyproject),
        ("setup.cfg", _from_setup_cfg),
        ("setup.py", _from_setup_py),
        ("requirements*.txt", _from_requirements),
        (os.path.join("requirements", "*.txt"), _from_requirements),
        ("environment*.yml", _from_environment),
        ("environment*.yaml", _from_environment),
    )
    for pattern, reader in readers:
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), pattern))):
            try:
                with open(path, encoding="utf-8-sig", errors="replace") as file:
                    minimums = list(reader(file.read()))
            except OSError:
                continue
            yield from (Declared(minimum, path) for minimum in minimums)


def _from_pyproject(text: str) -> Iterator[str | None]:
    try:
        data = load(text)
    except TOMLDecodeError:
        return
    project = _table(data, "project")
    poetry = _table(data, "tool", "poetry")
    main = [*_minimums(project.get("dependencies")), *_poetry_minimums(poetry.get("dependencies"))]
    if main:
        # What an extra or a group asks for holds together with this, and cannot lower it.
        yield from main
        return
    for table in (_table(project, "optional-dependencies"), _table(data, "dependency-groups")):
        for requirements in table.values():
            yield from _minimums(requirements)
    for group in _table(poetry, "group").values():
        yield from _poetry_minimums(_table({"group": group}, "group").get("dependencies"))


def _from_setup_cfg(text: str) -> Iterator[str | None]:
    config = configparser.RawConfigParser(strict=False)
    try:
        config.read_string(text)
    except configparser.Error:
        return
    main = list(_minimums(config.get("options", "install_requires", fallback="").splitlines()))
    yield from main
    if not main and config.has_section("options.extras_require"):
        for _, requirements in config.items("options.extras_require"):
            yield from _minimums(requirements.splitlines())


def _from_setup_py(text: str) -> Iterator[str | None]:
    main, extras = requirements_of_setup_py(text)
    found = list(_minimums(main))
    yield from found or _minimums(extras)


def _from_requirements(text: str) -> Iterator[str | None]:
    for line in text.replace("\\\n", " ").splitlines():
        yield from _minimums([re.split(r"\s#|\s--", line, maxsplit=1)[0]])


def _from_environment(text: str) -> Iterator[str | None]:
    for match in _CONDA.finditer(text):
        # conda writes an exact version with one `=` or a space, and may add a build string behind another.
        exact = re.match(r"=?\s*(\d[\w.*+]*)", match[1])
        specifier = f"=={exact[1]}" if exact else match[1].strip()
        yield from _minimums(["torch" + specifier])


def _minimums(requirements: object) -> Iterator[str | None]:
    """Give the lower bound of each requirement that is for PyTorch."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    for text in requirements if isinstance(requirements, (list, tuple)) else ():
        if not isinstance(text, str) or not text.strip().lower().startswith("torch"):
            continue
        try:
            requirement = Requirement(text.strip())
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) != "torch":
            continue
        wheel = _WHEEL_VERSION.search(requirement.url or "")
        yield wheel[1] if wheel else _highest([(one.operator, one.version) for one in requirement.specifier])


def _poetry_minimums(dependencies: object) -> Iterator[str | None]:
    """The same for a Poetry table, which has caret and tilde versions and may list alternatives."""
    torch = dependencies.get("torch") if isinstance(dependencies, Mapping) else None
    for entry in torch if isinstance(torch, list) else [torch]:
        constraint = entry.get("version", "*") if isinstance(entry, Mapping) else entry
        if not isinstance(constraint, str):
            continue
        for alternative in constraint.split("||"):
            parts = [match for part in alternative.split(",") if (match := _POETRY_VERSION.match(part))]
            yield _highest([(match["operator"] or "==", match["version"]) for match in parts])


def _highest(clauses: Iterable[tuple[str, str]]) -> str | None:
    """Give the lower bound that several clauses set together, or None."""
    from packaging.version import InvalidVersion, Version

    bounds = []
    for operator, version in clauses:
        try:
            bounds += [Version(version.removesuffix(".*"))] if operator not in ("<", "<=", "!=") else []
        except InvalidVersion:
            continue
    return str(max(bounds)) if bounds else None


def _table(data: object, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}
