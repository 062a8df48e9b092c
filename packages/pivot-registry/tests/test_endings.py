"""Signals that end a process are exceptions, where nobody has asked to ignore them."""

import os
import signal

import pytest

from pivot.registry.endings import Terminated, terminable, undisturbed

ENDS = [signal.SIGTERM, signal.SIGHUP]


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", ENDS)
def test_a_swallowed_signal_is_raised_again(number: int) -> None:
    with terminable() as termination:
        termination.check()
        with pytest.raises(Terminated):
            send(number)
        with pytest.raises(Terminated) as told:
            termination.check()
    assert told.value.code == 128 + number


def test_who_lets_ctrl_c_pass_lets_it_pass() -> None:
    with terminable(), pytest.raises(KeyboardInterrupt):
        send(signal.SIGTERM)


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with terminable():
            send(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, *ENDS])
def test_what_must_not_be_disturbed_is_ended_afterwards(number: int) -> None:
    def work() -> None:
        with undisturbed():
            send(number)
            done.append("whole")
        done.append("too far")

    done: list[str] = []
    with terminable(), pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["whole"]
