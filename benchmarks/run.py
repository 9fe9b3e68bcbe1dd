"""Time reseed and its peers on a pinned corpus: see README.md beside this file."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PACKAGES = (
    "espnet==202511",
    "kornia==0.9.0",
    "monai==1.6.1",
    "nemo-toolkit==3.0.0",
    "pytorch-lightning==2.6.6",
    "speechbrain==1.1.2",
    "timm==1.0.31",
    "torchvision==0.28.0",
    "transformers==5.23.0",
    "ultralytics==8.4.190",
)
GROWTH = (100, 1_000, 5_000, 20_000)
RESULTS = Path(__file__).parent / "results"
PYTHON = sys.executable


@dataclass(frozen=True)
class Tool:
    """A command to time. `needs` is what must be installed; `prepare` is run before each timing, and not timed."""

    name: str
    command: Sequence[str]
    needs: str
    prepare: Sequence[str] = ()


@dataclass(frozen=True)
class Timing:
    """One run: seconds of wall and processor time, and the peak of memory in MiB of the largest process."""

    wall: float
    cpu: float
    memory: float


def tools(rule: Path) -> tuple[Tool, ...]:
    """Every tool, in the order in which a round runs them."""
    reseed = (PYTHON, "-m", "reseed", "check", "--isolated", "--torch-version", "any", "--exit-zero", "--quiet", ".")
    ruff = ("ruff", "check", "--isolated", "--quiet", "--exit-zero", "--select", "NPY002", ".")
    options = ("--isolated", "--exit-zero", "--quiet", "--quiet", ".")
    flake8 = (PYTHON, "-c", FLAKE8, "reseed", *options)
    removed = (PYTHON, "-c", "import shutil, os; shutil.rmtree(os.environ['RESEED_CACHE_DIR'], ignore_errors=True)")
    return (
        Tool("reseed, cold", (*reseed, "--no-cache"), "reseed"),
        Tool("reseed, warm", reseed, "reseed", reseed),
        Tool("reseed, one file edited", reseed, "reseed", (PYTHON, "-c", EDIT, *reseed)),
        Tool("ruff NPY002, cold", (*ruff, "--no-cache"), "ruff"),
        Tool("ruff NPY002, warm", ruff, "ruff", ruff),
        Tool("flake8 without the plugin", (PYTHON, "-c", FLAKE8, "", *options), "flake8"),
        Tool("flake8 with the plugin, cold", flake8, "flake8", removed),
        Tool("flake8 with the plugin, warm", flake8, "flake8", flake8),
        Tool("TorchFix", ("torchfix", "--select=ALL", "."), "torchfix"),
        Tool("Semgrep", ("semgrep", "scan", *SEMGREP, f"--config={rule}", "."), "semgrep"),
        Tool("flake8-async", ("sh", "-c", FLAKE8_ASYNC), "flake8_async"),
        Tool("pylint with dslinter", (PYTHON, "-m", "pylint", *DSLINTER, "."), "dslinter"),
    )


EDIT = """
import pathlib, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
files = [file for file in sorted(pathlib.Path().rglob("*.py")) if b"Dataset)" in file.read_bytes()]
edited = sum(file.read_bytes().endswith(b"# edited") for file in files)
with open(files[(edited + 1) * len(files) // 7 % len(files)], "ab") as file:
    file.write(b"\\n# edited")
"""
"""A run, and then a line more in one of the files that may define a dataset, each time another one."""
FLAKE8_ASYNC = "find . -name '*.py' -print0 | xargs -0 flake8-async --enable=ASYNC100"
"""One rule of a linter on LibCST, by its own command, which would ask git for the files."""
DSLINTER = (
    "--load-plugins=dslinter",
    "--disable=all",
    "--enable=randomness-control-numpy,randomness-control-pytorch",
    "--recursive=y",
    "--exit-zero",
)


FLAKE8 = """
import importlib.metadata, sys
wanted = {"flake8", *sys.argv.pop(1).split()}
found = importlib.metadata.distributions
def plugin(distribution):
    return any(each.group == "flake8.extension" for each in distribution.entry_points)
importlib.metadata.distributions = lambda **names: (
    each for each in found(**names) if each.name in wanted or not plugin(each)
)
from flake8.main.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""flake8 with no plugins but those named by the first argument, as far as it can tell."""

SEMGREP = ("--metrics=off", "--disable-version-check", "--quiet")
"""Where there is no network, Semgrep would wait for an answer far longer than it works."""
SEMGREP_RULE = """
rules:
  - id: numpy-in-dataset
    languages: [python]
    severity: WARNING
    message: draws from NumPy's global state
    patterns:
      - pattern-inside: "def __getitem__(...): ..."
      - pattern: np.random.$DRAW(...)
"""


def download(corpus: Path, packages: Iterable[str]) -> Path:
    """Give the folder with the unpacked wheels, downloaded where they are not there yet."""
    tree = corpus / "tree"
    for requirement in packages:
        done = corpus / f"{requirement}.done"
        if done.exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", "3.11", "--dest"]
            subprocess.run([PYTHON, "-m", "pip", "download", *options, folder, requirement], check=True)
            for wheel in Path(folder).glob("*.whl"):
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(tree)
        done.touch()
    return tree


def subset(tree: Path, packages: Iterable[str], target: Path) -> None:
    """Copy the Python files of some packages: a run sees nothing of what earlier ones left."""
    names = {requirement.partition("==")[0].replace("-", "_") for requirement in packages}
    for file in python_files(tree):
        top = file.relative_to(tree).parts[0]
        if any(top.startswith(name.removesuffix("_toolkit")) for name in names) or len(names) == len(PACKAGES):
            place = target / file.relative_to(tree)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)


def python_files(tree: Path) -> list[Path]:
    """Every Python file below `tree`, in order."""
    return sorted(file for file in tree.rglob("*.py") if file.is_file())


def timed(command: Sequence[str], folder: Path, environment: dict[str, str]) -> Timing:
    """Run a command in a folder, its output thrown away."""
    begin = time.perf_counter()
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=nowhere, stderr=nowhere)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0  # it has been waited for
    return Timing(time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def installed(tool: Tool) -> bool:
    """Whether a tool can be run here."""
    if tool.command[0] not in (PYTHON, "sh"):
        return shutil.which(tool.command[0]) is not None
    return subprocess.run([PYTHON, "-c", f"import {tool.needs}"], capture_output=True).returncode == 0


def measure(chosen: Sequence[Tool], folder: Path, rounds: int) -> dict[str, list[Timing]]:
    """Run every tool `rounds` times, interleaved."""
    timings: dict[str, list[Timing]] = {tool.name: [] for tool in chosen}
    with tempfile.TemporaryDirectory() as caches:
        environment = {**os.environ, "RESEED_CACHE_DIR": f"{caches}/reseed", "RUFF_CACHE_DIR": f"{caches}/ruff"}
        for number in range(rounds):
            for tool in chosen:
                if tool.prepare:
                    timed(tool.prepare, folder, environment)
                timings[tool.name].append(timed(tool.command, folder, environment))
                print(f"round {number + 1}: {tool.name}: {timings[tool.name][-1].wall:.2f} s", file=sys.stderr)
    return timings


def medians(timings: Sequence[Timing]) -> Timing:
    """The median of each figure by itself."""
    return Timing(*(statistics.median(getattr(each, name) for each in timings) for name in ("wall", "cpu", "memory")))


def table(found: dict[str, Timing], files: int, missing: Sequence[str]) -> str:
    """The medians as a Markdown table, with ratios to `ruff --no-cache` where that was run."""
    base = found.get("ruff NPY002, cold")
    rows = [f"{files} files, {platform.python_version()}, {os.cpu_count()} processors, {time.strftime('%Y-%m-%d')}", ""]
    rows += ["| tool | wall, s | CPU, s | peak, MiB | wall / ruff, cold |", "|---|---|---|---|---|"]
    for name, each in found.items():
        ratio = f"{each.wall / base.wall:.2f}" if base else ""
        rows.append(f"| {name} | {each.wall:.2f} | {each.cpu:.2f} | {each.memory:.0f} | {ratio} |")
    if missing:
        rows += ["", f"Not installed: {', '.join(missing)}."]
    return "\n".join(rows) + "\n"


def draw(found: dict[str, Timing], path: Path) -> None:
    """The medians of wall time as bars."""
    try:
        from matplotlib import pyplot
    except ImportError:
        return
    figure, axes = pyplot.subplots(figsize=(7, 0.5 * len(found) + 1), layout="constrained")
    axes.barh(list(found), [each.wall for each in found.values()])
    axes.set(xscale="log", xlabel="wall time, seconds (median)")
    axes.invert_yaxis()
    figure.savefig(path)


def growth(tree: Path, chosen: Sequence[Tool], rounds: int) -> str:
    """How the time of each tool grows with the number of files, as a table."""
    files = python_files(tree)
    rows = ["| tool | " + " | ".join(f"{size:,} files" for size in GROWTH) + " |", "|---" * (len(GROWTH) + 1) + "|"]
    found: dict[str, list[str]] = {tool.name: [] for tool in chosen}
    for size in GROWTH:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(size):  # what there is too little of is there several times, as projects of their own
                file = files[number % len(files)]
                copy = Path(folder) / f"copy{number // len(files)}"
                place = copy / file.relative_to(tree)
                place.parent.mkdir(parents=True, exist_ok=True)
                (copy / "pyproject.toml").touch()
                shutil.copyfile(file, place)
            for name, timings in measure(chosen, Path(folder), rounds).items():
                found[name].append(f"{medians(timings).wall:.2f}")
    return "\n".join([*rows, *(f"| {name} | {' | '.join(cells)} |" for name, cells in found.items())]) + "\n"


def main() -> None:
    """Measure, and write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "reseed-benchmark-corpus")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--tools", action="append", default=[])
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--name", default="results")
    arguments = parser.parse_args()
    packages = [each for each in PACKAGES if not arguments.only or each.partition("==")[0] in arguments.only]
    tree = download(arguments.corpus, packages)
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        rule = Path(folder) / "rule.yaml"
        rule.write_text(SEMGREP_RULE)
        wanted = [tool for tool in tools(rule) if not arguments.tools or tool.name in arguments.tools]
        chosen = [tool for tool in wanted if installed(tool)]
        if arguments.growth:
            text = growth(tree, chosen, arguments.rounds)
            (arguments.output / f"{arguments.name}-growth.md").write_text(text)
            print(text)
            return
        place = Path(folder) / "corpus"
        subset(tree, packages, place)
        timings = measure(chosen, place, arguments.rounds)
        found = {name: medians(each) for name, each in timings.items()}
        missing = sorted({tool.needs for tool in wanted} - {tool.needs for tool in chosen})
        text = table(found, len(python_files(place)), missing)
    (arguments.output / f"{arguments.name}.md").write_text(text)
    every = {name: [asdict(each) for each in runs] for name, runs in timings.items()}
    (arguments.output / f"{arguments.name}.json").write_text(json.dumps(every, indent=2) + "\n")
    draw(found, arguments.output / f"{arguments.name}.svg")
    print(text)


if __name__ == "__main__":
    main()
