"""The folder of a fleet on its owner's machine: plan, authority, registry, and one archive per host.

`ca` is the authority of all that connect to the servers, and `cluster-ca` that of the servers of a cluster among themselves.

An archive holds the files of a host with their places, owners and modes. It is unpacked there with `tar -xf ARCHIVE -C /`. So bringing a
host its files is one command, whatever tool copies the archive. What opens something (`ca.key`, credentials, the archives) has mode 600.

The key of a site is nowhere but in its archive. Once the archive is on its host, it can be deleted here: `init` makes another one at any
time.
"""

import datetime as dt
import fcntl
import hmac
import io
import os
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from telegraf_han.errors import ConfigError, reason
from telegraf_han.fleet import certificates, natsfiles, plan, registry, telegraffiles
from telegraf_han.fleet.certificates import Credential
from telegraf_han.fleet.plan import Fleet
from telegraf_han.fleet.registry import Site, Sites
from telegraf_han.language import _

DEFAULT: Final = "/etc/telegraf-han/fleet"
CENTRE_ARCHIVE: Final = "centre.tar"
_RENEWED: Final = dt.timedelta(days=180)
"""A certificate of a server or of the centre is made anew if it ends within this time."""
_CLUSTER_CA: Final = "cluster-ca"
_UNITS: Final = "/etc/systemd/system"


class Entry(NamedTuple):
    """A file or, without text, a folder in an archive."""

    path: str
    text: str | None
    group: str = "root"
    mode: int = 0o644
    owner: str = "root"


class Folder(NamedTuple):
    """The folder, by its path."""

    path: str

    def place(self, *names: str) -> str:
        """The path of something in it."""
        return os.path.join(self.path, *names)

    @property
    def plan_file(self) -> str:
        """Where the owner's plan is."""
        return self.place(plan.NAME)

    def exists(self) -> bool:
        """Whether there is a plan in it."""
        return os.path.exists(self.plan_file)

    def fleet(self) -> Fleet:
        """The owner's plan. Raises ConfigError."""
        if os.path.isdir(self.path) and not os.access(self.path, os.X_OK):
            raise ConfigError(self.path, "", _("a folder that this user may read is expected. Run the command with sudo"))
        if not self.exists():
            expected = _("a folder that `telegraf-han fleet create` has made is expected. Name another with --folder")
            raise ConfigError(self.plan_file, "", expected)
        return plan.load(self.plan_file)

    def sites(self) -> Sites:
        """The registry. Raises ConfigError."""
        path = self.place(registry.NAME)
        return registry.read(_content(path), path)

    def note(self, sites: Sites) -> None:
        """Write the registry. Raises ConfigError."""
        _write(self.place(registry.NAME), registry.written(sites).encode())

    def authority(self) -> Credential:
        """The authority of this fleet. Raises ConfigError if there is none."""
        found = self.credential("ca")
        if found is None:
            raise ConfigError(
                self.place("ca.key"), "", _("the authority of the fleet is expected here. Restore ca.pem and ca.key from a backup")
            )
        return found

    def credential(self, name: str) -> Credential | None:
        """A certificate and its key. None if one of them is not there."""
        certificate, key = _content(self.place(f"{name}.pem")), _content(self.place(f"{name}.key"))
        return Credential(certificate, key) if certificate and key else None

    def paths(self, name: str) -> tuple[str, str, str]:
        """Where a client finds the authority, and a certificate and its key."""
        return self.place("ca.pem"), self.place(f"{name}.pem"), self.place(f"{name}.key")

    def keep(self, name: str, credential: Credential) -> None:
        """Write a certificate and its key. Raises ConfigError."""
        _write(self.place(f"{name}.key"), credential.key.encode())
        _write(self.place(f"{name}.pem"), credential.certificate.encode(), 0o644)


def create(folder: Folder, now: dt.datetime) -> list[str]:
    """Make what is missing, and all archives but those of sites. Returns the paths of the archives. Raises ConfigError."""
    fleet = folder.fleet()
    with _alone(folder):
        return _created(folder, fleet, now)


