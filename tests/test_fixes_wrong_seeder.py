"""Repairs of wrong seeders, and of loaders whose workers share a library's random numbers, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from reseed.check import codes_for
from reseed.fixes import repair
from reseed.fixing import FileRepair, codes_to_repair, repair_source
from reseed.rules.finding import Finding, LoaderPlace, Span
from reseed.settings import Settings
from reseed.source import SourceFile

HEAD = "import random\nfrom functools import partial\n\nimport numpy as np\nimport torch\n"
HEAD += "from torch.utils.data import DataLoader, Dataset\n\n\n"
NOISE = (
    "class Noise(Dataset):\n    def __len__(self):\n        return 8\n\n"
    "    def __getitem__(self, index):\n        return {}\n\n\n"
)
NUMPY = "np.random.rand(3)"
ALL = "np.random.rand(3), random.random(), torch.rand(1)"
SEEDED = "    np.random.seed(torch.initial_seed() % 2**32)\n"


def file(path: str, text: str) -> SourceFile:
    return SourceFile(path, text, "utf-8", False, text.encode())


def fixed(text: str, unsafe: bool = True) -> FileRepair:
    """The repair of a module that is analysed as `reseed fix` does it; a second repair must change nothing."""
    settings = Settings(torch_version="any")
    codes = codes_to_repair(settings, (), unsafe)
    assert "RNG213" in codes_for(settings)()
    source = file("x.py", text)
    result = repair_source(source, settings, codes)
    assert not result.problems
    again = repair_source(file("x.py", result.after.decode()), settings, codes)
    assert again.after == result.after
    return result


def seeder_after(seeder: str, drawn: str = NUMPY, given: str = "seed_worker") -> str:
    """What becomes of the functions in front of a loader, which is given `given`. All else has to stay."""
    head = HEAD + NOISE.format(drawn)
    loader = f"\n\nloader = DataLoader(Noise(), num_workers=2, worker_init_fn={given})\n"
    result = fixed(head + seeder + loader)
    assert result.applied and not result.remaining
    after = result.after.decode()
    assert after.startswith(head)
    assert after.endswith(loader)
    return after[len(head) : -len(loader)]


def declined(seeder: str, given: str = "seed_worker", drawn: str = NUMPY, unsafe: bool = True) -> str:
    """Why nothing is repaired."""
    text = f"{HEAD}{NOISE.format(drawn)}{seeder}\n\n"
    text += f"loader = DataLoader(Noise(), num_workers=2, worker_init_fn={given})\n"
    result = fixed(text, unsafe)
    assert not result.applied and not result.changed
    ((_, reason),) = result.remaining
    return reason


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("np.random.seed(42)", "np.random.seed(torch.initial_seed() % 2**32)"),
        ("np.random.seed(42 + worker_id)  # é", "np.random.seed(torch.initial_seed() % 2**32)  # é"),
        ("np.random.seed(seed=worker_id,)", "np.random.seed(seed=torch.initial_seed() % 2**32,)"),
        ("np.random.seed(\n        worker_id\n    )", "np.random.seed(\n        torch.initial_seed() % 2**32\n    )"),
        (
            "np.random.seed(np.random.get_state()[1][0] + worker_id)",
            "np.random.seed(torch.initial_seed() % 2**32)",
        ),
        # Too large: what is right in it stays.
        ("np.random.seed(torch.initial_seed())", "np.random.seed(torch.initial_seed() % 2**32)"),
        (
            "np.random.seed(torch.initial_seed() + worker_id)",
            "np.random.seed((torch.initial_seed() + worker_id) % 2**32)",
        ),
        (
            "seed = torch.initial_seed()\n    np.random.seed(seed)\n    random.seed(seed)",
            "seed = torch.initial_seed()\n    np.random.seed(seed % 2**32)\n    random.seed(seed)",
        ),
        ("np.random.seed(torch.seed())", "np.random.seed(torch.initial_seed() % 2**32)"),
        # A local name that serves to seed and to be shown.
        (
            "seed = 42 + worker_id\n    print(seed)\n    np.random.seed(seed)",
            "seed = torch.initial_seed() % 2**32\n    print(seed)\n    np.random.seed(seed)",
        ),
        # One that serves for more.
        (
            "seed = 42 + worker_id\n    names[seed] = worker_id\n    np.random.seed(seed)",
            "seed = 42 + worker_id\n    names[seed] = worker_id\n    np.random.seed(torch.initial_seed() % 2**32)",
        ),
        # Torch has another seed by then.
        (
            "torch.manual_seed(worker_id)\n    np.random.seed(worker_id)",
            "torch.manual_seed(worker_id)\n    np.random.seed(torch.utils.data.get_worker_info().seed % 2**32)",
        ),
        (
            "import torch as t\n    np.random.seed(3)",
            "import torch as t\n    np.random.seed(t.initial_seed() % 2**32)",
        ),
        (
            "if worker_id is not None:\n        np.random.seed(worker_id)",
            "if worker_id is not None:\n        np.random.seed(torch.initial_seed() % 2**32)",
        ),
        # Nothing is seeded that is drawn from.
        ("pass", "pass\n" + SEEDED.rstrip("\n")),
        ('"""Nothing."""', '"""Nothing."""\n' + SEEDED.rstrip("\n")),
        ("print(1)\n    return None  # end", "print(1)\n" + SEEDED + "    return None  # end"),
        (
            "if worker_id == 7:\n        return\n    print(1)",
            SEEDED.lstrip() + "    if worker_id == 7:\n        return\n    print(1)",
        ),
        ("torch.manual_seed(3)", SEEDED.lstrip() + "    torch.manual_seed(3)"),
    ],
)
def test_body(before: str, after: str) -> None:
    head = "names = {}\n\n\ndef seed_worker(worker_id):\n    "
    assert seeder_after(head + before) == head + after
    method = "class Seeds:\n    def seed_worker(self, worker_id):\n        "

    def indented(text: str) -> str:
        return method + text.replace("\n    ", "\n        ")

    before, after = indented(before), indented(after)
    names = "names = {}\n\n\n"
    assert seeder_after(names + before, given="Seeds().seed_worker") == names + after


def test_all_states() -> None:
    head = "def seed_worker(worker_id):\n"
    before = "    torch.manual_seed(7)  # torch\n    random.seed(7)  # random\n    np.random.seed(7)\n"
    after = "    random.seed(torch.initial_seed())  # random\n    np.random.seed(torch.initial_seed() % 2**32)\n"
    assert seeder_after(head + before, ALL) == head + after
    assert seeder_after(head + "    torch.manual_seed(7)", "torch.rand(1)") == head + "    pass"
    assert seeder_after(head + "    a = 1; torch.manual_seed(7)", "torch.rand(1)") == head + "    a = 1; pass"


@pytest.mark.parametrize("call", ["seed_all(worker_id)", "seed_all(seed=42)", "seed_all(3 + worker_id, quiet=True)"])
def test_function_that_seeds_everything_is_given_another_seed(call: str) -> None:
    helper = "def seed_all(seed, quiet=False):\n    random.seed(seed)\n    np.random.seed(seed)\n\n\n"
    before = f"{helper}def seed_worker(worker_id):\n    {call}"
    seed = "torch.initial_seed() % 2**32"
    after = before.replace(
        call,
        {"seed_all(worker_id)": f"seed_all({seed})", "seed_all(seed=42)": f"seed_all(seed={seed})"}.get(
            call, f"seed_all({seed}, quiet=True)"
        ),
    )
    assert seeder_after(before, ALL) == after


@pytest.mark.parametrize(
    ("seeder", "given"),
    [
        ("", "np.random.seed"),
        ("", "lambda i: np.random.seed(i)"),
        ("", "lambda i: (np.random.seed(i), random.seed(i))"),
        ("def seed_all(seed):\n    random.seed(seed)\n    np.random.seed(seed)\n", "seed_all"),
        ("def init(i):\n    np.random.seed(i)\n\n\ninit(0)\n", "init"),
        ("def init(i):\n    np.random.seed(i)\n\n\nrun(0, target=init)\n", "init"),
        ("def init(i, seed):\n    np.random.seed(i + seed)\n", "init"),
        ("def init(seed):\n    np.random.seed(seed)\n", "partial(init, seed=3)"),
        ("", "torch.initial_seed"),
    ],
)
def test_loader_is_given_another_seeder(seeder: str, given: str) -> None:
    loader = "\n\nloader = DataLoader(Noise(), num_workers=2, worker_init_fn={})\n"
    rest = NOISE.format(NUMPY) + seeder
    after = fixed(HEAD + rest + loader.format(given)).after.decode()
    function = FUNCTION.replace("seeds of its own", "its own NumPy seed") + SEEDED
    assert after == HEAD + function + "\n\n" + rest + loader.format("seed_worker")


@pytest.mark.parametrize(
    ("seeder", "given", "why"),
    [
        (
            "def f(i):\n    if debug:\n        np.random.seed(3)",
            "f",
            "the seed is set under a condition, and may be meant",
        ),
        (
            "def f(i):\n    for _ in 'ab':\n        np.random.seed(3)",
            "f",
            "the seed is set under a condition, and may be meant",
        ),
        (
            "def f(i):\n    np.random.seed(3)",
            "f if debug else None",
            "the seeder is given under a condition, and its seed may be meant",
        ),
        (
            "def f(seed):\n    open(path)\n    np.random.seed(seed)",
            "f",
            "f may serve others than the loader, and does more than seed",
        ),
        (
            "def f(i):\n    open(path)\n    np.random.seed(i)\n\n\nf(0)",
            "f",
            "f may serve others than the loader, and does more than seed",
        ),
        ("", "lambda i: [np.random.seed(i), print(i)]", "the seeder is a lambda that does more than seed"),
        (
            "def seed_all(seed=3):\n    np.random.seed(seed)\n\n\ndef f(i):\n    print(i)\n    seed_all()",
            "f",
            "`seed_all()` is not given its seed by f",
        ),
        ("def f(i, j):\n    print(np.random.seed(i))", "f", "it is not known what the parameters of f should be"),
        ("def f():\n    print(1)\n    np.random.seed(3)", "f", "the seeds in f are wrong as well"),
        ("", "random.seed", "what the seeder seeds now, wrongly, would be lost: see RNG213"),
        ("", "lambda i: random.seed(i)", "what the seeder seeds now, wrongly, would be lost: see RNG212 and RNG213"),
    ],
)
def test_declined(seeder: str, given: str, why: str) -> None:
    assert declined(seeder, given) == why


def test_constants_are_left_unless_asked_for() -> None:
    text = f"{HEAD}{NOISE.format(NUMPY)}def f(i):\n    np.random.seed(3)\n\n\n"
    text += "loader = DataLoader(Noise(), num_workers=2, worker_init_fn=f)\n"
    result = fixed(text, unsafe=False)
    assert (result.changed, result.applied, result.remaining) == (False, [], [])


def test_seeder_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "seeding.py").write_text(f"{HEAD}def f(i):\n    np.random.seed(i)\n")
    text = f"from seeding import f\n{HEAD}{NOISE.format(NUMPY)}"
    text += "loader = DataLoader(Noise(), num_workers=2, worker_init_fn=f)\n"
    path = str(tmp_path / "train.py")
    settings = Settings(torch_version="any")
    Path(path).write_text(text)
    result = repair_source(file(path, text), settings, codes_to_repair(settings, (), True))
    assert [(found.fixable, why) for found, why in result.remaining] == [
        (False, f"the seeder stands in another file: {tmp_path / 'seeding.py'}:{HEAD.count(chr(10)) + 1}")
    ]
    assert not result.changed


def test_two_loaders_share_a_seeder() -> None:
    text = f"{HEAD}{NOISE.format(NUMPY)}def f(i):\n    np.random.seed({{}})\n\n\n"
    text += "".join(f"{name} = DataLoader(Noise(), num_workers=2, worker_init_fn=f)\n" for name in "ab")
    result = fixed(text.replace("{}", "3"))
    assert result.after.decode() == text.replace("{}", "torch.initial_seed() % 2**32")
    assert len(result.applied) == 2


def test_import_is_added() -> None:
    head = HEAD.replace("import torch\n", "")
    rest = NOISE.format(NUMPY) + "def f(i):\n    np.random.seed({})\n\n\n"
    rest += "loader = DataLoader(Noise(), num_workers=2, worker_init_fn=f)\n"
    after = fixed((head + rest).replace("{}", "3")).after.decode()
    assert after == (HEAD + rest).replace("{}", "torch.initial_seed() % 2**32")
    shadowed = "def f(torch):\n    np.random.seed(torch)\n\n\n"
    text = HEAD + NOISE.format(NUMPY) + shadowed + "loader = DataLoader(Noise(), num_workers=2, worker_init_fn=f)\n"
    after = fixed(text).after.decode()
    assert "import torch\nimport torch as _torch\n" in after
    assert "    np.random.seed(_torch.initial_seed() % 2**32)\n" in after


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_newlines_and_end_of_file(newline: str) -> None:
    text = f"{HEAD}{NOISE.format(NUMPY)}loader = lambda: DataLoader(Noise(), num_workers=2, worker_init_fn=f)\n\n\n"
    text += "def f(i):\n    print(i)"
    result = fixed(text.replace("\n", newline))
    assert result.after.decode() == (text + "\n" + SEEDED.rstrip("\n")).replace("\n", newline)


def library(name: str, draw: str, rest: str) -> str:
    return f"import {name}\n{HEAD}{NOISE.format(draw)}{rest}"


CV2 = "cv2.randn(np.zeros((2, 3)), 0, 1)"
CV2_SEEDED = "    cv2.setRNGSeed(torch.initial_seed() % 2**31)\n"
FUNCTION = 'def seed_worker(worker_id):\n    """Give a DataLoader worker seeds of its own, taken from PyTorch\'s."""\n'


