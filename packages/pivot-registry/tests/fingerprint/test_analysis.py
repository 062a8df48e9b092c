"""Identities of stages: what else counts, what is read to give them, and how they are told."""

import gc
import json
import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pivot.fingerprint.analysis import Options, analyse
from pivot.fingerprint.imports import ImportPath
from pivot.fingerprint.observed import ImportFact
from pivot.fingerprint.roots import Root
from pivot.fingerprint.summaries import Summaries

HELPERS = {
    "pipeline.py": "import helpers\n\ndef main():\n    return helpers.f()\n",
    "helpers.py": "LIMIT = 1\n\n\ndef f():\n    return LIMIT\n\n\ndef g():\n    return 1\n",
}


def one(project: Any, root: Root, **options: Any) -> str:
    found = project.analyse(roots={"s": root}, **options)
    code: str = found.code("s")
    return code


def test_values_files_and_further_code_belong_to_a_stage(project: Any) -> None:
    project.write(HELPERS).write({"rows.sql": "a", "queries/one.sql": "b"})
    plain = Root("pipeline", "main")
    codes = [
        one(project, plain),
        one(project, plain._replace(values=(("closure k", "1"),))),
        one(project, plain._replace(values=(("closure k", "2"),))),
        one(project, plain._replace(also=(Root("helpers", "g"),))),
        one(project, plain._replace(files=(("rows.sql", str(project.root / "rows.sql")),))),
        one(project, plain._replace(files=(("queries", str(project.root / "queries")),))),
        one(project, plain._replace(files=(("gone", str(project.root / "gone")),))),
    ]
    assert len(set(codes)) == len(codes)
    project.write({"queries/two.sql": "c"})
    assert one(project, plain._replace(files=(("queries", str(project.root / "queries")),))) != codes[5]


def test_what_a_stage_ignores_does_not_count_for_it(project: Any) -> None:
    project.write(HELPERS)
    ignoring = Root("pipeline", "main", ignore=("helpers.f",))
    before = one(project, ignoring), one(project, Root("pipeline", "main"))
    project.write({"helpers.py": "def f(): return 5"})
    after = one(project, ignoring), one(project, Root("pipeline", "main"))
    assert [x == y for x, y in zip(before, after, strict=True)] == [True, False]


def test_code_that_a_run_was_seen_to_use_counts(project: Any) -> None:
    project.write(HELPERS)
    codes = [project.code(observed={"main": names}) for names in ([], ["helpers:g"], ["helpers"], ["nowhere:f"])]
    assert len(set(codes)) == 4
    assert project.analyse(observed={"main": ["helpers:g"]}).manifest("main").entries["helpers.g"].place


def test_observed_code_that_was_foreseen_changes_nothing(project: Any) -> None:
    project.write(HELPERS)
    assert project.code() == project.code(observed={"main": ["helpers:f"]})


def test_variables_that_code_names_count_by_value(project: Any) -> None:
    project.write("import os\nNAME = 'B'\ndef main(): return os.environ['A'], os.environ.get(NAME), 'C' in os.environ")
    codes = [project.code()]
    for name in "ABCD":
        project.environ[name] = "1"
        codes.append(project.code())
    assert len(set(codes[:4])) == 4
    assert codes[3] == codes[4]
    assert project.analyse().inputs().environment == ("A", "B", "C")
    assert "secret" not in json.dumps(project.entries())


def test_import_facts_count_for_the_stages_that_reach_their_statement(project: Any) -> None:
    project.write("import json\nA = json.load(open('a.json'))\nB = 1\ndef main(): return A\ndef other(): return B")
    roots = {stage: Root("pipeline", stage) for stage in ("main", "other")}

    def codes(*facts: ImportFact) -> tuple[str, str]:
        found = analyse(roots, project.imports, Summaries(), {}, import_facts=facts)
        return found.code("main"), found.code("other")

    def fact(line: int, value: str) -> ImportFact:
        return ImportFact("pipeline", line, "file", "a.json", value)

    one, two, everywhere = codes(fact(2, "1")), codes(fact(2, "2")), codes(fact(99, "1"))
    assert (one[0] == two[0], one[1] == two[1]) == (False, True)
    assert everywhere[1] != one[1]


def test_import_facts_have_names(project: Any) -> None:
    project.write("K = open('a.json')\ndef main(): return K")
    facts = [ImportFact("pipeline", 1, "file", "a.json", "12"), ImportFact("pipeline", 1, "environment", "X", "")]
    found = analyse({"main": Root("pipeline", "main")}, project.imports, Summaries(), {}, import_facts=facts)
    entries = found.manifest("main").entries
    assert entries["file a.json"].hash == "12"
    assert "environment variable X" in entries


