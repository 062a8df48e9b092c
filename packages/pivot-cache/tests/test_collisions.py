"""Pairs of different files that the fast hashes cannot tell apart; a store that used one would mix them up."""

import struct

import pytest

_MASK = (1 << 64) - 1
_P1, _P2 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F


def _round(accumulator: int, lane: int) -> int:
    value = (accumulator + lane * _P2) & _MASK
    return ((value << 31 | value >> 33) & _MASK) * _P1 & _MASK


def xxh64_pair() -> tuple[bytes, bytes]:
    lanes = list(struct.unpack("<8Q", b"benign: 1\n".ljust(64, b"#")))
    start, other = (_P1 + _P2) & _MASK, struct.unpack("<Q", b"evil: 1\n")[0]
    difference = _round(start, lanes[0]) - _round(start, other)
    forged = [other, *lanes[1:4], (lanes[4] + difference * pow(_P2, -1, 1 << 64)) & _MASK, *lanes[5:]]
    return struct.pack("<8Q", *lanes), struct.pack("<8Q", *forged)


def xxh3_pair() -> tuple[bytes, bytes]:
    first, second = bytes.fromhex("b8fe6c39"), bytes.fromhex("7c01812c")
    base = b"lr: 0.1 # harmless\n".ljust(256, b"#")

    def made(high: int, low: int) -> bytes:
        stripe_one, stripe_two = first + struct.pack("<I", high), second + struct.pack("<I", low)
        return stripe_one + base[8:64] + stripe_two + base[72:]

    return made(0x41414141, 0x42424242), made(0x41414140, 0x42424243)


@pytest.mark.parametrize("pair", [xxh64_pair(), xxh3_pair()], ids=["xxh64", "xxh3-128"])
def test_files_that_collide_under_fast_hashes_stay_apart(cache, work, pair):
    digests = []
    for name, data in zip("ab", pair, strict=True):
        (work / name).write_bytes(data)
        digests.append(cache.put(work / name))
    assert pair[0] != pair[1]
    assert digests[0] != digests[1]
    for digest, data in zip(digests, pair, strict=True):
        cache.restore(digest, work / "back")
        assert (work / "back").read_bytes() == data
