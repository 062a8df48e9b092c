"""Run everything that CI runs, in order, stopping at the first failure.

    python tools/check.py                 everything
    python tools/check.py --quick         without each package alone on the other Pythons
    python tools/check.py --only types    one step (may be given several times)
    python tools/check.py --list          the steps

Needs any Python >= 3.11, git and uv; the environment is made by `uv run`. The tests come last, so that
their summary is the last line.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("pivot-registry", "pivot-pipeline", "pivot-cache", "pivot-engine", "pivot-discovery", "pivot-cli")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
CASES = "packages/pivot-registry/tests/fingerprint/test_cases.py"
BRANCH_COVERAGE = 90
TEST_TOOLS = ("pytest", "pytest-xdist", "hypothesis")
# What is compiled once is not to be compiled again by each of the thousands of processes that tests start.
NOT_FOR_CHILDREN = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"}
# The same examples in each run: it is to fail for what was changed, not by chance. Who tests by hand gets others.
PYTEST_OPTIONS = ("-q", "-n", "auto", "--hypothesis-seed", "0")


class Step(NamedTuple):
    """One thing that must hold."""

    name: str
    title: str
    run: Callable[[], None]
    slow: bool = False
    """Left out by `--quick`."""


class StepFailedError(Exception):
    """A step does not hold; its own output says why."""


def uv() -> list[str]:
    """Spell uv as this machine can run it: on PATH, or as a module of this Python."""
    found = shutil.which("uv")
    return [found] if found else [sys.executable, "-m", "uv"]


def environment(**more: str) -> dict[str, str]:
    """Give commands this process's environment, less what would lead them elsewhere or make them slow."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN}
    # A missing Python is a step less, not a download.
    return {**kept, "UV_PYTHON_DOWNLOADS": "never", **more}


def sh(*command: str, **more: str) -> None:
    """Run a command with its output shown, or raise StepFailedError."""
    code = subprocess.run(command, cwd=ROOT, env=environment(**more), stdin=subprocess.DEVNULL, check=False).returncode
    if code:
        raise StepFailedError(f"exit code {code}: {' '.join(command)}")


def last_line_of(*command: str) -> str:
    """Run a command with its output shown, and give the last line of it that is not empty."""
    last = ""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as child:
        for line in child.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line.strip() or last
    if child.returncode:
        raise StepFailedError(f"exit code {child.returncode}: {' '.join(command)}")
    return last


def in_project(*command: str) -> None:
    sh(*uv(), "run", "--locked", *command)


def lock() -> None:
    sh(*uv(), "lock", "--check")


def layout() -> None:
    sh(sys.executable, "tools/layout.py")


def style() -> None:
    in_project("ruff", "format", "--check")
    in_project("ruff", "check")


def borders() -> None:
    in_project("lint-imports")


def types() -> None:
    in_project("mypy")


def alone() -> None:
    """Test the packages on the Pythons that `tests` does not use; on the newest, each with only what it declares.

    Two rules, each where it needs least: what is declared is the same for every Python, so isolation on one is enough;
    the others run all packages in one environment. Causing faults by the thousand (`faults`) is left out: disks and
    kernels do not ask which Python writes.
    """
    own = python_version([*uv(), "run", "--locked", "python"])
    *others, newest = other_pythons(own) or [(own, own)]
    for version, interpreter in others:
        print(f"-- all packages, Python {version}", flush=True)
        # The library of cases takes as long as all else: it is run on our own Python and on the newest.
        isolated_tests("pivot-cli", interpreter, "packages", "--ignore", CASES)
    version, interpreter = newest
    for package in PACKAGES:
        print(f"-- {package} alone, Python {version}", flush=True)
        isolated_tests(package, interpreter, f"packages/{package}")


def isolated_tests(package: str, interpreter: str, *options: str) -> None:
    """Run tests in an environment of one package, what it declares (`pivot-cli`: all others), and the test tools."""
    isolated = ("--locked", "--isolated", "--no-dev", "--python", interpreter, "--package", package)
    tools = [word for tool in TEST_TOOLS for word in ("--with", tool)]
    sh(*uv(), "run", *isolated, *tools, "pytest", *PYTEST_OPTIONS, "-m", "not faults", *options)


def other_pythons(own: str) -> list[tuple[str, str]]:
    """Find one interpreter of each supported version but our own."""
    found = []
    for version in (version for version in PYTHONS if version != own):
        place = next((place for place in places_of(version) if python_version([place]) == version), None)
        if place:
            found.append((version, place))
        else:
            print(f"-- Python {version}: not on this machine", flush=True)
    return found


