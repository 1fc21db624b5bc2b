"""Keys and telegrams of one P1 meter, and what the key doctor finds about them. For the tests of `keytrial`."""

import random

import p1telegrams as p1
from telegraf_han.ciphers.secret import Written
from telegraf_han.config.sections import MeterConfig
from telegraf_han.inspection.keytrial import cable
from telegraf_han.inspection.keytrial.findings import Finding, Held

EK = bytes.fromhex("7d3c9a10ffb2e4580163deadc0de4242")
AK = bytes.fromhex("a1b2c3d4e5f60718293a4b5c6d7e8f90")
FOREIGN = bytes.fromhex("5a5b5c5d5e5f60616263646566676869")
TELEGRAM = p1.stoen(ek=EK, ak=AK)


def frame(telegram: bytes) -> bytes:
    """A telegram as the framer hands it on: without its footer."""
    return telegram[: telegram.rindex(b"!") + 1] if telegram.startswith(b"/") else telegram


def judged(
    ek: str | None, ak: str | None = None, telegram: bytes = TELEGRAM, *, others: dict[tuple[str, str], str] | None = None, **options
) -> Finding:
    """What is found with keys as they are written, and other options of the meter."""
    texts = {("home", "encryption_key"): ek, ("home", "authentication_key"): ak, **(others or {})}
    held = Held({place: Written(text) for place, text in texts.items() if text is not None}, [MeterConfig("home", "p1", **options)])
    return cable.finding(frame(telegram), ["home"], held)


def unrelated(seed: int) -> list[bytes]:
    """Keys that have nothing to do with each other. (Keys from hypothesis often differ in one digit, and that mistake is found.)"""
    source = random.Random(seed)
    return [source.randbytes(16) for _ in range(4)]
