"""Pickles, arrays, figures."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from pivot.loaders import MatplotlibFigure, Numpy, Pickle

matplotlib = pytest.importorskip("matplotlib")
numpy = pytest.importorskip("numpy")
matplotlib.use("Agg")


def test_a_pickle_gives_back_what_it_was_given(tmp_path: Path) -> None:
    Pickle().save({"a": {1, 2}}, tmp_path / "a.pkl")
    assert Pickle().load(tmp_path / "a.pkl") == {"a": {1, 2}}


def test_the_pickle_protocol_is_fixed(tmp_path: Path) -> None:
    Pickle().save([1], tmp_path / "a.pkl")
    assert (tmp_path / "a.pkl").read_bytes() == pickle.dumps([1], protocol=5)
    Pickle(protocol=2).save([1], tmp_path / "a.pkl")
    assert (tmp_path / "a.pkl").read_bytes() == pickle.dumps([1], protocol=2)


@pytest.mark.parametrize("name", ["a.npy", "a.bin", "a"])
def test_an_array_lies_where_it_was_to_lie(tmp_path: Path, name: str) -> None:
    Numpy().save(numpy.arange(6).reshape(2, 3), tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert Numpy().load(tmp_path / name).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("compressed", [False, True])
def test_npz_holds_several_arrays_and_has_one_form(tmp_path: Path, compressed: bool) -> None:
    loader = Numpy(compressed=compressed)
    for name in ("one.npz", "two.npz"):
        loader.save({"x": numpy.zeros(2), "y": numpy.ones(1)}, tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert {name: list(array) for name, array in loader.load(tmp_path / "one.npz").items()} == {"x": [0, 0], "y": [1]}


def test_arrays_never_hold_pickles(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pickle"):
        Numpy().save(numpy.array([object()]), tmp_path / "a.npy")


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_figure_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    for name in ("one", "two"):
        MatplotlibFigure().save(_figure(), tmp_path / f"{name}.{suffix}")
    one, two = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert b"Date" not in one.replace(b"CreationDate (", b"Date(")


def test_options_go_to_savefig(tmp_path: Path) -> None:
    for dpi in (50, 100):
        MatplotlibFigure(dpi=dpi, options={"metadata": {"Title": "t"}}).save(_figure(), tmp_path / f"{dpi}.png")
    assert (tmp_path / "50.png").stat().st_size < (tmp_path / "100.png").stat().st_size
    assert b"Title" in (tmp_path / "50.png").read_bytes()


def test_a_format_without_known_metadata_is_saved_too(tmp_path: Path) -> None:
    MatplotlibFigure().save(_figure(), tmp_path / "a.jpg")
    assert (tmp_path / "a.jpg").stat().st_size


def test_axes_stand_for_their_figure_which_is_closed(tmp_path: Path) -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    MatplotlibFigure().save(axes, tmp_path / "a.png")
    assert not pyplot.fignum_exists(figure.number)


def _figure() -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2], label="x")
    return figure
