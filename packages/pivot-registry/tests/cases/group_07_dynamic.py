# ruff: noqa: E501  (one case, one line)
# fmt: off
"""Code found by computed names."""

GROUP = "dynamic"

PLUGINS = {
    "pipeline.py": "import importlib\nimport pkgutil\nimport plugins\ndef value(): return [importlib.import_module(f'plugins.{m.name}').run() for m in pkgutil.iter_modules(plugins.__path__)]",
    "plugins/__init__.py": "",
    "plugins/a.py": "def run(): return 1",
}
COMPUTED = {
    "pipeline.py": "import importlib\nNAMES = ['alpha']\ndef value(): return [importlib.import_module('plug_' + n).run() for n in NAMES]",
    "plug_alpha.py": "def run(): return 1",
    "plug_beta.py": "def run(): return 2",
}
CHILD = {
    "pipeline.py": "import subprocess, sys\ndef value(): return subprocess.run([sys.executable, 'child.py', '1'], capture_output=True, text=True, check=True).stdout",
    "child.py": "import sys\nprint(int(sys.argv[1]) + 1)",
}
CONFIG_MODULE = {
    "pipeline.py": "import importlib\nimport cfg\ndef value(): return importlib.import_module(cfg.BACKEND).RATE",
    "cfg.py": "BACKEND = 'backend_a'",
    "backend_a.py": "RATE = 1",
    "backend_b.py": "RATE = 2",
}
ENTRY = {
    "pipeline.py": "import importlib.metadata\ndef value(): return [e.load()() for e in importlib.metadata.entry_points(group='case.plugins')]",
    "entry_plug.py": "def run(): return 1",
    "lib/site-packages/entry_plug-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: entry-plug\nVersion: 1.0",
    "lib/site-packages/entry_plug-1.0.dist-info/entry_points.txt": "[case.plugins]\nrun = entry_plug:run",
}

