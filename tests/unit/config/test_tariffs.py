"""tariffs: a section of a tariff becomes exact, and each mistake in it has its sentence."""

import tomllib
from datetime import date
from decimal import Decimal

import pytest

from telegraf_han.config.rows import Place
from telegraf_han.config.tariffs import section
from telegraf_han.errors import ConfigError
from telegraf_han.tariffs.tariff import FeedIn, Fixed, Market, Section, ZoneHours


def read(toml: str, use_kwh: float | None = None) -> Section:
    """What a section of a file becomes."""
    return section(tomllib.loads(toml), Place("g12.toml"), "g12", use_kwh).section


def mistake(toml: str, use_kwh: float | None = None) -> str:
    """What is said about it."""
    with pytest.raises(ConfigError) as caught:
        read(toml, use_kwh)
    return str(caught.value)


def test_defaults() -> None:
    """A section without options costs nothing, and holds for ever."""
    found = read("")

    assert found == Section("g12", date.min, date.max, (Fixed(),) * 6, (Decimal(0),) * 6)


def test_everything() -> None:
    """Every option finds its place. Numbers are exact."""
    found = read(
        """
        name = "G12"
        from = 2026-01-01
        to = 2026-12-31
        currency = "EUR"
        vat_percent = 23
        balancing = "none"
        zones = "clock"
        holidays = "DE"
        hours = [{ zone = 2, days = ["sat"], hours = ["13-15", "22-2"], season = "10-01..03-31" }]
        per_kwh.energy = { t1 = 0.1, t2 = 0.07 }
        per_kwh.other = { series = "rce", factor = 1.1, plus = 0.09, at_least = 0, by = "month" }
        per_month.trade_fee = 10.01
        per_month.capacity_fee = [{ below_kwh = 500, fee = 4 }, { below_kwh = 1200, fee = 9.5 }, { fee = 16 }]
        feed_in = { model = "net-billing", price = { series = "rce" }, negative = "as_is", factor = 1.23, pay_back_percent = 30, usable_after_months = 0 }
        """,
        1200,
    )

    assert (found.name, found.begin, found.end) == ("G12", date(2026, 1, 1), date(2027, 1, 1))
    assert (found.currency, found.vat_percent, found.balanced, found.zones, found.holidays) == ("EUR", 23, False, "clock", "DE")
    assert found.hours == (ZoneHours(2, frozenset({"sat"}), frozenset({13, 14, 22, 23, 0, 1}), ((10, 1), (3, 31))),)
    assert found.per_kwh[0] == Fixed(by_zone=(Decimal("0.1"), Decimal("0.07"), Decimal(0), Decimal(0)))
    assert found.per_kwh[5] == Market("rce", Decimal("1.1"), Decimal("0.09"), Decimal(0), "month")
    assert found.per_month == (Decimal("10.01"), 0, 0, 0, Decimal(16), 0)
    assert found.feed_in == FeedIn(
        "net-billing", Market("rce"), negative_as_is=True, factor=Decimal("1.23"), pay_back=Decimal("0.3"), usable_after=0
    )


@pytest.mark.parametrize(("use_kwh", "fee"), [(0, 4), (499.9, 4), (500, 9), (1199, 9), (1200, 16)])
def test_brackets(use_kwh: float, fee: int) -> None:
    """A bracket ends below its bound. The tariff's own use counts before the meter's."""
    brackets = "per_month.capacity_fee = [{ below_kwh = 500, fee = 4 }, { below_kwh = 1200, fee = 9 }, { fee = 16 }]"

    assert read(brackets, use_kwh).per_month[4] == fee
    assert read(f"yearly_use_kwh = {use_kwh}\n{brackets}", 9999).per_month[4] == fee


