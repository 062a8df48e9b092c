"""The project as a command sees it: opened once, at the edge, and handed down whole."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pivot.cli.console import Console
from pivot.cli.scope import Scope, is_marked, scope_of
from pivot.cli.session import Session
from pivot.cli.setting import Overrides, overrides_of
from pivot.cli.spelling import Spelling
from pivot.cli.targets import Targets
from pivot.cli.text import count
from pivot.registry.definition import PipelineView, StageDefinition
from pivot.registry.errors import DefinitionError
from pivot.registry.types import StageRef

if TYPE_CHECKING:
    from pivot.discovery import Project
    from pivot.engine import Engine, EngineSettings, Runners, Sink

BeforeLoading = Callable[["Project"], None]
"""What is to be done while nothing of the user's is loaded."""

WARNED = 3
"""So many broken pipelines are told of; of the others only that there are some."""


class Selection(NamedTuple):
    """Which stages the words of a command ask for."""

    words: tuple[str, ...] = ()
    everything: bool = False
    """`--all`: the whole project, from anywhere."""


class Scene:
    """A project with all its pipelines, and the directory that a command is about."""

    def __init__(
        self,
        project: "Project",
        start: Path,
        scope: Scope,
        views: Mapping[Path, PipelineView],
        broken: Mapping[Path, DefinitionError],
        runners: "Runners | None" = None,
    ) -> None:
        """`views` are by pipeline file, as is why those that are `broken` could not be loaded.

        `runners` give a run workers that outlive it; None: it has its own.
        """
        self.project, self.start, self.scope = project, start, scope
        self.views, self.broken, self.runners = views, broken, runners

    def served_by(self, runners: "Runners") -> "Scene":
        """Give the same with workers that outlive a run."""
        return Scene(self.project, self.start, self.scope, self.views, self.broken, runners)

    @cached_property
    def stages(self) -> Mapping[StageRef, StageDefinition]:
        """All stages of the project."""
        return {stage.ref: stage for view in self.views.values() for stage in view.definitions()}

    @cached_property
    def near(self) -> Sequence[StageRef]:
        """The stages that are meant when none is named."""
        meant = (view for file, view in self.views.items() if self.scope.covers(file))
        return list(dict.fromkeys(stage.ref for view in meant for stage in view.definitions()))

    @cached_property
    def spelling(self) -> Spelling:
        """How to write each stage."""
        return Spelling(self.stages)

    @property
    def targets(self) -> Targets:
        """What words name here."""
        return Targets(self.stages, self.start, self.near)

    def select(self, selection: Selection) -> Sequence[StageRef]:
        """Give the stages that are asked for.

        Raises:
            DefinitionError: a word names nothing; what is meant cannot be loaded; there is no pipeline.
        """
        if selection.everything and selection.words:
            raise DefinitionError("--all and names exclude each other", hint="Leave out one of them.")
        if selection.words:
            return self._named(selection.words)
        self._refuse_broken(everything=selection.everything)
        if not self.views:
            raise self._nothing_found()
        return list(self.stages) if selection.everything else self.near

    def _named(self, words: tuple[str, ...]) -> Sequence[StageRef]:
        with self._naming():
            return self.targets.find(words)

    def overrides(self, settings: Sequence[str]) -> Overrides:
        """Read what `--set` says. Raises DefinitionError: a word names nothing."""
        with self._naming():
            return overrides_of(settings, self.stages, self.targets)

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except DefinitionError:
            # The name may well be in a pipeline that cannot be loaded: that is what has to be mended first.
            self._refuse_broken(everything=True)
            raise

    def _refuse_broken(self, *, everything: bool) -> None:
        for file, error in self.broken.items():
            if everything or self.scope.covers(file):
                raise error

    def _nothing_found(self) -> DefinitionError:
        root = self.project.root
        above = "" if self.start == root else f", in a directory above it up to {root}"
        return DefinitionError(
            f"no pipeline in {self.start}{above}, or below it",
            hint="Write a pipeline.py or pivot.yaml, or make an example: pivot init --template minimal.",
        )

    def settings(self) -> "EngineSettings":
        """Translate the project's configuration for the engine."""
        from pivot.cache import CacheRoot, Link
        from pivot.engine import EngineSettings

        config = self.project.config
        return EngineSettings(
            project_root=self.project.root,
            cache_root=CacheRoot(self.project.cache_dir),
            link=tuple(Link(way) for way in config.cache.link),
            durability=config.cache.durability,
            shared=config.cache.shared,
            jobs=config.run.jobs,
            lock_timeout=config.run.lock_timeout,
            observe=config.identity.observe,
            keep_runs=config.run.keep_runs,
            resources=config.run.resources,
            retries=config.run.retries or 0,
            timeout=config.run.timeout,
        )

    @contextmanager
    def engine(self, sink: "Sink | None" = None) -> Iterator["Engine"]:
        """Open the engine on all pipelines of the project; targets select."""
        from pivot.engine import Engine

        views = tuple(self.views.values())
        environ = self.project.environ
        settings = self.settings()
        with Engine(pipelines=views, settings=settings, sink=sink, environ=environ, runners=self.runners) as engine:
            yield engine


