"""What each stage of an analysis costs, so that a slowdown has an address: `pytest benchmarks --benchmark-only`.

The programs are those of `fixtures/`; each stage gets what the one before it made.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from reseed.check import rules
from reseed.facts import module_facts
from reseed.facts.model import ModuleFacts
from reseed.program import Project, analyse
from reseed.program.model import Program
from reseed.source.screen import Screen

pytest.importorskip("pytest_benchmark")

FIXTURES = Path(__file__).parent.parent / "fixtures"
TEXTS = {
    str(path): path.read_text(encoding="utf-8-sig")
    for path in sorted(FIXTURES.rglob("*.py"))
    if sys.version_info >= (3, 12) or path.parent.name != "py312"
}


def parsed() -> dict[str, ast.Module]:
    """Every program's syntax tree."""
    return {path: ast.parse(text) for path, text in TEXTS.items()}


def lowered() -> list[ModuleFacts]:
    """Every program's facts."""
    return [module_facts(path, TEXTS[path], tree=tree) for path, tree in parsed().items()]


def linked(facts: list[ModuleFacts]) -> list[Program]:
    """Every program, linked and solved, with what it imports."""
    project = Project()
    return [analyse(each, project) for each in facts]


def test_screen(benchmark) -> None:
    raw = {path: text.encode() for path, text in TEXTS.items()}

    def screen() -> int:
        look = Screen()
        return sum(look.may_matter(path, each) for path, each in raw.items())

    assert benchmark(screen) > len(TEXTS) // 2


def test_parse(benchmark) -> None:
    assert len(benchmark(parsed)) == len(TEXTS)


def test_parse_by_libcst(benchmark) -> None:
    # What only repairs pay, and the analysis would if it read LibCST's tree.
    libcst = pytest.importorskip("libcst")
    texts = [text for text in TEXTS.values() if text.strip()]
    assert len(benchmark.pedantic(lambda: [libcst.parse_module(text) for text in texts], rounds=3)) == len(texts)


def test_facts(benchmark) -> None:
    trees = parsed()
    assert all(benchmark(lambda: [module_facts(path, TEXTS[path], tree=tree) for path, tree in trees.items()]))


def test_program(benchmark) -> None:
    facts = lowered()
    assert any(program.loaders for program in benchmark.pedantic(lambda: linked(facts), rounds=3))


def test_rules(benchmark) -> None:
    facts = lowered()

    def check(programs: list[Program]) -> int:
        return sum(1 for program in programs for rule in rules() for _ in rule.check(program))

    # A program remembers what it has been asked.
    assert benchmark.pedantic(check, setup=lambda: ((linked(facts),), {}), rounds=3) > 500