@pytest.mark.parametrize("start", ["", "MyLoader", "iter"])
def test_library_is_seeded(start: str) -> None:
    made = {"": "DataLoader(", "MyLoader": "MyLoader(", "iter": "DataLoader("}[start]
    rest = "class MyLoader(DataLoader):\n    pass\n\n\n" + "".join(
        f"{name} = [1, {made}Noise(), num_workers=2{{}})]\n" for name in "abcdefg"
    )
    before = library("cv2", CV2, rest.replace("{}", ""))
    result = fixed(before)
    assert not result.remaining
    given = rest.replace("{}", ", worker_init_fn=seed_worker")
    after = library("cv2", CV2, given).replace("class Noise", f"{FUNCTION}{CV2_SEEDED}\n\nclass Noise")
    assert result.after.decode() == after
    assert fixed(before, unsafe=False).after == result.after


def test_library_beside_numpy() -> None:
    rest = "loader = DataLoader(Noise(), num_workers=2)\n"
    after = fixed(library("cv2", f"{CV2} + {NUMPY}", rest)).after.decode()
    assert f"{FUNCTION}{SEEDED}{CV2_SEEDED}\n\nclass" in after
    assert after.endswith("loader = DataLoader(Noise(), num_workers=2, worker_init_fn=seed_worker)\n")


