"""What is in the files that `init` writes."""

import tomllib
from pathlib import Path

import pytest
import yaml

from telegraf_han.config.file import load
from telegraf_han.setup import texts
from telegraf_han.setup.texts import Database, Meter, Telegraf

ROOT = Path(__file__).parents[3]
INFLUX = Database("http://127.0.0.1:8086", "home", "energy")
TELEGRAF = Telegraf("/opt/telegraf-han/bin/telegraf-han", "/etc/telegraf/han.toml", "/etc/telegraf/telegraf-han.secrets", "/var/lib/buffer")


def test_a_cable(tmp_path):
    """The plugin reads what was written, with its keys."""
    (tmp_path / "home.ek").write_text("000102030405060708090a0b0c0d0e0f\n")
    (tmp_path / "home.ak").write_text("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf\n")
    meter = Meter(
        'Anna\'s "home"', "p1", "/dev/serial/by-id/usb-P1", key_files=(("encryption_key", "home.ek"), ("authentication_key", "home.ak"))
    )
    (tmp_path / "han.toml").write_text(texts.han(meter))

    config = load(str(tmp_path / "han.toml"))

    assert [(one.name, one.interface, one.port) for one in config.meters] == [('Anna\'s "home"', "p1", "/dev/serial/by-id/usb-P1")]
    assert config.meters[0].encryption_key.reveal() == bytes(range(16))
    assert config.meters[0].authentication_key.reveal() == bytes(range(0xD0, 0xE0))


@pytest.mark.parametrize(("kind", "port"), [("im871a", "/dev/ttyUSB0"), ("rtl_433", "")], ids=["stick", "program"])
def test_a_radio(tmp_path, kind, port):
    """A receiver and a meter. A receiver that starts a program has no port."""
    (tmp_path / "flat.key").write_text("000102030405060708090a0b0c0d0e0f\n")
    (tmp_path / "han.toml").write_text(texts.han(Meter("flat", "wmbus", port, kind, "01234567", (("key", "flat.key"),))))

    config = load(str(tmp_path / "han.toml"))

    assert [(one.type, one.port) for one in config.receivers] == [(kind, port)]
    assert [(one.id, one.key.reveal()) for one in config.meters] == [("01234567", bytes(range(16)))]


def test_telegraf():
    """Its own outputs, which take only what is ours, and no tag `host`. The token is in a file, not here."""
    found = tomllib.loads(texts.telegraf(TELEGRAF, INFLUX))

    assert found["agent"] == {"buffer_strategy": "disk", "buffer_directory": "/var/lib/buffer"}
    assert found["inputs"]["execd"][0]["command"] == [TELEGRAF.program, "run", "--config", TELEGRAF.config]
    raw, kept = found["outputs"]["influxdb_v2"]
    assert (raw["bucket"], kept["bucket"]) == ("energy", "energy/5m")
    assert raw["namepass"] == ["electricity", "electricity_*", "obis", "internal_*"]
    assert raw["namedrop"] == kept["namepass"] == list(texts.COSTS)
    assert raw["tagexclude"] == kept["tagexclude"] == ["host"]
    assert raw["token"] == kept["token"] == "@{telegraf_han:influx_token}"
    assert found["secretstores"]["docker"] == [{"id": "telegraf_han", "path": TELEGRAF.secrets}]
    assert "exec" not in found["inputs"]


def test_telegraf_that_keeps_metrics_on_disk_already():
    """Then there is no second [agent] section."""
    assert "agent" not in tomllib.loads(texts.telegraf(TELEGRAF._replace(buffer=""), INFLUX))


def test_another_measurement_and_a_tariff():
    """Costs keep their names. The bill knows where InfluxDB is."""
    one = TELEGRAF._replace(measurement="meters", bills=True)

    found = tomllib.loads(texts.telegraf(one, Database("http://nas:8086", "house", "power")))

    raw, kept = found["outputs"]["influxdb_v2"]
    assert raw["namepass"] == ["meters", "meters_*", "electricity_*", "obis", "internal_*"]
    assert kept["bucket"] == "power/5m"
    often, nightly = (one["commands"][0] for one in found["inputs"]["exec"])
    assert often[:2] == [TELEGRAF.program, "bill"]
    assert often[-6:] == ["--url", "http://nas:8086", "--org", "house", "--bucket", "power"]
    assert nightly == [*often, "--back", "45d"]


@pytest.mark.parametrize("odd", ['a "b" \\ c', "a\n[[inputs.exec]]", "🔌 żółw", "\x7f", "# no comment", "'", "\u2028"])
def test_no_text_breaks_out_of_its_quotes(odd):
    """Neither a path nor a name of the owner's becomes a setting of Telegraf or of the plugin, or a file that cannot be read."""
    one = TELEGRAF._replace(program=odd, config=odd, secrets=odd, buffer=odd, measurement=odd, bills=True)

    found = tomllib.loads(texts.telegraf(one, Database(odd, odd, odd)))
    meter = tomllib.loads(texts.han(Meter(odd, "wmbus", odd, odd, odd, (("key", odd),))))

    assert found["agent"]["buffer_directory"] == found["secretstores"]["docker"][0]["path"] == odd
    assert found["inputs"]["execd"][0]["command"] == [odd, "run", "--config", odd]
    assert found["inputs"]["exec"][0]["commands"][0][0] == odd
    raw, kept = found["outputs"]["influxdb_v2"]
    assert (raw["urls"], raw["organization"], raw["bucket"], raw["namepass"][0]) == ([odd], odd, odd, odd)
    assert kept["bucket"] == f"{odd}/5m"
    assert meter["meter"] == [{"name": odd, "interface": "wmbus", "id": odd, "key": f"file:{odd}"}]
    assert meter["receiver"] == [{"name": "receiver", "type": odd, "port": odd}]


def test_telegraf_replaces_no_variables():
    """It replaces $HOME in every string of its configuration. The plugin's configuration has no variables."""
    found = texts.telegraf(TELEGRAF._replace(config="/srv/$HOME/han.toml"), Database("http://nas:8086", "a${USER}", "$$"))

    assert '"/srv/$$HOME/han.toml"' in found
    assert 'organization = "a$${USER}"' in found
    assert 'bucket = "$$$$"' in found
    assert 'name = "$HOME"' in texts.han(Meter("$HOME", "p1", "x"))


def test_a_bucket_with_marks_of_yaml():
    """It stays a name, and Grafana replaces no variable in it."""
    shipped = (ROOT / "grafana" / "provisioning" / "datasources/telegraf-han.yaml").read_text()

    source = yaml.safe_load(texts.datasource(shipped, Database("http://nas:8086", "home", 'my "house": #1 $HOME'), "/etc/grafana/token"))

    (one,) = source["datasources"]
    assert (one["url"], one["jsonData"]["dbName"]) == ("http://nas:8086", 'my "house": #1 $$HOME')


def test_grafana():
    """The shipped files, with every place filled in."""
    shipped = ROOT / "grafana" / "provisioning"

    source = texts.datasource((shipped / "datasources/telegraf-han.yaml").read_text(), INFLUX, "/etc/grafana/token")
    boards = texts.providers((shipped / "dashboards/telegraf-han.yaml").read_text(), "/usr/share/telegraf-han/grafana")

    assert 'url: "http://127.0.0.1:8086"' in source
    assert 'dbName: "energy"' in source
    assert "Token $__file{/etc/grafana/token}" in source
    assert not [line for line in source.splitlines() if "${" in line and not line.lstrip().startswith("#")]
    assert "path: /usr/share/telegraf-han/grafana/dashboards/pl" in boards
    assert "/etc/grafana/dashboards" not in boards
