"""P1 under any bytes: a stream never raises, a telegram raises one type, and no number is ever a wrong one."""

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import p1telegrams as p1
from telegraf_han import obis
from telegraf_han.ciphers import crc
from telegraf_han.ciphers.secret import Key
from telegraf_han.clock import Zone
from telegraf_han.config.sections import Config, MeterConfig, Output
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import Cause, RecordError, TelegramError
from telegraf_han.p1 import envelope, extents, lines, shapes, text
from telegraf_han.p1.capture import Capture
from telegraf_han.p1.extents import TELEGRAM_LIMIT
from telegraf_han.p1.framer import Framer
from telegraf_han.telegram import Event, Fault, Frame

QUICK = settings(max_examples=80)
WARSAW = Zone()

TELEGRAMS = [p1.stoen(), p1.plain(), p1.luxembourg(), p1.footed(p1.IDENT + p1.LINES), p1.IDENT + p1.LINES + b"!\r\n"]
MARKS = [
    b"/",
    b"!",
    b"\xdb",
    b"\xdb\x08",
    b"\r\n",
    b"\n",
    b"\0",
    b"/EGM5G35\r\n\r\n",
    b"\0\x82\x1f\x00\x30",
    b"!FE0C\r\n",
    b"1-0:1.8.0(1*kWh)\r\n",
    b"(",
]

cuts = st.lists(st.integers(0, 3000), max_size=12)
telegrams = st.sampled_from(TELEGRAMS)
parts = st.tuples(telegrams, st.integers(0, 600), st.integers(0, 600)).map(lambda found: found[0][min(found[1:]) : max(found[1:])])
streams = st.lists(st.one_of(telegrams, parts, st.sampled_from(MARKS), st.binary(max_size=40)), max_size=8).map(b"".join)
hex_texts = st.lists(
    st.one_of(
        telegrams.map(lambda data: data.hex().encode()),
        telegrams.map(lambda data: b"0x" + data.hex(":").encode()),
        st.sampled_from([b"\n", b"# comment", b" ", b"0x", b"0", b"no hex\n", b"#" * 5000, b"00 " * 2000]),
        st.text("0123456789abcdefx# \n", max_size=30).map(str.encode),
    ),
    max_size=8,
).map(b"".join)


