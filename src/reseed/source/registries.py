"""Which files do something when they are imported that others depend on: they enter classes in registries, above all.

What a module does not read of another one, it has imported for nothing but that.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from reseed.source.imports import imports_of
from reseed.source.modules import Modules
from reseed.source.texts import Texts

# @DATASETS.register_module(), @register_dataset("coco")
_DECORATOR = re.compile(
    r"^[ \t]*@([\w.]*[rR](?:egist|EGIST)[^\n]*)\n(?:[ \t]*@[^\n]*\n)*[ \t]*((?:class|def)[^\n]*)", re.MULTILINE
)
# DATASETS["coco"] = Coco, registry.register(Coco), datasets.build = build, np.random.seed(0)
_STATEMENT = re.compile(r"^([A-Za-z_]\w*)[ \t]*(?:\[|\.[\w.]+[ \t]*(?:\(|=(?!=)))", re.MULTILINE)
_SEEDING = re.compile(r"^\w[\w.]*[sS]eed\w*[ \t]*\(", re.MULTILINE)
_DYNAMIC = re.compile(r"import_module\(|__import__\(|\bpkgutil\b|^[ \t]{0,4}globals\(\)\[", re.MULTILINE)
# What workers run, or what chooses it.
_MATTERS = re.compile(
    r"[dD]ata[sS]et|DATASET|__getitem__|[lL]oader|[cC]ollat|[tT]ransforms?(?!er)|[aA]ugment|[pP]ipeline"
)
# Registries of what no worker runs.
_PARENTS = re.compile(
    r"model|backbone|neck|head|loss|layer|optim|sched|metric|hook|criter|arch|tokeniz|buffer|pytree|Module\b",
    re.IGNORECASE,
)
_DEPTH = 12


@dataclass
class Registries:
    """The question, for the files of one run."""

    modules: Modules
    texts: Texts = field(default_factory=Texts)
    _answers: dict[str, bool] = field(default_factory=dict)

    def fills(self, file: str, depth: int = 0) -> bool:
        """Whether importing `file` may fill a registry: itself, or as a package by what it imports in turn."""
        if file not in self._answers:
            self._answers[file] = False
            self._answers[file] = self._fills(file, depth)
        return self._answers[file]

    def _fills(self, file: str, depth: int) -> bool:
        text = self.texts.text(file)
        if _SEEDING.search(text) or _DYNAMIC.search(text):
            return True
        matters = _MATTERS.search(text) is not None
        if matters and any(_PARENTS.search(match[0]) is None for match in _DECORATOR.finditer(text)):
            return True
        targets = {match[1] for match in _STATEMENT.finditer(text)} if matters else set()
        is_package = os.path.basename(file) == "__init__.py"
        if not targets and not is_package:
            return False
        imported = list(imports_of(text))
        if any(each.bound in targets and self._is_own(file, each.level, each.module) for each in imported):
            return True
        return (
            is_package
            and depth < _DEPTH
            and any(
                self.fills(target, depth + 1)
                for level, module, name in {each[:3] for each in imported}
                for target in self._targets(file, level, module, name)
            )
        )

    def _is_own(self, file: str, level: int, module: str) -> bool:
        return bool(self.modules.imported(file, level, module))

    def _targets(self, file: str, level: int, module: str, name: str | None) -> list[str]:
        found = []
        for place in self.modules.imported(file, level, module):
            found.append(place)
            inner = self.modules.submodule(place, name) if name not in (None, "*") else None
            if inner is not None:
                found.append(inner)
        return found
