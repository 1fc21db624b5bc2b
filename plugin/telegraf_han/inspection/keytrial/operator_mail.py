"""Writes a mail to the operator who issued the keys, with the facts about telegrams that no key opens.

The mail is in Polish, because the operator reads it. It holds the facts that an engineer there needs, and no part of any key. Facts that
only the owner knows are left open, in brackets.
"""

from typing import Final

from telegraf_han.mbus.layers import Sealed
from telegraf_han.p1 import envelope

SUBJECT: Final = "Interfejs HAN licznika: klucze nie odszyfrowują telegramów"

_MAIL: Final = """\
Temat: {subject}

Dzień dobry,

odczytuję swój licznik przez interfejs HAN ({interface}). Telegramy
przychodzą kompletne i bez błędów transmisji, ale otrzymanymi kluczami nie da
się ich odszyfrować.

Numer licznika: {number}
Numer PPE: [proszę uzupełnić]
Data otrzymania kluczy: [proszę uzupełnić]
{facts}

Sprawdzono już: {tried}.

Proszę o sprawdzenie:
1. czy wydane klucze należą do licznika o tym numerze,
2. czy te same klucze są wgrane do licznika,
{questions}

Z poważaniem
[imię i nazwisko]
"""
_UNKNOWN_NUMBER: Final = "[proszę uzupełnić, jest na liczniku]"
_TRIED: Final = """\
zamianę kluczy, odwróconą kolejność bajtów, zapis tekstowy,
pojedyncze błędne, brakujące i podwojone cyfry"""


def of_cable(telegram: bytes) -> str:
    """The mail about a P1 telegram. Raises FramingError."""
    found = envelope.envelope(telegram)
    facts = [f"Nagłówek telegramu: /{found.ident}" if found.ident else "Telegram bez nagłówka"]
    if found.block is not None:
        block = found.block
        facts += [
            f"Security control: {block.control:02X}, invocation counter: {int.from_bytes(block.counter, 'big')}",
            f"System title: {'nieobecny (do IV przyjęto zera)' if not block.title else f'{len(block.title)} bajtów'}",
            f"Długość: {len(telegram)} bajtów, w tym szyfrogram {len(block.ciphertext)} i znacznik GCM {len(block.tag)}",
        ]
    questions = (
        "3. który z kluczy jest szyfrujący (EK), a który uwierzytelniający (AK),\n"
        "4. jaki system title i jakie AAD stosuje licznik w AES-GCM,\n"
        "   jeśli inne niż zera i SC || AK."
    )
    return _MAIL.format(
        subject=SUBJECT, interface="port P1", number=_UNKNOWN_NUMBER, facts="\n".join(facts), tried=_TRIED, questions=questions
    )


def of_radio(sealed: Sealed) -> str:
    """The mail about a wireless telegram."""
    meter = sealed.meter
    facts = [f"Adres wM-Bus: {meter.manufacturer} {meter.id}, wersja {meter.version:02X}, typ {meter.device:02X}"]
    if sealed.header is not None:
        facts.append(f"Tryb szyfrowania (security mode): {sealed.header.mode}, CI {sealed.header.ci:02X}")
    questions = "3. w jakiej kolejności bajtów zapisano wydany klucz wM-Bus."
    tried = _TRIED.removeprefix("zamianę kluczy, ")
    return _MAIL.format(
        subject=SUBJECT, interface="Wireless M-Bus", number=meter.id, facts="\n".join(facts), tried=tried, questions=questions
    )
