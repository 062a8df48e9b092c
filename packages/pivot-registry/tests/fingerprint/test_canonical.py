# ruff: noqa: E501  (one case, one line)
"""The canonical form: one for one meaning, the same on every Python."""

import pytest
from blake3 import blake3

from pivot.fingerprint.summarise import summarise


def hash_of(source: str) -> str:
    """Hash the forms of all statements."""
    summary = summarise(source.encode("utf-8", "surrogatepass"))
    assert summary.atoms
    forms = [b"|".join([atom.hash, *(each.hash for each in atom.decorators)]) for atom in summary.atoms]
    return blake3(b"\n".join([summary.shell, *forms])).hexdigest()


def details_of(source: str) -> str:
    """Hash all that a summary says."""
    summary = summarise(source.encode("utf-8", "surrogatepass"))
    assert not summary.error
    return blake3(repr(summary.to_data()).encode()).hexdigest()


SAME = [
    ("comments", "x = 1  # one", "x = 1"),
    ("blank lines", "x = 1\n\n\ny = 2", "x = 1\ny = 2"),
    ("quotes", "x = 'a'", 'x = "a"'),
    ("raw strings", r"x = r'\d'", r"x = '\\d'"),
    ("a joined string", "x = 'a' 'b'", "x = 'ab'"),
    ("parentheses", "x = (1 + 2)", "x = 1 + 2"),
    ("line breaks", "f(\n  1,\n  2,\n)", "f(1, 2)"),
    ("a trailing comma", "f(1, 2,)", "f(1, 2)"),
    ("a backslash", "x = 1 + \\\n 2", "x = 1 + 2"),
    ("semicolons", "x = 1; y = 2", "x = 1\ny = 2"),
    ("number literals", "x = 1_000", "x = 1000"),
    ("hexadecimal literals", "x = 0xff", "x = 255"),
    ("float literals", "x = 1e3", "x = 1000.0"),
    ("string escapes", "x = '\\x41'", "x = 'A'"),
    ("a docstring", "def f():\n    'text'\n    return 1", "def f():\n    return 1"),
    ("a changed docstring", "def f():\n    'one'\n    return 1", "def f():\n    'two'\n    return 1"),
    ("a docstring alone", "def f():\n    'text'", "def f(): pass"),
    ("a docstring of a class", "class A:\n    'text'\n    x = 1", "class A:\n    x = 1"),
    ("an ellipsis body", "def f(): ...", "def f(): pass"),
    ("pass", "if x:\n    pass\n    f()", "if x:\n    f()"),
    ("a stray string", "def f():\n    x = 1\n    'note'\n    return x", "def f():\n    x = 1\n    return x"),
    ("annotations of parameters", "def f(x: int) -> str: return x", "def f(x): return x"),
    ("annotations of variables", "def f():\n    x: int = 1\n    return x", "def f():\n    x = 1\n    return x"),
    ("bare annotations", "def f():\n    x: int\n    return 1", "def f():\n    return 1"),
    ("type checking", "if TYPE_CHECKING:\n    import a\nx = 1", "x = 1"),
    ("type checking with else", "if typing.TYPE_CHECKING:\n    x = 1\nelse:\n    x = 2", "x = 2"),
    ("not type checking", "if not TYPE_CHECKING:\n    x = 1", "x = 1"),
    ("pieces of an f-string", "x = f'a' f'{b}' 'c'", "x = f'a{b}c'"),
    ("an empty piece of an f-string", "x = f'{b}' ''", "x = f'{b}'"),
    ("elif", "if a:\n    f()\nelif b:\n    g()", "if a:\n    f()\nelse:\n    if b:\n        g()"),
]

