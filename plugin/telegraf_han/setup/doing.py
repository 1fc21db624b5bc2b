"""Shows the plan, carries it out, and waits for the first point in InfluxDB.

The record of what is done is written before it is done. So `remove` also cleans up after a set-up that failed in the middle.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote

from telegraf_han.decoding import timing
from telegraf_han.errors import ConfigError, SourceError, reason
from telegraf_han.influx.items import Outcome
from telegraf_han.language import _, decimal
from telegraf_han.printing import say
from telegraf_han.setup import database, machine, planning, texts
from telegraf_han.setup.console import Console
from telegraf_han.setup.planning import Plan, Setup
from telegraf_han.setup.servers import Influx
from telegraf_han.setup.steps import ByHandError, File, Folder, Record, Step

CABLE_WAIT_S: Final = 60.0
RADIO_WAIT_S: Final = 180.0
CLOCK_S: Final = timing.BELIEVED_NS // 1_000_000_000
"""How far a meter's clock may be behind this machine's, and its telegrams still have its time."""
EARLIER_S: Final = 120
"""How old a point may be if Telegraf ran before."""
_BOARDS: Final = {"en": "telegraf-han-home-en", "pl": "telegraf-han-home-pl"}
_WH_PER_KWH: Final = 1000


def lacking(plan: Plan, setup: Setup) -> list[str]:
    """What has to be made in InfluxDB. Raises ConfigError, SourceError."""
    influx = setup.influx
    if influx.is_new:
        return []  # all of it, and the summary says so
    with _token(influx) as path:
        return database.lacking(influx.database, path, plan.tokens, setup.wanted.output)


def summed_up(pending: Sequence[Step], missing: Sequence[str], setup: Setup) -> bool:
    """Print what will be done. Returns whether there is anything to do."""
    influx = setup.influx
    lines = [step.told() for step in pending]
    if influx.is_new:
        lines.append(
            _(
                "set up InfluxDB at {url}: administrator {user}, organisation {org}, buckets {bucket} and {bucket}/5m, tokens",
                user=influx.user,
                **influx.database._asdict(),
            )
        )
    if missing:
        lines.append(_("make in InfluxDB: {names}", names=", ".join(missing)))
    if not lines:
        return False
    if machine.has_unit(machine.TELEGRAF_UNIT):
        lines.append(_("restart Telegraf"))
    if planning.has_boards(_paths(pending)):
        lines.append(_("restart Grafana"))
    say("", _("This will be done:"), *(f"  - {line}" for line in lines))
    if planning.has_other_outputs(setup.paths):
        say(_("Telegraf has other outputs. They stay as they are. They get the meter's metrics, too, unless they have a namepass."))
    return True


def _paths(pending: Sequence[Step]) -> list[str]:
    return [step.path for step in pending if isinstance(step, File | Folder)]


def contents(pending: Sequence[Step]) -> None:
    """Print the files that would be written, except those with keys."""
    for step in pending:
        if isinstance(step, File) and not step.secret:
            say("", f"--- {step.path}", *step.text.splitlines())


def carried_out(record: Record, plan: Plan, setup: Setup) -> None:
    """Do what is missing. Raises ConfigError, SourceError."""
    user, paths, wanted, influx, _grafana = setup
    pending = plan.pending()
    record.database = {**influx.database._asdict(), "token_file": influx.token_file}
    for step in pending:
        record.note(step)
    for _grant, path in plan.tokens:
        record.adopt(path, "ours")
    if influx.is_new:
        record.first_bucket = influx.database.bucket
    record.save()
    _all(plan.before)
    if influx.is_new:
        database.first(influx.database, influx.user, influx.password, influx.token)
        say(_("done: InfluxDB is set up. Its administrator's password is in {path}", path=paths.admin_password))
    with _token(influx) as token:
        is_ours = record.first_bucket == influx.database.bucket  # also of an earlier run that was ended right after that
        database.settle(influx.database, token, plan.tokens, wanted.output, _told, is_new=is_ours)
    record.first_bucket = ""
    record.save()
    for _grant, path in plan.tokens:
        owner, group, mode = (
            ("root", planning.GRAFANA_GROUP, 0o640) if path == paths.grafana_token else (user, machine.group_of(user), 0o600)
        )
        try:
            machine.own(path, owner, group, mode)
        except OSError as error:
            raise ConfigError(path, "", _("a file that can be written is expected: {reason}", reason=reason(error))) from None
    _all(plan.after)


def restarted(console: Console, pending: Sequence[Step]) -> None:
    """Restart what has to read its new configuration. Where systemd does not run it, say what to do."""
    changed = _paths(pending)
    if any("systemd" in path for path in changed):
        _systemctl("daemon-reload")
    if machine.has_unit(machine.TELEGRAF_UNIT):
        if machine.runs_telegraf("restart"):
            say(_("done: Telegraf is restarted"))
    else:
        say(_("systemd does not run Telegraf here, so restart it by hand now."))
        console.pause(_("Press Enter when that is done: "))
    if planning.has_boards(changed):
        words = _systemctl("restart", planning.GRAFANA_UNIT)
        say(_("Grafana does not start: {words}", words=words) if words else _("done: Grafana is restarted"))


def running() -> None:
    """Start Telegraf if systemd runs it here and it is stopped. Everything is set up, so it should run."""
    is_stopped = machine.has_unit(machine.TELEGRAF_UNIT) and _systemctl("is-active", "--quiet", machine.TELEGRAF_UNIT)
    if is_stopped and machine.runs_telegraf("start"):
        say(_("done: Telegraf was stopped, and is started"))


def point_from_s(setup: Setup, now_s: int) -> int:
    """The time from which on a point is new. A point has the time of the meter's clock, which may be behind. Never raises."""
    earliest_s = now_s - CLOCK_S
    token = _reader(setup)
    if setup.influx.is_new or not os.path.exists(token):
        return earliest_s
    try:
        newest = database.newest(setup.influx.database, token, setup.wanted.output, earliest_s, 0.0)
    except (ConfigError, SourceError):
        return earliest_s
    return earliest_s if newest is None else int(str(newest["time"])) + 1


