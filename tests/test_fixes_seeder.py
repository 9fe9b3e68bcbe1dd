"""Which seeder a repair uses, how a new one is spelled, and where it and its imports go."""

from __future__ import annotations

import re

import pytest
from test_fixes import HEAD, SEEDER, reason, repaired

FUNCTION = SEEDER.strip("\n") + "\n"
LOADER = "loader = «DataLoader(ds)»\n"
GIVEN = "loader = DataLoader(ds, worker_init_fn=seed_worker)\n"


def function(numpy_seed: str, initial_seed: str, name: str = "seed_worker") -> str:
    text = FUNCTION.replace("np.random.seed", numpy_seed).replace("torch.initial_seed", initial_seed)
    return text.replace("seed_worker", name)


@pytest.mark.parametrize(
    ("imports", "numpy_seed", "initial_seed"),
    [
        ("import numpy\nimport torch.utils.data\n", "numpy.random.seed", "torch.initial_seed"),
        ("import numpy as xp, torch as th\n", "xp.random.seed", "th.initial_seed"),
        ("import numpy.random as npr\nimport torch\n", "npr.seed", "torch.initial_seed"),
        ("import numpy.random\nimport torch\n", "numpy.random.seed", "torch.initial_seed"),
        ("from numpy import random\nimport torch\n", "random.seed", "torch.initial_seed"),
        ("from numpy.random import seed\nfrom torch import initial_seed as s\n", "seed", "s"),
        ("from numpy.random import seed\nimport numpy as np\nimport torch\n", "np.random.seed", "torch.initial_seed"),
        ("import numpy as np\nimport numpy as np\nimport torch\n", "np.random.seed", "torch.initial_seed"),
        (
            "import torch\ntry:\n    import numpy as np\nexcept ImportError:\n    np = None\n",
            "np.random.seed",
            "torch.initial_seed",
        ),
    ],
)
def test_names_that_are_bound(imports: str, numpy_seed: str, initial_seed: str) -> None:
    result = repaired(f"{imports}\n\n{LOADER}")
    assert result.text == f"{imports}\n\n{function(numpy_seed, initial_seed)}\n\n{GIVEN}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Nothing bound.
        (
            "from torch.utils.data import DataLoader\n",
            "import numpy as np\nimport torch\nfrom torch.utils.data import DataLoader\n",
        ),
        # `nn` is not torch; sorted among the imports of the section of torch.
        (
            "import os\n\nimport cv2\nimport torch.nn as nn\n"
            "from torch.utils.data import DataLoader\n\nfrom .a import b\n",
            "import os\n\nimport cv2\nimport numpy as np\nimport torch\nimport torch.nn as nn\n"
            "from torch.utils.data import DataLoader\n\nfrom .a import b\n",
        ),
        (
            "import numpy as np  # arrays\nfrom torch.utils.data import (\n    DataLoader,\n)\n",
            "import numpy as np  # arrays\nimport torch\nfrom torch.utils.data import (\n    DataLoader,\n)\n",
        ),
        (
            '"""Doc."""\nfrom __future__ import annotations\nfrom torch.utils.data import DataLoader\nimport zlib\n',
            '"""Doc."""\nfrom __future__ import annotations\nfrom torch.utils.data import DataLoader\n'
            "import zlib\nimport numpy as np\nimport torch\n",
        ),
        (
            '"""Doc."""\nfrom __future__ import annotations\n',
            '"""Doc."""\nfrom __future__ import annotations\n\nimport numpy as np\nimport torch\n',
        ),
        ('"""Doc."""\n', '"""Doc."""\n\nimport numpy as np\nimport torch\n'),
        (
            "#!/usr/bin/env python\n# coding: utf-8\n# Licence.\n",
            "#!/usr/bin/env python\n# coding: utf-8\n# Licence.\n\nimport numpy as np\nimport torch\n",
        ),
        ("", "import numpy as np\nimport torch\n"),
        # Imports that are not there when the loader runs.
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy as np\n    import torch\n",
            "import numpy as np\nimport torch\nfrom typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    import numpy as np\n    import torch\n",
        ),
        # In a project of its own only.
        (
            "import sys\nfrom .loaders import *\n",
            "import sys\nimport numpy as np\nimport torch\nfrom .loaders import *\n",
        ),
    ],
)
def test_imports_that_are_added(before: str, after: str) -> None:
    result = repaired(f"{before}\n{LOADER}")
    assert result.text == f"{after}\n\n{FUNCTION}\n\n{GIVEN}"


