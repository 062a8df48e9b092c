"""Any sequence of edits, undone or not: what is kept of earlier analyses never changes an answer."""

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pivot.fingerprint.analysis import AnalysisInputs, analyse
from pivot.fingerprint.imports import ImportPath
from pivot.fingerprint.roots import Root
from pivot.fingerprint.summaries import Summaries

CONTENTS: dict[str, tuple[str, ...]] = {
    "pipeline.py": (
        "from lib import helper\nimport plug\ndef one(): return helper(1)\ndef two(): return plug.TABLE\n",
        "from lib import *\nimport lib.deep\ndef one(): return helper(1)\ndef two(): return lib.deep.value()\n",
    ),
    "lib/__init__.py": (
        "from lib.deep import value as helper\n",
        "from lib.other import helper\n",
        "from lib.other import *\nimport plug\n",
        "def helper(x): return x\ndef __getattr__(name): return name\n",
    ),
    "lib/deep.py": (
        "LIMIT = 1\ndef value(x=0): return x + LIMIT\n",
        "LIMIT = 2\ndef value(x=0): return x + LIMIT\n",
        "def value(x=0): return len(str(x))\n",
        "import plug\ndef value(x=0):\n    plug.fill(x)\n    return x\n",
        "def value(:\n",
    ),
    "lib/other.py": (
        "def helper(x): return max(x, 2)\n",
        "def max(*a): return a\ndef helper(x): return max(x, 2)\n",
        "__all__ = ['helper']\nfrom lib.deep import value as helper\n",
    ),
    "lib/helper.py": ("NAME = 1\n",),
    "plug.py": (
        "TABLE = {}\ndef fill(x): TABLE[x] = 1\n",
        "TABLE = {}\ndef fill(x): return x\nfill(3)\n",
        "import lib.deep\nTABLE = {}\ndef fill(x): TABLE[x] = lib.deep\nfill(1)\nlib.deep.LIMIT = 5\n",
    ),
    "plug/__init__.py": ("TABLE = 'package'\n",),
    "builtin_shadow.py": ("x = 1\n",),
}

edits = st.sampled_from(
    [(path, text) for path, texts in CONTENTS.items() for text in (*texts, None)]  # None: the file goes
)


def answers(root: Path, summaries: Summaries) -> tuple[list[str], str, str, AnalysisInputs]:
    roots = {"one": Root("pipeline", "one"), "two": Root("pipeline", "two")}
    found = analyse(roots, ImportPath((str(root),)), summaries, {})
    summaries.save()
    codes = [found.code(stage) for stage in roots] + [repr(found.manifest(stage)) for stage in roots]
    return codes, found.module_code("pipeline"), found.import_code("pipeline"), found.inputs()


def write(root: Path, path: str, text: str | None) -> None:
    full = root / path
    if text is None:
        full.unlink(missing_ok=True)
        return
    full.parent.mkdir(exist_ok=True)
    full.write_text(text, encoding="utf-8")


@example([("lib/deep.py", None)])  # a module that goes and comes back
@settings(max_examples=20)
@given(st.lists(edits, min_size=2, max_size=8))
def test_after_any_edits_kept_and_fresh_analyses_agree(sequence: list[tuple[str, str | None]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root, kept = Path(directory, "project"), Path(directory, "kept")
        root.mkdir()
        for path, texts in CONTENTS.items():
            if path not in ("plug/__init__.py", "lib/helper.py"):
                write(root, path, texts[0])
        before = answers(root, Summaries(kept))
        for path, text in sequence:
            write(root, path, text)
            (*same, looked_at), (*anew, needed) = answers(root, Summaries(kept)), answers(root, Summaries())
            assert same == anew
            assert set(needed.files) <= set(looked_at.files)
            assert set(needed.probed) <= set(looked_at.probed)
            assert needed.environment == looked_at.environment
        for path in CONTENTS:  # all undone
            write(root, path, None if path in ("plug/__init__.py", "lib/helper.py") else CONTENTS[path][0])
        assert answers(root, Summaries(kept))[:3] == before[:3]
