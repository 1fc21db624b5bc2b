"""Makes Telegraf's configuration for sites and for the centre. Pure: plan and names in, text out.

**A site** has two Telegrafs. The first one reads the meters, as in every house. The second one, the uplink, takes its lines by HTTP on
this host and sends them to NATS. There are two, because `outputs.nats` ends a Telegraf that starts while no server can be reached [seen
in 1.39.3, plugins/outputs/nats]. That must not happen to the Telegraf that reads meters. systemd starts the uplink again and again until
it gets through. Both keep their metrics on disk meanwhile.

**The centre** has one or more Telegrafs with the same configuration. Each message goes to one of them. Four things are important there:

- The tag `site` comes from the subject, which NATS has checked. So no site can write in the name of another one.
- No tag may tell which Telegraf wrote a point (`host`), or by which way it came (`subject`). So a point that is delivered twice is the
  same point, and InfluxDB stores it once.
- Metrics wait in memory. Telegraf acknowledges a message when InfluxDB has taken its metrics, so all that is not there yet is at the
  broker. The buffer must have room for all messages that are under way, because Telegraf gives up messages that do not fit
  (`max_undelivered_messages` times the lines of a message). A message of a hostile site has as many lines as fit. If the buffer was made
  for honest messages only, those of other sites would be given up [seen: InfluxDB away for 20 s, 40 messages of 49,000 lines].
- One site must not harm another. InfluxDB refuses a whole request, with the lines of all sites in it, for one line with a tag `time` or
  with a name of a series above 64 kB [seen on 2.9.1], and a field has the type of whoever writes it first in a week. So only known
  measurements get in, names are cut, and types are made what they are in docs/metrics.md. A field `site` of one site hides the tag `site`
  of all of them from InfluxQL [seen], so no name is a tag and a field.
"""

import json
import string
from typing import Final

from telegraf_han.fleet.natsfiles import CONSUMER, MESSAGE_LIMIT_BYTES, STREAM, SUBJECTS, subject
from telegraf_han.fleet.plan import Fleet
from telegraf_han.tariffs.components import BILL_FIELDS

UPLINK: Final = "/etc/telegraf-han-uplink"
UPLINK_UNIT: Final = "telegraf-han-uplink.service"
DROP_IN: Final = "/etc/telegraf/telegraf.d/telegraf-han.uplink.conf"
"""Telegraf loads it after the file of `init`, `telegraf-han.conf`. So the outputs there keep the buffer that they have (docs/adr/0011)."""
CENTRE: Final = "/etc/telegraf-han-centre"
CENTRE_UNIT: Final = "telegraf-han-centre.service"
TOKEN: Final = "influx_token"  # noqa: S105, the name of a file
LINES: Final = 60
"""Lines of one message."""
UNDELIVERED: Final = 200
"""Messages under way in one Telegraf of the centre."""
SHORTEST: Final = "electricity x=1\n"
"""No line that the centre takes is shorter."""
BUFFER: Final = "/var/lib/telegraf/buffer"
"""The same folder as that of `init` (setup/places.py)."""
INPUT: Final = "/etc/telegraf/telegraf.d/telegraf-han.input.conf"
PORT: Final = 8187
"""Where the uplink takes lines, on the host itself."""

_MARK: Final = "## Written by `telegraf-han fleet`, which writes it again when something has changed.\n"
_TAGS: Final = ("site", "interface", "meter", "model", "serial", "series", "inverter")
"""Tags that boards ask for, and that are a field nowhere. (`tariff` is a field of readings.)"""
_QUANTITIES: Final = ("*_wh", "*_w", "*_varh", "*_var", "*_vah", "*_va", "*_v", "*_a", "*_hz", "*_dbm")
_COUNTERS: Final = (
    *("telegrams", "decoded", "duplicates", "unverified", "lines_dropped", "host_stamped", "errors_*", "flaws", "waiting", "stale"),
    *("registers_back", "fields_refused"),
)
_NO_TAGS: Final = (
    *(*_QUANTITIES, "*_s", "*_percent", "*_per_kwh", "*_text", *_COUNTERS, "state", "name", "currency", "period", "billing_day"),
    *("limiter_mode", "message", "buffer_size", "buffer_limit", "metrics_*", "power_factor_*", "alloc_bytes", "obis_*", "record_*"),
)
"""Names of fields. config/tags.py does not let an owner give them to a tag."""
_STRANGE: Final = f"*[!{string.ascii_letters}{string.digits}_.-]*"  # Telegraf's patterns know one range or a list
"""Names that no line of the plugin has. Some of them InfluxDB refuses, such as NUL, or a backslash in front of the `=`."""
_BACK_DAYS: Final = 3653
_AHEAD_DAYS: Final = 7
"""A point with a time outside of this is nobody's reading."""
_COSTS: Final = json.dumps(["electricity_cost", "electricity_bill", "electricity_price"])
_NAMES: Final = json.dumps(
    [
        "electricity",
        *(f"electricity_{kind}" for kind in ("link", "settings", "cost", "bill", "price", "production")),
        *("internal_write", "internal_memstats"),
    ]
)
"""Measurements that leave a site, and that the centre takes."""


