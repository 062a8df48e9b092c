"""Paths, text and bytes."""

from pathlib import Path

import pytest

from pivot.loaders import Bytes, Loader, PathOnly, Reader, Text, Writer


def test_text_is_utf_8_with_the_line_ends_that_it_has(tmp_path: Path) -> None:
    Text().save("å\nb\n", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == "å\nb\n".encode()
    assert Text().load(tmp_path / "a.txt") == "å\nb\n"


def test_text_reads_any_line_end(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a\r\nb\r")
    assert Text().load(tmp_path / "a.txt") == "a\nb\n"


def test_bytes_stay_as_they_are(tmp_path: Path) -> None:
    Bytes().save(b"\r\n\0\xff", tmp_path / "a.bin")
    assert Bytes().load(tmp_path / "a.bin") == b"\r\n\0\xff"


def test_path_only_hands_the_path_through(tmp_path: Path) -> None:
    assert PathOnly().load(tmp_path / "absent") == tmp_path / "absent"
    assert PathOnly().hands_paths
    assert not Text().hands_paths


def test_path_only_checks_that_the_stage_made_the_file(tmp_path: Path) -> None:
    (tmp_path / "made").touch()
    PathOnly().save(None, tmp_path / "made")
    with pytest.raises(FileNotFoundError, match="was not made"):
        PathOnly().save(None, tmp_path / "absent")


def test_ones_own_loader_needs_load_and_save() -> None:
    class Half(Loader[str]):
        def load(self, path: Path) -> str:
            return path.read_text()

    with pytest.raises(TypeError, match="save"):
        Half()  # type: ignore[abstract]
    assert issubclass(Loader, Reader)
    assert issubclass(Loader, Writer)


def test_loaders_are_values() -> None:
    assert Text() == Text() != Bytes()
    assert len({Text(), Text(), Bytes()}) == 2