@pytest.mark.parametrize(
    ("before", "rest", "after", "numpy_seed", "initial_seed"),
    [
        (
            "import torch\nfrom mine import np\n",
            "",
            "import numpy\nimport torch\nfrom mine import np\n",
            "numpy",
            "torch",
        ),
        (
            "import numpy as np\nimport torch\n",
            "np = wrapped(np)\n",
            "import numpy as np\nimport numpy\nimport torch\n",
            "numpy",
            "torch",
        ),
        (
            "import numpy as np\nimport torch\n",
            "def f():\n    global np\n    np = 1\n",
            "import numpy as np\nimport numpy\nimport torch\n",
            "numpy",
            "torch",
        ),
        (
            "import numpy as np\nimport torch\n",
            "def f():\n    np = 1\n",
            "import numpy as np\nimport torch\n",
            "np",
            "torch",
        ),
        (
            "import torch\nif fast:\n    import cupy as np\nelse:\n    import numpy as np\n",
            "",
            "import numpy\nimport torch\nif fast:\n    import cupy as np\nelse:\n    import numpy as np\n",
            "numpy",
            "torch",
        ),
        (
            "import torch\ntry:\n    import cupy as np\nexcept ImportError:\n    import numpy as np\n",
            "",
            "import numpy\nimport torch\ntry:\n    import cupy as np\nexcept ImportError:\n    import numpy as np\n",
            "numpy",
            "torch",
        ),
        (
            "import numpy as np\nfrom mine import torch\n",
            "",
            "import numpy as np\nimport torch as _torch\nfrom mine import torch\n",
            "np",
            "_torch",
        ),
    ],
)
def test_names_that_mean_something_else(before: str, rest: str, after: str, numpy_seed: str, initial_seed: str) -> None:
    result = repaired(f"{before}{rest}{LOADER}")
    added = function(f"{numpy_seed}.random.seed", f"{initial_seed}.initial_seed")
    assert result.text == f"{after}\n\n{added}\n\n{rest}{GIVEN}"


@pytest.mark.parametrize(
    "taken",
    [
        "from utils import seed_worker\n",
        "def seed_worker(worker_id):\n    np.random.seed(worker_id)\n",
        "def make(ds, seed_worker=None): ...\n",
        "seed_worker = None\n",
        "class A:\n    def seed_worker(self): ...\n",
        "def f():\n    return seed_worker\n",
        "def f():\n    global seed_worker\n",
        "try: pass\nexcept OSError as seed_worker: pass\n",
    ],
)
def test_name_that_is_taken(taken: str) -> None:
    result = repaired(HEAD + "def unrelated(): pass\n" + taken + LOADER)
    assert "def seed_loader_worker(worker_id):\n" in result.text
    assert result.text.endswith(taken + "loader = DataLoader(ds, worker_init_fn=seed_loader_worker)\n")


def test_all_names_taken() -> None:
    names = "seed_worker = seed_loader_worker = seed_numpy_in_worker = reseed_worker = 1\n"
    assert reason(HEAD + names + LOADER).startswith("every name for a new seeder is taken: seed_worker, ")
    assert (
        reason("import np, numpy as numpy, _numpy\nnumpy = 1\n" + LOADER)
        == "every name for numpy means something else in this module"
    )


@pytest.mark.parametrize(
    "body",
    [
        "np.random.seed(torch.initial_seed() % 2**32)",
        '"""Doc."""\n    worker_seed = torch.initial_seed() % 2**32\n'
        "    np.random.seed(worker_seed)\n    random.seed(worker_seed)",
        "np.random.seed((torch.initial_seed() + worker_id) % 2 ** 32)",
        "np.random.seed(torch.initial_seed() % (2**32 - 1) + worker_id)",
        "np.random.seed(torch.initial_seed() % np.iinfo(np.int32).max)",
        "np.random.seed(torch.initial_seed() & 0xffffffff)",
        "np.random.seed(int(torch.initial_seed()) % (1 << 32))",
        "info = torch.utils.data.get_worker_info()\n    np.random.seed(info.seed % 2**32)",
        "np.random.seed(torch.utils.data.get_worker_info().seed % 4294967296)",
        "np.random.seed(np.random.SeedSequence([torch.initial_seed(), worker_id]).generate_state(4))",
        "np.random.seed(np.random.SeedSequence(torch.initial_seed()).generate_state(1)[0])",
        "import numpy\n    numpy.random.seed(torch.initial_seed() % 2**32)",
        "seed = torch.initial_seed()\n    torch.manual_seed(seed)\n    np.random.seed(seed % 2**32)",
    ],
)
def test_seeder_that_is_right_is_used(body: str) -> None:
    head = f"import random\n{HEAD}def init(worker_id):\n    {body}\n\n"
    assert repaired(head + LOADER).text == head + "loader = DataLoader(ds, worker_init_fn=init)\n"


