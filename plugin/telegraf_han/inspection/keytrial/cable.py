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
    PLAIN,
    UNBELIEVED,
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
from telegraf_han.language import _, marked
from telegraf_han.p1 import envelope

EK: Final = "encryption_key"
AK: Final = "authentication_key"
SEARCHED_LIMIT: Final = 16
"""Meters whose keys are searched for mistakes if a telegram may be from any meter. Each meter takes some tenths of a second."""
_HEAD_BYTES: Final = 128
"""So many bytes are deciphered to recognise a wrong key: enough for an ident line and a first line."""
_SAME_BYTES: Final = len("0-0:1.0.0(YYMMDD")
"""The text changes from one telegram to the next only behind these bytes."""
_ALONE: Final = marked("{option} is the meter's encryption key: the tag proves it, although no authentication key is in it")
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
        said = _("this is {what}. The keys cannot be judged", what=envelope.unread(found.found))
        return Finding(meters[0], "unread", "structure", said, _keep())
    if block is None or not block.control & ciphering.ENCRYPTED:
        return _plain(meters[0], held)
    if block.control & ciphering.COMPRESSED:
        said = _("the telegrams are compressed, and this program cannot read compressed telegrams yet")
        return Finding(meters[0], "unread", "compressed", said)
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
    said = _(
        "{said}. But this is {around}, and in it {inside}",
        said=base.said,
        around=around or _("a ciphered block"),
        inside=envelope.unread(message),
    )
    todo = f"{base.todo}; {_(ASK)}" if verdict == "wrong" else _keep()
    return base._replace(verdict=verdict, what="message" if verdict == "unread" else f"message, {base.what}", said=said, todo=todo)


def _keep() -> str:
    return _("change no key; {ask}", ask=_(ASK))


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
        return Finding(meter, "refused", "plain, with a key", _(UNBELIEVED, option=EK), _(OPTIONAL_TODO))
    return Finding(meter, "plain", "plain", _(PLAIN))


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
        said = _("encryption_key and authentication_key are swapped")
        if not proven:
            doubt = _("but the tag does not prove that the present encryption_key is the authentication key")
            said = f"{said}; {doubt}"
        return Finding(meter, "wrong", "swapped", said, _('exchange the two options of [[meter]] "{meter}"', meter=meter), found)
    said, todo = mended(held, meter, EK, opening.source)
    what = f"{EK}: {_short(meter, EK, opening.source)}"
    if proof is not None and proof.source is None:
        return Finding(meter, "wrong", what, f"{said}; {_keyless(proof)}", todo, found, moves=moves)
    if not block.tag or (own is None and proof is None):
        return Finding(meter, "wrong", what, said, todo, found, moves=moves)
    if proof is None or proof.source is None:
        also = odd.found if own and (odd := oddity(own, size)) else _("authentication_key does not fit either")
        return Finding(meter, "wrong", what, f"{said}; {also}", _("{todo}; then run `keys` again", todo=todo), found, moves=moves)
    if proof.source.stands_as(meter, AK):
        said += "; " + _("authentication_key is right")
        return Finding(meter, "wrong", what, said, todo, found, moves=moves)
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
    said = _("{where} holds two keys: {ek} is the encryption key, {ak} is the authentication key", where=where, ek=ek, ak=ak)
    return said, _("put each key into its own file, or let --save write the two files")


def _keyless(proof: Proof) -> str:
    return _("the tag fits without the authentication key ({data}), so it proves nothing", data=proof.data)


