"""What the project says of itself is true: documents, dependencies, layers, rules' pages."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import reseed
from reseed.check import check_text
from reseed.cli import main
from reseed.rules.base import Rule, all_rules
from reseed.settings import SettingsError, load_settings
from reseed.source.toml import load

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "reseed"
LAYERS = ("knowledge", "source", "facts", "program", "seeds", "rules", "fixes", "report", "witness")
SECTIONS = ["What it does", "Why is this bad", "Example", "Use instead", "Fix safety", "References"]

rules = pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    match = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match, f"no section {heading!r}"
    return match[1].strip()


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


# Documents


def test_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## \[(.*?)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert [heading for heading in headings if heading != "Unreleased"][0] == reseed.__version__


def test_changelog_names_every_code() -> None:
    assert {rule.code for rule in all_rules()} == set(re.findall(r"RNG\d{3}", read("CHANGELOG.md")))


def test_readme_has_the_table_of_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--output-format", "markdown"]) == 0
    table = capsys.readouterr().out
    found = re.search(r"<!-- rules: .*? -->\n(.*?)<!-- end of rules -->", read("README.md"), re.DOTALL)
    assert found and found[1] == table


def test_readme_has_one_line_to_run_and_one_to_test() -> None:
    run, test = blocks(section(read("README.md"), "From a fresh clone"), "sh")
    assert run.count("\n") == test.count("\n") == 1
    assert "reseed check fixtures" in run
    assert read(".ci/run").endswith(f"\n{test}")


def test_rows_in_the_readme_are_those_of_a_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = [text for text in blocks(read("README.md"), "console") if "flake8" in text]
    command, *rows = example.splitlines()
    main(["check", "--torch-version", "any", "--output-format", "concise", command.split()[-1]])
    assert capsys.readouterr().out.splitlines() == rows


def test_finding_in_the_readme_is_that_of_a_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = blocks(read("README.md"), "text")
    main(["check", "--torch-version", "any", "--color", "never", "fixtures/systems/face_landmarks.py"])
    assert capsys.readouterr().out.startswith(example)


def test_json_in_the_readme_is_that_of_a_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = blocks(read("README.md"), "json")
    options = ["--torch-version", "any", "--select", "RNG101", "--output-format", "json"]
    main(["check", *options, "fixtures/systems/random_dataset.py"])
    assert json.loads(capsys.readouterr().out) == json.loads(example)


def test_settings_in_the_readme_are_all_settings(tmp_path: Path) -> None:
    (example,) = blocks(read("README.md"), "toml")
    (tmp_path / "pyproject.toml").write_text(example, encoding="utf-8")
    load_settings([str(tmp_path)])  # raises for what is no setting
    (tmp_path / "pyproject.toml").write_text("[tool.reseed]\nno-such-key = 1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="known keys are") as error:
        load_settings([str(tmp_path)])
    known = str(error.value).partition("known keys are ")[2].split(", ")
    assert sorted(load(example)["tool"]["reseed"]) == sorted(known)


def test_seeder_in_the_readme_is_the_one_that_a_repair_adds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = [text for text in blocks(section(read("README.md"), "Use"), "python") if "seed_worker" in text]
    path = tmp_path / "data.py"
    path.write_text(PRELUDE + "loader = DataLoader(dataset, num_workers=4)\n", encoding="utf-8")
    assert main(["fix", str(path)]) == 0
    assert example in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))])
def test_links_between_documents_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", read(name))
    assert [link for link in links if not ((ROOT / name).parent / link).exists()] == []


def test_no_path_of_somebodys_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True
    )
    if listed.returncode:
        pytest.skip("not a git repository")
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    assert "README.md" in names
    machine = re.compile(rb"(?<![\w.~/-])/(?:home|root|Users|work)/|[A-Z]:\\\\?Users\\")
    assert [name for name in names if machine.search((ROOT / name).read_bytes())] == []


# Rules

# Around an example stand the imports and the dataset that readers know from the other pages.
PRELUDE = """\
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class Crops(Dataset):
    def __getitem__(self, index):
        return np.random.rand()


def set_seed(seed):
    np.random.seed(seed)


dataset = Crops()
"""
SEED_WORKER = """\
def seed_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)