@pytest.mark.parametrize(
    "definition",
    [
        "def init(worker_id):\n    np.random.seed(worker_id)\n",
        "def init(worker_id):\n    np.random.seed(torch.initial_seed())\n",
        "def init(worker_id):\n    np.random.seed(torch.initial_seed() % 1000)\n",
        "def init(worker_id):\n    np.random.seed(torch.initial_seed() % 2**33)\n",
        "def init(worker_id):\n    np.random.seed((torch.initial_seed() - worker_id) % 2**32)\n",
        "def init(worker_id):\n    np.random.seed(np.random.get_state()[1][0] + worker_id)\n",
        "def init(worker_id):\n    random.seed(torch.initial_seed() % 2**32)\n",
        "def init(worker_id):\n    np.random.seed(torch.initial_seed() % 2**32)\n    random.seed(42)\n",
        "def init(worker_id):\n    np.random.seed(torch.initial_seed() % 2**32)\n    set_seed(42)\n",
        "def init(worker_id):\n"
        "    np.random.seed(np.random.SeedSequence([torch.initial_seed(), f()]).generate_state(4))\n",
        "def init(worker_id):\n    np.random.seed(np.random.SeedSequence(worker_id).generate_state(4))\n",
        "def init(worker_id):\n    np.random.seed(torch.initial_seed() % 2**32 + torch.initial_seed() % 2**32)\n",
        "def init(worker_id):\n    np.random.seed(torch.initial_seed() // 2**32 % 2**32)\n",
        "def init(worker_id):\n    np.random.seed(torch.initial_seed() % (2**33 // 2))\n",
        "def init(worker_id):\n    a, b = torch.initial_seed(), 1\n    np.random.seed(a % 2**32)\n",
        "def init(worker_id):\n    np.random.seed()\n    torch.initial_seed()\n",
        "def init(worker_id):\n    if worker_id:\n        np.random.seed(torch.initial_seed() % 2**32)\n",
        "def init(worker_id):\n    np = torch\n    np.random.seed(torch.initial_seed() % 2**32)\n",
        "def init(torch):\n    np.random.seed(torch.initial_seed() % 2**32)\n",
        "def init(worker_id, seed):\n    np.random.seed(torch.initial_seed() % 2**32)\n",
        "def init():\n    np.random.seed(torch.initial_seed() % 2**32)\n",
        "def init(worker_id, *, seed):\n    np.random.seed(torch.initial_seed() % 2**32)\n",
        "async def init(worker_id):\n    np.random.seed(torch.initial_seed() % 2**32)\n",
        "@wrapped\ndef init(worker_id):\n    np.random.seed(torch.initial_seed() % 2**32)\n",
        "def init(worker_id):\n    np.random.seed(torch.initial_seed() % 2**32)\ninit = other\n",
        "if x:\n    def init(worker_id):\n        np.random.seed(torch.initial_seed() % 2**32)\n",
        "class A:\n    def init(worker_id):\n        np.random.seed(torch.initial_seed() % 2**32)\n",
        "init = lambda worker_id: np.random.seed(torch.initial_seed() % 2**32)\n",
        "from utils import worker_init_fn as init\n",
    ],
)
def test_seeder_that_is_not_known_to_be_right_is_not_used(definition: str) -> None:
    result = repaired(f"import random\n{HEAD}def unrelated(): pass\n{definition}{LOADER}")
    assert result.text.endswith(definition + GIVEN)
    assert result.text.count("def seed_worker(worker_id):") == 1


RIGHT = "def init(worker_id, rank=0):\n    np.random.seed(torch.initial_seed() % 2**32)\n"


def test_seeder_that_is_out_of_sight_is_not_used() -> None:
    """A parameter of the same name hides it from one loader, not from the other."""
    body = "def a(ds, init=None):\n    return «DataLoader(ds)»\ndef b(ds):\n    return «DataLoader(ds)»\n"
    result = repaired(HEAD + RIGHT + body)
    assert "def a(ds, init=None):\n    return DataLoader(ds, worker_init_fn=seed_worker)\n" in result.text
    assert "def b(ds):\n    return DataLoader(ds, worker_init_fn=init)\n" in result.text


