"""`pivot checkout`: put kept outputs back."""

from typing import TYPE_CHECKING

import click

from pivot.cli.console import RESTORED, Console
from pivot.cli.exits import ExitCode
from pivot.cli.opening import Scene, Selection, choose
from pivot.cli.options import global_options, selecting, session_of
from pivot.cli.session import Session
from pivot.cli.text import count
from pivot.cli.trash import tell_trash
from pivot.registry.errors import DataMissingError
from pivot.registry.types import StageRef

if TYPE_CHECKING:
    from pivot.engine import Checkout


@click.command("checkout")
@global_options()
@selecting
@click.pass_context
def command(ctx: click.Context, targets: tuple[str, ...], everything: bool) -> ExitCode:
    """Put outputs back into the work tree as the lock files say, without running anything.

    TARGETS are stages, outputs or directories. What lies there and is kept nowhere is moved to the trash, not lost.
    """
    return checkout(session_of(ctx), Selection(targets, everything))


def checkout(session: Session, selection: Selection) -> ExitCode:
    """Restore the outputs that are asked for.

    Raises:
        DataMissingError: an output is in no store, or a stage that was named has never run.
    """
    scene, chosen = choose(session, selection)
    paths = scene.targets.paths(selection.words)
    from pivot.cli.progress import Progress

    with scene.engine(Progress(session.console(), scene.spelling)) as engine:
        done = engine.checkout(chosen, paths)
    _tell(session.console(), scene, done)
    if done.missing:
        raise _missing(scene, done)
    if done.unrecorded and selection.words:
        raise DataMissingError(
            f"{scene.spelling(done.unrecorded[0])} has no outputs: it never ran",
            hint=f"Run it: pivot run {scene.spelling(done.unrecorded[0])}",
        )
    return ExitCode.DONE


def _tell(console: Console, scene: Scene, done: "Checkout") -> None:
    for ref, path in done.restored:
        console.say(f"  {console.err.mark(RESTORED)} {_spelled(scene, ref, path)}")
    told = [f"{len(done.restored)} restored", f"{done.present} in place"]
    if done.unrecorded:
        told.append(f"{count(len(done.unrecorded), 'stage')} never ran")
    tell_trash(console, scene.project.relative, done.trash)
    console.say(", ".join(told))


def _missing(scene: Scene, done: "Checkout") -> DataMissingError:
    listed = [_spelled(scene, ref, path) for ref, path in done.missing]
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    names = dict.fromkeys(scene.spelling(ref) for ref, _ in done.missing)
    return DataMissingError(
        f"not in the cache: {', '.join(listed[:3])}{more}", hint=f"Make them again: pivot run {' '.join(names)}"
    )


def _spelled(scene: Scene, ref: StageRef, path: str) -> str:
    return f"{path} ({scene.spelling(ref)})"
