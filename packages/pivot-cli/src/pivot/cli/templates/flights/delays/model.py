"""A ridge regression of the departure delay, in forty lines of numpy."""

from typing import Any

import numpy
import pandas
from cleaning import WEATHER
from shared.clock import part_of_year

DIGITS = 6
"""Coefficients are rounded, so that another machine's last bit is not another model."""


def design(rows: pandas.DataFrame) -> pandas.DataFrame:
    """Turn flights into the columns that the model sees."""
    day = rows["scheduled"] / (24 * 60)
    year = part_of_year(rows["month"], rows["day"])
    waves = {
        f"{name} {turns}": wave(2 * numpy.pi * turns * phase)
        for turns in (1, 2)
        for name, phase, wave in (
            ("day sin", day, numpy.sin),
            ("day cos", day, numpy.cos),
            ("year sin", year, numpy.sin),
        )
    }
    return rows[WEATHER].assign(constant=1.0, distance=rows["distance"] / 1000, **waves)


def fitted(rows: pandas.DataFrame, ridge: float) -> dict[str, Any]:
    """Fit the coefficients by least squares."""
    columns = design(rows)
    seen = columns.to_numpy(dtype=float)
    normal = seen.T @ seen + ridge * numpy.eye(seen.shape[1])
    found = numpy.linalg.solve(normal, seen.T @ rows["dep_delay"].to_numpy(dtype=float))
    return {
        "ridge": ridge,
        "coefficients": {name: round(float(x), DIGITS) for name, x in zip(columns, found, strict=True)},
    }


def predicted(model: dict[str, Any], rows: pandas.DataFrame) -> numpy.ndarray:
    """Say how late each flight will leave, in minutes."""
    columns = design(rows)
    return columns.to_numpy(dtype=float) @ numpy.array([model["coefficients"][name] for name in columns])


def scores(model: dict[str, Any], seen: pandas.DataFrame, unseen: pandas.DataFrame) -> dict[str, Any]:
    """Compare the model with always saying the mean, on flights that it has not seen."""
    late = unseen["dep_delay"].to_numpy(dtype=float)
    return {
        "seen": len(seen),
        "unseen": len(unseen),
        "error": _rms(predicted(model, unseen) - late),
        "error_of_the_mean": _rms(float(seen["dep_delay"].mean()) - late),
    }


def late_by_hour(model: dict[str, Any], rows: pandas.DataFrame) -> pandas.DataFrame:
    """Give the mean delay of each hour of the day: as it was, and as the model has it."""
    both = rows.assign(model=predicted(model, rows))
    return both.groupby("hour")[["dep_delay", "model"]].mean()


def _rms(errors: numpy.ndarray) -> float:
    return round(float(numpy.sqrt(numpy.mean(errors**2))), 3)
