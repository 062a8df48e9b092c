"""Amounts and times as people write them."""

import math
from typing import Any

import pytest

from pivot.registry.amounts import amount_of, seconds_of, spelled_amount, told_amount, tries_of


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        (0, 0),
        (0.5, 0.5),
        (12 * 1024**3, 12 * 1024**3),
        ("12G", 12 * 1024**3),
        ("12 GiB", 12 * 1024**3),
        ("12gb", 12 * 1024**3),
        ("1.5M", 1.5 * 1024**2),
        ("512k", 512 * 1024),
        ("3", 3),
        (" 2T ", 2 * 1024**4),
    ],
)
def test_a_size_is_a_number_of_bytes_in_powers_of_1024(given: Any, amount: float) -> None:
    assert amount_of(given) == amount


@pytest.mark.parametrize(
    "given", [-1, math.nan, math.inf, True, None, "", "G", "1e3", "-1G", "1 2G", "12X", [1], "\u0661G"]
)
def test_what_is_no_amount_is_refused_and_said(given: Any) -> None:
    with pytest.raises(ValueError, match='expected a number, or a size such as "12G", not '):
        amount_of(given)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(0, 0), (1.5, 1.5), ("30", 30), ("30s", 30), ("10m", 600), ("10 min", 600), ("2h", 7200), ("1d", 86400)],
)
def test_a_time_is_a_number_of_seconds(given: Any, seconds: float) -> None:
    assert seconds_of(given) == seconds


@pytest.mark.parametrize("given", [-1, math.nan, math.inf, True, None, "", "m", "soon", "1w"])
def test_what_is_no_time_is_refused_and_said(given: Any) -> None:
    with pytest.raises(ValueError, match='expected a number of seconds, or a time such as "10m", not '):
        seconds_of(given)


def test_tries_are_few_and_whole() -> None:
    assert [tries_of(0), tries_of(999)] == [0, 999]
    for given in (-1, 1000, 1.0, True, "1", None):
        with pytest.raises(ValueError, match="expected a whole number from 0 to 999, not "):
            tries_of(given)


def test_an_amount_is_told_as_people_write_it() -> None:
    assert told_amount("gpu", 0.5) == "0.5 gpu"
    assert told_amount("memory", amount_of("1.5G")) == "1.5 GiB of memory"


@pytest.mark.parametrize(
    ("name", "amount", "spelled"),
    [
        ("memory", 9999.0 * 2**30, "9999G"),
        ("memory", 2**30 + 1.0, "1025M"),
        ("memory", 1.0, "1M"),
        ("gpu", 2.0, "2"),
        ("tokens", 1234567.0, "1234567"),
    ],
)
def test_an_amount_is_spelled_so_that_it_can_be_given(name: str, amount: float, spelled: str) -> None:
    assert spelled_amount(name, amount) == spelled
    assert amount_of(spelled) >= amount
