"""What running code is seen to use, with real files, variables, imports and child processes."""

import builtins
import concurrent.futures
import importlib
import importlib.util
import json
import os
import pathlib
import posix
import sys
import textwrap
import threading
import types
from typing import Any

import pytest

from pivot.fingerprint.observed import WHOLE_ENVIRONMENT, Observed, environment_hash
from pivot.fingerprint.recorder import recorder
from pivot.fingerprint.recording import Recording, words

monitors = pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="functions are seen from Python 3.12 on")


@pytest.fixture
def project(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    home = tmp_path / "project"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.syspath_prepend(str(home))
    return home


def write(project: pathlib.Path, name: str, text: str = "x") -> pathlib.Path:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def load(project: pathlib.Path, source: str, name: str = "stages") -> types.ModuleType:
    path = write(project, f"{name}.py", source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def seen(project: pathlib.Path, body: str) -> Observed:
    """Run statements of the user's, and give what was seen."""
    return recorded(project, body).observed()


def recorded(project: pathlib.Path, body: str) -> Recording:
    module = load(project, "import os\ndef main():\n" + textwrap.indent(textwrap.dedent(body), "    "))
    with recorder().recording(project, globals()) as recording:
        module.main()
    return recording


def paths(observed: Observed) -> tuple[tuple[str, ...], ...]:
    return observed.files, observed.directories, observed.present, observed.missing


READS = [
    "open('q.sql').close()",
    "import pathlib; pathlib.Path('q.sql').read_text()",
    "import pathlib; pathlib.Path('q.sql').open('rb').close()",
    "os.close(os.open('q.sql', os.O_RDONLY))",
    "import io; io.FileIO('q.sql').close()",
    "open(os.path.abspath('q.sql')).close()",
    "open(b'q.sql').close()",
    "open('q.sql', 'r+').close()",
    "import shutil; shutil.copy('q.sql', 'copy.sql')",
    "import linecache; linecache.clearcache(); linecache.getline('q.sql', 1)",
    "import threading; t = threading.Thread(target=lambda: open('q.sql').close()); t.start(); t.join()",
    "os.path.getsize('q.sql')",
    "os.stat('q.sql')",
    "import pathlib; pathlib.Path('q.sql').stat().st_mtime",
    "os.chdir('sub'); open('../q.sql').close()",
]


@pytest.mark.parametrize("body", READS)
def test_reading_a_file_is_seen(project, body):
    write(project, "q.sql")
    (project / "sub").mkdir()
    assert seen(project, body).files == ("q.sql",)


NO_READS = [
    "open('out.txt', 'w').close()",
    "open('out.txt', 'a').close()",
    "open('new.txt', 'x').close(); open('new.txt').close()",
    "open('out.txt', 'w+').close()",
    "open('out.txt', 'w').close(); open('out.txt').close()",
    "import tempfile; f = tempfile.TemporaryFile(dir='.'); f.close()",
    "open('tmp', 'w').close(); os.replace('tmp', 'out.txt'); open('out.txt').close()",
    "os.mkdir('made'); os.listdir('made')",
    "open('tmp', 'w').close(); os.remove('tmp'); os.path.exists('tmp')",
    "r, w = os.pipe(); open(r).close(); os.close(w)",
    "open('lib/site-packages/x.txt').close()",
    "open('.pivot/state').close()",
    "import shutil; os.makedirs('a/b'); shutil.rmtree('a')",
]


@pytest.mark.parametrize("body", NO_READS)
def test_what_the_run_makes_and_what_tools_keep_is_not_seen(project, body):
    write(project, "out.txt")
    write(project, "lib/site-packages/x.txt")
    write(project, ".pivot/state")
    found = seen(project, body)
    assert (found.files, found.directories, found.missing) == ((), (), ())


def test_a_file_read_before_it_is_written_is_seen(project):
    write(project, "count.txt")
    found = seen(project, "open('count.txt').close(); open('count.txt', 'w').close()")
    assert found.files == ("count.txt",)


def test_a_file_read_and_removed_is_missing_from_then_on(project):
    write(project, "inbox.txt")
    assert seen(project, "open('inbox.txt').close(); os.remove('inbox.txt')").missing == ("inbox.txt",)


LISTINGS = [
    "os.listdir('sql')",
    "os.listdir(b'sql')",
    "list(os.scandir('sql'))",
    "os.chdir('sql'); os.listdir()",
    "import glob; glob.glob('sql/*.sql')",
    "import pathlib; list(pathlib.Path('sql').iterdir())",
    "import pathlib; list(pathlib.Path('sql').glob('*.sql'))",
    "list(os.walk('sql'))",
    "import pkgutil; list(pkgutil.iter_modules([os.path.abspath('sql')]))",
]


@pytest.mark.parametrize("body", LISTINGS)
def test_listing_a_directory_is_seen(project, body):
    write(project, "sql/a.sql")
    assert "sql" in seen(project, body).directories


MISSING = [
    "os.path.exists('flag')",
    "os.path.isfile('flag')",
    "os.path.lexists('flag')",
    "os.access('flag', os.R_OK)",
    "import pathlib; pathlib.Path('flag').exists()",
    "import pathlib; pathlib.Path('flag').is_file()",
    "import contextlib\nwith contextlib.suppress(OSError): open('flag')",
    "import contextlib\nwith contextlib.suppress(OSError): os.listdir('flag')",
    "import contextlib\nwith contextlib.suppress(OSError): os.stat('flag')",
]


@pytest.mark.parametrize("body", MISSING)
def test_looking_for_what_is_not_there_is_seen(project, body):
    assert seen(project, body).missing == ("flag",)


PRESENT = [body for body in MISSING if "os.listdir" not in body and "open" not in body and "os.stat" not in body]


@pytest.mark.parametrize("body", PRESENT)
def test_looking_for_what_is_there_is_seen_without_its_content(project, body):
    write(project, "flag")
    found = seen(project, body)
    assert (found.present, found.files, found.missing) == (("flag",), (), ())


def test_a_directory_that_the_run_makes_after_asking_is_its_own(project):
    assert seen(project, "os.makedirs('a/b', exist_ok=True)") == Observed(code=seen(project, "pass").code)


def test_resolving_a_path_asks_nothing(project):
    write(project, "a/b.txt")
    found = seen(project, "import pathlib; pathlib.Path('a/b.txt').resolve(); os.path.realpath('a/c.txt')")
    assert (found.present, found.missing) == ((), ())


def test_files_outside_the_project_are_told_apart(project, tmp_path, monkeypatch):
    other = write(tmp_path, "elsewhere/a.txt")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    found = seen(project, f"open({str(other)!r}).close(); open('/etc/passwd').close()")
    assert (found.files, found.outside) == ((), (str(other),))


DECLARED = [
    ("open('q.sql').close()", ["q.sql"]),
    ("open('sub/a/b.txt').close()", ["sub"]),
    ("os.listdir('sub/a')", ["sub/a"]),
    ("os.path.exists('sub/a/gone')", ["sub/a"]),
    ("os.makedirs('sub/a', exist_ok=True)", ["sub/a/out.txt"]),
    ("os.path.exists('new/a')", ["new/a/out.txt"]),
]


@pytest.mark.parametrize(("body", "declared"), DECLARED)
def test_what_is_declared_and_what_leads_there_is_not_seen(project, body, declared):
    write(project, "q.sql")
    write(project, "sub/a/b.txt")
    assert paths(recorded(project, body).observed()) != ((), (), (), ())
    assert paths(recorded(project, body).observed(declared)) == ((), (), (), ())


def test_a_directory_that_leads_to_what_is_declared_may_not_be_listed(project):
    write(project, "sub/b.txt")
    assert recorded(project, "os.listdir('sub')").observed(["sub/b.txt"]).directories == ("sub",)


def test_a_declared_file_outside_the_project_is_not_told(project, tmp_path, monkeypatch):
    outside = write(tmp_path, "elsewhere/a.txt")
    monkeypatch.setenv("TMPDIR", str(project / "tmp"))
    running = recorded(project, f"open({str(outside)!r}).close()")
    assert (running.observed().outside, running.observed([str(outside.parent)]).outside) == ((str(outside),), ())


def test_a_project_reached_by_a_link_is_the_same(project, tmp_path):
    write(project, "q.sql")
    (tmp_path / "link").symlink_to(project)
    module = load(project, "def main(path): open(path).close()")
    with recorder().recording(tmp_path / "link") as recording:
        module.main(str(project / "q.sql"))
        module.main(str(tmp_path / "link" / "q.sql"))
    assert recording.observed().files == ("q.sql",)


VARIABLES = [
    "os.environ['RATE']",
    "os.environ.get('RATE')",
    "os.getenv('RATE', '1')",
    "'RATE' in os.environ",
    "os.environb[b'RATE']",
    "os.path.expandvars('$RATE')",
    "import string; string.Template('$RATE').substitute(os.environ)",
    "'{RATE}'.format_map(os.environ)",
    "os.environ.setdefault('RATE', '2')",
]


@pytest.mark.parametrize("body", VARIABLES)
def test_reading_a_variable_is_seen(project, monkeypatch, body):
    monkeypatch.setenv("RATE", "0.1")
    assert seen(project, body).env == {"RATE": environment_hash("RATE", {"RATE": "0.1"})}


def test_a_variable_that_is_not_set_is_seen(project, monkeypatch):
    monkeypatch.delenv("RATE", raising=False)
    assert seen(project, "os.environ.get('RATE')").env == {"RATE": None}


def test_variables_that_the_run_sets_are_its_own(project, monkeypatch):
    monkeypatch.delenv("RATE", raising=False)
    assert seen(project, "os.environ['RATE'] = '1'; os.environ['RATE']; del os.environ['RATE']").env == {}


def test_a_variable_keeps_the_value_it_was_first_read_with(project, monkeypatch):
    monkeypatch.setenv("RATE", "1")
    found = seen(project, "os.environ['RATE']; os.environ['RATE'] = '2'; os.environ['RATE']")
    assert found.env == {"RATE": environment_hash("RATE", {"RATE": "1"})}


ALL = [
    "dict(os.environ)",
    "{**os.environ}",
    "os.environ.copy()",
    "os.environ | {'A': '1'}",
    "{name: value for name, value in os.environ.items()}",
    "list(os.environ)",
    "list(os.environ.values())",
    "[os.environ[name] for name in os.environ if name == 'PWD']",
]


@pytest.mark.parametrize("body", ALL)
def test_reading_all_variables_is_one_fact(project, body):
    found = seen(project, body).env
    assert set(found) <= {WHOLE_ENVIRONMENT, "PWD"}
    assert found[WHOLE_ENVIRONMENT] == environment_hash(WHOLE_ENVIRONMENT, os.environ)


def test_variables_that_libraries_read_do_not_count(project):
    assert seen(project, "import tempfile; tempfile._get_default_tempdir(); os.path.expanduser('~')").env == {}


def test_a_library_of_settings_reads_for_its_caller(project, tmp_path, monkeypatch):
    monkeypatch.setenv("RATE", "1")
    write(tmp_path, "lib/site-packages/environs.py", "import os\ndef get(name): return os.environ[name]")
    write(tmp_path, "lib/site-packages/threads.py", "import os\ndef get(name): return os.environ[name]")
    monkeypatch.syspath_prepend(str(tmp_path / "lib" / "site-packages"))
    assert set(seen(project, "import environs; environs.get('RATE')").env) == {"RATE"}
    assert seen(project, "import threads; threads.get('RATE')").env == {}


def test_looking_for_installed_packages_is_no_listing_of_the_project(project):
    body = """
        import contextlib, importlib, importlib.metadata as m
        importlib.invalidate_caches()
        m.FastPath.__new__.cache_clear()
        with contextlib.suppress(m.PackageNotFoundError): m.version('nowhere')
    """
    found = seen(project, body)
    assert (found.directories, found.present) == ((), ())


def test_importing_reads_nothing(project):
    write(project, "helpers.py", "K = 1")
    found = seen(project, "import helpers; helpers.K")
    assert (found.files, found.directories, found.present, found.missing) == ((), (), (), ())


def test_a_source_run_as_a_file_is_read(project):
    write(project, "script.py", "K = 1")
    assert seen(project, "import runpy; runpy.run_path('script.py')").files == ("script.py",)


def test_a_source_loaded_from_a_path_is_read_also_when_it_is_compiled_already(project):
    write(project, "parts/a.py", "K = 1")
    body = """
        import importlib.util
        spec = importlib.util.spec_from_file_location('a', 'parts/a.py')
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    """
    assert seen(project, body).files == ("parts/a.py",)
    assert seen(project, body).files == ("parts/a.py",)


def test_data_of_a_package_is_read(project):
    write(project, "pack/__init__.py", "")
    write(project, "pack/q.sql")
    assert seen(project, "import pkgutil; pkgutil.get_data('pack', 'q.sql')").files == ("pack/q.sql",)


def test_a_traceback_reads_nothing(project):
    found = seen(project, "import traceback\ntry: 1 / 0\nexcept ZeroDivisionError: traceback.format_exc()")
    assert (found.files, found.present) == ((), ())


DYNAMIC = [
    "import importlib; importlib.import_module('plugins.' + 'a')",
    "from importlib import import_module; import_module('.a', 'plugins')",
    "__import__('plugins.a')",
    "import pickle; pickle.loads(b'cplugins.a\\nK\\n.')",
    "import importlib.metadata as m; m.EntryPoint('x', 'plugins.a:K', 'g').load()",
]


@pytest.mark.parametrize("body", DYNAMIC)
def test_modules_by_computed_names_are_seen_loaded_or_not(project, body):
    write(project, "plugins/__init__.py", "")
    write(project, "plugins/a.py", "K = 1")
    body += "\nimport importlib; importlib.import_module('json'); __import__('json')"
    assert seen(project, body).modules == ("plugins.a",)
    assert seen(project, body).modules == ("plugins.a",)


def test_import_statements_are_for_the_text_to_say(project):
    write(project, "plugins/__init__.py", "")
    write(project, "plugins/a.py", "import plugins.b")
    write(project, "plugins/b.py", "")
    assert seen(project, "import plugins.a; from plugins import b; from plugins import a as c").modules == ()


def test_a_module_that_is_not_found_is_missing(project):
    write(project, "plugins/__init__.py", "")
    body = """
        import contextlib, importlib.util
        with contextlib.suppress(ImportError): import plugins.fast
        importlib.util.find_spec('quick')
    """
    assert seen(project, body).missing == ("plugins/fast", "plugins/fast.py", "quick", "quick.py")


def test_files_in_the_words_of_a_child_process_are_read(project):
    write(project, "script.py", "import sys")
    write(project, "rows.txt")
    body = "import subprocess, sys; subprocess.run([sys.executable, 'script.py', 'rows.txt', 'none.txt'], check=True)"
    found = seen(project, body)
    assert found.files == ("rows.txt", "script.py")
    assert found.spawned == (os.path.basename(sys.executable),)
    assert "script" in found.code


def test_a_line_for_the_shell_is_split(project):
    write(project, "rows.txt")
    assert seen(project, "os.system('cat rows.txt > /dev/null')").files == ("rows.txt",)
    assert seen(project, "import subprocess; subprocess.run('cat < rows.txt', shell=True)").files == ("rows.txt",)


def test_a_module_run_by_a_child_is_seen(project):
    write(project, "job.py", "")
    assert seen(project, "import subprocess, sys; subprocess.run([sys.executable, '-m', 'job'])").modules == ("job",)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["a", b"b", pathlib.Path("c"), 3], ["a", "b", "c"]),
        ("a 'b c'", ["a", "b c"]),
        ("a 'b", ["a", "'b"]),
        (pathlib.Path("a"), ["a"]),
    ],
)
def test_words_of_a_command(command, expected):
    assert words(command) == expected


