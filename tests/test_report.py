"""The formats, on findings made by hand."""

import json
import re

import pytest

from reseed.report import Report, Style, format_names, renderer
from reseed.rules.finding import Draw, Finding, LoaderPlace, Span, Step
from reseed.source import Problem

TEXT = """\
import numpy as np


class Crop:
    def __call__(self, image):
\treturn image[np.random.randint(4):]
"""
FINDING = Finding(
    path="pkg/data.py",
    span=Span(6, 15, 6, 35),
    code="RNG101",
    name="numpy-global-draw",
    message="`np.random.randint`\nis drawn from",
    state="numpy-global",
    torch="<1.9",
    draws=(Draw("pkg/data.py", 6, 15, "Crop.__call__"), Draw("pkg/other.py", 3, 1, "jitter")),
    steps=(Step("pkg/train.py", 10, 5, "Faces.__getitem__"), Step("pkg/data.py", 6, 15, "np.random.randint(4)")),
    loader=LoaderPlace("pkg/train.py", 30),
)


def rendered(name: str, report: Report, style: Style | None = None) -> str:
    return "\n".join(renderer(name)(report, style or Style()))


def report(*findings: Finding, text: str = TEXT, **fields: object) -> Report:
    return Report(findings=findings, files=2, texts={finding.path: text for finding in findings}, **fields)


def test_formats_are_found_by_their_files() -> None:
    assert format_names() == ("concise", "json", "text")


def test_concise_is_a_row_of_flake8() -> None:
    expected = "pkg/data.py:6:15: RNG101 `np.random.randint` is drawn from"
    assert rendered("concise", report(FINDING)) == expected
    assert rendered("concise", report()) == ""


