"""Whatever is done to a project, in whatever order: a run gives what a clean rebuild gives."""

import argparse
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from faults_world import Given, World, cpu, inline, world

_PLACES = ("project", "elsewhere", "a place")
_OUTPUTS = ("head.txt", "length.json", "q/tail.txt", "diary.json", "parts/1.txt")
_LOCAL = ("state.db", "local", "runs", "locks", "cache/index.lmdb")
_LOCKS = ("head.lock", "parts.lock", "length.lock")

small = st.integers(0, 3)


class Projects(RuleBasedStateMachine):
    """Do what users, colleagues and accidents do to a project; `run` checks everything.

    The diary is an output that depends on what was there before, so its history is followed: it goes on from what its
    lock file says, or begins anew where that was lost.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.made: World = self._stack.enter_context(world())
        self.made.recover()
        self.revisions: list[tuple[Given, list[str]]] = []
        self._keep_revision()

    def teardown(self) -> None:
        self._stack.close()

    @rule(text=small, note=small, mark=small)
    def edit(self, text: int, note: int, mark: int) -> None:
        """Change inputs and code, often to what they were once."""
        self.made.give(Given(f"text {text}", f"note {note}", f"m{mark}"))

    @rule()
    def run(self) -> None:
        """Bring everything up to date."""
        self._check()

    @rule(delay=st.floats(0, 0.25))
    def kill(self, delay: float) -> None:
        """Kill a run."""
        pid = self.made.start("run", "--all", first=inline)
        time.sleep(delay)
        self.made.kill(pid)
        self.made.wait(pid)
        self._check(pid)

    @rule(name=st.sampled_from(_OUTPUTS))
    def delete(self, name: str) -> None:
        """Delete an output."""
        (self.made.root / name).unlink(missing_ok=True)

    @rule(name=st.sampled_from(_OUTPUTS))
    def spoil(self, name: str) -> None:
        """Write over an output."""
        if (self.made.root / name).exists():
            (self.made.root / name).write_text('"spoilt"')

    @rule(name=st.sampled_from(_LOCAL))
    def lose(self, name: str) -> None:
        """Lose what can be made again."""
        shutil.rmtree(self.made.root / ".pivot" / name, ignore_errors=True)

    @rule(name=st.sampled_from(_LOCKS))
    def forget(self, name: str) -> None:
        """Lose a lock file."""
        (self.made.root / ".pivot/stages" / name).unlink(missing_ok=True)

    @rule(place=st.sampled_from(_PLACES), copy=st.booleans())
    def move(self, place: str, copy: bool) -> None:
        """Move the checkout, or copy it and go on there."""
        target = self.made.top / place
        if target == self.made.root:
            return
        shutil.rmtree(target, ignore_errors=True)
        if copy:
            shutil.copytree(self.made.root, target, symlinks=True)
        else:
            os.rename(self.made.root, target)
        self.made.root = target

    @precondition(lambda self: len(self.revisions) > 1)
    @rule(data=st.data())
    def check_out(self, data: st.DataObject) -> None:
        """Go to another revision, as git does: inputs, code and lock files of then; outputs stay."""
        number = data.draw(st.integers(0, len(self.revisions) - 1))
        self._git("checkout", "-q", "-f", f"r{number}")
        self.made.facts, diary = self.revisions[number]
        self.made.diary = list(diary)

    @rule()
    def put_back(self) -> None:
        """Put outputs in place as the lock files say."""
        assert self.made.pivot("checkout").code in (0, 4)

    def _check(self, killed: int | None = None) -> None:
        assert not (wrong := self.made.recover(killed)), wrong
        self._keep_revision()

    def _keep_revision(self) -> None:
        if not (self.made.root / ".git/HEAD").exists():
            self._git("init", "-q")
            (self.made.root / ".gitignore").write_text("__pycache__\n" + (self.made.root / ".gitignore").read_text())
        self._git("add", "-A")
        self._git("commit", "-q", "--allow-empty", "-m", "revision")
        self._git("tag", f"r{len(self.revisions)}")
        self.revisions.append((self.made.facts, list(self.made.diary)))

    def _git(self, *words: str) -> None:
        who = ("-c", "user.name=n", "-c", "user.email=e", "-c", "core.hooksPath=/dev/null")
        subprocess.run(["git", *who, *words], cwd=self.made.root, check=True, capture_output=True)


def machine(examples: int, steps: int, *, always_the_same: bool = False) -> None:
    """Try so many stories; raise for one that ends badly."""
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=always_the_same,
        database=None,
    )
    run_state_machine_as_test(Projects, settings=how)


def main(arguments: Sequence[str]) -> int:
    """Try stories, and print how many."""
    parser = argparse.ArgumentParser(prog="faults_engine.py machine", description=__doc__)
    parser.add_argument("--stories", type=int, default=200)
    examples = parser.parse_args(arguments).stories
    with cpu() as seconds:
        machine(examples, 30)
    print(f"{examples} stories of up to 30 steps, none ended badly, {seconds():.0f} CPU s")
    return 0
