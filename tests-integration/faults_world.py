"""A small project that is made to fail, commands that cost next to nothing, and what must hold after a fault.

Commands run in forks of this process, which has imported pivot already: a hundredth of the time that a fresh
interpreter needs. Only what is imported can differ from the real command, and `tools/faults_engine.py` uses that.
"""

import fcntl
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from faults_children import quick_folder

from pivot.cache import Cache
from pivot.engine.events import StageWaiting
from pivot.engine.runner import Tell
from pivot.executor.observed import Identify
from pivot.executor.task import TaskOptions, Waits

DEADLINE = 60
"""Seconds after which a command counts as hanging."""

PIPELINE = """
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline
import faulty_helper

pipeline = Pipeline("p")

@pipeline.stage
def head(
    text: Annotated[str, outputs.Dep("in.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("head.txt", loaders.Text())]:
    print("head of", text)
    return faulty_helper.mark(text) * 500

@pipeline.stage
def parts(
    text: Annotated[str, outputs.Dep("head.txt", loaders.Text())],
) -> Annotated[dict[str, str], outputs.DirectoryOut("parts/", loaders.Text())]:
    return {f"{n}.txt": f"{n}:{len(text)}:{text[:30]}" for n in range(3)}

@pipeline.stage
def length(
    text: Annotated[str, outputs.Dep("head.txt", loaders.Text())],
) -> Annotated[dict[str, int], outputs.Metric("length.json")]:
    return {"length": len(text)}

@pipeline.stage
def diary(
    text: Annotated[str, outputs.Dep("in.txt", loaders.Text())],
    days: Annotated[list[str] | None, outputs.IncrementalOut("diary.json", loaders.JSON())],
) -> Annotated[list[str], outputs.IncrementalOut("diary.json", loaders.JSON())]:
    return [*(days or []), text]
"""
OTHER = """
import importlib
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("q")

@pipeline.stage
def tail(
    text: Annotated[str, outputs.Dep("../head.txt", loaders.Text())],
    note: Annotated[str, outputs.Dep("note.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("tail.txt", loaders.Text())]:
    later = importlib.import_module("".join(reversed("retal_ytluaf")))  # code that only the command can identify
    return later.shout(text[-50:]) + note
"""


class Given(NamedTuple):
    """All that the results depend on."""

    text: str = "text"
    note: str = "note"
    mark: str = "0"

    def files(self) -> dict[str, str]:
        """Give the files that say it."""
        helper = f"def mark(text):\n    return text + {self.mark!r}\n"
        later = "def shout(text):\n    return text.upper()\n"
        code = {"faulty_helper.py": helper, "faulty_later.py": later}
        return {"in.txt": self.text, "q/note.txt": self.note, **code}

    def results(self) -> dict[str, str]:
        """Compute what a clean run makes, without pivot; the diary has a memory and is not here."""
        head = (self.text + self.mark) * 500
        parts = {f"parts/{n}.txt": f"{n}:{len(head)}:{head[:30]}" for n in range(3)}
        metric = json.dumps({"length": len(head)})
        return {"head.txt": head, "length.json": metric, "q/tail.txt": head[-50:].upper() + self.note, **parts}


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    """Negative: the signal that killed it."""
    out: str
    err: str


