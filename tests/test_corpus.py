"""Pinned wheels from the package index, against rows that were written down by reading their code.

Each `corpus/NAME-VERSION.rows` holds every row that the analyser must give for that wheel, and no other.
"""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from reseed.check import Shared, check_text

ROWS = Path(__file__).parent / "corpus"
PACKAGES = ("asteroid==0.7.0", "gfpgan==1.3.8", "realesrgan==0.3.0", "taming-transformers==0.0.1", "tape-proteins==0.5")
# What pip says when no index answers. A release that is gone from one reads "(from versions: 0.1, ...)", and fails.
UNREACHABLE = re.compile(r"No module named pip|from versions: none|ConnectionError|Could not fetch URL")

Row = tuple[str, int, str]


def expected_rows(path: Path) -> set[Row]:
    """The rows of a file of `PATH:LINE CODE` lines; `#` starts a comment line."""
    rows: set[Row] = set()
    for text in path.read_text(encoding="utf-8").splitlines():
        if not text.strip() or text.startswith("#"):
            continue
        match = re.fullmatch(r"(?P<path>\S+):(?P<line>\d+) (?P<code>RNG\d{3})", text)
        assert match, f"{path.name}: not a row: {text!r}"
        rows.add((match["path"], int(match["line"]), match["code"]))
    return rows


def listing(rows: set[Row]) -> str:
    """Rows one a line, in the order of the rows files."""
    return "\n".join(f"  {path}:{line} {code}" for path, line, code in sorted(rows)) or "  none"


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the downloads of this test run."""
    return tmp_path_factory.mktemp("wheels")


def unpacked(requirement: str, wheels: Path) -> Path:
    """Download one pinned wheel and unpack it. Nothing of it is built, installed or run."""
    target = wheels / requirement.replace("==", "-")
    if (target / "tree").is_dir():
        return target / "tree"
    only_wheels = "--no-deps --only-binary :all: --ignore-requires-python"
    patience = "--disable-pip-version-check --timeout 20 --retries 1"
    download = subprocess.run(
        [sys.executable, "-m", "pip", "download", *f"{only_wheels} {patience}".split(), "--dest", target, requirement],
        capture_output=True,
        text=True,
    )
    if download.returncode:
        reason = download.stderr.strip() or download.stdout.strip()
        if UNREACHABLE.search(reason):
            pytest.skip(f"pip reaches no index with {requirement}: {reason.splitlines()[-1]}")
        pytest.fail(f"pip download {requirement}: {reason}")
    (wheel,) = target.glob("*.whl")
    tree = target / "tree"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tree)
    return tree


@pytest.mark.corpus
@pytest.mark.parametrize("requirement", PACKAGES)
def test_rows_of_a_pinned_wheel(requirement: str, wheels: Path) -> None:
    expected = expected_rows(ROWS / f"{requirement.replace('==', '-')}.rows")
    options = ["--output-format", "json", "--torch-version", "any", "--exit-zero"]
    run = subprocess.run(
        [sys.executable, "-m", "reseed", "check", *options, "."],
        cwd=unpacked(requirement, wheels),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["errors"] == []
    found = {(row["path"], row["line"], row["code"]) for row in report["findings"]}
    missing, extra = expected - found, found - expected
    assert found == expected, f"{requirement}\nmissing:\n{listing(missing)}\nextra:\n{listing(extra)}"


def test_every_rows_file_belongs_to_a_package() -> None:
    assert sorted(path.stem for path in ROWS.glob("*.rows")) == sorted(name.replace("==", "-") for name in PACKAGES)


@pytest.mark.corpus
@pytest.mark.parametrize("requirement", PACKAGES)
def test_the_screen_drops_no_finding_of_a_pinned_wheel(requirement: str, wheels: Path) -> None:
    shared = Shared()
    files = sorted(unpacked(requirement, wheels).rglob("*.py"))
    dropped = [file for file in files if not shared.screen.may_matter(str(file), file.read_bytes())]
    assert len(dropped) > len(files) / 2
    for file in dropped:
        text = file.read_text(encoding="utf-8-sig")
        assert check_text(str(file), text, project=shared.project()) == [], file
