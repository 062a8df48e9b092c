"""A pipeline: a name, a root, and stages that keep their state below it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from pivot.pipeline.caller import root_of_caller
from pivot.pipeline.identities import Identities, Surroundings, identities_of
from pivot.pipeline.parts import Part, find, joined, spelled, unknown
from pivot.registry.definition import Manifest, StageDefinition
from pivot.registry.errors import DefinitionError
from pivot.registry.layout import state_dir_of
from pivot.registry.names import pipeline_name
from pivot.registry.registration import Registration, RegistryStageInfo
from pivot.registry.registry import StageRegistry, UnknownStageError
from pivot.registry.stage import stage_info
from pivot.registry.types import PipelineName, StageRef, StateDir

F = TypeVar("F", bound=Callable[..., Any])


class Pipeline:
    """Stages that belong together, with state of their own. Implements `PipelineView`.

    register, stage         add a stage
    include                 take in the stages of another pipeline, with their own state, root and name
    get, list_stages        what there is
    with_params             the same pipeline with other parameters
    definitions, manifest   stages as data, with the identity of their code

    A stage function stays a function: called, it runs, and no engine is involved.
    """

    def __init__(self, name: str, root: str | Path | None = None) -> None:
        """Make an empty pipeline. Its root is the directory of the file that calls this, or `root`."""
        self._name = pipeline_name(name)
        self._root = root_of_caller(root)
        self._state_dir = state_dir_of(self._root)
        self._own = StageRegistry()
        self._included: tuple[Part, ...] = ()
        self._identities: Identities | None = None

    @property
    def name(self) -> PipelineName:
        """Tells it from other pipelines of the project."""
        return self._name

    @property
    def root(self) -> Path:
        """The working directory of its stages; paths are relative to it."""
        return self._root

    @property
    def state_dir(self) -> StateDir:
        """Where the state of its stages lives: `root/.pivot`."""
        return self._state_dir

    def register(
        self,
        func: Callable[..., Any],
        name: str | None = None,
        *,
        params: Any = None,
        mutex: Sequence[str] | str = (),
        resources: Mapping[str, float | str] = {},
        retries: int | None = None,
        timeout: float | str | None = None,
        variant: str | None = None,
        dep_path_overrides: Mapping[str, Any] | None = None,
        out_path_overrides: Mapping[str, Any] | None = None,
        version: str | None = None,
        ignore: Sequence[str] | str = (),
        depends: Iterable[Any] = (),
    ) -> None:
        """Register a function as a stage. Nothing is registered if anything about it is wrong.

        Args:
            func: the function; its annotations say what it reads and writes.
            name: the function's own by default.
            params: a `StageParams`, its class, or a mapping of fields.
            mutex: names of which no two running stages share one; `*` is shared with every stage.
            resources: what it needs while it runs, such as `{"gpu": 1, "memory": "12G"}`; running stages together
                need no more than the project has.
            retries: so many times more it is tried after a failure; by default as often as the run says.
            timeout: seconds, or text such as `10m`, after which it is ended; 0: never; by default as the run says.
            variant: makes the name `name@variant`.
            dep_path_overrides: other paths of inputs, by parameter.
            out_path_overrides: other paths of outputs, by the key in the returned mapping, or `return`.
            version: counts as part of the code: change it to make the stage run again.
            ignore: names of helpers whose code does not count, such as a logger.
            depends: functions, classes, modules, values, or files, that count though they cannot be seen.

        Raises:
            DefinitionError: something about the stage is wrong, or the name is taken.
        """
        told = Registration(
            name=name,
            state_dir=self._state_dir,
            root=self._root,
            params=params,
            mutex=mutex,
            resources=resources,
            retries=retries,
            timeout=timeout,
            variant=variant,
            dep_path_overrides=dep_path_overrides,
            out_path_overrides=out_path_overrides,
            version=version,
            ignore=ignore,
            depends=depends,
        )
        self.add(stage_info(func, told))

    @overload
    def stage(self, func: F, /) -> F: ...
    @overload
    def stage(self, /, **options: Any) -> Callable[[F], F]: ...
    def stage(self, func: F | None = None, /, **options: Any) -> F | Callable[[F], F]:
        """Register the decorated function, with the options of `register`, and leave it as it is."""
        if func is not None:
            self.register(func)
            return func

        def decorate(func: F) -> F:
            self.register(func, **options)
            return func

        return decorate

    def add(self, info: RegistryStageInfo) -> None:
        """Keep a stage that was put together for this pipeline. Raises DefinitionError if its name is taken."""
        self._own.add(info)
        self._identities = None

    def include(self, other: "Pipeline") -> None:
        """Take in the stages that another pipeline has now, and those that it includes; or none, on an error.

        They keep their state, root and name. Including the same pipeline again adds what it has got since.

        Raises:
            DefinitionError: it is this pipeline, or a different one has the same name or root.
        """
        if not isinstance(other, Pipeline):
            raise DefinitionError(f"a {type(other).__qualname__} cannot be included", hint="Include a Pipeline.")
        if other is self:
            raise DefinitionError(f"pipeline {self._name!r} cannot include itself", hint="Include another one.")
        own = self.parts()[0]
        everything = joined((own, *self._included), other.parts())
        self._included = tuple(part for part in everything if part.name != self._name)
        self._identities = None

    def parts(self) -> tuple[Part, ...]:
        """Give its own stages, then those of each included pipeline, as they are now."""
        own, *included = self._looked_up()
        return (own._replace(stages=dict(own.stages)), *included)

    def _looked_up(self) -> tuple[Part, ...]:
        """Give the same without copying ten thousand stages to find one."""
        return (Part(self._name, self._root, self._state_dir, self._own.stages), *self._included)

    def list_stages(self) -> list[str]:
        """Name all stages; `pipeline:stage` for an included one whose name alone is ambiguous."""
        return list(spelled(self._looked_up()))

    def get(self, name: str) -> RegistryStageInfo:
        """Give a registered stage by its name, bare or as `pipeline:stage`. Raises UnknownStageError."""
        parts = self._looked_up()
        if (found := find(parts, name)) is None:
            what, hint = unknown(parts, name)
            raise UnknownStageError(f"{what} in pipeline {self._name!r}", hint=hint)
        return found[0].stages[found[1]]

    def live(self, ref: StageRef) -> RegistryStageInfo:
        """Give a registered stage by its reference. Raises UnknownStageError."""
        pipeline, stage = ref
        if pipeline == self._name and stage in self._own:  # nearly always: a worker asks for each that it runs
            return self._own.get(stage)
        return self.get(f"{pipeline}:{stage}")

    def with_params(self, overrides: Mapping[str, Mapping[str, Any]]) -> "Pipeline":
        """Give the same pipeline with other parameters: `{"train": {"learning_rate": 0.2}}`. This one stays as it is.

        Raises:
            DefinitionError: no such stage or field, or a value that a validator refuses.
        """
        from pivot.pipeline.params import Override, overridden

        return self.with_parts(overridden(self.parts(), [Override(*item) for item in overrides.items()]))

    def with_parts(self, parts: Sequence[Part]) -> "Pipeline":
        """Give the same pipeline with other stages, its own first; for what changes stages as a whole."""
        changed = Pipeline(self._name, self._root)
        for info in parts[0].stages.values():
            changed.add(info)
        changed._included = tuple(parts[1:])
        return changed

    def identities(self, surroundings: Surroundings | None = None) -> Identities:
        """Look at the files as they are now, and identify the code of every stage."""
        self._identities = identities_of(self.parts(), surroundings)
        return self._identities

    def definitions(self, surroundings: Surroundings | None = None) -> Sequence[StageDefinition]:
        """Give every stage as data, those of included pipelines with their own state and root."""
        return self.identities(surroundings).definitions()

    def manifest(self, ref: StageRef) -> Manifest:
        """Name all the code that one stage depends on."""
        return self._identified().manifest(ref)

    def codes(self, ref: StageRef) -> Mapping[str, str]:
        """Hash all the code that one stage depends on, by name."""
        return self._identified().codes(ref)

    def sources(self, hashes: Iterable[str]) -> Mapping[str, str]:
        """Give the source text of the definitions with these hashes, where known."""
        return self._identified().sources(hashes)

    def code_of(self, names: Iterable[str]) -> Mapping[str, str]:
        """Identify code that runs were seen to use."""
        return self._identified().code_of(names)

    def _identified(self) -> Identities:
        """Stay with what `definitions` saw: a manifest must be that of the identity it explains."""
        return self._identities or self.identities()

    def to_mermaid(self) -> str:
        """Draw the stages and what flows between them, as Mermaid text."""
        from pivot.pipeline.drawing import mermaid

        return mermaid(self.parts())

    def __repr__(self) -> str:
        count = len(self._own)
        included = f", including {', '.join(part.name for part in self._included)}" if self._included else ""
        return f"<Pipeline {self._name!r}: {count} stage{'' if count == 1 else 's'}{included}; {self._root}>"

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        from pivot.pipeline.drawing import html

        return html(self.parts())
