"""Three paths from bytes to a line of line protocol, and a workload that they are compared with, for `test_paths`.

Each path reads `FIRST` telegrams that are not counted, and then `MORE` that are. So what is loaded, made or remembered with the first
telegrams is no part of the count, as it is none of a stream that goes on for days.

The reference does what the paths do, with the standard library and `cryptography` alone: it cuts text with regular expressions, keeps what it
has seen in dictionaries, deciphers, computes sums and formats numbers. Another build of Python or another processor makes it slower or
faster, and the paths with it. So their ratio stays.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from instructions import section

import attacks
import p1telegrams
import radiotelegrams
from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import Config, MeterConfig, Output, ReceiverConfig
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.p1.framer import Framer
from telegraf_han.receivers import hex as hexlines
from telegraf_han.telegram import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST, MORE = 100, 200
NS = 1_000_000_000
START_S = 1_796_040_000
"""A minute of 2026 in winter."""
SCENE = attacks.Scene("35000001", START_S)


def cable(place: int) -> bytes:
    """An encrypted telegram of a cable, with its tag."""
    return attacks.cable(SCENE, place)


def air(place: int) -> bytes:
    """A line of hex with a telegram of mode 5."""
    return attacks.air(SCENE, place)


def text(place: int) -> bytes:
    """A telegram of DSMR, which is not encrypted."""
    return p1telegrams.plain(attacks.lines(attacks.reading(START_S, place)))


class Path(NamedTuple):
    """One way from bytes to a line."""

    telegram: Callable[[int], bytes]
    meter: MeterConfig
    receiver: Callable[[], Framer | hexlines.Receiver]


PATHS = {
    "P1, encrypted": Path(
        cable, MeterConfig("home", "p1", encryption_key=Key(p1telegrams.EK), authentication_key=Key(p1telegrams.AK)), Framer
    ),
    "wireless": Path(air, MeterConfig("home", "wmbus", id=SCENE.number, key=Key(radiotelegrams.KEY)), hexlines.Receiver),
    "DSMR text": Path(text, MeterConfig("home", "p1"), Framer),
}


def run(path: Path, first: int, count: int, decoder: Decoder, receiver: Framer | hexlines.Receiver) -> Callable[[], None]:
    """Telegrams from the place `first` on, as `run` reads them."""
    data = [path.telegram(place) for place in range(first, first + count)]
    source = "home" if path.meter.interface == "p1" else "stick"

    def call() -> None:
        for place, octets in enumerate(data, first):
            at_ns = (START_S + attacks.STEP_S * place) * NS
            lines = b""
            for event in receiver.feed(octets, at_ns):
                assert isinstance(event, Frame), event
                telegram = decoder.take(event._replace(received_ns=at_ns, steady_ns=at_ns), source, live=True)
                assert telegram is not None
                lines += decoder.line(telegram)
            assert lines.startswith(b"electricity,"), octets

    return call


# -- the reference --

_LINE = re.compile(rb"([^(\r\n]{3,23}+)\(([^*()\r\n]*+)\*?+([^()\r\n]*+)\)\r\n")
_UNITS = {b"kWh": 3, b"kW": 3, b"kvar": 3, b"V": 0, b"A": 0, b"": 0}


class _Value(NamedTuple):
    code: str
    value: int | float | str
    unit: str


def reference() -> None:
    """A fixed workload."""
    cipher = Cipher(algorithms.AES(bytes(16)), modes.CTR(bytes(16)))
    reversed_bits = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
    known: dict[tuple[bytes, ...], tuple[str, ...]] = {}
    for place in range(200):
        lines = attacks.lines(attacks.Reading(START_S + 6 * place, (6_000_000 + 20 * place, 3_000_000 + 10 * place), 300_000, 18_000))
        sealed = cipher.encryptor().update(lines)
        opened = cipher.decryptor().update(sealed)
        assert crc_hqx(sealed.translate(reversed_bits), 0xFFFF) >= 0
        found = _LINE.findall(opened)
        codes = tuple(map(itemgetter(0), found))
        names = known.setdefault(codes, tuple(code.decode().replace(":", "_").replace(".", "_") for code in codes))
        values = []
        for name, (_code, raw, unit) in zip(names, found, strict=True):
            exponent = _UNITS.get(unit, 0)
            number: int | float | str
            if b"." in raw and raw.replace(b".", b"").isdigit():
                whole, decimals = raw.split(b".")
                number = int(whole + decimals) * 10**exponent / 10 ** len(decimals)
            else:
                number = raw.decode()
            values.append(_Value(name, number, unit.decode()))
        line = "electricity,meter=home " + ",".join([f"{value.code}={value.value}" for value in values if value.value != ""])
        assert line.encode().isascii()


def main() -> None:
    """Count everything."""
    section("nothing", lambda: None)
    reference()
    section("reference", reference)
    for name, path in PATHS.items():
        receivers = (ReceiverConfig("stick", "hex", "-"),) if path.meter.interface == "wmbus" else ()
        decoder, receiver = Decoder(Config("han.toml", Output(), (path.meter,), receivers)), path.receiver()
        run(path, 0, FIRST, decoder, receiver)()
        section(name, run(path, FIRST, MORE, decoder, receiver))


if __name__ == "__main__":
    main()
