"""Files written so that a reader, or a crash, meets the old bytes or the new ones and nothing between."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress


def write_atomically(path: str | os.PathLike[str], raw: bytes, root: str | os.PathLike[str] | None = None) -> None:
    """Replace the content of the existing file `path` by `raw`; its mode stays, and its owner where the system allows.

    The bytes go to a temporary file beside, which is then renamed. Where `path` is a symbolic link, the file that it
    points to is replaced and the link stays, provided that the file lies under `root` (by default under the directory
    that `path` names). A hard link to the file elsewhere keeps the old content.

    Raises OSError, with `path` untouched and no temporary file left: PermissionError where the file is read-only or
    lies outside of `root`, FileNotFoundError where there is none.
    """
    path = os.fspath(path)
    real = os.path.realpath(path, strict=True)
    inside = os.path.realpath(root if root is not None else os.path.dirname(path) or ".")
    if os.path.commonpath([real, inside]) != inside:
        raise PermissionError(f"{path}: points out of {inside}, to {real}")
    status = os.stat(real)
    if not stat.S_ISREG(status.st_mode):
        raise PermissionError(f"{path}: not a regular file")
    if not os.access(real, os.W_OK):
        raise PermissionError(f"{path}: read-only")
    directory, name = os.path.split(real)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=directory)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        _keep_owner_and_mode(temporary, status)
        os.replace(temporary, real)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_directory(directory)


def _keep_owner_and_mode(temporary: str, status: os.stat_result) -> None:
    if hasattr(os, "chown"):
        # Only root may give files away, but a member may hand one to a group.
        with suppress(PermissionError):
            os.chown(temporary, status.st_uid, status.st_gid)
    os.chmod(temporary, stat.S_IMODE(status.st_mode))


def _sync_directory(directory: str) -> None:
    """Make the rename last through a crash, where the system can sync a directory."""
    if os.name != "posix":
        return
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
