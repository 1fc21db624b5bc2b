"""[defaults]: what holds for every meter that does not say otherwise, and what all errors of a configuration are."""

import tomllib

import pytest

from telegraf_han.ciphers import secret
from telegraf_han.config.sections import Config, MeterConfig, parsed
from telegraf_han.errors import ConfigError
from telegraf_han.tariffs.tariff import Fixed

HOME = '\n[[meter]]\nname = "home"\ninterface = "p1"\n'
FLAT = '\n[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "12345678"\n'
PRICES = {"g12.toml": "energy = 0.5", "g11.toml": "energy = 0.6", "bad.toml": 'energy = "x"'}


def config(toml: str, reads: list[str] | None = None) -> Config:
    """What the text becomes. `reads` gets the name of each tariff file that is read."""

    def files(name: str) -> tuple[str, dict[str, object]]:
        if reads is not None:
            reads.append(name)
        return name, tomllib.loads(f"[per_kwh]\n{PRICES[name]}")

    return parsed(tomllib.loads(toml), "han.toml", secret.key, lambda port: port, lambda: ["hex"], files=files)


def meters(toml: str) -> dict[str, MeterConfig]:
    return {meter.name: meter for meter in config(toml).meters}


def errors(toml: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config(toml)
    return [str(error).removeprefix("han.toml: ") for error in caught.value.every()]


def energy(meter: MeterConfig) -> float | None:
    """The price of energy in a meter's own tariff."""
    if meter.plan is None:
        return None
    price = meter.plan.own.sections[0].per_kwh[0]
    assert isinstance(price, Fixed)
    return float(price.total)


def test_what_a_meter_says_wins() -> None:
    """A value of the meter replaces the default. Limits, prices and tags are put together key by key."""
    found = meters(
        """
        [defaults]
        timezone = "Europe/Vilnius"
        encryption = "optional"
        billing_day = 5
        limits = { daily_import_wh = 20000, silence_s = 60 }
        prices = { import_t0_per_kwh = 1.0, currency = "EUR" }
        tags = { street = "Long", staircase = "A" }
        """
        + HOME
        + 'billing_day = 1\nlimits = { silence_s = 90 }\nprices = { import_t0_per_kwh = 1.5 }\ntags = { staircase = "B" }\n'
        + FLAT
    )
    home, flat = found["home"], found["flat"]

    assert (home.zone.name, home.encryption, home.billing_day) == ("Europe/Vilnius", "optional", 1)
    assert dict(home.limits) == {"daily_import_wh": 20000.0, "silence_s": 90.0}
    assert dict(home.prices) == {"import_t0_per_kwh": 1.5, "currency": "EUR"}
    assert home.tags == (("staircase", "B"), ("street", "Long"))
    assert (flat.billing_day, dict(flat.limits)["silence_s"], dict(flat.tags)["staircase"]) == (5, 60.0, "A")


def test_a_default_of_one_interface() -> None:
    """What only P1 has is not given to radio meters."""
    found = meters('[defaults]\nline = "9600 7E1"\nauthentication = "preferred"\n' + HOME + FLAT)

    assert (found["home"].line, found["flat"].line) == ("9600 7E1", MeterConfig("", "p1").line)


def test_a_tariff_replaces_a_tariff() -> None:
    """Tariff and prices replace each other, and comparing goes with the meters that have one of them."""
    found = meters(
        '[defaults]\ntariff = "file:g12.toml"\ncompare = ["file:g11.toml"]\n'
        + HOME
        + FLAT
        + 'tariff = "file:g11.toml"\ncompare = []\n'
        + FLAT.replace("flat", "priced").replace("12345678", "00000001")
        + "prices = { import_t0_per_kwh = 1.0 }\n"
    )

    assert {name: energy(meter) for name, meter in found.items()} == {"home": 0.5, "flat": 0.6, "priced": 1.0}
    assert {name: len(meter.plan.timelines) if meter.plan else 0 for name, meter in found.items()} == {"home": 2, "flat": 1, "priced": 2}


def test_default_prices_and_a_tariff_of_its_own() -> None:
    """A meter with a tariff does not have the prices of the others."""
    found = meters("[defaults]\nprices = { import_t0_per_kwh = 1.0 }\n" + HOME + 'tariff = "file:g12.toml"\n' + FLAT)

    assert (energy(found["home"]), found["home"].prices) == (0.5, ())
    assert dict(found["flat"].prices) == {"import_t0_per_kwh": 1.0}


def test_compared_tariffs_need_one_to_be_compared_with() -> None:
    """A default that makes no sense for a meter is left out. What the meter itself says is an error."""
    assert meters('[defaults]\ncompare = ["file:g11.toml"]\n' + HOME)["home"].plan is None
    assert errors('[defaults]\ncompare = ["file:g11.toml"]\n' + HOME + 'compare = ["file:g11.toml"]\n')[0].startswith(
        '[[meter]] "home": compare: a tariff or [meter.prices] is expected'
    )


def test_sections_as_a_default() -> None:
    """[[defaults.tariff]] is a tariff for all meters. They share its plan, which is made once."""
    found = meters("[[defaults.tariff]]\n[defaults.tariff.per_kwh]\nenergy = 0.7\n" + HOME + FLAT)

    assert energy(found["home"]) == 0.7
    assert found["home"].plan is found["flat"].plan


def test_a_tariff_of_many_meters_is_read_once() -> None:
    """A thousand meters with one tariff read and check it once, unless they differ in what it depends on."""
    reads: list[str] = []
    rows = "".join(FLAT.replace("flat", f"flat-{number}").replace("12345678", f"{number:08}") for number in range(50))
    found = config('[defaults]\ntariff = "file:g12.toml"\n' + rows + "billing_day = 7\n", reads)

    assert reads == ["g12.toml"] * 2
    assert len({id(meter.plan) for meter in found.meters}) == 2
    assert found.meters[-1].plan.billing_day == 7


WRONG = {
    "misspelt": ("[defaults]\ntimezon = 1\n", '[defaults]: timezon: there is no such option. Did you mean "timezone"?'),
    "name": ('[defaults]\nname = "x"\n', "[defaults]: name: no default is expected here, because each meter has its own"),
    "key": ('[defaults]\nkey = "file:x"\n', "[defaults]: key: no default is expected here"),
    "value": ("[defaults]\nbilling_day = 31\n", "[defaults]: billing_day: a whole number from 1 to 28"),
    "limit": ("[defaults.limits]\nsilence_s = -1\n", "[defaults]: limits.silence_s: a number of 0 or more"),
    "tag": ('[defaults.tags]\nmeter = "x"\n', "[defaults]: tags.meter: another name is expected"),
    "no section": ("defaults = 3\n", "[defaults]: a section with options is expected"),
    "both": (
        '[defaults]\ntariff = "file:g12.toml"\nprices = { import_t0_per_kwh = 1 }\n',
        "[defaults]: tariff: either a tariff or prices are expected, not both",
    ),
    "tariff": ('[defaults]\ntariff = "g12.toml"\n', "[defaults]: tariff: a tariff file is expected"),
    "in the file": ('[defaults]\ntariff = "file:bad.toml"\n', "bad.toml: per_kwh.energy: "),
}


@pytest.mark.parametrize(("toml", "sentence"), WRONG.values(), ids=WRONG)
def test_a_wrong_default_is_told_once(toml: str, sentence: str) -> None:
    """However many meters would have it."""
    found = errors(toml + HOME + FLAT + FLAT.replace("flat", "other").replace("12345678", "00000001"))

    assert len(found) == 1
    assert found[0].startswith(sentence)


def test_all_errors_are_collected() -> None:
    """Three misspelt options, two bad keys, a duplicate name, a bad receiver: everything that has to be changed is told at once."""
    assert errors(
        """
        outputs = 1
        [output]
        layuot = "wide"
        """
        + HOME
        + 'prot = "x"\nencryption_key = "12"\nauthentication_key = "34"\nlimits = { silence = 1, voltage_low_v = -1 }\n'
        + HOME
        + FLAT
        + 'key = "56"\nname_ = 1\n'
        + '[[receiver]]\nname = "attic"\ntype = "hax"\n'
    ) == [
        'outputs: there is no such option. Did you mean "output"?',
        '[output]: layuot: there is no such option. Did you mean "layout"?',
        '[[meter]] "home": prot: there is no such option. Did you mean "port"?',
        '[[meter]] "home": limits.silence: there is no such option. Did you mean "silence_s"?',
        '[[meter]] "home": limits.voltage_low_v: a number of 0 or more is expected',
        '[[meter]] "flat": name_: there is no such option. Did you mean "name"?',
        '[[receiver]] "attic": type: one of hex is expected',
        '[[meter]] "home": name: another name is expected, because [[meter]] "home" has the same name',
        '[[meter]] "home": encryption_key: 32 hex digits expected, found 2 hex digits',
        '[[meter]] "home": authentication_key: 32 hex digits expected, found 2 hex digits',
        '[[meter]] "flat": key: 32 hex digits expected, found 2 hex digits',
    ]


def test_one_line_for_all() -> None:
    """Other commands than `check` show the first error, and how many there are besides."""
    with pytest.raises(ConfigError) as caught:
        config(HOME + "a = 1\nb = 2\nc = 3\n")

    line = str(caught.value)
    assert line.startswith('han.toml: [[meter]] "home": a: there is no such option')
    assert line.endswith(" (and 2 more: telegraf-han check lists them)")
    assert "more" not in "".join(map(str, caught.value.every()))
