"""What runs keep for later ones: values by key, in one SQLite file of the platform's cache folder.

Nothing here raises for what is wrong with the file: what is damaged is begun anew, and where nothing can be kept, every
run works for itself. Several processes may use the file at once (SQLite's write-ahead log). Values are Python pickles,
as trustworthy as the folder that they lie in, which only its owner may write to.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from reseed import __version__

T = TypeVar("T")

LIMIT = 256 * 2**20
"""In bytes. A file that is larger when it is opened loses what has not been used for longest."""
_NAME = "cache.sqlite"
_DAY = 86_400
_CHECK = 8


def folder() -> str:
    """The folder that the file lies in: ``RESEED_CACHE_DIR``, or the platform's."""
    given = os.environ.get("RESEED_CACHE_DIR")
    if given:
        return given
    from platformdirs import user_cache_dir

    return user_cache_dir("reseed", appauthor=False)


class Cache:
    """One such file, opened when it is first needed. Each process opens its own."""

    def __init__(self, path: str | None = None) -> None:
        self._folder = path or folder()
        self._opened: sqlite3.Connection | None = None
        self._process = 0
        self._failed = False
        self._today = int(time.time()) // _DAY

    def get(self, *key: object) -> Any:
        """The value kept under `key` by this version of reseed, None if there is none."""

        def read(connection: sqlite3.Connection) -> Any:
            digest = _digest(key)
            row = connection.execute("SELECT value, used FROM entries WHERE key = ?", (digest,)).fetchone()
            if row is None:
                return None
            if row[1] != self._today:
                connection.execute("UPDATE entries SET used = ? WHERE key = ?", (self._today, digest))
            value: bytes = row[0]
            if _checked(value[_CHECK:]) != value[:_CHECK]:
                raise sqlite3.DatabaseError("a value is damaged")
            return pickle.loads(value[_CHECK:])

        return self._tried(read)

    def put(self, value: object, *key: object) -> None:
        """Keep `value` under `key`."""

        def write(connection: sqlite3.Connection) -> None:
            pickled = pickle.dumps(value, protocol=5)
            row = (_digest(key), _checked(pickled) + pickled, self._today)
            connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", row)

        self._tried(write)

    def clear(self) -> None:
        """Forget everything. Raises OSError where the file cannot be removed."""
        self.close()
        for name in (_NAME, f"{_NAME}-wal", f"{_NAME}-shm"):
            with suppress(FileNotFoundError):
                os.remove(os.path.join(self._folder, name))

    def close(self) -> None:
        """Let go of the file."""
        if self._opened is not None and self._process == os.getpid():
            with suppress(sqlite3.Error):
                self._opened.close()
        self._opened = None

    def _tried(self, action: Callable[[sqlite3.Connection], Any]) -> Any:
        # None where there is no file, or something is wrong with it or with what it holds.
        connection = self._connection()
        if connection is None:
            return None
        try:
            return action(connection)
        except sqlite3.OperationalError:
            self._failed, self._opened = True, None  # locked for long, or a full disk
        except Exception:  # a pickle that is damaged raises anything
            self._begin_anew()
        return None

    def _connection(self) -> sqlite3.Connection | None:
        if self._opened is not None and self._process == os.getpid():
            return self._opened
        if self._failed:
            return None
        try:
            self._opened = self._open()
        except sqlite3.OperationalError:
            self._failed = True
        except sqlite3.DatabaseError:
            self._begin_anew()
        except OSError:
            self._failed = True
        return self._opened

    def _open(self) -> sqlite3.Connection:
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        connection = sqlite3.connect(os.path.join(self._folder, _NAME), timeout=5, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")  # a crash of the machine may cost the cache, and nothing else
        connection.execute(_TABLE)
        _shrink(connection)
        self._process = os.getpid()
        return connection

    def _begin_anew(self) -> None:
        opened, self._opened = self._opened, None
        with suppress(sqlite3.Error, OSError):
            if opened is not None:
                opened.close()
            self.clear()
            self._opened = self._open()
            return
        self._failed = True


def remembered(cache: Cache | None, make: Callable[[], T], *key: object) -> T:
    """What `cache` has under `key`; else what `make` gives, which is never None, and is kept."""
    found: T | None = cache.get(*key) if cache else None
    if found is None:
        found = make()
        if cache:
            cache.put(found, *key)
    return found


_TABLE = "CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB, used INTEGER) WITHOUT ROWID"


def _shrink(connection: sqlite3.Connection) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    if pages * size > LIMIT:
        (count,) = connection.execute("SELECT COUNT(*) FROM entries").fetchone()
        connection.execute(
            "DELETE FROM entries WHERE key IN (SELECT key FROM entries ORDER BY used LIMIT ?)", (count // 2 + 1,)
        )
        connection.execute("VACUUM")


def _checked(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=_CHECK).digest()


def _digest(key: tuple[object, ...]) -> bytes:
    hashed = hashlib.blake2b(_version(), digest_size=16)
    for part in key:
        hashed.update(str(part).encode("utf-8", "surrogatepass"))
        hashed.update(b"\0")
    return hashed.digest()


_VERSION: list[bytes] = []


def _version() -> bytes:
    # What is kept is of use to the very code that made it: a release, or a checkout that is being worked on.
    if not _VERSION:
        package = os.path.dirname(os.path.dirname(__file__))
        files = [os.path.join(folder, name) for folder, _, names in os.walk(package) for name in names]
        stamps = [
            (file, (status := os.stat(file)).st_size, status.st_mtime_ns)
            for file in sorted(files)
            if file.endswith(".py")
        ]
        _VERSION.append(repr((__version__, sys.version, stamps)).encode())
        _VERSION[0] = hashlib.blake2b(_VERSION[0], digest_size=16).digest()
    return _VERSION[0]
