"""YAML as plain data, with places, bounded."""

import itertools
import json
import math
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from pivot.pipeline.documents import LARGEST, read_document
from pivot.pipeline.errors import PipelineConfigError

PLAIN = (
    "null",
    "true",
    "false",
    '"a"',
    "3",
    "-7",
    "0",
    "2.5",
    "-1e-7",
    "1e300",
    "[]",
    "{}",
    "[1, [2, {}]]",
    '{"a": {"b": [null]}}',
)


def read(tmp_path: Path, text: str | bytes) -> Any:
    file = tmp_path / "a.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_document(file, "a.yaml")


def refused(tmp_path: Path, text: str | bytes) -> PipelineConfigError:
    with pytest.raises(PipelineConfigError) as caught:
        read(tmp_path, text)
    return caught.value


@pytest.mark.parametrize("text", PLAIN)
def test_json_is_yaml(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).data == json.loads(text)


def test_any_json_is_read_as_json_reads_it(tmp_path: Path) -> None:
    hypothesis = pytest.importorskip("hypothesis")
    st = pytest.importorskip("hypothesis.strategies")
    numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    leaves = st.none() | st.booleans() | numbers
    keys = st.text("abc<:-# ", min_size=1).filter(lambda key: key != "<<")
    values = st.recursive(
        leaves | st.text("ab'\"#:-\\{[%@` "),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    )

    @hypothesis.given(values)
    def check(value: Any) -> None:
        assert read(tmp_path, json.dumps(value)).data == value

    check()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("012", "012"),
        ("1:30", "1:30"),
        ("2001-01-01", "2001-01-01"),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        ("0x1F", 31),
        ("0o17", 15),
        ("+3", 3),
        ("'3'", "3"),
        ("!!str 3", "3"),
        ("!!int 3", 3),
        ("~", None),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("_", "_"),
        ("1_000", "1_000"),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_scalars_are_what_they_look_like(tmp_path: Path, text: str, value: Any) -> None:
    found = read(tmp_path, text).data
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_number(tmp_path: Path) -> None:
    assert math.isnan(read(tmp_path, ".nan").data)


def test_everything_has_a_place(tmp_path: Path) -> None:
    document = read(tmp_path, "a: 1\nb:\n  - x\n  - c: 2\n")
    assert document.where() == "a.yaml:1:1"
    assert document.where("a") == "a.yaml:1:1"
    assert document.where("b", 1) == "a.yaml:4:5"
    assert document.where("b", 1, "c") == "a.yaml:4:5"
    assert document.where("b", 1, "nothing", "deeper") == "a.yaml:4:5"
    assert read_document(tmp_path / "a.yaml").where() == f"{tmp_path / 'a.yaml'}:1:1"


def test_aliases_and_merge_keys_are_followed(tmp_path: Path) -> None:
    text = "base: &base {a: 1, b: 2}\nmore: &more {c: 3}\none: {<<: *base, b: 9}\ntwo: {<<: [*more, *base]}\n"
    text += "three: *more\n"
    data = read(tmp_path, text).data
    assert data["one"] == {"a": 1, "b": 9}
    assert data["two"] == {"a": 1, "b": 2, "c": 3}
    assert data["three"] == {"c": 3}


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfa: 1\n", b"a: 1\r\n", b"a: 1", b"%YAML 1.2\n---\na: 1\n...\n"])
def test_marks_and_line_ends_do_not_matter(tmp_path: Path, text: bytes) -> None:
    assert read(tmp_path, text).data == {"a": 1}


@pytest.mark.parametrize("text", ["", "# nothing\n", "null", "---\n"])
def test_an_empty_file_is_nothing(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).data is None


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("a: 1\nb: [", "3:1", "is not YAML"),
        ("a:\n\tb: 1", "2:1", "is not YAML"),
        ("a: 1\nb: 2\na: 3", "3:1", "the key 'a' stands here a second time"),
        ("a: {b: 1, b: 2}", "1:11", "the key 'b' stands here a second time"),
        ("a: b: c", "1:5", "is not YAML"),
        ("a: !!python/object/apply:os.system [x]", "1:4", "the tag .*os.system is not supported"),
        ("a: !mine x", "1:4", "the tag !mine is not supported"),
        ("a: !!set {x}", "1:4", "the tag .*set is not supported"),
        ("a: !!int x", "1:4", "'x' is not of the type int"),
        ("1: a", "1:1", "the key 1 is not text"),
        ("a: {true: b}", "1:5", "the key true is not text"),
        ("? [a]\n: b", "1:3", "a key must be text"),
        ("a: *b", "1:4", r"the alias \*b is not defined"),
        ("a: &a [*a]", "1:8", r"the alias \*a refers to itself"),
        ("a: {<<: 3}", "1:5", "`<<` needs a mapping"),
        ("a: 1\n---\nb: 1", "2:1", "has several documents"),
        ("a: \0", "1:4", "cannot stand in YAML"),
        ("a: 1\nb: \x1b[31m", "2:4", "cannot stand in YAML"),
        ("a: 1\nb: é".encode("latin-1"), "2:4", "is not UTF-8 text"),
        ("a: 1".encode("utf-16"), "1:1", "is not UTF-8 text"),
        ("[" * 3000, "1:42", "is nested more than 40 levels deep"),
    ],
)
def test_what_nobody_means_is_refused_with_its_place(tmp_path: Path, text: Any, place: str, what: str) -> None:
    error = refused(tmp_path, text)
    assert error.where == f"a.yaml:{place}"
    assert re.search(what, error.what), error.what


def test_a_tab_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path, "a:\n\tb: 1").hint == "Indent with spaces, not tabs."


def test_aliases_cannot_make_a_file_larger_than_memory(tmp_path: Path) -> None:
    names = "abcdefghij"
    lines = [f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in itertools.pairwise(names)]
    tracemalloc.start()
    try:
        error = refused(tmp_path, "\n".join(["a: &a [x]", *lines]))
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    assert "has more than 100000 values" in error.what


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    assert "is larger than 1 MiB" in refused(tmp_path, b"a: " + b"x" * LARGEST).what


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "absent.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(PipelineConfigError, match=f"cannot be read: {why}"):
            read_document(path)
