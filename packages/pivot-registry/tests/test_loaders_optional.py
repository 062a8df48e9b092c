"""Libraries are optional, and imported when a loader is used."""

import subprocess
import sys
from pathlib import Path

import pytest

from pivot import loaders
from pivot.loaders.base import MissingLibraryError, library, library_of

HEAVY = ("pandas", "polars", "pyarrow", "numpy", "matplotlib", "yaml", "pydantic")

# A finder that hides what a leaner installation would not have.
HIDDEN = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hide())
from pathlib import Path
from pivot import loaders
try:
    loaders.{call}
except loaders.MissingLibraryError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("call", "hidden", "extra"),
    [
        ("CSV().load(Path('a'))", "pandas", "pandas"),
        ("CSV(library='polars').load(Path('a'))", "polars", "polars"),
        ("CSV(library='pyarrow').load(Path('a'))", "pyarrow", "arrow"),
        ("Parquet().load(Path('a'))", "pyarrow", "arrow"),
        ("YAML().load(Path('a'))", "yaml", "yaml"),
        ("Numpy().load(Path('a'))", "numpy", "numpy"),
        ("MatplotlibFigure().save(None, Path('a'))", "matplotlib", "matplotlib"),
    ],
)
def test_a_missing_library_is_named_with_the_extra_that_brings_it(call: str, hidden: str, extra: str) -> None:
    shown = _python(HIDDEN.format(call=call, hidden=[hidden]))
    name = call.partition("(")[0]
    assert shown.startswith(f"loaders.{name} needs {hidden}")
    assert f"pivot-pipeline[{extra}]" in shown


def test_making_loaders_imports_no_library() -> None:
    names = [name for name in loaders.__all__ if name not in ("Loader", "MissingLibraryError", "Reader", "Writer")]
    code = f"import sys; from pivot.loaders import {', '.join(names)}\n"
    code += "".join(f"{name}()\n" for name in names)
    code += f"print([module for module in {HEAVY} if module in sys.modules])"
    assert _python(code) == "[]"


def test_a_missing_library_is_an_import_error() -> None:
    with pytest.raises(ImportError, match=r"loaders\.CSV needs surely_absent_xyz") as caught:
        library("CSV", "surely_absent_xyz.sub", "x")
    assert caught.value.name == "surely_absent_xyz.sub"


def test_an_import_that_fails_deeper_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_installed_xyz.py").write_text("import gone_xyz")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="gone_xyz") as caught:
        library("CSV", "half_installed_xyz", "x")
    assert not isinstance(caught.value, MissingLibraryError)


def test_every_name_is_there_and_no_other() -> None:
    assert all(getattr(loaders, name) for name in loaders.__all__)
    assert dir(loaders) == sorted(loaders.__all__)
    with pytest.raises(AttributeError, match="Cvs"):
        loaders.Cvs  # noqa: B018


def test_the_library_of_what_is_no_class_is_none() -> None:
    assert library_of("pandas.DataFrame") == ""
    assert library_of(Path) == "pathlib"


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
