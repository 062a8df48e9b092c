"""`pivot run`: bring stages up to date."""

import time
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import click

from pivot.cli.console import Console
from pivot.cli.exits import ExitCode
from pivot.cli.opening import Scene, Selection, choose
from pivot.cli.options import as_json, global_options, selecting, session_of
from pivot.cli.session import Session
from pivot.cli.spoken import spoken
from pivot.cli.trash import tell_trash
from pivot.registry.amounts import amount_of, seconds_of
from pivot.registry.errors import DefinitionError
from pivot.registry.types import StageRef

if TYPE_CHECKING:
    from pivot.discovery import Project
    from pivot.engine import RunOptions, RunResult

MOST_JOBS = 4096
WIDEST = 40
"""Longer names do not push the others' columns to the right."""


class Request(NamedTuple):
    """What one `pivot run` is asked to do."""

    selection: Selection
    dry_run: bool = False
    force: bool = False
    only: bool = False
    jobs: int | None = None
    keep_going: bool = False
    settings: tuple[str, ...] = ()
    """As `--set` gives them: `stage.key=value`."""
    as_json: bool = False
    command: str = ""
    """The words of the command line, for the journal."""
    watch: bool = False
    retries: int | None = None
    timeout: float | None = None
    resources: tuple[tuple[str, float], ...] = ()

    def options(self, targets: Sequence[StageRef]) -> "RunOptions":
        """Say it to the engine."""
        from pivot.engine import RunOptions

        return RunOptions(
            tuple(targets),
            only=self.only,
            force=self.force,
            keep_going=self.keep_going,
            jobs=self.jobs,
            command=self.command,
            retries=self.retries,
            timeout=self.timeout,
            resources=dict(self.resources),
        )


def _seconds(_ctx: click.Context, _: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else seconds_of(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _amounts(_ctx: click.Context, _: click.Parameter, given: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    return tuple(map(_amount, given))


def _amount(given: str) -> tuple[str, float]:
    name, equals, amount = given.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"expected NAME=AMOUNT, as in gpu=2, not {given!r}")
    try:
        return name, amount_of(amount)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("run")
@global_options()
@click.option("-n", "--dry-run", is_flag=True, help="Say what would run, and run nothing.")
@click.option("-f", "--force", is_flag=True, help="Run them even if they are up to date.")
@click.option("--only", is_flag=True, help="Leave what they need alone.")
@click.option("-j", "--jobs", type=click.IntRange(1, MOST_JOBS), metavar="N", help="Run so many stages at once.")
@click.option("-k", "--keep-going", is_flag=True, help="After a failure, go on with what does not depend on it.")
@click.option("--retries", type=click.IntRange(0, 999), metavar="N", help="Try a stage that failed so many times more.")
@click.option("--timeout", metavar="TIME", callback=_seconds, help="End a stage after so long: seconds, or 10m.")
@click.option(
    "--resource", "resources", multiple=True, metavar="NAME=AMOUNT", callback=_amounts, help="There is so much of it."
)
@click.option("-s", "--set", "settings", multiple=True, metavar="STAGE.KEY=VALUE", help="Set a parameter, this once.")
@click.option("-w", "--watch", is_flag=True, help="Then wait, and rerun what each saved file makes stale.")
@as_json
@selecting
@click.pass_context
def command(
    ctx: click.Context,
    dry_run: bool,
    force: bool,
    only: bool,
    jobs: int | None,
    keep_going: bool,
    retries: int | None,
    timeout: float | None,
    resources: tuple[tuple[str, float], ...],
    settings: tuple[str, ...],
    watch: bool,
    as_json: bool,
    targets: tuple[str, ...],
    everything: bool,
) -> ExitCode:
    """Bring stages and what they need up to date.

    TARGETS are stages, outputs or directories; see `pivot help targets`. --retries and --timeout are for stages that
    do not say it themselves.
    """
    selection = Selection(targets, everything)
    words = spoken(ctx)
    asked = Request(
        selection, dry_run, force, only, jobs, keep_going, settings, as_json, words, watch, retries, timeout, resources
    )
    return run(session_of(ctx), asked)


def run(session: Session, request: Request) -> ExitCode:
    """Do what is asked for, and say how it ended."""
    if request.watch:
        return _watch(session, request)
    begun = time.perf_counter()
    if request.dry_run:
        scene, chosen = choose(session, request.selection, request.settings)
        return _foretell(session, scene, request, chosen)
    from pivot.engine.reserve import Reserve
    from pivot.executor.settings import usable_cores

    with closing(Reserve()) as reserve:

        def call_up(project: "Project") -> None:
            reserve.call_up(request.jobs or project.config.run.jobs or usable_cores())

        scene, chosen = choose(session, request.selection, request.settings, call_up)
        return _code_of(bring(session, scene.served_by(reserve.runner), request, chosen, begun))


def bring(session: Session, scene: Scene, request: Request, chosen: Sequence[StageRef], begun: float) -> "RunResult":
    """Bring the chosen stages up to date, and tell of it."""
    if not chosen:
        from pivot.engine import RunResult

        session.console().say("Nothing to do: there are no stages")
        return RunResult("", {}, 0.0)
    if request.as_json:
        return _run_for_programs(session.console(), scene, request, chosen)
    return _run_for_people(session, scene, request, chosen, begun)


def _watch(session: Session, request: Request) -> ExitCode:
    if request.dry_run:
        raise DefinitionError("--watch and --dry-run exclude each other", hint="Leave out one of them.")
    from pivot.cli.watch import Wish, watch

    def act(scene: Scene, chosen: Sequence[StageRef], begun: float, first: bool) -> "RunResult":
        # Forced is the first round only: else every save would run everything.
        return bring(session, scene, request._replace(force=request.force and first), chosen, begun)

    return watch(session, Wish(request.selection, request.settings, request.only, request.as_json), act)


def _foretell(session: Session, scene: Scene, request: Request, chosen: Sequence[StageRef]) -> ExitCode:
    from pivot.cli.statuses import status_json, tell_statuses

    with scene.engine() as engine:
        found = engine.status(chosen, only=request.only, force=request.force) if chosen else []
    if request.as_json:
        session.console().data(status_json(found))
    else:
        tell_statuses(session.console(), scene.spelling, found)
    return ExitCode.DONE


def _run_for_people(
    session: Session, scene: Scene, request: Request, chosen: Sequence[StageRef], begun: float
) -> "RunResult":
    from pivot.cli.progress import Progress, conclude

    console = session.console()
    width = min(max(len(scene.spelling(ref)) for ref in chosen), WIDEST)
    with closing(Progress(console, scene.spelling, width)) as progress, scene.engine(progress) as engine:
        result = engine.run_once(request.options(chosen))
    # Of the whole command, finding the pipelines included: that is how long the reader has waited.
    result = result._replace(seconds=time.perf_counter() - begun)
    tell_trash(console, scene.project.relative, result.trash)
    conclude(console, scene.spelling, result, session.spelled("logs"))
    return result


def _run_for_programs(console: Console, scene: Scene, request: Request, chosen: Sequence[StageRef]) -> "RunResult":
    from pivot.cli.progress import EventLines

    lines = EventLines(console)
    with scene.engine(lines) as engine:
        result = engine.run_once(request.options(chosen))
    if lines.error is not None and result.ok:
        raise lines.error
    return result


def _code_of(result: "RunResult") -> ExitCode:
    if result.interrupted:
        return ExitCode.INTERRUPTED
    if result.ok:
        return ExitCode.DONE
    return ExitCode.LOCKED if result.locked_out else ExitCode.FAILED
