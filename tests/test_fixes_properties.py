"""What holds for repairs of any text: only what was asked for changes, and nothing is repaired twice."""

from __future__ import annotations

import ast
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from test_fixes import finding, marked, repaired

from reseed.fixes import repair
from reseed.rules.finding import Span

NEWLINES = st.sampled_from(["\n", "\r\n", "\r"])
GAPS = st.sampled_from(["", " ", "\n", "\n    ", "  # é, (\n\t", "\n\n  # own line\n        "])
ARGUMENTS = st.sampled_from(
    ["ds", "num_workers=4", "num_workers = n", "x=[\n1,\n]", "*args", "f(«DataLoader(a)»)", '"""\n\n"""']
)
MAPPINGS = st.sampled_from(
    ["", "", "**{'a': 1}", "**opts", "**kwargs", "worker_init_fn=None", "worker_init_fn=‹seed(1)›"]
)
HEADS = st.lists(
    st.sampled_from(
        [
            "import numpy as np",
            "import torch.nn as nn  # net",
            "import torch",
            "from torch.utils.data import DataLoader",
            "if TYPE_CHECKING:\n\timport numpy",
            "try:\n    import numpy as np\nexcept ImportError:\n    np = None",
            "import numpy.random as npr",
            "sys.path.append('.')",
            "",
            "\x0c",
            "# comment",
        ]
    ),
    max_size=6,
)
PLACES = st.sampled_from(
    [
        "loader = {}",
        "x = 'é', {}; y = 2",
        "def make(seed_worker):\n\treturn {}  ",
        "for batch in {}:\n  pass",
        "class A:\n    def make(self):\n        if 1:\n\n            self.a = g({})",
        "kwargs = dict(b=1)\nmake = lambda: {}",
        "if __name__ == '__main__':\n   a = {}\n   import numpy as np",
    ]
)


@st.composite
def calls(draw: st.DrawFn) -> str:
    arguments = [*sorted(draw(st.lists(ARGUMENTS, max_size=3)), key=lambda text: "=" in text), draw(MAPPINGS)]
    arguments = list(dict.fromkeys(re.sub("num_workers.*", "num_workers=4", text) for text in arguments if text))
    pieces = [draw(GAPS) + argument + draw(GAPS) for argument in arguments]
    comma = draw(st.sampled_from(["", ",", " , "])) if pieces else ""
    return f"«DataLoader{draw(st.sampled_from(['', ' ']))}({','.join(pieces)}{comma}{draw(GAPS)})»"


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Marked texts: imports, then statements that make loaders."""
    docstring = draw(st.sampled_from(["", '"""Doc.\n\nMore."""\n', "#!/usr/bin/python\n", "# Licence\n\n"]))
    statements = [place.replace("{}", draw(calls())) for place in draw(st.lists(PLACES, min_size=1, max_size=3))]
    text = docstring + "\n".join([*draw(HEADS), *statements]) + draw(st.sampled_from(["", "\n", "  # end\n\n"]))
    one = draw(NEWLINES)
    mixed = draw(st.booleans())
    text = "".join((draw(NEWLINES) if mixed else one) if character == "\n" else character for character in text)
    return draw(st.sampled_from(["", "\ufeff"])) + text


def without_repair(text: str, before: str) -> str:
    """The syntax tree of a repaired text, less what a repair of `before` may add."""
    tree = ast.parse(text.removeprefix("\ufeff"))
    known = {
        node.name for node in ast.walk(ast.parse(before.removeprefix("\ufeff"))) if isinstance(node, ast.FunctionDef)
    }
    seeders = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)} - known
    assert len(seeders) <= 1
    tree.body = [node for node in tree.body if getattr(node, "name", "") not in seeders]
    for node in ast.walk(tree):
        for field in ("body", "orelse"):
            statements = getattr(node, field, None)
            if isinstance(statements, list):
                setattr(node, field, [statement for statement in statements if not added(statement)])
        if isinstance(node, ast.Call):
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "worker_init_fn"]
            for keyword in node.keywords:
                if isinstance(keyword.value, ast.Dict) and "worker_init_fn" in map(constant, keyword.value.keys):
                    keyword.value = keyword.value.values[1]
    return ast.dump(tree)


def added(statement: ast.stmt) -> bool:
    return ast.unparse(statement) in {"import numpy as np", "import numpy", "import torch", "seed(1)"}


def constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


@settings(max_examples=300, deadline=None)
@given(texts())
def test_only_what_was_asked_for_changes(text: str) -> None:
    plain, findings = marked(text)
    result = repair(plain, findings)
    assert len(result.applied) + len(result.declined) == len(findings)
    assert without_repair(result.text, plain) == without_repair(plain, plain)
    seeder = "seed_loader_worker" if "seed_worker" in plain else "seed_worker"
    uses = [node for node in ast.walk(ast.parse(result.text.removeprefix("\ufeff"))) if is_name(node, seeder)]
    assert len(uses) == sum(found.code == "RNG201" for found in result.applied)
    # What lies outside of the findings is there still, in one piece between any two of them.
    rest = result.text
    for piece in untouched(text.removeprefix("\ufeff")):
        for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", piece):
            assert line in rest
            rest = rest[rest.index(line) + len(line) :]


def untouched(text: str) -> list[str]:
    """The pieces of a marked text which stand in no mark."""
    pieces, depth = [""], 0
    for character in text:
        if character in "«‹":
            depth += 1
            pieces.append("")
        elif character in "»›":
            depth -= 1
        elif not depth:
            pieces[-1] += character
    return pieces


def is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


@settings(max_examples=200, deadline=None)
@given(texts())
def test_no_second_repair(text: str) -> None:
    """The findings are gone then; even old ones, which may meet other calls by now, repair no call again."""
    plain, findings = marked(text)
    once = repair(plain, findings)
    assert repair(once.text, []).text == once.text
    tree = ast.parse(once.text.removeprefix("\ufeff"))
    repaired_calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and has_seeder(node)]
    again = repair(once.text, [finding("RNG201", span_of(node, once.text)) for node in repaired_calls])
    assert again.applied == ()
    assert again.text == once.text


def has_seeder(call: ast.Call) -> bool:
    return any(keyword.arg == "worker_init_fn" for keyword in call.keywords)


def span_of(node: ast.expr, text: str) -> Span:
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))

    def column(line: int, offset: int) -> int:
        return len(lines[line - 1].encode()[:offset].decode()) + 1

    end_line, end_offset = node.end_lineno or 0, node.end_col_offset or 0
    return Span(node.lineno, column(node.lineno, node.col_offset), end_line, column(end_line, end_offset))


@settings(max_examples=100, deadline=None)
@given(
    st.text(alphabet="a(=)\n\r\t#,*\ufeffé\x0c '", max_size=30),
    st.lists(st.tuples(*[st.integers(-1, 6)] * 4), max_size=3),
)
def test_any_text_with_any_findings(text: str, places: list[tuple[int, int, int, int]]) -> None:
    """Findings of another text never raise, and where nothing is applied nothing changes."""
    result = repair(text, [finding(code, Span(*place)) for place in places for code in ("RNG201", "RNG211")])
    if not result.applied:
        assert result.text == text
    else:
        ast.parse(result.text.removeprefix("\ufeff"))


def test_order_of_findings_does_not_matter() -> None:
    text = "a = «DataLoader(f(«DataLoader(b)»), worker_init_fn=None)»\nc = DataLoader(d, worker_init_fn=‹seed(1)›)\n"
    plain, findings = marked(text)
    assert repair(plain, findings[::-1]).text == repaired(text).text
