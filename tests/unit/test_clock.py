"""clock: converts a meter's time to UTC, compared with zoneinfo."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from telegraf_han import clock
from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError

WARSAW = Zone()
NS = 1_000_000_000


def ns(text: str) -> int:
    """UTC ns of an ISO time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (b"260410150553S", "2026-04-10T13:05:53"),
        (b"260110150553W", "2026-01-10T14:05:53"),
        (b"260410150553s", "2026-04-10T13:05:53"),
        (b"260410150553", "2026-04-10T13:05:53"),
        (b"260110150553", "2026-01-10T14:05:53"),
        (b"261025023000S", "2026-10-25T00:30:00"),
        (b"261025023000W", "2026-10-25T01:30:00"),
        (b"261025023000", "2026-10-25T01:30:00"),
        (b"261025015959", "2026-10-24T23:59:59"),
        (b"261025030000", "2026-10-25T02:00:00"),
        (b"260329015959W", "2026-03-29T00:59:59"),
        (b"260329030000S", "2026-03-29T01:00:00"),
        (b"260329015959", "2026-03-29T00:59:59"),
        (b"260329023000", "2026-03-29T01:30:00"),
        (b"260329030000", "2026-03-29T01:00:00"),
        (b"260701120000W", "2026-07-01T11:00:00"),
        (b"260101000000W", "2025-12-31T23:00:00"),
        (b"280229235959W", "2028-02-29T22:59:59"),
        (b"000101000000W", "1999-12-31T23:00:00"),
        (b"991231235959W", "2099-12-31T22:59:59"),
    ],
    ids=[
        "summer", "winter", "lower case", "July without letter", "January without letter", "2 o'clock first", "2 o'clock again",
        "2 o'clock without letter", "before October's change", "after October's change", "before March's change", "after March's change",
        "before March's change without letter", "March's gap without letter", "after March's change without letter",
        "meter that stays on winter time", "new year", "leap day", "first year", "last year",
    ],
)  # fmt: skip
def test_tst(stamp: bytes, expected: str) -> None:
    """The letter gives the offset. Without a letter the zone's rule does, and if the rule leaves a choice, it is winter."""
    assert clock.tst_ns(stamp, WARSAW) == ns(expected)


