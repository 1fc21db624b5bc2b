"""`telegraf-han fleet ACTION`: the files of many sites that send through a broker, and a look at all of them.

- `create` makes the folder of the fleet: its plan, its certificates, and one archive for each server and for the centre.
- `setup` makes the stream and its consumer in the running NATS.
- `init SITE` makes a site: the archive with its configuration and its credentials.
- `revoke SITE` takes its right to send.
- `check` says which site is silent, late, flooding or revoked, and what to do.

Each action says on stdout what it did, and the commands that come next. docs/fleet.md shows the whole way.
"""

import datetime as dt
from argparse import ArgumentParser, Namespace
from typing import Final

from telegraf_han.commands import _sites
from telegraf_han.commands._arguments import said
from telegraf_han.errors import ConfigError, SourceError
from telegraf_han.fleet import broker, folder, natsfiles, plan, telegraffiles, watching
from telegraf_han.fleet.facts import shown
from telegraf_han.fleet.folder import Folder
from telegraf_han.fleet.plan import Fleet, Influx
from telegraf_han.language import _
from telegraf_han.printing import say
from telegraf_han.setup import machine


def add_arguments(parser: ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    for name, (add, _run, help_text) in _ACTIONS.items():
        description = f"{help_text[0].upper()}{help_text[1:]}."
        action = actions.add_parser(name, help=help_text, description=description, formatter_class=parser.formatter_class)
        add(action)
        action.add_argument("--folder", metavar="FOLDER", default=folder.DEFAULT, help=f"folder of the fleet (default: {folder.DEFAULT})")


def run(arguments: Namespace) -> int:
    """Run the action; returns the exit code. Raises ConfigError, SourceError."""
    return _ACTIONS[arguments.action][1](arguments, Folder(arguments.folder))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


# --- create ---


def _add_create(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--server", metavar="HOST", action="append", default=[], help="name or address of a NATS server; repeat it for a cluster of 3 or 5"
    )
    parser.add_argument(
        "--url", metavar="URL", type=said(plan.address), help=f"address of the InfluxDB, as the centre reaches it (default: {Influx().url})"
    )
    parser.add_argument("--org", metavar="NAME", help=f"its organisation (default: {Influx().org})")
    parser.add_argument("--bucket", metavar="NAME", type=said(plan.bucket), help=f"its bucket (default: {Influx().bucket})")


def _create(arguments: Namespace, place: Folder) -> int:
    given = {name: value for name in Influx._fields if (value := getattr(arguments, name))}
    if arguments.server or given:
        if not arguments.server:
            raise ConfigError("", "--server", _("a name or an address of a NATS server is expected"))
        try:
            servers = plan.servers(arguments.server)
        except ValueError as error:
            raise ConfigError("", "--server", str(error)) from None
        folder.begin(place, Fleet(servers, influx=Influx(**given)))
        say(_("done: {what}", what=place.plan_file))
    elif not place.exists():
        raise ConfigError(
            "", "--server", _("a name or an address of a NATS server is expected, as sites reach it: --server nats.example.net")
        )
    here = folder.here(place)  # before a certificate may be made anew
    for path in folder.create(place, _now()):
        say(_("done: {what}", what=path))
    _bring(place, here)
    say(
        "",
        _("Each host of the centre gets {archive}. Run there:", archive=place.place(folder.CENTRE_ARCHIVE)),
        f"  sudo tar -xf {folder.CENTRE_ARCHIVE} -C /",
        *_started(telegraffiles.CENTRE_UNIT),
        _("Then: telegraf-han fleet setup, and telegraf-han fleet init SITE for each site"),
    )
    return 0


def _bring(place: Folder, here: str) -> None:
    """Renew the server that runs on this machine (`here`, "" for none). Say what to do with the archives of the others."""
    if here:
        unpack, reload = ("tar", "-xf", place.place("servers", f"{here}.tar"), "-C", "/"), ("systemctl", "reload", natsfiles.UNIT)
        if words := machine.said_by(*unpack) or machine.said_by(*reload):
            say(_("not done: the NATS server on this machine does not have its new files: {words}. By hand:", words=words))
            say(f"  sudo {' '.join(unpack)}", f"  sudo {' '.join(reload)}")
        else:
            say(_("done: the NATS server on this machine has its new files"))
    others = [server for server in place.fleet().servers if server != here]
    if others:
        say(
            "",
            _("Copy its archive to each server:"),
            *(f"  {place.place('servers', f'{server}.tar')}" for server in others),
            _("Run there, the first time with `enable --now` and later with `reload`:"),
            "  sudo tar -xf SERVER.tar -C /",
            f"  sudo systemctl enable --now {natsfiles.UNIT}",
            f"  sudo systemctl reload {natsfiles.UNIT}",
        )


def _started(unit: str, *others: str) -> tuple[str, str]:
    """The commands that start a service, or start it again with new files."""
    return f"  sudo systemctl enable {unit}", f"  sudo systemctl restart {' '.join((unit, *others))}"


# --- setup ---


def _add_setup(_parser: ArgumentParser) -> None:
    pass


def _setup(_arguments: Namespace, place: Folder) -> int:
    fleet = place.fleet()
    try:
        done = broker.asked(fleet, *place.paths(natsfiles.ADMIN), lambda connection: broker.settle(connection, fleet))
    except broker.RefusedError as error:
        raise SourceError(watching.advice(error)) from None
    for outcome, name in done:
        say(f"{outcome:8} {name}")
    return 0


# --- init and revoke ---


def _add_site(parser: ArgumentParser) -> None:
    parser.add_argument("site", metavar="SITE", nargs="+", type=said(plan.site), help="name of a site: small letters, digits and hyphens")


def _add_init(parser: ArgumentParser) -> None:
    _add_site(parser)
    parser.add_argument(
        "--without-influx", action="store_true", help="the site has no InfluxDB of its own: its Telegraf gets the input for the meters, too"
    )


def _init(arguments: Namespace, place: Folder) -> int:
    before = place.sites()
    for name in arguments.site:
        archive = folder.admit(place, name, _now(), reads_meters=arguments.without_influx)
        say(_("done: {what}", what=archive))
        if name in before and before[name].revoked:
            say(_("{site} was revoked on {date}. It may send again", site=name, date=shown(before[name].revoked)))
        elif name in before:
            say(_("{site} has a new certificate. The one before ends when the servers have their new files", site=name))
    folder.servers(place, _now())
    _bring(place, folder.here(place))
    say(
        "",
        _("Bring each site its archive, which holds its key, and run there:"),
        # An uplink that ends in order sends what it has.
        *(["  sudo systemctl stop telegraf-han-uplink.service"] if before.keys() & set(arguments.site) else []),
        "  sudo tar -xf SITE.tar -C /",
        *_started(telegraffiles.UPLINK_UNIT, "telegraf"),
        _("Then delete the archive in both places. `fleet init SITE` makes a new one, which ends this one."),
    )
    return 0


def _revoke(arguments: Namespace, place: Folder) -> int:
    for name in arguments.site:
        had = folder.revoke(place, name, _now())
        say(
            _("done: {site} may not send any more, as soon as the servers know it", site=name)
            if had
            else _("{site} was revoked before. The archives of the servers are written again", site=name)
        )
    folder.servers(place, _now())
    _bring(place, folder.here(place))
    return 0


_ACTIONS: Final = {
    "create": (_add_create, _create, "makes the files of the NATS servers and of the centre"),
    "setup": (_add_setup, _setup, "makes the stream in the running NATS; run it again whenever the plan has changed"),
    "init": (_add_init, _init, "makes a site, or gives it new credentials"),
    "revoke": (_add_site, _revoke, "takes a site's right to send"),
    "check": (_sites.add_arguments, _sites.run, "says which site is silent, late or flooding, and what to do"),
}
