"""CSV and Parquet in pandas, polars and pyarrow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pivot.loaders import CSV, Parquet

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pyarrow = pytest.importorskip("pyarrow")

MAKERS: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "pandas": pandas.DataFrame,
    "polars": polars.DataFrame,
    "pyarrow": pyarrow.table,
}
ROWS = {"name": ["a", "ü"], "n": [1, 2], "x": [0.1, 1e-9]}


def _columns(table: Any) -> dict[str, list[Any]]:
    if isinstance(table, pandas.DataFrame):
        return dict(table.to_dict("list"))
    found = table.to_pydict() if isinstance(table, pyarrow.Table) else table.to_dict(as_series=False)
    return dict(found)


@pytest.mark.parametrize("kind", [CSV, Parquet])
@pytest.mark.parametrize("library", MAKERS)
def test_a_table_gives_back_what_it_was_given(tmp_path: Path, kind: Any, library: str) -> None:
    table = MAKERS[library](ROWS)
    kind().save(table, tmp_path / "rows")
    again = kind(library=library).load(tmp_path / "rows")
    assert type(again) is type(table)
    assert _columns(again) == ROWS


@pytest.mark.parametrize("kind", [CSV, Parquet])
@pytest.mark.parametrize("library", MAKERS)
def test_the_same_table_gives_the_same_bytes(tmp_path: Path, kind: Any, library: str) -> None:
    for name in ("one", "two"):
        kind().save(MAKERS[library](ROWS), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("library", MAKERS)
def test_a_separator_holds_both_ways(tmp_path: Path, library: Any) -> None:
    loader = CSV(library=library, separator=";")
    loader.save(MAKERS[library](ROWS), tmp_path / "rows")
    assert ";" in (tmp_path / "rows").read_text(encoding="utf-8")
    assert _columns(loader.load(tmp_path / "rows")) == ROWS


def test_csv_has_a_header_no_index_and_plain_line_ends(tmp_path: Path) -> None:
    CSV().save(pandas.DataFrame({"a": [1], "b": ["x"]}), tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_bytes() == b"a,b\n1,x\n"


def test_options_go_to_the_library(tmp_path: Path) -> None:
    loader = CSV(read={"dtype": {"a": "str"}}, write={"header": False})
    loader.save(pandas.DataFrame({"a": [1]}), tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text() == "1\n"
    (tmp_path / "rows.csv").write_text("a\n01\n")
    assert list(loader.load(tmp_path / "rows.csv")["a"]) == ["01"]


def test_the_annotation_says_which_library_reads() -> None:
    assert CSV().suited_to(polars.DataFrame) == CSV(library="polars")
    assert Parquet().suited_to(pyarrow.Table) == Parquet(library="pyarrow")
    assert CSV().suited_to(pandas.DataFrame) == CSV()
    assert CSV().suited_to(Any) == CSV()


def test_an_option_outdoes_the_annotation() -> None:
    assert CSV(library="pandas").suited_to(polars.DataFrame) == CSV(library="pandas")


@pytest.mark.parametrize("kind", [CSV, Parquet])
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, kind: Any) -> None:
    with pytest.raises(TypeError, match="saves data frames, not a dict"):
        kind().save(ROWS, tmp_path / "rows")
