"""The lock file: what was true when a stage last ran, and only what is equal on every machine.

One JSON file per stage, not one database row: git shows the difference, two branches merge file by file, and a
reader never waits for another pipeline's writer. One fact per line, so that a merge touches only what changed.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from json.encoder import encode_basestring as _quoted
from typing import Any, NamedTuple

from pivot.cache import Digest

SCHEMA = 1
_HEX = frozenset("0123456789abcdef")

# Made once: `json.dumps` makes one for each call that asks for anything special, and a lock file has thirty lines.
_any = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(", ", ": ")).encode
spelled = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode
"""Writes the value of a parameter. Values are equal if this is: to Python, `1`, `1.0` and `True` are, `0.0` and `-0.0`,
and mappings in any order, but a stage can tell them apart."""


class Artifact(NamedTuple):
    """The content of a file or a directory."""

    digest: Digest
    size: int
    """Bytes; of a directory, of all its files."""


class Seen(NamedTuple):
    """What the run read without declaring it, by name, and what it was."""

    files: Mapping[str, str] = {}
    directories: Mapping[str, str] = {}
    """Path -> hash of the names in it."""
    present: tuple[str, ...] = ()
    """Paths that were asked for, and there; their content was not read."""
    missing: tuple[str, ...] = ()
    """Paths that were asked for, and not there."""
    environment: Mapping[str, str | None] = {}
    """Variable -> hash of its value; None: it was not set."""
    code: Mapping[str, str] = {}
    """First-party code that ran outside the static closure: `module:qualname` -> hash."""

    def __bool__(self) -> bool:
        return any(self)


class Facts(NamedTuple):
    """All that the result of a stage may depend on. Equal facts, equal result."""

    code: str
    """Merkle hash of the manifest."""
    python: str
    params: Mapping[str, Any]
    inputs: Mapping[str, tuple[str, ...]]
    """Argument -> paths, as declared."""
    outputs: Mapping[str, tuple[str, ...]]
    """Key -> kind and paths, as declared."""
    deps: Mapping[str, Artifact | None]
    """Path relative to the pipeline's root -> content; None: not there."""
    observed: Seen = Seen()


class Trace(NamedTuple):
    """One run of a stage: under these facts, these outputs."""

    facts: Facts
    outs: Mapping[str, Artifact]
    """Path relative to the pipeline's root -> content."""
    manifest: Mapping[str, str] = {}
    """Qualified name -> hash: what gives a difference of code its name."""


class UnreadableTraceError(Exception):
    """A lock file does not say what a lock file says; the message is the cause, for people."""


def encode(stage: str, trace: Trace) -> str:
    """Write a trace as the text of a lock file: equal traces give equal bytes on every machine."""
    facts = trace.facts
    return f"""{{
"schema": {SCHEMA},
"stage": {_quoted(stage)},
"code": {_quoted(facts.code)},
"python": {_quoted(facts.python)},
"manifest": {_lines(trace.manifest, _quoted)},
"params": {_lines(facts.params, spelled)},
"inputs": {_lines(facts.inputs, _quoted_all)},
"outputs": {_lines(facts.outputs, _quoted_all)},
"deps": {_lines(facts.deps, _content)},
"outs": {_lines(trace.outs, _content)},
"observed": {_lines(_what_there_is(facts.observed), _any)}
}}
"""


def _lines(facts: Mapping[str, Any], write: Callable[[Any], str]) -> str:
    """Write a mapping with a line for each of its facts. `write` is `_any`, or quicker: nearly all are text."""
    if not facts:
        return "{}"
    lines = ",\n".join([f"  {_quoted(name)}: {write(facts[name])}" for name in sorted(facts)])
    return f"{{\n{lines}\n}}"


