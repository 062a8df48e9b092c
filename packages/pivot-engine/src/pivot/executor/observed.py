"""What a run used without declaring it: turn it into facts, and look at them again before the next run."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from blake3 import blake3

from pivot.executor.trace import Seen
from pivot.executor.workspace import Workspace
from pivot.fingerprint.observed import LEADS, Observed, directory_hash, environment_hash, listing
from pivot.registry.types import PipelineName

CodeOf = Callable[[Iterable[str]], Mapping[str, str]]
Identify = Callable[[PipelineName, Sequence[str]], Mapping[str, str]]
"""Says what code of a pipeline is now, as `PipelineView.code_of` does. Only the coordinator knows."""


class KnownCode:
    """Tells what code is now: asks for each name once, and remembers."""

    def __init__(self, ask: Callable[[Sequence[str]], Mapping[str, str]], known: Mapping[str, str] = {}) -> None:
        self._ask = ask
        self.known = dict(known)

    def __call__(self, names: Iterable[str]) -> Mapping[str, str]:
        wanted = tuple(names)
        new = [name for name in wanted if name not in self.known]
        if new:
            self.known.update(self._ask(new))
        return {name: self.known.get(name, "absent") for name in wanted}


class Observer:
    """Knows how to look at undeclared files, directories, variables and code."""

    def __init__(
        self,
        project_root: Path,
        workspace: Workspace,
        environ: Mapping[str, str],
        code_of: CodeOf,
        outputs: frozenset[str] = frozenset(),
    ) -> None:
        self._root = project_root
        self._workspace = workspace
        self._environ = environ
        self._code_of = code_of
        self._outputs = outputs
        """Declared outputs, project-relative: that another stage has made its output is no change of a directory."""

    def again(self, seen: Seen) -> Seen:
        """Look at the same names once more."""
        if not seen:
            return seen
        code = dict(self._code_of(seen.code)) if seen.code else {}
        return Seen(
            files=self._files(seen.files),
            directories={path: self._names(path) for path in seen.directories},
            present=self._existing(seen.present, there=True) if seen.present else (),
            missing=self._existing(seen.missing, there=False) if seen.missing else (),
            environment={name: environment_hash(name, self._environ) for name in seen.environment},
            code=code,
        )

    def first(self, observed: Observed) -> Seen:
        """Turn what a run has just used into facts; see `code` for the code."""
        files, directories, present, missing, environment = observed[:5]
        return Seen(
            files=self._files(files) if files else {},
            directories={path: self._names(path) for path in directories},
            # Not what stages make: whether it is there already depends on what ran before.
            present=tuple([path for path in present if path not in self._outputs]),
            missing=tuple([path for path in missing if path not in self._outputs]),
            environment=environment,
        )

    def code(self, names: Iterable[str]) -> dict[str, str]:
        """Identify code that a run has just used; not what is gone already."""
        return {name: code for name, code in self._code_of(names).items() if code != "absent"}

    def _files(self, paths: Iterable[str]) -> dict[str, str]:
        contents = {path: self._workspace.content(self._absolute(path)) for path in paths}
        return {path: item.digest for path, item in contents.items() if item is not None}

    def _existing(self, paths: Iterable[str], *, there: bool) -> tuple[str, ...]:
        return tuple([path for path in paths if os.path.exists(self._absolute(path)) == there])

    def _absolute(self, path: str) -> str:
        return os.path.normpath(os.path.join(self._root, path))

    def _names(self, path: str) -> str:
        """Hash the names in a directory, without those that stages declare to make; of a link, what it leads to."""
        if path.endswith(LEADS):
            return directory_hash(self._absolute(path))
        prefix = "" if path == "." else f"{path}/"
        theirs = {name[len(prefix) :] for name in self._outputs if name.startswith(prefix)}
        names = listing(Path(self._absolute(path)), {name.split("/")[0] for name in theirs if "/" not in name})
        return "gone" if names is None else blake3("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()
