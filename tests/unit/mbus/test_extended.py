"""mbus.extended: the extended link layer and what it enciphers."""

import pytest

from telegraf_han.ciphers import crc, secret
from telegraf_han.errors import ChecksumError, FramingError, SecurityError, WrongKeyError
from telegraf_han.mbus import extended, layers, link

OTHER = secret.key("ff" * 16)


@pytest.mark.parametrize(
    ("layer", "session", "check"),
    [
        ("8c2075", "", ""),
        ("8d20755a1b2c1d3412", "5a1b2c1d", "3412"),
        ("8e80753a63665544330a31", "", ""),
        ("8f80753a63665544330a315a1b2c1d3412", "5a1b2c1d", "3412"),
    ],
    ids=["8C", "8D", "8E", "8F"],
)
def test_fields(layer: str, session: str, check: str) -> None:
    """Each of the four forms has its own length, and what follows it is passed on."""
    found, rest = extended.parsed(bytes.fromhex(layer) + b"rest")

    assert (found.session.hex(), found.check.hex(), rest) == (session, check, b"rest")


@pytest.mark.parametrize("layer", ["8c20", "8d20755a1b2c1d34", "8e80", "8f80753a63665544330a315a1b2c1d34"])
def test_cut_short(layer: str) -> None:
    """A layer that is cut short is a framing error."""
    with pytest.raises(FramingError, match=layer[:2].upper()):
        extended.parsed(bytes.fromhex(layer))


def test_sample_of_the_norm(vector) -> None:
    """OMS's sample deciphers to the content its authors print."""
    found = vector("oms-ell-ctr")
    sealed = layers.opened(found.frame)

    content = extended.deciphered(sealed.extended, sealed.link.raw, found.key, sealed.content)

    assert content == bytes.fromhex("7802ff2000000413803c070044139f380700")


@pytest.mark.parametrize("control", [0x00, 0x02, 0x10, 0x12])
def test_what_repeaters_change(vector, control: int) -> None:
    """A telegram that a repeater passed on opens like the original, because two bits of CC are no part of the counter block."""
    found = vector("made-ell-ctr")
    sealed = layers.opened(found.frame)
    changed = sealed.extended._replace(control=sealed.extended.control | control)

    assert extended.deciphered(changed, sealed.link.raw, found.key, sealed.content)


@pytest.mark.parametrize("key", [None, OTHER], ids=["no key", "another key"])
def test_deciphered_by_others(decoded, key) -> None:
    """A published Omnipower (wmbusmeters). Others deciphered it and left its layer as it was. Its CRC fits, so it is read, unless a key is required to open it."""
    frame = bytes.fromhex("2d442d2c5768663230028d20e4e2c81c20878c7804041a03000004843c00000000042b0300000004ab3c00000000")

    assert decoded(frame, key, "optional").body == frame[20:]
    if key is not None:
        with pytest.raises(SecurityError, match=r'not encrypted.*encryption = "optional"'):
            decoded(frame, key)


def test_wrong_and_missing_key(vector, decoded) -> None:
    """Another key, or none, is a key error and names the meter."""
    frame = vector("made-ell-ctr").frame

    with pytest.raises(WrongKeyError, match=r"APA 12345678 \(link layer"):
        decoded(frame, OTHER)
    with pytest.raises(WrongKeyError, match="no key"):
        decoded(frame, None)


def test_wrong_key_whose_crc_fits_by_chance(vector, decoded, monkeypatch) -> None:
    """If a wrong key happens to fit the CRC, the content must still make sense."""
    monkeypatch.setattr(extended, "_fits", lambda check, content: True)

    for number in range(40):
        with pytest.raises(WrongKeyError):
            decoded(vector("made-ell-ctr").frame, secret.key(f"{number:032x}"))


def test_unknown_encryption(framed, decoded) -> None:
    """An encryption the norm reserves is refused by its number."""
    frame = framed("8d20750000006000001111")

    with pytest.raises(SecurityError, match="encryption 3"):
        decoded(frame, OTHER)


def test_not_enciphered(framed, decoded) -> None:
    """Session number and CRC may come without encryption; then the CRC is checked as it is."""
    content = bytes.fromhex("780403e8030000")
    good = bytes.fromhex("8d207500000000") + crc.en13757(content).to_bytes(2, "little") + content

    assert decoded(framed(good), None).body == content[1:]
    with pytest.raises(ChecksumError, match="extended link layer"):
        decoded(framed(good[:-1] + b"\x01"), None)


def test_receiver_is_not_the_meter(vector) -> None:
    """8E names the receiver that the telegram is for. The long header names the meter. The sender is its adapter."""
    sealed = layers.opened(vector("oms-mode7-adapter").frame)

    assert (sealed.link.id, sealed.meter.id) == ("11223344", "12345678")
    assert sealed.link == link.address(bytes.fromhex("2448443322110337"))
