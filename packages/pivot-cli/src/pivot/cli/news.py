"""What a change of files means after a round: whether there is anything to do that was not tried already."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from pivot.engine import Facts, Kind, Outcome, Restore, RunResult, StageStatus
from pivot.registry.types import StageRef

_UNTRIED = frozenset({Outcome.BLOCKED, Outcome.CANCELLED})
_SCRATCH_ENDS = ("~", ".swp", ".swx", ".tmp", "4913")
_SHOWN = 3


class Tried(NamedTuple):
    """What the rounds so far have come to."""

    facts: Mapping[StageRef, Facts] = {}
    """What the result of a stage was to depend on when it was last run."""
    asked: Mapping[StageRef, tuple[str, ...]] = {}
    """Stages that failed -> what they read, or looked for, without declaring it; relative to the project."""
    untried: frozenset[StageRef] = frozenset()
    """Stages that were not run because of a failure."""
    edited: Mapping[StageRef, Facts] = {}
    """Stages that failed in the last round while their code was edited -> what their results were to depend on."""

    def after(self, result: RunResult) -> "Tried":
        """Add what one more round has come to.

        A stage that failed while its code was edited was not tried with these facts: a worker that loads a file which
        is just being saved finds half of it. But one that edits its own code does so each time: twice is enough.
        """
        done = result.done.values()
        edited = {item.ref: result.tried[item.ref] for item in done if item.edited and item.ref in result.tried}
        unsure = {ref for ref, facts in edited.items() if self.edited.get(ref) != facts}
        return Tried(
            {ref: facts for ref, facts in {**self.facts, **result.tried}.items() if ref not in unsure},
            {item.ref: item.asked for item in done if item.outcome is Outcome.FAILED},
            frozenset(item.ref for item in done if item.outcome in _UNTRIED),
            edited,
        )

    def with_untried(self, found: Iterable[StageStatus]) -> "Tried":
        """Count what was not run as tried with the facts of now: nothing but a change of these is news."""
        seen = {item.ref: item.facts for item in found if item.ref in self.untried and item.facts is not None}
        return self._replace(facts={**self.facts, **seen})

    def calls_for_round(self, found: Iterable[StageStatus], by_hand: Collection[str] = ()) -> bool:
        """Tell whether a round would do anything new.

        A stage is run again when its result may be another than when it was last run, not because it is still stale:
        one that fails, or is always stale, would run for ever.

        Args:
            found: How the stages are now.
            by_hand: Changed paths, relative to the project, that the round before has not written.
        """
        return any(self._is_news(item, by_hand) for item in found)

    def _is_news(self, item: StageStatus, by_hand: Collection[str]) -> bool:
        failed = item.ref in self.asked
        if item.word == "fresh":
            return failed  # mended by taking the edit back: say so
        if item.facts is None:
            return False  # what it waits for decides
        if item.facts != self.facts.get(item.ref):
            return True
        if failed:
            return any(_concerns(path, asked) for path in by_hand for asked in self.asked[item.ref])
        lost = isinstance(item.decision, Restore) or any(reason.kind is Kind.OUTPUT for reason in item.reasons)
        return bool(by_hand) and lost


def _concerns(changed: str, asked: str) -> bool:
    """Whether a changed path is the one that was asked for, lies right in it, or is a directory above it."""
    return asked in (changed, os.path.dirname(changed) or ".") or asked.startswith(f"{changed}/")


def told(paths: Collection[str], outputs: Collection[str] = (), there: Callable[[str], bool] = os.path.lexists) -> str:
    """Name changed paths in one line; what editors and runs leave beside them only if there is nothing else."""
    ours = [path for path in paths if not any(f"{path}/".startswith(f"{out}/") for out in outputs)]
    named = [path for path in ours if os.path.basename(path) != ".gitignore" and not path.endswith(_SCRATCH_ENDS)]
    shown = sorted(list(filter(there, named)) or named or ours or paths)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
