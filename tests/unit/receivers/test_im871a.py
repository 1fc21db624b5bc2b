"""receivers.im871a: HCI messages, byte by byte as the specification and logs have them."""

import pytest

from telegraf_han.receivers import im871a

INFO = bytes.fromhex("a5011008330014160102030 4".replace(" ", ""))
OLD = bytes.fromhex("a501100833001316010203 04".replace(" ", ""))
METERING = bytes.fromhex("a501100836001416 01020304".replace(" ", ""))
SET = bytes.fromhex("a5010400")


def _telegram(short: bytes, control: int, behind: bytes) -> bytes:
    from telegraf_han.ciphers import crc

    octets = bytes([control, 0x03]) + short + behind
    return b"\xa5" + octets + (crc.x25(octets).to_bytes(2, "little") if control & 0x80 else b"")


def test_set_up(bench) -> None:
    """The stick is asked which module it is, then set to C1 and T1 with RSSI, not stored. Literal bytes."""
    one = bench("im871a").opened()
    assert one.sent() == [bytes.fromhex("a5010f00")]
    one.hears(INFO)
    assert one.sent()[1:] == [bytes.fromhex("a5010306 00020a300100".replace(" ", ""))]
    one.hears(SET)

    assert one.ready() == ["iM871A with firmware 1.4, listening to T1 and C1"]
    assert len(one.events) == 3


@pytest.mark.parametrize(
    ("info", "command", "words"),
    [
        (OLD, "a501030600020330 0100", "iM871A with firmware 1.3, listening to T1"),
        (
            METERING,
            "a5010306 00020a300100",
            "iM170A with firmware 1.4, listening to N1a at 169 MHz, where it cannot hear meters of 868 MHz",
        ),
    ],
    ids=["older firmware", "169 MHz"],
)
def test_what_it_can(bench, info: bytes, command: str, words: str) -> None:
    """A firmware before 1.4 hears only T1. The module of the other band is set to its own mode, and the log says so."""
    one = bench("im871a").opened().hears(info, SET)

    assert one.sent()[1] == bytes.fromhex(command)
    assert one.ready() == [words]


@pytest.mark.parametrize(
    ("info", "answer", "words"),
    [
        (
            INFO,
            bytes.fromhex("a501040101"),
            "the iM871A with firmware 1.4 refuses to listen to T1 and C1 (status 01); unplug it and plug it in again",
        ),
        (bytes.fromhex("a5011008900014160102 0304"), b"", "neither an iM871A nor an iM170A (type 90)"),
        (bytes.fromhex("a501100133"), b"", "neither an iM871A nor an iM170A (type 33)"),
        (bytes.fromhex("a5011000"), b"", "(type unknown)"),
    ],
    ids=["refused", "another module", "short", "empty"],
)
def test_refusals(bench, info: bytes, answer: bytes, words: str) -> None:
    """A stick that cannot be used is lost, with the reason."""
    (reason,) = bench("im871a").opened().hears(info, answer).lost()

    assert words in reason


@pytest.mark.parametrize(
    ("control", "behind", "level"),
    [
        (0xE2, bytes.fromhex("0000000039"), -94.0),
        (0xC2, b"\x69", -70.0),
        (0x42, b"\x2d", -100.0),
        (0xA2, bytes(4), None),
        (0x22, bytes(4), None),
        (0x02, b"", None),
        (0x42, b"\xff", 0.0),
    ],
    ids=["stamp, RSSI and CRC", "RSSI and CRC", "RSSI", "stamp and CRC", "stamp", "nothing", "too strong"],
)
def test_telegrams(bench, short: bytes, control: int, behind: bytes, level: float | None) -> None:
    """A telegram begins at its C field, and its length is L. The control field announces what follows."""
    assert bench("im871a").hears(_telegram(short, control, behind)).frames() == [(short, level)]


@pytest.mark.parametrize(("level", "dbm"), [(45, -100.0), (205, -20.0), (0x39, -94.0), (255, 0.0), (0, -122.5)])
def test_levels(level: int, dbm: float) -> None:
    """Two points of the curve in the radio's data sheet, a logged one, and its ends."""
    assert im871a.dbm(level) == dbm


def test_literal_message(bench) -> None:
    """A whole message in literal bytes, its CRC computed by hand elsewhere."""
    octets = bytes.fromhex("a5e203 10 44ed147856341201027804032a000000 00000000 39".replace(" ", ""))
    remainder = 0xFFFF
    for octet in octets[1:]:
        remainder ^= octet
        for _ in range(8):
            remainder = remainder >> 1 ^ (0x8408 if remainder & 1 else 0)
    crc = (remainder ^ 0xFFFF).to_bytes(2, "little")

    assert bench("im871a").hears(octets + crc).frames() == [(octets[3:20], -94.0)]


def test_crc_that_does_not_fit(bench, short: bytes) -> None:
    """Such a message is noise, and the next is found right behind it."""
    good = _telegram(short, 0xC2, b"\x69")
    bad = good[:-1] + bytes([good[-1] ^ 1])
    one = bench("im871a").hears(bad + good)

    assert one.frames() == [(short, -70.0)]
    assert one.faults() == [("framing", f"{len(bad)} bytes that are not a message of the iM871A")]


def test_length_of_noise_does_not_swallow_what_follows(bench, short: bytes) -> None:
    """A head that announces 255 bytes which do not come is given up after a second. What came behind it is read."""
    good = _telegram(short, 0xC2, b"\x69")
    one = bench("im871a").hears(bytes.fromhex("a50203ff") + good)
    assert one.frames() == []

    assert one.waits(1).frames() == [(short, -70.0)]
