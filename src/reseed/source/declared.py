"""The versions of PyTorch and of other libraries that a project declares, read as text: nothing is imported or run."""

from __future__ import annotations

import functools
import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reseed.source.versions import Range, poetry_clauses, range_of

DECLARING = (
    *("pyproject.toml", "setup.cfg", "setup.py", "requirements*.txt", os.path.join("requirements", "*.txt")),
    *("environment*.yml", "environment*.yaml"),
)
"""The files of a folder that are looked into, as patterns."""
_TORCH = ("torch",)
_IN_CONDA = {"torch": ("pytorch", "torch", "pytorch-gpu", "pytorch-cpu")}


@dataclass(frozen=True, slots=True)
class Declared:
    """The oldest version that a project allows of a library, and where it says so.

    `minimum` is None where it names the library without a lower bound. `requirement` is what it asks for, in one line,
    `allowed` all that it allows.
    """

    minimum: str | None
    path: str
    requirement: str = ""
    allowed: Range = Range()


@dataclass(frozen=True, slots=True)
class _Requirement:
    text: str
    allowed: Range


def declared_torch(path: str) -> Declared | None:
    """Find what is declared for the project that the file or folder `path` belongs to.

    The nearest folder upwards that names PyTorch counts, no higher than the root of the repository. Where several
    of its files name PyTorch, the lowest bound counts. None where nothing names it: any version may be meant.
    """
    return _lowest(declared(path, _TORCH))


def declared(path: str, names: tuple[str, ...]) -> tuple[Declared, ...]:
    """Find all that is declared of the distributions `names`, normalised, in the nearest folder that names one."""
    absolute = os.path.abspath(path)
    return _declared_above(absolute if os.path.isdir(absolute) else os.path.dirname(absolute), names)


def forget() -> None:
    """Have files read again: a run begins, and they may have changed."""
    _declared_above.cache_clear()
    _read.cache_clear()


def shows_on(torch: str, minimum: str | None) -> bool:
    """Say whether some PyTorch from `minimum` on (None: any) lies in a finding's range, ``"any"`` or ``"<1.9"``."""
    if torch == "any" or minimum is None:
        return True
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(torch).contains(minimum, prereleases=True)


@functools.cache
def _declared_above(folder: str, names: tuple[str, ...]) -> tuple[Declared, ...]:
    here = tuple(_declarations_in(folder, names))
    parent = os.path.dirname(folder)
    if here or parent == folder or os.path.lexists(os.path.join(folder, ".git")):
        return here
    return _declared_above(parent, names)


def _lowest(found: Iterable[Declared]) -> Declared | None:
    from packaging.version import Version

    return min(found, key=lambda one: Version(one.minimum) if one.minimum else Version("0.dev0"), default=None)


def _declarations_in(folder: str, names: tuple[str, ...]) -> Iterator[Declared]:
    readers = (
        *(_from_pyproject, _from_setup_cfg, _from_setup_py, _from_requirements, _from_requirements),
        *(_from_environment, _from_environment),
    )
    for pattern, reader in zip(DECLARING, readers, strict=True):
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), pattern))):
            for found in reader(_read(path), names):
                yield Declared(found.allowed.minimum, path, found.text, found.allowed)


@functools.cache
def _read(path: str) -> str:
    # Several libraries are asked for, of the same few files.
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _from_pyproject(text: str, names: tuple[str, ...]) -> Iterator[_Requirement]:
    from reseed.source.toml import TOMLDecodeError, load

    try:
        data = load(text)
    except TOMLDecodeError:
        return
    project = _table(data, "project")
    poetry = _table(data, "tool", "poetry")
    main = [
        *_requirements(project.get("dependencies"), names),
        *_poetry_requirements(poetry.get("dependencies"), names),
    ]
    if main:
        # What an extra or a group asks for holds together with this, and cannot lower it.
        yield from main
        return
    for table in (_table(project, "optional-dependencies"), _table(data, "dependency-groups")):
        for requirements in table.values():
            yield from _requirements(requirements, names)
    for group in _table(poetry, "group").values():
        yield from _poetry_requirements(_table({"group": group}, "group").get("dependencies"), names)


def _from_setup_cfg(text: str, names: tuple[str, ...]) -> Iterator[_Requirement]:
    import configparser

    config = configparser.RawConfigParser(strict=False)
    try:
        config.read_string(text)
    except configparser.Error:
        return
    main = list(_requirements(config.get("options", "install_requires", fallback="").splitlines(), names))
    yield from main
    if not main and config.has_section("options.extras_require"):
        for _, requirements in config.items("options.extras_require"):
            yield from _requirements(requirements.splitlines(), names)


def _from_setup_py(text: str, names: tuple[str, ...]) -> Iterator[_Requirement]:
    from reseed.source.declared_setup import requirements_of_setup_py

    main, extras = requirements_of_setup_py(text)
    found = list(_requirements(main, names))
    yield from found or _requirements(extras, names)


def _from_requirements(text: str, names: tuple[str, ...]) -> Iterator[_Requirement]:
    for line in text.replace("\\\n", " ").splitlines():
        yield from _requirements([re.split(r"\s#|\s--", line, maxsplit=1)[0]], names)


def _from_environment(text: str, names: tuple[str, ...]) -> Iterator[_Requirement]:
    for name in names:
        spellings = "|".join(map(re.escape, _IN_CONDA.get(name, (name,))))
        entry = rf"""^[ \t]*-[ \t]*["']?(?:[\w./-]+::)?(?:{spellings})(?![\w.-])[ \t]*([^"'#\n]*)"""
        for match in re.finditer(entry, text, re.MULTILINE):
            # conda writes a version with one `=`, which takes later parts as well, or a space, and may add a build
            # string behind another.
            exact = re.match(r"(=?)\s*(\d[\w.*+]*)(=)?", match[1])
            if exact:
                fuzzy = exact[1] and not exact[3] and exact[2].replace(".", "").isdigit()
                specifier = f"=={exact[2]}.*" if fuzzy else f"=={exact[2]}"
            else:
                specifier = match[1].strip()
            yield from _requirements([name + specifier], names)


def _requirements(requirements: object, names: tuple[str, ...]) -> Iterator[_Requirement]:
    """Give the requirements that are for one of `names`."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    for text in requirements if isinstance(requirements, (list, tuple)) else ():
        if not isinstance(text, str) or not canonicalize_name(text.strip()).startswith(names):
            continue
        try:
            requirement = Requirement(text.strip())
        except InvalidRequirement:
            continue
        name = canonicalize_name(requirement.name)
        if name not in names:
            continue
        wheel = re.search(rf"/{name.replace('-', '_')}-(\d+(?:\.\d+)*)", requirement.url or "")
        clauses = [("==", wheel[1])] if wheel else [(one.operator, one.version) for one in requirement.specifier]
        yield _Requirement(f"{requirement.name}{requirement.specifier}", range_of(clauses))


def _poetry_requirements(dependencies: object, names: tuple[str, ...]) -> Iterator[_Requirement]:
    """The same for a Poetry table, which has caret and tilde versions and may list alternatives."""
    from packaging.utils import canonicalize_name

    for name, entries in dependencies.items() if isinstance(dependencies, Mapping) else ():
        if canonicalize_name(name) not in names:
            continue
        for entry in entries if isinstance(entries, list) else [entries]:
            constraint = entry.get("version", "*") if isinstance(entry, Mapping) else entry
            if isinstance(constraint, str):
                for alternative in constraint.split("||"):
                    yield _Requirement(f"{name} {alternative.strip()}", range_of(poetry_clauses(alternative)))


def _table(data: object, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}
