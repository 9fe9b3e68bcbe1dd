"""The repairs as a LibCST codemod, for those who run codemods with LibCST's own tool.

``python -m libcst.tool codemod -x reseed.codemod.SeedWorkersCommand PATH --no-format``: ``-x`` says that the command is
none of LibCST's own, ``--no-format`` that no formatter runs over the whole file afterwards.
"""

from __future__ import annotations

import argparse

from libcst import Module, parse_module
from libcst.codemod import CodemodCommand, CodemodContext, SkipFile

from reseed import check
from reseed.fixes import repair
from reseed.source import SourceError


class SeedWorkersCommand(CodemodCommand):
    """Repair what ``reseed fix`` repairs unasked, and on request RNG202, where no ``noqa`` comment suppresses it.

    Findings that cannot be repaired become warnings of LibCST's tool.
    """

    DESCRIPTION = "Give DataLoaders whose workers share NumPy's random numbers a worker_init_fn."

    @staticmethod
    def add_args(arg_parser: argparse.ArgumentParser) -> None:
        """Add the command's own options to LibCST's."""
        arg_parser.add_argument(
            "--include-unknown",
            action="store_true",
            help="also repair RNG202: loaders whose dataset cannot be resolved",
        )

    def __init__(self, context: CodemodContext, include_unknown: bool = False) -> None:
        super().__init__(context)
        asked = {"RNG202"} if include_unknown else set()
        self._codes = {rule.code for rule in check.rules() if rule.fixable == "yes"} | asked

    def transform_module_impl(self, tree: Module) -> Module:
        """Give the repaired module, or `tree` itself if there is nothing to repair."""
        path, text = self.context.filename or "-", tree.code
        try:
            findings = check.repairable_findings(path, text, self._codes)
        except SourceError as error:
            raise SkipFile(str(error)) from error
        result = repair(text, findings)
        for finding, reason in result.declined:
            place = f"{path}:{finding.span.line}:{finding.span.column}"
            self.warn(f"{place}: {finding.code} is not repaired: {reason}")
        return parse_module(result.text, config=tree.config_for_parsing) if result.applied else tree
