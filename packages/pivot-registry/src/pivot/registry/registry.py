"""A registry of stages. There is no global one: `Pipeline` has its own, and whoever wants a bare one makes it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pivot.registry.errors import DefinitionError
from pivot.registry.registration import Registration, RegistryStageInfo
from pivot.registry.stage import stage_info
from pivot.registry.suggest import hint_for
from pivot.registry.types import StateDir


class UnknownStageError(DefinitionError, KeyError):
    """There is no stage of that name."""

    __str__ = DefinitionError.__str__  # KeyError shows a repr


class StageRegistry:
    """Stages by name, in the order of their registration."""

    def __init__(self) -> None:
        self._stages: dict[str, RegistryStageInfo] = {}

    @property
    def stages(self) -> Mapping[str, RegistryStageInfo]:
        """All stages by name, in the order of their registration: a view, not a copy."""
        return MappingProxyType(self._stages)

    def register(
        self,
        func: Callable[..., Any],
        name: str | None = None,
        *,
        state_dir: StateDir | Path | None = None,
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

        `name` is the function's own by default; a `variant` makes it `name@variant`. What `mutex`, `resources`,
        `retries` and `timeout` ask for is told to those who run it. `version`, `ignore` (names of
        helpers that must not count) and `depends` (objects or files that cannot be seen) correct its identity.

        Raises:
            DefinitionError: something about the stage is wrong, or the name is taken.
        """
        told = Registration(
            name=name,
            state_dir=state_dir,
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

    def add(self, info: RegistryStageInfo) -> None:
        """Keep a stage that was put together elsewhere. Raises DefinitionError if its name is taken."""
        if (other := self._stages.get(info["name"])) is not None:
            raise DefinitionError(
                f"stage {info['name']!r} is registered twice: {other['place']} and {info['place']}",
                where=info["place"],
                hint="Give one of them another name: register(..., name=...).",
            )
        self._stages[info["name"]] = info

    def get(self, name: str) -> RegistryStageInfo:
        """Give a registered stage. Raises UnknownStageError."""
        if name not in self._stages:
            raise UnknownStageError(f"there is no stage {name!r}", hint=hint_for(name, self._stages, "stages"))
        return self._stages[name]

    def list_stages(self) -> list[str]:
        """Name all stages, in the order of their registration."""
        return list(self._stages)

    def __contains__(self, name: object) -> bool:
        return name in self._stages

    def __len__(self) -> int:
        return len(self._stages)
