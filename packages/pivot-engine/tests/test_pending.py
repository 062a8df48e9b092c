"""Outputs that were computed and could not be stored are not computed again."""

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_fakes import stage
from test_execute import bring as bring_observed
from test_execute import message

from pivot.cache import BusyError, Cache, Stored
from pivot.engine import Outcome
from pivot.executor.state import state_of
from pivot.executor.task import Cause, Done
from pivot.loaders.plain import Text
from pivot.registry.definition import StageDefinition

LIMIT = 64 * 1024
BIG = "x" * 1_000_000


def bring(item: StageDefinition, func: Any, opened: type[Cache] = Cache) -> Done:
    """Bring a stage up to date; from Python 3.12 on, this file is seen as code of the project."""
    return bring_observed(item, func, Text(), opened, observe="off")


class FullCache(Cache):
    """Its disk is full when the first output is to be stored: no file may grow beyond a limit."""

    def store_many(self, paths: Any, **more: Any) -> list[Stored]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))
        return super().store_many(paths, **more)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    (tmp_path / "in.txt").write_text("input")
    yield tmp_path
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def refused(root: Path, **more: Any) -> Any:
    """Run a stage whose output cannot be stored, and free the space again."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    item = stage("p:s", root, ["in.txt"], ["x.txt"], **more)
    done = bring(item, lambda in0: {"out0": BIG}, FullCache)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "could not be stored" in message(done)
    assert (root / "x.txt").read_text() == BIG
    return item


def test_an_output_that_could_not_be_stored_is_stored_by_the_next_run_without_a_call(root: Path) -> None:
    item = refused(root)
    called: list[str] = []
    done = bring(item, lambda in0: called.append(in0))
    assert done.outcome is Outcome.RESTORED
    assert not called
    assert state_of(item).read() is not None
    assert bring(item, lambda in0: called.append(in0)).outcome is Outcome.SKIPPED
    assert not list((root / ".pivot/pending").iterdir())


class HeldCache(Cache):
    """A stopped process holds its records."""

    def remember(self, *_: Any) -> bool:
        raise BusyError("records/c3 is held by process 7\nwait for it, or end that process, and try again")


def test_an_output_that_could_not_be_recorded_is_recorded_by_the_next_run_without_a_call(root: Path) -> None:
    item = stage("p:s", root, ["in.txt"], ["x.txt"])
    done = bring(item, lambda in0: {"out0": "made"}, HeldCache)
    assert done.failure is not None
    assert done.failure.cause is Cause.LOCK
    assert done.failure.message == (
        "its outputs could not be stored: records/c3 is held by process 7; wait for it, or end that process, "
        "and try again; they are kept in place, and the next run stores them without running it again"
    )
    assert bring(item, None, HeldCache).failure == done.failure
    assert bring(item, None).outcome is Outcome.RESTORED
    assert (root / "x.txt").read_text() == "made"


def test_what_still_cannot_be_stored_goes_on_waiting_and_says_so(root: Path) -> None:
    item = refused(root)
    called: list[str] = []
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    again = bring(item, lambda in0: called.append(in0), FullCache)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert message(again).endswith("; they are kept in place, and the next run stores them without running it again")
    assert "\n" not in message(again)
    assert bring(item, lambda in0: called.append(in0)).outcome is Outcome.RESTORED
    assert not called


def test_what_waits_is_stored_no_more_when_an_input_has_changed(root: Path) -> None:
    item = refused(root)
    (root / "in.txt").write_text("another")
    assert bring(item, lambda in0: {"out0": in0}).outcome is Outcome.RAN
    assert (root / "x.txt").read_text() == "another"


def test_what_waits_is_stored_no_more_when_the_code_has_changed(root: Path) -> None:
    refused(root)
    item = stage("p:s", root, ["in.txt"], ["x.txt"], code="c1")
    assert bring(item, lambda in0: {"out0": "of c1"}).outcome is Outcome.RAN
    assert (root / "x.txt").read_text() == "of c1"


def test_what_waits_is_stored_no_more_when_somebody_edited_it(root: Path) -> None:
    item = refused(root)
    (root / "x.txt").write_text("edited")
    assert bring(item, lambda in0: {"out0": "made"}).outcome is Outcome.RAN
    assert (root / "x.txt").read_text() == "made"


def test_a_note_of_what_waits_that_is_damaged_is_nothing(root: Path) -> None:
    item = refused(root)
    (root / ".pivot/pending/s.lock").write_text("{")
    assert bring(item, lambda in0: {"out0": "made"}).outcome is Outcome.RAN
