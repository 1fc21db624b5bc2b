"""Stands in for the plugin under Telegraf: counts, a telegram a line, until it is told to end or Telegraf does. Then it says how many.

Started as `counting.py run --config FILE`, as Telegraf starts the plugin. It ends when FILE is there. A second run goes on where the first one
stopped. FILE.sent holds the next number; it is empty at first.
"""

import itertools
import os
import select
import sys
import time

BASE_S = 1_790_000_000
"""The time of the number 0; each number is a second later."""
RATE = float(os.environ.get("COUNTING_RATE", "40"))
"""Lines a second."""


def lines(number: int) -> bytes:
    """The telegram of a number, and what the plugin says beside it."""
    stamp = (BASE_S + number) * 10**9
    said = b"electricity,interface=p1,meter=home active_energy_import_wh=%d %d\n" % (number, stamp)
    said += b"electricity_link,interface=p1,meter=home decoded=%di,age_s=0.5 %d\n" % (number + 1, stamp)
    if not number % 50:
        said += b"electricity_settings,interface=p1,meter=home silence_s=180 %d\n" % stamp
    return said


def main(end: str) -> None:
    """Write until the file `end` is there."""
    counter = os.open(end + ".sent", os.O_RDWR)
    first = int(os.pread(counter, 20, 0) or b"0")
    start_s = time.monotonic()
    for number in itertools.count(first):
        if os.path.exists(end):
            break
        wait_s = start_s + (number - first) / RATE - time.monotonic()
        if select.select([0], [], [], max(0, wait_s))[0] and not os.read(0, 100):
            return  # Telegraf is gone
        try:
            os.write(1, lines(number))
        except BrokenPipeError:
            return
        os.pwrite(counter, b"%d" % (number + 1), 0)
    while os.read(0, 100):
        pass


if __name__ == "__main__":
    main(sys.argv[3])
