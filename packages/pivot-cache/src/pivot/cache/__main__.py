"""`python -m pivot.cache STORE info|verify|gc|path`: the upkeep of a store for those who have only this package."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TextIO, TypeVar

from pivot.cache.amounts import age_of, part_of
from pivot.cache.asking import OPTIONS, options_of
from pivot.cache.errors import BusyError, CacheError, FormatError, MissingError
from pivot.cache.layout import Layout
from pivot.cache.names import parse
from pivot.cache.options import GcOptions
from pivot.cache.store import Cache
from pivot.cache.telling import gc_data, gc_lines, info_data, info_lines, verify_data, verify_lines

_MISSING, _USAGE, _LOCKED, _INTERRUPTED = 4, 2, 5, 130

Value = TypeVar("Value")


def main(arguments: Sequence[str], out: TextIO, err: TextIO) -> int:
    """Do what the arguments say and give the exit code: 0, 2 usage, 4 damage found or data missing, 5 in use."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.act(options, out)
        out.flush()
    except CacheError as error:
        return _told(error, err)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return _told(CacheError(f"{error.filename or options.store}: {error.strerror or error}"), err)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return code


def _told(error: CacheError, err: TextIO) -> int:
    what, _, hint = str(error).partition("\n")
    err.write(f"pivot.cache: error: {what}\n" + (f"  hint: {hint}\n" if hint else ""))
    codes = ((MissingError, _MISSING), (BusyError, _LOCKED))
    return next((code for kind, code in codes if isinstance(error, kind)), _USAGE)


def _info(options: argparse.Namespace, out: TextIO) -> int:
    with _opened(options.store) as cache:
        info = cache.info()
    return _tell(options, out, info_lines(info), info_data(info))


def _verify(options: argparse.Namespace, out: TextIO) -> int:
    since = None if options.since is None else time.time() - options.since
    with _opened(options.store) as cache:
        report = cache.verify(options.digests or None, sample=options.sample, since=since)
    _tell(options, out, verify_lines(report), verify_data(report))
    return 0 if report.clean else _MISSING


def _gc(options: argparse.Namespace, out: TextIO) -> int:
    chosen = options_of({each.field: getattr(options, each.field) for each in OPTIONS})
    with _opened(options.store) as cache:
        _refuse_everything(cache, options.keep, chosen)
        done = cache.gc(options.keep, chosen)
    return _tell(options, out, gc_lines(done, most=chosen.max_size, verbose=options.verbose), gc_data(done))


def _refuse_everything(cache: Cache, kept: Sequence[str], chosen: GcOptions) -> None:
    """A store of which nobody has said what to keep is not one of which all may go."""
    limited = chosen.max_size is not None or chosen.older_than is not None
    if not (kept or limited or chosen.dry_run or cache.registered()):
        raise CacheError(
            f"nothing says what {cache.root} is to keep: all of it would go\n"
            "name what stays (--keep DIGEST), or how much goes (--max-size, --older-than)"
        )


def _path(options: argparse.Namespace, out: TextIO) -> int:
    layout = Layout(os.path.abspath(options.store))
    place = layout.root if options.digest is None else layout.object(parse(options.digest))
    return _tell(options, out, [place], {"path": place, "exists": os.path.lexists(place)})


def _opened(store: str) -> Cache:
    if not os.path.lexists(os.path.join(store, "store.json")):
        raise FormatError(f"{store} is no store\nname the directory that has a store.json")
    return Cache(store)


def _tell(options: argparse.Namespace, out: TextIO, lines: Iterable[str], data: Mapping[str, Any]) -> int:
    if options.json:
        lines = [json.dumps({"schema_version": 1, **data}, ensure_ascii=False)]
    out.writelines(f"{line}\n" for line in lines)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pivot.cache", description="Look after a store of pivot-cache.")
    parser.add_argument("store", help="the directory of the store")
    commands = parser.add_subparsers(required=True, metavar="info|verify|gc|path")
    _command(commands, "info", _info, "say what the store holds")
    verify = _command(commands, "verify", _verify, "hash objects again; exits with 4 if any is damaged")
    verify.add_argument("digests", nargs="*", metavar="DIGEST", help="only these")
    verify.add_argument("--sample", type=_read(part_of), default=1.0, metavar="5%", help="only a part, by chance")
    verify.add_argument("--since", type=_read(age_of), metavar="2d", help="only what was stored since then")
    _add_gc(_command(commands, "gc", _gc, "delete what nothing names"))
    path = _command(commands, "path", _path, "say where the store, or an object, lies")
    path.add_argument("digest", nargs="?", metavar="DIGEST")
    return parser


def _add_gc(gc: argparse.ArgumentParser) -> None:
    gc.add_argument("-v", "--verbose", action="store_true", help="list everything")
    gc.add_argument("--keep", action="append", default=[], metavar="DIGEST", help="spare this and what is in it")
    for each in OPTIONS:
        names = ("-n", "--dry-run") if each.name == "dry-run" else (f"--{each.name}",)
        if each.read is None:
            gc.add_argument(*names, dest=each.field, action="store_true", help=each.help)
        else:
            action = "append" if each.many else "store"
            read = _read(each.read)
            gc.add_argument(*names, dest=each.field, action=action, type=read, metavar=each.metavar, help=each.help)


def _read(reader: Callable[[str], Value]) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        try:
            return reader(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error).replace("\n", ": ")) from None

    return read


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    act: Callable[[argparse.Namespace, TextIO], int],
    words: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=words, description=words)
    command.add_argument("--json", action="store_true", help="print JSON, for programs")
    command.set_defaults(act=act)
    return command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout, sys.stderr))
