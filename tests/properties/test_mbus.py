"""M-Bus as properties: whatever arrives, only telegram errors come out, and the fast ways agree with the plain ones."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telegraf_han import receivers
from telegraf_han.ciphers import secret
from telegraf_han.ciphers.secret import Key
from telegraf_han.clock import Zone
from telegraf_han.errors import TelegramError
from telegraf_han.mbus import authentication, dif, extended, layers, link, records, transport, values, vif, walk
from telegraf_han.receivers import hex as hex_lines
from telegraf_han.simulate import encode
from telegraf_han.telegram import Body, Event, Fault, Frame

VECTORS = json.loads((Path(__file__).parent.parent / "unit" / "mbus" / "vectors.json").read_text())
TELEGRAMS = [
    (name, bytes.fromhex(found[form]), secret.key(found.get("key", "00" * 16)))
    for name, found in VECTORS.items()
    for form in ("frame", "format_a")
    if form in found
]
IDS = [f"{name}-{len(raw)}" for name, raw, _ in TELEGRAMS]
METER = link.address(bytes.fromhex("ed14785634120102"))
ZONE = Zone()
NOW_NS = 7


def _read(raw: bytes, key: Key | None) -> Body | None:
    """Decode a telegram all the way. None if it is refused as one."""
    try:
        sealed = layers.opened(link.telegram(raw))
        return None if sealed.empty else layers.body(layers.plain(sealed, key), ZONE)
    except TelegramError:
        return None


@pytest.mark.parametrize(("name", "raw", "key"), TELEGRAMS, ids=IDS)
def test_every_cut(name: str, raw: bytes, key: Key) -> None:
    """A telegram cut anywhere is refused, never half read."""
    for end in range(len(raw)):
        assert _read(raw[:end], key) is None


@pytest.mark.parametrize(("name", "raw", "key"), TELEGRAMS, ids=IDS)
def test_every_damaged_byte(name: str, raw: bytes, key: Key) -> None:
    """A damaged byte leads to a telegram error or to a telegram, never to another exception. Link CRCs let no damage pass."""
    chance = random.Random(name)
    guarded = len(raw) != raw[0] + 1
    for place in range(len(raw)):
        damaged = bytearray(raw)
        damaged[place] ^= 1 << chance.randrange(8)
        found = _read(bytes(damaged), key)
        assert found is None or not guarded


@settings(max_examples=150)
@given(st.binary(max_size=300), st.none() | st.just(Key(bytes(16))))
def test_any_bytes_as_a_telegram(raw: bytes, key: Key | None) -> None:
    """Any bytes are a telegram or refused as one."""
    _read(raw, key)


@settings(max_examples=200)
@given(
    st.sampled_from([*transport.CONTENTS, *extended.LENGTHS, authentication.CI]),
    st.binary(max_size=80),
    st.none() | st.just(Key(bytes(16))),
)
def test_any_content_behind_a_good_link(ci: int, content: bytes, key: Key | None) -> None:
    """Behind every CI, any content is a telegram or refused as one, and its meter is known."""
    frame = bytes([len(content) + 10, 0x44]) + METER.raw + bytes([ci]) + content

    sealed = layers.opened(frame)

    assert sealed.link == METER
    _read(frame, key)


@settings(max_examples=200)
@given(st.binary(max_size=120))
def test_any_bytes_as_records(octets: bytes) -> None:
    """Any bytes are records or refused, and the walk neither drops nor doubles a byte."""
    try:
        found = walk.walked(octets)
    except TelegramError:
        return
    end = 0
    for record in found:
        assert octets[end : record.at].strip(b"\x2f") == b""
        end = record.at + len(record.header) + len(record.data)
        assert octets[record.at : end] == record.header + record.data
    records.plausible(octets, METER)
    if found:
        assert len(records.body(octets, METER, ZONE).values) == len(found)


HEADERS = (
    "0e03",
    "8e1003",
    "0e833c",
    "0b2b",
    "0afdc8fc01",
    "0bfddbfc02",
    "052b",
    "0403",
    "066d",
    "0c78",
    "04ff13",
    "0c14",
    "01fd17",
    "8201fd49",
)
SIZES = {0xE: 6, 0xB: 3, 0xA: 2, 0x5: 4, 0x4: 4, 0x6: 6, 0xC: 4, 0x1: 1, 0x2: 2}


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Two telegrams of one build with values of their own."""
    headers = draw(st.lists(st.sampled_from(HEADERS), min_size=1, max_size=12))
    gaps = draw(st.lists(st.integers(0, 2), min_size=len(headers) + 1, max_size=len(headers) + 1))
    both = [b"", b""]
    for header, gap in zip(headers, gaps, strict=False):
        octets = bytes.fromhex(header)
        size = SIZES[octets[0] & 0x0F]
        both = [body + b"\x2f" * gap + octets + draw(st.binary(min_size=size, max_size=size)) for body in both]
    return both[0] + b"\x2f" * gaps[-1], both[1] + b"\x2f" * gaps[-1]


