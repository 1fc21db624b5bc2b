"""Option texts into values, and the section that is printed."""

import tomllib
from argparse import ArgumentError, ArgumentParser, Namespace

import pytest

from telegraf_han.commands import simulate
from telegraf_han.config.sections import MeterConfig
from telegraf_han.simulate import demo


def options(*words: str) -> Namespace:
    parser = ArgumentParser(exit_on_error=False)
    simulate.add_arguments(parser)
    return parser.parse_args(("gama150", *words))


@pytest.mark.parametrize(
    ("word", "text", "name", "value"),
    [
        ("--start", "2026-10-24T22:00:00+02:00", "start", 1_792_872_000),
        ("--start", "2026-10-24T20:00:00Z", "start", 1_792_872_000),
        ("--start", "2026-10-24T22:00:00", "start", 1_792_872_000),
        ("--start", "2026-10-24", "start", 1_792_792_800),
        ("--start", "2026-10-25T02:30:00", "start", 1_792_891_800),
        ("--speed", "max", "speed", float("inf")),
        ("--speed", "60", "speed", 60.0),
        ("--limits", "6000,16500,500", "limits", (6000, 16_500, 500)),
        ("--dsm", "1,0", "dsm", (1, 0)),
        ("--pv-kwp", "0", "pv_kwp", 0.0),
        ("--to", "tcp:0.0.0.0:4059", "to", "tcp:0.0.0.0:4059"),
        ("--damage", "0.01", "damage", 0.01),
        ("--message", "", "message", ""),
    ],
)
def test_texts_are_understood(word: str, text: str, name: str, value: object) -> None:
    """Each option in the forms a user may write; a wall-clock time that comes twice is winter's."""
    assert getattr(options(word, text), name) == value


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("--start", "yesterday"),
        ("--start", "2026-02-30"),
        ("--start", "-xd"),
        ("--speed", "0"),
        ("--speed", "nan"),
        ("--speed", "fast"),
        ("--days", "-1"),
        ("--interval", "0s"),
        ("--interval", "1.5"),
        ("--pv-kwp", "inf"),
        ("--pv-kwp", "1e308"),
        ("--start", "9999-12-31T23:59:59"),
        ("--damage", "1.1"),
        ("--serial", "1234567"),
        ("--serial", "1234567x"),
        ("--limits", "1,2"),
        ("--limits", "1,2,100000"),
        ("--dsm", "1,-2"),
        ("--limiter-mode", "10"),
        ("--message", "ż"),
        ("--message", "x" * 1025),
        ("--to", "udp:1"),
        ("--to", "tcp:65536"),
        ("--to", "tcp:"),
        ("--tariff", "g13"),
        ("--interface", "p2"),
    ],
)
def test_texts_that_mean_nothing_are_refused(word: str, text: str) -> None:
    """argparse's own error, which becomes exit code 2."""
    with pytest.raises((ArgumentError, SystemExit)):
        options(f"{word}={text}")


def test_unknown_meter_is_refused() -> None:
    """Four meters, in any case of letters."""
    parser = ArgumentParser(exit_on_error=False)
    simulate.add_arguments(parser)

    assert parser.parse_args(["MA309m"]).model == "ma309m"
    with pytest.raises(ArgumentError):
        parser.parse_args(["ma310m"])


@pytest.mark.parametrize(
    ("meter", "names"),
    [
        (demo.meter("a", "p1", "", "bare"), ['interface = "p1"', 'port = "/dev/x"', "encryption_key", "authentication_key"]),
        (demo.meter("a", "wmbus", "12345678", "stripped"), ['type = "hex"', 'port = "/dev/x"', 'id = "12345678"', "key = "]),
        (demo.meter("a", "p1", "", "plain"), ['interface = "p1"', 'port = "/dev/x"']),
    ],
    ids=["p1", "wmbus", "plain"],
)
def test_section_is_toml_that_names_port_and_key_files(meter: MeterConfig, names: list[str]) -> None:
    """What is printed can be pasted; it holds no key."""
    text = demo.section(meter, "/dev/x")

    assert all(name in text for name in names)
    assert list(tomllib.loads(text)["meter"][0])[:2] == ["name", "interface"]
    for key in (demo.DEMO_ENCRYPTION_KEY, demo.DEMO_AUTHENTICATION_KEY):
        assert key.reveal().hex() not in (text + demo.HELP).lower().replace(" ", "")
