"""A whole day of telegrams with one odd line each: in no window of the day does a rule on the read-out fire.

A telegram comes every minute, as that of a radio meter. The real decoder reads them with the day's clocks, as if they were
live, and its status lines of every ten seconds are in InfluxDB. tests/stack/test_flaws.py sends such telegrams through `run` and Telegraf.
"""

import tomllib
from datetime import datetime

import pytest
from made import WARSAW

import attacks
import oddlines
import p1telegrams as p1
from telegraf_han.ciphers import secret
from telegraf_han.config.sections import parsed
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import TelegramError, WaitingError
from telegraf_han.mbus import link
from telegraf_han.telegram import Frame

NS = 1_000_000_000
MIDNIGHT_S = int(datetime(2027, 6, 19, tzinfo=WARSAW).timestamp())
DAY_S, STATUS_S, TELEGRAM_S, MINUTES_5_S, RANGE_S = 86_400, 10, 60, 300, 900
ERRORS, SILENT = "telegraf-han-decode-errors", "telegraf-han-silent"
CABLE = [kind for kind in oddlines.KINDS if kind.interface == "p1"]
RADIO = [kind for kind in oddlines.KINDS if kind.interface == "wmbus"]
SCENE = attacks.Scene("35000007", MIDNIGHT_S)
UNREADABLE_EVERY = 5
"""Of the third meter a fifth of the telegrams has no line that can be read. It shows that the rule can fire."""


def heard(kinds, place):
    """The frame of a telegram with one odd line. The kinds take turns."""
    kind = kinds[place % len(kinds)]
    wire = kind.telegram(SCENE, place)
    if kind.interface == "wmbus":
        return Frame("wmbus", link.telegram(bytes.fromhex(wire.decode())), 0, checked=True)
    return Frame("p1", wire[: wire.rindex(b"!") + 1], 0, checked=True)


def damaged(place):
    """The frame of the third meter."""
    if place % UNREADABLE_EVERY:
        return heard(CABLE, place)
    return Frame("p1", p1.IDENT + p1.sealed(b"1-0:1.8.0 no bracket\r\n") + b"!", 0, checked=True)


@pytest.fixture(scope="module")
def decoder():
    """Three meters."""
    sections = [attacks.section("cable", "p1", SCENE), attacks.section("radio", "wmbus", SCENE), attacks.section("damaged", "p1", SCENE)]
    return Decoder(parsed(tomllib.loads("".join(sections)), "han.toml", secret.key, str, lambda: ()))


def test_a_day_of_odd_lines(house, decoder, monkeypatch) -> None:
    """All telegrams are read, none is an error, and the rule on errors is quiet from midnight to midnight, but not for the damaged meter.

    The radio's kinds have no MAC. So the first telegram of each kind waits for the second one of that kind, and is no error either.
    """
    monkeypatch.setattr(oddlines, "IN_ONE_SECOND", 1 / TELEGRAM_S)
    lines = []
    for at_s in range(MIDNIGHT_S, MIDNIGHT_S + DAY_S, STATUS_S):
        now_ns = at_s * NS
        if at_s % TELEGRAM_S == 0:
            place = (at_s - MIDNIGHT_S) // TELEGRAM_S
            for name, frame in (("cable", heard(CABLE, place)), ("radio", heard(RADIO, place)), ("damaged", damaged(place))):
                try:
                    decoder.take(frame._replace(received_ns=now_ns, steady_ns=now_ns), name, live=True)
                except WaitingError:
                    assert name == "radio"
                    assert place < len(RADIO)
                except TelegramError:
                    assert name == "damaged"
        lines += decoder.status(now_ns, now_ns, {}).values()
        if at_s % MINUTES_5_S == 0:
            lines += decoder.settings(now_ns, now_ns).values()
    house.store(b"".join(lines))

    cable, radio = decoder.meters["cable"], decoder.meters["radio"]
    assert (cable.decoded, radio.decoded + radio.waiting) == (DAY_S // TELEGRAM_S,) * 2
    assert radio.waiting < len(RADIO)
    assert cable.flaws > DAY_S // TELEGRAM_S / 3
    assert not any((*cable.errors.values(), *radio.errors.values()))
    assert (cable.stale, radio.stale, cable.registers_back, radio.registers_back) == (0, 0, 0, 0)
    # The rule looks back a quarter of an hour, so each minute of the day is in one of these ranges at least.
    for now_s in range(MIDNIGHT_S + RANGE_S, MIDNIGHT_S + DAY_S + 1, 2 * MINUTES_5_S):
        assert house.breaches(ERRORS, now_s) == {"cable": False, "radio": False, "damaged": True}
    assert house.breaches(SILENT, MIDNIGHT_S + DAY_S - STATUS_S) == dict.fromkeys(("cable", "radio", "damaged"), False)
    assert house.measured(ERRORS, MIDNIGHT_S + DAY_S) == {"cable": 0, "radio": 0, "damaged": pytest.approx(100 / UNREADABLE_EVERY, abs=10)}