def _opened(block: Block, meter: str, held: Held, proof: Proof | None, size: int) -> Finding:
    """The finding if the encryption key is right. The tag tests the authentication key."""
    own = held.of(meter, AK)
    config = held.config(meter)
    required = config is not None and config.authentication == "required"
    drops = _('because of authentication = "required", `run` drops every telegram')
    prefer = _('write authentication = "preferred" to use the values with verified = false')
    meanwhile = f"{drops}; {prefer}" if required else _("values are used with verified = false")
    right = _("encryption_key is right")
    if not block.tag:
        said = _("encryption_key is right; the telegrams carry no tag, so there is nothing to authenticate")
        if required:
            return Finding(meter, "unproven", "no tag", f"{said}; {drops}", prefer)
        return Finding(meter, "right", "right", said)
    if proof is not None and proof.source is None:
        if own is None:
            said = f"{right}; {_keyless(proof)}. " + _("No authentication_key is needed")
            return Finding(meter, "right", f"tag: {proof.data}", said)
        said = _(
            "encryption_key is right; the tag fits without the authentication key ({data}), so it proves nothing about authentication_key",
            data=proof.data,
        )
        also = "" if required else ". " + _('With authentication = "required", `run` would drop every telegram')
        todo = _("change no key. The values are read, but not proven: {meanwhile}", meanwhile=meanwhile)
        return Finding(meter, "unproven", f"tag: {proof.data}", f"{said}{also}", todo)
    if own is None and proof is None:
        said = _("encryption_key is right; without an authentication_key the telegrams cannot be verified, but all values are there")
        return Finding(meter, "right", "right, no authentication_key", said)
    if proof is None or proof.source is None:
        said = _("authentication_key does not fit the tag in any of the {number} ways that are tried", number=DATA_VARIANTS)
        if own and (odd := oddity(own, size)):
            todo = _("{todo}. Until then, {meanwhile}", todo=odd.todo, meanwhile=meanwhile)
            return Finding(meter, "unproven", f"{AK}: odd", f"{right}; {odd.found}", todo)
        if copied(held, meter, AK, size):
            said = _("authentication_key is the same key, but the operator gives two keys")
        said = f"{right}; {said}"
        todo = _("compare authentication_key with the key that you were given. Until it fits, {meanwhile}", meanwhile=meanwhile)
        return Finding(meter, "unproven", f"{AK}: unknown", said, todo)
    if not proof.source.stands_as(meter, AK):
        said, todo = mended(held, meter, AK, proof.source)
        found = ((AK, proof.key),) if proof.key else ()
        what = f"{AK}: {_short(meter, AK, proof.source)}"
        return Finding(meter, "wrong", what, f"{right}; {said}", todo, found, moves=moved(held, meter, AK, proof.source, size))
    if not proof.believed:
        said = _("both keys are right, but the meter makes its tag in a way that `run` does not try ({data})", data=proof.data)
        todo = _("please report this line. Until `run` tries this way, {meanwhile}", meanwhile=meanwhile)
        return Finding(meter, "unproven", f"tag: {proof.data}", said, todo)
    said = _("encryption_key opens the telegrams and authentication_key proves them ({data})", data=proof.data)
    return Finding(meter, "right", "right", said)


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
        said = _(
            "{said}. But the meter's nonce is {title} and the counter {counter}, which the telegram does not name: it names the counter "
            "{named}. `run` cannot read such telegrams",
            said=base.said,
            title=title.hex().upper(),
            counter=counter.hex().upper(),
            named=block.counter.hex().upper(),
        )
        if opening.first != nonces.GCM_FIRST:
            mode = _("The first block of text has the number {number}, not 2, so the mode is not GCM", number=opening.first)
            said = f"{said}. {mode}"
        return base._replace(verdict="unread", what="counter", said=said, todo=before + _("please report this line"))
    config = held.config(opening.meter)
    verdict: Verdict = "wrong" if base.verdict == "wrong" else "untitled"
    what = f"system_title, {base.what}".removesuffix(", right").replace(" right,", "")
    if config is not None and config.system_title and title == block.title.ljust(ciphering.TITLE_LIMIT, b"\0"):
        uses = (
            _("But system_title is wrong: the meter uses the title that the telegram names")
            if block.title
            else _("But system_title is wrong: the meter uses none")
        )
        remove = _('remove system_title from [[meter]] "{meter}"', meter=opening.meter)
        return base._replace(verdict=verdict, what=what, said=f"{base.said}. {uses}", todo=f"{before}{remove}")
    needed, spelt = title.hex().upper(), _spelt(title)
    if block.title:
        uses = _(
            "The meter uses the system title {title} ({spelt}), another one than the telegram names ({named})",
            title=needed,
            spelt=spelt,
            named=block.title.hex().upper(),
        )
    else:
        uses = _("The meter uses the system title {title} ({spelt}), which the telegram does not name", title=needed, spelt=spelt)
    said = f"{base.said}. {uses}"
    todo = before + _('write system_title = "{title}" into [[meter]] "{meter}"', title=needed, meter=opening.meter)
    return base._replace(verdict=verdict, what=what, said=said, todo=todo, title=title)


def _spelt(title: bytes) -> str:
    """A system title as its maker may have meant it (Green Book 9.2.3.4.3: three letters, then five bytes of the maker's choice)."""
    letters, rest = title[:3], title[3:]
    if title.isalnum():
        return _('the text "{text}"', text=title.decode("ascii"))
    if not (letters.isalpha() and letters.isupper()):
        return _("only zeros") if not any(title) else _("no maker's letters")
    maker, digits = letters.decode("ascii"), rest.hex().upper()
    if digits.isdecimal():
        return _("the maker {maker}, then {digits}", maker=maker, digits=digits)
    number = int.from_bytes(rest, "big")
    return _("the maker {maker}, then {digits}, which is the number {number}", maker=maker, digits=digits, number=number)


def _content(block: Block, meters: Sequence[str], held: Held, size: int) -> Finding | None:
    """The finding if the tag proves the keys but the deciphered content is no text. Then the content is strange, not the keys."""
    for meter in meters if block.tag else ():
        encryption, authentication = (as_written(held.of(meter, option), size) for option in (EK, AK))
        if encryption is None or authentication is None:
            continue
        right, swapped = _("both keys are right: the tag proves them"), _("both keys are right, but swapped: the tag proves them")
        for ek, ak, said in ((encryption, authentication, right), (authentication, encryption, swapped)):
            for nonce in _nonces(block, meter, held):
                if tags.fits(block, ek, nonce, ak):
                    return _no_text(meter, said)
    for meter in meters if block.tag else ():
        for option in (EK, AK):
            key = as_written(held.of(meter, option), size)
            for nonce in _nonces(block, meter, held) if key else ():
                if key and tags.fits(block, key, nonce, None):
                    return _no_text(meter, _(_ALONE, option=option))
    return None


def _no_text(meter: str, said: str) -> Finding:
    """The finding on keys that the tag proves, and whose content is no text."""
    strange = _("But the deciphered content is not P1 text, and cannot be read yet")
    return Finding(meter, "unread", "content", f"{said}. {strange}", _("please report it with `decode --redact`"))
