"""Decoding: what Python would read, and clear words where it would refuse."""

import codecs
import os
import pickle
import sys

import pytest

from reseed.source import Problem, SourceError, decode, read
from reseed.source.text import lines_of


def refused(raw: bytes) -> SourceError:
    with pytest.raises(SourceError) as caught:
        decode("a.py", raw)
    return caught.value


def test_newlines_and_form_feeds_stay_as_they_are() -> None:
    raw = b"a = 1\r\nb = 2\rc = 3\nd = '\x0c'"
    source = decode("a.py", raw)
    assert source.text == raw.decode()
    assert source.encode(source.text) == raw
    assert lines_of(source.text) == ["a = 1", "b = 2", "c = 3", "d = '\x0c'"]


def test_byte_order_mark_is_no_text_and_comes_back() -> None:
    raw = codecs.BOM_UTF8 + "x = 'é'\n".encode()
    source = decode("a.py", raw)
    assert (source.text, source.encoding, source.bom) == ("x = 'é'\n", "utf-8", True)
    assert source.encode("y = 'ü'\n") == codecs.BOM_UTF8 + "y = 'ü'\n".encode()


@pytest.mark.parametrize("line", [b"# -*- coding: latin-1 -*-", b"# vim: set fileencoding=latin-1 :"])
@pytest.mark.parametrize("before", [b"", b"#!/usr/bin/env python\n"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_coding_line_is_followed_both_ways(line: bytes, before: bytes, newline: bytes) -> None:
    raw = (before + line + b"\nx = '\xe9'\n").replace(b"\n", newline)
    source = decode("a.py", raw)
    assert source.text.endswith("x = 'é'" + newline.decode())
    assert source.encode(source.text) == raw


def test_coding_line_counts_on_the_first_two_lines_only() -> None:
    assert refused(b"\r\n\r\n# coding: latin-1\r\nx = '\xe9'\r\n").line == 4


def test_what_an_encoding_cannot_write_is_an_error_and_not_a_question_mark() -> None:
    source = decode("a.py", b"# coding: latin-1\n")
    with pytest.raises(SourceError, match="cannot be written as"):
        source.encode("x = '\N{GREEK SMALL LETTER PI}'")


def test_empty_file_is_fine() -> None:
    assert decode("a.py", b"").text == ""


def test_undecodable_byte_is_named_with_its_line() -> None:
    error = refused(b"a = 1\nb = 2\nc = 3\nd = '\xe9'\n")
    assert (error.path, error.line) == ("a.py", 4)
    assert "byte 0xe9 is not valid UTF-8" in error.message
    assert "coding: latin-1" in error.message  # what to do


def test_undecodable_byte_on_the_first_line() -> None:
    # tokenize.detect_encoding stumbles over this one by itself.
    error = refused(b"d = '\xe9'\n")
    assert error.line == 1
    assert "byte 0xe9 is not valid UTF-8" in error.message


def test_undecodable_byte_after_a_byte_order_mark() -> None:
    error = refused(codecs.BOM_UTF8 + b"\n\n\nx = '\xff'\n")
    assert error.line == 4
    assert "byte 0xff" in error.message


def test_nul_byte_is_named_with_its_line() -> None:
    error = refused(b"a = 1\nb = '\0'\n")
    assert error.line == 2
    assert "NUL byte" in error.message


def test_utf16_is_recognised() -> None:
    assert "save it as UTF-8" in refused("x = 1\n".encode("utf-16")).message


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"# coding: klingon\n", "unknown encoding"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", "encoding problem"),
        (b"# coding: rot13\nx = 1\n", "cannot be followed"),
        (b"# coding: ascii\n\n\nx = '\xe9'\n", "not valid ASCII"),
    ],
)
def test_bad_coding_lines(raw: bytes, words: str) -> None:
    assert words in refused(raw).message


def test_error_is_one_row_and_survives_pickling() -> None:
    error = SourceError("a.py", "no good", 3, 7)
    assert str(error) == "a.py:3:7: error: no good"
    assert str(SourceError("a.py", "no good")) == "a.py: error: no good"
    again = pickle.loads(pickle.dumps(error))
    assert again.problem == Problem("a.py", "no good", 3, 7)


def unreadable(path: object) -> str:
    with pytest.raises(SourceError) as caught:
        read(str(path))
    assert caught.value.path == str(path)
    return caught.value.message


def test_unreadable_inputs(tmp_path) -> None:
    folder = tmp_path / "x.py"
    folder.mkdir()
    assert "directory" in unreadable(folder)
    assert "no such file" in unreadable(tmp_path / "missing.py")
    link = tmp_path / "link.py"
    link.symlink_to("nowhere.py")
    assert "broken link to nowhere.py" in unreadable(link)
    loop = tmp_path / "loop.py"
    loop.symlink_to("loop.py")
    assert "cannot be read" in unreadable(loop)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path) -> None:
    path = tmp_path / "secret.py"
    path.write_text("x = 1\n")
    path.chmod(0)
    assert "no permission" in unreadable(path)


def test_no_permission_says_what_to_do(tmp_path, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    assert "no permission to read it: change its mode" in unreadable(tmp_path / "a.py")
