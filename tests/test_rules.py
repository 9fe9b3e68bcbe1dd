"""What each rule reports: every field of its findings on small programs, and when it is silent."""

from __future__ import annotations

import re
import textwrap

import pytest

from reseed.facts import module_facts
from reseed.program import analyse, engine
from reseed.rules.base import all_rules
from reseed.rules.finding import Draw, Finding, LoaderPlace, Span, Step

HEAD = """\
import random
import numpy as np
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, Subset, TensorDataset
from project import config, unknown_dataset
"""
DATA = """
class Data(Dataset):
    def __getitem__(self, index):
        return np.random.rand()
"""
RIGHT = """
def right(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)
"""
NAMES = {
    "RNG101": "numpy-global-draw",
    "RNG111": "shared-rng-object",
    "RNG112": "library-rng",
    "RNG121": "constant-seed",
    "RNG201": "missing-worker-init",
    "RNG202": "missing-worker-init-unknown",
    "RNG211": "worker-init-called",
    "RNG219": "seeder-lost-on-wrapper",
    "RNG221": "rank-blind-seed",
    "RNG231": "epoch-loop-reseed",
    "RNG301": "unsharded-iterable",
    "RNG401": "unseeded-shuffle",
    "RNG212": "same-seed-in-all-workers",
    "RNG213": "same-seed-every-epoch",
    "RNG214": "seed-out-of-range",
    "RNG215": "seeder-misses-rng",
    "RNG216": "seeder-not-reproducible",
    "RNG217": "seeder-not-picklable",
    "RNG218": "seeder-signature",
}


def program_of(*parts: str) -> str:
    return HEAD + "".join(textwrap.dedent(part) for part in parts)


def findings(text: str) -> list[Finding]:
    program = analyse(module_facts("m.py", text))
    found = [finding for rule in all_rules() for finding in rule.check(program)]
    return sorted(found, key=lambda finding: finding.sort_key)


def rows(text: str) -> list[tuple[str, str]]:
    """Code and text of each finding, in order of place."""
    return [(finding.code, re.sub(r"\s+", " ", slice_of(text, finding.span))) for finding in findings(text)]


def slice_of(text: str, span: Span) -> str:
    lines = text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def span_of(text: str, part: str) -> Span:
    """Where `part` stands in `text`, in which it occurs once."""
    assert text.count(part) == 1, part
    start = text.index(part)
    end = start + len(part)
    return Span(*place(text, start), *place(text, end))


def place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def step(text: str, part: str, told: str) -> Step:
    span = span_of(text, part)
    return Step("m.py", span.line, span.column, told)


def draw(text: str, part: str, function: str) -> Draw:
    span = span_of(text, part)
    return Draw("m.py", span.line, span.column, function)


def loader(text: str, part: str = "DataLoader(") -> LoaderPlace:
    return LoaderPlace("m.py", span_of(text.replace("import ConcatDataset, DataLoader", ""), part).line)


# RNG101 and RNG201

THROUGH_A_TRANSFORM = program_of(
    """
    class Noise:
        def __call__(self, x):
            return x + np.random.normal(0, 1)

    class Data(Dataset):
        def __init__(self, transform):
            self.transform = transform

        def __getitem__(self, index):
            return self.transform(index)

    def main():
        return DataLoader(
            Data(Noise()), num_workers=2
        )
    """
)


def test_a_draw_through_a_transform() -> None:
    text = THROUGH_A_TRANSFORM
    made = "DataLoader(\n        Data(Noise()), num_workers=2\n    )"
    steps = (
        step(text, "def __getitem__", "Data.__getitem__"),
        step(text, "self.transform(index)", "self.transform(...) runs Noise.__call__"),
        step(text, "np.random.normal(0, 1)", "np.random.normal(...)"),
    )
    drawn = draw(text, "np.random.normal(0, 1)", "Noise.__call__")
    assert findings(text) == [
        Finding(
            path="m.py",
            span=span_of(text, "np.random.normal(0, 1)"),
            code="RNG101",
            name="numpy-global-draw",
            message="`np.random.normal(...)` draws from NumPy's global state in worker code (Data.__getitem__ -> "
            "Noise.__call__): the same numbers in every worker on torch < 1.9",
            state="numpy-global",
            torch="<1.9",
            draws=(drawn,),
            steps=steps,
            loader=loader(text, made),
            fixable=False,
        ),
        Finding(
            path="m.py",
            span=span_of(text, made),
            code="RNG201",
            name="missing-worker-init",
            message="loader has workers but no `worker_init_fn`, and its workers draw from NumPy's global state: "
            "`np.random.normal(...)` on line 9 (Data.__getitem__ -> Noise.__call__): the same numbers in every worker "
            "on torch < 1.9",
            state="numpy-global",
            torch="<1.9",
            draws=(drawn,),
            steps=steps,
            loader=loader(text, made),
            fixable=True,
        ),
    ]


