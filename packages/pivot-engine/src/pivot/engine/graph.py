"""The graph of all stages of all pipelines: who makes what others read, and what cannot be right about it."""

import bisect
import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pivot.executor.workspace import absolute_paths, input_paths, output_paths
from pivot.registry.definition import StageDefinition
from pivot.registry.errors import DefinitionError
from pivot.registry.types import PipelineName, StageRef, StateDir

if TYPE_CHECKING:
    import networkx


class Graph(NamedTuple):
    """Stages in the order of their definitions, and who needs whom, across all pipelines."""

    stages: Mapping[StageRef, StageDefinition]
    needs: Mapping[StageRef, frozenset[StageRef]]
    producers: Mapping[str, StageRef]
    """Absolute path of an output -> the stage that writes it."""
    reads: Mapping[StageRef, Sequence[str]]
    """The absolute paths of a stage's inputs, in the order of `input_paths`."""
    writes: Mapping[StageRef, Sequence[str]]
    """The same of its outputs."""

    def order(self, selected: Iterable[StageRef]) -> list[StageRef]:
        """Sort stages so that each comes after those that it needs; a cycle is an error that names it."""
        chosen = set(selected)
        waiting = {ref: len(self.needs[ref] & chosen) for ref in self.stages if ref in chosen}
        users = self._users(chosen)
        ready = [ref for ref, count in waiting.items() if not count]
        for ref in ready:  # grows while it is walked
            for user in users.get(ref, ()):
                waiting[user] -= 1
                if not waiting[user]:
                    ready.append(user)
        if len(ready) < len(waiting):
            raise self._cycle(chosen - set(ready))
        return ready

    def _users(self, chosen: set[StageRef]) -> dict[StageRef, list[StageRef]]:
        users: dict[StageRef, list[StageRef]] = {}
        for ref in self.stages:
            if ref in chosen:
                for need in self.needs[ref] & chosen:
                    users.setdefault(need, []).append(ref)
        return users

    def upstream(self, targets: Iterable[StageRef]) -> set[StageRef]:
        """Collect the targets and everything that they need."""
        return _reach(targets, self.needs)

    def downstream(self, targets: Iterable[StageRef], among: Iterable[StageRef]) -> set[StageRef]:
        """Collect the targets and everything that needs them."""
        return _reach(targets, self._users(set(among)))

    def _cycle(self, tangled: set[StageRef]) -> DefinitionError:
        """Walk back along needs until a stage comes again."""
        trail = [min(tangled)]
        while trail.count(trail[-1]) < 2:
            trail.append(min(self.needs[trail[-1]] & tangled))
        ring = trail[trail.index(trail[-1]) :][::-1]
        return DefinitionError(
            f"the stages {' -> '.join(map(str, ring))} need each other's outputs",
            where=self.stages[ring[0]].place,
            hint=f"Break the cycle: {'; '.join(self._link(a, b) for a, b in itertools.pairwise(ring))}.",
        )

    def _link(self, maker: StageRef, user: StageRef) -> str:
        stage = self.stages[user]
        reads = zip(input_paths(stage), self.reads[user], strict=True)
        paths = (path for path, full in reads if self._maker(full) == maker)
        return f"{user} ({stage.place}) reads {next(paths, 'a file')}"

    def _maker(self, path: str) -> StageRef | None:
        while path not in self.producers and path != os.path.dirname(path):
            path = os.path.dirname(path)
        return self.producers.get(path)

    def to_networkx(self) -> "networkx.DiGraph[StageRef]":
        """Give the graph to those who want to analyse or draw it; edges go from producer to consumer."""
        import networkx

        graph: networkx.DiGraph[StageRef] = networkx.DiGraph()
        for ref, stage in self.stages.items():
            graph.add_node(ref, stage=stage)
        graph.add_edges_from((need, ref) for ref, needs in self.needs.items() for need in needs)
        return graph


def _reach(targets: Iterable[StageRef], along: Mapping[StageRef, Iterable[StageRef]]) -> set[StageRef]:
    seen: set[StageRef] = set()
    todo = list(targets)
    while todo:
        ref = todo.pop()
        if ref not in seen:
            seen.add(ref)
            todo.extend(along.get(ref, ()))
    return seen


