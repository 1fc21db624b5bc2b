"""folder: archives with their owners and modes, secrets that only the owner reads, renewals, and folders that somebody damaged."""

import datetime as dt
import os
import stat
import tarfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509

from telegraf_han.errors import ConfigError
from telegraf_han.fleet import certificates, folder, plan, telegraffiles
from telegraf_han.fleet.folder import Folder
from telegraf_han.fleet.plan import Fleet

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=1)
DAY = dt.timedelta(days=1)


def members(path: str) -> dict[str, tuple[str, str, str]]:
    """Mode, owner and group by name; a folder's mode begins with d."""
    with tarfile.open(path) as archive:
        return {one.name: (f"{'d' if one.isdir() else ''}{one.mode:o}", one.uname, one.gname) for one in archive}


def content(path: str, name: str) -> str:
    with tarfile.open(path) as archive:
        file = archive.extractfile(name)
        assert file is not None
        return file.read().decode()


def _issuer(certificate: str) -> str:
    return x509.load_pem_x509_certificate(certificate.encode()).issuer.rfc4514_string()


def admit(place: Folder, name: str, now: dt.datetime = NOW, *, reads_meters: bool = False) -> str:
    return folder.admit(place, name, now, reads_meters=reads_meters)


def test_what_create_makes(place: Folder) -> None:
    """One archive per server, one for the centre, an authority, three users, and an empty registry."""
    found = sorted(str(path.relative_to(place.path)) for path in Path(place.path).rglob("*") if path.is_file())
    servers = [f"servers/nats-{number}.test" for number in (1, 2, 3)]
    routes = [f"cluster/nats-{number}.test" for number in (1, 2, 3)]

    assert found == sorted(
        [f"{name}{end}" for name in ("ca", "cluster-ca", "admin", "watch", "centre", *servers, *routes) for end in (".pem", ".key")]
        + [f"{server}.tar" for server in servers]
        + ["centre.tar", "fleet.toml", "sites.json"]
    )
    assert place.sites() == {}


def test_what_opens_something_is_private(place: Folder) -> None:
    """Keys and archives have mode 600, and the folder itself 700. Only certificates may be read."""
    admit(place, "wola")

    for path in Path(place.path).rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o644 if path.suffix == ".pem" else 0o600), path
    assert stat.S_IMODE(Path(place.path).stat().st_mode) == 0o700


def test_the_archive_of_a_server(place: Folder) -> None:
    """Its key may be read by root and NATS's group alone."""
    path = place.place("servers", "nats-1.test.tar")
    home = "etc/telegraf-han-nats"

    assert members(path) == {
        home: ("d750", "root", "nats"),
        f"{home}/nats.conf": ("640", "root", "nats"),
        f"{home}/sites.conf": ("640", "root", "nats"),
        f"{home}/ca.pem": ("644", "root", "root"),
        f"{home}/server.pem": ("644", "root", "root"),
        f"{home}/server.key": ("640", "root", "nats"),
        f"{home}/cluster-ca.pem": ("644", "root", "root"),
        f"{home}/cluster.pem": ("644", "root", "root"),
        f"{home}/cluster.key": ("640", "root", "nats"),
        "etc/systemd/system/telegraf-han-nats.service": ("644", "root", "root"),
    }
    for name in ("admin", "watch", "centre"):
        credential = place.credential(name)
        assert credential is not None
        assert certificates.user_of(credential.certificate) in content(path, f"{home}/nats.conf")


def test_servers_know_each_other_by_an_authority_of_their_own(place: Folder) -> None:
    """A server takes whoever shows a certificate of it for a server, so only servers have one, and it is not in what others get."""
    path = place.place("servers", "nats-1.test.tar")
    others = [place.place("centre.tar"), admit(place, "wola")]
    issued_by = {name: _issuer(content(path, f"etc/telegraf-han-nats/{name}.pem")) for name in ("ca", "cluster-ca", "server", "cluster")}

    assert issued_by["cluster"] == issued_by["cluster-ca"] != issued_by["ca"] == issued_by["server"]
    for archive in others:
        texts = [content(archive, name) for name, (mode, *_rest) in members(archive).items() if not mode.startswith("d")]
        assert [text for text in texts if "BEGIN CERTIFICATE" in text and _issuer(text) == issued_by["cluster"]] == []


