"""docs/by-hand.md, steps 6 and 7: its commands and its Telegraf configuration bring a meter's register into a real InfluxDB.

Steps 1 to 5 are those of the practice (`test_practice.py` here and in tests/process), with other names.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING

from servers import running

import virtualmeters
from document import Document
from pagecommands import Machine

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {"encryption_key": "000102030405060708090a0b0c0d0e0f", "authentication_key": "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"}
LOCAL = "http://127.0.0.1:8086"


def test_from_influxdb_to_the_first_point(influx: running.Influx, telegraf_binary: Path, tmp_path: Path) -> None:
    """Tokens, buckets, Telegraf's file, its test, the restart, and the answer of InfluxDB: all as the page shows it."""
    page = Document("docs/by-hand.md")
    database, telegraf = page.section("6. InfluxDB"), page.section("7. Into Telegraf")
    machine = Machine(tmp_path, {"telegraf": telegraf_binary}, TYPED=influx.token)
    (machine.root / "etc/telegraf/telegraf.conf").write_text("[agent]\n  interval = '1s'\n  flush_interval = '1s'\n")
    keys = "".join(f'{name} = "{key}"\n' for name, key in KEYS.items())
    han = machine.root / "etc/telegraf/han.toml"
    han.write_text(f'[[meter]]\nname = "home"\ninterface = "p1"\nport = "{tmp_path}/cable"\n{keys}')
    han.chmod(0o600)

    admin, make, made = database.blocks
    machine.typed(admin, {})
    said = machine.typed(make, {LOCAL: influx.url})
    # The bucket of the telegrams is there already: the InfluxDB of a test is set up with it.
    assert said == machine.moved(made).replace("created  bucket energy\n", "ok       bucket energy\n")

    config, bill, test, line, ask = telegraf.blocks
    file = machine.root / "etc/telegraf/telegraf.d/telegraf-han.conf"
    file.write_text(machine.moved(config + bill).replace(LOCAL, influx.url))
    with virtualmeters.on_terminals(tmp_path, {"cable": ("GAMA350",)}):
        printed = machine.typed(test, {"--test-wait 15": "--test-wait 5"})
        shown = line.partition(" active_energy")[0]
        assert re.search(rf"^{re.escape(shown)} active_energy", printed, re.MULTILINE)
        arguments = ["--config-directory", str(file.parent)]
        with contextlib.ExitStack() as stack:
            stack.enter_context(
                running.telegraf(telegraf_binary, machine.root / "etc/telegraf/telegraf.conf", tmp_path, arguments=arguments)
            )
            rows = influx.wait_for_rows("SELECT active_energy_import_wh FROM electricity", 2, timeout_s=60)
            answer = json.loads(machine.typed(ask, {LOCAL: influx.url}))

    ((_time, value),) = answer["results"][0]["series"][0]["values"]
    assert value >= rows[0]["active_energy_import_wh"] > 0
    assert machine.did.read_text() == "systemctl restart telegraf\n"
    tags = {row["tagKey"] for row in influx.query("SHOW TAG KEYS FROM electricity")}
    assert tags == {"interface", "meter", "model", "serial"}
    assert list((machine.root / "var/lib/telegraf/buffer").iterdir())
