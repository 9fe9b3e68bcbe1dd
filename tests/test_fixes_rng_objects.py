"""The repair of RNG111: which calls become holders, what the module gets, and how a holder behaves."""

from __future__ import annotations

import copy
import pickle
import random
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from reseed.check import check_text
from reseed.cli import main
from reseed.fixes import repair
from reseed.rules.finding import Finding

IMPORTS = "import random\n\nimport numpy as np\nimport torch\nfrom torch.utils.data import DataLoader, Dataset\n"
HOLDER = '''

class WorkerRng:
    """An RNG that each DataLoader worker makes for itself, from its own seed. Elsewhere it is `make(seed)`."""

    _unseeded = 0

    def __init__(self, make, seed=None):
        self._make, self._seed = make, seed
        self._rng, self._worker = make(seed), None

    def __call__(self):
        worker = torch.utils.data.get_worker_info()
        if worker is not None and worker.seed != self._worker:
            seed = self._seed
            if seed is None:  # unlike any other that has no seed
                WorkerRng._unseeded += 1
                seed = f"number {WorkerRng._unseeded}"
            self._rng = self._make(random.Random(f"{worker.seed} {seed!r}").getrandbits(32))
            self._worker = worker.seed
        return self._rng

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self(), name)
'''
CLASS = """

class Noise(Dataset):
    def __init__(self, seed=0):
        self.rng = {made}

    def __getitem__(self, index):
        return {drawn}
"""


def data(made: str = "np.random.default_rng()", drawn: str = "self.rng.random()", more: str = "") -> str:
    return CLASS.format(made=made, drawn=drawn) + more


def findings(text: str, path: str = "x.py") -> list[Finding]:
    return [finding for finding in check_text(path, text) if finding.code == "RNG111"]


def repaired(text: str) -> str:
    """The text after the repair of all that is found in it, which must leave nothing."""
    found = findings(text)
    assert found and all(finding.fixable for finding in found), [finding.obstacle for finding in found]
    result = repair(text, found)
    assert result.declined == ()
    assert findings(result.text) == []
    return result.text


def reason(text: str) -> str:
    """Why the one finding of `text` is not repaired."""
    (found,) = findings(text)
    if not found.fixable:
        assert found.obstacle
        return found.obstacle
    assert not found.obstacle
    result = repair(text, [found])
    assert (result.text, result.applied) == (text, ())
    ((declined, why),) = result.declined
    assert declined == found
    return why


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("np.random.default_rng()", "WorkerRng(np.random.default_rng)"),
        ("np.random.default_rng(seed)", "WorkerRng(np.random.default_rng, seed)"),
        ("np.random.default_rng(seed=seed + 1)", "WorkerRng(np.random.default_rng, seed + 1)"),
        ("np.random.default_rng(None)", "WorkerRng(np.random.default_rng, None)"),
        ("np.random.default_rng([1, seed])", "WorkerRng(np.random.default_rng, [1, seed])"),
        ("np.random.RandomState(42)", "WorkerRng(np.random.RandomState, 42)"),
        ("np.random.RandomState( seed = 42 )", "WorkerRng( np.random.RandomState, 42 )"),
        ("random.Random(42,)", "WorkerRng(random.Random, 42,)"),
        ("np.random.RandomState(\n            seed,  # é\n        )",
         "WorkerRng(\n            np.random.RandomState, seed,  # é\n        )"),
        ("(np.random.default_rng())", "(WorkerRng(np.random.default_rng))"),
        ("np.random.default_rng(1) if seed else random.Random()",
         "WorkerRng(np.random.default_rng, 1) if seed else WorkerRng(random.Random)"),
    ],
)  # fmt: skip
def test_calls(before: str, after: str) -> None:
    assert repaired(IMPORTS + data(before)) == IMPORTS + HOLDER + data(after)


