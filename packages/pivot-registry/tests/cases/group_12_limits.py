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
]