def test_a_draw_without_a_loader() -> None:
    text = program_of(DATA)
    (found,) = findings(text)
    assert found == Finding(
        path="m.py",
        span=span_of(text, "np.random.rand()"),
        code="RNG101",
        name="numpy-global-draw",
        message="`np.random.rand()` draws from NumPy's global state in worker code (Data.__getitem__): "
        "the same numbers in every worker on torch < 1.9",
        state="numpy-global",
        torch="<1.9",
        draws=(draw(text, "np.random.rand()", "Data.__getitem__"),),
        steps=(step(text, "def __getitem__", "Data.__getitem__"), step(text, "np.random.rand()", "np.random.rand()")),
        loader=None,
        fixable=False,
    )


def test_a_long_path_is_told_in_short_and_shown_whole() -> None:
    chain = "".join(f"def f{n}():\n    return f{n + 1}()\n" for n in range(6))
    text = program_of(
        "class Data(Dataset):\n    def __getitem__(self, index):\n        return f0()\n",
        chain,
        "def f6():\n    return np.random.rand()\n",
    )
    (found,) = findings(text)
    assert "(Data.__getitem__ -> f0 -> ... -> f5 -> f6)" in found.message
    assert [one.text for one in found.steps] == [
        "Data.__getitem__",
        *(f"f{n}() runs f{n}" for n in range(7)),
        "np.random.rand()",
    ]


def test_steps_through_a_property_and_an_iteration() -> None:
    text = program_of(
        """
        class Data(Dataset):
            @property
            def noise(self):
                return [x for x in Stream()]
            def __getitem__(self, index):
                return self.noise
        class Stream:
            def __iter__(self):
                yield np.random.rand()
        """
    )
    (found,) = findings(text)
    assert found.steps == (
        step(text, "def __getitem__", "Data.__getitem__"),
        step(text, "self.noise", ".noise runs Data.noise"),
        step(text, "Stream()", "[...] runs Stream.__iter__"),
        step(text, "np.random.rand()", "np.random.rand()"),
    )


def test_one_draw_that_several_datasets_reach_is_one_finding() -> None:
    text = program_of(
        """
        def noise():
            return np.random.rand()
        class A(Dataset):
            def __getitem__(self, index):
                return noise()
        class B(Dataset):
            def __getitem__(self, index):
                return noise()
        """
    )
    (found,) = findings(text)
    assert "(A.__getitem__ -> noise)" in found.message


def test_several_draws_are_one_finding_of_the_loader() -> None:
    text = program_of(
        """
        def collate(batch):
            return np.random.permutation(batch)
        class Data(Dataset):
            def __getitem__(self, index):
                return np.random.rand(), np.random.randn(3)
        def main():
            return DataLoader(Data(), num_workers=config.workers, collate_fn=collate)
        """
    )
    found = findings(text)
    assert [finding.code for finding in found] == ["RNG101", "RNG101", "RNG101", "RNG201"]
    assert found[-1].message == (
        "loader has workers but no `worker_init_fn`, and its workers draw from NumPy's global state: "
        "`np.random.rand()` on line 11 and 2 more (Data.__getitem__): the same numbers in every worker on torch < 1.9"
    )
    assert found[-1].draws == (
        draw(text, "np.random.rand()", "Data.__getitem__"),
        draw(text, "np.random.randn(3)", "Data.__getitem__"),
        draw(text, "np.random.permutation(batch)", "collate"),
    )


