"""Print the table of what counts as a change, from the case library in pivot-registry's tests."""

import argparse
import runpy
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

LIBRARY = Path(__file__).parents[1] / "packages" / "pivot-registry" / "tests" / "cases" / "library.py"
ANSWERS = {"reruns": "yes", "fresh": "no", "may": "may", "unseen": "out of scope"}


def table(cases: Iterable[Any]) -> Iterator[str]:
    """Give the lines of a markdown table, one for each case."""
    yield "| group | what changes | reruns? |"
    yield "|---|---|---|"
    group = ""
    for case in cases:
        yield f"| {case.group if case.group != group else ''} | {_escaped(case.doc)} | {ANSWERS[case.expects]} |"
        group = case.group


def summary(cases: Iterable[Any]) -> Iterator[str]:
    """Give the lines of a smaller table, one for each group."""
    counts: dict[str, dict[str, int]] = {}
    for case in cases:
        of_group = counts.setdefault(case.group, dict.fromkeys(ANSWERS, 0))
        of_group[case.expects] += 1
    yield "| group | cases | must rerun | must not | may | out of scope |"
    yield "|---|---|---|---|---|---|"
    for group, of_group in counts.items():
        yield f"| {group} | {sum(of_group.values())} | " + " | ".join(map(str, of_group.values())) + " |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("__", "\\_\\_")


def main() -> None:
    """Print the table to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--summary", action="store_true", help="one line for each group")
    told = parser.parse_args()
    cases = runpy.run_path(str(LIBRARY))["cases"]()
    sys.stdout.write("\n".join((summary if told.summary else table)(cases)) + "\n")


if __name__ == "__main__":
    main()
