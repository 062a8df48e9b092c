"""Wait until files change: the system tells, or all of them are looked at again and again."""

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Protocol

from pivot.engine.ground import Ground

QUIET_MS = 50
"""Changes that follow each other faster belong together: an editor's rename, a `git checkout`."""
LONGEST_MS = 3000
"""But nobody waits longer than this for the end of a burst."""
LOOK_SECONDS = 0.5
"""Between two looks at all files; where one look takes long, ten times as long as it takes."""
MISSING = "files are looked at twice a second; `pip install watchfiles` lets the system tell at once"
REFUSED = "files are looked at twice a second, for the system does not tell: {}"


class Watch(Protocol):
    """Tells which files changed."""

    def renew(self, ground: Ground) -> None:
        """Watch this ground from now on. What is changed later is told; what was changed before may be."""
        ...

    def gathered(self) -> set[str]:
        """Give what changed since this was last asked, when no more changes follow at once."""
        ...

    def wait(self) -> set[str]:
        """Wait until something changed, and give it."""
        ...

    def close(self) -> None:
        """Watch no longer."""
        ...


def open_watch(ground: Ground) -> "OpenedWatch":
    """Watch with the means that there are."""
    try:
        return OpenedWatch(NotifyWatch(ground), None)
    except ImportError:
        return OpenedWatch(PollingWatch(ground), MISSING)
    except Exception as error:  # noqa: BLE001 - the library has no class of errors that one could name
        return OpenedWatch(PollingWatch(ground), REFUSED.format(error))


class OpenedWatch:
    """Any watch; when the system will tell no more, the files are looked at instead."""

    def __init__(self, watch: Watch, note: str | None) -> None:
        self.watch = watch
        self.note = note
        """What a person should know about it."""

    def renew(self, ground: Ground) -> None:
        """Watch this ground from now on: there may be more directories than the system lets us watch."""
        try:
            self.watch.renew(ground)
        except Exception as error:  # noqa: BLE001 - see above
            self.watch.close()
            self.watch, self.note = PollingWatch(ground), REFUSED.format(error)

    def gathered(self) -> set[str]:
        """Give what changed since this was last asked."""
        return self.watch.gathered()

    def wait(self) -> set[str]:
        """Wait until something changed, and give it."""
        return self.watch.wait()

    def close(self) -> None:
        """Watch no longer."""
        self.watch.close()


class NotifyWatch:
    """Lets the system tell, through watchfiles.

    Each directory is watched by itself, not the project as one tree: the caches that lie in it have thousands of
    directories, and every one would count against the system's limit.
    """

    def __init__(self, ground: Ground) -> None:
        """Raises ImportError if there is no watchfiles."""
        import watchfiles

        self._open = watchfiles.watch
        self._ground = ground
        self._directories: dict[str, tuple[int, int]] = {}
        self._pending: set[str] = set()
        self._replaced = False
        """Whether a directory itself was told of: it may have come again with the same inode, and unwatched."""
        self._changes: Iterator[set[tuple[watchfiles.Change, str]]] | None = None
        self.renew(ground)

    def renew(self, ground: Ground) -> None:
        """Watch the directories that there are now."""
        self._ground = ground
        if self._changes is not None:
            self._pending |= self._next()
        directories = dict(_identities(ground.directories()))
        if directories != self._directories or self._replaced:
            self.close()
            self._begin(directories)

    def _begin(self, directories: dict[str, tuple[int, int]], tries: int = 3) -> None:
        self._directories = directories
        self._replaced = False
        self._changes = self._open(
            *directories,
            watch_filter=lambda _, path: self._ground.counts(path) or path in self._directories,
            debounce=LONGEST_MS,
            step=QUIET_MS,
            rust_timeout=QUIET_MS,
            yield_on_timeout=True,
            recursive=False,
            ignore_permission_denied=True,
        )
        try:
            self._pending |= self._next()  # it begins to watch when it is first asked
        except FileNotFoundError:
            # One of them went meanwhile.
            if tries == 1:
                raise
            self._begin(dict(_identities(self._ground.directories())), tries - 1)

    def _next(self) -> set[str]:
        assert self._changes is not None
        found = {path for _, path in next(self._changes, ())}
        self._replaced = self._replaced or not found.isdisjoint(self._directories)
        return found

    def gathered(self) -> set[str]:
        """Take what was told."""
        found, self._pending = self._pending | self._next(), set()
        return {path for path in found if self._ground.counts(path)}

    def wait(self) -> set[str]:
        """Let the system tell."""
        while not (found := self.gathered()):
            pass
        return found

    def close(self) -> None:
        """Watch no longer."""
        if self._changes is not None:
            self._changes.close()  # type: ignore[attr-defined]  # a generator, which watchfiles does not promise
            self._changes = None


class PollingWatch:
    """Looks at the clocks of all files again and again."""

    def __init__(self, ground: Ground, seconds: float = LOOK_SECONDS) -> None:
        self._ground = ground
        self._seconds = seconds
        self._marks = dict(_marks(ground))

    def renew(self, ground: Ground) -> None:
        """Look there next time: what is new to it counts as changed."""
        self._ground = ground

    def gathered(self) -> set[str]:
        """Look until two looks see the same."""
        changed = self._look()
        latest = time.perf_counter() + LONGEST_MS / 1000
        while changed and time.perf_counter() < latest and (more := self._settled()):
            changed |= more
        return changed

    def _settled(self) -> set[str]:
        time.sleep(QUIET_MS / 1000)
        return self._look()

    def _look(self) -> set[str]:
        before, self._marks = self._marks, dict(_marks(self._ground))
        return {path for path in before.keys() | self._marks.keys() if before.get(path) != self._marks.get(path)}

    def wait(self) -> set[str]:
        """Look now and then."""
        while True:
            begun = time.perf_counter()
            if found := self.gathered():
                return found
            time.sleep(max(self._seconds, 10 * (time.perf_counter() - begun)))

    def close(self) -> None:
        """There is nothing to let go of."""


def _identities(directories: list[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    for path in directories:
        with contextlib.suppress(OSError):
            status = os.stat(path)
            yield path, (status.st_dev, status.st_ino)


def _marks(ground: Ground) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    for path in ground.files():
        with contextlib.suppress(OSError):
            status = os.stat(path)
            yield path, (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
