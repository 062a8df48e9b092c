from typing import Annotated, Any

from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("orders")


def clean(
    raw: Annotated[list[dict[str, Any]], outputs.Dep("raw.jsonl", loaders.JSONL())],
) -> Annotated[list[dict[str, Any]], outputs.Out("clean.jsonl", loaders.JSONL())]:
    """Drop orders of nothing."""
    return [order for order in raw if order["count"] > 0]


pipeline.register(clean)
