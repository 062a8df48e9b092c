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


def started(plan: Plan) -> list[str]:
    """Start all that can start."""
    names = []
    while (found := plan.next_ready()) is not None:
        plan.start(found)
        names.append(found.stage)
    return names


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
    assert started(plan) == ["a", "c"]
    plan.finish(ref("p:a"), Outcome.RAN)
    assert started(plan) == ["b"]
    plan.finish(ref("p:c"), Outcome.RAN)
    assert started(plan) == []
    plan.finish(ref("p:b"), Outcome.RAN)
    assert started(plan) == ["all"]
    plan.finish(ref("p:all"), Outcome.RAN)
    assert not plan.unfinished


def test_a_mutex_and_a_resource_of_one_name_are_two_things() -> None:
    graph = build_graph(
        [
            stage("p:a", ROOT, (), ["a"], mutex=("gpu",)),
            stage("p:b", ROOT, (), ["b"], resources={"gpu": 1.0}),
        ],
        ROOT,
    )
    assert started(Plan(graph, graph.stages, keep_going=False, totals={"gpu": 1.0})) == ["a", "b"]


def test_the_longest_way_to_go_comes_first_and_equals_as_they_are_defined() -> None:
    graph = build_graph(
        [
            stage("p:short", ROOT, (), ["s"]),
            stage("p:other", ROOT, (), ["o"]),
            stage("p:head", ROOT, (), ["h"]),
            stage("p:tail", ROOT, ["h"], ["t"]),
        ],
        ROOT,
    )
    seconds = {ref("p:short"): 2.0, ref("p:other"): 2.0, ref("p:head"): 1.0, ref("p:tail"): 1.5}
    plan = Plan(graph, graph.stages, keep_going=False, seconds=seconds)
    assert started(plan) == ["head", "short", "other"]


def test_a_stage_that_is_tried_again_waits_for_its_turn() -> None:
    graph = build_graph([stage(f"p:{name}", ROOT, (), [name], mutex=("one",)) for name in "ab"], ROOT)
    plan = plan_of(graph)
    assert started(plan) == ["a"]
    plan.again(ref("p:a"))
    assert plan.unfinished
    assert started(plan) == ["a"]
    plan.finish(ref("p:a"), Outcome.RAN)
    assert started(plan) == ["b"]
