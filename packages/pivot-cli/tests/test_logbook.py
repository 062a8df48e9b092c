import pytest

from pivot.cli.comparing import tell_comparison
from pivot.cli.logbook import SLOWEST, tell_run, tell_runs
from pivot.cli.text import moment
from pivot.engine.analysis import compare
from pivot.engine.records import RunRecord, RunState, StageRecord

ID = "20260101T101500-0000000"


@pytest.fixture
def stage(refs):
    """Make the record of a stage."""

    def make(name: str, began: float, seconds: float, status: str = "ran", **more) -> StageRecord:
        (ref,) = refs(name)
        return StageRecord(ref, status, seconds, began, began + seconds)._replace(**more)

    return make


def run_of(*stages: StageRecord, state: RunState = RunState.OK, **more) -> RunRecord:
    counts = {"ran": len(stages)}
    return RunRecord(ID, state, 0.0, 10.0, counts, stages={each.ref: each for each in stages})._replace(**more)


@pytest.fixture
def list_of(recorded):
    def told(*runs: RunRecord) -> list[str]:
        console = recorded()
        tell_runs(console, str, runs)
        return console.stdout.splitlines()

    return told


@pytest.fixture
def story_of(recorded):
    def told(run: RunRecord, verbosity: int = 0) -> str:
        console = recorded(verbosity)
        tell_run(console, str, run, "pivot logs")
        return console.stdout

    return told


def test_a_run_is_a_line_with_mark_id_time_length_and_counts(list_of, refs) -> None:
    failed = run_of(
        state=RunState.FAILED,
        counts={"ran": 2, "failed": 4, "blocked": 1},
        failed=tuple(refs("p:a", "p:b", "p:c", "p:d")),
    )
    killed = run_of(state=RunState.KILLED, counts={"killed": 1})
    running = run_of(state=RunState.RUNNING, counts={})
    assert list_of(run_of(counts={"ran": 1, "skipped": 3}), failed, killed, running) == [
        f"+ {ID}  {moment(0)}   10.0s  1 ran, 3 up to date",
        f"x {ID}  {moment(0)}   10.0s  2 ran, 4 failed (p:a, p:b, p:c and 1 more), 1 blocked",
        f"! {ID}  {moment(0)}  >10.0s  killed: 1 killed",
        f"> {ID}  {moment(0)}   10.0s  running: nothing",
    ]


def test_a_run_in_full_is_told_from_its_command_to_its_critical_path(story_of, stage) -> None:
    first = stage("p:a", 0.5, 2.0, cpu=1.5, memory=3 << 20, reasons=("never ran",), unchanged=True)
    second = stage("p:bc", 3.0, 7.0, cpu=7.0, memory=1 << 20, reasons=("forced", "code"), after=first.ref)
    run = run_of(first, second, command="pivot run -f", jobs=2)
    assert (
        story_of(run)
        == f"""\
+ {ID}  {moment(0)}, 10.0s
  pivot run -f
  2 ran
  9.0s of work, 0.9 at once with 2 jobs; 8.5s CPU
  at most 3.0 MiB in one process (p:a)

what took time, slowest first:
  + p:bc    7.0s    7.0s CPU   1.0 MiB  forced (+1 more)
  + p:a     2.0s    1.5s CPU   3.0 MiB  never ran; made the same as before

critical path: 9.0s of 10.0s
    2.0s  p:a   waited 0.5s before
    7.0s  p:bc  waited 0.5s before
"""
    )


def test_a_failure_is_told_last_with_the_command_for_its_log(story_of, stage) -> None:
    broken = stage("p:a b", 0.0, 1.0, "failed", failure="ValueError: \x1b[2J", traceback="  in f\n\x1b[2J")
    text = story_of(run_of(broken, state=RunState.FAILED, failed=(broken.ref,)))
    assert text.startswith(f"x {ID}  {moment(0)}, 10.0s, failed\n")
    assert text.endswith(
        f"\nfailed: p:a b: ValueError: \\x1b[2J\n    in f\n  \\x1b[2J\n  log: pivot logs 'p:a b' --run {ID}\n"
    )


def test_how_long_a_killed_stage_ran_is_not_known(story_of, stage) -> None:
    text = story_of(run_of(stage("p:a", 0.0, 0.0, "killed"), state=RunState.KILLED))
    assert "  ! p:a       ?" in text


def test_of_many_stages_the_slowest_are_shown_and_all_if_asked(story_of, stage) -> None:
    run = run_of(*(stage(f"p:{number}", 0.0, 1.0 + number) for number in range(SLOWEST + 2)))
    assert "and 2 others (-v lists all)" in story_of(run)
    assert "p:0" not in story_of(run)
    assert "p:0" in story_of(run, 1)


def test_a_run_from_python_shows_its_options(story_of) -> None:
    assert "\n  force True, targets ['p:a']\n  nothing was done\n" in story_of(
        run_of(counts={}, options={"force": True, "targets": ["p:a"]})
    )


def test_two_runs_are_compared_stage_by_stage(recorded, stage, refs) -> None:
    before = run_of(stage("p:a", 0.0, 2.0), stage("p:b", 0, 1.0), stage("p:c", 0, 1.0), stage("p:old", 0, 0.2))
    blocked = StageRecord(refs("p:c")[0], "blocked")
    now = run_of(stage("p:a", 0.0, 5.0), stage("p:b", 0, 1.0), blocked, stage("p:new", 0, 0.1, "restored"))
    now = now._replace(id="20260202T101500-0000000", seconds=7.5)
    console = recorded()
    tell_comparison(console, str, before, now, compare(before, now))
    assert (
        console.stdout
        == f"""\
          {before.id}  {now.id}
  p:a                        2.0s                     5.0s     +3.0s  slower
  p:c                        1.0s                  blocked     -1.0s
  p:old                      0.2s                        -     -0.2s  not run
  p:new                         -            restored 0.1s     +0.1s  new
  and 1 stage that took about the same (-v lists all)
  in all                    10.0s                     7.5s     -2.5s
"""
    )
    console = recorded(1)
    tell_comparison(console, str, before, now, compare(before, now))
    assert "p:b" in console.stdout
