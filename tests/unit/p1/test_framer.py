"""p1.framer: bytes into telegrams, whatever the line does to them."""

from collections.abc import Iterator

import pytest

import p1telegrams as p1
from telegraf_han.errors import Cause
from telegraf_han.p1.extents import TELEGRAM_LIMIT
from telegraf_han.p1.framer import NOISE_REPORTED, PAUSE_NS, Framer
from telegraf_han.telegram import Event, Fault, Frame

NOW_NS = 1_795_348_800_000_000_000

VECTORS = {
    name: p1.captured(name)
    for name in (
        "p1-gama150-stoen",
        "p1-gama350-stoen",
        "p1-ma110m-stoen",
        "p1-ma309m-stoen",
        "p1-ma309m-plain",
        "p1-ma309m-plain-lf-only",
        "p1-ma309m-plain-no-crc",
        "p1-dsmr-companion-5",
        "p1-luxembourg-0xdb",
    )
}
UNCHECKED = ("p1-ma309m-plain-no-crc", "p1-ma309m-plain-lf-only", "p1-luxembourg-0xdb")
CHECKED = [name for name in VECTORS if name not in UNCHECKED]
"""Telegrams with a CRC outside the ciphertext."""
BARE = "p1-luxembourg-0xdb"
"""Only the length of a bare block says where it ends, and only a pause shows that the next one is another."""
GOOD = p1.stoen(ident=b"/EGM5G15\r\n\r\n")


def events(*pieces: bytes, end: str = "finish") -> list[Event]:
    """All events of these pieces, fed one after the other."""
    framer = Framer()
    found = framer.start(NOW_NS)
    for piece in pieces:
        found += framer.feed(piece, NOW_NS)
    return found + (framer.finish(NOW_NS) if end == "finish" else [])


def frames(found: list[Event]) -> list[bytes]:
    """The telegrams among events."""
    return [event.data for event in found if isinstance(event, Frame)]


def faults(found: list[Event]) -> list[Cause]:
    """The causes among events."""
    return [event.cause for event in found if isinstance(event, Fault)]


def body(telegram: bytes) -> bytes:
    """The part of a telegram that a frame holds: all up to its "!", or a bare block."""
    return telegram[: telegram.rindex(b"!") + 1] if telegram.startswith(b"/") else telegram


def paused(*pieces: bytes) -> list[Event]:
    """All events of these pieces with a pause behind each."""
    framer = Framer()
    found = framer.start(NOW_NS)
    for number, piece in enumerate(pieces):
        found += framer.feed(piece, NOW_NS + number * 2 * PAUSE_NS)
        found += framer.idle(NOW_NS + (number * 2 + 1) * PAUSE_NS)
    return found


@pytest.mark.parametrize("name", VECTORS)
def test_cut_anywhere(name: str) -> None:
    """A telegram in two pieces is the same frame at every cut. It is also found after half a telegram."""
    data = VECTORS[name]
    whole = [body(data)]
    joined = (lambda *pieces: paused(*pieces)) if name == BARE else (lambda *pieces: events(b"".join(pieces)))
    for cut in range(len(data) + 1):
        assert frames(events(data[:cut], data[cut:])) == whole
        assert frames(joined(data[:cut], data))[-1:] == whole
        assert frames(joined(data[cut:], data))[-1:] == whole


@pytest.mark.parametrize("name", VECTORS)
def test_byte_by_byte(name: str) -> None:
    """No byte but the last makes a frame, and none before makes a fault."""
    data = VECTORS[name]
    framer = Framer()
    found = [framer.feed(data[at : at + 1], NOW_NS + at) for at in range(len(data))]
    at_end = [at for at, events_then in enumerate(found) if events_then]

    assert len(at_end) == 1
    (frame,) = found[at_end[0]]
    assert frame == Frame("p1", body(data), NOW_NS + at_end[0], checked=name in CHECKED)
    assert data[at_end[0] + 1 :].strip(b"\r\n") == b""


