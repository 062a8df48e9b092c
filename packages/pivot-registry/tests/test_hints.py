"""Annotations, resolved."""

import typing
from typing import Annotated, Any, TypedDict

import pytest

from pivot.registry.hints import Unknown, hints_of


class Base(TypedDict):
    a: "Annotated[int, 1]"


class Derived(Base):
    b: "Annotated[gone.Frame, 2]"  # type: ignore[name-defined]  # noqa: F821


def test_an_unknown_name_spoils_only_what_it_stands_in() -> None:
    def func(a: "int", b: "gone.Frame[int]", c: "list[gone] | None") -> "str": ...  # type: ignore[name-defined]  # noqa: F821

    hints, unknown = hints_of(func)
    assert (hints["a"], hints["return"]) == (int, str)
    assert isinstance(hints["b"], Unknown)
    assert unknown == ("gone",)


def test_what_is_annotated_stays_though_its_type_is_unknown() -> None:
    hints, _ = hints_of(Derived)
    assert [typing.get_args(hints[key])[1] for key in ("a", "b")] == [1, 2]


@pytest.mark.parametrize(
    "annotation",
    [int, None, Any, "int", list[int], list["int"], int | None, Annotated[int, 1], Annotated[None, 1],
     Annotated["int", 1], Annotated[list["int"], 1], Annotated[int, 1] | None],
    ids=str,
)  # fmt: skip
def test_what_is_known_is_what_typing_gives(annotation: Any) -> None:
    def func(a: Any) -> None: ...

    func.__annotations__["a"] = annotation
    assert hints_of(func)[0] == typing.get_type_hints(func, include_extras=True)


def test_annotations_that_are_no_type_hints_are_none() -> None:
    @typing.no_type_check
    def func(a: Annotated[int, 1]) -> None: ...

    assert hints_of(func)[0] == {}


@pytest.mark.parametrize("text", ["gone | None", "None | gone", "gone.a.b['c'](1)", "gone | gone"])
def test_anything_can_be_asked_of_an_unknown_name(text: str) -> None:
    def func(a: Any) -> None: ...

    func.__annotations__["a"] = text
    hints, unknown = hints_of(func)
    assert unknown == ("gone",) or unknown == ("gone", "gone")
    assert "Unknown" in repr(hints["a"])


def test_an_expression_that_fails_is_unknown() -> None:
    def func(a: "1 / 0", b: "int") -> None: ...  # type: ignore[valid-type]

    hints, _ = hints_of(func)
    assert isinstance(hints["a"], Unknown)
    assert hints["b"] is int


def test_an_unknown_name_has_no_special_attributes() -> None:
    with pytest.raises(AttributeError):
        Unknown().__origin__  # noqa: B018


def test_a_variable_that_is_not_bound_yet_is_unknown() -> None:
    def func(a: "later") -> None:  # type: ignore[valid-type]
        return print(later)

    hints, _ = hints_of(func)
    later = int
    assert isinstance(hints["a"], Unknown)
    assert hints_of(func)[0]["a"] is later


def test_what_is_no_text_is_taken_as_it_is() -> None:
    def func(a: Annotated["gone", 1], b: "gone") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert typing.get_args(hints_of(func)[0]["a"])[1] == 1
