"""`pivot run --watch`: run, wait until files change, run what that made stale."""

import json
import os
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pivot.cli.console import CYAN, DIM
from pivot.cli.errors import report_of, tell
from pivot.cli.exits import ExitCode
from pivot.cli.news import Tried, told
from pivot.cli.opening import Scene, Selection, choose, project_at
from pivot.cli.session import Session
from pivot.cli.text import one_line
from pivot.engine.ground import Ground
from pivot.engine.sessions import FromFiles
from pivot.engine.warm import WarmPool
from pivot.engine.watching import Watch, open_watch
from pivot.registry.endings import Terminated, terminable
from pivot.registry.types import StageRef

if TYPE_CHECKING:
    from pivot.discovery import Project
    from pivot.engine import RunResult, StageStatus

Act = Callable[[Scene, Sequence[StageRef], float, bool], "RunResult"]
"""Runs stages and tells of it, as `pivot run` does: scene, stages, when it began, whether it is the first round."""

_SURVIVED = frozenset({ExitCode.FAILED, ExitCode.USAGE, ExitCode.MISSING, ExitCode.LOCKED})
"""What the next save may mend. A bug in pivot, or a reader that went away, ends the watch."""
_SOURCES = (".py", ".yaml", ".yml")


class Wish(NamedTuple):
    """What is to be kept up to date."""

    selection: Selection
    settings: tuple[str, ...] = ()
    only: bool = False
    as_json: bool = False


def watch(session: Session, wish: Wish, act: Act) -> ExitCode:
    """Run and wait, until Ctrl-C.

    Raises:
        DefinitionError: there is no project to watch.
    """
    project = project_at(session.start(), session.environ)
    with terminable() as termination, closing(WarmPool()) as pool:
        opened = open_watch(ground_of(project))
        if opened.note is not None:
            session.console().say(f"note: {one_line(opened.note)}")
        with closing(opened):
            try:
                Watching(session, wish, act, project, opened, pool).keep_on()
            except Terminated:  # in the midst of a round, whose workers are gone
                raise
            except KeyboardInterrupt:
                pool.kill()  # they are idle, and nobody shall wait for how each of them ends
                termination.check()  # the library that waits makes a Ctrl-C of every signal
                session.console().say("stopped")
    return ExitCode.INTERRUPTED


def ground_of(project: "Project", scene: Scene | None = None) -> Ground:
    """Say where files that matter may be: in the project, on the user's import path, beside what else stages need."""
    root = str(project.root)
    trees = (root, *_own_import_path(project.root))
    return Ground(trees, tuple(_outside(scene, root)) if scene else (), frozenset({str(project.cache_dir)}))


def _own_import_path(root: Path) -> list[str]:
    """Directories of the import path with code that is the user's, but not the project's."""
    from pivot.fingerprint.territory import Territory

    territory = Territory(root)
    ours = (path for path in sys.path if os.path.isdir(path) and territory.is_ours(os.path.join(path, "module.py")))
    own = tuple(map(os.path.dirname, sys.modules["pivot"].__path__))  # where pivot itself is developed
    apart = (path for path in ours if os.path.realpath(path) not in map(os.path.realpath, own))
    return [path for path in apart if not root.is_relative_to(path) and not Path(path).is_relative_to(root)]


def _outside(scene: Scene, root: str) -> set[str]:
    paths = (
        os.path.join(stage.root, path)
        for stage in scene.stages.values()
        for item in stage.inputs
        for path in item.paths
    )
    # Through links too: what they lead to may change while they do not.
    places = {place for path in paths for place in (os.path.normpath(path), os.path.realpath(path))}
    places |= {file for view in scene.views.values() if isinstance(view, FromFiles) for file in view.code_files()}
    outside = {place for place in places if not f"{place}/".startswith(f"{root}/")}
    return {place if os.path.isdir(place) else os.path.dirname(place) for place in outside}


def _broken(scene: Scene) -> set[str]:
    return {str(error) for error in scene.broken.values()}


