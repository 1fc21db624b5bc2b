"""Prints what a wireless telegram costs if it comes from one of so many meters, each with a key of its own.

    .venv/bin/python tests/benchmarks/many.py [METERS…]

The telegrams of one simulated meter are sealed anew for each meter, and the meters come one after the other. So nothing that is remembered
of one telegram helps the next, except what all meters have in common. The time is processor time, the least of some thousands at a time.
"""

import gc
import random
import subprocess
import sys
import time

from telegraf_han.ciphers.demokeys import DEMO_ENCRYPTION_KEY
from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import Config, MeterConfig, Output
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.mbus import layers
from telegraf_han.mbus.memory import Memory
from telegraf_han.receivers import hex as hex_lines
from telegraf_han.simulate import encode
from telegraf_han.telegram import Frame

METERS = (1, 100, 10_000)
TELEGRAMS = 20_000
PARTS = 4
SIMULATE = "simulate gama350 --interface wmbus --start 2026-12-10T15:05:00+01:00 --speed max --days 2"


def sealed(frames: list[Frame], meters: tuple[MeterConfig, ...]) -> list[Frame]:
    """The telegrams of all meters in turn."""
    found = []
    for number in range(TELEGRAMS):
        meter, like = meters[number % len(meters)], layers.opened(frames[number * 7 % len(frames)].data)
        body = layers.plain(like, DEMO_ENCRYPTION_KEY, "required", Memory()).body
        address = like.meter.raw[:2] + bytes.fromhex(meter.id)[::-1] + like.meter.raw[6:]
        found.append(Frame("wmbus", encode.mode_5(address, number % 256, body, meter.key), number * 1000))
    return found


def microseconds(count: int, frames: list[Frame]) -> float:
    """What a telegram of one of so many meters costs, once each meter was heard."""
    keys = random.Random(1)
    meters = tuple(MeterConfig(f"m{number}", "wmbus", id=f"{35_000_001 + number}", key=Key(keys.randbytes(16))) for number in range(count))
    decoder, telegrams = Decoder(Config("", Output(), meters, ())), sealed(frames, meters)
    size = TELEGRAMS // PARTS
    gc.collect()
    least_s = []
    for part in range(PARTS):
        begin_s = time.process_time()
        for frame in telegrams[part * size : (part + 1) * size]:
            telegram = decoder.take(frame, "receiver")
            if telegram is not None:
                decoder.line(telegram)
        least_s.append(time.process_time() - begin_s)
    return min(least_s[PARTS // 2 :]) / size * 1e6


def main(counts: list[int]) -> None:
    """Print a line per number of meters."""
    lines = subprocess.run([sys.executable, "-m", "telegraf_han", *SIMULATE.split()], capture_output=True, check=True).stdout
    frames = [event for event in hex_lines.Receiver().feed(lines, 1) if isinstance(event, Frame)]
    first = layers.plain(layers.opened(frames[0].data), DEMO_ENCRYPTION_KEY, "required", Memory())
    layers.body(first, MeterConfig("m", "wmbus").zone)  # leaves the layout, so that the key is proven at once
    for count in counts:
        print(f"{count:6} meters: {microseconds(count, frames):.1f} us a telegram")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(METERS))
