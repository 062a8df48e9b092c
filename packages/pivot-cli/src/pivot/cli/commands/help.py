"""`pivot help`: a command's help, or a topic."""

import click

from pivot.cli.exits import MEANINGS
from pivot.cli.options import global_options, session_of
from pivot.registry.errors import DefinitionError


@click.command("help")
@global_options()
@click.argument("topic", required=False)
@click.pass_context
def command(ctx: click.Context, topic: str | None) -> None:
    """Explain a command or a topic: exit-codes, targets."""
    for line in help_on(ctx.find_root(), topic).splitlines():
        session_of(ctx).console().data(line)


TARGETS = """\
What to name on the command line:

  train            the stage of this pipeline, or the only one of the project; all its variants, if it has some
  model:train      the stage of the pipeline called model
  train@us         one variant
  model.json       the stage that makes this file (relative to the current directory)
  features/        all stages of the pipelines in this directory, and those that write into it

Nothing: where a directory has a pipeline file (or one above it has, within the project), that pipeline; elsewhere
all pipelines below. --all: the whole project.
"""


def help_on(root: click.Context, topic: str | None) -> str:
    """Give the text about a topic, a command, or the whole."""
    if topic is None:
        return root.get_help()
    if topic == "exit-codes":
        return "\n".join(f"{code:>4}  {meaning}" for code, meaning in MEANINGS.items())
    if topic == "targets":
        return TARGETS
    group = root.command
    found = group.get_command(root, topic) if isinstance(group, click.Group) else None
    if found is None:
        raise DefinitionError(f"no help on {topic!r}", hint="There is: exit-codes, targets, and every command's name.")
    return found.get_help(click.Context(found, parent=root, info_name=topic))