def pieces(data: bytes, where: list[int]) -> list[bytes]:
    """The data cut at these offsets."""
    ends = sorted({cut % (len(data) + 1) for cut in where} | {len(data)})
    return [data[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def played(receiver: Framer | Capture, chunks: list[bytes]) -> list[Event]:
    """All events. Each has one of the allowed types."""
    events = receiver.start(0)
    for chunk in chunks:
        events += receiver.feed(chunk, 0)
    events += receiver.finish(0)
    assert all(
        isinstance(event, Frame) or (isinstance(event, Fault) and isinstance(event.cause, Cause) and event.size > 0) for event in events
    )
    return events


def frames(events: list[Event]) -> list[bytes]:
    """The telegrams among events."""
    return [event.data for event in events if isinstance(event, Frame)]


@QUICK
@given(streams, cuts)
def test_framer_gives_the_same_frames_in_any_chunks(data: bytes, where: list[int]) -> None:
    """Whatever comes, in whatever pieces, gives only events, and the same telegrams."""
    whole = frames(played(Framer(), [data]))

    assert frames(played(Framer(), pieces(data, where))) == whole
    assert frames(played(Framer(), [data[at : at + 1] for at in range(len(data))])) == whole


@QUICK
@given(streams, streams)
def test_framer_finds_what_follows_noise(before: bytes, after: bytes) -> None:
    """A telegram that stands behind a pause is found, whatever came before, and so is what comes after it."""
    framer = Framer()
    framer.feed(before, 0)
    framer.idle(1 << 62)
    found = framer.feed(p1.stoen() + after, 1 << 62)

    assert frames(found)[:1] == [p1.stoen()[:-6]]


@QUICK
@given(st.lists(st.one_of(streams, hex_texts), max_size=6), cuts)
def test_capture_gives_the_same_frames_in_any_chunks(content: list[bytes], where: list[int]) -> None:
    """A recording, raw or hex or a mixture, is the same in any pieces."""
    data = b"".join(content)
    whole = frames(played(Capture(), [data]))

    assert frames(played(Capture(), pieces(data, where))) == whole
    assert frames(played(Capture(), pieces(data, list(range(0, len(data), 97))))) == whole


@QUICK
@given(st.lists(st.binary(max_size=9000), max_size=6))
def test_buffers_are_bounded(chunks: list[bytes]) -> None:
    """The buffer never grows beyond one telegram."""
    framer = Framer()
    for chunk in chunks:
        framer.feed(p1.IDENT[: len(chunk) % 13] + chunk, 0)
        assert len(framer._buffer) <= TELEGRAM_LIMIT + 16


DECODER = Decoder(
    Config("han.toml", Output(), (MeterConfig("home", "p1", encryption_key=Key(p1.EK), authentication_key=Key(p1.AK), encryption="optional"),), ())
)  # fmt: skip
GENUINE = DECODER.take(Frame("p1", p1.stoen()[:-6], 0))
mutations = st.lists(
    st.tuples(st.integers(0, 2000), st.sampled_from(["flip", "put", "drop", "copy"]), st.integers(0, 255)), min_size=1, max_size=4
)


def mutated(data: bytes, how: list[tuple[int, str, int]]) -> bytes:
    """The data with some bytes changed, lost or doubled."""
    for where, what, octet in how:
        at = where % (len(data) or 1)
        middle = {
            "flip": bytes([data[at] ^ (octet or 1)]) if data else b"",
            "put": bytes([octet]),
            "drop": b"",
            "copy": data[at : at + octet],
        }[what]
        data = data[:at] + middle + data[at + (what in ("flip", "drop")) :]
    return data


@QUICK
@given(st.sampled_from(TELEGRAMS), mutations)
def test_decoder_raises_one_type(telegram: bytes, how: list[tuple[int, str, int]]) -> None:
    """A damaged frame, without a look at its CRC, is a telegram or a TelegramError. What the tag proves is what was sent."""
    data = telegram[: telegram.rindex(b"!") + 1] if telegram.startswith(b"/") else telegram
    try:
        found = DECODER.take(Frame("p1", mutated(data, how), 0))
    except TelegramError:
        return

    assert found is not None
    assert GENUINE is not None
    assert not found.verified or found.values == GENUINE.values
    DECODER.line(found)


@QUICK
@given(mutations)
def test_damaged_lines_under_a_tag(how: list[tuple[int, str, int]]) -> None:
    """Odd lines that a meter really sends, with tag, are a telegram or a RecordError."""
    try:
        found = DECODER.take(Frame("p1", p1.stoen(mutated(p1.LINES, how))[:-6], 0))
    except TelegramError:
        return

    assert found is not None
    assert found.verified
    DECODER.line(found)


@QUICK
@given(st.one_of(st.binary(max_size=300), st.lists(st.sampled_from([*p1.LINES.splitlines(keepends=True), b"(", b")", b"*", b"1", b"\n", b"."]), max_size=30).map(b"".join), mutations.map(lambda how: mutated(p1.LINES, how))))  # fmt: skip
def test_text_of_any_bytes(lines: bytes) -> None:
    """Any bytes are a body or a RecordError. The same bytes again are the same body. A number is finite and of sane size."""
    try:
        found = text.body(lines, "", WARSAW)
    except RecordError:
        return

    assert len(found.values) == len(found.shape.columns)
    assert all(value is None or isinstance(value, str) or abs(value) < 10**30 for value in found.values)
    assert read(lines) == (found.shape.columns, found[1:])


@QUICK
@given(
    st.one_of(
        st.binary(max_size=700),
        st.tuples(st.sampled_from([b"\0", b"\xff", b"\x80", b"\x01"]), st.integers(0, 600)).map(lambda run: run[0] * run[1]),
    )
)
def test_checksums_are_the_norms(data: bytes) -> None:
    """Both fast CRCs give the same as the norm's bit-by-bit definition."""
    assert (crc.arc(data), crc.x25(data)) == (p1.arc(data), p1.x25(data))


def read(lines: bytes) -> object:
    """A body as what it says; shapes are the same where their columns are."""
    try:
        found = text.body(lines, "", WARSAW)
    except RecordError as error:
        return str(error)
    return found.shape.columns, found[1:]


ODD_LINES = [
    *p1.LINES.splitlines(keepends=True),
    b"C.1.8.0(000009.000*kWh)\r\n",
    b"1-0:0.2.8((ER11))\r\n",
    b"0-0:96.13.0(Przerwa\r\n10-12)\r\n",
    b"1-0:1.6.0(260106111500W)(03.291*kW)\r\n",
    b"1-0:1.6.0(03.291*kW)(260106111500W)\r\n",
    b"0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00024.123)\r\n",
    b"0-0:96.14.0(TARIFF 1)\r\n",
    b"0-2:96.1.0(000000000012)\r\n",
    b"1-0:1.8.0(****)\r\n",
    b"0.9.1(22:25:53)\r\n0.9.2(25-10-02)\r\n",
]
edits = st.lists(
    st.tuples(
        st.integers(0, 2000),
        st.sampled_from(["insert", "delete", "replace"]),
        st.sampled_from(
            [b"(", b")", b"*", b"\r", b"\n", b"\r\n", b"C", b"C.", b"x", b"0", b".", b":", b"-", b" ", b"\0", b"((", b"**", b"\xb9"]
        ),
    ),
    max_size=4,
)


def edited(sent: bytes, how: list[tuple[int, str, bytes]]) -> bytes:
    """A text with characters put in, taken out or exchanged."""
    for where, kind, octets in how:
        at = where % (len(sent) + 1)
        sent = sent[:at] + (b"" if kind == "delete" else octets) + sent[at + (kind != "insert") :]
    return sent


@settings(max_examples=600)
@given(st.lists(st.sampled_from(ODD_LINES), min_size=1, max_size=6).map(b"".join), edits)
def test_both_ways_to_read_lines_accept_the_same(sent: bytes, how: list[tuple[int, str, bytes]]) -> None:
    """What is taken at once is taken line by line, and group by group, in the same way and without a flaw.

    So brackets, stars and letters change nothing.
    """
    data = edited(sent, how)
    at_once = lines.at_once(data)
    by_groups: list[str] = []
    triples = [triple for line in lines._joined(data) for triple in lines._of_line(line, by_groups)]
    flaws: list[str] = []
    try:
        one_by_one = lines.found(data, flaws)
    except RecordError:
        assert (at_once, triples) == (None, [])
        return

    assert (list(zip(*one_by_one, strict=True)), flaws) == (triples, by_groups)
    assert at_once is None or (at_once, []) == (one_by_one, flaws)


@settings(max_examples=600)
@given(st.lists(st.sampled_from(ODD_LINES), min_size=1, max_size=6).map(b"".join), edits)
def test_no_letter_makes_another_code(sent: bytes, how: list[tuple[int, str, bytes]]) -> None:
    """Each reading stands in the telegram under its own code, at the beginning of a line or behind a value."""
    data = edited(sent, how)
    try:
        found = text.body(data, "", WARSAW)
    except RecordError:
        return

    codes = set(re.findall(rb"(?:^|[)(\n\r\0 \t])((?:\d+-\d+:)?[0-9CFLP][0-9.*F]*)", data))
    named = {obis.full(code.decode()) for code in codes if code}
    assert {column.obis for column in found.shape.columns if column.obis} <= named


kinds = st.lists(
    st.tuples(
        st.sampled_from(["0-0:96.14.0", "1-0:1.8.0", "1-0:99.1.0", "0-1:96.1.0", "1-0:1.7.0"]),
        st.sampled_from(["5", "ON", "12a", "----", "", "9007199254740993", "0000000000000001", "1.5", "FFFF", "1,5"]),
        st.sampled_from(["", "*kWh", "*furlong", "*~"]),
    ),
    min_size=1,
    max_size=4,
)


@QUICK
@given(st.lists(kinds, min_size=1, max_size=5))
def test_a_field_has_one_type(telegrams_of_values: list[list[tuple[str, str, str]]]) -> None:
    """Whatever comes under a code, and in whatever order, no field is a number once and a text another time."""
    shapes._usual.clear()
    types: dict[str, type] = {}
    for values in telegrams_of_values:
        sent = "".join(f"{code}({value}{unit})\r\n" for code, value, unit in values).encode()
        found = text.body(sent, "", WARSAW)
        for column, value in zip(found.shape.columns, found.values, strict=True):
            if column.field and value is not None:
                kind = str if isinstance(value, str) else float
                assert types.setdefault(column.field, kind) is kind
                assert kind is str or abs(value) <= 2**53


changes = st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(list(b"0123456789?:()*.- \n\xffA"))), max_size=12)


