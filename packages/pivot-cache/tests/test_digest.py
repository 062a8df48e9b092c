import pytest
from blake3 import blake3

from pivot.cache import BadDigestError, hash_bytes
from pivot.cache.digest import Kind, Name, hasher, name_of
from pivot.cache.names import parse


def test_a_blob_has_the_digits_that_b3sum_prints():
    assert hash_bytes(b"abc") == f"b3:{blake3(b'abc').hexdigest()}"


def test_a_name_survives_being_put_together_and_taken_apart():
    for kind in Kind:
        name = name_of(b"x", kind)
        assert parse(name.digest) == name
        assert len(name.raw) == 32


def test_a_file_with_the_bytes_of_a_manifest_has_another_name_than_the_tree():
    assert name_of(b'{"v":1}\n').hex != name_of(b'{"v":1}\n', Kind.TREE).hex


def test_hashing_in_pieces_gives_the_same_name():
    for kind in Kind:
        state = hasher(kind)
        state.update(b"ab")
        state.update(b"c")
        assert Name(kind, state.hexdigest()) == name_of(b"abc", kind)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b3:",
        "b3:" + "a" * 63,
        "b3:" + "a" * 65,
        "b3:" + "A" * 64,
        "b3:" + "g" * 64,
        "b3:" + "a" * 31 + "." + "a" * 32,
        "sha256:" + "a" * 64,
        "a" * 64,
        "b3:../../../../etc/passwd",
        "b3:" + "../" * 21 + "a",
        "b3:" + "a" * 63 + "\n",
        None,
        12,
    ],
)
def test_what_is_no_digest_is_refused_before_it_becomes_a_path(text):
    with pytest.raises(BadDigestError, match="not a digest"):
        parse(text)
