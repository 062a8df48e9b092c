"""`pivot status`: what would run, and why."""

import click

from pivot.cli.exits import ExitCode
from pivot.cli.opening import Selection, choose
from pivot.cli.options import as_json, global_options, selecting, session_of
from pivot.cli.session import Session


@click.command("status")
@global_options()
@click.option("--check", is_flag=True, help="Exit with 3 if anything is stale.")
@as_json
@selecting
@click.pass_context
def command(ctx: click.Context, check: bool, as_json: bool, targets: tuple[str, ...], everything: bool) -> ExitCode:
    """Say what would run, and why. Nothing is run, and nothing of yours is imported."""
    return status(session_of(ctx), Selection(targets, everything), check=check, as_json=as_json)


def status(session: Session, selection: Selection, *, check: bool, as_json: bool) -> ExitCode:
    """Write what a run would do."""
    from pivot.cli.statuses import status_json, tell_statuses

    scene, chosen = choose(session, selection)
    with scene.engine() as engine:
        found = engine.status(chosen) if chosen else []
    if as_json:
        session.console().data(status_json(found))
    else:
        tell_statuses(session.console(), scene.spelling, found)
    stale = any(each.word != "fresh" for each in found)
    return ExitCode.STALE if check and stale else ExitCode.DONE