def test_a_draw_in_the_target_of_an_augmented_assignment_is_one() -> None:
    text = program_of(
        """
        class Data(Dataset):
            def __getitem__(self, index):
                self.image[np.random.randint(3)] += 1
        def main():
            return DataLoader(Data(), num_workers=2)
        """
    )
    found = findings(text)
    assert [finding.code for finding in found] == ["RNG101", "RNG201"]
    assert [finding.draws for finding in found] == [(draw(text, "np.random.randint(3)", "Data.__getitem__"),)] * 2
    assert "more" not in found[1].message


def test_a_loader_in_two_contexts_is_one_finding() -> None:
    text = program_of(
        DATA,
        """
        def make(workers):
            return DataLoader(Data(), num_workers=workers)
        make(2)
        make(4)
        """,
    )
    assert rows(text) == [
        ("RNG101", "np.random.rand()"),
        ("RNG201", "DataLoader(Data(), num_workers=workers)"),
    ]


BOTH = ["RNG101", "RNG201"]
LOADERS = [
    # How many workers
    ("num_workers=2", BOTH),
    ("num_workers=config.workers", BOTH),
    ("num_workers=0 if config else 4", BOTH),
    ("num_workers=0", []),
    ("num_workers=2 - 2", []),
    ("batch_size=4", []),
    ("4, True, None, None, 2", BOTH),
    ("**{'num_workers': 2}", BOTH),
    ("**{'num_workers': 0}", []),
    # Which workers
    ("num_workers=2, multiprocessing_context='fork'", BOTH),
    ("num_workers=2, multiprocessing_context=config.context", BOTH),
    ("num_workers=2, multiprocessing_context='spawn'", []),
    ("num_workers=2, multiprocessing_context='forkserver'", []),
    ("num_workers=1", BOTH),
    ("num_workers=1, persistent_workers=True", []),
    ("num_workers=2, persistent_workers=True", BOTH),
    # Which seeder
    ("num_workers=2, worker_init_fn=None", BOTH),
    ("num_workers=2, worker_init_fn=right", []),
    ("num_workers=2, worker_init_fn=config.seeder", []),
    ("num_workers=2, worker_init_fn=lambda i: np.random.seed(i)", ["RNG101", "RNG213", "RNG217"]),
    ("num_workers=2, worker_init_fn=lambda i: None", ["RNG101", "RNG215", "RNG217"]),
    ("num_workers=2, **config", ["RNG101"]),
    ("num_workers=2, worker_init_fn=torch.manual_seed(0)", ["RNG101", "RNG211"]),
]


@pytest.mark.parametrize(("arguments", "codes"), LOADERS)
def test_draws_and_loaders(arguments: str, codes: list[str]) -> None:
    text = program_of(DATA, RIGHT, f"\ndef main():\n    return DataLoader(Data(), {arguments})\n")
    assert [finding.code for finding in findings(text)] == codes


def test_loaders_that_seed_by_themselves_are_left_alone() -> None:
    text = program_of("import monai.data\n", DATA, "\ndef main():\n    monai.data.DataLoader(Data(), num_workers=2)\n")
    assert findings(text) == []


def test_a_seeded_loader_hides_the_draws_and_one_without_shows_them() -> None:
    seeded = program_of(DATA, RIGHT, "\ndef main():\n    DataLoader(Data(), num_workers=2, worker_init_fn=right)\n")
    assert rows(seeded) == []
    assert rows(seeded + "    DataLoader(Data(), num_workers=4)\n") == [
        ("RNG101", "np.random.rand()"),
        ("RNG201", "DataLoader(Data(), num_workers=4)"),
    ]


# RNG202


def test_an_unknown_dataset() -> None:
    text = program_of("\ndef make(dataset):\n    return DataLoader(dataset, num_workers=4)\n")
    assert findings(text) == [
        Finding(
            path="m.py",
            span=span_of(text, "DataLoader(dataset, num_workers=4)"),
            code="RNG202",
            name="missing-worker-init-unknown",
            message="loader has workers but no `worker_init_fn`, and its dataset is not seen from here: if it draws "
            "from NumPy's global state, every worker draws the same numbers on torch < 1.9",
            state="numpy-global",
            torch="<1.9",
            draws=(),
            steps=(),
            loader=loader(text, "DataLoader(dataset"),
            fixable=True,
        )
    ]


