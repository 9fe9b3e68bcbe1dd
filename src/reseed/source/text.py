"""A file's bytes as text, and back again without losing one of them."""

from __future__ import annotations

import codecs
import io
import os
import re
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")


class SourceError(Exception):
    """An input that cannot be read, decoded or parsed.

    `message` says what is wrong and what to do, without the path.
    `line` and `column` count from 1, columns in characters, and are None where no place is to blame.
    """

    def __init__(self, path: str, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(path, message, line, column)
        self.path = path
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return str(self.problem)

    @property
    def problem(self) -> Problem:
        """The same as plain data, for a report."""
        return Problem(self.path, self.message, self.line, self.column)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Why an input was not checked: one row on stderr."""

    path: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = [self.path, *(str(part) for part in (self.line, self.column) if part is not None)]
        return f"{':'.join(place)}: error: {self.message}"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file as read: `text` has every newline as the file has it, and no byte order mark."""

    path: str
    text: str
    encoding: str
    bom: bool
    raw: bytes

    def encode(self, text: str) -> bytes:
        """Give `text` in this file's own encoding, with its byte order mark if it has one.

        Raises SourceError where the encoding has no bytes for a character.
        """
        try:
            return (codecs.BOM_UTF8 if self.bom else b"") + text.encode(self.encoding)
        except UnicodeError as error:
            raise SourceError(self.path, f"the repaired text cannot be written as {self.encoding}: {error}") from error


def lines_of(text: str) -> list[str]:
    r"""Split as Python's parser does, at \n, \r\n and \r only, and leave the newlines out.

    `str.splitlines` would also split at form feeds and at U+2028, which are no line ends in Python source.
    """
    return _LINE_END.split(text)


def read(path: str) -> SourceFile:
    """Read and decode one file. Raises SourceError, never OSError."""
    return decode(path, read_bytes(path))


def read_bytes(path: str) -> bytes:
    """Read one file whole. Raises SourceError, never OSError."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise SourceError(path, _why_unreadable(path, error)) from error


def decode(path: str, raw: bytes) -> SourceFile:
    """Decode as Python does (PEP 263: byte order mark, coding line, else UTF-8). Raises SourceError."""
    import tokenize

    nul = raw.find(b"\0")
    if nul >= 0:
        hint = "it looks like UTF-16, save it as UTF-8" if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else ""
        hint = hint or "Python refuses such source, remove the byte or exclude the file"
        raise SourceError(path, f"the file has a NUL byte: {hint}", _line_at(raw, nul))
    bom = raw.startswith(codecs.BOM_UTF8)
    encoding = "utf-8"
    try:
        # Python takes \r for a line end, too; detect_encoding would not see a second line there.
        lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in raw else raw
        encoding = tokenize.detect_encoding(io.BytesIO(lines).readline)[0]
        encoding = "utf-8" if bom else encoding
        text = raw[len(codecs.BOM_UTF8) if bom else 0 :].decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(path, raw, error, encoding, bom) from error
    except SyntaxError as error:
        # detect_encoding decodes the first two lines by itself: where these are at fault, say at which byte.
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as inner:
            raise _undecodable(path, raw, inner, "utf-8", bom=False) from error
        reason = str(error.msg).replace("for '<string>'", "").strip()
        raise SourceError(path, f"{reason}: correct the coding line at its top", 1) from error
    except (LookupError, UnicodeError) as error:
        raise SourceError(path, f"its coding line cannot be followed ({error}): save it as UTF-8", 1) from error
    return SourceFile(path, text, encoding, bom, raw)


def _undecodable(path: str, raw: bytes, error: UnicodeDecodeError, encoding: str, bom: bool) -> SourceError:
    position = error.start + (len(codecs.BOM_UTF8) if bom else 0)
    advice = "save it as UTF-8, or name its encoding on the first line, as in `# -*- coding: latin-1 -*-`"
    return SourceError(
        path, f"byte 0x{raw[position]:02x} is not valid {encoding.upper()}: {advice}", _line_at(raw, position)
    )


def _line_at(raw: bytes, position: int) -> int:
    return len(_LINE_END.findall(raw[:position].decode("latin-1"))) + 1


def _why_unreadable(path: str, error: Exception) -> str:
    if os.path.isdir(path):
        return "this is a directory, not a file"
    if isinstance(error, FileNotFoundError):
        if os.path.islink(path):
            return f"broken link to {os.readlink(path)}: remove it or exclude it"
        return "no such file or directory"
    if isinstance(error, PermissionError):
        return "no permission to read it: change its mode or exclude it"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"cannot be read: {reason}"