def test_library_in_a_seeder_that_is_there() -> None:
    rest = f"def init(worker_id):\n{SEEDED}{{}}\n\nloader = DataLoader(Noise(), num_workers=2, worker_init_fn=init)\n"
    after = fixed(library("cv2", CV2, rest.replace("{}", ""))).after.decode()
    assert after == library("cv2", CV2, rest.replace("{}", CV2_SEEDED))
    # It is what other loaders are given then.
    rest += "other = DataLoader(Noise(), num_workers=2{})\n"
    before = library("cv2", CV2, rest.replace("{}", CV2_SEEDED, 1).replace("{}", ""))
    after = library("cv2", CV2, rest.replace("{}", CV2_SEEDED, 1).replace("{}", ", worker_init_fn=init"))
    assert fixed(before).after.decode() == after


def test_imgaug_is_imported_by_its_own_name() -> None:
    rest = "augment = iaa.Fliplr(0.5)\nloader = DataLoader(Noise(), num_workers=2)\n"
    text = library("imgaug.augmenters as iaa", "augment(image=None)", rest)
    after = fixed(text).after.decode()
    assert "import imgaug\n" in after
    assert f"{FUNCTION}    imgaug.seed(torch.initial_seed() % 2**31)\n" in after


def test_wrong_seed_of_a_library() -> None:
    rest = "def init(worker_id):\n    seed = 3\n    cv2.setRNGSeed(seed)\n    np.random.seed(seed)\n\n\n"
    rest += "loader = DataLoader(Noise(), num_workers=2, worker_init_fn=init)\n"
    after = fixed(library("cv2", CV2, rest)).after.decode()
    assert after == library("cv2", CV2, rest.replace("seed = 3", "seed = torch.initial_seed() % 2**31"))


