"""What runs after a change, and what does not."""

from pathlib import Path

from outside import Project


def test_nothing_runs_twice(shop: Project) -> None:
    again = shop.pivot("run")
    assert "up to date" in again.err
    assert shop.outcomes() == {}
    shop.pivot("status", "--check")


def test_a_comment_a_docstring_and_formatting_are_no_change(shop: Project) -> None:
    shop.edit("shared/money.py", "whole, _, part", "# split\n    whole,  _,  part")
    shop.edit("prices/pipeline.py", '"""Sum what was ordered."""', "")
    assert shop.stale() == {}


def test_touching_files_is_no_change(shop: Project) -> None:
    for file in ("orders/raw.jsonl", "shared/money.py", "prices/pipeline.py", "prices/cents.json"):
        (shop / file).touch()
    assert shop.outcomes() == {}


def test_an_edit_of_a_helper_is_explained_by_its_name(shop: Project) -> None:
    shop.edit("shared/money.py", "int(whole) * 100", "int(whole) * 1000")
    assert shop.stale()["prices:clean"] == "run"
    assert "shared.money.cents" in shop.pivot("explain", "prices:clean").out
    assert shop.ran() == {"prices:clean", "prices:bill", "page:page"}


def test_the_same_bytes_again_stop_the_change(shop: Project) -> None:
    shop.edit("shared/money.py", "int(part or 0)", "int(part or '0')")
    assert shop.ran() == {"prices:clean"}


def test_an_undone_edit_needs_no_run(shop: Project) -> None:
    shop.edit("shared/money.py", "int(whole) * 100", "int(whole) * 1000")
    shop.pivot("run")
    shop.edit("shared/money.py", "int(whole) * 1000", "int(whole) * 100")
    assert shop.ran() == set()
    assert shop.json("prices/bill.json") == {"cents": 500}


def test_deleted_outputs_come_back_without_a_run(shop: Project) -> None:
    before = (shop / "prices/bill.json").read_bytes()
    (shop / "prices/bill.json").unlink()
    (shop / "prices/cents.json").unlink()
    assert set(shop.outcomes().values()) == {"restored"}
    assert (shop / "prices/bill.json").read_bytes() == before


def test_checkout_puts_one_output_back_and_leaves_the_others(shop: Project) -> None:
    for name in ("prices/bill.json", "prices/cents.json"):
        (shop / name).unlink()
    shop.pivot("checkout", "bill.json", at="prices")
    assert (shop / "prices/bill.json").is_file()
    assert not (shop / "prices/cents.json").exists()


def test_an_edited_output_is_made_again(shop: Project) -> None:
    (shop / "prices/cents.json").write_text("{}")
    shop.pivot("run")
    assert shop.json("prices/cents.json")["pen"] == 150
    assert shop.json("prices/bill.json") == {"cents": 500}


def test_force_runs_what_is_up_to_date(shop: Project) -> None:
    assert shop.ran("--force", "prices:bill") == {"prices:bill"}


def test_a_parameter_set_once_runs_what_takes_it(shop: Project) -> None:
    assert shop.ran("--set", "prices:bill.percent=10") == {"prices:bill", "page:page"}
    assert shop.text("page/page.txt") == "To pay: 4.50\n"
    assert shop.ran() == set()
    assert shop.text("page/page.txt") == "To pay: 5.00\n"


def test_params_yaml_overrides_and_explains_itself(shop: Project) -> None:
    shop.write({"prices/params.yaml": "bill:\n  percent: 20\n"})
    assert "percent" in shop.pivot("explain", "prices:bill").out
    assert shop.ran() == {"prices:bill", "page:page"}
    assert shop.json("prices/bill.json") == {"cents": 400}


