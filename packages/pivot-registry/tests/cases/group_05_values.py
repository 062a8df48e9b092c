# ruff: noqa: E501  (one case, one line)
# fmt: off
"""Live values: closures, partials, methods, decorators, factories."""

GROUP = "values"

ANNOTATED = "Annotated[str, outputs.Out('out.txt', loaders.Text())]"
PARTIAL = f"""
import functools

def work(factor, offset=0) -> {ANNOTATED}:
    ran()
    return str(10 * factor + offset)

pipeline.register(functools.partial(work, 2), name="main")
"""
FACTORY = f"""
def make(factor):
    def stage() -> {ANNOTATED}:
        ran()
        return str(10 * factor)
    return stage

pipeline.register(make(2), name="main")
"""
METHOD = f"""
class Trainer:
    def __init__(self, rate): self.rate = rate
    def fit(self) -> {ANNOTATED}:
        ran()
        return str(self.step())
    def step(self): return self.rate * 2

pipeline.register(Trainer(3).fit, name="main")
"""
INSTANCE = f"""
class Scale:
    def __init__(self, by): self.by = by
    def __call__(self) -> {ANNOTATED}:
        ran()
        return str(self.by)

pipeline.register(Scale(3), name="main")
"""
LOOP = """
def make(n):
    def stage() -> Annotated[str, outputs.Out(f'out.txt' if n == 2 else f'other{n}.txt', loaders.Text())]:
        if n == 2: ran()
        return str(n * RATES[n])
    return stage

RATES = {1: 1, 2: 1}
for n in (1, 2):
    pipeline.register(make(n), name="main" if n == 2 else f"other{n}")
"""
WRAPS = """
import functools

def twice(f):
    @functools.wraps(f)
    def wrapper(*a): return f(*a) * 2
    return wrapper

@twice
def helper(x): return x + 1

def value(): return helper(1)
"""
BARE = WRAPS.replace("    @functools.wraps(f)\n", "")
STAGE_DECORATED = f"""
import functools

def logged(f):
    @functools.wraps(f)
    def wrapper(): return f() + '!'
    return wrapper

@logged
def main() -> {ANNOTATED}:
    ran()
    return '1'

pipeline.register(main)
"""
WITH_ARGUMENT = """
def times(n):
    def decorate(f):
        def wrapper(*a): return f(*a) * n
        return wrapper
    return decorate

@times(2)
def helper(x): return x + 1

def value(): return helper(1)
"""
REGISTERED = """
TABLE = {}

def register(name):
    def decorate(f):
        TABLE[name] = f
        return f
    return decorate

@register('a')
def a(): return 1

@register('b')
def b(): return 2

def value(): return TABLE['a']()
"""
DISPATCH = """
import functools

@functools.singledispatch
def show(x): return 'any'

@show.register
def _(x: int): return 'int'

def value(): return show(1), show('a')
"""

