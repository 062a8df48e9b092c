"""`pivot logs`: what a stage wrote."""

import codecs
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from pivot.cli.answer import answer
from pivot.cli.console import DIM, RED, Console, is_terminal
from pivot.cli.opening import Selection, choose
from pivot.cli.options import as_json, complete_run, complete_stage, global_options, session_of
from pivot.cli.session import Session
from pivot.cli.text import duration, lines_of, moment, one_line, plain
from pivot.registry.errors import DefinitionError

if TYPE_CHECKING:
    from pivot.engine.logs import StageLog, Told
    from pivot.registry.definition import StageDefinition


@click.command("logs")
@global_options()
@click.option(
    "--run",
    "run",
    metavar="RUN",
    shell_complete=complete_run,
    help="What it wrote in this run (default: in its last one).",
)
@click.option("-f", "--follow", is_flag=True, help="Go on until the stage ends, if it is running.")
@as_json
@click.argument("stage", shell_complete=complete_stage)
@click.pass_context
def command(ctx: click.Context, run: str | None, follow: bool, as_json: bool, stage: str) -> None:
    """Print what a stage wrote to stdout and stderr when it last ran."""
    logs(session_of(ctx), stage, run, follow=follow, as_json=as_json)


def logs(session: Session, stage: str, run: str | None, *, follow: bool, as_json: bool) -> None:
    """Write the log of one stage."""
    from pivot.engine.logs import find_log

    scene, _ = choose(session, Selection((stage,)))
    ref = scene.targets.one(stage)
    definition, name = scene.stages[ref], scene.spelling(ref)
    told = find_log(definition) if run is None else _in_run(definition, name, run)
    if told.log is None:
        raise _nothing(name, told)
    if as_json:
        session.console().data(_data(told.log))
    else:
        _tell(session.console(), name, told, told.log, follow=follow)


def _in_run(stage: "StageDefinition", name: str, word: str) -> "Told":
    from pivot.engine.history import find_run, kept_runs
    from pivot.engine.logs import find_log

    run = find_run(kept_runs([stage.state_dir]), word)
    told = find_log(stage, [run])
    if told.log is None and told.restored is None:
        raise DefinitionError(f"{name} did not run in {run.id}", hint=f"See `pivot log {run.id}`.")
    return told


def _nothing(name: str, told: "Told") -> DefinitionError:
    if told.restored is not None:
        what = f"{name} wrote nothing: in run {told.restored.id} its outputs were restored"
        return DefinitionError(what, hint="It wrote something where it ran: before, or on another machine.")
    return DefinitionError(f"no run of {name} is known here", hint="`pivot log` lists the runs that are.")


def _tell(console: Console, name: str, told: "Told", log: "StageLog", *, follow: bool) -> None:
    from pivot.engine.logs import Ending, pieces
    from pivot.engine.logs import follow as followed

    console.say(console.err.paint(_heading(name, log), DIM))
    if told.restored is not None:
        console.say(console.err.paint(f"it was restored since, in run {told.restored.id}", DIM))
    running = log.stage.status == "running"
    wrote = write_log(console, followed(log.path, Ending(log)) if follow and running else pieces(log.path))
    if not wrote:
        console.say("it has written nothing so far" if running and not follow else "it wrote nothing")
    if log.stage.failure:
        console.say(f"{console.err.paint('failed:', RED)} {one_line(log.stage.failure)}")
        for line in lines_of(log.stage.traceback):
            console.say(f"  {line}")


def _heading(name: str, log: "StageLog") -> str:
    began = moment(log.run.time + (log.stage.began or 0.0))
    if log.stage.status == "running":
        return f"{name} is running since {began} (run {log.run.id})"
    if log.stage.status == "killed":  # nobody wrote down when
        return f"{name} was killed; it began {began} (run {log.run.id})"
    return f"{name} {log.stage.status} {began} in {duration(log.stage.seconds)} (run {log.run.id})"


def write_log(console: Console, data: Iterable[bytes]) -> bool:
    """Write a log as it is; on a terminal line by line, without what would control the terminal."""
    decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
    terminal = is_terminal(console.out.file)
    wrote, rest = False, ""
    for piece in data:
        wrote = True
        text = rest + decode(piece)
        if terminal:
            *lines, rest = text.split("\n")
            text = "".join(f"{plain(line)}\n" for line in lines)
        console.out.write(text)
        console.out.flush()
    text = rest + decode(b"", True)
    console.out.write(f"{plain(text)}\n" if text and terminal else text)
    return wrote


def _data(log: "StageLog") -> str:
    from pivot.engine.logs import pieces

    text = b"".join(pieces(log.path)).decode("utf-8", "backslashreplace")
    return answer(
        pipeline=log.stage.ref.pipeline,
        stage=log.stage.ref.stage,
        run=log.run.id,
        status=log.stage.status,
        seconds=log.stage.seconds,
        failure=log.stage.failure,
        traceback=log.stage.traceback,
        path=str(log.path) if text else None,
        text=text,
    )