def test_a_server_alone_has_no_second_authority(tmp_path: Path) -> None:
    """It has no route. It gets one when the plan names more servers."""
    place = Folder(str(tmp_path / "one"))
    folder.begin(place, Fleet(("nats-1.test",)))
    folder.create(place, NOW)
    assert "etc/telegraf-han-nats/cluster.pem" not in members(place.place("servers", "nats-1.test.tar"))
    assert place.credential("cluster-ca") is None

    Path(place.plan_file).write_text(plan.written(Fleet(("nats-1.test", "nats-2.test", "nats-3.test"))))
    folder.create(place, LATER)
    assert "etc/telegraf-han-nats/cluster.pem" in members(place.place("servers", "nats-1.test.tar"))


def test_an_authority_of_servers_that_is_gone(place: Folder) -> None:
    """It is made anew, and with it all that it signed. No site or centre knows it."""
    before = {name: place.credential(name) for name in ("ca", "servers/nats-1.test", "cluster/nats-1.test", "cluster-ca")}
    Path(place.place("cluster-ca.key")).unlink()
    folder.create(place, LATER)

    after = {name: place.credential(name) for name in before}
    assert {name for name in before if after[name] != before[name]} == {"cluster/nats-1.test", "cluster-ca"}
    parent, child = (x509.load_pem_x509_certificate(after[name].certificate.encode()) for name in ("cluster-ca", "cluster/nats-1.test"))
    child.verify_directly_issued_by(parent)


def test_the_archive_of_the_centre(place: Folder) -> None:
    """It has a folder for the token, and no token."""
    home = "etc/telegraf-han-centre"

    assert members(place.place("centre.tar")) == {
        home: ("d750", "root", "telegraf"),
        f"{home}/secrets": ("d750", "root", "telegraf"),
        f"{home}/telegraf.conf": ("640", "root", "telegraf"),
        f"{home}/ca.pem": ("644", "root", "root"),
        f"{home}/centre.pem": ("644", "root", "root"),
        f"{home}/centre.key": ("640", "root", "telegraf"),
        "etc/systemd/system/telegraf-han-centre.service": ("644", "root", "root"),
    }


@pytest.mark.parametrize("reads_meters", [False, True])
def test_the_archive_of_a_site(place: Folder, reads_meters: bool) -> None:
    """The uplink, its unit, and the first Telegraf's output. The input only if the site was not set up by `init`."""
    home = "etc/telegraf-han-uplink"
    found = members(admit(place, "wola", reads_meters=reads_meters))

    assert found.pop(telegraffiles.INPUT.lstrip("/"), None) == (("644", "root", "root") if reads_meters else None)
    assert found == {
        home: ("d750", "root", "telegraf"),
        f"{home}/telegraf.conf": ("640", "root", "telegraf"),
        f"{home}/ca.pem": ("644", "root", "root"),
        f"{home}/site.pem": ("644", "root", "root"),
        f"{home}/site.key": ("640", "root", "telegraf"),
        "var/lib/telegraf/buffer": ("d750", "telegraf", "telegraf"),
        telegraffiles.DROP_IN.lstrip("/"): ("640", "root", "telegraf"),
        "etc/systemd/system/telegraf-han-uplink.service": ("644", "root", "root"),
    }


def test_a_site_is_known_to_the_servers(place: Folder) -> None:
    """The mark in its certificate is that of the registry and of each server's file."""
    archive = admit(place, "wola")
    folder.servers(place, NOW)

    site = place.sites()["wola"]
    assert certificates.user_of(content(archive, "etc/telegraf-han-uplink/site.pem")) == certificates.user("wola", site.issue)
    assert (site.made, site.until, site.revoked) == ("2026-11-29T12:00:00Z", "2031-11-28T12:00:00Z", "")
    for number in (1, 2, 3):
        assert f"CN=wola,OU={site.issue}" in content(place.place("servers", f"nats-{number}.test.tar"), "etc/telegraf-han-nats/sites.conf")


def test_a_site_made_twice(place: Folder) -> None:
    """It gets another certificate and another key, and the former one is in no file of a server any more. What waits on its disk is found."""
    archive = admit(place, "wola")
    before, key = place.sites()["wola"], content(archive, "etc/telegraf-han-uplink/site.key")
    token = tomllib.loads(content(archive, "etc/telegraf-han-uplink/telegraf.conf"))["inputs"]["influxdb_v2_listener"][0]["token"]
    admit(place, "wola", LATER)
    folder.servers(place, LATER)

    after = place.sites()["wola"]
    assert after.issue != before.issue
    assert after.made > before.made
    assert content(archive, "etc/telegraf-han-uplink/site.key") != key
    assert token in content(archive, "etc/telegraf-han-uplink/telegraf.conf")  # a part of the name of Telegraf's buffer
    assert before.issue not in content(place.place("servers", "nats-1.test.tar"), "etc/telegraf-han-nats/sites.conf")


