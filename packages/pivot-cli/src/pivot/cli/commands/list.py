"""`pivot list`: the stages."""

from collections.abc import Sequence
from typing import Any

import click

from pivot.cli.answer import answer
from pivot.cli.console import DIM, Console
from pivot.cli.opening import Scene, Selection, choose
from pivot.cli.options import as_json, global_options, selecting, session_of
from pivot.cli.session import Session
from pivot.registry.amounts import told_amount
from pivot.registry.definition import StageDefinition


@click.command("list")
@global_options()
@as_json
@selecting
@click.pass_context
def command(ctx: click.Context, as_json: bool, targets: tuple[str, ...], everything: bool) -> None:
    """List the stages: name, what each makes, where it is defined."""
    list_stages(session_of(ctx), Selection(targets, everything), as_json=as_json)


def list_stages(session: Session, selection: Selection, *, as_json: bool) -> None:
    """Write the stages."""
    scene, chosen = choose(session, selection)
    stages = [scene.stages[ref] for ref in chosen]
    console = session.console()
    if as_json:
        console.data(answer(stages=[stage_data(stage) for stage in stages]))
    else:
        _table(console, scene, stages)


def _table(console: Console, scene: Scene, stages: Sequence[StageDefinition]) -> None:
    width = max((len(scene.spelling(stage.ref)) for stage in stages), default=0)
    for stage in stages:
        outs = ", ".join(path for out in stage.outputs for path in out.paths) or "(no outputs)"
        name = scene.spelling(stage.ref).ljust(width)
        console.data(f"{name}  {outs}{_needs(stage)}  {console.out.paint(stage.place, DIM)}")


def _needs(stage: StageDefinition) -> str:
    told = [told_amount(name, amount) for name, amount in stage.resources.items()]
    return f"  (needs {', '.join(told)})" if told else ""


def stage_data(stage: StageDefinition) -> dict[str, Any]:
    """Give a definition as JSON values, with stable names."""
    return {
        "pipeline": stage.ref.pipeline,
        "stage": stage.ref.stage,
        "root": str(stage.root),
        "place": stage.place,
        "inputs": {item.arg: list(item.paths) for item in stage.inputs},
        "outputs": {out.key: {"kind": str(out.kind), "paths": list(out.paths)} for out in stage.outputs},
        "params": dict(stage.params),
        "mutex": list(stage.mutex),
        "resources": dict(stage.resources),
        "retries": stage.retries,
        "timeout": stage.timeout,
    }
