"""Times of the day, for every pipeline of the project."""

import pandas


def minutes_of_day(hhmm: pandas.Series) -> pandas.Series:
    """Turn 1435 (25 to three in the afternoon) into minutes since midnight."""
    return (hhmm // 100) * 60 + hhmm % 100


def part_of_year(month: pandas.Series, day: pandas.Series) -> pandas.Series:
    """Give how much of the year has gone by, from 0 to 1; every month counts 31 days."""
    return ((month - 1) * 31 + day - 1) / (12 * 31)
