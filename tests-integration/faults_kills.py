"""Kills at random instants: the whole process group of a run at once, as a closed terminal or a full machine does."""

import argparse
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence

from faults_world import World, cpu, program, world

_WORDS = ("run", "--all", "-j", "2")


def kills(made: World, number: int, seed: int, *, program: bool = False) -> Iterator[tuple[bool, list[str]]]:
    """Kill so many runs; tell of each whether it was still running, and what is wrong after the next run.

    `program`: a fresh interpreter each time, as a user has it; it only takes longer.
    """
    choose = random.Random(seed)
    first = _as_program if program else _as_fork
    usual = _usual(made, first)
    for turn in range(number):
        _prepare(made, turn, choose)
        pid = made.start(*_WORDS, first=first)
        time.sleep(choose.uniform(0, usual))
        made.kill(pid)
        was_running = made.wait(pid).code == -signal.SIGKILL
        # Measured once, while the machine was busy with something else, it would be too long for all kills.
        usual *= 1.1 if was_running else 0.9
        yield was_running, made.recover(pid)


def _prepare(made: World, turn: int, choose: random.Random) -> None:
    """Leave something to do: anew, with new inputs, new code, inputs of before, or outputs gone."""
    kind = choose.choice(("anew", "text", "mark", "note", "before", "gone"))
    if kind == "anew":
        made.build()
    elif kind == "gone":
        for name in choose.sample(("head.txt", "length.json", "q/tail.txt", "diary.json"), 2):
            (made.root / name).unlink(missing_ok=True)
    elif kind == "before":
        made.give(made.facts._replace(text=f"text {turn % 2}", mark="before"))
    else:
        made.give(made.facts._replace(**{kind: f"{kind} {turn}"}))


def _usual(made: World, first: Callable[[], None]) -> float:
    made.recover()
    made.give(made.facts._replace(text="the usual"))
    began = time.monotonic()
    made.pivot(*_WORDS, first=first)
    usual = time.monotonic() - began
    made.recover()
    return usual


def _as_fork() -> None: ...


def _as_program() -> None:
    program(*_WORDS)


def main(arguments: Sequence[str]) -> int:
    """Kill, and print what was found."""
    parser = argparse.ArgumentParser(prog="faults_engine.py kills", description=__doc__)
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--program", action="store_true", help="each run is a fresh interpreter")
    options = parser.parse_args(arguments)
    running = bad = 0
    with world() as made, cpu() as seconds:
        turns = kills(made, options.number, options.seed, program=options.program)
        for turn, (was_running, wrong) in enumerate(turns):
            running += was_running
            bad += bool(wrong)
            for line in wrong:
                print(f"  kill {turn}: {line}", flush=True)
    print(f"{options.number} kills, {running} of a run that went on, {bad} with faults, {seconds():.0f} CPU s")
    return 1 if bad else 0
