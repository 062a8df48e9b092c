import click
import pytest
from click.testing import CliRunner

from pivot.cli.spoken import spoken


@click.command("do")
@click.option("-f", "--force", is_flag=True)
@click.option("--color/--no-color", default=True)
@click.option("-j", "--jobs", type=int, default=3)
@click.option("-s", "--set", "settings", multiple=True)
@click.option("-q", is_flag=True, expose_value=False)
@click.argument("targets", nargs=-1)
@click.pass_context
def do(ctx: click.Context, **_: object) -> None:
    click.echo(spoken(ctx))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "pivot do"),
        (("-f", "a", "b"), "pivot do --force a b"),
        (("-j", "3", "-s", "a.b=1", "--set", "c.d=x y"), "pivot do --jobs 3 --set a.b=1 --set 'c.d=x y'"),
        (("--no-color", "-q"), "pivot do --no-color"),
        (("--color",), "pivot do --color"),
    ],
)
def test_a_command_is_told_as_it_could_be_typed(words: tuple[str, ...], said: str) -> None:
    assert CliRunner().invoke(do, words).output == f"{said}\n"