def _tls(place: str, name: str) -> str:
    return f'  secure = true\n  tls_ca = "{place}/ca.pem"\n  tls_cert = "{place}/{name}.pem"\n  tls_key = "{place}/{name}.key"\n'


def _text(value: str) -> str:
    """Text of the owner. Telegraf would put variables of its environment in the place of `$NAME`; `$$` is a dollar."""
    return json.dumps(value, ensure_ascii=False).replace("$", "$$")


def reading(token: str) -> str:
    """What the Telegraf that reads the meters gets in addition. `token` is a password between the two Telegrafs of a site."""
    return _READING.format(mark=_MARK, port=PORT, token=token, names=_NAMES, buffer=BUFFER)


def reads_meters() -> str:
    """The input of a site on which `telegraf-han init` was not run, because it has no InfluxDB of its own."""
    return _INPUT.format(mark=_MARK)


def uplink(site: str, fleet: Fleet, token: str) -> str:
    """The second Telegraf of a site."""
    return _UPLINK.format(
        mark=_MARK,
        port=PORT,
        token=token,
        lines=LINES,
        servers=json.dumps(fleet.urls),
        tls=_tls(UPLINK, "site"),
        subject=subject(site),
        stream=STREAM,
        name=site,
    )


def centre(fleet: Fleet) -> str:
    """A Telegraf of the centre."""
    return _CENTRE.format(
        mark=_MARK,
        place=CENTRE,
        servers=json.dumps(fleet.urls),
        tls=_tls(CENTRE, "centre"),
        stream=STREAM,
        subjects=SUBJECTS,
        consumer=CONSUMER,
        undelivered=UNDELIVERED,
        names=_NAMES,
        numbers=json.dumps([*_QUANTITIES, "power_factor_*", "tariff", "limiter_mode", "meter_status"]),
        counters=json.dumps(_COUNTERS),
        back=f"{_BACK_DAYS * 24}h",
        ahead=f"{_AHEAD_DAYS * 24}h",
        tagexclude=json.dumps(["time", "_*", _STRANGE, "host", *_NO_TAGS]),
        fieldexclude=json.dumps(["time", "_*", _STRANGE, "host", "subject", *_TAGS]),
        billtags=json.dumps(["host", "subject", *BILL_FIELDS]),
        keep=json.dumps([*_TAGS, "tariff"]),
        limit=UNDELIVERED * MESSAGE_LIMIT_BYTES // len(SHORTEST),
        costs=_COSTS,
        url=_text(fleet.influx.url),
        org=_text(fleet.influx.org),
        bucket=_text(fleet.influx.bucket),
        kept=_text(f"{fleet.influx.bucket}/5m"),
        token=f"@{{fleet:{TOKEN}}}",
    )


def unit(what: str, place: str, state: str = "") -> str:
    """The systemd unit of a Telegraf of the fleet."""
    folder = f"StateDirectory={state}\nStateDirectoryMode=0750\n" if state else ""
    return _UNIT.format(mark=_MARK.replace("##", "#"), what=what, place=place, folder=folder)


