# ruff: noqa: E501  (one case, one line)
"""Whether a pipeline must be executed again, and whether it may be relied upon to come out the same."""

from typing import Any

import pytest

FILES = {
    "pipeline.py": (
        "from typing import Annotated\nimport helpers\nfrom pivot import outputs\nfrom pivot.pipeline import Pipeline\n"
        "pipeline = Pipeline('x')\n"
        "def main(rows=helpers.DEFAULT) -> Annotated[str, outputs.Out('a.txt')]:\n    return helpers.f()\n"
        "def make(n):\n    def inner(): return helpers.g()\n    return inner\n"
        "pipeline.register(main, mutex=['a'])\npipeline.register(make(helpers.count()), name='made')\n"
    ),
    "helpers.py": (
        "DEFAULT = 1\nOTHER = 1\ndef f(): return OTHER\ndef g(): return 1\ndef count(): return len(DATA)\nDATA = [1]\n"
        "class Tool:\n    level = 1\n    def use(self): return 1\n"
    ),
}


def import_code(project: Any) -> str:
    return str(project.analyse().import_code("pipeline"))


@pytest.mark.parametrize(
    ("file", "old", "new", "again"),
    [
        ("helpers.py", "def f(): return OTHER", "def f(): return OTHER + 1", False),
        ("helpers.py", "def g(): return 1", "def g(): return 2", True),  # `make` runs, and might call it
        ("helpers.py", "def use(self): return 1", "def use(self): return 2", False),
        ("pipeline.py", "    return helpers.f()", "    return helpers.f() + 1", False),
        ("pipeline.py", "def main", "# a comment\ndef main", False),
        ("helpers.py", "len(DATA)", "len(DATA) + 1", True),
        ("helpers.py", "DATA = [1]", "DATA = [1, 2]", True),
        ("helpers.py", "DEFAULT = 1", "DEFAULT = 2", True),
        ("helpers.py", "level = 1", "level = 2", True),
        ("pipeline.py", "a.txt", "b.txt", True),
        ("pipeline.py", "mutex=['a']", "mutex=['b']", True),
        ("pipeline.py", "return helpers.g()", "return helpers.f()", True),
        ("pipeline.py", "pipeline.register(main, mutex=['a'])\n", "", True),
        ("pipeline.py", "rows=helpers.DEFAULT", "rows=2", True),
        ("pipeline.py", "import helpers\n", "import helpers, json\n", True),
    ],
)
def test_a_pipeline_is_executed_again_when_what_it_runs_has_changed(
    project: Any, file: str, old: str, new: str, again: bool
) -> None:
    project.write(FILES)
    before = import_code(project)
    assert old in FILES[file]
    project.write({file: FILES[file].replace(old, new)})
    assert (import_code(project) != before) == again


def test_lines_count_where_only_they_tell_definitions_apart(project: Any) -> None:
    text = "F = [lambda: 1]\ndef main(): return 1"
    project.write(text)
    before = import_code(project)
    project.write("# one\n" + text)
    assert import_code(project) != before


def test_a_module_that_is_not_python_is_executed_again_when_it_changes(project: Any) -> None:
    project.write({"pipeline.py": "import h\ndef main(): return 1", "h.py": "def ("})
    before = import_code(project)
    project.write({"h.py": "def (("})
    assert import_code(project) != before


def test_the_whole_of_a_module_counts_with_what_it_reaches(project: Any) -> None:
    project.write(FILES)
    codes = [project.analyse().module_code("pipeline")]
    project.write({"helpers.py": FILES["helpers.py"].replace("def g(): return 1", "def g(): return 2")})
    codes.append(project.analyse().module_code("pipeline"))
    project.write({"helpers.py": FILES["helpers.py"] + "# a comment"})
    assert project.analyse().module_code("pipeline") == codes[0] != codes[1]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("import time\nNOW = time.time()", "pipeline.py:2 reads the clock while defining (time.time)"),
        (
            "from datetime import datetime as d\nNOW = d.now()",
            "pipeline.py:2 reads the clock while defining (datetime.datetime.now)",
        ),
        ("import random\nK = random.random()", "pipeline.py:2 uses random numbers while defining (random.random)"),
        (
            "import numpy as np\nK = np.random.default_rng()",
            "pipeline.py:2 uses random numbers while defining (numpy.random.default_rng)",
        ),
        (
            "import uuid\nclass A:\n    k = uuid.uuid4()",
            "pipeline.py:3 uses random numbers while defining (uuid.uuid4)",
        ),
        ("import h\nK = h.fetch()", "h.py:2 uses the network while defining (urllib.request.urlopen)"),
        ("import time\ndef f(k=time.time()): pass", "pipeline.py:2 reads the clock while defining (time.time)"),
        ("import os\nK = os.getpid()", "pipeline.py:2 uses the process while defining (os.getpid)"),
        ("import h\nK = h.Tool(1).value", "h.py:4 reads the clock while defining (time.time)"),
    ],
)
def test_what_may_come_out_differently_is_named(project: Any, text: str, note: str) -> None:
    helper = "import urllib.request, time\ndef fetch(): return urllib.request.urlopen('x')\nclass Tool:\n    def __init__(self, n): self.value = time.time()"
    project.write({"pipeline.py": text + "\ndef main(): pass", "h.py": helper})
    project.installed("numpy", "1.0")
    assert note in project.analyse().import_nondeterminism("pipeline")


@pytest.mark.parametrize(
    "text",
    [
        "import time\ndef main(): return time.time()",
        "import random\nrandom.seed(1)\ndef main(): return 1",
        "import random\nR = random.Random(5)\ndef main(): return 1",
        "import time\nif __name__ == '__main__':\n    print(time.time())\ndef main(): return 1",
        "from pivot.pipeline import Pipeline\np = Pipeline('x')\nimport time\ndef main(): return time.time()\np.register(main)",
    ],
)
def test_what_comes_out_the_same_is_not_named(project: Any, text: str) -> None:
    project.write(text)
    assert project.analyse().import_nondeterminism("pipeline") == []
