"""What a process that runs stages opens once, and keeps warm."""

import gc
import importlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pivot.cache import Cache
from pivot.executor.chance import Chance
from pivot.executor.core import WorkerStageInfo, prepare_worker_info
from pivot.executor.execute import Around, Execution
from pivot.executor.locking import Waiting
from pivot.executor.marks import STAGE
from pivot.executor.observed import Identify
from pivot.executor.task import Done, StageTask, TaskOptions
from pivot.executor.trace import spelled
from pivot.fingerprint.recorder import recorder
from pivot.registry.definition import Origin, StageDefinition
from pivot.registry.recorded import params_data
from pivot.registry.types import StageRef

if TYPE_CHECKING:
    from pivot.registry import RegistryStageInfo


@runtime_checkable
class LivePipelines(Protocol):
    """Gives the functions of stages."""

    def live(self, ref: StageRef) -> "RegistryStageInfo":
        """Give what is registered under a name."""
        ...


class LoadedPipelines(Protocol):
    """What the loader of an `Origin` returns."""

    def get(self, ref: StageRef) -> "RegistryStageInfo":
        """Give what is registered under a name."""
        ...

    def active(self) -> AbstractContextManager[None]:
        """Let imports mean what they mean in the pipeline."""
        ...


class LiveStages:
    """Loads each pipeline once and keeps it: numpy and pandas stay imported."""

    def __init__(self, options: TaskOptions, *, stay: bool = False) -> None:
        """`stay`: what a pipeline expects around it stays in place until a stage of another one is to run."""
        self._options = options
        self._stay = stay
        self._loaded: dict[Origin, LoadedPipelines] = {}
        self._chance = Chance()
        self._around = ExitStack()
        self.active: Origin | None = None
        """The pipeline that has around it what it expects."""

    def __call__(self, task: StageTask) -> AbstractContextManager[WorkerStageInfo]:
        """Give the stage of a task."""
        return nullcontext(self._given(task)) if self._stay else self._lent(task)

    @contextmanager
    def _lent(self, task: StageTask) -> Iterator[WorkerStageInfo]:
        try:
            yield self._given(task)
        finally:
            self.close()

    def _given(self, task: StageTask) -> WorkerStageInfo:
        stage = task.stage
        self._enter(stage.origin if task.info is None else None)
        if task.info is not None:
            return task.info
        assert stage.origin is not None, "a stage without an origin is shipped whole"
        return worker_info(self._loaded[stage.origin].get(stage.ref), stage, self._options, force=task.force)

    def _enter(self, origin: Origin | None) -> None:
        """Have what a pipeline expects around it; None: one that lives in another process."""
        if origin != self.active or origin is None:
            self.close()
            if origin is not None:
                self._around.enter_context(self._load(origin).active())
                self.active = origin
        self._chance.begin(origin)

    def close(self) -> None:
        """Make the process again as it was before."""
        self.active = None
        self._around.close()

    def _load(self, origin: Origin) -> LoadedPipelines:
        if origin not in self._loaded:
            module, _, name = origin.loader.partition(":")
            with _rarely_collecting(), self._chance.loading(origin):
                self._loaded[origin] = getattr(importlib.import_module(module), name)(*origin.args)
            # What a pipeline defines stays for good: the collector need not look through it again and again.
            gc.freeze()
        return self._loaded[origin]


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Load modules, which make much that stays, without looking for garbage all the time."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], 100_000), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def worker_info(
    info: "RegistryStageInfo", stage: StageDefinition, options: TaskOptions, *, force: bool
) -> WorkerStageInfo:
    """Prepare a registered stage with the parameters that were decided on.

    Those that it has are taken as they are: validators have run, and need not like to run again.
    """
    decided = spelled(params_data(info.get("params"), stage.place)) == spelled(stage.params)
    return prepare_worker_info(
        stage_info=info,
        overrides={} if decided else {info["name"]: stage.params},
        checkout_modes=options.settings.link,
        run_id=options.run_id,
        force=force,
        no_commit=options.no_commit,
        no_cache=options.no_cache,
        project_root=options.settings.project_root,
        default_state_dir=stage.state_dir,
    )


def inline_execution(options: TaskOptions, cache: Cache, waiting: Waiting, identify: Identify) -> Execution:
    """Give what runs stages in the coordinator's own process."""
    return Execution(options, cache, recorder(), LiveStages(options), os.environ, waiting, identify)


class WarmExecution:
    """Runs the stages of one run after another, in a process that only does this."""

    def __init__(
        self, options: TaskOptions, waiting: Waiting, identify: Identify, around: Around, invented: frozenset[str]
    ) -> None:
        """`invented` are environment variables that the coordinator has not: nothing is to depend on them."""
        self._cache = options.settings.open_cache()
        recorder().stay()
        recorder().overlook(invented)
        environ = {name: value for name, value in os.environ.items() if name not in invented}
        self._live = LiveStages(options, stay=True)
        self._execution = Execution(
            options, self._cache, recorder(), self._marked, environ, waiting, identify, around, alone=True
        )

    @property
    def spoilt(self) -> bool:
        """Whether a stage did something to this process that cannot be undone."""
        return self._execution.surroundings.spoilt

    def run(self, run: TaskOptions | str, task: StageTask) -> Done:
        """Run one stage of a run: of a new one with its options, then by its name."""
        self._begin(run)
        return self._execution.bring_up_to_date(task)

    def _marked(self, task: StageTask) -> AbstractContextManager[WorkerStageInfo]:
        """Give a stage, and mark what it starts as its own."""
        mark, active = str(task.stage.ref), self._live.active
        os.environ[STAGE] = mark  # for what its pipeline starts when it is loaded
        stage = self._live(task)
        if self._live.active is None or self._live.active is not active:  # code of the user's has been loaded
            self._execution.surroundings.look_anew()
            os.environ[STAGE] = mark  # the variables may be those of another pipeline now
        return stage

    def _begin(self, run: TaskOptions | str) -> None:
        """In each run a pipeline is loaded anew: its code may be other code now.

        All of it, whatever changed: definitions may read any file. What libraries there are stays imported.
        """
        before = self._execution.options
        if run != before.run_id:
            # The name of another run: its options were in a message that could not be read.
            options = before._replace(run_id=run, code_files={}) if isinstance(run, str) else run
            self._live.close()
            self._live = LiveStages(options, stay=True)
            self._execution.renew(options, self._marked)
            importlib.invalidate_caches()
            gc.unfreeze()
            gc.collect()

    def close(self) -> None:
        """Let go of what is held between stages."""
        self._live.close()
        self._execution.close()
        self._cache.close()
