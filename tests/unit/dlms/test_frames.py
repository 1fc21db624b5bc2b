"""dlms.frames: messages out of HDLC frames, wired M-Bus frames and blocks, as other code made them; damage is told from noise."""

import pytest

import dlmsframes as made
from telegraf_han.dlms import frames
from telegraf_han.dlms.frames import BrokenMessageError, DamagedFrameError

MESSAGE = made.sealed(made.push() + bytes(240))


def spoilt(frame: bytes, at: int) -> bytes:
    """One bit changed."""
    return frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :]


@pytest.mark.parametrize(
    "address", [b"\x41\x03", b"\xcf\x02\x23", b"\xce\xff\x03", b"\x01\x02\x01", b"\x02\x04\x06\x09\x41"], ids=bytes.hex
)
@pytest.mark.parametrize("uncounted", [0, 2])
def test_hdlc(address: bytes, uncounted: int) -> None:
    """One frame with addresses of one, two and four bytes. Some senders leave the FCS out of the length."""
    frame = made.hdlc(made.push(), address=address, uncounted=uncounted)
    found = frames.hdlc(b"xx" + frame + b"yy", 2)

    assert (found.apdu, found.frames, found.end) == (made.push(), 1, 2 + len(frame))


@pytest.mark.parametrize("join", [b"".join, made.shared_flags, b"~~".join], ids=["two flags", "one flag", "four flags"])
@pytest.mark.parametrize("size", [10, 60, 1000])
def test_hdlc_segments(join, size: int) -> None:
    """A message in segments is joined. LLC stands only before the first."""
    parts = made.segments(MESSAGE, size)
    found = frames.hdlc(join(parts), 0)

    assert (found.apdu, found.frames) == (MESSAGE, len(parts))


@pytest.mark.parametrize("join", [b"".join, made.shared_flags], ids=["two flags", "one flag"])
def test_blocks_in_hdlc(join) -> None:
    """Blocks of general-block-transfer, one in each frame, are joined, too."""
    parts = [made.hdlc(block, llc=not number) for number, block in enumerate(made.blocks(MESSAGE))]
    found = frames.hdlc(join(parts), 0)

    assert (found.apdu, found.blocks, found.frames) == (MESSAGE, len(parts), len(parts))
    assert frames.joined(b"".join(made.blocks(MESSAGE))) == MESSAGE


def test_mbus() -> None:
    """One frame, two, and one of 257 bytes whose length runs over."""
    for message, size, count in ((MESSAGE, 1000, 1), (MESSAGE, 245, 2), (MESSAGE[:252], 252, 1), (MESSAGE, 20, 14)):
        data = b"".join(made.mbus_message(message, size))
        found = frames.mbus(data, 0)

        assert (found.apdu, found.frames, found.end) == (message, count, len(data)), (size, count)
    assert made.mbus_message(MESSAGE[:252], 252)[0].startswith(b"\x68\x01\x01\x68")


def test_mbus_with_records() -> None:
    """A frame of a meter bus is none of DLMS, but it is a whole frame."""
    found = frames.mbus(made.mbus(b"12345678", 0x72, 0x08), 0)

    assert (found.apdu, found.note) == (b"", "CI 72")


@pytest.mark.parametrize(
    ("measured", "data"),
    [
        (frames.hdlc, b"".join(made.segments(MESSAGE))),
        (frames.hdlc, b"".join(made.hdlc(block) for block in made.blocks(MESSAGE))),
        (frames.mbus, b"".join(made.mbus_message(MESSAGE))),
        (frames.blocks, b"".join(made.blocks(MESSAGE))),
    ],
    ids=["segments", "blocks", "mbus", "blocks without frames"],
)
def test_waits_for_every_byte(measured, data: bytes) -> None:
    """As long as bytes are missing, more are waited for, and nothing is raised."""
    assert {measured(data[:cut], 0) for cut in range(1, len(data))} == {None}
    assert measured(data, 0).apdu == MESSAGE


@pytest.mark.parametrize(
    ("measured", "frame"), [(frames.hdlc, made.hdlc(MESSAGE)), (frames.mbus, made.mbus(MESSAGE[:200]))], ids=["hdlc", "mbus"]
)
def test_damage(measured, frame: bytes) -> None:
    """One bit behind the head is a damaged frame. One bit in the head is no frame at all, because nothing else shows that it is one."""
    with pytest.raises(DamagedFrameError) as caught:
        measured(spoilt(frame, 30) + bytes(300), 0)

    assert caught.value.end == len(frame)
    assert measured(spoilt(frame, 0), 0) == measured(spoilt(frame, 1), 0) == "nothing"


@pytest.mark.parametrize(
    ("measured", "data"),
    [
        (frames.hdlc, made.segments(MESSAGE)[0] + b"no frame is here"),
        (frames.hdlc, made.hdlc(made.blocks(MESSAGE)[0]) + made.hdlc(made.blocks(MESSAGE)[2])),
        (frames.hdlc, made.hdlc(made.blocks(MESSAGE)[1])),
        (frames.hdlc, made.hdlc(made.blocks(MESSAGE)[0]) + made.hdlc(made.push())),
        (frames.hdlc, made.hdlc(b"\xe0\x40\0\1\0\0\x85")),
        (frames.mbus, made.mbus_message(MESSAGE)[1]),
        (frames.mbus, made.mbus_message(MESSAGE)[0] * 2),
        (frames.mbus, made.mbus_message(MESSAGE)[0] + b"no frame is here"),
    ],
    ids=["segment", "block left out", "begins with block 2", "block then push", "bad length", "begins with 1", "0 twice", "stops"],
)
def test_messages_that_are_not_whole(measured, data: bytes) -> None:
    """Frames that are right but make no message are told from damaged ones, and the end of the last good one is known."""
    with pytest.raises(BrokenMessageError) as caught:
        measured(data, 0)

    assert 0 < caught.value.end <= len(data)


def test_noise_is_nothing() -> None:
    """In a million random places there is no frame."""
    import random

    noise = random.Random(1).randbytes(1_000_000).replace(b"~", b"~\xa0").replace(b"h", b"h\x20\x20h")
    found = []
    for at in (at for at, octet in enumerate(noise) if octet in b"~h"):
        try:
            found.append((frames.hdlc if noise[at] == 0x7E else frames.mbus)(noise[at : at + 600], 0))
        except DamagedFrameError as error:
            found.append(error)

    assert len(found) > 5000
    assert [one for one in found if one != "nothing" and one is not None and not isinstance(one, DamagedFrameError)] == []


def test_message_of_too_many_segments() -> None:
    """Segments that never end are given up after 64, and the search goes on behind them."""
    segment = made.hdlc(bytes(8), segmented=True)

    with pytest.raises(frames.BrokenMessageError, match="a message has more than 64 frames or blocks") as caught:
        frames.hdlc(segment * 100, 0)

    assert caught.value.end == 65 * len(segment)


def test_message_of_too_many_blocks() -> None:
    """The same for blocks without frames."""
    blocks = b"".join(made.blocks(made.push() + bytes(700), size=10)[:-1])

    with pytest.raises(frames.BrokenMessageError, match="a message has more than 64 frames or blocks"):
        frames.blocks(blocks, 0)
