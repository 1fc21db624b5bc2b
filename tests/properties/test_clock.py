"""The calendar: any moment that a meter sends comes back, and any bytes are a time or a RecordError."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from telegraf_han import clock
from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError

QUICK = settings(max_examples=150)
NS = 1_000_000_000
ZONES = {name: (Zone(name), ZoneInfo(name)) for name in ("Europe/Warsaw", "Europe/Luxembourg", "Europe/London", "UTC", "America/Santiago")}

seconds = st.one_of(
    st.integers(946_771_200, 2_145_916_800),  # 2000 to 2037
    st.sampled_from([1_774_746_000, 1_792_890_000, 1_806_195_600]).flatmap(lambda change: st.integers(change - 7200, change + 7200)),
)


@QUICK
@given(seconds, st.sampled_from(list(ZONES)))
def test_a_moment_said_with_its_letter_comes_back(utc_s: int, name: str) -> None:
    """Local time with S or W is one moment only, in any zone of whole-hour summers."""
    zone, oracle = ZONES[name]
    local = datetime.fromtimestamp(utc_s, oracle)
    winter_s, summer_s = zone.offsets_s(local.year)
    offset_s = int(local.utcoffset().total_seconds())
    if offset_s not in (winter_s, summer_s):
        return
    letter = "S" if offset_s == summer_s else "W"

    assert clock.tst_ns(f"{local:%y%m%d%H%M%S}{letter}".encode(), zone) == utc_s * NS


@QUICK
@given(seconds, st.integers(0, NS - 1), st.sampled_from(list(ZONES)))
def test_rfc3339_is_what_the_library_reads(utc_s: int, ns: int, name: str) -> None:
    """The text names the same moment, to the second, in local time."""
    zone, oracle = ZONES[name]
    found = datetime.fromisoformat(clock.rfc3339(utc_s * NS + ns, zone))

    assert found == datetime.fromtimestamp(utc_s, UTC)
    assert found.utcoffset() == datetime.fromtimestamp(utc_s, oracle).utcoffset()


@QUICK
@given(st.binary(min_size=6, max_size=6), st.sampled_from(list(ZONES)))
def test_any_bytes_are_a_time_or_refused(raw: bytes, name: str) -> None:
    """Types F, G, I and J never raise anything but RecordError."""
    zone, _ = ZONES[name]
    for read in (
        lambda: clock.cp16_date(raw[:2]),
        lambda: clock.cp24_time(raw[:3]),
        lambda: clock.cp32_ns(raw[:4], zone),
        lambda: clock.cp48_ns(raw, zone),
        lambda: clock.rfc3339(clock.cp48_ns(raw, zone) or 0, zone),
    ):
        try:
            read()
        except RecordError:
            continue


@QUICK
@given(st.one_of(st.binary(max_size=16), st.text("0123456789SWsw ", max_size=14).map(str.encode)))
def test_any_stamp_is_a_time_or_refused(stamp: bytes) -> None:
    """A DSMR stamp never raises anything but RecordError. A stamp that is read is written the same."""
    zone, oracle = ZONES["Europe/Warsaw"]
    try:
        found = clock.tst_ns(stamp, zone)
    except RecordError:
        return

    assert stamp[12:].upper() in (b"S", b"W", b"")
    assert abs(datetime.fromtimestamp(found // NS, oracle).timestamp() - datetime.strptime(stamp[:12].decode(), "%y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()) <= 7200  # fmt: skip


def outcome(read: object) -> object:
    """What a reader gives, or says."""
    try:
        return read()
    except RecordError as error:
        return str(error)


stamps = st.one_of(
    seconds.map(lambda utc_s: datetime.fromtimestamp(utc_s, UTC).strftime("%y%m%d%H%M%S")),
    st.text("0123456789", min_size=10, max_size=14),
    st.text("019S ", max_size=14),
)


@QUICK
@given(st.lists(st.tuples(stamps, st.sampled_from(["S", "W", "s", "", "X"])), min_size=1, max_size=4), st.sampled_from(list(ZONES)))
def test_a_stamp_by_its_minute_is_the_whole_stamp(texts: list[tuple[str, str]], name: str) -> None:
    """A time stamp whose minute is remembered is the same moment, and the same text, as one that is read whole."""
    zone, _ = ZONES[name]
    for text in [(digits + letter).encode() for digits, letter in texts]:

        def whole(text: bytes = text) -> tuple[int, str]:
            time_ns = clock.tst_ns(text, zone)
            return time_ns, clock.rfc3339(time_ns, zone)

        assert outcome(lambda text=text: clock.tst(text, zone)) == outcome(whole)


walls = st.tuples(
    st.integers(2000, 2037), st.integers(1, 13), st.integers(1, 31), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59)
)


@example((2026, 4, 5, 1, 45, 0), "", "Australia/Lord_Howe")  # half of this hour came twice
@QUICK
@given(walls, st.sampled_from(["summer", "winter", ""]), st.sampled_from([*ZONES, "Australia/Lord_Howe"]))
def test_an_hour_that_is_remembered_is_the_same_moment(wall: tuple[int, int, int, int, int, int], season: clock.Season, name: str) -> None:
    """A local time whose hour is remembered is the moment that it is by itself, also where offsets change by half an hour."""
    zone = Zone(name)

    assert outcome(lambda: clock.utc_ns(wall, season, zone)) == outcome(lambda: clock._wall_ns(wall, season, zone))
