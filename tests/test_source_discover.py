"""Discovery: which files a path means. git itself is the oracle for what git ignores."""

import os
import subprocess
from pathlib import Path

import pytest

from reseed.source.discover import Exclude, discover


def tree(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x = 1\n")


def found(root: Path, *paths: str, **options: object) -> list[str]:
    files, problems = discover([str(root / path) for path in paths or (".",)], **options)
    assert problems == []
    return [os.path.relpath(file, root).replace(os.sep, "/") for file in files]


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python_files_below_a_folder_in_order(here) -> None:
    tree(here, "b.py", "a/z.py", "a/y/x.py", "a.py", "notes.txt", "stub.pyi", "book.ipynb", "script")
    assert found(here) == ["a.py", "a/y/x.py", "a/z.py", "b.py"]


def test_paths_come_back_as_they_were_given(here) -> None:
    tree(here, "pkg/a.py")
    assert discover(["."])[0] == ["./pkg/a.py"]
    assert discover(["pkg"])[0] == ["pkg/a.py"]
    assert discover(["pkg/"])[0] == ["pkg/a.py"]
    assert discover(["pkg/a.py"])[0] == ["pkg/a.py"]


def test_named_files_are_always_taken(here) -> None:
    tree(here, "script", "stub.pyi", ".venv/a.py", "build/b.py")
    (here / ".gitignore").write_text("*\n")
    names = ["script", "stub.pyi", ".venv/a.py", "build/b.py"]
    assert found(here, *names) == sorted(names)


def test_each_file_once(here) -> None:
    tree(here, "pkg/a.py", "pkg/b.py")
    files, _ = discover([".", "pkg", "pkg/a.py", "./pkg/../pkg/b.py", str(here / "pkg" / "a.py")])
    assert files == ["./pkg/a.py", "./pkg/b.py"]


def test_folders_of_others_are_left_out(here) -> None:
    junk = [".git", ".tox", ".venv", "node_modules", "build", "dist", "__pycache__", "site-packages", "x.egg-info"]
    tree(here, "a.py", "myenv/lib/x.py", "myenv/pyvenv.cfg", ".mim/kept.py", *(f"{name}/x.py" for name in junk))
    assert found(here) == [".mim/kept.py", "a.py"]


def test_a_named_folder_is_walked_whatever_its_name(here) -> None:
    tree(here, "build/x.py", "env/pyvenv.cfg", "env/y.py")
    assert found(here, "build", "env") == ["build/x.py", "env/y.py"]


def test_a_folder_called_like_a_file_is_a_folder(here) -> None:
    tree(here, "x.py/inner.py")
    assert found(here) == ["x.py/inner.py"]


def test_exclude_patterns(here) -> None:
    tree(here, "a.py", "docs/conf.py", "docs/deep/b.py", "src/docs/c.py", "src/gen_pb2.py", "build/d.py")
    exclude = Exclude.of([(".", ["./docs/", "*_pb2.py"])])
    assert found(here, exclude=exclude) == ["a.py"]
    exclude = Exclude.of([(".", ["/docs", "*_pb2.py"])])
    assert found(here, exclude=exclude) == ["a.py", "src/docs/c.py"]
    exclude = Exclude.of([(".", ["src"])], defaults=False)
    assert found(here, exclude=exclude) == ["a.py", "build/d.py", "docs/conf.py", "docs/deep/b.py"]


def test_exclude_is_relative_to_its_own_folder(here) -> None:
    tree(here, "one/gen/a.py", "two/gen/b.py")
    assert found(here, exclude=Exclude.of([("one", ["/gen"])])) == ["two/gen/b.py"]


def test_force_exclude_holds_for_named_files(here) -> None:
    tree(here, "a.py", "gen/b.py", "build/c.py")
    exclude = Exclude.of([(".", ["gen"])])
    assert found(here, "a.py", "gen/b.py", "build/c.py", exclude=exclude) == ["a.py", "build/c.py", "gen/b.py"]
    assert found(here, "a.py", "gen/b.py", "build/c.py", exclude=exclude, force_exclude=True) == ["a.py"]


def test_missing_path_is_a_problem_and_stops_nothing(here) -> None:
    tree(here, "a.py")
    files, problems = discover(["nowhere.py", "a.py", ""])
    assert files == ["a.py"]
    assert [(problem.path, problem.message) for problem in problems] == [
        ("nowhere.py", "no such file or directory"),
        ("''", "no such file or directory"),
    ]


def test_broken_link_is_a_problem_unless_it_is_left_out(here) -> None:
    tree(here, "a.py")
    (here / "gone.py").symlink_to("nowhere.py")
    (here / ".#lock.py").symlink_to("user@host.123")
    files, problems = discover(["."])
    assert files == ["./a.py"]
    assert [problem.path for problem in problems] == ["./gone.py"]
    assert discover(["."], Exclude.of([(".", ["gone.py"])]))[1] == []
    # Named on the command line it goes on to the reader, which says what is wrong with it.
    assert discover(["gone.py"]) == (["gone.py"], [])


def test_links_neither_loop_nor_double(here) -> None:
    tree(here, "pkg/a.py", "pkg/b.py")
    (here / "pkg" / "again").symlink_to("..", target_is_directory=True)
    (here / "pkg" / "alias.py").symlink_to("b.py")
    (here / "pkg" / "loop.py").symlink_to("loop.py")
    files, problems = discover(["."])
    assert files == ["./pkg/a.py", "./pkg/b.py"]
    assert [problem.path for problem in problems] == ["./pkg/loop.py"]


def test_link_to_a_file_elsewhere_is_taken(here) -> None:
    tree(here, "pkg/a.py", "other/b.py")
    (here / "pkg" / "b.py").symlink_to("../other/b.py")
    assert found(here, "pkg") == ["pkg/a.py", "pkg/b.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_are_no_files(here) -> None:
    os.mkfifo(here / "pipe.py")
    assert found(here) == []


def test_unreadable_folder_is_a_problem(here, monkeypatch) -> None:
    tree(here, "a.py", "secret/b.py")
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    files, problems = discover(["."])
    assert files == ["./a.py"]
    assert "no permission" in problems[0].message and problems[0].path == "./secret"


# --- what git ignores ---------------------------------------------------------------------------------------------


def git(root: Path, *arguments: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    run = subprocess.run(["git", *arguments], cwd=root, env=environment, check=True, capture_output=True, text=True)
    return run.stdout


def not_ignored(root: Path) -> list[str]:
    listed = git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    return sorted(name for name in listed if name.endswith(".py"))


def test_gitignore_as_git_reads_it(here) -> None:
    git(here, "init", "-q")
    tree(
        here, "a.py", "data/x.py", "src/data/y.py", "src/gen/z.py", "src/gen/keep.py", "src/deep/er/tmp_1.py",
        "src/deep/er/q.py", "logs/l.py", "foo/bar/b.py", "foo/c.py", "#hash.py", "!bang.py", "sp ace.py", "local/n.py",
        "src/local/m.py", "mixed/[x].py", "secret.py",
    )  # fmt: skip
    (here / ".gitignore").write_text(
        "# a comment\n/data/\nsrc/gen/*\n!src/gen/keep.py\ntmp_*\n*.log\nlogs\nfoo/**/b.py\n\\#hash.py\n\\!bang.py\n\n"
    )
    (here / "src" / ".gitignore").write_text("!tmp_1.py\n/local\n")
    (here / "mixed" / ".gitignore").write_bytes(b"\xef\xbb\xbf\\[x\\].py\r\n")
    (here / ".git" / "info" / "exclude").write_text("secret.py\n")
    expected = not_ignored(here)
    assert "src/gen/keep.py" in expected and "secret.py" not in expected  # the oracle works
    assert found(here) == expected
    assert found(here, "src") == [name for name in expected if name.startswith("src/")]  # rules from above hold
    assert len(found(here, respect_gitignore=False)) == 17


def test_an_inner_pattern_has_the_last_word(here) -> None:
    git(here, "init", "-q")
    tree(here, "a/keep.py", "a/b/keep.py", "a/b/drop.py")
    (here / ".gitignore").write_text("*.py\n")
    (here / "a" / ".gitignore").write_text("!keep.py\n")
    (here / "a" / "b" / ".gitignore").write_text("keep.py\n!drop.py\n")
    assert found(here) == not_ignored(here) == ["a/b/drop.py", "a/keep.py"]


def test_a_folder_that_is_ignored_hides_what_its_own_file_re_includes(here) -> None:
    git(here, "init", "-q")
    tree(here, "out/a.py", "b.py")
    (here / ".gitignore").write_text("out/\n")
    (here / "out" / ".gitignore").write_text("!a.py\n")
    assert found(here) == not_ignored(here) == ["b.py"]


def test_an_ignored_folder_that_is_named_is_checked(here) -> None:
    git(here, "init", "-q")
    tree(here, "out/a.py", "out/b.py", "out/in/c.py")
    (here / ".gitignore").write_text("out/\n")
    (here / "out" / ".gitignore").write_text("b.py\n")
    assert found(here, "out") == ["out/a.py", "out/in/c.py"]
    assert found(here, "out/in") == ["out/in/c.py"]


def test_an_inner_repository_starts_anew(here) -> None:
    git(here, "init", "-q")
    (here / "inner").mkdir()
    git(here / "inner", "init", "-q")
    tree(here, "gen.py", "inner/gen.py")
    (here / ".gitignore").write_text("gen.py\n")
    assert found(here) == ["inner/gen.py"]
    assert found(here, "inner") == ["inner/gen.py"]


def test_worktree_shares_the_exclude_file_of_its_repository(here) -> None:
    main = here / "main"
    main.mkdir()
    git(main, "init", "-q")
    git(main, "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-q", "--allow-empty", "-m", "first")
    git(main, "worktree", "add", "-q", "../side")
    (main / ".git" / "info" / "exclude").write_text("secret.py\n")
    tree(here / "side", "secret.py", "a.py")
    assert found(here / "side") == not_ignored(here / "side") == ["a.py"]


def test_ignore_files_count_outside_of_a_repository_too(here) -> None:
    tree(here, "a.py", "gen/b.py", "gen/c.py")
    (here / ".gitignore").write_text("a.py\n")
    (here / "gen" / ".gitignore").write_text("b.py\n")
    assert found(here) == ["gen/c.py"]


def test_a_line_that_is_no_pattern_is_skipped(here) -> None:
    tree(here, "a.py", "b.py")
    (here / ".gitignore").write_bytes(b"!\n/\n\xff\xfe\na.py\n")
    assert found(here) == ["b.py"]
