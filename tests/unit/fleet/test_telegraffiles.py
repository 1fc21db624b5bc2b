"""telegraffiles: what is written is TOML that Telegraf reads, and keeps the promises of the docstring."""

import fnmatch
import re
import tomllib
from typing import Any

import pytest

from telegraf_han.fleet import natsfiles, telegraffiles
from telegraf_han.fleet.plan import Fleet, Influx

FLEET = Fleet(("nats-1.test", "nats-2.test", "2001:db8::3"), influx=Influx("http://influx.test:8086", 'org "x"', "energy-1"))


def parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def test_the_first_telegraf_and_the_uplink_agree() -> None:
    """Same port, same token; nothing but this host can send to it."""
    first, uplink = parsed(telegraffiles.reading("t0ken")), parsed(telegraffiles.uplink("wola", FLEET, "t0ken"))

    output, listener = first["outputs"]["influxdb_v2"][0], uplink["inputs"]["influxdb_v2_listener"][0]
    assert output["urls"] == [f"http://{listener['service_address']}"]
    assert listener["service_address"].startswith("127.0.0.1:")
    assert output["token"] == listener["token"] == "t0ken"
    assert first["agent"]["buffer_strategy"] == uplink["agent"]["buffer_strategy"] == "disk"
    assert first["agent"]["buffer_directory"] != uplink["agent"]["buffer_directory"]


def test_the_uplink_sends_to_its_own_subject() -> None:
    """To all servers, with its certificate, and under its name."""
    output = parsed(telegraffiles.uplink("wola", FLEET, "t"))["outputs"]["nats"][0]

    assert output["subject"] == "han.wola.lines"
    assert output["servers"] == ["tls://nats-1.test:4222", "tls://nats-2.test:4222", "tls://[2001:db8::3]:4222"]
    assert output["name"] == "wola"
    assert output["tls_cert"].endswith("/site.pem")
    assert output["jetstream"] == {"name": "HAN", "disable_stream_creation": True}
    assert output["use_batch_format"] is True


def test_a_point_does_not_tell_which_way_it_took() -> None:
    """Delivered twice, by two Telegrafs of the centre, it is the same point."""
    centre = parsed(telegraffiles.centre(FLEET))

    assert centre["agent"]["omit_hostname"] is True
    assert all({"host", "subject"} < set(output["tagexclude"]) for output in centre["outputs"]["influxdb_v2"])
    assert parsed(telegraffiles.reading("t"))["outputs"]["influxdb_v2"][0]["tagexclude"] == ["host"]