@settings(max_examples=200)
@given(bodies())
def test_layout_agrees_with_the_walk(pair: tuple[bytes, bytes]) -> None:
    """A telegram read by the layout of one before is the same as read by walking."""
    first, second = pair
    records._shapes.clear()
    records._layouts.clear()
    walked = records.body(second, METER, ZONE)
    records._layouts.clear()
    records.body(first, METER, ZONE)
    assert records._laid_out(second, METER) is not None

    short = records.body(second, METER, ZONE)

    assert short == walked
    assert short.shape is walked.shape


@settings(max_examples=100)
@given(st.binary(min_size=1, max_size=180), st.integers(0, 255))
def test_simulated_frames_come_back(content: bytes, access: int) -> None:
    """A telegram that the simulator frames and guards comes out of the link as it went in."""
    frame = encode.mode_5(METER.raw, access, content, Key(bytes(16)))

    assert link.telegram(encode.format_a(frame)) == frame


def _events(pieces: list[bytes]) -> list[Event]:
    receiver = hex_lines.Receiver()
    events = [event for piece in pieces for event in receiver.feed(piece, NOW_NS)]
    return events + receiver.finish(NOW_NS)


LINES = st.one_of(
    st.sampled_from([raw.hex().encode() for _, raw, _ in TELEGRAMS]),
    st.binary(max_size=60),
    st.just(b"# remark"),
    st.integers(2040, 2060).map(lambda size: b"0" * size),
)


@settings(max_examples=100)
@given(st.lists(LINES, max_size=6), st.lists(st.integers(1, 700), max_size=20))
def test_lines_in_any_pieces(lines: list[bytes], sizes: list[int]) -> None:
    """Any lines in any pieces become the same frames and faults, and nothing else."""
    data = b"\n".join(lines)
    pieces, rest = [], data
    for size in sizes:
        pieces, rest = [*pieces, rest[:size]], rest[size:]

    whole = _events([data])

    assert _events([*pieces, rest]) == whole
    assert all(isinstance(event, Frame | Fault) for event in whole)
    assert len(whole) <= data.count(b"\n") + 1


@settings(max_examples=50)
@given(st.binary(max_size=5000), st.sampled_from(receivers.kinds()))
def test_any_bytes_into_any_receiver(data: bytes, kind: str) -> None:
    """No receiver raises, whatever its port delivers."""
    receiver = receivers.named(kind).Receiver()

    receiver.start(NOW_NS)
    receiver.feed(data, NOW_NS)
    receiver.idle(NOW_NS)
    receiver.finish(NOW_NS)


@settings(max_examples=200)
@given(
    st.sampled_from(sorted(dif.SIZES)),
    st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=6),
    st.sampled_from([b"\x03", b"\x2b", b"\x04", b"\x78", b"\xfd\x48", b"\x6d", b"\xfd\x17"]),
)
def test_what_is_remembered_of_values_changes_nothing(field: int, telegrams: list[bytes], vib: bytes) -> None:
    """Octets that came before are read like octets that come for the first time, in each data field and each unit."""
    size = dif.SIZES[field]
    read = values.reader(field, vif.vib(vib), telegrams[0][:size]).read
    memory = values.remembering(read)
    for octets in [one[:size] for one in telegrams for _ in range(2)]:
        outcomes = []
        for way in (read, memory.__getitem__):
            try:
                outcomes.append(repr(way(octets)))
            except ValueError as error:
                outcomes.append(str(error))

        assert outcomes[0] == outcomes[1]


def test_what_is_remembered_of_values_is_bounded() -> None:
    """The memory of a kind of values never has more than its limit, and long texts are not held at all."""
    memory = values.Remembering(len)
    for number in range(values.REMEMBERED + 10):
        memory[number.to_bytes(4, "big")]
        memory[bytes(17)]

    assert len(memory) == 10
