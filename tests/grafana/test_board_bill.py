"""The board Bill on a real InfluxDB: the statement of a period, the months, the deposit, prices of the market and tariffs side by side.

It is 15:00 on 20 November 2026. Every number that is expected here is computed from the few bills and hours written below.
"""

import made
import pytest
from made import Power, Steady, line, local

NOW = local("2026-11-20 15:00")
SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (local(f"2026-{month:02}-01 00:00") for month in (9, 10, 11, 12))
SWAPPED = local("2026-10-12 06:00")

PARTS = {
    "energy": 60.12,
    "distribution": 30.5,
    "quality": 3.3,
    "renewables": 0.73,
    "cogeneration": 0.3,
    "other": 0.05,
    "trade_fee": 10,
    "network_fee": 8.5,
    "transitional_fee": 0.33,
    "subscription_fee": 0.6,
    "capacity_fee": 11.44,
    "other_fee": 1.5,
}
NET = 127.37
VAT = 29.3
ENERGY = {"import_wh": 100_500, "t2_wh": 40_250, "export_wh": 80_000}
FED_IN = {
    "earned": 25.5,
    "deposit_used": 40.25,
    "deposit_after": 3.1,
    "billed_import_wh": 90_000,
    "billed_export_wh": 69_500,
    "produced_wh": 120_000,
    "self_used_wh": 40_000,
}


@pytest.fixture(scope="module")
def bills(shared):
    """October as a prosumer's bill, September without feed-in, November so far; the meter was replaced in October."""
    shared.windows(Steady(local("2026-09-20 00:00"), SWAPPED, lambda _utc_s: Power(1200, 120)).windows())
    shared.windows(Steady(SWAPPED, NOW, lambda _utc_s: Power(2400, 0), serial="31111111", import_wh=0, export_wh=0).windows())
    shared.settled(
        [
            made.bill(SEPTEMBER, OCTOBER, energy=10, trade_fee=5, vat=3.45, import_wh=20_000),
            made.bill(OCTOBER, NOVEMBER, vat=VAT, **PARTS, **ENERGY, **FED_IN),
            made.bill(
                *(NOVEMBER, DECEMBER),
                energy=50,
                vat=11.5,
                import_wh=75_000,
                estimated_wh=1500,
                unpriced_wh=250,
                hours_settled=471,
                forecast_to_pay=95.5,
                forecast_wh=115_000,
            ),
            made.bill(SEPTEMBER, OCTOBER, tariff="G11", energy=21),
            made.bill(OCTOBER, NOVEMBER, tariff="G11", energy=200),
            made.bill(OCTOBER, NOVEMBER, tariff="dynamic", energy=-7),
            made.bill(OCTOBER, NOVEMBER, "shop", energy=5000, currency="EUR"),
            # more than a year ago: no part of the comparison
            made.bill(local("2025-10-01 00:00"), local("2025-11-01 00:00"), energy=1000),
        ]
    )
    return shared


def october(bills, language="en"):
    """The board with October chosen."""
    return bills.board("bill", NOW, language, period="2026-10")


def test_periods(bills):
    """The newest period is chosen at first. Its begin and end come from the bill."""
    board = bills.board("bill", NOW)
    assert board.variables["period"] == ["2026-11"]
    assert board.variables["begin_s"] == [str(NOVEMBER)]
    assert board.variables["currency"] == ["PLN"]

    board = october(bills)
    assert (board.variables["begin_s"], board.variables["until_s"]) == ([str(OCTOBER)], [str(NOVEMBER)])


def test_period_of_another_billing_day(store):
    """A period that begins on the 15th is named by the month in which it begins."""
    store.windows(Steady(local("2026-11-19 00:00"), NOW, lambda _utc_s: Power(1200)).windows())
    store.settled([made.bill(local("2026-10-15 00:00"), local("2026-11-15 00:00"), energy=12.5)])
    board = store.board("bill", NOW)

    assert (board.variables["period"], board.variables["begin_s"]) == (["2026-10"], [str(local("2026-10-15 00:00"))])
    assert board.shown("Bill of ${period}").figures()["To pay"] == 12.5


def test_first_row(bills):
    """A finished period has no forecast. To pay is the total less what the deposit paid."""
    total = NET + VAT

    answer = october(bills).shown("Bill of ${period}")
    assert answer.title == "Bill of 2026-10"
    assert answer.figures() == pytest.approx({"To pay": total - 40.25, "Total with VAT": total})
    assert october(bills).shown("Energy and its price").figures() == pytest.approx({"Imported": 100.5, "Per kWh": total / 100.5})
    running = bills.board("bill", NOW)
    assert running.shown("Bill of ${period}").figures() == {"To pay": 61.5, "Total with VAT": 61.5, "Forecast": 95.5}


