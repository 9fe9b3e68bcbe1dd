"""The repair of a text, byte for byte.

In the texts of these tests « » stand around a loader call that has a finding RNG201, ‹ › around a passed call that has
RNG211, and ⟦ ⟧ around a call that has RNG202. They are no part of the text.
"""

from __future__ import annotations

import ast
import re
import sys

import pytest

from reseed.check import check_text
from reseed.fixes import Repair, repair
from reseed.fixes.edits import Edit
from reseed.fixes.rewrite import Target, rewrite
from reseed.fixes.session import Session
from reseed.rules.finding import Finding, Span

_CODES = {"«": "RNG201", "‹": "RNG211", "⟦": "RNG202"}

HEAD = "import numpy as np\nimport torch\nfrom torch.utils.data import DataLoader\n"
SEEDER = (
    "\n\ndef seed_worker(worker_id):\n"
    '    """Give a DataLoader worker its own NumPy seed, taken from PyTorch\'s."""\n'
    "    np.random.seed(torch.initial_seed() % 2**32)\n\n\n"
)


def finding(code: str, span: Span) -> Finding:
    state = "" if code == "RNG211" else "numpy-global"
    torch = "any" if code == "RNG211" else "<1.9"
    return Finding("x.py", span, code, "name", "message", state, torch, fixable=True)


def marked(text: str) -> tuple[str, list[Finding]]:
    """The text without its marks, and the findings that these stand for."""
    plain = ""
    opened: list[tuple[str, int, int]] = []
    findings = []
    for character in text:
        if character in "«‹⟦":
            opened.append((character, *_place(plain)))
        elif character in "»›⟧":
            mark, line, column = opened.pop()
            findings.append(finding(_CODES[mark], Span(line, column, *_place(plain))))
        else:
            plain += character
    assert not opened
    return plain, findings


def _place(text: str) -> tuple[int, int]:
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    return len(lines), len(lines[-1]) + 1


def repaired(text: str) -> Repair:
    return repair(*marked(text))


def call_after(call: str) -> str:
    """What becomes of a loader call that stands, with its marks, in a module which has all imports."""
    result = repaired(f"{HEAD}loader = {call}\n")
    assert not result.declined
    assert result.text.startswith(HEAD + SEEDER + "loader = ")
    return result.text.removeprefix(HEAD + SEEDER + "loader = ").removesuffix("\n")


