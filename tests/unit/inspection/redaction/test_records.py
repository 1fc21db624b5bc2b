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
        ("02FF218201", "8201"),
        ("0AFF214672", "4672"),
        ("04FD1746720135", "46720135"),
        ("04FD1A46720135", "46720135"),
        ("04FD0E46720135", "46720135"),
        ("02FD114672", "4672"),
        ("0DFD0E0446720135", "46720135"),
        ("0DFD10083634323731303533", "3634323731303533"),
        ("0DFD0D053031353356", "3031353356"),
        ("0C0646720135", "46720135"),
        ("04FD4846720135", "46720135"),
        ("0CFD0846720135", "46720135"),
        ("0CFD3A46720135", "46720135"),
        ("0DFF21C446720135", "46720135"),
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
        "maker's own, two bytes",
        "maker's own, four digits",
        "error flags of four bytes",
        "output of four bytes",
        "firmware of four bytes",
        "customer of two bytes",
        "firmware that is no text",
        "place",
        "version with letters",
        "energy beyond all meters",
        "voltage beyond all meters",
        "count of seven digits",
        "dimensionless",
        "number of variable length",
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


def test_quantity_with_the_meters_number() -> None:
    """A quantity or a date with the octets of the meter's number is replaced. Other quantities stay."""
    numbers = Numbers()
    numbers.invented("35017246")

    assert records.redacted(bytes.fromhex("0E03467201350000"), numbers) == bytes.fromhex("0E03010000800000")
    assert records.redacted(bytes.fromhex("0403" + (35017246).to_bytes(4, "little").hex()), numbers) == bytes.fromhex("040300000000")
    assert records.redacted(bytes.fromhex("046D46720135"), numbers) == bytes.fromhex("046D00000000")
    assert records.redacted(bytes.fromhex("0E03467201340000"), numbers) == bytes.fromhex("0E03467201340000")


def test_unit_that_is_spelt_out() -> None:
    """A unit is text of the maker, in the header. Only known units stay."""
    number, invented = "0C7C08363432373130353301000000", "0C7C08313030303030303800000000"

    assert records.redacted(bytes.fromhex(number), Numbers()) == bytes.fromhex(invented)
    assert records.redacted(bytes.fromhex("0C7C0368576B01000000"), Numbers()) == bytes.fromhex("0C7C0368576B01000000")


def test_errors_stay_errors() -> None:
    """Letters among packed digits, a sign, and a float that is no number are read as before."""
    assert (
        records.redacted(bytes.fromhex("0C031A3456780C2B123456F0052B0000C07F"), Numbers()).hex() == "0c031a0000800c2b123456f0052b0000c07f"
    )


def test_what_cannot_be_walked() -> None:
    """Zeros."""
    assert records.redacted(bytes.fromhex("0B2B7802"), Numbers()) == bytes(4)
    assert records.redacted(bytes.fromhex("0B2B78020035"), Numbers()) == bytes.fromhex("0B2B7802002F")
