"""`simulate` with its last sink: a virtual meter's telegrams into InfluxDB, past days as fast as they can be decoded.

The simulator knows no InfluxDB and InfluxDB's package no meters; here they meet, above both. Telegrams go through the real decoder, so
what stands in the database is what `run` and Telegraf would have put there: boards have a history before the first live second.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from typing import Final

from telegraf_han.commands import simulate
from telegraf_han.config.sections import Config, Output
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.influx import connection, history
from telegraf_han.influx.connection import Place
from telegraf_han.simulate.plan import planned
from telegraf_han.simulate.stream import Sent

READABLE: Final = "wide"


def add_arguments(parser: ArgumentParser) -> None:
    """Name the simulator's options and, for `--to influx`, InfluxDB's."""
    simulate.add_arguments(parser)
    connection.add_arguments(parser)


def run(arguments: Namespace) -> int:
    """Simulate; the exit code. Raises ConfigError, and SourceError where InfluxDB does not answer."""
    if arguments.to != "influx":
        return simulate.run(arguments)
    meter = planned(arguments, int(time.time())).meter
    with connection.writing(arguments) as place:
        return simulate.run(arguments, InfluxSink(place, Decoder(Config("", Output(layout=READABLE), (meter,), ()))))


class InfluxSink:
    """Telegrams decoded and written in batches, again while InfluxDB is away for a moment; see `simulate.serve.Sink`."""

    def __init__(self, place: Place, decoder: Decoder) -> None:
        """Nothing is written yet."""
        self._bucket: Final = place.bucket
        self._decoder: Final = decoder
        self._writer: Final = history.Writer(place, history.not_taken)

    def deliver(self, sent: Sent, patience_s: float) -> None:  # noqa: ARG002, InfluxDB is always waited for
        """Take one telegram; a full batch is written. Raises SourceError, RefusedError."""
        telegram = self._decoder.take(sent.frame)
        if telegram is not None:
            self._writer.put(self._decoder.line(telegram))

    def idle(self, seconds: float) -> None:
        """Real time is reached: write what there is, then wait. Raises SourceError, RefusedError."""
        self._writer.flush()
        time.sleep(seconds)

    def wait_for_reader(self) -> None:
        """A database always reads."""

    def finish(self) -> None:
        """Write the last batch. Raises SourceError, RefusedError."""
        self._writer.flush()

    def close(self) -> None:
        """Say how much is written, also where it ended too early. The connection closes itself."""
        print(f"I! {self._writer.stored} telegrams written to {self._bucket}", file=sys.stderr)
