"""told: what a tap tells becomes the page that the plugin itself would show, and no line does harm."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import p1telegrams as p1
from telegraf_han.ciphers.secret import Key
from telegraf_han.clock import Zone
from telegraf_han.config.sections import Config, MeterConfig, Output, ReceiverConfig
from telegraf_han.errors import Cause, SourceError
from telegraf_han.inspection import told
from telegraf_han.inspection.recent import Recent
from telegraf_han.inspection.told import Told
from telegraf_han.live import tap
from telegraf_han.telegram import Column, Frame, Shape, Telegram
from telegraf_han.terminal import meterpage
from telegraf_han.terminal.meterpage import Choice, Scene
from telegraf_han.terminal.text import Style, View

S = 1_000_000_000
NOW_NS = 1_775_826_353 * S
LOOK = Style(colours=False)
HOME = MeterConfig(
    "home",
    "p1",
    encryption_key=Key(p1.EK),
    authentication_key=Key(p1.AK),
    zone=Zone("Europe/Vilnius"),
    limits=(("active_power_import_w", 200.0), ("silence_s", 90.0)),
)
FLAT = MeterConfig("flat", "wmbus", id="12345678", key=Key(p1.EK))
CONFIG = Config("han.toml", Output(), (HOME, FLAT), (ReceiverConfig("attic", "hex", "-"),))


def recent() -> Recent:
    """Two meters. One was read."""
    one = Recent(CONFIG)
    one.take(Frame("p1", p1.stoen(), NOW_NS, steady_ns=NOW_NS), "home")
    return one


def lines(one: Recent) -> list[bytes]:
    """What a tap tells of these meters."""
    facts = ((name, tap._facts(meter, NOW_NS)) for name, meter in one.meters.items())
    return [tap._hello(CONFIG), *(tap._line(tap._told(name, found)) for name, found in facts)]


def heard(one: Recent) -> Told:
    hello, *rest = lines(one)
    there = Told(hello)
    for line in rest:
        there.hear(line)
    return there


def pages(one: Recent) -> list[object]:
    """Every page of these meters."""
    choices = [Choice("overview"), *(Choice(kind, meter) for kind in ("meter", "readings") for meter in (0, 1))]
    return [meterpage.page(Scene(one, choice, LOOK, NOW_NS + S, NOW_NS + S), View(80, 40)).lines for choice in choices]


def test_the_same_pages() -> None:
    """Every page is the same, whether this process read the meter or the plugin did."""
    one = recent()
    one.meters["home"].errors[Cause.CHECKSUM] = 7
    one.meters["home"].rssi_dbm = -71.5
    one.meters["flat"].failed(Cause.KEY, NOW_NS)
    one.meters["flat"].telegrams = 3

    assert pages(heard(one)) == pages(one)


VALUES = st.one_of(st.none(), st.integers(-(10**12), 10**12), st.floats(-1e9, 1e9, allow_nan=False), st.text(max_size=8))


@given(
    st.lists(st.tuples(st.sampled_from(["1-0:1.8.0", None]), st.text(max_size=6), st.text(max_size=12), VALUES), max_size=6),
    st.sampled_from(["voltage_l1_v", "message", "active_power_import_w", "active_energy_import_wh"]),
    st.integers(0, 10**9),
)
def test_whatever_a_meter_says(readings, first_field: str, count: int) -> None:
    """Any text and any number comes through as it is: quotes, control characters, Polish letters, whole numbers and fractions."""
    fields = [first_field, *(f"field_{place}" for place in range(1, 6))]
    columns = [Column(obis, None, unit, name, field, 1) for (obis, unit, name, _), field in zip(readings, fields, strict=False)]
    telegram = Telegram(
        "home", "p1", "35", "GAMA", None, NOW_NS, False, None, Shape(tuple(columns)), [value for *_, value in readings]
    )  # fmt: skip
    one = Recent(CONFIG)
    meter = one.meters["home"]
    meter.newest, meter.good_ns, meter.decoded, meter.telegrams = telegram, NOW_NS, 1, count
    one.remember(telegram, NOW_NS)

    assert pages(heard(one)) == pages(one)


def test_no_key_and_no_bytes() -> None:
    """The lines hold neither the keys of the configuration nor where they are, and nothing of a telegram as it came."""
    whole = b"".join(lines(recent())).lower()

    for secret in (p1.EK, p1.AK, p1.stoen()[40:48]):
        assert secret.hex().encode() not in whole
        assert secret not in whole
    assert b"key" not in whole
    assert b"han.toml" not in whole


def test_only_a_new_telegram_is_a_point_of_the_chart() -> None:
    """A line that came because an error was counted repeats the last telegram. The chart does not."""
    one = recent()
    there = heard(one)
    one.meters["home"].errors[Cause.CHECKSUM] = 1
    for line in lines(one)[1:]:
        there.hear(line)
    assert len(there.history["home"]) == 1

    one.take(Frame("p1", p1.stoen(), NOW_NS + S, steady_ns=NOW_NS + S), "home")
    for line in lines(one)[1:]:
        there.hear(line)
    assert [point.steady_ns for point in there.history["home"]] == [NOW_NS, NOW_NS + S]
    assert there.meters["home"].errors[Cause.CHECKSUM] == 1


def test_away() -> None:
    """When the plugin has ended, no meter is shown as read."""
    there = heard(recent())
    assert there.state("home", NOW_NS) == "ok"

    there.away = True

    assert there.state("home", NOW_NS) == "away"
    assert "0 ok, 2 not" in str(pages(there)[0])


def test_a_state_of_a_newer_plugin() -> None:
    """A state that this version does not know is shown by its name."""
    there = heard(recent())
    line = json.loads(lines(recent())[1]) | {"state": "bad_weather"}
    there.hear(json.dumps(line).encode())

    assert "bad weather" in str(pages(there))


def test_the_versions_fit() -> None:
    """What the plugin writes is what this program reads."""
    assert told.VERSION == tap.VERSION


@pytest.mark.parametrize(
    ("hello", "said"),
    [
        (b"", "another version"),
        (b"null", "another version"),
        (b"[" * 100_000, "another version"),
        (b'{"tap":2,"meters":[]}', "another version"),
        (b'{"tap":1}', "another version"),
        (b'{"tap":1,"meters":[{"name":"home"}]}', "another version"),
        (b'{"tap":1,"meters":[{"name":"a","interface":"p1","timezone":"Nowhere","limits":{}}]}', "another version"),
        (b'{"tap":1,"meters":[{"name":"a","interface":"p1","timezone":"Europe/Warsaw","limits":[]}]}', "another version"),
        (b'{"tap":1,"meters":[]}', "telegraf-han scan"),
        (b'{"tap":1,"refused":"4 others watch already"}', "4 others watch already"),
    ],
)
def test_first_lines_that_are_refused(hello: bytes, said: str) -> None:
    """The error says what to do."""
    with pytest.raises(SourceError, match=said):
        Told(hello)


GOOD = json.loads(lines(recent())[1])


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "more"]),
        st.recursive(VALUES | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=4),
    )
)
def test_any_line(changes: dict[str, object]) -> None:
    """Whatever a line holds, it is understood or refused, and the page can still be drawn."""
    there = heard(recent())
    with contextlib.suppress(SourceError):
        there.hear(json.dumps(GOOD | changes).encode())

    pages(there)


@given(st.binary(max_size=60))
def test_any_bytes(line: bytes) -> None:
    """So is a line that is no JSON."""
    with pytest.raises(SourceError):
        heard(recent()).hear(line)
