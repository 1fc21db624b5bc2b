"""The errors about the key of a wireless meter, each as a sentence for its owner: who sent the telegram, and what is missing or wrong.

A telegram names its meter (maker and id) in plain text, so the sentence names the meter whose key is to be looked at. Several layers raise
these errors: the transport, whose modes 5, 7 and 10 encipher the records (EN 13757-7, OMS 4 part 2), and the extended link layer, which
enciphers the transport as well (EN 13757-4, 13.2.7). All layers have one wording, so the log of `run` counts a repeated fault as one.

The errors say nothing about the key itself, and nothing about the content.
"""

from telegraf_han.errors import SecurityError, WaitingError, WrongKeyError
from telegraf_han.language import _
from telegraf_han.telegram import Address


def wrong_key(meter: Address, mode: int | str) -> WrongKeyError:
    """The error for a key that opens nothing. `mode` is the number of the security mode, or words for another layer."""
    how = mode if isinstance(mode, str) else _("mode {number}", number=mode)
    return WrongKeyError(
        _(
            "the key does not open telegrams of {who} ({how}); use the key of the meter with this id, "
            "all 32 digits in the order in which you got them",
            who=who(meter),
            how=how,
        )
    )


def missing_key(meter: Address, mode: int | str) -> WrongKeyError:
    """The error for a meter without a key."""
    return WrongKeyError(
        _("telegrams of {who} are encrypted (mode {mode}), but no key is configured for this id; set key", who=who(meter), mode=mode)
    )


def who(meter: Address) -> str:
    """Maker and id of a meter."""
    return f"{meter.manufacturer} {meter.id}"


def not_encrypted(meter: Address) -> SecurityError:
    """The error for a telegram in plain text of a meter whose key must open its telegrams."""
    return SecurityError(
        _(
            "a telegram of {who} is not encrypted, but key is set, so it is not believed. "
            'If the operator switched encryption off, write encryption = "optional"',
            who=who(meter),
        )
    )


def new_kind(meter: Address) -> WaitingError:
    """The error for records that no telegram of this meter held before, if nothing proves the telegram."""
    return WaitingError(
        _("a telegram of {who} holds records of a new kind, and nothing proves them; waiting for another one like it", who=who(meter))
    )
