"""health: counters and times into a state and the two status measurements."""

import pytest

import linereader
from telegraf_han.config.sections import BadKey, MeterConfig
from telegraf_han.decoding import health
from telegraf_han.decoding.meters import MeterState
from telegraf_han.errors import Cause

NS = 1_000_000_000
NOW_NS = 1_795_348_800 * NS

LINK_FIELDS = {
    "telegrams", "decoded", "duplicates", "unverified", "lines_dropped", "host_stamped",
    "errors_checksum", "errors_framing", "errors_key", "errors_security", "errors_records",
    "flaws", "waiting", "stale", "registers_back", "fields_refused",
    "age_s", "clock_offset_s", "rssi_dbm", "state",
}  # fmt: skip


def meter(good_s: float | None = None, port_there: bool = True, limits: tuple = (), bad_key: bool = False, **errors_s: float) -> MeterState:
    """A meter whose last good telegram and last errors were so many seconds ago."""
    bad_keys = (BadKey("encryption_key", "the file is empty"),) if bad_key else ()
    found = MeterState(MeterConfig("home", "p1", limits=limits, bad_keys=bad_keys))
    found.port_there = port_there
    if good_s is not None:
        found.good_ns = NOW_NS - int(good_s * NS)
    for cause, ago_s in errors_s.items():
        found.failed(Cause(cause), NOW_NS - int(ago_s * NS))
    return found


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (meter(), "silent"),
        (meter(good_s=0), "ok"),
        (meter(good_s=180), "ok"),
        (meter(good_s=180.001), "silent"),
        (meter(good_s=-5), "ok"),
        (meter(good_s=20, limits=(("silence_s", 15.0),)), "silent"),
        (meter(good_s=500, limits=(("silence_s", 600.0),)), "ok"),
        (meter(key=1), "wrong_key"),
        (meter(security=1), "silent"),
        (meter(good_s=10, key=1), "wrong_key"),
        (meter(good_s=1, key=10), "ok"),
        (meter(key=179), "wrong_key"),
        (meter(key=181), "silent"),
        (meter(key=10, framing=1), "wrong_key"),
        (meter(checksum=1), "noise"),
        (meter(framing=1), "noise"),
        (meter(records=1), "silent"),
        (meter(good_s=10, checksum=1), "ok"),
        (meter(good_s=200, checksum=1), "noise"),
        (meter(good_s=200, checksum=181), "silent"),
        (meter(port_there=False), "port_missing"),
        (meter(good_s=1, port_there=False), "port_missing"),
        (meter(key=1, port_there=False), "port_missing"),
        (meter(bad_key=True), "bad_key_file"),
        (meter(bad_key=True, key=1, checksum=1), "bad_key_file"),
        (meter(bad_key=True, port_there=False), "port_missing"),
    ],
    ids=[
        "never heard", "just heard", "as old as may be", "too old", "host clock went back", "own silence", "own patience",
        "key", "tag", "key after good", "good after key", "key lately", "key long ago", "key and noise",
        "CRC", "framing", "content", "noise among good", "noise instead of good", "noise long ago",
        "no port", "no port after good", "no port after key", "bad key", "bad key and errors", "bad key and no port",
    ],
)  # fmt: skip
def test_state(made: MeterState, expected: str) -> None:
    """The state follows from what was last heard and when."""
    assert health.state(made, NOW_NS) == expected


def test_state_over_time() -> None:
    """A meter that falls silent, answers with noise, then with a wrong key, and comes back."""
    one = MeterState(MeterConfig("home", "p1"))
    story = [
        (0, None, "silent"),
        (10, "good", "ok"),
        (180, None, "ok"),
        (200, None, "silent"),
        (201, Cause.CHECKSUM, "noise"),
        (202, Cause.KEY, "wrong_key"),
        (300, None, "wrong_key"),
        (400, None, "silent"),
        (401, "good", "ok"),
    ]
    for after_s, event, expected in story:
        now_ns = NOW_NS + after_s * NS
        if event == "good":
            one.good_ns = now_ns
        elif event:
            one.failed(Cause(event), now_ns)
        assert health.state(one, now_ns) == expected, after_s


