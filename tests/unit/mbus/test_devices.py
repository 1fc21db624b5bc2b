"""mbus.devices: puts numbers into words."""

import pytest

from telegraf_han.mbus import devices, layers


@pytest.mark.parametrize(
    ("number", "word"),
    [(0x02, "electricity"), (0x07, "water"), (0x16, "cold water"), (0x08, "heat allocator"), (0x37, "radio adapter"), (0x99, "type 99")],
)
def test_device(number: int, word: str) -> None:
    """The norm's word, or the number."""
    assert devices.device(number) == word


def test_words_fit_their_columns() -> None:
    """A table of 80 columns has 15 for the medium."""
    assert max(map(len, devices.DEVICES.values())) <= 15


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("7A4F0000050403E8030000", "5 AES-CBC"),
        ("7A4F0000000403E8030000", "none"),
        ("7A4F00000D0403E8030000", "13 TLS"),
        ("7A4F00000F0403E8030000", "15"),
        ("8D208E11223344" + "2F" * 12, "link AES-CTR"),
        ("FF00", "?"),
    ],
    ids=["mode 5", "none", "mode 13", "one without a name", "extended link layer", "unknown CI"],
)
def test_security(content: str, word: str) -> None:
    """The security of a telegram can be read without a key, or is not known."""
    octets = bytes.fromhex("44ED147856341201" + "02" + content)
    if content.startswith("8D"):
        octets = bytes.fromhex("44ED147856341201028D208E112233" + "24" + "2F" * 12)

    assert devices.security(layers.opened(bytes([len(octets)]) + octets)) == word
