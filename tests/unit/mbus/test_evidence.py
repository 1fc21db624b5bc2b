"""mbus.evidence: how surely bytes are records. The rate at which noise passes is derived in the module, and measured here."""

import pytest

import noise
from telegraf_han.mbus import evidence, link, records, walk

METER = link.address(bytes.fromhex("ed14785634120102"))


def _bits(octets: str, size: int | None = None) -> float:
    raw = bytes.fromhex(octets)
    return evidence.bits(raw, walk.walked(raw), len(raw) if size is None else size, METER)


def test_noise_proves_nothing() -> None:
    """Of 4000 random contents behind a right opening none proves the key, though 4 % of them may be records."""
    found = noise.radio(4000)

    assert found["proven"] == 0
    assert 40 < found["plausible"] < 400


def test_p1_noise() -> None:
    """Random bytes begin as P1 text less than once in 1e9 telegrams."""
    assert noise.p1(2000) < 1e-9


def test_shares_add_up() -> None:
    """The derivation needs that all codewords have a share of at most 1 together."""
    headers = 2 * len(evidence._USUAL_FIELDS) / 32
    with_dife = len(evidence._USUAL_FIELDS) * 128 / 2**14

    assert headers * 2 ** (5 - 8 + evidence._DIF_SAVES) + with_dife * 2 ** (14 - 16 + evidence._DIF_AND_DIFE_SAVE) <= 1
    assert len(evidence._USUAL_VIBS) <= 2**evidence._VIB_BITS
    assert 2 ** (evidence._FILLER_SAVES - 8) + 2**-evidence._USUAL_COSTS + 2**-evidence._OTHER_COSTS <= 1


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ("0403e8030000", "0403e80300ff"),
        ("0c0335181703", "0c033518170f"),
        ("0403e8030000", "04fd7fe8030000"),
        ("0c7878563412", "0c7878563413"),
        ("066d1e2e55323b2f", "066d1e2e55323d2f"),
        ("0403e80300002f", "0403e8030000ff"),
        ("0403e8030000", "1403e8030000"),
    ],
    ids=["small value", "decimal digits", "usual VIF", "its own number", "a date", "filler behind", "present value"],
)
def test_what_counts(more: str, less: str) -> None:
    """What meters usually send counts for more than what only noise sends often."""
    assert _bits(more) > _bits(less)


def test_plain_bytes_prove_nothing() -> None:
    """Only the bytes that a key deciphered are evidence for it."""
    octets = "0403e8030000" + "042b01000000"

    assert _bits(octets, 6) == _bits("0403e8030000")
    assert _bits(octets, 8) < _bits(octets)
    assert _bits(octets, 0) == 0


def test_layout_proves() -> None:
    """A telegram that is built like an earlier one is proven by its headers, if they are long enough and deciphered."""
    first, second = bytes.fromhex("0bff25010203" * 4), bytes.fromhex("0bff25f1f2f3" * 4)
    records._layouts.clear()

    assert not records.proves(second, METER, 24)
    records.body(first, METER, evidence._ANY_ZONE)
    assert records.proves(bytes(bytearray(second)), METER, 24)
    assert not records.proves(bytes(bytearray(second)), METER, 19)