@pytest.mark.parametrize(
    ("toml", "zones", "balanced"),
    [
        ("per_kwh.energy = 1", "one", False),
        ("per_kwh.energy = { t1 = 1, t2 = 2 }", "registers", False),
        ("per_kwh.energy = { t1 = 1, t2 = 2 }\nhours = [{ zone = 2 }]", "clock", False),
        ('feed_in = { model = "price", price = 1 }', "one", False),
        ('feed_in = { model = "price", price = { t1 = 1 } }', "registers", False),
        ('feed_in = { model = "net-metering" }', "one", True),
        ('feed_in = { model = "net-billing", price = 1 }', "one", True),
    ],
)
def test_defaults_that_depend_on_others(toml: str, zones: str, balanced: bool) -> None:
    """Where zones come from follows from the prices and hours. Prosumers are balanced."""
    found = read(toml)

    assert (found.zones, found.balanced) == (zones, balanced)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("from = 2026-02-01\nto = 2026-01-31", "to: a day from 2026-02-01 on is expected, because the tariff begins on that day"),
        ('from = "2026-02-01"', "from: a date without quotes is expected, such as 2026-01-01"),
        ("from = 2026-02-01T00:00:00", "from: a date without quotes is expected, such as 2026-01-01"),
        ("vat_percent = 123", "vat_percent: a number from 0 to 100 is expected"),
        ("vat_percent = -1", "vat_percent: a number from 0 to 100 is expected"),
        ('holidays = "Poland"', 'holidays: the code of a country is expected, such as "PL"'),
        ("holidays = 48", 'holidays: the code of a country is expected, such as "PL"'),
        ("price = 1", "price: there is no such option. Known options are name, from, to, currency, vat_percent, balancing, yearly_use_kwh, zones, holidays, hours, per_kwh, per_month, feed_in"),
        ("per_kwh.enrgy = 1", 'per_kwh.enrgy: there is no such option. Did you mean "energy"?'),
        ("per_kwh = 1", "per_kwh: a section with options is expected"),
        ('per_kwh.energy = "1"', "per_kwh.energy: a number, { t1 = …, t2 = … } or { series = … } is expected"),
        ("per_kwh.energy = {}", "per_kwh.energy: a number, { t1 = …, t2 = … } or { series = … } is expected"),
        ("per_kwh.energy.t5 = 1", "per_kwh.energy.t5: there is no such option. Known options are t1, t2, t3, t4"),
        ('per_kwh.energy = { series = "rce", plus = true }', "per_kwh.energy.plus: a number without quotes is expected"),
        ('per_month.trade_fee = "10"', "per_month.trade_fee: a number or a list of { below_kwh = …, fee = … } is expected"),
        ("per_month.trade_fee = []", "per_month.trade_fee: a list of { below_kwh = …, fee = … } is expected"),
        ("per_month.trade_fee = [{ below_kwh = 3 }]", "per_month.trade_fee: a list of { below_kwh = …, fee = … } is expected"),
        ("per_month.trade_fee = [{ below_kwh = 500, fee = 4 }]", "per_month.trade_fee: every bracket but the last needs below_kwh, and the last must have none"),
        ("per_month.trade_fee = [{ fee = 3 }, { fee = 4 }]", "per_month.trade_fee: every bracket but the last needs below_kwh, and the last must have none"),
        ("per_month.trade_fee = [{ fee = 3 }, { below_kwh = 3, fee = 4 }]", "per_month.trade_fee: every bracket but the last needs below_kwh, and the last must have none"),
        ("per_month.trade_fee = [{ below_kwh = 9, fee = 3 }, { below_kwh = 9, fee = 4 }, { fee = 5 }]", "per_month.trade_fee: brackets are expected in rising order of below_kwh"),
        ("per_month.trade_fee = [{ below_kwh = 9, fee = 3 }, { fee = 5 }]", "per_month.trade_fee: this fee depends on the yearly use, so the meter or this tariff needs yearly_use_kwh"),
        ("hours = 3", "hours: a list of { zone = …, hours = … } is expected, or sections in double brackets"),
        ("hours = [{}]", "hours number 1: zone: a zone from 1 to 4 is expected"),
        ("hours = [{ zone = 1 }, { zone = 5 }]", "hours number 2: zone: a whole number from 1 to 4 is expected"),
        ('hours = [{ zone = 2, days = ["holiday"] }]', "hours number 1: days: a list of these words is expected: all, workdays, weekends, holidays, mon, tue, wed, thu, fri, sat, sun"),
        ('hours = [{ zone = 2, days = "mon" }]', "hours number 1: days: a list of these words is expected: all, workdays, weekends, holidays, mon, tue, wed, thu, fri, sat, sun"),
        ('hours = [{ zone = 2, hours = "22-6" }]', 'hours number 1: hours: a list of whole hours is expected, such as ["13-15", "22-6"]'),
        ('hours = [{ zone = 2, hours = ["22:00-6:00"] }]', 'hours number 1: hours: a list of whole hours from 0 to 24 is expected, such as ["13-15", "22-6"]'),
        ('hours = [{ zone = 2, hours = ["6-6"] }]', 'hours number 1: hours: a list of whole hours from 0 to 24 is expected, such as ["13-15", "22-6"]'),
        ('hours = [{ zone = 2, hours = ["6-25"] }]', 'hours number 1: hours: a list of whole hours from 0 to 24 is expected, such as ["13-15", "22-6"]'),
        ("hours = [{ zone = 2, hours = [6] }]", 'hours number 1: hours: a list of whole hours from 0 to 24 is expected, such as ["13-15", "22-6"]'),
        ('hours = [{ zone = 2, season = "summer" }]', 'hours number 1: season: two days of the year are expected, such as "04-01..09-30"'),
        ('hours = [{ zone = 2, season = "04-01..09-31" }]', 'hours number 1: season: two days of the year are expected, such as "04-01..09-30"'),
        ('zones = "clock"', 'zones: zones = "clock" needs hours: [[meter.tariff.hours]] says which hours are in which zone'),
        ('zones = "registers"\nhours = [{ zone = 2 }]', 'hours: hours need zones = "clock"'),
        ('zones = "one"\nper_kwh.energy = { t1 = 1, t2 = 2 }', 'per_kwh.energy: one price is expected, because zones = "one"'),
        ("per_kwh.energy = 1\nhours = [{ zone = 2 }]", "hours: there are hours for zone 2, but no price is by zone"),
        ("per_kwh.energy = { t1 = 1, t2 = 2 }\nhours = [{ zone = 3 }]", "per_kwh.energy: there is a price for zone 2, but no hours are in this zone"),
        ("per_kwh.energy = { t1 = 1 }\nhours = [{ zone = 2 }]", "per_kwh.energy: a price for zone 2 is expected: t2 = …"),
        ("per_kwh.energy = { t2 = 1 }\nhours = [{ zone = 2 }]", "per_kwh.energy: a price for zone 1 is expected: t1 = …"),
        ("per_kwh.energy = { t1 = 1, t2 = 2 }\nper_kwh.distribution = { t1 = 1 }", "per_kwh.distribution: a price for zone 2 is expected: t2 = …"),
        ("feed_in = 3", "feed_in: a section with options is expected"),
        ("feed_in = {}", 'feed_in.model: one of "net-billing", "net-metering", "price" is expected'),
        ('feed_in = { model = "price" }', "feed_in.price: the value of a kWh fed in is expected: a number or { series = … }"),
        ('feed_in = { model = "net-metering", price = 1 }', 'feed_in.price: only a feed_in with model = "net-billing" or "price" has this option'),
        ('feed_in = { model = "price", price = 1, factor = 2 }', 'feed_in.factor: only a feed_in with model = "net-billing" has this option'),
        ('feed_in = { model = "net-billing", price = 1, share = 0.8 }', 'feed_in.share: only a feed_in with model = "net-metering" has this option'),
        ('feed_in = { model = "net-metering", share = 8 }', "feed_in.share: a number from 0 to 1 is expected"),
        ('feed_in = { model = "net-billing", price = "rce" }', "feed_in.price: a number, { t1 = …, t2 = … } or { series = … } is expected"),
        ('feed_in = { model = "net-billing", price = 1, usable_after_months = 1.5 }', "feed_in.usable_after_months: a whole number from 0 to 12 is expected"),
        ('feed_in = { model = "net-billing", price = 1, negative = 0 }', 'feed_in.negative: one of "zero", "as_is" is expected'),
    ],
)  # fmt: skip
def test_mistakes(toml: str, said: str) -> None:
    """The place, what is wrong, and what is expected, in one line."""
    assert mistake(toml) == f"g12.toml: {said}"


def test_all_day() -> None:
    """0-24 is all day, and so is a row without hours."""
    assert read('hours = [{ zone = 1, hours = ["0-24"] }]').hours == read("hours = [{ zone = 1 }]").hours
