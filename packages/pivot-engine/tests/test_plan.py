from pathlib import Path

from engine_fakes import ref, stage

from pivot.engine.graph import Graph, build_graph
from pivot.engine.plan import Plan
from pivot.executor.task import Outcome

ROOT = Path("/project")


def diamond() -> Graph:
    return build_graph(
        [
            stage("p:top", ROOT, (), ["t"]),
            stage("p:left", ROOT, ["t"], ["l"]),
            stage("p:right", ROOT, ["t"], ["r"]),
            stage("p:bottom", ROOT, ["l", "r"], ["b"]),
        ],
        ROOT,
    )


def plan_of(graph: Graph, *, keep_going: bool = False) -> Plan:
    return Plan(graph, graph.stages, keep_going=keep_going)


def test_a_stage_is_ready_when_all_that_it_needs_is_done() -> None:
    plan = plan_of(diamond())
    assert plan.next_ready() == ref("p:top")
    assert plan.next_ready() is None
    plan.finish(ref("p:top"), Outcome.RAN)
    assert {plan.next_ready(), plan.next_ready()} == {ref("p:left"), ref("p:right")}
    plan.finish(ref("p:left"), Outcome.SKIPPED)
    assert plan.next_ready() is None
    plan.finish(ref("p:right"), Outcome.RESTORED)
    assert plan.next_ready() == ref("p:bottom")


def test_after_a_failure_nothing_new_starts() -> None:
    plan = plan_of(diamond())
    plan.finish(ref("p:top"), Outcome.RAN)
    plan.finish(ref("p:left"), Outcome.FAILED)
    assert not plan.unfinished
    assert plan.left() == {ref("p:right"): Outcome.CANCELLED, ref("p:bottom"): Outcome.BLOCKED}


def test_keep_going_runs_what_does_not_depend_on_the_failure() -> None:
    plan = plan_of(diamond(), keep_going=True)
    plan.next_ready()
    plan.finish(ref("p:top"), Outcome.RAN)
    assert plan.next_ready() == ref("p:left")
    plan.finish(ref("p:left"), Outcome.FAILED)
    assert plan.next_ready() == ref("p:right")
    plan.finish(ref("p:right"), Outcome.RAN)
    assert not plan.unfinished
    assert plan.left() == {ref("p:bottom"): Outcome.BLOCKED}


def test_stages_that_share_a_mutex_do_not_run_together_and_a_star_runs_alone() -> None:
    graph = build_graph(
        [
            stage("p:a", ROOT, (), ["a"], mutex=("gpu",)),
            stage("p:b", ROOT, (), ["b"], mutex=("gpu",)),
            stage("p:c", ROOT, (), ["c"]),
            stage("p:all", ROOT, (), ["d"], mutex=("*",)),
        ],
        ROOT,
    )
    plan = plan_of(graph)
    assert plan.may_start(ref("p:all"))
    plan.start(ref("p:a"))
    assert not plan.may_start(ref("p:b"))
    assert plan.may_start(ref("p:c"))
    assert not plan.may_start(ref("p:all"))
    plan.finish(ref("p:a"), Outcome.RAN)
    plan.start(ref("p:all"))
    assert not plan.may_start(ref("p:c"))


def test_what_cannot_start_yet_comes_first_later() -> None:
    plan = plan_of(build_graph([stage("p:a", ROOT, (), ["a"]), stage("p:b", ROOT, (), ["b"])], ROOT))
    first = plan.next_ready()
    assert first is not None
    plan.defer([first])
    assert plan.next_ready() == first
