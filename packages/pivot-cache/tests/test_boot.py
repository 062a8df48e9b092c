from pivot.cache.boot import boot_id


def test_a_boot_has_one_name():
    assert boot_id() == boot_id()
    assert len(boot_id()) == 16


def test_a_system_that_names_no_boots_gets_a_name_from_its_start(tmp_path):
    (tmp_path / "junk").write_text("no hexadecimal")
    for source in ("none", "junk"):
        assert len(boot_id(str(tmp_path / source))) == 16
