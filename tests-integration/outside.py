"""Use pivot from the outside: the real command, in real directories, with a clean environment."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

PROJECTS = Path(__file__).resolve().parent / "projects"
COMMAND = Path(sys.executable).with_name("pivot")
PATIENCE = 300
"""Seconds after which a command that should have ended is a failure, not something to wait for."""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What `--json` wrote."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What `run --json` wrote."""
        return [json.loads(line) for line in self.out.splitlines()]


class Project:
    """One directory with pipelines, and the command started in it."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.home = home

    def __truediv__(self, name: str) -> Path:
        return self.root / name

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, making their directories."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace one piece of a file, which must be there."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text, f"{name} does not contain {old!r}"
        (self.root / name).write_text(text.replace(old, new), encoding="utf-8")

    def text(self, name: str) -> str:
        """Read a file."""
        return (self.root / name).read_text(encoding="utf-8")

    def json(self, name: str) -> Any:
        """Read a JSON file."""
        return json.loads(self.text(name))

    def files(self) -> set[str]:
        """Name every file that is not pivot's own, nor Python's."""
        found = (path.relative_to(self.root) for path in self.root.rglob("*") if path.is_file())
        return {path.as_posix() for path in found if not {".pivot", "__pycache__", ".gitignore"} & set(path.parts)}

    def environment(self, **more: str) -> dict[str, str]:
        """Give what a fresh shell has, and what measures coverage in child processes."""
        kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        path = os.pathsep.join([str(COMMAND.parent), "/usr/local/bin", "/usr/bin", "/bin"])
        return {**kept, "PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", **more}

    def pivot(self, *words: str, at: str = ".", expect: int | None = 0, **env: str) -> Ended:
        """Run a command in a directory of the project; `expect` is the exit code it must have (None: any)."""
        return self._ended([COMMAND, *words], at, expect, env)

    def python(self, *words: str, at: str = ".", expect: int | None = 0, **env: str) -> Ended:
        """Run the interpreter that the command runs in."""
        return self._ended([sys.executable, *words], at, expect, env)

    def _ended(self, words: list[str | Path], at: str, expect: int | None, env: dict[str, str]) -> Ended:
        done = subprocess.run(
            words,
            cwd=self.root / at,
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
        if expect is not None:
            assert done.returncode == expect, (
                f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return Ended(done.returncode, done.stdout, done.stderr)

    def outcomes(self, *words: str, at: str = ".", expect: int = 0, **env: str) -> dict[str, str]:
        """Run, and say what became of each stage: `{"model:train": "ran"}`; those up to date are left out."""
        done = self.pivot("run", "--json", *words, at=at, expect=expect, **env)
        finished = [event for event in done.events if event["event"] == "stage_finished"]
        return {
            f"{event['pipeline']}:{event['stage']}": event["status"]
            for event in finished
            if event["status"] != "skipped"
        }

    def ran(self, *words: str, at: str = ".", **env: str) -> set[str]:
        """Run, and name the stages whose functions were called."""
        return {name for name, status in self.outcomes(*words, at=at, **env).items() if status == "ran"}

    def stale(self, *words: str, at: str = ".") -> dict[str, str]:
        """Say what would become of each stage that is not up to date."""
        stages = self.pivot("status", "--json", *words, at=at).data["stages"]
        return {f"{s['pipeline']}:{s['stage']}": s["status"] for s in stages if s["status"] != "fresh"}

    def start(self, *words: str, at: str = ".", **env: str) -> "subprocess.Popen[str]":
        """Start a command as a terminal would: a group of its own, and Ctrl-C not ignored."""
        return subprocess.Popen(
            [COMMAND, *words],
            cwd=self.root / at,
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # What starts the tests may have told its children to ignore Ctrl-C: they would silently test nothing.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def copy_to(self, root: Path) -> "Project":
        """Give the same project elsewhere, without what it computed: what a colleague gets from git."""
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns("cache", "local", "state.db*", "runs"))
        return Project(root, self.home)


def has_ended(pid: int) -> bool:
    """Tell whether a process is no more, but for what its parent has not asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_for(marker: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until a stage has written `marker`, or fail if the command ends before."""
    for _ in _pulses(process):
        if marker.exists():
            return
    if not marker.exists():  # it may have been written, and the command have ended, since the last look
        raise AssertionError(f"ended with {process.returncode} before {marker.name} was there: {process.communicate()}")


def wait_until_gone(number: int) -> None:
    """Wait until a process that is not ours has ended."""
    end = time.monotonic() + 60
    while _is_alive(number):
        if time.monotonic() > end:
            raise AssertionError(f"process {number} lives on")
        time.sleep(0.01)


def _is_alive(number: int) -> bool:
    return state_of(number) not in {"", "Z"}


def state_of(number: int) -> str:
    """Give the letter of what a process is doing (`T`: it is stopped); empty if it is gone."""
    return "".join(_stat(number)[:1])


def _pulses(process: "subprocess.Popen[str]") -> Iterator[None]:
    for _ in range(PATIENCE * 50):
        yield
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
        return


def members(session: int) -> set[int]:
    """Name the processes of a session that still run: those of a command that `start` has started."""
    return {number for number in _processes() if _stat(number)[3:4] == [str(session)] and _is_alive(number)}


def _processes() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _stat(number: int) -> list[str]:
    """Give state, parent, group, session and so on of a process; nothing if it is gone."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
