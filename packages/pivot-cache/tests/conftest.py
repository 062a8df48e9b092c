"""A store, and its parts with a boot that a test chooses."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pivot.cache import Cache
from pivot.cache.digest import Name
from pivot.cache.index import Index
from pivot.cache.layout import Layout, open_layout
from pivot.cache.leases import Lease
from pivot.cache.objects import Objects
from pivot.cache.rows import MemoryRows
from pivot.cache.seals import Seals
from pivot.cache.sources import Content


class Parts(NamedTuple):
    layout: Layout
    index: Index
    seals: Seals
    lease: Lease
    objects: Objects

    def path(self, name: Name) -> Path:
        return Path(self.layout.object(name))

    def put_file(self, path: Path, *, durable: bool = False) -> Content:
        return self.objects.put_file(str(path), durable=durable)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def cache(root: Path) -> Iterator[Cache]:
    with Cache(root) as opened:
        yield opened


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def parts_in(root: Path) -> Iterator[Callable[..., Parts]]:
    """Build the parts of a store; an index can be handed on, as if the machine had booted in between."""
    leases = []

    def build(boot: bytes = b"1" * 16, index: Index | None = None, *, durable: bool = False) -> Parts:
        layout = Layout(str(root))
        open_layout(layout)
        rows = index if index is not None else Index(MemoryRows)
        seals, lease = Seals(layout, rows, boot=boot, writable=True), Lease(layout, writable=True)
        leases.append(lease)
        return Parts(layout, rows, seals, lease, Objects(layout, seals, lease, durable=durable, writable=True))

    yield build
    for lease in leases:
        lease.close()


@pytest.fixture
def parts(parts_in: Callable[..., Parts]) -> Parts:
    return parts_in()


def edit(path: Path, data: bytes, *, keep_times: bool = False) -> None:
    """Write into a file in place, as an editor does that does not ask whether it may."""
    before = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()
    path.chmod(before.st_mode & 0o777)
    if keep_times:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def vandalise() -> Callable[..., None]:
    return edit


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start another process that runs some source text."""
    started: list[subprocess.Popen[bytes]] = []

    def run(source: str, *arguments: object) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", source, *map(str, arguments)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def tick(root: Path) -> Callable[[], None]:
    """Let the clock of the file system go on, so that everything made before is older than what comes."""

    def wait() -> None:
        newest = max(path.lstat().st_ctime_ns for path in root.rglob("*"))
        probe = root.with_name("probe")
        probe.touch()
        while probe.stat().st_mtime_ns <= newest:
            probe.touch()

    return wait


@pytest.fixture(scope="session")
def _audit() -> list[list[str]]:
    """Who listens to the opening of files; an audit hook can be added once and never removed."""
    listeners: list[list[str]] = []

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and listeners and isinstance(arguments[0], str | bytes):
            path = os.fsdecode(arguments[0])
            # When rows have waited long enough, the index is opened to write them, whatever is asked just then.
            listeners[-1].extend([] if path.endswith(("write.lock", "data.mdb", "lock.mdb", "unsynced")) else [path])

    sys.addaudithook(hook)
    return listeners


@pytest.fixture
def opened(_audit: list[list[str]]) -> Callable[[], "contextlib.AbstractContextManager[list[str]]"]:
    """Record which files are opened while a block runs, without those of the index."""

    @contextlib.contextmanager
    def recording() -> Iterator[list[str]]:
        _audit.append([])
        try:
            yield _audit[-1]
        finally:
            _audit.pop()

    return recording


def store_path(root: Path, digest: str) -> Path:
    """Where an object lies, worked out from the documented layout."""
    kind, _, digits = digest.partition(":")
    return root / ("objects" if kind == "b3" else "trees") / digits[:2] / digits[2:]


@pytest.fixture
def where(root: Path) -> Callable[[str], Path]:
    return lambda digest: store_path(root, digest)


@pytest.fixture
def filled(root, work, tick):
    """A store that nobody claims anything of: a tree of two files, and a file."""
    (work / "d").mkdir()
    (work / "d" / "a").write_bytes(b"a")
    (work / "d" / "b").write_bytes(b"b")
    with Cache(root) as cache:
        made = cache.put(work / "d"), cache.put_bytes(b"single")
    tick()
    return made