DIFFERENT = [
    ("an integer and a float", "x = 1", "x = 1.0"),
    ("an integer and a boolean", "x = 1", "x = True"),
    ("text and bytes", "x = 'a'", "x = b'a'"),
    ("a number and its text", "x = 1", "x = '1'"),
    ("where text is cut", "f('ab', 'c')", "f('a', 'bc')"),
    ("the order of arguments", "f(a, b)", "f(b, a)"),
    ("keyword and positional", "f(a)", "f(a=a)"),
    ("star arguments", "f(a)", "f(*a)"),
    ("operators", "x = a + b", "x = a - b"),
    ("association", "x = a - (b - c)", "x = a - b - c"),
    ("comparison", "x = a < b", "x = a <= b"),
    ("a chained comparison", "x = a < b < c", "x = (a < b) < c"),
    ("unary operators", "x = -a", "x = +a"),
    ("boolean operators", "x = a and b", "x = a or b"),
    ("list and tuple", "x = [1]", "x = (1,)"),
    ("set and list", "x = {1}", "x = [1]"),
    ("a nested tuple", "x = (1, 2), 3", "x = 1, (2, 3)"),
    ("defaults", "def f(x=1): pass", "def f(x=2): pass"),
    ("which parameter has the default", "def f(x, y=1): pass", "def f(*, x, y=1): pass"),
    ("keyword-only defaults", "def f(*, x=1, y): pass", "def f(*, x, y=1): pass"),
    ("positional-only", "def f(x, /): pass", "def f(x): pass"),
    ("varargs", "def f(*x): pass", "def f(**x): pass"),
    ("async", "async def f(): pass", "def f(): pass"),
    ("the name of a function", "def f(): pass", "def g(): pass"),
    ("a decorator", "@a\ndef f(): pass", "def f(): pass"),
    ("the order of decorators", "@a\n@b\ndef f(): pass", "@b\n@a\ndef f(): pass"),
    ("a base", "class A(B): pass", "class A(C): pass"),
    ("a metaclass", "class A(metaclass=M): pass", "class A(M): pass"),
    ("yield and return", "def f(): yield 1", "def f(): return 1"),
    ("yield from", "def f(): yield from a", "def f(): yield a"),
    ("a global statement", "def f():\n    global x\n    x = 1", "def f():\n    x = 1"),
    ("a comprehension condition", "x = [a for a in b if a]", "x = [a for a in b]"),
    ("a nested comprehension", "x = [a for b in c for a in b]", "x = [a for a in b for b in c]"),
    ("a generator and a list", "x = [a for a in b]", "x = (a for a in b)"),
    ("conversion in an f-string", "x = f'{a!r}'", "x = f'{a!s}'"),
    ("format in an f-string", "x = f'{a:>3}'", "x = f'{a:<3}'"),
    ("an f-string and its text", "x = f'{a}'", "x = '{a}'"),
    ("braces in an f-string", "x = f'{{a}}'", "x = f'{a}'"),
    ("slices", "x = a[1:2]", "x = a[1:]"),
    ("a step", "x = a[::2]", "x = a[:2]"),
    ("an attribute and an item", "x = a.b", "x = a['b']"),
    ("a chain and a call", "x = a.b.c", "x = a.b().c"),
    ("finally", "try:\n    a()\nfinally:\n    b()", "try:\n    a()\nexcept E:\n    b()"),
    ("else of a loop", "for x in y:\n    a()\nelse:\n    b()", "for x in y:\n    a()\n    b()"),
    ("what is in the body", "if a:\n    b()\nc()", "if a:\n    b()\n    c()"),
    ("while and if", "while a: b()", "if a: b()"),
    ("a match pattern", "match a:\n    case 1: b()", "match a:\n    case 2: b()"),
    ("a match guard", "match a:\n    case x if x: b()", "match a:\n    case x: b()"),
    ("a walrus", "f(x := 1)", "f(x, 1)"),
    ("a renamed local", "def f():\n    a = 1\n    return a", "def f():\n    b = 1\n    return b"),
    ("an identifier and a node", "x = BinOp", "x = BinOp()"),
    ("a separator in text", "f('a\x1f', 'b')", "f('a', '\x1fb')"),
    ("the level of an import", "def f(): from .a import b", "def f(): from ..a import b"),
    ("starred assignment", "a, *b = c", "a, b = c"),
    ("an unpacked mapping", "x = {**a}", "x = {a: a}"),
    ("assert with a message", "assert a, 'b'", "assert a"),
    ("raise from", "raise a from b", "raise a"),
    ("augmented and plain", "x += 1", "x = 1"),
    ("a lambda", "x = lambda a: a", "x = lambda a: b"),
    ("except and except star", "try:\n    a()\nexcept E: b()", "try:\n    a()\nexcept* E: b()"),
    ("await", "async def f(): await a", "async def f(): a"),
    ("complex numbers", "x = 1j", "x = 2j"),
    ("surrogates", "x = '\\ud800'", "x = '\\ud801'"),
]

