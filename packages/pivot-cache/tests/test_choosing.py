from pivot.cache.choosing import Weighed, choose
from pivot.cache.digest import Kind, Name
from pivot.cache.options import GcOptions
from pivot.cache.report import Gone

SECOND = 1_000_000_000
NOW = 1000 * SECOND


def weighed(letter, used, size=10, kind=Kind.BLOB):
    return Weighed(Name(kind, letter * 64), used * SECOND, size)


A, B, C = weighed("a", 100), weighed("b", 200), weighed("c", 990)


def chosen(*unnamed, total=100, **options):
    found = choose(unnamed, total, NOW, GcOptions(**{"grace": 50.0, **options}))
    return {name.hex[0]: why for name, why in found.items()}


def test_without_a_limit_all_goes_that_is_not_young():
    assert chosen(A, B, C) == {"a": Gone.UNNAMED, "b": Gone.UNNAMED}


def test_an_age_takes_what_was_not_used_for_so_long():
    assert chosen(A, B, C, older_than=850.0) == {"a": Gone.OLD}


def test_an_age_below_the_grace_does_not_take_what_is_young():
    assert chosen(C, older_than=0.0) == {}


def test_a_size_takes_the_least_recently_used_until_the_rest_fits():
    assert chosen(B, A, C, max_size=95) == {"a": Gone.OVER}
    assert chosen(B, A, C, max_size=90) == {"a": Gone.OVER}
    assert chosen(B, A, C, max_size=89) == {"a": Gone.OVER, "b": Gone.OVER}
    assert chosen(B, A, C, max_size=100) == {}


def test_a_size_that_cannot_be_reached_takes_no_more_than_what_may_go():
    assert chosen(A, B, C, max_size=0) == {"a": Gone.OVER, "b": Gone.OVER}


def test_what_goes_for_its_age_counts_for_the_size():
    assert chosen(A, B, max_size=90, older_than=850.0) == {"a": Gone.OLD}
    assert chosen(A, B, max_size=80, older_than=850.0) == {"a": Gone.OLD, "b": Gone.OVER}


def test_a_tree_goes_before_its_members():
    tree, member = weighed("d", 100, kind=Kind.TREE), weighed("a", 100)
    assert chosen(member, tree, max_size=95) == {"d": Gone.OVER}


def test_a_clock_that_was_ahead_protects_nothing_for_ever():
    assert chosen(weighed("a", 9999), grace=-1.0) == {"a": Gone.UNNAMED}
    assert chosen(weighed("a", 9999), grace=0.0) == {}
