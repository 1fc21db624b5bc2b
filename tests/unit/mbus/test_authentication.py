"""mbus.authentication: fields, derived keys and MACs."""

import pytest

from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import FramingError, SecurityError, WaitingError, WrongKeyError
from telegraf_han.mbus import authentication, layers

PROVEN = ["oms-mode7", "made-mode7"]


@pytest.mark.parametrize("name", PROVEN)
@pytest.mark.parametrize("purpose", ["encryption_key", "authentication_key"])
def test_derived_keys(vector, name: str, purpose: str) -> None:
    """Function A gives the keys that the examples print."""
    found = vector(name)
    sealed = layers.opened(found.frame)
    code = {"encryption_key": authentication.ENCRYPTION, "authentication_key": authentication.AUTHENTICATION}[purpose]

    derived = authentication.derived(found.key, code, sealed.authentication.counter, sealed.meter.raw[2:6])

    assert derived == Key(found.octets[purpose])


@pytest.mark.parametrize("name", [*PROVEN, "oms-mode7-adapter"])
def test_mac(vector, name: str) -> None:
    """The computed MAC is the one that is printed and sent."""
    found = vector(name)
    sealed = layers.opened(found.frame)
    layer = sealed.authentication
    key = authentication.derived(found.key, authentication.AUTHENTICATION, layer.counter, sealed.meter.raw[2:6])

    assert authentication.mac(key, layer, sealed.content) == layer.mac == found.octets["mac"]


@pytest.mark.parametrize(
    ("layer", "fields"),
    [
        ("9002" + "0000", ("", "", "", "")),
        ("900f" + "002c" + "25b30a0000" + "1122334455667788", ("25", "b30a0000", "1122334455667788", "")),
        ("9003" + "0020" + "25", ("25", "", "", "")),
        ("9011" + "003e" + "24" + "0100" + "b30a0000" + "11223344" + "4000", ("24", "b30a0000", "11223344", "4000")),
    ],
    ids=["none", "as OMS", "control only", "all"],
)
def test_fields(layer: str, fields: tuple[str, ...]) -> None:
    """Only the announced fields are there, in the norm's order."""
    raw = bytes.fromhex(layer)
    raw = raw[:1] + bytes([len(raw) - 2]) + raw[2:]

    found, rest = authentication.parsed(raw + b"rest")

    assert (tuple(field.hex() for field in found), rest) == (fields, b"rest")


@pytest.mark.parametrize(
    ("layer", "error", "words"),
    [
        ("90", FramingError, "announces 0 bytes"),
        ("9001ff", FramingError, "announces 1 bytes"),
        ("900f002c25", FramingError, "announces 15 bytes, but 3 arrived"),
        ("9004002025ff", FramingError, "have 3 bytes, but it announces 4"),
        ("90030024" + "28", SecurityError, "authentication type 8"),
        ("900200040000", SecurityError, "authentication type 0"),
        ("90020060", WaitingError, "fragment"),
    ],
    ids=["no length", "length 1", "cut", "too long", "GMAC", "MAC without kind", "unknown fragment"],
)
def test_refused(layer: str, error: type[Exception], words: str) -> None:
    """A broken layer is a framing error. A whole layer that is not supported is a security error."""
    with pytest.raises(error, match=words):
        authentication.parsed(bytes.fromhex(layer))


@pytest.mark.parametrize("place", range(22, 30))
def test_changed_mac(vector, decoded, place: int) -> None:
    """A MAC with one bit changed is refused although the key opens the text. The message does not blame the key."""
    frame = bytearray(vector("oms-mode7").frame)
    frame[place] ^= 0x80

    with pytest.raises(SecurityError, match="MAC of a telegram of ELS 12345678 does not fit"):
        decoded(bytes(frame), vector("oms-mode7").key)


def test_wrong_key_is_no_forgery(vector, decoded) -> None:
    """Under a wrong key neither text nor MAC fits. That is the key's fault, not an attack."""
    with pytest.raises(WrongKeyError, match="mode 7"):
        decoded(vector("oms-mode7").frame, Key(bytes(16)))


@pytest.mark.parametrize("name", [*PROVEN, "oms-mode7-adapter"])
def test_verified(vector, decoded, name: str) -> None:
    """A MAC that fits makes the telegram verified and gives its counter."""
    plain = decoded(vector(name).frame, vector(name).key)

    assert plain.verified
    assert plain.counter == (100 if name == "made-mode7" else 0x0AB3)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("90020000", None),
        ("90020100", None),
        ("90020040", (1, True)),
        ("90020140", (1, True)),
        ("90020240", (2, True)),
        ("90020300", (3, False)),
    ],
    ids=["no number", "the only one", "first without number", "first", "second", "last"],
)
def test_fragment(layer: str, expected: tuple[int, bool] | None) -> None:
    """A layer says which fragment follows, and whether it is the last."""
    assert authentication.fragment(bytes.fromhex(layer)) == expected
