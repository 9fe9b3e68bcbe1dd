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
from reseed.source.words import lines_with

# @DATASETS.register_module(), @register_dataset("coco")
_DECORATOR = re.compile(
    r"^[ \t]*@([\w.]*[rR](?:egist|EGIST)[^\n]*)\n(?:[ \t]*@[^\n]*\n)*[ \t]*((?:class|def)[^\n]*)", re.MULTILINE
)
# DATASETS["coco"] = Coco, registry.register(Coco), datasets.build = build, np.random.seed(0)
_STATEMENT = re.compile(r"^([A-Za-z_]\w*)[ \t]*(?:\[|\.[\w.]+[ \t]*(?:\(|=(?!=)))", re.MULTILINE)
# register_dataset("coco", Coco)
_REGISTERING = re.compile(r"^\w*(?:regist|Regist|REGIST)\w*[ \t]*\(", re.MULTILINE)
_SEEDING = re.compile(r"\w[\w.]*[sS]eed\w*[ \t]*\(")
_DYNAMIC_WORDS = ("import_module(", "__import__(", "pkgutil", "globals()[")
_DYNAMIC = re.compile(r"import_module\(|__import__\(|\bpkgutil\b|^[ \t]{0,4}globals\(\)\[", re.MULTILINE)
# What workers run, or what chooses it. Words are found many times faster than patterns.
_MATTERS = (
    *("dataset", "Dataset", "dataSet", "DataSet", "DATASET", "__getitem__", "loader", "Loader", "collat", "Collat"),
    *("augment", "Augment", "pipeline", "Pipeline"),
)
# Registries of what no worker runs.
_PARENTS = re.compile(
    r"model|backbone|neck|head|loss|layer|optim|sched|metric|hook|criter|arch|tokeniz|buffer|pytree|(?-i:\bModule\b)",
    re.IGNORECASE,
)


@dataclass
class Registries:
    """The question, for the files of one run."""

    modules: Modules
    texts: Texts = field(default_factory=Texts)
    _answers: dict[str, tuple[bool, tuple[str, ...]]] = field(default_factory=dict)
    _own: dict[str, tuple[bool, tuple[str, ...]]] = field(default_factory=dict)

    def fills(self, file: str) -> bool:
        """Whether importing `file` may fill a registry: itself, or as a package by what it imports in turn."""
        if file not in self._answers:
            seen = {file: None}
            waiting = [file]
            found = False
            while waiting and not found:
                found, imported = self._look(waiting.pop())
                waiting += [each for each in imported if each not in seen]
                seen.update(dict.fromkeys(imported))
            # Where nothing is found, nothing is to be found from any of these.
            files = tuple(seen)
            self._answers.update({file: (True, files)} if found else dict.fromkeys(seen, (False, files)))
        answer, files = self._answers[file]
        self.texts.reads.files.update(files)
        return answer

    def fills_itself(self, file: str) -> bool:
        """Whether what stands in `file` may fill a registry when it is imported."""
        self.texts.reads.files.add(file)
        return self._look(file)[0]

    def _look(self, file: str) -> tuple[bool, tuple[str, ...]]:
        # Whether a file fills a registry itself, and for a package the files that it imports.
        if file not in self._own:
            text = self.texts.text(file)
            is_package = os.path.basename(file) == "__init__.py"
            imported = {
                target: None
                for each in (imports_of(text) if is_package else ())
                for target in self.modules.meant(file, each.level, each.module, each.name)
            }
            self._own[file] = self._fills(file, text), tuple(imported)
        return self._own[file]

    def _fills(self, file: str, text: str) -> bool:
        if any(lines_with(text, "eed", _SEEDING)):
            return True
        if any(word in text for word in _DYNAMIC_WORDS) and _DYNAMIC.search(text):
            return True
        if not _matters(text):
            return False
        registers = "egist" in text or "EGIST" in text
        written = [*_DECORATOR.finditer(text), *_REGISTERING.finditer(text)] if registers else []
        if any(_PARENTS.search(match[0]) is None for match in written):
            return True
        targets = {match[1] for match in _STATEMENT.finditer(text)}
        return bool(targets) and any(
            each.bound in targets and self.modules.imported(file, each.level, each.module) for each in imports_of(text)
        )


def _matters(text: str) -> bool:
    if any(word in text for word in _MATTERS):
        return True
    # Transforms, and not transformers.
    return any(text.count(word) > text.count(f"{word}er") for word in ("transform", "Transform"))
