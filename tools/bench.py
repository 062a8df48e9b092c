"""Measure pivot: CPU seconds of the whole process tree, medians of five, beside the budgets.

    uv run tools/bench.py commands [-n 176] [--shape layered|chain]     the command on projects of trivial stages
    uv run tools/bench.py directory             one stage that makes 20,000 files of 2 KiB, one that reads them
    uv run tools/bench.py imports               50 stages that each import numpy and pandas
    uv run tools/bench.py store [-h]            the store beside copying and hashing (bench_store.py)
    uv run tools/bench.py plan [-h]             the choice of what starts next, up to 50,000 stages (bench_plan.py)
    uv run tools/bench.py identity              the identity of code: 200 modules, 1,000 and 10,000 stages

Machines are noisy: trust ratios within one run. Nothing here is asserted by a test.
"""

import argparse
import ctypes
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROUNDS = 5
LINES_A_MODULE = 300
FUNCTIONS_A_MODULE = 10


class Row(NamedTuple):
    """One line of the table."""

    what: str
    seconds: list[float]
    budget: float | None

    def __str__(self) -> str:
        budget = "" if self.budget is None else f"{self.budget:.3f}"
        low, high = min(self.seconds), max(self.seconds)
        return f"| {self.what} | {statistics.median(self.seconds):.3f} | {low:.3f}-{high:.3f} | {budget} |"


def cpu_of(words: list[str], cwd: Path) -> float:
    """Run a command and give the CPU seconds of it and of all that it started."""
    before = os.times()
    done = subprocess.run(
        words, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=warm_environment()
    )
    while True:  # workers that outlived the command are ours to wait for: we are their subreaper
        try:
            os.wait()
        except ChildProcessError:
            break
    after = os.times()
    if done.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(words)} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return after.children_user + after.children_system - before.children_user - before.children_system