def test_a_database_is_read(project):
    sqlite3 = pytest.importorskip("sqlite3")
    sqlite3.connect(project / "rows.db").execute("create table t (a)").connection.close()
    assert seen(project, "import sqlite3; sqlite3.connect('rows.db').close()").files == ("rows.db",)
    assert seen(project, "import sqlite3; sqlite3.connect(':memory:').close()").missing == ()


STARTS = """
import subprocess, sys
def start(): subprocess.run([sys.executable, "-c", "pass"], check=True)
start()
"""


def test_a_program_that_a_library_starts_when_imported_is_its_own_affair(project, monkeypatch):
    write(project, "lib/site-packages/fonts.py", STARTS)
    monkeypatch.syspath_prepend(str(project / "lib" / "site-packages"))
    assert seen(project, "import fonts").spawned == ()
    python = (os.path.basename(sys.executable),)
    assert seen(project, "import fonts; fonts.start()").spawned == python
    write(project, "helpers.py", STARTS)
    assert seen(project, "import helpers").spawned == python
    assert seen(project, f"exec({STARTS!r}, {{}})").spawned == python


def test_a_child_made_by_fork_is_seen(project):
    write(project, "rows.txt")
    body = """
        import multiprocessing
        child = multiprocessing.get_context('fork').Process(target=open, args=('rows.txt',))
        child.start()
        child.join()
    """
    assert seen(project, body).files == ("rows.txt",)


