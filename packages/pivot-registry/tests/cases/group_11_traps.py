# ruff: noqa: E501  (one case, one line)
# fmt: off
"""Where clocks, caches and places lie."""

GROUP = "traps"

HELPER = {"pipeline.py": "import helpers\ndef value(): return helpers.f()", "helpers.py": "def f(): return 1"}

CASES = [
    ("reruns", "an edit that keeps size and time: pipeline.py", "def value(): return 1", {"quietly": ("return 1", "return 2")}),
    ("reruns", "an edit that keeps size and time: a helper", HELPER, {"quietly": ("helpers.py", "return 1", "return 2")}),
    ("reruns", "an edit that keeps size and time: a constant", {"pipeline.py": "from cfg import K\ndef value(): return K", "cfg.py": "K = 1"}, {"quietly": ("cfg.py", "K = 1", "K = 2")}),
    ("reruns", "an edit that keeps size and time: a file that is read", {"pipeline.py": "def value(): return open('q.sql').read()", "q.sql": "a"}, {"quietly": ("q.sql", "a", "b")}),
    ("reruns", "an edit of the same size", HELPER, ("helpers.py", "return 1", "return 2")),
    ("fresh", "a touch of the pipeline", HELPER, {"touch": "pipeline.py"}),
    ("fresh", "a touch of a helper", HELPER, {"touch": "helpers.py"}),
    ("fresh", "an edit and its undo", HELPER, ("helpers.py", "return 1", "return 2"), ("helpers.py", "return 2", "return 1")),
    ("fresh", "a file written again with the same text", HELPER, {"delete": "helpers.py"}, {"write": {"helpers.py": "def f(): return 1"}}),
    ("fresh", "the project directory is renamed", HELPER, {"move": "renamed"}),
    ("fresh", "the project moves, with a path in a closure", "def make(path):\n    def stage() -> Annotated[str, outputs.Out('out.txt', loaders.Text())]:\n        ran()\n        return path.name\n    return stage\npipeline.register(make(pathlib.Path(__file__).parent / 'data'), name='main')", {"move": "renamed"}),
    ("fresh", "the project moves, with a file that is read", {"pipeline.py": "HERE = pathlib.Path(__file__).parent\ndef value(): return (HERE / 'q.sql').read_text()", "q.sql": "a"}, {"move": "renamed"}),
    ("reruns", "an edit after the project moved", HELPER, {"move": "renamed"}, ("helpers.py", "return 1", "return 2")),
    ("reruns", "a stale compiled file", HELPER, {"quietly": ("helpers.py", "return 1", "return 3")}),
    ("fresh", "a helper's file gets permission bits", HELPER, {"touch": "helpers.py"}),
    ("reruns", "a file is exchanged for another by renaming", {**HELPER, "new.py": "def f(): return 2"}, {"rename": ("new.py", "helpers.py")}),
    ("fresh", "a stage of the same name in another pipeline", {**HELPER, "other/pipeline.py": "from pivot.pipeline import Pipeline\nfrom typing import Annotated\nfrom pivot import loaders, outputs\npipeline = Pipeline('other')\ndef main() -> Annotated[str, outputs.Out('out.txt', loaders.Text())]: return 'x'\npipeline.register(main)"}, ("other/pipeline.py", "'x'", "'y'")),
    ("fresh", "a module of the same name in another directory", {**HELPER, "other/helpers.py": "def f(): return 1"}, ("other/helpers.py", "return 1", "return 2")),
    ("reruns", "a helper beside no package", {"pipeline.py": "import helpers\ndef value(): return helpers.f()", "helpers.py": "import low\ndef f(): return low.K", "low.py": "K = 1"}, ("low.py", "K = 1", "K = 2")),
    ("reruns", "a helper no longer parses and is mended otherwise", HELPER, {"write": {"helpers.py": "def f(: return"}}, {"write": {"helpers.py": "def f(): return 4"}}),
    ("fresh", "a directory for caches appears", HELPER, {"write": {"__pycache__/x.pyc": "", ".mypy_cache/a.json": "{}"}}),
    ("reruns", "state kept in a module between calls", {"pipeline.py": "import state\ndef value():\n    state.CACHE.append(1)\n    return len(state.CACHE)", "state.py": "CACHE = []"}, ("state.py", "CACHE = []", "CACHE = [0]")),
    ("fresh", "state kept in a module, nothing changed", {"pipeline.py": "import state\ndef value():\n    state.CACHE.append(1)\n    return 'x'", "state.py": "CACHE = []"}, {"touch": "state.py"}),
    ("reruns", "text beyond ASCII", "def value(): return 'ä'", ("'ä'", "'ö'")),
    ("reruns", "two spellings of one letter", "def value(): return 'é'.encode()", ("'é'", "'e\u0301'")),
    ("fresh", "a set in a closure", "def make(names):\n    def stage() -> Annotated[str, outputs.Out('out.txt', loaders.Text())]:\n        ran()\n        return ','.join(sorted(names))\n    return stage\npipeline.register(make({'a', 'b', 'c', 'd', 'e'}), name='main')", {"touch": "pipeline.py"}),
    ("fresh", "an object with an address in its text", "class A: pass\nK = A()\ndef value(): return type(K).__name__", {"touch": "pipeline.py"}),
    ("fresh", "a lock in a closure", "import threading\ndef make(lock):\n    def stage() -> Annotated[str, outputs.Out('out.txt', loaders.Text())]:\n        ran()\n        with lock: return '1'\n    return stage\npipeline.register(make(threading.Lock()), name='main')", {"touch": "pipeline.py"}),
    ("fresh", "a logger in the module", "import logging\nlog = logging.getLogger(__name__)\ndef value():\n    log.debug('x')\n    return 1", {"touch": "pipeline.py"}),
    ("may", "a logger's level", "import logging\nlog = logging.getLogger(__name__)\nlog.setLevel('INFO')\ndef value():\n    log.debug('x')\n    return 1", ("'INFO'", "'DEBUG'")),
    ("fresh", "a helper that is imported twice under two names", {"pipeline.py": "import helpers\nimport helpers as h\ndef value(): return h.f()", "helpers.py": "def f(): return 1"}, ("import helpers\n", "")),
    ("fresh", "a helper is imported lazily for the first time", {"pipeline.py": "def value():\n    import helpers\n    return helpers.f()\ndef unused(): return 1", "helpers.py": "def f(): return 1"}, ("def unused(): return 1", "def unused(): return 2")),
    ("reruns", "only the case of a letter", HELPER | {"helpers.py": "def f(): return 'a'"}, ("helpers.py", "'a'", "'A'")),
    ("reruns", "a deeply nested expression", "def value(): return " + "(" * 80 + "1" + " + 1)" * 80, ("(1 + 1)", "(2 + 1)")),
    ("reruns", "a long chain of operators", "def value(): return " + " + ".join(["1"] * 900), ("return 1 +", "return 2 +")),
    ("reruns", "a file of many functions", "\n".join(f"def f{n}(): return {n}" for n in range(500)) + "\ndef value(): return f250()", ("return 250", "return 999")),
    ("fresh", "a neighbour in a file of many functions", "\n".join(f"def f{n}(): return {n}" for n in range(500)) + "\ndef value(): return f250()", ("return 251", "return 999")),
    ("fresh", "two helpers with equal bodies", "def a(): return 1\ndef b(): return 1\ndef value(): return a()", ("def b(): return 1", "def b(): return 2")),
    ("reruns", "the other of two helpers with equal bodies", "def a(): return 1\ndef b(): return 1\ndef value(): return a(), b()", ("def b(): return 1", "def b(): return 2")),
    ("reruns", "which of two helpers with equal names is imported", {"pipeline.py": "from one import f\ndef value(): return f()", "one.py": "def f(): return __name__", "two.py": "def f(): return __name__"}, ("from one", "from two")),
]
