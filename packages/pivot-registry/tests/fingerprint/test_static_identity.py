# ruff: noqa: E501  (one case, one line)
# fmt: off
"""What counts for a stage, from text alone: each case is a small project, an edit, and whether the identity changes."""

from collections.abc import Mapping
from typing import Any

import pytest

HELPERS = {"pipeline.py": "import helpers\ndef main(): return helpers.f()", "helpers.py": "K = 1\ndef f(): return K\ndef g(): return 1"}
REGISTRY = {"pipeline.py": "import reg\nimport plug\ndef main(): return reg.TABLE['a']()", "reg.py": "TABLE = {}\nOTHER = {}\ndef add(table, name):\n    def keep(f):\n        table[name] = f\n        return f\n    return keep", "plug.py": "import reg\n@reg.add(reg.TABLE, 'a')\ndef a(): return 1\n@reg.add(reg.OTHER, 'b')\ndef b(): return 1"}
STAGES = "from pivot.pipeline import Pipeline\npipeline = Pipeline('x')\n"
PACKAGE = {"pipeline.py": "from pack import f\ndef main(): return f()", "pack/__init__.py": "from pack.deep import f, g", "pack/deep/__init__.py": "from .one import f\nfrom .two import g", "pack/deep/one.py": "def f(): return 1", "pack/deep/two.py": "def g(): return 1"}

