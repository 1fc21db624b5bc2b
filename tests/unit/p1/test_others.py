"""p1.others, p1.lineends: what is seldom on a line is measured, counted once, and named; changed line ends are put back."""

import pytest

import dlmsframes as made
import p1telegrams as p1
from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import Cause, RecordError, TelegramError, WrongKeyError
from telegraf_han.p1 import envelope, lineends, others
from telegraf_han.p1.framer import PAUSE_NS, Framer
from telegraf_han.telegram import Event, Fault, Frame, Remark

NOW_NS = 1_795_348_800_000_000_000
EK, AK, OTHER = Key(p1.EK), Key(p1.AK), Key(b"\x77" * 16)
PUSH = made.sealed(made.push())
TEXT = made.sealed(p1.plain())
LONG = made.sealed(made.push() + bytes(300))
GOOD = p1.stoen()

STREAMS = {
    # what arrives, and how many frames it is
    "hdlc": (made.hdlc(PUSH) * 3, 3),
    "hdlc plain": (made.hdlc(made.push()) * 3, 3),
    "hdlc one flag": (made.shared_flags([made.hdlc(PUSH)] * 3), 3),
    "hdlc length without FCS": (made.hdlc(PUSH, uncounted=2) * 3, 3),
    "hdlc segments": (b"".join(made.segments(LONG)) * 2, 2),
    "hdlc blocks": (b"".join(map(made.hdlc, made.blocks(LONG))) * 2, 2),
    "blocks without frames": (b"".join(made.blocks(LONG)) * 2, 2),
    "plain blocks without frames": (b"".join(made.blocks(made.push() + bytes(300))) * 2, 2),
    "mbus": (made.mbus(PUSH) * 3, 3),
    "mbus segments": (b"".join(made.mbus_message(LONG)) * 2, 2),
    "mbus run over": (made.mbus(made.sealed((made.push() + bytes(252))[: 252 - len(made.sealed(b""))])) * 2, 2),
    "meter bus": (made.mbus(b"12345678", 0x72, 0x08) * 2, 2),
    "sml": (made.sml() * 2, 2),
    "push behind ident": (p1.footed(p1.IDENT + made.push()) * 2, 2),
    "body behind ident": (p1.footed(p1.IDENT + made.VALUES) * 2, 2),
    "body behind ident without CRC": ((p1.IDENT + made.push() + b"!\r\n") * 2, 2),
    "hdlc behind ident": (p1.footed(p1.IDENT + made.hdlc(PUSH)) * 2, 2),
    "mbus behind ident": (p1.footed(p1.IDENT + made.mbus(PUSH)) * 2, 2),
    "ded behind ident": (p1.footed(p1.IDENT + b"\xdc" + PUSH[1:]) * 2, 2),
    "blocks behind ident": (p1.footed(p1.IDENT + b"".join(made.blocks(LONG))) * 2, 2),
}


def events(*pieces: bytes) -> list[Event]:
    """All events of these pieces."""
    framer = Framer()
    found = framer.start(NOW_NS)
    for piece in pieces:
        found += framer.feed(piece, NOW_NS)
    return found + framer.finish(NOW_NS)


def frames(found: list[Event]) -> list[Frame]:
    return [event for event in found if isinstance(event, Frame)]


def faults(found: list[Event]) -> list[Fault]:
    return [event for event in found if isinstance(event, Fault)]


def refused(data: bytes, ek: Key | None = EK, *, checked: bool = True) -> TelegramError:
    """The error for a frame."""
    with pytest.raises(TelegramError) as caught:
        envelope.opened(envelope.envelope(data), ek, None, "preferred", checked=checked)
    return caught.value


@pytest.mark.parametrize("name", STREAMS)
def test_counted_once_each(name: str) -> None:
    """However the bytes arrive, each message is one frame, and nothing is noise or a fault. The same bytes are found next to P1 telegrams."""
    data, count = STREAMS[name]
    whole = events(data)

    assert (len(frames(whole)), len(whole)) == (count, count)
    assert events(*[data[at : at + 1] for at in range(len(data))]) == whole
    assert [frame.data for frame in frames(events(GOOD + data + GOOD))] == [GOOD[:-6], *(frame.data for frame in frames(whole)), GOOD[:-6]]
    assert all(frame.checked for frame in frames(whole)) is not name.endswith(("without CRC", "without frames"))