_READING: Final = """\
{mark}
## While the uplink is not there, metrics wait on disk. Telegraf knows this setting only for the whole agent. In this file it is in force
## for the outputs below, and for outputs in files of this folder with later names. Telegraf warns of two [agent] sections. That is all
## right.
[agent]
  buffer_strategy = "disk"
  buffer_directory = "{buffer}"

## To the second Telegraf of this host, which sends to the fleet.
[[outputs.influxdb_v2]]
  alias = "telegraf-han uplink"
  urls = ["http://127.0.0.1:{port}"]
  token = "{token}"
  organization = "fleet"
  bucket = "fleet"
  flush_interval = "5s"
  namepass = {names}
  tagexclude = ["host"]
"""
_INPUT: Final = """\
{mark}
[[inputs.execd]]
  command = ["telegraf-han", "run", "--config", "/etc/telegraf/han.toml"]
  signal = "none"
  restart_delay = "10s"
  data_format = "influx"

## Telegraf's own figures, for the board Read-out health.
[[inputs.internal]]
"""
_UPLINK: Final = """\
{mark}
## The uplink of the site {name}: takes lines of the Telegraf that reads the meters, and sends them to the fleet.
[agent]
  omit_hostname = true
  flush_interval = "10s"
  ## A message has so many lines at most, so it is never too large for NATS.
  metric_batch_size = {lines}
  ## While no server can be reached, metrics wait on disk.
  buffer_strategy = "disk"
  buffer_directory = "/var/lib/telegraf-han-uplink"

[[inputs.influxdb_v2_listener]]
  service_address = "127.0.0.1:{port}"
  token = "{token}"
  parser_type = "upstream"

## How much waits here, for the board Read-out health.
[[inputs.internal]]
  interval = "60s"
  namepass = ["internal_write"]

[[outputs.nats]]
  alias = "telegraf-han fleet"
  ## The servers tell the name of a client whose certificate they refuse. `telegraf-han fleet check` shows it.
  name = "{name}"
  servers = {servers}
{tls}  subject = "{subject}"
  use_batch_format = true
  data_format = "influx"
  [outputs.nats.jetstream]
    name = "{stream}"
    disable_stream_creation = true
"""
_CENTRE: Final = """\
{mark}
[agent]
  ## Points must not tell which Telegraf wrote them. Otherwise a message that is delivered again makes other points.
  omit_hostname = true
  ## So often messages are acknowledged, and there is place for new ones.
  flush_interval = "200ms"
  metric_batch_size = 5000
  ## Room for all messages that are under way, even if they are full of the shortest lines. Telegraf gives up what does not fit, and
  ## it would give up lines of other sites, too. A buffer on disk is not necessary: what InfluxDB
  ## does not have yet is still at the broker.
  metric_buffer_limit = {limit}

[[secretstores.docker]]
  id = "fleet"
  path = "{place}/secrets"

[[inputs.nats_consumer]]
  servers = {servers}
{tls}  subjects = []
  jetstream_stream = "{stream}"
  jetstream_subjects = ["{subjects}"]
  queue_group = "{consumer}"
  max_undelivered_messages = {undelivered}
  ## What the broker sends beyond that is sent again later.
  pending_message_limit = 1000
  data_format = "influx"
  ## Nothing else of a site gets in.
  namepass = {names}
  ## InfluxDB refuses a time at the end of its range, and some names, such as `time`. With one such line it refuses all that come in the
  ## same request, those of other sites, too. It also makes a folder for each week in which there is a point.
  metricpass = "time > now() - duration('{back}') && time < now() + duration('{ahead}')"
  ## If a field has the name of a tag, or a tag that of a field, queries of all sites find the wrong one.
  tagexclude = {tagexclude}
  fieldexclude = {fieldexclude}

## The site is what NATS knows of the sender, not what the sender says.
[[processors.regex]]
  order = 1
  [[processors.regex.tags]]
    key = "subject"
    pattern = '^han\\.([^.]+)\\.lines$'
    replacement = "${{1}}"
    result_key = "site"

## Lines of a site that does not behave must not hold up the others. InfluxDB also refuses a request with the name of a series above
## 64 kB in it …
[[processors.tag_limit]]
  order = 2
  limit = 16
  keep = {keep}
[[processors.strings]]
  order = 3
  [[processors.strings.left]]
    tag = "*"
    width = 128
  [[processors.strings.left]]
    tag_key = "*"
    width = 64
  [[processors.strings.left]]
    field_key = "*"
    width = 64

## … and a field has the type of whoever writes it first in a week.
[[processors.converter]]
  order = 4
  namepass = ["electricity"]
  [processors.converter.fields]
    float = {numbers}
    string = ["*_text", "*_text_[0-9]", "*_time", "*_time_[0-9]", "message"]
[[processors.converter]]
  order = 4
  namepass = ["internal_write", "internal_memstats"]
  [processors.converter.fields]
    integer = ["*"]
[[processors.converter]]
  order = 4
  namepass = ["electricity_link"]
  [processors.converter.fields]
    string = ["state"]
    float = ["age_s", "clock_offset_s", "rssi_dbm"]
    integer = {counters}
[[processors.converter]]
  order = 4
  namepass = ["electricity_settings", "electricity_cost", "electricity_bill", "electricity_price", "electricity_production"]
  [processors.converter.fields]
    string = ["name", "currency", "period"]
    float = ["*"]

## Figures of this Telegraf itself.
[[inputs.internal]]
  interval = "60s"
  namepass = ["internal_write", "internal_memstats"]
  [inputs.internal.tags]
    centre = "${{HAN_CENTRE:-centre}}"

[[outputs.influxdb_v2]]
  alias = "telegraf-han centre"
  urls = [{url}]
  token = "{token}"
  organization = {org}
  bucket = {bucket}
  namedrop = {costs}
  tagexclude = ["host", "subject", "tariff"]

## Costs and prices go into the bucket whose data are kept for ever.
[[outputs.influxdb_v2]]
  alias = "telegraf-han centre kept"
  urls = [{url}]
  token = "{token}"
  organization = {org}
  bucket = {kept}
  namepass = {costs}
  tagexclude = {billtags}
  fieldexclude = ["tariff"]
"""
_UNIT: Final = """\
{mark}[Unit]
Description=Telegraf: {what}
After=network-online.target
Wants=network-online.target

[Service]
User=telegraf
Environment=HAN_CENTRE=%H
ExecStart=/usr/bin/env telegraf --config {place}/telegraf.conf
Restart=always
RestartSec=15
# When a server has refused the certificate twice, the connection stays closed for good, although Telegraf runs on.
RuntimeMaxSec=6h
{folder}
[Install]
WantedBy=multi-user.target
"""
