"""mbus.layers: which meter a frame is from, before any key, and what is refused when."""

import pytest

from telegraf_han.ciphers.secret import Key
from telegraf_han.clock import Zone
from telegraf_han.errors import FramingError, RecordError, WaitingError
from telegraf_han.mbus import layers

KEY = Key(bytes(16))
NAMES = {
    "gama350": ("EGM", "12345678"),
    "oms-mode5": ("ELS", "12345678"),
    "oms-mode7": ("ELS", "12345678"),
    "oms-mode7-adapter": ("ELS", "12345678"),
    "oms-partial": ("QDS", "55667788"),
    "oms-ell-ctr": ("KAM", "63452869"),
    "oms-acc-nr": ("QDS", "55667788"),
    "oms-wired": ("ELS", "12345678"),
    "amis-wired": ("SAM", "00000000"),
    "made-mode5-adapter": ("APA", "12345678"),
    "made-ell-ctr": ("APA", "12345678"),
}


@pytest.mark.parametrize("name", NAMES)
def test_meter_is_known_before_its_key(vector, name: str) -> None:
    """Every telegram names its meter in clear: a long header's address, else the link's."""
    sealed = layers.opened(vector(name).frame)

    assert (sealed.meter.manufacturer, sealed.meter.id) == NAMES[name]


def test_adapter_is_known_too(vector) -> None:
    """If a radio adapter sends, the link has another number than the meter."""
    sealed = layers.opened(vector("made-mode5-adapter").frame)

    assert (sealed.link.id, sealed.meter.id) == ("11223344", "12345678")


@pytest.mark.parametrize(
    ("content", "control"),
    [("", 0x44), ("8c2075", 0x44), ("8b78563412ed14010275000000", 0x44), ("8a75000000", 0x44), ("78", 0x47), ("7a2a000000", 0x40)],
    ids=["no CI", "link layers only", "long header only", "short header only", "ACC-NR", "SND-NKE"],
)
def test_nothing_said(framed, content: str, control: int) -> None:
    """A frame without data is known as such. Reading it all the same is a record error."""
    sealed = layers.opened(framed(content, control))

    assert sealed.empty
    with pytest.raises(RecordError):
        layers.body(layers.plain(sealed, None), Zone())


@pytest.mark.parametrize("control", [0x44, 0x46, 0x08, 0x18, 0x28, 0x38])
def test_frames_that_carry_data(framed, control: int) -> None:
    """Telegrams sent unasked, at installation and as an answer are read alike."""
    sealed = layers.opened(framed("780403e8030000", control))

    assert not sealed.empty
    assert layers.body(layers.plain(sealed, None), Zone()).values == [1000]


@pytest.mark.parametrize(
    "raw", ["", "0a44", "0a44ed147856341201027a00", "0a99ed1478563412010278"], ids=["nothing", "cut", "too long", "C field"]
)
def test_broken_frame(raw: str) -> None:
    """A frame that contradicts itself is an error, whoever sent it."""
    with pytest.raises(FramingError):
        layers.opened(bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ("99", FramingError, "CI field 99"),
        ("8c20", FramingError, "extended link layer"),
        ("7a2a", FramingError, "short header"),
        ("90020060", WaitingError, "fragment"),
        ("90020040" + "7a2a0000000403", WaitingError, "fragment 1"),
        ("90020200" + "e8030000", WaitingError, "fragment 2"),
        ("00e8030000", WaitingError, "segment of a DLMS message"),
        ("7b2a0000001234567890abcdef", WaitingError, "compact frame .CI 7B.* not heard yet"),
        ("6a2a0000001234567890abcdef", RecordError, "format frame do not fit"),
        ("6a2a00000009ec3d04032b" + "04", RecordError, "format frame"),
        ("6e2a00000001", RecordError, "error report"),
        ("742a00000001", RecordError, "alarm"),
        ("8120", RecordError, "network layer"),
        ("8600", RecordError, "variable length"),
        ("a2112233", RecordError, "own form"),
    ],
    ids=[
        "CI",
        "ELL",
        "TPL",
        "AFL",
        "first fragment",
        "last fragment",
        "segment",
        "compact",
        "format",
        "cut format",
        "error",
        "alarm",
        "NWL",
        "ELL V",
        "maker's",
    ],
)
def test_refused_with_the_meter_known(framed, content: str, error: type[Exception], words: str) -> None:
    """An error is raised only after the meter is known. So a neighbour's odd telegram is no error of ours."""
    sealed = layers.opened(framed(content))

    assert sealed.meter.id == "12345678"
    with pytest.raises(error, match=words):
        layers.plain(sealed, KEY, "optional")
