# ruff: noqa: E501  (one case, one line)
# fmt: off
"""Parameters, loaders and pivot.yaml."""

GROUP = "parameters and loaders"

OUT = "Annotated[str, outputs.Out('out.txt', loaders.Text())]"
PARAMS = f"""
from pivot.stage_def import StageParams

class P(StageParams):
    rate: float = 0.5
    unused: int = 1

def main(params: P) -> {OUT}:
    ran()
    return str(params.rate)

pipeline.register(main)
"""
GIVEN = PARAMS.replace("pipeline.register(main)", "pipeline.register(main, params=P(rate=0.1))")
NESTED = f"""
import pydantic
from pivot.stage_def import StageParams

class Inner(pydantic.BaseModel):
    depth: int = 3

class P(StageParams):
    inner: Inner = Inner()

def main(params: P) -> {OUT}:
    ran()
    return str(params.inner.depth)

pipeline.register(main)
"""
VALIDATED = f"""
import pydantic
from pivot.stage_def import StageParams

def clean(v): return v * 2

class P(StageParams):
    rate: float = 0.5

    @pydantic.field_validator('rate')
    @classmethod
    def check(cls, v): return clean(v)

    @property
    def percent(self): return self.rate * 100

def main(params: P) -> {OUT}:
    ran()
    return str(params.percent)

pipeline.register(main, params=P(rate=0.25))
"""
LOADER = """
import dataclasses

@dataclasses.dataclass(frozen=True)
class Upper(loaders.Loader):
    mark: str = '!'

    def load(self, path): return decorate(path.read_text(), self.mark)
    def save(self, value, path): path.write_text(value)

def decorate(text, mark): return text.upper() + mark

def main(rows: Annotated[str, outputs.Dep('rows.txt', Upper())]) -> Annotated[str, outputs.Out('out.txt', loaders.Text())]:
    ran()
    return rows

pipeline.register(main)
"""
YAML = {
    "pivot.yaml": "pipeline: case\nstages:\n  main:\n    python: stages.main",
    "stages.py": "import os\nfrom typing import Annotated\nfrom pivot import loaders, outputs\ndef main() -> Annotated[str, outputs.Out('out.txt', loaders.Text())]:\n    with open(os.environ.get('PIVOT_CASE_TRACE', os.devnull), 'a') as t: t.write('main\\n')\n    return helper()\ndef other() -> Annotated[str, outputs.Out('out.txt', loaders.Text())]:\n    with open(os.environ.get('PIVOT_CASE_TRACE', os.devnull), 'a') as t: t.write('main\\n')\n    return 'other'\ndef helper(): return '1'\ndef unused(): return '1'",
}
SAVER = """
import dataclasses

@dataclasses.dataclass(frozen=True)
class Marked(loaders.Loader):
    mark: str = '!'

    def load(self, path): return path.read_text()
    def save(self, value, path): path.write_text(value + self.mark)

def main() -> Annotated[str, outputs.Out('out.txt', Marked())]:
    ran()
    return '1'

pipeline.register(main)
"""
DEPENDS = f"""
def main() -> {OUT}:
    ran()
    return os.popen('cat rows.txt').read()

pipeline.register(main, depends=['rows.txt'])
"""