@pytest.mark.parametrize(
    "stamp",
    [
        b"", b"S", b"2604101505", b"2604101505530S", b"260410150553X", b"260410150553SS", b"26041015055\xb3S",
        b"261310150553W", b"260010150553W", b"260400150553S", b"260431150553S", b"260229150553W", b"260410240000S", b"260410156053S",
        b"260410150560S", b"-60410150553S", b" 60410150553S", b"\xff" * 13, "２６０４１０１５０５５３S".encode(),
    ],
    ids=[
        "nothing", "letter only", "no seconds", "13 digits", "letter X", "two letters", "high byte", "month 13", "month 0", "day 0",
        "31 April", "29 February", "hour 24", "minute 60", "second 60", "minus", "blank", "padding", "full-width digits",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(stamp: bytes) -> None:
    """Each impossible stamp raises RecordError. The message repeats no more of it than date or time."""
    with pytest.raises(RecordError) as caught:
        clock.tst_ns(stamp, WARSAW)

    assert stamp.decode("latin-1") not in str(caught.value) or len(stamp) < 2


@pytest.mark.parametrize("year", range(1996, 2038))
def test_warsaws_rule_is_the_databases(year: int) -> None:
    """Around both changes of each year, minute by minute, and once a day, the offset is that of the zone database."""
    oracle = ZoneInfo("Europe/Warsaw")
    noon = datetime(year, 1, 1, 12, tzinfo=UTC)
    moments = [noon + timedelta(days=day) for day in range(365)]
    for month in (3, 10):
        sunday = max(
            datetime(year, month, day, tzinfo=UTC) for day in range(25, 32) if datetime(year, month, day, tzinfo=UTC).weekday() == 6
        )
        moments += [sunday + timedelta(minutes=minute) for minute in range(-5, 125)]

    for moment in moments:
        expected = moment.astimezone(oracle).utcoffset()
        assert timedelta(seconds=WARSAW.offset_s(int(moment.timestamp()))) == expected, moment


@pytest.mark.parametrize("year", range(1996, 2038, 3))
def test_wall_time_is_read_as_the_database_reads_it(year: int) -> None:
    """S is fold 0 and W fold 1 of the repeated hour; every other wall time has one meaning, with or without a letter."""
    oracle = ZoneInfo("Europe/Warsaw")
    for month in (1, 3, 7, 10):
        for day in range(24, 32):
            for hour in range(24):
                wall = datetime(year, month, day, hour, 30)
                for fold, season in ((0, "S"), (1, "W")):
                    aware = wall.replace(tzinfo=oracle, fold=fold)
                    is_repeated = aware.utcoffset() != aware.replace(fold=1 - fold).utcoffset()
                    letter = season if is_repeated and month == 10 else ""
                    expected = int((aware if letter or not is_repeated else wall.replace(tzinfo=oracle)).timestamp()) * NS
                    stamp = f"{wall:%y%m%d%H%M%S}{letter}".encode()
                    found = clock.utc_ns((year, month, day, hour, 30, 0), clock._SEASONS[letter.encode()], WARSAW)
                    assert found == expected, stamp


def test_seconds_run_on_through_both_changes() -> None:
    """A meter that counts second by second with its letter never jumps in UTC."""
    oracle = ZoneInfo("Europe/Warsaw")
    for begin in (
        datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
        datetime(2026, 10, 24, 23, 59, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 59, tzinfo=UTC),
    ):
        for second in range(0, 7200, 20):
            moment = begin + timedelta(seconds=second)
            local = moment.astimezone(oracle)
            letter = "S" if local.dst() else "W"
            assert clock.tst_ns(f"{local:%y%m%d%H%M%S}{letter}".encode(), WARSAW) == int(moment.timestamp()) * NS


@pytest.mark.parametrize(
    ("zone", "stamp", "expected"),
    [
        ("Europe/Luxembourg", b"260410150553S", "2026-04-10T13:05:53"),
        ("Europe/London", b"260410150553S", "2026-04-10T14:05:53"),
        ("Europe/London", b"261025013000", "2026-10-25T01:30:00"),
        ("Europe/Dublin", b"260110150553W", "2026-01-10T15:05:53"),
        ("America/Santiago", b"260110120000S", "2026-01-10T15:00:00"),
        ("Australia/Lord_Howe", b"260610120000", "2026-06-10T01:30:00"),
        ("UTC", b"260410150553S", "2026-04-10T15:05:53"),
        ("Asia/Kolkata", b"260410150553", "2026-04-10T09:35:53"),
    ],
)
def test_other_zones(zone: str, stamp: bytes, expected: str) -> None:
    """Any zone of the database can be set, southern summers and half hours included."""
    assert clock.tst_ns(stamp, Zone(zone)) == ns(expected)


@pytest.mark.parametrize(
    ("zone", "time", "expected"),
    [
        ("Europe/Warsaw", "2026-01-10T12:00:00", True),
        ("Europe/London", "2026-01-10T12:00:00", True),
        ("America/Santiago", "2026-01-10T12:00:00", True),
        ("Asia/Kolkata", "2026-01-10T12:00:00", False),
        ("UTC", "2026-01-10T12:00:00", False),
        ("America/Sao_Paulo", "2015-06-10T12:00:00", True),
        ("America/Sao_Paulo", "2026-06-10T12:00:00", False),
    ],
)
def test_zones_with_two_offsets(zone: str, time: str, expected: bool) -> None:
    """Only in such a zone, and in such a year, a clock must say which season it means."""
    assert Zone(zone).changes(ns(time) // NS) == expected


@pytest.mark.parametrize("name", ["Europe/Warsow", "", "../../etc/passwd", "/etc/passwd", "Europe", "Europe/Warsaw\0"], ids=repr)
def test_zone_that_is_unknown(name: str) -> None:
    """A zone that does not exist is refused at once, not at the first telegram."""
    with pytest.raises(ValueError, match="a time zone that this machine knows"):
        Zone(name)


@pytest.mark.parametrize(
    ("zone", "time", "expected"),
    [
        ("Europe/Warsaw", "2026-04-10T13:05:53", "2026-04-10T15:05:53+02:00"),
        ("Europe/Warsaw", "2026-10-25T00:30:00", "2026-10-25T02:30:00+02:00"),
        ("Europe/Warsaw", "2026-10-25T01:30:00", "2026-10-25T02:30:00+01:00"),
        ("Europe/Warsaw", "2026-12-31T23:00:00", "2027-01-01T00:00:00+01:00"),
        ("America/Santiago", "2026-01-10T15:00:00", "2026-01-10T12:00:00-03:00"),
        ("Asia/Kolkata", "2026-01-10T15:00:00", "2026-01-10T20:30:00+05:30"),
        ("UTC", "1970-01-01T00:00:00", "1970-01-01T00:00:00+00:00"),
    ],
)
def test_rfc3339(zone: str, time: str, expected: str) -> None:
    """Local time and its offset; both hours of October can be told apart."""
    assert clock.rfc3339(ns(time), Zone(zone)) == expected
    assert clock.rfc3339(ns(time) + NS - 1, Zone(zone)) == expected


def cp16(year: int, month: int, day: int) -> bytes:
    """Type G by EN 13757-3 Annex A: day in bits 0 to 4, year in 5 to 7 and 12 to 15, month in 8 to 11."""
    return (day | (year & 7) << 5 | month << 8 | (year >> 3) << 12).to_bytes(2, "little")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (cp16(26, 4, 10), "2026-04-10"),
        (cp16(0, 1, 1), "2000-01-01"),
        (cp16(80, 12, 31), "2080-12-31"),
        (cp16(81, 1, 1), "1981-01-01"),
        (cp16(28, 2, 29), "2028-02-29"),
        (b"\xff\xff", None),
        (b"\0\0", None),
        (cp16(127, 1, 1), None),
    ],
    ids=["date", "first", "last of 2000", "first of 1900", "leap day", "invalid", "never set", "each year"],
)
def test_type_g(raw: bytes, expected: str | None) -> None:
    """A date. None if all bits are set or if there is no date."""
    assert clock.cp16_date(raw) == expected


@pytest.mark.parametrize("raw", [cp16(26, 0, 10), cp16(26, 13, 10), cp16(26, 4, 0), cp16(26, 4, 31), cp16(26, 2, 29)], ids=bytes.hex)
def test_type_g_that_is_no_date(raw: bytes) -> None:
    """No month 13, no 31 April."""
    with pytest.raises(RecordError):
        clock.cp16_date(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(bytes([53, 5, 15]), "15:05:53"), (bytes([0, 0, 0]), "00:00:00"), (bytes([59, 59, 23]), "23:59:59"), (b"\xff\xff\xff", None)],
    ids=["time", "midnight", "last", "invalid"],
)
def test_type_j(raw: bytes, expected: str | None) -> None:
    """A time of day. None if all bits are set."""
    assert clock.cp24_time(raw) == expected


