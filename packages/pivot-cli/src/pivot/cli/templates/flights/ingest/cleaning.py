"""What of a flight we keep. (`delays` has a module of the same name: each pipeline sees its own.)"""

import pandas
from shared.clock import minutes_of_day

KEPT = ["month", "day", "hour", "carrier", "origin", "dest", "distance", "dep_delay"]


def departed(flights: pandas.DataFrame) -> pandas.DataFrame:
    """Drop flights that never left, and columns that only tell how they went."""
    left = flights.dropna(subset=["dep_delay"])
    kept = left[KEPT].assign(scheduled=minutes_of_day(left["sched_dep_time"]))
    return kept.reset_index(drop=True)