@pytest.mark.parametrize(
    ("dataset", "codes"),
    [
        ("unknown_dataset", ["RNG202"]),
        ("unknown_dataset(3)", ["RNG202"]),
        ("config.dataset", ["RNG202"]),
        ("undefined", ["RNG202"]),
        ("Subset(unknown_dataset, [0])", ["RNG202"]),
        ("ConcatDataset([Quiet(), unknown_dataset()])", ["RNG202"]),
        ("Quiet() if config else unknown_dataset", ["RNG202"]),
        ("Quiet()", []),
        ("Subset(Quiet(), [0])", []),
        ("ConcatDataset([Quiet(), Quiet()])", []),
        ("torch.utils.data.random_split(Quiet(), [1, 1])[0]", []),
        ("torch.utils.data.random_split(Data(), [1, 1])[0]", ["RNG201"]),
        ("TensorDataset(torch.zeros(3))", []),
        ("[1, 2]", []),
        ("range(3)", []),
        ("np.zeros(3)", []),
        ("torch.load('x')", ["RNG202"]),
        ("Data()", ["RNG201"]),
        ("Data() if config else unknown_dataset", ["RNG201"]),
    ],
)
def test_datasets_seen_and_unseen(dataset: str, codes: list[str]) -> None:
    quiet = "\nclass Quiet(Dataset):\n    def __getitem__(self, index):\n        return index\n"
    text = program_of(DATA, quiet, f"\ndef main():\n    return DataLoader({dataset}, num_workers=2)\n")
    assert [finding.code for finding in findings(text) if finding.code != "RNG101"] == codes


@pytest.mark.parametrize(
    "arguments", ["num_workers=0", "batch_size=4", "num_workers=2, worker_init_fn=right", "**config"]
)
def test_unknown_datasets_in_loaders_that_need_nothing(arguments: str) -> None:
    assert findings(program_of(RIGHT, f"\ndef main():\n    return DataLoader(unknown_dataset, {arguments})\n")) == []


def test_an_analysis_that_was_given_up_accuses_no_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    text = program_of("\ndef make(dataset):\n    return DataLoader(dataset, num_workers=4)\n")
    assert [finding.code for finding in findings(text)] == ["RNG202"]
    monkeypatch.setattr(engine, "_STEP_LIMIT", 5)
    assert findings(text) == []


# RNG211


def rng211(text: str, part: str, told: str, made: str) -> Finding:
    return Finding(
        path="m.py",
        span=span_of(text, part),
        code="RNG211",
        name="worker-init-called",
        message=f"`worker_init_fn` gets the result of `{told}`, which is no function: it runs once, in the parent, and "
        "the workers are left without a seeder on every torch",
        state="",
        torch="any",
        draws=(),
        steps=(),
        loader=loader(text, made),
        fixable=True,
    )


SEEDERS = """
def seed_everything(seed):
    random.seed(seed)

def number(seed):
    return seed + 1

def factory(seed):
    return lambda worker_id: random.seed(seed)
"""


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("seed_everything(42)", "seed_everything(...)"),
        ("seed_everything( 42,\n        )", "seed_everything(...)"),
        ("number(seed=1)", "number(...)"),
        ("torch.manual_seed(config.seed)", "torch.manual_seed(...)"),
        ("random.seed()", "random.seed()"),
    ],
)
def test_a_call_passed_as_seeder(argument: str, told: str) -> None:
    text = program_of(
        SEEDERS, f"\ndef main(dataset):\n    return DataLoader(\n        [1], worker_init_fn={argument})\n"
    )
    assert findings(text) == [rng211(text, argument, told, "DataLoader(\n")]


def test_a_result_passed_by_name() -> None:
    text = program_of(
        SEEDERS,
        """
        def main():
            seeder = seed_everything(42)
            return DataLoader([1], worker_init_fn=seeder)
        """,
    )
    assert findings(text) == [rng211(text, "seed_everything(42)", "seed_everything(...)", "DataLoader([1]")]


def test_a_number_passed_as_seeder_is_pointed_at_the_loader() -> None:
    text = program_of("\ndef main():\n    return DataLoader([1], worker_init_fn=42)\n")
    assert findings(text) == [
        rng211(text, "DataLoader([1], worker_init_fn=42)", "a call", "DataLoader([1]"),
    ]


