"""The words of the report. `pivot.yaml` beside this file says which files the arguments are."""

from pathlib import Path
from typing import Annotated, Any

import pandas

from pivot import loaders, outputs


def carriers(
    flights: Annotated[pandas.DataFrame, outputs.PlaceholderDep(loaders.Parquet())],
    airlines: Annotated[pandas.DataFrame, outputs.PlaceholderDep(loaders.CSV())],
) -> Annotated[pandas.DataFrame, outputs.Out("carriers.csv", loaders.CSV())]:
    """Say how late each carrier leaves, the latest first."""
    named = flights.merge(airlines, on="carrier")
    late = named.groupby("name", as_index=False).agg(flights=("dep_delay", "size"), delay=("dep_delay", "mean"))
    return late.round({"delay": 1}).sort_values("delay", ascending=False)


def page(
    carriers: Annotated[pandas.DataFrame, outputs.PlaceholderDep(loaders.CSV())],
    metrics: Annotated[list[dict[str, Any]], outputs.PlaceholderDep(loaders.JSON())],
    plots: Annotated[list[Path], outputs.PlaceholderDep(loaders.PathOnly())],
) -> Annotated[str, outputs.Out("report.md", loaders.Text())]:
    """Put tables and drawings on one page."""
    return "\n".join(
        [
            "# Flights out of New York, 2013",
            "",
            *table(["carrier", "flights", "mean delay (minutes)"], carriers.itertuples(index=False)),
            "",
            *table(["airport", "error", "error of the mean"], map(_score, plots, metrics)),
            "",
            *(f"![{plot.stem}]({plot.as_posix()})" for plot in plots),
            "",
        ]
    )


def table(head: list[str], rows: Any) -> list[str]:
    """Give the lines of a Markdown table."""
    return [_line(head), _line("---" for _ in head), *map(_line, rows)]


def _score(plot: Path, metrics: dict[str, Any]) -> list[Any]:
    return [plot.stem, metrics["error"], metrics["error_of_the_mean"]]


def _line(cells: Any) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
