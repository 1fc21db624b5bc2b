"""prices: PSE's JSON and tables give a price per kWh at the UTC second at which it begins; bad rows are named. All prices are invented."""

import json
from datetime import datetime

import pytest

import marketprices
from telegraf_han.clock import Zone
from telegraf_han.errors import ConfigError
from telegraf_han.influx import prices

OPTIONS = prices.Options(Zone(), "electricity_price")


def found(text: str, options: prices.Options = OPTIONS) -> dict[str, float]:
    """Begin in local time → PLN/kWh. All rows are good."""
    result = {}
    for price in prices.prices(text.encode(), options)[1]:
        assert not price.wrong, price
        series, field, stamp = price.lines.decode().split()
        assert series == f"electricity_price,series={options.series}"
        result[int(stamp) // 10**9] = float(field.removeprefix("price_per_kwh="))
    return {datetime.fromtimestamp(stamp, marketprices.WARSAW).isoformat(timespec="minutes"): value for stamp, value in result.items()}


def wrong(text: str, options: prices.Options = OPTIONS) -> list[str]:
    """What is said of the bad rows."""
    return [f"{price.row}: {price.wrong}" for price in prices.prices(text.encode(), options)[1] if price.wrong]


@pytest.mark.parametrize(("day", "count"), [("2026-07-01", 96), ("2026-03-29", 92), ("2026-10-25", 100)])
@pytest.mark.parametrize("wrapped", [True, False], ids=["an answer", "a list"])
def test_json(day: str, count: int, wrapped: bool) -> None:
    """Each quarter of a day of 24, 23 and 25 hours, exact."""
    rows = marketprices.day(day)
    text = json.dumps({"value": rows} if wrapped else rows)
    result = found(text)

    assert len(result) == count
    assert result == {moment: round(marketprices.price(int(datetime.fromisoformat(moment).timestamp())) / 1000, 9) for moment in result}
    assert min(result) == f"{day}T00:00+0{'1' if day < '2026-03-30' else '2'}:00"


def test_json_of_hours() -> None:
    """The period tells how long the price was in force."""
    row = {"dtime_utc": "2026-07-01 00:00:00", "period_utc": "23:00 - 24:00", "rce_pln": -12.5}

    assert found(json.dumps([row])) == {"2026-07-01T01:00+02:00": -0.0125}


def test_bad_rows_of_json() -> None:
    """Each is named by its number, and a cut answer is one, too."""
    good = {"dtime_utc": "2026-07-01 00:15:00", "rce_pln": 1}
    rows = [
        good,
        good | {"rce_pln": None},
        good | {"dtime_utc": "noon"},
        7,
        good | {"dtime_utc": "2026-07-01 00:07:00"},
        good | {"rce_pln": 2},
    ]
    time = "the end of a quarter of an hour is expected under dtime_utc, such as 2026-10-25 00:15:00"

    assert wrong(json.dumps({"value": rows, "nextLink": "https://pse.test"})) == [
        "2: a price is expected under rce_pln",
        f"3: {time}",
        "4: a price is expected under rce_pln",
        f"5: {time}",
        "6: PSE has more rows than this answer. Ask for them with $first=20000 in the address",
        "6: this time already has another price in row 1",
    ]


def test_missing_times_are_told() -> None:
    """A hole between two prices is counted."""
    rows = [row for place, row in enumerate(marketprices.day("2026-07-01")) if place not in (5, 6, 50)]
    told, _ = prices.prices(json.dumps(rows).encode(), OPTIONS)

    assert told == "prices from 2026-07-01T00:00:00+02:00 to 2026-07-01T23:45:00+02:00, 3 times between them have no price"


TABLES = {
    "hours by number": (
        "Data;Godzina;RCE [PLN/MWh]\n" + "".join(f"2026-10-25;{hour};{hour}00,5\n" for hour in range(1, 26)),
        {
            "2026-10-25T00:00+02:00": 0.1005,
            "2026-10-25T02:00+02:00": 0.3005,
            "2026-10-25T02:00+01:00": 0.4005,
            "2026-10-25T23:00+01:00": 2.5005,
        },
        25,
    ),
    "hours by number in March": (
        "Data;Godzina;Cena PLN/MWh\n" + "".join(f"2026-03-29;{hour};{hour}00\n" for hour in range(1, 24)),
        {"2026-03-29T01:00+01:00": 0.2, "2026-03-29T03:00+02:00": 0.3, "2026-03-29T23:00+02:00": 2.3},
        23,
    ),
    "quarters": (
        "time;price PLN/kWh\n2026-07-01 00:00;0.5\n2026-07-01 00:15;-0.25\n",
        {"2026-07-01T00:00+02:00": 0.5, "2026-07-01T00:15+02:00": -0.25},
        2,
    ),
    "UTC": (
        "time UTC,price PLN/kWh\n2026-10-25 00:00,0.5\n2026-10-25 01:00,0.25\n",
        {"2026-10-25T02:00+02:00": 0.5, "2026-10-25T02:00+01:00": 0.25},
        2,
    ),
    "PSE's columns": (
        "dtime;rce_pln;dtime_utc\n2026-10-25 02:15:00;500;2026-10-25 00:15:00\n2026-10-25 02:30:00;600;2026-10-25 00:30:00\n",
        {"2026-10-25T02:00+02:00": 0.5, "2026-10-25T02:15+02:00": 0.6},
        2,
    ),
    "months": (
        "miesiąc;RCEm zł/MWh\n2026-02;182,96\n03.2026;-5\n",
        {"2026-02-01T00:00+01:00": 0.18296, "2026-03-01T00:00+01:00": -0.005},
        2,
    ),
}


@pytest.mark.parametrize(("text", "expected", "count"), TABLES.values(), ids=TABLES)
def test_tables(text: str, expected: dict[str, float], count: int) -> None:
    """Hours, their parts and months, local or UTC, for kWh or MWh."""
    result = found(text)

    assert len(result) == count
    assert {moment: result.get(moment) for moment in expected} == expected


def test_bad_rows_of_a_table() -> None:
    """Each is named by its line."""
    text = "time;price PLN/kWh\n2026-07-01 00:00;0.5\n2026-07-01 01:00;much\nnoon;1\n2026-07-01\n2026-07-01 01:00;1\n2026-07-01 02:00;1\n2026-07-01 02:00;2\n"

    assert wrong(text) == [
        "3: a price such as 412,35 or 412.35 is expected",
        "4: a date such as 2026-10-25 or 25.10.2026 is expected",
        "5: a row with a time and a price is expected",
        "8: this hour does not exist on that day, or the file has it twice",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("time;price\n2026-07-01 00:00;0.5\n", "--unit: kWh or MWh is expected"),
        ("2026-07-01 00:00;0.5\n", "a heading with a time and a price is expected"),
        ("", "a heading with a time and a price is expected"),
        ('{"value": [', "PSE's answer as JSON is expected"),
        ('{"error": 1}', "PSE's answer is expected"),
        ("time;price PLN/kWh\n2026-07-01 00:00;0.5\n2026-07-04 00:00;0.5\n", "--interval: rows a quarter"),
    ],
    ids=["no unit", "no heading", "nothing", "cut JSON", "another object", "days"],
)
def test_no_prices(text: str, expected: str) -> None:
    """A unit is never guessed, and what is no table of prices is refused."""
    with pytest.raises(ConfigError, match=expected):
        prices.prices(text.encode(), OPTIONS)


def test_the_users_unit_and_series() -> None:
    """The options say what the heading does not."""
    options = OPTIONS._replace(unit="MWh", series="rcem")

    assert found("month;price\n2026-07;500\n", options) == {"2026-07-01T00:00+02:00": 0.5}
