"""What goes wrong in a fleet, on purpose: each fault of tests and of the long run, and what it takes to see its effect."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import nats
import nats.errors
import nats.js.errors
from natsfleet import BROKERS, NATS_UNIT, PATIENCE_S, ROOT, Fleet, Site
from servers import running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    import hosts
    from nats.aio.client import Client

T = TypeVar("T")

CLOCK = """\
import time
_ns, _s = time.time_ns, time.time
time.time_ns = lambda: _ns() + {ahead_s} * 10**9
time.time = lambda: _s() + {ahead_s}
"""
"""Python loads this before the plugin (sitecustomize). Go's clock cannot be changed for one program, so Telegraf keeps the right one."""
WRAPPER = "/usr/local/sbin/telegraf-han"
FLOODING = b"".join(
    b"electricity_link,interface=p1,meter=flood telegrams=%di %d\n" % (n, n + 1_700_000_000_000_000_000) for n in range(200)
)


def killed(host: hosts.Host, unit: str) -> int:
    """Kill a unit's main process (SIGKILL), which is started again as its unit says. Returns its number."""
    before = running.until(lambda: host.main_pid(unit), f"{unit} on {host.name}", PATIENCE_S)
    host.do("systemctl", "kill", "--signal=KILL", unit)
    return before


def kill(host: hosts.Host, unit: str) -> None:
    """Kill a unit's main process (SIGKILL), and wait until there is another one."""
    before = killed(host, unit)
    running.until(lambda: host.main_pid(unit) not in (0, before), f"{unit} again on {host.name}", PATIENCE_S)


def reboot(site: Site) -> None:
    """Cut the power of a site for a moment. Its meters have their own."""
    before = site.host.main_pid("telegraf")
    site.host.run("systemctl", "reboot")
    running.until(lambda: site.host.main_pid("telegraf") not in (0, before), f"{site.name} after its reboot", PATIENCE_S)


@contextlib.contextmanager
def broker_away(fleet: Fleet, broker: str) -> Iterator[None]:
    """Kill a broker, and start it again at the end."""
    host = fleet.lab[broker]
    host.do("systemctl", "kill", "--signal=KILL", NATS_UNIT)
    host.do("systemctl", "stop", NATS_UNIT)
    try:
        yield
    finally:
        host.do("systemctl", "start", NATS_UNIT)


def complete(fleet: Fleet) -> bool:
    """Whether every broker has all of the stream."""
    try:
        found = fleet.stream()["cluster"]
    except AssertionError:  # there is no leader for a moment
        return False
    return len(found["replicas"]) == len(BROKERS) - 1 and all(one["current"] and not one.get("offline") for one in found["replicas"])


@contextlib.contextmanager
def influxdb_away(fleet: Fleet) -> Iterator[None]:
    """Stop InfluxDB, and start it again at the end."""
    fleet.owner.do("systemctl", "stop", "influxdb")
    try:
        yield
    finally:
        fleet.owner.do("systemctl", "start", "influxdb")
        running.until(fleet.influx_answers, "InfluxDB", PATIENCE_S)


@contextlib.contextmanager
def influxdb_frozen(fleet: Fleet) -> Iterator[None]:
    """InfluxDB takes requests and does not answer, until the end."""
    fleet.owner.do("systemctl", "kill", "--signal=STOP", "influxdb")
    try:
        yield
    finally:
        fleet.owner.do("systemctl", "kill", "--signal=CONT", "influxdb")


@contextlib.contextmanager
def clock_ahead(site: Site, seconds: int) -> Iterator[None]:
    """Put the clock of the program that reads the meters ahead, until the end."""
    before = site.host.read(WRAPPER)
    site.host.put("/opt/clock/sitecustomize.py", CLOCK.format(ahead_s=seconds))
    site.host.put(WRAPPER, before.replace(f'"{ROOT}/plugin"', f'"{ROOT}/plugin:/opt/clock"'), mode=0o755)
    site.host.do("systemctl", "restart", "telegraf")
    try:
        yield
    finally:
        site.host.put(WRAPPER, before, mode=0o755)
        site.host.do("systemctl", "restart", "telegraf")


def deliveries(fleet: Fleet) -> int:
    """How many messages were delivered more than once, or rather how many times too many."""
    found = fleet.consumer()["delivered"]
    return int(found["consumer_seq"]) - int(found["stream_seq"])


def tls(fleet: Fleet, site: str) -> ssl.SSLContext:
    """The credentials of a site."""
    files = fleet.credential(site)
    context = ssl.create_default_context(cafile=files["ca.pem"])
    context.load_cert_chain(files["site.pem"], files["site.key"])
    return context


async def connected(fleet: Fleet, context: ssl.SSLContext) -> Client:
    """A connection to a broker from this machine. Raises OSError or nats.errors.Error."""

    async def quiet(_error: Exception) -> None:
        pass  # the exception of `connect` says it

    broker = fleet.lab["nats-1"]
    return await nats.connect(
        f"tls://{broker.address}:4222", tls=context, tls_hostname=broker.name, connect_timeout=10, allow_reconnect=False, error_cb=quiet
    )


def as_server(fleet: Fleet, certificate: str, key: str) -> str:
    """What a broker says first to who comes to the port of its cluster with this certificate. "" if it says nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # a hostile one does not care whom it talks to
    context.load_cert_chain(certificate, key)
    broker = fleet.lab["nats-1"]
    try:
        with socket.create_connection((broker.address, 6222), PATIENCE_S) as plain, context.wrap_socket(plain) as connection:
            return connection.recv(4096).decode()
    except ConnectionResetError:
        return ""
    except ssl.SSLError as error:
        if error.reason != "TLSV1_ALERT_UNKNOWN_CA":
            raise
        return ""


def as_site(fleet: Fleet, site: str, work: Callable[[Client], Awaitable[T]]) -> T:
    """Do something with the credentials of a site."""

    async def done() -> T:
        connection = await connected(fleet, tls(fleet, site))
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(done())


class Flood(threading.Thread):
    """Publishes as much as a site can, until it is told to end."""

    def __init__(self, fleet: Fleet, site: str) -> None:
        """Nothing is sent yet."""
        super().__init__(daemon=True)
        self._fleet = fleet
        self._site = site
        self._end = threading.Event()
        self.taken = 0
        self.refused = 0
        self.why = ""

    def run(self) -> None:
        """Send."""
        as_site(self._fleet, self._site, self._send)

    def end(self) -> None:
        """Send no more."""
        self._end.set()
        self.join(PATIENCE_S)

    async def _send(self, connection: Client) -> None:
        stream = connection.jetstream()

        async def one() -> None:
            try:
                await stream.publish(f"han.{self._site}.lines", FLOODING, stream="HAN", timeout=10)
                self.taken += 1
            except nats.js.errors.APIError as error:
                self.refused += 1
                self.why = str(error)

        while not self._end.is_set():
            await asyncio.gather(*(one() for _ in range(20)))


@contextlib.contextmanager
def flood(fleet: Fleet, site: str) -> Iterator[Flood]:
    """Flood with the credentials of a site, until the end."""
    flooding = Flood(fleet, site)
    flooding.start()
    try:
        yield flooding
    finally:
        flooding.end()


async def outcome(asking: Awaitable[Any]) -> str:
    """What came of a request, in words: `answered …` or `refused …`."""
    try:
        answer = await asking
    except (nats.errors.Error, nats.js.errors.Error, TimeoutError) as error:
        return f"refused: {type(error).__name__}"
    text = getattr(answer, "data", b"").decode() or repr(answer)
    return f"refused: {text}" if '"error"' in text else f"answered: {text}"
