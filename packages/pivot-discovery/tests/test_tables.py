"""Rules for definitions as data."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pivot.discovery.tables import definitions_from, table_data
from pivot.registry.definition import Identity, Input, Origin, Output, OutputKind, StageDefinition
from pivot.registry.types import PipelineName, StageName, StageRef, StateDir

TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
VALUES = st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=2))
STAGES = st.builds(
    StageDefinition,
    ref=st.builds(StageRef, st.sampled_from("ab").map(PipelineName), TEXT.map(StageName)),
    root=st.sampled_from([Path("/p/a"), Path("/p/b")]),
    state_dir=st.sampled_from([StateDir(Path("/p/a/.pivot")), StateDir(Path("/p/b/.pivot"))]),
    inputs=st.lists(st.builds(Input, TEXT, TEXTS, st.booleans()), max_size=2).map(tuple),
    outputs=st.lists(st.builds(Output, TEXT, TEXTS, st.sampled_from(list(OutputKind)), st.booleans()), max_size=2).map(
        tuple
    ),
    params=st.dictionaries(TEXT, VALUES, max_size=2),
    mutex=TEXTS,
    identity=st.builds(Identity, TEXT, st.sampled_from(["3.11", "3.13 -O"]), TEXTS),
    place=TEXT,
    resources=st.dictionaries(TEXT, st.floats(0, 1e15), max_size=2),
    retries=st.none() | st.integers(0, 9),
    timeout=st.none() | st.floats(0, 1e9),
    origin=st.none() | st.builds(Origin, TEXT, TEXTS),
)


@settings(max_examples=25)
@given(st.lists(STAGES, max_size=3))
def test_definitions_survive_a_trip_through_json(stages: list[StageDefinition]) -> None:
    again = definitions_from(json.loads(json.dumps(table_data(stages))))
    assert again == stages
    assert [type(output.kind) for stage in again for output in stage.outputs] == [
        OutputKind for stage in stages for output in stage.outputs
    ]


@pytest.mark.parametrize("data", [[1], [[]], [["a", "b", "c", "d", None, [[]]]], ["abcdef"]])
def test_anything_else_is_refused(data: list[object]) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, IndexError)):
        definitions_from(data)
