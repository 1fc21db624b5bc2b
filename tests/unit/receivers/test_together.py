"""One telegram through every receiver at once: the same frame comes out of each, so it counts once, with the best level."""

from itertools import permutations
from pathlib import Path

import pytest

from telegraf_han import RELEASED_S, receivers
from telegraf_han.config.file import load
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.telegram import Frame

CASES = Path(__file__).parents[2] / "cases"
KINDS = sorted(path.name.split("-")[1] for path in CASES.glob("receiver-*-gama350"))
NOW_NS = (RELEASED_S + 86_400) * 10**9  # a time that is believed, also after the next release


def frame(kind: str) -> Frame:
    """The frame that a receiver makes of its recording of one telegram."""
    text = (CASES / f"receiver-{kind}-gama350" / "input.hex").read_text()
    receiver = receivers.named(kind).Receiver()
    data = bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))
    events = [*receiver.feed(data, NOW_NS), *receiver.finish(NOW_NS)]
    (only,) = {event for event in events if isinstance(event, Frame)}
    return only


def test_there_is_a_recording_of_each() -> None:
    """Every type has a recording; a type without one would be left out below."""
    assert {*KINDS, "hex"} == set(receivers.kinds())


@pytest.mark.parametrize("kind", KINDS)
def test_every_receiver_hands_on_the_same_frame(kind: str) -> None:
    """Whatever a stick or a program puts around it, what is left is the telegram."""
    assert frame(kind).data == frame("rtl_433").data


@pytest.mark.parametrize("kind", KINDS)
def test_every_stick_and_program_checks_the_link(kind: str) -> None:
    """They check the link's CRC themselves, or hand it on and it is checked here."""
    assert frame(kind).checked


@pytest.mark.parametrize("order", [*permutations(("rtl_433", "cul", "amb8465", "rtl_wmbus"), 3)], ids=" ".join)
def test_counts_once_with_the_best_level(order: tuple[str, ...]) -> None:
    """The first telegram is decoded at once.

    A receiver that hears it better afterwards gives the level of the link. A receiver without a level changes nothing.
    """
    decoder = Decoder(load(str(CASES / "receiver-cul-gama350" / "config.toml")))
    (meter,) = decoder.meters.values()
    frames = [frame(kind) for kind in order]
    taken = [decoder.take(one._replace(steady_ns=NOW_NS + number * 10**8), f"r{number}") for number, one in enumerate(frames)]
    levels = [one.rssi_dbm for one in frames if one.rssi_dbm is not None]

    assert [telegram is not None for telegram in taken] == [True, False, False]
    assert (meter.telegrams, meter.decoded, meter.duplicates) == (3, 1, 2)
    assert taken[0].rssi_dbm == frames[0].rssi_dbm
    assert meter.rssi_dbm == max(levels)
    assert f"rssi_dbm={max(levels):.1f}," in decoder.status(NOW_NS, NOW_NS, {})[meter.config.name].decode()
