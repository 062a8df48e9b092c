"""Every way a command can end: run it, and turn what it raises into a message and an exit code."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import click

from pivot.cli.console import CYAN, RED, Console, silence_stdout
from pivot.cli.exits import ExitCode, exit_code_of
from pivot.cli.text import one_line
from pivot.registry.errors import PivotError


class Report(NamedTuple):
    """What a person is told about an error."""

    code: int
    message: str = ""
    """One line, place first."""
    hint: str | None = None


def ending(act: Callable[[], object], console: Callable[[], Console], environ: Mapping[str, str]) -> int:
    """Do `act` and give the exit code; whatever goes wrong has been told when this returns.

    Args:
        act: What to do; the number it returns is the exit code.
        console: Where to tell, asked for only then: the act itself finds out how much the reader wants to hear.
        environ: `PIVOT_TRACEBACK` in it shows where an error came from.
    """
    try:
        code = act()
        console().out.flush()
        return code if isinstance(code, int) else ExitCode.DONE
    except click.exceptions.Exit as done:
        return done.exit_code
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - the one place where every error ends
        return _tell(error, console(), environ)


def _tell(error: BaseException, console: Console, environ: Mapping[str, str]) -> int:
    if isinstance(error, OSError):
        silence_stdout()
    return tell(error, console, environ)


def tell(error: BaseException, console: Console, environ: Mapping[str, str]) -> int:
    """Tell a person about an error, and give the exit code that it means."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        console.say(error.message)
        return ExitCode.USAGE
    report = report_of(error)
    if environ.get("PIVOT_TRACEBACK") or console.verbosity >= 2:
        import traceback  # most commands need it for nothing

        console.say("".join(traceback.format_exception(error)).rstrip(), level=-1)
    if report.message:
        console.say(f"{console.err.paint('pivot: error:', RED)} {one_line(report.message)}", level=-1)
    if report.hint:
        console.say(f"  {console.err.paint('hint:', CYAN)} {one_line(report.hint)}", level=-1)
    return report.code


def report_of(error: BaseException) -> Report:
    """Say in words for people what an error means."""
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, click.Abort):  # click's word for whatever asked to end while it read the arguments
        error = error.__cause__ or KeyboardInterrupt()
    code = exit_code_of(error)
    if code == ExitCode.BROKEN_PIPE:
        return Report(code)
    if isinstance(error, KeyboardInterrupt):
        return Report(code, "interrupted" if code == ExitCode.INTERRUPTED else f"terminated ({error})")
    if code == ExitCode.INTERNAL:
        return _internal(error)
    return _known(code, error)


def _usage(error: click.ClickException) -> Report:
    context = getattr(error, "ctx", None)
    path = context.command_path if isinstance(context, click.Context) else "pivot"
    message = error.format_message().rstrip(".")
    return Report(ExitCode.USAGE, message[:1].lower() + message[1:], f"See `{path} --help`.")


def _known(code: int, error: BaseException) -> Report:
    if isinstance(error, PivotError):
        return Report(code, error.what if error.where is None else f"{error.where}: {error.what}", error.hint)
    if isinstance(error, OSError):
        where = "" if error.filename is None else f"{error.filename}: "
        return Report(code, f"{where}{error.strerror or error}", "Make room or give the permission, and try again.")
    if isinstance(error, MemoryError):
        return Report(code, "there is not enough memory", "End other programs, or raise the limit (`ulimit -v`).")
    message, _, hint = str(error).partition("\n")
    return Report(code, message, hint.strip().removeprefix("hint:").strip() or None)


def _internal(error: BaseException) -> Report:
    import traceback  # as above

    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({'/'.join(frames[-1].filename.split('/')[-3:])}:{frames[-1].lineno})" if frames else ""
    return Report(
        ExitCode.INTERNAL,
        f"internal error: {type(error).__name__}: {error}{place}",
        "This is a bug in pivot. Please report it with what `PIVOT_TRACEBACK=1` shows.",
    )
