"""receivers.rtl_433: lines of JSON."""

import json

import pytest

from telegraf_han.errors import Cause
from telegraf_han.receivers import rtl_433
from telegraf_han.telegram import Fault, Frame

FRAME = bytes.fromhex("1044ed147856341201027804032a000000")
NOW_NS = 5


def events(text: str) -> list[object]:
    return list(rtl_433.Receiver().feed(text.encode() + b"\n", NOW_NS))


def line(**changes: object) -> str:
    """A line as the program prints it."""
    fields = {"time": "2026-11-22 16:42:26", "model": "Wireless-MBus", "mode": "T", "M": "EGM", "id": 12345678, "version": 1, "type": 2}
    fields |= {"type_string": "Electricity", "C": 68, "data": FRAME.hex(), "CI": 120, "mic": "CRC"}
    return json.dumps(fields | changes)


def test_frame_of_a_line() -> None:
    """The whole frame is in `data`. A level in dB of full scale is no level in dBm."""
    assert events(line()) == [Frame("wmbus", FRAME, NOW_NS, None, checked=True)]
    assert events(line(rssi=-12.3, snr=14.1)) == [Frame("wmbus", FRAME, NOW_NS, None, checked=True)]


@pytest.mark.parametrize(
    "text",
    [line(model="Acurite-Tower"), "{}", '{"model": 7}', "rtl_433 version 23.11", "Tuned to 868.950MHz.", "[1]", ""],
    ids=["sensor", "empty", "number", "version", "words", "list", "nothing"],
)
def test_what_is_no_meter(text: str) -> None:
    """Sensors of the neighbourhood and the program's own words are passed over."""
    assert events(text) == []


@pytest.mark.parametrize(
    "text",
    [line()[:-20], line(data=None), line(data=17), line(data="4"), line(data="zz"), line(data=["44"]), '{"a":' * 400],
    ids=["cut", "null", "number", "odd", "no hex", "list", "deep"],
)
def test_broken_lines_are_faults(text: str) -> None:
    """A line that began as one of the program's but holds no frame is counted."""
    (fault,) = events(text)

    assert isinstance(fault, Fault)
    assert fault.cause == Cause.FRAMING


COLUMNS = ["time", "msg", "codes", "model", "id", "type_string", "data", "mic"]


def table(*rows: dict[str, str]) -> str:
    """The output of `-F csv`."""
    return "\n".join([",".join(COLUMNS), *(",".join(row.get(name, "") for name in COLUMNS) for row in rows)])


def test_frame_of_a_row() -> None:
    """The first line names the columns. Values may hold a comma after a backslash."""
    row = {"time": "2026-11-22 16:42:26", "model": "Wireless-MBus", "type_string": "Heat\\, cooling", "data": FRAME.hex(), "mic": "CRC"}

    assert events(table(row, {"model": "Acurite-Tower", "data": "00"}, row)) == [Frame("wmbus", FRAME, NOW_NS, None, checked=True)] * 2


@pytest.mark.parametrize("text", [",,,Wireless-MBus,,,44,CRC", "Tuned to 868.950MHz, really", table({"model": "Wireless-MBus"}).upper()])
def test_row_without_columns(text: str) -> None:
    """Without such a line, nothing says which column is which."""
    assert events(text) == []


@pytest.mark.parametrize("data", ["", "4", "zz", "44"])
def test_broken_rows_are_faults(data: str) -> None:
    """A row of a meter without a frame is counted."""
    (fault,) = events(table({"model": "Wireless-MBus", "data": data}))

    assert isinstance(fault, Fault)
    assert fault.cause == Cause.FRAMING


def test_row_that_is_cut() -> None:
    """If there are fewer values than columns, none can be assigned."""
    assert events(table({"model": "Wireless-MBus", "data": FRAME.hex()}).rpartition(",")[0]) == []


def test_length_that_does_not_fit_is_a_fault() -> None:
    """A frame shorter than its own length field is cut."""
    (fault,) = events(line(data=FRAME.hex()[:-4]))

    assert isinstance(fault, Fault)
