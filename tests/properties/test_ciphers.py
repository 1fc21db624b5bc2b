"""Ciphers and check values: the fast ways give what the norms' own definitions give."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from telegraf_han.ciphers import aes, crc
from telegraf_han.ciphers.secret import Key

QUICK = settings(max_examples=100)
KEY = Key(bytes(range(16)))
blocks = st.integers(1, 18).flatmap(lambda count: st.binary(min_size=16 * count, max_size=16 * count))


@QUICK
@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), blocks), min_size=1, max_size=4))
def test_cbc_of_any_telegrams(telegrams: list[tuple[bytes, bytes]]) -> None:
    """Telegrams one after another come out as from the library's own CBC, which starts anew with each."""
    for iv, ciphertext in telegrams:
        alone = Cipher(algorithms.AES(KEY.reveal()), modes.CBC(iv)).decryptor().update(ciphertext)

        assert aes.cbc(KEY, iv, ciphertext) == alone


def bit_by_bit(data: bytes) -> int:
    """CRC-16/EN-13757 as the norm defines it."""
    value = 0
    for octet in data:
        value ^= octet << 8
        for _ in range(8):
            value = (value << 1 ^ (0x3D65 if value & 0x8000 else 0)) & 0xFFFF
    return value ^ 0xFFFF


@QUICK
@given(st.one_of(st.binary(max_size=300), st.tuples(st.sampled_from([b"\0", b"\xff", b"\x80"]), st.integers(0, 300)).map(lambda run: run[0] * run[1])))  # fmt: skip
def test_checksum_of_the_radio_is_the_norms(data: bytes) -> None:
    """The fast CRC of EN 13757 gives the same as the norm's definition, bit by bit."""
    assert crc.en13757(data) == bit_by_bit(data)


@QUICK
@given(st.lists(st.binary(min_size=16, max_size=16), max_size=17), st.integers(0, 400), st.integers(0, 7))
def test_checksums_of_all_blocks_at_once(contents: list[bytes], where: int, bit: int) -> None:
    """All blocks fit if each ends in its CRC, and a single bit that is changed shows."""
    whole = b"".join(content + bit_by_bit(content).to_bytes(2, "big") for content in contents)
    assert crc.en13757_fits_all(whole)
    if not whole:
        return
    damaged = bytearray(whole)
    damaged[where % len(whole)] ^= 1 << bit

    assert not crc.en13757_fits_all(bytes(damaged))
