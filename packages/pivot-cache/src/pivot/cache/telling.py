"""What is found in a store, told to people and to programs: the same facts in the same words for every command."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pivot.cache.amounts import counted, size
from pivot.cache.info import Info
from pivot.cache.report import Collected, Keep, Kept, Removed, Report

Spell = Callable[[Kept], str]
"""Says what a file that names objects is to its reader."""

_LISTED = 20
_FILES = 5


def info_lines(info: Info) -> Iterator[str]:
    """Say what a store holds."""
    yield f"store       {info.root} (format {info.format}{', read-only' if info.read_only else ''})"
    objects = f"{counted(info.objects, 'file')}, {counted(info.trees, 'directory', 'directories')}"
    yield f"holds       {objects}; {size(info.bytes)}, {size(info.disk_bytes)} on the disk"
    yield f"run cache   {counted(info.records, 'record')}"
    yield f"quarantine  {counted(info.quarantined, 'item')}"
    users = counted(info.checkouts, "checkout"), counted(info.processes, "process", "processes")
    yield f"used by     {users[0]}, {users[1]} now"
    yield f"shared      {info.shared}"
    yield f"index       {info.index_kind}, {info.index_path}"


def info_data(info: Info) -> dict[str, Any]:
    """Give the same as JSON values."""
    return {**info._asdict(), "root": str(info.root), "index_path": str(info.index_path)}


def verify_lines(report: Report, named: Mapping[str, Sequence[str]] = {}) -> Iterator[str]:
    """Say what hashing objects again has shown; `named` tells of a digest what it is."""
    looked = f"{counted(report.examined, 'object')} hashed again, {size(report.examined_bytes)}"
    if report.clean:
        yield f"{looked}: all right"
        return
    yield f"{looked}: {len(report.damaged)} damaged, {len(report.incomplete)} incomplete"
    for word, digests in (("damaged, in quarantine now", report.damaged), ("a member is missing", report.incomplete)):
        for digest in digests:
            names = ", ".join(named.get(digest, ()))
            yield f"  {digest}  {names or 'no output of this project'}  ({word})" if named else f"  {digest}  ({word})"


def verify_data(report: Report) -> dict[str, Any]:
    """Give the same as JSON values."""
    return {**report._asdict(), "clean": report.clean}


def gc_lines(
    done: Collected, *, most: int | None = None, spell: Spell | None = None, verbose: bool = False
) -> Iterator[str]:
    """Say what goes and why, and what stays and why; `most` is the size that was asked for."""
    yield from _gone(done, everything=verbose)
    if done.records:
        yield f"and {counted(done.records, 'record')} of runs whose outputs are gone"
    yield f"kept {counted(done.kept, 'object')}, {size(done.kept_bytes)}"
    for keep, held in _by_reason(done.held).items():
        yield f"  {_sum(sum(each.objects for each in held), sum(each.bytes for each in held))}  {keep}"
        yield from _files(held, spell or _plain, everything=verbose)
    if most is not None and done.kept_bytes > most:
        yield (
            f"that is {size(done.kept_bytes - most)} more than asked: what is named, used or young is not removed "
            "(--keep-results 0 and --grace 0 let more go)"
        )
    for place in done.missing_checkouts:
        yield f"{place} is not there; what it named stays for a while (--drop-missing-roots lets it go)"


def _gone(done: Collected, *, everything: bool) -> Iterator[str]:
    words = "would remove" if done.dry_run else "removed"
    yield f"{words} {counted(len(done.gone), 'object')}, {size(done.removed_bytes)}"
    by_reason: dict[str, list[Removed]] = defaultdict(list)
    for each in done.gone:
        by_reason[each.why].append(each)
    for why, gone in by_reason.items():
        yield f"  {_sum(len(gone), sum(each.bytes for each in gone))}  {why}"
        if done.dry_run:
            yield from _objects(gone, everything=everything)


def _objects(gone: list[Removed], *, everything: bool) -> Iterator[str]:
    largest = sorted(gone, key=lambda each: -each.bytes)
    for each in largest if everything else largest[:_LISTED]:
        when = datetime.datetime.fromtimestamp(each.used, datetime.UTC).astimezone().strftime("%Y-%m-%d")
        yield f"    {size(each.bytes):>9}  used {when}  {each.digest[:16]}  {each.what}".rstrip()
    if not everything and len(gone) > _LISTED:
        yield f"    and {len(gone) - _LISTED:,} smaller ones (-v lists all)"


def _files(held: Sequence[Kept], spell: Spell, *, everything: bool) -> Iterator[str]:
    named = [each for each in held if each.place]
    largest = sorted(named, key=lambda each: -each.bytes)
    for each in largest if everything else largest[:_FILES]:
        yield f"    {_sum(each.objects, each.bytes)}  {spell(each)}"
    if not everything and len(named) > _FILES:
        yield f"    and {len(named) - _FILES:,} more files (-v lists all)"


def _plain(held: Kept) -> str:
    return f"{held.place}: {held.file}" if held.file else held.place


def _sum(objects: int, count: int) -> str:
    return f"{objects:>7,} {'object ' if objects == 1 else 'objects'} {size(count):>9}"


def _by_reason(held: Iterable[Kept]) -> dict[Keep, list[Kept]]:
    found: dict[Keep, list[Kept]] = defaultdict(list)
    for each in held:
        found[each.keep].append(each)
    return found


def gc_data(done: Collected) -> dict[str, Any]:
    """Give the same as JSON values."""
    return {
        "dry_run": done.dry_run,
        "removed": [{**each._asdict(), "why": each.why.name.lower(), "reason": each.why} for each in done.gone],
        "removed_bytes": done.removed_bytes,
        "kept": [
            {"why": each.keep.name.lower(), "reason": each.keep, "checkout": each.place, "file": each.file}
            | {"objects": each.objects, "bytes": each.bytes}
            for each in done.held
        ],
        "kept_bytes": done.kept_bytes,
        "records": done.records,
        "missing": list(done.missing_roots),
        "missing_checkouts": list(done.missing_checkouts),
    }
