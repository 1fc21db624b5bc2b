"""Turns the answers into steps: which files, folders, group memberships and tokens there have to be, and what InfluxDB lacks."""

import json
import os
import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from telegraf_han.config.sections import Output
from telegraf_han.errors import ConfigError
from telegraf_han.influx import tokens
from telegraf_han.influx.tokens import Grant
from telegraf_han.language import _
from telegraf_han.ports import devices, rights
from telegraf_han.setup import machine, steps, texts
from telegraf_han.setup.places import Places, boards, program
from telegraf_han.setup.servers import Grafana, Influx
from telegraf_han.setup.steps import File, Folder, Member, Record, Step

GRAFANA_GROUP: Final = "grafana"
GRAFANA_UNIT: Final = "grafana-server"
_BUFFERED: Final = re.compile(r'^\s*buffer_strategy\s*=\s*["\']disk', re.MULTILINE)
_OTHER_INPUT: Final = re.compile(r"""^[^#\n]*telegraf[-_]han(\b[^#\n]*\brun\b|["']\s*,\s*["']run\b)""", re.MULTILINE)
"""A command that runs the plugin, on a line or with each word on its own."""
_PROVISIONED: Final = "telegraf-han.yaml"
_OTHER_OUTPUT: Final = re.compile(r"^\s*\[\[outputs\.", re.MULTILINE)


_CONFIGURED: Final = re.compile(r'"run", "--config", ("(?:[^"\\]|\\.)*")')
"""The configuration that a file of `init` starts the plugin with."""
_DROPPED: Final = os.path.join("telegraf.d", "telegraf-han.conf")


class Wanted(NamedTuple):
    """What is set up: a configuration that is there, or one that is written."""

    output: Output
    ports: tuple[str, ...]
    by_radio: bool
    bills: bool
    """Whether a meter has a tariff or prices."""
    files: tuple[tuple[str, str, steps.Kind], ...] = ()
    """Name, content and kind of each file that is written beside the configuration, and of the configuration itself."""


class Setup(NamedTuple):
    """All answers."""

    user: str
    """Telegraf's."""
    paths: Places
    wanted: Wanted
    influx: Influx
    grafana: Grafana


class Plan(NamedTuple):
    """All that there has to be. What is there already is no work."""

    before: tuple[Step, ...]
    """Steps before InfluxDB is set up. Tokens need their folder, and a new InfluxDB's own token must not get lost."""
    after: tuple[Step, ...]
    tokens: tuple[tuple[Callable[[str], Grant], str], ...]
    """Each token with its file."""

    def pending(self) -> list[Step]:
        """The steps that are not done yet."""
        return [step for step in (*self.before, *self.after) if not step.is_done()]


def planned(setup: Setup) -> Plan:
    """All that there has to be."""
    user, paths, wanted, influx, grafana = setup
    group, folder = machine.group_of(user), os.path.dirname(paths.config)
    before: list[Step] = [Folder(paths.secrets, user, group, 0o700)]
    if influx.is_new:
        before.append(File(paths.admin_token, influx.token, mode=0o600, kind="admin"))
        before.append(File(paths.admin_password, f"{influx.password}\n", mode=0o600, kind="admin"))
    after: list[Step] = []
    for name, text, kind in wanted.files:
        owner, mode = (user, 0o600) if kind == "key" else ("root", 0o640)
        after.append(File(os.path.join(folder, name), text, owner, group, mode, kind))
    buffered = any(_BUFFERED.search(machine.content(path) or "") for path in others(paths))
    if not buffered:
        after.append(Folder(paths.buffer, user, group, 0o750))
    one = texts.Telegraf(
        program(), paths.config, paths.secrets, "" if buffered else paths.buffer, wanted.output.measurement, bills=wanted.bills
    )
    after.append(File(paths.telegraf, texts.telegraf(one, influx.database)))
    if machine.has_unit(machine.TELEGRAF_UNIT):
        after.append(File(paths.drop_in, texts.drop_in()))
    after += [Member(user, found) for found in _groups(user, wanted)]
    if grafana.provisions:
        after += _boards(paths, influx.database)
    return Plan(tuple(before), tuple(after), tuple(_tokens(paths, provisions=grafana.provisions)))