@pytest.mark.parametrize(
    "body",
    [
        "\n\nRNG = {}\n\n\nclass Noise(Dataset):\n    def __getitem__(self, index):\n        return RNG.random()\n",
        "\n\nclass Noise(Dataset):\n    rng = {}\n\n"
        "    def __getitem__(self, index):\n        return self.rng.random()\n",
        "\n\ndef draw(rng={}):\n    return rng.random()\n\n\n"
        "class Noise(Dataset):\n    def __getitem__(self, index):\n        return draw()\n",
        data("seed") + "\n\nloader = DataLoader(Noise({}), num_workers=2)\n",
        "\n\ndef make():\n    return {}\n" + data("make()"),
        "\n\nclass Jitter:\n    def __init__(self, rng=None):\n        self.rng = {} if rng is None else rng\n\n"
        "    def __call__(self):\n        return self.rng.random()\n" + data("Jitter()", "self.rng()"),
        data("seed or {}"),
    ],
)
def test_places(body: str) -> None:
    before, after = "np.random.default_rng(3)", "WorkerRng(np.random.default_rng, 3)"
    assert repaired(IMPORTS + body.replace("{}", before)) == IMPORTS + HOLDER + body.replace("{}", after)


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        # The standard library's imports come first, in a section of their own.
        (
            "import numpy as np\nimport torch\nfrom torch.utils.data import Dataset\n",
            "import random\n\nimport numpy as np\nimport torch\nfrom torch.utils.data import Dataset\n",
            {},
        ),
        (
            '"""Noise."""\n\nfrom __future__ import annotations\n\nimport math\nimport sys\nfrom os import path\n\n'
            "import numpy as np\nimport torch\nfrom torch.utils.data import Dataset\n",
            '"""Noise."""\n\nfrom __future__ import annotations\n\nimport math\nimport random\nimport sys\n'
            "from os import path\n\nimport numpy as np\nimport torch\nfrom torch.utils.data import Dataset\n",
            {},
        ),
        (
            "import os\n\nimport numpy as np\nfrom torch.utils.data import Dataset\n",
            "import os\nimport random\n\nimport numpy as np\nimport torch\nfrom torch.utils.data import Dataset\n",
            {},
        ),
        (
            "from os import path\n\nimport numpy as np\nfrom torch.utils.data import Dataset, get_worker_info\n",
            "import random\nfrom os import path\n\nimport numpy as np\n"
            "from torch.utils.data import Dataset, get_worker_info\n",
            {"torch.utils.data.get_worker_info": "get_worker_info"},
        ),
        (
            "import numpy as np\nimport torch as th\nfrom numpy import random\nDataset = th.utils.data.Dataset\n",
            "import random as _random\n\nimport numpy as np\nimport torch as th\nfrom numpy import random\n"
            "Dataset = th.utils.data.Dataset\n",
            {"torch.utils": "th.utils", "random.Random": "_random.Random"},
        ),
        (
            "import numpy as np\nfrom random import Random\nfrom torch.utils import data\nDataset = data.Dataset\n",
            "import numpy as np\nfrom random import Random\nfrom torch.utils import data\nDataset = data.Dataset\n",
            {"torch.utils.data.get": "data.get", "random.Random": "Random"},
        ),
    ],
)
def test_imports(before: str, after: str, names: dict[str, str]) -> None:
    holder = HOLDER
    for name, spelled in names.items():
        holder = holder.replace(name, spelled)
    # What stands behind the imports stays behind the class.
    imports, assigned, rest = after.partition("Dataset =")
    behind = f"\n\n{assigned}{rest}" if assigned else ""
    assert repaired(before + data()) == imports + holder + behind + data("WorkerRng(np.random.default_rng)")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (data("torch.Generator()", "torch.rand(3, generator=self.rng)"), "`generator=` takes a torch.Generator only; "),
        (data("np.random.Generator(np.random.PCG64(3))"), "the RNG object on line 10 is not made by default_rng, "),
        (data("np.random.RandomState(np.random.MT19937(3))"), "the RNG object on line 10 is made from another one"),
        (data("np.random.default_rng(*[seed])"), "the RNG object on line 10 is made from more than a seed"),
        (data("np.random.default_rng(**{'seed': seed})"), "the RNG object on line 10 is made from more than a seed"),
        (data("np.random.default_rng().random", "self.rng()"), "the parent keeps a method of the RNG object in Noise"),
        (data("partial(np.random.default_rng().normal, size=3)", "self.rng()").replace(
            "\n\nclass", "\nfrom functools import partial\n\n\nclass", 1), "the parent hands on a method "),
        (data("np.random.default_rng().spawn(2)[0]"), r"what `.*spawn\(...\)` does on line 10 would not last"),
        (data("np.random.RandomState()\n        self.rng.seed(seed)", "self.rng.rand()"), "what `self.rng.seed"),
        (data("np.random.default_rng()", "norm.rvs(random_state=self.rng)").replace(
            "\n\nclass", "\nfrom scipy.stats import norm\n\n\nclass", 1), r"`norm.rvs\(...\)` is given the RNG object"),
        (data("np.random.default_rng()\n        match self.rng:\n            case np.random.Generator():\n"
              "                self.new = True"), "it is not seen what becomes of the RNG object"),
        (data("np.random.default_rng()\n        match self.rng:\n            case np.random.Generator() as made:\n"
              "                self.new = made is None"), "it is not seen what becomes of the RNG object"),
        (data("np.random.default_rng()\n        assert isinstance(self.rng, np.random.Generator)"),
         r"`isinstance\(...\)` is given the RNG object itself on line 11"),
        (data("np.random.default_rng()", "unseen(self.rng) + self.rng.random()").replace(
            "\n\nclass", "\nfrom other import unseen\n\n\nclass", 1), r"`unseen\(...\)` is given the RNG"),
        (data("np.random.default_rng()\n        self.options = {'random_state': self.rng}",
              "norm.rvs(**self.options) + self.rng.random()").replace(
            "\n\nclass", "\nfrom scipy.stats import norm\n\n\nclass", 1), r"`norm.rvs\(...\)` is given the RNG object"),
        (data("np.random.default_rng()\n        self.rng.bit_generator.state = seed"), "the parent sets the state of "),
        (data("np.random.default_rng()\n        self.rng.note = 1"), "an attribute of the RNG object is set in Noise"),
        (data("make()").replace("\n\nclass", "\n\n\nmake = np.random.default_rng\n\n\nclass", 1),
         "the RNG object on line 14 is not made by a call of default_rng, RandomState or random.Random"),
        (data().replace("self.rng = ", "self.rng: np.random.Generator = "),
         "the annotation on line 10 asks for the RNG object itself"),
    ],
)  # fmt: skip
def test_reasons(text: str, why: str) -> None:
    assert re.match(why, reason(IMPORTS + text))


