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


def test_what_one_worker_did_one_after_the_other_does_not_overlap() -> None:
    """Times are rounded to tenths of milliseconds."""
    stages = [
        StageRecord(ref("p:a"), "ran", 0.0738, 0.4298, worker=70),
        StageRecord(ref("p:b"), "ran", 0.0738, 0.5035, worker=70),
        StageRecord(ref("p:c"), "ran", 0.0, 0.5773, worker=70),
    ]
    run = RUN._replace(stages={stage.ref: stage for stage in stages})
    slices = [event for event in timeline(run)["traceEvents"] if event["ph"] == "X"]
    assert [(each["ts"], each["dur"]) for each in slices] == [(429_800, 73_800), (503_600, 73_700), (577_300, 0)]
