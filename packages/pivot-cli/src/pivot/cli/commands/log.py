"""`pivot log`: what happened in runs."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from pivot.cli.answer import answer
from pivot.cli.opening import Scene, open_scene
from pivot.cli.options import as_json, complete_run, global_options, session_of
from pivot.cli.session import Session
from pivot.registry.errors import DefinitionError

if TYPE_CHECKING:
    from pivot.engine.records import RunRecord

LISTED = 20


@dataclass(frozen=True)
class Request:
    """What is asked about which runs."""

    words: tuple[str, ...]
    compare: bool = False
    trace: str | None = None
    number: int = LISTED
    everything: bool = False
    as_json: bool = False

    def runs(self) -> tuple[str, ...]:
        """Name the runs that are meant: none (all), one, or two to compare.

        Raises:
            DefinitionError: there are too many names.
        """
        most = 1 if self.trace is not None else 2
        if len(self.words) > most:
            raise DefinitionError(
                f"{len(self.words)} runs are too many here",
                hint="Name one to see it, two to compare them, none for a list.",
            )
        if self.compare and len(self.words) < 2:
            return (*(self.words or ("last~1",)), "last")
        return ("last",) if self.trace is not None and not self.words else self.words


@click.command("log")
@global_options()
@click.option("--last", is_flag=True, help="Show the last run; the same as `pivot log last`.")
@click.option("-c", "--compare", is_flag=True, help="Compare two runs (default: the last two).")
@click.option("--trace", metavar="FILE", help="Write a run as a trace that ui.perfetto.dev opens; - is stdout.")
@click.option("-n", "--number", type=click.IntRange(1), default=LISTED, help=f"List so many runs (default: {LISTED}).")
@click.option("-a", "--all", "everything", is_flag=True, help="Runs of the whole project.")
@as_json
@click.argument("runs", nargs=-1, shell_complete=complete_run)
@click.pass_context
def command(
    ctx: click.Context,
    last: bool,
    compare: bool,
    trace: str | None,
    number: int,
    everything: bool,
    as_json: bool,
    runs: tuple[str, ...],
) -> None:
    """Say what happened: list the last runs, show one, or compare two.

    RUNS are ids as `pivot log` lists them, or the beginning of one, or `last`, or `last~1` for the one before it.
    """
    words = (*runs, "last") if last else runs
    log(session_of(ctx), Request(words, compare, trace, number, everything, as_json))


def log(session: Session, request: Request) -> None:
    """Answer one question about runs."""
    from pivot.cli.logbook import state_dirs
    from pivot.engine.history import find_run, glance, kept_runs, read_run

    words = request.runs()
    scene = open_scene(session)
    kept = kept_runs(state_dirs(scene, everything=request.everything))
    if not words:
        _list(session, scene, request, [glance(run) for run in kept[::-1][: request.number]])
        return
    meant = {run.id: run for run in kept_runs(state_dirs(scene, everything=True))}
    runs = [read_run(meant[find_run(kept, word).id]) for word in words]
    if request.trace is not None:
        _trace(session, runs[0], request.trace)
    elif len(runs) == 1:
        _show(session, scene, runs[0], as_json=request.as_json)
    else:
        _compare(session, scene, runs[0], runs[1], as_json=request.as_json)


def _list(session: Session, scene: Scene, request: Request, runs: "list[RunRecord]") -> None:
    from pivot.cli.logbook import spelling_of, tell_runs
    from pivot.cli.logdata import runs_data

    console = session.console()
    if request.as_json:
        console.data(answer(runs=runs_data(runs)))
    elif runs:
        tell_runs(console, spelling_of(scene, *runs), runs)
    else:
        console.say("No runs yet: nothing has been run or restored here.")


def _show(session: Session, scene: Scene, run: "RunRecord", *, as_json: bool) -> None:
    from pivot.cli.logbook import spelling_of, tell_run
    from pivot.cli.logdata import run_data

    if as_json:
        session.console().data(answer(**run_data(run)))
    else:
        tell_run(session.console(), spelling_of(scene, run), run, session.spelled("logs"))


def _compare(session: Session, scene: Scene, before: "RunRecord", now: "RunRecord", *, as_json: bool) -> None:
    from pivot.cli.comparing import tell_comparison
    from pivot.cli.logbook import spelling_of
    from pivot.cli.logdata import compared_data, runs_data
    from pivot.engine.analysis import compare

    rows = compare(before, now)
    if as_json:
        first, second = runs_data((before, now))
        session.console().data(answer(before=first, now=second, stages=compared_data(rows)))
    else:
        tell_comparison(session.console(), spelling_of(scene, before, now), before, now, rows)


def _trace(session: Session, run: "RunRecord", file: str) -> None:
    from pivot.engine.timeline import timeline

    text = json.dumps(timeline(run), ensure_ascii=False)
    if file == "-":
        session.console().data(text)
        return
    try:
        (session.start() / file).write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise DefinitionError(f"{file}: {error.strerror}", hint="Name a file that can be written.") from None
    session.console().say(f"Wrote {file}: open it in ui.perfetto.dev")
