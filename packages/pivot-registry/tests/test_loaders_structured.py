"""JSON, JSON lines, YAML."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from pivot.loaders import JSON, JSONL, YAML

hypothesis = pytest.importorskip("hypothesis")
numpy = pytest.importorskip("numpy")
pytest.importorskip("yaml")
given, st = hypothesis.given, pytest.importorskip("hypothesis.strategies")

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("structured")


@given(value=PLAIN)
def test_json_gives_back_what_it_was_given(folder: Path, value: Any) -> None:
    JSON().save(value, folder / "a.json")
    assert JSON().load(folder / "a.json") == value


@given(values=st.lists(PLAIN))
def test_json_lines_give_back_what_they_were_given(folder: Path, values: list[Any]) -> None:
    JSONL().save(values, folder / "a.jsonl")
    assert JSONL().load(folder / "a.jsonl") == values
    assert (folder / "a.jsonl").read_text(encoding="utf-8").count("\n") == len(values)


@pytest.mark.parametrize("value", [{"b": [1, 2.5, None], "a": "é\n"}, [], "text", {"long": "x " * 200}])
def test_yaml_gives_back_what_it_was_given(tmp_path: Path, value: Any) -> None:
    YAML().save(value, tmp_path / "a.yaml")
    assert YAML().load(tmp_path / "a.yaml") == value


def test_json_has_one_form(tmp_path: Path) -> None:
    JSON().save({"b": 1, "a": "é"}, tmp_path / "a.json")
    assert (tmp_path / "a.json").read_bytes() == '{\n  "b": 1,\n  "a": "é"\n}\n'.encode()
    JSON(indent=None, sort_keys=True).save({"b": 1, "a": 2}, tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == '{"a": 2, "b": 1}\n'


def test_a_byte_order_mark_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf[1]")
    assert [loader.load(tmp_path / "a") for loader in (JSON(), YAML())] == [[1], [1]]
    assert JSONL().load(tmp_path / "a") == [[1]]


def test_numpy_values_become_numbers_and_lists(tmp_path: Path) -> None:
    value = {"loss": numpy.float32(0.5), "n": numpy.int64(3), "curve": numpy.arange(2)}
    JSON().save(value, tmp_path / "a.json")
    assert JSON().load(tmp_path / "a.json") == {"loss": 0.5, "n": 3, "curve": [0, 1]}


def test_what_is_not_json_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a set is not JSON"):
        JSON().save({"a": {1}}, tmp_path / "a.json")


def test_nan_survives(tmp_path: Path) -> None:
    JSON().save(math.nan, tmp_path / "a.json")
    assert math.isnan(JSON().load(tmp_path / "a.json"))
    assert math.isnan(json.loads((tmp_path / "a.json").read_text()))


def test_json_lines_take_any_iterable(tmp_path: Path) -> None:
    JSONL(sort_keys=True).save(({"b": i, "a": i} for i in range(2)), tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_text() == '{"a": 0, "b": 0}\n{"a": 1, "b": 1}\n'


def test_yaml_runs_nothing(tmp_path: Path) -> None:
    import yaml

    (tmp_path / "a.yaml").write_text(f"!!python/object/apply:pathlib.Path.touch [{tmp_path / 'canary'}]")
    with pytest.raises(yaml.YAMLError):
        YAML().load(tmp_path / "a.yaml")
    assert not (tmp_path / "canary").exists()