@QUICK
@given(
    st.lists(
        st.tuples(st.sampled_from([p1.LINES, p1.plain(ident=b"")[:-7], b"1-0:99.1.0(12)\r\n1-0:99.2.0(34)\r\n"]), changes),
        min_size=2,
        max_size=6,
    )
)
def test_what_is_remembered_of_a_telegram_changes_nothing(plays: list[tuple[bytes, list[tuple[int, int]]]]) -> None:
    """A telegram with the layout of the last one is read like one that comes for the first time."""
    text._layouts.clear()
    for sent, how in plays:
        data = bytearray(sent)
        for where, octet in how:
            data[where % len(data)] = octet
        quick = read(bytes(data))
        remembered = dict(text._layouts), dict(shapes._usual)
        text._layouts.clear()
        shapes._usual.clear()
        plain = read(bytes(data))
        text._layouts.update(remembered[0])
        shapes._usual.update(remembered[1])

        assert quick == plain


numbers = st.tuples(st.sampled_from(["", "-", "+"]), st.text("0123456789", min_size=1, max_size=9), st.text("0123456789", max_size=9))
UNITS = {"kWh": 3, "Wh": 0, "MWh": 6, "kW": 3, "kvar": 3, "V": 0, "kV": 3, "mA": -3, "Hz": 0, "": 0}