def test_link_of_a_meter_just_configured() -> None:
    """All counters are there from the start, as integers. Unknown values are left out."""
    (metric,) = linereader.metrics(health.link(meter(), "electricity", 0, NOW_NS, NOW_NS))
    fields = dict(metric.fields)

    assert metric.measurement == "electricity_link"
    assert metric.tags == (("interface", "p1"), ("meter", "home"))
    assert metric.time_ns == NOW_NS
    assert set(fields) == LINK_FIELDS - {"age_s", "clock_offset_s", "rssi_dbm"}
    assert all(fields[name] == 0 and isinstance(fields[name], int) for name in fields if name != "state")
    assert fields["state"] == "silent"


def test_link_of_a_meter_in_use() -> None:
    """Every field of the public contract, with its type, in the measurement's name as configured."""
    one = meter(good_s=1.5, checksum=100, key=90)
    one.telegrams, one.decoded, one.duplicates, one.unverified, one.host_stamped = 10, 8, 3, 2, 1
    one.clock_offset_s, one.rssi_dbm = -0.25, -67.0
    one.flaws, one.waiting, one.stale, one.registers_back, one.fields_refused = 4, 5, 6, 7, 8
    (metric,) = linereader.metrics(health.link(one, "energy", 7, NOW_NS, NOW_NS))

    assert metric.measurement == "energy_link"
    assert dict(metric.fields) == {
        "telegrams": 10, "decoded": 8, "duplicates": 3, "unverified": 2, "lines_dropped": 7, "host_stamped": 1,
        "flaws": 4, "waiting": 5, "stale": 6, "registers_back": 7, "fields_refused": 8,
        "errors_checksum": 1, "errors_framing": 0, "errors_key": 1, "errors_security": 0, "errors_records": 0,
        "age_s": 1.5, "clock_offset_s": -0.25, "rssi_dbm": -67.0, "state": "ok",
    }  # fmt: skip
    assert {name for name, value in metric.fields if isinstance(value, int)} == {name for name in LINK_FIELDS if name.startswith("errors_")} | {
        "telegrams", "decoded", "duplicates", "unverified", "lines_dropped", "host_stamped",
        "flaws", "waiting", "stale", "registers_back", "fields_refused",
    }  # fmt: skip


def test_age_is_never_negative() -> None:
    """A host clock that went back makes no telegram of the future."""
    (metric,) = linereader.metrics(health.link(meter(good_s=-3), "electricity", 0, NOW_NS, NOW_NS))

    assert dict(metric.fields)["age_s"] == 0.0


def test_settings() -> None:
    """Limits and prices are float fields, the currency a text."""
    config = MeterConfig(
        "home",
        "p1",
        limits=(("active_power_import_w", 6000.0), ("silence_s", 90.0)),
        prices=(("import_t0_per_kwh", 1.05), ("currency", "PLN")),
    )
    (metric,) = linereader.metrics(health.settings(config, "electricity", NOW_NS))

    assert metric.measurement == "electricity_settings"
    assert metric.tags == (("interface", "p1"), ("meter", "home"))
    assert dict(metric.fields) == {
        "active_power_import_w": 6000.0, "silence_s": 90.0, "decode_errors_percent": 10.0, "import_t0_per_kwh": 1.05, "currency": "PLN",
        "billing_day": 1.0,
    }  # fmt: skip
    assert all(isinstance(value, float) for name, value in metric.fields if name != "currency")


def test_settings_of_a_meter_without_any() -> None:
    """A meter without limits and prices has the default limits in its line, so that alert rules know every meter."""
    (metric,) = linereader.metrics(health.settings(MeterConfig("home", "p1"), "electricity", NOW_NS))

    assert dict(metric.fields) == health.DEFAULTS | {"billing_day": 1.0}


def test_tags_of_the_owner() -> None:
    """Both status lines of a meter have its tags, so that boards can group by them."""
    config = MeterConfig("flat", "wmbus", tags=(("staircase", "B"),))
    lines = health.link(MeterState(config), "electricity", 0, NOW_NS, NOW_NS) + health.settings(config, "electricity", NOW_NS)

    assert [metric.tags for metric in linereader.metrics(lines)] == [(("interface", "wmbus"), ("meter", "flat"), ("staircase", "B"))] * 2
