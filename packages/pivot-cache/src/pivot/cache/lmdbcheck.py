"""Look at an LMDB file before LMDB maps it.

A truncated `data.mdb` kills the process that reads it (SIGBUS), without a message. The two meta pages say how long
the file must be, so thirty lines of reading prevent that.
"""

import os
import struct

from pivot.cache.files import is_regular, open_regular

_META = struct.Struct("=IIQQ")
"""magic, version, address, map size; at offset 16 of each of the first two pages."""
_MAGIC, _VERSION = 0xBEEFC0DE, 1
_PAGE_HEADER = 16
_PAGE_SIZE_AT = _PAGE_HEADER + _META.size
_LAST_PAGE_AT = _PAGE_SIZE_AT + 2 * 48


def is_sound(folder: str) -> bool:
    """Say whether LMDB may open the environment in this folder; a missing or new one is sound."""
    try:
        if os.path.islink(folder) or not os.path.isdir(folder):
            return not os.path.lexists(folder)
        return _lock_is_plain(folder) and _data_is_whole(f"{folder}/data.mdb")
    except OSError:
        return False


def _lock_is_plain(folder: str) -> bool:
    try:
        return is_regular(os.lstat(f"{folder}/lock.mdb"))
    except FileNotFoundError:
        return True


def _data_is_whole(path: str) -> bool:
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        return True
    try:
        first = os.pread(descriptor, 4096, 0)
        page_size = _page_size(first)
        second = os.pread(descriptor, 4096, page_size) if page_size else b""
        # Size last: a writer that grows the file does so before it says so in a meta page.
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if not is_regular(status) or not _is_meta(first) or not _is_meta(second):
        return False
    return status.st_size >= (max(_last_page(first), _last_page(second)) + 1) * page_size


def _page_size(page: bytes) -> int:
    if len(page) < _LAST_PAGE_AT + 8:
        return 0
    size: int = struct.unpack_from("=I", page, _PAGE_SIZE_AT)[0]
    return size if 512 <= size <= 65536 and size & (size - 1) == 0 else 0


def _is_meta(page: bytes) -> bool:
    if len(page) < _LAST_PAGE_AT + 8:
        return False
    magic, version, *_ = _META.unpack_from(page, _PAGE_HEADER)
    return bool(magic == _MAGIC and version == _VERSION)


def _last_page(page: bytes) -> int:
    last: int = struct.unpack_from("=Q", page, _LAST_PAGE_AT)[0]
    return last


def last_page_bytes(folder: str) -> int:
    """Say how long the file must be to hold every page that it numbers."""
    with open(f"{folder}/data.mdb", "rb") as file:
        first = file.read(4096)
        page_size = _page_size(first)
        file.seek(page_size)
        return (max(_last_page(first), _last_page(file.read(4096))) + 1) * page_size
