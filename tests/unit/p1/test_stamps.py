"""p1.stamps: times in all the forms in which P1 meters write them."""

from datetime import datetime

import pytest

from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError
from telegraf_han.p1 import stamps

WARSAW = Zone()


def ns(text: str) -> int:
    """UTC ns of an ISO time."""
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("text", "expected", "season_told"),
    [
        (b"260410150553S", "2026-04-10T15:05:53+02:00", True),
        (b"260410150553s", "2026-04-10T15:05:53+02:00", True),
        (b"260110150553w", "2026-01-10T15:05:53+01:00", True),
        (b"260410150553", "2026-04-10T15:05:53+02:00", False),
        (b"2026-04-10 15:05:53", "2026-04-10T15:05:53+02:00", False),
        (b"26-04-10 15:05:53", "2026-04-10T15:05:53+02:00", False),
        (b"26-04-10 15:05", "2026-04-10T15:05:00+02:00", False),
        (b"2026/04/10 15:05:53", "2026-04-10T15:05:53+02:00", False),
        (b"2026.04.10 15:05:53", "2026-04-10T15:05:53+02:00", False),
        (b"10.04.2026 15:05:53", "2026-04-10T15:05:53+02:00", False),
        (b"20260410 15:05:53", "2026-04-10T15:05:53+02:00", False),
        (b"20260410150553", "2026-04-10T15:05:53+02:00", False),
        (b"20260410T150553Z", "2026-04-10T15:05:53+00:00", True),
        (b"260410 150553", "2026-04-10T15:05:53+02:00", False),
        (b"2604101505", "2026-04-10T15:05:00+02:00", False),
        (b"2604101505S", "2026-04-10T15:05:00+02:00", True),
        (b"2010011505", "2020-10-01T15:05:00+02:00", False),
        (b"201001 1505", "2020-10-01T15:05:00+02:00", False),
        (b" 2026-04-10 15:05:53 ", "2026-04-10T15:05:53+02:00", False),
        (b"2026-04-10T15:05:53.123", "2026-04-10T15:05:53+02:00", False),
        (b"2026-04-10T15:05:53+02:00", "2026-04-10T15:05:53+02:00", True),
        (b"2026-04-10T15:05:53-0530", "2026-04-10T15:05:53-05:30", True),
        (b"2026-04-10t15:05:53z", "2026-04-10T15:05:53+00:00", True),
        (b"2026-04-10 15:05:53 +01", "2026-04-10T15:05:53+01:00", True),
        (b"2026-10-25 02:30:00S", "2026-10-25T02:30:00+02:00", True),
        (b"2026-10-25 02:30:00 W", "2026-10-25T02:30:00+01:00", True),
        (b"2026-10-25 02:30:00", "2026-10-25T02:30:00+01:00", False),
        (b"1260410150553", "2026-04-10T15:05:53+02:00", True),
        (b"0260110150553", "2026-01-10T15:05:53+01:00", True),
        (b"2260410130553", "2026-04-10T13:05:53+00:00", True),
        (b"12604101505", "2026-04-10T15:05:00+02:00", True),
        (b"26-04-10,15:05:53", "2026-04-10T15:05:53+02:00", False),
        (b"2026-04-10, 15:05", "2026-04-10T15:05:00+02:00", False),
    ],
)
def test_time(text: bytes, expected: str, season_told: bool) -> None:
    """Each form is one moment. The season is told by a letter, a digit or the distance from UTC."""
    assert stamps.read(text, WARSAW) == (ns(expected), season_told)


def test_a_zone_without_summer_needs_no_letter() -> None:
    """Where there is one offset, nothing is left to tell."""
    assert stamps.read(b"2026-04-10 15:05:53", Zone("Asia/Kolkata")) == (ns("2026-04-10T15:05:53+05:30"), True)
    assert stamps.read(b"2026-04-10T15:05:53Z", Zone("Asia/Kolkata")).time_ns == ns("2026-04-10T15:05:53+00:00")


