"""Contract row 5: what a directory's pipeline file gives, and what is wrong with it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pivot.discovery import DiscoveryError, discover_pipeline
from pivot.pipeline import Pipeline

Write = Callable[[dict[str, str]], Path]

GOOD = """
from typing import Annotated
from pivot import outputs, loaders
from pivot.pipeline import Pipeline

pipeline = Pipeline("good")

@pipeline.stage
def main() -> Annotated[str, outputs.Out("out.txt", loaders.Text())]:
    return "x"
"""
YAML = "stages: {}\n"


def refused(root: Path) -> str:
    with pytest.raises(DiscoveryError) as caught:
        discover_pipeline(root)
    return str(caught.value)


def test_a_python_file_gives_its_pipeline(write: Write) -> None:
    root = write({"a/pipeline.py": GOOD})
    pipeline = discover_pipeline(root / "a")
    assert isinstance(pipeline, Pipeline)
    assert (pipeline.name, pipeline.root, pipeline.list_stages()) == ("good", root / "a", ["main"])


@pytest.mark.parametrize("name", ["pivot.yaml", "pivot.yml"])
def test_a_yaml_file_gives_its_pipeline(write: Write, name: str) -> None:
    root = write({f"a/{name}": "pipeline: plain\n" + YAML})
    pipeline = discover_pipeline(root / "a")
    assert isinstance(pipeline, Pipeline)
    assert (pipeline.name, pipeline.root) == ("plain", root / "a")


def test_a_yaml_file_finds_its_functions_beside_it_and_in_the_project(write: Write) -> None:
    function = 'from typing import Annotated\nfrom pivot import outputs, loaders\ndef f() -> Annotated[str, outputs.Out("o", loaders.Text())]: return ""\n'  # noqa: E501
    stages = "stages:\n  near: {python: near.f, outs: {return: a}}\n  far: {python: lib.far.f, outs: {return: b}}\n"
    root = write({"a/pivot.yaml": stages, "a/near.py": function, "lib/far.py": function})
    pipeline = discover_pipeline(root / "a")
    assert pipeline is not None
    assert sorted(pipeline.list_stages()) == ["far", "near"]


def test_nothing_found_is_none(root: Path) -> None:
    assert discover_pipeline(root) is None


def test_one_directory_has_one_file(write: Write) -> None:
    told = refused(write({"pipeline.py": GOOD, "pivot.yaml": YAML}))
    assert "pipeline.py" in told
    assert "pivot.yaml" in told
    assert "both" in told
    assert "hint" in told


@pytest.mark.parametrize(
    ("source", "where", "what"),
    [
        ("x = 1", "pipeline.py", "has no variable `pipeline`"),
        ("from pivot.pipeline import Pipeline\nmine = Pipeline('a')", "pipeline.py", "rename mine to `pipeline`"),
        ("pipeline = 3", "pipeline.py", "of type int, not a Pipeline"),
        ("import sys\nsys.exit(0)", "pipeline.py:2", "sys.exit(0) was called"),
        ("raise SystemExit", "pipeline.py:1", "sys.exit() was called"),
        ("\n\n1/0", "pipeline.py:3", "ZeroDivisionError: division by zero"),
        ("def f(:\n  pass", "pipeline.py:1", "SyntaxError: "),
        ("x = 1\n  y = 2", "pipeline.py:2", "IndentationError: unexpected indent"),
        ("import no_such_module_anywhere", "pipeline.py:1", "install what provides 'no_such_module_anywhere'"),
        ("import helpers", "helpers.py:2", "ValueError: bad (while loading pipeline.py)"),
        ("import broken", "broken.py:1", "SyntaxError"),
        ("class E(Exception):\n  def __str__(self): return 1\nraise E", "pipeline.py:3", "E"),
        ("class E(BaseException): pass\nraise E('x')", "pipeline.py:2", "E: x"),
        ("def f(): f()\nf()", "pipeline.py:1", "RecursionError"),
        (
            "from pivot.pipeline import Pipeline\npipeline = Pipeline('a')\npipeline.register(lambda: 1)",
            ":3",
            "no name",
        ),
        ("x = '\x00'", "pipeline.py", "null byte"),
        ("class P:\n<<<<<<< HEAD\n    x = 1\n=======\n    x = 2\n>>>>>>> b\n", "pipeline.py:2", "conflict markers"),
        ("x = 1\n=======\n", "pipeline.py:2", "conflict markers of a merge: resolve them"),
    ],
)
def test_what_is_wrong_is_told_with_the_users_own_line(write: Write, source: str, where: str, what: str) -> None:
    told = refused(
        write({"pipeline.py": source, "helpers.py": "def f():\n  raise ValueError('bad')\nf()", "broken.py": "("})
    )
    assert told.partition(": ")[0].endswith(where)
    assert what in told


def test_a_mistake_without_a_place_is_told_at_the_users_line(write: Write) -> None:
    told = refused(write({"pipeline.py": GOOD + "pipeline.register('main')\n"}))
    assert told.startswith(f"pipeline.py:{GOOD.count(chr(10)) + 1}: a str cannot be a stage\n")


def test_a_file_that_is_no_text_is_told(root: Path) -> None:
    (root / "pipeline.py").write_bytes(b"x = '\xff'")
    assert "pipeline.py" in refused(root)


def test_what_is_wrong_with_a_yaml_file_is_told(write: Write) -> None:
    told = refused(write({"pivot.yaml": "stagez: {}\n"}))
    assert "pivot.yaml" in told
    assert "stagez" in told


def test_the_last_line_of_the_users_is_told_when_a_library_raises(write: Write) -> None:
    told = refused(write({"pipeline.py": "import json\n\njson.loads('x')"}))
    assert told.startswith("pipeline.py:3: JSONDecodeError: ")


def test_ctrl_c_passes(write: Write) -> None:
    root = write({"pipeline.py": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        discover_pipeline(root)


def test_each_look_has_the_code_of_now(write: Write) -> None:
    for name in ("one", "two", "six"):
        root = write({"pipeline.py": GOOD.replace("good", "g" + name), "helpers.py": ""})
        os.utime(root / "pipeline.py", ns=(0, 0))
        pipeline = discover_pipeline(root)
        assert pipeline is not None
        assert pipeline.name == "g" + name


@pytest.mark.parametrize("place", ["with-dash", "json", "class", "os", "deep/er/pkg"])
def test_a_directory_may_be_called_anything(write: Write, place: str) -> None:
    root = write({f"{place}/pipeline.py": "import helpers\n" + GOOD, f"{place}/helpers.py": ""})
    assert discover_pipeline(root / place) is not None


def test_a_directory_may_be_a_package(write: Write) -> None:
    source = "from .helpers import X\nfrom ..common import Y\n" + GOOD
    root = write({
        "pkg/__init__.py": "", "pkg/a/__init__.py": "", "pkg/a/pipeline.py": source,
        "pkg/a/helpers.py": "X = 1", "pkg/common.py": "Y = 1",
    })  # fmt: skip
    assert discover_pipeline(root / "pkg" / "a") is not None


def test_an_included_pipeline_is_one_object_however_it_is_reached(write: Write) -> None:
    root = write({
        "a/pipeline.py": "import helpers\n" + GOOD,
        "a/helpers.py": "",
        "b/helpers.py": "raise ValueError",
        "b/pipeline.py": "from pivot.pipeline import Pipeline\nfrom a.pipeline import pipeline as a\n"
        "import a.pipeline as again\nassert again.pipeline is a\npipeline = Pipeline('b')\npipeline.include(a)\n",
    })  # fmt: skip
    pipeline = discover_pipeline(root / "b")
    assert pipeline is not None
    assert pipeline.list_stages() == ["main"]


LEAKS = """
import atexit, os, signal, sys, warnings
os.chdir("/")
sys.path.insert(0, "/leak")
os.environ["LEAK"] = "1"
os.umask(0)
warnings.simplefilter("error")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sys.stdout = None
from pivot.pipeline import Pipeline
pipeline = Pipeline("leaky", root={root!r})
"""


def test_loading_leaves_the_process_as_it_was(write: Write) -> None:
    root = write({"placeholder": ""})
    write({"pipeline.py": LEAKS.format(root=str(root))})
    state = (os.getcwd(), sys.path[:], dict(os.environ), signal.getsignal(signal.SIGTERM), sys.stdout)
    assert discover_pipeline(root) is not None
    assert (os.getcwd(), sys.path[:], dict(os.environ), signal.getsignal(signal.SIGTERM), sys.stdout) == state
    umask = os.umask(0o22)
    os.umask(umask)
    assert umask != 0


def test_what_definitions_print_goes_to_stderr(write: Write) -> None:
    printing = "import os, sys\nprint('by print')\nsys.stdout.flush()\nos.system('echo by child')\n"
    root = write({"pipeline.py": printing + GOOD})
    code = "import sys, pathlib, pivot.discovery as d; d.discover_pipeline(pathlib.Path(sys.argv[1]))"
    run = subprocess.run([sys.executable, "-c", code, root], capture_output=True, text=True, check=True)
    assert run.stdout == ""
    assert run.stderr == "by print\nby child\n"


def test_a_closed_stdout_is_no_obstacle(write: Write) -> None:
    root = write({"pipeline.py": "print('x')\n" + GOOD})
    code = (
        "import os, sys, pathlib; os.close(1); from pivot.discovery import discover_pipeline;"
        "sys.exit(0 if discover_pipeline(pathlib.Path(sys.argv[1])) else 9)"
    )
    run = subprocess.run([sys.executable, "-c", code, root], stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode in {0, 120}  # 120: the interpreter could not flush the closed stdout