def test_no_message_is_too_large_for_broker_or_centre() -> None:
    """An honest message fits into the stream. All that is under way fits into the centre's buffers, even if each byte is used."""
    uplink = tomllib.loads(telegraffiles.uplink("wola", FLEET, "x"))
    assert uplink["agent"]["metric_batch_size"] * 4096 < natsfiles.MESSAGE_LIMIT_BYTES

    centre = tomllib.loads(telegraffiles.centre(FLEET))
    shortest = min(map(len, centre["inputs"]["nats_consumer"][0]["namepass"])) + len(" x=1\n")
    most = centre["inputs"]["nats_consumer"][0]["max_undelivered_messages"] * (natsfiles.MESSAGE_LIMIT_BYTES // shortest)
    assert centre["agent"]["metric_buffer_limit"] >= most


def test_the_centre_does_not_acknowledge_too_early() -> None:
    """Its buffer is in memory, and has room for all that is under way, also for messages full of short lines."""
    centre = parsed(telegraffiles.centre(FLEET))
    consumer = centre["inputs"]["nats_consumer"][0]

    assert "buffer_strategy" not in centre["agent"]
    most = consumer["max_undelivered_messages"] * natsfiles.MESSAGE_LIMIT_BYTES
    assert centre["agent"]["metric_buffer_limit"] >= most // len("electricity a=1 ")
    assert consumer["queue_group"] == "influx"
    assert consumer["jetstream_subjects"] == ["han.*.lines"]


@pytest.mark.parametrize(
    ("subject", "site"), [("han.wola.lines", "wola"), ("han.a-1.lines", "a-1"), ("han.a.b.lines", None), ("xhan.a.lines", None)]
)
def test_the_site_comes_from_the_subject(subject: str, site: str | None) -> None:
    """The expression takes the part that NATS has checked, and nothing else."""
    rule = parsed(telegraffiles.centre(FLEET))["processors"]["regex"][0]["tags"][0]
    found = re.search(rule["pattern"], subject)

    assert (rule["key"], rule["result_key"], rule["replacement"]) == ("subject", "site", "${1}")
    assert (found[1] if found else None) == site


def test_costs_go_into_the_bucket_that_is_kept() -> None:
    """No metric goes into both, and none into neither."""
    raw, kept = parsed(telegraffiles.centre(FLEET))["outputs"]["influxdb_v2"]

    assert (raw["bucket"], kept["bucket"]) == ("energy-1", "energy-1/5m")
    assert raw["namedrop"] == kept["namepass"]
    assert (raw["organization"], raw["urls"]) == ('org "x"', ["http://influx.test:8086"])


def test_names_are_what_the_owner_wrote() -> None:
    """Telegraf puts `$HOME` of its environment into a name, unless the dollar is doubled. TOML has letters outside of Unicode's first plane."""
    odd = Influx("http://[2001:db8::1]:8086", 'a${HOME} "b" \\ {0} \N{HOUSE BUILDING}', "$x")
    outputs = tomllib.loads(telegraffiles.centre(Fleet(("nats.test",), influx=odd)))["outputs"]["influxdb_v2"]

    assert [output["organization"].replace("$$", "$") for output in outputs] == [odd.org, odd.org]
    assert [output["bucket"] for output in outputs] == ["$$x", "$$x/5m"]


def test_no_name_is_a_tag_and_a_field() -> None:
    """A field of one site with the name of a tag would hide that tag of all sites from queries, and the other way round."""
    centre = tomllib.loads(telegraffiles.centre(FLEET))
    consumer = centre["inputs"]["nats_consumer"][0]
    tags = {"site", "interface", "meter", "model", "serial", "series", "inverter", "subject", "host"}
    fields = [f"{name}_wh" for name in ("active_energy_import", "import")] + ["active_power_import_w", "state", "age_s", "telegrams"]

    assert tags <= set(consumer["fieldexclude"])
    assert [field for field in fields if not any(fnmatch.fnmatchcase(field, glob) for glob in consumer["tagexclude"])] == []
    assert not [tag for tag in tags - {"subject", "host"} if any(fnmatch.fnmatchcase(tag, glob) for glob in consumer["tagexclude"])]
    energy, kept = centre["outputs"]["influxdb_v2"]
    assert "tariff" in energy["tagexclude"]
    assert "tariff" not in kept["tagexclude"]
    assert "tariff" in kept["fieldexclude"]
    assert {"energy", "total", "vat"} <= set(kept["tagexclude"])


def test_fields_have_one_type() -> None:
    """InfluxDB gives up a whole point for a field whose type another site has set, so each field that many sites have gets its type here."""
    kinds = {tuple(one["namepass"]): one["fields"] for one in tomllib.loads(telegraffiles.centre(FLEET))["processors"]["converter"]}
    readings = kinds["electricity",]

    assert {"tariff", "limiter_mode", "power_factor_*", "meter_status", "*_wh"} <= set(readings["float"])
    assert {"message", "*_text", "*_time"} <= set(readings["string"])
    assert kinds["internal_write", "internal_memstats"] == {"integer": ["*"]}


def test_no_token_in_the_file_of_the_centre() -> None:
    """It is read from a file of the host."""
    centre = parsed(telegraffiles.centre(FLEET))

    assert {output["token"] for output in centre["outputs"]["influxdb_v2"]} == {"@{fleet:influx_token}"}
    assert centre["secretstores"]["docker"][0]["path"] == "/etc/telegraf-han-centre/secrets"


def test_the_input() -> None:
    """A site without `init` gets the input that reads the meters."""
    assert parsed(telegraffiles.reads_meters())["inputs"]["execd"][0]["command"][:2] == ["telegraf-han", "run"]


def test_units() -> None:
    """The uplink starts again and again, as Telegraf's user, and only a site's has a folder of its own."""
    uplink = telegraffiles.unit("x", telegraffiles.UPLINK, "telegraf-han-uplink")

    for line in ("User=telegraf", "Restart=always", "RestartSec=15", "RuntimeMaxSec=6h", "StateDirectory=telegraf-han-uplink"):
        assert f"\n{line}\n" in uplink
    assert "StateDirectory" not in telegraffiles.unit("x", telegraffiles.CENTRE)