@pytest.mark.parametrize(
    "text",
    [
        b"", b" ", b"S", b"W", b"000000000000", b"000000000000W", b"00000000000000", b"0000-00-00 00:00:00", b"00-00-00 00:00", b"0", b"FF",
        b"FFFFFFFFFFFFFFFFFFFFFFFF", b"ffffffffffff", b"\xff" * 12, b"999999999999S", b"9999-99-99 99:99:99", b"----", b"--:--:--",
        b"????????????", b"************", b"632525252525S", b"632525252525W", b"000000123456W", b"\0" * 6,
    ],
    ids=repr,
)  # fmt: skip
def test_no_time(text: bytes) -> None:
    """A meter that says it has no time is believed."""
    assert stamps.read(text, WARSAW) == (None, True)


@pytest.mark.parametrize(
    "text",
    [
        b"261310150553W", b"991332250000S", b"260410240000S", b"260410150553X", b"2604101505530S", b"260410", b"noon", b"2026-13-10 15:05:53",
        b"2026-02-30 15:05", b"2026-04-10 25:05", b"2026-04-10", b"15:05:53", b"2026-04/10 15:05", b"10.04.26 15:05", b"04/10/2026 15:05",
        b"1926-04-10 15:05", b"2026-04-10 15:0553", b"2026-04-10  15:05", b"202604101505", b"3260410150553", b"1261310150553", b"1" * 5000,
        b"2026-04-10 15:05:53+", "２０２６-04-10 15:05".encode(),
    ],
    ids=lambda text: repr(text[:20]),
)  # fmt: skip
def test_what_is_no_time_is_refused(text: bytes) -> None:
    """Impossible times, and forms that can be read in two ways. The message does not repeat them."""
    with pytest.raises(RecordError) as caught:
        stamps.read(text, WARSAW)

    assert text.decode("latin-1") not in str(caught.value)


@pytest.mark.parametrize(
    ("day", "time", "expected", "season_told"),
    [
        (b"251002", b"222553", "2025-10-02T22:25:53+02:00", False),
        (b"25-10-02", b"22:25:53", "2025-10-02T22:25:53+02:00", False),
        (b"2025-10-02", b"22:25", "2025-10-02T22:25:00+02:00", False),
        (b"20251002", b"222553", "2025-10-02T22:25:53+02:00", False),
        (b"02.10.2025", b"22:25:53", "2025-10-02T22:25:53+02:00", False),
        (b"251002", b"222553S", "2025-10-02T22:25:53+02:00", True),
        (b"251002w", b"222553", "2025-10-02T22:25:53+01:00", True),
        (b"251026W", b"02:30:00S", "2025-10-26T02:30:00+02:00", True),
        (b"1251002", b"1222553", "2025-10-02T22:25:53+02:00", True),
        (b"0251026", b"0023000", "2025-10-26T02:30:00+01:00", True),
        (b"251002", b"2202553", "2025-10-02T20:25:53+00:00", True),
        (b"251002", b"000000", "2025-10-02T00:00:00+02:00", False),
        (b"201002", b"222553", "2020-10-02T22:25:53+02:00", False),
        (b" 25-10-02", b"22:25:53 ", "2025-10-02T22:25:53+02:00", False),
    ],
)
def test_two_values(day: bytes, time: bytes, expected: str, season_told: bool) -> None:
    """A date and a time of day make a moment. The letter of the time counts more than that of the date."""
    assert stamps.read_parts(day, time, WARSAW) == (ns(expected), season_told)


@pytest.mark.parametrize(
    ("day", "time"), [(b"", b"222553"), (b"000000", b"222553"), (b"251002", b""), (b"251002", b"FFFFFF"), (b"--", b"--")]
)
def test_two_values_without_time(day: bytes, time: bytes) -> None:
    """If one of them says that it is not known, there is no time."""
    assert stamps.read_parts(day, time, WARSAW) == (None, True)


@pytest.mark.parametrize(
    ("day", "time"), [(b"251302", b"222553"), (b"251002", b"252553"), (b"noon", b"222553"), (b"251002", b"22"), (b"02-10-2025", b"22:25")]
)
def test_two_values_that_are_no_time(day: bytes, time: bytes) -> None:
    """Impossible parts are refused."""
    with pytest.raises(RecordError):
        stamps.read_parts(day, time, WARSAW)
