"""timelines: sections of a meter and of files in the order of their days, and what is said if two hold on one day."""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from telegraf_han.ciphers import secret
from telegraf_han.config.sections import MeterConfig, parsed
from telegraf_han.errors import ConfigError
from telegraf_han.tariffs.tariff import Fixed, Plan

METER = """
[[meter]]
name = "home"
interface = "p1"
"""
FILES = {
    "g11.toml": "per_kwh.energy = 1",
    "g12.toml": "[[tariff]]\nfrom = 2025-01-01\nper_kwh.energy = 1\n[[tariff]]\nfrom = 2026-01-01\nper_kwh.energy = 2",
    "late.toml": '[[tariff]]\nname = "late"\nfrom = 2025-07-01\nper_kwh.energy = 3',
    "own.toml": 'name = "own"',
    "euro.toml": 'currency = "EUR"',
    "both.toml": "from = 2025-01-01\n[[tariff]]\nfrom = 2026-01-01",
    "one.toml": "[tariff]\nfrom = 2026-01-01",
    "none.toml": "tariff = []",
    "wrong.toml": "[[tariff]]\n[[tariff]]\nvat_percent = 700",
}


def files(name: str) -> tuple[str, Mapping[str, object]]:
    return f"/etc/{name}", tomllib.loads(FILES[name])


def meter(toml: str) -> MeterConfig:
    """What the options of a meter become."""
    return parsed(tomllib.loads(METER + toml), "han.toml", secret.key, str, list, files=files).meters[0]


def plan(toml: str) -> Plan:
    found = meter(toml).plan
    assert found is not None
    return found


def mistake(toml: str) -> str:
    with pytest.raises(ConfigError) as caught:
        meter(toml)
    return str(caught.value)


def days(found: Plan) -> list[tuple[str, date, date]]:
    return [(section.name, section.begin, section.end) for section in found.own.sections]


def test_sections_of_the_meter() -> None:
    """They are put into the order of their days. Each holds until the next, if it has no last day."""
    found = plan(
        '[[meter.tariff]]\nname = "new"\nfrom = 2026-01-01\n[[meter.tariff]]\nname = "old"\nto = 2025-06-30\n[[meter.tariff]]\nfrom = 2025-08-01'
    )

    assert days(found) == [
        ("old", date.min, date(2025, 7, 1)),
        ("tariff", date(2025, 8, 1), date(2026, 1, 1)),
        ("new", date(2026, 1, 1), date.max),
    ]
    assert (found.own.name, found.compared, found.billing_day) == ("own", (), 1)


@pytest.mark.parametrize("written", ['"file:g12.toml"', '["file:g12.toml"]', '" file: g12.toml "'])
def test_a_file(written: str) -> None:
    """A section without a name has the name of the file. A section ends where the next begins."""
    assert days(plan(f"tariff = {written}")) == [
        ("g12", date(2025, 1, 1), date(2026, 1, 1)),
        ("g12", date(2026, 1, 1), date.max),
    ]


def test_several_files() -> None:
    """They are one timeline."""
    assert [name for name, _, _ in days(plan('tariff = ["file:g12.toml", "file:late.toml"]'))] == ["g12", "late", "g12"]


def test_a_file_without_brackets_and_comparison() -> None:
    """A file with one section needs no brackets. Tariffs that are compared have their names as tags."""
    found = plan('billing_day = 15\ntariff = "file:g12.toml"\ncompare = ["file:g11.toml", "file:late.toml"]')

    assert [timeline.name for timeline in found.timelines] == ["own", "g11", "late"]
    assert found.billing_day == 15


def test_comparison_with_prices() -> None:
    """[meter.prices] is a tariff, too."""
    found = plan('compare = ["file:g11.toml"]\n[meter.prices]\nimport_t0_per_kwh = 1.05\nexport_t1_per_kwh = 0.2')
    (section,) = found.own.sections

    assert section.per_kwh[0] == Fixed(Decimal("1.05"))
    assert (section.zones, section.vat_percent, section.balanced) == ("registers", 0, False)
    assert section.feed_in is not None
    assert (section.feed_in.model, section.feed_in.price) == ("price", Fixed(by_zone=(Decimal("0.2"), *(Decimal(0),) * 3)))


def test_yearly_use_of_the_meter() -> None:
    """So a file that is shared needs none."""
    brackets = "per_month.capacity_fee = [{ below_kwh = 500, fee = 4 }, { fee = 16 }]"

    assert plan(f"yearly_use_kwh = 100\n[[meter.tariff]]\n{brackets}").own.sections[0].per_month[4] == 4