@monitors
def test_functions_that_start_are_seen_once_each_and_in_every_recording(project):
    write(project, "helpers.py", "def load(): return 1\nclass Table:\n    def read(self): return load()")
    body = "import helpers; helpers.Table().read(); helpers.Table().read()"
    expected = ("helpers:Table.read", "helpers:load", "stages:main")
    assert seen(project, body).code == expected
    assert seen(project, body).code == expected


BY_HAND = """
    import importlib.util, sys
    spec = importlib.util.spec_from_file_location("helpers", os.path.abspath("helpers.py"))
    sys.modules["helpers"] = helpers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(helpers)
"""


@monitors
@pytest.mark.parametrize("how", ["import helpers", BY_HAND])
def test_what_runs_while_a_module_defines_itself_does_not_count(project, how):
    write(project, "helpers.py", "def define(): return 1\nK = define()\nclass Table:\n    pass")
    assert seen(project, how).code == ("stages:main",)
    del sys.modules["helpers"]
    assert seen(project, "import helpers; helpers.define()").code == ("helpers:define", "stages:main")


@monitors
def test_a_lambda_is_part_of_what_its_statement_binds(project):
    write(project, "helpers.py", "TABLE = {\n    'a': lambda: 1,\n}\n(lambda: 2)()\ndef call(f): return f()")
    found = seen(project, "import helpers; helpers.call(helpers.TABLE['a'])").code
    assert found == ("helpers:TABLE", "helpers:call", "stages:main")


