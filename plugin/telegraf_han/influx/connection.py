"""Turns options and environment variables into a connection: an InfluxDB, an organisation, a bucket, and a token that opens them.

The variables have the names that telegraf.conf.example uses (INFLUX_URL, INFLUX_ORG, INFLUX_BUCKET, INFLUX_TOKEN). So if you have set
up Telegraf, you have set up these commands, too. A token is read from a file or from the environment. It is never read from an
argument, because `ps` would show it. When InfluxDB refuses a request, the error is one line that says what to do.
"""

import os
import re
import stat
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from telegraf_han.errors import ConfigError, reason
from telegraf_han.influx.api import Api, RefusedError, resources
from telegraf_han.language import _, marked
from telegraf_han.printing import complain

URL: Final = "http://127.0.0.1:8086"
ORG: Final = "home"
BUCKET: Final = "energy"
TOKEN_LIMIT_BYTES: Final = 4096
"""A token has 88 characters. If another kind of file is given by mistake, it is not read to its end."""

_SERVER: Final = marked("the address of an InfluxDB 2, such as {url}, is expected, without the path that a browser adds")
_REFUSED: Final = marked("InfluxDB 2 is expected to do this, but it refused")
_NO_BUCKET: Final = re.compile("bucket.*(not found|could not find)|could not find.*bucket|(retention policy|database) not found")
"""InfluxDB's words for a bucket that does not exist or that the token may not see, the last ones those of InfluxQL."""
_NO_INFLUXDB: Final = frozenset({200, 201, 202, 404, 405, 501})
_ADVICE: Final = {
    401: ("--token-file", marked("a token that this InfluxDB knows is expected, but InfluxDB does not accept the token in {token}")),
    403: (
        "--token-file",
        marked("a token that may do this is expected, but the token in {token} may not; setup and remove need an all-access token"),
    ),
}


class Place(NamedTuple):
    """The InfluxDB and the bucket that data go to."""

    api: Api
    org_id: str
    """The id of the organisation; "" if the token may not see it. For writing, the name is enough."""
    bucket: str


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options that every InfluxDB command has."""
    group = parser.add_argument_group("InfluxDB")
    group.add_argument("--url", metavar="URL", help=f"address of InfluxDB (default: $INFLUX_URL, else {URL})")
    group.add_argument("--org", metavar="NAME", help=f"organisation (default: $INFLUX_ORG, else {ORG})")
    group.add_argument("--bucket", metavar="NAME", help=f"bucket of the telegrams (default: $INFLUX_BUCKET, else {BUCKET})")
    group.add_argument("--token-file", metavar="FILE", help="file with the token (default: the token in $INFLUX_TOKEN)")


@contextmanager
def opened(arguments: Namespace) -> Iterator[Place]:
    """Open the connection, with the organisation's id. Raises ConfigError, SourceError, also for errors inside the `with` block."""
    with writing(arguments) as place:
        answer = place.api.call("GET", "/api/v2/orgs", query={"org": place.api.org})
        if "orgs" not in answer:
            raise ConfigError("", "--url", _(_SERVER, url=URL))
        orgs = resources(answer, "orgs")
        if not orgs:
            sees = _("this token sees no organisation {name}, and setup and remove need an all-access token", name=place.api.org)
            raise ConfigError("", "--org", _("an organisation of this InfluxDB is expected; {why}", why=sees))
        yield place._replace(org_id=orgs[0]["id"])


@contextmanager
def writing(arguments: Namespace) -> Iterator[Place]:
    """Open the connection with a token that may do no more than write. Raises ConfigError, SourceError, as `opened` does."""
    url = arguments.url or os.environ.get("INFLUX_URL") or URL
    org = arguments.org or os.environ.get("INFLUX_ORG") or ORG
    bucket = arguments.bucket or os.environ.get("INFLUX_BUCKET") or BUCKET
    try:
        require_address(url)
    except ValueError as error:
        raise ConfigError("", "--url", str(error)) from None
    require_bucket(bucket)
    api = Api(url.rstrip("/"), org, _token(arguments.token_file))
    try:
        yield Place(api, "", bucket)
    except RefusedError as refusal:
        raise told(refusal, arguments.token_file or "INFLUX_TOKEN") from None
    finally:
        api.close()


def require_bucket(bucket: str) -> None:
    """Raise ConfigError for what cannot be the bucket of the telegrams."""
    if "/" in bucket:
        raise ConfigError(
            "",
            "--bucket",
            _("the bucket of the telegrams is expected, without a /; the down-sampled bucket has the same name with /5m"),
        )
    if bucket.startswith("_") or '"' in bucket:
        raise ConfigError("", "--bucket", _("a name without quotation marks is expected, and without _ at its beginning"))


def require_address(url: str) -> str:
    """A URL that names a server and a possible port. Raises ValueError."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError(_("an address that begins with http:// or https://, such as {url}, is expected", url=URL))
    return url


def told(refusal: RefusedError, token: str) -> ConfigError:
    """Turn a refusal into a line that tells the user what to do. `token` is where the token came from."""
    if _NO_BUCKET.search(refusal.words):
        expected = _("an existing bucket is expected: telegraf-han influx setup makes it, and a token sees only its own buckets")
        return ConfigError("", "--bucket", f"{expected}; {refusal}")
    if "organization" in refusal.words and "not found" in refusal.words:
        return ConfigError("", "--org", _("an organisation of this InfluxDB is expected; {why}", why=refusal))
    if refusal.status in _NO_INFLUXDB:
        answer = _("the answer was: {words} ({status})", words=refusal.words, status=refusal.status)
        return ConfigError("", "--url", f"{_(_SERVER, url=URL)}; {answer}")
    key, advice = _ADVICE.get(refusal.status, ("", _REFUSED))
    return ConfigError("", key, f"{_(advice, token=token)}; {refusal}")


def _token(path: str | None) -> str:
    """The token. Raises ConfigError."""
    token = token_in(path, "--token-file") if path else os.environ.get("INFLUX_TOKEN", "").strip()
    if not token:
        raise ConfigError(path or "", "--token-file", _("a file with a token of InfluxDB is expected, or the token in INFLUX_TOKEN"))
    if not (token.isascii() and token.isprintable()):
        raise ConfigError(path or "", "--token-file", _("a token is expected: one line of letters and digits"))
    return token


def token_in(path: str, option: str) -> str:
    """The token in a file that an option names; "" if the file is empty. Raises ConfigError if the file cannot be read."""
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(TOKEN_LIMIT_BYTES)
    except OSError as error:
        raise ConfigError(path, option, _("a file that can be read is expected: {reason}", reason=reason(error))) from None
    token = content.decode("utf-8-sig", "replace").strip()
    if stat.S_ISREG(mode) and mode & stat.S_IROTH and len(token.split()) == 1:  # what is no token is told by who needs one
        complain("W! " + _("every user of this machine may read the token in {path}. Run: chmod 600 {path}", path=path))
    return token
