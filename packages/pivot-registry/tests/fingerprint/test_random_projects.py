"""Random small projects and random edits: whenever a clean run gives another output, the identity is another."""

import importlib.util
import os
import sys
import tempfile
import types
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def _load(name: str) -> types.ModuleType:
    path = Path(__file__).parents[1] / "cases" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"pivot_cases_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


library, driver = _load("library"), _load("driver")
pytestmark = pytest.mark.unmeasured

MODULES, NAMES = 4, 3


class Binding(NamedTuple):
    """One statement of a module: `m1.b2 = <expression>`, as a constant, function, class, table or by mutation."""

    form: str
    number: int
    reads: tuple[tuple[int, int, str], ...]
    """(module, name, how it is reached)."""


FORMS = ("constant", "function", "default", "class", "table", "lambda", "decorated", "added", "conditional")
REACHED = ("from", "module", "alias", "local", "dunder", "star", "getattr")

Module = tuple[Binding, ...]
"""`b0`, `b1`, ... of one module. A module reads only modules of higher numbers."""


def bindings(module: int) -> st.SearchStrategy[Binding]:
    if module == MODULES - 1:
        return st.builds(Binding, st.sampled_from(FORMS), st.integers(0, 9), st.just(()))
    read = st.tuples(st.integers(module + 1, MODULES - 1), st.integers(0, NAMES - 1), st.sampled_from(REACHED))
    return st.builds(Binding, st.sampled_from(FORMS), st.integers(0, 9), st.lists(read, max_size=3).map(tuple))


PROJECTS = st.tuples(*(st.tuples(*[bindings(module)] * NAMES) for module in range(MODULES)))
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("binding"), st.integers(0, MODULES - 1), st.integers(0, NAMES - 1), st.integers(0, 9)),
        st.tuples(st.just("form"), st.integers(0, MODULES - 1), st.integers(0, NAMES - 1), st.sampled_from(FORMS)),
        st.tuples(st.just("reads"), st.integers(0, MODULES - 1), st.integers(0, NAMES - 1), st.none()),
        st.tuples(st.just("append"), st.integers(0, MODULES - 1), st.integers(0, NAMES - 1), st.integers(0, 9)),
        st.tuples(st.just("patch"), st.integers(0, MODULES - 2), st.integers(0, NAMES - 1), st.integers(0, 9)),
    ),
    min_size=1,
    max_size=2,
)
COSMETICS = st.sampled_from(["# said\n\n\n{}", "'''A module.'''\n{}", "{}\n# end\n", "{}\ndef unrelated(): return 1\n"])


def rendered(project: tuple[Module, ...], extra: dict[int, str]) -> dict[str, str]:
    files = {f"m{number}.py": _module(number, module) + extra.get(number, "") for number, module in enumerate(project)}
    return {**files, "pipeline.py": "import m0\n\ndef value():\n    return m0.b0(), m0.b1()\n"}


def _module(number: int, module: Module) -> str:
    reads = sorted({read for binding in module for read in binding.reads if not _is_local(binding, read)})
    lines = [_import(*read) for read in reads if read[2] != "dunder"]
    for name, binding in enumerate(module):
        lines += _statement(f"T{number}", name, binding, " + ".join([str(binding.number), *map(_read, binding.reads)]))
    return "\n".join([f"T{number} = {{}}", *lines]) + "\n"


def _is_local(binding: Binding, read: tuple[int, int, str]) -> bool:
    """Whether a function imports what it reads in its body."""
    return read[2] == "local" and binding.form == "function"


def _import(module: int, name: int, how: str) -> str:
    spelled = {
        "from": f"from m{module} import b{name} as m{module}_b{name}",
        "local": f"from m{module} import b{name} as m{module}_b{name}",
        "alias": f"import m{module} as other{module}",
        "star": f"from m{module} import *\nimport m{module}",
    }
    return spelled.get(how, f"import m{module}")