def _quoted_all(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _content(artifact: Artifact | None) -> str:
    return "null" if artifact is None else f"[{_quoted(artifact.digest)}, {artifact.size}]"


def _what_there_is(seen: Seen) -> dict[str, Any]:
    return {name: value for name, value in zip(Seen._fields, seen, strict=True) if value}


def to_data(stage: str, trace: Trace) -> dict[str, Any]:
    """Give as JSON values what the text of a lock file says."""
    facts = trace.facts
    return {
        "schema": SCHEMA,
        "stage": stage,
        "code": facts.code,
        "python": facts.python,
        "manifest": trace.manifest,
        "params": facts.params,
        "inputs": facts.inputs,
        "outputs": facts.outputs,
        "deps": facts.deps,
        "outs": trace.outs,
        "observed": _what_there_is(facts.observed),
    }


def decode(stage: str, text: str) -> Trace:
    """Read the text of a lock file.

    Raises:
        UnreadableTraceError: it is torn, in conflict, of a newer pivot, or another stage's.
    """
    if "<<<<<<< " in text and ">>>>>>> " in text:
        raise UnreadableTraceError("it has merge conflict markers")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableTraceError(f"it is not valid JSON ({error})") from None
    trace = from_data(stage, document)
    if trace.outs.keys() != {path for _, *paths in trace.facts.outputs.values() for path in paths}:
        raise UnreadableTraceError("its outs are not its outputs")  # and may lie anywhere
    return trace


def from_data(stage: str, document: Any) -> Trace:
    """Read what `to_data` gives, checked as the text of a lock file is; raise `UnreadableTraceError`."""
    if not isinstance(document, dict):
        raise UnreadableTraceError("it is not a JSON object")
    if document.get("schema") != SCHEMA:
        raise UnreadableTraceError(f"its schema is {document.get('schema')!r}, this pivot knows {SCHEMA}")
    if document.get("stage") != stage:
        raise UnreadableTraceError(f"it belongs to stage {document.get('stage')!r}")
    try:
        return _trace(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableTraceError(f"a field is missing or wrong ({error})") from None


def _trace(document: Mapping[str, Any]) -> Trace:
    facts = Facts(
        code=_text(document["code"]),
        python=_text(document["python"]),
        params=dict(document["params"].items()),
        inputs={key: _texts(value) for key, value in document["inputs"].items()},
        outputs={key: _texts(value) for key, value in document["outputs"].items()},
        deps={path: _artifact(value) for path, value in document["deps"].items()},
        observed=_seen(document["observed"]),
    )
    return Trace(
        facts,
        outs={path: _artifact(value) for path, value in document["outs"].items()},
        manifest=_named_texts(document["manifest"]),
    )


def _seen(section: Mapping[str, Any]) -> Seen:
    return Seen(
        files=_named_texts(section.get("files", {})),
        directories=_named_texts(section.get("directories", {})),
        present=_texts(section.get("present", [])),
        missing=_texts(section.get("missing", [])),
        environment={
            name: None if value is None else _text(value) for name, value in section.get("environment", {}).items()
        },
        code=_named_texts(section.get("code", {})),
    )


def _artifact(value: Any) -> Artifact:
    digest, size = value
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError(f"size {size!r}")
    return Artifact(Digest(_digest(digest)), size)


def _digest(value: Any) -> str:
    """Check a digest's form before anything builds a path from it."""
    kind, _, name = _text(value).partition(":")
    if kind not in {"b3", "b3t"} or len(name) != 64 or not _HEX.issuperset(name):
        raise ValueError(f"digest {value!r}")
    return f"{kind}:{name}"


def _named_texts(section: Mapping[str, Any]) -> dict[str, str]:
    named = dict(section.items())
    _check_texts(named.values())
    return named


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"a list was expected, not {value!r}")
    _check_texts(value)
    return tuple(value)


def _check_texts(values: Iterable[Any]) -> None:
    for value in values:
        if not isinstance(value, str):
            raise _no_text(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _no_text(value)
    return value


def _no_text(value: Any) -> TypeError:
    return TypeError(f"text was expected, not {value!r}")
