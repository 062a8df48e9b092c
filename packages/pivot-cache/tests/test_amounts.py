import pytest

from pivot.cache.amounts import age_of, counted, part_of, size, size_of


@pytest.mark.parametrize(
    ("text", "count"),
    [("4096", 4096), ("10k", 10240), ("1.5 GiB", 3 << 29), ("200G", 200 << 30), ("2TB", 2 << 40), ("7 B", 7)],
)
def test_sizes_are_read_in_powers_of_1024(text, count):
    assert size_of(text) == count


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("10m", 600), ("1.5h", 5400), ("30d", 2592000), ("2w", 1209600)]
)
def test_ages_are_read_as_seconds(text, seconds):
    assert age_of(text) == seconds


@pytest.mark.parametrize(("text", "part"), [("5%", 0.05), ("0.05", 0.05), ("100%", 1.0), ("1", 1.0)])
def test_parts_are_read_as_fractions(text, part):
    assert part_of(text) == part


@pytest.mark.parametrize("read", [size_of, age_of, part_of])
@pytest.mark.parametrize("text", ["", "x", "-1", "1q", "nan", "1e9", "1 2", "5%%"])
def test_what_is_no_amount_is_refused_with_an_example(read, text):
    with pytest.raises(ValueError, match="write it as"):
        read(text)


@pytest.mark.parametrize("text", ["0%", "0", "101%", "2"])
def test_no_part_is_nothing_or_more_than_all(text):
    with pytest.raises(ValueError, match="no part of a whole"):
        part_of(text)


def test_amounts_are_written_short():
    assert [size(count) for count in (0, 999, 1024, 1536, 120 << 30)] == [
        "0 B",
        "999 B",
        "1.0 KiB",
        "1.5 KiB",
        "120 GiB",
    ]
    assert counted(1, "object") == "1 object"
    assert counted(1234, "object") == "1,234 objects"
    assert counted(2, "directory", "directories") == "2 directories"
