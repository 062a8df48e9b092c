"""How results are drawn. Only the `draw` stages depend on this file."""

import pandas
from matplotlib.figure import Figure

OBSERVED = "tab:blue"
MODELLED = "tab:orange"


def delay_chart(airport: str, late: pandas.DataFrame) -> Figure:
    """Draw two lines over the hours of the day."""
    # A bare Figure, not pyplot: nothing global, nothing to close, safe in any worker.
    figure = Figure(figsize=(7, 4))
    axes = figure.add_subplot()
    axes.plot(late.index, late["dep_delay"], color=OBSERVED, label="observed")
    axes.plot(late.index, late["model"], color=MODELLED, label="model")
    axes.set(title=f"{airport}: departure delay", xlabel="hour of the day", ylabel="minutes")
    axes.legend()
    return figure
