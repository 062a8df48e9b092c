import io
import json
import subprocess
import sys

import pytest

from pivot.cache import Cache, hash_bytes
from pivot.cache.__main__ import main
from pivot.cache.locks import locked


@pytest.fixture
def filled(root, tick):
    with Cache(root) as cache:
        made = cache.put_bytes(b"one"), cache.put_bytes(b"two")
    tick()
    return made


@pytest.fixture
def call(root):
    """Run a command on the store: its exit code, what it wrote, and what it complained of."""

    def run(*arguments, store=None):
        out, err = io.StringIO(), io.StringIO()
        code = main([str(store or root), *map(str, arguments)], out, err)
        return code, out.getvalue(), err.getvalue()

    return run


def data(said):
    code, out, err = said
    assert (code, err) == (0, "")
    return json.loads(out)


def test_info_says_the_same_to_people_and_to_programs(root, filled, call):
    assert call("info")[1].startswith(f"store       {root} (format 1)\nholds       2 files, 0 directories; 6 B")
    said = data(call("info", "--json"))
    assert (said["schema_version"], said["objects"], said["bytes"], said["checkouts"]) == (1, 2, 6, 0)


def test_verify_ends_with_4_if_anything_is_damaged(root, filled, call, where, vandalise):
    assert call("verify") == (0, "2 objects hashed again, 6 B: all right\n", "")
    vandalise(where(filled[0]), b"ONE")
    assert call("verify", filled[1])[0] == 0
    code, out, _ = call("verify")
    assert code == 4
    assert filled[0] in out
    assert data(call("verify", "--json", "--since", "1h"))["clean"]
    assert data(call("verify", "--json", "--sample", "0.0001%", filled[1]))["examined"] == 0


def test_gc_deletes_what_is_not_named_and_says_so(root, filled, call):
    assert data(call("gc", "-n", "--grace", "0", "--json"))["dry_run"]
    said = data(call("gc", "--grace", "0", "--json", "--keep", filled[0]))
    assert [each["digest"] for each in said["removed"]] == [filled[1]]
    with Cache(root) as cache:
        assert cache.has(filled[0])
    assert "would remove 0 objects" in call("gc", "--dry-run")[1]


def test_gc_refuses_to_delete_everything_where_nobody_said_what_stays(root, filled, call, work):
    code, out, err = call("gc", "--grace", "0")
    assert (code, out) == (2, "")
    assert "nothing says what" in err
    assert call("gc", "--grace", "0", "--max-size", "1G")[0] == 0
    with Cache(root) as cache:
        cache.register(work, ["*.lock"])
    assert "removed 2 objects" in call("gc", "--grace", "0")[1]


def test_path_says_where_things_lie(root, filled, call, where):
    assert call("path") == (0, f"{root}\n", "")
    assert call("path", filled[0]) == (0, f"{where(filled[0])}\n", "")
    assert data(call("path", hash_bytes(b"never"), "--json"))["exists"] is False


def test_errors_are_one_line_and_a_hint(root, filled, call, tmp_path):
    assert call("info", store=tmp_path / "none") == (
        2,
        "",
        f"pivot.cache: error: {tmp_path}/none is no store\n  hint: name the directory that has a store.json\n",
    )
    assert not (tmp_path / "none").exists()
    assert call("path", "b3:../../x")[0] == 2
    with locked(str(root / "gc.lock")):
        assert call("gc", "-n")[0] == 5
    (root / "store.json").write_text("{")
    assert call("info")[0] == 2


@pytest.mark.parametrize("wrong", [("gc", "--max-size", "x"), ("gc", "--grace", "1q"), ("verify", "--sample", "0"), ()])
def test_wrong_usage_ends_with_2(root, call, wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        call(*wrong)
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_it_is_a_program_and_survives_a_reader_that_goes_away(root, filled):
    command = [sys.executable, "-m", "pivot.cache", str(root), "info"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith("store ")
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
