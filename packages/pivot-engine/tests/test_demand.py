"""What stages ask of a run."""

from pathlib import Path

from engine_fakes import stage

from pivot.cache import CacheRoot
from pivot.engine.demand import retries_of, timeout_of
from pivot.executor.settings import EngineSettings, RunOptions

ROOT = Path("/project")
SETTINGS = EngineSettings(ROOT, CacheRoot(ROOT / "cache"))


def test_what_a_stage_says_counts_before_the_command_line_and_that_before_the_settings() -> None:
    plain, own = stage("p:a", ROOT), stage("p:b", ROOT)._replace(retries=0, timeout=0)
    settings, options = SETTINGS._replace(retries=1, timeout=10), RunOptions(retries=2, timeout=20)
    assert (retries_of(plain, RunOptions(), SETTINGS), timeout_of(plain, RunOptions(), SETTINGS)) == (0, None)
    assert (retries_of(plain, RunOptions(), settings), timeout_of(plain, RunOptions(), settings)) == (1, 10)
    assert (retries_of(plain, options, settings), timeout_of(plain, options, settings)) == (2, 20)
    assert (retries_of(own, options, settings), timeout_of(own, options, settings)) == (0, None)
