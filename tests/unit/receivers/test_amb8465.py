"""receivers.amb8465: commands and telegrams, byte by byte as the manual and logs have them."""

import pytest

from telegraf_han.ciphers import crc

GET, CT, T1 = (bytes.fromhex(text) for text in ("ff0a02008077", "ff040109f3", "ff040108f2"))
DONE, REFUSED = bytes.fromhex("ff8401007a"), bytes.fromhex("ff8401017b")


def _parameters(as_commands: int = 1, rssi: int = 1, count: int = 0x78) -> bytes:
    octets = bytearray(count)
    octets[5], octets[69] = as_commands, rssi
    message = bytes([0xFF, 0x8A, count + 2, 0, count]) + octets
    return message + bytes([crc.xor(message)])


def _as_command(body: bytes) -> bytes:
    message = bytes([0xFF, 0x03]) + body
    return message + bytes([crc.xor(message)])


def _levelled(frame: bytes, level: int) -> bytes:
    return bytes([frame[0] + 1]) + frame[1:] + bytes([level])


def test_set_up(bench) -> None:
    """The stick is asked for its parameters, then set to C1 and T1. Literal bytes of the manual."""
    one = bench("amb8465").opened().hears(_parameters()).hears(DONE)

    assert one.sent() == [GET, CT]
    assert one.ready() == ["AMB8465 listening to T1 and C1"]


def test_second_choice(bench) -> None:
    """If both modes at once are refused, only T1 is asked for. If that is refused, too, the stick is lost with advice on what to do."""
    one = bench("amb8465").opened().hears(_parameters(), REFUSED)
    assert one.sent() == [GET, CT, T1]

    assert bench("amb8465").opened().hears(_parameters(), REFUSED, DONE).ready() == ["AMB8465 listening to T1"]
    (reason,) = one.hears(REFUSED).lost()
    assert "refuses to listen to T1 (status 01); unplug it" in reason


def test_other_band(bench) -> None:
    """The AMB3665 is known by its 128 parameters and left alone."""
    one = bench("amb8465").opened().hears(_parameters(count=0x80))

    assert one.sent() == [GET]
    assert one.ready() == ["AMB3665, at 169 MHz, where it cannot hear meters of 868 MHz"]


def test_too_few_parameters(bench) -> None:
    """Another module of the family is named as unknown."""
    message = bytes([0xFF, 0x8A, 3, 0, 1, 7])
    (reason,) = bench("amb8465").opened().hears(message + bytes([crc.xor(message)])).lost()

    assert "reports 1 parameters" in reason


@pytest.mark.parametrize(("level", "dbm"), [(0x00, -74.0), (0x10, -66.0), (0x7F, -10.5), (0x80, -138.0), (0xC8, -102.0), (0xFF, -74.5)])
def test_levels(bench, short: bytes, level: int, dbm: float) -> None:
    """The length counts the byte of signal strength, which is removed."""
    one = bench("amb8465").opened().hears(_parameters(), DONE).hears(_as_command(_levelled(short, level)))

    assert one.frames() == [(short, dbm)]


@pytest.mark.parametrize("as_commands", [0, 1], ids=["bare", "as commands"])
@pytest.mark.parametrize("rssi", [0, 1], ids=["without level", "with level"])
def test_forms_are_known_from_the_parameters(bench, short: bytes, as_commands: int, rssi: int) -> None:
    """All four forms in which telegrams come are known by what the stick reports about itself. No byte of them is guessed."""
    body = _levelled(short, 0x10) if rssi else short
    one = bench("amb8465").opened().hears(_parameters(as_commands, rssi), DONE)
    assert ("reports no signal strength" in one.ready()[0]) is not bool(rssi)

    assert one.hears(_as_command(body) if as_commands else body).frames() == [(short, -66.0 if rssi else None)]


def test_bare_telegram_of_a_stick_that_sends_commands_is_noise(bench, short: bytes) -> None:
    """Once the stick is known to send commands, nothing else is accepted."""
    one = bench("amb8465").opened().hears(_parameters(), DONE).hears(short + _as_command(_levelled(short, 0x10)))

    assert len(one.frames()) == 1
    assert one.faults() == [("framing", "17 bytes that are not a message of the AMB8465")]


def test_telegram_before_the_answer(bench, short: bytes) -> None:
    """A stick that listens already may pass on a telegram before it answers."""
    one = bench("amb8465").opened().hears(_as_command(_levelled(short, 0x10)) + _parameters() + DONE)

    assert one.frames() == [(short, -66.0)]
    assert len(one.ready()) == 1


@pytest.mark.parametrize("body", ["00", "0044", "0544aabbccddee"], ids=["nothing", "length 0", "shorter than an address"])
def test_short_telegrams(bench, body: str) -> None:
    """Bytes that are too short for a telegram are a fault."""
    message = bytes([0xFF, 0x03]) + bytes.fromhex(body)[:1] + bytes.fromhex(body)[1 : 1 + bytes.fromhex(body)[0]]
    one = bench("amb8465").hears(message + bytes([crc.xor(message)])).waits(3)

    assert one.frames() == []
    assert one.faults()
