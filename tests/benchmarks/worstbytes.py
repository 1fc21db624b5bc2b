"""The worst bytes that each layer can get, in any size, for `test_linear`. Under `instructions.counted` it counts what each of them takes.

A layer that looks at every byte once takes twice as long for twice the bytes. What makes a layer slower is known from many parsers: a
search that starts again at each byte that looks like a beginning, a bracket that stays open, a pattern that gives back and tries again, a
list that is copied for each of its parts, a stream that comes one byte at a time and is looked at from its start each time. Each row of
`WORST` is made of one of these.

A layer may have a limit of its own, such as a telegram of 8192 bytes. Then the limit is made smaller, and the bytes are longer than the
limit, so that it has to work.

    python tests/benchmarks/worstbytes.py WORDS OF A NAME

runs the rows with these words without counting, and prints how many microseconds each takes for a byte.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from instructions import section

import dlmsframes
import p1telegrams
import radiotelegrams
from telegraf_han import receivers
from telegraf_han.ciphers import crc, secret
from telegraf_han.clock import Zone
from telegraf_han.decoding import lineprotocol
from telegraf_han.dlms import axdr, recognised
from telegraf_han.errors import TelegramError
from telegraf_han.inspection.keytrial import cable
from telegraf_han.inspection.redaction import lines as redactedlines
from telegraf_han.inspection.redaction import records as redactedrecords
from telegraf_han.inspection.redaction.numbers import Numbers
from telegraf_han.mbus import compact, fragments, layers, link, records
from telegraf_han.mbus.authentication import Authentication
from telegraf_han.mbus.memory import Memory
from telegraf_han.p1 import capture, envelope, extents, letters, others, shapes, signal, stamps, text, values
from telegraf_han.p1.framer import Framer
from telegraf_han.receivers import _lines, cul
from telegraf_han.telegram import Column, Shape, Telegram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telegraf_han.telegram import Receiver

LIMIT = 256
"""Takes the place of the longest telegram and the longest line, which have 8192. So a stream need not be long to reach it."""
READ_BYTES = 128
"""The same for what a reader takes at a time, which is 4096."""
FACTORS = (1, 2, 4)
ZONE = Zone()
ADDRESS = link.address(radiotelegrams.address("35000001"))
S = 1_000_000_000


class Worst(NamedTuple):
    """The worst bytes of one layer."""

    layer: str
    what: str
    size: int
    """Bytes of the smallest of the three runs."""
    made: Callable[[int], Callable[[], object]]
    """Makes the call for a number of bytes. What it needs is made before the call."""

    @property
    def name(self) -> str:
        return f"{self.layer}: {self.what}"


def _filled(unit: bytes, size: int, head: bytes = b"", tail: bytes = b"") -> bytes:
    """So many bytes of the unit, over and over."""
    room = size - len(head) - len(tail)
    return head + (unit * (room // len(unit) + 1))[:room] + tail


def _fed(receiver: Callable[[], Receiver], data: bytes, piece: int) -> Callable[[], object]:
    """A stream that comes in pieces of this size, one each 10 ms, and ends."""

    def call() -> None:
        one = receiver()
        now_ns = 0
        for at in range(0, len(data), piece):
            now_ns += S // 100
            one.feed(data[at : at + piece], now_ns)
        one.idle(now_ns + 9 * S)
        one.finish(now_ns + 9 * S)

    return call


def _guarded(function: Callable[..., object], *words: object) -> Callable[[], object]:
    """A call that may refuse the bytes."""

    def call() -> None:
        with suppress(TelegramError, ValueError):
            function(*words)

    return call


# -- the cable --

IDENT = b"/ABC5x\r\n\r\n"
_STREAMS = {
    "ident after ident, none whole": (b"/ABC5", b""),
    "ident lines without content": (b"/ABC5\r\n", b""),
    "slashes alone": (b"/", b""),
    "ident lines inside ident lines, and text without end": (b"1.8.0(1)\r\n", b"/abc" * 19 + b"\r\n"),
    "text without end": (b"0-0:96.13.0(3031)\r\n", IDENT),
    "ident lines in the middle of lines of one text": (b"x/abc\r\n", IDENT),
    "exclamation marks that end nothing": (b"!", IDENT),
    "footers that do not fit": (b"1.8.0(1)\r\n!0000\r\n/ABC5\r\n\r\n", IDENT),
    "footers behind one text": (b"\r\n!\r1.8.0(1)", IDENT),
    "a message with a mark at each second byte": (b"\x21\x0d\x21\x0d\x21\x0d", IDENT + b"\x0f\0\0\0\0\0\x02\x82\x10\x00"),
    "marks behind an event": (b"!\r", IDENT + b"\xc2\0\0\1\0\0\0\0\0\xff\x02"),
    "blocks that announce much": (b"\xdb\x08ABC12345\x82\x01\xd0\x30\0\0\0\0", b""),
    "blocks behind ident lines that announce much": (b"/ABC5\r\n\r\n\0\x82\x01\xd0\x30\0\0\0\0", b""),
    "DB alone": (b"\xdb", b""),
    "flags alone": (b"~", b""),
    "HDLC heads alone": (b"~\xa7\xff\x03\x05\x13", b""),
    "HDLC segments without an end": (dlmsframes.hdlc(b"", segmented=True, llc=False, address=b"\x03\x05")[:-1], b""),
    "HDLC segments with content": (dlmsframes.hdlc(bytes(40), segmented=True)[:-1], b""),
    "HDLC segments with flags in them": (dlmsframes.hdlc(b"~\xa0\x07\x03\x05\x13" * 6, segmented=True)[:-1], b""),
    "wired M-Bus frames without a last one": (b"".join(dlmsframes.mbus(b"h" * 6, number) for number in range(16)), b""),
    "wired M-Bus heads": (b"hhhh\x53\xff\x00", b""),
    "blocks of general-block-transfer without a last one": (b"", b""),
    "escapes of SML": (b"\x1b\x1b\x1b\x1b", b"\x1b\x1b\x1b\x1b\1\1\1\1"),
    "SML openings": (b"\x1b\x1b\x1b\x1b\1\1\1\1", b""),
    "zeros": (b"\0", b""),
    "noise of two bytes": (b"\x55\xaa", b""),
}


_IN_SINGLE_BYTES = (
    "ident lines inside ident lines, and text without end",
    "text without end",
    "a message with a mark at each second byte",
    "HDLC segments with content",
    "blocks of general-block-transfer without a last one",
)


def _stream(what: str, size: int) -> bytes:
    unit, head = _STREAMS[what]
    if what.startswith("blocks of general"):
        numbers = range(1, size // 12 + 2)
        data = b"".join(b"\xe0\x40" + number.to_bytes(2, "big") + b"\0\0\x04\x0f\0\0\0" for number in numbers)
        return data[:size]
    return _filled(unit, size, head)


def _streams() -> Iterator[Worst]:
    for what in _STREAMS:
        yield Worst("p1.framer", what, 2 * LIMIT, lambda size, what=what: _fed(Framer, _stream(what, size), READ_BYTES))
    for what in _IN_SINGLE_BYTES:
        yield Worst("p1.framer", f"{what}, byte by byte", LIMIT, lambda size, what=what: _fed(Framer, _stream(what, size), 1))


def _texts() -> Iterator[Worst]:
    """What is inside a telegram of a cable: lines, values, words about noise."""
    for what, (unit, begin, end) in _TEXTS.items():

        def of_text(size: int, unit: bytes = unit, begin: bytes = begin, end: bytes = end) -> Callable[[], object]:
            return _all_of(_filled(unit, size, begin, end), _forgotten, lambda data: text.body(data, "ABC5", ZONE))

        yield Worst("p1.text", what, 512, of_text)
    for what, (unit, begin, end) in _VALUES.items():

        def of_value(size: int, unit: bytes = unit, begin: bytes = begin, end: bytes = end) -> Callable[[], object]:
            return _all_of(_filled(unit, size, begin, end), values.said, values.TEXT.__missing__, values.OCTETS.__missing__, letters.text)

        yield Worst("p1.values", what, 1024, of_value)
    for what, (unit, begin, end) in _INNER.items():

        def of_inner(size: int, unit: bytes = unit, begin: bytes = begin, end: bytes = end) -> Callable[[], object]:
            sealed = p1telegrams.sealed(_filled(unit, size, begin, end))
            found = envelope.envelope(b"/ABC5\r\n\r\n" + sealed + b"!")
            keys = secret.Key(p1telegrams.EK), secret.Key(p1telegrams.AK)
            return _guarded(envelope.opened, found, *keys, "preferred")

        yield Worst("p1.envelope", what, 2048, of_inner)
    for what, (unit, begin, end) in _SAMPLES.items():
        yield Worst(
            "p1.signal", what, 1024, lambda size, made=(unit, begin, end): _guarded(signal.wrong, _filled(made[0], size, made[1], made[2]))
        )
    yield Worst("p1.capture", "hex on one line", 4 * LIMIT, lambda size: _fed(capture.Capture, _filled(b"2f414243", size), READ_BYTES))
    yield Worst("p1.capture", "a comment without end", 4 * LIMIT, lambda size: _fed(capture.Capture, _filled(b"# ", size), READ_BYTES))
    yield Worst(
        "p1.capture", "half bytes on lines of their own", 4 * LIMIT, lambda size: _fed(capture.Capture, _filled(b"4\n", size), READ_BYTES)
    )
    yield Worst("p1.stamps", "figures", 2048, lambda size: _guarded(stamps.read, _filled(b"26-04-10 ", size), ZONE))
    yield Worst("ciphers.crc", "all sums", 2048, lambda size: _all_of(_filled(b"/ABC", size), crc.arc, crc.x25, crc.en13757))


_TEXTS = {
    "lines of one code": (b"0-0:1.8.0(1)\r\n", b"", b""),
    "lines of one field under two codes": (b"1-0:99.7.0*2(1)\r\n1-0:99.7.0(1)\r\n", b"", b""),
    "open brackets": (b"(", b"1.8.0", b"\r\n"),
    "brackets in brackets": (b"(())(", b"1.8.0(", b"\r\n"),
    "groups": (b"()", b"1.8.0", b"\r\n"),
    "groups and a bracket that stays open": (b"(1)", b"1.8.0", b"(\r\n"),
    "many values in one line": (b"1.8.0(1)", b"", b"\r\n"),
    "blanks between groups": (b" \t", b"1.8.0(1)", b"x\r\n"),
    "lines that open a bracket": (b"1.8.0(1\r\n", b"", b""),
    "one open bracket, and lines without any": (b"a\r\n", b"0-0:96.13.0(", b")\r\n"),
    "brackets that open and close on lines of their own": (b"1.8.0((\r\na)\r\n", b"", b""),
    "lines that go on with a bracket": (b"(1)\r\n", b"1.8.0(1)\r\n", b""),
    "digits that are almost a code": (b"1-1:1.1.1*1", b"", b"(1)\r\n"),
    "stars": (b"*", b"1.8.0(", b")\r\n"),
    "empty lines": (b"\r\n", b"1.8.0(1)", b""),
    "one long message": (b"3031", b"0-0:96.13.0(", b")\r\n"),
    "line ends that only Unicode knows": (b"\x0b\x0c\x1c", b"1.8.0(1)", b""),
}
_VALUES = {
    "digits": (b"0", b"", b""),
    "digits behind a sign and a dot": (b"9", b"+.", b"x"),
    "signs": (b"-+*?.", b"", b"kW"),
    "hex digits": (b"30", b"", b""),
    "letters of Windows-1250": (b"\xb9\x9c", b"", b""),
    "letters of UTF-8": ("ąś".encode(), b"", b""),
    "fillers": (b"Xx", b"", b"y"),
}
_INNER = {
    "ident letters without an end": (b"a", b"/ABC5", b""),
    "marks and zeros": (b"!\0\0\0", b"/ABC5\r\n\r\n1.8.0(1)\r\n", b"x"),
    "one mark and blanks": (b"\0 ", b"/ABC5\r\n\r\n1.8.0(1)\r\n!", b"x"),
    "a push in a block": (b"\x02\x01", b"\x0f\0\0\0\1\0", b""),
}
_SAMPLES = {
    "HDLC heads": (b"~\xa0\x07\x03", b"", b""),
    "wired heads": (b"h\x05\x05h", b"", b""),
    "digits with blanks between them": (b"30  ", b"", b""),
    "fifteen bytes of hex, over and over": (b"30 " * 15 + b"z", b"", b""),
    "starts of a readout": (b"\x02aaaaaaaa!", b"", b""),
    "a readout without an end": (b"!", b"\x02", b""),
    "requests": (b"/?0", b"", b""),
    "ident lines without an end": (b"/ABC5", b"", b""),
    "codes without an end": (b"1-0:1.8.0(", b"", b""),
    "codes": (b"1-0:1.8.", b"", b""),
    "structures": (b"\x02\x01", b"\x0f\0\0\0\1\0", b""),
    "blanks": (b"\r\n ", b"", b""),
}


def _dlms() -> Iterator[Worst]:
    """Frames and messages of DLMS."""
    for what, (unit, begin) in {
        "structures in structures": (b"\x02\x01", b""),
        "structures that announce too much": (b"\x02\x84\xff\xff\xff\xff", b""),
        "empty structures": (b"\x02\x00", b"\x02\x82\x10\x00"),
        "nulls": (b"\0", b"\x02\x82\xff\xff"),
        "codes": (b"\x09\x06\1\0\1\x08\0\xff", b"\x02\x82\xff\xff"),
    }.items():
        yield Worst("dlms.axdr", what, 1024, lambda size, made=(unit, begin): _guarded(axdr.pushed, _filled(made[0], size, made[1])))
    for what, made in {
        "HDLC segments": lambda size: _filled(dlmsframes.hdlc(bytes(40), segmented=True)[:-1], size),
        "HDLC segments without content": lambda size: _filled(dlmsframes.hdlc(b"", segmented=True, llc=False)[:-1], size),
        "flags": lambda size: _filled(b"~", size),
        "wired M-Bus frames": lambda size: _filled(b"".join(dlmsframes.mbus(b"h", number) for number in range(16)), size),
        "SML without an end": lambda size: _filled(b"\x1b" * 8, size, b"\x1b\x1b\x1b\x1b\1\1\1\1"),
        "blocks": lambda size: _stream("blocks of general-block-transfer without a last one", size),
    }.items():
        yield Worst("dlms.frames", what, 2048, lambda size, made=made: _guarded(recognised.framed, made(size), 0))
        yield Worst("dlms.recognised", what, 2048, lambda size, made=made: _guarded(recognised.named, made(size)))
    yield Worst("dlms.recognised", "blocks in blocks", 1024, lambda size: _guarded(recognised.known, _nested_blocks(size)))
    yield Worst("dlms.recognised", "hex of flags", 2048, lambda size: _guarded(recognised.named, _filled(b"7ea0", size)))


def _nested_blocks(size: int) -> bytes:
    """A block of general-block-transfer in another, and so on."""
    message = b"\x0f"
    while len(message) < size:
        message = b"\xe0\xc0\0\1\0\0\x82" + len(message).to_bytes(2, "big") + message
    return message


def _radio() -> Iterator[Worst]:
    """Telegrams of the radio. None is longer than 255 bytes. But the layers are asked for more."""
    for what, (unit, begin) in {
        "records of one byte": (b"\x00\x03", b""),
        "chains of extensions at their limit": (b"\x81" + b"\x80" * 9 + b"\x00" + b"\x83" + b"\xff" * 9 + b"\x00\x01", b""),
        "one chain of extensions without end": (b"\x80", b""),
        "texts of units": (b"\x01\x7c\x01W\x00", b""),
        "variable fields": (b"\x0d\x03\x00", b""),
        "variable fields of numbers": (b"\x0d\x03\xe8" + b"\xff" * 8, b""),
        "fillers": (b"\x2f", b""),
        "the maker's own": (b"\xff", b"\x0f"),
        "one quantity with many tariffs": (b"\x84\x10\x03\0\0\0\0", b""),
        "unknown extensions": (b"\x01\xfd\xfd\x7f\x00", b""),
    }.items():

        def of_records(size: int, unit: bytes = unit, begin: bytes = begin) -> Callable[[], object]:
            octets = _filled(unit, size, begin)
            return _all_of(
                octets,
                _forgotten,
                lambda octets: records.body(octets, ADDRESS, ZONE),
                lambda octets: records.plausible(octets, ADDRESS),
                records.unmistakable,
                lambda octets: redactedrecords.redacted(octets, Numbers()),
            )

        yield Worst("mbus.records", what, 512 if what == "fillers" else 128, of_records)
    yield Worst("mbus.link", "3 of 6", 256, lambda size: _guarded(link.telegram, _filled(_chips(b"\xff"), size)))
    yield Worst(
        "mbus.link", "blocks with CRCs", 256, lambda size: _guarded(link.telegram, _filled(b"\x44", size, bytes([min(size - 1, 255)])))
    )
    yield Worst("mbus.compact", "format frame of short headers", 256, _format_frame)
    yield Worst("mbus.compact", "data for the longest headers", 256, _compact_frame)
    yield Worst("mbus.fragments", "all fragments of a message, over and over", 1024, _fragments)
    yield Worst("mbus.layers", "layers over and over", 256, lambda size: _guarded(_layers, _filled(b"\x8c\0\0\x90\x02\0\0", size)))


def _chips(octets: bytes) -> bytes:
    """Bytes as chips of mode T."""
    bits = "".join(f"{link._CHIPS[nibble]:06b}" for octet in octets for nibble in (octet >> 4, octet & 15))
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


def _format_frame(size: int) -> Callable[[], object]:
    headers = _filled(b"\x00\x03", size)
    content = b"\0" + crc.en13757(headers).to_bytes(2, "little") + headers
    return _guarded(compact.format_frame, content)


def _compact_frame(size: int) -> Callable[[], object]:
    memory = Memory()
    headers = (b"\x01\x03",) * size
    memory.learn(ADDRESS.raw, headers)
    content = compact.signature(headers).to_bytes(2, "little") + b"\0\0" + bytes(size)
    return _guarded(compact.restored, memory, ADDRESS, 0x79, content)


def _fragments(size: int) -> Callable[[], object]:
    part = b"\x7a" + bytes(63)

    def call() -> None:
        memory = Memory()
        for number in range(size // len(part)):
            with suppress(TelegramError):
                which = (number % fragments.LIMIT + 1, (number + 1) % fragments.LIMIT > 0)
                fragments.joined(memory, which, Authentication(b"", b"", b"", b""), part, ADDRESS)

    return call


def _layers(content: bytes) -> None:
    for at in range(0, len(content), 200):
        layers.opened(radiotelegrams.frame("35000001", content[at : at + 200]))


def _receivers() -> Iterator[Worst]:
    """Sticks and programs."""
    done: set[str] = set()
    frame = bytes.fromhex(radiotelegrams.line(radiotelegrams.mode_0("35000001", 1, bytes(99))).decode())
    for kind, unit, size in (
        ("amb8465", b"\xff", 4 * READ_BYTES),
        ("amb8465", b"\xfa\x44", 4 * READ_BYTES),
        ("im871a", b"\xa5", 4 * READ_BYTES),
        ("im871a", b"\xa5\x82\x03\xff", 4 * READ_BYTES),
        ("iu891a", b"\xc0", 4 * READ_BYTES),
        ("iu891a", b"\xc0\xdb", 4 * READ_BYTES),
        ("iu891a", b"\xdb\xdc", 4 * READ_BYTES),
        ("rc1180", b"\xff\x44", 4 * READ_BYTES),
        ("rc1180", b">", 4 * READ_BYTES),
        ("rc1180", b"\x09", 4 * READ_BYTES),
        ("cul", b"b\n", 4 * READ_BYTES),
        ("cul", b"b44", 4 * READ_BYTES),
        ("cul", b"\n", 4 * READ_BYTES),
        ("hex", b"2E44", 4 * READ_BYTES),
        ("hex", b"2E44\n", 4 * READ_BYTES),
        ("hex", b"|telegram=", 4 * READ_BYTES),
        ("hex", frame.hex().encode() + b"\n", 4 * READ_BYTES),
        ("rtl_433", b"{", 4 * READ_BYTES),
        ("rtl_433", b'{"a":[' * 900 + b"\n", 4 * READ_BYTES),
        ("rtl_433", b'{"a":1,' * 900 + b"\n", 4 * READ_BYTES),
        ("rtl_433", b"model,data" + b"," * 4000 + b"\n" + b"a" + b"," * 4000 + b"\n", 8 * READ_BYTES),
        ("rtl_wmbus", b";", 4 * READ_BYTES),
        ("rtl_wmbus", b"T1;1;1;;;;;0x" + b"4" * 8000 + b"\n", 4 * READ_BYTES),
    ):

        def of_stream(size: int, kind: str = kind, unit: bytes = unit, piece: int = READ_BYTES) -> Callable[[], object]:
            return _fed(receivers.named(kind).Receiver, _filled(unit, size), piece)

        seen = unit[:12].decode("latin-1").encode("unicode_escape").decode()
        yield Worst(f"receivers.{kind}", seen, size, of_stream)
        if kind in done:
            continue
        done.add(kind)
        yield Worst(f"receivers.{kind}", f"{seen}, byte by byte", LIMIT, lambda size, of_stream=of_stream: of_stream(size, piece=1))


def _others() -> Iterator[Worst]:
    """What is done with telegrams that were read, and with what their owner wrote."""
    for what, (unit, begin, end) in {**_TEXTS, **_NAMES}.items():

        def of_lines(size: int, unit: bytes = unit, begin: bytes = begin, end: bytes = end) -> Callable[[], object]:
            data = _filled(unit, size, begin, end)

            def call() -> None:
                numbers = Numbers()
                shown = redactedlines.redacted(data, numbers)
                numbers.leaks(shown)

            return call

        yield Worst("redaction", what, 256, of_lines)
    yield Worst("lineprotocol", "values of many columns", 1024, lambda size: _line(size // 16, "a" * 8))
    yield Worst("lineprotocol", "texts that are all escaped", 512, lambda size: _line(8, '"' * (size // 8)))
    yield Worst("lineprotocol", "controls", 1024, lambda size: _line(8, "\u202e" * (size // 8)))
    for what, unit in {
        "digits of a key and a blank": "0123456789abcdef ",
        "two digits and a blank": "0a ",
        "three digits and a blank": "0ab ",
        "pairs, twelve less one": "0a " * 11 + "; ",
        "letters": "abcdefgh",
        "colons": "a:",
        "long words": "0" * 127 + "zz ",
    }.items():

        def of_key(size: int, unit: str = unit) -> Callable[[], object]:
            written = (unit * (size // len(unit) + 1))[:size]
            return _all_of(written, secret.masked, secret.keys_in, secret.may_be_key, secret.key)

        yield Worst("ciphers.secret", what, 512, of_key)
    yield Worst("keytrial", "one key", 1024, _key_trial)


_NAMES = {
    "different numbers": (b"".join(b"0-0:96.1.0(%d)\r\n" % (7_654_321 + 1_234_567 * place) for place in range(999)), b"", b""),
    "digits of one long number": (b"7", b"0-0:96.1.0(", b")\r\n"),
    "numbers without a code": (b"7654321;", b"", b""),
    "hex of numbers": (b"37363534333231 ", b"0-0:96.13.0(", b")\r\n"),
}


def _line(columns: int, value: str) -> Callable[[], object]:
    shape = Shape(tuple(Column(f"1-0:1.8.{place}", None, "", f"n{place}", f"n{place}", 1) for place in range(columns)))
    telegram = Telegram("home", "p1", "", "", 1, 1, True, None, shape, [value] * columns)

    def call() -> None:
        lineprotocol.wide(telegram, "electricity", 1)
        lineprotocol.tall(telegram, 1)

    return call


def _key_trial(size: int) -> Callable[[], object]:
    """One of the thousands of keys that are tried. How many there are depends on what the owner wrote, not on the telegram."""
    telegram = p1telegrams.stoen(b"1-0:1.8.0(1)\r\n" * (size // 16), ek=p1telegrams.AK)
    block = envelope.envelope(telegram[: telegram.rindex(b"!") + 1]).block
    key = secret.Key(p1telegrams.AK)
    return lambda: cable._message(block, key, bytes(12))


def _forgotten(_: object) -> None:
    """Forget the shapes and layouts of earlier telegrams, because these bytes may be the first of their kind."""
    for memory in (records._shapes, records._layouts, shapes._usual, shapes._shapes, text._layouts):
        memory.clear()


def _all_of(data: object, *functions: Callable[..., object]) -> Callable[[], object]:
    """One call of all these functions. Each may refuse the bytes."""

    def call() -> None:
        for function in functions:
            with suppress(TelegramError, ValueError):
                function(data)

    return call


def worst() -> list[Worst]:
    """All rows."""
    return [*_streams(), *_texts(), *_dlms(), *_radio(), *_receivers(), *_others()]


def main(wanted: list[str]) -> None:
    """Count or time the rows whose names hold all these words."""
    for module in (extents, others):
        module.TELEGRAM_LIMIT = LIMIT  # type: ignore[misc]
    for module in (_lines, cul, capture):
        module.LINE_LIMIT = LIMIT  # type: ignore[misc]
    for row in worst():
        if not all(word in row.name for word in wanted):
            continue
        row.made(row.size)()  # what is loaded or made only once is no cost of the bytes
        for factor in FACTORS:
            call = row.made(factor * row.size)
            began_s = perf_counter()
            section(f"{row.name} *{factor}", call)
            if wanted:
                print(row.name, factor, f"{(perf_counter() - began_s) / factor / row.size * 1e6:.2f} us a byte", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
