"""Says what is wrong with the keys of a P1 meter, from a telegram that arrived whole.

The footer of the telegram was right, so the cause is not noise. The encryption key (EK) is tried first, because the EK alone opens a
telegram. The EK is right if the text begins as P1 text must. The authentication key (AK) comes second. Only the tag can prove the AK, so
each known way of making the tag is tried. Each search ends at its first hit. Hits by chance do not happen, because a text has 500 bytes
and a tag has twelve.

[seen] the additional data of `ciphering.AAD_VARIANTS`' first row on other networks; [assumed] all that `_MORE_DATA` adds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from telegraf_han.ciphers import aes
from telegraf_han.ciphers.secret import Key
from telegraf_han.dlms import ciphering
from telegraf_han.dlms.ciphering import Block
from telegraf_han.inspection.keytrial.findings import Candidate, Finding, Held, Source, as_written, copied, mended
from telegraf_han.inspection.keytrial.guesses import AS_WRITTEN
from telegraf_han.inspection.keytrial.system_titles import Title, titles
from telegraf_han.p1 import envelope

EK: Final = "encryption_key"
AK: Final = "authentication_key"
SEARCHED_LIMIT: Final = 16
"""Meters whose keys are searched for mistakes if a telegram may be from any meter. Each meter takes some tenths of a second."""
_HEAD_BYTES: Final = 128
"""So many bytes are deciphered to recognise a wrong key: enough for an ident line and a first line."""
_READABLE: Final = frozenset(b"\t\r\n") | frozenset(range(0x20, 0x7F))
_READABLE_SHARE: Final = 0.9
"""Share of a text. It is not 1, because messages are padded with FF and some units have a byte above 7F."""

Additional = Callable[[Block, bytes], bytes]
_MORE_DATA: Final[dict[str, Additional]] = {
    "AK || SC": lambda block, ak: ak + bytes([block.control]),
    "SC || counter || AK": lambda block, ak: bytes([block.control]) + block.counter + ak,
    "SC || AK || title": lambda block, ak: bytes([block.control]) + ak + block.title.ljust(ciphering.TITLE_LIMIT, b"\0"),
    "title || SC || AK": lambda block, ak: block.title.ljust(ciphering.TITLE_LIMIT, b"\0") + bytes([block.control]) + ak,
    "SC || AK of zeros": lambda block, ak: bytes([block.control]) + bytes(len(ak)),
}
"""Additional data that `run` does not try."""
_DATA: Final[dict[str, Additional]] = {
    name: (lambda block, ak, made=made: made(bytes([block.control]), ak)) for name, made in ciphering.AAD_VARIANTS.items()
} | _MORE_DATA
DATA_VARIANTS: Final = len(_DATA)


class _Opening(NamedTuple):
    """The key that opens a telegram."""

    meter: str
    source: Source
    key: Key
    title: Title | None = None
    """The system title, if the telegram opens only with another nonce."""


class _Proof(NamedTuple):
    """The authentication key that the tag proves."""

    source: Source
    key: Key
    data: str


def finding(telegram: bytes, meters: Sequence[str], held: Held, serials: Iterable[str] = ()) -> Finding:
    """What is wrong with the keys of the meter that sent this telegram. The meter is one of `meters`. Raises FramingError.

    `serials` are serial numbers that the meter may have. System titles are made from them.
    """
    found = envelope.envelope(telegram)
    block = found.block
    if block is None or not block.control & ciphering.ENCRYPTED:
        return Finding(meters[0], "plain", "plain", "the telegrams are not encrypted; no key is needed to read them")
    if block.control & ciphering.COMPRESSED:
        return Finding(
            meters[0], "unread", "compressed", "the telegrams are compressed, and this program cannot read compressed telegrams yet"
        )
    size = ciphering.KEY_BYTES[block.control & ciphering.SUITE]
    opening = _opening(block, meters, held, size, titles(found.ident, serials))
    if opening is None:
        return _proven(block, meters, held, size) or _unexplained(meters, held, size)
    if opening.title is not None:
        return _titled(opening, opening.title)
    return _judged(block, opening, held, size)


def _opening(block: Block, meters: Sequence[str], held: Held, size: int, named: Iterator[Title]) -> _Opening | None:
    """The first key that opens the block, and where it came from. The keys of all meters as they are written go first."""
    zeros = _nonce(block, block.title)
    for meter in meters:
        own = held.of(meter, EK)
        key = as_written(own, size)
        if own is not None and key is not None and envelope.looks_like_p1(_head(block, key, zeros)):
            return _Opening(meter, Source(own, AS_WRITTEN), key)
    for meter in meters[:SEARCHED_LIMIT]:
        for candidate in held.candidates(meter, EK, size):
            if _opens(block, candidate.key, zeros):
                return _Opening(meter, candidate.source, candidate.key)
    return None if block.title else _with_title(block, meters, held, size, named)


def _with_title(block: Block, meters: Sequence[str], held: Held, size: int, named: Iterator[Title]) -> _Opening | None:
    """The same, with a title that the telegram does not contain and with keys as they are written."""
    tried: list[tuple[str, Candidate]] = []
    for meter in meters[:SEARCHED_LIMIT]:
        for option in (EK, AK):
            own = held.of(meter, option)
            key = as_written(own, size)
            if own is not None and key is not None:
                tried.append((meter, Candidate(Source(own, AS_WRITTEN), key)))
    for title in named:
        nonce = _nonce(block, title.octets)
        for meter, candidate in tried:
            if _opens(block, candidate.key, nonce):
                return _Opening(meter, candidate.source, candidate.key, title)
    return None


def _nonce(block: Block, title: bytes) -> bytes:
    return title.ljust(ciphering.TITLE_LIMIT, b"\0") + block.counter


def _head(block: Block, key: Key, nonce: bytes) -> bytes:
    return aes.gcm_text(key, nonce, block.ciphertext[:_HEAD_BYTES])


def _opens(block: Block, key: Key, nonce: bytes) -> bool:
    """Whether a guessed key opens the block: the content must begin as P1 text and be text to its end."""
    if not envelope.looks_like_p1(_head(block, key, nonce)):
        return False
    text = aes.gcm_text(key, nonce, block.ciphertext)
    return sum(octet in _READABLE for octet in text) >= _READABLE_SHARE * len(text)


def _proof(block: Block, opening: _Opening, held: Held, size: int) -> _Proof | None:
    """The authentication key that the tag proves, as it is written or as it may have been meant."""
    nonce = _nonce(block, block.title)
    plaintext = aes.gcm_text(opening.key, nonce, block.ciphertext)
    for candidate in held.candidates(opening.meter, AK, size):
        octets = candidate.key.reveal()
        for data, made in _DATA.items():
            if aes.gcm_tag_fits(opening.key, nonce, plaintext, made(block, octets), block.tag):
                return _Proof(candidate.source, candidate.key, data)
    return None


def _judged(block: Block, opening: _Opening, held: Held, size: int) -> Finding:
    """The finding on both keys, once it is known which key opens the telegram."""
    meter = opening.meter
    own = held.of(meter, AK)
    proof = _proof(block, opening, held, size) if block.tag else None
    if opening.source.stands_as(meter, EK):
        return _opened(block, meter, held, proof, size)
    found = ((EK, opening.key),) + (((AK, proof.key),) if proof is not None else ())
    if opening.source.stands_as(meter, AK) and held.of(meter, EK) is not None:
        proven = proof is not None and proof.source.stands_as(meter, EK)
        doubt = "" if proven else "; but the tag does not prove that the present encryption_key is the authentication key"
        said = f"encryption_key and authentication_key are swapped{doubt}"
        return Finding(meter, "wrong", "swapped", said, f'exchange the two options of [[meter]] "{meter}"', found)
    said, todo = mended(held, meter, EK, opening.source)
    what = f"{EK}: {_short(meter, EK, opening.source)}"
    if not block.tag or (own is None and proof is None):
        return Finding(meter, "wrong", what, said, todo, found)
    if proof is None:
        return Finding(meter, "wrong", what, f"{said}; authentication_key does not fit either", f"{todo}; then run `keys` again", found)
    if proof.source.stands_as(meter, AK):
        return Finding(meter, "wrong", what, f"{said}; authentication_key is right", todo, found)
    also_said, also_todo = mended(held, meter, AK, proof.source)
    return Finding(
        meter, "wrong", f"{what}, {AK}: {_short(meter, AK, proof.source)}", f"{said}; {also_said}", f"{todo}; {also_todo}", found
    )


def _opened(block: Block, meter: str, held: Held, proof: _Proof | None, size: int) -> Finding:
    """The finding if the encryption key is right. The tag tests the authentication key."""
    own = held.of(meter, AK)
    if not block.tag:
        return Finding(meter, "right", "right", "encryption_key is right; the telegrams carry no tag, so there is nothing to authenticate")
    if own is None and proof is None:
        said = "encryption_key is right; without an authentication_key the telegrams cannot be verified, but all values are there"
        return Finding(meter, "right", "right, no authentication_key", said)
    if proof is None:
        said = f"encryption_key is right; authentication_key does not fit the tag in any of the {DATA_VARIANTS} ways that are tried"
        if copied(held, meter, AK, size):
            said = "encryption_key is right; authentication_key is the same key, but the operator gives two keys"
        todo = "compare authentication_key with the key that you were given. Until it fits, values are used with verified = false"
        return Finding(meter, "unproven", "authentication_key: unknown", said, todo)
    if not proof.source.stands_as(meter, AK):
        said, todo = mended(held, meter, AK, proof.source)
        return Finding(
            meter, "wrong", f"{AK}: {_short(meter, AK, proof.source)}", f"encryption_key is right; {said}", todo, ((AK, proof.key),)
        )
    if proof.data in _MORE_DATA:
        said = f"both keys are right, but the meter makes its tag in a way that `run` does not try ({proof.data})"
        return Finding(
            meter,
            "unproven",
            f"tag: {proof.data}",
            said,
            "please report this line. Until `run` tries this way, values are used with verified = false",
        )
    return Finding(meter, "right", "right", f"encryption_key opens the telegrams and authentication_key proves them ({proof.data})")


def _short(meter: str, option: str, source: Source) -> str:
    """The name of a mistake, or the option that holds the right key."""
    if (source.holding.meter, source.holding.option) == (meter, option):
        return source.mistake
    where = source.holding.named(meter)
    return where if source.mistake == AS_WRITTEN else f"{where}, {source.mistake}"


def _titled(opening: _Opening, title: Title) -> Finding:
    option = opening.source.holding.option
    said = f"{option} is right, but it opens the telegrams only with a system title that the meter does not send: {title.layout}"
    if option == AK:
        said = f"encryption_key and authentication_key are swapped, and the meter uses a system title that it does not send: {title.layout}"
    todo = "please report this line: no meter was known to do this, and `run` cannot read such telegrams yet"
    return Finding(opening.meter, "wrong", f"title: {title.layout}", said, todo)


def _proven(block: Block, meters: Sequence[str], held: Held, size: int) -> Finding | None:
    """The finding if the tag proves the keys but the deciphered content is no text. Then the content is strange, not the keys."""
    nonce = _nonce(block, block.title)
    for meter in meters if block.tag else ():
        encryption, authentication = (as_written(held.of(meter, option), size) for option in (EK, AK))
        if encryption is None or authentication is None:
            continue
        for ek, ak, swapped in ((encryption, authentication, ""), (authentication, encryption, ", but swapped")):
            plaintext = aes.gcm_text(ek, nonce, block.ciphertext)
            if any(aes.gcm_tag_fits(ek, nonce, plaintext, made(block, ak.reveal()), block.tag) for made in _DATA.values()):
                said = (
                    f"both keys are right{swapped}: the tag proves them. But the deciphered content is not P1 text, and cannot be read yet"
                )
                return Finding(meter, "unread", "content", said, "please report it with `decode --redact`")
    return None


def _unexplained(meters: Sequence[str], held: Held, size: int) -> Finding:
    """The finding if no key opens the telegram. If the telegram may be from several meters, no single key is blamed."""
    names = ", ".join(meters)
    holdings = [own for name in meters if (own := held.of(name, EK)) is not None]
    if not holdings:
        said = f"the telegrams are encrypted and {EK} is missing"
        return Finding(names, "missing", f"{EK}: missing", said, "put the key that the operator gave you into the configuration")
    if len(meters) > 1:
        said = (
            "a telegram arrives whole, but no configured key opens it, even after typical mistakes were corrected. "
            "It may be from another meter"
        )
        return Finding(
            names, "unknown", "unknown", said, "capture each meter alone, and try each capture with a configuration of that meter alone"
        )
    copy = copied(held, meters[0], EK, size)
    same = f", which is the same as {copy}," if copy else ""
    misshapen = "" if as_written(holdings[0], size) else f" (which is not a key of {2 * size} hex digits)"
    said = (
        f"the telegrams arrive whole, but {EK}{misshapen}{same} does not open them. "
        "No other configured key opens them either, even after typical mistakes were corrected"
    )
    todo = "compare the keys and the meter's number with those that the operator gave you. Then write to the operator"
    return Finding(names, "unknown", "unknown", said, "the operator gives two keys: enter the other one, too" if copy else todo)