def project_at(start: Path, environ: Mapping[str, str]) -> "Project":
    """Find the project around a directory.

    Raises:
        DefinitionError: there is no project. Looking for pipelines loads what is found, so it is not done in a home
            or a temporary directory that nobody has called a project.
    """
    from pivot.discovery import open_project, pipeline_files_in

    project = open_project(start, environ)
    if "PIVOT_PROJECT_ROOT" not in environ and not is_marked(project.root, pipeline_files_in):
        raise DefinitionError(
            f"{start} is in no project: neither it nor a directory above has a pipeline.py, pivot.yaml, .pivot or .git",
            hint="Change to your project, or make this directory one: pivot init.",
        )
    return project


def open_scene(
    session: Session, overrides: Overrides | None = None, before_loading: BeforeLoading = lambda _: None
) -> Scene:
    """Find the project around the session's directory, and all pipelines in it.

    `before_loading` is called each time before a pipeline is loaded.

    Raises:
        DefinitionError: there is no project.
    """
    start = session.start()
    from pivot.discovery import pipeline_files_in, views

    project = project_at(start, session.environ)
    found = views(project, overrides=overrides, before_loading=lambda: before_loading(project))
    return Scene(project, start, scope_of(start, project.root, pipeline_files_in), found.views, found.errors)


def choose(
    session: Session,
    selection: Selection,
    settings: Sequence[str] = (),
    before_loading: BeforeLoading = lambda _: None,
) -> tuple[Scene, Sequence[StageRef]]:
    """Open the project and give the stages that are asked for; warn of pipelines that are broken and were not.

    With settings (`stage.key=value`), the stages have these parameters.
    """
    scene = open_scene(session, before_loading=before_loading)
    if settings:
        # Twice: only the stages say what `train` in `train.rate=0.2` means.
        scene = open_scene(session, scene.overrides(settings), before_loading)
    chosen = scene.select(selection)
    _warn(session.console(), list(scene.broken.values()))
    return scene, chosen


def _warn(console: Console, broken: Sequence[DefinitionError]) -> None:
    for error in broken[:WARNED]:
        console.warn(f"left out, because it cannot be loaded: {error.where}: {error.what}", error.hint)
    if len(broken) > WARNED:
        console.warn(f"{count(len(broken) - WARNED, 'other pipeline file')} cannot be loaded", "See `pivot doctor`.")


def stage_names(session: Session) -> list[str]:
    """List how the stages of the project are written; none if there is anything wrong."""
    try:
        scene = open_scene(session)
        return sorted(map(scene.spelling, scene.stages))
    except Exception:  # noqa: BLE001 - completion must not disturb the line that is being typed
        return []
