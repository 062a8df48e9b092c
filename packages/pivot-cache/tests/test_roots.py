import json
import os
import shutil

import pytest

from pivot.cache import BrokenRootError, Cache, Root
from pivot.cache.layout import Layout
from pivot.cache.options import DAY
from pivot.cache.roots import Roots, is_gone, naming_files


@pytest.fixture
def roots(cache, root):
    return Roots(Layout(str(root)))


def _file(root):
    return next((root / "roots").glob("*.json"))


def _age(root, seconds):
    said = json.loads(_file(root).read_text())
    _file(root).write_text(json.dumps({**said, "seen": said["seen"] - seconds, "first": 5}))


def test_a_checkout_has_one_file_and_what_several_know_of_it_comes_together(root, cache, work):
    cache.register(work, ["a/*.lock"])
    cache.register(work, ["b/*.lock"], ["x/*.lock"])
    cache.register(work.parent, ["c/*.lock"])
    found = {each.path: each for each in cache.registered()}
    assert found[str(work)].files == ("a/*.lock", "b/*.lock")
    assert found[str(work)].anywhere == ("x/*.lock",)
    assert len(os.listdir(root / "roots")) == 2


def test_it_is_written_anew_only_for_news_or_after_a_day(root, cache, work):
    cache.register(work, ["a/*.lock", "b/*.lock"])
    before = _file(root).stat().st_ino
    cache.register(work, ["b/*.lock"])
    assert _file(root).stat().st_ino == before
    _age(root, 2 * DAY)
    aged = cache.registered()[0]
    cache.register(work, ["b/*.lock"])
    assert cache.registered()[0].seen > aged.seen
    assert cache.registered()[0].first == 5


@pytest.mark.parametrize("data", ["", "{", "[]", "{}", '{"path": 1}'])
def test_a_torn_registration_is_an_error_and_mended_by_the_next_one(root, cache, work, data):
    cache.register(work, ["a/*.lock"])
    _file(root).write_text(data)
    with pytest.raises(BrokenRootError, match=_file(root).name):
        cache.registered()
    cache.register(work, ["a/*.lock"])
    assert cache.registered()[0].files == ("a/*.lock",)


def test_a_store_that_may_not_be_written_to_is_left_as_it_is(root, cache, work, monkeypatch):
    with Cache(root) as reader:
        reader._identity = reader._identity._replace(writable=False)
        reader.register(work, ["a/*.lock"])
    assert os.listdir(root / "roots") == []


def test_a_store_of_an_earlier_version_has_no_checkouts(root, cache, work):
    cache.register(work, ["a/*.lock"])
    assert cache.info().checkouts == 1
    shutil.rmtree(root / "roots")
    assert (cache.info().checkouts, cache.registered()) == (0, [])
    cache.register(work, ["a/*.lock"])
    assert cache.info().checkouts == 1


def test_files_are_found_below_the_checkout_and_by_absolute_paths(work, tmp_path):
    for folder in (work / "in [1]", tmp_path / "out"):
        folder.mkdir()
        (folder / "s.lock").touch()
    root = Root(str(work), ("in [1]/*.lock", f"{tmp_path}/out/*.lock", "none/*.lock"))
    assert list(naming_files(root)) == [f"{work}/in [1]/s.lock", f"{tmp_path}/out/s.lock"]


def test_what_a_checkout_named_is_remembered_until_it_is_forgotten(root, roots, work):
    item = Root(str(work), ("a/*.lock",))
    roots.note(item, ["b3:2", "b3:1"])
    assert roots.noted(item) == ([], 0)  # it is not registered
    roots.register(item)
    roots.note(item, ["b3:2", "b3:1"])
    assert roots.noted(item)[0] == ["b3:1", "b3:2"]
    roots.forget(item)
    roots.forget(item)
    assert os.listdir(root / "roots") == []


def test_a_checkout_is_gone_when_its_directory_is(work):
    assert not is_gone(Root(str(work), ()))
    assert is_gone(Root(str(work / "none"), ()))
    (work / "loop").symlink_to("loop")
    with pytest.raises(BrokenRootError, match="loop/checkout"):
        is_gone(Root(str(work / "loop/checkout"), ()))
