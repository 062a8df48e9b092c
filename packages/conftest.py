"""What the tests of every package share, whichever of them runs alone."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is a matter of what else the machine does.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _forgotten_modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forget what a test imported from files of its own: the next one may have another module of that name."""
    before = set(sys.modules)
    yield
    ours = str(tmp_path_factory.getbasetemp())
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(ours):
            del sys.modules[name]


@pytest.fixture(autouse=True, scope="session")
def _heard_signals() -> None:
    """Hear Ctrl-C and hangups: a shell that starts the tests in the background, or `nohup`, asks to ignore them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def bare_interpreters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep coverage, and with it what coverage imports, out of the interpreters that a test starts."""
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)