def reason(text: str) -> str:
    """Why the one finding of `text` is declined; the text must have stayed."""
    plain, findings = marked(text)
    result = repair(plain, findings)
    assert result.text == plain
    assert result.applied == ()
    ((declined, why),) = result.declined
    assert declined == findings[0]
    return why


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("«DataLoader(ds, num_workers=4)»", "DataLoader(ds, num_workers=4, worker_init_fn=seed_worker)"),
        ("«DataLoader(ds, num_workers=4,)»", "DataLoader(ds, num_workers=4, worker_init_fn=seed_worker,)"),
        ("«DataLoader(ds, num_workers=4, )»", "DataLoader(ds, num_workers=4, worker_init_fn=seed_worker, )"),
        ("«DataLoader( ds, num_workers=4 )»", "DataLoader( ds, num_workers=4, worker_init_fn=seed_worker )"),
        ("«DataLoader(ds, num_workers = 4)»", "DataLoader(ds, num_workers = 4, worker_init_fn = seed_worker)"),
        ("«DataLoader(ds, a = 1, b=4)»", "DataLoader(ds, a = 1, b=4, worker_init_fn=seed_worker)"),
        ("«DataLoader(*args)»", "DataLoader(*args, worker_init_fn=seed_worker)"),
        ("«DataLoader(x for x in y)»", "DataLoader((x for x in y), worker_init_fn=seed_worker)"),
        ("«DataLoader()»", "DataLoader(worker_init_fn=seed_worker)"),
        ("«(DataLoader)(ds)»", "(DataLoader)(ds, worker_init_fn=seed_worker)"),
        ("(«DataLoader(ds)»)", "(DataLoader(ds, worker_init_fn=seed_worker))"),
        (
            "[«DataLoader(a)», «DataLoader(b)»]",
            "[DataLoader(a, worker_init_fn=seed_worker), DataLoader(b, worker_init_fn=seed_worker)]",
        ),
        (
            "«DataLoader(wrap(«DataLoader(ds, num_workers=1)»), num_workers=4)»",
            "DataLoader(wrap(DataLoader(ds, num_workers=1, worker_init_fn=seed_worker)), num_workers=4, "
            "worker_init_fn=seed_worker)",
        ),
        ("«DataLoader(dé, name='\u2028é')»", "DataLoader(dé, name='\u2028é', worker_init_fn=seed_worker)"),
        ("'é', «DataLoader(ds)»", "'é', DataLoader(ds, worker_init_fn=seed_worker)"),
        ("⟦DataLoader(ds, num_workers=4)⟧", "DataLoader(ds, num_workers=4, worker_init_fn=seed_worker)"),
    ],
)
def test_one_line_call(before: str, after: str) -> None:
    assert call_after(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "«DataLoader(\n    ds,\n    num_workers=4,  # four\n)»",
            "DataLoader(\n    ds,\n    num_workers=4,  # four\n    worker_init_fn=seed_worker,\n)",
        ),
        (
            "«DataLoader(\n    ds,\n    num_workers=4  # four\n)»",
            "DataLoader(\n    ds,\n    num_workers=4,  # four\n    worker_init_fn=seed_worker\n)",
        ),
        ("«DataLoader(\n\tds\n)»", "DataLoader(\n\tds,\n\tworker_init_fn=seed_worker\n)"),
        (
            "«DataLoader(\n    ds,  # data\n\n    num_workers=4,\n    # shuffle=True,\n    )»",
            "DataLoader(\n    ds,  # data\n\n    num_workers=4,\n    # shuffle=True,\n"
            "    worker_init_fn=seed_worker,\n    )",
        ),
        (
            "«DataLoader(ds,\n           num_workers=4)»",
            "DataLoader(ds,\n           num_workers=4,\n           worker_init_fn=seed_worker)",
        ),
        (
            "«DataLoader(ds,\n           num_workers=4,)»",
            "DataLoader(ds,\n           num_workers=4,\n           worker_init_fn=seed_worker,)",
        ),
        (
            "«DataLoader(ds, shuffle=True,\n           drop_last=True, num_workers=4)»",
            "DataLoader(ds, shuffle=True,\n           drop_last=True, num_workers=4, worker_init_fn=seed_worker)",
        ),
        (
            "«DataLoader(\n    ds, num_workers=4,  # four\n)»",
            "DataLoader(\n    ds, num_workers=4, worker_init_fn=seed_worker,  # four\n)",
        ),
        (
            "«DataLoader(\n    ds, num_workers=4  # four\n)»",
            "DataLoader(\n    ds, num_workers=4, worker_init_fn=seed_worker  # four\n)",
        ),
        (
            "«DataLoader(\n    ds\n    , num_workers=4\n)»",
            "DataLoader(\n    ds\n    , num_workers=4, worker_init_fn=seed_worker\n)",
        ),
        (
            "«DataLoader(ds, transform=[\n    1,\n    2,\n])»",
            "DataLoader(ds, transform=[\n    1,\n    2,\n], worker_init_fn=seed_worker)",
        ),
        (
            "«DataLoader(\n    # the data\n    ds,   \n    num_workers=4,\n)»",
            "DataLoader(\n    # the data\n    ds,   \n    num_workers=4,\n    worker_init_fn=seed_worker,\n)",
        ),
        (
            "(\n    «torch\n    .utils.data.DataLoader(ds)»\n)",
            "(\n    torch\n    .utils.data.DataLoader(ds, worker_init_fn=seed_worker)\n)",
        ),
        ("«DataLoader \\\n    (ds)»", "DataLoader \\\n    (ds, worker_init_fn=seed_worker)"),
    ],
)
def test_call_of_several_lines(before: str, after: str) -> None:
    assert call_after(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("«DataLoader(ds, worker_init_fn=None)»", "DataLoader(ds, worker_init_fn=seed_worker)"),
        ("«DataLoader(ds, worker_init_fn=(None), b=1)»", "DataLoader(ds, worker_init_fn=(seed_worker), b=1)"),
        (
            "«DataLoader(ds, 1, True, None, None, 4, None, False, False, 0, None, None)»",
            "DataLoader(ds, 1, True, None, None, 4, None, False, False, 0, seed_worker, None)",
        ),
        ("«DataLoader(ds, **{'worker_init_fn': None})»", "DataLoader(ds, **{'worker_init_fn': seed_worker})"),
        ("«DataLoader(ds, **dict(worker_init_fn=None))»", "DataLoader(ds, **dict(worker_init_fn=seed_worker))"),
    ],
)
def test_none_gives_way(before: str, after: str) -> None:
    assert call_after(before) == after


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("«DataLoader(ds, worker_init_fn=f)»", "the call passes a worker_init_fn already"),
        (
            "«DataLoader(ds, 1, True, None, None, 4, None, False, False, 0, f)»",
            "the call passes a worker_init_fn already",
        ),
        ("«DataLoader(ds, **{'worker_init_fn': f})»", "the call passes a worker_init_fn already"),
        (
            "«DataLoader(ds, **({'worker_init_fn': None} if a else {}))»",
            "a ** mapping sets worker_init_fn in some cases only",
        ),
        ("«DataLoader(ds, **{**a, 'worker_init_fn': None})»", "a ** mapping sets worker_init_fn in some cases only"),
        ("«DataLoader(ds, **a, **b)»", "several ** mappings may hold worker_init_fn"),
        ("f'{«DataLoader(ds)»}'", "the call stands in an f-string"),
    ],
)
def test_declined_call(call: str, why: str) -> None:
    assert reason(f"{HEAD}loader = {call}\n") == why


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["", "\n", "  # the end", "\n\n\x0c\n"])
def test_newlines_and_ends(newline: str, bom: str, end: str) -> None:
    before = HEAD + "def make():\n\treturn «DataLoader(\n\t\tds,\n\t\tnum_workers=4,\n\t)»" + end
    seeder = SEEDER.replace("    ", "\t")
    after = (
        HEAD
        + seeder
        + "def make():\n\treturn DataLoader(\n\t\tds,\n\t\tnum_workers=4,\n\t\tworker_init_fn=seed_worker,\n\t)"
        + end
    )
    assert repaired(bom + before.replace("\n", newline)).text == bom + after.replace("\n", newline)