def damages(data: bytes) -> Iterator[tuple[bytes, str]]:
    """A telegram in which each byte in turn is changed, by one bit and to bytes that mean something; and what was done."""
    for at in range(len(data)):
        turn = at % 3
        for octet in {data[at] ^ 1 << at % 8, *(b"!/\n", b"\r0\0", b"\x08\xdb\x82")[turn]} - {data[at]}:
            yield data[:at] + bytes([octet]) + data[at + 1 :], f"{octet:02x} at {at}"


def fits_high_byte_first(data: bytes) -> bool:
    """Whether a damaged block fits its footer in the other byte order. This must be accepted, too, and one of 65,536 does."""
    value = p1.x25(body(data)) if data.startswith(b"/") and b"!" in data else 0
    return data[-6:-2].upper() == b"%04X" % value


@pytest.mark.parametrize("name", ["p1-gama350-stoen", "p1-ma309m-stoen", "p1-ma309m-plain"])
def test_damage_costs_one_telegram(name: str) -> None:
    """Whatever byte of a telegram is damaged, and however: its neighbours arrive at once, and it never arrives changed."""
    data = VECTORS[name]
    for damaged, what in damages(data):
        found = events(GOOD + damaged + GOOD, end="no end")
        first, *middle, last = frames(found)

        assert first == last == body(GOOD), what
        assert middle == [body(data)] or (middle == [] and faults(found)) or fits_high_byte_first(damaged), what


@pytest.mark.parametrize("name", UNCHECKED)
def test_damage_without_crc_costs_one_telegram(name: str) -> None:
    """Without a CRC a damaged telegram may arrive, but its neighbours do, too.

    A bare block's neighbours arrive when the line pauses, as it does.
    """
    data = VECTORS[name]
    for damaged, what in damages(data):
        pieces = (data, damaged, data)
        told = frames(paused(*pieces) if name == BARE else events(b"".join(pieces), end="no end"))

        assert told[0] == told[-1] == body(data), what
        assert len(told) in (2, 3), what


def test_long_damage_of_a_bare_block() -> None:
    """In a capture without pauses a bare block whose length is far too great ends where its title comes again."""
    data = VECTORS[BARE]
    damaged = data[:11] + b"\x10" + data[12:]
    found = events(data + damaged + data + data, end="no end")

    assert frames(found) == [data] * 3
    assert faults(found) == [Cause.FRAMING]


@pytest.mark.parametrize("size", [2, 5, 9, 12, 13, 17, 100, -9])
@pytest.mark.parametrize(
    "next_one",
    [p1.stoen(), p1.plain(), p1.plain(p1.LINES.replace(b"\r", b""), b"/EGM5G35\n\n"), p1.luxembourg(title=b"ELG\1\2\3\4\5")],
    ids=["block", "text", "LF only", "bare"],
)
def test_cut_bare_block_costs_no_other_telegram(next_one: bytes, size: int) -> None:
    """A bare block that stops anywhere ends where any other telegram opens, whatever its length says."""
    cut = p1.luxembourg()[:size]

    assert body(next_one) in frames(events(cut + next_one + GOOD, end="no end"))


@pytest.mark.parametrize(
    "next_one",
    [p1.stoen(), p1.plain(), p1.luxembourg(title=b"ELG\1\2\3\4\5"), p1.luxembourg()],
    ids=["block", "text", "other title", "same title"],
)
def test_opening_across_the_end_of_a_bare_block(next_one: bytes) -> None:
    """The length of a cut bare block may reach into the next telegram's head. It does not take that head away."""
    whole = p1.luxembourg()
    for lacking in range(1, 20):
        pieces = (whole, whole[:-lacking], next_one, GOOD)
        assert body(next_one) in frames(events(b"".join(pieces), end="no end")), lacking
        assert body(next_one) in frames(events(*pieces, end="no end")), lacking


