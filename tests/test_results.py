"""What an earlier run found is used for as long as what it rests on is as it was, and no longer."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reseed import check as checking
from reseed import parallel, runs
from reseed.runs import check_paths
from reseed.settings import Settings
from reseed.source.graph import Graphs
from reseed.source.importers import Importers

LOADER = """
    from torch.utils.data import DataLoader
    from data.faces import FaceDataset
    loader = DataLoader(FaceDataset(), num_workers=2)
"""
SEEDED = """
    import numpy as np
    from torch.utils.data import DataLoader, get_worker_info
    from data.faces import FaceDataset
    def init(worker_id):
        np.random.seed(get_worker_info().seed % 2**32)
    loader = DataLoader(FaceDataset(), num_workers=2, worker_init_fn=init)
"""
HELPED = """
    from torch.utils.data import DataLoader
    from data.faces import FaceDataset
    from seeding import init
    loader = DataLoader(FaceDataset(), num_workers=2, worker_init_fn=init)
"""
REGISTERED = """
    import extra
    from registry import build
    from torch.utils.data import DataLoader
    loader = DataLoader(build("Noisy"), num_workers=2)
"""
# For each file what it may hold, None for no such file.
VARIANTS: dict[str, list[str | None]] = {
    "data/base.py": [
        "from torch.utils.data import Dataset\nclass Base(Dataset):\n    pass\n",
        "class Base:\n    pass\n",
        "import numpy as np\nclass Base:\n    def __len__(self):\n        return 3\n"
        "    def crop(self):\n        return np.random.rand()\n",
    ],
    "data/noise.py": [
        "import numpy as np\ndef shift():\n    return np.random.rand()\n",
        "def shift():\n    return 3\n",
        "import numpy as np\nrng = np.random.default_rng(0)\ndef shift():\n    return rng.random()\n",
        None,
    ],
    "data/faces.py": [
        """
        from data.base import Base
        from data.noise import shift
        class FaceDataset(Base):
            def __getitem__(self, index):
                return shift()
        """,
        """
        from data.base import Base
        class FaceDataset(Base):
            def __init__(self, transform=None):
                self.transform = transform
            def __getitem__(self, index):
                return self.transform(self.crop())
        """,
    ],
    "noise.py": [None, "def shift():\n    return 3\n"],
    "seeding.py": [
        "import random\ndef init(worker_id):\n    random.seed(worker_id)\n",
        "import numpy as np\nimport torch\ndef init(worker_id):\n    np.random.seed(torch.initial_seed() % 2**32)\n",
        None,
    ],
    "train.py": [LOADER, SEEDED, HELPED, "print('no loader')\n", None],
    "other.py": [None, LOADER, SEEDED],
    "data/__init__.py": [None, "", "from data.noise import shift\n"],
    "seeding/__init__.py": [
        None,
        "import numpy as np\nimport torch\ndef init(worker_id):\n    np.random.seed(torch.initial_seed() % 2**32)\n",
    ],
    "src/extra.py": [None, "x = 1\n"],
    "numpy.py": [None, "x = 1\n"],
    ".git/HEAD": [None, ""],
    "registry.py": [
        "SETS = {}\ndef register(cls):\n    SETS[cls.__name__] = cls\n    return cls\ndef build(name):\n"
        "    return SETS[name]()\n"
    ],
    "extra.py": [
        "class Extra:\n    pass\n",
        """
        from registry import register
        from data.faces import FaceDataset
        @register
        class Noisy(FaceDataset):
            pass
        """,
    ],
    "registered.py": [REGISTERED],
    "registered_too.py": [REGISTERED],
    "loading.py": [
        "def auto_dataloader(dataset, num_workers):\n    return dataset\n",
        "from ignite.distributed import auto_dataloader\n",
    ],
    "lit.py": ["from loading import auto_dataloader\nloader = auto_dataloader(unseen, num_workers=4)\n"],
    "names.py": ["x = 3\n", "from data.faces import FaceDataset\ndef make():\n    return FaceDataset()\n"],
    "starred.py": [
        """
        from names import *
        from torch.utils.data import DataLoader
        loader = DataLoader(make(), num_workers=2)
        """
    ],
    "requirements.txt": [None, "torch>=1.8\n", "torch\nmonai<0.2\n"],
}
FIRST = {name: variants[0] for name, variants in VARIANTS.items()}


def write(name: str, text: str | None) -> None:
    if text is None:
        Path(name).unlink(missing_ok=True)
    else:
        Path(name).parent.mkdir(exist_ok=True, parents=True)
        Path(name).write_text(textwrap.dedent(text))


@contextmanager
def project() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESEED_CACHE_DIR", str(Path(folder) / "cache"))
        (Path(folder) / "project").mkdir()
        patch.chdir(Path(folder) / "project")
        Path("README.md").touch()
        for name, text in FIRST.items():
            write(name, text)
        yield


def rows(cached: bool = True) -> list[str]:
    report = check_paths(["."], Settings(torch_version="any"), caching=cached)
    assert not report.problems
    return [f"{os.path.relpath(row.path)}:{row.span.line} {row.code}" for row in report.findings]


@contextmanager
def analysed() -> Iterator[list[str]]:
    """The files that are analysed inside, and not taken from what is kept."""
    found = []
    real = checking.check_text

    def note(path: str, *rest: object, **named: object) -> object:
        found.append(os.path.relpath(path))
        return real(path, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checking, "check_text", note)
        yield found


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(sorted(VARIANTS)).flatmap(
            lambda name: st.tuples(st.just(name), st.sampled_from(VARIANTS[name]))
        ),
        min_size=1,
        max_size=6,
    )
)
def test_after_any_edits_a_run_finds_what_one_without_a_cache_does(edits: list[tuple[str, str | None]]) -> None:
    with project():
        rows()
        for name, text in edits:
            write(name, text)
            assert rows() == rows(cached=False)


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_a_file_that_changes_comes_and_goes(name: str) -> None:
    with project():
        for text in [*VARIANTS[name], None, *VARIANTS[name]]:
            rows()
            write(name, text)
            assert rows() == rows(cached=False)


def test_only_what_rests_on_a_change_is_analysed_again() -> None:
    with project():
        write("lone.py", LOADER.replace("data.faces", "lonely"))
        write("lonely.py", "from torch.utils.data import Dataset\nclass FaceDataset(Dataset):\n    pass\n")
        before = rows()
        with analysed() as again:
            assert rows() == before
        assert again == []
        write("lonely.py", Path("lonely.py").read_text() + "# a word\n")
        with analysed() as again:
            assert rows() == before
        assert again == ["lone.py", "lonely.py"]
        write("data/noise.py", "def shift():\n    return 4\n")
        after = rows(cached=False)
        with analysed() as again:
            assert rows() == after
        assert again == ["data/faces.py", "train.py"]


def test_what_comments_suppress_is_kept_for_as_long_as_flake8_reads_them_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    with project():
        faces = Path("data/faces.py")
        faces.write_text(faces.read_text().replace("return shift()", "return shift()  # noqa: RNG101"))
        assert "data/faces.py" in analysed_with_one_suppressed()
        assert analysed_with_one_suppressed() == []
        monkeypatch.setattr("flake8.__version__", "99")
        assert analysed_with_one_suppressed() == ["data/faces.py"]


def analysed_with_one_suppressed() -> list[str]:
    with analysed() as again:
        report = check_paths(["."], Settings(torch_version="any"), caching=True)
    assert report.suppressed == 1
    assert "data/faces.py" not in {os.path.relpath(row.path) for row in report.findings}
    return again


def test_a_file_that_was_only_touched_has_nothing_analysed() -> None:
    with project():
        before = rows()
        for name in ("data/noise.py", "train.py", "data/faces.py"):
            os.utime(name, ns=(1, 1))
        with analysed() as again:
            assert rows() == before
            assert rows() == before
        assert again == []


def test_a_new_file_that_nothing_names_has_nothing_else_analysed() -> None:
    with project():
        before = rows()
        write("elsewhere/nobody.py", FIRST["data/faces.py"])
        write("elsewhere/__init__.py", "")
        with analysed() as again:
            after = rows()
        assert again == ["elsewhere/nobody.py"]
        assert after == rows(cached=False) == sorted([*before, "elsewhere/nobody.py:6 RNG101"])


@contextmanager
def asked() -> Iterator[list[str]]:
    """The files of which it is asked inside who imports them."""
    found = []
    real = Importers.of

    def note(importers: Importers, file: str, limit: int) -> list[str]:
        found.append(os.path.relpath(file))
        return real(importers, file, limit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Importers, "of", note)
        yield found


def test_who_imports_a_file_is_asked_again_only_where_that_may_have_changed() -> None:
    with project():
        write("lone/lonely.py", NOISY + textwrap.dedent(FACES).replace("from {module} import shift", ""))
        write("lone/train.py", LOADER.replace("data.faces", "lonely").replace("FaceDataset", "Faces"))
        before = rows()
        write("lone/train.py", Path("lone/train.py").read_text() + "# a word\n")
        with asked() as files:
            assert rows() == before
        assert set(files) == {"lone/lonely.py", "lone/train.py"}
        with asked() as files:
            assert rows() == before
        assert files == []
        write("train.py", Path("train.py").read_text() + "# a word\n")
        with asked() as files:
            assert rows() == before
        assert "data/faces.py" in files
        assert "lone/lonely.py" not in files


def test_of_the_graph_only_what_has_changed_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    real = Graphs._read

    def note(graphs: Graphs, file: str) -> object:
        read.append(os.path.relpath(file))
        return real(graphs, file)

    monkeypatch.setattr(Graphs, "_read", note)
    with project():
        rows()
        assert {"data/faces.py", "train.py", "seeding.py"} <= set(read)
        read.clear()
        write("train.py", SEEDED)
        rows()
        assert read == ["train.py"]


def remove_first(*arguments: object) -> Iterator[object]:
    Path("train.py").unlink()
    yield from parallel.in_order(*arguments)


def test_a_file_that_goes_while_others_are_looked_at_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with project():
        monkeypatch.setattr(runs, "in_order", remove_first)
        report = check_paths(["."], Settings(torch_version="any"))
        assert [str(problem) for problem in report.problems] == ["./train.py: error: no such file or directory"]
        assert "data/faces.py:6" in [f"{os.path.relpath(row.path)}:{row.span.line}" for row in report.findings]


def test_an_answer_about_importers_is_kept_with_what_it_rests_on_now() -> None:
    with project():
        before = rows()
        for number in range(3):
            write("other.py", f"import data.faces\nx = {number}\n")
            with asked() as files:
                assert rows() == before
            assert "data/faces.py" in files
            write("seeding.py", f"x = {number}\n")
            with asked() as files:
                assert rows() == before
            assert "data/faces.py" not in files


def test_a_new_importer_is_seen() -> None:
    with project():
        write("train.py", "print('no loader')\n")
        assert "data/faces.py:6 RNG101" in rows()
        write("train.py", SEEDED)
        assert "data/faces.py:6 RNG101" not in rows()


def test_a_base_that_becomes_a_dataset_is_seen() -> None:
    with project():
        write("train.py", None)
        write("data/base.py", "class Base:\n    pass\n")
        assert "data/faces.py:6 RNG101" not in rows()
        write("data/base.py", FIRST["data/base.py"])
        assert "data/faces.py:6 RNG101" in rows()


def test_a_file_that_begins_to_fill_a_registry_is_seen() -> None:
    with project():
        assert {"registered.py:5 RNG202", "registered_too.py:5 RNG202"} <= set(rows())
        write("extra.py", VARIANTS["extra.py"][1])
        assert {"registered.py:5 RNG201", "registered_too.py:5 RNG201"} <= set(rows())


def test_a_function_that_becomes_a_librarys_is_seen() -> None:
    with project():
        assert "lit.py:2 RNG202" not in rows()
        write("loading.py", VARIANTS["loading.py"][1])
        assert "lit.py:2 RNG202" in rows()


def test_a_name_that_a_star_begins_to_give_is_seen() -> None:
    with project():
        assert "starred.py:4 RNG202" in rows()
        write("names.py", VARIANTS["names.py"][1])
        assert "starred.py:4 RNG201" in rows()


NOISY = "import numpy as np\ndef shift():\n    return np.random.rand()\n"
QUIET = "def shift():\n    return 3\n"
FACES = """
    from torch.utils.data import Dataset
    from {module} import shift
    class Faces(Dataset):
        def __getitem__(self, index):
            return shift()
