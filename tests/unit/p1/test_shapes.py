"""p1.shapes: columns and readers, shared by telegrams that are built alike. Fields and values are tested in test_text, line by line."""

from telegraf_han.p1 import shapes
from telegraf_han.p1.lines import AS_TIME
from telegraf_han.p1.shapes import Key, Plan

CODES = (b"0-0:1.0.0", b"0-0:96.1.0", b"0-0:96.1.1", b"1-0:1.6.0", b"1-0:1.6.0", b"0.9.1", b"0.9.2")
UNITS = (b"", b"", b"", b"kW", AS_TIME, b"", b"")
VALUES = (b"260410150553S", b"3335", b"4D41", b"5", b"260401000000S", b"150553", b"260410")


def plan(key: Key) -> Plan:
    """The plan of a telegram with these values."""
    return shapes.plan_of(shapes.shape(key, VALUES))


def test_places() -> None:
    """The plan says where the telegram speaks of itself."""
    found = plan((CODES, UNITS, True))

    assert (found.clock_at, found.serial_at, found.device_at, found.stamps_at) == (0, 1, 2, (4,))
    assert (found.time_at, found.date_at, found.says_model) == (5, 6, True)
    assert not plan((CODES, UNITS, False)).says_model


def test_nothing_of_itself() -> None:
    """A telegram may say nothing of itself."""
    found = shapes.plan_of(shapes.shape(((b"1-0:1.8.0",), (b"kWh",), True), (b"1",)))

    assert found[1:] == ((0,), -1, -1, -1, -1, -1, False, (), ())


def test_the_usual_shape_is_the_last_one() -> None:
    """A word under a code of a number is another shape. Whichever came last is tried first."""
    key: Key = ((b"0-0:96.14.0",), (b"",), False)
    number, word = shapes.shape(key, (b"0002",)), shapes.shape(key, (b"ON",))

    assert number is not word
    assert shapes.usual(key) is word
    assert shapes.shape(key, (b"0001",)) is number
    assert shapes.usual(key) is number
    assert shapes.shape(key, (b"OFF",)) is word
