"""A gate in front of InfluxDB: lets Telegraf's writes through, or answers them itself, as a broken server or a page of a hotel does.

It remembers what became of each telegram of `counting.py`, so that a test can say which ones were stored, how often, and which were refused.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import http.client
import http.server
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NUMBER = re.compile(rb"active_energy_import_wh=(\d+) ")


class Fault(NamedTuple):
    """How the gate answers instead of InfluxDB."""

    status: int = 0
    """0: InfluxDB itself answers."""
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    wait_s: float = 0
    """How long nothing is said, after the request was read and, with status 0, stored."""
    cut: bool = False
    """The answer breaks off in the middle of its headers."""


class Gate:
    """The server, its address, and what it has seen."""

    def __init__(self, port: int, tls: ssl.SSLContext | None) -> None:
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        self._tls = tls
        self.fault: Fault | None = None
        self.stored: Counter[int] = Counter()
        """Telegrams that InfluxDB took, by number."""
        self.refused: Counter[int] = Counter()
        """Telegrams that the gate answered itself."""
        self.requests = 0
        """Writes since the last fault began."""

        self.hotel = False
        """Somebody else is at the end of the line, with a certificate of his own."""

    def breaks(self, fault: Fault, certificate: str = "") -> None:
        """Answer so from now on. With TLS, a certificate's file makes it another server."""
        self.requests, self.fault = 0, fault
        if certificate:
            self._show(certificate)
            self.hotel = True

    def mends(self, certificate: str = "") -> None:
        """Let everything through from now on."""
        self.fault, self.hotel = None, False
        if certificate:
            self._show(certificate)

    def _show(self, certificate: str) -> None:
        assert self._tls is not None
        self._tls.load_cert_chain(certificate)


def certificate(file: Path, host: str) -> str:
    """Write a self-signed certificate and its key for a host into a file. Returns its name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    try:
        names: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        names = x509.DNSName(host)
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(days=1))
    signed = made.add_extension(x509.SubjectAlternativeName([names]), critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    clear = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(signed.public_bytes(pem) + clear)
    return str(file)


@contextlib.contextmanager
def before(influx_url: str, certificate: str = "") -> Iterator[Gate]:
    """A gate before an InfluxDB, until the block ends; with a certificate's file it speaks TLS."""
    host = influx_url.removeprefix("http://")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
    if tls:
        tls.load_cert_chain(certificate)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Where a redirect leads to."""
            self._answer(200, "<html>Welcome to our network</html>", (("Content-Type", "text/html"),))

        def do_POST(self) -> None:
            data = self._body()
            if gate.hotel:  # this connection was made before, and a hotel's page is at the end of a new one
                self.close_connection = True
                return
            plain = gzip.decompress(data) if self.headers["Content-Encoding"] == "gzip" else data
            numbers = [int(number) for number in _NUMBER.findall(plain)]
            fault = gate.fault
            if fault is None or not fault.status:
                status, body = self._forwarded(data)
                (gate.stored if status == http.client.NO_CONTENT else gate.refused).update(numbers)
                headers: tuple[tuple[str, str], ...] = ()
            else:
                gate.refused.update(numbers)
                status, body, headers = fault.status, fault.body, fault.headers
            gate.requests += bool(numbers)
            if fault is not None:
                time.sleep(fault.wait_s)
            if fault is not None and fault.cut:
                self.wfile.write(b"HTTP/1.1 20")
                self.close_connection = True
                return
            with contextlib.suppress(OSError):  # Telegraf does not wait for ever
                self._answer(status, body, headers)

        def _body(self) -> bytes:
            if self.headers["Transfer-Encoding"] != "chunked":
                return self.rfile.read(int(self.headers["Content-Length"] or 0))
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data

        def _forwarded(self, data: bytes) -> tuple[int, str]:
            connection = http.client.HTTPConnection(host, timeout=60)
            kept = {name: self.headers[name] for name in ("Authorization", "Content-Encoding", "Content-Type") if self.headers[name]}
            with contextlib.closing(connection):
                try:
                    connection.request("POST", self.path, data, kept)
                    answer = connection.getresponse()
                    return answer.status, answer.read().decode()
                except OSError:
                    return 503, ""

        def _answer(self, status: int, body: str, headers: tuple[tuple[str, str], ...]) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            if status != http.client.NO_CONTENT:
                self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Nothing: the test's own asserts say what matters."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def get_request(self) -> tuple[socket.socket, object]:
            connection, peer = super().get_request()
            return (tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) if tls else connection), peer

        def handle_error(self, *_: object) -> None:
            """A client that does not like the certificate."""
            gate.requests += 1

    with Server(("127.0.0.1", 0), Handler) as server:
        gate = Gate(server.server_port, tls)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield gate
        finally:
            server.shutdown()
            thread.join()
