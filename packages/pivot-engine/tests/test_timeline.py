"""The trace of a run in the format that ui.perfetto.dev opens."""

import json

from engine_fakes import ref

from pivot.engine.records import RunRecord, RunState, StageRecord
from pivot.engine.timeline import timeline

RUN = RunRecord(
    "id",
    RunState.RUNNING,
    0.0,
    5.0,
    stages={
        stage.ref: stage
        for stage in (
            StageRecord(ref("p:a"), "ran", 1.0, 0.5, 1.5, worker=70, reasons=("never ran",), memory=5, cpu=0.9),
            StageRecord(ref("q:a"), "restored", 1.0, 0.5, 1.5, worker=71),
            StageRecord(ref("p:b"), "ran", 1.0, 1.5, 2.5, worker=70, after=ref("p:a")),
            StageRecord(ref("p:c"), "running", began=3.0),
            StageRecord(ref("p:d"), "blocked"),
        )
    },
)


def test_every_stage_that_began_is_a_slice_in_the_lane_of_its_worker() -> None:
    events = json.loads(json.dumps(timeline(RUN)))["traceEvents"]
    lanes = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    slices = {event["name"]: event for event in events if event["ph"] == "X"}
    assert set(slices) == {"p:a", "q:a", "p:b", "p:c"}
    assert {name: lanes[each["tid"]] for name, each in slices.items()} == {
        "p:a": "worker 70",
        "p:b": "worker 70",
        "q:a": "worker 71",
        "p:c": "never reported",
    }
    assert (slices["p:a"]["ts"], slices["p:a"]["dur"]) == (500_000, 1_000_000)
    assert slices["p:c"]["dur"] == 2_000_000
    assert slices["p:b"]["args"]["after"] == "p:a"
    assert slices["p:a"]["args"]["reasons"] == ["never ran"]
    assert all(event["pid"] == 1 for event in events)
