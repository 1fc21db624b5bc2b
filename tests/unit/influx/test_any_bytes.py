"""inputs, portal, prices, intervals: any file gives entries or one ConfigError, and nothing else."""

import io
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telegraf_han.clock import Zone
from telegraf_han.config.sections import Config, MeterConfig, Output
from telegraf_han.errors import ConfigError
from telegraf_han.influx import inputs, intervals, portal, prices

OPTIONS = portal.Options("home", Zone(), "electricity_portal")
PRICES = prices.Options(Zone(), "electricity_price")
CONFIG = Config("", Output(), (MeterConfig("home", "p1"), MeterConfig("flat", "wmbus", id="12345678")), ())
CELL = st.one_of(
    st.sampled_from(
        ["Data", "Godzina", "Pobór", "Oddanie", "Rodzaj", "Wartość kWh", "pobór", "CO", "suma", "", "0,1", "1 000,5", "-1", "9" * 30]
    ),
    st.sampled_from(
        ["2026-03-29 02:30", "25.10.2026", "02:00", "2A", "24", "25:00", "2026-02-30 1", "0001-01-01 00:00", "9999-12-31 24:00"]
    ),
    st.text(max_size=8),
)
TABLE = st.lists(st.lists(CELL, max_size=6), max_size=12).flatmap(
    lambda rows: st.sampled_from(";,\t").map(lambda mark: "\n".join(mark.join(row) for row in rows))
)


@given(content=st.one_of(st.binary(max_size=400), TABLE.map(str.encode)), kind=st.sampled_from(["", *inputs.KINDS]))
def test_files(content: bytes, kind: str) -> None:
    """Any bytes, read as any kind, give entries. Each entry is either lines or an error, with its place."""
    stream = io.BufferedReader(io.BytesIO(content))  # type: ignore[arg-type]
    try:
        options = inputs.Options(kind, "s", CONFIG, lambda: OPTIONS, PRICES)
        found = list(inputs.entries(stream, inputs.recognised(stream, options), options, lambda _: None))
    except ConfigError:
        return
    assert all(entry.place and bool(entry.lines) != bool(entry.wrong) for entry in found)


@given(text=TABLE, stamp=st.sampled_from(["", "start", "end"]), interval_s=st.sampled_from([0, *intervals.INTERVALS_S]))
def test_tables(text: str, stamp: str, interval_s: int) -> None:
    """A table of nonsense is refused, or each of its lines is reported."""
    try:
        _, readings = portal.readings(text.encode(), OPTIONS._replace(stamp=stamp, interval_s=interval_s))
    except ConfigError:
        return
    assert all(bool(reading.lines) != bool(reading.wrong) for reading in readings)


ROW = st.fixed_dictionaries(
    {},
    optional={
        "dtime_utc": st.one_of(
            CELL, st.sampled_from(["2026-10-25 00:15:00", "2026-10-25T00:15:00Z", "0001-01-01 00:00:00", "2026-13-01 00:00"])
        ),
        "period_utc": st.one_of(CELL, st.sampled_from(["00:00 - 00:15", "23:45 - 24:00", "99:99 - 00:00"])),
        "rce_pln": st.one_of(CELL, st.integers(), st.floats(), st.none(), st.booleans()),
    },
)


@given(rows=st.lists(st.one_of(ROW, st.integers(), st.text(max_size=3)), max_size=6), wrapped=st.booleans())
def test_prices(rows: list[object], wrapped: bool) -> None:
    """Each row of JSON gives a price or is reported. Nothing is lost."""
    text = json.dumps({"value": rows} if wrapped else rows)
    _, found = prices.prices(text.encode(), PRICES)

    assert all(bool(price.lines) != bool(price.wrong) for price in found)
    assert len({price.row for price in found}) == len(found)


@given(text=TABLE, unit=st.sampled_from(["", "kWh", "MWh"]), stamp=st.sampled_from(["", "start", "end"]))
def test_tables_of_prices(text: str, unit: str, stamp: str) -> None:
    """A table of nonsense under a good heading is refused, or each of its lines is reported."""
    try:
        _, found = prices.prices(f"Data;Godzina;Cena\n{text}".encode(), PRICES._replace(unit=unit, stamp=stamp))
    except ConfigError:
        return
    assert all(bool(price.lines) != bool(price.wrong) for price in found)


@given(text=st.one_of(CELL, st.from_regex(r"20[0-9]{2}-[01][0-9]-[0-3][0-9] [0-2]?[0-9](:[0-9]{2})?[aASW]?", fullmatch=True)))
def test_labels(text: str) -> None:
    """A time is read, or refused with what was expected."""
    try:
        found = intervals.label(text)
    except ValueError as error:
        assert "expected" in str(error)  # noqa: PT017, either is right
        return
    assert 0 <= found.second <= 25 * 3600


@pytest.mark.parametrize("zone", ["Europe/Warsaw", "UTC", "Australia/Lord_Howe", "America/St_Johns"])
def test_any_zone(zone: str) -> None:
    """Two days of each month have no gap, also in zones that shift by half an hour or on other days."""
    for month in range(1, 13):
        labels = [intervals.label(f"2026-{month:02}-{day:02} {hour:02}:00") for day in (10, 11) for hour in range(24)]
        found = intervals.starts(labels, 3600, "start", Zone(zone))
        assert [later - earlier for earlier, later in pairwise(found)] == [3600] * 47