CHANGES = [
    # Reads
    ("a helper", HELPERS, {"helpers.py": "K = 1\ndef f(): return K + 1\ndef g(): return 1"}),
    ("a constant of a helper", HELPERS, {"helpers.py": "K = 2\ndef f(): return K\ndef g(): return 1"}),
    ("a nested helper's constant", "K = 1\ndef main():\n    def inner():\n        def deepest(): return K\n        return deepest()\n    return inner()", ("K = 1", "K = 2")),
    ("a default by name", "K = 1\ndef main(x=K): return x", ("K = 1", "K = 2")),
    ("a keyword default by name", "K = 1\ndef main(*, x=K): return x", ("K = 1", "K = 2")),
    ("a name in a comprehension", "K = [1]\ndef main(): return [x for x in K]", ("K = [1]", "K = [2]")),
    ("a global hidden in a comprehension only", "x = 1\ndef main(): return [x for x in [2]], x", ("x = 1", "x = 2")),
    ("a name in a condition of a comprehension", "K = 1\ndef main(): return [x for x in [2] if x > K]", ("K = 1", "K = 2")),
    ("a name in an f-string", "K = 1\ndef main(): return f'{K}'", ("K = 1", "K = 2")),
    ("a name in a format of an f-string", "W = 1\ndef main(): return f'{1:{W}}'", ("W = 1", "W = 2")),
    ("a name in a lambda", "K = 1\ndef main(): return (lambda: K)()", ("K = 1", "K = 2")),
    ("a name declared global", "K = 1\ndef main():\n    global K\n    return K", ("K = 1", "K = 2")),
    ("a name after a nested function's local", "K = 1\ndef main():\n    def inner():\n        K = 5\n    return K", ("K = 1", "K = 2")),
    ("a class attribute hidden from methods", "x = 1\nclass A:\n    x = 5\n    def f(self): return x\ndef main(): return A().f()", ("x = 1\n", "x = 2\n")),
    ("a global read in a class body before it is hidden", "x = 1\nclass A:\n    x = x + 1\ndef main(): return A.x", ("x = 1\n", "x = 2\n")),
    ("a match value", {"pipeline.py": "import cfg\ndef main():\n    match 1:\n        case cfg.K: return 1", "cfg.py": "K = 1"}, {"cfg.py": "K = 2"}),
    ("a base in another module", {"pipeline.py": "import base\nclass A(base.B): pass\ndef main(): return A().f()", "base.py": "class B:\n    def f(self): return 1"}, {"base.py": "class B:\n    def f(self): return 2"}),
    ("a metaclass", "class M(type):\n    x = 1\nclass A(metaclass=M): pass\ndef main(): return A.x", ("x = 1", "x = 2")),
    ("a decorator's body", "def deco(f): return lambda: f() + 1\n@deco\ndef helper(): return 1\ndef main(): return helper()", ("+ 1", "+ 2")),
    ("a decorator's argument", "def deco(n): return lambda f: lambda: n\n@deco(1)\ndef helper(): return 1\ndef main(): return helper()", ("@deco(1)", "@deco(2)")),
    ("recursion of two", "def a(n): return n and b(n - 1)\ndef b(n): return n and a(n - 1)\ndef main(): return a(3)", ("return n and a", "return n or a")),
    ("a redefinition", "def f(): return 1\ndef f(): return 2\ndef main(): return f()", ("return 2", "return 3")),
    ("the order of two definitions of one name", "K = 1\nK = 2\ndef main(): return K", "K = 2\nK = 1\ndef main(): return K"),
    ("one of several targets", "A, B = 1, 2\ndef main(): return B", ("1, 2", "1, 3")),
    ("the branch of a condition", "import sys\nif sys.platform == 'linux': K = 1\nelse: K = 2\ndef main(): return K", ("K = 1", "K = 3")),
    ("a name bound by a loop", "for K in [1, 2]: pass\ndef main(): return K", ("[1, 2]", "[1, 3]")),
    ("a name bound by with", "from contextlib import nullcontext\nwith nullcontext(1) as K: pass\ndef main(): return K", ("(1)", "(2)")),
    ("a walrus at the top", "(K := 1)\ndef main(): return K", ("K := 1", "K := 2")),
    ("a deleted name", "K = 1\ndef main(): return K", "K = 1\ndel K\ndef main(): return K"),
    ("a builtin that is hidden", "def main(): return sum([1])", "def sum(x): return 5\ndef main(): return sum([1])"),
    ("a builtin that a helper's module hides", {"pipeline.py": "import h\ndef main(): return h.f()", "h.py": "def f(): return len([])"}, {"h.py": "def len(x): return 9\ndef f(): return len([])"}),
    ("the stage's own body", "def main(): return 1", ("return 1", "return 2")),
    ("the stage's output", "from pivot import outputs\nfrom typing import Annotated\ndef main() -> Annotated[str, outputs.Out('a.txt')]: return ''", ("a.txt", "b.txt")),
    ("the class that the stage's annotation names", "from typing import TypedDict\nclass Outs(TypedDict):\n    a: int\ndef main() -> Outs: return {}", ("a: int", "b: int")),
    ("a class that a quoted annotation of the stage names", "class P:\n    x = 1\ndef main(p: 'P'): return p.x", ("x = 1", "x = 2")),
    # Imports
    ("a helper behind two packages", PACKAGE, {"pack/deep/one.py": "def f(): return 2"}),
    ("a name that now comes from elsewhere", {"pipeline.py": "from a import f\ndef main(): return f()", "a.py": "def f(): return 1", "b.py": "def f(): return 1"}, {"pipeline.py": "from b import f\ndef main(): return f()"}),
    ("two names that change places", {"pipeline.py": "from a import f as x, g as y\ndef main(): return x(), y()", "a.py": "def f(): return 1\ndef g(): return 2"}, {"pipeline.py": "from a import g as x, f as y\ndef main(): return x(), y()"}),
    ("two re-exports that change places", {"pipeline.py": "import p\ndef main(): return p.x(), p.y()", "p.py": "from a import f as x, g as y", "a.py": "def f(): return 1\ndef g(): return 2"}, {"p.py": "from a import g as x, f as y"}),
    ("bodies of two functions that change places", {"pipeline.py": "import a\ndef main(): return a.f(), a.g()", "a.py": "def f(): return 1\ndef g(): return 2"}, {"a.py": "def f(): return 2\ndef g(): return 1"}),
    ("an import in the body", {"pipeline.py": "def main():\n    from h import f\n    return f()", "h.py": "def f(): return 1"}, {"h.py": "def f(): return 2"}),
    ("a module import in the body", {"pipeline.py": "def main():\n    import h.sub\n    return h.sub.f()", "h/__init__.py": "", "h/sub.py": "def f(): return 1"}, {"h/sub.py": "def f(): return 2"}),
    ("an import in an enclosing function", {"pipeline.py": "def main():\n    import h\n    def inner(): return h.f()\n    return inner()", "h.py": "def f(): return 1"}, {"h.py": "def f(): return 2"}),
    ("a star import", {"pipeline.py": "from h import *\ndef main(): return f()", "h.py": "def f(): return 1"}, {"h.py": "def f(): return 2"}),
    ("what __all__ lists", {"pipeline.py": "from a import *\nfrom b import *\ndef main(): return f()", "a.py": "def f(): return 1", "b.py": "__all__ = []\ndef f(): return 2"}, {"b.py": "__all__ = ['f']\ndef f(): return 2"}),
    ("the order of two star imports", {"pipeline.py": "from a import *\nfrom b import *\ndef main(): return f()", "a.py": "def f(): return 1", "b.py": "def f(): return 2"}, {"b.py": "def g(): return 2"}),
    ("__getattr__ of a module", {"pipeline.py": "import h\ndef main(): return h.anything", "h.py": "def __getattr__(name): return 1"}, {"h.py": "def __getattr__(name): return 2"}),
    ("a module that appears", {"pipeline.py": "try:\n    import fast as impl\nexcept ImportError:\n    import slow as impl\ndef main(): return impl.f()", "slow.py": "def f(): return 1"}, {"fast.py": "def f(): return 2"}),
    ("a name that appears under hasattr", {"pipeline.py": "import h\ndef main(): return h.g() if hasattr(h, 'g') else 0", "h.py": ""}, {"h.py": "def g(): return 1"}),
    ("a submodule of a namespace package", {"pipeline.py": "from space.one import f\ndef main(): return f()", "space/one.py": "def f(): return 1"}, {"space/one.py": "def f(): return 2"}),
    ("a standard module that is hidden", {"pipeline.py": "import colorsys\ndef main(): return colorsys.f()"}, {"colorsys.py": "def f(): return 2"}),
    ("a relative import of the parent", {"pipeline.py": "from p.q.r import f\ndef main(): return f()", "p/__init__.py": "", "p/q/__init__.py": "", "p/q/r.py": "from ..s import K\ndef f(): return K", "p/s.py": "K = 1"}, {"p/s.py": "K = 2"}),
    ("an import of a module in a cycle", {"pipeline.py": "import a\ndef main(): return a.f()", "a.py": "import b\nK = 1\ndef f(): return b.g()", "b.py": "import a\ndef g(): return a.K"}, {"a.py": "import b\nK = 2\ndef f(): return b.g()"}),
    ("a file that is not Python any more", HELPERS, {"helpers.py": "def f(:"}),
    # What statements change
    ("an attribute that is set", {"pipeline.py": "import cfg\nimport h\ncfg.K = 5\ndef main(): return h.f()", "cfg.py": "K = 1", "h.py": "import cfg\ndef f(): return cfg.K"}, ("cfg.K = 5", "cfg.K = 6")),
    ("an attribute of a class that is set", "class A:\n    k = 1\nA.k = 2\ndef main(): return A.k", ("A.k = 2", "A.k = 3")),
    ("an item that is set", "T = {}\nT['x'] = 1\ndef main(): return T", ("= 1", "= 2")),
    ("an item of an item", "T = {'a': {}}\nT['a']['x'] = 1\ndef main(): return T", ("= 1", "= 2")),
    ("an item that is deleted", "T = {'x': 1}\ndef main(): return T", "T = {'x': 1}\ndel T['x']\ndef main(): return T"),
    ("an addition in place", "T = [1]\nT += [2]\ndef main(): return T", ("+= [2]", "+= [3]")),
    ("a method that changes", "T = [1]\nT.append(2)\ndef main(): return T", ("append(2)", "append(3)")),
    ("a method whose result is kept", "T = [1, 2]\nX = T.pop()\ndef main(): return T", ("T.pop()", "T.pop(0)")),
    ("the order of two changes", "T = []\nT.append(1)\nT.append(2)\ndef main(): return T", "T = []\nT.append(2)\nT.append(1)\ndef main(): return T"),
    ("the order of imports that both change", {"pipeline.py": "import cfg, a, b\ndef main(): return cfg.T", "cfg.py": "T = []", "a.py": "import cfg\ncfg.T.append(1)", "b.py": "import cfg\ncfg.T.append(2)"}, ("cfg, a, b", "cfg, b, a")),
    ("setattr", {"pipeline.py": "import cfg\nsetattr(cfg, 'K', 5)\ndef main(): return cfg.K", "cfg.py": "K = 1"}, ("5", "6")),
    ("setattr with a computed name", {"pipeline.py": "import cfg\nsetattr(cfg, 'K' + '', 5)\ndef main(): return cfg.K", "cfg.py": "K = 1"}, ("5", "6")),
    ("globals() as a target", "globals()['K'] = 1\ndef main(): return K", ("= 1", "= 2")),
    ("exec of a definition", "exec('K = 1')\ndef main(): return K", ("K = 1", "K = 2")),
    ("a function that sets a global", "K = 0\ndef init():\n    global K\n    K = 1\ninit()\ndef main(): return K", ("    K = 1", "    K = 2")),
    ("a function that is no longer called", "K = []\ndef init(): K.append(1)\ninit()\ndef main(): return K", ("init()\ndef main", "def main")),
    ("a function that changes its argument", "K = []\ndef init(t): t.append(1)\ninit(K)\ndef main(): return K", ("append(1)", "append(2)")),
    ("a function that hands its argument on", "K = []\ndef deep(t): t.append(1)\ndef init(t): deep(t)\ninit(K)\ndef main(): return K", ("append(1)", "append(2)")),
    ("a function that changes it under another name", "K = []\ndef init():\n    t = K\n    t.append(1)\ninit()\ndef main(): return K", ("append(1)", "append(2)")),
    ("a change through a loop", "A, B = [], []\nfor t in (A, B): t.append(1)\ndef main(): return B", ("append(1)", "append(2)")),
    ("a change through a table", "A = []\nALL = {'a': A}\nfor t in ALL.values(): t.append(1)\ndef main(): return A", ("append(1)", "append(2)")),
    ("a change through another name", "A = []\nB = A\nB.append(1)\ndef main(): return A", ("append(1)", "append(2)")),
    ("a change in a comprehension", "T = []\n[T.append(x) for x in (1, 2)]\ndef main(): return T", ("(1, 2)", "(1, 3)")),
    ("a change in a class body", "T = {}\nclass A:\n    T['x'] = 1\ndef main(): return T", ("= 1", "= 2")),
    ("a registering decorator", REGISTRY, {"plug.py": "import reg\n@reg.add(reg.TABLE, 'a')\ndef a(): return 2\n@reg.add(reg.OTHER, 'b')\ndef b(): return 1"}),
    ("a registering method", "class R:\n    def __init__(self): self.t = {}\n    def add(self, f):\n        self.t[f.__name__] = f\n        return f\nr = R()\n@r.add\ndef a(): return 1\ndef main(): return r.t['a']()", ("return 1", "return 2")),
    ("a registering object that is called", "class R:\n    def __init__(self, t): self.t = t\n    def __call__(self, f):\n        self.t.append(f)\n        return f\nT = []\nr = R(T)\n@r\ndef a(): return 1\ndef main(): return T[0]()", ("return 1", "return 2")),
    ("subclasses that register", {"pipeline.py": "import base, plug\ndef main(): return base.Base.known", "base.py": "class Base:\n    known = []\n    def __init_subclass__(cls): Base.known.append(cls)", "plug.py": "import base\nclass P(base.Base):\n    x = 1"}, {"plug.py": "import base\nclass P(base.Base):\n    x = 2"}),
    ("subclasses that a metaclass registers", "KNOWN = []\nclass M(type):\n    def __init__(cls, *a): KNOWN.append(cls)\nclass A(metaclass=M):\n    x = 1\ndef main(): return KNOWN[0].x", ("x = 1", "x = 2")),
    ("subclasses that are asked for", "class Base: pass\nclass A(Base):\n    x = 1\ndef main(): return [c.x for c in Base.__subclasses__()]", ("x = 1", "x = 2")),
    ("a virtual subclass", "import abc\nclass B(abc.ABC): pass\nclass C: pass\nB.register(C)\ndef main(): return issubclass(C, B)", ("B.register(C)\n", "")),
    ("a dispatcher's case", "import functools\n@functools.singledispatch\ndef f(x): return 0\n@f.register\ndef _(x: int): return 1\ndef main(): return f(1)", ("return 1\n", "return 2\n")),
    ("the type of a dispatcher's case", "import functools\n@functools.singledispatch\ndef f(x): return 0\n@f.register\ndef _(x: int): return 1\ndef main(): return f(1)", ("x: int", "x: str")),
    ("a patched standard function", {"pipeline.py": "import json\nimport h\njson.dumps = lambda x: '1'\ndef main(): return h.f()", "h.py": "import json\ndef f(): return json.dumps({})"}, ("'1'", "'2'")),
    ("a patched builtin", "import builtins\nbuiltins.answer = 1\ndef main(): return answer", ("= 1", "= 2")),
    ("a seed", "import random\nrandom.seed(1)\ndef main(): return random.random()", ("seed(1)", "seed(2)")),
    ("a variable that is set", "import os\nos.environ['X'] = '1'\ndef main(): return os.getenv('X')", ("'1'", "'2'")),
    ("a patch that is started", {"pipeline.py": "from unittest import mock\nimport h\nmock.patch.object(h, 'f', lambda: 1).start()\ndef main(): return h.f()", "h.py": "def f(): return 0"}, ("lambda: 1", "lambda: 2")),
    ("an iterator that is advanced", "IT = iter([1, 2, 3])\nnext(IT)\ndef main(): return next(IT)", ("next(IT)\ndef", "next(IT), next(IT)\ndef")),
    ("a counter that is called", "def make():\n    n = [0]\n    def count():\n        n[0] += 1\n        return n[0]\n    return count\ncount = make()\ncount()\ndef main(): return count()", ("count = make()\ncount()\n", "count = make()\n")),
    ("a change by a lazily imported module", {"pipeline.py": "import cfg\ndef main():\n    import setup\n    return cfg.K", "cfg.py": "K = 1", "setup.py": "import cfg\ncfg.K = 2"}, {"setup.py": "import cfg\ncfg.K = 3"}),
    ("a property set from outside", "class A: pass\nA.x = property(lambda self: 1)\ndef main(): return A().x", ("self: 1", "self: 2")),
    # Looking at code
    ("a docstring that is read", "def helper():\n    'One.'\ndef main(): return helper.__doc__", ("One", "Two")),
    ("the module's docstring that is read", "'One.'\ndef main(): return __doc__", ("One", "Two")),
    ("a docstring read by a helper", {"pipeline.py": "import h\ndef f():\n    'One.'\ndef main(): return h.doc(f)", "h.py": "import inspect\ndef doc(x): return inspect.getdoc(x)"}, ("One", "Two")),
    ("annotations that are read", "import typing\ndef helper(x: int): pass\ndef main(): return typing.get_type_hints(helper)", ("x: int", "x: str")),
    ("what annotations that are read name", "import typing\nclass A:\n    x = 1\ndef helper(a: A): pass\ndef main(): return typing.get_type_hints(helper)['a'].x", ("x = 1", "x = 2")),
    ("source text that is read", "import inspect\ndef helper(): return 1\ndef main(): return inspect.getsource(helper)", ("return 1\n", "return 1  # one\n")),
    ("a line number that is read", "def helper(): return 1\ndef main(): return helper.__code__.co_firstlineno", ("def helper", "\ndef helper")),
    ("names of the module by text", "def step_a(): return 1\ndef main(): return globals()['step_' + 'a']()", ("return 1", "return 2")),
    ("a module that is handed on", {"pipeline.py": "import h\ndef call(m): return m.f()\ndef main(): return call(h)", "h.py": "def f(): return 1"}, {"h.py": "def f(): return 2"}),
    ("vars of a module", {"pipeline.py": "import h\ndef main(): return vars(h)['f']()", "h.py": "from i import f", "i.py": "def f(): return 1"}, {"i.py": "def f(): return 2"}),
    ("eval of computed text", "def helper(): return 1\nT = 'helper' + '()'\ndef main(): return eval(T)", ("return 1", "return 2")),
    ("import_module of a literal", {"pipeline.py": "import importlib\ndef main(): return importlib.import_module('h').f()", "h.py": "def f(): return 1"}, {"h.py": "def f(): return 2"}),
    ("a module named in a constant", {"pipeline.py": "import importlib\nN = 'h'\ndef main(): return importlib.import_module(N).f()", "h.py": "def f(): return 1"}, {"h.py": "def f(): return 2"}),
    ("an object named by text", {"pipeline.py": "import pydoc\nN = 'pack.h.f'\ndef main(): return pydoc.locate(N)()", "pack/__init__.py": "", "pack/h.py": "def f(): return 1"}, {"pack/h.py": "def f(): return 2"}),
    ("a plugin by a computed name", {"pipeline.py": "import importlib\ndef main(n='a'): return importlib.import_module(f'plugins.{n}')", "plugins/__init__.py": "", "plugins/a.py": "K = 1"}, {"plugins/a.py": "K = 2"}),
    ("a plugin that appears", {"pipeline.py": "import importlib, pkgutil, plugins\ndef main(): return [importlib.import_module('plugins.' + m.name) for m in pkgutil.iter_modules(plugins.__path__)]", "plugins/__init__.py": "", "plugins/a.py": "K = 1"}, {"plugins/b.py": ""}),
    ("a plugin of its own package", {"pipeline.py": "import p\ndef main(): return p.load('a')", "p/__init__.py": "import importlib\ndef load(n): return importlib.import_module('.' + n, __package__)", "p/a.py": "K = 1"}, {"p/a.py": "K = 2"}),
    ("a module by the beginning of its name", {"pipeline.py": "import importlib, sys\ndef main(): return importlib.import_module('backend_' + sys.argv[1])", "backend_a.py": "K = 1"}, {"backend_a.py": "K = 2"}),
    ("a script that is run", {"pipeline.py": "import subprocess\ndef main(): subprocess.run(['python', 'child.py'])", "child.py": "if __name__ == '__main__':\n    print(1)"}, {"child.py": "if __name__ == '__main__':\n    print(2)"}),
    ("a helper of a script that is run", {"pipeline.py": "import subprocess\ndef main(): subprocess.run('python child.py', shell=True)", "child.py": "import h\nprint(h.K)", "h.py": "K = 1"}, {"h.py": "K = 2"}),
    ("a module that is run", {"pipeline.py": "import subprocess, sys\ndef main(): subprocess.run([sys.executable, '-m', 'job'])", "job.py": "print(1)"}, {"job.py": "print(2)"}),
    ("a module pickled by name", {"pipeline.py": "import pickle\nB = b'\\x80\\x04\\x8c\\x07helpers\\x94\\x8c\\x01f\\x93.'\ndef main(): return pickle.loads(B)", "helpers.py": "def f(): return 1"}, {"helpers.py": "def f(): return 2"}),
    ("what a caller is asked for", {"pipeline.py": "import h\nK = 1\ndef main(): return h.f()", "h.py": "import sys\ndef f(): return sys._getframe(1).f_globals['K']"}, ("K = 1", "K = 2")),
    ("names from another module's sys.modules", {"pipeline.py": "import sys, h\ndef main(): return sys.modules['h'].f()", "h.py": "def f(): return 1"}, {"h.py": "def f(): return 2"}),
    # Stages
    ("a factory's code", STAGES + "def make(n):\n    def stage(): return n + 1\n    return stage\nmain = make(1)", ("n + 1", "n + 2")),
    ("a partial at the top", "import functools\ndef f(x): return x\nmain = functools.partial(f, 1)", ("1)", "2)")),
]