"""


def program(block: str) -> str:
    """A program in which the code of a rule's page stands where its author means it to stand."""
    lines = block.splitlines()
    if lines[0].startswith("def __getitem__"):
        block = "class Example(Dataset):\n" + "".join(f"    {line}\n" for line in lines)
    elif not re.search(r"^(class|def) |DataLoader", block, re.MULTILINE):
        body = "".join(f"        {line}\n" for line in lines)
        block = f"class Example(Dataset):\n    def __getitem__(self, index):\n{body}        return rng\n"
    return PRELUDE + ("" if "def seed_worker" in block else SEED_WORKER) + block


def found(rule: Rule, text: str) -> list[str]:
    """The lines on which a rule finds something, without those of the prelude."""
    lines = text.splitlines()
    numbers = {finding.span.line for finding in check_text("example.py", text) if finding.code == rule.code}
    return [lines[number - 1].strip() for number in sorted(numbers) if number > PRELUDE.count("\n")]


@rules
def test_page_has_all_sections(rule: Rule) -> None:
    assert re.findall(r"^## (.*)", rule.documentation, re.MULTILINE) == SECTIONS
    assert all(section(rule.documentation, heading) for heading in SECTIONS)


@rules
def test_page_and_rule_agree_on_the_repair(rule: Rule) -> None:
    page = section(rule.documentation, "Fix safety")
    assert ("on request" in page) == (rule.fixable == "on request")
    assert page.startswith("Safe") == (rule.fixable == "yes")


@rules
def test_example_is_found(rule: Rule) -> None:
    (example,) = blocks(section(rule.documentation, "Example"), "python")
    marked = [line.strip() for line in example.splitlines() if re.search(rf"#.*\b{rule.code}\b", line)]
    assert marked
    assert found(rule, program(example)) == marked


@rules
def test_what_to_use_instead_is_not_found(rule: Rule) -> None:
    (instead,) = blocks(section(rule.documentation, "Use instead"), "python")
    assert found(rule, program(instead)) == []


# Layers and dependencies


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it, those of reseed down to the module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "reseed")


def layer(module: str) -> int:
    """The place in `LAYERS`, after which come the faces. The package itself is above all: it holds the version."""
    parts = module.split(".")
    if len(parts) == 1 or parts[1] == "__version__":
        return -1
    return LAYERS.index(parts[1]) if parts[1] in LAYERS else len(LAYERS)


def test_layers_import_only_from_above() -> None:
    upward = []
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(("reseed", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
        for name in imported(path):
            if name.split(".")[0] == "reseed" and layer(name) > layer(module):
                upward.append(f"{module} imports {name}")
    assert upward == []


def test_every_folder_is_a_layer() -> None:
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(LAYERS)
    assert re.findall(r"^\| `(\w+)/`", read("docs/architecture.md"), re.MULTILINE) == list(LAYERS)


def declared() -> set[str]:
    project = load(read("pyproject.toml"))["project"]
    return {Requirement(text).name for text in project["dependencies"]}


def test_imports_and_dependencies_are_the_same() -> None:
    packages = {name.split(".")[0] for path in SOURCE.rglob("*.py") for name in imported(path)}
    # tomllib came with Python 3.11.
    extras = load(read("pyproject.toml"))["project"]["optional-dependencies"]
    extra = {Requirement(text).name for text in extras["witness"]}
    assert packages - set(sys.stdlib_module_names) - {"reseed", "tomllib"} == declared() | extra
    running = {SOURCE / "witnessing.py", *(SOURCE / "witness").rglob("*.py")}
    others = {name.split(".")[0] for path in set(SOURCE.rglob("*.py")) - running for name in imported(path)}
    assert not others & extra, "only the witness may need what the extra installs"


def test_the_witness_stands_apart() -> None:
    for path in SOURCE.rglob("*.py"):
        inside = path.is_relative_to(SOURCE / "witness")
        names = {name for name in imported(path) if name.startswith("reseed.")}
        apart = {name for name in names if name.startswith("reseed.witness.") or name == "reseed.witness"}
        assert names == apart if inside else not apart or path.name == "witnessing.py", path


def test_every_dependency_has_its_reason() -> None:
    reasons = re.findall(r"^- `(\w+)`: \w+", section(read("docs/architecture.md"), "Dependencies"), re.MULTILINE)
    assert sorted(reasons) == sorted(declared())
