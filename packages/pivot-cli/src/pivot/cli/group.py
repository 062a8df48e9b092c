"""The `pivot` group: global options, and commands that are imported when they are called."""

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import click

from pivot.cli.console import open_console
from pivot.cli.errors import ending
from pivot.cli.options import global_options, session_of
from pivot.registry.errors import DefinitionError


class Entry(NamedTuple):
    """One command in the table: `--help` reads this and imports nothing."""

    module: str
    help: str


COMMANDS = {
    "init": Entry("init", "Make the current directory a project."),
    "run": Entry("run", "Bring stages and what they need up to date."),
    "repro": Entry("run", "Another name for run."),
    "status": Entry("status", "Say what would run, and why."),
    "list": Entry("list", "List the stages."),
    "dag": Entry("dag", "Draw which stage needs which."),
    "explain": Entry("explain", "Explain why a stage must run, or need not."),
    "log": Entry("log", "Say what happened in the last runs, or in one."),
    "logs": Entry("logs", "Print what a stage wrote when it last ran."),
    "checkout": Entry("checkout", "Put kept outputs back into the work tree."),
    "cache": Entry("cache", "Look after the store of results: info, verify, gc, path."),
    "schema": Entry("schema", "Print the JSON Schema of pivot.yaml."),
    "doctor": Entry("doctor", "Look for what slows pivot down or is wrong."),
    "completion": Entry("completion", "Print the completion script for a shell."),
    "help": Entry("help", "Explain a command or a topic."),
}


class LazyGroup(click.Group):
    """Knows its commands by name and help; imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pivot.cli.commands.{COMMANDS[cmd_name].module}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise _unknown(args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> int:
        return ending(lambda: super(LazyGroup, self).invoke(ctx), lambda: session_of(ctx).console(), os.environ)

    def main(  # type: ignore[override]  # the base is overloaded on standalone_mode
        self, args: Any = None, prog_name: str | None = None, *rest: Any, standalone_mode: bool = True, **extra: Any
    ) -> int:
        """Do what the arguments say, and exit; not standalone, give the exit code."""
        base: Callable[..., object] = super().main
        code = ending(
            lambda: base(args, prog_name, *rest, standalone_mode=False, **extra),
            lambda: open_console(os.environ),
            os.environ,
        )
        if standalone_mode:
            sys.exit(code)
        return code


def _unknown(name: str) -> DefinitionError:
    from pivot.registry.suggest import suggest

    meant = suggest(name, COMMANDS)
    question = f"Did you mean `pivot {meant}`? " if meant else ""
    return DefinitionError(f"no such command {name!r}", hint=f"{question}See `pivot --help`.")


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"pivot {version('pivot-cli')}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: pivot help exit-codes",
)
@global_options(hidden=False)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
def cli() -> None:
    """Run pipelines of typed Python functions: only what must run, runs."""
