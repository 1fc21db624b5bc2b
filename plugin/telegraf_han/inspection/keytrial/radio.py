"""Says what is wrong with the key of a wireless meter, from telegrams of this meter.

A radio telegram names its meter, so there is only one key to find. It may be the configured key as it is written, the key written in
another way, a mistyped key, or the key of another meter. Mode 5 has no tag, and only two bytes of its text are known. So its records prove
the key: one wrong key in 1e9 seems to be right, and thousands of keys are tried. A guessed key has to open most of the telegrams. If a key
is one of hundreds of guesses, all its records must also be ordinary. A guessed key need not open all telegrams: lines of hex come without
the CRCs of the link, so damage of a telegram does not show. The key as it is written is right if it opens one telegram.

Two bytes are too few for a proof like that of the cable (`nonces`). So the finding that nothing opens a telegram is no proof, and says so.
"""

from collections.abc import Sequence
from typing import Final

from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import TelegramError, WaitingError, WrongKeyError
from telegraf_han.inspection.keytrial import guesses
from telegraf_han.inspection.keytrial.findings import OPTIONAL_TODO, PLAIN, UNBELIEVED, Finding, Held, Source, as_written, mended, moved
from telegraf_han.inspection.keytrial.oddities import oddity
from telegraf_han.language import _, counted, grouped
from telegraf_han.mbus import layers, records
from telegraf_han.mbus.layers import Sealed
from telegraf_han.mbus.memory import Memory
from telegraf_han.p1.dialects import MODELS
from telegraf_han.telegram import Address

KEY: Final = "key"
SIZE: Final = 16
"""AES-128 in all modes."""
_MAKERS: Final = frozenset(ident[:3] for ident in MODELS)
"""The ident line of a P1 port begins with the maker's three letters, and so does the address on the radio."""
SEARCHED: Final = 3
"""Telegrams on which thousands of keys are tried. One of them may be damaged."""


def finding(telegrams: Sequence[Sealed], meter: str, held: Held, *, doubtful: bool = False) -> Finding:
    """What is wrong with the key of a configured meter. `telegrams` are from this meter, and none of them is empty.

    `doubtful` says that they may be damaged. Then a key that opens none of them may still be right.
    """
    own = held.of(meter, KEY)
    key = as_written(own, SIZE)
    telling = [one for one in telegrams if _needs_key(one)]
    if not telling:
        return _without_key(telegrams[0], meter, held)
    heard = Memory()  # a second telegram may prove a key that the first one leaves open
    errors = [_refused(one, key, heard) for one in telling]
    if None in errors:
        opened, whole = errors.count(None), len(errors)
        said = _("key opens the telegrams: {opened} of {whole}; the others were probably damaged on their way", opened=opened, whole=whole)
        return Finding(meter, "right", "right", _("key opens the telegrams") if opened == whole else said)
    if all(isinstance(error, WaitingError) for error in errors):
        said = _("key may be right, but what was heard proves nothing: {why}", why=errors[0])
        todo = _("listen longer with `keys --time`, or capture more telegrams of this meter")
        return Finding(meter, "unproven", "too little heard", said, todo)
    readings = 0
    for candidate in held.candidates(meter, KEY, SIZE):
        readings += 1
        if _fits(telling[:SEARCHED], candidate.key, surely=candidate.typed):
            return _mended(held, meter, candidate.source, candidate.key)
    unread = next((error for error in errors if not isinstance(error, WrongKeyError)), None)
    if unread is not None:
        return _unread(meter, unread)
    return _unexplained(held, meter, telling[0], readings, doubtful=doubtful)


def opens(telegrams: Sequence[Sealed], key: Key) -> bool:
    """Whether a key opens most of the first enciphered telegrams of a meter. There must be at least one."""
    telling = [one for one in telegrams if _needs_key(one)]
    return bool(telling) and _fits(telling[:SEARCHED], key, surely=True)


def _fits(telegrams: Sequence[Sealed], key: Key, *, surely: bool) -> bool:
    """Whether a guessed key opens most of these telegrams, or all if there are only one or two."""
    may_fail = (len(telegrams) - 1) // 2
    for one in telegrams:
        may_fail -= not _opens(one, key, surely=surely)
        if may_fail < 0:
            return False
    return True