@QUICK
@given(st.lists(st.tuples(numbers, st.sampled_from(list(UNITS))), min_size=1, max_size=30), st.booleans())
def test_numbers_are_exact(values: list[tuple[tuple[str, str, str], str]], odd: bool) -> None:
    """Each number, on the fast way and on the slow one, is the decimal number times its power of ten, rounded once."""
    texts = [f"{sign}{whole}{'.' if decimals else ''}{decimals}" for (sign, whole, decimals), _ in values]
    lines = "".join(
        f"1-0:99.1.{place}({number}{'*' if unit else ''}{unit})\r\n"
        for place, (number, (_, unit)) in enumerate(zip(texts, values, strict=True))
    )
    found = text.body(lines.encode() + (b"odd line\r\n" if odd else b""), "", WARSAW)
    exact = [Decimal(number).scaleb(UNITS[unit]) for number, (_, unit) in zip(texts, values, strict=True)]

    assert found.values == [int(value) if value == int(value) else float(value) for value in exact]
    assert all(isinstance(value, int) == (number == int(number)) for value, number in zip(found.values, exact, strict=True))


@pytest.mark.parametrize("telegram", TELEGRAMS, ids=["Stoen", "plain", "Luxembourg", "plain with X-25", "no CRC"])
def test_the_samples_are_good(telegram: bytes) -> None:
    """The telegram that is damaged above decodes if it is not damaged."""
    (frame,) = [event for event in played(Framer(), [telegram]) if isinstance(event, Frame)]
    found = DECODER.take(frame)

    assert found is not None
    assert GENUINE is not None
    assert found.values == GENUINE.values


def outcome(data: bytes) -> object:
    """What taking a frame apart gives."""
    try:
        return envelope.envelope(data)
    except TelegramError as error:
        return type(error), str(error)


def found_at(buffer: bytes) -> object:
    """What is found at the beginning of these bytes, as far as it is a telegram."""
    found = extents.measured(bytearray(buffer), 0)
    return (found.telegram, found.end) if isinstance(found, extents.Extent) and found.checked else None


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(TELEGRAMS), mutations | st.just([]), mutations | st.just([])), min_size=1, max_size=5))
def test_what_is_remembered_of_an_opening_changes_nothing(plays: list[tuple[bytes, list[tuple[int, str, int]], list[tuple[int, str, int]]]]) -> None:  # fmt: skip
    """A telegram that opens like an earlier one is measured and taken apart like one that comes for the first time."""
    envelope._openings.clear()
    for sent, how, how_again in plays:
        first, second = mutated(sent, how), mutated(mutated(sent, how), how_again)
        opening = envelope.opening(first[: first.rfind(b"!") + 1])
        quick = outcome(second)
        again = None if opening is None else extents.again(bytearray(second), 0, opening)
        remembered = dict(envelope._openings)
        envelope._openings.clear()

        assert quick == outcome(second)
        assert again is None or again == found_at(second)
        envelope._openings.clear()
        envelope._openings.update(remembered)
    assert len(envelope._openings) <= envelope.OPENINGS_LIMIT


def test_the_opening_of_a_good_telegram_is_remembered() -> None:
    """The quick way above is taken: the second telegram of a meter is found by the opening of the first."""
    opening = envelope.opening(p1.stoen()[:-6])
    assert opening is not None

    assert extents.again(bytearray(p1.stoen()), 0, opening) == found_at(p1.stoen())
    assert found_at(p1.stoen()) is not None


@QUICK
@given(st.one_of(st.binary(max_size=60), st.lists(st.sampled_from([*map(bytes, zip(range(256))), b"/KFM5", b"\r\n\r\n", b"\n/", b"\n!"]), max_size=30).map(b"".join)))  # fmt: skip
def test_a_text_that_cannot_be_wrong_is_not_searched(text: bytes) -> None:
    """Whatever the search for the damage of a text finds, the quick look before it says so."""
    found = re.search(extents._NO_TEXT, text)

    assert found is None or extents._may_be_wrong(bytearray(text))
