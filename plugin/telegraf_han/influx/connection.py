"""Options and environment into a connection: which InfluxDB, organisation and bucket, and the token that opens it.

The names are those of telegraf.conf.example (INFLUX_URL, INFLUX_ORG, INFLUX_BUCKET, INFLUX_TOKEN), so who has set up Telegraf has
set up this too. A token is read from a file or the environment, never from an argument, where `ps` would show it. InfluxDB's
refusals become one line that says what to do.
"""

import os
import stat
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from telegraf_han.errors import ConfigError, reason
from telegraf_han.influx.api import Api, RefusedError

URL: Final = "http://127.0.0.1:8086"
ORG: Final = "home"
BUCKET: Final = "energy"
TOKEN_LIMIT_BYTES: Final = 4096
"""A token has 88 characters; a file of other things given in its place is not read to its end."""

_SERVER: Final = ("--url", f"the address of an InfluxDB 2, such as {URL}, without what a browser adds to it, is expected")
_NO_INFLUXDB: Final = frozenset({200, 201, 202, 404, 405, 501})
_ADVICE: Final = {
    401: ("--token-file", "a token that this InfluxDB knows is expected, and it does not take the one in {token}"),
    403: (
        "--token-file",
        "a token with the right to do this is expected, as the one in {token} is not; setup and remove need an all-access token",
    ),
}


class Place(NamedTuple):
    """Where data go to."""

    api: Api
    org_id: str
    """"" where the token may not see its organisation: for writing the name is enough."""
    bucket: str


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options that every InfluxDB command has."""
    group = parser.add_argument_group("InfluxDB")
    group.add_argument("--url", metavar="URL", help=f"default: $INFLUX_URL, else {URL}")
    group.add_argument("--org", metavar="NAME", help=f"organisation (default: $INFLUX_ORG, else {ORG})")
    group.add_argument("--bucket", metavar="NAME", help=f"bucket of the telegrams (default: $INFLUX_BUCKET, else {BUCKET})")
    group.add_argument("--token-file", metavar="FILE", help="file with the token (default: the token in $INFLUX_TOKEN)")


@contextmanager
def opened(arguments: Namespace) -> Iterator[Place]:
    """Open what the options say, with the organisation's id. Raises ConfigError, SourceError, also for what goes wrong within."""
    with writing(arguments) as place:
        orgs = place.api.call("GET", "/api/v2/orgs", query={"org": place.api.org}).get("orgs")
        if orgs is None:
            raise ConfigError("", *_SERVER)
        if not orgs:
            sees = f"{place.api.org} is none that this token may see, and setup and remove need an all-access token"
            raise ConfigError("", "--org", f"an organisation of this InfluxDB is expected; {sees}")
        yield place._replace(org_id=orgs[0]["id"])


@contextmanager
def writing(arguments: Namespace) -> Iterator[Place]:
    """Open what the options say for a token that may do no more than write. Raises ConfigError, SourceError, as `opened`."""
    url = arguments.url or os.environ.get("INFLUX_URL") or URL
    org = arguments.org or os.environ.get("INFLUX_ORG") or ORG
    bucket = arguments.bucket or os.environ.get("INFLUX_BUCKET") or BUCKET
    if not _is_address(url):
        raise ConfigError("", "--url", f"an address that begins with http:// or https://, such as {URL}, is expected")
    if "/" in bucket:
        raise ConfigError("", "--bucket", "the bucket of the telegrams is expected, the down-sampled one has its name and /5m")
    api = Api(url.rstrip("/"), org, _token(arguments.token_file))
    try:
        yield Place(api, "", bucket)
    except RefusedError as refusal:
        raise told(refusal, arguments.token_file or "INFLUX_TOKEN") from None
    finally:
        api.close()


def _is_address(url: str) -> bool:
    """Whether a URL names a server, and a port that can be one."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def told(refusal: RefusedError, token: str) -> ConfigError:
    """A refusal as the line a user can follow. `token` is where the token came from."""
    if "bucket" in refusal.words and ("not found" in refusal.words or "could not find" in refusal.words):
        makes = "telegraf-han influx setup makes it, and a token may see its own only"
        return ConfigError("", "--bucket", f"a bucket that is there is expected, {makes}; {refusal}")
    if "organization" in refusal.words and "not found" in refusal.words:
        return ConfigError("", "--org", f"an organisation of this InfluxDB is expected; {refusal}")
    if refusal.status in _NO_INFLUXDB:
        key, expected = _SERVER
        return ConfigError("", key, f"{expected}; the answer was: {refusal.words} ({refusal.status})")
    key, expected = _ADVICE.get(refusal.status, ("", "InfluxDB 2 is expected to do this"))
    return ConfigError("", key, f"{expected.format(token=token)}; {refusal}")


def _token(path: str | None) -> str:
    """The token. Raises ConfigError."""
    token = token_in(path, "--token-file") if path else os.environ.get("INFLUX_TOKEN", "").strip()
    if not token:
        raise ConfigError(path or "", "--token-file", "a file with a token of InfluxDB is expected, or the token in INFLUX_TOKEN")
    if not (token.isascii() and token.isprintable()):
        raise ConfigError(path or "", "--token-file", "a token is expected: one line of letters and digits")
    return token


def token_in(path: str, option: str) -> str:
    """The token in a file that an option names, "" where it is empty. Raises ConfigError where it cannot be read."""
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(TOKEN_LIMIT_BYTES)
    except OSError as error:
        raise ConfigError(path, option, f"a file that can be read is expected: {reason(error)}") from None
    if stat.S_ISREG(mode) and mode & stat.S_IROTH:
        print(f"W! every user of this machine may read the token in {path}: chmod 600 {path}", file=sys.stderr)
    return content.decode("utf-8-sig", "replace").strip()