def test_tag_that_looks_like_an_opening() -> None:
    """A bare block may end like the beginning of a telegram. It is still a telegram, and nothing is reported about its end."""
    whole = p1.luxembourg()
    for tail in (b"/", b"\xdb", b"\xdb\x08", b"/ABC5"):
        odd = whole[: -len(tail)] + tail
        found = events(odd + odd + GOOD + odd)

        assert frames(found) == [odd, odd, body(GOOD), odd], tail
        assert faults(found) == [], tail
        assert [frames([event]) for event in paused(odd, odd)] == [[odd], [odd]], tail


@pytest.mark.parametrize("name", ["p1-gama350-stoen", "p1-ma309m-plain", "p1-ma309m-plain-no-crc"])
def test_loss_costs_one_telegram(name: str) -> None:
    """Bytes lost in the middle, as at a full buffer of a serial port, cost no neighbour."""
    data = VECTORS[name]
    for begin in range(0, len(data), 7):
        for size in (1, 2, 64, 300):
            told = frames(events(data + data[:begin] + data[begin + size :] + data, end="no end"))
            assert (told[0], told[-1]) == (body(data), body(data)), (begin, size)


def test_ident_line_right_before_its_block() -> None:
    """A telegram behind a cut one is found even if no empty line follows its ident line."""
    cut, whole = p1.plain()[:70], p1.stoen(ident=b"/EGM5G35\r\n")

    assert frames(events(cut + whole)) == [body(whole)]


@pytest.mark.parametrize("name", CHECKED)
def test_marks_inside_do_not_matter(name: str) -> None:
    """Noise of nothing but marks before and behind a telegram costs nothing."""
    data = VECTORS[name]

    assert frames(events(b"!/\xdb\r\n!0000\r\n/!" + data + b"\xdb!/\r\n" + data)) == [body(data)] * 2


def test_ident_behind_ident() -> None:
    """An ident line in place of text opens another telegram, however its end arrives."""
    data = p1.IDENT + p1.IDENT + b"!\r\n"

    assert frames(events(data)) == frames(events(*[data[at : at + 1] for at in range(len(data))])) == []


@pytest.mark.parametrize("mark", [b"!", b"/", b"\xdb", b"!FE0C\r\n", b"/EGM5G35\r\n", b"\xdb\x08HAN00001\x82\x02\x00\x30"], ids=repr)
def test_marks_inside_the_ciphertext(mark: bytes) -> None:
    """A block is measured by its length. Bytes inside that look like an end or a beginning are content."""
    telegram = p1.footed(p1.IDENT + p1.sealed(b"x" * 200)[:100] + mark + p1.sealed(b"x" * 200)[100 + len(mark) :])

    assert frames(events(telegram)) == [body(telegram)]
    assert frames(events(*[telegram[at : at + 1] for at in range(len(telegram))])) == [body(telegram)]


@pytest.mark.parametrize(
    ("length", "cause"),
    [
        (b"\x84\x7f\xff\xff\xff", Cause.FRAMING),
        (b"\x84\xff\xff\xff\xff", Cause.FRAMING),
        (b"\x85\x00\x00\x00\x00\x10", Cause.FRAMING),
        (b"\x80", Cause.FRAMING),
        (b"\xff", Cause.FRAMING),
        (b"\x00", Cause.FRAMING),
        (b"\x05", Cause.FRAMING),
        (b"\x11", Cause.FRAMING),
        (b"\x82\x00\x00", Cause.FRAMING),
        (b"\x82\x20\x00", Cause.FRAMING),
        (b"\x82\x1f\x00", Cause.FRAMING),
    ],
    ids=["2 GiB", "4 GiB", "85", "indefinite", "FF", "0", "head only", "no content", "long 0", "over the limit", "under the limit"],
)
def test_absurd_lengths(length: bytes, cause: Cause) -> None:
    """An impossible length is given up at once, or when the next telegram begins. That next telegram arrives."""
    absurd = p1.IDENT + b"\0" + length + p1.sealed(b"y" * 300)[4:] + b"!0000\r\n"
    found = events(absurd + GOOD, end="no end")

    assert frames(found) == [body(GOOD)]
    assert faults(found) == [cause]


