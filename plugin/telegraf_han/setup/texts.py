"""Makes the content of the files that the set-up writes. Pure: answers in, text out.

Telegraf's configuration has its own output, with `namepass`, so that an output that was there before stays as it is. The disk buffer is a
setting of Telegraf's agent. [seen] in Telegraf 1.39.3 (config/config.go, buildOutput): an output takes the agent's setting of the moment
at which its file is loaded, `buffer_strategy` in the output itself is ignored, and telegraf.conf is loaded before telegraf.d. So the
[agent] section in our file is in force for our outputs and not for those of telegraf.conf. Telegraf warns at its start that there are two
[agent] sections.
"""

import json
from typing import Final, NamedTuple

STORE: Final = "telegraf_han"
"""The id of the secret store in Telegraf's configuration."""
WRITE_TOKEN: Final = "influx_token"  # noqa: S105, the name of a file
BILL_TOKEN: Final = "bill_token"  # noqa: S105
COSTS: Final = ("electricity_cost", "electricity_bill", "electricity_price")
"""Measurements for the bucket that is kept."""
MARK: Final = "Written by `telegraf-han init`"
"""The beginning of each file that belongs to `init`."""
_OURS: Final = (
    f"{MARK}, which writes it again when something has changed. `telegraf-han remove` removes it.\n"
    "Write your own settings into another file."
)


class Meter(NamedTuple):
    """The answers about the meter."""

    name: str
    interface: str
    port: str
    """P1: where the meter is read. wM-Bus: the port of the receiver, "" for a program."""
    receiver: str = ""
    """wM-Bus: the type of the receiver."""
    id: str = ""
    key_files: tuple[tuple[str, str], ...] = ()
    """Option and file name of each key, such as ("encryption_key", "home.ek")."""


class Database(NamedTuple):
    """The answers about InfluxDB."""

    url: str
    org: str
    bucket: str


class Telegraf(NamedTuple):
    """What Telegraf's configuration depends on, besides InfluxDB."""

    program: str
    config: str
    secrets: str
    buffer: str
    """"" if Telegraf's own configuration already keeps metrics on disk."""
    measurement: str = "electricity"
    bills: bool = False
    """Whether a meter has a tariff or prices, so that there is something to compute."""


def _comment(text: str, mark: str = "#") -> str:
    return "".join(f"{mark} {line}\n" for line in text.splitlines())


def _toml(value: object) -> str:
    """A TOML string, or an array of strings. JSON's escapes are TOML's, too, but TOML has no pairs of surrogates, and no bare DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def _telegraf(value: object) -> str:
    """The same for Telegraf, which replaces variables of its environment in every string ([seen] config/envvar.go), unless $ is doubled."""
    return _toml(value).replace("$", "$$")


def han(meter: Meter) -> str:
    """The configuration with one meter."""
    lines = [f"# {MARK}. From now on this file is yours: `init` does not change it any more.", "# `telegraf-han check` finds mistakes.", ""]
    if meter.interface == "wmbus":
        lines += ["[[receiver]]", 'name = "receiver"', f"type = {_toml(meter.receiver)}"]
        lines += [f"port = {_toml(meter.port)}"] if meter.port else []
        lines.append("")
    lines += ["[[meter]]", f"name = {_toml(meter.name)}", f"interface = {_toml(meter.interface)}"]
    lines.append(f"id = {_toml(meter.id)}" if meter.interface == "wmbus" else f"port = {_toml(meter.port)}")
    lines += [f"{option} = {_toml(f'file:{name}')}" for option, name in meter.key_files]
    return "\n".join(lines) + "\n"


def telegraf(one: Telegraf, database: Database) -> str:
    """Telegraf's configuration: the input, the outputs, the buffer and, if there is a tariff, the bill."""
    names = list(dict.fromkeys((one.measurement, f"{one.measurement}_*", "electricity_*", "obis", "internal_*")))
    parts = [_comment(_OURS, "##")]
    if one.buffer:
        parts.append(_BUFFER.format(buffer=_telegraf(one.buffer)))
    command = [one.program, "run", "--config", one.config]
    parts.append(_INPUT.format(store=STORE, secrets=_telegraf(one.secrets), command=_telegraf(command)))
    if one.bills:
        token = f"{one.secrets}/{BILL_TOKEN}"
        often = [one.program, "bill", "--config", one.config, "--token-file", token, "--url", database.url]
        often += ["--org", database.org, "--bucket", database.bucket]
        parts.append(_BILL.format(often=_telegraf(often), nightly=_telegraf([*often, "--back", "45d"])))
    values = {
        "url": _telegraf(database.url),
        "org": _telegraf(database.org),
        "costs": _toml(COSTS),
        "token": f'"@{{{STORE}:{WRITE_TOKEN}}}"',
    }
    parts.append(_OUTPUT.format(bucket=_telegraf(database.bucket), names=_telegraf(names), **values))
    parts.append(_KEPT.format(bucket=_telegraf(f"{database.bucket}/5m"), **values))
    return "\n".join(parts)


