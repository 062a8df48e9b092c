"""`pivot explain`: why a stage must run, or need not."""

import click

from pivot.cli.opening import Selection, choose
from pivot.cli.options import as_json, complete_stage, global_options, session_of
from pivot.cli.session import Session


@click.command("explain")
@global_options()
@click.option("-d", "--diff", is_flag=True, help="Show how the source of each changed definition differs.")
@click.option("-m", "--manifest", is_flag=True, help="Show all the code that the stage depends on.")
@as_json
@click.argument("stage", shell_complete=complete_stage)
@click.pass_context
def command(ctx: click.Context, stage: str, diff: bool, manifest: bool, as_json: bool) -> None:
    """Say why a stage must run: what changed, where it is, and how the stage comes to depend on it."""
    explain(session_of(ctx), stage, diff=diff, manifest=manifest, as_json=as_json)


def explain(session: Session, stage: str, *, diff: bool, manifest: bool, as_json: bool) -> None:
    """Write the explanation of one stage."""
    from pivot.cli.explaining import explanation_json, tell_explanation

    scene, _ = choose(session, Selection((stage,)))
    ref = scene.targets.one(stage)
    place = scene.stages[ref].place
    with scene.engine() as engine:
        status = engine.status((ref,))[-1]
        found = engine.explain(ref)
    console = session.console()
    if as_json:
        console.data(explanation_json(found, status, place=place))
    else:
        tell_explanation(console, scene.spelling, found, status, place=place, diff=diff, manifest=manifest)
