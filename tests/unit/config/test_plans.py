"""plans: the tariffs of all meters, for the commands that compute."""

import tomllib
from decimal import Decimal

import pytest

from telegraf_han.ciphers import secret
from telegraf_han.config.plans import plans
from telegraf_han.config.sections import Config, parsed
from telegraf_han.errors import ConfigError
from telegraf_han.tariffs.tariff import Fixed

METERS = """
[[meter]]
name = "none"
interface = "p1"
[[meter]]
name = "currency"
interface = "p1"
prices.currency = "PLN"
[[meter]]
name = "short"
interface = "p1"
billing_day = 7
prices = { import_t0_per_kwh = 0.1, import_t1_per_kwh = 1.22, import_t2_per_kwh = 0.74, currency = "EUR" }
[[meter]]
name = "whole"
interface = "p1"
[[meter.tariff]]
per_kwh.energy = 1
"""


def config(toml: str) -> Config:
    return parsed(tomllib.loads(toml), "han.toml", secret.key, str, list)


def test_meters_with_a_plan() -> None:
    """Those with a tariff, and those with prices."""
    found = plans(config(METERS))
    (section,) = found["short"].own.sections

    assert set(found) == {"short", "whole"}
    assert section.per_kwh[0] == Fixed(Decimal("0.1"), (Decimal("1.22"), Decimal("0.74"), Decimal(0), Decimal(0)))
    assert (section.zones, section.currency, section.feed_in, found["short"].billing_day) == ("registers", "EUR", None, 7)


def test_holidays_of_a_country_that_nobody_knows() -> None:
    """It is said where it stands."""
    with pytest.raises(ConfigError) as caught:
        plans(config(METERS + 'name = "G12"\nholidays = "XX"'))

    assert str(caught.value) == (
        'han.toml: [[meter]] "whole": tariff "G12": holidays: no holidays are known for "XX". A code of two letters is expected, such as "PL"'
    )