def require_own(paths: Places, record: Record) -> None:
    """Raise ConfigError if `init` would write over what somebody else wrote, or where Telegraf does not look."""
    folder = os.path.dirname(paths.config)
    if not any(os.path.exists(os.path.join(folder, name)) for name in ("telegraf.conf", "telegraf.d")):
        raise ConfigError(
            paths.config, "--config", _("a place beside Telegraf's own configuration (telegraf.conf, telegraf.d) is expected")
        )
    if not paths.config.isprintable():
        raise ConfigError("", "--config", _("a path of printable characters is expected, because Telegraf's configuration names it"))
    for path in (paths.telegraf, paths.drop_in, *(_provisioned(paths).values() if boards() else ())):
        if os.path.lexists(path) and texts.MARK not in (machine.content(path) or ""):
            raise ConfigError(path, "", _("this file was not written by `init`. Move it elsewhere, and run init again"))
    first = next((path for path in record.files if path.endswith(_DROPPED) and path != paths.telegraf), paths.telegraf)
    there = _CONFIGURED.search(machine.content(first) or "")
    config = json.loads(there[1].replace("$$", "$")) if there else paths.config
    if config != paths.config:
        sentence = _("this file reads {config} already. A configuration may have several meters: add the meter there", config=config)
        raise ConfigError(first, "--config", sentence)


def others(paths: Places) -> list[str]:
    """Telegraf's other files of configuration."""
    folder = os.path.dirname(paths.telegraf)
    found = [os.path.join(folder, name) for name in sorted(devices.listed(folder)) if name.endswith(".conf")]
    return [os.path.join(os.path.dirname(paths.config), "telegraf.conf"), *(path for path in found if path != paths.telegraf)]


def started_by(paths: Places) -> str:
    """Another file of Telegraf's configuration that starts this program. "" if there is none."""
    return next((path for path in others(paths) if _OTHER_INPUT.search(machine.content(path) or "")), "")


def has_other_outputs(paths: Places) -> bool:
    """Whether Telegraf has outputs of its own, which get the meter's metrics, too."""
    return any(_OTHER_OUTPUT.search(machine.content(path) or "") for path in others(paths))


def _groups(user: str, wanted: Wanted) -> list[str]:
    """The groups that the user has to join to open the ports."""
    dongles = [dongle.node for dongle in devices.dongles()] if wanted.by_radio else []
    nodes = [node for node in map(os.path.realpath, (*wanted.ports, *dongles)) if node.startswith("/dev/")]
    # A disk that was named by mistake must not give Telegraf its group, which may read everything.
    closed = [node for node in nodes if machine.is_character_device(node) and not rights.may_open(user, node, os.R_OK | os.W_OK)]
    return list(dict.fromkeys(group for node in closed if (group := rights.group_of(node)) not in ("", "root")))


def _boards(paths: Places, found: texts.Database) -> list[Step]:
    """Grafana's data source and boards."""
    group = GRAFANA_GROUP if machine.group_id(GRAFANA_GROUP) is not None else "root"
    shipped, files = os.path.join(boards(), "provisioning"), _provisioned(paths)
    source, provided = (machine.content(os.path.join(shipped, kind, _PROVISIONED)) or "" for kind in files)
    return [
        File(files["datasources"], texts.datasource(source, found, paths.grafana_token), "root", group, 0o640),
        File(files["dashboards"], texts.providers(provided, boards()), "root", group, 0o640),
    ]


def has_boards(paths: Iterable[str]) -> bool:
    """Whether Grafana runs here and reads one of these files. It does so only when it starts."""
    return any(f"{os.sep}provisioning{os.sep}" in path for path in paths) and machine.has_unit(GRAFANA_UNIT)


def _provisioned(paths: Places) -> dict[str, str]:
    """Grafana's files that `init` writes, by kind."""
    return {kind: os.path.join(paths.grafana, "provisioning", kind, _PROVISIONED) for kind in ("datasources", "dashboards")}


def _tokens(paths: Places, *, provisions: bool) -> list[tuple[Callable[[str], Grant], str]]:
    found = [
        (_here(tokens.write), os.path.join(paths.secrets, texts.WRITE_TOKEN)),
        (_here(tokens.bill), os.path.join(paths.secrets, texts.BILL_TOKEN)),
    ]
    return [*found, (_here(tokens.read), paths.grafana_token)] if provisions else found


def _here(grant: Callable[[str], Grant]) -> Callable[[str], Grant]:
    """The same rights, for this machine."""
    return lambda bucket: tokens.of(machine.mark(), grant(bucket))
