"""mbus.fragments: long messages that come in several frames."""

import pytest

from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import FramingError, SecurityError, TelegramError, WaitingError
from telegraf_han.mbus import authentication, fragments, layers
from telegraf_han.mbus.memory import PARTS_FORGOTTEN, Memory

KEY = Key(bytes(range(16)))
MESSAGE = bytes.fromhex("7a2a000000" + "0403e8030000" + "042b01000000" + "04ab3c00000000")
COUNTER = (7).to_bytes(4, "little")
CUTS = (0, 9, 15, len(MESSAGE))


def _layer(number: int, *, more: bool, fields: int = 0, octets: bytes = b"") -> bytes:
    control = number | fields | more << 14
    return bytes([0x90, 2 + len(octets)]) + control.to_bytes(2, "little") + octets


def _parts(framed, length: int = len(MESSAGE)) -> list[bytes]:
    """Three frames of one message. The length is in the first, the MAC in the last."""
    layer = authentication.Authentication(b"\x25", COUNTER, bytes(8), length.to_bytes(2, "little"))
    key = authentication.derived(KEY, authentication.AUTHENTICATION, COUNTER, bytes.fromhex("78563412"))
    mac = authentication.mac(key, layer, MESSAGE)
    heads = [
        _layer(1, more=True, fields=0x3800, octets=b"\x25" + COUNTER + layer.length),
        _layer(2, more=True),
        _layer(3, more=False, fields=0x2400, octets=b"\x25" + mac),
    ]
    return [framed(b"\x8c\x20\x75" + head + MESSAGE[CUTS[at] : CUTS[at + 1]]) for at, head in enumerate(heads)]


def _heard(memory: Memory, frames: list[bytes]) -> list[bool]:
    """Which frames gave the whole message, proven by its MAC."""
    found = []
    for frame in frames:
        try:
            plain = layers.plain(layers.opened(frame), KEY, memory=memory)
        except WaitingError:
            found.append(False)
        else:
            assert (plain.body, plain.verified, plain.counter) == (MESSAGE[5:], True, 7)
            found.append(True)
    return found


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("123", "001"),
        ("112233", "000010"),
        ("23123", "00001"),
        ("13", "00"),
        ("3", "0"),
        ("132", "000"),
        ("12123", "00001"),
        ("123123", "001001"),
    ],
)
def test_order(framed, order: str, expected: str) -> None:
    """All fragments in order give the message. A missing one gives nothing; one heard twice is no harm."""
    parts = _parts(framed)

    assert _heard(Memory(), [parts[int(number) - 1] for number in order]) == [digit == "1" for digit in expected]


def test_without_memory(framed) -> None:
    """A caller that remembers nothing is told what it is."""
    with pytest.raises(WaitingError, match="fragment 1 of a longer message of EGM 12345678"):
        layers.plain(layers.opened(_parts(framed)[0]), KEY)


@pytest.mark.parametrize(("others", "whole"), [(PARTS_FORGOTTEN, True), (PARTS_FORGOTTEN + 1, False)])
def test_forgotten(framed, others: int, whole: bool) -> None:
    """After many other telegrams of the meter, the missing fragments will not come any more."""
    memory = Memory()
    parts = _parts(framed)
    _heard(memory, parts[:2])
    for _ in range(others):
        layers.plain(layers.opened(framed("780403e8030000")), None, memory=memory)

    assert _heard(memory, parts[2:]) == [whole]


def test_announced_length(framed) -> None:
    """A message of another length than announced is broken."""
    memory = Memory()
    parts = _parts(framed, length=99)
    _heard(memory, parts[:2])

    with pytest.raises(FramingError, match="24 bytes together, but the message announces 99"):
        layers.plain(layers.opened(parts[2]), KEY, memory=memory)


def test_changed_fragment(framed) -> None:
    """The MAC covers the whole message, so nobody can replace a fragment."""
    memory = Memory()
    parts = _parts(framed)
    forged = parts[1][:-1] + b"\x01"
    _heard(memory, [parts[0], forged])

    with pytest.raises(SecurityError, match="MAC"):
        layers.plain(layers.opened(parts[2]), KEY, memory=memory)


def test_plain_fragments_are_not_believed(framed) -> None:
    """Fragments without encryption and without MAC are as little believed as a telegram in one piece."""
    memory = Memory()
    first = framed(_layer(1, more=True) + MESSAGE[:9])
    last = framed(_layer(2, more=False) + MESSAGE[9:])
    with pytest.raises(WaitingError):
        layers.plain(layers.opened(first), KEY, memory=memory)

    with pytest.raises(SecurityError, match="not encrypted"):
        layers.plain(layers.opened(last), KEY, memory=memory)


def test_bounded(framed) -> None:
    """A message that never ends is not kept."""
    memory = Memory()
    for number in range(1, 60):
        with pytest.raises(WaitingError):
            layers.plain(layers.opened(framed(_layer(number, more=True) + bytes(50))), KEY, memory=memory)

    assert len(memory.parts) <= fragments.LIMIT


def test_nothing_in_them(framed) -> None:
    """Fragments may be empty or hold no transport layer."""
    for content in (b"", b"\x99"):
        memory = Memory()
        frames = [framed(_layer(1, more=True) + content), framed(_layer(2, more=False) + content)]
        for frame in frames:
            with pytest.raises(TelegramError):
                layers.plain(layers.opened(frame), None, memory=memory)


def test_meter_behind_an_adapter(framed) -> None:
    """The first fragment names the meter in its long header."""
    head = "7278563412931533032a000000"
    sealed = layers.opened(framed(_layer(1, more=True) + bytes.fromhex(head + "0403"), address="2448443322110337"))

    assert (sealed.link.id, sealed.meter.id) == ("11223344", "12345678")
