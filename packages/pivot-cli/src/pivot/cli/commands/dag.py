"""`pivot dag`: which stage needs which."""

import click

from pivot.cli.drawing import FORMATS, Drawing
from pivot.cli.opening import Selection, choose
from pivot.cli.options import global_options, selecting, session_of
from pivot.cli.session import Session


@click.command("dag")
@global_options()
@click.option(
    "--format", "-f", "shape", type=click.Choice(list(FORMATS)), default="tree", show_default=True, help="How."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@selecting
@click.pass_context
def command(ctx: click.Context, shape: str, as_json: bool, targets: tuple[str, ...], everything: bool) -> None:
    """Draw the stages, and below each what it needs."""
    dag(session_of(ctx), Selection(targets, everything), "json" if as_json else shape)


def dag(session: Session, selection: Selection, shape: str) -> None:
    """Write the graph of the selected stages and what they need."""
    scene, chosen = choose(session, selection)
    console = session.console()
    with scene.engine() as engine:
        order = engine.select(chosen) if chosen else []
        place = {ref: index for index, ref in enumerate(order)}
        needs = {ref: sorted(engine.stages.needs[ref], key=place.__getitem__) for ref in order}
    for line in FORMATS[shape](Drawing(order, needs, scene.spelling, console.out.unicode)):
        console.data(line)
