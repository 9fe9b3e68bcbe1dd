"""What holds for the repair of any wrong seeder: only seeds change, and nothing is repaired twice."""

from __future__ import annotations

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from reseed.fixes import repair
from reseed.rules.finding import Finding, Span

HEAD = "import random\nimport numpy as np\nimport torch\n\n"
HELPER = "def seed_all(seed=3):\n    random.seed(seed)\n    np.random.seed(seed)\n\n"
SEEDINGS = [
    "np.random.seed(worker_id)",
    "random.seed(a=3)  # é",
    "torch.manual_seed(worker_id + 1)",
    "seed = 42 + worker_id",
    "np.random.seed(\n        seed\n    )",
    "seed_all(7)",
    "seed_all()",
    "np.random.seed(torch.initial_seed())",
    "np.random.seed(torch.initial_seed() % 2**32)",
    "x = 1; np.random.seed(x)",
]
OTHERS = [
    "print(worker_id)  # é",
    "open(path)",
    "import torch as t",
    "if worker_id:\n        np.random.seed(1)",
    '"""Doc."""',
    "log[seed] = 1",
    "return None",
    "\x0c# comment\n    pass",
]
BODIES = st.lists(st.sampled_from([*SEEDINGS, *OTHERS]), min_size=1, max_size=6, unique=True)
CODES = st.sampled_from(["RNG212", "RNG213", "RNG214", "RNG215", "RNG218"])
STATES = st.sampled_from(["numpy-global", "python-global", "numpy-global, python-global, torch-global", "cv2"])


@settings(max_examples=300, deadline=None)
@given(
    BODIES, CODES, STATES, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["f", "lambda i: f(i)", "np.random.seed"])
)
def test_only_seeds_change(body: list[str], code: str, state: str, newline: str, seeder: str) -> None:
    lines = "".join(f"    {line}\n" for line in body)
    parameter = "" if code == "RNG218" else "worker_id"
    function = f"def f({parameter}):\n{lines}\n"
    loader = f"DataLoader(ds, worker_init_fn={seeder})"
    text = f"{HEAD}{HELPER}{function}{loader}\n".replace("\n", newline)

    def found(text: str) -> Finding:
        line = text.count("\n")
        last = text.split(newline)[-2]
        return Finding("x.py", Span(line, 1, line, len(last) + 1), code, "n", "m", state, "any", fixable=True)

    result = repair(text, [found(text)])
    ast.parse(result.text)
    if not result.applied:
        assert result.text == text
        return
    if newline == "\r\n":
        assert result.text.count("\n") == result.text.count(newline)
    rest = result.text
    for piece in (HEAD.strip("\n"), HELPER.strip("\n"), *(line for line in body if line in OTHERS)):
        piece = piece.replace("\n", newline)
        if piece.startswith("import random"):
            for line in piece.split(newline):
                assert line in rest
            continue
        assert piece in rest
        rest = rest[rest.index(piece) + len(piece) :]
    if code not in ("RNG215", "RNG218") and seeder == "f":
        # The finding is gone by now; even an old one finds nothing more to do.
        assert repair(result.text, [found(result.text)]).text == result.text