@pytest.mark.parametrize(
    ("state", "loader", "why"),
    [
        ("faker", LoaderPlace("x.py", 1, 1), "there is no repair for the random numbers of faker"),
        ("cv2", None, "no loader is seen that could be given a seeder"),
        ("cv2", LoaderPlace("y.py", 4, 1), "its loader stands in another file: y.py:4"),
        ("cv2", LoaderPlace("x.py", 1, 2), "there is no call on line 1 where the loader was"),
        ("cv2", LoaderPlace("x.py", 9, 1), "there is no call on line 9 where the loader was"),
    ],
)
def test_library_out_of_reach(state: str, loader: LoaderPlace | None, why: str) -> None:
    finding = Finding("x.py", Span(1, 1, 1, 5), "RNG112", "n", "m", state, "any", loader=loader, fixable=True)
    result = repair("f(1)\n", [finding])
    assert (result.text, result.declined) == ("f(1)\n", ((finding, why),))


@pytest.mark.parametrize("code", ["RNG212", "RNG213", "RNG214", "RNG215", "RNG218"])
@pytest.mark.parametrize(
    "call", ["f()", "DataLoader(a, worker_init_fn=None)", "DataLoader(a, **b)", "DataLoader(a, worker_init_fn=b)"]
)
def test_text_that_does_not_fit(code: str, call: str) -> None:
    finding = Finding("x.py", Span(1, 1, 1, len(call) + 1), code, "n", "m", "numpy-global", "any", fixable=True)
    result = repair(call + "\n", [finding])
    assert (result.text, result.applied, len(result.declined)) == (call + "\n", (), 1)
