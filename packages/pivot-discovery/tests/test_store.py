"""Rules for what is kept in the local directory."""

from pathlib import Path

import pytest

from pivot.discovery.store import read_json, write_json


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert write_json(tmp_path / "local" / "a.json", {"x": [1, None, "\udcff"]})
    assert read_json(tmp_path / "local" / "a.json") == {"x": [1, None, "\udcff"]}


def test_git_ignores_the_directory(tmp_path: Path) -> None:
    write_json(tmp_path / "local" / "a.json", 1)
    assert (tmp_path / "local" / ".gitignore").read_text() == "*\n"


def test_nothing_but_the_file_is_left(tmp_path: Path) -> None:
    write_json(tmp_path / "local" / "a.json", 1)
    write_json(tmp_path / "local" / "a.json", 2)
    assert sorted(path.name for path in (tmp_path / "local").iterdir()) == [".gitignore", "a.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"pivot 1 \n{}", b"pivot 1\n"])
def test_anything_else_is_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json"):
        read_json(path)


@pytest.mark.parametrize("at", range(0, 90, 3))
def test_a_damaged_file_is_nothing(tmp_path: Path, at: int) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"name": "value"})
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.json"):
        read_json(path)


@pytest.mark.parametrize("left", range(0, 90, 7))
def test_half_a_file_is_nothing(tmp_path: Path, left: int) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"name": "value" * 10})
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(ValueError, match=r"a\.json"):
        read_json(path)


def test_a_missing_file_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.json"):
        read_json(tmp_path / "a.json")


def test_a_place_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "local").write_text("a file in the way")
    assert not write_json(tmp_path / "local" / "a.json", 1)


def test_a_directory_in_the_place_of_the_file_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "local" / "a.json").mkdir(parents=True)
    assert not write_json(tmp_path / "local" / "a.json", 1)
    assert sorted(path.name for path in (tmp_path / "local").iterdir()) == [".gitignore", "a.json"]