@pytest.mark.parametrize(
    ("length", "form"),
    [(b"\x11", "short"), (b"\x81\x90", "81"), (b"\x82\x02\x24", "82"), (b"\x83\x00\x02\x24", "83"), (b"\x84\x00\x00\x02\x24", "84")],
)
def test_every_form_of_length(length: bytes, form: str) -> None:
    """A BER length of one to five bytes measures the block."""
    size = int.from_bytes(length[1:], "big") or 0x12
    head = b"\x12" if form == "short" else length
    telegram = p1.footed(p1.IDENT + b"\0" + head + b"\x30" + bytes(size - 1))

    assert frames(events(telegram)) == [body(telegram)]


@pytest.mark.parametrize(
    "footer",
    ["{:04X}", "{:04x}", "{:X}", "{:x}", "{:04X}\0", "{:X}\0\0"],
    ids=["padded", "lower case", "unpadded", "unpadded lower case", "NUL before line end", "unpadded and NUL"],
)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
def test_footers_of_plain_telegrams(footer: str, line_end: bytes) -> None:
    """ARC is accepted as meters print it; several CRCs, so that short ones are among them."""
    for number in range(0, 9000, 37):
        text = p1.IDENT + b"1-0:1.8.0(%06d.000*kWh)\r\n!" % number
        telegram = text.replace(b"\r\n", line_end)
        data = telegram + footer.format(p1.arc(telegram)).encode() + line_end
        assert frames(events(data + data)) == [telegram, telegram], number


def test_footer_missing() -> None:
    """DSMR 2.2 has a bare "!", at the end of a capture even without line end."""
    telegram = p1.IDENT + p1.LINES + b"!"

    assert frames(events(telegram + b"\r\n" + telegram + b"\n" + telegram)) == [telegram] * 3


@pytest.mark.parametrize(
    "telegram",
    [
        p1.plain()[:-6] + b"0000\r\n",
        p1.plain()[:-6] + b"1\r\n",
        p1.stoen()[:-6] + b"0000\r\n",
        p1.plain().replace(b"012345.035", b"012345.036"),
        p1.stoen()[:-6] + b"\r\n",
    ],
    ids=["plain", "plain unpadded", "block", "one digit", "block without CRC"],
)
def test_footer_that_does_not_fit(telegram: bytes) -> None:
    """A CRC that does not fit is reported as noise on the line. A block must have a CRC."""
    found = events(GOOD + telegram + GOOD, end="no end")

    assert frames(found) == [body(GOOD)] * 2
    assert faults(found) == [Cause.CHECKSUM]


def test_x25_behind_plain_text() -> None:
    """A meter whose encryption is switched off may keep its own CRC, in either byte order as behind a block."""
    telegram = body(p1.footed(p1.IDENT + p1.LINES))
    value = p1.x25(telegram)
    data = telegram + b"%02X%02X\r\n" % (value & 0xFF, value >> 8) + telegram + b"%04X\r\n" % value

    assert events(data, end="no end") == [Frame("p1", telegram, NOW_NS, checked=True)] * 2


def test_x25_in_either_byte_order() -> None:
    """A ciphered telegram's CRC is also accepted high byte first, in upper or lower case."""
    telegram = body(GOOD)
    value = p1.x25(telegram)

    assert frames(events(telegram + b"%04X\r\n" % value + telegram + b"%04x\r\n" % value)) == [telegram] * 2