def test_a_colleagues_clone_with_the_same_cache_runs_nothing(shop: Project, tmp_path: Path) -> None:
    clone = shop.copy_to(tmp_path / "clone")
    for made in ("orders/clean.jsonl", "prices/cents.json", "prices/bill.json", "page/page.txt"):
        (clone / made).unlink()
    outcomes = clone.outcomes(PIVOT_CACHE_DIR=str(shop / ".pivot/cache"))
    assert set(outcomes.values()) == {"restored"}
    assert clone.text("page/page.txt") == "To pay: 5.00\n"


def test_a_fresh_project_with_the_same_work_finds_it_in_a_shared_cache(shop: Project, tmp_path: Path) -> None:
    other = shop.copy_to(tmp_path / "other")
    for state in list(other.root.rglob("stages")):
        for lock in state.iterdir():
            lock.unlink()
    assert other.ran(PIVOT_CACHE_DIR=str(shop / ".pivot/cache")) == set()


def test_a_moved_project_is_up_to_date(shop: Project, tmp_path: Path) -> None:
    shop.root.rename(tmp_path / "moved")
    assert Project(tmp_path / "moved", shop.home).outcomes() == {}


def test_two_machines_that_computed_the_same_write_the_same_lock_files(shop: Project, tmp_path: Path) -> None:
    other = shop.copy_to(tmp_path / "elsewhere/project")
    for lock in list(other.root.rglob("*.lock")):
        lock.unlink()
    for made in ("orders/clean.jsonl", "prices/cents.json", "prices/bill.json", "page/page.txt"):
        (other / made).unlink()
    assert "prices:bill" in other.ran()
    for name in ("orders/.pivot/stages/clean.lock", "prices/.pivot/stages/bill.lock", "page/.pivot/stages/page.lock"):
        assert (other / name).read_bytes() == (shop / name).read_bytes()


def test_no_lock_file_names_a_path_of_the_machine(shop: Project) -> None:
    for lock in shop.root.rglob("*.lock"):
        if lock.parent.name == "stages":
            assert str(shop.root) not in lock.read_text()


def test_a_lock_file_that_cannot_be_read_means_stale_and_no_more(shop: Project) -> None:
    # All that one may be: test_bad_lock_files.py.
    (shop / "prices/.pivot/stages/bill.lock").write_text("<<<<<<< ours\n")
    assert shop.stale()["prices:bill"] in {"run", "restore"}
    shop.pivot("run")
    assert shop.outcomes() == {}


def test_local_state_may_be_deleted(shop: Project) -> None:
    for state in [*shop.root.rglob("state.db*"), *(shop / ".pivot/local").rglob("*")]:
        if state.is_file():
            state.unlink()
    assert shop.outcomes() == {}


def test_a_check_of_a_stale_project_has_an_exit_code_of_its_own(shop: Project) -> None:
    shop.edit("orders/raw.jsonl", '"count": 2', '"count": 5')
    shop.pivot("status", "--check", expect=3)


def test_a_file_that_a_stage_reads_undeclared_counts(project: Project) -> None:
    project.write({"pipeline.py": READS_UNDECLARED, "words.txt": "one"})
    assert project.ran() == {"reader:read"}
    (project / "words.txt").write_text("two")
    assert project.ran() == {"reader:read"}
    assert project.text("out.txt") == "two"


def test_a_changed_constant_is_explained_with_its_values(project: Project) -> None:
    project.write({"pipeline.py": READS_UNDECLARED, "words.txt": "one"})
    project.edit("pipeline.py", "def read()", "TIMES = 2\n\ndef read()")
    project.edit("pipeline.py", ".read_text()", ".read_text() * TIMES")
    project.pivot("run")
    project.edit("pipeline.py", "TIMES = 2", "TIMES = 3  # more")
    assert "constant: pipeline.TIMES 2 -> 3" in project.pivot("explain", "read").out


READS_UNDECLARED = """
from pathlib import Path
from typing import Annotated
from pivot import loaders, outputs
from pivot.pipeline import Pipeline

pipeline = Pipeline("reader")

def read() -> Annotated[str, outputs.Out("out.txt", loaders.Text())]:
    return Path("words.txt").read_text()

pipeline.register(read)
"""
