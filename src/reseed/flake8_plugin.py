"""The flake8 plugin. It translates; what it reports is what `reseed check` reports, row for row.

flake8 itself reads the file, applies `noqa`, `select`, `ignore` and `per-file-ignores`, and reports syntax errors.
"""

from __future__ import annotations

import argparse
import ast
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from reseed import __version__
from reseed.check import Shared

if TYPE_CHECKING:
    from flake8.options.manager import OptionManager

    from reseed.rules.finding import Finding

# Below flake8's own logger, so that `flake8 -v` shows it.
_LOG = logging.getLogger("flake8.reseed")


class Plugin:
    """What flake8 calls once for every file."""

    name = "reseed"
    version = __version__
    torch_version: ClassVar[str] = "auto"
    extend_select: ClassVar[tuple[str, ...]] = ()
    shared: ClassVar[Shared] = Shared()

    def __init__(self, tree: ast.Module, filename: str, lines: list[str]) -> None:
        self._tree = tree
        self._filename = filename
        self._lines = lines

    @staticmethod
    def add_options(manager: OptionManager) -> None:
        """Add reseed's options to flake8's, on the command line and in its configuration files."""
        manager.add_option(
            "--reseed-torch-version",
            metavar="auto|any|X.Y",
            default="auto",
            parse_from_config=True,
            help="Leave out what cannot show on this PyTorch; auto is the oldest that the project declares.",
        )
        manager.add_option(
            "--reseed-extend-select",
            metavar="codes",
            default=[],
            parse_from_config=True,
            comma_separated_list=True,
            help="Codes of reseed that are off by default and shall be on.",
        )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Take over the options, and refuse what they cannot mean."""
        from flake8.exceptions import ExecutionError

        from reseed.settings import SettingsError, check_torch_version

        cls.extend_select = tuple(options.reseed_extend_select)
        cls.shared = Shared(caching=True)
        try:
            cls.torch_version = check_torch_version(options.reseed_torch_version)
            if cls.extend_select:
                cls._codes()
        except SettingsError as error:
            raise ExecutionError(f"reseed: {error}") from error

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        """Yield line (from 1), column (from 0), code with message, and this class."""
        text = "".join(self._lines)
        from reseed.source import SourceError

        try:
            found = self._found(text)
        except SourceError as error:
            _LOG.warning("%s", error)
            return
        except Exception:  # a mistake of ours must not take the user's whole flake8 run down
            _LOG.warning("%s: this is a bug in reseed, the file was not checked", self._filename, exc_info=True)
            return
        if not found:
            return
        from reseed.check import in_range
        from reseed.report._model import row

        codes = self._codes()
        wanted = [finding for finding in found if finding.code in codes]
        for finding, ruled_out in in_range(wanted, self._filename, self.torch_version):
            if not ruled_out:
                yield finding.span.line, finding.span.column - 1, row(finding), type(self)

    def _found(self, text: str) -> Sequence[Finding]:
        if not type(self).shared.screen.may_matter(self._filename, text.encode("utf-8", "surrogatepass")):
            return ()
        from reseed.check import check_text, suppressed_among
        from reseed.results import Kept

        results = type(self).shared.results
        kept = results.find(self._filename, text) if results else None
        if kept is not None:
            return kept.findings
        found = check_text(self._filename, text, self._tree, type(self).shared.project())
        if results:
            results.keep(self._filename, text, Kept(tuple(found), suppressed_among(self._filename, text, found)))
        return found

    @classmethod
    def _codes(cls) -> frozenset[str]:
        from reseed.check import rules
        from reseed.settings import Selectors, enabled_codes

        defaults = {rule.code: rule.default for rule in rules()}
        return enabled_codes([Selectors(extend_select=cls.extend_select, origin="reseed-extend-select")], defaults)