def test_mixed_newlines_follow_their_neighbours() -> None:
    before = HEAD.replace("\n", "\r\n") + "\nx = 1   \r\nloader = «DataLoader(\n    ds,\r    num_workers=4,\n)»\r\n"
    after = (
        HEAD.replace("\n", "\r\n")
        + SEEDER.rstrip("\n")
        + "\n\n\nx = 1   \r\nloader = DataLoader(\n    ds,\r    num_workers=4,\n    worker_init_fn=seed_worker,\n)\r\n"
    )
    assert repaired(before).text == after


def test_imports_follow_the_newline_above() -> None:
    before = "import numpy as np\r\nfrom torch.utils.data import DataLoader\n\n\nloader = «DataLoader(ds)»\n"
    after = "import numpy as np\r\nimport torch\r\nfrom torch.utils.data import DataLoader\n" + SEEDER
    assert repaired(before).text == after + "loader = DataLoader(ds, worker_init_fn=seed_worker)\n"


def test_spans_that_no_longer_match() -> None:
    text = HEAD + "loader = DataLoader(ds, num_workers=4)\n"
    for span in (Span(4, 10, 4, 38), Span(4, 1, 4, 39), Span(4, 10, 9, 1), Span(0, 0, 0, 0), Span(4, 999, 4, 1000)):
        result = repair(text, [finding("RNG201", span)])
        assert result.text == text
        assert result.declined[0][1] == "there is no call where the finding says; the file has changed since"


def test_stale_findings_beside_good_ones() -> None:
    text, findings = marked(HEAD + "loader = «DataLoader(ds, num_workers=4)»\n")
    stale = finding("RNG201", Span(4, 10, 4, 12))
    result = repair(text, [stale, *findings])
    assert result.applied == tuple(findings)
    assert [declined for declined, _ in result.declined] == [stale]


def test_unparsable_text_is_left() -> None:
    for text in ("x = (\n", "x = 1\0\n"):
        result = repair(text, [finding("RNG201", Span(1, 1, 1, 2))])
        assert result.text == text
        assert result.declined[0][1].startswith(
            f"Python {sys.version_info.major}.{sys.version_info.minor} does not parse the file: "
        )


