"""Says what follows if no reading of any key opens a telegram under any nonce.

For a telegram of the meters that this program is made for, it follows that the meter has another key. The sentence says what this rests
on. For other telegrams nothing follows, because nobody knows how their text begins. A letter to the operator is due only in the first case.
"""

from collections.abc import Sequence
from typing import Final

from telegraf_han.dlms import ciphering
from telegraf_han.inspection.keytrial.findings import ASK, Finding, Held, Tried, as_written, copied
from telegraf_han.inspection.keytrial.oddities import oddity
from telegraf_han.language import _, counted, grouped, marked
from telegraf_han.p1.dialects import IDENTS
from telegraf_han.p1.envelope import Envelope

_EK: Final = "encryption_key"
_COMPARE: Final = marked("compare the keys and the meter's number with those that the operator gave you")


def of_known_meter(found: Envelope) -> bool:
    """Whether a telegram is built as those of the meters that this program is made for: their ident line, then a ciphered block.

    Then the framer has checked the CRC at its end, too, because such a telegram is not accepted without one.
    """
    return (
        not found.found and found.ident.startswith(IDENTS) and found.block is not None and bool(found.block.control & ciphering.ENCRYPTED)
    )


def finding(found: Envelope, meters: Sequence[str], held: Held, size: int, tried: Tried) -> Finding:
    """The finding if no key opens the telegram. If the telegram may be from several meters, no single key is blamed."""
    names = ", ".join(meters)
    holdings = [own for name in meters if (own := held.of(name, _EK)) is not None]
    if not holdings:
        said = _("the telegrams are encrypted and encryption_key is missing")
        return Finding(names, "missing", f"{_EK}: missing", said, _("put the key that the operator gave you into the configuration"))
    odd = [oddity(own, size) for own in holdings]
    if odd[0] is not None and all(odd):
        said = _("the telegrams are encrypted, but {odd}", odd=odd[0].found)
        return Finding(names, "missing", f"{_EK}: odd", said, odd[0].todo)
    if found.found:
        said = _(
            "this is {what}. No configured key makes a text or a message of its content, and it is not known how such a message begins. "
            "So the keys cannot be judged",
            what=found.found,
        )
        return Finding(names, "unread", "structure", said, f"{_(_COMPARE)}; {_(ASK)}")
    basis = _basis(tried)
    every = (
        _("none of your keys in any reading")
        if tried.complete
        else _("none of the first {number} readings of your keys", number=grouped(tried.readings))
    )
    if len(meters) > 1:
        said = (
            _("a telegram arrives whole, but {every} opens it. It is from another meter, or a meter holds another key", every=every)
            if found.ident
            else _("a telegram arrives, but {every} opens it. It is from another meter, or a meter holds another key", every=every)
        )
        todo = _("capture each meter alone, and try each capture with a configuration of that meter alone")
        return Finding(names, "unknown", "unknown", said, todo, basis=basis)
    copy = copied(held, meters[0], _EK, size)
    said = _unopened(found, _key(copy, 0 if as_written(holdings[0], size) else 2 * size))
    second = _("the operator gives two keys: enter the other one, too")
    if not tried.readings:
        return Finding(names, "unknown", "unknown", said, second if copy else _(_COMPARE))
    if not of_known_meter(found):
        said = _(
            "{said}, nor does any other key in any reading. That does not prove the keys wrong: {doubt}", said=said, doubt=_doubt(found)
        )
        return Finding(names, "unknown", "unknown", said, second if copy else _(_COMPARE))
    every = f"{every[:1].upper()}{every[1:]}"
    said = _(
        "{said}. {every} opens this telegram under any nonce: it is another meter's key, or the meter holds another one",
        said=said,
        every=every,
    )
    todo = second if copy else _("{compare}. Then write to the operator", compare=_(_COMPARE))
    return Finding(names, "unknown", "unknown", said, todo, basis=basis, letter=tried if tried.complete else None)


def _key(copy: str, digits: int) -> str:
    """The key that does not open a telegram. `digits` is how many a key has, if this one has another number of them, otherwise 0."""
    if digits and copy:
        return _("encryption_key (which is not a key of {digits} hex digits), which is the same as {copy},", digits=digits, copy=copy)
    if digits:
        return _("encryption_key (which is not a key of {digits} hex digits)", digits=digits)
    return _("encryption_key, which is the same as {copy},", copy=copy) if copy else _EK


def _unopened(found: Envelope, key: str) -> str:
    """Only a footer shows that a telegram is whole, and a telegram with an ident line has one."""
    if found.ident:
        return _("the telegrams arrive whole, but {key} does not open them", key=key)
    return _("the telegrams arrive, but {key} does not open them", key=key)


def _doubt(found: Envelope) -> str:
    if not found.ident:
        return _("these telegrams have no checksum, so damage cannot be excluded, and it is not known how their text begins")
    return _("the telegrams are not those of a meter that this program knows, so it is not known how their text begins")


def _basis(tried: Tried) -> str:
    # By chance: the last four bytes of a random block are 0, 1 or 2, which is 3 in 2^32.
    return _(
        "{readings} of {keys} were tried, each with every day of the meter's clock from {first} to {last} and with "
        "{others} other beginnings of the text. A right key turns the first 16 bytes into the nonce and the number 2, whatever the "
        "nonce is. This rests on two assumptions: the text begins with the clock, as in all published telegrams of these meters, or in "
        "one of the other ways; and the meter uses AES in counter mode (GCM). By chance a wrong key passes one try in 1.4 billion, and "
        "then fails on the rest of the telegram",
        readings=counted("{number} reading", "{count} readings", tried.readings, count=grouped(tried.readings)),
        keys=counted("{number} key", "{number} keys", tried.keys),
        first=tried.first,
        last=tried.last,
        others=tried.others,
    )