def places_of(version: str) -> Iterator[str]:
    """Name the places where a Python may be. A pyenv shim may be on PATH and yet refuse to run."""
    uv_found = subprocess.run(
        [*uv(), "python", "find", "--system", "--no-project", version],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    yield from uv_found.stdout.split()
    for root in (os.environ.get("PYENV_ROOT"), Path.home() / ".pyenv", *pyenv_on_path()):
        if root:
            yield from sorted(str(place) for place in Path(root).glob(f"versions/{version}.*/bin/python"))


def pyenv_on_path() -> Iterator[Path]:
    """Find pyenv by its shims, as in another user's home."""
    for entry in map(Path, os.environ.get("PATH", "").split(os.pathsep)):
        if entry.name == "shims":
            yield entry.parent


def python_version(command: Sequence[str]) -> str:
    """Give the feature version of an interpreter, or nothing where it does not run."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run(
        [*command, "-c", ask], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def tests() -> None:
    """Run every test once, measure the branches of each package, and close with pytest's summary of all.

    Branches are measured where the packages test themselves: they must not need the integration tests for it. The
    command and its workers take twice as long when they are measured, and of faults each one is a process.
    """
    in_project("coverage", "erase")
    measured = tested("coverage", "run", "-m", "pytest", "-m", "not faults and not unmeasured")
    in_project("coverage", "combine", "--quiet")
    short = [package for package in PACKAGES if not covered(package)]
    if short:
        raise StepFailedError(f"branch coverage below {BRANCH_COVERAGE} %: {', '.join(short)}")
    print(total(measured, tested("pytest", "-m", "faults or unmeasured")))


def tested(*command: str) -> str:
    """Run tests, and give the line in which pytest sums them up."""
    return last_line_of(*uv(), "run", "--locked", *command, *PYTEST_OPTIONS)


def total(*summaries: str) -> str:
    """Add up summaries of pytest: `5 passed, 1 skipped in 2.1s`."""
    counts: Counter[str] = Counter()
    for number, what in re.findall(r"(\d+) (passed|skipped|xfailed|warning)", " ".join(summaries)):
        counts[what] += int(number)
    seconds = sum(map(float, re.findall(r" in ([\d.]+)s", " ".join(summaries))))
    return ", ".join(f"{number} {what}" for what, number in counts.items()) + f" in {seconds:.0f}s"


def covered(package: str) -> bool:
    """Print what the tests of the workspace leave out of one package, and say whether that is little enough."""
    include = f"--include=packages/{package}/src/*"
    report = [
        *uv(),
        "run",
        "--locked",
        "coverage",
        "report",
        include,
        "--skip-covered",
        f"--fail-under={BRANCH_COVERAGE}",
    ]
    done = subprocess.run(report, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    total = re.search(r"^TOTAL.*?(\d+%)$", done.stdout, re.MULTILINE)
    print(f"{package}: {total[1] if total else 'not measured'}", flush=True)
    if done.returncode:
        print(done.stdout, done.stderr, flush=True)
    return done.returncode == 0


STEPS = (
    Step("lock", "uv.lock is what the pyproject files say", lock),
    Step("layout", "nothing out of place, no path of a machine", layout),
    Step("style", "ruff", style),
    Step("borders", "import-linter: what may import what", borders),
    Step("types", "mypy, strict", types),
    Step("alone", "the other Pythons at hand, and each package with only what it declares", alone, slow=True),
    Step("tests", f"all tests, branch coverage >= {BRANCH_COVERAGE} % for each package", tests),
)


def run(steps: Sequence[Step]) -> int:
    for step in steps:
        print(f"\n=== {step.name}: {step.title}", flush=True)
        started = time.monotonic()
        try:
            step.run()
        except StepFailedError as failure:
            print(f"=== {step.name} FAILED after {time.monotonic() - started:.0f} s: {failure}", flush=True)
            return 1
        if step is not steps[-1]:
            print(f"=== {step.name}: {time.monotonic() - started:.0f} s", flush=True)
    return 0


def chosen(arguments: Sequence[str]) -> list[Step]:
    """Turn the command line into the steps to run, in their order."""
    parser = argparse.ArgumentParser(description="Run everything that CI runs.")
    parser.add_argument("--list", action="store_true", help="name the steps and stop")
    parser.add_argument("--quick", action="store_true", help="leave out the slow steps")
    parser.add_argument("--only", action="append", choices=[step.name for step in STEPS], metavar="STEP")
    options = parser.parse_args(arguments)
    if options.list:
        for step in STEPS:
            print(f"{step.name:8} {step.title}{' (not with --quick)' if step.slow else ''}")
        return []
    return [step for step in STEPS if step.name in (options.only or [step.name]) and not (options.quick and step.slow)]


if __name__ == "__main__":
    sys.exit(run(chosen(sys.argv[1:])))
