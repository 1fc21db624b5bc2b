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


@pytest.mark.parametrize(
    ("raw", "exponent", "found"),
    [
        (b"5", 0, "number"), (b"-0.5", 3, "number"), (b"5.", 0, "number"), (b".5", 0, "number"), (b" 5 ", 0, "number"),
        (b"9007199254740992", 0, "number"), (b"9007199254740993", 0, "large"), (b"9007199254741", 3, "large"), (b"9007199254740", 3, "number"),
        (b"9007199254740993000", -3, "large"), (b"0" * 19, 0, "large"), (b"9" * 64, 0, "large"), (b"9" * 65, 0, "odd"),
        (b"ON", 0, "word"), (b"TARIFF 1", 0, "word"), (b"<ON>", 0, "word"), ("Łódź".encode(), 0, "word"), (b"e5", 0, "word"),
        (b"12a", 0, "mixed"), (b"0x10", 0, "mixed"), (b"1E3", 0, "mixed"), (b"-x", 0, "mixed"),
        (b"1,5", 0, "odd"), (b"1.2.3", 0, "odd"), (b"--5", 0, "odd"), (b"1 2", 0, "odd"), (b"\xb2", 0, "odd"),
        (b"NaN", 0, "void"), (b"-inf", 0, "void"), (b"n/a", 0, "void"), (b"-", 0, "void"), (b"----", 0, "void"), (b"****.***kWh", 0, "void"),
        (b"--.---", 0, "void"), (b"XXXX", 0, "filled"), (b"ffffffff", 0, "filled"), (b"", 0, ""), (b"  ", 0, ""),
    ],
    ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else str(value),
)  # fmt: skip
def test_said(raw: bytes, exponent: int, found: values.Said) -> None:
    """A text is one thing only, and the reader of numbers takes numbers only."""
    assert values.said(raw, exponent) == found
    try:
        number = values.number(exponent, empty=False)[raw]
    except ValueError:
        number = None
    assert (number is not None) == (found == "number")


def test_nothing_is_no_number_where_it_would_be_a_text() -> None:
    """Under a code without a name, an empty value says nothing about its type."""
    assert values.number(0)[b" "] is None
    with pytest.raises(ValueError, match="no number"):
        values.number(0, empty=False)[b" "]


def test_what_is_no_number_is_not_remembered() -> None:
    """A text that is no number raises each time."""
    reader = values.number(0)
    for _ in range(2):
        with pytest.raises(ValueError, match="no number"):
            reader[b"1.2.3"]


def test_units_do_not_share_what_they_remember() -> None:
    """The same text in kW and in W is two numbers."""
    assert [values.number(exponent)[b"1.5"] for exponent in (3, 0, 3, 0)] == [1500, 1.5, 1500, 1.5]
