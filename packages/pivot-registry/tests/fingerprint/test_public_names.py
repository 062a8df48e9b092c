"""The package gives its public names, and loads nothing before."""

import subprocess
import sys

import pytest

import pivot.fingerprint


@pytest.mark.parametrize("name", [name for name in pivot.fingerprint.__all__ if name != "recorder"])
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(pivot.fingerprint, name).__name__ == name


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = pivot.fingerprint.nonsense  # type: ignore[attr-defined]


def test_importing_the_package_loads_nothing_of_it() -> None:
    check = "import sys, pivot.fingerprint; print([m for m in sys.modules if m.startswith('pivot.fingerprint.')])"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, text=True).stdout.strip() == "[]"
