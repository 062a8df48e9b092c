"""What is kept between commands gives the same answers as starting anew, and spares reading what did not change."""

import random
from pathlib import Path
from typing import Any

import pytest

from pivot.fingerprint.linkstore import LinkStore
from pivot.fingerprint.summaries import Summaries

FILES = {
    "pipeline.py": "import a\nfrom b import *\ndef main(): return a.f(), g()\ndef other(): return a.K",
    "a.py": "import c\nK = 1\ndef f(): return c.TABLE",
    "b.py": "def g(): return 1",
    "c.py": "TABLE = {}\ndef add(x): TABLE[x] = 1",
    "d.py": "import c\nc.add(1)",
    "p/__init__.py": "from .q import z",
    "p/q.py": "z = 1",
}
TEXTS = {
    "pipeline.py": [
        FILES["pipeline.py"],
        FILES["pipeline.py"] + "\nimport d",
        "import a, p\ndef main(): return a.f(), p.z\ndef other(): return len(p.q.z)",
    ],
    "a.py": [FILES["a.py"], "from c import *\nK = 2\ndef f(): return TABLE", "f = lambda: 1\nK = 1", "def f(:"],
    "b.py": [FILES["b.py"], "__all__ = []\ndef g(): return 1", "from c import TABLE as g", ""],
    "c.py": [
        FILES["c.py"],
        "TABLE = {}\ndef add(x): TABLE[x] = 2\nlen = 1",
        "from p import z as TABLE\ndef add(x): pass",
    ],
    "d.py": [FILES["d.py"], "import c\nc.TABLE['y'] = 1", "import c\nc.add(1)\nc.add(2)"],
    "p/__init__.py": [FILES["p/__init__.py"], "z = 5", "from c import TABLE as z"],
    "p/q.py": [FILES["p/q.py"], "z = 2", "import a\nz = a.K"],
}


def answers(project: Any, summaries: Summaries) -> dict[str, tuple[str, dict[str, str]]]:
    found = project.analyse("main", "other", summaries=summaries)
    summaries.save()
    return {
        stage: (found.code(stage), {name: entry.hash for name, entry in found.manifest(stage).entries.items()})
        for stage in ("main", "other")
    }


@pytest.mark.parametrize("seed", range(12))
def test_an_edit_on_top_of_what_is_kept_gives_what_a_fresh_start_gives(project: Any, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    project.write(FILES)
    for _ in range(8):
        name = chance.choice(sorted(TEXTS))
        if chance.random() < 0.1 and name != "pipeline.py":
            (project.root / name).unlink(missing_ok=True)
        else:
            project.write({name: chance.choice(TEXTS[name])})
        assert answers(project, Summaries(tmp_path / "kept")) == answers(project, Summaries())


def test_only_the_edited_file_is_read_again(project: Any, tmp_path: Path) -> None:
    project.write(FILES)
    answers(project, Summaries(tmp_path / "kept"))
    project.write({"c.py": FILES["c.py"].replace("= 1", "= 2")})
    summaries = Summaries(tmp_path / "kept")
    answers(project, summaries)
    assert summaries.made == 1


def test_only_what_looked_at_a_name_is_resolved_again(project: Any, tmp_path: Path) -> None:
    project.write(FILES)
    answers(project, Summaries(tmp_path / "kept"))
    project.write({"c.py": FILES["c.py"] + "\ndef unrelated(): pass"})
    found = project.analyse(summaries=Summaries(tmp_path / "kept"))
    assert found._links._made == ["c"]


def test_a_module_that_appears_is_found(project: Any, tmp_path: Path) -> None:
    project.write("try:\n    import fast as impl\nexcept ImportError:\n    impl = None\ndef main(): return impl")
    before = project.code(summaries=Summaries(tmp_path / "kept"))
    project.write({"fast.py": "K = 1"})
    assert project.code(summaries=Summaries(tmp_path / "kept")) != before


def test_what_is_kept_of_a_file_is_that_of_the_bytes_that_were_read(project: Any, tmp_path: Path) -> None:
    project.write(FILES)
    summaries = Summaries(tmp_path / "kept")
    links = LinkStore(project.imports, summaries)
    links("pipeline")
    project.write({"pipeline.py": FILES["pipeline.py"].replace("a.K", "a.f"), "a.py": TEXTS["a.py"][1]})
    links.save()
    summaries.save()
    assert answers(project, Summaries(tmp_path / "kept")) == answers(project, Summaries())


def test_a_file_that_is_edited_between_two_looks_is_kept_as_the_second_saw_it(project: Any, tmp_path: Path) -> None:
    project.write(FILES | {"pipeline.py": TEXTS["pipeline.py"][1]})
    summaries = Summaries(tmp_path / "kept")
    answers(project, summaries)
    project.write({"d.py": TEXTS["d.py"][2]})
    links = LinkStore(project.imports, summaries)
    links("a")  # asks whether `c` is the same, without reading it as Python
    project.write({"c.py": "TABLE = {}\ndef add(x): pass"})
    links("d")  # does
    links.save()
    summaries.save()
    project.write({"c.py": FILES["c.py"]})
    assert answers(project, Summaries(tmp_path / "kept")) == answers(project, Summaries())


def test_another_import_path_has_links_of_its_own(project: Any, tmp_path: Path) -> None:
    project.write({"pipeline.py": "import m\ndef main(): return m.K", "one/m.py": "K = 1", "two/m.py": "K = 2"})
    summaries, codes = Summaries(tmp_path / "kept"), []
    for entry in ("one", "two", "one"):
        project.imports = project.imports._replace(entries=(str(project.root), str(project.root / entry)))
        codes.append(project.code(summaries=summaries))
        summaries.save()
    assert codes[0] == codes[2] != codes[1]
