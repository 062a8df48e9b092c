"""Journals as files: whole lines, a lock while the run lasts, the oldest given up."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pivot.engine.events import RunStarted
from pivot.engine.journal import RUN_ID, Journal, is_going_on, journals_in, new_run_id, prune
from pivot.registry.types import StateDir

HEAD = RunStarted("20260101T000000-0000000", 1)


def journal_of(state_dir: Path, name: str = "20260101T000000-0000000") -> Journal:
    return Journal(StateDir(state_dir), HEAD._replace(run_id=name))


def test_names_of_runs_sort_by_time_to_the_millisecond() -> None:
    names = [new_run_id() for _ in range(200)]
    assert all(map(RUN_ID.fullmatch, names))
    assert [name[:19] for name in names] == sorted(name[:19] for name in names)
    assert len(set(names)) > 1


def test_a_line_is_there_as_soon_as_it_is_written(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    journal.write('{"event": "x"}\n')
    (path,) = journals_in(tmp_path)
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["run_started", "x"]
    journal.close()


def test_text_that_utf_8_does_not_have_is_still_json(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    journal.write(json.dumps({"event": "x", "path": "a\udcff"}, ensure_ascii=False) + "\n")
    journal.close()
    line = journals_in(tmp_path)[0].read_bytes().splitlines()[1]
    assert json.loads(line)["path"] == "a\udcff"


def test_a_run_goes_on_until_its_journal_is_closed(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    (path,) = journals_in(tmp_path)
    assert is_going_on(path)
    journal.close()
    journal.close()
    assert not is_going_on(path)
    assert not is_going_on(tmp_path / "nothing.jsonl")


BEGIN = """
import sys
from pathlib import Path
from pivot.engine.events import RunStarted
from pivot.engine.journal import Journal
journal = Journal(Path(sys.argv[1]), RunStarted("20260101T000000-0000000", 1))
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_run_that_was_killed_does_not_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BEGIN, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        (path,) = journals_in(tmp_path)
        assert is_going_on(path)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not is_going_on(path)


FULL = """
import resource, sys
from pathlib import Path
from pivot.engine.events import RunStarted
from pivot.engine.journal import Journal
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
journal = Journal(Path(sys.argv[1]), RunStarted("20260101T000000-0000000", 1))
for _ in range(100):
    journal.write('{"event": "x"}\\n')
journal.close()
print(journal.error)
"""


def test_a_full_disk_tears_one_line_and_raises_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], check=True, capture_output=True, text=True)
    assert done.stdout.strip() != "None"
    lines = journals_in(tmp_path)[0].read_text().splitlines()
    assert all(json.loads(line) for line in lines[:-1])
    assert len(lines) < 100


def names_in(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The state directory of a pipeline with five runs and their logs."""
    for number in range(5):
        name = f"20260101T00000{number}-0000000"
        journal_of(tmp_path, name).close()
        (tmp_path / "logs" / name).mkdir(parents=True)
        (tmp_path / "logs" / name / "s.log").touch()
    return tmp_path


def test_the_newest_runs_are_kept_with_their_logs(kept: Path) -> None:
    prune(kept, 2)
    newest = ["20260101T000003-0000000", "20260101T000004-0000000"]
    assert [path.stem for path in journals_in(kept)] == newest
    assert names_in(kept / "logs") == newest
    prune(kept, 2)
    assert names_in(kept / "logs") == newest


def test_logs_without_a_journal_go_when_they_are_older_than_all_that_is_kept(kept: Path) -> None:
    for name in ("20250101T000000-0000000", "20270101T000000-0000000", "mine"):
        (kept / "logs" / name).mkdir()
    prune(kept, 5)
    assert "20250101T000000-0000000" not in names_in(kept / "logs")
    # A run that is just beginning may have logs before this one sees its journal.
    assert {"20270101T000000-0000000", "mine"} < set(names_in(kept / "logs"))


def test_a_run_that_goes_on_is_kept_however_old(kept: Path) -> None:
    running = journal_of(kept, "20250101T000000-0000000")
    prune(kept, 2)
    assert journals_in(kept)[0].stem == "20250101T000000-0000000"
    running.close()
    prune(kept, 2)
    assert journals_in(kept)[0].stem == "20260101T000003-0000000"


def test_files_of_others_are_no_journals(kept: Path) -> None:
    for name in ("notes.jsonl", "20260101T000000-0000000.txt", "..jsonl"):
        (kept / "runs" / name).touch()
    prune(kept, 1)
    assert len(journals_in(kept)) == 1
    assert (kept / "runs" / "notes.jsonl").exists()


def test_a_pipeline_without_journals_has_nothing_to_prune(tmp_path: Path) -> None:
    prune(tmp_path, 1)
    assert journals_in(tmp_path) == []
