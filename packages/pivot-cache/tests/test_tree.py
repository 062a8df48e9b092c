import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pivot.cache import Entry, EntryKind, UnsafeTreeError
from pivot.cache.digest import Kind, name_of
from pivot.cache.tree import decode, encode, page_names

_HEX = "0" * 64


def _file(path, size=1, executable=False):
    return Entry(path, EntryKind.FILE, size, _HEX, executable)


def _link(path, target):
    return Entry(path, EntryKind.LINK, target=target)


def _folder(path):
    return Entry(path, EntryKind.FOLDER)


def _read_back(entries):
    manifest = encode(entries)
    objects = dict(manifest.objects)
    return decode(objects[manifest.name], objects.__getitem__)


def test_a_manifest_is_these_bytes():
    manifest = encode([_link("b", "a/x"), _file("a/x", 7, True), _folder("e"), _file("é")])
    assert manifest.objects[0][1].decode() == (
        f'{{"v":1}}\n["a/x","f",7,"{_HEX}",1]\n["b","l","a/x"]\n["e","d"]\n["\\u00e9","f",1,"{_HEX}",0]\n'
    )
    assert manifest.name == name_of(manifest.objects[0][1], Kind.TREE)


_NAMES = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)


@given(st.dictionaries(_NAMES, st.tuples(st.integers(0, 2**62), st.booleans()), max_size=20))
def test_any_flat_directory_is_read_back_as_it_was(files):
    entries = [_file(path, size, executable) for path, (size, executable) in files.items()]
    assert set(_read_back(entries).entries) == set(entries)


@given(st.permutations([_file("a"), _file("a-b"), _file("c/d"), _file("c/e"), _folder("f")]))
def test_the_order_in_which_a_directory_is_listed_does_not_matter(entries):
    assert encode(entries).name == encode(sorted(entries)).name


def test_a_name_that_is_no_text_survives():
    assert _read_back([_file("\udcff\udcfe")]).entries[0].path == "\udcff\udcfe"


def test_an_empty_directory_is_a_tree():
    assert _read_back([]).entries == ()


@settings(max_examples=5)
@given(st.integers(4097, 6000))
def test_a_large_directory_is_cut_into_pages_and_read_back(count):
    entries = [_file(f"{index:06}") for index in range(count)]
    manifest = encode(entries)
    assert len(manifest.objects) > 2
    assert manifest.objects[-1][0] == manifest.name
    assert page_names(manifest.objects[-1][1]) == [name for name, _ in manifest.objects[:-1]]
    assert _read_back(entries).entries == tuple(entries)


def test_one_change_in_a_large_flat_directory_makes_one_new_page():
    entries = [_file(f"{index:06}") for index in range(10_000)]
    before = {name for name, _ in encode(entries).objects}
    after = {name for name, _ in encode([*entries[:-1], _file("009999", 2)]).objects}
    assert len(before) > 5
    assert len(after - before) == 2


@pytest.mark.parametrize(
    "path", ["", ".", "..", "/abs", "a/../b", "../x", "a//b", "a/./b", "a/", "a\0b", "x" * 256, "\ud800"]
)
def test_a_path_that_could_lead_elsewhere_is_refused(path):
    # Fails if `_SAFE_PATH` lets `.` and `..` through.
    with pytest.raises(UnsafeTreeError, match="name"):
        encode([_file(path)])


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "a/../../x", "", "\0"])
def test_a_link_that_leaves_the_directory_is_refused(target):
    with pytest.raises(UnsafeTreeError, match="outside"):
        encode([_link("l", target)])


def test_a_link_that_leaves_through_another_link_is_refused():
    with pytest.raises(UnsafeTreeError, match="outside"):
        encode([_file("a/b/f"), _link("a/b/up", ".."), _link("out", "a/b/up/../../x")])


def test_links_in_a_circle_are_refused():
    with pytest.raises(UnsafeTreeError, match="outside"):
        encode([_link("a", "b/x"), _link("b", "a/x")])


def test_links_that_stay_inside_are_kept():
    entries = [_file("a/f"), _link("a/up", "../b"), _link("b", "a"), _link("dangling", "nothing/here")]
    assert _read_back(entries).entries == tuple(entries)


@pytest.mark.parametrize(
    "entries",
    [
        [_file("a"), _file("a")],
        [_file("a"), _file("a/b")],
        [_link("a", "c"), _file("a/b")],
        [_folder("a"), _file("a/b/c")],
    ],
)
def test_an_entry_twice_or_below_what_is_no_directory_is_refused(entries):
    with pytest.raises(UnsafeTreeError):
        encode(entries)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"v":2}\n',
        b'{"v":1}\n["a","d"]',
        b'{"v":1}\n["a","d"\n',
        b'{"v":1}\n["a"]\n',
        b'{"v":1}\n"a"\n',
        b'{"v":1}\n["a","x"]\n',
        b'{"v":1}\n["a","f",-1,"%s",0]\n' % _HEX.encode(),
        b'{"v":1}\n["a","f",1,"%s",2]\n' % _HEX.encode(),
        b'{"v":1}\n["a","f",true,"%s",0]\n' % _HEX.encode(),
        b'{"v":1}\n["a","f","1","%s",0]\n' % _HEX.encode(),
        b'{"v":1}\n["a","f",1,"../../x",0]\n',
        b'{"v":1}\n["b","d"]\n["a","d"]\n',
        b'{"v":1}\n["../a","d"]\n',
        b'{"v":1}\n["a","l",5]\n',
        b'{"v":1}\n' + b"[" * 100_000 + b"\n",
        b'{"v":1}\n["\xff","d"]\n',
        b'{"pages":1,"v":1}\n["%s"]\n' % _HEX.encode(),
        b'{"pages":1,"v":1}\n["xx",1]\n',
    ],
)
def test_a_manifest_that_cannot_have_been_written_is_refused(data):
    with pytest.raises(UnsafeTreeError):
        decode(data, lambda name: b'{"v":1}\n')


def test_pages_that_overlap_are_refused():
    page = b'{"v":1}\n["a","d"]\n'
    top = b'{"pages":1,"v":1}\n' + b'["%s",1]\n' % _HEX.encode() * 2
    with pytest.raises(UnsafeTreeError, match="twice"):
        decode(top, lambda name: page)


def test_a_page_that_lists_pages_is_refused():
    top = b'{"pages":1,"v":1}\n' + b'["%s",1]\n' % _HEX.encode()
    with pytest.raises(UnsafeTreeError, match="not a manifest"):
        decode(top, lambda name: top)
