"""The questions about InfluxDB and Grafana: where they are, and with which rights they may be set up.

The address of this machine is tried first. A new InfluxDB needs no answers except a yes: its administrator gets a password that is written
to a file only root can read. An InfluxDB that somebody has set up needs an all-access token.
"""

import os
import urllib.error
import urllib.request
from argparse import Namespace
from typing import Final, NamedTuple

from telegraf_han.errors import ConfigError
from telegraf_han.influx import connection
from telegraf_han.language import _
from telegraf_han.printing import say
from telegraf_han.setup import database, machine, places
from telegraf_han.setup.console import Console, given
from telegraf_han.setup.places import Places
from telegraf_han.setup.texts import Database

GRAFANA: Final = "http://127.0.0.1:3000"
_ANSWER_S: Final = 3.0
_LEAST, _MOST = 8, 72
"""Characters of a password, and its bytes: InfluxDB's own limits [seen on 2.9.1]."""
_TOKENS: Final = 3
"""How often a token is asked for."""


class Influx(NamedTuple):
    """The answers about InfluxDB."""

    database: Database
    is_new: bool
    """Whether it has to be set up first."""
    user: str
    password: str
    """Of a new InfluxDB."""
    token_file: str
    """The file with the all-access token. "" for a token that was typed, which is never written."""
    token: str = ""
    """The all-access token that was typed, or that a new InfluxDB gets."""


class Grafana(NamedTuple):
    """Where the boards will be."""

    url: str
    provisions: bool
    """Whether Grafana is on this machine, so that `init` can give it the data source and the boards."""


def influx(console: Console, options: Namespace, paths: Places, known: Database | None) -> Influx:
    """Ask about InfluxDB. `known` is what an earlier `init` was told. Raises ConfigError, SourceError."""
    default = known or Database(connection.URL, connection.ORG, connection.BUCKET)
    url = given(options.influx_url, "--influx-url", _server) if options.influx_url else default.url
    state, why = database.state(url)
    while state == "none":
        say(f"{why[:1].upper()}{why[1:]}")
        if not console.asks or options.influx_url:
            raise ConfigError(
                "", "--influx-url", _("the address of an InfluxDB 2 that is running is expected. Install it first, if there is none")
            )
        url = console.text(_("Address of InfluxDB 2"), "--influx-url", default.url, _server)
        state, why = database.state(url)
    say(_("InfluxDB answers at {url}.", url=url) if state == "ready" else _("A new InfluxDB answers at {url}. It will be set up.", url=url))
    org = options.org or (default.org if state == "new" else console.text(_("Organisation"), "--org", default.org))
    found = Database(url.rstrip("/"), org, options.bucket or default.bucket)
    # An InfluxDB that refuses these names has made its administrator by then, but no token, and cannot be set up again [seen on 2.9.1].
    connection.require_bucket(found.bucket)
    if not org.strip():
        raise ConfigError("", "--org", _("the name of an organisation is expected"))
    if state == "new":
        if options.token_file:
            raise ConfigError("", "--token-file", _("this option has no effect, because this InfluxDB is new and gets its first token"))
        user = options.influx_user or console.text(_("Name of InfluxDB's administrator"), "--influx-user", "admin")
        return Influx(found, True, user, _password(console, options) or database.secret(), paths.admin_token, database.secret())
    if options.influx_user or options.influx_password_file:
        name = "--influx-user" if options.influx_user else "--influx-password-file"
        raise ConfigError("", name, _("this option has no effect, because this InfluxDB is set up already"))
    return _opened(console, options, paths, found)


def _server(url: str) -> str:
    """The address of a server for Telegraf's configuration, which every user of this machine may read. Raises ValueError."""
    if "@" in url:
        raise ValueError(_("an address without a user and a password is expected, because every user of this machine may read it"))
    return connection.require_address(url)


def _password(console: Console, options: Namespace) -> str:
    if options.influx_password_file:
        found = connection.token_in(options.influx_password_file, "--influx-password-file")
        if not _is_password(found):
            raise ConfigError(options.influx_password_file, "--influx-password-file", _("InfluxDB expects 8 to 72 characters."))
        return found
    while True:
        typed = console.secret(_("Password of at least 8 characters; Enter for one that nobody has to remember"))
        if not typed or _is_password(typed):
            return typed
        say(_("InfluxDB expects 8 to 72 characters."))


def _is_password(text: str) -> bool:
    return len(text) >= _LEAST and len(text.encode()) <= _MOST


def _opened(console: Console, options: Namespace, paths: Places, found: Database) -> Influx:
    """The answers for an InfluxDB that is set up, with a token that opens it. Raises ConfigError, SourceError."""
    named = options.token_file and os.path.abspath(options.token_file)  # `remove` may be called in another folder
    path = named or (paths.admin_token if os.path.exists(paths.admin_token) else "")
    if path:
        try:
            database.tried(found, path)
        except ConfigError as error:
            if options.token_file or not console.asks:
                raise
            say(str(error))  # an InfluxDB that somebody set up again, or meanwhile
        else:
            return Influx(found, False, "", "", path)
    if not console.asks:
        raise ConfigError("", "--token-file", _("a file with an all-access token of InfluxDB is expected"))
    say(
        _("`init` needs an all-access token, once: in InfluxDB open Load Data, API Tokens, Generate, All Access. It is not kept."),
    )
    for _attempt in range(_TOKENS):
        token = console.secret(_("All-access token"))
        with machine.passed(token) as path:
            try:
                database.tried(found, path)
            except ConfigError:  # its sentence names the file, which the person has never seen
                say(_("This is not an all-access token that opens organisation {org} of this InfluxDB.", org=found.org))
            else:
                return Influx(found, False, "", "", "", token)
    raise ConfigError("", "--token-file", _("a token that opens this InfluxDB is expected"))


def grafana(options: Namespace, paths: Places) -> Grafana:
    """Ask about Grafana, where that is necessary."""
    here = os.path.isdir(os.path.join(paths.grafana, "provisioning", "datasources")) and bool(places.boards())
    if options.grafana_url:
        return Grafana(options.grafana_url.rstrip("/"), here)
    if here or _answers(GRAFANA):
        return Grafana(f"http://{machine.name()}:3000", here)
    say(_("No Grafana was found on this machine. grafana/README.md says how a Grafana elsewhere gets the boards."))
    return Grafana("", False)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/health", timeout=_ANSWER_S) as answer:  # noqa: S310, the address is ours
            return bool(answer.status == 200)  # noqa: PLR2004, HTTP's OK
    except (urllib.error.URLError, OSError, ValueError):
        return False
