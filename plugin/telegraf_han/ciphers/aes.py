"""Provides the AES modes that the norms use. Only this module imports `cryptography`.

GCM is for DLMS (suites 0 to 2, 12-byte tags). CBC, CTR, CMAC and CCM are for wireless M-Bus. GCM is CTR and a hash over the ciphertext. So
one prepared `AESGCM` object does both: from the ciphertext it computes the plaintext, and from the plaintext the tag. That takes 2 µs per
telegram. The library's own streaming interface needs 5 µs, and no other interface of the library takes a short tag.

CBC is made of single blocks, because the library's own CBC needs a new object for each telegram, and that takes longer than to decipher it.
What is prepared for a key stays with that key (`Key.gcm`, `Key.blocks`), because keys do not change while telegrams arrive. So ten thousand
meters cost no more per telegram than one.
"""

from typing import Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

from telegraf_han.ciphers.secret import Key

_BLOCK: Final = 16
_FULL_TAG: Final = 16


def _gcm(key: Key) -> AESGCM:
    """The object that does GCM under a key, made once."""
    if key.gcm is None:
        key.gcm = AESGCM(key.reveal())
    return cast("AESGCM", key.gcm)


def _deciphering(key: Key) -> CipherContext:
    """The object that deciphers single blocks under a key, made once. It keeps nothing from one block to the next."""
    if key.blocks is None:
        key.blocks = Cipher(_algorithm(key), modes.ECB()).decryptor()  # noqa: S305, `cbc` chains the blocks
    return cast("CipherContext", key.blocks)


def _algorithm(key: Key) -> algorithms.AES:
    return algorithms.AES(key.reveal())


def gcm_text(key: Key, nonce: bytes, data: bytes) -> bytes:
    """Turn ciphertext into plaintext, or back. The tag is not looked at. `nonce` has 12 bytes."""
    return _gcm(key).encrypt(nonce, data, None)[:-_FULL_TAG]


def gcm_tag_fits(key: Key, nonce: bytes, plaintext: bytes, aad: bytes, tag: bytes) -> bool:
    """Whether `tag` (the first 4 to 16 bytes of a GCM tag) belongs to this plaintext and additional data."""
    whole = _gcm(key).encrypt(nonce, plaintext, aad)[-_FULL_TAG:]
    return whole[: len(tag)] == tag  # nobody can time this: a failure is counted, not answered


def gcm_tag(key: Key, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """The 12-byte tag that DLMS sends. For the simulator."""
    return _gcm(key).encrypt(nonce, plaintext, aad)[-_FULL_TAG:][:12]


def cbc(key: Key, iv: bytes, ciphertext: bytes) -> bytes:
    """CBC without padding. `ciphertext` is a whole number of 16-byte blocks, at least one. `iv` has 16 bytes."""
    assert len(ciphertext) % _BLOCK == 0 < len(ciphertext)  # a rest would stay in the object and spoil the next telegram
    blocks_read = int.from_bytes(_deciphering(key).update(ciphertext), "big")
    before = int.from_bytes(iv + ciphertext[:-_BLOCK], "big")  # each block was mixed with the ciphertext before it
    return (blocks_read ^ before).to_bytes(len(ciphertext), "big")


def cbc_sealed(key: Key, iv: bytes, plaintext: bytes) -> bytes:
    """The inverse of `cbc`. For the simulator."""
    return Cipher(_algorithm(key), modes.CBC(iv)).encryptor().update(plaintext)


def ctr(key: Key, block: bytes, data: bytes) -> bytes:
    """CTR, starting at the 16-byte counter block. It is its own inverse."""
    return Cipher(_algorithm(key), modes.CTR(block)).decryptor().update(data)


def blocks(key: Key, data: bytes) -> bytes:
    """Decipher each 16-byte block by itself (ECB). For the key search. The key is not remembered, because thousands are tried."""
    return Cipher(_algorithm(key), modes.ECB()).decryptor().update(data)  # noqa: S305, nothing is kept secret with it


def ccm(key: Key, nonce: bytes, ciphertext: bytes, aad: bytes, tag: bytes) -> bytes | None:
    """The plaintext if the tag (4 to 16 bytes) verifies, otherwise None. `nonce` has 7 to 13 bytes."""
    try:
        return AESCCM(key.reveal(), tag_length=len(tag)).decrypt(nonce, ciphertext + tag, aad)
    except InvalidTag:
        return None


def ccm_sealed(key: Key, nonce: bytes, plaintext: bytes, aad: bytes, tag_bytes: int) -> bytes:
    """The inverse of `ccm`: ciphertext, then the tag."""
    return AESCCM(key.reveal(), tag_length=tag_bytes).encrypt(nonce, plaintext, aad)


def cmac(key: Key, data: bytes) -> bytes:
    """AES-CMAC, 16 bytes (RFC 4493)."""
    # Imported here, because P1, which most people use, never needs it, and start-up is counted in milliseconds.
    from cryptography.hazmat.primitives.cmac import CMAC  # noqa: PLC0415

    mac = CMAC(_algorithm(key))
    mac.update(data)
    return mac.finalize()
