"""Virtual meters of a site that send when they are told to: `feed.py METERS`, a process of its own at the far end of the site's cables.

`telegraf-han simulate` sends at the pace of a clock. A test of faults must decide how many telegrams come while a link is down, however slow
the machine is. So this takes the same meters from the same simulator, and sends as many telegrams as a line on stdin says, then answers on
stdout with how many each meter has sent. METERS is JSON: a list of a port on localhost and the words behind `simulate`.

A meter does not know its reader. A reader that went away may come back, as after a reboot, and is waited for.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import time
from typing import TYPE_CHECKING

from telegraf_han.commands import simulate
from telegraf_han.simulate import plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telegraf_han.simulate.stream import Sent

PATIENCE_S = 120.0


class Cable:
    """One meter's end of its cable."""

    def __init__(self, port: int, words: list[str]) -> None:
        """Listen for a reader."""
        parser = argparse.ArgumentParser()
        simulate.add_arguments(parser)
        self._telegrams: Iterator[Sent] = plan.telegrams(plan.planned(parser.parse_args(words), int(time.time())))
        self._listener = socket.create_server(("127.0.0.1", port))
        self._reader: socket.socket | None = None

    def send(self) -> None:
        """Send the next telegram to whoever reads now."""
        reader = self._present()
        reader.sendall(next(self._telegrams).wire)

    def _present(self) -> socket.socket:
        if self._reader is not None and select.select([self._reader], [], [], 0)[0] and not self._heard():
            self._reader = None
        while self._reader is None or select.select([self._listener], [], [], 0)[0]:
            self._listener.settimeout(PATIENCE_S)
            self._reader, _ = self._listener.accept()
            self._reader.settimeout(PATIENCE_S)
        return self._reader

    def _heard(self) -> bytes:
        assert self._reader is not None
        try:
            return self._reader.recv(4096)
        except OSError:
            return b""


def main() -> None:
    """Send until stdin ends."""
    cables = [Cable(port, words) for port, words in json.loads(sys.argv[1])]
    print("ready", flush=True)
    total = 0
    for line in sys.stdin:
        for _ in range(int(line)):
            for cable in cables:
                cable.send()
        total += int(line)
        print(total, flush=True)


if __name__ == "__main__":
    main()
