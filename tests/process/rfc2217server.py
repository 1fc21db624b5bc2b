"""A remote serial port after RFC 2217 (pyserial's own `PortManager`) that sends a file again and again. Run as a process, so it can be killed.

    python rfc2217server.py ADDRESS PORT FILE [mute]

`mute` accepts a connection and never answers a question, as a converter that hangs.
"""

import select
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import serial
import serial.rfc2217

EVERY_S = 0.05


class Wire:
    """What the manager writes its answers to."""

    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


def main(address: str, port: str, file: str, kind: str = "") -> None:
    """Serve one connection after the other."""
    telegram = Path(file).read_bytes()
    with socket.create_server((address, int(port))) as listening:
        print("listening", flush=True)
        while True:
            connection, _ = listening.accept()
            print("accepted", flush=True)
            with connection, suppress(OSError):
                serve(connection, telegram, mute=kind == "mute")


def serve(connection: socket.socket, telegram: bytes, *, mute: bool) -> None:
    """Answer until the other end goes."""
    manager = serial.rfc2217.PortManager(serial.serial_for_url("loop://", timeout=0), Wire(connection))
    due_s = time.monotonic() + 4 * EVERY_S
    while True:
        if select.select([connection], [], [], EVERY_S)[0]:
            data = connection.recv(1024)
            if not data:
                return
            if not mute:
                list(manager.filter(data))
        elif not mute and time.monotonic() >= due_s:
            connection.sendall(b"".join(manager.escape(telegram)))


if __name__ == "__main__":
    main(*sys.argv[1:])
