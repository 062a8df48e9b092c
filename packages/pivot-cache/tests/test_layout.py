import json
import shutil

import pytest

from pivot.cache import Cache, FormatError
from pivot.cache.layout import Layout, open_layout


def test_a_missing_root_becomes_a_store(root):
    identity = open_layout(Layout(str(root)))
    said = json.loads((root / "store.json").read_text())
    assert (said["format"], said["hash"], said["id"]) == (1, "blake3", identity.id)
    assert identity.writable


def test_git_leaves_a_store_alone_that_lies_in_a_project(root):
    open_layout(Layout(str(root)))
    assert (root / ".gitignore").read_text() == "*\n"


def test_what_somebody_else_says_to_git_stays(root):
    root.mkdir()
    (root / ".gitignore").write_text("tmp/\n")
    open_layout(Layout(str(root)))
    assert (root / ".gitignore").read_text() == "tmp/\n"


def test_opening_again_finds_the_same_store(root):
    assert open_layout(Layout(str(root))).id == open_layout(Layout(str(root))).id


def test_a_store_says_nothing_about_the_machine_it_is_on(root):
    open_layout(Layout(str(root)))
    assert str(root.parent) not in (root / "store.json").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "damaged"),
        ("[]", "damaged"),
        ('{"format":1}', "damaged"),
        ('{"format":2,"hash":"blake3","id":"x"}', "newer pivot-cache"),
        ('{"format":1,"hash":"sha256","id":"x"}', "sha256.*blake3"),
    ],
)
def test_a_store_that_this_version_does_not_understand_is_refused(root, text, message):
    open_layout(Layout(str(root)))
    (root / "store.json").write_text(text)
    with pytest.raises(FormatError, match=message):
        Cache(root)


def test_a_lost_description_is_written_anew(root):
    with Cache(root) as cache:
        digest = cache.put_bytes(b"kept")
    (root / "store.json").unlink()
    with Cache(root) as cache:
        assert cache.get_bytes(digest) == b"kept"


@pytest.mark.parametrize("folder", ["objects", "trees", "records", "tmp", "quarantine", "leases"])
def test_a_lost_folder_is_made_anew(root, folder):
    with Cache(root) as cache:
        cache.put_bytes(b"kept")
    shutil.rmtree(root / folder)
    with Cache(root) as cache:
        digest = cache.put_bytes(b"new")
        cache.remember("key", {})
        assert cache.get_bytes(digest) == b"new"
        assert cache.verify().clean
        cache.gc([], grace=0.0)


def test_a_directory_with_other_things_in_it_does_not_become_a_store(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(FormatError, match=r"thesis\.tex"):
        Cache(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_the_place_of_the_store_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FormatError):
            Cache(place)


def test_a_place_where_nothing_can_be_made_is_refused():
    with pytest.raises(FormatError, match="choose another path"):
        Cache("/proc/no-such-place")


def test_a_description_that_is_a_link_is_refused(root):
    open_layout(Layout(str(root)))
    (root / "store.json").rename(root / "other.json")
    (root / "store.json").symlink_to("other.json")
    with pytest.raises(FormatError, match="check the path"):
        Cache(root)