def _read(read: tuple[int, int, str]) -> str:
    module, name, how = read
    spelled = {
        "from": f"m{module}_b{name}()",
        "local": f"m{module}_b{name}()",
        "alias": f"other{module}.b{name}()",
        "dunder": f"__import__('m{module}').b{name}()",
        "getattr": f"getattr(m{module}, 'b' + '{name}')()",
    }
    return spelled.get(how, f"m{module}.b{name}()")


def _statement(table: str, name: int, binding: Binding, expression: str) -> list[str]:
    local = [f"    {_import(*read)}" for read in binding.reads if _is_local(binding, read)]
    spelled = {
        "constant": [f"K{name} = {expression}", f"def b{name}(): return K{name}"],
        "function": [f"def b{name}():", *local, f"    total = {expression}", "    return total"],
        "default": [f"def b{name}(x={expression}): return x"],
        "class": [f"class B{name}:", f"    x = {expression}", f"def b{name}(): return B{name}().x"],
        "table": [f"{table}['{name}'] = lambda: {expression}", f"def b{name}(): return {table}['{name}']()"],
        "lambda": [f"b{name} = lambda: {expression}"],
        "decorated": [
            f"def d{name}(f): return lambda: f() + {binding.number}",
            f"@d{name}",
            f"def b{name}(): return {expression}",
        ],
        "added": [f"K{name} = [1]", f"K{name}.append({expression})", f"def b{name}(): return K{name}[-1]"],
        "conditional": [
            f"if {binding.number} > 4:",
            f"    def b{name}(): return {expression}",
            "else:",
            f"    def b{name}(): return -1",
        ],
    }
    return spelled[binding.form]


def edited(project: tuple[Module, ...], edits: list[Any]) -> dict[str, str]:
    modules, extra = [list(module) for module in project], {}
    for kind, module, name, what in edits:
        binding = modules[module][name]
        if kind == "binding":
            modules[module][name] = binding._replace(number=what)
        elif kind == "form":
            modules[module][name] = binding._replace(form=what)
        elif kind == "reads":
            modules[module][name] = binding._replace(reads=binding.reads[1:])
        elif kind == "append":
            extra[module] = extra.get(module, "") + f"\ndef b{name}(): return {what}\n"
        else:
            extra[module] = extra.get(module, "") + f"\nimport m{module + 1}\nm{module + 1}.b{name} = lambda: {what}\n"
    return rendered(tuple(tuple(module) for module in modules), extra)


def seen(files: dict[str, str], before: Any = None) -> tuple[Any, Any, Any]:
    """Build and run a project; give the run, what is kept of it, and what the stage is after `before`."""
    with tempfile.TemporaryDirectory() as directory:
        case = library.Case("random", "may", "random", files, ())
        root = library.build(case, Path(directory).resolve() / "project").root
        ran = driver.run(root, {})
        watched = before or driver.watched(root, {}, ran)
        return ran, watched, driver.judge(root, {}, ran, watched)


# PIVOT_EXAMPLES=2000 in the environment makes it so many.
EXAMPLES = int(os.environ.get("PIVOT_EXAMPLES", "25"))
QUICKLY = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), derandomize=True)


@QUICKLY
@given(PROJECTS, EDITS)
def test_whenever_the_output_differs_the_stage_runs_again(project: Any, edits: list[Any]) -> None:
    before, watched, judged = seen(rendered(project, {}))
    after, _, now = seen(edited(project, edits), watched)
    assert before.output == after.output or driver.differences(judged, now)


@QUICKLY
@given(PROJECTS, st.integers(0, MODULES - 1), COSMETICS)
def test_edits_that_say_nothing_rerun_nothing(project: Any, module: int, cosmetic: str) -> None:
    files = rendered(project, {})
    _, watched, judged = seen(files)
    *_, now = seen({**files, f"m{module}.py": cosmetic.format(files[f"m{module}.py"])}, watched)
    widened = any(how in {"getattr", "dunder"} for part in project for binding in part for _, _, how in binding.reads)
    assert driver.differences(judged, now) == [] or (widened and "unrelated" in cosmetic)