@pytest.mark.parametrize("name", STREAMS)
def test_named_and_no_key_blamed(name: str) -> None:
    """Each is named. With the right key, with none and with no need of one, neither the key nor the line is blamed."""
    for frame in frames(events(STREAMS[name][0])):
        error = refused(frame.data)

        assert isinstance(error, RecordError)
        assert "which this program does not read" in str(error)
        assert "noise" not in str(error)


@pytest.mark.parametrize("data", [made.hdlc(PUSH), made.mbus(PUSH), b"".join(made.segments(LONG))], ids=["hdlc", "mbus", "segments"])
def test_right_key_is_said_to_be_right(data: bytes) -> None:
    """A push in a ciphered block proves the key. A wrong one and a missing one are still told, with the name of the frame."""
    assert "a data-notification (DLMS push)" in str(refused(data))
    assert "encryption_key is right" in str(refused(data))
    for key, words in (
        (OTHER, "encryption_key does not open the telegram, which arrived without line errors"),
        (None, "no encryption_key"),
    ):
        error = refused(data, key)
        assert isinstance(error, WrongKeyError)
        assert words in str(error)
        assert "general-glo-ciphering" in str(error)


def test_blocks_without_frames() -> None:
    """The ciphered message in the blocks is found. The first block alone is not taken for it, so the right key is not called wrong."""
    data = b"".join(made.blocks(LONG))

    assert "blocks of a general-block-transfer" in str(refused(data))
    assert "encryption_key is right" in str(refused(data))
    assert isinstance(refused(data, OTHER), WrongKeyError)
    assert [event.detail for event in faults(events(b"".join(made.blocks(LONG)[::2])))] == [
        "blocks of a general-block-transfer are missing or contradict each other"
    ]


@pytest.mark.parametrize("tag", [False, True], ids=["no tag", "tag"])
@pytest.mark.parametrize(
    "plaintext",
    [made.push(), made.VALUES, made.push() + bytes(200), b"".join(made.blocks(made.push(), 12)), made.sealed(b"x" * 40)],
    ids=["push", "body", "padded", "blocks", "sealed again"],
)
def test_push_where_text_was_expected(plaintext: bytes, tag: bool) -> None:
    """The meter's own envelope holds a push. The key is right, with an authentication key or without."""
    error = refused(p1.stoen(plaintext, control=0x30 if tag else 0x20)[:-6])

    assert isinstance(error, RecordError)
    assert "encryption_key is right, so do not change it" in str(error)


@pytest.mark.parametrize("wrap", [made.hdlc, made.mbus, lambda data: b"".join(made.segments(data))], ids=["hdlc", "mbus", "segments"])
@pytest.mark.parametrize("content", [TEXT, made.sealed(p1.LINES)], ids=["telegram", "lines"])
def test_text_in_frames_is_read(wrap, content: bytes) -> None:
    """P1 text is read, whatever is around it."""
    (frame,) = frames(events(wrap(content) if wrap is not made.mbus else b"".join(made.mbus_message(content))))
    plain = envelope.opened(envelope.envelope(frame.data), EK, None, "preferred")

    assert plain.body == p1.LINES


def test_plain_text_in_frames_needs_no_key() -> None:
    """Text without encryption in a frame is text without encryption."""
    plain = envelope.opened(envelope.envelope(made.hdlc(p1.plain())), None, None, "preferred")

    assert plain.body == p1.LINES
    assert "not encrypted" in str(refused(made.hdlc(p1.plain())))


def test_line_errors_are_told_only_of_what_was_checked() -> None:
    """Without a checksum nobody knows whether the telegram is whole."""
    block = p1.luxembourg()

    assert "without line errors" in str(refused(block, OTHER, checked=True))
    assert "without line errors" not in str(refused(block, OTHER, checked=False))
    assert "noise on the line may be to blame" in str(refused(block, OTHER, checked=False))