STREAM = """

class Stream(IterableDataset):
    def __init__(self):
        self.rng = random.Random(0)

    def __iter__(self):
        order = list(range(8))
        {shuffle}
        info = torch.utils.data.get_worker_info()
        for index in order[info.id :: info.num_workers]:
            yield index + self.rng.random()
"""


def test_workers_that_share_out_a_shuffled_stream_have_to_draw_alike() -> None:
    imports = IMPORTS.replace("Dataset", "IterableDataset")
    found = findings(imports + STREAM.format(shuffle="self.rng.shuffle(order)"))
    assert [finding.fixable for finding in found] == [False, False]
    assert all(finding.obstacle.startswith("workers may have to draw alike where `__iter__`") for finding in found)
    assert repaired(imports + STREAM.format(shuffle="order.reverse()"))


def test_an_object_that_is_made_in_another_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sources.py").write_text("import numpy as np\n\n\ndef make():\n    return np.random.default_rng()\n")
    path = tmp_path / "data.py"
    path.write_text(IMPORTS + "from sources import make\n" + data("make()"))
    before = path.read_text()
    assert main(["fix", "--isolated", "--select", "RNG111", str(path)]) == 1
    out = capsys.readouterr().out
    assert f"[not repaired: the RNG object is made in another file, at {tmp_path / 'sources.py'}:5]" in out
    assert path.read_text() == before


def test_a_finding_that_does_not_fit_the_text() -> None:
    found = findings(IMPORTS + data())
    text = IMPORTS + "\n" + data()
    result = repair(text, found)
    assert result.text == text
    assert [why for _, why in result.declined] == [
        "there is no call where the finding says; the file has changed since"
    ]


def test_one_class_serves_all_objects() -> None:
    after = repaired(IMPORTS + data() + data("random.Random(1)").replace("Noise", "More"))
    assert after.count("class WorkerRng:") == 1
    again = repaired(after + data("np.random.default_rng(2)").replace("Noise", "Third"))
    assert again == after + data("WorkerRng(np.random.default_rng, 2)").replace("Noise", "Third")


def test_a_class_of_another_kind_is_not_taken_for_it() -> None:
    other = "\n\nclass WorkerRng:\n    def __init__(self, make):\n        self.rng = make()\n"
    after = repaired(IMPORTS + other + data())
    wanted = HOLDER.replace("WorkerRng", "WorkerOwnRng") + other + data("WorkerOwnRng(np.random.default_rng)")
    assert after == IMPORTS + wanted


def test_a_class_that_stands_too_far_down_is_not_used() -> None:
    used = "\n\nclass Early(Dataset):\n    rng = np.random.default_rng()\n\n    def __getitem__(self, i):\n"
    used += "        return self.rng.random()\n"
    after = repaired(IMPORTS + used + HOLDER)
    assert after.index("class WorkerOwnRng") < after.index("WorkerOwnRng(np.random.default_rng)")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_newlines_indentation_and_a_byte_order_mark_stay(newline: str, start: str) -> None:
    def written(text: str) -> str:
        return start + text.replace("    ", "\t").replace("\n", newline)

    after = written(IMPORTS + HOLDER + data("WorkerRng(np.random.default_rng)"))
    assert repaired(written(IMPORTS + data())) == after