def test_no_repair_for_other_codes() -> None:
    text, (found,) = marked(HEAD + "loader = «DataLoader(ds)»\n")
    result = repair(text, [finding("RNG101", found.span)])
    assert result.text == text
    assert result.declined[0][1] == "there is no repair for RNG101"


def test_nothing_to_do() -> None:
    assert repair("x = 1", []) == Repair("x = 1", (), ())


def test_same_findings_twice() -> None:
    """Findings of the first run do not spoil the text that it made."""
    text, findings = marked(HEAD + "loader = «DataLoader(ds, num_workers=4)»\n")
    result = repair(text, findings + findings)
    assert result.text.count("worker_init_fn") == 1
    again = repair(result.text, findings)
    assert again.text == result.text
    assert again.applied == ()


def test_201_and_202_at_one_call() -> None:
    result = repaired(HEAD + "loader = ⟦«DataLoader(ds)»⟧\n")
    assert result.text.count("worker_init_fn") == 1
    assert len(result.applied) == 2


def test_many_loaders() -> None:
    body = "".join(f"def make{n}(ds):\n    return «DataLoader(ds, num_workers={n})»\n" for n in range(40))
    result = repaired(HEAD + body)
    assert len(result.applied) == 40
    assert result.text.count("def seed_worker") == 1
    assert result.text.count("worker_init_fn=seed_worker") == 40
    ast.parse(result.text)


@pytest.mark.parametrize(
    "statement",
    [
        "for batch in {}: pass\n",
        "with {} as loader: pass\n",
        "if {}: pass\n",
        "def f(loader={}): pass\n",
        "@use({})\ndef f(): pass\n",
        "class A:\n    loader = {}\n",
        "make = lambda: {}\n",
        "loaders = [{} for ds in datasets]\n",
        "a = 1; b = {}; c = 2\n",
        "if a: b = {}\n",
        "print(f(x=({}))); assert {}\n",
        "async def f():\n\tasync for x in {}: return await g({})\n",
        "match {}:\n  case _: pass\n",
    ],
)
def test_wherever_the_call_stands(statement: str) -> None:
    before = HEAD + statement.format("«DataLoader(ds)»", "«DataLoader(ds)»")
    seeder = SEEDER.replace("    ", "\t") if "\t" in statement else SEEDER
    call = "DataLoader(ds, worker_init_fn=seed_worker)"
    assert repaired(before).text == HEAD + seeder + statement.format(call, call)


def test_repair_that_would_not_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a repair ever come out wrong, the text stays."""
    text, findings = marked(HEAD + "loader = «DataLoader(ds)»\n")
    for edits in ([Edit(0, 1, "(")], [Edit(0, 5, ""), Edit(3, 6, "")]):
        monkeypatch.setattr(Session, "edits", lambda self, found, edits=edits: edits)
        result = repair(text, findings)
        assert result.text == text
        assert result.applied == ()
        assert "would not parse the repaired file" in result.declined[0][1]


def test_slice_that_is_no_call() -> None:
    text = "f(a + b)"
    targets = [Target(2, 7, lambda node, _: node), Target(2, 3, lambda node, _: node)]
    edits, declined = rewrite(text, targets)
    assert edits == []
    assert declined == dict.fromkeys(targets, "the call is not where the finding says")
    (edit,), _ = rewrite(text, targets[1:])
    assert edit == Edit(2, 3, "a")


def test_slice_that_libcst_does_not_parse() -> None:
    target = Target(0, 3, lambda node, _: node)
    assert rewrite("f(;", [target]) == ([], {target: "LibCST cannot parse the call"})


def test_what_would_crash_libcst_is_not_shown_to_it() -> None:
    # Measured: libcst 1.9.0 ends the whole process on 20,000 operands.
    text = "loader = DataLoader(Data(), num_workers=(" + " and ".join(["1"] * 20_000) + "))\n"
    text = f"import numpy as np\nfrom torch.utils.data import DataLoader, Dataset\n{DEEP_DATA}{text}"
    (finding,) = [found for found in check_text("m.py", text) if found.fixable]
    outcome = repair(text, [finding])
    assert outcome.text == text
    assert outcome.declined == ((finding, "the file is nested too deeply for LibCST, which makes the repairs"),)


DEEP_DATA = """\
class Data(Dataset):
    def __getitem__(self, index):
        return np.random.rand()


"""
