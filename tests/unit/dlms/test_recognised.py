"""dlms.recognised: bytes are named for what they are, with their checksum, wherever they stand."""

import random

import pytest

import dlmsframes as made
import p1telegrams as p1
from telegraf_han.dlms import recognised

SEALED = made.sealed(made.push())
PUSH = "a data-notification (DLMS push)"
CIPHERED = "a ciphered DLMS message (general-glo-ciphering)"
READOUT = b"\x02F.F(00)\r\n0.0.0(12345678)\r\n1.8.0(000001.000*kWh)\r\n!\r\n\x03\x55"

FRAMED = {
    "hdlc": (made.hdlc(made.push()), f"an HDLC frame with {PUSH}"),
    "hdlc ciphered": (made.hdlc(SEALED), f"an HDLC frame with {CIPHERED}"),
    "hdlc segments": (b"".join(made.segments(SEALED, 12)), f"4 HDLC frames with {CIPHERED}"),
    "hdlc blocks": (
        b"".join(map(made.hdlc, made.blocks(SEALED, 12))),
        f"4 HDLC frames with 4 blocks of a general-block-transfer, and in them {CIPHERED}",
    ),
    "hdlc empty": (made.hdlc(b"", llc=False)[:-3] + b"", None),
    "mbus": (made.mbus(made.push()), f"a wired M-Bus frame with {PUSH}"),
    "mbus segments": (b"".join(made.mbus_message(SEALED, 25)), f"2 wired M-Bus frames with {CIPHERED}"),
    "meter bus": (made.mbus(b"12345678", 0x72, 0x08), "a wired M-Bus frame with CI 72"),
    "sml": (made.sml(), "an SML message"),
    "unknown message": (made.hdlc(b"\xc4\1\2"), "an HDLC frame with a message of type C4"),
}
del FRAMED["hdlc empty"]
BARE = {
    "glo": (SEALED, CIPHERED),
    "ded": (b"\xdc" + SEALED[1:], "a ciphered DLMS message (general-ded-ciphering)"),
    "general": (
        b"\xdd\x08" + bytes(8) + b"\x08" + made.TITLE + b"\x08" + bytes(8) + b"\0\0" + SEALED[10:],
        "a ciphered DLMS message (general-ciphering)",
    ),
    "signed": (b"\xdf\x08" + bytes(8) + b"\x08" + made.TITLE + b"\0" + bytes(60), "a signed DLMS message (general-signing)"),
    "blocks": (b"".join(made.blocks(made.push(), 10)), f"a general-block-transfer of DLMS with {PUSH}"),
    "push": (made.push(), PUSH),
    "body": (made.VALUES, "the body of a DLMS push"),
    "event": (b"\xc2\0\0\3\1\0\1\x08\0\xff\2\x06\0\0\0\1", "an event notification of DLMS"),
}


@pytest.mark.parametrize("name", FRAMED)
@pytest.mark.parametrize("around", [(b"", b""), (b"noise \x01\x02", b"\r\n")], ids=["alone", "in noise"])
def test_frames(name: str, around: tuple[bytes, bytes]) -> None:
    """A frame is found wherever it stands, and its checksum was there and fits."""
    data, words = FRAMED[name]
    found = recognised.named(around[0] + data + around[1])

    assert (found.words, found.checked) == (words, True)
    assert (found.start, found.end) == (len(around[0]), len(around[0] + data))


@pytest.mark.parametrize("name", BARE)
def test_bare_messages(name: str) -> None:
    """A message without a frame is named by its own structure. No checksum shows that it is whole. It is known as a plaintext, too."""
    data, words = BARE[name]
    found = recognised.named(data)

    assert (found.words, found.checked) == (f"{words} without a frame", False)
    assert recognised.known(data) == words


def test_block_without_ident() -> None:
    """The block of a telegram whose ident line is missing."""
    assert recognised.named(p1.sealed(p1.LINES)).words == "a ciphered block without an ident line before it"


@pytest.mark.parametrize(
    "write", [bytes.hex, lambda data: data.hex(" ").upper(), lambda data: "7E: " + data.hex(":")], ids=["plain", "blanks", "colons"]
)
@pytest.mark.parametrize("name", FRAMED)
def test_hex_text(name: str, write) -> None:
    """The same, spelt in hex."""
    assert recognised.named(write(FRAMED[name][0]).encode()).words == f"hex text of {FRAMED[name][1]}"


@pytest.mark.parametrize(
    ("data", "words"),
    [(READOUT, "a readout"), (b"/?!\r\n", "a request"), (b"/?12345678!\r\n", "a request"), (b"\x06050\r\n", "an answer")],
    ids=["readout", "request", "request with address", "acknowledgement"],
)
def test_optical_port(data: bytes, words: str) -> None:
    """What a reader and a meter say to each other at an optical port."""
    found = recognised.named(data)

    assert found.words.startswith(f"{words}")
    assert "IEC 62056-21" in found.words


@pytest.mark.parametrize("name", ["hdlc", "mbus"])
def test_damaged_frames(name: str) -> None:
    """A damaged frame is still named, and no checksum is claimed."""
    data = FRAMED[name][0]
    found = recognised.named(data[:20] + bytes([data[20] ^ 1]) + data[21:])

    assert not found.checked
    assert "damaged" in found.words


@pytest.mark.parametrize(
    "data",
    [p1.plain(), p1.stoen(), p1.plain()[40:], b"", b"\r\n", b"hello", bytes(500), b"\xff" * 500, b"h" * 500, b"~" * 500, b"\x1b" * 500],
    ids=["plain", "stoen", "part", "empty", "line end", "text", "zeros", "ones", "h", "flags", "escapes"],
)
def test_what_is_nothing_of_this(data: bytes) -> None:
    """Telegrams of a P1 port, and what is nothing at all."""
    assert recognised.named(data) is None
    assert recognised.known(data) == ""


def test_random_bytes_are_not_named() -> None:
    """In 20,000 random plaintexts there is no name, and in 200 random recordings of 4 KiB no frame."""
    noise = random.Random(3)

    assert {recognised.known(noise.randbytes(noise.choice((20, 60, 300)))) for _ in range(20_000)} == {""}
    assert {recognised.named(noise.randbytes(4096)) for _ in range(200)} == {None}
