"""What this package raises on purpose: one line says what and where, the next says what to do."""

from pivot.cache.digest import Digest


class CacheError(Exception):
    """Something that the store cannot do; every class below is one reason."""


class BadDigestError(CacheError, ValueError):
    """A text that is no digest of this store."""


class MissingError(CacheError):
    """An object that the store does not have: make it again or fetch it."""

    def __init__(self, digest: Digest, message: str) -> None:
        super().__init__(message)
        self.digest = digest

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.digest, *self.args)


class DamagedError(MissingError):
    """An object whose bytes were not those of its name; it is in quarantine now."""


class ChangedError(CacheError):
    """A file that kept changing while it was read."""


class NotStorableError(CacheError):
    """A FIFO, socket, device, or a link that leaves the directory it is in."""


class UnsafeTreeError(CacheError):
    """A manifest that could write outside its directory or is not well formed."""


class UnsafeTargetError(CacheError):
    """A place to restore to that lies outside the directory it must stay in."""


class FullError(CacheError):
    """No space, quota or file-size limit left; nothing was half-written."""


class ReadOnlyError(CacheError):
    """A store that this process may not write to."""


class UnusableError(CacheError):
    """A file or folder of the store that the system does not let us use, or a disk that fails."""


class BrokenRootError(CacheError):
    """A file that may name objects and cannot be read: nothing is deleted then."""


class RevisionError(CacheError):
    """A git revision that is not there, or a repository that git refuses to read."""


class FormatError(CacheError):
    """A directory that is no store, or a store in a format that this version does not know."""


class BusyError(CacheError):
    """Another process holds the lock that this needs."""
