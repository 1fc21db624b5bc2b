"""redaction.records: what stays of M-Bus records, and what is replaced."""

import pytest

from telegraf_han.inspection.redaction import records
from telegraf_han.inspection.redaction.numbers import Numbers
from telegraf_han.mbus import walk


@pytest.mark.parametrize(
    "record",
    [
        "0E03350423010000",
        "046D2A0CF526",
        "066D05150AEA2614",
        "0B2B780200",
        "0AFDC9FC012923",
        "0BABC8FF13006501",
        "09FF1903",
        "02FD170102",
        "2F2F",
        "0DFD0C0847414D4120333530",
    ],
)
def test_quantities_stay(record: str) -> None:
    """Values with a unit, dates, flags, short numbers, models stay."""
    octets = bytes.fromhex(record)

    assert records.redacted(octets, Numbers()) == octets


@pytest.mark.parametrize(
    ("record", "secret"),
    [
        ("0C7801000035", "01000035"),
        ("0E79010000350000", "010000350000"),
        ("047801020304", "01020304"),
        ("0DFD110B69736C61776F4B206E614A", "69736c61776f4b"),
        ("0DFD0C0931303030303533312D", "3130303030353331"),
        ("0D7F0431323334", "31323334"),
        ("0FDEADBEEF", "deadbeef"),
        ("1FDEADBEEF", "deadbeef"),
        ("04EEFF0001020304", "01020304"),
    ],
    ids=[
        "fabrication number",
        "identification",
        "binary number",
        "customer",
        "a model with a number",
        "maker's text",
        "maker's own",
        "maker's own, more follows",
        "reserved",
    ],
)
def test_names_go(record: str, secret: str) -> None:
    """Values that identify a meter, and values of unknown meaning, are replaced. Headers stay."""
    octets = bytes.fromhex(record)
    headers = [one.header for one in walk.walked(octets)]
    found = records.redacted(octets, Numbers())

    assert len(found) == len(octets)
    assert bytes.fromhex(secret) not in found
    assert [one.header for one in walk.walked(found)] == headers


def test_what_follows_the_last_record() -> None:
    """Bytes behind the last filler are no record: they become fillers."""
    assert records.redacted(bytes.fromhex("0B2B7802002F2F0E7835000001"), Numbers()).startswith(bytes.fromhex("0B2B7802002F2F"))
    assert bytes.fromhex("35000001") not in records.redacted(bytes.fromhex("0B2B7802002F2F0E7835000001"), Numbers())


def test_what_cannot_be_walked() -> None:
    """Zeros."""
    assert records.redacted(bytes.fromhex("0B2B7802"), Numbers()) == bytes(4)
    assert records.redacted(bytes.fromhex("0B2B78020035"), Numbers()) == bytes.fromhex("0B2B7802002F")
