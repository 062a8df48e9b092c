"""Crash points: a command is killed before each thing that it does to the file system, and the next run must be right.

Not every kill is of a fresh project: what the next run leaves is what the next kill begins with, as it would be.
"""

import argparse
import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

import faults_hook
from faults_hook import Point
from faults_world import World, enumerated, inline, world


class Course(NamedTuple):
    """What is done, and what is killed meanwhile."""

    words: Sequence[str]
    prepare: Callable[[World, int], None]
    """Make something to do, other than what was done before."""
    role: str = "coordinator"
    together: bool = False
    """Whether the coordinator is killed with its worker."""
    pool: bool = False
    """Whether stages run in workers."""


def _anew(world: World, _number: int) -> None:
    world.build()


def _changed(world: World, number: int) -> None:
    world.give(world.facts._replace(text=f"text {number}", mark=f"m{number}"))


def _as_before(world: World, _number: int) -> None:
    now = world.facts.text
    world.give(world.facts._replace(text="that" if now == "this" else "this", mark="m"))


def _deleted(world: World, _number: int) -> None:
    for path in ("head.txt", "q/tail.txt", "length.json", "diary.json"):
        (world.root / path).unlink(missing_ok=True)
    shutil.rmtree(world.root / "parts", ignore_errors=True)


_RUN = ("run", "--all", "-j", "1")
COURSES = {
    "a first run": Course(_RUN, _anew),
    "a run of what has changed": Course(_RUN, _changed),
    "a run that restores": Course(_RUN, _as_before),
    "a run that puts back": Course(_RUN, _deleted),
    "a forced run": Course(("run", "-f", "p:head", "p:parts", "p:length", "q:tail"), lambda _world, _number: None),
    "a checkout": Course(("checkout",), _deleted),
    "a first run with a worker": Course(_RUN, _anew, pool=True),
    "a run with a worker": Course(_RUN, _changed, pool=True),
    "the worker of a first run": Course(_RUN, _anew, "worker", pool=True),
    "the worker of a run": Course(_RUN, _changed, "worker", pool=True),
    "a run and its worker": Course(_RUN, _changed, "worker", together=True, pool=True),
}


def problems(world: World, course: Course, numbers: Iterator[int] | None = None) -> Iterator[tuple[int, list[str]]]:
    """Kill at each of these points (all if none are given) until there are no more; give what is wrong after each."""
    world.recover()
    for number in numbers or count(1):
        course.prepare(world, number)
        marker = world.top / "killed"
        marker.unlink(missing_ok=True)
        pid = world.start(*course.words, first=_first(course, Point(course.role, number, course.together, str(marker))))
        ended = world.wait(pid)
        wrong = world.recover(pid)
        if not marker.exists():
            yield number, [*wrong, *([f"it ended with {ended.code}: {ended.err}"] if ended.code else [])]
            return
        yield number, wrong


def _first(course: Course, point: Point) -> Callable[[], None]:
    def prepare() -> None:
        if not course.pool:
            inline()
        faults_hook.arm(point)

    return prepare


def main(arguments: Sequence[str]) -> int:
    """Kill at every point, or every n-th, and print what was found."""
    parser = argparse.ArgumentParser(prog="faults_engine.py points", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("course", nargs="*", choices=[*COURSES, []], default=[])
    options = parser.parse_args(arguments)
    bad = 0
    for name in options.course or COURSES:
        bad += _enumerate(name, options.every)
    return 1 if bad else 0


def _enumerate(name: str, every: int) -> int:
    with world() as made:
        return enumerated(name, "point", problems(made, COURSES[name], count(1, every)))
