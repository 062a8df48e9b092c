"""A model of the store: a dictionary. Whatever happens, the store gives those bytes or says that it has none."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from faults_children import in_child, quick_folder
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from pivot.cache import Cache, Durability, Link, MissingError, hash_bytes
from pivot.cache.digest import Kind
from pivot.cache.names import parse
from pivot.cache.recordlines import hashed

_DATA = st.binary(max_size=40) | st.integers(0, 3).map(lambda number: bytes([number]) * ((1 << 20) + 1))
_NAMES = st.sampled_from(["a", "b", "sub/c", "sub/deep/d"])
_FILES = st.dictionaries(_NAMES, st.tuples(_DATA, st.booleans()), max_size=4)
_MODES = st.sampled_from(list(Link))
_KEYS = st.sampled_from(["train", "train 227", "test", "with \0 and \udcff"])
"""Two of which lie in one file."""
STEPS_OF_A_STORY = 25


class StoreMachine(RuleBasedStateMachine):
    """Put, restore, edit through links, damage, lose, collect, reopen, reboot, and set the clock."""

    blobs: Bundle[str] = Bundle("blobs")
    trees: Bundle[str] = Bundle("trees")

    @initialize()
    def begin(self):
        self.top = Path(tempfile.mkdtemp(prefix="pivot-cache-", dir=quick_folder()))
        self.work = self.top / "work"
        self.work.mkdir()
        self.contents: dict[str, bytes] = {}
        self.folders: dict[str, dict[str, tuple[bytes, bool]]] = {}
        self.records: dict[str, dict[str, int]] = {}
        self.number, self.boot, self.durability = 0, 1, Durability.BATCH
        self.patch = pytest.MonkeyPatch()
        for module in ("store", "lmdbrows"):
            self.patch.setattr(f"pivot.cache.{module}.boot_id", lambda: bytes([self.boot % 256]) * 16)
        self._open()

    def teardown(self):
        if hasattr(self, "top"):
            self.cache.close()
            self.patch.undo()
            self.contents.clear()
            self.folders.clear()
            shutil.rmtree(self.top)

    @rule(target=blobs, data=_DATA)
    def put(self, data):
        path = self._fresh()
        path.write_bytes(data)
        stored = self.cache.store(path)
        assert stored.size == len(data)
        self.contents[stored.digest] = data
        assert self.cache.has(stored.digest)
        assert self.cache.measure(path)[:2] == stored
        return stored.digest

    @rule(target=blobs, data=_DATA)
    def put_bytes(self, data):
        digest = self.cache.put_bytes(data)
        self.contents[digest] = data
        assert self.cache.get_bytes(digest) == data
        return digest

    @rule(target=blobs, contents=st.lists(_DATA, min_size=1, max_size=5), lost=st.booleans())
    def put_many(self, contents, lost):
        paths = [self._fresh() for _ in contents]
        for path, data in zip(paths, contents, strict=True):
            path.write_bytes(data)
        wanted = [*paths, self.work / "none", paths[0]] if lost else [*paths, paths[0]]
        try:
            digests = self.cache.put_many(wanted)
        except FileNotFoundError:
            assert lost
            digests = self.cache.put_many([*paths, paths[0]])
        assert digests == [hash_bytes(data) for data in [*contents, contents[0]]]
        assert all(map(self.cache.has, digests))
        self.contents.update(zip(digests, [*contents, contents[0]], strict=True))
        return digests[-1]

    @rule(digests=st.lists(blobs, min_size=1, max_size=4), mode=_MODES)
    def restore_many(self, digests, mode):
        pairs = [(digest, self._fresh()) for digest in digests]
        try:
            self.cache.restore_many(pairs, link=(mode,))
        except MissingError:
            assert not all(map(self.cache.has, digests))
        for digest, path in pairs:
            if os.path.lexists(path):
                assert path.read_bytes() == self.contents[digest]
                assert self.cache.digest_of(path) == digest
            else:
                assert not all(map(self.cache.has, digests))

    @rule(target=trees, files=_FILES)
    def put_tree(self, files):
        path = self._fresh()
        path.mkdir()
        for name, (data, executable) in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
            (path / name).chmod(0o755 if executable else 0o644)
        stored = self.cache.store(path)
        self.folders[stored.digest] = files
        assert self.cache.has(stored.digest)
        assert self.cache.measure(path)[:2] == stored
        return stored.digest

    @rule(digest=blobs, mode=_MODES)
    def restore(self, digest, mode):
        if (path := self._restored(digest, mode)) is not None:
            assert path.read_bytes() == self.contents[digest]
            assert self.cache.digest_of(path) == digest

    @rule(digest=trees, mode=_MODES)
    def restore_tree(self, digest, mode):
        if (path := self._restored(digest, mode)) is not None:
            files = self.folders[digest]
            found = {str(file.relative_to(path)): file for file in path.rglob("*") if file.is_file()}
            assert set(found) == set(files)
            for name, (data, executable) in files.items():
                assert found[name].read_bytes() == data
                assert os.access(found[name], os.X_OK) is executable or os.geteuid() != 0
            assert self.cache.digest_of(path) == digest

    @rule(
        digest=blobs,
        data=st.binary(min_size=1, max_size=40),
        mode=st.sampled_from([Link.HARDLINK, Link.SYMLINK]),
    )
    def edit_through_a_link(self, digest, data, mode):
        path = self._fresh()
        try:
            self.cache.restore(digest, path, link=(mode,))
        except MissingError:
            return
        path.chmod(0o644)
        path.write_bytes(data)

    @rule(digest=blobs | trees, how=st.sampled_from(["cut", "flip", "gone", "folder", "swapped"]))
    def damage(self, digest, how):
        path = self._object(digest)
        if not path.is_file():
            return
        path.chmod(0o644)
        data = path.read_bytes()
        path.unlink()
        if how == "cut":
            path.write_bytes(data[: len(data) // 2])
        elif how == "flip":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if data else b"x")
        elif how == "folder":
            path.mkdir()
        elif how == "swapped":
            path.write_bytes(b"the bytes of something else")

    @rule()
    def lose_the_index(self):
        self.cache.close()
        shutil.rmtree(self.top / "store" / "index.lmdb", ignore_errors=True)

    @rule(length=st.integers(0, 20_000))
    def cut_the_index(self, length):
        self.cache.close()
        data = self.top / "store" / "index.lmdb" / "data.mdb"
        if data.exists():
            os.truncate(data, min(length, data.stat().st_size))

    @rule(durability=st.sampled_from(list(Durability)))
    def reopen(self, durability):
        self.cache.close()
        self.durability = durability
        self._open()

    @rule()
    def reboot(self):
        self.cache.close()
        self.boot += 1
        self._open()

    @rule(synced=st.booleans())
    def write_rows(self, synced):
        if synced and self.durability is not Durability.STRICT:
            self.cache.sync()
        else:
            self.cache.flush()

    @rule(target=blobs, data=_DATA)
    def a_killed_process_puts(self, data):
        self.cache.close()

        def put() -> str:
            self._open()
            return self.cache.put_bytes(data)  # and is killed: no row is written

        digest = in_child(put)
        self.contents[digest] = data
        assert self.cache.get_bytes(digest) == data
        return digest

    @rule(key=_KEYS, value=st.integers(0, 3))
    def remember(self, key, value):
        self.cache.remember(key, {"is": value})
        known = self.records.setdefault(key, {"is": value})
        found = self.cache.recall(key)
        assert found in (known, {"is": value})
        self.records[key] = found

    @rule(key=_KEYS)
    def forget(self, key):
        assert self.cache.forget(key) or key not in self.records
        assert self.cache.recall(key) is None
        self.records.pop(key, None)

    @rule(how=st.sampled_from(["cut", "swapped", "folder"]))
    def damage_the_records(self, how):
        before = self._records_of_files()
        for path in before:
            data = path.read_bytes()
            path.unlink()
            path.mkdir() if how == "folder" else path.write_bytes(data[:-1] if how == "cut" else b"{}")
        for path, keys in before.items():
            lost = [key for key in keys if self.cache.recall(key) is None]
            assert len(lost) <= 1 if how == "cut" else lost == keys, f"{how}: {lost} of {keys} in {path}"
            for key in lost:
                self.records.pop(key, None)

    @rule(name=st.sampled_from(["quarantine", "tmp", "leases", "trees", "records"]))
    def lose_a_folder(self, name):
        self.cache.close()
        shutil.rmtree(self.top / "store" / name)
        if name == "records":
            self.records.clear()
        self._open()

    @rule(moment=st.sampled_from([-(10**9), 0, 2**33]))
    def set_the_clock(self, moment):
        clock = self.top / "store" / "clock"
        if clock.exists():
            os.utime(clock, (moment, moment))

    @rule(digest=blobs | trees, moment=st.sampled_from([0, 1, 2**32 - 1]))
    def use_at_another_time(self, digest, moment):
        name = parse(digest)
        seal = self.cache._seals.get(name)
        if seal is not None:
            key = (b"o" if name.kind is Kind.BLOB else b"t") + name.raw
            self.cache._index.put(key, seal._replace(last_used=moment).pack())

    @rule(roots=st.lists(blobs | trees, max_size=3))
    def collect(self, roots):
        self.cache.close()
        self._open()
        held = {root for root in roots if self.cache.has(root)}
        self.cache.gc(held, grace=0.0)
        assert all(map(self.cache.has, held))

    @rule()
    def verify(self):
        self.cache.verify()
        assert self.cache.verify().damaged == ()

    @invariant()
    def nothing_is_left_half_made(self):
        if hasattr(self, "top"):
            assert [path for path in self.work.iterdir() if ".pivot-" in path.name] == []
            assert os.listdir(self.top / "store" / "tmp") == []

    @invariant()
    def bytes_are_right_or_missing(self):
        for digest, data in list(getattr(self, "contents", {}).items())[-3:]:
            try:
                assert self.cache.get_bytes(digest) == data
            except MissingError:
                assert not self.cache.has(digest)

    @invariant()
    def records_are_right_or_missing(self):
        for key, record in getattr(self, "records", {}).items():
            assert self.cache.recall(key) == record

    def _records_of_files(self) -> dict[Path, list[str]]:
        """Give the keys of the records in each file."""
        found: dict[Path, list[str]] = {path: [] for path in (self.top / "store" / "records").iterdir()}
        for key in self.records:
            found[self.top / "store" / "records" / hashed(key)[:2].decode()].append(key)
        return {path: keys for path, keys in found.items() if path.is_file()}

    def _open(self):
        self.cache = Cache(self.top / "store", map_size=1 << 20, durability=self.durability, threads=3)

    def _restored(self, digest, mode):
        """Restore to a new place and give it; None where the store says, rightly, that it has not all of it."""
        path = self._fresh()
        try:
            self.cache.restore(digest, path, link=(mode,))
        except MissingError:
            assert not self.cache.has(digest)
            assert not os.path.lexists(path)
            return None
        return path

    def _fresh(self) -> Path:
        self.number += 1
        return self.work / str(self.number)

    def _object(self, digest: str) -> Path:
        kind, _, digits = digest.partition(":")
        folder = "objects" if kind == Kind.BLOB.value else "trees"
        return self.top / "store" / folder / digits[:2] / digits[2:]


def at_size(steps: int) -> settings:
    """Give the settings for about so many steps."""
    return settings(max_examples=steps // STEPS_OF_A_STORY, stateful_step_count=STEPS_OF_A_STORY, deadline=None)
