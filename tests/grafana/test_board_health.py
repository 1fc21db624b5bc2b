"""The board Read-out health on a real InfluxDB: six hours of status lines with known losses, errors and a restart."""

import pytest
from made import line, local

NOW = local("2026-11-20 12:00")
BEGIN = NOW - 6 * 3600
TAGS = {"interface": "p1", "meter": "home"}
SLOW = range(NOW - 7200, NOW - 3600)
"""An hour in which every other telegram came."""
RESTART = NOW - 3 * 3600
CAUSES = {"checksum": 3, "framing": 5, "key": 7, "security": 11, "records": 13}
"""Errors, each in a minute of its own after 10:30."""


def counters():
    """Status lines of each ten seconds: a telegram a second, counters from 0 at the plugin's start."""
    heard = 0
    for utc_s in range(BEGIN, NOW + 1, 10):
        heard = 0 if utc_s == RESTART else heard + (5 if utc_s in SLOW else 10)
        errors = {
            f"errors_{cause}": f"{count if utc_s >= NOW - 5400 + 60 * place else 0}i"
            for place, (cause, count) in enumerate(CAUSES.items(), 1)
        }
        yield (
            utc_s,
            {
                "telegrams": f"{heard}i",
                "decoded": f"{heard}i",
                "duplicates": "0i",
                "unverified": f"{2 if utc_s >= NOW - 3600 else 0}i",
                "host_stamped": "0i",
                "lines_dropped": f"{40 if utc_s >= NOW - 1800 else 0}i",
                **errors,
                "age_s": 90.5 if utc_s == NOW - 1200 else 0.5,
                "clock_offset_s": -2.0,
                "state": '"noise"' if utc_s in SLOW else '"ok"',
            },
        )


def status(fields, utc_s, tags=TAGS):
    """A status line; its values are text already."""
    head = ",".join(["electricity_link", *(f"{name}={value}" for name, value in tags.items())])
    return f"{head} {','.join(f'{name}={value}' for name, value in fields.items())} {utc_s}000000000"


@pytest.fixture(scope="module")
def read_out(shared):
    """The six hours."""
    shared.telegrams(status(fields, utc_s) for utc_s, fields in counters())
    shared.telegrams(line("electricity_settings", TAGS, {"silence_s": 180}, utc_s) for utc_s in range(BEGIN, NOW, 300))
    shared.telegrams([line("electricity", TAGS | {"serial": "1"}, {"active_power_import_w": 7}, NOW - 42)])
    written = ((utc_s, (utc_s - BEGIN) * 3) for utc_s in range(BEGIN, NOW, 10))
    shared.telegrams(
        line(
            "internal_write",
            {"output": "influxdb_v2"},
            {"metrics_written": count, "metrics_dropped": 0, "buffer_size": 12, "buffer_limit": 10000},
            utc_s,
        )
        for utc_s, count in written
    )
    shared.telegrams(
        line("internal_write", {"output": "file"}, {"metrics_written": utc_s, "buffer_size": 9999}, utc_s)
        for utc_s in range(BEGIN, NOW, 600)
    )
    shared.telegrams(line("internal_memstats", {}, {"heap_in_use_bytes": 31_000_000}, utc_s) for utc_s in range(BEGIN, NOW, 10))
    return shared


@pytest.fixture
def health(read_out):
    """The board with its own range, six hours."""
    return read_out.board("health", NOW)


def test_last_telegram(health):
    """The panel shows the newest telegram's own time."""
    (frame,) = health.shown("Last telegram").frames

    assert frame.columns["Time"] == [(NOW - 42) * 1000]


def test_age(health):
    """The age is from the last status line. Over time, the panel shows the longest wait of each interval, next to the limit of the settings."""
    assert health.shown("Age").figures() == {"Age": 0.5}
    ages = health.shown("Age of the last telegram over time")
    assert max(value for value in ages.column("Age") if value is not None) == 90.5
    assert set(ages.column("Limit")) - {None} == {180}


