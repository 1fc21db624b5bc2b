"""p1.values: reads the text of one value, and remembers a limited number of texts. The values of texts are tested in test_text, line by
line."""

import pytest

from telegraf_han.p1 import values


@pytest.mark.parametrize(
    "reader",
    [values.number(3), values.TEXT, values.OCTETS, values.SERIAL, values.NOTHING],
    ids=["number", "text", "octets", "serial", "nothing"],
)
def test_memory_is_bounded(reader: values.Reader) -> None:
    """Only a limited number of short texts is remembered, however many and however long texts come."""
    for number in range(2 * values.REMEMBERED):
        assert reader[b"%d" % number] == values.Reader(reader._read)[b"%d" % number]
        assert len(reader) <= values.REMEMBERED

    before = len(reader)
    assert reader[b" " * (values.REMEMBERED_BYTES + 1)] in (None, "")
    assert len(reader) == before


def test_what_is_no_number_is_not_remembered() -> None:
    """A text that is no number raises each time."""
    reader = values.number(0)
    for _ in range(2):
        with pytest.raises(ValueError, match="no number"):
            reader[b"1.2.3"]


def test_units_do_not_share_what_they_remember() -> None:
    """The same text in kW and in W is two numbers."""
    assert [values.number(exponent)[b"1.5"] for exponent in (3, 0, 3, 0)] == [1500, 1.5, 1500, 1.5]
