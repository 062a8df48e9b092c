"""Garbage in the place of each file that pivot keeps about a project, and modes that forbid reading or writing it.

A command must then say what is wrong in one line that names the file, or heal it; afterwards everything must be as a
clean run gives it. The store's own files have their own tests (`faults_garbage`).
"""

import argparse
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from faults_garbage import FILE_DAMAGE, FOLDER_DAMAGE, give_up_privileges

from faults_world import Ended, World, cpu, inline, world

MODES = ("unreadable", "read-only")
_LAST = 5
"""The highest exit code that says what a user can mend."""
_VARIES = re.compile(r"\d{8}T\d{6}-[0-9a-f]+|[0-9a-f]{16,}(-[0-9a-f]{16,})?")


class Case(NamedTuple):
    """One fault."""

    label: str
    """Of the victim: its path, without what differs from one project to the next."""
    damage: str


class Outcome(NamedTuple):
    """What came of it."""

    said: tuple[str, ...]
    """The errors of `status` and of `run`, in one line each; none if it healed."""
    wrong: tuple[str, ...]
    """What must not be."""


class Damage:
    """Projects that have run and were changed since, each with one fault.

    cases     every kind of garbage for every file of pivot's; modes for the user's files too
    suffer    make the project, damage it, look at it, run it, and say what does not hold
    """

    def __init__(self, made: World) -> None:
        self._made = made
        self._kept = made.top / "kept"
        made.recover()
        self._leave_unfinished()
        shutil.copytree(made.root, self._kept, symlinks=True)

    def _leave_unfinished(self) -> None:
        """Leave what a killed run and a full store do."""
        state = self._made.root / ".pivot"
        (state / "inflight/head").mkdir(parents=True)
        (state / "pending").mkdir()
        shutil.copy(self._made.root / "head.txt", state / "inflight/head/head.txt")
        shutil.copy(state / "stages/head.lock", state / "pending/head.lock")

    def cases(self) -> Iterator[Case]:
        """Name every fault."""
        for label, path in self._victims().items():
            damages = FOLDER_DAMAGE if path.is_dir() else FILE_DAMAGE
            own = ".pivot" in path.parts
            yield from (Case(label, damage) for damage in damages if own or damage in MODES)

    def _victims(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for path in [self._made.root, *sorted(self._made.root.rglob("*"))]:
            relative = path.relative_to(self._made.root)
            if not {"cache", ".git", "__pycache__"} & set(relative.parts):
                label = _VARIES.sub("*", str(relative))
                found[f"{label}#{sum(known.partition('#')[0] == label for known in found)}"] = path
        return found

    def suffer(self, case: Case) -> Outcome:
        """Cause one fault."""
        made = self._made
        self._anew()
        victim = self._victims()[case.label]
        harm = (FOLDER_DAMAGE if victim.is_dir() else FILE_DAMAGE)[case.damage]
        made.give(made.facts._replace(text="changed", mark="c"))
        harm(victim)
        ended = [made.pivot(*words, first=_powerless) for words in (("status", "--all"), ("run", "--all"))]
        wrong = [fault for end in ended for fault in _ill_said(end, victim)]
        if ended[-1].code:
            self._mend(victim)
        return Outcome(tuple(_line(end) for end in ended if end.code), (*wrong, *self._recovered()))

    def _recovered(self) -> list[str]:
        """Say what does not hold; that a diary begins anew whose record was lost is as it must be."""
        wrong = self._made.recover()
        if (self._made.root / "diary.json").read_text().split() == ["[", '"changed"', "]"]:
            return [line for line in wrong if not line.startswith("diary.json")]
        return wrong

    def _anew(self) -> None:
        _allow(self._made.root)
        shutil.rmtree(self._made.root)
        shutil.copytree(self._kept, self._made.root, symlinks=True)
        self._made.facts, self._made.diary = self._made.facts._replace(text="text", mark="0"), ["text"]

    def _mend(self, victim: Path) -> None:
        """Do what a user does who is told of a file: give the permission, or take away what should not be there."""
        kept = self._kept / victim.relative_to(self._made.root)
        _allow(self._made.root)
        if victim.is_symlink() or not victim.exists() or victim.is_dir() != kept.is_dir():
            remove(victim)
        if kept.is_dir():
            victim.mkdir(exist_ok=True)
        elif ".pivot" in victim.parts:
            remove(victim)


def read_only(made: World, *words: str) -> Ended:
    """Use a project that nobody may write to; it may be written to again afterwards."""
    for path in [made.root, *made.root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    ended = made.pivot(*words, first=_powerless)
    _allow(made.root)
    return ended


def _powerless() -> None:
    inline()
    give_up_privileges()


def _allow(root: Path) -> None:
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)


def remove(path: Path) -> None:
    """Delete whatever there is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _ill_said(ended: Ended, victim: Path) -> Iterator[str]:
    """Find fault with how a command ended."""
    if not 0 <= ended.code <= _LAST:
        yield f"it ended with {ended.code}: {_line(ended)}"
    elif "Traceback" in ended.err or "internal error" in ended.err:
        yield f"it told of its own inside: {ended.err}"
    elif ended.code and victim.name not in ended.err:
        yield f"it does not name the file: {_line(ended)}"


def _line(ended: Ended) -> str:
    lines = [line for line in ended.err.splitlines() if "error:" in line or line.startswith("failed")]
    return f"{ended.code} {' '.join(lines) or ended.err}"


def damages(made: World, choose: Callable[[int, Case], bool]) -> Iterator[tuple[Case, Outcome]]:
    """Cause the faults that are chosen, by their number and name, and tell what came of each."""
    damage = Damage(made)
    for number, case in enumerate(list(damage.cases())):
        if choose(number, case):
            yield case, damage.suffer(case)


def main(arguments: Sequence[str]) -> int:
    """Cause every fault, and print what comes of it."""
    parser = argparse.ArgumentParser(prog="faults_engine.py damage", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--all", action="store_true", help="print what heals or is told well, too")
    parser.add_argument("label", nargs="?", default="")
    options = parser.parse_args(arguments)
    count = healed = bad = 0
    with world() as made, cpu() as seconds:
        for case, outcome in damages(made, lambda n, case: n % options.every == 0 and options.label in case.label):
            count += 1
            healed += not outcome.said
            bad += bool(outcome.wrong)
            if outcome.wrong or options.all:
                told = " | ".join((*outcome.said, *map("WRONG {}".format, outcome.wrong))) or "heals"
                print(f"{case.label:60} {case.damage:18} {told.replace(str(made.root), '.')}", flush=True)
    print(f"{count} faults, {healed} healed, {bad} with faults afterwards, {seconds():.0f} CPU s")
    return 1 if bad else 0