@pytest.mark.parametrize(("name", "value"), [("__defaults__", (1,)), ("__kwdefaults__", {"argument": 1})])
def test_that_a_function_is_given_other_defaults_is_noticed(project, name, value):
    function = types.FunctionType(compile("1", "", "eval"), {})
    with recorder().recording(project):
        counted = recorder().redefinitions()
        setattr(function, name, value)
        assert recorder().redefinitions() == counted + 1
    setattr(function, name, value)
    assert recorder().redefinitions() == counted + 2


@monitors
def test_code_of_libraries_does_not_count(project):
    assert seen(project, "import json; json.loads('1')").code == ("stages:main",)


@monitors
def test_another_tool_may_hold_the_number(project):
    held = [tool for tool in range(6) if sys.monitoring.get_tool(tool) is None]
    for tool in held:
        sys.monitoring.use_tool_id(tool, "other")
    try:
        assert seen(project, "pass").code == ()
    finally:
        for tool in held:
            sys.monitoring.free_tool_id(tool)


def test_nothing_is_left_in_place_afterwards(project):
    def places() -> list[Any]:
        environ = type(os.environ)
        methods = [vars(environ)[name] for name in ("__getitem__", "__iter__", "__setitem__", "__delitem__")]
        able = [set(able) for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks)]
        return [
            os.stat,
            os.lstat,
            os.access,
            sys.modules["_frozen_importlib"]._gcd_import,
            builtins.__import__,
            list(sys.meta_path),
            *methods,
            *able,
        ]

    before = places()
    seen(project, "os.environ.get('A')")
    assert places() == before
    assert os.stat is posix.stat


