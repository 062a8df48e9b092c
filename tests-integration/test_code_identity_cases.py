"""Cases of the library through the command: run, run again, edit, run; and the output is that of a clean run.

pivot-registry's own tests run every case in this way, without the command. Here every sixteenth is run, which is enough
to see that engine, snapshots and observation do not get in the way; `PIVOT_CASES=all` runs all of them.
"""

import importlib.util
import os
import subprocess
import sys
import traceback
import types
from pathlib import Path
from typing import Any, NamedTuple

import pytest

CASES = Path(__file__).parents[1] / "packages" / "pivot-registry" / "tests" / "cases"


def _load(name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(f"pivot_cases_{name}", CASES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


library, driver = _load("library"), _load("driver")
driver.preload()


class Told(NamedTuple):
    """What one `pivot run` did."""

    runs: int
    """How often the stage has run since the first command."""
    output: str
    said: str


def pivot_run(place: Any, around: Path) -> Told:
    """Bring the project up to date, with a cache and a trace outside of it."""
    trace, log = around / "trace", around / "log"
    trace.touch()
    site = place.root / library.SITE
    environ = {**place.environ, "PIVOT_CASE_TRACE": str(trace), "PIVOT_CACHE_DIR": str(around / "cache")}
    environ |= {"PYTHONPATH": str(site)} if site.is_dir() else {}
    code = (_in_interpreter if place.flags else _in_fork)(place, environ, log)
    assert code == 0, log.read_text()
    runs = trace.read_text().splitlines().count("main")
    return Told(runs, (place.root / "out.txt").read_text(), log.read_text())


def _in_interpreter(place: Any, environ: dict[str, str], log: Path) -> int:
    command = [sys.executable, *place.flags.split(), "-m", "pivot.cli", "run"]
    with log.open("w") as said, driver.uncovered():
        return subprocess.run(
            command, cwd=place.root, env={**os.environ, **environ}, stdout=said, stderr=said, check=False
        ).returncode


def _in_fork(place: Any, environ: dict[str, str], log: Path) -> int:
    """Run the command in a fork: what an interpreter has to import is there already."""
    with driver.uncovered():
        child = os.fork()
        if child == 0:
            sys.settrace(None)
            code = 70
            try:
                code = _command(place, environ, log)
            except BaseException:  # noqa: BLE001  (the log is the parent's to show)
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _command(place: Any, environ: dict[str, str], log: Path) -> int:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    sys.stdout, sys.stderr = (os.fdopen(standard, "w", closefd=False) for standard in (1, 2))
    os.environ.update(environ)
    os.chdir(place.root)
    sys.path[:0] = [environ["PYTHONPATH"]] if "PYTHONPATH" in environ else []
    sys.argv = ["pivot", "run"]
    from pivot.cli.main import main

    try:
        main()
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0 if done.code is None else 1


PROMISED = [case for case in library.cases() if case.expects != "unseen"]
CHOSEN = PROMISED if os.environ.get("PIVOT_CASES") == "all" else PROMISED[::16]


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: case.id)
def test_the_command_runs_a_stage_again_exactly_when_it_must(case: Any, tmp_path: Path) -> None:
    place = library.build(case, tmp_path / "project")
    (place.root / ".pivot").mkdir()
    (place.root / ".pivot" / "config.yaml").touch()
    first = pivot_run(place, tmp_path)
    assert (first.runs, first.output) == (1, driver.run(place.root, place.environ, place.flags).output), first.said

    again = pivot_run(place, tmp_path)
    assert again.runs == 1, f"stale without an edit\n{again.said}"

    edited = library.edit(case, place)
    after = pivot_run(edited, tmp_path)
    clean = driver.run(edited.root, edited.environ, edited.flags).output
    assert after.output == clean, f"a false skip\n{after.said}"
    if case.expects == "reruns":
        assert after.runs > 1, f"a false skip\n{after.said}"
    if case.expects == "fresh":
        assert after.runs == 1, f"a false rerun\n{after.said}"