def test_the_key_of_a_site_is_only_in_its_archive(place: Folder) -> None:
    """When the archive is deleted, nothing here opens the door of the site."""
    archive = Path(admit(place, "wola"))
    folder.servers(place, NOW)
    key = content(str(archive), "etc/telegraf-han-uplink/site.key").splitlines()[1]
    archive.unlink()

    assert not [path for path in Path(place.path).rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


def test_two_commands_at_once(place: Folder) -> None:
    """The second one waits for the first, so neither loses a site of the other."""
    names = [f"site-{number}" for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: (admit(place, name), folder.servers(place, NOW)), names))

    assert sorted(place.sites()) == sorted(names)
    for number in (1, 2, 3):
        text = content(place.place("servers", f"nats-{number}.test.tar"), "etc/telegraf-han-nats/sites.conf")
        assert [name for name in names if f'"{name}_' not in text] == []


def test_revoke(place: Folder) -> None:
    """The site stays in the registry, its archive goes, and the servers' files do not name it."""
    archive = admit(place, "wola")
    admit(place, "ursus")

    assert folder.revoke(place, "wola", LATER) is True
    folder.servers(place, LATER)
    assert place.sites()["wola"].revoked == "2026-11-30T12:00:00Z"
    assert not os.path.exists(archive)
    text = content(place.place("servers", "nats-1.test.tar"), "etc/telegraf-han-nats/sites.conf")
    assert "wola" not in text
    assert "ursus" in text


def test_revoke_twice(place: Folder) -> None:
    """The first time counts."""
    admit(place, "wola")
    folder.revoke(place, "wola", NOW)

    assert folder.revoke(place, "wola", LATER) is False
    assert place.sites()["wola"].revoked == "2026-11-29T12:00:00Z"


def test_revoke_a_stranger(place: Folder) -> None:
    """The sites that there are stand in the error."""
    with pytest.raises(ConfigError, match=r"^SITE: a site of this fleet is expected\. Its sites are -$"):
        folder.revoke(place, "wola", NOW)
    admit(place, "ursus")
    with pytest.raises(ConfigError, match=r"Its sites are ursus$"):
        folder.revoke(place, "wola", NOW)


def test_create_twice_changes_nothing(place: Folder) -> None:
    """No certificate is made anew, so no host needs a new archive."""
    before = {path: path.read_bytes() for path in Path(place.path).rglob("*") if path.is_file()}
    folder.create(place, NOW)

    assert {path: path.read_bytes() for path in Path(place.path).rglob("*") if path.is_file()} == before


def test_certificates_are_renewed_half_a_year_before_their_end(place: Folder) -> None:
    """Those of the fleet itself, and not the authority, which every host knows."""
    end = NOW + dt.timedelta(days=5 * 365)
    names = ("admin", "watch", "centre", "servers/nats-1.test", "cluster/nats-1.test")
    before = {name: place.credential(name) for name in ("ca", *names)}

    folder.create(place, end - 181 * DAY)
    assert {name: place.credential(name) for name in ("ca", *names)} == before
    folder.create(place, end - 179 * DAY)
    assert place.credential("ca") == before["ca"]
    for name in names:
        made = place.credential(name)
        assert made is not None
        assert made != before[name]
        assert certificates.until(made.certificate) > end


def test_a_plan_that_changed(place: Folder) -> None:
    """A server more gets a certificate and an archive, and the others learn its name."""
    key = place.credential("servers/nats-1.test")
    servers = ("nats-1.test", "nats-2.test", "nats-3.test", "nats-4.test", "nats-5.test")
    Path(place.plan_file).write_text(plan.written(Fleet(servers, port=4300)))
    folder.create(place, LATER)

    assert place.credential("servers/nats-1.test") == key
    assert "nats-5.test:6222" in content(place.place("servers", "nats-1.test.tar"), "etc/telegraf-han-nats/nats.conf")
    assert "tls://nats-5.test:4300" in content(place.place("centre.tar"), "etc/telegraf-han-centre/telegraf.conf")


def test_begin_twice(place: Folder) -> None:
    """Options never write over a plan."""
    with pytest.raises(ConfigError, match=r"fleet\.toml: the plan of this fleet exists\. Change it there"):
        folder.begin(place, Fleet(("other.test",)))
    assert place.fleet().servers[0] == "nats-1.test"


