"""What can go wrong for a person: place, cause, next step."""


class PivotError(Exception):
    """The root of every error that is not a bug: `where: what` on one line, `hint` on the next."""

    def __init__(self, what: str, *, where: object | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = None if where is None else str(where)
        """The place, as an editor understands it: `pipeline.py:41`, `pivot.yaml:12:5`."""
        self.hint = hint
        """The next step, one sentence."""

    def __str__(self) -> str:
        line = self.what if self.where is None else f"{self.where}: {self.what}"
        return line if self.hint is None else f"{line}\n  hint: {self.hint}"


class DefinitionError(PivotError):
    """A pipeline, its configuration or the words of a command are wrong."""


class StateError(PivotError):
    """State on disk cannot be used: it belongs to another pipeline, or a newer pivot wrote it."""


class DataMissingError(PivotError):
    """Bytes that are needed are neither in the work tree nor in the cache."""


class LockTimeoutError(PivotError):
    """Another process holds a lock for longer than this one may wait."""
