"""What a run is asked to do: `[tool.reseed]` in pyproject.toml, overridden by the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reseed.source.discover import Exclude
from reseed.source.gitignore import patterns


class SettingsError(Exception):
    """A setting that cannot be followed; the message names where it stands."""


@dataclass(frozen=True, slots=True)
class Selectors:
    """One place that selects codes. `select` is None where it leaves the earlier choice standing."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    origin: str = "command line"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides what a run reads and reports.

    `selectors` are in order of application. `exclude` and `extend_exclude` hold pairs of a folder and patterns relative
    to it; `exclude` is None where the default holds. The patterns of `per_file_ignores` are relative to `root`.
    """

    selectors: tuple[Selectors, ...] = ()
    exclude: tuple[str, tuple[str, ...]] | None = None
    extend_exclude: tuple[tuple[str, tuple[str, ...]], ...] = ()
    force_exclude: bool = False
    respect_gitignore: bool = True
    torch_version: str = "auto"
    torch_version_origin: str = ""
    output_format: str = "text"
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    root: str = "."

    @property
    def names_codes(self) -> bool:
        """Whether any code is named, rightly or wrongly."""
        chosen = any(place.select is not None or place.extend_select or place.ignore for place in self.selectors)
        return chosen or bool(self.per_file_ignores)

    @property
    def excluded(self) -> Exclude:
        """The compiled exclusions."""
        groups = ([self.exclude] if self.exclude else []) + list(self.extend_exclude)
        return Exclude.of(groups, defaults=self.exclude is None)

    def ignored_in(self, path: str) -> tuple[str, ...]:
        """Give the codes and prefixes that `per-file-ignores` switches off for one file."""
        found: list[str] = []
        for pattern, codes in self.per_file_ignores:
            compiled = patterns(os.path.realpath(self.root), [pattern.removeprefix("./")])
            if compiled and compiled.verdict(os.path.realpath(path), is_folder=False):
                found.extend(codes)
        return tuple(found)


def enabled_codes(selectors: Iterable[Selectors], defaults: Mapping[str, bool]) -> frozenset[str]:
    """Apply selectors in order to `defaults` (every code, and whether it is on unasked) as Ruff does.

    A selector is ``ALL``, a code or the beginning of one; within one place the longer selector wins, and `ignore` wins
    over `select` of the same length. Raises SettingsError for one that fits no code.
    """
    enabled = {code: on for code, on in defaults.items()}
    for place in selectors:
        if place.select is not None:
            enabled = dict.fromkeys(defaults, False)
        wanted = [(word, True) for word in (*(place.select or ()), *place.extend_select)]
        unwanted = [(word, False) for word in place.ignore]
        for word, on in sorted(
            [*wanted, *unwanted], key=lambda one: (-1 if one[0] == "ALL" else len(one[0]), not one[1])
        ):
            enabled.update(dict.fromkeys(_codes_of(word, defaults, place.origin), on))
    return frozenset(code for code, on in enabled.items() if on)


def check_codes(settings: Settings, defaults: Mapping[str, bool]) -> None:
    """Raise SettingsError for a code in `per-file-ignores` that does not exist."""
    for pattern, codes in settings.per_file_ignores:
        for word in codes:
            _codes_of(word, defaults, f"per-file-ignores of {pattern!r}")


def load_settings(paths: Sequence[str], config: str | None = None, isolated: bool = False) -> Settings:
    """Read the settings for a run over `paths`.

    Without `config` the nearest pyproject.toml with a `[tool.reseed]` counts, searched upwards from the deepest folder
    that holds all the paths. Raises SettingsError.
    """
    if isolated:
        return Settings()
    found = _read(config) if config else _find(paths)
    if found is None:
        if config:
            raise SettingsError(f"{config}: it has no [tool.reseed] table")
        return Settings()
    path, table = found
    try:
        return _from_table(table, path)
    except SettingsError as error:
        raise SettingsError(f"{path}: [tool.reseed]: {error}") from error


def check_torch_version(value: str) -> str:
    """Return a torch-version setting, or raise SettingsError where it is none."""
    if value in ("auto", "any"):
        return value
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(value))
    except InvalidVersion as error:
        raise SettingsError(f"torch-version must be auto, any or a version such as 1.13, not {value!r}") from error


def _codes_of(word: str, defaults: Mapping[str, bool], origin: str) -> list[str]:
    codes = list(defaults) if word == "ALL" else [code for code in defaults if word and code.startswith(word)]
    if not codes:
        import difflib

        near = difflib.get_close_matches(word.upper(), defaults, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else "`reseed rules` lists them"
        raise SettingsError(f"{origin}: unknown code {word!r}: {hint}")
    return codes


def _find(paths: Sequence[str]) -> tuple[str, Mapping[str, Any]] | None:
    places = [os.path.abspath(path) for path in paths] or [os.getcwd()]
    folders = [path if os.path.isdir(path) else os.path.dirname(path) for path in places]
    try:
        folder = os.path.commonpath(folders)
    except ValueError:  # several drives on Windows
        folder = folders[0]
    while True:
        candidate = os.path.join(folder, "pyproject.toml")
        if os.path.isfile(candidate) and (found := _read(candidate)):
            return found
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _read(path: str) -> tuple[str, Mapping[str, Any]] | None:
    """Give the path as a person would write it, and its table; None where the file has none."""
    from reseed.source.toml import TOMLDecodeError, load

    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        # A pyproject.toml that is none of our business must not stop a run by its mistakes.
        data = load(text) if "reseed" in text else {}
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    tool = data.get("tool")
    table = tool.get("reseed") if isinstance(tool, Mapping) else None
    if table is None:
        return None
    if not isinstance(table, Mapping):
        raise SettingsError(f"{path}: tool.reseed must be a table")
    return os.path.relpath(path) if _is_near(path) else path, table


def _is_near(path: str) -> bool:
    return os.path.splitdrive(os.path.abspath(path))[0] == os.path.splitdrive(os.getcwd())[0]


def _from_table(table: Mapping[str, Any], path: str) -> Settings:
    root = os.path.dirname(os.path.abspath(path))
    reader = _Reader(table)
    exclude = reader.strings("exclude")
    ignores = table.get("per-file-ignores", {})
    if not isinstance(ignores, Mapping) or not all(_is_strings(codes) for codes in ignores.values()):
        raise SettingsError("per-file-ignores must be a table of lists of codes")
    settings = Settings(
        selectors=(
            Selectors(
                reader.strings("select"), reader.strings("extend-select") or (), reader.strings("ignore") or (), path
            ),
        ),
        exclude=None if exclude is None else (root, exclude),
        extend_exclude=((root, reader.strings("extend-exclude") or ()),),
        force_exclude=reader.boolean("force-exclude", False),
        respect_gitignore=reader.boolean("respect-gitignore", True),
        torch_version=check_torch_version(reader.string("torch-version", "auto")),
        torch_version_origin=f"torch-version in {path}",
        output_format=reader.string("output-format", "text"),
        per_file_ignores=tuple((pattern, tuple(codes)) for pattern, codes in ignores.items()),
        root=root,
    )
    reader.refuse_others({"per-file-ignores"})
    return settings


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


class _Reader:
    """Typed access to a table, which remembers the keys that were asked for."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table
        self._known: set[str] = set()

    def strings(self, key: str) -> tuple[str, ...] | None:
        self._known.add(key)
        value = self._table.get(key)
        if value is not None and not _is_strings(value):
            raise SettingsError(f"{key} must be a list of strings")
        return None if value is None else tuple(value)

    def string(self, key: str, default: str) -> str:
        self._known.add(key)
        value = self._table.get(key, default)
        if not isinstance(value, str):
            raise SettingsError(f'{key} must be a string, as in {key} = "{default}"')
        return value

    def boolean(self, key: str, default: bool) -> bool:
        self._known.add(key)
        value = self._table.get(key, default)
        if not isinstance(value, bool):
            raise SettingsError(f"{key} must be true or false")
        return value

    def refuse_others(self, known: Iterable[str]) -> None:
        allowed = sorted({*self._known, *known})
        for key in self._table:
            if key not in allowed:
                import difflib

                near = difflib.get_close_matches(key.replace("_", "-"), allowed, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known keys are {', '.join(allowed)}"
                raise SettingsError(f"unknown key {key!r}: {hint}")
