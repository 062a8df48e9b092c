"""The example project that `pivot init` makes, from the raw table to the page."""

import re
from pathlib import Path

import pytest

from outside import Project

AIRPORTS = ("EWR", "JFK", "LGA")
TRAIN = {f"delays:train@{airport}" for airport in AIRPORTS}
DRAW = {f"delays:draw@{airport}" for airport in AIRPORTS}
INGEST = {"ingest:unpack", "ingest:clean"}
REPORT = {"report:carriers", "report:page"}


@pytest.fixture
def flights(project: Project) -> Project:
    """The example as a person gets it."""
    project.pivot("init", "--template", "flights", "flights", at="..")
    return Project(project / "../flights", project.home)


def test_flights_out_of_new_york(flights: Project) -> None:
    assert flights.ran() == INGEST | {"delays:clean"} | TRAIN | DRAW | REPORT
    assert flights.outcomes() == {}

    page = flights.text("report/report.md")
    assert "Endeavor Air Inc." in page
    assert "![JFK](../delays/plots/JFK.svg)" in page
    for airport in AIRPORTS:
        scores = flights.json(f"delays/metrics/{airport}.json")
        assert scores["error"] < scores["error_of_the_mean"]
        assert flights.text(f"delays/plots/{airport}.svg").startswith("<?xml")

    # A helper: only what depends on it.
    flights.edit("delays/chart.py", '"tab:blue"', '"tab:green"')
    assert flights.ran() == DRAW | {"report:page"}
    # A comment: nothing.
    flights.edit("ingest/cleaning.py", "import pandas\n", "# The table.\nimport pandas\n")
    assert flights.outcomes() == {}
    # Of two pipelines' modules of one name, one.
    flights.edit("delays/cleaning.py", "LONGEST = 300", "LONGEST = 240")
    assert {"delays:clean"} | TRAIN <= flights.ran() <= {"delays:clean", "report:page"} | TRAIN | DRAW
    # What was computed once is not computed again.
    flights.edit("delays/cleaning.py", "LONGEST = 240", "LONGEST = 300")
    assert flights.ran() == set()
    # One airport's model, this once.
    assert "delays:train@JFK" in flights.ran("--set", "delays:train@JFK.ridge=10", "delays:train@JFK")
    assert flights.ran() == set()


def test_a_fresh_clone_with_the_cache_computes_nothing(flights: Project, tmp_path: Path) -> None:
    flights.pivot("run", "delays:train@LGA")
    clone = flights.copy_to(tmp_path / "clone")
    for made in ("ingest/data", "delays/data", "delays/models", "delays/metrics"):
        for path in (clone / made).iterdir():
            path.unlink()
    outcomes = clone.outcomes("delays:train@LGA", PIVOT_CACHE_DIR=str(flights / ".pivot/cache"))
    assert outcomes == dict.fromkeys(INGEST | {"delays:clean", "delays:train@LGA"}, "restored")


def test_status_of_the_example_imports_nothing_heavy(flights: Project) -> None:
    for _ in range(2):  # in a new home matplotlib first makes directories, which count as a change
        flights.pivot("status")
    told = flights.pivot("status", PYTHONPROFILEIMPORTTIME="1").err
    imported = set(re.findall(r"^import time:[\d\s|]+(\S+)$", told, re.MULTILINE))
    assert "pivot.cli.main" in imported
    assert not imported & {
        "pandas",
        "numpy",
        "matplotlib",
        "pydantic",
        "networkx",
        "cloudpickle",
        "loky",
        "rich",
        "yaml",
        "chart",
    }
