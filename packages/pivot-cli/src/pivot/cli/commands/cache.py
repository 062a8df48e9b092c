"""`pivot cache`: look after the store that the pipelines of a project share."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import click

from pivot.cache.amounts import age_of, counted, part_of
from pivot.cache.asking import OPTIONS, Option, options_of
from pivot.cli.answer import answer
from pivot.cli.exits import ExitCode
from pivot.cli.opening import Scene, open_scene
from pivot.cli.options import as_json, global_options, session_of
from pivot.cli.session import Session
from pivot.cli.trash import KEPT, Sorted, trash_data, trash_lines
from pivot.registry.errors import DefinitionError

if TYPE_CHECKING:
    from pivot.cache import Cache, GcOptions, Report
    from pivot.engine.repairing import Loss


class Amount(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions only
    """A size, an age or a part, as people write it."""

    name = "amount"

    def __init__(self, read: Callable[[str], object]) -> None:
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._read(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error).replace("\n", ": "), param, ctx)


@click.group("cache")
@global_options()
def command() -> None:
    """Look after the store of results: what it holds, whether that is right, what may go."""


@command.command("path")
@global_options()
@as_json
@click.argument("digest", required=False)
@click.pass_context
def path_command(ctx: click.Context, as_json: bool, digest: str | None) -> None:
    """Say where the cache lies, or an object in it (DIGEST, as lock files have it)."""
    path(session_of(ctx), digest, as_json=as_json)


def path(session: Session, digest: str | None, *, as_json: bool) -> None:
    """Write a path; nothing is loaded or made."""
    from pivot.cache.layout import Layout
    from pivot.cache.names import parse
    from pivot.discovery import open_project

    root = open_project(session.start(), session.environ).cache_dir
    place = str(root) if digest is None else Layout(str(root)).object(parse(digest))
    session.console().data(answer(path=place) if as_json else place)


@command.command("info")
@global_options()
@as_json
@click.pass_context
def info_command(ctx: click.Context, as_json: bool) -> None:
    """Say what the cache holds."""
    info(session_of(ctx), as_json=as_json)


def info(session: Session, *, as_json: bool) -> None:
    """Write what the store holds."""
    from pivot.cache.telling import info_data, info_lines

    with _opened(open_scene(session)) as cache:
        found = cache.info()
    for line in [answer(**info_data(found))] if as_json else info_lines(found):
        session.console().data(line)


@dataclass(frozen=True)
class Look:
    """How much is hashed again, and what becomes of what is damaged."""

    sample: float = 1.0
    since: float | None = None
    """Seconds: only what was stored since so long ago."""
    repair: bool = False


@command.command("verify")
@global_options()
@click.option("--sample", type=Amount(part_of), default=1.0, metavar="5%", help="Only a part, by chance.")
@click.option("--since", type=Amount(age_of), metavar="2d", help="Only what was stored since then.")
@click.option("--repair", is_flag=True, help="Store again what lies unchanged in the work tree.")
@as_json
@click.pass_context
def verify_command(ctx: click.Context, /, as_json: bool, **said: Any) -> ExitCode:
    """Hash what is in the cache again, whatever is known about it.

    What is damaged goes to quarantine. Exits with 4 if anything is damaged and could not be repaired.
    """
    return verify(session_of(ctx), Look(**said), as_json=as_json)


def verify(session: Session, look: Look, *, as_json: bool) -> ExitCode:
    """Write what is damaged, and which outputs that concerns."""
    from pivot.cache.telling import verify_data
    from pivot.cli.caching import loss_data
    from pivot.engine.repairing import losses

    scene = open_scene(session)
    with _opened(scene) as cache:
        since = None if look.since is None else time.time() - look.since
        report = cache.verify(sample=look.sample, since=since)
        found = list(losses(scene.stages.values(), cache, repair=look.repair))
        remains = not all(map(cache.has, (*report.damaged, *report.incomplete)))
    if as_json:
        session.console().data(answer(**verify_data(report), repaired=not remains, outputs=loss_data(found)))
    else:
        _tell_verified(session, scene, report, found, repair=look.repair)
    return ExitCode.MISSING if remains else ExitCode.DONE


def _tell_verified(session: Session, scene: Scene, report: "Report", found: "Sequence[Loss]", *, repair: bool) -> None:
    from pivot.cache.telling import verify_lines
    from pivot.cli.caching import names_of, spelled

    console = session.console()
    for line in verify_lines(report, names_of(scene, found)):
        console.data(line)
    for loss in found:
        where = "healed from the work tree" if loss.healed else "not in the cache"
        console.data(f"  {where}: {spelled(scene, loss)}")
    waiting = [loss for loss in found if loss.in_place and not loss.healed]
    if waiting and not repair:
        lie = "lies" if len(waiting) == 1 else "lie"
        console.say(
            f"{counted(len(waiting), 'output')} {lie} unchanged in the work tree and can be stored again: "
            f"{session.spelled('cache verify --repair')}"
        )


def collecting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Accept what can be asked of a collection."""
    return reduce(lambda decorated, each: _option(each)(decorated), reversed(OPTIONS), function)