def test_rate(health):
    """60 telegrams per minute are usual. In the slow hour 30 came. The restart gives no negative rate."""
    answer = health.shown("Telegrams per minute")
    rates = answer.points("Received")

    assert rates["2026-11-20 08:00"] == pytest.approx(60)
    assert rates["2026-11-20 10:30"] == pytest.approx(30)
    assert min(rates.values()) >= 0
    assert set(answer.column("Due")) - {None} == {60}


def test_received(health):
    """One of six hours at half the rate leaves 11/12 of the due number."""
    assert health.shown("Received").figures()["of what is due"] == pytest.approx(100 * 11 / 12, abs=1)


def test_counters(health):
    """Counters of the range are sums of their steps, also over the restart."""
    found = health.shown("Counters of the chosen time").figures()
    expected = 5 * 3600 + 1800 - 10  # the step at the restart is lost

    assert found["Telegrams"] == found["Decoded"] == expected
    assert {name: found[name] for name in ("Duplicates", "Tag not verified", "Host's clock used", "Dropped")} == {
        "Duplicates": 0,
        "Tag not verified": 2,
        "Host's clock used": 0,
        "Dropped": 40,
    }


def test_errors_by_cause(health):
    """The errors of each cause are in their minute, and all of them add up."""
    answer = health.shown("Errors by cause")
    names = dict(zip(CAUSES, ("Checksum", "Framing", "Key", "Security", "Records"), strict=True))

    assert {cause: sum(answer.column(name)) for cause, name in names.items()} == CAUSES
    assert answer.points("Framing")["2026-11-20 10:32"] == 5


def test_states(health):
    """The lane of states follows the plugin's states, and the other lane has only those that are not well."""
    shown = health.shown("State of the read-out")
    lane, faults = shown.points("State"), shown.points("Not OK")

    assert lane["2026-11-20 08:00"] == "ok"
    assert lane["2026-11-20 10:30"] == "noise"
    assert faults["2026-11-20 10:30"] == "noise"
    assert {state for minute, state in faults.items() if not "2026-11-20 10:00" <= minute < "2026-11-20 11:00"} == {None}


def test_offset_and_dropped(health):
    """The clock's offset and the lines that Telegraf did not take are as in the status lines."""
    assert set(health.shown("Clock offset").column("Clock offset")) - {None} == {-2}
    assert health.shown("Lines dropped").points("Dropped")["2026-11-20 11:30"] == 40


def test_no_signal_on_a_cable(health):
    """A cable has no signal strength, and the panel says so."""
    assert not health.shown("Signal strength").some()
    assert "P1" in health.panel("Signal strength")["fieldConfig"]["defaults"]["noValue"]


def test_signal(store):
    """A radio meter's strength is shown."""
    tags = {"interface": "wmbus", "meter": "flat-7"}
    store.telegrams([line("electricity", tags, {"active_power_import_w": 5}, NOW - 60)])
    store.telegrams(line("electricity_link", tags, {"rssi_dbm": -71, "age_s": 3}, utc_s) for utc_s in range(BEGIN, NOW, 60))

    assert set(store.board("health", NOW).shown("Signal strength").column("Signal")) - {None} == {-71}


def test_telegraf_itself(health):
    """Telegraf's figures are those of its output to InfluxDB, not of another output."""
    written = health.shown("Telegraf: metrics written")
    buffer = health.shown("Telegraf: buffer")

    assert {value for value in written.column("Written") if value is not None} == {3}
    assert set(buffer.column("Waiting")) - {None} == {12}
    assert set(buffer.column("Limit")) - {None} == {10000}
    assert set(health.shown("Telegraf: memory").column("Memory")) - {None} == {31_000_000}


