"""aes: the modes against the published test vectors."""

import weakref

import pytest

from telegraf_han.ciphers import aes
from telegraf_han.ciphers.secret import Key

# NIST SP 800-38A, F.2.1 and F.5.1
SP_KEY = Key(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"))
SP_TEXT = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
# The GCM submission's test cases 4 (AES-128) and 16 (AES-256)
GCM_NONCE = bytes.fromhex("cafebabefacedbaddecaf888")
GCM_AAD = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
GCM_TEXT = bytes.fromhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
GCM = {
    "AES-128": (
        Key(bytes.fromhex("feffe9928665731c6d6a8f9467308308")),
        bytes.fromhex(
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
        ),
        bytes.fromhex("5bc94fbc3221a5db94fae95ae7121a47"),
    ),
    "AES-256": (
        Key(bytes.fromhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")),
        bytes.fromhex(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        ),
        bytes.fromhex("76fc6ece0f4e1768cddf8853bb2d551b"),
    ),
}


@pytest.mark.parametrize("suite", GCM)
def test_gcm_text(suite: str) -> None:
    """Ciphertext becomes plaintext without any tag, and the other way round."""
    key, ciphertext, _ = GCM[suite]

    assert aes.gcm_text(key, GCM_NONCE, ciphertext) == GCM_TEXT
    assert aes.gcm_text(key, GCM_NONCE, GCM_TEXT) == ciphertext


@pytest.mark.parametrize("suite", GCM)
@pytest.mark.parametrize("length", [4, 12, 16])
def test_gcm_tag(suite: str, length: int) -> None:
    """A tag fits at the length sent, and not with another bit in tag, text, data or nonce."""
    key, _, tag = GCM[suite]
    nonce, text, aad, sent = GCM_NONCE, GCM_TEXT, GCM_AAD, tag[:length]
    flip = lambda data: bytes([data[0] ^ 1]) + data[1:]  # noqa: E731, nothing but this

    assert aes.gcm_tag_fits(key, nonce, text, aad, sent)
    assert not aes.gcm_tag_fits(key, nonce, text, aad, flip(sent))
    assert not aes.gcm_tag_fits(key, nonce, flip(text), aad, sent)
    assert not aes.gcm_tag_fits(key, nonce, text, flip(aad), sent)
    assert not aes.gcm_tag_fits(key, flip(nonce), text, aad, sent)
    assert aes.gcm_tag(key, nonce, text, aad) == tag[:12]


def test_cbc() -> None:
    """NIST's CBC example, both ways."""
    iv = bytes(range(16))
    ciphertext = bytes.fromhex("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2")

    assert aes.cbc(SP_KEY, iv, ciphertext) == SP_TEXT
    assert aes.cbc_sealed(SP_KEY, iv, SP_TEXT) == ciphertext


def test_ctr() -> None:
    """NIST's CTR example."""
    block = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    ciphertext = bytes.fromhex("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff")

    assert aes.ctr(SP_KEY, block, ciphertext) == SP_TEXT


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0, "bb1d6929e95937287fa37d129b756746"),
        (16, "070a16b46b4d4144f79bdd9dd04a287c"),
        (40, "dfa66747de9ae63030ca32611497c827"),
        (64, "51f0bebf7e3b9d92fc49741779363cfe"),
    ],
)
def test_cmac(length: int, expected: str) -> None:
    """The four examples of RFC 4493."""
    text = SP_TEXT + bytes.fromhex("30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")

    assert aes.cmac(SP_KEY, text[:length]).hex() == expected


def test_ccm() -> None:
    """RFC 3610's packet vector 1; another tag gives nothing."""
    key = Key(bytes.fromhex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"))
    nonce = bytes.fromhex("00000003020100a0a1a2a3a4a5")
    ciphertext = bytes.fromhex("588c979a61c663d2f066d0c2c0f989806d5f6b61dac384")
    tag = bytes.fromhex("17e8d12cfdf926e0")

    assert aes.ccm(key, nonce, ciphertext, bytes(range(8)), tag) == bytes(range(8, 31))
    assert aes.ccm(key, nonce, ciphertext, bytes(range(8)), tag[::-1]) is None


def test_what_is_prepared_goes_with_its_key() -> None:
    """What is prepared for a key is made once, and nothing of it is left when the key is gone."""
    key = Key(bytes(16))
    aes.gcm_text(key, bytes(12), b"text")
    aes.cbc(key, bytes(16), bytes(16))
    prepared = key.gcm, key.blocks
    aes.gcm_text(key, bytes(12), b"text")
    aes.cbc(key, bytes(16), bytes(16))
    assert (key.gcm, key.blocks) == prepared
    seen = weakref.ref(key)

    del key

    assert seen() is None


def test_a_rest_of_a_block_is_refused() -> None:
    """Bytes that are no whole block never get into the object that deciphers the next telegram."""
    key = Key(bytes(16))
    for size in (0, 1, 15, 17):
        with pytest.raises(AssertionError):
            aes.cbc(key, bytes(16), bytes(size))

    assert aes.cbc(key, bytes(16), bytes(16)) == aes.cbc(Key(bytes(16)), bytes(16), bytes(16))


def test_ccm_both_ways() -> None:
    """What is sealed is the vector of RFC 3610 (packet vector 1), and it opens again."""
    key, nonce = Key(bytes.fromhex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf")), bytes.fromhex("00000003020100a0a1a2a3a4a5")
    aad, text = bytes(range(8)), bytes(range(8, 31))
    sealed = bytes.fromhex("588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0")

    assert aes.ccm_sealed(key, nonce, text, aad, 8) == sealed
    assert aes.ccm(key, nonce, sealed[:-8], aad, sealed[-8:]) == text
    assert aes.ccm(key, nonce, sealed[:-8], aad[1:], sealed[-8:]) is None


def test_single_blocks() -> None:
    """Blocks are deciphered each for itself (NIST SP 800-38A, F.1.2)."""
    ciphertext = bytes.fromhex("3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf")

    assert aes.blocks(SP_KEY, ciphertext) == SP_TEXT
