"""Proves whether a key is a telegram's, whatever nonce the meter used.

GCM enciphers in counter mode: the first 16 bytes of ciphertext are the first 16 bytes of text, xored with AES(key, nonce || 00000002). So
for a known beginning of the text

    AES_decrypt(key, ciphertext[0:16] xor text[0:16])

is the nonce (12 bytes) and 00000002 if the key is right, whatever the nonce is. If the key is wrong, it is 16 random bytes. A try with a
wrong key ends in 00000002 by chance once in 2^32. Such a hit is refuted at once: from the nonce the whole text follows, and the text of a
wrong key cannot be read. The counter of a meter that does not use GCM may begin with 0 or 1. These two are accepted as well.

What the proof rests on: the text begins in a known way (`openings`), and AES runs in counter mode with a nonce of 12 bytes.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from telegraf_han.ciphers import aes
from telegraf_han.ciphers.secret import Key
from telegraf_han.inspection.keytrial import openings
from telegraf_han.inspection.keytrial.findings import Candidate, Tried
from telegraf_han.inspection.keytrial.openings import BLOCK_BYTES, Few

GCM_FIRST: Final = 2
"""The counter of the first block of text in GCM. Block 1 is for the tag."""
NONCE_BYTES: Final = 12
_COUNTER_HEAD: Final = b"\0\0\0"
READINGS_LIMIT: Final = 100_000
"""Readings tried on one telegram. They take a few seconds. Eight meters with two spoiled keys each have fewer."""
THOROUGH_LIMIT: Final = 64
"""Readings tried with the rows that have many blocks. One meter has about 30 that are no typing mistakes."""
_READABLE: Final = frozenset(b"\t\r\n") | frozenset(range(0x20, 0x7F))
_READABLE_SHARE: Final = 0.9
"""Share of a text. It is not 1, because messages are padded with FF and some units have a byte above 7F."""


class Revealed(NamedTuple):
    """What a right key says about the nonce."""

    candidate: Candidate
    nonce: bytes
    first: int
    """The counter of the first block. GCM_FIRST, unless the meter does not use GCM."""


def readable(text: bytes) -> bool:
    """Whether deciphered bytes are text to their end."""
    return sum(octet in _READABLE for octet in text) >= _READABLE_SHARE * len(text)


def revealed(ciphertext: bytes, candidates: Iterable[Candidate], few: Few) -> Revealed | Tried:
    """The first key that opens the telegram, with the nonce. Otherwise what was tried."""
    head = ciphertext[:BLOCK_BYTES]
    complete = len(head) == BLOCK_BYTES
    masked = _masked(head, few.blocks) if complete else b""
    known: dict[Key, Candidate] = {}
    for candidate in candidates if complete else ():
        if candidate.key in known:
            continue
        if len(known) >= READINGS_LIMIT:
            complete = False
            break
        known[candidate.key] = candidate
        if found := _first(ciphertext, candidate, masked):
            return found
    simple = [candidate for candidate in known.values() if not candidate.typed]
    places = {candidate.source.holding[:2] for candidate in known.values()}
    tried = Tried(len(known), len(places), few.first, few.last, few.others, complete)
    return _thoroughly(ciphertext, simple[:THOROUGH_LIMIT]) or tried


def _thoroughly(ciphertext: bytes, candidates: list[Candidate]) -> Revealed | None:
    """The same with the rows that have many blocks."""
    for blocks in openings.many() if candidates else ():
        masked = _masked(ciphertext[:BLOCK_BYTES], blocks)
        for candidate in candidates:
            if found := _first(ciphertext, candidate, masked):
                return found
    return None


def _masked(head: bytes, blocks: bytes) -> bytes:
    """The beginning of the ciphertext xored with each block."""
    repeated = head * (len(blocks) // BLOCK_BYTES)
    return (int.from_bytes(repeated, "big") ^ int.from_bytes(blocks, "big")).to_bytes(len(blocks), "big")


def _first(ciphertext: bytes, candidate: Candidate, masked: bytes) -> Revealed | None:
    """The nonce with which a key opens the telegram."""
    for counter in counters(aes.blocks(candidate.key, masked)):
        if readable(aes.ctr(candidate.key, counter, ciphertext)):
            return Revealed(candidate, counter[:NONCE_BYTES], counter[-1])
    return None


def counters(deciphered: bytes) -> Iterator[bytes]:
    """The blocks that end as the first counter block of a text does."""
    at = deciphered.find(_COUNTER_HEAD)
    while at >= 0:
        start = at - NONCE_BYTES
        if start % BLOCK_BYTES == 0 and deciphered[at + len(_COUNTER_HEAD)] <= GCM_FIRST:
            yield deciphered[start : start + BLOCK_BYTES]
        at = deciphered.find(_COUNTER_HEAD, at + 1)
