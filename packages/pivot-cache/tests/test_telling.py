from pivot.cache import Collected, Gone, Keep, Kept, Removed, Report, hash_bytes
from pivot.cache.telling import gc_data, gc_lines, verify_data, verify_lines

A, B = hash_bytes(b"a"), hash_bytes(b"b")


def removed(number, size=1024):
    return Removed(hash_bytes(b"%d" % number), Gone.UNNAMED, size, 86_400.0 * 365, "model")


def test_what_goes_and_what_stays_is_summed_up_by_reason():
    done = Collected(
        (removed(1), removed(2)._replace(why=Gone.OLD)),
        (
            Kept(Keep.FILE, "/p", "s.lock", 3, 2048),
            Kept(Keep.FILE, "/p", "t.lock", 1, 0),
            Kept(Keep.YOUNG, "", "", 2, 10),
        ),
        records=1,
    )
    lines = [" ".join(line.split()) for line in gc_lines(done)]
    assert lines == [
        "removed 2 objects, 2.0 KiB",
        "1 object 1.0 KiB named by nothing",
        "1 object 1.0 KiB named by nothing, and not used for so long",
        "and 1 record of runs whose outputs are gone",
        "kept 6 objects, 2.0 KiB",
        "4 objects 2.0 KiB named in a checkout",
        "3 objects 2.0 KiB /p: s.lock",
        "1 object 0 B /p: t.lock",
        "2 objects 10 B made or used lately",
    ]


def test_a_dry_run_lists_what_would_go_the_largest_first_and_not_all_of_it_unless_asked():
    done = Collected(tuple(removed(number, number) for number in range(30)), dry_run=True)
    lines = list(gc_lines(done))
    assert lines[0] == "would remove 30 objects, 435 B"
    assert lines[2].split() == ["29", "B", "used", "1971-01-01", hash_bytes(b"29")[:16], "model"]
    assert "10 smaller ones" in lines[22]
    assert len(list(gc_lines(done, verbose=True))) == len(lines) + 9


def test_of_many_files_the_largest_are_named():
    done = Collected(held=tuple(Kept(Keep.FILE, "/p", f"{number}.lock", 1, number) for number in range(9)))
    lines = list(gc_lines(done, spell=lambda held: held.file.upper()))
    assert "8.LOCK" in lines[3]
    assert "4 more files" in lines[-1]


def test_a_size_that_was_not_reached_is_told_with_what_to_do():
    done = Collected(held=(Kept(Keep.RECORD, "", "", 1, 3 << 20),))
    assert list(gc_lines(done, most=1 << 20))[-1].startswith("that is 2.0 MiB more than asked")
    assert "more than asked" not in list(gc_lines(done, most=3 << 20))[-1]


def test_a_checkout_that_is_gone_is_named_with_what_to_do():
    assert "--drop-missing-roots" in list(gc_lines(Collected(missing_checkouts=("/gone",))))[-1]


def test_damage_is_told_with_what_it_concerns():
    report = Report(3, 10, (A,), (B,))
    assert next(iter(verify_lines(Report(3, 10)))) == "3 objects hashed again, 10 B: all right"
    assert [line.split("  ")[1:] for line in verify_lines(report, {A: ["model (train)"]})][1:] == [
        [A, "model (train)", "(damaged, in quarantine now)"],
        [B, "no output of this project", "(a member is missing)"],
    ]
    assert list(verify_lines(report))[1] == f"  {A}  (damaged, in quarantine now)"


def test_programs_get_short_reasons_and_people_whole_ones():
    data = gc_data(Collected((removed(1),), (Kept(Keep.FILE, "/p", "s.lock", 3, 2048),)))
    assert (data["removed"][0]["why"], data["removed"][0]["reason"]) == ("unnamed", "named by nothing")
    assert data["kept"] == [
        {
            "why": "file",
            "reason": "named in a checkout",
            "checkout": "/p",
            "file": "s.lock",
            "objects": 3,
            "bytes": 2048,
        }
    ]
    assert verify_data(Report(1, 2, (A,)))["clean"] is False