def test_json_has_the_documented_shape(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    problem = Problem(str(tmp_path / "bad.py"), "no good", 3, None)
    data = json.loads(rendered("json", report(FINDING, problems=(problem,))))
    assert data == {
        "version": 1,
        "findings": [
            {
                "code": "RNG101",
                "name": "numpy-global-draw",
                "message": "`np.random.randint`\nis drawn from",
                "path": "pkg/data.py",
                "line": 6,
                "column": 15,
                "end_line": 6,
                "end_column": 35,
                "state": "numpy-global",
                "torch": "<1.9",
                "draws": [
                    {"path": "pkg/data.py", "line": 6, "column": 15, "function": "Crop.__call__"},
                    {"path": "pkg/other.py", "line": 3, "column": 1, "function": "jitter"},
                ],
                "steps": [
                    {"path": "pkg/train.py", "line": 10, "column": 5, "text": "Faces.__getitem__"},
                    {"path": "pkg/data.py", "line": 6, "column": 15, "text": "np.random.randint(4)"},
                ],
                "loader": {"path": "pkg/train.py", "line": 30},
                "fixable": False,
            }
        ],
        "errors": [{"path": "bad.py", "line": 3, "column": None, "message": "no good"}],
        "files": 2,
    }


def test_json_without_findings_and_without_a_loader() -> None:
    assert json.loads(rendered("json", Report())) == {"version": 1, "findings": [], "errors": [], "files": 0}
    bare = Finding("a.py", Span(1, 1, 1, 2), "RNG202", "n", "m", "", "any", fixable=True)
    (finding,) = json.loads(rendered("json", report(bare)))["findings"]
    assert (finding["loader"], finding["draws"], finding["fixable"]) == (None, [], True)


def test_json_paths_are_relative_also_for_what_stands_elsewhere(tmp_path, monkeypatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    paths = [str(tmp_path / "here" / "a.py"), str(tmp_path / "there" / "b.py"), "./c.py"]
    findings = [Finding(path, Span(1, 1, 1, 2), "RNG202", "n", "m", "", "any") for path in paths]
    data = json.loads(rendered("json", report(*findings)))
    assert [finding["path"] for finding in data["findings"]] == ["a.py", "../there/b.py", "c.py"]


def test_text_shows_the_code_the_path_and_what_to_do() -> None:
    assert rendered("text", report(FINDING, suppressed=1)).split("\n") == [
        "RNG101 `np.random.randint` is drawn from",
        " --> pkg/data.py:6:15",
        "  |",
        "5 |     def __call__(self, image):",
        "6 | \treturn image[np.random.randint(4):]",
        "  | \t             ^^^^^^^^^^^^^^^^^^^^",
        "  |",
        "  = path: how worker code gets to the draw",
        "     1. pkg/train.py:10:5  Faces.__getitem__",
        "     2. pkg/data.py:6:15   np.random.randint(4)",
        "  = draw: pkg/other.py:3:1 in jitter",
        "  = loader: pkg/train.py:30",
        "  = help: `reseed explain RNG101` tells what it means",
        "",
        "Found 1 finding in 2 files, 1 suppressed by noqa.",
    ]


def test_text_names_the_repair() -> None:
    loader = Finding(
        "a.py", Span(1, 1, 2, 2), "RNG201", "n", "m", "", "<1.9", loader=LoaderPlace("a.py", 1), fixable=True
    )
    shown = rendered("text", report(loader, loader))
    assert "help: `reseed fix --select RNG201` repairs this, " in shown
    assert "loader:" not in shown  # it is where the finding is
    assert "Found 2 findings in 2 files. `reseed fix` has a repair for 2." in shown


def test_text_summary_of_nothing() -> None:
    assert rendered("text", report()) == "All clear: no findings in 2 files."
    assert rendered("text", report(), Style(quiet=True)) == ""
    # Where a file could not be read, nothing is all clear.
    assert rendered("text", report(problems=(Problem("a.py", "no"),))) == "No findings in 2 files."


def frame_of(line: str, start: int, end: int) -> list[str]:
    finding = Finding("a.py", Span(1, start, 1, end), "RNG101", "n", "m", "", "any")
    lines = rendered("text", report(finding, text=line + "\n")).split("\n")
    return [row[4:] for row in lines if re.match(r"[1 ] \| ", row)]


def test_mark_stands_below_wide_and_combining_characters() -> None:
    code, mark = frame_of("t = '日本e\u0301' + rand()", 14, 20)
    assert code == "t = '日本e\u0301' + rand()"
    # 日 and 本 take two columns each, the accent none: 13 characters before `rand()` are 14 columns.
    assert mark == " " * 14 + "^" * 6


def test_a_span_of_several_lines_is_marked_on_its_first() -> None:
    finding = Finding("a.py", Span(1, 5, 3, 2), "RNG201", "n", "m", "", "any")
    shown = rendered("text", report(finding, text="x = Loader(\n    data,\n)\n"))
    assert "1 | x = Loader(\n  |     ^^^^^^^\n  |\n" in shown


def test_long_lines_are_cut_around_the_mark() -> None:
    code, mark = frame_of("a" * 5000 + "MARK" + "b" * 5000, 5001, 5005)
    assert len(code) <= 160
    assert code[mark.index("^") : mark.rindex("^") + 1] == "MARK"


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    code, _ = frame_of("x = '\x1b[31m\u202e' + rand()", 15, 21)
    assert "\x1b" not in code and "\u202e" not in code
    hostile = Finding("\x1b]0;.py", Span(1, 1, 1, 2), "RNG101", "n", "\x1b[2Jm", "", "any")
    assert "\x1b" not in rendered("text", report(hostile))


@pytest.mark.parametrize("span", [Span(99, 1, 99, 2), Span(1, 50, 1, 60), Span(1, 1, 1, 1)])
def test_spans_outside_of_the_text_do_no_harm(span: Span) -> None:
    finding = Finding("a.py", span, "RNG101", "n", "message", "", "any")
    assert "message" in rendered("text", report(finding, text="x = 1\n"))
    assert "message" in rendered("text", Report(findings=(finding,)))


def test_color_only_where_it_is_wanted() -> None:
    assert "\x1b[" not in rendered("text", report(FINDING))
    colored = rendered("text", report(FINDING), Style(color=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == rendered("text", report(FINDING))
    assert "\x1b[1;31mRNG101\x1b[0m" in colored


def test_many_draws_are_counted_not_listed() -> None:
    draws = tuple(Draw("a.py", line, 1, "f") for line in range(2, 20))
    finding = Finding("a.py", Span(1, 1, 1, 2), "RNG201", "n", "m", "", "any", draws=draws)
    shown = rendered("text", report(finding))
    assert shown.count("= draw:") == 6
    assert "= draw: and 13 more" in shown
