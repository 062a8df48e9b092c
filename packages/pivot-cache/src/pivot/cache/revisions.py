"""The files that name digests as they were at git revisions: one `git cat-file` reads them all.

Not `git ls-tree -r` for each commit: trees that did not change between two commits are read once this way.
"""

import fnmatch
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, NamedTuple

from pivot.cache.digest import Digest
from pivot.cache.errors import RevisionError
from pivot.cache.naming import broken, names_in
from pivot.cache.options import Revisions, Root

_FOREIGN = re.compile(r"GIT_(DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|OBJECT_DIRECTORY|NAMESPACE|PREFIX)")
_FOLDER, _FILE = b"40000", (b"100644", b"100755")


class Committed(NamedTuple):
    """A file at some revision, and the digests in it."""

    file: str
    """`<commit>:<path>`, as git reads it."""
    names: dict[Digest, str]


def committed(root: Root, revisions: Revisions, *, ignore_broken: bool) -> Iterator[Committed]:
    """Read the naming files of a checkout at all chosen revisions; nothing if it is in no git repository."""
    commits = _commits(root.path, revisions) if revisions else []
    if commits:
        with subprocess.Popen(  # noqa: S603  (a list; what is asked for follows --end-of-options, or is an id)
            _git(root.path, "cat-file", "--batch"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            reader = _Reader(process.stdin, process.stdout, root.anywhere or root.files, ignore_broken=ignore_broken)
            for commit in commits:
                yield from reader.files(commit)


def check_named(roots: Iterable[Root], named: Sequence[str]) -> None:
    """Raise `RevisionError` for a revision that no checkout has."""
    places = [root.path for root in roots if os.path.isdir(root.path)]
    for revision in named:
        if not any(_is_repository(place) and _resolved(place, revision) for place in places):
            raise RevisionError(f"no checkout has a revision {revision!r}\n`git log --all` shows what there is")


class _Reader:
    """Walks trees, each one once."""

    def __init__(self, ask: IO[bytes], answer: IO[bytes], wanted: Sequence[str], *, ignore_broken: bool) -> None:
        self._ask, self._answer, self._ignore_broken = ask, answer, ignore_broken
        self._wanted = [tuple(each.split("/")) for each in wanted]
        self._depth = max(map(len, self._wanted), default=1)
        self._seen: set[tuple[str, tuple[str, ...]]] = set()

    def files(self, commit: str) -> Iterator[Committed]:
        """Give the naming files of one commit, but for those that an earlier one had."""
        yield from self._below(f"{commit}^{{tree}}", commit, "", ())

    def _below(self, tree: str, commit: str, path: str, above: tuple[str, ...]) -> Iterator[Committed]:
        place = f"{commit[:12]}:{path}"
        for mode, name, digits in _entries(self._object(tree, place), len(commit) // 2):
            # What matters of a path is its end: the rest may differ, and this has been read all the same.
            here = (*above, name)[-self._depth :]
            if (digits, here) in self._seen:
                continue
            self._seen.add((digits, here))
            if mode == _FOLDER:
                yield from self._below(digits, commit, f"{path}{name}/", here)
            elif mode in _FILE and any(_ends(here, wanted) for wanted in self._wanted):
                yield from self._file(digits, f"{place}{name}")

    def _file(self, digits: str, place: str) -> Iterator[Committed]:
        try:
            yield Committed(place, names_in(self._object(digits, place) or b"{}").every)
        except ValueError as error:
            if not self._ignore_broken:
                raise broken(place, str(error)) from None

    def _object(self, name: str, place: str) -> bytes:
        self._ask.write(name.encode() + b"\n")
        self._ask.flush()
        header = self._answer.readline().split()
        if len(header) == 3 and header[2].isdigit():
            return self._answer.read(int(header[2]) + 1)[:-1]
        if not self._ignore_broken:
            raise broken(place, "git has no such object here")  # a partial clone; nothing is fetched
        return b""


def _ends(path: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    last = path[-len(wanted) :]
    return last[:-1] == wanted[:-1] and fnmatch.fnmatchcase(last[-1], wanted[-1])


def _entries(tree: bytes, length: int) -> Iterator[tuple[bytes, str, str]]:
    # `<mode> <name>\0<binary id>` for each; no object, no entries.
    while tree:
        head, _, tail = tree.partition(b"\0")
        mode, _, name = head.partition(b" ")
        yield mode, os.fsdecode(name), tail[:length].hex()
        tree = tail[length:]


def _commits(place: str, revisions: Revisions) -> list[str]:
    if not _is_repository(place):
        return []
    chosen = [_resolved(place, name) for name in ("HEAD", *revisions.named)]
    if revisions.all_commits:
        chosen += _output(place, "rev-list", "--all", "--reflog").split()
    if revisions.all_branches:
        chosen += _tips(place, "refs/heads", "refs/remotes")
    if revisions.all_tags:
        chosen += _tips(place, "refs/tags")
    return [commit for commit in dict.fromkeys(chosen) if commit]


def _tips(place: str, *prefixes: str) -> list[str]:
    refs = _output(place, "for-each-ref", "--format=%(objectname) %(objecttype)%(*objecttype)", *prefixes)
    # A tag may be one of anything.
    return [line.split()[0] for line in refs.splitlines() if line.endswith("commit")]


def _resolved(place: str, revision: str) -> str:
    done = _run(place, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return done.stdout.strip()


def _is_repository(place: str) -> bool:
    done = _run(place, "rev-parse", "--git-dir")
    if done.returncode and "not a git repository" not in done.stderr:
        raise _refused(place, done.stderr)  # say, somebody else's: what it has must not be taken for nothing
    return not done.returncode


def _output(place: str, *arguments: str) -> str:
    done = _run(place, *arguments)
    if done.returncode:
        raise _refused(place, done.stderr)
    return done.stdout


def _refused(place: str, said: str) -> RevisionError:
    why = (said.strip().splitlines() or ["no reason given"])[0]
    return RevisionError(f"git cannot read the revisions of {place}: {why}\nmend that, or ask for no revisions")


def _run(place: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(  # noqa: S603
            _git(place, *arguments),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=_environment(),
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except FileNotFoundError as error:
        raise RevisionError(
            "git is not installed, and revisions were asked for\ninstall it, or ask for none"
        ) from error


def _git(place: str, *arguments: str) -> list[str]:
    return ["git", "-C", place, *arguments]


def _environment() -> dict[str, str]:
    # In a hook these name another repository; and nothing is fetched behind anybody's back.
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.fullmatch(name)}
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
