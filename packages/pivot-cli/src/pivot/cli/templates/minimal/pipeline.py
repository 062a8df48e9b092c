"""Two stages: count the words of a text, then name the most frequent ones.

`pivot run` runs both. Run it again: nothing to do. Change the text, a parameter, or how words are split, and run
again: only what depends on the change runs, and `pivot explain count` says why.
"""

from collections import Counter
from typing import Annotated

from pivot import loaders, outputs
from pivot.pipeline import Pipeline
from pivot.stage_def import StageParams

pipeline = Pipeline("words")


class CountParams(StageParams):
    shortest: int = 4


def split(text: str) -> list[str]:
    return [word.strip(".,;:!?\"'()").lower() for word in text.split()]


@pipeline.stage(params=CountParams())
def count(
    params: CountParams,
    text: Annotated[str, outputs.Dep("text.txt", loaders.Text())],
) -> Annotated[dict[str, int], outputs.Out("counts.json", loaders.JSON())]:
    return dict(sorted(Counter(word for word in split(text) if len(word) >= params.shortest).items()))


@pipeline.stage()
def top(
    counts: Annotated[dict[str, int], outputs.Dep("counts.json", loaders.JSON())],
) -> Annotated[dict[str, int], outputs.Metric("top.json")]:
    return dict(Counter(counts).most_common(3))
