import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivot.cache import Digest
from pivot.executor.trace import Artifact, Facts, Seen, Trace, UnreadableTraceError, decode, encode, to_data

A = Digest("b3:" + "a" * 64)
TREE = Digest("b3t:" + "b" * 64)


def trace(**changes: object) -> Trace:
    facts = Facts(
        code="c",
        python="3.13",
        params={"rate": 0.1, "nested": {"b": 1, "a": [1, 2]}},
        inputs={"rows": ("rows.csv",)},
        outputs={"model": ("out", "model.json")},
        deps={"rows.csv": Artifact(A, 3)},
        observed=Seen(files={"data/vocab.json": A}, environment={"HOME": None}, missing=("x",), code={"m:f": "h"}),
    )
    return Trace(facts, {"model.json": Artifact(TREE, 7)}, {"m.f": "h"})._replace(**changes)  # type: ignore[arg-type]


def test_a_trace_survives_writing_and_reading() -> None:
    assert decode("train", encode("train", trace())) == trace()


@pytest.mark.parametrize("written", [trace(), Trace(Facts("c", "3.13", {}, {}, {}, {}), {})])
def test_the_text_of_a_lock_file_says_what_the_data_of_a_trace_say(written: Trace) -> None:
    assert json.loads(encode("train", written)) == json.loads(json.dumps(to_data("train", written)))


def test_equal_traces_give_equal_bytes_whatever_the_order_of_their_facts() -> None:
    one = trace(manifest={"a": "1", "b": "2"})
    other = trace(manifest={"b": "2", "a": "1"})
    assert encode("train", one) == encode("train", other)


def test_every_fact_has_a_line_of_its_own() -> None:
    lines = encode("train", trace(manifest={"a": "1", "b": "2"})).splitlines()
    assert '  "a": "1",' in lines
    assert '  "b": "2"' in lines
    assert f'  "rows.csv": ["{A}", 3]' in lines


@given(st.text(), st.lists(st.text()), st.integers(0))
def test_every_value_is_written_as_json_writes_it(text: str, texts: list[str], size: int) -> None:
    def written(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)

    odd = trace(manifest={text: text}, outs={text: Artifact(A, size)})
    odd = odd._replace(facts=odd.facts._replace(inputs={text: tuple(texts)}, params={text: {text: texts}}))
    lines = [line.removesuffix(",") for line in encode("train", odd).split("\n")]
    for value in (text, [A, size], texts, {text: texts}):
        assert f"  {written(text)}: {written(value)}" in lines


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "not valid JSON"),
        ("[" * 1_000_000, "not valid JSON"),
        ("[]", "not a JSON object"),
        ("<<<<<<< ours\n{}\n=======\n>>>>>>> theirs\n", "merge conflict"),
        ('{"schema": 99, "stage": "train"}', "schema"),
        ('{"schema": 1, "stage": "other"}', "belongs to"),
        ('{"schema": 1, "stage": "train"}', "missing or wrong"),
    ],
)
def test_what_is_no_lock_file_is_told_and_not_believed(text: str, cause: str) -> None:
    with pytest.raises(UnreadableTraceError, match=cause):
        decode("train", text)


@pytest.mark.parametrize(
    "outs",
    [
        {"m": ["b3:../../etc/passwd", 1]},
        {"m": ["b3:" + "A" * 64, 1]},
        {"m": [A, -1]},
        {"m": [A, True]},
        {"m": [A, "12"]},
        {"m": A},
        [],
    ],
)
def test_a_lock_file_with_a_wrong_artifact_is_not_believed(outs: object) -> None:
    document = json.loads(encode("train", trace()))
    document["outs"] = outs
    with pytest.raises(UnreadableTraceError):
        decode("train", json.dumps(document))


def test_a_lock_file_that_names_outputs_which_the_stage_does_not_declare_is_not_believed() -> None:
    with pytest.raises(UnreadableTraceError, match="outs"):
        decode("train", encode("train", trace(outs={"model.json": Artifact(A, 1), "../../elsewhere": Artifact(A, 1)})))


@given(st.binary(max_size=200))
def test_garbage_never_does_more_than_be_refused(garbage: bytes) -> None:
    with pytest.raises(UnreadableTraceError):
        decode("train", garbage.decode("latin-1"))