CASES = [
    ("reruns", "a default of a parameter", PARAMS, ("rate: float = 0.5", "rate: float = 0.6")),
    ("may", "a default of a parameter that the stage does not read", PARAMS, ("unused: int = 1", "unused: int = 2")),
    ("reruns", "a parameter given at registration", GIVEN, ("rate=0.1", "rate=0.2")),
    ("may", "a default that is overridden at registration", GIVEN, ("rate: float = 0.5", "rate: float = 0.6")),
    ("reruns", "a parameter given by name", GIVEN.replace("rate=0.1", "rate=RATE").replace("class P", "RATE = 0.1\nclass P"), ("RATE = 0.1", "RATE = 0.2")),
    ("reruns", "the type of a parameter", PARAMS.replace("str(params.rate)", "repr(params.rate)").replace("rate: float = 0.5", "rate: float = 2").replace("pipeline.register(main)", "pipeline.register(main, params=P(rate=3))"), ("rate: float", "rate: int")),
    ("reruns", "a nested model's default", NESTED, ("depth: int = 3", "depth: int = 4")),
    ("reruns", "a nested model's value", NESTED, ("= Inner()", "= Inner(depth=5)")),
    ("reruns", "a validator of the parameters", VALIDATED, ("return clean(v)", "return clean(v) + 1")),
    ("reruns", "a helper of a validator", VALIDATED, ("v * 2", "v * 3")),
    ("reruns", "a property of the parameters", VALIDATED, ("* 100", "* 1000")),
    ("reruns", "parameters of another module", {"pipeline.py": f"from params import P\ndef main(params: P) -> {OUT}:\n    ran()\n    return str(params.rate)\npipeline.register(main)", "params.py": "from pivot.stage_def import StageParams\nclass P(StageParams):\n    rate: float = 0.5\n    unused: int = 1"}, ("params.py", "0.5", "0.6")),
    ("reruns", "a parameter of a base class", {"pipeline.py": f"from params import Base\nclass P(Base):\n    x: int = 1\ndef main(params: P) -> {OUT}:\n    ran()\n    return str(params.rate)\npipeline.register(main)", "params.py": "from pivot.stage_def import StageParams\nclass Base(StageParams):\n    rate: float = 0.5"}, ("params.py", "0.5", "0.6")),
    ("reruns", "an option of a custom loader", {"pipeline.py": LOADER, "rows.txt": "a"}, ("Upper())", "Upper('?'))")),
    ("reruns", "a default of a custom loader", {"pipeline.py": LOADER, "rows.txt": "a"}, ("mark: str = '!'", "mark: str = '?'")),
    ("reruns", "the code of a custom loader", {"pipeline.py": LOADER, "rows.txt": "a"}, ("decorate(path.read_text(), self.mark)", "decorate(path.read_text(), self.mark * 2)")),
    ("reruns", "a helper of a custom loader", {"pipeline.py": LOADER, "rows.txt": "a"}, ("text.upper()", "text.title() * 2")),
    ("reruns", "a custom loader of another module", {"pipeline.py": LOADER.replace(LOADER[LOADER.index("\nimport dataclasses"):LOADER.index("def main")], "\nfrom reading import Upper\n"), "reading.py": "import dataclasses\nfrom pivot import loaders\n" + LOADER[LOADER.index("@dataclasses"):LOADER.index("def main")], "rows.txt": "a"}, ("reading.py", "text.upper()", "text.title() * 2")),
    ("reruns", "the code of a custom writer", SAVER, ("value + self.mark", "value + self.mark * 2")),
    ("reruns", "an input's path", {"pipeline.py": f"def main(rows: Annotated[str, outputs.Dep('a.txt', loaders.Text())]) -> {OUT}:\n    ran()\n    return rows\npipeline.register(main)", "a.txt": "a", "b.txt": "b"}, ("'a.txt'", "'b.txt'")),
    ("reruns", "an input's path given by name", {"pipeline.py": f"ROWS = 'a.txt'\ndef main(rows: Annotated[str, outputs.Dep(ROWS, loaders.Text())]) -> {OUT}:\n    ran()\n    return rows\npipeline.register(main)", "a.txt": "a", "b.txt": "b"}, ("'a.txt'", "'b.txt'")),
    ("reruns", "the loader of an input", {"pipeline.py": f"def main(rows: Annotated[str, outputs.Dep('a.json', loaders.Text())]) -> {OUT}:\n    ran()\n    return repr(rows)\npipeline.register(main)", "a.json": '"a"'}, ("'a.json', loaders.Text()", "'a.json', loaders.JSON()")),
    ("reruns", "the order of several inputs", {"pipeline.py": f"def main(rows: Annotated[list[str], outputs.Dep(['a.txt', 'b.txt'], loaders.Text())]) -> {OUT}:\n    ran()\n    return ''.join(rows)\npipeline.register(main)", "a.txt": "a", "b.txt": "b"}, ("['a.txt', 'b.txt']", "['b.txt', 'a.txt']")),
    ("reruns", "the function that pivot.yaml names", YAML, ("pivot.yaml", "stages.main", "stages.other")),
    ("reruns", "a helper of a function that pivot.yaml names", YAML, ("stages.py", "def helper(): return '1'", "def helper(): return '2'")),
    ("fresh", "another function beside one that pivot.yaml names", YAML, ("stages.py", "def unused(): return '1'", "def unused(): return '2'")),
    ("fresh", "a comment in pivot.yaml", YAML, ("pivot.yaml", "stages:\n", "# all of them\nstages:\n")),
    ("may", "a version given at registration", f"def main() -> {OUT}:\n    ran()\n    return '1'\npipeline.register(main, version='1')", ("version='1'", "version='2'")),
    ("reruns", "a file named by depends", {"pipeline.py": DEPENDS, "rows.txt": "a"}, ("rows.txt", "a", "b")),
    ("fresh", "a helper that is named by ignore", f"def log(): return 1\ndef main() -> {OUT}:\n    ran()\n    log()\n    return '1'\npipeline.register(main, ignore=['log'])", ("return 1\n", "return 2\n")),
    ("reruns", "code named by depends", {"pipeline.py": f"import helpers\ndef main() -> {OUT}:\n    ran()\n    import sys\n    return str(sys.modules['help' + 'ers'].f())\npipeline.register(main, depends=[helpers])", "helpers.py": "def f(): return 1"}, ("helpers.py", "return 1", "return 2")),
    ("fresh", "a helper of another stage, where this one has parameters", {"pipeline.py": "import helpers\n" + PARAMS + "\ndef other() -> Annotated[str, outputs.Out('o.txt', loaders.Text())]: return helpers.f()\npipeline.register(other)", "helpers.py": "def f(): return '1'"}, ("helpers.py", "'1'", "'2'")),
    ("fresh", "another stage's parameters class", PARAMS + "\nclass Q(StageParams):\n    x: int = 1\ndef other(params: Q) -> Annotated[str, outputs.Out('o.txt', loaders.Text())]: return str(params.x)\npipeline.register(other)", ("x: int = 1", "x: int = 2")),
    ("fresh", "what another stage of the same parameters class does", PARAMS + "\ndef other(params: P) -> Annotated[str, outputs.Out('o.txt', loaders.Text())]: return str(params.rate)\npipeline.register(other, params=P(rate=2))", ("return str(params.rate)\npipeline.register(other", "return str(params.rate + 1)\npipeline.register(other")),
    ("fresh", "what another stage of the same parameters class is given", PARAMS + "\ndef other(params: P) -> Annotated[str, outputs.Out('o.txt', loaders.Text())]: return str(params.rate)\npipeline.register(other, params=P(rate=2))", ("P(rate=2)", "P(rate=3)")),
    ("fresh", "another stage's loader", {"pipeline.py": LOADER + "\ndef other() -> Annotated[dict, outputs.Out('o.json', loaders.JSON())]: return {}\npipeline.register(other)", "rows.txt": "a"}, ("loaders.JSON()", "loaders.YAML()")),
    ("fresh", "another stage's path", {"pipeline.py": LOADER + "\ndef other() -> Annotated[dict, outputs.Out('o.json', loaders.JSON())]: return {}\npipeline.register(other)", "rows.txt": "a"}, ("o.json", "p.json")),
    ("fresh", "the docstring of a parameters class", PARAMS.replace("class P(StageParams):", "class P(StageParams):\n    '''One.'''"), ("One.", "Two.")),
    ("fresh", "the name of a file that is also the name of a function", {"pipeline.py": f"def rows(): return 1\ndef main(given: Annotated[str, outputs.Dep('rows.txt', loaders.Text())]) -> {OUT}:\n    ran()\n    return given\npipeline.register(main)", "rows.txt": "a"}, ("return 1", "return 2")),
]
