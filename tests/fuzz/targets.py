"""What the coverage-guided fuzzer calls with any bytes: each target takes bytes and raises if a rule is broken.

The rules are those of `layers`: only events come out of a stream, only errors of one family out of a telegram, and numbers are the oracle's.
`guided.py` gives the bytes.
"""

import random
from contextlib import suppress

import layers
import oracle_mbus
import oracle_p1
import sealing

from telegraf_han import receivers
from telegraf_han.clock import Zone
from telegraf_han.dlms import recognised
from telegraf_han.errors import RecordError, TelegramError
from telegraf_han.inspection.redaction import cable
from telegraf_han.inspection.redaction.numbers import Numbers
from telegraf_han.mbus import link, records
from telegraf_han.p1 import framer, text
from telegraf_han.p1.capture import Capture
from telegraf_han.telegram import Fault, Frame, Lost, Ready, Remark, Send

ZONE = Zone()
METER = link.address(layers.METERS["12345678"][0])
SERIAL = b"87218807"
"""The meter's own number in the target of redaction. It must be in nothing that is shown."""


def _played(receiver, data):
    """The events of some bytes, in two pieces."""
    middle = len(data) // 2
    events = (
        receiver.start(0)
        + receiver.feed(data[:middle], 0)
        + receiver.feed(data[middle:], 0)
        + receiver.idle(10**12)
        + receiver.finish(10**12)
    )
    assert all(isinstance(event, Frame | Fault | Send | Ready | Lost | Remark) for event in events)
    return events


def framers(data):
    """Any bytes on a cable, in a recording, and as frames of other lines."""
    decoder = layers._decoder(layers.STRICT)
    for receiver in (framer.Framer(), Capture()):
        for event in _played(receiver, data):
            if isinstance(event, Frame):
                try:
                    found = decoder.take(event)
                except TelegramError:
                    continue
                assert found is None or found.verified
    if data:
        try:
            recognised.framed(data, 0)
            recognised.known(data)
        except TelegramError:
            pass


def lines(data):
    """Any text behind a clock, sealed right."""
    content = b"0-0:1.0.0(260410150553S)\r\n" + data
    try:
        found = text.body(content, "", ZONE)
    except RecordError:
        assert not any(isinstance(fact, oracle_p1.Fact) and fact.must for fact in oracle_p1.said(content).facts)
        return
    numbers = [
        (column.obis, value, column.unit)
        for column, value in zip(found.shape.columns, found.values, strict=True)
        if isinstance(value, int | float) and column.obis
    ]
    _, wrong = oracle_p1.compared(oracle_p1.said(content).facts, numbers)
    assert not wrong, wrong


def of_meter(data):
    """Any octets as records."""
    cut = oracle_mbus.cut(data)
    try:
        found = records.body(data, METER, ZONE)
    except RecordError:
        assert not (cut.whole and cut.records)
        return
    columns = [(column.obis, column.record, column.unit) for column in found.shape.columns]
    assert not cut.whole or len(columns) == len(cut.records)
    coded = [(record, oracle_mbus.code(record.header, "EGM", 2)) for record in cut.records]
    _, wrong = oracle_mbus.compared(coded, columns, found.values)
    assert not wrong, wrong
    records.plausible(data, METER)
    records.proves(data, METER, len(data))


def sticks(data):
    """Any bytes on the port of any receiver."""
    if not data:
        return
    kinds = receivers.kinds()
    decoder = layers._decoder(*layers.RADIO)
    for event in _played(receivers.named(kinds[data[0] % len(kinds)]).Receiver(), data[1:]):
        if isinstance(event, Frame):
            with suppress(TelegramError):
                decoder.take(event)
    with suppress(TelegramError):
        link.telegram(data[1:])


def redaction(data):
    """Any text around the meter's own number: what may be shown can be decoded, and holds neither the number nor a key."""
    content = b"0-0:1.0.0(260410150553S)\r\n0-0:96.1.0(" + SERIAL + b")\r\n" + data + b"\r\n"
    shown = []
    for frame, meter in (
        (sealing.stoen(content)[:-6], layers.ENCRYPTED),
        (sealing.plain(layers._NOT_IN_TEXT.sub(b".", content))[:-6], layers.OPEN),
    ):
        numbers = Numbers()
        cable.redacted(frame, [meter], numbers)  # the first reading finds the numbers
        found = cable.redacted(frame, [meter], Numbers(numbers.known))
        if found.data:
            shown.append(found)
    for found in shown:
        meter = (
            layers.ENCRYPTED._replace(encryption_key=cable.DEMO_ENCRYPTION_KEY, authentication_key=cable.DEMO_AUTHENTICATION_KEY)
            if found.key_bytes
            else layers.OPEN
        )
        frames = [event for event in framer.Framer().feed(found.data, 0) if isinstance(event, Frame)]
        assert len(frames) == 1, found
        telegram = layers._decoder(meter).take(frames[0])
        assert telegram.serial, found
        told = " ".join(map(str, [telegram.serial, telegram.model, *telegram.values]))
        for number in (SERIAL.decode(), SERIAL.hex()):
            assert number not in told.replace(" ", ""), (number, told)
        for secret in sealing.SECRETS:
            assert bytes.fromhex(secret) not in found.data


TARGETS = {"framers": framers, "lines": lines, "records": of_meter, "receivers": sticks, "redaction": redaction}


def corpus(name):
    """Invented inputs from which the search begins, the same each time."""
    import mutating

    chance = random.Random(name)
    if name in ("lines", "redaction"):
        return [b"\r\n".join([one]) + b"\r\n" for one in mutating.LINES] + [mutating.text(chance)[27:] for _ in range(40)]
    if name == "records":
        return mutating.bodies(chance, 80)
    telegram = sealing.frame(METER.raw, sealing.mode_7(METER.raw, 1, layers.PROOF))
    if name == "receivers":
        kinds = receivers.kinds()
        return [bytes([kinds.index(kind)]) + make(telegram) for kind, make in sealing.RECEIVERS.items()] + [
            b"\0" + sealing.format_b(telegram)
        ]
    found = [
        make(mutating.text(chance)) for make in (sealing.stoen, sealing.plain, lambda lines: sealing.luxembourg(lines, 1)) for _ in range(8)
    ]
    return [*found, *layers.OTHERS]
