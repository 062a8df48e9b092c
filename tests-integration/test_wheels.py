"""What is published, installed where nothing of the workspace is."""

import fcntl
import os
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = {
    "pivot_registry": {"registry", "outputs", "loaders", "stage_def", "fingerprint"},
    "pivot_pipeline": {"pipeline"},
    "pivot_discovery": {"discovery"},
    "pivot_cache": {"cache"},
    "pivot_engine": {"engine", "executor"},
    "pivot_cli": {"cli"},
}


def uv(*words: str) -> str:
    """Run uv and give what it says on stdout."""
    command = os.environ.get("UV") or shutil.which("uv")
    if command is None:
        pytest.skip("uv is not on this machine")
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run([command, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Build the six wheels, once for all processes that run tests."""
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    built = shared / "wheels"
    with (shared / "wheels.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            uv("build", "--quiet", "--wheel", "--all-packages", "--out-dir", str(shared / "half-built"))
            (shared / "half-built").rename(built)
    return built


def wheel(wheels: Path, name: str) -> Path:
    (found,) = wheels.glob(f"{name}-*.whl")
    return found


def installed(wheels: Path, home: Path, package: str, names: Sequence[str]) -> Path:
    """Make an environment with these wheels and what the lock file says they need, and give its Python."""
    needed = home / "needed.txt"
    needed.write_text(uv("export", "--quiet", "--frozen", "--no-emit-workspace", "--no-dev", "--package", package))
    python = home / "venv/bin/python"
    uv("venv", "--quiet", str(home / "venv"))
    uv("pip", "install", "--quiet", "--python", str(python), "--requirements", str(needed))
    uv("pip", "install", "--quiet", "--python", str(python), "--no-deps", *(str(wheel(wheels, name)) for name in names))
    return python


def script(python: Path, home: Path, text: str) -> list[str]:
    """Run a script in an empty directory and give the lines it prints."""
    (home / "script.py").write_text(text)
    done = subprocess.run([python, "script.py"], cwd=home, env={"HOME": str(home)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_wheel_ships_its_own_leaves_of_the_namespace_typed(wheels: Path, name: str) -> None:
    names = [Path(entry) for entry in zipfile.ZipFile(wheel(wheels, name)).namelist() if entry[-1] != "/"]
    inside = [entry for entry in names if entry.parts[0] == "pivot"]
    assert {entry.parts[1] for entry in inside} == SHIPPED[name]
    assert Path("pivot/__init__.py") not in names
    assert {entry.parts[1] for entry in inside if entry.name == "py.typed"} == SHIPPED[name]


def test_the_command_ships_the_templates_whole(wheels: Path) -> None:
    source = ROOT / "packages/pivot-cli/src"
    files = {
        path.relative_to(source).as_posix()
        for path in (source / "pivot/cli/templates").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files <= set(zipfile.ZipFile(wheel(wheels, "pivot_cli")).namelist())
    assert "pivot/cli/templates/flights/report/pivot.yaml" in files


def test_pipelines_can_be_written_where_nothing_can_run_them(wheels: Path, tmp_path: Path) -> None:
    python = installed(wheels, tmp_path, "pivot-pipeline", ["pivot_pipeline", "pivot_registry"])
    assert script(python, tmp_path, AUTHOR) == ["double, show", "6", "no engine"]


AUTHOR = """
from importlib.util import find_spec
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline
from pivot.stage_def import StageParams

pipeline = Pipeline("alone")

class Times(StageParams):
    times: int = 2

def double(
    params: Times, x: Annotated[int, outputs.Dep("x.json", loaders.JSON())]
) -> Annotated[int, outputs.Out("y.json", loaders.JSON())]:
    return x * params.times

@pipeline.stage()
def show(y: Annotated[int, outputs.Dep("y.json", loaders.JSON())]) -> Annotated[str, outputs.Out("z", loaders.Text())]:
    return str(y)

pipeline.register(double, params=Times())
print(", ".join(sorted(pipeline.list_stages())))
print(show(double(Times(), 3)))
print("engine" if find_spec("pivot.engine") else "no engine")
"""


def test_the_store_works_inside_other_tools(wheels: Path, tmp_path: Path) -> None:
    python = installed(wheels, tmp_path, "pivot-cache", ["pivot_cache"])
    assert script(python, tmp_path, KEEP) == ["b3:", "kept", "kept", "no registry"]


KEEP = """
from importlib.util import find_spec
from pathlib import Path
from pivot.cache import Cache, CacheRoot

Path("file.txt").write_text("kept")
Path("folder").mkdir()
Path("folder/inner.txt").write_text("kept")
with Cache(CacheRoot(Path("store"))) as cache:
    file, folder = cache.put(Path("file.txt")), cache.put(Path("folder"))
    print(file[:3])
    Path("file.txt").unlink()
    cache.restore(file, Path("file.txt"))
    cache.restore(folder, Path("again"))
print(Path("file.txt").read_text())
print(Path("again/inner.txt").read_text())
print("registry" if find_spec("pivot.registry") else "no registry")
"""
