"""Say what happened in runs: all of them in a list, or one in full."""

import itertools
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pivot.cli.console import BOLD, CYAN, DIM, HELD, RAN, RED, RUNNING, Console, Mark
from pivot.cli.opening import Scene, Selection, open_scene
from pivot.cli.progress import MARKS, Name, counted, first_of
from pivot.cli.session import Session
from pivot.cli.spelling import Spelling
from pivot.cli.text import count, duration, lines_of, moment, one_line, size
from pivot.engine.analysis import critical_path, totals, worked
from pivot.engine.history import kept_runs
from pivot.engine.records import RunRecord, RunState, StageRecord
from pivot.registry.layout import PIVOT_DIR

SLOWEST = 10
"""So many stages are shown of a run; with `-v` all."""
NAMED = 3
"""So many failed stages are named in a list of runs."""
WAITED = 0.05
"""Seconds of waiting that are worth a word."""

_MARKS: Mapping[str, Mark] = {**{str(outcome): mark for outcome, mark in MARKS.items()}, "ok": RAN, "running": RUNNING}


def state_dirs(scene: Scene, *, everything: bool) -> list[Path]:
    """Name the state directories of the pipelines that are meant, also of those that cannot be loaded now.

    Raises:
        DefinitionError: there is no pipeline.
    """
    covered = [file for file in (*scene.views, *scene.broken) if everything or scene.scope.covers(file)]
    if not covered:
        scene.select(Selection(everything=everything))
    found = [scene.views[file].state_dir for file in covered if file in scene.views]
    stages = scene.stages if everything else scene.near
    found += [scene.stages[ref].state_dir for ref in stages]
    return list(dict.fromkeys([*found, *(file.parent / PIVOT_DIR for file in covered if file in scene.broken)]))


def run_names(session: Session) -> list[str]:
    """List what the runs are called, the newest first; none if there is anything wrong."""
    try:
        return [run.id for run in kept_runs(state_dirs(open_scene(session), everything=False))][::-1]
    except Exception:  # noqa: BLE001 - completion must not disturb the line that is being typed
        return []


def spelling_of(scene: Scene, *runs: RunRecord) -> Spelling:
    """Spell the stages of these runs, of which some may be gone from the project."""
    return Spelling(itertools.chain(scene.stages, *(run.stages for run in runs)))


def tell_runs(console: Console, name: Name, runs: Iterable[RunRecord]) -> None:
    """Write a line for each run."""
    for run in runs:
        when = console.out.paint(moment(run.time), DIM)
        mark = console.out.mark(_MARKS.get(run.state, HELD))
        console.data(f"{mark} {run.id}  {when}  {_lasted(run):>6}  {_outcome(name, run)}")


def _outcome(name: Name, run: RunRecord) -> str:
    said = "" if run.state in (RunState.OK, RunState.FAILED) else f"{run.state}: "
    names = ", ".join(map(one_line, map(name, run.failed[:NAMED])))
    more = f" and {len(run.failed) - NAMED} more" if len(run.failed) > NAMED else ""
    return f"{said}{counted(run.counts, names + more) or 'nothing'}"


def _lasted(run: RunRecord) -> str:
    """Say how long a run took; of one that was killed only its last event is known."""
    return f"{'>' if run.state is RunState.KILLED else ''}{duration(run.seconds)}"


def tell_run(console: Console, name: Name, run: RunRecord, logs: str) -> None:
    """Write what happened in one run. `logs` and a stage are the command that shows what the stage wrote."""
    for line in _story(console, name, run, logs):
        console.data(line)


def _story(console: Console, name: Name, run: RunRecord, logs: str) -> Iterator[str]:
    yield from _head(console, name, run)
    stages = worked(run)
    shown = stages if console.verbosity >= 1 else stages[:SLOWEST]
    if shown:
        yield from _title(console, "what took time, slowest first:")
        yield from _table(console, name, shown)
        if len(shown) < len(stages):
            yield f"  and {count(len(stages) - len(shown), 'other')} (-v lists all)"
    yield from _path(console, name, run)
    for ref in run.failed:
        if ref in run.stages:
            yield from _failure(console, name(ref), run.stages[ref], f"{logs} {shlex.quote(name(ref))} --run {run.id}")


def _title(console: Console, words: str) -> Iterator[str]:
    yield ""
    yield console.out.paint(words, BOLD)


def _head(console: Console, name: Name, run: RunRecord) -> Iterator[str]:
    out = console.out
    state = f", {run.state}" if run.state is not RunState.OK else ""
    mark, title = out.mark(_MARKS.get(run.state, HELD)), out.paint(run.id, BOLD)
    yield f"{mark} {title}  {moment(run.time)}, {_lasted(run)}{state}"
    if run.command:
        yield f"  {one_line(run.command)}"
    elif run.options:
        yield f"  {one_line(', '.join(f'{option} {value}' for option, value in run.options.items()))}"
    yield f"  {counted(run.counts) or 'nothing was done'}"
    spent = totals(run)
    if spent.busy and run.seconds:
        jobs = "" if run.jobs is None else f" with {count(run.jobs, 'job')}"
        at_once = f"{spent.busy / run.seconds:.1f} at once{jobs}"
        yield f"  {duration(spent.busy)} of work, {at_once}; {duration(spent.cpu)} CPU"
    if spent.memory is not None and spent.hungriest is not None:
        yield f"  at most {size(spent.memory)} in one process ({one_line(name(spent.hungriest))})"


def _table(console: Console, name: Name, stages: Sequence[StageRecord]) -> Iterator[str]:
    width = max(len(one_line(name(stage.ref))) for stage in stages)
    for stage in stages:
        cpu = "" if stage.cpu is None else f"{duration(stage.cpu)} CPU"
        memory = "" if stage.memory is None else size(stage.memory)
        because = first_of(stage.reasons)
        same = "made the same as before" if stage.unchanged else ""
        tries = f"{stage.attempts} tries" if stage.attempts > 1 else ""
        note = "; ".join(filter(None, (because, same, tries)))
        head = f"  {console.out.mark(_MARKS.get(stage.status, HELD))} {one_line(name(stage.ref)):<{width}}"
        took = "?" if stage.status == "killed" else duration(stage.seconds)
        yield f"{head}  {took:>6}  {cpu:>10}  {memory:>8}  {note}".rstrip()


def _path(console: Console, name: Name, run: RunRecord) -> Iterator[str]:
    path = critical_path(run)
    if len(path) < 2:
        return
    working = sum(step.stage.seconds for step in path)
    yield from _title(console, f"critical path: {duration(working)} of {duration(run.seconds)}")
    width = max(len(one_line(name(step.stage.ref))) for step in path)
    for step in path:
        waited = f"waited {duration(step.waited)} before" if step.waited >= WAITED else ""
        line = f"  {duration(step.stage.seconds):>6}  {one_line(name(step.stage.ref)):<{width}}  "
        yield (line + console.out.paint(waited, DIM)).rstrip()


def _failure(console: Console, name: str, stage: StageRecord, command: str) -> Iterator[str]:
    out = console.out
    yield ""
    yield f"{out.paint('failed:', RED)} {out.paint(one_line(name), BOLD)}: {one_line(stage.failure)}"
    yield from (f"  {line}" for line in lines_of(stage.traceback))
    yield f"  {out.paint('log:', CYAN)} {one_line(command)}"
