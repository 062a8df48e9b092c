# ruff: noqa: E501  (one case, one line)
# fmt: off
"""Functions and how they call each other."""

GROUP = "functions"

TWO = """
def helper():
    return 1

def other():
    return 10

def value():
    return helper()
"""

CASES = [
    ("reruns", "the body of the stage", "def value(): return 1", ("repr(value())", "repr((value(), 2))")),
    ("reruns", "the body of a helper", TWO, ("return 1\n", "return 2\n")),
    ("fresh", "the body of a function that the stage does not use", TWO, ("return 10", "return 20")),
    ("reruns", "a helper of a helper", "def a(): return 1\ndef b(): return a()\ndef c(): return b()\ndef value(): return c()", ("return 1", "return 2")),
    ("reruns", "a default", "def helper(x=1): return x\ndef value(): return helper()", ("x=1", "x=2")),
    ("reruns", "a default given by name", "LIMIT = 1\ndef helper(x=LIMIT): return x\ndef value(): return helper()", ("LIMIT = 1", "LIMIT = 2")),
    ("reruns", "a default given by a call", "def limit(): return 1\ndef helper(x=limit()): return x\ndef value(): return helper()", ("return 1", "return 2")),
    ("reruns", "a keyword default", "def helper(*, x=1): return x\ndef value(): return helper()", ("x=1", "x=2")),
    ("reruns", "a keyword default given by name", "K = 1\ndef helper(*, x=K): return x\ndef value(): return helper()", ("K = 1", "K = 2")),
    ("reruns", "a default of a lambda", "helper = lambda x=1: x\ndef value(): return helper()", ("x=1", "x=2")),
    ("reruns", "the order of parameters", "def helper(a, b): return a - b\ndef value(): return helper(3, 1)", ("(a, b)", "(b, a)")),
    ("reruns", "a nested function", "def value():\n    def inner(): return 1\n    return inner()", ("return 1", "return 2")),
    ("reruns", "a helper that only a nested function calls", "def helper(): return 1\ndef value():\n    def inner(): return helper()\n    return inner()", ("return 1", "return 2")),
    ("reruns", "a helper that only a lambda calls", "def helper(): return 1\ndef value(): return (lambda: helper())()", ("return 1", "return 2")),
    ("reruns", "a helper that only a comprehension calls", "def helper(x): return x + 1\ndef value(): return [helper(x) for x in (1, 2)]", ("x + 1", "x + 2")),
    ("reruns", "a helper that only a generator expression calls", "def helper(x): return x + 1\ndef value(): return sum(helper(x) for x in (1, 2))", ("x + 1", "x + 2")),
    ("reruns", "the condition of a comprehension", "LIMIT = 1\ndef value(): return {x for x in range(5) if x > LIMIT}", ("LIMIT = 1", "LIMIT = 3")),
    ("reruns", "a recursive function", "def down(n): return 0 if n == 0 else down(n - 1) + 1\ndef value(): return down(3)", ("+ 1\n", "+ 2\n")),
    ("reruns", "one of two functions that call each other", "def even(n): return True if n == 0 else odd(n - 1)\ndef odd(n): return False if n == 0 else even(n - 1)\ndef value(): return even(3)", ("return False", "return None")),
    ("reruns", "a generator", "def rows():\n    yield 1\n    yield 2\ndef value(): return list(rows())", ("yield 2", "yield 3")),
    ("reruns", "what a generator delegates to", "def inner(): yield 1\ndef rows(): yield from inner()\ndef value(): return list(rows())", ("yield 1", "yield 2")),
    ("reruns", "a coroutine", "import asyncio\nasync def helper(): return 1\ndef value(): return asyncio.run(helper())", ("return 1", "return 2")),
    ("reruns", "an asynchronous generator", "import asyncio\nasync def rows(): yield 1\nasync def all_(): return [x async for x in rows()]\ndef value(): return asyncio.run(all_())", ("yield 1", "yield 2")),
    ("reruns", "a context manager in a with statement", "import contextlib\n@contextlib.contextmanager\ndef context(): yield 1\ndef value():\n    with context() as x: return x", ("yield 1", "yield 2")),
    ("reruns", "a lambda in a table", "TABLE = {'a': lambda: 1, 'b': lambda: 10}\ndef value(): return TABLE['a']()", ("lambda: 1,", "lambda: 2,")),
    ("may", "another lambda in the same table", "TABLE = {'a': lambda: 1, 'b': lambda: 10}\ndef value(): return TABLE['a']()", ("lambda: 10", "lambda: 20")),
    ("reruns", "a function in a list of steps", "def a(x): return x + 1\ndef b(x): return x * 2\nSTEPS = [a, b]\ndef value():\n    x = 1\n    for step in STEPS: x = step(x)\n    return x", ("x * 2", "x * 3")),
    ("reruns", "the order of steps", "def a(x): return x + 1\ndef b(x): return x * 2\nSTEPS = [a, b]\ndef value():\n    x = 1\n    for step in STEPS: x = step(x)\n    return x", ("[a, b]", "[b, a]")),
    ("reruns", "a function passed as an argument", "def key(x): return -x\ndef value(): return sorted([1, 2], key=key)", ("return -x", "return x")),
    ("reruns", "two functions exchange their bodies", "def a(): return 1\ndef b(): return 2\ndef value(): return a(), b()", {"write": {"pipeline.py": "def a(): return 2\ndef b(): return 1\ndef value(): return a(), b()"}}),
    ("reruns", "a conditional definition", "import sys\nif sys.version_info >= (3,):\n    def helper(): return 1\nelse:\n    def helper(): return 5\ndef value(): return helper()", ("return 1", "return 2")),
    ("reruns", "the condition of a definition", "FAST = True\nif FAST:\n    def helper(): return 1\nelse:\n    def helper(): return 2\ndef value(): return helper()", ("FAST = True", "FAST = False")),
    ("reruns", "a second definition of a name", "def helper(): return 1\ndef helper(): return 2\ndef value(): return helper()", ("return 2", "return 3")),
    ("reruns", "a definition added below that takes the name", "def helper(): return 1\ndef value(): return helper()", ("def value", "def helper(): return 2\ndef value")),
    ("may", "the overridden first definition of a name", "def helper(): return 1\ndef helper(): return 2\ndef value(): return helper()", ("return 1", "return 5")),
    ("reruns", "a helper defined after its user", "def value(): return helper()\ndef helper(): return 1", ("return 1", "return 2")),
    ("reruns", "a name bound by a for loop at the top", "for last in (1, 2): pass\ndef value(): return last", ("(1, 2)", "(1, 3)")),
    ("reruns", "a name bound by a with statement at the top", "import contextlib\nwith contextlib.nullcontext(1) as given: pass\ndef value(): return given", ("nullcontext(1)", "nullcontext(2)")),
    ("reruns", "a name bound by try and except at the top", "try:\n    found = 1 // 1\nexcept ZeroDivisionError:\n    found = 'none'\ndef value(): return found", ("1 // 1", "1 // 0")),
    ("reruns", "a name bound by an assignment expression at the top", "print_it = (n := 1)\ndef value(): return n", ("n := 1", "n := 2")),
    ("reruns", "a name bound by a pattern at the top", "match (1, 2):\n    case (first, _): pass\ndef value(): return first", ("(1, 2)", "(3, 2)")),
    ("reruns", "a name bound by unpacking", "a, *b = 1, 2, 3\ndef value(): return b", ("1, 2, 3", "1, 2, 4")),
    ("reruns", "a global that a called function sets", "K = 0\ndef init():\n    global K\n    K = 1\ninit()\ndef value(): return K", ("K = 1", "K = 2")),
    ("reruns", "a global that the stage's helper sets", "K = 0\ndef init():\n    global K\n    K = 1\ndef value():\n    init()\n    return K", ("K = 1", "K = 2")),
    ("reruns", "a variable of an enclosing function", "def outer():\n    n = 1\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n    return inner()\ndef value(): return outer()", ("n += 1", "n += 2")),
    ("reruns", "an expression in a format string", "def helper(): return 1\ndef value(): return f'{helper()}'", ("return 1", "return 2")),
    ("reruns", "a format specification", "def value(): return f'{1.5:.1f}'", (".1f", ".2f")),
    ("reruns", "the text around a format string", "def value(): return f'a{1}b'", ("}b", "}c")),
    ("reruns", "a guard in a match statement", "def helper(x): return x > 1\ndef value():\n    match 2:\n        case x if helper(x): return 'big'\n        case _: return 'small'", ("x > 1", "x > 2")),
    ("reruns", "a pattern of a match statement", "def value():\n    match {'a': 1}:\n        case {'a': n}: return n\n        case _: return 0", ("{'a': n}", "{'b': n}")),
    ("reruns", "an exception class that is caught", "class A(Exception): pass\nclass B(A): pass\ndef value():\n    try: raise B\n    except A: return 1\n    except Exception: return 2", ("class B(A)", "class B(Exception)")),
    ("reruns", "what finally does", "def value():\n    out = []\n    try: out.append(1)\n    finally: out.append(2)\n    return out", ("append(2)", "append(3)")),
    ("reruns", "an operator", "def value(): return 5 - 3", ("5 - 3", "5 + 3")),
    ("reruns", "a comparison", "def value(): return [x for x in range(3) if x < 2]", ("x < 2", "x <= 2")),
    ("reruns", "the value of an assert message", "def value():\n    try:\n        assert False, 'a'\n    except AssertionError as error: return str(error)", ("'a'", "'b'")),
    ("reruns", "an argument that is unpacked", "ARGS = (1, 2)\ndef add(a, b): return a + b\ndef value(): return add(*ARGS)", ("(1, 2)", "(1, 3)")),
    ("reruns", "keywords that are unpacked", "KW = {'b': 1}\ndef helper(a=0, b=0): return a, b\ndef value(): return helper(**KW)", ("'b': 1", "'a': 1")),
    ("reruns", "a helper far down a chain", "\n".join(["def f0(): return 1"] + [f"def f{n}(): return f{n - 1}()" for n in range(1, 300)]) + "\nimport sys\ndef value():\n    return f299()", ("return 1\n", "return 2\n")),
    ("fresh", "a function is added", TWO, {"replace": ("def other", "def third():\n    return 3\n\ndef other")}),
    ("fresh", "an unused function is removed", TWO, ("def other():\n    return 10\n", "")),
    ("fresh", "an unused function is renamed", TWO, ("def other", "def another")),
    ("may", "a helper is renamed with its uses", TWO, ("helper", "assistant")),
    ("may", "a local variable is renamed", "def value():\n    x = 1\n    return x", {"write": {"pipeline.py": "def value():\n    y = 1\n    return y"}}),
    ("reruns", "a default that a helper changes each time it is called", "def helper(seen=[]):\n    seen.append(1)\n    return len(seen)\ndef value():\n    helper()\n    return helper()", ("append(1)", "extend([1, 1])")),
    ("reruns", "an attribute of a function", "def helper(): return helper.rate\nhelper.rate = 1\ndef value(): return helper()", ("rate = 1", "rate = 2")),
    ("reruns", "a helper that takes the name of a builtin", "def value(): return len([1, 2])", ("def value", "def len(x): return 7\ndef value")),
    ("reruns", "a helper that gave way to the builtin", "def len(x): return 7\ndef value(): return len([1, 2])", ("def len(x): return 7\n", "")),
    ("fresh", "a local variable hides a global", "x = 1\ndef value():\n    x = 2\n    return x", ("x = 1", "x = 5")),
    ("fresh", "a parameter hides a global", "x = 1\ndef helper(x): return x\ndef value(): return helper(2)", ("x = 1", "x = 5")),
    ("fresh", "the variable of a comprehension hides a global", "x = 1\ndef value(): return [x for x in (1, 2)]", ("x = 1", "x = 5")),
    ("reruns", "a global read by the first iterable of a comprehension", "xs = (1, 2)\ndef value(): return [x for x in xs]", ("(1, 2)", "(1, 3)")),
    ("fresh", "a name of a class body hides a global", "x = 1\nclass A:\n    x = 2\n    y = x\ndef value(): return A.y", ("x = 1", "x = 5")),
    ("reruns", "a method reads the global, not the name of its class", "x = 1\nclass A:\n    x = 2\n    def y(self): return x\ndef value(): return A().y()", ("x = 1", "x = 5")),
    ("fresh", "a pattern binds a name that is also a global", "n = 1\ndef value():\n    match 2:\n        case n: return n", ("n = 1", "n = 5")),
    ("fresh", "an exception binds a name that is also a global", "error = 1\ndef value():\n    try: 1 / 0\n    except ZeroDivisionError as error: return str(error)", ("error = 1", "error = 5")),
    ("fresh", "an import in a function hides a global", "math = 1\ndef value():\n    import math\n    return math.floor(2.5)", ("math = 1", "math = 5")),
    ("reruns", "a statement is deleted", "def value():\n    x = [1]\n    x.append(2)\n    return x", ("    x.append(2)\n", "")),
    ("reruns", "two statements change places", "def value():\n    x = [1]\n    x.append(2)\n    x.insert(0, 3)\n    return x", {"write": {"pipeline.py": "def value():\n    x = [1]\n    x.insert(0, 3)\n    x.append(2)\n    return x[::-1]"}}),
    ("reruns", "a statement moves out of a loop", "def value():\n    n = 0\n    for _ in range(3):\n        n += 1\n        n *= 2\n    return n", ("        n *= 2", "    n *= 2")),
]