def first_point(setup: Setup, since_s: int, point_s: int, wait_s: float | None, language: str) -> bool:
    """Wait for the first point in InfluxDB and print it, with the board's address. Returns whether it came. Raises SourceError.

    `since_s` is when this began, by the machine's clock. Points from `point_s` on are new.
    """
    _user, _paths, wanted, influx, grafana = setup
    whole_s = wait_s if wait_s is not None else RADIO_WAIT_S if wanted.by_radio else CABLE_WAIT_S
    if not whole_s:
        return True
    say("", _("Waiting for the first point in InfluxDB, up to {seconds:g} s …", seconds=whole_s))
    token = _reader(setup)
    found = database.newest(influx.database, token, wanted.output, point_s, whole_s)
    if found is None:
        _tell_why(setup, since_s)
        return False
    say(_point(found))
    if grafana.url:
        url = f"{grafana.url}/d/{_BOARDS[language]}?var-meter={quote(str(found.get('meter', '')))}"
        say(_("The board: {url}", url=url))
    return True


def _point(found: dict[str, object]) -> str:
    when = time.strftime("%H:%M:%S", time.localtime(int(str(found["time"]))))
    values = [f"{found.get('meter', '')}"]
    energy, power = found.get("active_energy_import_wh"), found.get("active_power_import_w")
    if isinstance(energy, int | float):
        values.append(f"{decimal(energy / _WH_PER_KWH, 3)} kWh")
    if isinstance(power, int | float):
        values.append(f"{power:g} W")
    return _("The first point is in InfluxDB, of {when}: {values}.", when=when, values=", ".join(values))


def _tell_why(setup: Setup, since_s: int) -> None:
    """What is known about a point that did not come."""
    token = _reader(setup)
    link = database.state_of(setup.influx.database, token, setup.wanted.output, since_s)
    if link is None:
        say(
            _("No point came, and no status line of the plugin either. So Telegraf does not run, or cannot reach InfluxDB."),
            _("What to do: look at Telegraf's log: journalctl -u telegraf -n 50"),
        )
        return
    say(
        _(
            'No point came, but Telegraf runs and InfluxDB takes its lines. The state of meter "{meter}" is {state}.',
            meter=link.get("meter", ""),
            state=link.get("state", "?"),
        ),
        _("What to do: sudo -u telegraf telegraf-han check --config {config}", config=setup.paths.config),
        _("If the operator has not switched the interface on yet, there is nothing to do: Telegraf waits for the meter."),
    )


def _reader(setup: Setup) -> str:
    """The file of a token that reads both buckets."""
    return os.path.join(setup.paths.secrets, texts.BILL_TOKEN)


def _all(steps: Sequence[Step]) -> None:
    for step in steps:
        if step.is_done():
            continue
        try:
            step.do()
        except ByHandError as error:
            say(_("not done: {why}. By hand: {command}", why=error.expected, command=error.command))
            continue
        say(_("done: {what}", what=step.path if isinstance(step, File | Folder) else step.told()))


def _told(outcome: Outcome, name: str) -> None:
    if outcome != "ok":
        say(_("done: InfluxDB: {name}", name=name))


def _systemctl(*words: str) -> str:
    return machine.said_by("systemctl", *words)


@contextmanager
def _token(influx: Influx) -> Iterator[str]:
    """The path of a file with the all-access token, for as long as it is needed."""
    if influx.token_file:
        yield influx.token_file
        return
    with machine.passed(influx.token) as path:
        yield path
