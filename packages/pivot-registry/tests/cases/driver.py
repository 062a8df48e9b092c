"""Run the stage `main` of a small project in a child process, and say what it is and what it used.

No pipeline, engine or command is involved: a registry of stages, the recorder, and the roots of the identity.
"""

import contextlib
import functools
import importlib
import json
import linecache
import os
import posix
import re
import subprocess
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

SITE = "lib/site-packages"


class Ran(NamedTuple):
    """One run of the stage, in a process of its own."""

    output: str
    root: list[Any]
    """`Root.to_data()` of the stage."""
    observed: dict[str, Any]
    """`Observed.to_data()` of the run, without declared inputs and outputs."""
    import_facts: list[list[Any]]
    inputs: list[list[str]]
    """(parameter, path) of declared inputs."""
    params: str
    sys_path: list[str]
    """The import path after the modules were loaded, project first."""


def run(root: Path, environ: Mapping[str, str], flags: str = "") -> Ran:
    """Import the project, take its stage apart, run it, all of it recorded."""
    if flags:
        return Ran(*_in_interpreter(root, environ, flags))
    return Ran(*_in_fork(root, environ))


def preload() -> None:
    """Import once what every fork needs."""
    for name in ("pivot.fingerprint.recorder", "pivot.fingerprint.roots", "pivot.loaders", "pivot.outputs", "pydantic"):
        importlib.import_module(name)
    for name in ("pivot.registry.registry", "pivot.stage_def", "concurrent.futures", "multiprocessing", "asyncio"):
        importlib.import_module(name)


@contextlib.contextmanager
def uncovered() -> Iterator[None]:
    """Keep coverage out of what is started or forked: it would take several times as long as the work itself.

    Stopping it is no way: each start would hook once more into every later fork.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ))
        for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
            del os.environ[name]
        # Coverage's own would write, in every child, what the parent measured.
        stack.enter_context(mock.patch.object(os, "_exit", posix._exit))
        if coverage := sys.modules.get("coverage"):
            stack.enter_context(mock.patch.object(coverage.Coverage, "current", return_value=None))
        yield


def _in_fork(root: Path, environ: Mapping[str, str]) -> list[Any]:
    """Run in a fork of a server: whatever the project imports or changes is gone afterwards."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps([str(root), dict(environ)]) + "\n")
    server.stdin.flush()
    answer = json.loads(server.stdout.readline())
    if isinstance(answer, dict):
        raise RuntimeError(answer["failed"])
    return list(answer)


@functools.cache
def _server() -> "subprocess.Popen[str]":
    """Start the process whose forks run projects; it ends with this one.

    Forks of the process that runs the tests take twice as long: their memory is large, and coverage is in it.
    """
    script = f"import runpy; runpy.run_path({__file__!r})['serve']()"
    command = [sys.executable, "-P", "-c", script]
    with uncovered():
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def serve() -> None:
    """Answer each line that asks for a run with a line that tells of it."""
    asked, told = (os.fdopen(os.dup(standard), mode) for standard, mode in ((0, "r"), (1, "w")))
    # What a project reads and prints is not the conversation.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    preload()
    for line in asked:
        root, environ = json.loads(line)
        told.write(_forked(lambda root=root, environ=environ: _run(Path(root), environ)) + "\n")
        told.flush()


def _forked(work: Callable[[], tuple[Any, ...]]) -> str:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(writer, work)
    os.close(writer)
    with os.fdopen(reader) as answers:
        answer = answers.read()
    os.waitpid(child, 0)
    return answer or '{"failed": "the child said nothing"}'


def _answer(writer: int, work: Callable[[], tuple[Any, ...]]) -> None:
    try:
        answer: Any = work()
    except BaseException:  # noqa: BLE001  (whatever the project raises is the parent's to report)
        answer = {"failed": traceback.format_exc()}
    with os.fdopen(writer, "wb") as answers:
        answers.write(json.dumps(answer).encode())
    os._exit(0)