def test_provisional(bills):
    """What may still change is said; of a period in which nothing may, the panel says that."""
    assert bills.board("bill", NOW).shown("Provisional").figures() == pytest.approx(
        {"Estimated": 1.5, "No price yet": 0.25, "Settled so far": 471 / 720 * 100}
    )
    assert not october(bills).shown("Provisional").some()
    assert october(bills).panel("Provisional")["fieldConfig"]["defaults"]["noValue"].startswith("Nothing: all hours")


def test_statement(bills):
    """Each part that is not zero has its line, in the order of the bill, and the lines add up to what is to pay."""
    (frame,) = october(bills).shown("Statement").frames

    assert list(zip(frame.columns["Item"], frame.columns["Amount"], strict=True)) == [
        ("Energy, net", 60.12),
        ("Network rate per kWh, net", 30.5),
        ("Quality rate, net", 3.3),
        ("Renewables fee, net", 0.73),
        ("Cogeneration fee, net", 0.3),
        ("Other per kWh, net", 0.05),
        ("Trade fee, net", 10),
        ("Fixed network fee, net", 8.5),
        ("Transitional fee, net", 0.33),
        ("Subscription fee, net", 0.6),
        ("Capacity fee, net", 11.44),
        ("Other per month, net", 1.5),
        ("VAT", 29.3),
        ("Total with VAT", pytest.approx(156.67)),
        ("Paid by the deposit", -40.25),
        ("Earned", 25.5),
        ("Deposit left", 3.1),
        ("To pay", pytest.approx(116.42)),
    ]


def test_statement_of_a_small_bill(bills):
    """A line of nothing is left out."""
    (frame,) = bills.board("bill", NOW, period="2026-09").shown("Statement").frames

    assert frame.columns["Item"] == ["Energy, net", "Trade fee, net", "VAT", "Total with VAT", "To pay"]
    assert frame.columns["Amount"] == [10, 5, 3.45, 18.45, 18.45]


def test_energy(bills):
    """Energy by zone, both ways. If hours were balanced, what was billed stands beside it."""
    (frame,) = october(bills).shown("Energy of the period").frames
    assert dict(zip(frame.columns["Item"], frame.columns["Energy"], strict=True)) == {
        "Imported": 100.5,
        "Zone 1": 60.25,
        "Zone 2": 40.25,
        "Fed in": 80,
        "Produced": 120,
        "Used in the house": 40,
        "Imported, balanced by hour": 90,
        "Fed in, balanced by hour": 69.5,
    }

    (frame,) = bills.board("bill", NOW).shown("Energy of the period").frames
    assert dict(zip(frame.columns["Item"], frame.columns["Energy"], strict=True)) == {
        "Imported": 75,
        "Zone 1": 75,
        "Estimated": 1.5,
        "No price yet": 0.25,
    }


def kwh(since, until, watts):
    """Energy of a steady power."""
    return (until - since) / 3600 * watts / 1000


def test_readings(bills):
    """Both meters of October have a reading at each end, with its time. The new one's first reading is five minutes after it came."""
    (frame,) = october(bills).shown("Readings at both ends, kWh").frames
    rows = [dict(zip(frame.columns, row, strict=True)) for row in frame.rows()]
    first = 1000 + kwh(local("2026-09-20 00:00"), OCTOBER, 1200)

    assert list(frame.columns)[:3] == ["Serial number", "Read at", "Imported"]
    assert [(row["Serial number"], row["Read at"] / 1000, row["Imported"]) for row in rows] == [
        ("30000001", OCTOBER, pytest.approx(first)),
        ("30000001", SWAPPED, pytest.approx(first + kwh(OCTOBER, SWAPPED, 1200))),
        ("31111111", SWAPPED + 300, pytest.approx(0.2)),
        ("31111111", NOVEMBER, pytest.approx(kwh(SWAPPED, NOVEMBER, 2400))),
    ]
    assert rows[0]["Zone 1"] + rows[0]["Zone 2"] == pytest.approx(rows[0]["Imported"])
    assert rows[1]["Fed in"] - rows[0]["Fed in"] == pytest.approx(kwh(OCTOBER, SWAPPED, 120))


def test_readings_of_a_running_period(bills):
    """The last reading is the newest one."""
    (frame,) = bills.board("bill", NOW).shown("Readings at both ends, kWh").frames

    assert frame.columns["Read at"] == [NOVEMBER * 1000, NOW * 1000]


