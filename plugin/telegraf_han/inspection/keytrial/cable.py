"""Says what is wrong with the keys of a P1 meter, from a telegram that arrived whole.

The encryption key (EK) is tried first, because the EK alone opens a telegram. The EK is right if the text begins as P1 text must. The
authentication key (AK) comes second, because only the tag can prove it (see `tags`). If no key opens the telegram with the nonce that the
telegram names, every reading of every key is tried under any nonce (see `nonces`). So the last word is a proof: the meter hides a part of
its nonce, or no configured key is the meter's. `lastword` has the sentences for the second case.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from telegraf_han.ciphers import aes
from telegraf_han.ciphers.secret import Key
from telegraf_han.dlms import ciphering, recognised
from telegraf_han.dlms.ciphering import Block
from telegraf_han.errors import TelegramError
from telegraf_han.inspection.keytrial import guesses, lastword, nonces, openings, tags
from telegraf_han.inspection.keytrial.findings import (
    ASK,
    OPTIONAL_TODO,
    Finding,
    Held,
    Source,
    Tried,
    Verdict,
    as_written,
    copied,
    mended,
    moved,
)
from telegraf_han.inspection.keytrial.guesses import AS_WRITTEN
from telegraf_han.inspection.keytrial.oddities import oddity
from telegraf_han.inspection.keytrial.tags import DATA_VARIANTS, Proof
from telegraf_han.p1 import envelope

EK: Final = "encryption_key"
AK: Final = "authentication_key"
SEARCHED_LIMIT: Final = 16
"""Meters whose keys are searched for mistakes if a telegram may be from any meter. Each meter takes some tenths of a second."""
_HEAD_BYTES: Final = 128
"""So many bytes are deciphered to recognise a wrong key: enough for an ident line and a first line."""
_SAME_BYTES: Final = len("0-0:1.0.0(YYMMDD")
"""The text changes from one telegram to the next only behind these bytes."""
_NO_TEXT: Final = "But the deciphered content is not P1 text, and cannot be read yet"
_REPORT: Final = "please report it with `decode --redact`"
_HALVES: Final = (guesses.FIRST, guesses.SECOND)


class _Opening(NamedTuple):
    """The key that opens a telegram."""

    meter: str
    source: Source
    key: Key
    nonce: bytes
    first: int = nonces.GCM_FIRST
    """The counter of the first block of text."""
    message: str = ""
    """What the content is, if it is no P1 text but another message whose structure proves the key."""


def finding(telegram: bytes, meters: Sequence[str], held: Held, today: date = openings.LAST_DAY) -> Finding:
    """What is wrong with the keys of the meter that sent this telegram. The meter is one of `meters`. Raises TelegramError.

    `today` is the last day that the meter's clock may show.
    """
    found = envelope.envelope(telegram)
    block = found.block
    if block is None and found.found and not found.text:
        said = f"this is {found.found}, {envelope.UNREAD}. The keys cannot be judged"
        return Finding(meters[0], "unread", "structure", said, f"change no key; {ASK}")
    if block is None or not block.control & ciphering.ENCRYPTED:
        return _plain(meters[0], held)
    if block.control & ciphering.COMPRESSED:
        return Finding(
            meters[0], "unread", "compressed", "the telegrams are compressed, and this program cannot read compressed telegrams yet"
        )
    size = ciphering.KEY_BYTES[block.control & ciphering.SUITE]
    opening = _opening(block, meters, held, size)
    if opening is None:
        if content := _content(block, meters, held, size):
            return content
        revealed = nonces.revealed(block.ciphertext, held.readings(size), openings.few(today, found.ident))
        if isinstance(revealed, Tried):
            return lastword.finding(found, meters, held, size, revealed)
        source = revealed.candidate.source
        owner = source.holding.meter if source.holding.meter in meters else meters[0]
        opening = _Opening(owner, source, revealed.candidate.key, revealed.nonce, revealed.first)
    base = _judged(block, opening, held, size)
    if opening.nonce != _nonces(block, opening.meter, held)[0]:
        base = _titled(base, opening, block, held)
    return _of_message(base, opening.message, found.found) if opening.message else base


def _of_message(base: Finding, message: str, around: str) -> Finding:
    """The finding on a key that opens what is no P1 text, but a message of another kind."""
    verdict: Verdict = "wrong" if base.verdict == "wrong" else "unread"
    said = f"{base.said}. But this is {around or 'a ciphered block'}, and in it {message}, {envelope.UNREAD}"
    todo = f"{base.todo}; {ASK}" if verdict == "wrong" else f"change no key; {ASK}"
    return base._replace(verdict=verdict, what="message" if verdict == "unread" else f"message, {base.what}", said=said, todo=todo)


def head(telegram: bytes) -> bytes:
    """The first bytes of ciphertext, as far as they are the same in all telegrams of a meter whose nonce does not change."""
    try:
        found = envelope.envelope(telegram)
    except TelegramError:
        return telegram
    return found.block.ciphertext[:_SAME_BYTES] if found.block else telegram


def _plain(meter: str, held: Held) -> Finding:
    """The finding on telegrams that are not encrypted."""
    config = held.config(meter)
    if config is not None and held.of(meter, EK) is not None and config.encryption == "required":
        said = f"the telegrams are not encrypted, although {EK} is configured. So they are not believed, because anybody could send them"
        return Finding(meter, "refused", "plain, with a key", said, OPTIONAL_TODO)
    return Finding(meter, "plain", "plain", "the telegrams are not encrypted; no key is needed to read them")


def _nonces(block: Block, meter: str, held: Held) -> list[bytes]:
    """The nonce that `run` uses for this meter, and then the one that the telegram names, if that is another."""
    config = held.config(meter)
    titles = [title for title in (config.system_title if config else b"", block.title) if title] or [b""]
    return [title.ljust(ciphering.TITLE_LIMIT, b"\0") + block.counter for title in dict.fromkeys([titles[0], block.title])]


def _opening(block: Block, meters: Sequence[str], held: Held, size: int) -> _Opening | None:
    """The first key that opens the block, and where it came from. The keys of all meters as they are written go first."""
    for meter in meters:
        own = held.of(meter, EK)
        key = as_written(own, size)
        if own is None or key is None:
            continue
        for nonce in _nonces(block, meter, held):
            if envelope.looks_like_p1(_head(block, key, nonce)):
                return _Opening(meter, Source(own, AS_WRITTEN), key, nonce)
            if name := recognised.known(aes.gcm_text(key, nonce, block.ciphertext)):
                return _Opening(meter, Source(own, AS_WRITTEN), key, nonce, message=name)
    for meter in meters[:SEARCHED_LIMIT]:
        both = _nonces(block, meter, held)
        for candidate in held.candidates(meter, EK, size):
            for nonce in both:
                message = _message(block, candidate.key, nonce)
                if message is not None:
                    return _Opening(meter, candidate.source, candidate.key, nonce, message=message)
    return None


def _head(block: Block, key: Key, nonce: bytes) -> bytes:
    return aes.gcm_text(key, nonce, block.ciphertext[:_HEAD_BYTES])


def _message(block: Block, key: Key, nonce: bytes) -> str | None:
    """What a guessed key opens: "" for P1 text to its end, otherwise the name of a message that is whole to its end. None if nothing."""
    text = aes.gcm_text(key, nonce, block.ciphertext)
    if envelope.looks_like_p1(text):
        return "" if nonces.readable(text) else None
    return recognised.known(text) or None


def _judged(block: Block, opening: _Opening, held: Held, size: int) -> Finding:
    """The finding on both keys, once it is known which key opens the telegram."""
    meter = opening.meter
    own = held.of(meter, AK)
    proof = tags.proof(block, opening.key, opening.nonce, held.candidates(meter, AK, size))
    if opening.source.stands_as(meter, EK):
        return _opened(block, meter, held, proof, size)
    found = ((EK, opening.key),) + (((AK, proof.key),) if proof and proof.key else ())
    moves = moved(held, meter, EK, opening.source, size)
    if opening.source.stands_as(meter, AK) and held.of(meter, EK) is not None:
        proven = proof is not None and proof.source is not None and proof.source.stands_as(meter, EK)
        doubt = "" if proven else "; but the tag does not prove that the present encryption_key is the authentication key"
        said = f"encryption_key and authentication_key are swapped{doubt}"
        return Finding(meter, "wrong", "swapped", said, f'exchange the two options of [[meter]] "{meter}"', found)
    said, todo = mended(held, meter, EK, opening.source)
    what = f"{EK}: {_short(meter, EK, opening.source)}"
    if proof is not None and proof.source is None:
        return Finding(meter, "wrong", what, f"{said}; {_keyless(proof)}", todo, found, moves=moves)
    if not block.tag or (own is None and proof is None):
        return Finding(meter, "wrong", what, said, todo, found, moves=moves)
    if proof is None or proof.source is None:
        also = odd.found if own and (odd := oddity(own, size)) else "does not fit either"
        return Finding(meter, "wrong", what, f"{said}; authentication_key {also}", f"{todo}; then run `keys` again", found, moves=moves)
    if proof.source.stands_as(meter, AK):
        return Finding(meter, "wrong", what, f"{said}; authentication_key is right", todo, found, moves=moves)
    what = f"{what}, {AK}: {_short(meter, AK, proof.source)}"
    if both := _two_in_one(opening.source, proof.source):
        return Finding(meter, "wrong", what, *both, found)
    also_said, also_todo = mended(held, meter, AK, proof.source)
    moves += moved(held, meter, AK, proof.source, size)
    return Finding(meter, "wrong", what, f"{said}; {also_said}", f"{todo}; {also_todo}", found, moves=moves)


def _two_in_one(encryption: Source, authentication: Source) -> tuple[str, str] | None:
    """What is wrong and what to do if one text holds both keys."""
    text = encryption.holding.written
    ways = (encryption.mistake, authentication.mistake)
    if set(ways) != set(_HALVES) or text.reveal() != authentication.holding.written.reveal():
        return None
    first, second = guesses.halves(text)
    ek, ak = (first, second) if ways == _HALVES else (second, first)
    where = text.place or encryption.holding.option
    said = f"{where} holds two keys: {ek} is the encryption key, {ak} is the authentication key"
    return said, "put each key into its own file, or let --save write the two files"


def _keyless(proof: Proof) -> str:
    return f"the tag fits without the authentication key ({proof.data}), so it proves nothing"


def _opened(block: Block, meter: str, held: Held, proof: Proof | None, size: int) -> Finding:
    """The finding if the encryption key is right. The tag tests the authentication key."""
    own = held.of(meter, AK)
    config = held.config(meter)
    required = config is not None and config.authentication == "required"
    drops = 'because of authentication = "required", `run` drops every telegram'
    prefer = 'write authentication = "preferred" to use the values with verified = false'
    meanwhile = f"{drops}; {prefer}" if required else "values are used with verified = false"
    if not block.tag:
        said = "encryption_key is right; the telegrams carry no tag, so there is nothing to authenticate"
        if required:
            return Finding(meter, "unproven", "no tag", f"{said}; {drops}", prefer)
        return Finding(meter, "right", "right", said)
    if proof is not None and proof.source is None:
        said = f"encryption_key is right; {_keyless(proof)}"
        if own is None:
            return Finding(meter, "right", f"tag: {proof.data}", f"{said}. No authentication_key is needed")
        also = "" if required else '. With authentication = "required", `run` would drop every telegram'
        todo = f"change no key. The values are read, but not proven: {meanwhile}"
        return Finding(meter, "unproven", f"tag: {proof.data}", f"{said} about authentication_key{also}", todo)
    if own is None and proof is None:
        said = "encryption_key is right; without an authentication_key the telegrams cannot be verified, but all values are there"
        return Finding(meter, "right", "right, no authentication_key", said)
    if proof is None or proof.source is None:
        said = f"encryption_key is right; authentication_key does not fit the tag in any of the {DATA_VARIANTS} ways that are tried"
        if own and (odd := oddity(own, size)):
            todo = f"{odd.todo}. Until then, {meanwhile}"
            return Finding(meter, "unproven", f"{AK}: odd", f"encryption_key is right; authentication_key {odd.found}", todo)
        if copied(held, meter, AK, size):
            said = "encryption_key is right; authentication_key is the same key, but the operator gives two keys"
        todo = f"compare authentication_key with the key that you were given. Until it fits, {meanwhile}"
        return Finding(meter, "unproven", f"{AK}: unknown", said, todo)
    if not proof.source.stands_as(meter, AK):
        said, todo = mended(held, meter, AK, proof.source)
        found = ((AK, proof.key),) if proof.key else ()
        what = f"{AK}: {_short(meter, AK, proof.source)}"
        return Finding(
            meter, "wrong", what, f"encryption_key is right; {said}", todo, found, moves=moved(held, meter, AK, proof.source, size)
        )
    if not proof.believed:
        said = f"both keys are right, but the meter makes its tag in a way that `run` does not try ({proof.data})"
        return Finding(meter, "unproven", f"tag: {proof.data}", said, f"please report this line. Until `run` tries this way, {meanwhile}")
    return Finding(meter, "right", "right", f"encryption_key opens the telegrams and authentication_key proves them ({proof.data})")


def _short(meter: str, option: str, source: Source) -> str:
    """The name of a mistake, or the option that holds the right key."""
    if (source.holding.meter, source.holding.option) == (meter, option):
        return source.mistake
    where = source.holding.named(meter)
    return where if source.mistake == AS_WRITTEN else f"{where}, {source.mistake}"


def _titled(base: Finding, opening: _Opening, block: Block, held: Held) -> Finding:
    """The finding if the key opens the telegrams with another nonce than `run` uses."""
    title, counter = opening.nonce[: ciphering.TITLE_LIMIT], opening.nonce[ciphering.TITLE_LIMIT :]
    before = f"{base.todo}; " if base.todo else ""
    if counter != block.counter or opening.first != nonces.GCM_FIRST:
        said = (
            f"{base.said}. But the meter's nonce is {title.hex().upper()} and the counter {counter.hex().upper()}, which the telegram does "
            f"not name: it names the counter {block.counter.hex().upper()}. `run` cannot read such telegrams"
        )
        if opening.first != nonces.GCM_FIRST:
            said = f"{said}. The first block of text has the number {opening.first}, not {nonces.GCM_FIRST}, so the mode is not GCM"
        return base._replace(verdict="unread", what="counter", said=said, todo=f"{before}please report this line")
    config = held.config(opening.meter)
    verdict: Verdict = "wrong" if base.verdict == "wrong" else "untitled"
    what = f"system_title, {base.what}".removesuffix(", right").replace(" right,", "")
    section = f'[[meter]] "{opening.meter}"'
    if config is not None and config.system_title and title == block.title.ljust(ciphering.TITLE_LIMIT, b"\0"):
        said = f"{base.said}. But system_title is wrong: the meter uses the title that the telegram names"
        said = said if block.title else f"{base.said}. But system_title is wrong: the meter uses none"
        return base._replace(verdict=verdict, what=what, said=said, todo=f"{before}remove system_title from {section}")
    named = f"another one than the telegram names ({block.title.hex().upper()})" if block.title else "which the telegram does not name"
    said = f"{base.said}. The meter uses the system title {title.hex().upper()} ({_spelt(title)}), {named}"
    todo = f'{before}write system_title = "{title.hex().upper()}" into {section}'
    return base._replace(verdict=verdict, what=what, said=said, todo=todo, title=title)


def _spelt(title: bytes) -> str:
    """A system title as its maker may have meant it (Green Book 9.2.3.4.3: three letters, then five bytes of the maker's choice)."""
    letters, rest = title[:3], title[3:]
    if title.isalnum():
        return f'the text "{title.decode("ascii")}"'
    if not (letters.isalpha() and letters.isupper()):
        return "only zeros" if not any(title) else "no maker's letters"
    digits = rest.hex().upper()
    number = "" if digits.isdecimal() else f", which is the number {int.from_bytes(rest, 'big')}"
    return f"the maker {letters.decode('ascii')}, then {digits}{number}"


def _content(block: Block, meters: Sequence[str], held: Held, size: int) -> Finding | None:
    """The finding if the tag proves the keys but the deciphered content is no text. Then the content is strange, not the keys."""
    for meter in meters if block.tag else ():
        encryption, authentication = (as_written(held.of(meter, option), size) for option in (EK, AK))
        if encryption is None or authentication is None:
            continue
        for ek, ak, swapped in ((encryption, authentication, ""), (authentication, encryption, ", but swapped")):
            for nonce in _nonces(block, meter, held):
                if tags.fits(block, ek, nonce, ak):
                    return Finding(meter, "unread", "content", f"both keys are right{swapped}: the tag proves them. {_NO_TEXT}", _REPORT)
    for meter in meters if block.tag else ():
        for option in (EK, AK):
            key = as_written(held.of(meter, option), size)
            for nonce in _nonces(block, meter, held) if key else ():
                if key and tags.fits(block, key, nonce, None):
                    said = f"{option} is the meter's encryption key: the tag proves it, although no authentication key is in it. {_NO_TEXT}"
                    return Finding(meter, "unread", "content", said, _REPORT)
    return None
