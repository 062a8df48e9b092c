"""Whatever a file holds, it has a summary."""

import pytest

from pivot.fingerprint.summarise import summarise


@pytest.mark.parametrize("data", [b"def f(:", b"x = 1\0", b"\xff\xfe", b"# coding: nonsense\nx = 1", b"(" * 300])
def test_what_is_not_python_is_its_bytes(data: bytes) -> None:
    summary = summarise(data)
    assert summary.error
    assert summary.atoms == ()
    assert summary.digest != summarise(data + b" ").digest


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# only a comment", b"'''Only a docstring.'''", b"pass", b"..."])
def test_a_file_may_say_nothing(data: bytes) -> None:
    assert summarise(data).atoms == ()


@pytest.mark.parametrize("data", ["x = 'é'".encode("latin-1"), b"\xef\xbb\xbfx = 1", b"x = 1\r\ny = 2\r\n"])
def test_encodings_and_line_ends_are_those_of_python(data: bytes) -> None:
    coded = b"# coding: latin-1\n" + data if b"\xe9" in data else data
    assert summarise(coded).error == ""


def test_line_ends_do_not_count() -> None:
    one, other = (summarise(data).atoms for data in (b"x = 1\r\ny = 2\r\n", b"x = 1\ny = 2\n"))
    assert [atom.hash for atom in one] == [atom.hash for atom in other]


def test_deeply_nested_code_is_read() -> None:
    text = "def f(x):\n" + "".join(f"    {'el' if n else ''}if x == {n}: return {n}\n" for n in range(1500))
    chain = "y = x" + ".f()" * 400
    assert summarise(chain.encode()).error == ""
    assert summarise(text.encode()).digest


def test_star_imports_future_and_exports_are_known() -> None:
    text = (
        b"from __future__ import annotations\nfrom ..a import *\n__all__ = ['x']\n__all__ += ['y']\n__all__.append('z')"
    )
    summary = summarise(text)
    assert summary.future
    assert summary.stars == ((1, "..a"),)
    assert summary.exports == ("x", "y", "z")


def test_warnings_of_the_parser_are_not_shown(recwarn: pytest.WarningsRecorder) -> None:
    summarise(b"x = '\\d'\ny = 1 is 1")
    assert not recwarn.list


def test_names_index_the_atoms() -> None:
    text = b"a = 1\nb, a = 2, 3\nif __name__ == '__main__':\n    a = d = 4\ndef c(): pass"
    assert summarise(text).names() == {"a": [0, 1], "b": [1], "c": [3]}
