"""See which files and directories are read, written and asked for."""

import functools
import os
import sys
import types
from collections.abc import Callable, Mapping
from importlib.util import source_from_cache
from typing import Any

from pivot.fingerprint.callers import IMPORT_SYSTEM, Caller, caller, is_looking_for_packages, is_tracing, module_name
from pivot.fingerprint.recording import Recording, Recordings, exists, words

_Active = Callable[[], Recordings]
_Handler = Callable[[tuple[Any, ...], types.FrameType, Recordings], None]
"""Is given what an event is about, who caused it, and where it counts."""

_STATUS = frozenset(["getsize", "getmtime", "getctime", "getatime", "stat", "lstat", "owner", "group"])
_RESOLVING = frozenset(["realpath", "_joinrealpath", "resolve"])
_READS_OF_SOURCE = frozenset(["linecache", "tokenize", "inspect", "traceback", "warnings"])


_OPENING = frozenset(["importlib._bootstrap", "importlib._bootstrap_external", "os", "shutil"])
"""Modules that open for the interpreter's own ends also what is no source."""


def absolute(path: Any) -> str | None:
    """Give a path as absolute text; None for file descriptors and what else is no path."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        return None
    text = path if isinstance(path, str) else os.fsdecode(path)
    # As `os.path.abspath`, which takes twice as long to join the two.
    return os.path.normpath(text if text.startswith("/") else f"{os.getcwd().removesuffix('/')}/{text}")


def _visible(hook: Any) -> Any:
    """Let debuggers and coverage see a hook: the interpreter hides the others from them."""
    hook.__cantrace__ = True
    return hook


class AuditHook:
    """Files, listings, child processes, imports and new defaults of functions, as the interpreter announces them."""

    def __init__(self, active: _Active) -> None:
        self._active = active
        self._installed = False
        self._handlers: dict[str, _Handler] = {}
        """Those of what is recorded now."""
        self.redefinitions = 0
        """How often a function was about to be given other defaults, whether something was recorded then or not."""
        self._recording: Mapping[str, _Handler] = {
            "open": self._opened,
            "os.listdir": self._listed,
            "os.scandir": self._listed,
            "os.rename": self._moved,
            "os.link": self._moved,
            "os.symlink": self._moved,
            "os.mkdir": self._made,
            "os.remove": self._made,
            "os.rmdir": self._made,
            "os.truncate": self._made,
            "sqlite3.connect": self._connected,
            "ctypes.dlopen": self._connected,
            "subprocess.Popen": self._spawned,
            "os.system": self._shell,
            "os.posix_spawn": self._executed,
            "os.exec": self._executed,
            "os.fork": self._forks,
            "import": self._imports,
            "exec": self._imports,  # a loader that is called by hand announces no import, but executes the module
        }

    def install(self) -> None:
        """Install the hook the first time. It stays, and does nothing while nothing is recorded."""
        self._handlers.update(self._recording)
        if not self._installed:
            self._installed = True
            sys.addaudithook(self._hook())

    def remove(self) -> None:
        """Let it do nothing: the interpreter has no way to take an audit hook away."""
        self._handlers.clear()

    def _hook(self) -> Callable[[str, tuple[Any, ...]], None]:
        """Make the hook: a function, as the interpreter looks at it for each event, and at a method for longer."""
        handlers, active = self._handlers, self._active

        @_visible
        def hear(event: str, args: tuple[Any, ...]) -> None:
            # Asked this way first, for nearly all events are nobody's. Another thread may empty it right after.
            if event in handlers and (recordings := active()):
                frame = sys._getframe(1)
                try:
                    if not is_tracing(module_name(frame)):
                        handlers[event](args, frame, recordings)
                except Exception:  # noqa: BLE001 - an audit hook that raises makes the user's `open` fail
                    return
            elif event == "object.__setattr__":
                self.redefinitions += 1

        return hear  # type: ignore[no-any-return]

    def _opened(self, args: tuple[Any, ...], frame: types.FrameType, recordings: Recordings) -> None:
        path = absolute(args[0])
        flags = args[2] if isinstance(args[2], int) else 0
        if path is None or _belongs_to_python(path, frame):
            return
        if path.endswith(".pyc"):
            path = _source(path)
        access = flags & os.O_ACCMODE
        anew = flags & (os.O_TRUNC | os.O_EXCL)
        for recording in recordings:
            if access == os.O_RDONLY or (access == os.O_RDWR and not anew):
                recording.reads(path, frame)
            if access != os.O_RDONLY:
                recording.writes(path)

    def _listed(self, args: tuple[Any, ...], frame: types.FrameType, recordings: Recordings) -> None:
        path = absolute("." if args[0] is None else args[0])
        if path is None or frame.f_code.co_filename in IMPORT_SYSTEM or is_looking_for_packages(module_name(frame)):
            return
        for recording in recordings:
            recording.lists(path, frame)

    def _made(self, args: tuple[Any, ...], _: types.FrameType, recordings: Recordings) -> None:
        self._write(args[0], recordings)

    def _moved(self, args: tuple[Any, ...], frame: types.FrameType, recordings: Recordings) -> None:
        if frame.f_code.co_filename not in IMPORT_SYSTEM:
            self._write(args[0], recordings)
            self._write(args[1], recordings)

    def _write(self, name: Any, recordings: Recordings) -> None:
        if (path := absolute(name)) is not None:
            for recording in recordings:
                recording.writes(path)

    def _connected(self, args: tuple[Any, ...], _: types.FrameType, recordings: Recordings) -> None:
        path = absolute(args[0])
        if path is None or not (os.sep in os.fsdecode(args[0]) or exists(path)):
            return  # `:memory:`, or a library that the system's loader finds by its bare name
        for recording in recordings:
            recording.reads(path)

    def _spawned(self, args: tuple[Any, ...], _: types.FrameType, recordings: Recordings) -> None:
        command, cwd = args[1:3]
        self._spawn(words(command), absolute(cwd) or os.getcwd(), recordings)

    def _shell(self, args: tuple[Any, ...], _: types.FrameType, recordings: Recordings) -> None:
        self._spawn(words(args[0]), os.getcwd(), recordings)

    def _executed(self, args: tuple[Any, ...], _: types.FrameType, recordings: Recordings) -> None:
        self._spawn(words(args[1]), os.getcwd(), recordings)

    def _forks(self, _args: tuple[Any, ...], _: types.FrameType, recordings: Recordings) -> None:
        for recording in recordings:
            recording.expects_children()

    def _imports(self, _args: tuple[Any, ...], _: types.FrameType, recordings: Recordings) -> None:
        for recording in recordings:
            recording.may_import = True

    def _spawn(self, argv: list[str], cwd: str, recordings: Recordings) -> None:
        for recording in recordings:
            recording.spawns(argv, cwd)


def _source(path: str) -> str:
    """Give the source of a compiled file: what counts is what it was compiled from."""
    try:
        return source_from_cache(path)
    except ValueError:
        return path


def _belongs_to_python(path: str, frame: types.FrameType) -> bool:
    """Whether the interpreter opens a file for its own ends: imports, and lines of source for messages."""
    is_source = path.endswith((".py", ".pyc"))
    if not is_source and module_name(frame) not in _OPENING:
        return False  # as nearly always, and this much is known without a look at its code
    code = frame.f_code
    function, filename = code.co_name, code.co_filename
    if filename in IMPORT_SYSTEM:
        # Not `pkgutil.get_data`, and not a loader that the user's code calls with a path of its own.
        return _within_import(frame) if is_source else function != "get_data"
    for_messages = is_source and os.path.basename(filename).removesuffix(".py") in _READS_OF_SOURCE
    return for_messages or function.startswith(("_rmtree", "_fwalk"))  # these name files relative to a descriptor


def _within_import(frame: types.FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_filename in IMPORT_SYSTEM:
        if frame.f_code.co_name in {"_load_unlocked", "_find_and_load", "_write_atomic"}:
            return True
        frame = frame.f_back
    return False


class ProbeHooks:
    """Questions about paths. There is no event for these: `os.stat` and its kin are replaced during a recording."""

    def __init__(self, active: _Active) -> None:
        self._active = active
        self._real: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in ("stat", "lstat", "access")}
        self._ours: dict[str, Callable[..., Any]] = {
            name: self._wrapped(real, status=name != "access") for name, real in self._real.items()
        }
        self._real |= {"readlink": os.readlink}
        self._ours |= {"readlink": self._following(os.readlink)}
        # `shutil` and others ask these sets what the functions can do. Ours stay in them: it is true at any time.
        for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            able.update([self._ours[name] for name, real in self._real.items() if real in able])

    def install(self) -> None:
        """Put the recording functions in place."""
        self._put(self._ours)

    def remove(self) -> None:
        """Put the functions of the system back."""
        self._put(self._real)

    def _put(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        for name, function in functions.items():
            setattr(os, name, function)

    def _wrapped(self, real: Callable[..., Any], *, status: bool) -> Callable[..., Any]:
        @functools.wraps(real)
        def asking(path: Any, *args: Any, **options: Any) -> Any:
            try:
                answer = real(path, *args, **options)
            except OSError:
                self._asked(path, options, there=False)
                raise
            self._asked(path, options, there=answer is not False, status=status)
            return answer

        return asking

    def _following(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def following(path: Any, *args: Any, **options: Any) -> Any:
            target = real(path, *args, **options)
            if (
                (recordings := self._active())
                and options.get("dir_fd") is None
                and (link := absolute(path)) is not None
            ):
                # Not the project itself: where that lies is nothing to a stage.
                concerned = [each for each in recordings if each.territory.inside(link) not in (None, ".")]
                if concerned and _counts(asker := caller(1), frozenset()):
                    for recording in concerned:
                        recording.follows(link, asker.frame)
            return target

        return following

    def _asked(self, name: Any, options: Mapping[str, Any], *, there: bool, status: bool = False) -> None:
        recordings = self._active()
        if not recordings or options.get("dir_fd") is not None or (path := absolute(name)) is None:
            return
        foreign = [recording for recording in recordings if not recording.has_made(path)]
        concerned = [recording for recording in foreign if recording.territory.inside(path) is not None]
        if not concerned or not _counts(asker := caller(2)):
            return
        for recording in concerned:
            if there and status and _wants_status(asker, recording):
                recording.reads(path, asker.frame)  # its size or its times: as good as its content
            recording.asks(path, asker.frame, there=there)


def _counts(asker: Caller, resolving: frozenset[str] = _RESOLVING) -> bool:
    """Whether a question is the user's or a library's, rather than the interpreter's or pivot's own."""
    module, name = asker.module, os.path.basename(asker.filename).removesuffix(".py")
    inner = asker.filename.startswith("<frozen ") or name in _READS_OF_SOURCE or _is_of_pivot(module)
    asks_for_itself = is_tracing(module) or is_looking_for_packages(module)
    return not inner and not asks_for_itself and resolving.isdisjoint(asker.through)


def _is_of_pivot(module: str) -> bool:
    return module.startswith("pivot.") and not module.startswith("pivot.loaders")


def _wants_status(asker: Caller, recording: Recording) -> bool:
    """Whether the user's code asks for more than existence."""
    return (not asker.through or asker.through[-1] in _STATUS) and recording.territory.is_ours(asker.filename)
