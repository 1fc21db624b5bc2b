"""`fleet check` with a real NATS server and a real InfluxDB: each verdict is brought about, and found. And the backup of the stream."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import ssl
import subprocess
import sys
import tarfile
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import nats
import nats.errors
import pytest
from servers import running

from document import Document

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

NS = 10**9
SITES = ("well", "quiet", "waits", "ahead", "flood", "loud", "sold", "former", "unread")
QUOTA = 10
"""Messages of one site: the smallest quota that a plan may have."""


class Fleet(NamedTuple):
    """A fleet with one server that runs."""

    tmp: Path
    influx: running.Influx
    server: running.Process

    def han(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of `fleet`."""
        env = {**os.environ, "INFLUX_TOKEN": self.influx.token}
        command = [sys.executable, "-m", "telegraf_han", "fleet", *words, "--folder", str(self.tmp / "fleet")]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env)

    def do(self, *words: str) -> None:
        """A command that must be good."""
        done = self.han(*words)
        assert done.returncode == 0, done.stderr

    def check(self, *words: str) -> tuple[int, dict[str, tuple[str, ...]], str]:
        """Exit code, the table by site, and all that was said."""
        done = self.han("check", "--url", self.influx.url, *words)
        assert not done.stderr, done.stderr
        rows = (re.split(r" {2,}", line) for line in done.stdout.splitlines())
        return done.returncode, {row[0]: tuple(row[1:]) for row in rows if len(row) == 5}, done.stdout

    def reload(self) -> None:
        """Bring the server its files, as its unit does: with two reloads."""
        unpack(self)
        for _number in range(2):
            count = self.server.log_text().count("Reloaded server configuration")
            os.kill(self.server.pid, 1)
            running.until(lambda count=count: self.server.log_text().count("Reloaded server configuration") > count, "a reload")

    def unpack_site(self, site: str, name: str = "") -> None:
        """The credentials of a site, under another name if it gets others later."""
        with tarfile.open(self.tmp / "fleet" / "sites" / f"{site}.tar") as archive:
            archive.extractall(self.tmp / "at" / (name or site), filter="data")

    @contextlib.asynccontextmanager
    async def connected(self, site: str, name: str = "") -> AsyncIterator[Any]:
        """A site, as its uplink connects. It hears of errors only by what it asks."""
        place = self.tmp / "at" / (name or site) / "etc/telegraf-han-uplink"
        tls = ssl.create_default_context(cafile=place / "ca.pem")
        tls.load_cert_chain(place / "site.pem", place / "site.key")

        async def ignored(_error: Exception) -> None:
            pass

        client = await nats.connect([self.url], tls=tls, allow_reconnect=False, error_cb=ignored, name=site)
        try:
            yield client
        finally:
            await client.close()

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"tls://127.0.0.1:{port_of(self.server)}"


def unpack(fleet: Fleet) -> None:
    unpacked(fleet.tmp, re.search(r"^port = (\d+)", (fleet.tmp / "fleet/fleet.toml").read_text(), re.MULTILINE)[1])  # type: ignore[index]


def unpacked(tmp: Path, port: str) -> Path:
    """The server's files, with its places below a folder of the test."""
    place = tmp / "server"
    with tarfile.open(tmp / "fleet/servers/127.0.0.1.tar") as archive:
        archive.extractall(place, filter="data")
    path = place / "etc/telegraf-han-nats/nats.conf"
    text = path.read_text().replace("/etc/telegraf-han-nats", str(path.parent)).replace("/var/lib/telegraf-han-nats", str(place / "data"))
    text = re.sub(r"^http: .*$", "", text, flags=re.MULTILINE)
    path.write_text(re.sub(r"^port: .*$", f"host: 127.0.0.1\nport: {port}", text, flags=re.MULTILINE))
    return path


def port_of(server: running.Process) -> str:
    return server.wait_for_log(r"Listening for client connections on 127\.0\.0\.1:(\d+)")[1]


