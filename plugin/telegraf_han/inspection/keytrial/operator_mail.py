"""Writes a mail to the operator who issued the keys, with the facts about telegrams that no key opens.

The mail is in Polish, because the operator reads it. It holds the facts that an engineer there needs, and no part of any key. Facts that
only the owner knows are left open, in brackets. For a cable it says why no nonce can be the reason (`nonces`), and what that rests on.
"""

from typing import Final

from telegraf_han.inspection.keytrial.findings import Tried
from telegraf_han.mbus.layers import Sealed
from telegraf_han.p1 import envelope

SUBJECT: Final = "Interfejs HAN licznika: klucze nie odszyfrowują telegramów"

_MAIL: Final = """\
Temat: {subject}

Dzień dobry,

odczytuję swój licznik przez interfejs HAN ({interface}). Telegramy
przychodzą {whole}, ale otrzymanymi kluczami
nie da się ich odszyfrować.

Numer licznika: {number}
Numer PPE: [proszę uzupełnić]
Data otrzymania kluczy: [proszę uzupełnić]
{facts}

Sprawdzono już: {tried}.
{proof}
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


_PROOF: Final = """
Żaden z kluczy nie pasuje przy żadnym IV, więc przyczyną nie jest system
title ani invocation counter. AES-GCM szyfruje w trybie licznikowym, dlatego
przy właściwym kluczu wynikiem
  AES_decrypt(klucz, szyfrogram[0..15] xor tekst jawny[0..15])
jest IV (12 bajtów) i licznik 00000002, bez względu na to, jakie jest IV.
Sprawdzono {readings} ({keys}), a jako tekst jawny
„0-0:1.0.0(RRMMDD” dla każdego dnia od {first} do {last}
oraz {others} telegramu.
Założenia: licznik szyfruje AES w trybie GCM, a telegram zaczyna się od
zegara lub od jednego z tych innych początków. Jeśli są spełnione,
w liczniku jest inny klucz szyfrujący niż otrzymane.
"""


def _many(number: int, one: str, few: str, many: str) -> str:
    """A number with its noun, as Polish counts."""
    if number == 1:
        return f"1 {one}"
    is_few = number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14)
    return f"{number} {few if is_few else many}"


def of_cable(telegram: bytes, tried: Tried) -> str:
    """The mail about a P1 telegram that no key opens. Raises FramingError."""
    found = envelope.envelope(telegram)
    facts = [f"Nagłówek telegramu: /{found.ident}" if found.ident else "Telegram bez nagłówka"]
    if found.block is not None:
        block = found.block
        facts += [
            f"Security control: {block.control:02X}, invocation counter: {int.from_bytes(block.counter, 'big')}",
            f"System title: {'nieobecny' if not block.title else f'{len(block.title)} bajtów'}",
            f"Długość: {len(telegram)} bajtów, w tym szyfrogram {len(block.ciphertext)} i znacznik GCM {len(block.tag)}",
        ]
    questions = "3. czy licznik szyfruje port P1 algorytmem AES-128-GCM i czy telegram\n   zaczyna się od obiektu 0-0:1.0.0."
    proof = _PROOF.format(
        readings=_many(tried.readings, "możliwy zapis", "możliwe zapisy", "możliwych zapisów"),
        keys=_many(tried.keys, "klucz", "klucze", "kluczy"),
        first=tried.first,
        last=tried.last,
        others=_many(tried.others, "inny początek", "inne początki", "innych początków"),
    )
    return _MAIL.format(
        subject=SUBJECT,
        interface="port P1",
        whole="kompletne i bez błędów transmisji",
        number=_UNKNOWN_NUMBER,
        facts="\n".join(facts),
        tried=_TRIED,
        proof=proof,
        questions=questions,
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
        subject=SUBJECT,
        interface="Wireless M-Bus",
        whole="kompletne",
        number=meter.id,
        facts="\n".join(facts),
        tried=tried,
        proof="",
        questions=questions,
    )
