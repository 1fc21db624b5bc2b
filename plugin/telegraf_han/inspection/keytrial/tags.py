"""Finds the authentication key (AK) that the tag of a telegram proves, and the way in which the meter makes its tag.

The tag covers the ciphertext and additional data, in which the AK stands. `run` tries the additional data of `ciphering.AAD_VARIANTS`. This
module tries more. Where the additional data does not hold the AK, the tag fits with any AK. Then it proves nothing about the AK.

[seen] the first row of `ciphering.AAD_VARIANTS` on other networks; [assumed] all that `_MORE_DATA` adds.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from telegraf_han.ciphers import aes
from telegraf_han.ciphers.secret import Key
from telegraf_han.dlms import ciphering
from telegraf_han.dlms.ciphering import Block
from telegraf_han.inspection.keytrial.findings import Candidate, Source

Additional = Callable[[Block, bytes], bytes]
_MORE_DATA: Final[dict[str, Additional]] = {
    "AK || SC": lambda block, ak: ak + bytes([block.control]),
    "SC || counter || AK": lambda block, ak: bytes([block.control]) + block.counter + ak,
    "SC || AK || title": lambda block, ak: bytes([block.control]) + ak + block.title.ljust(ciphering.TITLE_LIMIT, b"\0"),
    "title || SC || AK": lambda block, ak: block.title.ljust(ciphering.TITLE_LIMIT, b"\0") + bytes([block.control]) + ak,
    "SC || AK of zeros": lambda block, ak: bytes([block.control]) + bytes(len(ak)),
    "SC": lambda block, _: bytes([block.control]),
    "nothing": lambda _, __: b"",
}
"""Additional data that `run` does not take for a proof."""


def _for_block(made: Callable[[bytes, bytes], bytes]) -> Additional:
    return lambda block, ak: made(bytes([block.control]), ak)


_RUN_DATA: Final = {name: _for_block(made) for name, made in ciphering.AAD_VARIANTS.items()}
_DATA: Final = _RUN_DATA | {name: made for name, made in _MORE_DATA.items() if name not in _RUN_DATA}
_A_BLOCK: Final = Block(b"", 0x30, bytes(4), b"", b"")
_KEYLESS: Final = frozenset(name for name, made in _DATA.items() if made(_A_BLOCK, bytes(16)) == made(_A_BLOCK, b"\1" * 16))
"""Rows whose additional data is the same with any AK."""
DATA_VARIANTS: Final = len(_DATA)


class Proof(NamedTuple):
    """The authentication key that the tag proves. No source if the tag fits without any."""

    source: Source | None
    key: Key | None
    data: str

    @property
    def believed(self) -> bool:
        """Whether `run` takes the tag for a proof."""
        return self.data in _RUN_DATA and self.data not in _KEYLESS


def proof(block: Block, key: Key, nonce: bytes, candidates: Iterable[Candidate]) -> Proof | None:
    """The first of the keys that the tag proves. `key` is the encryption key, and `nonce` is the one that the meter used."""
    if not block.tag:
        return None
    block = block._replace(title=nonce[: ciphering.TITLE_LIMIT])
    plaintext = aes.gcm_text(key, nonce, block.ciphertext)
    for candidate in candidates:
        octets = candidate.key.reveal()
        for name, made in _DATA.items():
            if aes.gcm_tag_fits(key, nonce, plaintext, made(block, octets), block.tag):
                return Proof(None, None, name) if name in _KEYLESS else Proof(candidate.source, candidate.key, name)
    return None


def fits(block: Block, key: Key, nonce: bytes, authentication_key: Key | None) -> bool:
    """Whether the tag proves both keys, whatever the content is. Without an authentication key: whether it fits without one."""
    plaintext = aes.gcm_text(key, nonce, block.ciphertext)
    octets = authentication_key.reveal() if authentication_key else b""
    rows = [made for name, made in _DATA.items() if (name in _KEYLESS) == (authentication_key is None)]
    return any(aes.gcm_tag_fits(key, nonce, plaintext, made(block, octets), block.tag) for made in rows)
