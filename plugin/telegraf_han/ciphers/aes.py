"""Provides the AES modes that the norms use. Only this module imports `cryptography`.

GCM is for DLMS (suites 0 to 2, 12-byte tags). CBC, CTR, CMAC and CCM are for wireless M-Bus. GCM is CTR and a hash over the ciphertext. So
one prepared `AESGCM` object does both: from the ciphertext it computes the plaintext, and from the plaintext the tag. That takes 1.4 µs per
telegram. The library's own streaming interface needs 5 µs, and no other interface of the library takes a short tag. The objects prepared
for a key stay in bounded caches, because keys do not change while telegrams arrive.
"""

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

from telegraf_han.ciphers.secret import Key

_KEYS_REMEMBERED: Final = 4096
"""A large building has a thousand meters, some of them with two keys. If an entry is dropped, it is made again."""
_FULL_TAG: Final = 16


@lru_cache(_KEYS_REMEMBERED)
def _gcm(key: Key) -> AESGCM:
    return AESGCM(key.reveal())


@lru_cache(_KEYS_REMEMBERED)
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
    """CBC without padding. `ciphertext` is a whole number of 16-byte blocks, `iv` has 16 bytes."""
    return Cipher(_algorithm(key), modes.CBC(iv)).decryptor().update(ciphertext)


def cbc_sealed(key: Key, iv: bytes, plaintext: bytes) -> bytes:
    """The inverse of `cbc`. For the simulator."""
    return Cipher(_algorithm(key), modes.CBC(iv)).encryptor().update(plaintext)


def ctr(key: Key, block: bytes, data: bytes) -> bytes:
    """CTR, starting at the 16-byte counter block. It is its own inverse."""
    return Cipher(_algorithm(key), modes.CTR(block)).decryptor().update(data)


def blocks(key: Key, data: bytes) -> bytes:
    """Decipher each 16-byte block by itself (ECB). For the key search. The key is not remembered, because thousands are tried."""
    return Cipher(algorithms.AES(key.reveal()), modes.ECB()).decryptor().update(data)  # noqa: S305, nothing is kept secret with it


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