def _created(folder: Folder, fleet: Fleet, now: dt.datetime) -> list[str]:
    if folder.credential("ca") is None:
        if os.path.exists(folder.place(registry.NAME)):
            folder.authority()  # sites have certificates of an authority that is gone
        folder.keep("ca", certificates.authority(now))
    if not os.path.exists(folder.place(registry.NAME)):
        folder.note({})
    for name in (natsfiles.ADMIN, natsfiles.WATCH, natsfiles.CENTRE):
        _settled(folder, name, now)
    for server in fleet.servers:
        _settled(folder, _server(server), now, [server])
    if len(fleet.servers) > 1:
        _joined(folder, fleet, now)
    archive = folder.place(CENTRE_ARCHIVE)
    _write(archive, _packed(_centre(folder, fleet), now))
    return [*_servers(folder, fleet, now), archive]


def servers(folder: Folder, now: dt.datetime) -> list[str]:
    """Write the archive of each server, which knows the sites of now. Returns their paths. Raises ConfigError."""
    fleet = folder.fleet()
    with _alone(folder):
        return _servers(folder, fleet, now)


def _servers(folder: Folder, fleet: Fleet, now: dt.datetime) -> list[str]:
    sites = folder.sites()
    users = {name: _user(folder, name) for name in (natsfiles.ADMIN, natsfiles.WATCH, natsfiles.CENTRE)}
    paths = []
    for server in fleet.servers:
        path = folder.place("servers", f"{server}.tar")
        text = natsfiles.server(server, fleet, users)
        _write(path, _packed(_server_files(folder, server, text, natsfiles.sites(sites), clustered=len(fleet.servers) > 1), now))
        paths.append(path)
    return paths


def here(folder: Folder) -> str:
    """The server of this fleet that runs on this machine, "" if none does. Raises ConfigError.

    It is known by its certificate, which no server of another fleet has.
    """
    present = _content(f"{natsfiles.PLACE}/server.pem")
    known = ((server, folder.credential(_server(server))) for server in folder.fleet().servers)
    return next((server for server, credential in known if credential and credential.certificate == present), "")


def admit(folder: Folder, name: str, now: dt.datetime, *, reads_meters: bool) -> str:
    """Make a site, or give it a new certificate that ends the one before. Returns the path of its archive. Raises ConfigError.

    With `reads_meters` the archive also has Telegraf's input.
    """
    fleet = folder.fleet()
    with _alone(folder):
        sites, authority = folder.sites(), folder.authority()
        mark = certificates.issue()
        credential = _signed(folder, name, now, mark=mark)
        path = folder.place("sites", f"{name}.tar")
        _write(path, _packed(_site_files(name, fleet, authority, credential, reads_meters=reads_meters), now))
        sites[name] = Site(mark, _shown(now), _shown(certificates.until(credential.certificate)))
        folder.note(sites)
    return path


def revoke(folder: Folder, name: str, now: dt.datetime) -> bool:
    """Take a site's right to send. Returns whether it had it. Raises ConfigError."""
    folder.fleet()
    with _alone(folder):
        sites = folder.sites()
        if name not in sites:
            raise ConfigError("", "SITE", _("a site of this fleet is expected. Its sites are {names}", names=", ".join(sites) or "-"))
        had = not sites[name].revoked
        if had:
            folder.note(sites | {name: sites[name]._replace(revoked=_shown(now))})
        with suppress(FileNotFoundError):
            os.unlink(folder.place("sites", f"{name}.tar"))
    return had


