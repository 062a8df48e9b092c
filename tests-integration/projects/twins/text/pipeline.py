from typing import Annotated

from helpers import shout

from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("text")


def clean(
    raw: Annotated[str, outputs.Dep("raw.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]:
    return raw.strip()


def train(
    rows: Annotated[str, outputs.Dep("clean.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("trained.txt", loaders.Text())]:
    return shout(rows)


pipeline.register(clean)
pipeline.register(train)
