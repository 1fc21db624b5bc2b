"""`simulate` with its last sink: a virtual meter's telegrams into InfluxDB, past days as fast as they can be decoded.

The simulator knows no InfluxDB and InfluxDB's package no meters; here they meet, above both. Telegrams go through the real decoder, so
what stands in the database is what `run` and Telegraf would have put there: boards have a history before the first live second.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from typing import Final

from telegraf_han.config import Config, Output
from telegraf_han.decoder import Decoder
from telegraf_han.influx import connection
from telegraf_han.influx.connection import Place
from telegraf_han.simulate import command
from telegraf_han.simulate.plan import planned
from telegraf_han.simulate.stream import Sent

BATCH_BYTES: Final = 4 << 20
"""Lines sent at once: some 8,000 telegrams, which InfluxDB takes in a tenth of a second."""
READABLE: Final = "wide"


def add_arguments(parser: ArgumentParser) -> None:
    """Name the simulator's options and, for `--to influx`, InfluxDB's."""
    command.add_arguments(parser)
    connection.add_arguments(parser)


def run(arguments: Namespace) -> int:
    """Simulate; the exit code. Raises ConfigError, and SourceError where InfluxDB does not answer."""
    if arguments.to != "influx":
        return command.run(arguments)
    meter = planned(arguments, int(time.time())).meter
    with connection.writing(arguments) as place:
        return command.run(arguments, InfluxSink(place, Decoder(Config("", Output(layout=READABLE), (meter,), ()))))


class InfluxSink:
    """Telegrams decoded and written in batches; see `simulate.serve.Sink`."""

    def __init__(self, place: Place, decoder: Decoder) -> None:
        """Nothing is written yet."""
        self._place: Final = place
        self._decoder: Final = decoder
        self._lines: list[bytes] = []
        self._octets = 0
        self._telegrams = 0

    def deliver(self, sent: Sent, patience_s: float) -> None:  # noqa: ARG002, InfluxDB is always waited for
        """Take one telegram; a full batch is written. Raises SourceError, Refused."""
        telegram = self._decoder.take(sent.frame)
        if telegram is None:
            return
        self._telegrams += 1
        self._lines.append(self._decoder.line(telegram))
        self._octets += len(self._lines[-1])
        if self._octets >= BATCH_BYTES:
            self._write()

    def idle(self, seconds: float) -> None:
        """Real time is reached: write what there is, then wait."""
        self._write()
        time.sleep(seconds)

    def wait_for_reader(self) -> None:
        """A database always reads."""

    def finish(self) -> None:
        """Write the last batch and say how much it was."""
        self._write()
        print(f"I! {self._telegrams} telegrams written to {self._place.bucket}", file=sys.stderr)

    def close(self) -> None:
        """The connection closes itself."""

    def _write(self) -> None:
        if self._lines:
            self._place.api.write(self._place.bucket, b"".join(self._lines))
        self._lines.clear()
        self._octets = 0