"""


def link(name: str, target: str) -> None:
    Path(name).unlink(missing_ok=True)
    Path(name).symlink_to(target)


@contextmanager
def changes(paths: tuple[str, ...] = (".",)) -> Iterator[None]:
    """What is found differs after what is done inside, and is what a run without a cache finds."""

    def found(cached: bool) -> list[tuple[str, int, str]]:
        report = check_paths(paths, Settings(torch_version="any"), caching=cached)
        return [(row.path, row.span.line, row.code) for row in report.findings]

    before = found(True)
    assert found(True) == before == found(False)
    yield
    assert found(True) == found(False) != before


def test_an_importer_that_has_a_project_of_its_own() -> None:
    with project():
        write("train.py", "")
        write("a/.git/HEAD", "")
        write("a/use.py", "from ..data.faces import FaceDataset\nprint(FaceDataset)\n")
        with changes():
            write("train.py", SEEDED)


@pytest.mark.parametrize("first", ["one", "two"])
def test_a_link_to_a_folder_of_the_project_that_is_turned(first: str) -> None:
    with project():
        write("one/faces.py", FACES.format(module="data.noise"))
        write("two/faces.py", "x = 1\n")
        link("current", first)
        with changes(("current",)):
            link("current", "two" if first == "one" else "one")


def test_an_ignore_file_that_is_moved() -> None:
    with project():
        write("train.py", None)
        write("exp/deep/train.py", SEEDED)
        write("exp/.gitignore", "/train.py\n")
        with changes():
            Path("exp/.gitignore").rename("exp/deep/.gitignore")


def test_a_broken_link_that_hides_a_module() -> None:
    with project():
        write("lib/hidden.py", NOISY)
        write("faces.py", FACES.format(module="hidden"))
        with changes():
            link("hidden.py", "nowhere")


def test_a_file_in_a_hidden_folder() -> None:
    with project():
        write(".ci/faces.py", FACES.format(module="data.noise"))
        with changes():
            write(".ci/faces.py", "x = 1\n")


def test_a_named_file_of_another_name() -> None:
    with project():
        write("script", FACES.format(module="data.noise"))
        with changes(("script",)):
            write("script", "x = 1\n")


def test_a_file_behind_two_links() -> None:
    with project():
        write("../elsewhere/helper.py", NOISY)
        write("../elsewhere/noise.py", "from helper import shift\n")
        link("helper.py", "../elsewhere/helper.py")
        link("lib", "../elsewhere")
        write("faces.py", FACES.format(module="lib.noise"))
        with changes():
            write("../elsewhere/helper.py", QUIET)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_that_leads_elsewhere(kind: str) -> None:
    with project():
        for name, text in (("one", NOISY), ("two", QUIET)):
            write(f"{name}/__init__.py", "")
            write(f"{name}/noise.py", text)
        inside, module = ("noise.py", "linked") if kind == "file" else ("", "linked.noise")
        name = "linked.py" if kind == "file" else "linked"
        link(name, f"one/{inside}".rstrip("/"))
        write("faces.py", FACES.format(module=module))
        with changes():
            link(name, f"two/{inside}".rstrip("/"))


def test_a_file_of_the_same_size_and_time() -> None:
    with project():
        write("noise.py", NOISY)
        write("faces.py", FACES.format(module="noise"))
        status = os.stat("noise.py")
        with changes():
            write("noise.py", QUIET + "#" * (len(NOISY) - len(QUIET)))
            assert os.stat("noise.py").st_size == status.st_size
            os.utime("noise.py", ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(("name", "text"), [(".git/info/exclude", "exp\n"), ("exp/pyvenv.cfg", "")])
def test_what_a_walk_leaves_out_does_not_import(name: str, text: str) -> None:
    with project():
        write("train.py", None)
        write(".git/HEAD", "")
        write("exp/train.py", SEEDED)
        with changes():
            write(name, text)


def test_whether_a_long_file_was_checked_itself_does_not_matter_to_others() -> None:
    with project():
        write("core.py", "from torch import nn\nclass Core(nn.Module):\n    pass\n" + "# a word\n" * 120_000)
        faces = FACES.format(module="data.noise").replace("(Dataset)", "(Core)")
        faces += "        def __len__(self):\n            return 3\n"
        write("faces.py", "    from core import Core" + faces)
        before = rows()
        write("faces.py", "    from core import Core" + faces + "    # a word\n")
        assert rows() == rows(cached=False) == before


def test_a_declaration_above_the_project() -> None:
    with project():
        write("../requirements.txt", "albumentations==1.1.0\n")
        write(
            "crops.py",
            """
            import albumentations as A
            from torch.utils.data import Dataset
            class Crops(Dataset):
                def __init__(self):
                    self.transform = A.Compose([A.GaussianBlur()])
                def __getitem__(self, index):
                    return self.transform(image=index)
            """,
        )
        with changes():
            write("../requirements.txt", "albumentations==2.0.0\n")


def test_a_file_that_is_edited_during_a_run_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with project():
        write("noise.py", NOISY)
        write("faces.py", FACES.format(module="noise"))
        real = checking.check_text

        def interfering(path: str, *rest: object, **named: object) -> object:
            write("noise.py", QUIET)
            try:
                return real(path, *rest, **named)
            finally:
                write("noise.py", NOISY)

        rows()
        write("faces.py", FACES.format(module="noise") + "    # a word\n")
        monkeypatch.setattr(checking, "check_text", interfering)
        assert "faces.py:6 RNG101" not in rows()
        monkeypatch.undo()
        assert "faces.py:6 RNG101" in rows()


def test_a_value_that_is_damaged_is_none_at_all() -> None:
    with project():
        before = rows()
        with sqlite3.connect(Path(os.environ["RESEED_CACHE_DIR"]) / "cache.sqlite") as connection:
            for key, value in connection.execute("SELECT key, value FROM entries").fetchall():
                damaged = value[:-3] + bytes([value[-3] ^ 1]) + value[-2:]
                connection.execute("UPDATE entries SET value = ? WHERE key = ?", (damaged, key))
        assert rows() == before


def test_a_link_to_a_file_of_another_project() -> None:
    with project():
        write("../other/thing.py", "x = 1\n")
        write("../other/README.md", "")
        link("a_link.py", "../other/thing.py")
        write("noise.py", NOISY)
        write("faces.py", FACES.format(module="noise"))
        with changes():
            write("noise.py", QUIET)
        with changes():
            write("noise/__init__.py", NOISY)


def test_another_working_directory_may_see_more() -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESEED_CACHE_DIR", str(Path(folder) / "cache"))
        patch.chdir(folder)
        write("top/pkg/__init__.py", "")
        write(
            "top/pkg/faces.py",
            """
            import numpy as np
            from other.g import Base
            class Faces(Base):
                def __getitem__(self, index):
                    return np.random.rand()
            """,
        )
        write("top/other/g.py", "from util import Helper as Base\n")
        write("top/util.py", "from torch.utils.data import Dataset\nclass Helper(Dataset):\n    pass\n")
        found = {}
        for cached in (True, False):
            for here in ("top/pkg", "top"):
                patch.chdir(Path(folder) / here)
                found[cached, here] = rows(cached)
        assert found[True, "top/pkg"] == found[False, "top/pkg"] == []
        assert found[True, "top"] == found[False, "top"] == ["pkg/faces.py:6 RNG101"]