def warm_environment() -> dict[str, str]:
    """Give the environment, but let compiled code be kept, as everybody does."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def become_subreaper() -> None:
    """Have orphaned descendants handed to this process, so that their CPU time is counted (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def repeated(what: str, words: list[str], cwd: Path, budget: float | None, before: Callable[[], None]) -> Row:
    """Measure a command, prepared anew each time."""
    seconds = []
    for _ in range(ROUNDS):
        before()
        seconds.append(cpu_of(words, cwd))
    return Row(what, seconds, budget)


def pivot(*words: str) -> list[str]:
    """Spell the command as installed beside this interpreter."""
    return [str(Path(sys.executable).parent / "pivot"), *words]


@contextmanager
def project() -> Iterator[Path]:
    """Give an empty project."""
    with tempfile.TemporaryDirectory(prefix="pivot-bench-") as directory:
        root = Path(directory, "project")
        root.mkdir()
        (root / ".pivot").mkdir()
        (root / ".pivot" / "config.yaml").write_text("")
        yield root


@contextmanager
def new_projects(write: Callable[[Path], None]) -> Iterator[Iterator[Path]]:
    """Give as many new projects as there are rounds.

    New ones, rather than one that is emptied: ext4 looks through all inodes that were freed in the last seconds
    before it gives one out, which makes each new file ten times as expensive as usual.
    """
    with tempfile.TemporaryDirectory(prefix="pivot-bench-") as directory:
        roots = [Path(directory, f"project{number}") for number in range(ROUNDS)]
        for root in roots:
            (root / ".pivot").mkdir(parents=True)
            (root / ".pivot" / "config.yaml").write_text("")
            write(root)
        yield iter(roots)


def cold(what: str, words: list[str], budget: float | None, write: Callable[[Path], None]) -> Row:
    """Measure a command in projects where it never ran."""
    with new_projects(write) as roots:
        return Row(what, [cpu_of(words, root) for root in roots], budget)


LAYERED_HEAD = """\
import pathlib
from typing import Annotated

from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("bench")


def mix(paths, out):
    text = "".join(pathlib.Path(path).read_text() for path in paths)
    pathlib.Path(out).parent.mkdir(exist_ok=True)
    pathlib.Path(out).write_text(text[:1024])


"""

LAYERED_STAGE = """\
def s{i}(ins: Annotated[list[pathlib.Path], outputs.Dep({deps!r}, loaders.PathOnly())]) -> Annotated[
    pathlib.Path, outputs.Out("out/{i}.txt", loaders.PathOnly())
]:
    mix(ins, "out/{i}.txt")
    return pathlib.Path("out/{i}.txt")


pipeline.register(s{i})

"""


def write_layered(root: Path, count: int, width: int = 16) -> None:
    """Write trivial stages in layers, each reading one or two files of the layer before; of width 1, a chain."""
    chance = random.Random(1)
    parts = [LAYERED_HEAD]
    for i in range(count):
        layer = range((i // width - 1) * width, i // width * width)
        deps = (
            [f"out/{j}.txt" for j in chance.sample(layer, min(width, chance.choice((1, 2))))]
            if i >= width
            else [f"raw/{i}.txt"]
        )
        parts.append(LAYERED_STAGE.format(i=i, deps=[*deps, "raw/late.txt"] if i == count - 1 else deps))
    (root / "pipeline.py").write_text("".join(parts))
    (root / "raw").mkdir()
    for name in [*map(str, range(width)), "late"]:
        (root / "raw" / f"{name}.txt").write_text(f"raw {name} " * 100)


def forget_everything(root: Path) -> None:
    """Leave the sources and the inputs only."""
    for path in (root / "out", root / ".pivot"):
        shutil.rmtree(path, ignore_errors=True)
    (root / ".pivot").mkdir()
    (root / ".pivot" / "config.yaml").write_text("")


def edit_late_input(root: Path) -> None:
    """Give the input that only the last stage reads a new content."""
    path = root / "raw" / "late.txt"
    path.write_text(path.read_text() + "more")


WIDTHS = {"layered": 16, "chain": 1}

BUDGETS = {  # cold, up to date, one input edited
    176: (2.5, 0.20, 1.0),
    1000: (5.0, 0.35, 1.0),
    10000: (None, 1.5, None),
}


def bench_commands(count: int, width: int) -> Iterator[Row]:
    """Measure what people do all day."""
    made, fresh, edited = BUDGETS.get(count, (None, None, None))
    run = pivot("run", "-j", "2")
    yield cold(f"cold, {count} stages, 2 jobs", run, made, lambda root: write_layered(root, count, width))
    with project() as root:
        write_layered(root, count, width)
        yield repeated("pivot --help", pivot("--help"), root, 0.12, lambda: None)
        cpu_of(run, root)
        yield repeated(f"up to date, {count} stages", run, root, fresh, lambda: None)
        yield repeated(f"status, {count} stages", pivot("status"), root, fresh, lambda: None)
        yield repeated(f"one input edited among {count}", run, root, edited, lambda: edit_late_input(root))
        yield repeated(
            f"outputs deleted, {count} stages", run, root, None, lambda: shutil.rmtree(root / "out", ignore_errors=True)
        )


DIRECTORY = """\
import pathlib
from typing import Annotated

from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("bench")


def make(
    many: Annotated[pathlib.Path, outputs.Dep("many.txt", loaders.PathOnly())],
) -> Annotated[pathlib.Path, outputs.DirectoryOut("files", loaders.PathOnly())]:
    top = pathlib.Path("files")
    top.mkdir()
    for number in range(int(many.read_text())):
        (top / f"{number}.txt").write_bytes(b"%08d" % number * 256)
    return top


def count(
    files: Annotated[pathlib.Path, outputs.Dep("files", loaders.PathOnly())],
) -> Annotated[int, outputs.Out("count.json", loaders.JSON())]:
    return sum(1 for _ in files.iterdir())


pipeline.register(make)
pipeline.register(count)
"""


def write_directory(root: Path) -> None:
    """Write a stage that makes 20,000 files, and one that reads their names."""
    (root / "pipeline.py").write_text(DIRECTORY)
    (root / "many.txt").write_text("20000")


def bench_directory() -> Iterator[Row]:
    """Measure a large directory as one output."""
    run = pivot("run", "-j", "2")
    yield cold("cold, a directory of 20,000 files", run, 8.0, write_directory)
    with project() as root:
        write_directory(root)
        cpu_of(run, root)
        cpu_of(run, root)
        yield repeated("up to date, a directory of 20,000 files", run, root, 0.7, lambda: None)


IMPORTING_STAGE = """\
def s{i}() -> Annotated[pathlib.Path, outputs.Out("out/{i}.txt", loaders.PathOnly())]:
    import numpy
    import pandas

    pathlib.Path("out/{i}.txt").write_text(str(pandas.Series(numpy.arange({i})).sum()))
    return pathlib.Path("out/{i}.txt")


pipeline.register(s{i})

"""


def write_importing(root: Path) -> None:
    """Write 50 stages of which each needs the same heavy libraries."""
    (root / "pipeline.py").write_text(LAYERED_HEAD + "".join(IMPORTING_STAGE.format(i=i) for i in range(50)))


def bench_imports() -> Iterator[Row]:
    """Measure whether workers stay warm."""
    yield cold("cold, 50 stages that import numpy and pandas", pivot("run", "-j", "2"), 3.0, write_importing)


def write_modules(root: Path, modules: int, stages: int) -> None:
    """Write a package of modules that use each other, and stages that start in them."""
    package = root / "lib"
    package.mkdir()
    (package / "__init__.py").touch()
    for number in range(modules):
        (package / f"m{number:03}.py").write_text(_module(number))
    lines = [LAYERED_HEAD, *(f"from lib import m{number:03}\n" for number in range(modules)), "\n"]
    for index in range(stages):
        name = f"m{index % modules:03}.f{index // modules % FUNCTIONS_A_MODULE}"
        lines.append(_stage_of(index, name))
    (root / "pipeline.py").write_text("".join(lines))


def _module(number: int) -> str:
    below = f"from lib import m{number - 1:03}\n\n" if number else ""
    lines_each = LINES_A_MODULE // FUNCTIONS_A_MODULE
    functions = []
    for index in range(FUNCTIONS_A_MODULE):
        body = "\n".join(
            f"    total_{line} = value * {line} + LIMIT_{index} if value > {line} else len(str(value)[{line}:])"
            for line in range(lines_each - 6)
        )
        call = f"m{number - 1:03}.f{index}(value)" if number % 10 else "value"
        functions.append(f"LIMIT_{index} = {number + index}\n\n\ndef f{index}(value):\n{body}\n    return {call}\n")
    return below + "\n\n".join(functions)


def _stage_of(index: int, name: str) -> str:
    return (
        f"def s{index}() -> Annotated[str, outputs.Out('out/{index}.txt', loaders.Text())]:\n"
        f"    return str({name}({index}))\n\n\npipeline.register(s{index})\n\n"
    )


# Each probe is a fresh process; it prints the CPU seconds between its imports and its end.
PROBE = """\
import time, os, pathlib
from pivot.discovery import open_project, views
started = time.process_time()
found = views(open_project(pathlib.Path.cwd(), os.environ))
stages = [stage for view in found.views.values() for stage in view.definitions()]
assert len(stages) == {stages}, len(stages)
print(time.process_time() - started)
"""


IMPORT = """\
import time
import pivot.discovery, pivot.pipeline, pivot.outputs, pivot.loaders
started = time.process_time()
import pipeline
print(time.process_time() - started)
"""


def probe(root: Path, stages: int) -> float:
    """Read all definitions and identities as a command does, in a fresh process."""
    return seconds_told(root, PROBE.format(stages=stages))


def seconds_told(root: Path, code: str) -> float:
    """Run code in a fresh process, and give what it prints last."""
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, env=warm_environment())
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(done.stdout.split()[-1])


def bench_identity(modules: int, stages: int, budgets: tuple[float, float, float]) -> Iterator[Row]:
    """Measure cold analysis, validation and one edited module."""
    cold, valid, edited = budgets
    label = f"{modules} modules of {LINES_A_MODULE} lines, {stages} stages"
    with project() as root:
        write_modules(root, modules, stages)
        yield Row(f"plain import of the same, {label}", list(_imports(root)), None)
        yield Row(f"cold: load and analyse, {label}", list(_colds(root, stages)), cold)
        yield Row(f"nothing changed: validate, {label}", [probe(root, stages) for _ in range(ROUNDS)], valid)
        yield Row(f"a function of one module edited, {label}", list(_edits(root, stages, "total_0 =")), edited)
        yield Row(
            f"a constant of one module edited (loads again), {label}", list(_edits(root, stages, "LIMIT_3 =")), None
        )


def _colds(root: Path, stages: int) -> Iterator[float]:
    for _ in range(ROUNDS):
        forget_everything(root)
        yield probe(root, stages)


def _imports(root: Path) -> Iterator[float]:
    for _ in range(ROUNDS):
        forget_everything(root)
        yield seconds_told(root, IMPORT)


def _edits(root: Path, stages: int, place: str) -> Iterator[float]:
    edited = root / "lib" / "m007.py"
    for number in range(ROUNDS):
        edited.write_text(edited.read_text().replace(place, f"{place} {number} +", 1))
        yield probe(root, stages)


def main() -> None:
    """Measure what was asked for and print a table."""
    if sys.argv[1:2] in (["store"], ["plan"]):
        script = Path(__file__).with_name(f"bench_{sys.argv[1]}.py")
        os.execv(sys.executable, [sys.executable, str(script), *sys.argv[2:]])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["commands", "directory", "imports", "identity", "store", "plan"])
    parser.add_argument("-n", type=int, default=176, help="stages (commands only)")
    parser.add_argument("--shape", choices=WIDTHS, default="layered", help="how they depend on each other")
    options = parser.parse_args()
    become_subreaper()
    print("| what | CPU s (median of 5) | range | budget |\n|---|---|---|---|")
    benches: dict[str, Callable[[], Iterator[Row]]] = {
        "commands": lambda: bench_commands(options.n, WIDTHS[options.shape]),
        "directory": bench_directory,
        "imports": bench_imports,
        "identity": _identity_rows,
    }
    for row in benches[options.what]():
        print(row, flush=True)


def _identity_rows() -> Iterator[Row]:
    yield from bench_identity(200, 1_000, (2.0, 0.020, 0.050))
    yield from bench_identity(200, 10_000, (20.0, 0.200, 0.500))


if __name__ == "__main__":
    main()
