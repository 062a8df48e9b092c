# ruff: noqa: E501  (one case, one line)
"""Docstrings and annotations count where a library may read them, and nowhere else."""

from typing import Any

import pytest

DOCUMENTED = "def helper(x: int):\n    'One.'\n    return x\n"


@pytest.mark.parametrize(
    ("what", "text", "counts"),
    [
        ("a decorator of a library", "import dep\n@dep.tool\n" + DOCUMENTED, (True, True)),
        ("a decorator with arguments", "import dep\n@dep.tool(1)\n" + DOCUMENTED, (True, True)),
        ("a method of a library's object", "import dep\napp = dep.App()\n@app.command()\n" + DOCUMENTED, (True, True)),
        ("a library's object from a helper", "import dep\napp = dep.App()\nother = app.sub()\n@other.go\n" + DOCUMENTED, (True, True)),
        ("handed to a library", "import dep\n" + DOCUMENTED + "TOOL = dep.tool(helper)\ndef use(): return TOOL\n", (True, True)),
        ("a decorator of a silent library", "import numpy\n@numpy.vectorize\n" + DOCUMENTED, (False, False)),
        ("a decorator that checks types", "import pydantic\n@pydantic.thing\n" + DOCUMENTED, (False, True)),
        ("a standard decorator", "import functools\n@functools.cache\n" + DOCUMENTED, (False, False)),
        ("no decorator", DOCUMENTED, (False, False)),
        ("handed to the standard library", "import functools\n" + DOCUMENTED + "P = functools.partial(helper, 1)\n", (False, False)),
    ],
)  # fmt: skip
def test_what_a_library_is_handed_counts_with_its_words(project: Any, what: str, text: str, counts: Any) -> None:
    main = "def main(): return helper(1), globals_free()\ndef globals_free(): return " + (
        "use()" if "def use" in text else "1"
    )
    for name in ("dep", "numpy", "pydantic"):
        project.installed(name, "1.0")
    codes = []
    for edited in (text, text.replace("One.", "Two."), text.replace("x: int", "x: str")):
        codes.append(project.write(f"{edited}\n{main}").code())
    assert (codes[0] != codes[1], codes[0] != codes[2]) == counts


@pytest.mark.parametrize(
    ("head", "counts"),
    [
        ("class A:", False),
        ("import abc\nclass A(abc.ABC):", False),
        ("class A(Exception):", False),
        ("import enum\nclass A(enum.Enum):", False),
        ("class B: pass\nclass A(B):", False),
        ("import dataclasses\n@dataclasses.dataclass\nclass A:", True),
        ("import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass A:", True),
        ("import typing\nclass A(typing.NamedTuple):", True),
        ("import typing\nclass A(typing.TypedDict):", True),
        ("import pydantic\nclass A(pydantic.BaseModel):", True),
        ("import pydantic\nclass B(pydantic.BaseModel): pass\nclass A(B):", True),
        ("import dataclasses\n@dataclasses.dataclass\nclass B: pass\nclass A(B):", True),
        ("class B:\n    def __init_subclass__(cls): pass\nclass A(B):", False),
        ("class M(type):\n    def __new__(m, *a): return type.__new__(m, *a)\nclass A(metaclass=M):", True),
        ("def deco(c): return c\n@deco\nclass A:", True),
        ("class A(A):", False),
    ],
)
def test_annotations_of_attributes_count_where_the_class_is_made_from_them(
    project: Any, head: str, counts: bool
) -> None:
    project.installed("pydantic", "2.0")
    codes = []
    for hint in ("int", "float"):
        codes.append(project.write(f"{head}\n    x: {hint} = 1\ndef main(): return A").code())
    assert (codes[0] != codes[1]) == counts


def test_a_nested_class_counts_with_its_fields(project: Any) -> None:
    text = "import dataclasses\ndef main():\n    @dataclasses.dataclass\n    class A:\n        x: int = 1\n    return A"
    before = project.write(text).code()
    assert project.write(text.replace("int", "float")).code() != before