def test_a_manifest_names_definitions_with_place_and_readers(project: Any) -> None:
    project.write(HELPERS)
    manifest = project.analyse().manifest("main")
    assert {name: entry.place for name, entry in manifest.entries.items()} == {
        "pipeline.main": "pipeline.py:3",
        "helpers.f": "helpers.py:4",
        "helpers.LIMIT": "helpers.py:1",
    }
    assert manifest.reads == {"pipeline.main": ("helpers.f",), "helpers.f": ("helpers.LIMIT",)}
    assert manifest.start == "pipeline.main"
    assert project.analyse().codes("main") == {name: entry.hash for name, entry in manifest.entries.items()}


def test_a_manifest_says_what_was_taken_whole(project: Any) -> None:
    project.write("K = 1\ndef main():\n    return eval('K' + '')")
    manifest = project.analyse().manifest("main")
    assert "pipeline:3 uses names by text: all of the module counts" in manifest.notes
    assert "pipeline (all)" in manifest.entries


def test_the_texts_of_definitions_are_found_by_hash(project: Any) -> None:
    project.write(HELPERS)
    found = project.analyse()
    entries = found.manifest("main").entries
    texts = found.sources([entry.hash for entry in entries.values()] + ["unknown"])
    assert texts[entries["helpers.f"].hash] == "def f():\n    return LIMIT\n"
    assert len(texts) == 3


def test_statements_that_change_something_have_names(project: Any) -> None:
    project.write(
        {
            "pipeline.py": "import cfg, a\ndef main(): return cfg.T",
            "cfg.py": "T = []",
            "a.py": "import cfg\ncfg.T.append(1)\ncfg.T.append(2)\ncfg.K = cfg.T.pop()",
        }
    )
    names = {name for name in project.entries() if name.startswith("a ")}
    assert names == {"a (changes cfg.T)", "a (changes cfg.T #2)", "a (changes cfg.K and cfg.T)"}


def test_lines_and_comments_leave_a_manifest_as_it_is(project: Any) -> None:
    project.write(HELPERS)
    before = project.entries()
    project.write({name: "# one\n\n\n" + text for name, text in HELPERS.items()})
    assert project.entries() == before


def test_the_place_of_a_project_does_not_count(projects: Callable[[str], Any]) -> None:
    one, two = projects("one").write(HELPERS), projects("deep/two").write(HELPERS)
    assert one.code() == two.code()
    assert one.entries() == two.entries()


def test_the_directory_of_a_pipeline_does_not_count(projects: Callable[[str], Any]) -> None:
    codes = []
    for name in ("features", "renamed"):
        project = projects("project").write({f"{name}/{file}": text for file, text in HELPERS.items()})
        directory = project.root / name
        pinned = ((f"{name}.pipeline", str(directory / "pipeline.py"), "pipeline"),)
        imports = ImportPath((str(directory), *project.imports.entries), pinned)
        found = analyse({"s": Root(f"{name}.pipeline", "main")}, imports, Summaries(), {})
        codes.append((found.code("s"), found.manifest("s").entries.keys()))
        shutil.rmtree(directory)
    assert codes[0] == codes[1]


def test_what_was_read_is_listed(project: Any) -> None:
    project.write(HELPERS).write({"unused.py": "", "plugins/__init__.py": "", "plugins/a.py": ""})
    inputs = project.analyse().inputs()
    assert {os.path.basename(path) for path in inputs.files} == {"pipeline.py", "helpers.py"}
    assert (str(project.root / "helpers.py"), True) in inputs.probed
    assert (str(project.root / "helpers"), False) in inputs.probed
    assert inputs.directories == ()
    project.write("import importlib\ndef main(n): return importlib.import_module(f'plugins.{n}')")
    assert str(project.root / "plugins") in project.analyse().inputs().directories


def test_a_root_may_be_all_of_a_module_or_nothing_that_is_there(project: Any) -> None:
    project.write(HELPERS)
    roots = {
        "all": Root("helpers", ""),
        "gone": Root("helpers", "gone"),
        "nowhere": Root("nowhere", "f"),
        "f": Root("helpers", "f"),
    }
    found = project.analyse(roots=roots)
    assert [found.knows(stage) for stage in roots] == [True, False, False, True]
    assert found.code("gone") == found.code("all"), "a name that text does not bind may come from anywhere in it"
    assert len({found.code(stage) for stage in roots}) == 3


def test_a_library_may_be_a_root(project: Any) -> None:
    project.installed("dep", "1.0")
    assert project.analyse(roots={"s": Root("dep", "f")}).manifest("s").entries["package dep"].hash == "1.0"


