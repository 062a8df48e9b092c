# ruff: noqa: E501  (one case, one line)
# fmt: off
"""Edits that change how the code looks and not what it does."""

GROUP = "cosmetics"

CODE = '''
import math
import json

RATE = 0.5

def helper(x, scale=2):
    """Double."""
    total = x * scale  # twice
    return total + math.floor(RATE)

def unused():
    return json.dumps(1)

class Table:
    """Rows."""

    def rows(self):
        """All."""
        return [1, 2]

def value():
    return helper(3), Table().rows(), "text"
'''

CASES = [
    ("fresh", "a comment is added", CODE, ("RATE = 0.5", "RATE = 0.5  # of growth")),
    ("fresh", "a comment is edited", CODE, ("# twice", "# two times")),
    ("fresh", "a comment is removed", CODE, ("  # twice", "")),
    ("fresh", "a comment above a function", CODE, ("def helper", "# the helper\n# of all\ndef helper")),
    ("fresh", "blank lines", CODE, ("def unused", "\n\n\ndef unused"), ("    return total", "\n    return total")),
    ("fresh", "lines above move everything down", CODE, ("import math", "# 1\n# 2\n# 3\n\nimport math")),
    ("fresh", "quotes", CODE, ('"text"', "'text'")),
    ("fresh", "triple quotes", CODE, ('"text"', '"""text"""')),
    ("fresh", "a string in two pieces", CODE, ('"text"', '"te" "xt"')),
    ("fresh", "a raw string with the same content", CODE, ('"text"', 'r"text"')),
    ("fresh", "the u prefix of a string", CODE, ('"text"', 'u"text"')),
    ("fresh", "an escape for the same letter", CODE, ('"text"', '"te\\x78t"')),
    ("fresh", "parentheses", CODE, ("x * scale", "(x * scale)")),
    ("reruns", "parentheses that matter", "def value(): return 1 + 2 * 3", ("1 + 2 * 3", "(1 + 2) * 3")),
    ("fresh", "a line break", CODE, ("helper(3), Table", "(\n        helper(3)), Table")),
    ("fresh", "a backslash", CODE, ("total + math", "total \\\n        + math")),
    ("fresh", "a trailing comma", CODE, ("(x, scale=2)", "(x, scale=2,)")),
    ("fresh", "indentation", "def value():\n    x = 1\n    return x", {"write": {"pipeline.py": "def value():\n  x = 1\n  return x"}}),
    ("fresh", "a semicolon", CODE, ("  # twice\n    return total", "; return total")),
    ("fresh", "white space inside expressions", CODE, ("x * scale", "x*scale"), ("[1, 2]", "[ 1,2 ]")),
    ("fresh", "underscores in a number", "def value(): return 10000", ("10000", "10_000")),
    ("fresh", "a number in hexadecimal", "def value(): return 255", ("255", "0xFF")),
    ("fresh", "the spelling of a float", "def value(): return 0.5", ("0.5", "5e-1")),
    ("fresh", "the order of imports", CODE, ("import math\nimport json", "import json\nimport math")),
    ("fresh", "two imports on one line", CODE, ("import math\nimport json", "import math, json")),
    ("fresh", "an unused import is added", CODE, ("import math", "import math\nimport random")),
    ("fresh", "an unused import is removed", CODE, ("import json\n", ""), ("json.dumps(1)", "1")),
    ("fresh", "a docstring of a helper", CODE, ("Double.", "Twice as much.")),
    ("fresh", "a docstring is added", CODE, ("def unused():", "def unused():\n    'None.'"), ("def value():", "def value():\n    '''The value.'''")),
    ("fresh", "a docstring is removed", CODE, ('    """Double."""\n', "")),
    ("fresh", "a docstring of a class", CODE, ("Rows.", "Rows of it.")),
    ("fresh", "a docstring of a method", CODE, ("All.", "All of them.")),
    ("fresh", "a docstring of a module", {"pipeline.py": "import helpers\ndef value(): return helpers.f()", "helpers.py": "'''Help.'''\ndef f(): return 1"}, ("helpers.py", "Help.", "More help.")),
    ("reruns", "a docstring that the stage reads", "def helper():\n    '''One.'''\ndef value(): return helper.__doc__", ("One.", "Two.")),
    ("reruns", "a docstring that the stage reads with inspect", "import inspect\ndef helper():\n    '''One.'''\ndef value(): return inspect.getdoc(helper)", ("One.", "Two.")),
    ("reruns", "a string that only looks like a docstring", "def value():\n    x = '''One.'''\n    return x", ("One.", "Two.")),
    ("fresh", "an annotation of a helper", CODE, ("(x, scale=2)", "(x: int, scale: int = 2) -> int")),
    ("fresh", "an annotation of a local variable", CODE, ("total = x", "total: float = x")),
    ("fresh", "the name in an annotation of a helper", "class A: pass\nclass B: pass\ndef helper(x: A): return 1\ndef value(): return helper(None)", ("x: A", "x: B")),
    ("reruns", "an annotation that the stage reads", "def helper(x: int): return 1\ndef value(): return {k: v.__name__ for k, v in helper.__annotations__.items()}", ("x: int", "x: str")),
    ("reruns", "an annotation that is read with get_type_hints", "import typing\ndef helper(x: int): return 1\ndef value(): return str(typing.get_type_hints(helper))", ("x: int", "x: str")),
    ("reruns", "a signature that is read with inspect", "import inspect\ndef helper(x: int): return 1\ndef value(): return str(inspect.signature(helper))", ("x: int", "x: str")),
    ("fresh", "a function moves within its file", "def a(): return 1\ndef b(): return 2\ndef value(): return a() + b()", {"write": {"pipeline.py": "def b(): return 2\ndef a(): return 1\ndef value(): return a() + b()"}}),
    ("fresh", "a function moves below the stage", "def a(): return 1\ndef value(): return a()", {"write": {"pipeline.py": "def value(): return a()\ndef a(): return 1"}}),
    ("fresh", "constants exchange places", "A = 1\nB = 2\ndef value(): return A + B", ("A = 1\nB = 2", "B = 2\nA = 1")),
    ("fresh", "the whole file is reformatted", CODE, {"reformat": "pipeline.py"}),
    ("fresh", "a helper's file is reformatted", {"pipeline.py": "import helpers\ndef value(): return helpers.f(1)", "helpers.py": CODE + "\ndef f(x):\n    return (helper( x ) ,\n      'a')\n"}, {"reformat": "helpers.py"}),
    ("fresh", "line ends become those of Windows", {"pipeline.py": "import helpers\ndef value(): return helpers.f()", "helpers.py": "def f():\n    return 1\n"}, {"write": {"helpers.py": "def f():\r\n    return 1\r\n"}}),
    ("fresh", "a byte order mark", {"pipeline.py": "import helpers\ndef value(): return helpers.f()", "helpers.py": "def f():\n    return 1\n"}, {"write": {"helpers.py": "\ufeffdef f():\n    return 1\n"}}),
    ("fresh", "a declaration of the encoding", {"pipeline.py": "import helpers\ndef value(): return helpers.f()", "helpers.py": "def f():\n    return 1\n"}, {"write": {"helpers.py": "# -*- coding: utf-8 -*-\ndef f():\n    return 1\n"}}),
    ("fresh", "tabs", {"pipeline.py": "import helpers\ndef value(): return helpers.f()", "helpers.py": "def f():\n    return 1\n"}, {"write": {"helpers.py": "def f():\n\treturn 1\n"}}),
    ("fresh", "a type comment", CODE, ("RATE = 0.5", "RATE = 0.5  # type: float")),
    ("fresh", "what only type checkers import", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import decimal\ndef value(): return 1", ("import decimal", "import fractions")),
    ("fresh", "what only type checkers import is added", "def value(): return 1", ("def value", "import typing\nif typing.TYPE_CHECKING:\n    import decimal\n\ndef value")),
    ("fresh", "what runs only as a script", "def value(): return 1\nif __name__ == '__main__':\n    print(1)", ("print(1)", "print(2)")),
    ("fresh", "an unused constant", "UNUSED = 1\ndef value(): return 1", ("UNUSED = 1", "UNUSED = 2")),
    ("fresh", "an unused constant is added", "def value(): return 1", ("def value", "UNUSED = 1\n\ndef value")),
    ("fresh", "an unused class", "class A:\n    x = 1\ndef value(): return 1", ("x = 1", "x = 2")),
    ("fresh", "a type alias that nothing evaluates", "from typing import Union\nNumber = Union[int, float]\ndef helper(x: Number): return x\ndef value(): return helper(1)", ("[int, float]", "[int, float, str]")),
    ("fresh", "the public names of the pipeline file", "__all__ = ['value']\ndef value(): return 1", ("['value']", "['value', 'main']")),
    ("fresh", "an unused function of a helper's file", {"pipeline.py": "import helpers\ndef value(): return helpers.f()", "helpers.py": "def f(): return 1\ndef g(): return 2"}, ("helpers.py", "return 2", "return 3")),
    ("fresh", "an unused constant of a helper's file", {"pipeline.py": "from helpers import f\ndef value(): return f()", "helpers.py": "K = 1\ndef f(): return 1"}, ("helpers.py", "K = 1", "K = 2")),
    ("fresh", "a file that nothing imports", {"pipeline.py": "def value(): return 1", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("fresh", "a file that nothing imports no longer parses", {"pipeline.py": "def value(): return 1", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return (")),
    ("fresh", "a new file", "def value(): return 1", {"write": {"helpers.py": "def f(): return 1"}}),
    ("may", "the same value spelled as a product", "def value(): return 3600", ("3600", "60 * 60")),
    ("may", "a pass that does nothing", "def value():\n    return 1", ("    return 1", "    pass\n    return 1")),
    ("may", "an else after a return", "def value():\n    if True: return 1\n    return 2", ("    return 2", "    else: return 2")),
    ("may", "an alias of an import", "import math\ndef value(): return math.floor(1.5)", {"write": {"pipeline.py": "import math as m\ndef value(): return m.floor(1.5)"}}),
    ("may", "an import of a name instead of the module", "import math\ndef value(): return math.floor(1.5)", {"write": {"pipeline.py": "from math import floor\ndef value(): return floor(1.5)"}}),
    ("may", "a helper moves to another file", {"pipeline.py": "def f(): return 1\ndef value(): return f()"}, {"write": {"pipeline.py": "from helpers import f\ndef value(): return f()", "helpers.py": "def f(): return 1"}}),
    ("reruns", "a source that the stage reads with inspect", "import inspect\ndef helper():\n    return 1\ndef value(): return inspect.getsource(helper)", ("return 1", "return 1  # one")),
    ("reruns", "a line number that the stage reads", "def helper(): return 1\ndef value(): return helper.__code__.co_firstlineno", ("def helper", "# a line\ndef helper")),
    ("reruns", "a bare string becomes bytes", "def value(): return 'a'", ("'a'", "b'a'")),
    ("reruns", "an integer becomes a float", "def value(): return 1", ("return 1", "return 1.0")),
    ("reruns", "an integer becomes a boolean", "def value(): return 1", ("return 1", "return True")),
    ("reruns", "a space inside a string", "def value(): return 'a b'", ("a b", "a  b")),
    ("reruns", "a comma makes a tuple", "def value(): return (1)", ("(1)", "(1,)")),
    ("reruns", "letters move between two strings", "def value(): return ('ab', 'c')", ("'ab', 'c'", "'a', 'bc'")),
    ("reruns", "zero loses its sign", "def value(): return -0.0", ("-0.0", "0.0")),
]