CASES = [
    ("reruns", "the argument of a partial", PARTIAL, ("(work, 2)", "(work, 3)")),
    ("reruns", "a keyword of a partial", PARTIAL, ("(work, 2)", "(work, 2, offset=1)")),
    ("reruns", "the function under a partial", PARTIAL, ("10 * factor", "20 * factor")),
    ("reruns", "a default under a partial", PARTIAL, ("offset=0", "offset=1")),
    ("reruns", "an argument of a partial given by name", PARTIAL.replace("(work, 2)", "(work, FACTOR)").replace("def work", "FACTOR = 2\ndef work"), ("FACTOR = 2", "FACTOR = 3")),
    ("reruns", "a partial of a partial", PARTIAL.replace("functools.partial(work, 2)", "functools.partial(functools.partial(work, 2), offset=1)"), ("offset=1)", "offset=2)")),
    ("reruns", "a partial of a local function", f"import functools\ndef make():\n    def inner(n) -> {ANNOTATED}:\n        ran()\n        return str(n)\n    return functools.partial(inner, 1)\npipeline.register(make(), name='main')", ("inner, 1", "inner, 2")),
    ("reruns", "a partial as a helper", "import functools\ndef add(a, b): return a + b\nadd_one = functools.partial(add, 1)\ndef value(): return add_one(1)", ("(add, 1)", "(add, 2)")),
    ("reruns", "a partial method", "import functools\nclass A:\n    def f(self, n): return n\n    g = functools.partialmethod(f, 1)\ndef value(): return A().g()", ("f, 1", "f, 2")),
    ("reruns", "what a factory is called with", FACTORY, ("make(2)", "make(3)")),
    ("reruns", "the body of a factory's product", FACTORY, ("10 * factor", "20 * factor")),
    ("reruns", "a factory as a helper", "def make(n):\n    def inner(): return n\n    return inner\nhelper = make(1)\ndef value(): return helper()", ("make(1)", "make(2)")),
    ("reruns", "a factory's argument given by name", FACTORY.replace("make(2)", "make(N)").replace("def make", "N = 2\ndef make"), ("N = 2", "N = 3")),
    ("reruns", "a function given to a factory", f"def one(): return 1\ndef two(): return 2\ndef make(f):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(f())\n    return stage\npipeline.register(make(one), name='main')", ("make(one)", "make(two)")),
    ("reruns", "the body of a function given to a factory", f"def one(): return 1\ndef make(f):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(f())\n    return stage\npipeline.register(make(one), name='main')", ("return 1", "return 2")),
    ("reruns", "a helper of a function given to a factory", f"def deep(): return 1\ndef one(): return deep()\ndef make(f):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(f())\n    return stage\npipeline.register(make(one), name='main')", ("return 1", "return 2")),
    ("reruns", "a lambda given to a factory", f"def make(f):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(f())\n    return stage\npipeline.register(make(lambda: 1), name='main')", ("lambda: 1", "lambda: 2")),
    ("reruns", "which of two lambdas on one line is given", f"TABLE = {{'a': lambda: 1, 'b': lambda: 2}}\ndef make(f):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(f())\n    return stage\npipeline.register(make(TABLE['a']), name='main')", ("TABLE['a']", "TABLE['b']")),
    ("reruns", "a table captured by a closure", FACTORY.replace("factor)", "factor['a'])").replace("make(factor['a'])", "make(factor)").replace("make(2)", "make({'a': 2})"), ("{'a': 2}", "{'a': 3}")),
    ("reruns", "an instance captured by a closure", f"class A:\n    def __init__(self, x): self.x = x\ndef make(a):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(a.x)\n    return stage\npipeline.register(make(A(1)), name='main')", ("A(1)", "A(2)")),
    ("reruns", "a method of an instance captured by a closure", f"class A:\n    def f(self): return 1\ndef make(a):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(a.f())\n    return stage\npipeline.register(make(A()), name='main')", ("return 1", "return 2")),
    ("reruns", "stages made in a loop: the data of this one", LOOP, ("2: 1}", "2: 5}")),
    ("may", "stages made in a loop: the data of another one", LOOP, ("{1: 1", "{1: 5")),
    ("may", "stages made in a loop: one more", LOOP, ("(1, 2)", "(1, 2, 3)"), ("2: 1}", "2: 1, 3: 1}")),
    ("reruns", "a default that binds the variable of a loop", "for n in (1, 2):\n    def stage(n=n) -> Annotated[str, outputs.Out('out.txt' if n == 2 else 'x.txt', loaders.Text())]:\n        if n == 2: ran()\n        return str(n + 0)\n    pipeline.register(stage, name='main' if n == 2 else 'other')", ("n + 0", "n + 1")),
    ("reruns", "closures that see the last value of a loop", "fs = []\nfor n in (1, 2): fs.append(lambda: n)\ndef value(): return fs[0]()", ("(1, 2)", "(1, 3)")),
    ("reruns", "the object of a bound method", METHOD, ("Trainer(3)", "Trainer(4)")),
    ("reruns", "the method itself", METHOD, ("str(self.step())", "str(self.step() + 1)")),
    ("reruns", "another method that it calls", METHOD, ("self.rate * 2", "self.rate * 3")),
    ("reruns", "the constructor", METHOD, ("self.rate = rate", "self.rate = rate + 1")),
    ("reruns", "a bound method of a subclass", METHOD.replace("pipeline.register(Trainer(3)", "class Fast(Trainer):\n    def step(self): return 1\npipeline.register(Fast(3)"), ("def step(self): return 1", "def step(self): return 2")),
    ("reruns", "a class method as a stage", f"class A:\n    rate = 1\n    @classmethod\n    def main(cls) -> {ANNOTATED}:\n        ran()\n        return str(cls.rate)\npipeline.register(A.main, name='main')", ("rate = 1", "rate = 2")),
    ("reruns", "a static method as a stage", f"class A:\n    @staticmethod\n    def main() -> {ANNOTATED}:\n        ran()\n        return str(1)\npipeline.register(A.main, name='main')", ("str(1)", "str(2)")),
    ("reruns", "the state of a callable instance", INSTANCE, ("Scale(3)", "Scale(4)")),
    ("reruns", "__call__ of an instance", INSTANCE, ("str(self.by)", "str(self.by + 1)")),
    ("reruns", "a dataclass as a callable stage", f"import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass S:\n    by: int = 1\n    def __call__(self) -> {ANNOTATED}:\n        ran()\n        return str(self.by)\npipeline.register(S(), name='main')", ("= 1", "= 2")),
    ("reruns", "a bound method of a builtin", "join = ','.join\ndef value(): return join(['a', 'b'])", ("','", "';'")),
    ("reruns", "an item getter", "import operator\nget = operator.itemgetter(0)\ndef value(): return get('ab')", ("(0)", "(1)")),
    ("reruns", "a method caller", "import operator\ncall = operator.methodcaller('upper')\ndef value(): return call('aB')", ("'upper'", "'lower'")),
    ("reruns", "a decorator with wraps", WRAPS, ("f(*a) * 2", "f(*a) * 3")),
    ("reruns", "the function under a decorator with wraps", WRAPS, ("x + 1", "x + 2")),
    ("reruns", "a decorator without wraps", BARE, ("f(*a) * 2", "f(*a) * 3")),
    ("reruns", "the function under a decorator without wraps", BARE, ("x + 1", "x + 2")),
    ("reruns", "a decorator is removed", BARE, ("@twice\n", "")),
    ("reruns", "a decorator is added", "def twice(f): return lambda: f() * 2\ndef value(): return 1", ("def value", "@twice\ndef value")),
    ("reruns", "a decorator of the stage", STAGE_DECORATED, ("+ '!'", "+ '?'")),
    ("reruns", "the stage under its decorator", STAGE_DECORATED, ("return '1'", "return '2'")),
    ("reruns", "the argument of a decorator", WITH_ARGUMENT, ("@times(2)", "@times(3)")),
    ("reruns", "a decorator with an argument", WITH_ARGUMENT, ("* n", "+ n * 10")),
    ("reruns", "the order of stacked decorators", "def plus(f): return lambda: f() + 1\ndef double(f): return lambda: f() * 2\n@plus\n@double\ndef helper(): return 3\ndef value(): return helper()", ("@plus\n@double", "@double\n@plus")),
    ("reruns", "a decorator of another module", {"pipeline.py": "from deco import twice\n@twice\ndef helper(): return 1\ndef value(): return helper()", "deco.py": "def twice(f): return lambda: f() * 2"}, ("deco.py", "* 2", "* 3")),
    ("reruns", "a class used as a decorator", "class Twice:\n    def __init__(self, f): self.f = f\n    def __call__(self): return self.f() * 2\n@Twice\ndef helper(): return 1\ndef value(): return helper()", ("* 2", "* 3")),
    ("reruns", "a decorator of a class", "def named(cls):\n    cls.tag = 1\n    return cls\n@named\nclass A: pass\ndef value(): return A.tag", ("tag = 1", "tag = 2")),
    ("reruns", "a registering decorator", REGISTERED, ("return 1", "return 5")),
    ("reruns", "the name under which a decorator registers", REGISTERED, ("@register('a')", "@register('c')"), ("@register('b')", "@register('a')")),
    ("reruns", "a cached function", "import functools\n@functools.lru_cache\ndef helper(): return 1\ndef value(): return helper()", ("return 1", "return 2")),
    ("reruns", "a global that a cached function reads", "import functools\nK = 1\n@functools.lru_cache(maxsize=None)\ndef helper(): return K\ndef value(): return helper()", ("K = 1", "K = 2")),
    ("reruns", "a cached property", "import functools\nclass A:\n    @functools.cached_property\n    def x(self): return 1\ndef value(): return A().x", ("return 1", "return 2")),
    ("reruns", "an implementation of a single dispatch", DISPATCH, ("'int'", "'number'")),
    ("reruns", "the base of a single dispatch", DISPATCH, ("'any'", "'all'")),
    ("reruns", "an implementation is added to a single dispatch", DISPATCH, ("def value", "@show.register\ndef _(x: str): return 'text'\n\ndef value")),
    ("reruns", "an implementation in another module", {"pipeline.py": "from shows import show\nimport more\ndef value(): return show(1)", "shows.py": "import functools\n@functools.singledispatch\ndef show(x): return 'any'", "more.py": "from shows import show\n@show.register(int)\ndef of_int(x): return 'int'"}, ("more.py", "'int'", "'number'")),
    ("reruns", "a total ordering", "import functools\n@functools.total_ordering\nclass A:\n    def __init__(self, x): self.x = x\n    def __eq__(self, other): return self.x == other.x\n    def __lt__(self, other): return self.x < other.x\ndef value(): return A(1) >= A(2)", ("self.x < other.x", "self.x > other.x")),
    ("reruns", "a reduction", "import functools\ndef step(a, b): return a * 2 + b\ndef value(): return functools.reduce(step, [1, 2, 3])", ("* 2", "* 3")),
    ("reruns", "a stage that is a lambda", "main = lambda: ran() or '1'\nmain.__annotations__ = {'return': Annotated[str, outputs.Out('out.txt', loaders.Text())]}\npipeline.register(main, name='main')", ("'1'", "'2'")),
    ("reruns", "the stage decorator", f"@pipeline.stage()\ndef main() -> {ANNOTATED}:\n    ran()\n    return helper()\n\ndef helper(): return '1'", ("'1'", "'2'")),
    ("reruns", "a value with its own hash", f"class A:\n    def __init__(self, n): self.n = n\n    def __pivot_hash__(self): return self.n\ndef make(a):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(a.n)\n    return stage\npipeline.register(make(A(1)), name='main')", ("A(1)", "A(2)")),
    ("fresh", "what a value's own hash leaves out", f"class A:\n    def __init__(self, n, log): self.n, self.log = n, log\n    def __pivot_hash__(self): return self.n\ndef make(a):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(a.n)\n    return stage\nLOGS = ['x', 'y']\npipeline.register(make(A(1, LOGS[0])), name='main')", ("LOGS[0]", "LOGS[1]")),
    ("reruns", "two stages of one factory keep apart", FACTORY.replace("pipeline.register", "def other() -> Annotated[str, outputs.Out('o.txt', loaders.Text())]: return 'x'\npipeline.register(other, name='other')\npipeline.register"), ("make(2)", "make(5)")),
    ("fresh", "another stage registered beside", "def other() -> Annotated[str, outputs.Out('o.txt', loaders.Text())]: return 'x'\npipeline.register(other, name='other')\n" + "def main() -> Annotated[str, outputs.Out('out.txt', loaders.Text())]:\n    ran()\n    return '1'\npipeline.register(main)", ("return 'x'", "return 'y'")),
    ("fresh", "another stage is added", "def main() -> Annotated[str, outputs.Out('out.txt', loaders.Text())]:\n    ran()\n    return '1'\npipeline.register(main)", ("pipeline.register(main)", "pipeline.register(main)\ndef other() -> Annotated[str, outputs.Out('o.txt', loaders.Text())]: return 'x'\npipeline.register(other)")),
    ("reruns", "an array given to a partial", f"import functools, numpy\ndef work(a) -> {ANNOTATED}:\n    ran()\n    return str(a.sum())\npipeline.register(functools.partial(work, numpy.array([1, 2])), name='main')", ("[1, 2]", "[1, 3]")),
    ("reruns", "a data frame captured by a closure", f"import pandas\ndef make(frame):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(frame['a'].sum())\n    return stage\npipeline.register(make(pandas.DataFrame({{'a': [1, 2]}})), name='main')", ("[1, 2]", "[1, 3]")),
    ("reruns", "a dispatching method", "import functools\nclass A:\n    @functools.singledispatchmethod\n    def f(self, x): return 'any'\n    @f.register\n    def _(self, x: int): return 'int'\ndef value(): return A().f(1)", ("'int'", "'number'")),
    ("reruns", "an enum member given to a factory", f"import enum\nclass C(enum.Enum):\n    A = 1\n    B = 2\ndef make(c):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(c.value)\n    return stage\npipeline.register(make(C.A), name='main')", ("make(C.A)", "make(C.B)")),
    ("reruns", "the value of an enum member given to a factory", f"import enum\nclass C(enum.Enum):\n    A = 1\ndef make(c):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(c.value)\n    return stage\npipeline.register(make(C.A), name='main')", ("A = 1", "A = 2")),
    ("reruns", "a class given to a factory", f"class One:\n    def f(self): return 1\nclass Two:\n    def f(self): return 2\ndef make(cls):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(cls().f())\n    return stage\npipeline.register(make(One), name='main')", ("make(One)", "make(Two)")),
    ("reruns", "a method of a class given to a factory", f"class One:\n    def f(self): return 1\ndef make(cls):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(cls().f())\n    return stage\npipeline.register(make(One), name='main')", ("return 1", "return 2")),
    ("reruns", "a module given to a factory", {"pipeline.py": f"import helpers\ndef make(module):\n    def stage() -> {ANNOTATED}:\n        ran()\n        return str(module.K)\n    return stage\npipeline.register(make(helpers), name='main')", "helpers.py": "K = 1"}, ("helpers.py", "K = 1", "K = 2")),
    ("reruns", "a factory in another module", {"pipeline.py": "from factory import make\npipeline.register(make(1), name='main')", "factory.py": "import os\nfrom typing import Annotated\nfrom pivot import loaders, outputs\ndef make(n):\n    def stage() -> Annotated[str, outputs.Out('out.txt', loaders.Text())]:\n        with open(os.environ.get('PIVOT_CASE_TRACE', os.devnull), 'a') as t: t.write('main\\n')\n        return str(n * 10)\n    return stage"}, ("factory.py", "* 10", "* 20")),
    ("reruns", "what a factory of another module is called with", {"pipeline.py": "from factory import make\npipeline.register(make(1), name='main')", "factory.py": "import os\nfrom typing import Annotated\nfrom pivot import loaders, outputs\ndef make(n):\n    def stage() -> Annotated[str, outputs.Out('out.txt', loaders.Text())]:\n        with open(os.environ.get('PIVOT_CASE_TRACE', os.devnull), 'a') as t: t.write('main\\n')\n        return str(n * 10)\n    return stage"}, ("make(1)", "make(2)")),
    ("reruns", "a stage rebound to another function", f"def one() -> {ANNOTATED}:\n    ran()\n    return '1'\ndef two() -> {ANNOTATED}:\n    ran()\n    return '2'\nmain = one\npipeline.register(main, name='main')", ("main = one", "main = two")),
    ("reruns", "the first of two functions of one name that are both stages", f"def main() -> {ANNOTATED}:\n    ran()\n    return '1'\npipeline.register(main, name='main')\ndef main() -> Annotated[str, outputs.Out('x.txt', loaders.Text())]: return '2'\npipeline.register(main, name='other')", ("return '1'", "return '3'")),
    ("may", "the second of two functions of one name that are both stages", f"def main() -> {ANNOTATED}:\n    ran()\n    return '1'\npipeline.register(main, name='main')\ndef main() -> Annotated[str, outputs.Out('x.txt', loaders.Text())]: return '2'\npipeline.register(main, name='other')", ("return '2'", "return '3'")),
    ("reruns", "a decorator's state", "COUNT = []\ndef counted(f):\n    COUNT.append(f.__name__ * 1)\n    return f\n@counted\ndef helper(): return COUNT\ndef value(): return helper()", ("* 1", "* 2")),
    ("reruns", "stages in a table of registrations", f"def one() -> {ANNOTATED}:\n    ran()\n    return '1'\ndef two() -> Annotated[str, outputs.Out('two.txt', loaders.Text())]: return '2'\nfor name, function in {{'main': one, 'two': two}}.items(): pipeline.register(function, name=name)", ("return '1'", "return '3'")),
    ("fresh", "another stage in a table of registrations", f"def one() -> {ANNOTATED}:\n    ran()\n    return '1'\ndef two() -> Annotated[str, outputs.Out('two.txt', loaders.Text())]: return '2'\nfor name, function in {{'main': one, 'two': two}}.items(): pipeline.register(function, name=name)", ("return '2'", "return '3'")),
]