def _in_interpreter(root: Path, environ: Mapping[str, str], flags: str) -> list[Any]:
    script = f"import runpy, json; run = runpy.run_path({__file__!r})['_run']; import pathlib"
    call = f"print(json.dumps(run(pathlib.Path({str(root)!r}), {dict(environ)!r})))"
    command = [sys.executable, *flags.split(), "-c", f"{script}\n{call}"]
    with uncovered():
        return list(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def _run(root: Path, environ: Mapping[str, str]) -> tuple[Any, ...]:
    from pivot.fingerprint.recorder import recorder
    from pivot.fingerprint.roots import root_of

    _enter(root, environ)
    with recorder().recording(root) as loading:
        info = _load(root)
    stage = root_of(
        info["func"],
        values={f"artifact {name}": item for name, item in {**info["deps"], **info["outs"]}.items()}
        | ({} if info["params"] is None else {"parameters": type(info["params"])}),
        depends=info["depends"],
        ignore=info["ignore"],
        version=info["version"],
        base=root,
        project=root,
    )
    with tempfile.TemporaryDirectory() as scratch, recorder().recording(root) as running:
        returned = info["func"](**_arguments(info))
        saved = _saved(info, returned, Path(scratch, "out.txt"))
    observed = running.observed(info["deps_paths"] + info["outs_paths"])
    inputs = [[name, path] for name, dep in info["deps"].items() for path in _paths(dep.path)]
    facts = [list(fact) for fact in loading.import_facts()]
    params = "" if info["params"] is None else info["params"].model_dump_json()
    return saved, stage.to_data(), observed.to_data(), facts, inputs, params, sys.path


def _enter(root: Path, environ: Mapping[str, str]) -> None:
    """Be in the project as a fresh interpreter would be."""
    os.environ.update(environ)
    os.chdir(root)
    site = root / SITE
    sys.path[:0] = [str(root), str(site)] if site.is_dir() else [str(root)]
    # No compiled code, whoever made it: Python takes that of an edit within the same second for good.
    sys.dont_write_bytecode, sys.pycache_prefix = True, os.devnull
    importlib.invalidate_caches()
    linecache.clearcache()
    # A fresh interpreter would not have imported what the project shadows.
    for name in {path.stem for path in (*root.iterdir(), *(site.iterdir() if site.is_dir() else ()))}:
        for loaded in [loaded for loaded in sys.modules if loaded == name or loaded.startswith(f"{name}.")]:
            if not loaded.startswith("pivot"):
                del sys.modules[loaded]


def _load(root: Path) -> Any:
    """Import the pipeline file (or what pivot.yaml names), and give what was registered as `main`."""
    from pivot.registry import StageRegistry

    registry = StageRegistry()
    sys.modules["pivot.pipeline"] = _pipeline_package(registry)
    yaml = root / "pivot.yaml"
    if yaml.exists():
        module, _, function = re.findall(r"python: (\S+)", yaml.read_text())[0].rpartition(".")
        registry.register(getattr(importlib.import_module(module), function), name="main")
    else:
        importlib.import_module("pipeline")
    return registry.get("main")


def _pipeline_package(registry: Any) -> types.ModuleType:
    """Give a stand-in for `pivot.pipeline`: the registry's package must be testable alone."""

    class Pipeline:
        def __init__(self, name: str) -> None:
            self.name = name

        def register(self, func: Any, **options: Any) -> None:
            registry.register(func, **options)

        def stage(self, **options: Any) -> Callable[[Any], Any]:
            def registering(func: Any) -> Any:
                registry.register(func, **options)
                return func

            return registering

    module = types.ModuleType("pivot.pipeline")
    Pipeline.__module__ = module.__name__
    vars(module)["Pipeline"] = Pipeline
    return module


def _arguments(info: Any) -> dict[str, Any]:
    arguments = {name: _loaded(dep) for name, dep in info["deps"].items()}
    return arguments if info["params_arg"] is None else {**arguments, info["params_arg"]: info["params"]}


def _saved(info: Any, returned: Any, path: Path) -> str:
    """Give the bytes that would become the output, as text."""
    info["outs"]["return"].save(returned, path)
    return path.read_text()


def _loaded(dep: Any) -> Any:
    values = [dep.loader.load(Path(path)) for path in _paths(dep.path)]
    return values[0] if isinstance(dep.path, str) else values


def _paths(path: Any) -> list[str]:
    return [path] if isinstance(path, str) else list(path)


class Judged(NamedTuple):
    """What the stage is, as far as it is known without running it."""

    code: str
    entries: dict[str, str]
    """The manifest: qualified name -> hash."""
    facts: dict[str, str | None]
    """What the run before had read undeclared, as it is now."""
    declared: list[Any]
    """Inputs with their contents, parameters, flags."""


def differences(one: Judged, other: Judged) -> list[str]:
    """Name what differs, for the report of a failing test."""
    names = [name for field in ("entries", "facts") for name in _unequal(getattr(one, field), getattr(other, field))]
    return names + [name for name in ("code", "declared") if getattr(one, name) != getattr(other, name)]


def _unequal(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


class Watched(NamedTuple):
    """What a run was seen to use, as it is kept until the next time."""

    observed: dict[str, Any]
    code: tuple[str, ...]
    """Code that the text did not show."""


def watched(root: Path, environ: Mapping[str, str], ran: Ran) -> Watched:
    """Take from a run what the next one is to be judged by."""
    from pivot.fingerprint.observed import Observed, unforeseen

    known = identify(root, environ, ran, ()).entries
    return Watched(ran.observed, unforeseen(Observed.from_data(ran.observed), known))


def judge(root: Path, environ: Mapping[str, str], ran: Ran, before: Watched, flags: str = "") -> Judged:
    """Identify the stage that `ran` found, with what an earlier run was seen to use."""
    from pivot.fingerprint.observed import Observed

    found = identify(root, environ, ran, before.code)
    facts = _facts(Observed.from_data(before.observed), root, environ)
    declared = [flags, ran.params, *([name, path, _content(root / path)] for name, path in ran.inputs)]
    return Judged(found.code, dict(found.entries), facts, declared)


class Identified(NamedTuple):
    code: str
    entries: Mapping[str, str]


def identify(root: Path, environ: Mapping[str, str], ran: Ran, also: tuple[str, ...]) -> Identified:
    """Give the static identity of a stage, with code that a run was seen to use besides."""
    from pivot.fingerprint.analysis import analyse
    from pivot.fingerprint.imports import ImportPath
    from pivot.fingerprint.observed import ImportFact
    from pivot.fingerprint.roots import Root
    from pivot.fingerprint.summaries import Summaries

    imports = ImportPath(tuple(ran.sys_path), (("pipeline", str(root / "pipeline.py"), "pipeline"),))
    analysis = analyse(
        {"main": Root.from_data(ran.root)},
        imports,
        Summaries(None),
        dict(environ),
        observed={"main": also},
        import_facts=[ImportFact(*fact) for fact in ran.import_facts],
    )
    manifest = analysis.manifest("main")
    return Identified(analysis.code("main"), {name: entry.hash for name, entry in manifest.entries.items()})


def _facts(observed: Any, root: Path, environ: Mapping[str, str]) -> dict[str, str | None]:
    from pivot.fingerprint.observed import LEADS, directory_hash, environment_hash, listing, listing_hash

    merged = {**os.environ, **environ}
    facts = {f"file {path}": _content(root / path) for path in observed.files}
    links = {path for path in observed.directories if path.endswith(LEADS)}
    facts |= {f"directory {path}": directory_hash(str(root / path)) for path in links}
    listed = {*observed.directories} - links
    facts |= {f"directory {path}": listing_hash(listing(root / path, ["out.txt"])) for path in listed}
    asked = (*observed.present, *observed.missing)
    facts |= {f"path {path}": "there" if (root / path).exists() else "missing" for path in asked}
    return facts | {f"variable {name}": environment_hash(name, merged) for name in observed.env}


def _content(path: Path) -> str | None:
    return path.read_bytes().hex() if path.is_file() else None
