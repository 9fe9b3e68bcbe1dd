"""Files are replaced whole, or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reseed.fixes.write import write_atomically


def test_content_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    path.chmod(0o751)
    write_atomically(path, b"new\r\n")
    assert path.read_bytes() == b"new\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert os.listdir(tmp_path) == ["a.py"]


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_bytes(b"old")
    monkeypatch.chdir(tmp_path)
    write_atomically("a.py", b"new")
    assert (tmp_path / "a.py").read_bytes() == b"new"


def test_link_inside_the_root_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    target = tmp_path / "deep" / "a.py"
    target.write_bytes(b"old")
    link = tmp_path / "b.py"
    link.symlink_to(target)
    write_atomically(link, b"new", root=tmp_path)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("root", [None, "."])
def test_link_out_of_the_root(tmp_path: Path, root: str | None) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside.py"
    tree.mkdir()
    outside.write_bytes(b"old")
    (tree / "a.py").symlink_to(outside)
    with pytest.raises(PermissionError, match="points out of"):
        write_atomically(tree / "a.py", b"new", root=None if root is None else tree)
    assert outside.read_bytes() == b"old"
    assert os.listdir(tree) == ["a.py"]


def test_directory_link_out_of_the_root(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (outside / "a.py").write_bytes(b"old")
    (tree / "linked").symlink_to(outside)
    with pytest.raises(PermissionError, match="points out of"):
        write_atomically(tree / "linked" / "a.py", b"new", root=tree)
    assert (outside / "a.py").read_bytes() == b"old"


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "a.py", b"new")
    (tmp_path / "b.py").mkdir()
    with pytest.raises(PermissionError, match="not a regular file"):
        write_atomically(tmp_path / "b.py", b"new")
    (tmp_path / "c.py").symlink_to(tmp_path / "gone.py")
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "c.py", b"new")


def test_read_only_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # so that it holds for root too
    with pytest.raises(PermissionError, match="read-only"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


def test_failure_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")

    def fail(source: str, target: str) -> None:
        assert Path(source).read_bytes() == b"new"
        assert Path(source).parent == path.parent
        raise OSError("disk gone")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk gone"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.py"]