EQUAL = [
    ("an unused function", HELPERS, {"helpers.py": "K = 1\ndef f(): return K\ndef g(): return 2"}),
    ("an unused constant", "K = 1\ndef main(): return 2", ("K = 1", "K = 2")),
    ("comments and blank lines", HELPERS, {"helpers.py": "# one\n\nK = 1  # two\n\n\ndef f():\n    # three\n    return K\ndef g(): return 1"}),
    ("a docstring", "def main():\n    'One.'\n    return 1", ("One", "Two")),
    ("a module's docstring", "'One.'\ndef main(): return 1", ("One", "Two")),
    ("annotations of a helper", "def f(x: int): return x\ndef main(): return f(1)", ("x: int", "x: str")),
    ("annotations of a variable", "K: int = 1\ndef main(): return K", ("K: int = 1", "K: float = 1")),
    ("annotations of a plain class", "class A:\n    x: int = 1\ndef main(): return A.x", ("x: int", "x: float")),
    ("annotations of a class with a plain base", "class B: pass\nclass A(B):\n    x: int = 1\ndef main(): return A.x", ("x: int", "x: float")),
    ("annotations under a plain decorator", "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def inner(*a): return f(*a)\n    return inner\n@deco\ndef f(x: int): return x\ndef main(): return f(1)", ("x: int", "x: str")),
    ("the order of functions", "def f(): return 1\ndef g(): return 2\ndef main(): return f(), g()", "def g(): return 2\ndef main(): return f(), g()\ndef f(): return 1"),
    ("the order of imports", {"pipeline.py": "import a\nimport b\ndef main(): return a.f(), b.f()", "a.py": "def f(): return 1", "b.py": "def f(): return 1"}, {"pipeline.py": "import b\nimport a\ndef main(): return a.f(), b.f()"}),
    ("an import that is split", {"pipeline.py": "from a import f, g\ndef main(): return f(), g()", "a.py": "def f(): return 1\ndef g(): return 1"}, {"pipeline.py": "from a import f\nfrom a import g\ndef main(): return f(), g()"}),
    ("an unused import", "def main(): return 1", "import os\ndef main(): return 1"),
    ("an unused module", {"pipeline.py": "import h\ndef main(): return 1", "h.py": "K = 1"}, {"h.py": "K = 2"}),
    ("an unused neighbour of a star import", {"pipeline.py": "from h import *\ndef main(): return f()", "h.py": "def f(): return 1\ndef g(): return 1"}, {"h.py": "def f(): return 1\ndef g(): return 2"}),
    ("a local that hides a global", "x = 1\ndef main():\n    x = 2\n    return x", ("x = 1\n", "x = 5\n")),
    ("a parameter that hides a global", "x = 1\ndef f(x): return x\ndef main(): return f(2)", ("x = 1\n", "x = 5\n")),
    ("a class attribute that hides a global", "x = 1\nclass A:\n    x = 2\n    y = x\ndef main(): return A.y", ("x = 1\n", "x = 5\n")),
    ("an attribute with the name of a global", "name = 1\nclass A:\n    name = 2\ndef main(): return A.name", ("name = 1\n", "name = 5\n")),
    ("a keyword with the name of a global", "size = 1\ndef main(): return dict(size=2)", ("size = 1\n", "size = 5\n")),
    ("a loop variable that hides a global", "i = 1\ndef main(): return [i for i in [2]]", ("i = 1\n", "i = 5\n")),
    ("an exception's name", "e = 1\ndef main():\n    try: pass\n    except ValueError as e: return e", ("e = 1\n", "e = 5\n")),
    ("a capture's name", "x = 1\ndef main():\n    match 2:\n        case x: return x", ("x = 1\n", "x = 5\n")),
    ("the main guard", "def main(): return 1\nif __name__ == '__main__':\n    print(1)", ("print(1)", "print(2)")),
    ("type checking", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\ndef main(): return 1", ("import a", "import b")),
    ("another stage", STAGES + "def other(): return 1\ndef main(): return 1\npipeline.register(other)\npipeline.register(main)", ("def other(): return 1", "def other(): return 2")),
    ("another stage that shares a helper", STAGES + "def h(): return 1\ndef other(): return h()\ndef main(): return h()\npipeline.register(other)\npipeline.register(main)", ("def other(): return h()", "def other(): return h() + 1")),
    ("how another stage is registered", STAGES + "def h(): return 1\ndef main(): return h()\npipeline.register(main)\npipeline.register(h, name='other', mutex=['a'])", ("['a']", "['b']")),
    ("how the stage is registered", STAGES + "def main(): return 1\npipeline.register(main, mutex=['a'])", ("['a']", "['b']")),
    ("what the stage asks for", STAGES + "def main(): return 1\npipeline.register(main, resources={'gpu': 1}, retries=1, timeout=5)", ("{'gpu': 1}, retries=1, timeout=5", "{'memory': '1G'}, retries=3")),
    ("how the stage is decorated by its pipeline", STAGES + "@pipeline.stage(mutex=['a'])\ndef main(): return 1", ("['a']", "['b']")),
    ("a decorator of its pipeline", STAGES + "@pipeline.stage()\ndef main(): return 1", ("@pipeline.stage()\n", "")),
    ("the name of the pipeline", STAGES + "@pipeline.stage()\ndef main(): return 1", ("'x'", "'y'")),
    ("a loop that registers", STAGES + "def f(n): return n\nimport functools\ndef main(): return 1\nfor n in range(2): pipeline.register(functools.partial(f, n), name=f's{n}')", ("range(2)", "range(3)")),
    ("a pipeline from another module", {"pipeline.py": "from base import pipe\n@pipe.stage(mutex=['a'])\ndef main(): return 1", "base.py": "from pivot.pipeline import Pipeline\npipe = Pipeline('x')"}, ("['a']", "['b']")),
    ("a change of something else", "T, U = [], []\nU.append(1)\ndef main(): return T", ("append(1)", "append(2)")),
    ("a registration elsewhere", REGISTRY, {"plug.py": "import reg\n@reg.add(reg.TABLE, 'a')\ndef a(): return 1\n@reg.add(reg.OTHER, 'b')\ndef b(): return 2"}),
    ("a value made from what the stage reads", "T = [1]\ndef total(t): return sum(t)\nX = total(T)\ndef main(): return T", ("sum(t)", "max(t)")),
    ("a copy that is changed", "T = [1]\nU = T.copy()\nU.append(2)\ndef main(): return T", ("append(2)", "append(3)")),
    ("what a function does when it is called", "T = []\ndef later(): T.append(1)\ndef main(): return T", ("append(1)", "append(2)")),
    ("a seed of what the stage does not use", "import random\nrandom.seed(1)\ndef main(): return 1", ("seed(1)", "seed(2)")),
    ("an unused docstring reader", "def helper():\n    'One.'\ndef unused(): return helper.__doc__\ndef main(): return helper()", ("One", "Two")),
    ("an unused plugin loader", {"pipeline.py": "import importlib\ndef unused(): return importlib.import_module('h')\ndef main(): return 1", "h.py": "K = 1"}, {"h.py": "K = 2"}),
    ("text that names a module", {"pipeline.py": "import h\ndef main(): return 'h'", "h.py": "K = 1"}, {"h.py": "K = 2"}),
    ("a file named like a function in an annotation", "from typing import Annotated\nfrom pivot import outputs\ndef clean(): return 1\ndef main(x: Annotated[str, outputs.Dep('clean.txt')]): return x", ("return 1", "return 2")),
    ("text in a literal type", "from typing import Literal\ndef clean(): return 1\ndef main(x: Literal['clean']): return x", ("return 1", "return 2")),
    ("a hasattr that finds the same", {"pipeline.py": "import h\ndef main(): return hasattr(h, 'g')", "h.py": "def f(): return 1"}, {"h.py": "def f(): return 2"}),
]


def _edit(project: Any, files: str | Mapping[str, str], edit: Any) -> None:
    """Replace text of `pipeline.py` (a pair), all of it (text), or files (a mapping)."""
    text = files if isinstance(files, str) else files["pipeline.py"]
    if isinstance(edit, tuple):
        assert edit[0] in text
        edit = text.replace(*edit, 1)
    project.write(edit)


@pytest.mark.parametrize(("what", "files", "edit"), CHANGES, ids=[row[0] for row in CHANGES])
def test_what_a_stage_reaches_is_part_of_it(project: Any, what: str, files: Any, edit: Any) -> None:
    project.write(files)
    before, entries = project.code(), project.entries()
    _edit(project, files, edit)
    assert project.code() != before
    assert project.entries() != entries, "the difference has no name"


@pytest.mark.parametrize(("what", "files", "edit"), EQUAL, ids=[row[0] for row in EQUAL])
def test_what_a_stage_does_not_reach_is_no_part_of_it(project: Any, what: str, files: Any, edit: Any) -> None:
    project.write(files)
    before, entries = project.code(), project.entries()
    _edit(project, files, edit)
    assert project.entries() == entries
    assert project.code() == before
