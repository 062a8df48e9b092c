"""One pass for all stages (interim: whole modules)."""

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from blake3 import blake3

from pivot.fingerprint.canonical import Canonical, digest_of
from pivot.fingerprint.imports import ImportPath
from pivot.fingerprint.roots import Root
from pivot.fingerprint.summaries import Summaries
from pivot.registry.definition import Entry, Manifest


class Options(NamedTuple):
    environment: Literal["versions", "off", "content"] = "versions"


class AnalysisInputs(NamedTuple):
    files: tuple[str, ...] = ()
    probed: tuple[tuple[str, str], ...] = ()
    environment: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()


def analyse(
    roots: Mapping[str, Root],
    imports: ImportPath,
    summaries: Summaries,
    environ: Mapping[str, str],
    options: Options = Options(),  # noqa: B008
    observed: Mapping[str, Iterable[str]] = {},
    import_facts: Iterable[object] = (),
) -> "Analysis":
    return Analysis(roots, imports)


class Analysis:
    def __init__(self, roots: Mapping[str, Root], imports: ImportPath) -> None:
        self._roots = roots
        self._imports = imports
        self._modules: dict[str, tuple[dict[str, tuple[str, int, str]], set[str], str]] = {}

    def _module(self, name: str):  # type: ignore[no-untyped-def]
        if name not in self._modules:
            file = self._imports.find(name)
            entries: dict[str, tuple[str, int, str]] = {}
            reached: set[str] = set()
            if file is not None and "/pivot/" not in file:
                text = Path(file).read_text()
                package = name if file.endswith("__init__.py") else name.rpartition(".")[0]
                tree = ast.parse(text)
                for node in ast.walk(tree):
                    if isinstance(node, ast.Import):
                        reached.update(a.name for a in node.names)
                    elif isinstance(node, ast.ImportFrom):
                        parts = package.split(".")
                        base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
                        module = ".".join(filter(None, [base, node.module or ""]))
                        reached.add(module)
                        reached.update(f"{module}.{a.name}" for a in node.names)
                for index, node in enumerate(tree.body):
                    writer = Canonical()
                    writer.statements([node])
                    key = getattr(node, "name", f"line {index}")
                    entries[key] = (digest_of(writer.out).hex(), node.lineno, ast.get_source_segment(text, node) or "")
            self._modules[name] = (entries, reached, file or "")
        return self._modules[name]

    def _closure(self, module: str) -> list[str]:
        seen: list[str] = []
        todo = [module]
        while todo:
            name = todo.pop()
            if name and name not in seen and self._imports.find(name):
                seen.append(name)
                todo += [*self._module(name)[1], name.rpartition(".")[0]]
        return seen

    def knows(self, stage: str) -> bool:
        return self._imports.find(self._roots[stage].module) is not None

    def manifest(self, stage: str) -> Manifest:
        root = self._roots[stage]
        entries = {}
        for name in self._closure(root.module):
            for key, (code, line, _) in self._module(name)[0].items():
                if code:
                    entries[f"{self._imports.label(name)}.{key}"] = Entry(code, f"{name}:{line}")
        entries |= {f"value {label}": Entry(value) for label, value in root.values}
        entries["start"] = Entry(root.qualname)
        return Manifest(entries, start=f"{self._imports.label(root.module)}.{root.qualname}")

    def code(self, stage: str) -> str:
        entries = self.manifest(stage).entries
        return blake3("\n".join(f"{k} {entries[k].hash}" for k in sorted(entries)).encode()).hexdigest()

    def sources(self, hashes: Iterable[str]) -> Mapping[str, str]:
        wanted = set(hashes)
        found = [entry for module in self._modules.values() for entry in module[0].values()]
        return {code: text for code, _, text in found if code in wanted}

    def inputs(self) -> AnalysisInputs:
        return AnalysisInputs(tuple(sorted(file for _, _, file in self._modules.values() if file)))

    def module_code(self, module: str) -> str:
        return ""

    def import_nondeterminism(self, module: str) -> list[str]:
        return []
