"""`pivot doctor`: look for what slows pivot down or is wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pivot.cli.answer import answer
from pivot.cli.console import CYAN, FAILED, HELD, RAN, Console
from pivot.cli.exits import ExitCode
from pivot.cli.opening import open_scene
from pivot.cli.options import as_json, global_options, session_of
from pivot.cli.session import Session
from pivot.cli.text import one_line

if TYPE_CHECKING:
    from pivot.cli.checkup import Finding

MOUNTS = Path("/proc/self/mounts")


@click.command("doctor")
@global_options()
@as_json
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> ExitCode:
    """Look for what slows pivot down or is wrong: versions, settings, disks, pipelines that cannot be remembered.

    Exits with 2 if there is a problem.
    """
    return doctor(session_of(ctx), as_json=as_json)


def doctor(session: Session, *, as_json: bool) -> ExitCode:
    """Write what was found."""
    from pivot.cli.checkup import Level, findings

    mounts = MOUNTS.read_text(encoding="utf-8", errors="replace") if MOUNTS.exists() else ""
    found = list(findings(open_scene(session), mounts))
    if as_json:
        session.console().data(answer(findings=[finding._asdict() for finding in found]))
    else:
        _tell(session.console(), found)
    return ExitCode.USAGE if any(finding.level is Level.PROBLEM for finding in found) else ExitCode.DONE


def _tell(console: Console, found: "Sequence[Finding]") -> None:
    marks = {"ok": RAN, "note": HELD, "problem": FAILED}
    width = max(len(finding.about) for finding in found)
    for finding in found:
        mark = console.out.mark(marks[finding.level])
        console.data(f"{mark} {finding.about.ljust(width)}  {one_line(finding.what)}")
        if finding.hint:
            console.data(f"  {' ' * width}  {console.out.paint('hint:', CYAN)} {one_line(finding.hint)}")
