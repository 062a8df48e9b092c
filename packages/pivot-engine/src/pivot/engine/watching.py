"""Wait until files change: the system tells, or all of them are looked at again and again."""

import contextlib
import os
import time
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from pivot.engine.ground import Ground

QUIET_MS = 50
"""Changes that follow each other faster belong together: an editor's rename, a `git checkout`."""
LONGEST_MS = 3000
"""But nobody waits longer than this for the end of a burst."""
LOOK_SECONDS = 0.5
"""Between two looks at all files; where one look takes long, ten times as long as it takes."""
MISSING_HINT = "files are looked at twice a second; `pip install watchfiles` lets the system tell at once"


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


class Opened(NamedTuple):
    """A watch, and what a person should know about it."""

    watch: Watch
    note: str | None = None


def open_watch(ground: Ground) -> Opened:
    """Watch with the means that there are."""
    try:
        watch = NotifyWatch(ground)
    except ImportError:
        return Opened(PollingWatch(ground), MISSING_HINT)
    except Exception as error:  # noqa: BLE001 - the library has no class of errors that one could name
        return Opened(PollingWatch(ground), f"files are looked at twice a second; the system refuses to tell: {error}")
    return Opened(watch)


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
        self._changes: Iterator[set[tuple[watchfiles.Change, str]]] | None = None
        self.renew(ground)

    def renew(self, ground: Ground) -> None:
        """Watch the directories that there are now."""
        self._ground = ground
        if self._changes is not None:
            self._pending |= self._next()
        directories = dict(_identities(ground.directories()))
        # A directory that went and came again may have the same inode, and nobody watches the new one.
        if directories != self._directories or not self._pending.isdisjoint(directories):
            self.close()
            self._directories = directories
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
            self._pending |= self._next()  # it begins to watch when it is first asked

    def _next(self) -> set[str]:
        assert self._changes is not None
        return {path for _, path in next(self._changes, ())}

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
