"""Where things lie in a store, and whether a directory is a store that this version understands."""

import enum
import os
from contextlib import suppress
from typing import NamedTuple

from pivot.cache.digest import Kind, Name
from pivot.cache.errors import FormatError
from pivot.cache.files import read_head
from pivot.cache.locks import locked
from pivot.cache.sharing import make_folder, share, share_all, share_like

FORMAT = 1
HASH = "blake3"
FOLDERS = ("objects", "trees", "records", "tmp", "quarantine", "leases", "roots")
_OURS = {*FOLDERS, "store.json", "index.lmdb", "clock", "gc.lock", "open.lock", "write.lock", "use.lock"}
_KIND_FOLDER = {Kind.BLOB: "objects", Kind.TREE: "trees"}


class Layout(NamedTuple):
    """The paths of one store. Strings, because a path object for each of a million objects costs more than the stat."""

    root: str

    def object(self, name: Name) -> str:
        """Say where an object lies."""
        return f"{self.root}/{_KIND_FOLDER[name.kind]}/{name.hex[:2]}/{name.hex[2:]}"

    def objects(self, kind: Kind) -> str:
        """Say under which folder all objects of a kind lie."""
        return f"{self.root}/{_KIND_FOLDER[kind]}"

    def below(self, part: str) -> str:
        """Say where a named part of the store lies."""
        return f"{self.root}/{part}"


class Shared(enum.StrEnum):
    """Who may write to a store."""

    USER = "user"
    GROUP = "group"
    """Whoever is in the group of its folder: 2775 and 664 whatever the umask says, objects stay read-only."""


class Identity(NamedTuple):
    """What `store.json` says."""

    id: str
    shared: Shared
    writable: bool


def open_layout(layout: Layout, shared: Shared | None = None) -> Identity:
    """Read what the store says about itself, making a store where there is nothing yet; raise `FormatError`.

    `shared` makes it the group's; a store that is so already stays so.
    """
    described = _read(layout)
    if described is None:
        _create(layout, shared or Shared.USER)
        described = _read(layout)
    if described is None:
        raise FormatError(f"{layout.below('store.json')} cannot be read\ncheck its permissions")
    # For whom the system will ask, who may be another one than has started this process.
    writable = os.access(layout.root, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
    identity = Identity(*_accept(layout, described), writable)
    if shared is Shared.GROUP and identity.shared is not Shared.GROUP:
        _give_to_group(layout, identity)
        identity = identity._replace(shared=shared)
    if identity.writable:
        _make_folders(layout)  # after a power cut one may be missing, or somebody has tidied up
    return identity


def _read(layout: Layout) -> bytes | None:
    try:
        return read_head(layout.below("store.json"), 65536)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FormatError(f"{layout.root} cannot be opened as a store: {error.strerror}\ncheck the path") from error


def _accept(layout: Layout, data: bytes) -> tuple[str, Shared]:
    import json

    place = layout.below("store.json")
    try:
        said = json.loads(data)
        found, algorithm, identity = said["format"], said["hash"], str(said["id"])
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{place} is damaged\nrestore it, or delete it to have it written anew") from error
    if found != FORMAT:
        raise FormatError(f"{place} has format {found}, this version knows {FORMAT}\nuse a newer pivot-cache")
    if algorithm != HASH:
        raise FormatError(f"{place} names objects by {algorithm}, this version by {HASH}\nuse another directory")
    return identity, Shared.GROUP if said.get("shared") == Shared.GROUP else Shared.USER


def _create(layout: Layout, shared: Shared) -> None:
    _refuse_foreign(layout)
    _make_folders(layout, shared)
    with locked(layout.below("open.lock")):
        if _read(layout) is None:
            _hide_from_git(layout)
            _write_identity(layout, os.urandom(16).hex(), shared)


def _give_to_group(layout: Layout, identity: Identity) -> None:
    try:
        with locked(layout.below("open.lock")):
            share_all(layout.root)
            _write_identity(layout, identity.id, Shared.GROUP)
    except PermissionError as error:
        raise FormatError(
            f"{layout.root} is one user's store, not the group's\nlet its owner open it once with shared: group"
        ) from error


def _make_folders(layout: Layout, shared: Shared = Shared.USER) -> None:
    try:
        make_folder(layout.root)
        if shared is Shared.GROUP:
            share(layout.root)
        for folder in {*FOLDERS}.difference(os.listdir(layout.root)):
            make_folder(layout.below(folder))
    except OSError as error:
        raise FormatError(f"{layout.root} cannot become a store: {error.strerror}\nchoose another path") from error


def _refuse_foreign(layout: Layout) -> None:
    # A mistyped path must not turn somebody's home directory into a store.
    try:
        present = set(os.listdir(layout.root))
    except FileNotFoundError:
        return
    except OSError as error:
        raise FormatError(f"{layout.root} cannot become a store: {error.strerror}\nchoose another path") from error
    foreign = sorted(name for name in present - _OURS if not name.startswith("."))
    if foreign:
        raise FormatError(f"{layout.root} is no store and holds {foreign[0]!r}\nchoose an empty or a new directory")


def _hide_from_git(layout: Layout) -> None:
    # Once: who wants a store in git may delete it.
    with suppress(FileExistsError), open(layout.below(".gitignore"), "x", encoding="utf-8") as file:
        file.write("*\n")
        share_like(file.fileno(), layout.root)


def _write_identity(layout: Layout, identity: str, shared: Shared) -> None:
    import json

    said = {"format": FORMAT, "hash": HASH, "id": identity, "shared": shared, "created_by": "pivot-cache"}
    temporary = layout.below(f"tmp/store-{os.urandom(8).hex()}")
    with open(temporary, "x", encoding="utf-8") as file:
        file.write(json.dumps(said) + "\n")
        file.flush()
        share_like(file.fileno(), layout.root)
        os.fsync(file.fileno())
    os.rename(temporary, layout.below("store.json"))  # the caller holds the lock
