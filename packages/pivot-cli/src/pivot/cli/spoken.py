"""The words of a command, put together again from what click understood."""

import shlex
from collections.abc import Iterator

import click
from click.core import ParameterSource


def spoken(ctx: click.Context) -> str:
    """Write a command as it could be typed: its name, its own options in their long form, its arguments."""
    given = [param for param in ctx.command.params if _is_given(ctx, param)]
    options = [word for param in given if isinstance(param, click.Option) for word in _option(param, ctx)]
    arguments = [word for param in given if isinstance(param, click.Argument) for word in _values(param, ctx)]
    return shlex.join(["pivot", ctx.info_name or "", *options, *arguments])


def _is_given(ctx: click.Context, param: click.Parameter) -> bool:
    name = param.name or ""
    return name in ctx.params and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _option(option: click.Option, ctx: click.Context) -> Iterator[str]:
    if option.is_flag:
        value = ctx.params[option.name or ""]
        yield max(option.opts if value else option.secondary_opts or option.opts, key=len)
        return
    for value in _values(option, ctx):
        yield max(option.opts, key=len)
        yield value


def _values(param: click.Parameter, ctx: click.Context) -> list[str]:
    value = ctx.params[param.name or ""]
    return list(map(str, value)) if isinstance(value, tuple) else [str(value)]