def test_no_tariff() -> None:
    """A meter may have none, and a run makes none of [meter.prices]."""
    assert meter("").plan is None
    assert meter("[meter.prices]\nimport_t0_per_kwh = 1").plan is None


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[[meter.tariff]]\nname = "G12"\nfrom = 2026-01-01\nto = 2026-12-31\n[[meter.tariff]]\nname = "G11"\nfrom = 2026-06-01',
         ('han.toml: [[meter]] "home": [[meter.tariff]] number 2: from: another first day is expected, because two tariffs hold on 2026-06-01: '
         '"G12" from 2026-01-01 to 2026-12-31 (han.toml) and "G11" from 2026-06-01 (han.toml)')),
        ("[[meter.tariff]]\nfrom = 2026-01-01\n[[meter.tariff]]\nfrom = 2026-01-01",
         ('han.toml: [[meter]] "home": [[meter.tariff]] number 2: from: another first day is expected, because two tariffs hold on 2026-01-01: '
         '"tariff" from 2026-01-01 (han.toml) and "tariff" from 2026-01-01 (han.toml)')),
        ("[[meter.tariff]]\n[[meter.tariff]]",
         ('han.toml: [[meter]] "home": [[meter.tariff]] number 2: from: another first day is expected, because two tariffs hold: '
         '"tariff" without from (han.toml) and "tariff" without from (han.toml)')),
        ('tariff = ["file:g12.toml", "file:g12.toml"]',
         ("/etc/g12.toml: [[tariff]] number 1: from: another first day is expected, because two tariffs hold on 2025-01-01: "
         '"g12" from 2025-01-01 (/etc/g12.toml) and "g12" from 2025-01-01 (/etc/g12.toml)')),
        ('tariff = "g12.toml"', 'han.toml: [[meter]] "home": tariff: a tariff file is expected, such as "file:g12.toml", or a list of them, or [[meter.tariff]] sections'),
        ('tariff = "file:"', 'han.toml: [[meter]] "home": tariff: a tariff file is expected, such as "file:g12.toml", or a list of them, or [[meter.tariff]] sections'),
        ("tariff = 12", 'han.toml: [[meter]] "home": tariff: a tariff file is expected, such as "file:g12.toml", or a list of them, or [[meter.tariff]] sections'),
        ('tariff = ["file:g12.toml", 3]', 'han.toml: [[meter]] "home": tariff: a tariff file is expected, such as "file:g12.toml", or a list of them, or [[meter.tariff]] sections'),
        ("[meter.tariff]\nfrom = 2026-01-01", 'han.toml: [[meter]] "home": tariff: [[meter.tariff]] in double brackets is expected, once for each tariff'),
        ("tariff = []", 'han.toml: [[meter]] "home": tariff: [[meter.tariff]] in double brackets is expected, once for each tariff'),
        ('tariff = "file:one.toml"', "/etc/one.toml: tariff: [[tariff]] in double brackets is expected, once for each tariff"),
        ('tariff = "file:none.toml"', "/etc/none.toml: tariff: [[tariff]] in double brackets is expected, once for each tariff"),
        ('tariff = "file:both.toml"', "/etc/both.toml: from: there is no such option. Known options are tariff"),
        ('tariff = "file:wrong.toml"', "/etc/wrong.toml: [[tariff]] number 2: vat_percent: a number from 0 to 100 is expected"),
        ('tariff = "file:g12.toml"\n[meter.prices]\nimport_t0_per_kwh = 1', 'han.toml: [[meter]] "home": tariff: either a tariff or [meter.prices] is expected, not both'),
        ('compare = ["file:g12.toml"]', 'han.toml: [[meter]] "home": compare: a tariff or [meter.prices] is expected too, with which the tariffs are compared'),
        ('tariff = "file:g12.toml"\ncompare = "file:g11.toml"', 'han.toml: [[meter]] "home": compare: a list of tariff files is expected, such as ["file:g11.toml"]'),
        ('tariff = "file:g12.toml"\ncompare = ["g11.toml"]', 'han.toml: [[meter]] "home": compare: a list of tariff files is expected, such as ["file:g11.toml"]'),
        ('tariff = "file:g12.toml"\ncompare = ["file:own.toml"]', '/etc/own.toml: name: another name is expected, because "own" is already the name of a tariff of this meter'),
        ('tariff = "file:g12.toml"\ncompare = ["file:g11.toml", "file:g11.toml"]', '/etc/g11.toml: name: another name is expected, because "g11" is already the name of a tariff of this meter'),
        ('tariff = "file:g12.toml"\ncompare = ["file:euro.toml"]', 'han.toml: [[meter]] "home": tariff: one currency is expected, but "g12" is in PLN, and "euro" is in EUR'),
        ("billing_day = 29", 'han.toml: [[meter]] "home": billing_day: a whole number from 1 to 28 is expected'),
        ("billing_day = true", 'han.toml: [[meter]] "home": billing_day: a whole number from 1 to 28 is expected'),
    ],
)  # fmt: skip
def test_mistakes(toml: str, said: str) -> None:
    """Dates, names and places are said."""
    assert mistake(toml) == said
