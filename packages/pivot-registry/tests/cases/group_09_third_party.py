# ruff: noqa: E501  (one case, one line)
# fmt: off
"""Installed packages: their versions count, not their text."""

GROUP = "third party"

USE = "import dep\ndef value(): return dep.f()"
DEP = "def f(): return 1"

CASES = [
    ("reruns", "a version bump", {"pipeline.py": USE, "dep==1.0": DEP}, {"upgrade": ("dep==1.0", "dep==2.0", "def f(): return 2")}),
    ("may", "a version bump without a change", {"pipeline.py": USE, "dep==1.0": DEP}, {"upgrade": ("dep==1.0", "dep==2.0", DEP)}),
    ("reruns", "a version bump of a package imported in a function", {"pipeline.py": "def value():\n    import dep\n    return dep.f()", "dep==1.0": DEP}, {"upgrade": ("dep==1.0", "dep==2.0", "def f(): return 2")}),
    ("reruns", "a version bump of a package used by a helper", {"pipeline.py": "import helpers\ndef value(): return helpers.g()", "helpers.py": "import dep\ndef g(): return dep.f()", "dep==1.0": DEP}, {"upgrade": ("dep==1.0", "dep==2.0", "def f(): return 2")}),
    ("reruns", "a version bump of a package imported by name", {"pipeline.py": "from dep import f\ndef value(): return f()", "dep==1.0": DEP}, {"upgrade": ("dep==1.0", "dep==2.0", "def f(): return 2")}),
    ("reruns", "a version bump of a requirement of a package", {"pipeline.py": USE, "dep==1.0": "# requires: low\nimport low\ndef f(): return low.g()", "low==1.0": "def g(): return 1"}, {"upgrade": ("low==1.0", "low==2.0", "def g(): return 2")}),
    ("reruns", "a version bump two requirements away", {"pipeline.py": USE, "dep==1.0": "# requires: mid\nimport mid\ndef f(): return mid.g()", "mid==1.0": "# requires: low\nimport low\ndef g(): return low.h()", "low==1.0": "def h(): return 1"}, {"upgrade": ("low==1.0", "low==1.1", "def h(): return 2")}),
    ("fresh", "a version bump of a package that nobody imports", {"pipeline.py": USE, "dep==1.0": DEP, "other==1.0": DEP}, {"upgrade": ("other==1.0", "other==2.0", "def f(): return 2")}),
    ("fresh", "a version bump of a package that another function uses", {"pipeline.py": "import dep, other\ndef unused(): return other.f()\ndef value(): return dep.f()", "dep==1.0": DEP, "other==1.0": DEP}, {"upgrade": ("other==1.0", "other==2.0", "def f(): return 2")}),
    ("fresh", "a package is installed that nobody imports", {"pipeline.py": USE, "dep==1.0": DEP}, {"write": {"other==1.0": DEP}}),
    ("reruns", "an optional package is installed", {"pipeline.py": "try:\n    import dep\nexcept ImportError:\n    dep = None\ndef value(): return dep.f() if dep else 0", "other==1.0": DEP}, {"write": {"dep==1.0": DEP}}),
    ("reruns", "an optional package is looked for with find_spec", {"pipeline.py": "import importlib.util\ndef value(): return importlib.util.find_spec('dep') is not None", "other==1.0": DEP}, {"write": {"dep==1.0": DEP}}),
    ("reruns", "a package without metadata", {"pipeline.py": USE, "lib/site-packages/dep.py": DEP}, ("lib/site-packages/dep.py", "return 1", "return 2")),
    ("fresh", "a package without metadata that nobody imports", {"pipeline.py": USE, "lib/site-packages/dep.py": DEP, "lib/site-packages/other.py": DEP}, ("lib/site-packages/other.py", "return 1", "return 2")),
    ("reruns", "a path dependency", {"pipeline.py": "import sys\nsys.path.append(str(pathlib.Path(__file__).parent / 'vendor'))\nimport dep\ndef value(): return dep.f()", "vendor/dep.py": DEP}, ("vendor/dep.py", "return 1", "return 2")),
    ("reruns", "a library's registry that the project fills", {"pipeline.py": "import dep\nimport plugin\ndef value(): return dep.run('a')", "plugin.py": "import dep\n@dep.register('a')\ndef a(): return 1", "dep==1.0": "TABLE = {}\ndef register(name):\n    def decorate(f):\n        TABLE[name] = f\n        return f\n    return decorate\ndef run(name): return TABLE[name]()"}, ("plugin.py", "return 1", "return 2")),
    ("reruns", "a library option set at import", {"pipeline.py": "import dep\ndep.set_option('rate', 1)\ndef value(): return dep.get()", "dep==1.0": "OPTIONS = {}\ndef set_option(k, v): OPTIONS[k] = v\ndef get(): return OPTIONS"}, ("'rate', 1", "'rate', 2")),
    ("reruns", "a library option set at import of a helper", {"pipeline.py": "import dep\nimport setup_dep\ndef value(): return dep.get()", "setup_dep.py": "import dep\ndep.set_option('rate', 1)", "dep==1.0": "OPTIONS = {}\ndef set_option(k, v): OPTIONS[k] = v\ndef get(): return OPTIONS"}, ("setup_dep.py", "'rate', 1", "'rate', 2")),
    ("reruns", "an attribute of a library set at import", {"pipeline.py": "import dep\ndep.RATE = 1\ndef value(): return dep.get()", "dep==1.0": "RATE = 0\ndef get(): return RATE"}, ("dep.RATE = 1", "dep.RATE = 2")),
    ("reruns", "a class of a library is patched", {"pipeline.py": "import dep\nimport patch\ndef value(): return dep.A().f()", "patch.py": "import dep\ndep.A.f = lambda self: 2", "dep==1.0": "class A:\n    def f(self): return 1"}, ("patch.py", "self: 2", "self: 3")),
    ("reruns", "a subclass of a library's class", {"pipeline.py": "import dep\nclass B(dep.A):\n    def g(self): return 1\ndef value(): return B().f()", "dep==1.0": "class A:\n    def f(self): return self.g()"}, ("return 1", "return 2")),
    ("reruns", "a callback given to a library", {"pipeline.py": "import dep\ndef callback(): return 1\ndef value(): return dep.call(callback)", "dep==1.0": "def call(f): return f()"}, ("return 1", "return 2")),
    ("reruns", "a docstring that a library's decorator reads", {"pipeline.py": "import dep\n@dep.tool\ndef helper():\n    '''One.'''\ndef value(): return helper.text", "dep==1.0": "def tool(f):\n    f.text = f.__doc__\n    return f"}, ("One.", "Two.")),
    ("reruns", "annotations that a library's decorator reads", {"pipeline.py": "import dep\n@dep.tool\ndef helper(x: int): pass\ndef value(): return helper.text", "dep==1.0": "def tool(f):\n    f.text = str(f.__annotations__)\n    return f"}, ("x: int", "x: str")),
    ("reruns", "a library's decorator on the stage's helper", {"pipeline.py": "import dep\n@dep.twice\ndef helper(): return 1\ndef value(): return helper()", "dep==1.0": "def twice(f): return lambda: f() * 2"}, ("return 1", "return 2")),
    ("reruns", "a version that the stage reads", {"pipeline.py": "import importlib.metadata\ndef value(): return importlib.metadata.version('dep')", "dep==1.0": DEP}, {"upgrade": ("dep==1.0", "dep==2.0", DEP)}),
    ("reruns", "a package of several modules", {"pipeline.py": "import pack.core\ndef value(): return pack.core.f()", "lib/site-packages/pack/__init__.py": "", "lib/site-packages/pack/core.py": DEP, "lib/site-packages/pack-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: pack\nVersion: 1.0", "lib/site-packages/pack-1.0.dist-info/RECORD": "pack/__init__.py,,\npack/core.py,,"}, {"rename": ("lib/site-packages/pack-1.0.dist-info", "lib/site-packages/pack-1.1.dist-info")}, ("lib/site-packages/pack-1.1.dist-info/METADATA", "1.0", "1.1"), ("lib/site-packages/pack/core.py", "return 1", "return 2")),
    ("reruns", "a distribution whose name is not that of its module", {"pipeline.py": USE, "lib/site-packages/dep.py": DEP, "lib/site-packages/python_dep-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: python-dep\nVersion: 1.0", "lib/site-packages/python_dep-1.0.dist-info/RECORD": "dep.py,,"}, {"rename": ("lib/site-packages/python_dep-1.0.dist-info", "lib/site-packages/python_dep-1.1.dist-info")}, ("lib/site-packages/python_dep-1.1.dist-info/METADATA", "1.0", "1.1"), ("lib/site-packages/dep.py", "return 1", "return 2")),
    ("fresh", "the metadata of a package besides its version", {"pipeline.py": USE, "dep==1.0": DEP}, ("lib/site-packages/dep-1.0.dist-info/METADATA", "Version: 1.0\n", "Version: 1.0\nSummary: a package\n")),
    ("fresh", "an empty leftover of an older version", {"pipeline.py": USE, "dep==2.0": DEP}, {"write": {"lib/site-packages/dep-1.0.dist-info/INSTALLER": "pip"}}),
    ("reruns", "the project shadows an installed package", {"pipeline.py": USE, "dep==1.0": DEP}, {"write": {"dep.py": "def f(): return 5"}}),
]
