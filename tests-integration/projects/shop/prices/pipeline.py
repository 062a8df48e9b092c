from typing import Annotated, Any

from orders.pipeline import pipeline as orders
from shared.money import cents

from pivot import loaders, outputs
from pivot.pipeline import Pipeline
from pivot.stage_def import StageParams

pipeline = Pipeline("prices")
pipeline.include(orders)


class Discount(StageParams):
    percent: int = 0
    least: int = 100


def clean(
    table: Annotated[dict[str, str], outputs.Dep("table.json", loaders.JSON())],
) -> Annotated[dict[str, int], outputs.Out("cents.json", loaders.JSON())]:
    """Read prices as people write them."""
    return {item: cents(price) for item, price in table.items()}


def bill(
    params: Discount,
    orders: Annotated[list[dict[str, Any]], outputs.Dep("../orders/clean.jsonl", loaders.JSONL())],
    prices: Annotated[dict[str, int], outputs.Dep("cents.json", loaders.JSON())],
) -> Annotated[dict[str, int], outputs.Out("bill.json", loaders.JSON())]:
    """Sum what was ordered."""
    full = sum(order["count"] * prices[order["item"]] for order in orders)
    return {"cents": full * (100 - params.percent) // 100 if full >= params.least else full}


pipeline.register(clean)
pipeline.register(bill, params=Discount())
