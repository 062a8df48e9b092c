"""Options that several commands share."""

import os
from collections.abc import Callable
from functools import partial, reduce
from typing import Any, TypeVar

import click

from pivot.cli.console import ColorMode
from pivot.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])


def session_of(ctx: click.Context) -> Session:
    """Give what the global options said so far."""
    found = ctx.find_root().obj
    return found if isinstance(found, Session) else Session(environ=os.environ)


def _change(ctx: click.Context, **said: Any) -> None:
    ctx.find_root().obj = session_of(ctx)._replace(**said)


def _directory(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        _change(ctx, directory=value)


def _color(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        _change(ctx, color=ColorMode(value))


def _verbose(ctx: click.Context, _: click.Parameter, value: int) -> None:
    if value:
        _change(ctx, verbosity=session_of(ctx).verbosity + value)


def _quiet(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        _change(ctx, verbosity=-1)


def global_options(hidden: bool = True) -> Callable[[F], F]:
    """Accept the global options: before the command, where help lists them, and after it, where people type them."""
    modes = click.Choice([str(mode) for mode in ColorMode])
    option = partial(click.option, hidden=hidden, expose_value=False)
    options = (
        option("-q", "--quiet", is_flag=True, callback=_quiet, help="Say nothing but errors."),
        option("-v", "--verbose", count=True, callback=_verbose, help="Say more; twice: show tracebacks."),
        option("--color", type=modes, callback=_color, help="When to colour (default: on a terminal)."),
        option("-C", "workdir", metavar="DIR", callback=_directory, help="Work as if started in DIR."),
    )
    return lambda function: reduce(lambda decorated, decorate: decorate(decorated), options, function)


def selecting(function: F) -> F:
    """Accept names of stages and `--all`."""
    everything = click.option("-a", "--all", "everything", is_flag=True, help="The whole project.")
    words = click.argument("targets", nargs=-1, shell_complete=complete_stage)
    return everything(words(function))


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def complete_run(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Offer the names of runs."""
    from pivot.cli.logbook import run_names

    return [name for name in ("last", *run_names(session_of(ctx))) if name.startswith(incomplete)]


def complete_stage(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Offer the names of stages; a shell that asks wants no errors."""
    from pivot.cli.opening import stage_names

    return [name for name in stage_names(session_of(ctx)) if name.startswith(incomplete)]
