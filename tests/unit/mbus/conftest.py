"""Vectors of M-Bus, and the few words needed to make telegrams in tests."""

import json
from pathlib import Path

import pytest

from telegraf_han.ciphers import secret
from telegraf_han.ciphers.secret import Key
from telegraf_han.mbus import layers, link
from telegraf_han.telegram import Address

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())


class Vector:
    """One telegram with everything that belongs to it. Hex is read."""

    def __init__(self, name: str) -> None:
        found = VECTORS[name]
        self.name = name
        self.key: Key | None = secret.key(found["key"]) if "key" in found else None
        self.octets = {form: bytes.fromhex(text) for form, text in found.items() if form not in ("origin", "key")}
        self.forms = [self.octets[form] for form in ("frame", "format_a", "format_b", "chips") if form in self.octets]
        self.frame = self.octets["frame"] if "frame" in self.octets else link.telegram(self.octets["format_a"])


@pytest.fixture
def vector():
    """A vector by its name."""
    return Vector


@pytest.fixture
def meter() -> Address:
    """An electricity meter of no maker that has rows of its own."""
    return link.address(bytes.fromhex("0106785634120202"))


@pytest.fixture
def decoded():
    """The plain telegram of a frame."""
    return lambda frame, key, encryption="required": layers.plain(layers.opened(frame), key, encryption)


@pytest.fixture
def framed():
    """A frame of an EGM meter 12345678 around what follows the link layer."""

    def frame(content: str | bytes, control: int = 0x44, address: str = "ed14785634120102") -> bytes:
        rest = bytes([control]) + bytes.fromhex(address) + (bytes.fromhex(content) if isinstance(content, str) else content)
        return bytes([len(rest)]) + rest

    return frame
