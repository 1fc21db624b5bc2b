"""Reads `fleet.toml`: what the owner of a fleet decides, and everything else is made from. Writes the first one.

Pure but for the file itself. A name of a site becomes part of a subject, of a tag and of file names, so it has few characters.
"""

import ipaddress
import json
import re
from typing import Final, NamedTuple

from telegraf_han.config import file, values
from telegraf_han.config.rows import Errors, Option, Place, Rows, read
from telegraf_han.errors import ConfigError
from telegraf_han.influx import connection
from telegraf_han.language import _

NAME: Final = "fleet.toml"
_SITE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
CLUSTERS: Final = (1, 3, 5)
"""How many servers make sense: a majority must be there for a stream to take messages."""
_LAST_PORT: Final = 65_535
_MOST_GB: Final = 100_000
_MOST_MESSAGES: Final = 10_000_000
_SHORTEST_REDELIVERY_S: Final = 1.0
_DAY_S: Final = 86_400.0


class Influx(NamedTuple):
    """The InfluxDB of the centre."""

    url: str = "http://127.0.0.1:8086"
    org: str = "home"
    bucket: str = "energy"


class Fleet(NamedTuple):
    """What the owner decided."""

    servers: tuple[str, ...]
    """Names or addresses of the NATS servers, as sites and the other servers reach them."""
    port: int = 4222
    """Where sites connect."""
    cluster_port: int = 6222
    """Where servers connect to each other."""
    store_gb: int = 20
    """The most that may wait at the broker, in GB per server."""
    site_messages: int = 20_000
    """The most messages of one site that may wait at the broker. A message has up to 60 lines, and a site sends one every 10 s."""
    redelivery_s: float = 60.0
    """After this time the broker sends a message again that no consumer acknowledged."""
    influx: Influx = Influx()

    @property
    def copies(self) -> int:
        """On how many servers each message is stored."""
        return min(3, len(self.servers))

    @property
    def urls(self) -> list[str]:
        """The addresses for a client."""
        return [f"tls://{_bracketed(server)}:{self.port}" for server in self.servers]


def _bracketed(server: str) -> str:
    """A host as it stands in a URL."""
    return f"[{server}]" if ":" in server else server


def _is_host(value: object) -> bool:
    """Whether a value is a name or an address of a host, without a port."""
    if not isinstance(value, str):
        return False
    if ":" not in value:
        return bool(_HOST.fullmatch(value))
    try:
        return not ipaddress.IPv6Address(value).scope_id
    except ValueError:
        return False


def servers(value: object) -> tuple[str, ...]:
    """Return the names of the servers. Raises ValueError."""
    found = value if isinstance(value, list) else []
    names = tuple(name for name in found if _is_host(name))
    if not found or len(names) != len(found) or len(set(names)) != len(names) or len(names) not in CLUSTERS:
        raise ValueError(_("1, 3 or 5 different names or addresses of hosts are expected, without a port"))
    return names


_FLEET: Final[Rows] = {
    "servers": Option("servers", servers),
    "port": Option("port", values.whole(1, _LAST_PORT)),
    "cluster_port": Option("cluster_port", values.whole(1, _LAST_PORT)),
    "store_gb": Option("store_gb", values.whole(1, _MOST_GB)),
    "site_messages": Option("site_messages", values.whole(10, _MOST_MESSAGES)),
    "redelivery": Option("redelivery_s", values.duration_s(_SHORTEST_REDELIVERY_S, _DAY_S)),
    "influx": Option("influx", lambda value: value),
}


def address(value: object) -> str:
    """The address of an InfluxDB. Raises ValueError."""
    return connection.require_address(values.quoted(value))


def bucket(value: object) -> str:
    """The name of a bucket of raw data. Raises ValueError."""
    try:
        connection.require_bucket(name := values.quoted(value))
    except ConfigError as error:
        raise ValueError(error.expected) from None
    return name


_INFLUX: Final[Rows] = {
    "url": Option("url", address),
    "org": Option("org", values.quoted),
    "bucket": Option("bucket", bucket),
}


def load(path: str) -> Fleet:
    """Read a `fleet.toml`. Raises ConfigError."""
    errors = Errors()
    found = read(file.mapping(path), _FLEET, Place(path), errors)
    if "influx" in found:
        found["influx"] = Influx(**read(found["influx"], _INFLUX, Place(path, "[influx]"), errors))
    if "servers" not in found and not errors:
        with errors:
            Place(path).tried("servers", servers, None)
    errors.told()
    fleet = Fleet(**found)
    if fleet.port == fleet.cluster_port:
        raise ConfigError(path, "cluster_port", _("another port than that of `port` is expected"))
    return fleet


def written(fleet: Fleet) -> str:
    """The text of the first `fleet.toml`."""
    values_of = {name: json.dumps(value, ensure_ascii=False) for name, value in fleet.influx._asdict().items()}
    return _TEXT.format(
        servers=json.dumps(fleet.servers), port=fleet.port, store_gb=fleet.store_gb, site_messages=fleet.site_messages, **values_of
    )


_TEXT: Final = """\
# What the files of this fleet are made from. After a change, run `telegraf-han fleet create` again, and bring each host its new archive.

# The NATS servers: names or addresses under which sites reach them. One server, or a cluster of 3 or 5.
servers = {servers}
port = {port}

# How much may wait at the broker while InfluxDB is away, per server.
store_gb = {store_gb}
# How many messages of one site may wait there. A site sends one message every 10 seconds. What is refused stays on the disk of the site.
site_messages = {site_messages}

# The InfluxDB that the centre writes to.
[influx]
url = {url}
org = {org}
bucket = {bucket}
"""


def site(text: str) -> str:
    """A name of a site. Raises ValueError."""
    if not _SITE.fullmatch(text):
        raise ValueError(_("a name of 1 to 32 small letters without accents, digits and hyphens is expected, such as mokotowska-12"))
    return text
