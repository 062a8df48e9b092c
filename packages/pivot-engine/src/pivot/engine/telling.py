"""Tell what happens in a run: to sinks, and to the journals of the pipelines that it concerns."""

import heapq
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from pivot.engine.events import (
    Event,
    Fan,
    Interrupted,
    ProcessLeft,
    RunFinished,
    RunStarted,
    Sink,
    StageFinished,
    StageRetried,
    StageStarted,
    StageWaiting,
)
from pivot.engine.graph import Graph
from pivot.engine.journal import Journal, prune
from pivot.engine.wire import line_of
from pivot.executor.settings import EngineSettings, RunOptions, usable_cores
from pivot.executor.task import Done, Outcome
from pivot.registry.types import PipelineName, StageRef

_CLOCKS_AGREE = 0.001
"""Seconds by which a worker's report may contradict this process's clock."""


def run_started(run_id: str, selected: Sequence[StageRef], settings: EngineSettings, options: RunOptions) -> RunStarted:
    """Say what a run was asked to do."""
    usual = RunOptions._field_defaults
    said = options._asdict()
    targets, command, jobs = said.pop("targets"), said.pop("command"), said.pop("jobs")
    asked = {name: value for name, value in said.items() if value != usual[name]}
    if targets and not command:
        asked["targets"] = list(map(str, targets))
    pipelines = tuple(dict.fromkeys(ref.pipeline for ref in selected))
    jobs = jobs or settings.jobs or usable_cores()
    return RunStarted(run_id, len(selected), pipelines, jobs, asked, command, time.time())


_Lines = defaultdict[Journal, str]
"""What is to be written into journals."""


class Teller:
    """Tells what happens in a run, with its time: to the sinks, and to the journals of the pipelines it concerns.

    emit            also what is told while something is told
      _started      when, in which slot, after which other stage
      _ended_at     when, and taken up when
      _write_down   nothing before something happens: an up-to-date run leaves no file
    close           also lets go of what runs long ago have left
    """

    def __init__(self, graph: Graph, sinks: Iterable[Sink], keep_runs: int) -> None:
        self._graph = graph
        self._sink = Fan(sinks)
        self._keep_runs = keep_runs
        self._origin = time.monotonic()
        self._head: RunStarted | None = None
        self._journals: dict[PipelineName, Journal] = {}
        self._running: dict[StageRef, StageStarted] = {}
        self._free: list[int] = []
        self._ended: dict[StageRef, float] = {}
        self._due: deque[tuple[Event, ...]] = deque()
        self._telling = False

    @property
    def running(self) -> tuple[StageRef, ...]:
        """The stages that were told to have begun, and not how they ended."""
        return tuple(self._running)

    def emit(self, *events: Event) -> None:
        """Tell events that happen at once, in this order; a journal is written once for all of them.

        What a signal's handler tells while something is told comes behind it: no stream can be written to within
        what writes to it.
        """
        self._due.append(events)
        while self._due and not self._telling:
            self._telling = True
            try:
                while self._due:
                    self._tell(self._due.popleft())
            finally:
                self._telling = False

    def _tell(self, events: Iterable[Event]) -> None:
        at = time.monotonic() - self._origin
        lines: _Lines = defaultdict(str)
        told = [self._kept(event, at, lines) for event in events]
        for journal, text in lines.items():
            journal.write(text)
        for event in told:
            self._sink.emit(event)

    def _kept(self, event: Event, at: float, lines: _Lines) -> Event:
        """Give the event with its time; add what is to be written down to the lines."""
        told = event
        match event:
            case StageFinished(done):
                began = self._ended_at(done, at)
                told = StageFinished(done, at, began)
                if began is not None or self._happened(done):
                    self._write_down(done.ref, told, lines)
            case StageStarted(ref):
                told = self._started(event, at)
                self._write_down(ref, told, lines)
            case StageRetried(done):
                told = event._replace(at=at, began=self._ended_at(done, at))
                self._write_down(done.ref, told, lines)
            case StageWaiting(ref):
                told = event._replace(at=at)
                self._write_down(ref, told, lines)
            case RunStarted():
                self._head = event
            case RunFinished():
                self._write_everywhere(event)
                told = event._replace(lost=self._lost())
            case ProcessLeft() | Interrupted():
                told = event._replace(at=at)
                self._write_everywhere(told)
        return told

    def _started(self, event: StageStarted, at: float) -> StageStarted:
        # With no slot free, those taken are all the numbers below.
        slot = heapq.heappop(self._free) if self._free else len(self._running)
        before = [(self._ended[need], need) for need in self._graph.needs[event.ref] if need in self._ended]
        started = StageStarted(event.ref, at, slot, max(before)[1] if before else None, event.attempt)
        self._running[event.ref] = started
        return started

    def _ended_at(self, done: Done, at: float) -> float | None:
        """Note that a stage runs no longer; give when it began."""
        started = self._running.pop(done.ref, None)
        if started is None:
            return None
        heapq.heappush(self._free, started.slot)
        self._ended[done.ref] = at
        return self._taken_up(done, started.at, at)

    def _taken_up(self, done: Done, started: float, at: float) -> float | None:
        """Place the worker's work on the clock of the run; one on another machine has a clock of its own.

        What a worker was given ahead it begins before this process hears, and tells, that it has.
        """
        if done.usage is None:
            return None
        measured, latest = done.usage.began - self._origin, at - done.seconds
        return measured if 0 <= measured <= latest + _CLOCKS_AGREE else max(started, latest)

    def _happened(self, done: Done) -> bool:
        """Tell whether a stage that no worker took up has a story: of a run in which nothing happened there is none."""
        return done.outcome is not Outcome.SKIPPED and (bool(self._journals) or done.outcome is not Outcome.CANCELLED)

    def _write_down(self, ref: StageRef, event: Event, lines: _Lines) -> None:
        """Add an event to what is to be written into the journal of a stage's pipeline."""
        journal = self._journals.get(ref.pipeline)
        if journal is None:
            assert self._head is not None, "a run begins before its stages do"
            journal = self._journals[ref.pipeline] = Journal(self._graph.stages[ref].state_dir, self._head)
        lines[journal] += line_of(event)

    def _write_everywhere(self, event: Event) -> None:
        line = line_of(event) if self._journals else ""
        for journal in self._journals.values():
            journal.write(line)

    def _lost(self) -> str:
        """Say why a journal could not be written, if one could not."""
        return next((str(journal.error) for journal in self._journals.values() if journal.error is not None), "")

    def close(self) -> None:
        """End the journals, and let go of the oldest runs."""
        for journal in self._journals.values():
            journal.close()
            if journal.error is None:
                prune(journal.state_dir, self._keep_runs)
