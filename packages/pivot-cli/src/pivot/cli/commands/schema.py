"""`pivot schema`: what may stand in pivot.yaml, for editors."""

import json

import click

from pivot.cli.options import global_options, session_of


@click.command("schema")
@global_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Print the JSON Schema of pivot.yaml."""
    from pivot.pipeline.yaml import schema

    session_of(ctx).console().data(json.dumps(schema(), indent=2))