CASES = [
    ("reruns", "getattr with a literal name", {"pipeline.py": "import helpers\ndef value(): return getattr(helpers, 'f')()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "getattr with a computed name", {"pipeline.py": "import helpers\nNAME = 'f'\ndef value(): return getattr(helpers, NAME + '1')()", "helpers.py": "def f1(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "the name that getattr computes", {"pipeline.py": "import helpers\nNAME = 'f'\ndef value(): return getattr(helpers, NAME + '1')()", "helpers.py": "def f1(): return 1\ndef g1(): return 2"}, ("NAME = 'f'", "NAME = 'g'")),
    ("reruns", "getattr on an instance", "class A:\n    def f_x(self): return 1\ndef value(): return getattr(A(), 'f_' + 'x')()", ("return 1", "return 2")),
    ("reruns", "a chain of attributes by attrgetter", {"pipeline.py": "import operator, helpers\nget = operator.attrgetter('A.f')\ndef value(): return get(helpers)()", "helpers.py": "class A:\n    @staticmethod\n    def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "globals with a literal name", "def helper(): return 1\ndef value(): return globals()['helper']()", ("return 1", "return 2")),
    ("reruns", "globals with a computed name", "def step_a(): return 1\ndef value(): return globals()['step_' + 'a']()", ("return 1", "return 2")),
    ("reruns", "globals set by a loop", "for n in range(2): globals()[f'K{n}'] = n\ndef value(): return K1", ("= n\n", "= n + 5\n")),
    ("reruns", "vars of a module", {"pipeline.py": "import helpers\ndef value(): return vars(helpers)['f']()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "a registry by strings", "def a(): return 1\ndef b(): return 2\nTABLE = {'a': a, 'b': b}\nWHICH = 'a'\ndef value(): return TABLE[WHICH]()", ("WHICH = 'a'", "WHICH = 'b'")),
    ("reruns", "an entry of a registry by strings", "def a(): return 1\nTABLE = {'a': a}\nWHICH = 'a'\ndef value(): return TABLE[WHICH]()", ("return 1", "return 2")),
    ("reruns", "a registry by strings in another module", {"pipeline.py": "from registry import make\nimport shapes\ndef value(): return make('square')()", "registry.py": "TABLE = {}\ndef register(cls):\n    TABLE[cls.__name__.lower()] = cls\n    return cls\ndef make(name): return TABLE[name]().area", "shapes.py": "from registry import register\n@register\nclass Square:\n    def area(self): return 1"}, ("shapes.py", "return 1", "return 2")),
    ("reruns", "import_module with a literal name", {"pipeline.py": "import importlib\ndef value(): return importlib.import_module('helpers').f()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "import_module imported by name", {"pipeline.py": "from importlib import import_module\ndef value(): return import_module('helpers').f()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "import_module with a name built of parts", COMPUTED, ("plug_alpha.py", "return 1", "return 3")),
    ("reruns", "the list of names that are imported", COMPUTED, ("['alpha']", "['alpha', 'beta']")),
    ("reruns", "import_module with a name from another module", CONFIG_MODULE, ("backend_a.py", "RATE = 1", "RATE = 3")),
    ("reruns", "the name of the module in another module", CONFIG_MODULE, ("cfg.py", "backend_a", "backend_b")),
    ("reruns", "import_module with a name from a file", {"pipeline.py": "import importlib\ndef value(): return importlib.import_module(pathlib.Path('which.txt').read_text().strip()).f()", "which.txt": "one", "one.py": "def f(): return 1", "two.py": "def f(): return 2"}, ("which.txt", "one", "two")),
    ("reruns", "a module whose name is in a file", {"pipeline.py": "import importlib\ndef value(): return importlib.import_module(pathlib.Path('which.txt').read_text().strip()).f()", "which.txt": "one", "one.py": "def f(): return 1"}, ("one.py", "return 1", "return 2")),
    ("reruns", "a constant of a module whose name is in a file", {"pipeline.py": "import importlib\ndef value(): return importlib.import_module(pathlib.Path('which.txt').read_text().strip()).K", "which.txt": "one", "one.py": "K = 1"}, ("one.py", "K = 1", "K = 2")),
    ("reruns", "__import__", {"pipeline.py": "def value(): return __import__('helpers').f()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "__import__ with a computed name", {"pipeline.py": "N = 'help'\ndef value(): return __import__(N + 'ers').f()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "a plugin found by pkgutil", PLUGINS, ("plugins/a.py", "return 1", "return 2")),
    ("reruns", "a plugin for pkgutil is added", PLUGINS, {"write": {"plugins/b.py": "def run(): return 2"}}),
    ("reruns", "a plugin for pkgutil is removed", {**PLUGINS, "plugins/b.py": "def run(): return 2"}, {"delete": "plugins/b.py"}),
    ("reruns", "plugins found by a glob", {"pipeline.py": "import runpy\ndef value(): return [runpy.run_path(str(p))['K'] for p in sorted(pathlib.Path('parts').glob('*.py'))]", "parts/a.py": "K = 1"}, {"write": {"parts/b.py": "K = 2"}}),
    ("reruns", "a plugin found by a glob changes", {"pipeline.py": "import runpy\ndef value(): return [runpy.run_path(str(p))['K'] for p in sorted(pathlib.Path('parts').glob('*.py'))]", "parts/a.py": "K = 1"}, ("parts/a.py", "K = 1", "K = 2")),
    ("reruns", "a module loaded from a path", {"pipeline.py": "import importlib.util\ndef load(path):\n    spec = importlib.util.spec_from_file_location('part', path)\n    module = importlib.util.module_from_spec(spec)\n    spec.loader.exec_module(module)\n    return module\ndef value(): return load('parts/a.py').f()", "parts/a.py": "def f(): return 1"}, ("parts/a.py", "return 1", "return 2")),
    ("reruns", "an entry point", ENTRY, ("entry_plug.py", "return 1", "return 2")),
    ("reruns", "eval of a literal", "def helper(): return 1\ndef value(): return eval('helper()')", ("return 1", "return 2")),
    ("reruns", "eval of a computed text", "def helper(): return 1\nTEXT = 'hel' + 'per()'\ndef value(): return eval(TEXT)", ("return 1", "return 2")),
    ("reruns", "the text that is evaluated", "def value(): return eval('1 + 1')", ("1 + 1", "1 + 2")),
    ("reruns", "exec of a literal", "def helper(): return 1\ndef value():\n    space = {}\n    exec('x = helper()', globals(), space)\n    return space['x']", ("return 1", "return 2")),
    ("reruns", "a function made by exec at the top", "exec('def made(): return 1')\ndef value(): return made()", ("return 1", "return 2")),
    ("reruns", "a name made by exec from another module", {"pipeline.py": "import gen\ndef value(): return gen.made()", "gen.py": "TEMPLATE = 'def made(): return {}'\nexec(TEMPLATE.format(1))"}, ("gen.py", "format(1)", "format(2)")),
    ("reruns", "compile and exec of a file", {"pipeline.py": "def value():\n    space = {}\n    exec(compile(pathlib.Path('part.txt').read_text(), 'part', 'exec'), space)\n    return space['K']", "part.txt": "K = 1"}, ("part.txt", "K = 1", "K = 2")),
    ("reruns", "a function pickled by reference", {"pipeline.py": "import pickle, helpers\nBLOB = pickle.dumps(helpers.f)\ndef value(): return pickle.loads(BLOB)()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "a function named in pickled bytes", {"pipeline.py": "import pickle\nBLOB = b'chelpers\\nf\\n.'\ndef value(): return pickle.loads(BLOB)()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "a child script", CHILD, ("child.py", "+ 1", "+ 2")),
    ("reruns", "the arguments of a child script", CHILD, ("'child.py', '1'", "'child.py', '5'")),
    ("reruns", "a file given to a child process", {"pipeline.py": "import subprocess\ndef value(): return subprocess.run(['cat', 'rows.txt'], capture_output=True, text=True).stdout", "rows.txt": "a"}, ("rows.txt", "a", "b")),
    ("reruns", "a file in a command line for the shell", {"pipeline.py": "import subprocess\ndef value(): return subprocess.run('cat rows.txt', shell=True, capture_output=True, text=True).stdout", "rows.txt": "a"}, ("rows.txt", "a", "b")),
    ("reruns", "a module that a child script imports", {**CHILD, "child.py": "import sys, child_lib\nprint(child_lib.f(int(sys.argv[1])))", "child_lib.py": "def f(n): return n + 1"}, ("child_lib.py", "+ 1", "+ 2")),
    ("reruns", "a module run by a child", {"pipeline.py": "import subprocess, sys\ndef value(): return subprocess.run([sys.executable, '-m', 'job'], capture_output=True, text=True, check=True).stdout", "job.py": "print(1)"}, ("job.py", "print(1)", "print(2)")),
    ("reruns", "a script run by runpy", {"pipeline.py": "import runpy\ndef value(): return runpy.run_path('script.py')['K']", "script.py": "K = 1"}, ("script.py", "K = 1", "K = 2")),
    ("reruns", "a module run by runpy", {"pipeline.py": "import runpy\ndef value(): return runpy.run_module('script')['K']", "script.py": "K = 1"}, ("script.py", "K = 1", "K = 2")),
    ("reruns", "a function run in a process pool", {"pipeline.py": "import concurrent.futures, multiprocessing, helpers\ndef value():\n    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context('fork')) as pool: return pool.submit(helpers.f).result()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "a file read in a process pool", {"pipeline.py": "import concurrent.futures, multiprocessing\ndef read(): return pathlib.Path('rows.txt').read_text()\ndef value():\n    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context('fork')) as pool: return pool.submit(read).result()", "rows.txt": "a"}, ("rows.txt", "a", "b")),
    ("reruns", "a function run in a thread pool", {"pipeline.py": "import concurrent.futures, helpers\ndef value():\n    with concurrent.futures.ThreadPoolExecutor(1) as pool: return pool.submit(helpers.f).result()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "a class found by its name in a module", {"pipeline.py": "import models\ndef value(): return next(c for n, c in vars(models).items() if n.endswith('Model'))().f()", "models.py": "class AModel:\n    def f(self): return 1"}, ("models.py", "return 1", "return 2")),
    ("reruns", "methods found by their prefix", "class A:\n    def step_1(self): return 1\n    def run(self): return [getattr(self, n)() for n in dir(self) if n.startswith('step_')]\ndef value(): return A().run()", ("def run", "def step_2(self): return 2\n    def run")),
    ("reruns", "inspect.getmembers", {"pipeline.py": "import inspect, models\ndef value(): return [n for n, _ in inspect.getmembers(models, inspect.isfunction)]", "models.py": "def a(): return 1"}, ("models.py", "def a", "def b(): return 1\ndef a")),
    ("reruns", "setattr with a computed name", {"pipeline.py": "import cfg\nfor n in ('A',): setattr(cfg, n + 'B', 1)\ndef value(): return cfg.AB", "cfg.py": ""}, ("'B', 1", "'B', 2")),
    ("reruns", "a module replaced in sys.modules", {"pipeline.py": "import helpers\ndef value(): return helpers.f()", "helpers.py": "import sys, types\nm = types.ModuleType('helpers')\nm.f = lambda: 1\nsys.modules[__name__] = m"}, ("helpers.py", "lambda: 1", "lambda: 2")),
    ("reruns", "a builtin that is replaced", {"pipeline.py": "import patch\ndef value(): return shout('a')", "patch.py": "import builtins\nbuiltins.shout = lambda s: s + '!'"}, ("patch.py", "'!'", "'?'")),
    ("reruns", "a reload", {"pipeline.py": "import importlib, helpers\nimportlib.reload(helpers)\ndef value(): return helpers.f()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "sys.modules by name", {"pipeline.py": "import sys, helpers\ndef value(): return sys.modules['helpers'].f()", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "the name of the function itself", "def helper(): return helper.__name__\ndef value(): return helper()", {"write": {"pipeline.py": "def helpers(): return helpers.__name__\ndef value(): return helpers()"}}),
    ("reruns", "code given to a child interpreter", "import subprocess, sys\ndef value(): return subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True, text=True).stdout", ("print(1)", "print(2)")),
    ("reruns", "a module that a child script imports only as a script", {"pipeline.py": "import subprocess, sys\ndef value(): return subprocess.run([sys.executable, 'script.py'], capture_output=True, text=True).stdout", "script.py": "if __name__ == '__main__':\n    import helper\n    print(helper.f())", "helper.py": "def f(): return 1"}, ("helper.py", "1", "2")),
]