_BUFFER: Final = """\
## While InfluxDB is away, metrics wait on disk. Telegraf knows this setting only for the whole agent. In this file it is in force for
## the outputs below, and for outputs in files of this folder with later names. Outputs in telegraf.conf keep the setting that they
## have. Telegraf warns of two [agent] sections when it starts. That is all right here.
[agent]
  buffer_strategy = "disk"
  buffer_directory = {buffer}
"""
_INPUT: Final = """\
[[secretstores.docker]]
  id = "{store}"
  path = {secrets}

[[inputs.execd]]
  command = {command}
  signal = "none"
  restart_delay = "10s"
  data_format = "influx"

## Telegraf's own figures, for the board Read-out health.
[[inputs.internal]]
"""
_BILL: Final = """\
## What the electricity costs: every quarter of an hour the hours of the last days, once a night those of the last 45 days, because
## telegrams and prices may come late.
[[inputs.exec]]
  alias = "bill"
  commands = [{often}]
  interval = "15m"
  collection_offset = "1m"
  timeout = "10m"
  log_stderr = true
  data_format = "influx"

[[inputs.exec]]
  alias = "bill of late data"
  commands = [{nightly}]
  interval = "24h"
  collection_offset = "3h7m"
  timeout = "1h"
  log_stderr = true
  data_format = "influx"
"""
_OUTPUT: Final = """\
[[outputs.influxdb_v2]]
  alias = "telegraf-han"
  urls = [{url}]
  token = {token}
  organization = {org}
  bucket = {bucket}
  namepass = {names}
  namedrop = {costs}
  tagexclude = ["host"]
"""
_KEPT: Final = """\
## Costs and prices go into the bucket whose data are kept for ever.
[[outputs.influxdb_v2]]
  alias = "telegraf-han kept"
  urls = [{url}]
  token = {token}
  organization = {org}
  bucket = {bucket}
  namepass = {costs}
  tagexclude = ["host"]
"""


def drop_in() -> str:
    """What is added to Telegraf's systemd unit: the folder of the plugin's socket."""
    return _comment(_OURS) + "[Service]\nRuntimeDirectory=telegraf-han\nRuntimeDirectoryMode=0750\nRuntimeDirectoryPreserve=restart\n"


def datasource(shipped: str, database: Database, token: str) -> str:
    """Grafana's data source: the file that is shipped with the boards, with the address, the bucket and the token's file filled in."""
    # A JSON string is a string in YAML, too. Grafana replaces variables in it, as Telegraf does, unless $ is doubled.
    filled = shipped.replace("${INFLUX_URL}", _telegraf(database.url)).replace("${INFLUX_BUCKET}", _telegraf(database.bucket))
    return _comment(_OURS) + filled.replace("/run/secrets/influx_token", token)


def providers(shipped: str, boards: str) -> str:
    """Grafana's providers of the boards, with the folder of the boards filled in."""
    return _comment(_OURS) + shipped.replace("/etc/grafana/dashboards", f"{boards}/dashboards")