def test_what_is_replaced_meanwhile_behaves_the_same(project):
    write(project, "a.txt")
    with recorder().recording(project):
        assert os.stat("a.txt") == posix.stat("a.txt")
        assert os.stat in os.supports_dir_fd
        assert os.stat(".", dir_fd=None, follow_symlinks=False).st_mode == posix.stat(".").st_mode
        assert os.environ.get("NOT SET") is None
        with pytest.raises(FileNotFoundError):
            os.stat("gone")
        with pytest.raises(KeyError):
            os.environ["NOT SET"]


def test_nothing_counts_when_nothing_records(project):
    write(project, "q.sql")
    with recorder().recording(project) as recording:
        pass
    (project / "q.sql").read_text()
    os.environ.get("RATE")
    assert recording.observed() == Observed()


def test_two_recordings_see_the_same(project):
    write(project, "a.txt")
    write(project, "b.txt")
    with recorder().recording(project) as outer:
        (project / "a.txt").read_text()
        with recorder().recording(project) as inner:
            (project / "b.txt").read_text()
    assert (outer.observed().files, inner.observed().files) == (("a.txt", "b.txt"), ("b.txt",))


def test_pivot_s_own_work_can_be_left_out(project):
    write(project, "a.txt")
    with recorder().recording(project) as recording, recorder().unrecorded():
        (project / "a.txt").read_text()
    assert recording.observed().files == ()


