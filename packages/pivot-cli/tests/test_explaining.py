import json

import pytest

from pivot.cli.explaining import explanation_json, tell_explanation
from pivot.engine import Artifact, Change, Explanation, Facts, Kind, Reason, Restore, Run, Seen, Skip, StageStatus
from pivot.registry.definition import Entry, Manifest

CODE = Reason(Kind.CODE, "text.normalise", "0" * 64, "1" * 64)
DIFF = "--- text.normalise (last run)\n+++ text.normalise (now)\n@@ -1 +1 @@\n-old\n+new"


@pytest.fixture
def found(refs) -> Explanation:
    manifest = Manifest({"text.normalise": Entry("1" * 64, "src/text.py:30")}, notes=["getattr with a computed name"])
    changes = (
        Change(CODE, str(CODE), "src/text.py:30", ("pipeline.clean", "text.normalise"), DIFF),
        Change.of(Reason(Kind.PARAM, "rate", 0.1, 0.2)),
    )
    content = Artifact("b3:" + "2" * 64, 5)  # type: ignore[arg-type]
    seen = Seen({"vocab.json": "b3:" + "3" * 64}, {"sql": "4" * 64}, ("there",), ("gone",), {"A": None, "B": "5" * 64})
    deps = {"rows.csv": content, "lost.csv": None}
    facts = Facts("1" * 64, "3.11", {"rate": 0.1}, {"rows": ("rows.csv", "lost.csv")}, {}, deps, seen)
    return Explanation(refs("a:clean")[0], Run((CODE,)), changes, facts, None, manifest)


@pytest.fixture
def told(recorded, found):
    def tell(
        decision=None, *, diff: bool = False, manifest: bool = False, explanation: Explanation = found
    ) -> list[str]:
        console = recorded()
        status = StageStatus(found.ref, decision or found.decision)
        tell_explanation(console, str, explanation, status, place="a/pipeline.py:7", diff=diff, manifest=manifest)
        return console.stdout.splitlines()

    return tell


def test_each_change_has_its_place_and_the_way_to_it(told) -> None:
    assert told() == [
        "~ a:clean must run  a/pipeline.py:7",
        "  code: text.normalise changed  src/text.py:30",
        "    pipeline.clean -> text.normalise",
        "  param rate 0.1 -> 0.2",
        "  note: getattr with a computed name",
    ]


def test_the_diff_is_shown_to_who_asks(told) -> None:
    assert "    +new" in told(diff=True)


def test_the_manifest_is_shown_to_who_asks(told) -> None:
    assert told(manifest=True)[5:] == [
        "  the code it depends on:",
        "    text.normalise  111111111111  src/text.py:30",
        "  its inputs:",
        "    lost.csv  missing",
        "    rows.csv  222222222222",
        "  its parameters:",
        "    rate  0.1",
        "  what its last run used without declaring it:",
        "    file vocab.json  333333333333",
        "    names in sql/    444444444444",
        "    there            is there",
        "    gone             is not there",
        "    variable A       is not set",
        "    variable B       555555555555",
        "  the interpreter:",
        "    python  3.11",
    ]


def test_what_is_up_to_date_or_kept_is_called_so(told, found) -> None:
    calm = found._replace(changes=(), manifest=Manifest({}))
    assert told(Skip(), explanation=calm) == ["+ a:clean is up to date  a/pipeline.py:7"]
    (line,) = told(Restore({}, None, ()), explanation=calm)  # type: ignore[arg-type]
    assert "need not run: its outputs are in the cache" in line


def test_what_must_run_above_is_a_reason_too(told, found) -> None:
    above = Run((Reason(Kind.UPSTREAM, "rows.csv", None, "a:load"),))
    calm = found._replace(changes=(), manifest=Manifest({}))
    assert told(above, explanation=calm)[1] == "  input rows.csv comes from a:load, which must run"


def test_json_has_changes_with_place_chain_and_diff(found) -> None:
    data = json.loads(explanation_json(found, StageStatus(found.ref, found.decision), place="a/pipeline.py:7"))
    assert data["schema_version"] == 1
    assert (data["status"], data["place"]) == ("run", "a/pipeline.py:7")
    assert data["changes"][0]["chain"] == ["pipeline.clean", "text.normalise"]
    assert data["changes"][0]["diff"] == DIFF
    assert data["manifest"]["text.normalise"]["place"] == "src/text.py:30"
    assert data["inputs"] == {"rows.csv": "b3:" + "2" * 64, "lost.csv": None}
    assert (data["params"], data["python"], data["observed"]["missing"]) == ({"rate": 0.1}, "3.11", ["gone"])
