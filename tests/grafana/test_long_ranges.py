"""Queries that read longer ranges in another way, so that a year answers within a second, give the same figures."""

import made
import pytest

HOURS = 72
NOON = made.local("2026-11-19 12:00")


@pytest.fixture
def counters(store):
    """Three days of status lines of a meter that sends every second, with one error per minute and a restart of the plugin in the middle."""
    begin, again = NOON - HOURS * 3600, NOON - 30 * 3600
    tags = {"interface": "p1", "meter": "home"}

    def status(utc_s):
        since_s = utc_s - (again if utc_s >= again else begin)
        fields = {"telegrams": f"{since_s}i", "decoded": f"{since_s - since_s // 60}i", "errors_checksum": f"{since_s // 60}i"}
        return f"electricity_link,interface=p1,meter=home {','.join(f'{name}={value}' for name, value in fields.items())} {utc_s}000000000"

    store.telegrams(made.line("electricity", tags, {"active_power_import_w": 300.0}, utc_s) for utc_s in (begin, NOON - 1))
    store.telegrams(status(utc_s) for utc_s in range(begin, NOON, 30))
    store.kept(status(utc_s + 270).replace(f"{utc_s + 270}000000000", f"{utc_s}000000000") for utc_s in range(begin, NOON, 300))
    return store


@pytest.mark.parametrize(("since", "hours"), [("now-24h", 24), ("now-47h", 47), ("now-72h", 72)], ids=["a day", "fine", "coarse"])
def test_counters(counters, since, hours):
    """Counters are the telegrams of the range, except for the interval in which the plugin started again."""
    found = counters.board("health", NOON, since=since).shown("Counters of the chosen time").figures()

    assert found["Telegrams"] == pytest.approx(hours * 3600, abs=900)
    assert found["Decoded"] == pytest.approx(hours * 3540, abs=900)
