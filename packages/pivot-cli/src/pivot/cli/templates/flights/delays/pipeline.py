"""Say for each airport how late a flight will leave, how well we know it, and draw it."""

from typing import Annotated, Any, TypedDict

import pandas
from chart import delay_chart
from cleaning import with_weather
from matplotlib.figure import Figure
from model import fitted, late_by_hour, scores

from pivot import loaders, outputs
from pivot.pipeline import Pipeline
from pivot.stage_def import StageParams

AIRPORTS = ("EWR", "JFK", "LGA")

pipeline = Pipeline("delays")


class TrainParams(StageParams):
    airport: str
    ridge: float = 1.0
    """How strongly coefficients are drawn to zero."""
    tested_from: int = 11
    """The first month that the model does not see."""


class Trained(TypedDict):
    model: Annotated[dict[str, Any], outputs.Out("models/AIRPORT.json", loaders.JSON())]
    metrics: Annotated[dict[str, Any], outputs.Metric("metrics/AIRPORT.json")]


def clean(
    flights: Annotated[pandas.DataFrame, outputs.Dep("../ingest/data/clean.parquet", loaders.Parquet())],
    weather: Annotated[pandas.DataFrame, outputs.Dep("../ingest/data/weather.parquet", loaders.Parquet())],
) -> Annotated[pandas.DataFrame, outputs.Out("data/clean.parquet", loaders.Parquet())]:
    """Give every flight the weather of its hour."""
    return with_weather(flights, weather)


def train(
    params: TrainParams,
    rows: Annotated[pandas.DataFrame, outputs.Dep("data/clean.parquet", loaders.Parquet())],
) -> Trained:
    """Fit a model of one airport's delays, and score it on the months that it has not seen."""
    own = rows[rows["origin"] == params.airport]
    seen, unseen = own[own["month"] < params.tested_from], own[own["month"] >= params.tested_from]
    model = fitted(seen, params.ridge)
    return {"model": model, "metrics": scores(model, seen, unseen)}


def draw(
    params: TrainParams,
    rows: Annotated[pandas.DataFrame, outputs.Dep("data/clean.parquet", loaders.Parquet())],
    model: Annotated[dict[str, Any], outputs.Dep("models/AIRPORT.json", loaders.JSON())],
) -> Annotated[Figure, outputs.Plot("plots/AIRPORT.svg", loaders.MatplotlibFigure())]:
    """Draw the delay by the hour of the day: as it was, and as the model has it."""
    own = rows[rows["origin"] == params.airport]
    return delay_chart(params.airport, late_by_hour(model, own))


pipeline.register(clean)
for airport in AIRPORTS:
    params = TrainParams(airport=airport)
    model, metrics, plot = f"models/{airport}.json", f"metrics/{airport}.json", f"plots/{airport}.svg"
    pipeline.register(train, variant=airport, params=params, out_path_overrides={"model": model, "metrics": metrics})
    pipeline.register(
        draw,
        variant=airport,
        params=params,
        dep_path_overrides={"model": model},
        out_path_overrides={"return": plot},
    )