def test_only_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "data.py"
    path.write_text(IMPORTS + data())
    assert main(["fix", "--isolated", str(path)]) == 0
    assert capsys.readouterr().out == "Nothing to repair.\n"
    for option in (["--select", "RNG111"], ["--unsafe-fixes"]):
        path.write_text(IMPORTS + data())
        assert main(["fix", "--isolated", *option, str(path)]) == 0
        assert f"{path}: repaired 1 x RNG111" in capsys.readouterr().out
        assert "WorkerRng(np.random.default_rng)" in path.read_text()
        assert main(["fix", "--isolated", *option, str(path)]) == 0
        assert capsys.readouterr().out == "Nothing to repair.\n"


def test_beside_a_loader_that_gets_a_seeder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loader = "\n\nloader = DataLoader(Noise(), num_workers=2)\n"
    path = tmp_path / "data.py"
    path.write_text(
        IMPORTS.removeprefix("import random\n\n") + data(drawn="self.rng.random() + np.random.rand()") + loader
    )
    options = ["--isolated", "--torch-version", "any"]
    assert main(["fix", *options, "--unsafe-fixes", "--ignore", "RNG101", str(path)]) == 0
    assert "repaired 1 x RNG111, 1 x RNG201" in capsys.readouterr().out
    text = path.read_text()
    assert text.count("import random\n") == text.count("class WorkerRng:") == text.count("def seed_worker(") == 1
    assert main(["check", *options, "--ignore", "RNG101", str(path)]) == 0


@pytest.fixture
def holder(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class that a repair adds, and as `info` the worker that it finds itself in, None for the parent."""
    torch = ModuleType("torch")
    torch.info = None  # type: ignore[attr-defined]
    torch.utils = SimpleNamespace(data=SimpleNamespace(get_worker_info=lambda: torch.info))  # type: ignore[attr-defined]
    module = ModuleType("holder_of_test")
    vars(module).update(torch=torch, random=random)
    exec(HOLDER, vars(module))
    monkeypatch.setitem(sys.modules, "holder_of_test", module)
    return SimpleNamespace(make=vars(module)["WorkerRng"], torch=torch)


def enter(holder: Any, seed: int) -> None:
    """What a forked worker is: it has its parent's objects, and a seed."""
    holder.torch.info = SimpleNamespace(seed=seed)
    holder.make._unseeded = 0


def test_in_the_parent_a_holder_is_what_it_holds(holder: Any) -> None:
    held, plain = holder.make(random.Random, 5), random.Random(5)
    assert [held.random() for _ in range(3)] == [plain.random() for _ in range(3)]
    assert held.getstate() == plain.getstate()
    assert held() is held()
    with pytest.raises(AttributeError, match="'Random' object has no attribute 'integers'"):
        held.integers(3)


def in_worker(holder: Any, seed: int, made: list[Any]) -> list[float]:
    """What a worker draws from its copies of objects that the parent made."""
    holder.torch.info = None
    copied = copy.deepcopy(made)
    enter(holder, seed)
    return [each.random() for each in copied]


def test_in_workers_objects_without_a_seed_are_all_different(holder: Any) -> None:
    made = [holder.make(random.Random) for _ in range(3)]
    made[0].random()
    first = in_worker(holder, 1, made)
    assert in_worker(holder, 1, made) == first
    assert len({*first, *in_worker(holder, 2, made), *in_worker(holder, 3, made)}) == 9


def test_in_workers_objects_of_one_seed_draw_alike_as_they_did(holder: Any) -> None:
    made = [holder.make(random.Random, seed) for seed in (5, 5, 6, "5", 1)] + [holder.make(random.Random)]
    first = in_worker(holder, 1, made)
    assert first[0] == first[1]
    assert len(set(first)) == 5
    assert in_worker(holder, 1, made) == first
    assert len({*first, *in_worker(holder, 2, made)}) == 10


def test_a_worker_that_lives_on_goes_on(holder: Any) -> None:
    held = holder.make(random.Random, 5)
    enter(holder, 1)
    assert held() is held()
    assert len({held.random() for _ in range(10)}) == 10


def test_what_the_parent_did_is_not_seen_in_workers(holder: Any) -> None:
    one, other = holder.make(random.Random, 5), holder.make(random.Random, 5)
    one.random()
    one.seed(3)
    enter(holder, 1)
    assert one.random() == other.random()


def test_copies_are_copies_and_no_workers_own(holder: Any) -> None:
    held = holder.make(random.Random)
    held.random()
    copies = [pickle.loads(pickle.dumps(held)), copy.deepcopy(held)]
    assert held.random() == copies[0].random() == copies[1].random()
    enter(holder, 1)
    assert len({each.random() for each in (held, *copies)}) == 3