def test_dsmr_crc_behind_a_block() -> None:
    """DSMR's own CRC is accepted, too, because the CRC of two of Stoen's four models was not seen yet."""
    telegram = body(GOOD)

    assert frames(events(telegram + b"%04X\r\n" % p1.arc(telegram) + GOOD)) == [telegram] * 2


@pytest.mark.parametrize("line_ends", [b"\r\n", b"\r\n\r\n", b"\n", b"\n\n"], ids=repr)
@pytest.mark.parametrize("made", [p1.plain, p1.stoen], ids=["plain", "block"])
def test_line_ends_behind_the_ident(made, line_ends: bytes) -> None:
    """One line end or two, with CR or without."""
    telegram = made(ident=b"/EGM5G35" + line_ends)

    assert frames(events(telegram)) == [body(telegram)]


@pytest.mark.parametrize(
    "opening",
    [b"/\r\n\r\n", b"/AB\r\n\r\n", b"/" + b"A" * 90 + b"\r\n\r\n", b"/EGM\x805\r\n\r\n", b"/EGM5!35\r\n\r\n", b"/EGM5G35" + b"\r\n" * 5],
    ids=["empty", "too short", "too long", "high byte", "end mark inside", "five line ends"],
)
def test_what_is_no_ident(opening: bytes) -> None:
    """Such a line opens nothing; what follows is noise, the next telegram is not."""
    found = events(GOOD + opening + p1.LINES + b"!\r\n" + GOOD, end="no end")

    assert frames(found)[0] == frames(found)[-1] == body(GOOD)


def test_pause_ends_half_a_telegram() -> None:
    """Before a pause the rest of a half telegram is waited for. After a pause the half is given up, and what comes then is whole."""
    framer = Framer()
    framer.feed(GOOD + GOOD[:-100], NOW_NS)

    assert framer.idle(NOW_NS + PAUSE_NS - 1) == []
    assert faults(framer.idle(NOW_NS + PAUSE_NS)) == [Cause.FRAMING]
    assert framer.idle(NOW_NS + 2 * PAUSE_NS) == []
    assert frames(framer.feed(GOOD, NOW_NS + 3 * PAUSE_NS)) == [body(GOOD)]


def test_telegram_behind_half_a_one_is_found_at_the_pause() -> None:
    """A damaged length that waits for bytes which never come does not hide a telegram already there."""
    framer = Framer()
    half = p1.IDENT + b"\0\x82\x10\x00\x30" + bytes(40)
    assert frames(framer.feed(half + b"\n" + GOOD, NOW_NS)) == []

    found = framer.idle(NOW_NS + PAUSE_NS)

    assert frames(found) == [body(GOOD)]
    assert faults(found) == [Cause.FRAMING]


def test_reopened_port_forgets() -> None:
    """Half a telegram from before the port was lost is not joined with what comes after."""
    framer = Framer()
    framer.feed(GOOD[:-100], NOW_NS)

    assert framer.start(NOW_NS) == []
    assert framer.feed(GOOD[-100:], NOW_NS) == []
    assert frames(framer.feed(GOOD, NOW_NS)) == [body(GOOD)]


@pytest.mark.parametrize("cut", [1, 100, 200])
def test_start_in_the_middle_is_no_fault(cut: int) -> None:
    """The rest of a telegram that began before reading did, live or in a capture, is no fault."""
    assert faults(events(GOOD[-cut:] + GOOD)) == []


def test_noise_between_telegrams_is_told() -> None:
    """Bytes between two telegrams are a fault with their count; line ends are not."""
    found = events(GOOD + b"\r\n\0abc\r\n" + GOOD + b"\r\n\r\n")

    assert [event for event in found if isinstance(event, Fault)] == [Fault(Cause.FRAMING, "3 bytes that belong to no telegram", 3)]