@pytest.mark.parametrize("name", ["hdlc", "hdlc segments", "mbus", "mbus segments"])
def test_damage_is_noise_on_the_line(name: str) -> None:
    """One damaged frame costs one message, is told as what it is, and the next one arrives."""
    one = STREAMS[name][0][: len(STREAMS[name][0]) // STREAMS[name][1]]
    damaged = one[:30] + bytes([one[30] ^ 1]) + one[31:]
    found = events(one + damaged + one)

    assert [frame.data for frame in frames(found)].count(one) == 2
    assert faults(found)[0].cause == Cause.CHECKSUM
    assert "frame" in faults(found)[0].detail


def test_part_of_a_message() -> None:
    """A message whose other frames do not come is given up after a pause, by name."""
    framer = Framer()
    framer.feed(made.segments(LONG)[0], NOW_NS)
    (found,) = framer.idle(NOW_NS + PAUSE_NS)

    assert isinstance(found, Fault)
    assert found.detail.startswith("an HDLC frame that is damaged or cut off")


def test_noise_says_what_it_is() -> None:
    """Bytes without any telegram are named if they can be: what a reader says at an optical port, or hex text."""
    readout = b"\x02F.F(00)\r\n1.8.0(000001.000*kWh)\r\n!\r\n\x03\x55"

    assert "a readout of an optical port" in faults(events(readout * 20))[-1].detail
    assert "hex text of an HDLC frame" in faults(events(made.hdlc(PUSH).hex().encode() + b"\n"))[-1].detail


@pytest.mark.parametrize("ident", [b"/HLY5/D545-METER", b"/ABC5/a/b/c", b"/ABC5//x", b"/ABC5/DEF5XYZ", b"/A/BCD5"], ids=repr)
@pytest.mark.parametrize("make", [p1.plain, p1.stoen], ids=["plain", "block"])
@pytest.mark.parametrize("around", [b"", b"\x01noise ", b"rest of a line)\r\n"], ids=repr)
def test_slashes_in_an_ident(ident: bytes, make, around: bytes) -> None:
    """A slash inside an ident line splits nothing, however many there are."""
    data = make(ident=ident + b"\r\n\r\n")
    found = events(around + data, data[:20], data[20:])

    assert [frame.data for frame in frames(found)] == [data[:-6]] * 2
    assert envelope.envelope(data[:-6]).ident == ident[1:].decode()


def test_damaged_ident_with_slashes() -> None:
    """A damaged telegram with such an ident line is one fault."""
    data = p1.plain(ident=b"/HLY5/D545-METER\r\n\r\n")
    found = events(data + data.replace(b"12345", b"12346") + data)

    assert len(frames(found)) == 2
    assert [fault.cause for fault in faults(found)] == [Cause.CHECKSUM]


def test_ident_cut_by_the_next() -> None:
    """Half an ident line before a telegram does not become part of its ident."""
    data = p1.IDENT + p1.LINES + b"!\r\n"

    assert [frame.data for frame in frames(events(b"/EGM5G3" + data))] == [data[:-2]]
    assert [frame.data for frame in frames(events(b"/EGM5G3" + p1.plain()))] == [p1.plain()[:-6]]


ENDS = {
    "LF": lambda data: data.replace(b"\r\n", b"\n"),
    "CR": lambda data: data.replace(b"\r\n", b"\r"),
    "LF LF": lambda data: data.replace(b"\r\n", b"\n\n"),
    "CR CR": lambda data: data.replace(b"\r\n", b"\r\r"),
    "CR CR LF": lambda data: data.replace(b"\r\n", b"\r\r\n"),
    "doubled": lambda data: data.replace(b"\r\n", b"\r\n\r\n"),
    "no empty line": lambda data: data.replace(b"\r\n\r\n", b"\r\n"),
    "blanks at the ends": lambda data: data.replace(b"\r\n", b"  \r\n"),
    "mixed": lambda data: data.replace(b"\r\n", b"\n", 4),
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("make", [p1.plain, lambda: p1.footed(p1.IDENT + p1.LINES)], ids=["ARC", "X-25"])
def test_changed_line_ends(name: str, make) -> None:
    """Plain telegrams are read with the line ends that the meter sent, because the CRC proves them. That is said once."""
    data = ENDS[name](make())
    for pieces in ([data * 3], [data * 3][0:0] + [data[at : at + 1] for at in range(len(data))] * 3):
        found = events(*pieces)

        assert frames(found) == [Frame("p1", make()[:-6], NOW_NS, checked=True)] * 3
        assert [event for event in found if not isinstance(event, Frame)] == [Remark(lineends.CHANGED)]


def test_line_ends_that_were_made_of_lf() -> None:
    """A meter that ends its lines with LF, and an editor that put CR before each."""
    lines = p1.plain(p1.LINES.replace(b"\r", b""), b"/EGM5G35\n\n").replace(b"\r", b"")
    found = events(lines.replace(b"\n", b"\r\n"))

    assert [frame.data for frame in frames(found)] == [lines[:-5]]


@pytest.mark.parametrize("name", ["LF", "CR", "LF LF", "CR CR LF", "doubled"])
def test_changed_line_ends_around_a_block(name: str) -> None:
    """If only the line ends of the ident line were changed, the CRC proves the ciphertext, and the telegram is read."""
    whole = next(one for one in (p1.stoen(counter=number) for number in range(99)) if one.count(b"\r\n") == 3 and one.count(b"\n") == 3)
    found = events(ENDS[name](whole) * 2)

    assert [frame.data for frame in frames(found)] == [whole[:-6]] * 2
    assert Remark(lineends.CHANGED) in found


def test_cr_put_into_a_block() -> None:
    """A CR that was put before each LF of the ciphertext is taken out, because the CRC proves it."""
    whole = next(one for one in (p1.stoen(counter=number) for number in range(99)) if one.count(b"\n") == 5)
    found = events(whole.replace(b"\n", b"\r\n") + GOOD.replace(b"\n", b"\r\n"))

    assert frames(found)[0].data == whole[:-6]


@pytest.mark.parametrize("change", [lambda d: d.replace(b"\r", b""), lambda d: d.replace(b"\r", b"\n")], ids=["CR left out", "CR made LF"])
def test_ciphertext_without_cr(change) -> None:
    """A ciphertext that lost its CRs cannot be read. Its line ends are to blame, and not noise on the line or a key."""
    whole = next(one for one in (p1.stoen(counter=number) for number in range(99)) if one.count(b"\r") >= 5)
    found = events(change(whole) * 3)

    assert frames(found) == []
    assert all("line ends were changed" in fault.detail and "raw mode" in fault.detail for fault in faults(found)[:2])


def test_damage_is_no_change_of_line_ends() -> None:
    """Of all telegrams with one byte damaged, none passes because its line ends could be others."""
    data = p1.plain()
    for at in range(20, len(data) - 6):
        assert frames(events(data[:at] + bytes([data[at] ^ 2]) + data[at + 1 :])) == [] or data[at : at + 1] in b"\r\n", at


@pytest.mark.parametrize(
    "habit",
    [b"\0", b"\0\0\0\r\n", b"\r\n\r\n", b"   ", b"\t", b"\x11", b"\x13\x11", b"\xff", b"\xff\xff\xff\r\n", b"\0\xff\0", b"\r\n\xff\0 \x11"],
    ids=repr,
)
@pytest.mark.parametrize("make", [p1.plain, p1.stoen, lambda: p1.IDENT + p1.LINES + b"!\r\n"], ids=["plain", "block", "no CRC"])
def test_habits_behind_a_footer(habit: bytes, make) -> None:
    """What a meter or a converter sends behind a footer is no fault and no noise, however it arrives."""
    data = (make() + habit) * 3

    assert len(frames(events(data))) == 3
    assert faults(events(data)) == faults(events(*[data[at : at + 1] for at in range(len(data))])) == []


@pytest.mark.parametrize("pieces", [1, 700], ids=["whole", "byte by byte"])
def test_many_fillers_are_noise(pieces: int) -> None:
    """A line that sends nothing but FF behind a telegram is noisy, however it arrives."""
    data = GOOD + b"\xff" * 5000

    found = events(*[data[at : at + len(data) // pieces] for at in range(0, len(data), len(data) // pieces)])
    assert [fault.cause for fault in faults(found)] == [Cause.FRAMING] * len(faults(found))
    assert sum(fault.size for fault in faults(found)) > 4900


@pytest.mark.parametrize("piece", [1, 4096])
def test_marks_without_end(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile bytes behind an ident line have an end of a message at each second byte. Few of them are looked at, however the bytes come."""
    looked_at: list[bytes] = []
    monkeypatch.setattr(others.recognised, "known", lambda message: looked_at.append(message) or "")
    others._is_known.cache_clear()
    data = p1.IDENT + b"\x0f\0\0\0\1\0\x02\x82\x10\0" + b"!\r" * 500

    found = events(*[data[at : at + piece] for at in range(0, len(data), piece)])

    assert 0 < len(looked_at) <= 32
    assert [fault.cause for fault in faults(found)] == [Cause.FRAMING]
    assert frames(found) == []
