"""Options and a configuration's section into a plan, and what is refused."""

from argparse import ArgumentParser, Namespace
from itertools import islice

import pytest

from telegraf_han.ciphers.secret import Key
from telegraf_han.commands import simulate
from telegraf_han.config import file
from telegraf_han.config.sections import BadKey, Config, MeterConfig, Output
from telegraf_han.errors import ConfigError
from telegraf_han.simulate import demo
from telegraf_han.simulate.plan import planned, telegrams

NOW = 1_781_949_600
EK, AK, RADIO = (Key(bytes([number]) * 16) for number in (1, 2, 3))
HOME = MeterConfig("home", "p1", encryption_key=EK, authentication_key=AK)
BARE = MeterConfig("bare", "p1")
FLAT = MeterConfig("flat", "wmbus", id="12345678", key=RADIO)
DEAF = MeterConfig("deaf", "wmbus", id="12345678")


def options(*words: str) -> Namespace:
    parser = ArgumentParser(exit_on_error=False)
    simulate.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch):
    """A configuration file with these meters."""

    def load(*meters: MeterConfig) -> None:
        monkeypatch.setattr(file, "load", lambda path: Config(path, Output(), meters, ()))

    return load


def test_defaults() -> None:
    """A bare `simulate GAMA350`: P1, Stoen's block, demo keys, a telegram per second from now on, for ever."""
    plan = planned(options("GAMA350"), NOW)

    assert (plan.model.name, plan.dress.interface, plan.dress.envelope, plan.dress.footer) == ("GAMA350", "p1", "bare", "x25-low-first")
    assert (plan.start_s, plan.end_s, plan.interval_s, plan.home.pv_w) == (NOW, None, 1, 5000)
    assert plan.meter == demo.meter("gama350", "p1", "", "bare")
    assert next(telegrams(plan)).frame.received_ns == NOW * 10**9


def test_wireless_defaults() -> None:
    """Once a minute, without CRCs, and the section that reads it names the id on the wire."""
    plan = planned(options("gama150", "--interface", "wmbus", "--serial", "87654321"), NOW)

    assert (plan.dress.envelope, plan.interval_s, plan.meter.id) == ("stripped", 60, "87654321")
    assert next(telegrams(plan)).frame.data[4:8].hex() == "21436587"


def test_no_telegrams_without_the_key_that_is_configured(configured) -> None:
    """A key that cannot be had is no reason to send plain telegrams. The key of another meter does not matter."""
    bad = MeterConfig("home", "p1", bad_keys=(BadKey("encryption_key", "the file is empty"),))
    configured(bad, MeterConfig("shop", "p1"))

    with pytest.raises(ConfigError, match='"home": encryption_key: the file is empty'):
        planned(options("GAMA350", "--config", "han.toml", "--meter", "home"), NOW)
    assert planned(options("GAMA350", "--config", "han.toml", "--meter", "shop"), NOW).meter.name == "shop"


def test_plain_has_no_keys_in_its_section() -> None:
    """The section that reads a plain meter needs no key."""
    plan = planned(options("ma309m", "--plain"), NOW)

    assert (plan.dress.envelope, plan.dress.footer, plan.meter.encryption_key) == ("plain", "arc", None)


def test_section_gives_keys_interface_and_id(configured) -> None:
    """With --config nothing of the demo is left."""
    configured(HOME, FLAT)
    flat = planned(options("gama350", "--config", "x", "--meter", "flat"), NOW)
    home = planned(options("gama350", "--config", "x", "--meter", "home"), NOW)

    assert (flat.dress.interface, flat.dress.radio_key, flat.settings.serial, flat.meter) == ("wmbus", RADIO, "12345678", FLAT)
    assert (home.dress.interface, tuple(home.dress.keys), home.meter) == ("p1", (EK, AK), HOME)


def test_section_without_key_means_a_plain_meter(configured) -> None:
    """A P1 section without encryption_key reads plain telegrams, so the simulator sends plain telegrams."""
    configured(BARE)

    assert planned(options("gama350", "--config", "x"), NOW).dress.envelope == "plain"


@pytest.mark.parametrize(
    ("meters", "words", "place"),
    [
        ((), ("ma110m", "--interface", "wmbus"), "--interface"),
        ((), ("gama150", "--envelope", "crc"), "--envelope"),
        ((), ("gama150", "--interface", "wmbus", "--plain"), "--envelope"),
        ((), ("gama150", "--interface", "wmbus", "--damage", "0.1"), "--damage"),
        ((), ("gama150", "--speed", "max"), "--speed max"),
        ((), ("gama150", "--start", "2026-06-01", "--until", "2026-05-01"), "--until"),
        ((), ("gama150", "--days", "0.000001"), "--until"),
        ((HOME, FLAT), ("gama150", "--config", "x"), "--meter"),
        ((HOME,), ("gama150", "--config", "x", "--meter", "other"), "--meter"),
        ((HOME,), ("gama150", "--config", "x", "--interface", "wmbus"), 'meter "home"'),
        ((FLAT,), ("ma309m", "--config", "x"), "--interface"),
        ((DEAF,), ("gama150", "--config", "x"), 'meter "deaf"'),
        ((BARE,), ("gama150", "--config", "x", "--envelope", "glo"), 'meter "bare"'),
    ],
)
def test_what_cannot_be_is_refused(meters: tuple[MeterConfig, ...], words: tuple[str, ...], place: str, configured) -> None:
    """The error names the option or the section to mend."""
    configured(*meters)

    with pytest.raises(ConfigError) as caught:
        planned(options(*words), NOW)
    assert caught.value.key == place


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--days", "0.5", "--interval", "3600s"), 12),
        (("--start", "2026-03-29", "--until", "2026-03-30", "--interval", "3600s"), 23),
        (("--start", "2026-10-25", "--until", "2026-10-26", "--interval", "3600s"), 25),
        (("--start", "2026-10-25T00:00:00Z", "--until", "2026-10-25T00:00:05Z"), 5),
    ],
    ids=["half a day", "spring", "autumn", "five seconds"],
)
def test_end_is_not_sent(words: tuple[str, ...], count: int) -> None:
    """A span holds as many telegrams as intervals; days in Warsaw's time may have 23 or 25 hours."""
    assert len(list(islice(telegrams(planned(options("gama150", *words), NOW)), 100))) == count


def test_a_second_run_goes_on_where_the_first_left() -> None:
    """With --since the registers of a later run are those that the first would have shown by then."""
    begin = ("ma309m", "--interval", "3600s", "--start")
    whole = telegrams(planned(options(*begin, "2026-10-24T00:00:00+02:00"), NOW))
    later = telegrams(planned(options(*begin, "2026-10-25T05:00:00+01:00", "--since", "2026-10-24T00:00:00+02:00"), NOW))

    assert list(islice(later, 3)) == list(islice(whole, 30, 33))


def test_registers_cannot_begin_after_the_start() -> None:
    """A meter that begins to count tomorrow has nothing to show today."""
    with pytest.raises(ConfigError, match="before --start"):
        planned(options("ma309m", "--since", "2027-01-01T00:00:00+01:00"), NOW)
