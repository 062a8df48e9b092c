"""Draw the graph of stages: as a tree, for mermaid, for graphviz, as JSON."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pivot.cli.answer import answer
from pivot.registry.types import StageRef


class Drawing(NamedTuple):
    """What is drawn."""

    order: Sequence[StageRef]
    """Each stage after what it needs."""
    needs: Mapping[StageRef, Sequence[StageRef]]
    name: Callable[[StageRef], str]
    unicode: bool = False

    def edges(self) -> Iterator[tuple[StageRef, StageRef]]:
        """Give (producer, consumer) pairs."""
        for ref in self.order:
            for need in self.needs[ref]:
                yield need, ref


def tree(drawing: Drawing) -> Iterator[str]:
    """Draw each stage that nobody needs, with what it needs below it; what was drawn before ends with (*)."""
    needed = {need for need, _ in drawing.edges()}
    drawn: set[StageRef] = set()
    for root in (ref for ref in drawing.order if ref not in needed):
        yield from _branch(drawing, root, drawn)


def _branch(drawing: Drawing, root: StageRef, drawn: set[StageRef]) -> Iterator[str]:
    fork, corner, bar = ("├── ", "└── ", "│   ") if drawing.unicode else ("|-- ", "`-- ", "|   ")
    # A stack, not recursion: a chain of stages may be longer than Python's stack.
    stack: list[tuple[StageRef, str, str]] = [(root, "", "")]
    while stack:
        ref, lead, indent = stack.pop()
        known = ref in drawn and drawing.needs[ref]
        yield f"{lead}{drawing.name(ref)}{' (*)' if known else ''}"
        if not known:
            drawn.add(ref)
            below = list(drawing.needs[ref])
            for index in range(len(below) - 1, -1, -1):
                last = index == len(below) - 1
                stack.append((below[index], indent + (corner if last else fork), indent + ("    " if last else bar)))


def mermaid(drawing: Drawing) -> Iterator[str]:
    """Draw for mermaid, one subgraph for each pipeline."""
    ids = {ref: f"s{index}" for index, ref in enumerate(drawing.order)}
    yield "flowchart LR"
    for index, (pipeline, refs) in enumerate(_by_pipeline(drawing)):
        yield f'  subgraph p{index}["{_quoted(pipeline)}"]'
        yield from (f'    {ids[ref]}["{_quoted(ref.stage)}"]' for ref in refs)
        yield "  end"
    yield from (f"  {ids[maker]} --> {ids[user]}" for maker, user in drawing.edges())


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def dot(drawing: Drawing) -> Iterator[str]:
    """Draw for graphviz, one cluster for each pipeline."""
    yield "digraph pivot {"
    yield "  rankdir=LR;"
    for index, (pipeline, refs) in enumerate(_by_pipeline(drawing)):
        yield f"  subgraph cluster_{index} {{"
        yield f"    label={json.dumps(pipeline, ensure_ascii=False)};"
        yield from (f"    {_node(ref)} [label={json.dumps(ref.stage, ensure_ascii=False)}];" for ref in refs)
        yield "  }"
    yield from (f"  {_node(maker)} -> {_node(user)};" for maker, user in drawing.edges())
    yield "}"


def _node(ref: StageRef) -> str:
    return json.dumps(str(ref), ensure_ascii=False)


def _by_pipeline(drawing: Drawing) -> list[tuple[str, list[StageRef]]]:
    groups: dict[str, list[StageRef]] = {}
    for ref in drawing.order:
        groups.setdefault(ref.pipeline, []).append(ref)
    return list(groups.items())


def graph_json(drawing: Drawing) -> Iterator[str]:
    """Give nodes and edges as one JSON object."""
    yield answer(
        nodes=[{"pipeline": ref.pipeline, "stage": ref.stage} for ref in drawing.order],
        edges=[{"from": str(maker), "to": str(user)} for maker, user in drawing.edges()],
    )


FORMATS: Mapping[str, Callable[[Drawing], Iterator[str]]] = {
    "tree": tree,
    "mermaid": mermaid,
    "dot": dot,
    "json": graph_json,
}
