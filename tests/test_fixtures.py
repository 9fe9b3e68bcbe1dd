"""Every program in `fixtures/` gives just the findings that the comments on its lines name."""

from __future__ import annotations

import ast
import re
import sys
import tokenize
from collections.abc import Iterable
from pathlib import Path

import pytest

from reseed.check import Shared, check_text
from reseed.rules.base import all_rules

ROOT = Path(__file__).parent.parent / "fixtures"
FIXTURES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
SHARED = Shared()
EXPECTED = re.compile(r"#((?:\s+RNG\d{3})+)\s*$")

# What a fixture has to contain for its silence about a code to mean something.
TEMPTING = {
    "RNG101": re.compile(r"\bnp\.random\.(rand|randn|randint|normal|uniform|permutation)\("),
    "RNG111": re.compile(r"self\.rng = np\.random\.default_rng\("),
    "RNG112": re.compile(r"\b(randn|Compose|sample)\("),
    "RNG121": re.compile(r"\b(seed|manual_seed|default_rng|RandomState)\(\S"),
    "RNG201": re.compile(r"DataLoader\(.*num_workers=[1-9]"),
    "RNG202": re.compile(r"DataLoader\(dataset\b"),
    "RNG211": re.compile(r"worker_init_fn=\w+\("),
    "RNG219": re.compile(r"\.dataset\.rng = "),
    "RNG221": re.compile(r"(?s)init_process_group.*manual_seed\("),
    "RNG231": re.compile(r"for \w*epoch in .*:\n +torch\.manual_seed\("),
    "RNG301": re.compile(r"(?s)\(IterableDataset\).*num_workers=[2-9]"),
    "RNG401": re.compile(r"(?s)manual_seed\(.*shuffle=True"),
    "RNG212": re.compile(r"np\.random\.seed\(\d+\)"),
    "RNG213": re.compile(r"seed\(.*worker_id"),
    "RNG214": re.compile(r"seed\(.*torch\.initial_seed\(\)"),
    "RNG215": re.compile(r"worker_init_fn=seed_worker"),
    "RNG216": re.compile(r"time\.time\(|os\.urandom"),
    "RNG217": re.compile(r"worker_init_fn=lambda|collate_fn=lambda"),
    "RNG218": re.compile(r"partial\(seed_worker"),
}


def read(name: str) -> str:
    """Text of a fixture, decoded as Python itself would."""
    with tokenize.open(ROOT / name) as file:
        return file.read()


def expected(text: str) -> set[tuple[int, str]]:
    """Line and code of every finding that the comments name."""
    rows = set()
    for number, line in enumerate(text.splitlines(), 1):
        if match := EXPECTED.search(line):
            rows.update((number, code) for code in match[1].split())
    return rows


def listed(rows: Iterable[tuple[int, str]], lines: list[str]) -> str:
    return "".join(f"\n  {number}: {code}  {lines[number - 1].strip()}" for number, code in sorted(rows)) or " none"


@pytest.mark.parametrize("name", FIXTURES)
def test_findings_are_those_in_the_comments(name: str) -> None:
    if name.startswith("py312/") and sys.version_info < (3, 12):
        pytest.skip("syntax of Python 3.12")
    text = read(name)
    wanted = expected(text)
    found = [
        (finding.span.line, finding.code) for finding in check_text(str(ROOT / name), text, project=SHARED.project())
    ]
    lines = text.splitlines()
    missing, unexpected = wanted - set(found), set(found) - wanted
    assert not missing and not unexpected, (
        f"{name}\nmissing:{listed(missing, lines)}\nunexpected:{listed(unexpected, lines)}"
    )


@pytest.mark.parametrize("name", FIXTURES)
def test_every_mention_of_a_code_is_read_as_expectation(name: str) -> None:
    text = read(name)
    assert len(re.findall(r"RNG\d{3}", text)) == len(expected(text)), "a misspelt comment expects nothing"


@pytest.mark.parametrize("code", sorted(rule.code for rule in all_rules()))
def test_every_code_has_fixtures_for_and_against(code: str) -> None:
    assert code in TEMPTING, f"say what a fixture that tempts {code} contains"
    texts = [read(name) for name in FIXTURES]
    assert any(code == found for text in texts for _, found in expected(text)), f"no fixture expects {code}"
    assert any(TEMPTING[code].search(text) and code not in {found for _, found in expected(text)} for text in texts), (
        f"no fixture tempts {code} and expects its silence"
    )


@pytest.mark.parametrize("name", [name for name in FIXTURES if not {"lookalikes", "linked"} & set(Path(name).parts)])
def test_defines_what_is_run(name: str) -> None:
    if name.startswith("py312/") and sys.version_info < (3, 12):
        pytest.skip("syntax of Python 3.12")
    wanted = "run" if Path(name).parts[0] in ("parent", "ranks", "shuffling") else "make_loader"
    functions = [node for node in ast.parse(read(name)).body if isinstance(node, ast.FunctionDef)]
    found = [function for function in functions if function.name == wanted]
    assert len(found) == 1
    arguments = found[0].args
    required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    assert required == 0, f"{wanted}() must be callable without arguments"


def test_byte_order_mark_is_still_there() -> None:
    assert (ROOT / "traps/byte_order_mark.py").read_bytes().startswith(b"\xef\xbb\xbf")