@contextmanager
def _alone(folder: Folder) -> Iterator[None]:
    """Wait until no other command changes the folder. Two that write the registry at once would lose a site. Raises ConfigError."""
    try:
        number = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigError(folder.path, "", _("a file that can be read is expected: {reason}", reason=reason(error))) from None
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _shown(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _settled(folder: Folder, name: str, now: dt.datetime, hosts: Iterable[str] = (), by: str = "ca") -> None:
    """Make a certificate, unless there is one that is good for long."""
    found = folder.credential(name)
    if found is None or _until(folder, name, found) < now + _RENEWED:
        common = name.rpartition("/")[2]
        # The OU of a certificate that is no site's tells apart what has the same name.
        made = _signed(folder, common, now, hosts=list(dict.fromkeys(hosts)), by=by)
        folder.keep(name, made)


def _joined(folder: Folder, fleet: Fleet, now: dt.datetime) -> None:
    """Make what the servers of a cluster show each other. Only servers know this authority. So if it is gone, all of them get new files."""
    if folder.credential(_CLUSTER_CA) is None:
        for server in fleet.servers:  # first, so that a command that is killed in between leaves none that nobody takes
            with suppress(FileNotFoundError):
                os.unlink(folder.place(f"{_member(server)}.key"))
        folder.keep(_CLUSTER_CA, certificates.authority(now, "telegraf-han fleet, servers among themselves"))
    for server in fleet.servers:
        _settled(folder, _member(server), now, [server], _CLUSTER_CA)


def _signed(folder: Folder, name: str, now: dt.datetime, *, mark: str = "", hosts: Sequence[str] = (), by: str = "ca") -> Credential:
    """A new certificate. Raises ConfigError if the authority cannot be used."""
    try:
        return certificates.signed(folder.authority() if by == "ca" else _known(folder, by), name, mark or certificates.issue(), now, hosts)
    except ValueError:
        if by != "ca":
            raise damaged(folder, by) from None
        expected = _("the key of ca.pem without a password is expected. Restore ca.pem and ca.key from a backup")
        raise ConfigError(folder.place("ca.key"), "", expected) from None


def _until(folder: Folder, name: str, credential: Credential) -> dt.datetime:
    """The end of a certificate in the folder. Raises ConfigError."""
    try:
        return certificates.until(credential.certificate)
    except ValueError:
        raise damaged(folder, name) from None


def damaged(folder: Folder, name: str) -> ConfigError:
    """The error about a certificate that cannot be read. `create` makes one if there is none."""
    expected = _("a certificate is expected. Delete this file, and run: telegraf-han fleet create")
    return ConfigError(folder.place(f"{name}.pem"), "", expected)


def _server(name: str) -> str:
    return f"servers/{name}"


def _member(name: str) -> str:
    """A server as the other servers see it."""
    return f"cluster/{name}"


def own(fleet: Fleet) -> list[str]:
    """The names of all certificates of the fleet itself, as `Folder.credential` takes them."""
    users = [natsfiles.ADMIN, natsfiles.WATCH, natsfiles.CENTRE]
    return [*users, *map(_server, fleet.servers), *(map(_member, fleet.servers) if len(fleet.servers) > 1 else ())]


def _user(folder: Folder, name: str) -> str:
    try:
        return certificates.user_of(_known(folder, name).certificate)
    except ValueError:
        raise damaged(folder, name) from None


def _known(folder: Folder, name: str) -> Credential:
    found = folder.credential(name)
    if found is None:
        raise ConfigError(folder.place(f"{name}.key"), "", _("a certificate and its key are expected. Run: telegraf-han fleet create"))
    return found


def _server_files(folder: Folder, server: str, text: str, sites: str, *, clustered: bool) -> list[Entry]:
    credential, place = _known(folder, _server(server)), natsfiles.PLACE
    cluster = []
    if clustered:
        member = _known(folder, _member(server))
        cluster = [
            Entry(f"{place}/cluster-ca.pem", _known(folder, _CLUSTER_CA).certificate),
            Entry(f"{place}/cluster.pem", member.certificate),
            Entry(f"{place}/cluster.key", member.key, "nats", 0o640),
        ]
    return [
        Entry(place, None, "nats", 0o750),
        Entry(f"{place}/nats.conf", text, "nats", 0o640),
        Entry(f"{place}/sites.conf", sites, "nats", 0o640),
        Entry(f"{place}/ca.pem", folder.authority().certificate),
        Entry(f"{place}/server.pem", credential.certificate),
        Entry(f"{place}/server.key", credential.key, "nats", 0o640),
        *cluster,
        Entry(f"{_UNITS}/{natsfiles.UNIT}", natsfiles.unit()),
    ]


def _centre(folder: Folder, fleet: Fleet) -> list[Entry]:
    credential, place = _known(folder, natsfiles.CENTRE), telegraffiles.CENTRE
    return [
        Entry(place, None, "telegraf", 0o750),
        Entry(f"{place}/secrets", None, "telegraf", 0o750),
        Entry(f"{place}/telegraf.conf", telegraffiles.centre(fleet), "telegraf", 0o640),
        Entry(f"{place}/ca.pem", folder.authority().certificate),
        Entry(f"{place}/centre.pem", credential.certificate),
        Entry(f"{place}/centre.key", credential.key, "telegraf", 0o640),
        Entry(f"{_UNITS}/{telegraffiles.CENTRE_UNIT}", telegraffiles.unit("centre of the telegraf-han fleet", place)),
    ]


def _site_files(name: str, fleet: Fleet, authority: Credential, credential: Credential, *, reads_meters: bool) -> list[Entry]:
    place = telegraffiles.UPLINK
    # It stays the same when the site gets another certificate: Telegraf keeps waiting lines under a name made from the output's section.
    token = hmac.new(authority.key.encode(), f"uplink of {name}".encode(), "sha256").hexdigest()[:32]
    unit = telegraffiles.unit("uplink to the telegraf-han fleet", place, "telegraf-han-uplink")
    return [
        Entry(place, None, "telegraf", 0o750),
        Entry(f"{place}/telegraf.conf", telegraffiles.uplink(name, fleet, token), "telegraf", 0o640),
        Entry(f"{place}/ca.pem", authority.certificate),
        Entry(f"{place}/site.pem", credential.certificate),
        Entry(f"{place}/site.key", credential.key, "telegraf", 0o640),
        Entry(telegraffiles.BUFFER, None, "telegraf", 0o750, "telegraf"),
        *([Entry(telegraffiles.INPUT, telegraffiles.reads_meters())] if reads_meters else []),
        Entry(telegraffiles.DROP_IN, telegraffiles.reading(token), "telegraf", 0o640),
        Entry(f"{_UNITS}/{telegraffiles.UPLINK_UNIT}", unit),
    ]


def _packed(entries: Iterable[Entry], now: dt.datetime) -> bytes:
    """An archive. It names users and groups, because their numbers differ from host to host."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry in entries:
            information = tarfile.TarInfo(entry.path.lstrip("/"))
            information.mode, information.uname, information.gname = entry.mode, entry.owner, entry.group
            information.mtime = int(now.timestamp())
            if entry.text is None:
                information.type = tarfile.DIRTYPE
                archive.addfile(information)
            else:
                data = entry.text.encode()
                information.size = len(data)
                archive.addfile(information, io.BytesIO(data))
    return buffer.getvalue()


def _content(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise ConfigError(path, "", _("a file that can be read is expected: {reason}", reason=why)) from None


def _write(path: str, data: bytes, mode: int = 0o600) -> None:
    """Put a file in its place, whole and private from its first moment. Raises ConfigError."""
    fresh = f"{path}.new"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            os.unlink(fresh)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except PermissionError:
        raise ConfigError(path, "", _("a folder that this user may write is expected. Run the command with sudo")) from None
    except OSError as error:
        raise ConfigError(path, "", _("a file that can be written is expected: {reason}", reason=reason(error))) from None


def begin(folder: Folder, fleet: Fleet) -> None:
    """Write the first plan. Raises ConfigError if there is one."""
    if folder.exists():
        raise ConfigError(
            folder.plan_file, "", _("the plan of this fleet exists. Change it there, and run `telegraf-han fleet create` without options")
        )
    _write(folder.plan_file, plan.written(fleet).encode())
