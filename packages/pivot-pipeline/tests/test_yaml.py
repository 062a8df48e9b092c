"""`pivot.yaml`: an implicit pipeline."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pivot.loaders import CSV, JSON, MatplotlibFigure, PathOnly, Text
from pivot.outputs import Dep, Metric, Out, Plot
from pivot.pipeline import Pipeline
from pivot.pipeline.yaml import PipelineConfig, PipelineConfigError, load_pipeline_from_yaml, schema

Project = Callable[[Mapping[str, str]], Path]
MINIMAL = "stages: {clean: {python: stages.clean}}"


def load(project: Project, text: str, **files: str) -> Pipeline:
    return load_pipeline_from_yaml(project({"pivot.yaml": text, **files}) / "pivot.yaml")


def test_the_pipeline_is_called_like_its_directory(project: Project) -> None:
    root = project({"pivot.yaml": MINIMAL})
    made = load_pipeline_from_yaml(root / "pivot.yaml")
    assert (made.name, made.root, made.state_dir) == (root.name, root, root / ".pivot")
    assert made.get("clean")["state_dir"] == root / ".pivot"


def test_the_pipeline_may_have_another_name(project: Project) -> None:
    assert load(project, f"pipeline: model\n{MINIMAL}").name == "model"


def test_paths_override_what_annotations_say(project: Project) -> None:
    made = load(
        project,
        """
        stages:
          clean: {python: stages.clean, deps: {rows: in/rows.txt}, outs: {return: out/clean.txt}}
          train:
            python: stages.train
            deps: {rows: [a.txt, b.txt]}
            outs: {model: m.json}
            metrics: {score: s.json}
            mutex: gpu
        """,
    )
    assert made.get("clean")["deps"] == {"rows": Dep("in/rows.txt", Text())}
    assert made.get("clean")["outs"] == {"return": Out("out/clean.txt", Text())}
    assert made.get("train")["deps"] == {"rows": Dep(["a.txt", "b.txt"], Text())}
    assert made.get("train")["outs"] == {"model": Out("m.json", JSON()), "score": Metric("s.json", JSON())}
    assert made.get("train")["mutex"] == ["gpu"]


def test_paths_declare_what_annotations_leave_open(project: Project) -> None:
    made = load(
        project,
        """
        stages:
          bare:
            python: stages.bare
            deps: {rows: rows.csv, table: table.json, folder: data}
            outs: {model: model.json}
            plots: {curve: curve.png}
          typed: {python: stages.typed, deps: {rows: a.csv}, metrics: {return: m.json}}
          draw: {python: stages.draw, plots: {return: curve.png}}
        """,
    )
    deps = {arg: dep.loader for arg, dep in made.get("bare")["deps"].items()}
    assert deps == {"rows": PathOnly(), "table": JSON(), "folder": PathOnly()}, "a silent function gets paths"
    assert made.get("bare")["outs"] == {"model": Out("model.json", PathOnly()), "curve": Plot("curve.png", PathOnly())}
    assert made.get("typed")["deps"] == {"rows": Dep("a.csv", CSV())}
    assert made.get("typed")["outs"] == {"return": Metric("m.json", JSON())}
    assert made.get("draw")["outs"] == {"return": Plot("curve.png", MatplotlibFigure())}


def test_params_are_checked_by_their_class(project: Project) -> None:
    made = load(project, "stages: {clean: {python: stages.clean, params: {region: gb, rate: 2}}}")
    params = made.get("clean")["params"]
    assert (params.region, params.rate) == ("gb", 2.0)
    assert load(project, MINIMAL).get("clean")["params"].region == "us"


def test_vars_stand_for_values(project: Project) -> None:
    made = load(
        project,
        """
        vars: {base: data, rate: 0.5, big: 2, on: true}
        stages:
          clean:
            python: stages.clean
            deps: {rows: "${base}/${big}-${ on }.txt"}
            mutex: ["${base}", gpu]
            outs: {return: "$${base}.txt"}
            params: {rate: "${rate}"}
        """,
    )
    info = made.get("clean")
    assert info["deps_paths"] == ["data/2-true.txt"]
    assert info["outs_paths"] == ["${base}.txt"]
    assert info["params"].rate == 0.5
    assert info["mutex"] == ["data", "gpu"]


def test_what_a_stage_asks_for_may_depend_on_its_matrix(project: Project) -> None:
    made = load(
        project,
        """
        vars: {tries: 2}
        stages:
          clean:
            python: stages.clean
            matrix: {size: [1, 2]}
            resources: {gpu: 0.5, memory: "${size}G"}
            retries: "${tries}"
            timeout: 10m
            outs: {return: "${size}.txt"}
        """,
    )
    info = made.get("clean@2")
    assert (info["resources"], info["retries"], info["timeout"]) == ({"gpu": 0.5, "memory": 2 * 1024**3}, 2, 600)


def test_a_matrix_makes_a_stage_for_each_combination(project: Project) -> None:
    made = load(
        project,
        """
        vars: {first: us}
        stages:
          clean:
            python: stages.clean
            matrix: {region: ["${first}", gb], rate: [1, 0.5]}
            deps: {rows: "${region}.txt"}
            outs: {return: "${region}-${rate}.txt"}
            params: {region: "${region}", rate: "${rate}"}
        """,
    )
    assert made.list_stages() == ["clean@us,1", "clean@us,0.5", "clean@gb,1", "clean@gb,0.5"]
    info = made.get("clean@gb,0.5")
    assert (info["deps_paths"], info["outs_paths"]) == (["gb.txt"], ["gb-0.5.txt"])
    assert (info["params"].region, info["params"].rate, info["variant"]) == ("gb", 0.5, "gb,0.5")


def test_variants_differ_in_what_they_say(project: Project) -> None:
    made = load(
        project,
        """
        stages:
          clean:
            python: stages.clean
            deps: {rows: all.txt}
            params: {rate: 3}
            variants:
              - {name: us, outs: {return: us.txt}}
              - {name: gb, deps: {rows: gb.txt}, outs: {return: gb-clean.txt}, params: {region: gb}}
        """,
    )
    assert made.list_stages() == ["clean@us", "clean@gb"]
    assert [made.get(name)["deps_paths"] for name in made.list_stages()] == [["all.txt"], ["gb.txt"]]
    assert [made.get(name)["params"].region for name in made.list_stages()] == ["us", "gb"]
    assert [made.get(name)["params"].rate for name in made.list_stages()] == [3, 3]


def test_an_empty_matrix_makes_no_stage_and_says_so(project: Project) -> None:
    with pytest.warns(UserWarning, match="the matrix of stage 'clean' is empty"):
        made = load(project, "stages: {clean: {python: stages.clean, matrix: {region: []}}}")
    assert made.list_stages() == []


def test_functions_are_found_from_the_pipeline_and_from_the_project(project: Project) -> None:
    root = project(
        {
            ".pivot/config.yaml": "",
            "shared/steps.py": "def run(): ...",
            "shared/__init__.py": "",
            "model/own.py": "def run(): ...",
            "model/pivot.yaml": (
                "stages: {a: {python: shared.steps.run}, b: {python: own.run}, c: {python: stages.Trainer.fit}}"
            ),
        }
    )
    made = load_pipeline_from_yaml(root / "model/pivot.yaml")
    assert made.list_stages() == ["a", "b", "c"]


def test_the_import_path_stays_as_it_was(project: Project) -> None:
    before = list(sys.path)
    load(project, MINIMAL)
    with pytest.raises(PipelineConfigError):
        load(project, "stages: {clean: {python: stages.nothing}}")
    assert sys.path == before


def test_a_module_of_another_pipeline_does_not_stand_in_for_ones_own(project: Project) -> None:
    first = load(project, "stages: {a: {python: stages.one}}", **{"stages.py": "def one(): ..."})
    second = load(project, "stages: {a: {python: stages.two}}", **{"stages.py": "def two(): ..."})
    third = load(
        project, "stages: {a: {python: stages.three}}", **{"stages.py": "", "stages/__init__.py": "def three(): ..."}
    )
    assert [made.get("a")["func"].__name__ for made in (first, second, third)] == ["one", "two", "three"]


def test_the_schema_says_what_may_stand_there(project: Project) -> None:
    found = schema()
    assert json.loads(json.dumps(found))["title"] == "pivot.yaml"
    stage = found["$defs"]["StageConfig"]
    keys = {
        "python",
        "deps",
        "outs",
        "metrics",
        "plots",
        "params",
        "mutex",
        "resources",
        "retries",
        "timeout",
        "matrix",
        "variants",
    }
    assert set(stage["properties"]) == keys
    assert set(found["properties"]) == {"pipeline", "vars", "stages"} == set(PipelineConfig.model_fields)
    assert stage["additionalProperties"] is False


@pytest.mark.parametrize(
    ("text", "place", "what", "hint"),
    [
        ("", "1:1", "is empty", "looks like this"),
        ("# only a comment", "1:1", "is empty", "looks like this"),
        ("- a", "1:1", "holds a list, not a mapping", "looks like this"),
        ("train", "1:1", "holds just 'train', not a mapping", "looks like this"),
        ("pipeline: x", "1:1", "stages is missing", "looks like this"),
        ("stages:", "1:1", "stages should be a mapping", "looks like this"),
        ("stages: [a]", "1:1", "stages should be a mapping", "looks like this"),
        ("stages:\n  clean:", "2:3", "stages.clean should be a mapping", "looks like this"),
        ("stages:\n  clean: {}", "2:3", "stages.clean.python is missing", "looks like this"),
        ("stage: {}", "1:1", "unknown key stage", "Did you mean stages?"),
        (
            "stages:\n  clean:\n    python: stages.clean\n    outz: {}",
            "4:5",
            "unknown key stages.clean.outz",
            "mean outs?",
        ),
        (
            "stages: {c: {python: stages.clean, variants: [{nam: a}]}}",
            "1:48",
            "unknown key stages.c.variants.0.nam",
            "name?",
        ),
        ("stages: {c: {python: stages.clean, deps: foo}}", "1:36", "stages.c.deps should be a mapping", "maps names"),
        (
            "stages: {c: {python: stages.clean, outs: {a: {b: c}}}}",
            "1:43",
            "c.outs.a should be text or a list",
            "maps names",
        ),
        ("stages: {c: {python: stages.clean, deps: {rows: []}}}", "1:43", "should be text or a list", "maps names"),
        ("stages: {c: {python: 3}}", "1:14", "stages.c.python should be a valid string", "pivot schema"),
        (
            "stages: {c: {python: stages.clean, matrix: {a: 3}}}",
            "1:45",
            "stages.c.matrix.a should be a valid list",
            "pivot schema",
        ),
        (
            "stages: {c: {python: stages.clean, resource: {}}}",
            "1:36",
            "unknown key stages.c.resource",
            "mean resources?",
        ),
        ("stages: {c: {python: stages.clean, resources: 1}}", "1:36", "resources should be a mapping", "pivot schema"),
        (
            "stages: {c: {python: stages.clean, resources: {gpu: [1]}}}",
            "1:48",
            "c.resources.gpu should be a number or text",
            "pivot schema",
        ),
        ("stages: {c: {python: stages.clean, resources: {gpu: -1}}}", "1:48", "resource 'gpu': expected a", '"gpu": 1'),
        ("stages: {c: {python: stages.clean, retries: 1.5}}", "1:36", "retries: expected a whole", "tried"),
        ("stages: {c: {python: stages.clean, retries: true}}", "1:36", "retries should be a number", "schema"),
        ("stages: {c: {python: stages.clean, timeout: soon}}", "1:36", "timeout: expected a number", "any time"),
        ("pipeline: 3\nstages: {}", "1:1", "pipeline should be a valid string", "looks like this"),
        ("pipeline: a/b\nstages: {}", "1:1", "'a/b' cannot be the name of a pipeline", "printable"),
        ("stages: {a b: {python: stages.clean}}", "1:10", "'a b' cannot be the name of a stage", "letters"),
        ("stages: {c: {python: clean}}", "1:14", "'clean' does not name a function", "module.function"),
        ("stages: {c: {python: sta ges.clean}}", "1:14", "does not name a function", "module.function"),
        ("stages: {c: {python: stagez.clean}}", "1:14", "there is no module 'stagez'", "Put it into"),
        (
            "stages: {c: {python: stages.deep.clean}}",
            "1:14",
            "stages.deep.clean: stages .* has no deep",
            "functions are",
        ),
        ("stages: {c: {python: stages.claen}}", "1:14", "has no claen", "Did you mean clean?"),
        ("stages: {c: {python: stages.number}}", "1:14", "stages.number is a int, not a function", "Name a function"),
        ("stages: {c: {python: broken.f}}", "1:14", "importing broken fails: ValueError: no", "broken.py:2"),
        ("stages: {c: {python: exits.f}}", "1:14", "importing exits fails: SystemExit: 3", "exits.py:1"),
        ("stages: {c: {python: syntax.f}}", "1:14", "importing syntax fails: SyntaxError", "syntax.py:2"),
        ("stages: {c: {python: needs.f}}", "1:14", "importing needs fails: ModuleNotFoundError", "needs.py:1"),
        (
            "stages: {c: {python: stages.clean, deps: {rowz: a}}}",
            "1:43",
            "no parameter 'rowz' to load into",
            "Did you mean rows?",
        ),
        (
            "stages: {c: {python: stages.train, outs: {modl: a}}}",
            "1:43",
            "the function has no output 'modl'",
            "mean model?",
        ),
        (
            "stages: {c: {python: stages.train, outs: {score: a}}}",
            "1:43",
            "'score' is a Metric",
            "Put it under metrics.",
        ),
        ("stages: {c: {python: stages.bare, outs: {a: a}, plots: {a: b}}}", "1:57", "stands in two sections", ""),
        ("stages: {c: {python: stages.bare}}", "1:10", "nothing gives the parameter 'rows' a value", "Annotate it"),
        ("stages: {c: {python: stages.train}}", "1:10", "is a PlaceholderDep without a path", "Give it one"),
        ("stages: {c: {python: stages.clean, outs: {return: /a}}}", "1:43", "'/a' is absolute", "relative"),
        ("stages: {c: {python: stages.clean, outs: {return: a\\}}}", "1:43", "has a backslash", "relative"),
        (
            "stages: {c: {python: stages.clean, outs: {return: rows.txt}}}",
            "1:10",
            "reads rows.txt and writes rows.txt",
            "",
        ),
        (
            "stages: {c: {python: stages.clean, params: {rat: 1}}}",
            "1:45",
            "CleanParams has no field rat",
            "Did you mean rate?",
        ),
        ("stages: {c: {python: stages.clean, params: {rate: x}}}", "1:45", "rate: input should be a valid number", ""),
        ("stages: {c: {python: stages.typed, deps: {rows: a}, params: {x: 1}}}", "1:10", "its function takes none", ""),
        ("stages: {c: {python: stages.clean, deps: {rows: '${a}'}}}", "1:43", r"\$\{a\} is not defined", "Define it"),
        (
            "vars: {base: 1}\nstages: {c: {python: '${bsae}'}}",
            "2:14",
            r"\$\{bsae\} is not defined",
            "Did you mean base?",
        ),
        ("vars: {a: 1}\nstages: {c: {python: '${${a}}'}}", "2:14", "references cannot be nested", ""),
        ("vars: {a: [1]}\nstages: {c: {python: 'x${a}'}}", "2:14", r"\$\{a\} is \[1\]", "within text"),
        ("vars: {a: '${b}'}\nstages: {}", "1:8", "vars.a refers to another value", "Write the value"),
        (
            "stages: {c: {python: stages.clean, matrix: {a: [1]}, variants: []}}",
            "1:54",
            "has a matrix and variants",
            "one of",
        ),
        ("stages: {c: {python: stages.clean, matrix: {a: ['x/y']}}}", "1:10", "'c@x/y' cannot be the name", "letters"),
        (
            f"stages: {{c: {{python: stages.clean, matrix: {{a: {list(range(101))}, b: {list(range(100))}}}}}}}",
            "1:36",
            "has 10100 combinations",
            "10000 is the most",
        ),
    ],
)
def test_a_mistake_has_a_place_a_cause_and_a_next_step(
    project: Project, text: str, place: str, what: str, hint: str
) -> None:
    files = {
        "broken.py": "x = 1\nraise ValueError('no')",
        "exits.py": "raise SystemExit(3)",
        "syntax.py": "x = 1\ny = = 2",
        "needs.py": "import gone_entirely",
    }
    root = project({"pivot.yaml": text, **files})
    with pytest.raises(PipelineConfigError, match=what) as caught:
        load_pipeline_from_yaml(root / "pivot.yaml", project=root)
    assert caught.value.where == f"pivot.yaml:{place}"
    assert hint in str(caught.value.hint)
    assert "\n" not in caught.value.what + str(caught.value.hint)


def test_what_is_interrupted_is_interrupted(project: Project) -> None:
    with pytest.raises(KeyboardInterrupt):
        load(project, "stages: {c: {python: stops.f}}", **{"stops.py": "raise KeyboardInterrupt"})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineConfigError, match="cannot be read: No such file") as caught:
        load_pipeline_from_yaml(tmp_path / "pivot.yaml")
    assert caught.value.where == str(tmp_path / "pivot.yaml")


def test_a_directory_whose_name_is_no_pipeline_name_needs_one(tmp_path: Path) -> None:
    (tmp_path / "a:b").mkdir()
    (tmp_path / "a:b/pivot.yaml").write_text("stages: {}")
    with pytest.raises(PipelineConfigError, match="cannot be the name of a pipeline") as caught:
        load_pipeline_from_yaml(tmp_path / "a:b/pivot.yaml")
    assert "Set it: `pipeline: name`." in str(caught.value.hint)


def test_nothing_of_the_file_is_executed(project: Project, tmp_path: Path) -> None:
    canary: Any = tmp_path / "canary"
    with pytest.raises(PipelineConfigError, match="is not supported"):
        load(
            project,
            f"stages: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{canary}']]",
        )
    assert not canary.exists()