@pytest.mark.parametrize("raw", [bytes([60, 0, 0]), bytes([0, 60, 0]), bytes([0, 0, 24])], ids=bytes.hex)
def test_type_j_that_is_no_time(raw: bytes) -> None:
    """No hour 24."""
    with pytest.raises(RecordError):
        clock.cp24_time(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (bytes([5, 15]) + cp16(26, 4, 10), "2026-04-10T13:05:00"),
        (bytes([5, 15 | 0x80]) + cp16(26, 4, 10), "2026-04-10T13:05:00"),
        (bytes([5, 15]) + cp16(26, 1, 10), "2026-01-10T14:05:00"),
        (bytes([30, 2 | 0x80]) + cp16(26, 10, 25), "2026-10-25T00:30:00"),
        (bytes([30, 2]) + cp16(26, 10, 25), "2026-10-25T01:30:00"),
        (bytes([5, 15 | 0x20]) + cp16(26, 4, 10), "2026-04-10T13:05:00"),
        (bytes([5 | 0x80, 15]) + cp16(26, 4, 10), None),
        (b"\xff\xff\xff\xff", None),
        (bytes(4), None),
        (bytes([5, 15]) + cp16(127, 4, 10), None),
    ],
    ids=[
        "no bit in April",
        "summer bit",
        "winter",
        "2 o'clock first",
        "2 o'clock again",
        "hundred-year bit",
        "invalid bit",
        "all set",
        "zeros",
        "each year",
    ],
)
def test_type_f(raw: bytes, expected: str | None) -> None:
    """Date and time to the minute. The summer bit decides in the repeated hour. The invalid bit overrides everything."""
    assert clock.cp32_ns(raw, WARSAW) == (ns(expected) if expected else None)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (bytes([53 | 0x40, 5, 15 | 5 << 5]) + cp16(26, 4, 10) + bytes([15]), "2026-04-10T13:05:53"),
        (bytes([53, 5, 15 | 5 << 5]) + cp16(26, 1, 10) + bytes([2]), "2026-01-10T14:05:53"),
        (bytes([53 | 0xC0, 5, 15]) + cp16(28, 4, 10) + bytes([15]), "2028-04-10T13:05:53"),
        (bytes([0 | 0x40, 30, 2]) + cp16(26, 10, 25) + bytes([43]), "2026-10-25T00:30:00"),
        (bytes([0, 30, 2]) + cp16(26, 10, 25) + bytes([43]), "2026-10-25T01:30:00"),
        (bytes([53, 5 | 0x80, 15]) + cp16(26, 4, 10) + bytes([15]), None),
        (b"\xff" * 6, None),
        (bytes(6), None),
        (bytes([53, 5, 15]) + cp16(127, 4, 10) + bytes([15]), None),
    ],
    ids=["summer", "winter", "leap year bit", "2 o'clock first", "2 o'clock again", "invalid bit", "all set", "zeros", "each year"],
)
def test_type_i(raw: bytes, expected: str | None) -> None:
    """Date and time to the second. Weekday, week and the leap year's bit are not used."""
    assert clock.cp48_ns(raw, WARSAW) == (ns(expected) if expected else None)


@pytest.mark.parametrize(
    ("read", "raw"),
    [
        (clock.cp32_ns, bytes([60, 15]) + cp16(26, 4, 10)),
        (clock.cp32_ns, bytes([5, 24]) + cp16(26, 4, 10)),
        (clock.cp32_ns, bytes([5, 15]) + cp16(26, 4, 31)),
        (clock.cp48_ns, bytes([60, 5, 15]) + cp16(26, 4, 10) + b"\x0f"),
    ],
    ids=["F minute 60", "F hour 24", "F 31 April", "I second 60"],
)
def test_types_f_and_i_that_are_no_time(read, raw: bytes) -> None:
    """Bytes that are no time raise RecordError."""
    with pytest.raises(RecordError):
        read(raw, WARSAW)