@pytest.fixture
def fleet(nats_server_binary: Path, influx: running.Influx, tmp_path: Path) -> Iterator[Fleet]:
    """A server and an InfluxDB, without a stream and without sites."""
    folder = tmp_path / "fleet"
    subprocess.run(
        [sys.executable, "-m", "telegraf_han", "fleet", "create", "--server", "127.0.0.1", "--folder", folder],
        check=True,
        capture_output=True,
    )
    plan = folder / "fleet.toml"
    text = re.sub(r"^site_messages = .*$", f"site_messages = {QUOTA}", plan.read_text(), flags=re.MULTILINE)
    server = running.Process(
        [str(nats_server_binary), "-c", str(unpacked(tmp_path, "-1"))], tmp_path / "nats.log", tmp_path, dict(os.environ)
    )
    try:
        plan.write_text(re.sub(r"^port = .*$", f"port = {port_of(server)}", text, flags=re.MULTILINE))
        made = Fleet(tmp_path, influx, server)
        yield made
    finally:
        server.close()


def lines(site: str, ago_s: float, state: str = "ok") -> str:
    """A reading and a status line, so long before now."""
    stamp = time.time_ns() - int(ago_s * NS)
    return (
        f"electricity,site={site},interface=p1,meter=home active_energy_import_wh=1.0 {stamp}\n"
        f'electricity_link,site={site},interface=p1,meter=home state="{state}" {stamp}\n'
    )


def test_every_verdict(fleet: Fleet) -> None:
    """Nine sites, each with a fault of its own but one. Then the server gets its new files, and what a revoked site may is over."""
    fleet.do("setup")
    for site in SITES:
        fleet.do("init", site)
        fleet.unpack_site(site)
    fleet.reload()
    asyncio.run(_every_verdict(fleet))


async def _every_verdict(fleet: Fleet) -> None:
    fresh = "".join(lines(site, 5) for site in ("well", "flood", "loud", "sold", "former"))
    fleet.influx.write(fresh + lines("quiet", 7200) + lines("waits", 7200) + lines("ahead", -7200) + lines("unread", 5, "wrong_key"))
    async with contextlib.AsyncExitStack() as stack:
        well, waits, flood, loud, sold = [
            await stack.enter_async_context(fleet.connected(site)) for site in ("well", "waits", "flood", "loud", "sold")
        ]
        await waits.jetstream().publish("han.waits.lines", b"electricity,meter=home active_energy_import_wh=1.0")
        for _number in range(QUOTA):
            await flood.jetstream().publish("han.flood.lines", b"x")
        with pytest.raises(nats.errors.Error):
            await flood.jetstream().publish("han.flood.lines", b"x")
        fleet.do("revoke", "sold")
        fleet.do("init", "former")
        fleet.do("init", "new")
        assert well.is_connected

        code, table, said = await _while_loud(loud, fleet)

        assert code == 1
        states = {site: row[0] for site, row in table.items()}
        assert states == {
            "site": "state",
            "sold": "still admitted",
            "flood": "flooding",
            "loud": "flooding",
            "quiet": "silent",
            "waits": "late",
            "ahead": "clock ahead",
            "new": "never heard",
            "unread": "no meter",
            "former": "ok",
            "well": "ok",
        }
        assert table["flood"][2] == str(QUOTA)
        assert table["ahead"][1] == "in 120 min"
        assert table["well"][3] == "1/1"
        assert "error    no Telegraf of the centre takes messages" in said
        assert "error    server 127.0.0.1 does not know yet: new." in said
        assert "error    server 127.0.0.1 still admits the former certificate of: former." in said
        assert "sold was revoked on" in said
        assert f"flood: {QUOTA} of its messages wait, which is all that it may have" in said
        assert re.search(r"loud: it sends [0-9,]+ messages per minute", said)

        fleet.reload()
        await asyncio.to_thread(running.until, lambda: not sold.is_connected, "the end of a revoked site's connection")
    for site in ("sold", "former"):
        with pytest.raises(nats.errors.Error):
            async with fleet.connected(site):
                pass
    fleet.unpack_site("former", "former again")
    async with fleet.connected("former", "former again"):
        _code, table, said = await asyncio.to_thread(fleet.check, "--listen", "0")

    assert (table["sold"][0], table["former"][0], table["new"][0]) == ("revoked", "ok", "never heard")
    assert "sold was revoked on" in said
    assert "It tried to connect, and was refused: 127.0.0.1" in said
    assert "ok       server 127.0.0.1 knows 9 sites" in said


