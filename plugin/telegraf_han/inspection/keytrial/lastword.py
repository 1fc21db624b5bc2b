"""Says what follows if no reading of any key opens a telegram under any nonce.

For a telegram of the meters that this program is made for, it follows that the meter has another key. The sentence says what this rests
on. For other telegrams nothing follows, because nobody knows how their text begins. A letter to the operator is due only in the first case.
"""

from collections.abc import Sequence
from typing import Final

from telegraf_han.dlms import ciphering
from telegraf_han.inspection.keytrial.findings import ASK, Finding, Held, Tried, as_written, copied
from telegraf_han.inspection.keytrial.oddities import oddity
from telegraf_han.p1.dialects import IDENTS
from telegraf_han.p1.envelope import Envelope

_EK: Final = "encryption_key"
_COMPARE: Final = "compare the keys and the meter's number with those that the operator gave you"
_CHANCE: Final = "one try in 1.4 billion"
"""3 in 2^32: the last four bytes of a random block are 0, 1 or 2."""


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
        said = f"the telegrams are encrypted and {_EK} is missing"
        return Finding(names, "missing", f"{_EK}: missing", said, "put the key that the operator gave you into the configuration")
    odd = [oddity(own, size) for own in holdings]
    if odd[0] is not None and all(odd):
        return Finding(names, "missing", f"{_EK}: odd", f"the telegrams are encrypted, but {_EK} {odd[0].found}", odd[0].todo)
    if found.found:
        said = (
            f"this is {found.found}. No configured key makes a text or a message of its content, and it is not known how such a message "
            "begins. So the keys cannot be judged"
        )
        return Finding(names, "unread", "structure", said, f"{_COMPARE}; {ASK}")
    basis = _basis(tried)
    every = "none of your keys in any reading" if tried.complete else f"none of the first {tried.readings:,} readings of your keys"
    if len(meters) > 1:
        said = f"a telegram arrives{_whole(found)}, but {every} opens it. It is from another meter, or a meter holds another key"
        todo = "capture each meter alone, and try each capture with a configuration of that meter alone"
        return Finding(names, "unknown", "unknown", said, todo, basis=basis)
    copy = copied(held, meters[0], _EK, size)
    same = f", which is the same as {copy}," if copy else ""
    misshapen = "" if as_written(holdings[0], size) else f" (which is not a key of {2 * size} hex digits)"
    said = f"the telegrams arrive{_whole(found)}, but {_EK}{misshapen}{same} does not open them"
    second = "the operator gives two keys: enter the other one, too"
    if not tried.readings:
        return Finding(names, "unknown", "unknown", said, second if copy else _COMPARE)
    if not of_known_meter(found):
        said = f"{said}, nor does any other key in any reading. That does not prove the keys wrong: {_doubt(found)}"
        return Finding(names, "unknown", "unknown", said, second if copy else _COMPARE)
    said = (
        f"{said}. {every[:1].upper()}{every[1:]} opens this telegram under any nonce: it is another meter's key, or the meter holds "
        "another one"
    )
    todo = second if copy else f"{_COMPARE}. Then write to the operator"
    return Finding(names, "unknown", "unknown", said, todo, basis=basis, letter=tried if tried.complete else None)


def _whole(found: Envelope) -> str:
    """Only a footer shows that a telegram is whole, and a telegram with an ident line has one."""
    return " whole" if found.ident else ""


def _doubt(found: Envelope) -> str:
    if not found.ident:
        return "these telegrams have no checksum, so damage cannot be excluded, and it is not known how their text begins"
    return "the telegrams are not those of a meter that this program knows, so it is not known how their text begins"


def _basis(tried: Tried) -> str:
    keys = "1 key" if tried.keys == 1 else f"{tried.keys} keys"
    readings = "1 reading" if tried.readings == 1 else f"{tried.readings:,} readings"
    return (
        f"{readings} of {keys} were tried, each with every day of the meter's clock from {tried.first} to {tried.last} and with "
        f"{tried.others} other beginnings of the text. A right key turns the first 16 bytes into the nonce and the number 2, whatever the "
        "nonce is. This rests on two assumptions: the text begins with the clock, as in all published telegrams of these meters, or in "
        f"one of the other ways; and the meter uses AES in counter mode (GCM). By chance a wrong key passes {_CHANCE}, and then "
        "fails on the rest of the telegram"
    )
