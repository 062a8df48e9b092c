from typing import Annotated, Any

from helpers import total

from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("model")


def clean(
    raw: Annotated[list[int], outputs.Dep("raw.json", loaders.JSON())],
) -> Annotated[list[int], outputs.Out("clean.json", loaders.JSON())]:
    return sorted(raw)


def train(
    rows: Annotated[list[int], outputs.Dep("clean.json", loaders.JSON())],
) -> Annotated[dict[str, Any], outputs.Metric("metrics.json")]:
    return {"total": total(rows)}


pipeline.register(clean)
pipeline.register(train)
