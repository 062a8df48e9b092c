"""One stage for each kind of output and each way of naming inputs."""

from pathlib import Path
from typing import Annotated, Any, TypedDict

from pivot import loaders, outputs
from pivot.pipeline import Pipeline
from pivot.stage_def import StageParams

pipeline = Pipeline("artifacts")


class Region(StageParams):
    name: str
    factor: int = 1


class Counted(TypedDict):
    table: Annotated[dict[str, Any], outputs.Out("counts/REGION.json", loaders.JSON())]
    metrics: Annotated[dict[str, Any], outputs.Metric("metrics/REGION.json")]


def count(params: Region, seeds: Annotated[list[int], outputs.Dep("seeds.json", loaders.JSON())]) -> Counted:
    total = sum(seeds) * params.factor
    return {"table": {"region": params.name, "total": total}, "metrics": {"total": total}}


def summarise(
    tables: Annotated[list[dict[str, Any]], outputs.Dep(["counts/eu.json", "counts/us.json"], loaders.JSON())],
) -> Annotated[str, outputs.Out("summary.txt", loaders.Text())]:
    return ",".join(f"{table['region']}={table['total']}" for table in tables)


def split(
    summary: Annotated[str, outputs.Dep("summary.txt", loaders.Text())],
) -> Annotated[dict[str, str], outputs.DirectoryOut("parts", loaders.Text())]:
    return {f"{part.partition('=')[0]}.txt": part for part in summary.split(",")}


def gather(
    parts: Annotated[Path, outputs.Dep("parts", loaders.PathOnly())],
) -> Annotated[Path, outputs.Out("names.txt", loaders.PathOnly())]:
    Path("names.txt").write_text(" ".join(sorted(path.name for path in parts.iterdir())))
    return Path("names.txt")


def append(
    summary: Annotated[str, outputs.Dep("summary.txt", loaders.Text())],
    history: Annotated[list[str] | None, outputs.IncrementalOut("history.json", loaders.JSON())],
) -> Annotated[list[str], outputs.IncrementalOut("history.json", loaders.JSON())]:
    return [*(history or []), summary]


for region, factor in (("eu", 1), ("us", 10)):
    pipeline.register(
        count,
        variant=region,
        params=Region(name=region, factor=factor),
        out_path_overrides={"table": f"counts/{region}.json", "metrics": f"metrics/{region}.json"},
    )
pipeline.register(summarise)
pipeline.register(split)
pipeline.register(gather)
pipeline.register(append)