@pytest.mark.parametrize(
    ("before", "name"),
    [
        ("class A:\n    init = 1\n    def make(self):\n        return «DataLoader(ds)»\n", "init"),
        ("class A:\n    init = 1\n    loader = «DataLoader(ds)»\n", "seed_worker"),
        ("loaders = [«DataLoader(ds)» for init in inits]\n", "seed_worker"),
        ("make = lambda init: «DataLoader(ds)»\n", "seed_worker"),
        ("def make():\n    from utils import init\n    return «DataLoader(ds)»\n", "seed_worker"),
        ("def make():\n    def inner():\n        return «DataLoader(ds)»\n    init = 1\n", "seed_worker"),
        ("def make():\n    with x as (y, init): return «DataLoader(ds)»\n", "seed_worker"),
        ("def make():\n    match x:\n        case [*init]: return «DataLoader(ds)»\n", "seed_worker"),
        ("def make():\n    def other():\n        init = 1\n    return «DataLoader(ds)»\n", "init"),
    ],
)
def test_scopes(before: str, name: str) -> None:
    result = repaired(HEAD + RIGHT + before)
    assert result.text.endswith(re.sub("«(.*)[)]»", rf"\1, worker_init_fn={name})", before))


def test_seeder_defined_too_late_for_a_loader_of_the_module() -> None:
    result = repaired(HEAD + LOADER + RIGHT)
    assert result.text == HEAD + SEEDER + GIVEN + RIGHT
    result = repaired(HEAD + "def make(ds):\n    return «DataLoader(ds)»\n" + RIGHT)
    assert result.text == HEAD + "def make(ds):\n    return DataLoader(ds, worker_init_fn=init)\n" + RIGHT


def test_import_too_late_for_a_loader_of_the_module() -> None:
    head = "import torch\nfrom torch.utils.data import DataLoader\n"
    result = repaired(head + LOADER + "import numpy as np\n")
    assert result.text == "import numpy as np\n" + head + SEEDER + GIVEN + "import numpy as np\n"
    body = "def make(ds):\n    return DataLoader(ds{})\nimport numpy as np\n"
    result = repaired(head + body.format("").replace("DataLoader(ds)", "«DataLoader(ds)»"))
    assert result.text == head + SEEDER + body.format(", worker_init_fn=seed_worker")


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        # Imports go on behind settings of paths and the like.
        ("import sys\nsys.path.append('..')\nimport os; os.environ['A'] = 'b'\n" + HEAD, "x = 1\n" + LOADER),
        (HEAD + "try:\n    import cv2\nexcept ImportError:\n    cv2 = None\n", LOADER),
        (HEAD + "if 1:\n    import cv2\nelse:\n    import PIL\n", LOADER),
        # But not behind definitions, loops and loaders.
        (HEAD, "def f(): pass\nimport late\n" + LOADER),
        (HEAD, "for a in b: pass\nimport late\n" + LOADER),
        (HEAD, LOADER + "import late\n"),
        (HEAD, "if __name__ == '__main__':\n    import late\n    " + LOADER),
        (HEAD, "import late; " + LOADER),
        (HEAD, "try:\n    import late\n    " + LOADER + "finally:\n    pass\n"),
        (HEAD, "@decorated\nclass A: pass\n" + LOADER),
        (HEAD, "# about x\nx = 1\n" + LOADER),
    ],
)
def test_place_of_the_function(head: str, rest: str) -> None:
    result = repaired(head + rest)
    assert result.text == head + SEEDER + rest.replace(LOADER, GIVEN)


@pytest.mark.parametrize("blank", [0, 1, 2, 3])
def test_blank_lines_around_the_function(blank: int) -> None:
    gap = "\n" * blank
    result = repaired(f"{HEAD}{gap}{LOADER}")
    assert result.text == f"{HEAD}\n\n{FUNCTION}{max(gap, chr(10) * 2)}{GIVEN}"


def test_loader_on_the_line_of_the_docstring() -> None:
    assert reason('"""Doc."""; ' + LOADER) == "what needs it shares its line with the module's first statements"


def test_imports_stay_in_front_of_a_function_of_their_own() -> None:
    """A module without any import, whose first definition has a comment."""
    text = "# about f\ndef f():\n    from torch.utils.data import DataLoader\n    return «DataLoader(ds)»\n"
    assert repaired(text).text == (
        f"import numpy as np\nimport torch\n\n\n{FUNCTION}\n\n# about f\ndef f():\n"
        "    from torch.utils.data import DataLoader\n    return DataLoader(ds, worker_init_fn=seed_worker)\n"
    )
