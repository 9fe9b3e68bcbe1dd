"""`noqa` comments, with flake8's own program as the oracle."""

import subprocess
import sys

import pytest

from reseed.source.noqa import Suppressions

# Each text has one place that pyflakes reports as F821 (undefined name `it`) and one comment, or none.
TEXTS = {
    "nothing": "x = it\n",
    "blanket": "x = it  # noqa\n",
    "this code": "x = it  # noqa: F821\n",
    "another code": "x = it  # noqa: E501\n",
    "several codes": "x = it  # noqa: E501, F821\n",
    "prefix": "x = it  # noqa: F8\n",
    "no space": "x = it  # noqa:F821\n",
    "space before the colon": "x = it  # noqa : E501\n",
    "capitals": "x = it  # NOQA: F821\n",
    "code in small letters": "x = it  # noqa: f821\n",
    "code of another tool first": "x = it  # noqa: F821 because\n",
    "inside a string": "x = it, '# noqa'\n",
    "behind another comment": "x = it  # type: ignore # noqa: F821\n",
    "closing line of brackets": "x = print(\n    it,\n)  # noqa: F821\n",
    "opening line of brackets": "x = print(  # noqa: F821\n    it,\n)\n",
    "own line in brackets": "x = print(\n    it,  # noqa: F821\n)\n",
    "end of a multi-line string": "x = '''\n%s\n''' % it  # noqa: F821\n",
    "start of a backslash line": "x = it + \\\n    1  # noqa: F821\n",
    "line above": "# noqa: F821\nx = it\n",
    "file": "# flake8: noqa\nx = it\n",
    "file with codes": "# flake8: noqa: F821\nx = it\n",
    "file with other codes": "# flake8: noqa: E501\nx = it\n",
    "file, behind code": "import os  # flake8: noqa\nx = it\n",
    "carriage returns": "y = 1\r\nx = it  # noqa: F821\r\n",
    "byte order mark": "\ufeffx = it  # noqa: F821\n",
    "no newline at the end": "x = it  # noqa: F821",
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[str, set[int]]:
    """The lines on which flake8 reports F821, by text."""
    folder = tmp_path_factory.mktemp("noqa")
    for number, text in enumerate(TEXTS.values()):
        (folder / f"{number}.py").write_bytes(text.encode())
    command = [sys.executable, "-m", "flake8", "--isolated", "--select=F821", "--format=%(path)s %(row)d", "-j1", "."]
    rows = subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout.split("\n")
    lines: dict[str, set[int]] = {name: set() for name in TEXTS}
    for row in filter(None, rows):
        path, line = row.split()
        lines[list(TEXTS)[int(path.removeprefix("./").removesuffix(".py"))]].add(int(line))
    return lines


@pytest.mark.parametrize("name", TEXTS)
def test_agrees_with_flake8(name: str, verdicts: dict[str, set[int]]) -> None:
    text = TEXTS[name].removeprefix("\ufeff")
    line = text[: text.index(" it") if " it" in text else 0].count("\n") + 1
    assert Suppressions("a.py", text).covers("F821", line) == (line not in verdicts[name])


def test_the_oracle_sees_both_sides(verdicts: dict[str, set[int]]) -> None:
    assert verdicts["nothing"] == {1}
    assert verdicts["closing line of brackets"] == {2}
    assert verdicts["blanket"] == set() == verdicts["file"]


def test_lines_that_do_not_exist_are_not_suppressed() -> None:
    assert not Suppressions("a.py", "").covers("RNG101", 1)
    assert not Suppressions("a.py", "x = 1  # noqa\n").covers("RNG101", 99)


def test_text_from_stdin_is_not_looked_up_on_disk(tmp_path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1  # noqa\n")
    # An unclosed bracket leaves flake8 without lines, and it would read the file.
    assert not Suppressions(str(path), "x = (1\n").covers("RNG101", 1)
