"""Tell what counts as a change, from the case library in pivot-registry's tests.

python tools/cases_table.py --write      bring README.md and packages/pivot-registry/CASES.md up to date
"""

import argparse
import runpy
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "packages" / "pivot-registry" / "tests" / "cases" / "library.py"
README = ROOT / "README.md"
CASES = ROOT / "packages" / "pivot-registry" / "CASES.md"
BEGIN, END = "<!-- generated: tools/cases_table.py -->", "<!-- end -->"
TITLE = """\
# What counts as a change

Each line is a small project with one edit, run by the tests of this package and through the command. *yes*: the stage
must run again; *no*: it must not; *may*: either is right; *out of scope*: no promise.

"""
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


def readme(text: str, cases: Iterable[Any]) -> str:
    """Give README.md with its table as it should be."""
    before, _, rest = text.partition(BEGIN)
    return before + "\n".join([BEGIN, *summary(cases), END]) + rest.partition(END)[2]


def document(cases: Iterable[Any]) -> str:
    """Give the document with all cases."""
    return TITLE + "\n".join(table(cases)) + "\n"


def main() -> None:
    """Print a table to standard output, or write both where they belong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--summary", action="store_true", help="one line for each group")
    parser.add_argument("--write", action="store_true", help="update the documents instead of printing")
    told = parser.parse_args()
    cases = runpy.run_path(str(LIBRARY))["cases"]()
    if told.write:
        README.write_text(readme(README.read_text(encoding="utf-8"), cases), encoding="utf-8")
        CASES.write_text(document(cases), encoding="utf-8")
    else:
        sys.stdout.write("\n".join((summary if told.summary else table)(cases)) + "\n")


if __name__ == "__main__":
    main()