def test_recordings_of_several_threads_end_in_any_order(project):
    write(project, "a.txt")
    barrier = threading.Barrier(4)

    def record(_: int) -> Observed:
        with recorder().recording(project) as recording:
            barrier.wait()
            (project / "a.txt").read_text()
        return recording.observed()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(record, range(4)))
    assert {one.files for one in found} == {("a.txt",)}
    assert os.stat is posix.stat


def test_there_is_one_recorder_per_process():
    assert recorder() is recorder()


def test_a_path_that_cannot_be_read_as_one_harms_nobody(project):
    with recorder().recording(project):
        with pytest.raises(ValueError, match="null"):
            os.stat("a\0b")
        with pytest.raises(ValueError, match="null"):
            open("a\0b")  # noqa: SIM115
        with pytest.raises(TypeError):
            builtins.open(None)  # noqa: SIM115  # type: ignore[call-overload]


def test_what_was_seen_is_json(project):
    write(project, "q.sql")
    found = seen(project, "open('q.sql').close(); os.environ.get('A'); os.listdir()")
    assert Observed.from_data(json.loads(json.dumps(found.to_data()))) == found


def facts(project: pathlib.Path, source: str) -> set[tuple[int, str, str]]:
    with recorder().recording(project) as recording:
        load(project, source)
    found = recording.import_facts()
    assert found == tuple(sorted(found))
    assert {fact.module for fact in found} <= {"stages", "helpers"}
    return {(fact.line, fact.kind, fact.name) for fact in found}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("K = open('q.sql').read()", {("file", "q.sql")}),
        ("K = __import__('os').listdir('sql')", {("directory", "sql")}),
        ("K = __import__('os').path.exists('q.sql')", {("present", "q.sql")}),
        ("K = __import__('os').path.exists('flag')", {("missing", "flag")}),
        ("K = __import__('os').environ.get('RATE')", {("environment", "RATE")}),
        ("K = [open('q.sql').read() for _ in '1']", {("file", "q.sql")}),
        ("K = (\n    1,\n    open('q.sql').read(),\n)", {("file", "q.sql")}),
        ("class K:\n    x = open('q.sql').read()", {("file", "q.sql")}),
        ("def f(x=open('q.sql').read()): ...", {("file", "q.sql")}),
        ("K = open('/etc/passwd').read()", set()),
        ("open('out', 'w').close()\nK = open('out').read()", set()),
    ],
)
def test_what_a_module_reads_while_it_defines_itself_has_its_place(project, statement, expected):
    write(project, "q.sql")
    write(project, "sql/a.sql")
    found = facts(project, "# a line\n\n" + statement)
    assert {(kind, name) for _, kind, name in found} == expected
    assert {line for line, _, _ in found} <= set(range(3, 3 + len(statement.splitlines())))