def test_reading_after_a_gap(store):
    """If nothing was heard at the turn of the month, the first reading in it stands there with its own time."""
    heard = local("2026-11-02 07:30")
    silent = range(local("2026-10-31 20:00"), heard)
    store.windows(Steady(local("2026-10-30 00:00"), NOW, lambda _utc_s: Power(1200), silent=lambda utc_s: utc_s in silent).windows())
    store.settled([made.bill(NOVEMBER, DECEMBER, energy=1)])
    (frame,) = store.board("bill", NOW).shown("Readings at both ends, kWh").frames

    assert frame.columns["Read at"][0] == (heard + 300) * 1000


def test_parts_by_month(bills):
    """The parts of a bar add up to the period's total."""
    answer = bills.board("bill", NOW).shown("Cost by billing period and part, ${currency}")
    (frame,) = answer.frames
    rows = {row[0]: row[1:] for row in frame.rows()}

    assert answer.title == "Cost by billing period and part, PLN"
    assert list(frame.columns) == ["Time", "Energy", "Network", "Levies", "Trade fee", "Other", "VAT"]
    assert list(rows) == ["2026-09", "2026-10", "2026-11"]
    assert rows["2026-10"] == pytest.approx((60.12, 30.5 + 8.5 + 3.3 + 0.33 + 0.6, 0.73 + 0.3 + 11.44, 10, 1.55, 29.3))
    assert sum(rows["2026-10"]) == pytest.approx(NET + VAT)


def test_deposit(bills, store):
    """Only periods with a deposit are shown; a household without feed-in is told why there is none."""
    (frame,) = bills.board("bill", NOW).shown("Deposit, ${currency}").frames
    assert frame.columns == {"Time": ["2026-10"], "Earned": [25.5], "Paid by the deposit": [40.25], "Deposit left": [3.1]}

    store.settled([made.bill(NOVEMBER, DECEMBER, energy=1)])
    panel = store.board("bill", NOW)
    assert not panel.shown("Deposit, ${currency}").some()
    assert "no feed_in" in panel.panel("Deposit, ${currency}")["fieldConfig"]["defaults"]["noValue"]


def test_tariffs(bills):
    """The last twelve months by tariff: your own by that name, the others by theirs, no other meter and nothing older."""
    assert bills.board("bill", NOW).shown("The last 12 months in other tariffs, ${currency}").figures() == pytest.approx(
        {"Your tariff": 18.45 + 116.42 + 61.5, "G11": 221, "dynamic": -7}
    )


def test_tariffs_by_month(bills):
    """A month that was not settled in a tariff has no bar, so a comparison of unequal months is seen."""
    (frame,) = bills.board("bill", NOW).shown("Tariffs by month, ${currency}").frames
    rows = {month: dict(zip(list(frame.columns)[1:], row, strict=True)) for month, *row in frame.rows()}

    assert list(rows) == ["2026-09", "2026-10", "2026-11"]
    assert rows["2026-09"] == pytest.approx({"Your tariff": 18.45, "G11": 21, "dynamic": None})
    assert rows["2026-10"] == pytest.approx({"Your tariff": 116.42, "G11": 200, "dynamic": -7})
    assert rows["2026-11"] == pytest.approx({"Your tariff": 61.5, "G11": None, "dynamic": None})


def quarters(begin, end, price, series="rce"):
    """A price for each quarter of an hour."""
    for utc_s in range(begin, end, 900):
        yield line("electricity_price", {"series": series}, {"price_per_kwh": price(made.wall(utc_s))}, utc_s)


def dear(wall):
    """0.10 to 0.39 by the quarter; from 2 to 5 and 13 to 16 o'clock 1 less, and the day after at other hours."""
    cheap = (2, 3, 4, 13, 14, 15) if wall.day == 20 else (0, 1, 2, 3, 21, 22)
    return round(0.1 + wall.hour / 100 + wall.minute / 1000 - (wall.hour in cheap), 3)


