"""Did you mean."""

from collections.abc import Iterable


def suggest(word: str, options: Iterable[str]) -> str | None:
    """Give the option that was probably meant, if any is close."""
    import difflib

    names = list(options)
    by_case = {name.casefold(): name for name in names}
    if word.casefold() in by_case:
        return by_case[word.casefold()]
    return next(iter(difflib.get_close_matches(word, names, n=1)), None)


def hint_for(word: str, options: Iterable[str], kind: str) -> str:
    """Say what was probably meant, else what there is: "Did you mean train?", "The stages are a, b."."""
    names = sorted(options)
    if (meant := suggest(word, names)) is not None:
        return f"Did you mean {meant}?"
    if not names:
        return f"There are no {kind}."
    shown = ", ".join(names[:10])
    return f"The {kind} are {shown}." if len(names) <= 10 else f"Some of the {len(names)} {kind}: {shown}."