def of_known_meter(sealed: Sealed) -> bool:
    """Whether a telegram is from a maker whose meters this program is made for, and enciphered in a mode that is read."""
    return sealed.meter.manufacturer in _MAKERS and sealed.refusal is None and sealed.header is not None


def strayed(meter: str, configured: str, found: Address) -> Finding:
    """The finding of a key that does not belong to the configured id but opens the telegrams of another meter."""
    who = f"{found.manufacturer} {found.id}"
    said = _('key opens the telegrams of {who}, not those of id "{configured}"', who=who, configured=configured)
    return Finding(meter, "wrong", "id", said, _('write id = "{id}" if that is the number on your meter', id=found.id))


def _needs_key(sealed: Sealed) -> bool:
    """Whether a telegram is enciphered."""
    return isinstance(_refused(sealed, None), WrongKeyError)


def _refused(sealed: Sealed, key: Key | None, heard: Memory | None = None) -> TelegramError | None:
    """Why a telegram cannot be opened, or None if it can."""
    try:
        layers.plain(sealed, key, memory=heard)
    except TelegramError as error:
        return error
    return None


def _opens(sealed: Sealed, key: Key, *, surely: bool) -> bool:
    """Whether a guessed key opens a telegram. With `surely` the content must also be unmistakable or verified."""
    try:
        plain = layers.plain(sealed, key)
    except TelegramError:
        return False
    return plain.verified or not surely or records.unmistakable(plain.body)


def _without_key(sealed: Sealed, meter: str, held: Held) -> Finding:
    error = _refused(sealed, None)
    config = held.config(meter)
    if error is None and config is not None and held.of(meter, KEY) is not None and config.encryption == "required":
        return Finding(meter, "refused", "plain, with a key", _(UNBELIEVED, option=KEY), _(OPTIONAL_TODO))
    if error is None:
        return Finding(meter, "plain", "plain", _(PLAIN))
    return _unread(meter, error)


def _unread(meter: str, error: TelegramError) -> Finding:
    """The finding on telegrams that no key would make readable."""
    said = _("the telegrams cannot be read: {why}", why=error)
    return Finding(meter, "unread", "unread", said, _("please report it with `decode --redact`"))


def _mended(held: Held, meter: str, source: Source, key: Key) -> Finding:
    said, todo = mended(held, meter, KEY, source)
    own = (source.holding.meter, source.holding.option) == (meter, KEY)
    what = source.mistake if own else source.holding.named(meter)
    if not own and source.mistake != guesses.AS_WRITTEN:
        what = f"{what}, {source.mistake}"
    return Finding(meter, "wrong", f"{KEY}: {what}", said, todo, ((KEY, key),), moves=moved(held, meter, KEY, source, SIZE))


def _unexplained(held: Held, meter: str, sealed: Sealed, readings: int, *, doubtful: bool) -> Finding:
    who = f"{sealed.meter.manufacturer} {sealed.meter.id}"
    own = held.of(meter, KEY)
    if own is None:
        said = _("the telegrams of {who} are encrypted and key is missing", who=who)
        return Finding(meter, "missing", "key: missing", said, _("put the key that the operator gave you into the configuration"))
    if (odd := oddity(own, SIZE)) and not (doubtful and as_written(own, SIZE)):
        said = _("the telegrams of {who} are encrypted, but {odd}", who=who, odd=odd.found)
        return Finding(meter, "missing", "key: odd", said, odd.todo)
    key = KEY if as_written(own, SIZE) else _("key (which is not a key of {digits} hex digits)", digits=2 * SIZE)
    said = _(
        "{key} does not open the telegrams of {who}. No other configured key does, even after typical mistakes were corrected",
        key=key,
        who=who,
    )
    todo = _("compare the key and the meter's number with those that the operator gave you. Then write to the operator")
    basis = _(
        "{readings} of the configured keys were tried. This is no proof: it rests on the assumptions that the meter makes the first block "
        "(IV) as the standard says, and that the telegrams are not damaged",
        readings=counted("{number} reading", "{count} readings", readings, count=grouped(readings)),
    )
    return Finding(meter, "unknown", "unknown", said, todo, basis=basis if readings else "")