@pytest.mark.parametrize("kept", [False, True], ids=["raw bucket", "kept bucket"])
def test_market_price(store, kept):
    """Today's and tomorrow's price as a curve with the six cheapest hours of each day, and the cheapest hours to come."""
    lines = list(quarters(local("2026-11-20 00:00"), local("2026-11-22 00:00"), dear))
    lines += quarters(local("2026-11-20 00:00"), local("2026-11-21 00:00"), lambda _wall: 9, "imagined")
    (store.settled if kept else store.telegrams)(lines)
    board = store.board("bill", NOW, series="rce")
    curve = board.shown("Market price, ${series}")

    assert curve.title == "Market price, rce"
    assert curve.points("Price per kWh")["2026-11-20 13:15"] == pytest.approx(0.1 + 0.13 + 0.015 - 1)
    assert max(curve.points("Price per kWh")) == "2026-11-21 23:45"
    marked = [f"2026-11-20 {hour:02}:00" for hour in (2, 3, 4, 13, 14, 15)]
    marked += [f"2026-11-21 {hour:02}:00" for hour in (0, 1, 2, 3, 21, 22)]
    assert list(curve.points("Cheapest hours")) == marked
    # the mean of an hour's quarters is 0.0225 above its first
    assert curve.points("Cheapest hours")["2026-11-20 02:00"] == pytest.approx(0.12 + 0.0225 - 1)

    (frame,) = board.shown("Cheapest hours to come").frames
    to_come = [made.wall(ms // 1000).strftime("%d %H") for ms in frame.columns["Hour"]]
    (frame,) = store.board("bill", NOW + 1234, series="rce", since="now-20h").shown("Cheapest hours to come").frames
    within_an_hour = store.board("bill", NOW + 1234, series="rce", since="now-20h").shown("Market price, ${series}")

    assert len(frame.rows()) == 6
    assert "2026-11-20 02:00" in within_an_hour.points("Cheapest hours")
    assert to_come == ["20 15", "21 00", "21 01", "21 02", "21 03", "21 21"]


def test_series_to_choose(store):
    """The series are offered by name, and the newest price of a series is no option."""
    store.telegrams(quarters(NOW, NOW + 900, dear, "tge"))
    store.settled(quarters(NOW, NOW + 900, dear, "rce"))

    assert store.board("bill", NOW).variables["series"] == ["rce"]
    assert store.board("bill", NOW, series="tge").variables["series"] == ["tge"]


def test_no_price(store):
    """Without prices both panels say so."""
    board = store.board("bill", NOW)
    for title, word in (("Market price, ${series}", "rce-prices.conf"), ("Cheapest hours to come", "No price")):
        assert not board.shown(title).some()
        assert word in board.panel(title)["fieldConfig"]["defaults"]["noValue"]


def test_cost_by_hour(store):
    """Each hour is one bar, in the colour of how certain it is. The last seven days are shown."""
    begin = local("2026-11-20 06:00")
    store.settled(
        [
            made.cost(begin, import_wh=1000, energy=0.6, vat=0.14),
            made.cost(begin + 3600, import_wh=1000, energy=0.7, estimated_wh=400),
            made.cost(begin + 7200, import_wh=1000, trade_fee=0.01, unpriced_wh=1000, estimated_wh=3),
            made.cost(begin, tariff="G11", energy=99),
            made.cost(NOW - 8 * made.DAY_S, energy=5),
        ]
    )
    store.windows(Steady(begin, NOW, lambda _utc_s: Power(1200)).windows())
    answer = store.board("bill", NOW, points=24 * 7).shown("Cost by hour, ${currency}")

    assert answer.points("Cost") == {"2026-11-20 06:00": pytest.approx(0.74)}
    assert answer.points("Estimated") == {"2026-11-20 07:00": 0.7}
    assert answer.points("No price yet") == {"2026-11-20 08:00": 0.01}


def test_no_bill(store):
    """Before the first bill every panel of money says what is missing."""
    store.windows(Steady(local("2026-11-19 00:00"), NOW, lambda _utc_s: Power(1200)).windows())
    board = store.board("bill", NOW)

    for title in ("Bill of ${period}", "Statement", "Energy of the period", "Cost by hour, ${currency}", "Tariffs by month, ${currency}"):
        assert not board.shown(title).some(), title
        assert "[[meter.tariff]]" in board.panel(title)["fieldConfig"]["defaults"]["noValue"]


def test_polish(bills):
    """The Polish board has the same numbers under Polish names."""
    for english, polish in zip(october(bills).panels(), october(bills, "pl").panels(), strict=True):
        one, other = october(bills).answer(english), october(bills, "pl").answer(polish)
        assert [len(frame.rows()) for frame in one.frames] == [len(frame.rows()) for frame in other.frames]
    (frame,) = october(bills, "pl").shown("Rozliczenie").frames
    assert frame.rows()[0] == ("Energia, netto", 60.12)
    assert frame.rows()[-1] == ("Do zapłaty", pytest.approx(116.42))
