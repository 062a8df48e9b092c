"""`pivot completion`: the script that a shell sources."""

import click
from click.shell_completion import get_completion_class

from pivot.cli.options import global_options, session_of

HOW = {
    "bash": 'eval "$(pivot completion bash)"  # in ~/.bashrc',
    "zsh": 'eval "$(pivot completion zsh)"  # in ~/.zshrc',
    "fish": "pivot completion fish > ~/.config/fish/completions/pivot.fish",
}


@click.command("completion", epilog="\b\nTo switch it on:\n" + "\n".join(f"  {line}" for line in HOW.values()))
@global_options()
@click.argument("shell", type=click.Choice(list(HOW)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell."""
    for line in script(ctx.find_root().command, shell).splitlines():
        session_of(ctx).console().data(line)


def script(cli: click.Command, shell: str) -> str:
    """Give click's own completion script for the `pivot` command."""
    found = get_completion_class(shell)
    assert found is not None, "click knows the shells that the choice allows"
    complete = found(cli, {}, "pivot", "_PIVOT_COMPLETE")
    # Not `complete.source()`: for bash it runs bash to learn its version and fails where there is none.
    return complete.source_template % complete.source_vars()