def test_no_folder(tmp_path: Path) -> None:
    """The error names the option."""
    with pytest.raises(ConfigError, match=r"a folder that `telegraf-han fleet create` has made is expected.*--folder"):
        Folder(str(tmp_path / "nowhere")).fleet()


def test_a_folder_of_somebody_else(place: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who may not read it gets to know that, and not that it is missing. (root may read all, so the system's answer is made up.)"""
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    with pytest.raises(ConfigError, match="Run the command with sudo"):
        place.fleet()


@pytest.mark.parametrize("name", ["ca.pem", "ca.key"])
def test_an_authority_that_is_gone(place: Folder, name: str) -> None:
    """A new one would shut out every site. So it is asked for, also by `create`."""
    Path(place.place(name)).unlink()

    for act in (lambda: admit(place, "wola"), lambda: folder.create(place, NOW)):
        with pytest.raises(ConfigError, match=r"ca\.key: the authority of the fleet is expected here\. Restore ca\.pem and ca\.key"):
            act()
    assert place.sites() == {}


@pytest.mark.parametrize("name", ["ca.pem", "ca.key"])
def test_a_damaged_authority(place: Folder, name: str) -> None:
    """One line, and the registry does not name a site that has no certificate."""
    Path(place.place(name)).write_text("-----BEGIN NOTHING-----\n")

    with pytest.raises(ConfigError, match=r"ca\.key: the key of ca\.pem without a password is expected\. Restore"):
        admit(place, "wola")
    assert place.sites() == {}


def test_a_damaged_certificate(place: Folder) -> None:
    """It is not replaced by itself, because the owner may have a backup."""
    Path(place.place("watch.pem")).write_text("x")

    for act in (folder.create, folder.servers):
        with pytest.raises(ConfigError, match=r"watch\.pem: a certificate is expected\. Delete this file"):
            act(place, NOW)
    Path(place.place("watch.pem")).unlink()
    folder.create(place, NOW)


def test_a_damaged_registry(place: Folder) -> None:
    """Nothing is made, and no archive of a server changes: it would shut out sites."""
    admit(place, "wola")
    folder.servers(place, NOW)
    archive = Path(place.place("servers", "nats-1.test.tar"))
    before = archive.read_bytes()
    Path(place.place("sites.json")).write_text('{"wola": {}}')

    for act in (lambda: admit(place, "ursus"), lambda: folder.revoke(place, "wola", NOW), lambda: folder.create(place, LATER)):
        with pytest.raises(ConfigError, match=r"sites\.json: a registry that .* wrote is expected"):
            act()
    assert archive.read_bytes() == before
    assert not os.path.exists(place.place("sites", "ursus.tar"))


def test_bytes_that_are_no_text(place: Folder) -> None:
    """As any other damage."""
    Path(place.place("sites.json")).write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match=r"sites\.json: a file that can be read is expected"):
        place.sites()


def test_links_are_not_followed(place: Folder, tmp_path: Path) -> None:
    """A file that is a link is replaced, and what it points to is left alone."""
    aim = tmp_path / "aim"
    aim.write_text("mine")
    for name in ("sites.json.new", "centre.tar"):
        path = Path(place.place(name))
        path.unlink(missing_ok=True)
        path.symlink_to(aim)
    admit(place, "wola")
    folder.create(place, NOW)

    assert aim.read_text() == "mine"
    assert not Path(place.place("centre.tar")).is_symlink()
    assert stat.S_IMODE(Path(place.place("centre.tar")).lstat().st_mode) == 0o600


def test_a_place_that_cannot_be_written(place: Folder) -> None:
    """A folder in the way: one line with the system's reason."""
    archive = Path(place.place("centre.tar"))
    archive.unlink()
    archive.mkdir()
    (archive / "x").touch()

    with pytest.raises(ConfigError, match=r"centre\.tar: a file that can be written is expected: "):
        folder.create(place, NOW)


def test_the_server_of_this_machine(place: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is known by its certificate."""
    monkeypatch.setattr(folder.natsfiles, "PLACE", str(tmp_path / "nats"))
    assert folder.here(place) == ""
    (tmp_path / "nats").mkdir()
    credential = place.credential("servers/nats-2.test")
    assert credential is not None
    (tmp_path / "nats" / "server.pem").write_text(credential.certificate)
    assert folder.here(place) == "nats-2.test"