def _option(each: Option) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    names = ("-n", "--dry-run") if each.name == "dry-run" else (f"--{each.name}",)
    words = f"{each.help[0].upper()}{each.help[1:]}."
    if each.read is None:
        return click.option(*names, each.field, is_flag=True, help=words)
    kind = Amount(each.read)
    return click.option(*names, each.field, type=kind, multiple=each.many, metavar=each.metavar, help=words)


@command.command("gc")
@global_options()
@collecting
@click.option(
    "--keep-trash",
    type=Amount(age_of),
    default=KEPT,
    metavar="7d",
    help="Spare what runs of this project replaced lately, and nobody else has (default: 30d).",
)
@as_json
@click.pass_context
def gc_command(ctx: click.Context, /, as_json: bool, keep_trash: float, **said: Any) -> None:
    """Delete results that nothing needs any more.

    What the lock files of this project, and of all others that use the cache, name stays, and so does what running
    processes use, what was used lately (--grace) and what runs gave lately (--keep-results).
    """
    gc(session_of(ctx), options_of(said), keep_trash, as_json=as_json)


def gc(session: Session, options: "GcOptions", keep_trash: float, *, as_json: bool) -> None:
    """Write what went, or would go, and why."""
    from pivot.cache.telling import gc_data, gc_lines
    from pivot.cli.caching import checkout, past_names, speller
    from pivot.engine.trash import delete

    scene, console = open_scene(session), session.console()
    with _opened(scene) as cache:
        done = cache.gc(options=options, checkouts=[checkout(scene)])
    names = past_names(scene) if options.dry_run else {}
    done = done._replace(gone=tuple(each._replace(what=names.get(each.digest, each.what)) for each in done.gone))
    trash, spelled = _sorted(scene, keep_trash), scene.project.relative
    if not options.dry_run:
        delete(trash.gone)
    if as_json:
        console.data(answer(**gc_data(done), trash=trash_data(trash, spelled)))
        return
    for line in gc_lines(done, most=options.max_size, spell=speller(scene), verbose=console.verbosity >= 1):
        console.data(line)
    for line in trash_lines(trash, spelled, dry_run=options.dry_run, verbose=console.verbosity >= 1):
        console.data(line)
    past = sum(each.digest in names for each in done.gone)
    if past:
        console.say(
            f"{past} of these {'is' if past == 1 else 'are'} named at commits (--all-branches, --all-commits keep them)"
        )


def _sorted(scene: Scene, keep: float) -> Sorted:
    """Tell what in the trash is older than that, of all pipelines of the project."""
    from pivot.cli.logbook import state_dirs
    from pivot.engine.trash import thrown

    now, found = time.time(), thrown(state_dirs(scene, everything=True))
    old = [each for each in found if each.time <= now - keep]
    return Sorted(old, found[len(old) :])


@contextmanager
def _opened(scene: Scene) -> "Iterator[Cache]":
    """Open the store, if there is one: to look for it must not make it.

    Raises:
        DefinitionError: there is none.
    """
    place = scene.project.cache_dir
    if not (place / "store.json").exists():
        raise DefinitionError(f"there is no cache in {place} yet", hint="The first run makes it: pivot run")
    with scene.settings().open_cache() as cache:
        yield cache