class Watching:
    """One `pivot run --watch`.

    keep_on
      _round            select and run; what goes wrong is told, and may be mended by the next save
      _next_change      wait for files to change, until that calls for a round
        _is_news        look at all stages, quietly: pivot itself knows best what a change makes stale
    """

    def __init__(
        self, session: Session, wish: Wish, act: Act, project: "Project", files: Watch, pool: WarmPool
    ) -> None:
        self._session, self._wish, self._act = session, wish, act
        self._project, self._files, self._pool = project, files, pool
        self._root = str(project.root)
        self._ground = ground_of(project)
        self._tried = Tried()
        self._error = ""
        """What the last round could not begin with."""
        self._broken: set[str] = set()
        """Why pipelines were left out of it; nothing of what it was asked for."""
        self._outputs: frozenset[str] = frozenset()
        self._ended_ns = 0
        self._rounds = 0

    def keep_on(self) -> None:
        """Run and wait until the user ends it. Raises KeyboardInterrupt, Terminated."""
        changed: Collection[str] = ()
        while True:
            self._round(changed)
            changed = self._next_change()

    def _round(self, changed: Collection[str]) -> None:
        self._rounds += 1
        self._announce(changed)
        try:
            self._run()
            self._error = ""
        except Exception as error:
            if report_of(error).code not in _SURVIVED:
                raise
            self._tell(error)
        self._ended_ns = time.time_ns()

    def _run(self) -> None:
        begun = time.perf_counter()
        scene, chosen = choose(self._session, self._wish.selection, self._wish.settings)
        self._broken = _broken(scene)
        self._note_ground(scene)
        result = self._act(scene.served_by(self._pool.runner), chosen, begun, self._rounds == 1)
        if result.interrupted:
            raise KeyboardInterrupt
        self._tried = self._tried.after(result)
        if self._tried.untried:
            self._tried = self._tried.with_untried(self._look(scene, chosen))

    def _next_change(self) -> Collection[str]:
        """Wait for changes that call for a round; first see to those that were made while the last one ran."""
        self._files.renew(self._ground)
        changed = self._inside(self._files.gathered())
        if changed and self._is_news(changed, ()):
            return changed
        self._say_waiting()
        while True:
            changed = self._inside(self._files.wait())
            # New directories are watched before anything is looked at, so nothing is missed between the two.
            self._files.renew(self._ground)
            if self._is_news(changed, [path for path in changed if self._is_by_hand(path)]):
                return changed

    def _is_news(self, changed: Collection[str], by_hand: Collection[str]) -> bool:
        quiet = self._session._replace(verbosity=-1)
        try:
            scene, chosen = choose(quiet, self._wish.selection, self._wish.settings)
            self._note_ground(scene)
            found = self._look(scene, chosen)
        except Exception as error:  # noqa: BLE001 - the round tells it, or ends with it
            return report_of(error).message != self._error or any(path.endswith(_SOURCES) for path in changed)
        mended = bool(self._error) or _broken(scene) != self._broken
        return mended or self._tried.calls_for_round(found, by_hand)

    def _look(self, scene: Scene, chosen: Sequence[StageRef]) -> Sequence["StageStatus"]:
        if not chosen:
            return ()
        with scene.engine() as engine:
            return engine.status(chosen, only=self._wish.only)

    def _note_ground(self, scene: Scene) -> None:
        self._ground = ground_of(self._project, scene)
        self._pool.know(self._ground.files())
        outputs = (
            os.path.join(stage.root, path)
            for stage in scene.stages.values()
            for out in stage.outputs
            for path in out.paths
        )
        self._outputs = frozenset(os.path.relpath(path, self._root) for path in outputs)

    def _is_by_hand(self, path: str) -> bool:
        """Tell whether a path was changed after the last round; what the round wrote may be told of late."""
        try:
            return os.lstat(os.path.join(self._root, path)).st_ctime_ns > self._ended_ns
        except OSError:
            return True

    def _is_there(self, path: str) -> bool:
        return os.path.lexists(os.path.join(self._root, path))

    def _inside(self, paths: Collection[str]) -> set[str]:
        """Spell paths from the project's root; those elsewhere stay as they are."""
        prefix = self._root.rstrip("/") + "/"
        return {path.removeprefix(prefix) for path in paths}

    def _announce(self, changed: Collection[str]) -> None:
        self._event("round_started", round=self._rounds, changed=sorted(changed))
        if changed:
            console = self._session.console()
            console.say(
                f"{console.err.paint('changed:', CYAN)} {one_line(told(changed, self._outputs, self._is_there))}"
            )

    def _say_waiting(self) -> None:
        self._event("waiting", round=self._rounds)
        console = self._session.console()
        console.say(console.err.paint("waiting for changes; Ctrl-C ends", DIM))

    def _tell(self, error: Exception) -> None:
        report = report_of(error)
        self._error = report.message
        self._event("error", code=int(report.code), message=report.message, hint=report.hint)
        tell(error, self._session.console(), self._session.environ)

    def _event(self, name: str, **data: object) -> None:
        if self._wish.as_json:
            console = self._session.console()
            console.data(json.dumps({"event": name, **data}, ensure_ascii=False))
            console.out.flush()
