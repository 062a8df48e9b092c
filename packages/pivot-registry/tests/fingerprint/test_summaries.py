"""Summaries survive, whatever happens to the directory that keeps them."""

import warnings
from pathlib import Path

import pytest
from blake3 import blake3

from pivot.fingerprint.summaries import Summaries
from pivot.fingerprint.summary import Summary

TEXT = """
from a import *
import b.c as d
@deco(1)
class A(B, metaclass=M):
    'Doc.'
    x: int = 1
    def f(self, y=d.K): T.append(self); return lambda z: z
TABLE = {'a': lambda x: x, 'b': A()}
for t in TABLE.values(): t.k = 1
__all__ = ['A']
"""


def files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def test_a_summary_comes_back_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text(TEXT)
    first = Summaries(tmp_path / "kept")
    made = first.of(source)
    first.save()
    second = Summaries(tmp_path / "kept")
    assert second.of(source) == made
    assert (first.made, second.made) == (1, 0)


def test_an_edit_is_read_again_and_an_undone_edit_is_not(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    known = Summaries(tmp_path / "kept")
    for text in ("a = 1", "a = 2", "a = 1"):
        source.write_text(text)
        known.of(source)
    assert known.made == 2


def test_the_same_text_elsewhere_is_not_read_again(tmp_path: Path) -> None:
    known = Summaries()
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("from . import x")
    assert known.of(tmp_path / "a.py") == known.of(tmp_path / "b.py")
    assert known.made == 1


def test_damage_costs_time_only(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text(TEXT)
    known = Summaries(tmp_path / "kept")
    made = known.of(source)
    known.save()
    for damage in (b"", b"short", b"\0" * 500):
        for path in files(tmp_path / "kept"):
            path.write_bytes(damage)
        assert Summaries(tmp_path / "kept").of(source) == made


def test_a_directory_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text(TEXT)
    (tmp_path / "kept").write_text("a file")
    known = Summaries(tmp_path / "kept")
    known.of(source)
    known.save()
    assert known.of(source).error == ""


def test_nothing_is_written_without_a_directory_or_without_news(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("a = 1")
    Summaries().save()
    known = Summaries(tmp_path / "kept")
    known.of(source)
    known.save()
    before = [path.stat().st_mtime_ns for path in files(tmp_path / "kept")]
    again = Summaries(tmp_path / "kept")
    again.of(source)
    again.save()
    assert [path.stat().st_mtime_ns for path in files(tmp_path / "kept")] == before


def test_a_file_that_is_gone_has_an_unreadable_summary(tmp_path: Path) -> None:
    assert Summaries().of(tmp_path / "gone.py") == Summary("", "cannot be read", b"", False, (), (), None)
    assert Summaries().digest(str(tmp_path / "gone.py")) == ""
    assert Summaries().digest(str(tmp_path)) == ""


def test_digests_that_the_caller_knows_spare_the_reading(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("a = 1")
    known = Summaries(tmp_path / "kept")
    made = known.of(source)
    known.save()
    source.unlink()
    told = Summaries(tmp_path / "kept", lambda path: made.digest)
    assert told.of(source) == made
    assert told.digest(str(source)) == blake3(b"a = 1").hexdigest()


def test_unknown_digests_are_worked_out(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("a = 1")
    assert Summaries(None, lambda path: None).of(source).digest == blake3(b"a = 1").hexdigest()


def test_a_file_that_is_compiled_is_summarised_on_the_way(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text(TEXT)
    known = Summaries()
    assert known.compiled(source.read_bytes(), str(source)) == compile(TEXT, str(source), "exec", dont_inherit=True)
    assert (known.of(source), known.made) == (Summaries().of(source), 1)
    assert known.compiled(source.read_bytes(), str(source)) is None, "nothing is to be had by it"


@pytest.mark.parametrize("text", ["def f(:", "return 1", "x = 1\0"])
def test_what_cannot_be_compiled_is_left_to_who_can_say_why(text: str) -> None:
    known = Summaries()
    assert (known.compiled(text.encode(), "m.py"), known.made) == (None, 0)


def test_a_doubtful_line_is_told_once() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert Summaries().compiled(b"X = '\\d'\nassert (X, 1)\n", "m.py") is not None
    assert [(one.filename, one.lineno) for one in told] == [("m.py", 1), ("m.py", 2)]
