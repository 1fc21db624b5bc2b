"""Tries with real NATS servers what docs/fleet-growth.md says. Run it by hand; it is no test.

    python tests/fleet/try_growth.py shards     a stream that divides sites over several consumers, so over several InfluxDB
    python tests/fleet/try_growth.py leaf       a NATS server of a region: sites publish there, and the hub acknowledges
    python tests/fleet/try_growth.py queries    what of InfluxQL the boards use
    python tests/fleet/try_growth.py victoria   Debian's VictoriaMetrics: takes lines, what they cost, and whether it answers InfluxQL

`NATS_SERVER_BIN` names nats-server if it is not on the PATH. It needs nats-py. Each step prints what was asked and what came.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import ssl
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "plugin")]

import nats
import nats.errors
from measure_load import METERS_OF_A_SITE, configuration, cpu_s, disk_mb, free_port, lines, memory_mb, messages, real
from servers import build, debian, running

from telegraf_han.fleet import broker, certificates, telegraffiles
from telegraf_han.fleet.plan import Fleet

if TYPE_CHECKING:
    from nats.aio.client import Client

ROOT = HERE.parents[1]
SITES = ("site-a", "site-b")
SHARDS = 2


def started(folder: Path, name: str, text: str) -> running.Process:
    """A NATS server with this configuration."""
    program = os.environ.get("NATS_SERVER_BIN") or shutil.which("nats-server")
    assert program, "nats-server is expected on the PATH or in NATS_SERVER_BIN"
    file = folder / f"{name}.conf"
    file.write_text(text, encoding="utf-8")
    process = running.Process([program, "-c", str(file)], folder / f"{name}.log", folder, os.environ)
    process.wait_for_log("Server is ready")
    return process


async def told(client: Client, subject: str, body: dict[str, Any]) -> str:
    """What JetStream says to a request, in a word."""
    answer = json.loads((await client.request(subject, json.dumps(body).encode(), timeout=10)).data)
    return f"refused: {answer['error']['description']}" if "error" in answer else "made"


async def published(client: Client, subject: str, text: str) -> str:
    """What comes back for a line."""
    try:
        answer = json.loads((await client.request(subject, text.encode(), timeout=3)).data)
    except (nats.errors.TimeoutError, nats.errors.NoRespondersError) as error:
        return f"nothing ({type(error).__name__})"
    return f"refused: {answer['error']['description']}" if "error" in answer else f"acknowledged as {answer['stream']} {answer['seq']}"


# --- several consumers ---


async def shards(folder: Path) -> None:
    """Divide sites over consumers by NATS's own `partition`."""
    port = free_port()
    server = started(folder, "nats", f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{folder}/store" }}\n')
    try:
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        fleet = Fleet(("n0",), site_messages=100)
        divided = f"han.{{{{partition({SHARDS},1)}}}}.{{{{wildcard(1)}}}}.lines"
        stream = {**broker.stream(fleet), "subjects": ["han.*.lines"], "subject_transform": {"src": "han.*.lines", "dest": divided}}
        print(f"stream of han.*.lines, stored as {divided}: {await told(client, '$JS.API.STREAM.CREATE.HAN', stream)}")
        for name, subject in (("influx-0", "han.0.*.lines"), ("influx-1", "han.1.*.lines"), ("third", "han.*.*.lines")):
            wanted = {**broker.consumer(fleet), "durable_name": name, "deliver_group": name, "deliver_subject": f"deliver.{name}"}
            wanted["filter_subject"] = subject
            said = await told(client, f"$JS.API.CONSUMER.DURABLE.CREATE.HAN.{name}", {"stream_name": "HAN", "config": wanted})
            print(f"consumer {name} of {subject}: {said}")
        sites = [f"site-{number:03}" for number in range(200)]
        for site in sites:
            await published(client, f"han.{site}.lines", "electricity x=1")
        shares = []
        for shard in range(SHARDS):
            info = json.loads((await client.request(f"$JS.API.CONSUMER.INFO.HAN.influx-{shard}", b"")).data)
            shares.append(info["num_pending"])
        print(f"messages of {len(sites)} sites by consumer: {shares}")
        got = await client.subscribe("deliver.influx-0", queue="influx-0")
        found = {(await got.next_msg(timeout=5)).subject for _ in range(shares[0])}
        await got.unsubscribe()
        again = [(await published(client, f"han.{site}.lines", "electricity x=2")) for site in sites[:1]]
        print(f"subjects at influx-0: {len(found)}, such as {min(found)}; published again: {again[0]}")
        for _ in range(200):
            last = await published(client, f"han.{sites[0]}.lines", "electricity x=3")
        print(
            f"one site above its quota of 100 messages: {last}; another site: {await published(client, f'han.{sites[1]}.lines', 'x x=1')}"
        )
        await _into_databases(client, folder, f"nats://127.0.0.1:{port}")
        await client.close()
    finally:
        server.close()


async def _into_databases(client: Client, folder: Path, url: str) -> None:
    """A Telegraf of the centre and an InfluxDB for each shard. Each site must be in one of them, under its own name."""
    meters = 200 * METERS_OF_A_SITE
    with contextlib.ExitStack() as stack:
        stores = []
        for shard in range(SHARDS):
            place = folder / f"shard{shard}"
            place.mkdir()
            store = stack.enter_context(running.influxd(build.binary("influxd", print), place / "influxdb"))
            (place / telegraffiles.TOKEN).write_text(store.token, encoding="utf-8")
            text = configuration(url, store.url, place, {})
            text = text.replace('"han.*.lines"', f'"han.{shard}.*.lines"').replace(r"^han\.([^.]+)\.lines$", r"^han\.\d+\.([^.]+)\.lines$")
            text = text.replace('queue_group = "influx"', f'queue_group = "influx-{shard}"')
            (place / "centre.conf").write_text(text, encoding="utf-8")
            stack.enter_context(running.telegraf(build.binary("telegraf", print), place / "centre.conf", place))
            stores.append(store)
        for subject, body in messages(real("p1"), meters * 20, 200):
            await client.publish(subject, body)
        await client.flush()
        found: list[set[str]] = [set() for _ in stores]

        def whole() -> bool:
            answers = (store.query('SHOW TAG VALUES FROM electricity WITH KEY = "site"') for store in stores)
            found[:] = [{row["value"] for row in rows if len(row["value"]) == len("site-00000")} for rows in answers]
            return len(set().union(*found)) >= 200

        running.until(whole, "all sites", 120)
        print(f"sites in each InfluxDB: {[len(one) for one in found]}, in both: {len(found[0] & found[1])}")


# --- a leaf node ---


def _files(folder: Path, authority: certificates.Credential, *names: str) -> dict[str, str]:
    """Certificates and keys. Returns name → user."""
    users = {}
    for name in names:
        made = certificates.signed(authority, name, "0000", datetime.now(UTC), ["127.0.0.1", "localhost"])
        (folder / f"{name}.pem").write_text(made.certificate, encoding="utf-8")
        (folder / f"{name}.key").write_text(made.key, encoding="utf-8")
        users[name] = certificates.user_of(made.certificate)
    (folder / "ca.pem").write_text(authority.certificate, encoding="utf-8")
    return users


def _tls(folder: Path, name: str) -> str:
    return f'cert_file: "{folder}/{name}.pem", key_file: "{folder}/{name}.key", ca_file: "{folder}/ca.pem"'


async def _connected(folder: Path, port: int, name: str) -> Client:
    tls = ssl.create_default_context(cafile=folder / "ca.pem")
    tls.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")

    async def quiet(_error: Exception) -> None:
        pass

    return await nats.connect(f"tls://127.0.0.1:{port}", tls=tls, error_cb=quiet, allow_reconnect=False)


async def leaf(folder: Path) -> None:
    """A server of a region, with an account per site on both sides, and a TLS connection to the hub for each account."""
    users = _files(folder, certificates.authority(datetime.now(UTC)), "hub", "region", "admin", *SITES)
    port, leaves, near = free_port(), free_port(), free_port()
    sites = "".join(
        f'  "{site}" {{ users: [ {{user: "{users[site]}"}} ], imports: [ {{service: {{account: "HAN", subject: "han.{site}.>"}}}} ] }}\n'
        for site in SITES
    )
    hub_text = (
        f'server_name: "hub"\nlisten: "127.0.0.1:{port}"\ntls {{ {_tls(folder, "hub")}, verify_and_map: true }}\n'
        f'jetstream {{ store_dir: "{folder}/hub-store", domain: "hub" }}\n'
        f'leafnodes {{ listen: "127.0.0.1:{leaves}", tls {{ {_tls(folder, "hub")}, verify_and_map: true }} }}\n'
        f'accounts {{\n  HAN {{ jetstream: enabled, users: [ {{user: "{users["admin"]}"}} ], exports: [ {{service: "han.>"}} ] }}\n{sites}}}\n'
    )
    hub = started(folder, "hub", hub_text)
    remotes = ", ".join(f'{{ url: "tls://127.0.0.1:{leaves}", account: "{site}", tls {{ {_tls(folder, site)} }} }}' for site in SITES)
    accounts = "".join(f'  "{site}" {{ users: [ {{user: "{users[site]}"}} ] }}\n' for site in SITES)
    leaf_text = (
        f'server_name: "region"\nlisten: "127.0.0.1:{near}"\ntls {{ {_tls(folder, "region")}, verify_and_map: true }}\n'
        f"leafnodes {{ remotes: [ {remotes} ] }}\naccounts {{\n{accounts}}}\n"
    )
    region = started(folder, "region", leaf_text)
    try:
        admin = await _connected(folder, port, "admin")
        print(f"stream at the hub: {await told(admin, '$JS.API.STREAM.CREATE.HAN', broker.stream(Fleet(('n0',))))}")
        region.wait_for_log("Leafnode connection created for account: site-b")
        clients = {site: await _connected(folder, near, site) for site in SITES}
        for site in SITES:
            for subject in (f"han.{site}.lines", "han.site-b.lines", "han.site-a.lines"):
                print(f"{site} publishes {subject} at the region: {await published(clients[site], subject, 'electricity x=1')}")
        hub.kill()
        hub.close()
        print(f"the hub is away: {await published(clients['site-a'], 'han.site-a.lines', 'electricity x=2')}")
        hub = started(folder, "hub", hub_text)
        for _ in range(60):
            said = await published(clients["site-a"], "han.site-a.lines", "electricity x=2")
            if said.startswith("ack"):
                break
            await asyncio.sleep(0.5)
        print(f"the hub is back: {said}")
        for client in clients.values():
            await client.close()
    finally:
        region.close()
        hub.close()


# --- another store ---


async def victoria(folder: Path) -> None:
    """A day of P1 lines into VictoriaMetrics, and questions in both languages."""
    root = debian.unpacked("victoria-metrics")
    (program,) = root.glob("usr/bin/victoria-metrics*")
    port = free_port()
    command = [str(program), f"-storageDataPath={folder}/data", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"]
    process = running.Process(command, folder / "victoria.log", folder, debian.environment(root))
    url = f"http://127.0.0.1:{port}"
    try:
        running.until(lambda: _answer(f"{url}/health") == "OK", "VictoriaMetrics")
        meters, before, count = 50, cpu_s(process.pid), 0
        now_s = int(time.time())
        sent = lines(real("p1"), range(meters), 8640, now_s - 86_400, sited=True)
        while batch := [*islice(sent, 5000)]:
            _answer(f"{url}/write", "\n".join(batch).encode())
            count += len(batch)
        written = cpu_s(process.pid) - before
        _answer(f"{url}/internal/force_flush")
        _answer(f"{url}/internal/force_merge")
        running.until(lambda: "vm_active_merges" in _answer(f"{url}/metrics"), "its metrics")
        used = cpu_s(process.pid) - before
        print(f"{count} lines of {meters} meters: {count / written:,.0f} lines per CPU second, with merging {count / used:,.0f}")
        print(f"memory {memory_mb(process.pid):.0f} MB")
        state = 'electricity_link,interface=p1,meter=flat-0,site=site-00000 telegrams=3i,state="ok"'
        _answer(f"{url}/write", f"{state} {now_s - 60}000000000\n".encode())
        _answer(f"{url}/internal/force_flush")
        stored = json.loads(_answer(f"{url}/api/v1/query?query=electricity_link_state&time={now_s - 50}"))["data"]["result"]
        print(f'the state "ok" is stored as {stored[0]["value"][1] if stored else "nothing"}')
        influxql = urllib.parse.quote('SELECT last("active_power_import_w") FROM "electricity" GROUP BY "meter"')
        print(f"InfluxQL: {_answer(f'{url}/query?db=energy&q={influxql}')[:200]!r}")
        wanted = urllib.parse.quote("sum(count_over_time(electricity_active_power_import_w[30h]))")
        counted = json.loads(_answer(f"{url}/api/v1/query?query={wanted}"))["data"]["result"][0]["value"][1]
        print(f"values of the power: {counted}")
        wanted = urllib.parse.quote("sum(last_over_time(electricity_active_power_import_w[1d])) by (site)")
        answer = json.loads(_answer(f"{url}/api/v1/query?query={wanted}"))
        print(f"MetricsQL: {len(answer['data']['result'])} sites")
        process.stop()  # it writes the last lines to its files
        print(f"on disk: {disk_mb(folder / 'data') * 1e6 / meters:,.0f} bytes per meter and day")
    finally:
        process.close()


def _answer(url: str, body: bytes | None = None) -> str:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, body, timeout=60) as answer:
            text: str = answer.read().decode()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"
    except OSError as error:
        return str(error)
    return text


FEATURES = {
    "a sub-query": r"FROM \(",
    "several sub-queries in one FROM": r"\), \(",
    'a retention policy by name (`"5m".…`)': r'"5m"\.',
    "days of a time zone (`tz()`)": r"tz\(",
    "a regular expression on a tag": "[=!]~",
    "`fill(0)` or `fill(previous)`": r"fill\((?:0|previous)\)",
    "`LIMIT`, `OFFSET`, `ORDER BY time DESC`": "LIMIT|OFFSET|DESC",
    "`difference`, `moving_average`, `cumulative_sum`, `elapsed`": "difference|moving_average|cumulative_sum|elapsed",
    "`top`, `bottom`, `percentile`, `distinct`": r"(?:top|bottom|percentile|distinct)\(",
    "`SHOW TAG KEYS`, `SHOW TAG VALUES`": "SHOW TAG",
    "arithmetic on constants in `WHERE`": r"\$\{__to\} - \$\{__from\}",
}


async def queries(_folder: Path) -> None:
    """How many queries of all boards use what."""
    found: list[str] = []
    for file in sorted([*ROOT.glob("grafana/dashboards/en/*.json"), *ROOT.glob("fleet/dashboards/en/*.json")]):
        board = json.loads(file.read_text(encoding="utf-8"))
        panels = [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", []))]
        found += [target["query"] for panel in panels for target in panel.get("targets", [])]
        found += [variable["query"] for variable in board["templating"]["list"] if variable["type"] == "query"]
    print(f"{len(found)} queries")
    for name, pattern in FEATURES.items():
        print(f"| {name} | {sum(re.search(pattern, query) is not None for query in found)} |")


def main() -> None:
    """Try what is named."""
    tries = {"shards": shards, "leaf": leaf, "queries": queries, "victoria": victoria}
    if len(sys.argv) != 2 or sys.argv[1] not in tries:
        print(__doc__)
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(tries[sys.argv[1]](Path(folder)))


if __name__ == "__main__":
    main()
