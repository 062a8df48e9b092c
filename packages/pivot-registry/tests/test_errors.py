"""What can go wrong for a person."""

from pivot.registry.definition import Output, OutputKind
from pivot.registry.errors import DefinitionError
from pivot.registry.types import PipelineName, StageName, StageRef


def test_an_error_says_where_what_and_what_next() -> None:
    assert str(DefinitionError("no", where="a.py:3", hint="Do it.")) == "a.py:3: no\n  hint: Do it."
    assert str(DefinitionError("no")) == "no"


def test_a_reference_is_written_with_a_colon() -> None:
    assert str(StageRef(PipelineName("b"), StageName("train"))) == "b:train"


def test_every_output_but_a_metric_is_cached() -> None:
    assert [kind for kind in OutputKind if not Output("a", ("a",), kind).cached] == [OutputKind.METRIC]