@pytest.mark.parametrize(
    "argument", ["factory(42)", "config.make(42)", "None", "seed_everything", "factory(1) if config else number(1)"]
)
def test_what_may_be_a_function_is_none_of_its_business(argument: str) -> None:
    text = program_of(SEEDERS, f"\ndef main():\n    return DataLoader([1], num_workers=2, worker_init_fn={argument})\n")
    assert [finding for finding in findings(text) if finding.code != "RNG217"] == []


# RNG121


def test_a_constant_seed() -> None:
    text = program_of(
        """
        class Data(Dataset):
            def __getitem__(self, index):
                reset()
                return np.random.rand(), np.random.randn(2), np.random.default_rng(index).normal()

        def reset():
            np.random.seed(42)
        """
    )
    assert findings(text) == [
        Finding(
            path="m.py",
            span=span_of(text, "np.random.seed(42)"),
            code="RNG121",
            name="constant-seed",
            message="`np.random.seed(...)` seeds with a constant on every call in worker code (Data.__getitem__ "
            "-> reset): all samples get the same numbers on every torch",
            state="numpy-global",
            torch="any",
            draws=(
                draw(text, "np.random.rand()", "Data.__getitem__"),
                draw(text, "np.random.randn(2)", "Data.__getitem__"),
            ),
            steps=(
                step(text, "def __getitem__", "Data.__getitem__"),
                step(text, "reset()\n        return", "reset() runs reset"),
                step(text, "np.random.seed(42)", "np.random.seed(...)"),
            ),
            loader=None,
            fixable=False,
        )
    ]


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("random.seed(0)", "python-global"),
        ("torch.manual_seed(config_seed)", "torch-global"),
        ("pytorch_lightning.seed_everything(7)", "numpy-global, python-global, torch-global"),
        ("return np.random.RandomState(0).rand()", "numpy.random.RandomState"),
        ("return np.random.default_rng(seed=0).random()", "numpy.random.Generator"),
        ("return random.Random(0).random()", "random.Random"),
        ("g = torch.Generator(); g.manual_seed(0); return torch.rand(3, generator=g)", "torch.Generator"),
    ],
)
def test_states_that_a_constant_seeds(body: str, state: str) -> None:
    text = program_of(
        "import pytorch_lightning\nconfig_seed = 3\n",
        f"class Data(Dataset):\n    def __getitem__(self, index):\n        {body}\n",
    )
    (found,) = findings(text)
    drawn = ["Data.__getitem__"] if "generator=" in body else []
    assert (found.code, found.state, found.torch, found.fixable) == ("RNG121", state, "any", False)
    assert [each.function for each in found.draws] == drawn


@pytest.mark.parametrize(
    "body",
    [
        # Not constant
        "np.random.seed(index)",
        "np.random.seed(index + 3)",
        "np.random.seed(config.seed)",
        "np.random.seed(self.seed)",
        "np.random.seed()",
        "np.random.seed(torch.initial_seed() % 2**32)",
        "np.random.default_rng(index).normal()",
        # Nothing is drawn
        "rng = np.random.default_rng(0)",
        "rng = torch.Generator()",
        # The state is put back
        "state = np.random.get_state(); np.random.seed(0); np.random.set_state(state)",
        "with torch.random.fork_rng(): torch.manual_seed(0)",
        # Meant for evaluation
        "if not self.train: np.random.seed(0)",
        "if self.split == 'val': np.random.seed(0)",
        "if config.phase in ('x', 'test'): np.random.seed(0)",
    ],
)
def test_seeds_that_are_no_constants_or_meant(body: str) -> None:
    text = program_of(f"class Data(Dataset):\n    def __getitem__(self, index):\n        {body}\n")
    assert findings(text) == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("class {}(Dataset):\n    def __getitem__(self, index):\n        np.random.seed(0)\n", ["RNG121"]),
        ("class {}(IterableDataset):\n    def __iter__(self):\n        np.random.seed(0)\n", []),
        ("class {}(Dataset):\n    def __init__(self): np.random.seed(0)\n    def __getitem__(self, index): pass\n", []),
        ("class {}(Dataset):\n    def __getitem__(self, index): pass\nnp.random.seed(0)\n", []),
    ],
)
def test_places_of_constant_seeds(text: str, codes: list[str]) -> None:
    assert [finding.code for finding in findings(program_of(text.format("Data")))] == codes
    for name in ("TestData", "EvalFaces", "ValDataset"):
        assert findings(program_of(text.format(name))) == []


