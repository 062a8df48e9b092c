import json
import os

import pytest

from pivot.cache import BrokenRootError, hash_bytes
from pivot.cache.naming import matching, names_in, read_names

A, B = hash_bytes(b"a"), hash_bytes(b"b")


def test_every_string_that_is_a_digest_counts_wherever_it_is():
    said = {"outs": {"model.json": [A, 12], B: None}, "other": ["b3:short", 5, True, None]}
    names = names_in(json.dumps(said).encode())
    assert names.every == {A: "model.json", B: ""}
    assert names_in(json.dumps([A, {"x": B}]).encode()).every == {A: "", B: "x"}


def test_what_a_file_is_about_is_told_from_what_it_mentions():
    said = {"deps": {"rows": [A, 1], "model.json": [B, 1]}, "outs": {"model.json": [B, 1]}}
    assert names_in(json.dumps(said).encode()) == ({B: "model.json"}, {A: "rows"})


def test_of_a_key_that_is_there_twice_both_values_count():
    assert set(names_in(f'{{"x": "{A}", "x": "{B}"}}'.encode()).every) == {A, B}


def test_a_text_that_only_contains_a_digest_names_none():
    assert names_in(json.dumps([f"see {A}", A + "0", A.upper()]).encode()).every == {}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no JSON"),
        (b'{"a": ', "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{\n<<<<<<< ours\n"a": 1\n=======\n"a": 2\n>>>>>>> theirs\n}', "merge conflict markers"),
    ],
)
def test_what_cannot_be_parsed_is_an_error_with_the_name_of_the_file(tmp_path, data, why):
    path = tmp_path / "s.lock"
    path.write_bytes(data)
    with pytest.raises(BrokenRootError, match=f"s.lock .*{why}"):
        read_names(str(path))


def test_what_cannot_be_read_is_an_error_too(tmp_path):
    os.mkfifo(tmp_path / "fifo.lock")
    (tmp_path / "folder.lock").mkdir()
    (tmp_path / "loop.lock").symlink_to("loop.lock")
    for name in ("fifo", "folder", "loop"):
        with pytest.raises(BrokenRootError, match=f"{name}.lock"):
            read_names(str(tmp_path / f"{name}.lock"))


def test_a_folder_that_is_not_there_names_nothing_and_one_that_cannot_be_listed_is_an_error(tmp_path):
    assert matching(str(tmp_path / "none"), "*.lock") == []
    (tmp_path / "file").touch()
    with pytest.raises(BrokenRootError, match="file"):
        matching(str(tmp_path / "file"), "*.lock")


def test_only_files_with_such_names_count(tmp_path):
    for name in ("a.lock", ".b.lock.tmp", "c.txt"):
        (tmp_path / name).touch()
    assert [os.path.basename(path) for path in matching(str(tmp_path), "*.lock")] == ["a.lock"]