@pytest.mark.parametrize("habit", [b"\3", b"\4", b"\x06\r\n", b"\x1a", b"\xfe\xfe\xfe", b"\x7f\0"], ids=repr)
def test_signs_behind_each_telegram_are_no_noise(habit: bytes) -> None:
    """A meter or a converter ends what it sends with some byte of its own."""
    assert faults(events((GOOD + habit) * 3)) == []
    assert faults(events(GOOD + habit * 40 + GOOD)) == [Cause.FRAMING]


def test_only_noise_is_told() -> None:
    """A line of nothing but noise is reported as often as it comes, and always at the end of a capture."""
    assert faults(events(b"\x55" * (3 * NOISE_REPORTED), end="no end")) == [Cause.FRAMING]
    assert faults(events(*[b"\x55" * NOISE_REPORTED] * 3, end="no end")) == [Cause.FRAMING] * 3
    assert faults(events(b"\x55")) == [Cause.FRAMING]
    assert events(b"") == events(b"\r\n\0") == []


HOSTILE = {
    "nothing but slashes": b"/",
    "ident without end": b"/ABC5" + b"A" * 4000,
    "idents without content": b"/ABC5x\r\n",
    "blocks that announce 8 KiB": p1.IDENT + b"\0\x82\x1f\x00\x30" + b"\x55" * 200,
    "bare blocks that announce 8 KiB": b"\xdb\x08HAN00001\x82\x1f\xe0\x30\xdb\x08",
    "text without end": b"1-0:1.8.0(1*kWh)\r\n",
    "text of idents": b"x/abc\n",
    "footer without end": b"\0",
    "footer of digits": b"\r\n!",
    "openings": b"\xdb\x08",
    "zeros": bytes(100),
}


@pytest.mark.parametrize("chunk_bytes", [1, 4096, 25_000])
@pytest.mark.parametrize("name", HOSTILE)
def test_buffer_is_bounded(name: str, chunk_bytes: int) -> None:
    """Whatever is fed, no more than one telegram's worth is kept."""
    opening = {"text without end": p1.IDENT, "footer without end": p1.IDENT + p1.LINES + b"!"}.get(name, b"")
    total = 2000 if chunk_bytes == 1 else 50_000
    data = opening + (HOSTILE[name] * (total // len(HOSTILE[name]) + 1))[:total]
    framer = Framer()
    for at in range(0, len(data), chunk_bytes):
        framer.feed(data[at : at + chunk_bytes], NOW_NS)
        assert len(framer._buffer) <= TELEGRAM_LIMIT + 16
    framer.finish(NOW_NS)
    assert len(framer._buffer) == 0


def test_faults_tell_no_content() -> None:
    """A fault counts bytes and never quotes them."""
    secret = b"PRIVATE-MESSAGE-OF-SOMEBODY"
    found = events(p1.IDENT + b"0-0:96.13.0(" + secret + b")\x01\r\n!\r\n" + GOOD + secret + GOOD)

    details = [event.detail for event in found if isinstance(event, Fault)]
    assert len(details) == 2
    assert not any("PRIV" in detail for detail in details)


def test_words_and_size_of_text_without_end() -> None:
    """A text that goes on beyond the longest telegram is told once as what it is, with the bytes that are given up."""
    framer = Framer()

    found = framer.feed(p1.IDENT + b"0-0:96.13.0(3031)\r\n" * 500, 0)

    assert [(fault.detail, fault.size) for fault in found] == [("plain telegram has no end within 8192 bytes", 8192)]


def test_words_of_a_length_that_is_too_large() -> None:
    """A block whose length reaches into the next telegram is told with both sizes."""
    framer = Framer()
    damaged = p1.IDENT + b"\0\x82\x03\0\x30\0\0\0\0" + bytes(50)

    (fault, _) = [*framer.feed(damaged + b"!0000\r\n" + p1.stoen() + p1.stoen(), 0)][:2]

    assert fault.detail == f"telegram announces {len(p1.IDENT) + 4 + 0x300} bytes, but the next one begins after {len(damaged)}"
