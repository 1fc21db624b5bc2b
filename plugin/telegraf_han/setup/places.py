"""Says where the set-up's files are. All of them are named here, so `remove` finds what `init` wrote."""

import os
import sys
from typing import Final, NamedTuple

SYSTEMD: Final = "/run/systemd/system"
"""The folder that exists where systemd runs the machine (sd_booted(3))."""
GRAFANA: Final = "/etc/grafana"
_PROGRAM: Final = "telegraf-han"
_BOARDS: Final = os.path.join("share", "telegraf-han", "grafana")


class Places(NamedTuple):
    """The paths of one installation. Those of Telegraf are in the folder of the configuration file."""

    config: str
    """han.toml."""
    telegraf: str
    """Telegraf's own configuration with the input and the outputs."""
    secrets: str
    """The folder with the tokens, one file each, which Telegraf reads as a secret store."""
    buffer: str
    drop_in: str
    """What is added to Telegraf's systemd unit."""
    record: str
    """What `init` wrote and changed, for `remove`."""
    admin_token: str
    """The all-access token of an InfluxDB that `init` set up."""
    admin_password: str
    grafana: str
    """Grafana's folder of configuration."""
    grafana_token: str


def places(config: str) -> Places:
    """The paths that belong to a configuration file."""
    config = os.path.abspath(config)
    folder = os.path.dirname(config)
    return Places(
        config,
        os.path.join(folder, "telegraf.d", "telegraf-han.conf"),
        os.path.join(folder, "telegraf-han.secrets"),
        "/var/lib/telegraf/buffer",
        "/etc/systemd/system/telegraf.service.d/telegraf-han.conf",
        "/var/lib/telegraf-han/init.json",
        os.path.join(folder, "influx-admin.token"),
        os.path.join(folder, "influx-admin.password"),
        GRAFANA,
        os.path.join(GRAFANA, "telegraf-han.token"),
    )


def program() -> str:
    """The path of this program, as Telegraf starts it."""
    beside = os.path.join(sys.prefix, "bin", _PROGRAM)
    return beside if os.path.exists(beside) else os.path.abspath(sys.argv[0])


def boards() -> str:
    """The folder with the boards: of the package, of the Python environment, or of a clone. "" if there is none."""
    clone = os.path.join(os.path.dirname(__file__), "..", "..", "..", "grafana")
    candidates = [os.path.join(sys.prefix, _BOARDS), os.path.join("/usr", _BOARDS), os.path.normpath(clone)]
    return next((one for one in candidates if os.path.isdir(os.path.join(one, "dashboards"))), "")