@pytest.mark.parametrize(("workers", "codes"), [("2", ["RNG121"]), ("0", [])])
def test_a_constant_seed_in_a_collate_function(workers: str, codes: list[str]) -> None:
    text = program_of(
        "\ndef collate(batch):\n    random.seed(1)\n",
        f"\ndef main():\n    return DataLoader([1], num_workers={workers}, collate_fn=collate)\n",
    )
    assert [finding.code for finding in findings(text)] == codes


def test_a_constant_seed_hides_the_draws_after_it_from_other_rules() -> None:
    text = program_of(
        """
        class Data(Dataset):
            def __getitem__(self, index):
                first = np.random.rand(1)
                np.random.seed(0)
                return first, np.random.rand(2)
        """
    )
    assert rows(text) == [("RNG101", "np.random.rand(1)"), ("RNG121", "np.random.seed(0)")]


# The rules themselves


def test_codes_and_names() -> None:
    rules = all_rules()
    assert {rule.code: rule.name for rule in rules} == NAMES
    assert [rule.code for rule in rules] == sorted(NAMES)
    assert {rule.code: rule.torch for rule in rules} == {
        "RNG101": "<1.9",
        "RNG111": "any",
        "RNG112": "any",
        "RNG121": "any",
        "RNG201": "<1.9",
        "RNG202": "<1.9",
        "RNG211": "any",
        "RNG219": "any",
        "RNG221": "any",
        "RNG231": "any",
        "RNG301": "any",
        "RNG401": "any",
        "RNG212": "any",
        "RNG213": "any",
        "RNG214": "any",
        "RNG215": "<1.9",
        "RNG216": "any",
        "RNG217": "any",
        "RNG218": "any",
    }
    assert {rule.code for rule in rules if not rule.default} == {"RNG216", "RNG217", "RNG221", "RNG401"}
    assert {rule.code for rule in rules if rule.fixable == "on request"} == {"RNG111", "RNG202", "RNG212", "RNG213"}
    fixed = {"RNG112", "RNG201", "RNG211", "RNG214", "RNG215", "RNG218"}
    assert {rule.code for rule in rules if rule.fixable == "yes"} == fixed
    assert all("\n" not in rule.summary and not rule.summary.endswith(".") for rule in rules)


DOCUMENTED = [(rule.code, heading) for rule in all_rules() for heading in ("Example", "Use instead")]


def code_block(code: str, heading: str) -> str:
    (rule,) = (rule for rule in all_rules() if rule.code == code)
    sections = re.split(r"(?m)^## (.*)\n", rule.documentation)
    titles = sections[1::2]
    assert titles == ["What it does", "Why is this bad", "Example", "Use instead", "Fix safety", "References"]
    (block,) = re.findall(r"(?s)```python\n(.*?)```", sections[2 * titles.index(heading) + 2])
    return block


@pytest.mark.parametrize(("code", "heading"), DOCUMENTED)
def test_documentation_shows_what_the_rule_finds(code: str, heading: str) -> None:
    block = code_block(code, heading)
    if code in ("RNG101", "RNG121") and not block.startswith("class "):
        if not block.startswith("def "):
            block = "def __getitem__(self, index):\n" + textwrap.indent(block, "    ")
        block = "class Shown(Dataset):\n" + textwrap.indent(block, "    ")
    head = program_of(
        DATA.replace("Data", "Crops"),
        "\ndef set_seed(seed):\n    np.random.seed(seed)\ndef seed_worker(worker_id):\n    "
        "np.random.seed(torch.initial_seed() % 2**32)\ndataset = [1]\n",
    )
    text = head + block
    wanted = [number for number, line in enumerate(text.split("\n"), 1) if line.endswith(f"# {code}")]
    assert bool(wanted) is (heading == "Example")
    shown = [
        finding.span.line for finding in findings(text) if finding.code == code and finding.span.line > head.count("\n")
    ]
    assert shown == wanted