def test_refused_held_back_odd(store):
    """Counters of telegrams that are not believed, or have odd lines, are sums over the time, also over a restart of the plugin."""
    names = {"errors_security": 1, "stale": 2, "registers_back": 3, "flaws": 4, "waiting": 5, "fields_refused": 6}
    store.telegrams([line("electricity", TAGS | {"serial": "1"}, {"active_power_import_w": 7}, NOW - 42)])
    store.telegrams(
        status({name: f"{times * (utc_s > NOW - 3600) * (utc_s < NOW - 600)}i" for name, times in names.items()}, utc_s)
        for utc_s in range(BEGIN, NOW, 10)
    )

    assert store.board("health", NOW).shown("Refused, held back, odd").figures() == {
        "Refused": 1,
        "Held back as old": 2,
        "Registers back": 3,
        "Odd lines": 4,
        "Waiting for a part": 5,
        "Fields refused": 6,
    }
    assert store.board("health", NOW, language="pl").shown("Odrzucone, wstrzymane, dziwne").some()


def test_counters_of_an_older_release(health):
    """Status lines without the new counters still show the telegrams that were refused."""
    assert health.shown("Refused, held back, odd").figures()["Refused"] == CAUSES["security"]


# --- a year of which only five-minute points are left ---

MONTH = 30 * 86_400
FAULTY = range(NOW - 20 * 86_400, NOW - 20 * 86_400 + 300, 300)
"""One window of a month in which the state was once not OK."""


@pytest.fixture(scope="module")
def month(new_store):
    """Thirty days as down-sampling makes them of a telegram per minute, with one error per hour. The status lines themselves have expired."""
    store = new_store("health-month")

    def window(utc_s):
        passed = (utc_s + 300 - (NOW - MONTH)) // 60
        counters = {"telegrams": passed, "decoded": passed - passed // 60, "errors_checksum": passed // 60, "stale": passed // 1440}
        text = ",".join(f"{name}={count}i" for name, count in counters.items())
        state, age_s = ("wrong_key", 299.0) if utc_s in FAULTY else ("ok", 61.0)
        return (
            f"electricity_link,interface=wmbus,meter=home {text},age_s={age_s},clock_offset_s=-2.5,rssi_dbm=-71.5,"
            f'state="{state}" {utc_s}000000000'
        )

    store.telegrams([line("electricity", TAGS | {"serial": "1"}, {"active_power_import_w": 7}, NOW - 42)])
    store.kept(window(utc_s) for utc_s in range(NOW - MONTH, NOW, 300))
    store.kept(line("electricity_settings", TAGS, {"silence_s": 180}, utc_s) for utc_s in range(NOW - MONTH, NOW, 300))
    store.telegrams(window(utc_s) for utc_s in range(NOW - 86_400, NOW, 300))  # a day of status lines is still there
    return store.board("health", NOW, since="now-30d")


def test_counters_of_a_month(month):
    """All counters are there, but for the first interval, whose begin nobody knows."""
    found = month.shown("Counters of the chosen time").figures()
    assert found["Telegrams"] == pytest.approx(MONTH / 60, rel=0.01)
    assert found["Decoded"] == pytest.approx(MONTH / 60 * 59 / 60, rel=0.01)
    assert month.shown("Refused, held back, odd").figures()["Held back as old"] == pytest.approx(30, abs=1)
    assert sum(month.shown("Errors by cause").column("Checksum")) == pytest.approx(MONTH / 3600, rel=0.01)
    assert month.shown("Received").figures()["of what is due"] == pytest.approx(100, abs=1)
    assert set(month.shown("Telegrams per minute").column("Received")) - {None} == {1}
    assert set(month.shown("Telegrams per minute").column("Due")) - {None} == {1}


def test_curves_of_a_month(month):
    """The longest age, the signal, the offset and the limit of the settings come from the five-minute points."""
    ages = month.shown("Age of the last telegram over time")
    assert {value for value in ages.column("Age") if value is not None} == {61, 299}
    assert set(ages.column("Limit")) - {None} == {180}
    assert set(month.shown("Signal strength").column("Signal")) - {None} == {-71.5}
    assert set(month.shown("Clock offset").column("Clock offset")) - {None} == {-2.5}


def test_a_short_fault_in_a_month(month):
    """Five minutes of a wrong key are in the lane of faults, although each interval of the lane is longer."""
    shown = month.shown("State of the read-out")

    assert [state for state in shown.column("Not OK") if state is not None] == ["wrong_key"]
    assert len(shown.column("State")) < MONTH / 600
