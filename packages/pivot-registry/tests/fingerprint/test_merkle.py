"""One hash for each node and all that it reaches."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from pivot.fingerprint.merkle import Merkle
from pivot.fingerprint.world import Expansion, Fact

Graph = Mapping[str, tuple[str, list[str]]]


def hashes(graph: Graph, *starts: str) -> list[bytes]:
    merkle = Merkle(lambda node: Expansion(Fact(node, graph[node][0]), tuple(graph[node][1]), frozenset()))
    return [merkle.add(start) for start in starts]


def test_a_change_is_seen_by_all_that_reach_it_and_by_no_other() -> None:
    graph: dict[str, tuple[str, list[str]]] = {"a": ("", ["b"]), "b": ("1", []), "c": ("", [])}
    before = hashes(graph, "a", "b", "c")
    after = hashes({**graph, "b": ("2", [])}, "a", "b", "c")
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True, False]


def test_all_of_a_cycle_changes_together() -> None:
    graph: dict[str, tuple[str, list[str]]] = {"a": ("", ["b"]), "b": ("", ["c"]), "c": ("1", ["a"])}
    one, two, three = hashes(graph, "a", "b", "c")
    assert one == two == three
    assert hashes({**graph, "c": ("2", ["a"])}, "a") != [one]


def test_exchanged_bodies_differ() -> None:
    assert hashes({"s": ("", ["a", "b"]), "a": ("1", []), "b": ("2", [])}, "s") != hashes(
        {"s": ("", ["a", "b"]), "a": ("2", []), "b": ("1", [])}, "s"
    )


def test_where_one_starts_does_not_matter() -> None:
    graph: dict[str, tuple[str, list[str]]] = {
        "a": ("1", ["b", "c"]),
        "b": ("2", ["a", "d"]),
        "c": ("3", ["d"]),
        "d": ("4", ["d"]),
    }
    forward, backward = hashes(graph, "a", "b", "c", "d"), hashes(graph, "d", "c", "b", "a")
    assert forward == backward[::-1]


def test_a_long_chain_needs_no_recursion() -> None:
    graph = {str(n): ("", [str(n + 1)] if n < 5000 else []) for n in range(5001)}
    assert hashes(graph, "0")
    assert hashes({**graph, "5000": ("", ["0"])}, "0")


def test_nodes_that_say_nothing_are_transparent() -> None:
    def expand(node: str) -> Expansion:
        children = {"a": ("b",), "b": ("c",), "c": ()}[node]
        return Expansion(Fact("c", "1") if node == "c" else None, children, frozenset())

    merkle = Merkle(expand)
    assert merkle.add("a") == merkle.add("c")


def test_flags_are_those_of_all_that_is_reached() -> None:
    flags = {"a": frozenset[str](), "b": frozenset({"docs"}), "c": frozenset({"hints"})}
    children = {"a": ("b",), "b": ("c", "b"), "c": ()}
    merkle = Merkle(lambda node: Expansion(None, children[node], flags[node]))
    merkle.add("a")
    assert merkle.flags == {"a": {"docs", "hints"}, "b": {"docs", "hints"}, "c": {"hints"}}


def test_what_is_reached_comes_nearest_first() -> None:
    children = {"a": ("b", "c"), "b": ("d",), "c": (), "d": ("a",)}
    merkle = Merkle(lambda node: Expansion(Fact(node, "1"), children[node], frozenset()))
    merkle.add("a")
    assert merkle.reached("a") == ["a", "b", "c", "d"]


def test_what_says_nothing_counts_as_reached_only_on_the_way_to_what_does() -> None:
    children = {"a": ("b", "c"), "b": ("d",), "c": ("e",), "d": (), "e": ()}
    merkle = Merkle(lambda node: Expansion(Fact("d", "1") if node == "d" else None, children[node], frozenset()))
    merkle.add("a")
    assert merkle.reached("a") == ["a", "b", "d"]


@given(st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), max_size=3)), st.integers(0, 7))
def test_a_hash_changes_exactly_when_something_reached_changes(edges: dict[int, list[int]], changed: int) -> None:
    graph = {str(n): ("1", [str(m) for m in edges.get(n, [])]) for n in range(8)}
    edited = {**graph, str(changed): ("2", graph[str(changed)][1])}
    starts = [str(n) for n in range(8)]
    for start, one, other in zip(starts, hashes(graph, *starts), hashes(edited, *starts), strict=True):
        reached, todo = {start}, [start]
        while todo:
            new = [child for child in graph[todo.pop()][1] if child not in reached]
            reached.update(new)
            todo += new
        assert (one != other) == (str(changed) in reached)
