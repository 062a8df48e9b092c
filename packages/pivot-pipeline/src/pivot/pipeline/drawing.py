"""Pipelines for people: a graph in Mermaid, a table in HTML."""

import os
from collections.abc import Iterator, Sequence
from html import escape

from pivot.pipeline.parts import Part, spelled
from pivot.registry.paths import overlap


def mermaid(parts: Sequence[Part]) -> str:
    """Draw the stages and what flows between them; each included pipeline is a group."""
    lines = ["flowchart TD"]
    for part in parts:
        nodes = [f'{_node(part, stage)}["{_quoted(stage)}"]' for stage in part.stages]
        if part is parts[0]:
            lines += [f"    {node}" for node in nodes]
        else:
            title = f'    subgraph {_node(part, "")}["{_quoted(part.name)}"]'
            lines += [title, *(f"        {node}" for node in nodes), "    end"]
    lines += [f'    {maker} -->|"{_quoted(path)}"| {user}' for maker, user, path in _flows(parts)]
    return "\n".join(lines) + "\n"


def html(parts: Sequence[Part]) -> str:
    """Show every stage with what it reads and writes, and the graph as text."""
    rows = [
        _row(name, ", ".join(info["deps_paths"]), ", ".join(info["outs_paths"]), info["place"])
        for name, (part, stage) in spelled(parts).items()
        for info in [part.stages[stage]]
    ]
    head = "<tr><th>stage</th><th>reads</th><th>writes</th><th>defined in</th></tr>"
    graph = f"<details><summary>graph (Mermaid)</summary><pre>{escape(mermaid(parts))}</pre></details>"
    title = f"<p>Pipeline <b>{escape(parts[0].name)}</b></p>"
    return f"{title}<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>{graph}"


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _flows(parts: Sequence[Part]) -> Iterator[tuple[str, str, str]]:
    """Give (maker, user, path) for every input that some stage makes."""
    made = [(_absolute(part, path), _node(part, name)) for part, name, path in _paths(parts, "outs_paths")]
    exact = dict(made)
    for part, name, path in _paths(parts, "deps_paths"):
        wanted, user = _absolute(part, path), _node(part, name)
        if (maker := exact.get(wanted)) is not None:
            yield maker, user, path
        else:
            yield from ((maker, user, path) for other, maker in made if overlap(other, wanted))


def _paths(parts: Sequence[Part], which: str) -> Iterator[tuple[Part, str, str]]:
    for part in parts:
        for name, info in part.stages.items():
            paths = info["outs_paths"] if which == "outs_paths" else info["deps_paths"]
            yield from ((part, name, path) for path in paths)


def _absolute(part: Part, path: str) -> str:
    return os.path.normpath(os.path.join(part.root, path)).replace(os.sep, "/")


def _node(part: Part, stage: str) -> str:
    """Make an identifier that Mermaid takes; other characters by their code point, so that no two meet."""
    return "n_" + "".join(
        sign if sign.isascii() and sign.isalnum() else f"_{ord(sign):x}_" for sign in f"{part.name}:{stage}"
    )


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