async def _while_loud(loud: Any, fleet: Fleet) -> tuple[int, dict[str, tuple[str, ...]], str]:
    """Check while a site publishes many messages, which its account may do, but not to its subject: so they wait nowhere."""

    async def publish() -> None:
        while True:
            await loud.publish("han.loud.more", b"x")
            await asyncio.sleep(0.05)

    publishing = asyncio.create_task(publish())
    try:
        return await asyncio.to_thread(fleet.check, "--listen", "1s")
    finally:
        publishing.cancel()


def test_too_little_to_look_at(fleet: Fleet) -> None:
    """No stream and no sites yet are told. If NATS or InfluxDB does not answer, the exit code is 2, with one line."""
    code, table, said = fleet.check("--listen", "0")
    assert (code, table) == (1, {})
    assert "error    the stream or its consumer is not there. Run: telegraf-han fleet setup" in said
    assert "There are no sites yet: telegraf-han fleet init SITE" in said

    done = fleet.han("check", "--url", "http://127.0.0.1:1", "--listen", "0")
    assert done.returncode == 2
    assert "the stream or its consumer is not there" in done.stdout  # what the broker says is told all the same
    assert re.fullmatch(r"E! no InfluxDB answers at http://127\.0\.0\.1:1 .*\n", done.stderr)
    fleet.server.stop()
    done = fleet.han("check", "--url", fleet.influx.url, "--listen", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"E! no NATS server of this fleet answers at tls://127\.0\.0\.1:\d+ \(.*\)\. Is it running.*\n", done.stderr)


def test_backup_of_the_stream(fleet: Fleet, nats_binary: Path) -> None:
    """The page's commands: what waits is there again on a server that had lost it, and so is the consumer."""
    backup, restore = Document("docs/fleet.md").section("Back up the stream").blocks
    fleet.do("setup")
    fleet.do("init", "wola")
    fleet.unpack_site("wola")
    fleet.reload()

    async def published(count: int) -> None:
        async with fleet.connected("wola") as site:
            for number in range(count):
                await site.jetstream().publish("han.wola.lines", f"electricity,meter=home x={number}".encode())

    asyncio.run(published(7))
    typed(fleet, nats_binary, backup)
    typed(fleet, nats_binary, restore.partition("nats ")[0] + "nats " + restore.split("nats ")[1])  # the stream is gone
    assert "HAN" not in fleet.han("setup").stderr
    typed(fleet, nats_binary, restore)

    said = fleet.han("setup").stdout.splitlines()
    assert said == ["ok       HAN", "ok       HAN_SITES", "ok       HAN.influx"]
    assert "7 messages wait at the broker" in fleet.check("--listen", "0")[2]


def typed(fleet: Fleet, program: Path, commands: str) -> None:
    """Commands of the page, in the folder and with the server of the test."""
    commands = commands.replace("/etc/telegraf-han/fleet", str(fleet.tmp / "fleet")).replace("tls://hub.example.net:4222", fleet.url)
    commands = commands.replace("/var/backups", str(fleet.tmp)).replace("nats --server", f"{program} --server")
    done = subprocess.run(["bash", "-e", "-u", "-c", commands], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