def build_graph(definitions: Sequence[StageDefinition], project_root: Path) -> Graph:
    """Join the stages of all pipelines into one graph.

    Raises:
        DefinitionError: two stages with one name or one output, two pipelines with one root, a path that leaves the
            project. (Cycles show in `Graph.order`, missing inputs in `check_inputs`.)
    """
    stages = _by_ref(definitions)
    reads = {ref: absolute_paths(stage.root, input_paths(stage)) for ref, stage in stages.items()}
    writes = {ref: absolute_paths(stage.root, output_paths(stage)) for ref, stage in stages.items()}
    producers = _producers(stages, reads, writes, project_root)
    finder = _Finder(producers)
    needs = {ref: _needs(stage, finder.makers_of(reads[ref])) for ref, stage in stages.items()}
    return Graph(stages, needs, producers, reads, writes)


def _needs(stage: StageDefinition, makers: set[StageRef]) -> frozenset[StageRef]:
    """Let a stage with an incremental output read what it wrote, and no other."""
    if stage.ref in makers:
        if not any(out.kind == "incremental" for out in stage.outputs):
            raise DefinitionError(f"stage {stage.ref} reads its own output", where=stage.place)
        makers.remove(stage.ref)
    return frozenset(makers)


def _by_ref(definitions: Sequence[StageDefinition]) -> dict[StageRef, StageDefinition]:
    """Index the stages; a pipeline that two views give is one."""
    stages: dict[StageRef, StageDefinition] = {}
    owners: dict[StateDir, StageDefinition] = {}
    names: dict[PipelineName, StageDefinition] = {}
    for stage in definitions:
        namesake = names.setdefault(stage.ref.pipeline, stage)
        if namesake.state_dir is not stage.state_dir or namesake is stage:  # not for each stage of a pipeline
            _check_owner(stage, owners.setdefault(stage.state_dir, stage), namesake)
        stages.setdefault(stage.ref, stage)
    return stages


def _check_owner(stage: StageDefinition, first: StageDefinition, namesake: StageDefinition) -> None:
    """Refuse two pipelines in one state directory, and two with one name."""
    if first.ref.pipeline != stage.ref.pipeline:
        raise DefinitionError(
            f"pipelines {first.ref.pipeline!r} ({first.place}) and {stage.ref.pipeline!r} ({stage.place})"
            f" have the same root {stage.root.name or stage.root}",
            where=stage.place,
            hint="Give each pipeline a directory of its own; its state lives there.",
        )
    if namesake.state_dir != stage.state_dir:
        raise DefinitionError(
            f"two pipelines are called {stage.ref.pipeline!r}: {namesake.place} and {stage.place}",
            where=stage.place,
            hint="Give one of them another name.",
        )


def _producers(
    stages: Mapping[StageRef, StageDefinition],
    reads: Mapping[StageRef, Sequence[str]],
    writes: Mapping[StageRef, Sequence[str]],
    project_root: Path,
) -> dict[str, StageRef]:
    producers: dict[str, StageRef] = {}
    inside = f"{project_root}{os.sep}"
    for ref, stage in stages.items():
        for path, full in zip(output_paths(stage), writes[ref], strict=True):
            if not full.startswith(inside):
                raise _leaves(stage, f"output {path}", project_root)
            if (other := producers.setdefault(full, ref)) != ref:
                raise _twice(stages[other], stage, path, path)
        for path, full in zip(input_paths(stage), reads[ref], strict=True):
            if not full.startswith(inside) and not os.path.isabs(path):
                raise _leaves(stage, f"input {path}", project_root)
    _refuse_nested(stages, producers, str(project_root))
    return producers


def _leaves(stage: StageDefinition, what: str, project_root: Path) -> DefinitionError:
    return DefinitionError(
        f"{what} of stage {stage.ref} leaves the project {project_root}",
        where=stage.place,
        hint="Keep outputs inside the project; declare an input that lies outside by its absolute path.",
    )


def _twice(first: StageDefinition, second: StageDefinition, path: str, inner: str) -> DefinitionError:
    what = f"{path}" if path == inner else f"{path}, which contains {inner},"
    return DefinitionError(
        f"{what} is written by two stages: {first.ref} ({first.place}) and {second.ref} ({second.place})",
        where=second.place,
        hint="Every file has one producer: give one of the outputs another path.",
    )


