"""plan: fleet.toml is read, and each mistake in it has one line that says what is expected."""

from pathlib import Path

import pytest

from telegraf_han.errors import ConfigError
from telegraf_han.fleet import plan
from telegraf_han.fleet.plan import Fleet, Influx

SERVERS = 'servers = ["nats.test"]\n'
HOSTS = "1, 3 or 5 different names or addresses of hosts are expected, without a port"


def load(tmp_path: Path, text: str) -> Fleet:
    path = tmp_path / "fleet.toml"
    path.write_text(text)
    return plan.load(str(path))


@pytest.mark.parametrize(
    "fleet",
    [
        Fleet(("nats.test",)),
        Fleet(("10.0.0.1", "nats-2", "2001:db8::3"), port=4223, store_gb=5, site_messages=100),
        Fleet(("nats.test",), influx=Influx("http://influx.test:8086", 'a "good" org\\', "ener-gia ąę")),
    ],
)
def test_what_is_written_is_read(tmp_path: Path, fleet: Fleet) -> None:
    """The first fleet.toml holds what the options said."""
    assert load(tmp_path, plan.written(fleet)) == fleet


def test_all_options(tmp_path: Path) -> None:
    """Times are in seconds, and what is not there has its default."""
    text = f'{SERVERS}port = 4300\ncluster_port = 6300\nstore_gb = 7\nsite_messages = 10\nredelivery = "90s"\n[influx]\nbucket = "b"\n'

    assert load(tmp_path, text) == Fleet(("nats.test",), 4300, 6300, 7, 10, 90.0, Influx(bucket="b"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", f"servers: {HOSTS}"),
        ("servers = []", f"servers: {HOSTS}"),
        ('servers = "nats.test"', f"servers: {HOSTS}"),
        ('servers = ["a", "b"]', f"servers: {HOSTS}"),
        ('servers = ["a", "b", "a"]', f"servers: {HOSTS}"),
        ('servers = ["nats.test:4222"]', f"servers: {HOSTS}"),
        ('servers = ["tls://nats.test"]', f"servers: {HOSTS}"),
        ('servers = ["../etc"]', f"servers: {HOSTS}"),
        ('servers = ["fe80::1%eth0"]', f"servers: {HOSTS}"),
        ("servers = [1]", f"servers: {HOSTS}"),
        (f"{SERVERS}port = 0", "port: "),
        (f"{SERVERS}port = 65536", "port: "),
        (f"{SERVERS}port = 6222", "cluster_port: another port than that of `port` is expected"),
        (f"{SERVERS}store_gb = 0", "store_gb: "),
        (f"{SERVERS}site_messages = 1", "site_messages: "),
        (f'{SERVERS}redelivery = "100ms"', "redelivery: "),
        (f"{SERVERS}prot = 1", "prot: "),
        (f"{SERVERS}[influx]\nurl = 'influx.test:8086'", "url: an address that begins with http:// or https://"),
        (f"{SERVERS}[influx]\nbucket = 'energy/5m'", "bucket: the bucket of the telegrams is expected, without a /"),
        (f"{SERVERS}[influx]\ntoken = 'x'", "token"),
        ("servers = [", ""),
    ],
)
def test_mistakes(tmp_path: Path, text: str, words: str) -> None:
    """The file, the option, and what is expected."""
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, text)

    assert str(raised.value).startswith(f"{tmp_path}/fleet.toml: ")
    assert words in str(raised.value)


@pytest.mark.parametrize(("servers", "copies"), [(1, 1), (3, 3), (5, 3)])
def test_copies(servers: int, copies: int) -> None:
    """A message is stored on three servers, if there are so many."""
    assert Fleet(tuple(f"nats-{number}" for number in range(servers))).copies == copies


def test_addresses() -> None:
    """An IPv6 address stands in brackets."""
    assert Fleet(("nats.test", "2001:db8::3"), port=4300).urls == ["tls://nats.test:4300", "tls://[2001:db8::3]:4300"]


@pytest.mark.parametrize("name", ["a", "0", "mokotowska-12", "a" * 32])
def test_names_of_sites(name: str) -> None:
    """Small letters, digits, hyphens."""
    assert plan.site(name) == name


@pytest.mark.parametrize(
    "name", ["", "-a", "A", "a" * 33, "a.b", "a b", "a/b", "..", "a\n", "ą", "*", ">", "a>", "han.*", '"', "a,b", "a=b", "$sys"]
)
def test_no_names_of_sites(name: str) -> None:
    """Nothing that means something in a subject, a tag, a file name or the servers' configuration."""
    with pytest.raises(ValueError, match=r"^a name of 1 to 32 small letters without accents, digits and hyphens is expected"):
        plan.site(name)