# Equal on every version: whoever changes one of these makes all stages of all projects run again.
GOLDEN = [
    (
        "def f(x: int, /, y=1, *args: str, z=None, **kw) -> str:\n    'Doc.'\n    return f'{x!r:>{y}} and {z=}' 'tail'",
        "b20f17987a25111a39cc0a55dbaadea82bc531ae465ebf9e9486adf0ee3b8ca7",
    ),
    (
        "class A(B, metaclass=M):\n    'Doc.'\n    x: int = 1\n    @property\n    def y(self): return self.x ** 2",
        "850eb069cfbf9d0a7abb5628350b2c5a3b95d8a814ec8d073738d240bbbaa9a6",
    ),
    (
        "async def g():\n    async with a as b, c:\n        async for x in y:\n            yield [z async for z in x if await z]",
        "50ebab4ed815b9e3d00f090e179c854b033a7de72dd8975f0f085d1e640a0467",
    ),
    (
        "try:\n    a()\nexcept* (E, F) as error:\n    raise G from error\nelse:\n    b()\nfinally:\n    c()",
        "a1fdd5ba57d34bc578a8ad6940ba46382d23c3d925a3c06de3405c931b2cab2d",
    ),
    (
        "match x:\n    case {'a': 1, **rest} if rest: pass\n    case [1, *others] | (2 as others): f(others)\n    case P(x=0, y=None): ...\n    case _: del x[1:2, ::3], y.z",
        "e8e7dae4d6cccfdaa81bd18755c86f72b46fd7d9ac34c1681aea0cec0242d148",
    ),
    (
        "def h():\n    nonlocal_ = lambda *a, k=1: (yield)\n    global q\n    q: int = 0x1f\n    while (n := q) and not -n < +1 <= ~2:\n        q += 1.5e3 + 2j\n        continue\n    else:\n        assert q is not None, b'\\x00'",
        "3db90d02cbc343bab043c1500a5872db71dae08c0a5274b25e6f8cbf97c909d7",
    ),
    (
        "from .a.b import c as d, e\nimport f.g, h as i",
        "9afff49ba9a88b76d9a56c0de9fce498aa7d0572762a8bfe1fd0b886d3d3b74e",
    ),
    (
        "x = {**a, 'k': {1, 2}, (): [*b, ...]}\ny = a if b else c\nz = d[e](*f, **g)",
        "a6b00cb82efca89a9825126cdedd8e715919dbaad1cf54ffedc7055be6b7c156",
    ),
    (
        "x = 'é\\ud800\\n' + r'\\d' + '''long\ntext''' + f'{{}}' + f'{a}{b:%Y-%m}{c!s}'",
        "8a5113d0867dc584d5ece02930ff7ee793e5422110327f4ae28665684819ff05",
    ),
    (
        "with (open('a') as f, open('b')):\n    print(*f, sep='', end=''); pass",
        "c20a649fe83e38ba665f5bd42c3a8e3ed7bef6a271db67ba5c6f738d6001da17",
    ),
]


@pytest.mark.parametrize(("what", "one", "other"), SAME, ids=[row[0] for row in SAME])
def test_what_means_the_same_has_one_form(what: str, one: str, other: str) -> None:
    assert hash_of(one) == hash_of(other)


@pytest.mark.parametrize(("what", "one", "other"), DIFFERENT, ids=[row[0] for row in DIFFERENT])
def test_what_means_something_else_has_another_form(what: str, one: str, other: str) -> None:
    assert hash_of(one) != hash_of(other)


@pytest.mark.parametrize(("source", "expected"), GOLDEN)
def test_the_form_is_the_same_on_every_python(source: str, expected: str) -> None:
    assert details_of(source) == expected


def test_integers_beyond_the_limit_of_decimal_text_have_a_form() -> None:
    assert hash_of("x = 0x" + "f" * 5000) != hash_of("x = 0x" + "f" * 5001)


def test_sums_of_thousands_of_terms_have_a_form() -> None:
    assert hash_of("x = " + " + ".join(["a"] * 900)) != hash_of("x = " + " + ".join(["a"] * 901))
