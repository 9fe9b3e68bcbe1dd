"""The two hooks, run by the real pre-commit program in a git repository of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# All that pip needs to build the package, and pre-commit to find the hooks.
SHIPPED = ("src", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
# What pip says when no index answers. A dependency that is at fault itself reads differently, and fails.
UNREACHABLE = re.compile(r"from versions: none|NewConnectionError|Could not fetch URL")

BUGGY = """\
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class Crops(Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        return np.random.rand()


loader = DataLoader(Crops(), num_workers=4)
"""
CLEAN = BUGGY.replace("np.random.rand()", "torch.rand(()).item()")


class Repository:
    """A git repository on which git and pre-commit run without the settings of the user."""

    def __init__(self, path: Path, home: Path) -> None:
        path.mkdir()
        self.path = path
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "PRE_COMMIT_HOME": str(home),
        }
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> str:
        author = ("-c", "user.name=reseed", "-c", "user.email=reseed@example.org")
        result = self._run("git", *author, *arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def commit(self) -> str:
        """Commit everything and return the hash."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--message", "all")
        return self.git("rev-parse", "HEAD")

    def write(self, name: str, text: str) -> Path:
        """Write a file and stage it."""
        path = self.path / name
        path.write_text(text, encoding="utf-8")
        self.git("add", name)
        return path

    def pre_commit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run(sys.executable, "-m", "pre_commit", *arguments, "--color=never")

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.path, env=self._environment, capture_output=True, text=True, encoding="utf-8", timeout=600
        )


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository that has both hooks configured, their environment installed."""
    place = tmp_path_factory.mktemp("pre-commit")
    hooks = Repository(place / "reseed", place / "home")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, hooks.path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, hooks.path / name)
    revision = hooks.commit()

    repository = Repository(place / "user", place / "home")
    config = f"repos:\n- repo: {hooks.path}\n  rev: {revision}\n  hooks:\n  - id: reseed\n  - id: reseed-fix\n"
    repository.write(".pre-commit-config.yaml", config)
    installed = repository.pre_commit("install-hooks")
    if installed.returncode:
        reason = installed.stdout + installed.stderr
        if found := UNREACHABLE.search(reason):
            pytest.skip(f"pip reaches no index with what reseed needs ({found[0]})")
        pytest.fail(f"pre-commit install-hooks: {reason}")
    return repository


def test_check(user: Repository) -> None:
    user.write("data.py", BUGGY)
    result = user.pre_commit("run", "reseed", "--all-files")
    assert result.returncode == 1, result.stderr
    assert "RNG101" in result.stdout and "RNG201" in result.stdout
    assert "data.py:11:16" in result.stdout and "data.py:14:10" in result.stdout
    assert "files were modified" not in result.stdout

    user.write("data.py", CLEAN)
    result = user.pre_commit("run", "reseed", "--all-files")
    assert result.returncode == 0, result.stdout
    assert re.search(r"^reseed\.+Passed$", result.stdout, re.MULTILINE)


def test_check_reads_the_settings_of_the_project(user: Repository) -> None:
    user.write("data.py", BUGGY)
    user.write("pyproject.toml", '[tool.reseed]\nextend-exclude = ["data.py"]\n')
    result = user.pre_commit("run", "reseed", "--all-files")
    user.git("rm", "--quiet", "--force", "pyproject.toml")
    assert result.returncode == 0, result.stdout  # although pre-commit names the file


def test_fix(user: Repository) -> None:
    path = user.write("data.py", BUGGY)
    first = user.pre_commit("run", "reseed-fix", "--all-files")
    assert first.returncode == 1, first.stderr
    assert "files were modified by this hook" in first.stdout
    assert "data.py: repaired 1 x RNG201" in first.stdout
    repaired = path.read_text(encoding="utf-8")
    assert repaired.endswith("loader = DataLoader(Crops(), num_workers=4, worker_init_fn=seed_worker)\n")

    user.git("add", "data.py")
    second = user.pre_commit("run", "reseed-fix", "--all-files")
    assert second.returncode == 0, second.stdout
    assert path.read_text(encoding="utf-8") == repaired
