"""Measure planning: CPU seconds a stage to build the graph, rank the stages, and choose each when it may start.

    uv run tools/bench.py plan [-n 1000 10000 50000]

Nothing runs: eight places are filled and emptied. The shapes differ in what stages share. Linear means that a column
has the same figure for every size.
"""

import argparse
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pivot.engine.graph import Graph, build_graph
from pivot.engine.plan import Plan
from pivot.executor.task import Outcome
from pivot.registry.definition import Identity, Input, Output, StageDefinition
from pivot.registry.types import PipelineName, StageName, StageRef, StateDir

ROOT = Path("/project")
PLACES = 8
WIDTH = 100
TOTALS = {"gpu": 4.0, "memory": 1500.0}
Shape = Callable[[int], Mapping[str, Any]]
SHAPES: Mapping[str, Shape] = {
    "nothing shared": lambda _: {},
    "layers of 100": lambda number: {"inputs": _below(number)},
    "a chain": lambda number: {"inputs": (Input("x", (f"{number - 1}.txt",)),)},
    "one mutex": lambda _: {"mutex": ("one",)},
    "one mutex and one of their own": lambda number: {"mutex": ("one", f"own {number}")},
    "GPU and 997 sizes of memory": lambda number: {"resources": {"gpu": 1.0, "memory": 1.0 + number % 997}},
    "every tenth alone": lambda number: {"mutex": ("*",) if number % 10 == 0 else ()},
}


def _below(number: int) -> tuple[Input, ...]:
    near = (number - WIDTH, number - WIDTH - (1 if number % WIDTH else 1 - WIDTH))
    return tuple(Input(f"x{index}", (f"{other}.txt",)) for index, other in enumerate(near) if other >= 0)


def _stage(number: int, asked: Mapping[str, Any]) -> StageDefinition:
    ref = StageRef(PipelineName("p"), StageName(f"s{number}"))
    output = Output("return", (f"{number}.txt",))
    plain = StageDefinition(ref, ROOT, StateDir(ROOT / ".pivot"), (), (output,), {}, (), Identity("0", "3"), "p:1")
    return plain._replace(**asked)


class Measured(NamedTuple):
    """CPU seconds."""

    graph: float
    plan: float
    loop: float


def measure(count: int, shape: Shape) -> Measured:
    """Build, rank, and start and end each stage once."""
    stages = [_stage(number, shape(number)) for number in range(count)]
    begun = time.process_time()
    graph = build_graph(stages, ROOT)
    built = time.process_time()
    plan = planned(graph)
    ranked = time.process_time()
    walk(plan)
    return Measured(built - begun, ranked - built, time.process_time() - ranked)


def planned(graph: Graph) -> Plan:
    """Plan with durations as a project has them."""
    chance = random.Random(0)
    seconds = {ref: chance.expovariate(1) for ref in graph.stages}
    return Plan(graph, graph.stages, keep_going=True, seconds=seconds, totals=TOTALS)


def walk(plan: Plan) -> None:
    """Let all stages have their turn."""
    running: list[StageRef] = []
    while plan.unfinished:
        while len(running) < PLACES and (ref := plan.next_ready()) is not None:
            plan.start(ref)
            running.append(ref)
        plan.finish(running.pop(0), Outcome.RAN)
    assert len(plan.outcomes) == len(plan.order)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, nargs="*", default=[1_000, 10_000, 50_000], help="how many stages")
    options = parser.parse_args(arguments)
    print("| what stages share | stages | graph, us a stage | plan | start and end |\n|---|---|---|---|---|")
    for name, shape in SHAPES.items():
        for count in options.n:
            each = [f"{seconds / count * 1e6:.1f}" for seconds in measure(count, shape)]
            print(f"| {name} | {count} | {' | '.join(each)} |", flush=True)


if __name__ == "__main__":
    main()
