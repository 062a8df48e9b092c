# ruff: noqa: E501  (one case, one line)
# fmt: off
"""What is out of scope: no promise that such a change is seen."""

GROUP = "limits"

CASES = [
    ("unseen", "the time zone (`TZ`), read by the C library", {"pipeline.py": "import time\ndef value():\n    time.tzset()\n    return time.localtime(0).tm_hour", "TZ=": "UTC"}, {"env": {"TZ": "Asia/Tokyo"}}),
    ("unseen", "a file of an installed package edited in place (use `environment: content`)", {"pipeline.py": "import dep\ndef value(): return dep.f()", "dep==1.0": "def f(): return 1"}, ("lib/site-packages/dep.py", "return 1", "return 2")),
    ("unseen", "a file outside the project (reported when it is read)", {"pipeline.py": "def value(): return sorted(p.name for p in pathlib.Path(os.environ['ELSEWHERE'] or '.').glob('*.none'))", "ELSEWHERE=": "/"}, {"touch": "pipeline.py"}),
    ("unseen", "the clock", "import time\ndef value(): return time.time_ns()", {"touch": "pipeline.py"}),
    ("unseen", "randomness without a seed", "import random\ndef value(): return random.random()", {"touch": "pipeline.py"}),
    ("unseen", "a file that a child process reads without it being named in its arguments", {"pipeline.py": "import subprocess, sys\ndef value(): return subprocess.run([sys.executable, '-c', 'print(open(\"ro\" + \"ws.txt\").read())'], capture_output=True, text=True).stdout", "rows.txt": "a"}, ("rows.txt", "a", "b")),
    ("unseen", "the time of modification of a file, where the content is the same", {"pipeline.py": "def value(): return int(os.path.getmtime('q.sql'))", "q.sql": "a"}, {"touch": "q.sql"}),
    ("unseen", "files in a directory that a child process is given", {"pipeline.py": "import subprocess\ndef value(): return subprocess.run(['grep', '-rh', '', 'sql'], capture_output=True, text=True).stdout", "sql/a": "s"}, ("sql/a", "s", "t")),
    ("unseen", "a variable that a child process reads", {"pipeline.py": "import subprocess\ndef value(): return subprocess.run('echo $RATE', shell=True, capture_output=True, text=True).stdout", "RATE=": "1"}, {"env": {"RATE": "2"}}),
    ("unseen", "a file read in a process that multiprocessing spawns", {"pipeline.py": "import multiprocessing, helper\ndef value():\n    with multiprocessing.get_context('spawn').Pool(1) as pool: return pool.map(helper.f, [1])", "helper.py": "def f(x): return open('q').read()", "q": "a"}, ("q", "a", "b")),
    ("unseen", "the size of a file as an entry of `os.scandir` tells it", {"pipeline.py": "def value(): return sum(entry.stat().st_size for entry in os.scandir('sql'))", "sql/a": "a"}, ("sql/a", "a", "abc")),
    ("unseen", "a file takes the place of a directory that is asked for", {"pipeline.py": "def value(): return os.path.isdir('sql')", "sql/a": "a"}, {"delete": "sql"}, {"write": {"sql": "x"}}),
    ("unseen", "a module on a path that only the stage adds when it runs", {"pipeline.py": "import sys\ndef value():\n    sys.path.insert(0, 'src')\n    import helper\n    return helper.f()", "src/helper.py": "def f(): return 1"}, ("src/helper.py", "1", "2")),
    ("unseen", "how far an iterator of a module was consumed at import", "ROWS = iter([1, 2, 3])\nfor row in ROWS:\n    if row == 1: break\ndef value(): return list(ROWS)", ("row == 1", "row == 2")),
]
