"""Say why one stage must run: what changed, where, how the stage reaches it, and what its source was."""

from collections.abc import Callable, Iterator
from typing import Any

from pivot.cli.answer import answer
from pivot.cli.console import BOLD, DIM, FRESH, RESTORED, STALE, Console
from pivot.cli.text import lines_of, one_line
from pivot.engine import Change, Explanation, Kind, Restore, Run, Seen, StageStatus
from pivot.registry.types import StageRef

_ADDED, _REMOVED = "32", "31"

Name = Callable[[StageRef], str]


def all_changes(found: Explanation, status: StageStatus) -> tuple[Change, ...]:
    """Join what changed for the stage itself with what will change because something above it must run."""
    above = (Change.of(reason) for reason in status.reasons if reason.kind is Kind.UPSTREAM)
    return (*found.changes, *above)


def tell_explanation(
    console: Console, name: Name, found: Explanation, status: StageStatus, *, place: str, diff: bool, manifest: bool
) -> None:
    """Write the explanation for a person."""
    out = console.out
    console.data(f"{_verdict(console, name(found.ref), status)}  {out.paint(place, DIM)}".rstrip())
    for change in all_changes(found, status):
        for line in _change(console, change, diff=diff):
            console.data(line)
    for note in found.manifest.notes:
        console.data(f"  {out.paint('note:', DIM)} {one_line(note)}")
    if manifest:
        for line in _manifest(console, found):
            console.data(line)


def _verdict(console: Console, name: str, status: StageStatus) -> str:
    out = console.out
    spelled = out.paint(name, BOLD)
    if isinstance(status.decision, Run):
        return f"{out.mark(STALE)} {spelled} must run"
    if isinstance(status.decision, Restore):
        return f"{out.mark(RESTORED)} {spelled} need not run: its outputs are in the cache"
    return f"{out.mark(FRESH)} {spelled} is up to date"


def _change(console: Console, change: Change, *, diff: bool) -> Iterator[str]:
    yield f"  {one_line(change.words)}  {console.out.paint(one_line(change.place), DIM)}".rstrip()
    if len(change.chain) > 1:
        yield f"    {' -> '.join(map(one_line, change.chain))}"
    if diff:
        yield from (f"    {_painted(console, line)}" for line in lines_of(change.diff))


def _painted(console: Console, line: str) -> str:
    color = _ADDED if line.startswith("+") else _REMOVED if line.startswith("-") else DIM
    return console.out.paint(line, color)


def _manifest(console: Console, found: Explanation) -> Iterator[str]:
    for title, rows in _sections(found):
        width = max((len(one_line(name)) for name, _ in rows), default=0)
        if rows:
            yield f"  {console.out.paint(title, DIM)}"
        for name, what in rows:
            yield f"    {one_line(name).ljust(width)}  {one_line(what)}".rstrip()


def _sections(found: Explanation) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """List all that the result may depend on: (title, rows of a name and what it is)."""
    facts, code = found.facts, sorted(found.manifest.entries.items())
    yield "the code it depends on:", [(name, f"{_short(entry.hash)}  {entry.place}") for name, entry in code]
    yield "its inputs:", [(path, _short(content and content.digest)) for path, content in sorted(facts.deps.items())]
    yield "its parameters:", [(name, str(value)) for name, value in sorted(facts.params.items())]
    yield "what its last run used without declaring it:", list(_seen(facts.observed))
    yield "the interpreter:", [("python", facts.python)] if facts.python else []


def _seen(seen: Seen) -> Iterator[tuple[str, str]]:
    yield from ((f"file {path}", _short(digest)) for path, digest in sorted(seen.files.items()))
    yield from ((f"names in {path}/", _short(digest)) for path, digest in sorted(seen.directories.items()))
    yield from ((path, "is there") for path in seen.present)
    yield from ((path, "is not there") for path in seen.missing)
    for name, digest in sorted(seen.environment.items()):
        yield f"variable {name}", "is not set" if digest is None else _short(digest)
    yield from ((f"code {name}", _short(digest)) for name, digest in sorted(seen.code.items()))


def _short(digest: str | None) -> str:
    """Show as much of a hash as tells two of them apart."""
    return "missing" if digest is None else digest.removeprefix("b3:")[:12]


def explanation_json(found: Explanation, status: StageStatus, *, place: str) -> str:
    """Give the explanation as one JSON object."""
    return answer(
        pipeline=found.ref.pipeline,
        stage=found.ref.stage,
        place=place,
        status=status.word,
        changes=[_change_data(change) for change in all_changes(found, status)],
        manifest={name: entry._asdict() for name, entry in found.manifest.entries.items()},
        python=found.facts.python,
        params=found.facts.params,
        inputs={path: content and content.digest for path, content in found.facts.deps.items()},
        observed=found.facts.observed._asdict(),
        notes=list(found.manifest.notes),
    )


def _change_data(change: Change) -> dict[str, Any]:
    return {
        **change.reason.to_data(),
        "text": change.words,
        "place": change.place,
        "chain": list(change.chain),
        "diff": change.diff,
    }
