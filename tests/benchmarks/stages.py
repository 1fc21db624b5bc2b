"""Prints where the time of a telegram goes, stage by stage, as the table of docs/performance.md.

    .venv/bin/python tests/benchmarks/stages.py [TELEGRAMS]

The telegrams are those of a simulated meter, whose values change as a real meter's do. Each stage gets what the stage before made of them,
and is timed by itself, in processor time, as the least of some rounds. So the numbers are those of an otherwise idle machine, as far as it
has such moments. Only their ratios say something elsewhere. The last row is all stages one after another, as `decode` runs them.
"""

import gc
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from telegraf_han.ciphers import aes, crc
from telegraf_han.ciphers.demokeys import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from telegraf_han.config.sections import Config, MeterConfig, Output
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.mbus import layers
from telegraf_han.mbus.memory import Memory
from telegraf_han.p1 import envelope, text
from telegraf_han.p1.framer import Framer
from telegraf_han.receivers import hex as hex_lines
from telegraf_han.telegram import Frame, Telegram

TELEGRAMS = 3000
ROUNDS = 7
PIECE_BYTES = 65_536
START = "2026-12-10T15:05:00+01:00"
MICROSECOND_NS = 1000


class Row(NamedTuple):
    """What a stage took for one telegram."""

    stage: str
    microseconds: float


def simulated(*options: str, seconds: int, telegrams: int) -> bytes:
    """What a virtual GAMA350 sends, one telegram in so many seconds."""
    words = [sys.executable, "-m", "telegraf_han", "simulate", "gama350", "--start", START, "--speed", "max", *options]
    return subprocess.run([*words, "--days", str(seconds * telegrams / 86_400)], capture_output=True, check=True).stdout


def timed(stage: str, function: Callable[[Any], object], items: Iterable[Any], telegrams: int) -> Row:
    """The stage's time. `items` are what it gets, piece by piece."""
    least_ns = None
    for _ in range(ROUNDS):
        begin_ns = time.process_time_ns()
        for item in items:
            function(item)
        taken_ns = time.process_time_ns() - begin_ns
        least_ns = taken_ns if least_ns is None else min(least_ns, taken_ns)
    return Row(stage, (least_ns or 0) / telegrams / MICROSECOND_NS)


def pieces(data: bytes) -> list[bytes]:
    """The data as `decode` reads it."""
    return [data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES)]


def cable(meter: MeterConfig, data: bytes) -> list[Row]:
    """The stages of a P1 telegram."""
    frames = [event for event in Framer().feed(data, 1) if isinstance(event, Frame)]
    count = len(frames)
    framer = Framer()
    rows = [timed("find it in the stream, check its CRC", lambda piece: framer.feed(piece, 1), pieces(data), count)]
    ciphered = meter.encryption_key is not None
    checksum = crc.x25 if ciphered else crc.arc
    rows.append(timed("of this: the CRC itself", lambda frame: checksum(frame.data), frames, count))
    opened = [envelope.envelope(frame.data) for frame in frames]
    rows.append(timed("take it apart", lambda frame: envelope.envelope(frame.data), frames, count))

    def plain(found: envelope.Envelope) -> Any:
        return envelope.opened(found, meter.encryption_key, meter.authentication_key, meter.authentication, checked=True)

    if ciphered:
        rows.append(timed("decipher it, check its tag", plain, opened, count))
        nonce = bytes(12)
        rows.append(timed("of this: AES-GCM, one of two passes", lambda one: aes.gcm_text(DEMO_ENCRYPTION_KEY, nonce, one.block.ciphertext), opened, count))  # fmt: skip
    plains = [plain(found) for found in opened]
    ident = opened[0].ident
    rows.append(timed("lines, values, time, tags", lambda one: text.body(one.body, ident, meter.zone), plains, count))
    bodies = [text.body(one.body, ident, meter.zone) for one in plains]
    return rows + shared(meter, list(zip(frames, plains, bodies, strict=True)), data, Framer)


def radio(meter: MeterConfig, data: bytes) -> list[Row]:
    """The stages of a wireless telegram."""
    frames = [event for event in hex_lines.Receiver().feed(data, 1) if isinstance(event, Frame)]
    count = len(frames)
    receiver, memory = hex_lines.Receiver(), Memory()
    Decoder(Config("", Output(), (meter,), ())).take(frames[0])  # leaves the layout that each telegram but the first finds
    rows = [timed("read the line, check for link CRCs", lambda piece: receiver.feed(piece, 1), pieces(data), count)]
    rows.append(timed("layers in clear", lambda frame: layers.opened(frame.data), frames, count))
    sealed = [layers.opened(frame.data) for frame in frames]
    plains = [layers.plain(one, meter.key, meter.encryption, memory) for one in sealed]
    rows.append(timed("decipher it, prove the key", lambda one: layers.plain(one, meter.key, meter.encryption, memory), sealed, count))
    vector = bytes(16)
    rows.append(timed("of this: AES-CBC", lambda one: aes.cbc(DEMO_ENCRYPTION_KEY, vector, one.header.payload[:176]), sealed, count))
    rows.append(timed("records, values, time", lambda one: layers.body(one, meter.zone, memory), plains, count))
    bodies = [layers.body(one, meter.zone, memory) for one in plains]
    return rows + shared(meter, list(zip(frames, plains, bodies, strict=True)), data, hex_lines.Receiver)


def shared(meter: MeterConfig, found: list[Any], data: bytes, receiver: Callable[[], Any]) -> list[Row]:
    """The stages that all telegrams have."""
    config = Config("", Output(), (meter,), ())
    decoder = Decoder(config)
    state = decoder.meters[meter.name]
    count = len(found)

    def judged(one: Any) -> Telegram:
        return decoder._telegram(state, *one, tagged=True, live=False)

    rows = [timed("counters and time stamp", judged, found, count)]
    telegrams = [judged(one) for one in found]
    rows.append(timed("line protocol", decoder.line, telegrams, count))

    def decoded(_: None) -> None:
        whole, stream = Decoder(config), receiver()
        for piece in pieces(data):
            for event in stream.feed(piece, 1):
                telegram = whole.take(event)
                if telegram is not None:
                    whole.line(telegram)

    return [*rows, timed("**all, one after another**", decoded, [None], count)]


def main(telegrams: int) -> None:
    """Print a table per kind of telegram."""
    p1 = MeterConfig("gama350", "p1", encryption_key=DEMO_ENCRYPTION_KEY, authentication_key=DEMO_AUTHENTICATION_KEY)
    tables = {
        "P1, encrypted": lambda: cable(p1, simulated(seconds=1, telegrams=telegrams)),
        "P1, plain DSMR": lambda: cable(MeterConfig("gama350", "p1"), simulated("--plain", seconds=1, telegrams=telegrams)),
        "wireless, mode 5": lambda: radio(
            MeterConfig("gama350", "wmbus", id="35000001", key=DEMO_ENCRYPTION_KEY),
            simulated("--interface", "wmbus", seconds=60, telegrams=telegrams),
        ),
    }
    for name, rows in tables.items():
        gc.collect()
        print(f"\n| {name} | µs |\n|---|---|")
        for stage, microseconds in rows():
            print(f"| {stage} | {microseconds:.1f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TELEGRAMS)