def test_a_read_by_a_function_counts_for_the_statement_that_calls_it(project):
    write(project, "q.sql")
    write(project, "helpers.py", "def read():\n    return open('q.sql').read()\nK = read()")
    with recorder().recording(project) as recording:
        load(project, "import helpers\nA = 1\nB = helpers.read()")
    found = {(fact.module, fact.line, fact.name) for fact in recording.import_facts()}
    assert found == {("helpers", 3, "q.sql"), ("stages", 3, "q.sql")}


def test_a_read_by_a_thread_counts_for_the_statement_that_waits_for_it(project):
    write(project, "q.sql")
    source = "import threading\nt = threading.Thread(target=lambda: open('q.sql').close())\nt.start()\nt.join()"
    assert {name for _, _, name in facts(project, source)} == {"q.sql"}


def test_facts_of_imports_tell_what_was_there(project, monkeypatch):
    monkeypatch.setenv("RATE", "1")
    source = "import os\nA = os.environ['RATE']\nB = open('q.sql').read()\nC = os.listdir('sql')"

    def values() -> dict[str, str]:
        write(project, "sql/a.sql")
        with recorder().recording(project) as recording:
            load(project, source)
        return {fact.kind: fact.value for fact in recording.import_facts()}

    write(project, "q.sql", "one")
    before = values()
    assert before == values()
    write(project, "q.sql", "two")
    write(project, "sql/b.sql")
    monkeypatch.setenv("RATE", "2")
    after = values()
    assert {kind for kind in after if after[kind] != before[kind]} == {"environment", "file", "directory"}


def test_what_a_stage_reads_when_it_runs_is_no_fact_of_an_import(project):
    write(project, "q.sql")
    module = load(project, "def main(): open('q.sql').close()")
    with recorder().recording(project) as recording:
        module.main()
    assert recording.import_facts() == ()


def test_functions_of_equal_text_in_two_files_both_use_a_file(project):
    write(project, "q.sql")
    one, two = (
        load(project, "def read():\n    open('q.sql').close()\n", name) for name in ("one_of_two", "two_of_two")
    )
    with recorder().recording(project) as recording:
        one.read()
        two.read()
    assert recording.users()["q.sql"] >= {"one_of_two.read", "two_of_two.read"}


def test_a_function_of_the_users_that_is_named_like_one_of_python_s_is_seen(project):
    write(project, "q.sql")
    module = load(project, "def _rmtree_tables(): open('q.sql').close()")
    with recorder().recording(project, globals()) as recording:
        module._rmtree_tables()
    assert recording.observed().files == ("q.sql",)