@pytest.mark.parametrize(
    ("text", "edit", "root"),
    [
        ("T = [lambda: 1, lambda: 2]", ("lambda: 2", "lambda: 3"), Root("m", "<lambda>", 1, 13)),
        ("T = [\n  lambda: 1,\n  lambda: 2]", ("lambda: 2", "lambda: 3"), Root("m", "<lambda>", 2)),
        ("if True:\n  def f(): return 1\nelse:\n  def f(): return 2", ("return 2", "return 3"), Root("m", "f", 2)),
        ("def f(): return 1\ndef f(): return 2", ("return 1", "return 3"), Root("m", "f", 2)),
        ("for n in [1]:\n  def f(): return 1\n  K = 2", ("K = 2", "K = 3"), Root("m", "f", 2)),
    ],
)
def test_definitions_of_one_name_are_told_apart_by_place(project: Any, text: str, edit: Any, root: Root) -> None:
    other = root._replace(line=root.line + 99, column=-1)
    project.write({"m.py": text})
    before, anywhere = one(project, root), one(project, other)
    project.write({"m.py": text.replace(*edit)})
    assert one(project, root) == before
    assert one(project, other) != anywhere


def test_a_lambda_changes_with_its_own_text_and_what_it_reads(project: Any) -> None:
    root = Root("m", "<lambda>", 2, 13)
    codes = []
    for text in ("K = 1\nT = [lambda: K, 1]", "K = 2\nT = [lambda: K, 1]", "K = 2\nT = [lambda: K + 1, 1]"):
        codes.append(one(project.write({"m.py": text}), root))
    assert len(set(codes)) == 3


def test_a_compiled_module_of_the_user_counts_by_its_bytes(project: Any) -> None:
    from importlib.machinery import EXTENSION_SUFFIXES

    project.write(
        {"pipeline.py": "import fast\ndef main(): return fast.f(), fast", f"fast{EXTENSION_SUFFIXES[0]}": "1"}
    )
    before = project.code()
    assert project.code(options=Options("off")) == before
    project.write({f"fast{EXTENSION_SUFFIXES[0]}": "2"})
    assert project.code() != before


@pytest.mark.parametrize("step", ["x = x.step()", "x = x.next", "x = x[0][0]", "x, y = y.a(), x.b()"])
def test_a_name_bound_to_what_it_gives_is_followed_to_an_end(project: Any, step: str) -> None:
    methods = "class T:\n    def step(self): return self\n    def go(self): KEPT.append(1)\n"
    text = f"KEPT = []\n{methods}x = y = T()\n{step}\nx.go()\ndef main(): return KEPT\n"
    before = project.write(text).code()
    assert project.write(text.replace("append(1)", "append(2)")).code() != before


def test_what_functions_that_call_each_other_change_is_found_out_once(project: Any) -> None:
    many = range(40)  # by every way through them, which are more than 40 factorial, it would take for ever
    calls = [f"def f{n}(t): {'; '.join(f'f{other}(t)' for other in many if other != n)}" for n in many]
    text = "\n".join(["KEPT = []", *calls, "def f40(t): t.append(1)", "f0(KEPT)", "def main(): return KEPT"])
    text = text.replace("def f39(t): ", "def f39(t): f40(t); ")
    before = project.write(text).code()
    assert project.write(text.replace("append(1)", "append(2)")).code() != before


def test_a_chain_of_more_helpers_than_the_stack_holds_is_nothing_special(project: Any) -> None:
    last = sys.getrecursionlimit() + 500
    lines = [f"def f{n}(): return f{n + 1}()" for n in range(last)]
    project.write("\n".join([*lines, f"def f{last}(): return 1", "def main(): return f0()"]))
    before = project.code()
    project.write("\n".join([*lines, f"def f{last}(): return 2", "def main(): return f0()"]))
    after = project.analyse()
    assert after.code("main") != before
    assert len(after.manifest("main").entries) == last + 2


def test_stages_share_the_work(project: Any) -> None:
    helpers = "\n".join(f"def h{n}(): return h{n + 1}()" for n in range(50)) + "\ndef h50(): return 1\n"
    stages = [f"s{n}" for n in range(100)]
    project.write(helpers + "\n".join(f"def {stage}(): return h0()" for stage in stages))
    found = project.analyse(*stages)
    assert len({found.code(stage) for stage in stages}) == 100
    assert sum(len(merkle.expansions) for merkle in found._passes.values()) < 100 * 2 + 60 + 100


def test_the_collector_of_garbage_is_left_as_it_was(project: Any) -> None:
    project.write(HELPERS)
    gc.disable()
    try:
        project.analyse()
        assert not gc.isenabled()
    finally:
        gc.enable()
    project.analyse()
    assert gc.isenabled()
