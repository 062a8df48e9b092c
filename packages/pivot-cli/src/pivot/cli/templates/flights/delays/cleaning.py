"""Which flights the model learns from. (`ingest` has a module of the same name: each pipeline sees its own.)"""

import pandas

HOUR = ["origin", "month", "day", "hour"]
WEATHER = ["temp", "wind_speed", "precip", "visib"]
LONGEST = 300
"""Minutes. Longer delays are accidents that no timetable explains."""


def with_weather(flights: pandas.DataFrame, weather: pandas.DataFrame) -> pandas.DataFrame:
    """Join each flight with the weather of its airport and hour."""
    hourly = weather.drop_duplicates(HOUR)[HOUR + WEATHER]
    joined = flights[flights["dep_delay"] <= LONGEST].merge(hourly, on=HOUR, how="inner")
    return joined.dropna(subset=WEATHER).reset_index(drop=True)