def _refuse_nested(
    stages: Mapping[StageRef, StageDefinition], producers: Mapping[str, StageRef], project_root: str
) -> None:
    """Refuse an output inside another's directory output, or inside what is not for outputs."""
    fit: set[str] = {project_root}
    """Directories of which all is well, with those above them."""
    for path, ref in producers.items():
        folder = parent = os.path.dirname(path)
        while parent not in fit:
            if parent in producers:
                inner, outer = os.path.relpath(path, project_root), os.path.relpath(parent, project_root)
                raise _twice(stages[producers[parent]], stages[ref], outer, inner)
            if os.path.basename(parent) in {".pivot", ".git"}:
                raise DefinitionError(
                    f"output {os.path.relpath(path, project_root)} of stage {ref} lies in {os.path.basename(parent)}/",
                    where=stages[ref].place,
                    hint="That directory is not for outputs: choose another path.",
                )
            parent = os.path.dirname(parent)
        fit.add(folder)


class _Finder:
    """Finds who makes a path: itself, a directory above it, or files below it."""

    def __init__(self, producers: Mapping[str, StageRef]) -> None:
        self._producers = producers
        self._sorted: list[str] | None = None
        self._known: dict[str, tuple[StageRef, ...]] = {}

    def makers_of(self, paths: Iterable[str]) -> set[StageRef]:
        makers: set[StageRef] = set()
        for path in paths:
            makers.update(self.makers(path))
        return makers

    def makers(self, path: str) -> tuple[StageRef, ...]:
        exact = self._producers.get(path)
        if exact is not None:
            return (exact,)
        if path not in self._known:
            self._known[path] = (*self._above(path), *self._below(path))
        return self._known[path]

    def _above(self, path: str) -> list[StageRef]:
        while (parent := os.path.dirname(path)) != path:
            if parent in self._producers:
                return [self._producers[parent]]
            path = parent
        return []

    def _below(self, path: str) -> list[StageRef]:
        if self._sorted is None:
            self._sorted = sorted(self._producers)
        prefix = path + os.sep
        start = bisect.bisect_left(self._sorted, prefix)
        end = bisect.bisect_left(self._sorted, prefix + chr(0x10FFFF))
        return [self._producers[inner] for inner in self._sorted[start:end]]


def check_inputs(graph: Graph, selected: Iterable[StageRef], exists: "Exists") -> None:
    """Refuse to start when an input is neither there nor made by any stage."""
    finder = _Finder(graph.producers)
    for ref in selected:
        for number, full in enumerate(graph.reads[ref]):
            if not finder.makers(full) and not exists(full):
                stage = graph.stages[ref]
                raise DefinitionError(
                    f"input {input_paths(stage)[number]} of stage {ref} does not exist and no stage makes it",
                    where=stage.place,
                    hint=_near(full, graph),
                )


def check_places(graph: Graph, selected: Iterable[StageRef], project_root: Path) -> None:
    """Refuse outputs that a symbolic link on the way would take out of the project."""
    inside = os.path.realpath(project_root) + os.sep
    safe: set[str] = set()
    chosen = set(selected)
    for full, ref in graph.producers.items():
        directory = os.path.dirname(full)
        if directory not in safe and ref in chosen:
            if not f"{os.path.realpath(directory)}{os.sep}".startswith(inside):
                stage = graph.stages[ref]
                path = output_paths(stage)[graph.writes[ref].index(full)]
                raise _leaves(stage, f"output {path}, through a symbolic link,", project_root)
            safe.add(directory)


def _near(path: str, graph: Graph) -> str:
    """Suggest what may have been meant."""
    import difflib

    if any(char in os.path.basename(path) for char in "*?["):
        return "Patterns are not expanded: give a list of paths, or the directory."
    if os.path.islink(path):
        return f"It is a link to {os.readlink(path)}, which is not there."
    directory = os.path.dirname(path)
    there = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    made = [os.path.basename(made) for made in graph.producers if os.path.dirname(made) == directory]
    close = difflib.get_close_matches(os.path.basename(path), [*there, *made], n=1)
    return f"Did you mean {close[0]}?" if close else f"Create {path}, or correct the path."


if TYPE_CHECKING:
    from collections.abc import Callable

    Exists = Callable[[str], bool]
