import os
import pty
from collections.abc import Iterator
from typing import TextIO

import pytest

from pivot.cli.console import Console, Stream
from pivot.cli.live import SHOWN, Region, own_terminal
from pivot.cli.progress import Progress
from pivot.engine import Done, Kind, Outcome, Reason, RunFinished, StageFinished, StageStarted

END = "[end]"


class Screen:
    """A real terminal, and what was written to it."""

    def __init__(self) -> None:
        self._far, near = pty.openpty()
        self.near: TextIO = os.fdopen(near, "w", encoding="utf-8")
        self.stream = Stream(self.near, color=False, unicode=True, terminal=True)

    def text(self) -> str:
        """Read all that was written until now."""
        self.near.write(END)
        self.near.flush()
        read = ""
        while not read.endswith(END):
            read += os.read(self._far, 100_000).decode()
        return read.removesuffix(END)

    def close(self) -> None:
        self.near.close()
        os.close(self._far)


@pytest.fixture
def screen() -> Iterator[Screen]:
    screen = Screen()
    yield screen
    screen.close()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_running_stages_are_shown_with_their_time_the_longest_first(screen: Screen) -> None:
    clock = Clock()
    region = Region(own_terminal(screen.stream), clock)
    region.start("train")
    clock.now = 60
    region.start("report")
    clock.now = 72
    assert str(region.__rich__()) == "  ▸ train  1m12s\n  ▸ report  12.0s"
    region.finish("train")
    assert str(region.__rich__()) == "  ▸ report  12.0s"
    region.close()


def test_of_many_running_stages_some_are_a_count(screen: Screen) -> None:
    region = Region(own_terminal(screen.stream), Clock())
    for index in range(SHOWN + 3):
        region.start(f"s{index}")
    assert str(region.__rich__()).endswith("\n    and 3 more")
    region.close()


def test_finished_lines_stay_above_the_region_and_the_cursor_comes_back(screen: Screen, refs) -> None:
    (train,) = refs("model:train")
    progress = Progress(Console(Stream(None), screen.stream), str)
    progress.emit(StageStarted(train))
    progress.emit(StageFinished(Done(train, Outcome.RAN, 2.0, (Reason(Kind.FORCED),))))
    progress.emit(StageFinished(Done(train, Outcome.BLOCKED)))
    progress.emit(RunFinished("id", {}, 2.0))
    text = screen.text()
    assert "✓ model:train   2.0s  forced" in text
    assert "blocked" not in text
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")


def test_the_cursor_is_there_while_stages_run(screen: Screen) -> None:
    region = Region(own_terminal(screen.stream), Clock())
    region.start("train")
    text = screen.text()  # all that there is when the command is stopped or killed now
    assert text.rfind("\x1b[?25h") >= text.rfind("\x1b[?25l")
    region.close()


def test_quiet_opens_no_region(screen: Screen, refs) -> None:
    progress = Progress(Console(Stream(None), screen.stream, -1), str)
    progress.emit(StageStarted(refs("a:b")[0]))
    progress.close()
    assert screen.text() == ""


def test_the_region_has_a_descriptor_of_its_own(screen: Screen) -> None:
    own = own_terminal(screen.stream)
    assert own.file is not None
    assert own.file.fileno() != screen.near.fileno()
    own.file.close()