class World:
    """One project, and what must be true of it.

    build     a project that was never run
    given     change what results depend on
    start     a command in a process group of its own; `wait` gives how it ended
    recover   bring everything up to date, and say what does not hold then
    """

    def __init__(self, top: Path) -> None:
        self.top = top
        self.root = top / "project"
        self.facts = Given()
        self.diary: list[str] = []
        """What the incremental output must hold: an entry for each input that a run has ended with."""

    def build(self) -> None:
        """Begin anew with a project that was never run."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.build_in_place()

    def build_in_place(self) -> None:
        """Write the files of the project, and begin with an empty diary."""
        for folder in (self.root / ".pivot", self.root / ".git", self.root / "q", self.top / "home"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.root / ".pivot/config.yaml").touch()
        (self.root / "pipeline.py").write_text(PIPELINE)
        (self.root / "q/pipeline.py").write_text(OTHER)
        self.diary = []
        self.give(self.facts)

    def give(self, facts: Given) -> None:
        """Change what the results depend on."""
        self.facts = facts
        for name, text in facts.files().items():
            (self.root / name).write_text(text)

    # -- commands

    def start(self, *words: str, first: Callable[[], None] = lambda: None) -> int:
        """Start a command in a fork, as the leader of a session; `first` prepares its process."""
        pid = os.fork()
        if pid == 0:
            self._be(words, first)
        return pid

    def _be(self, words: tuple[str, ...], first: Callable[[], None]) -> None:
        try:
            os.setsid()
            for number, name in ((1, "out"), (2, "err")):
                file = os.open(self.top / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(file, number)
                os.close(file)
            sys.stdout, sys.stderr = (open(n, "w", closefd=False) for n in (1, 2))  # noqa: SIM115
            os.chdir(self.root)
            os.environ["HOME"] = str(self.top / "home")
            for number in (signal.SIGINT, signal.SIGALRM):
                signal.signal(number, signal.SIG_DFL)
            signal.alarm(DEADLINE)
            first()
            code = importlib.import_module("pivot.cli").cli.main(list(words), "pivot", standalone_mode=False)
            sys.stdout.flush()
            os._exit(code)
        finally:
            os._exit(99)

    def wait(self, pid: int) -> Ended:
        """Wait for a command to end."""
        _, status = os.waitpid(pid, 0)
        return Ended(os.waitstatus_to_exitcode(status), (self.top / "out").read_text(), (self.top / "err").read_text())

    def pivot(self, *words: str, first: Callable[[], None] = lambda: None) -> Ended:
        """Run a command to its end."""
        return self.wait(self.start(*words, first=first))

    def kill(self, pid: int) -> None:
        """Kill a command with its whole group."""
        with suppress(ProcessLookupError):  # it has not made its group yet
            os.killpg(pid, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)

    # -- what must hold

    def recover(self, killed: int | None = None, first: Callable[[], None] | None = None) -> list[str]:
        """Bring everything up to date, and say what does not hold then: nothing, it is hoped.

        `killed` is a command that was killed just now: the run does not wait until all of it is gone, the looks do.
        """
        ended = self.pivot("run", "--all", first=first or inline)
        if ended.code:
            return [f"the next run ends with {ended.code}: {ended.err}"]
        if not self.diary or self.diary[-1] != self.facts.text:
            self.diary.append(self.facts.text)
        left = survivors(killed) if killed is not None else []
        # In this order: the lease of a worker that was still dying when that run began is swept by the next command.
        return [*left, *self.wrong_results(), *self.damage(), *self.stale(), *self.litter(), *self.held()]

    def wrong_results(self) -> list[str]:
        """Name outputs that are not what a clean run makes."""
        expected = {**self.facts.results(), "diary.json": json.dumps(self.diary)}
        found = {name: _text(self.root / name) for name in {*expected, *self._in("parts")}}
        plain = {name: _plain(text) for name, text in found.items()}
        return [
            f"{name} is wrong: {found[name]!r:.80}"
            for name in found
            if plain[name] != _plain(expected.get(name, "not there"))
        ]

    def _in(self, folder: str) -> list[str]:
        return [str(path.relative_to(self.root)) for path in (self.root / folder).rglob("*")]

    def litter(self) -> list[str]:
        """Name what only an unfinished run may have."""
        found = [
            path
            for path in self.root.rglob("*")
            if path.name.endswith(".tmp")
            or ".pivot-" in path.name
            or path.parent.name in ("inflight", "pending", "leases")
            or path.parent == self.root / ".pivot/cache/tmp"
        ]
        return [f"left behind: {path.relative_to(self.root)}" for path in found]

    def damage(self) -> list[str]:
        """Name objects of the store that are not what their names say."""
        with Cache(self.root / ".pivot/cache") as cache:
            report = cache.verify()
        return [f"damaged in the store: {item}" for item in report.damaged]

    def held(self) -> list[str]:
        """Name locks that somebody still holds."""
        return [
            f"held: {path.relative_to(self.root)}"
            for path in self.root.rglob("*lock")
            if path.is_file() and _is_held(path)
        ]

    def stale(self) -> list[str]:
        """Name stages that are not up to date."""
        ended = self.pivot("status", "--all", "--json")
        if ended.code:
            return [f"status ends with {ended.code}: {ended.err}"]
        return [f"stale: {stage}" for stage in json.loads(ended.out)["stages"] if stage["status"] != "fresh"]


def inline() -> None:
    """Let this process run every stage itself, with the store that it has open: no worker has to be started."""
    from pivot.engine.reserve import Reserve
    from pivot.engine.runner import InlineRunner
    from pivot.executor.settings import EngineSettings
    from pivot.executor.worker import inline_execution

    really, opened = EngineSettings.open_cache, []

    def open_once(settings: EngineSettings) -> Cache:
        opened.extend([really(settings)] if not opened else [])
        return opened[0]

    def runner(_: Reserve, options: TaskOptions, _jobs: int, tell: Tell, identify: Identify) -> InlineRunner:
        def waiting(waits: Waits) -> None:
            tell(StageWaiting(waits.ref, waits.owner, path=waits.path))

        execution = inline_execution(options, open_once(options.settings), waiting, identify)
        return InlineRunner(execution.bring_up_to_date, execution.close, tell)

    Reserve.call_up = lambda *_: None  # type: ignore[method-assign]
    Reserve.runner = runner  # type: ignore[assignment, method-assign]
    EngineSettings.open_cache = open_once  # type: ignore[method-assign]


def program(*words: str, under: tuple[str, ...] = ()) -> None:
    """Become the real command, in a fresh interpreter; `under` is another program that starts it."""
    signal.alarm(0)
    command = (*under, str(Path(sys.executable).with_name("pivot")), *words)
    os.execvp(command[0], command)


def processes_of(session: int) -> list[int]:
    """List the processes of a session that have not ended."""
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat") if _session(path) == session]


def _session(path: Path) -> int | None:
    with suppress(OSError):
        state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
        return None if state == "Z" else int(session)
    return None


def survivors(session: int) -> list[str]:
    """Wait until a session has no process any more; name those that live on."""
    end = time.monotonic() + 12
    while left := processes_of(session):
        if time.monotonic() > end:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            return [f"process {pid} lives on" for pid in left]
        time.sleep(0.002)
    return []


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return "not there"


def _plain(text: str) -> object:
    """Compare JSON by what it says."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_held(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def warm_up(made: World) -> None:
    """Import here what a run imports: forks then need not."""
    names = made.top / "modules"

    def tell_at_the_end() -> None:
        inline()
        exiting = os._exit

        def telling(code: int) -> NoReturn:
            names.write_text("\n".join(sys.modules))
            exiting(code)

        vars(os)["_exit"] = telling

    made.pivot("run", "--all", first=tell_at_the_end)
    for name in names.read_text().split():
        if name.partition(".")[0] in {"pivot", "pydantic", "click", "blake3", "lmdb", "ctypes"}:
            importlib.import_module(name)


@contextmanager
def cpu() -> Iterator[Callable[[], float]]:
    """Give a function that tells the CPU seconds of this process and its children since then."""
    before = sum(os.times()[:4])
    yield lambda: sum(os.times()[:4]) - before


def enumerated(what: str, unit: str, found: Iterator[tuple[int, list[str]]]) -> int:
    """Print what is wrong at each of the points that are found, and how many there are; give how many are wrong."""
    points = bad = 0
    with cpu() as seconds:
        for number, wrong in found:
            points += 1
            bad += bool(wrong)
            for line in wrong:
                print(f"  {what}, {unit} {number}: {line}", flush=True)
    print(f"{what}: {points} {unit}s, {bad} with faults, {seconds():.0f} CPU s", flush=True)
    return bad


@contextmanager
def world() -> Iterator[World]:
    """Give a project where nobody waits for a disk."""
    top = Path(tempfile.mkdtemp(prefix="pivot-faults-", dir=quick_folder()))
    try:
        made = World(top)
        made.build()
        if "pivot.fingerprint.program" not in sys.modules:
            warm_up(made)
            made.build()
        yield made
    finally:
        shutil.rmtree(top, ignore_errors=True)
