"""downsampling: how each field is computed, and the Flux for it. tests/stack proves that the results are right."""

import re

import pytest

from telegraf_han.influx import downsampling
from telegraf_han.obis import column, registry

MEANS = {"W", "var", "VA", "V", "A", "Hz"}
EXTREMES = {"W", "var", "VA", "V"}


def chosen(field: str) -> set[str]:
    """The functions that are applied to a field, by the same patterns."""
    instant = bool(re.search(downsampling.MEAN, field)) and not re.search(downsampling.KEPT, field)
    swinging = bool(re.search(downsampling.EXTREME, field)) and not re.search(downsampling.KEPT, field)
    return ({"mean"} if instant else {"last"}) | ({"max", "min"} if swinging else set())


def expected(code: str) -> set[str]:
    """The same by the registry: by the unit and, for powers, by value group D. 7 is the present power."""
    row = registry()[code]
    instant = (row.unit in MEANS and code.split(".")[1] == "7") or row.name.startswith("power_factor")
    return ({"mean"} if instant else {"last"}) | ({"max", "min"} if instant and row.unit in EXTREMES else set())


def test_every_field_of_the_registry() -> None:
    """For every field of the registry, the name shows how the field is computed."""
    fields = [
        (code, field)
        for code, row in registry().items()
        for times in range(1, len(row.occurrences) + 2)
        if (field := column(code, None, "", times).field)
    ]

    assert [(code, field) for code, field in fields if chosen(field) != expected(code)] == []
    assert len(fields) > 900


@pytest.mark.parametrize(
    ("field", "functions"),
    [
        ("active_energy_import_wh", {"last"}),
        ("active_power_import_w", {"mean", "max", "min"}),
        ("active_power_import_w_2", {"mean", "max", "min"}),
        ("active_power_import_max_w", {"last"}),
        ("voltage_l1_v", {"mean", "max", "min"}),
        ("current_l2_a", {"mean"}),
        ("frequency_hz", {"mean"}),
        ("power_factor_l3", {"mean"}),
        ("rssi_dbm", {"mean"}),
        ("limiter_threshold_active_w", {"last"}),
        ("dsm_threshold_1_w", {"last"}),
        ("limiter_mode", {"last"}),
        ("message", {"last"}),
        ("obis_1_0_99_7_0_w", {"mean", "max", "min"}),
        ("record_02fd17", {"last"}),
    ],
)
def test_fields(field: str, functions: set[str]) -> None:
    """The fields that the boards draw, named."""
    assert chosen(field) == functions


def test_tasks_reach_from_an_hour_to_a_month() -> None:
    """Each task runs at least as often as its reach is long, and cuts no window."""
    tasks = downsampling.tasks("energy", "electricity", "telegraf-han energy: ")

    assert [re.findall(r"every: (\w+)|truncate\(t: -(\w+)", task["flux"]) for task in tasks] == [
        [("5m", ""), ("", "1h"), *[("5m", "")] * 10],
        [("1h", ""), ("", "2d"), *[("5m", "")] * 10],
        [("1d", ""), ("", "32d"), *[("5m", "")] * 10],
    ]
    assert all(task["flux"].count('to(bucket: "energy/5m")') == 9 for task in tasks)
    assert len({task["name"] for task in tasks}) == 3


@pytest.mark.parametrize(
    ("start_s", "stop_s", "found"),
    [(0, 300, (0, 300)), (1, 299, (0, 300)), (300, 301, (300, 600)), (1799999999, 1800000001, (1799999700, 1800000300))],
)
def test_whole_windows(start_s: int, stop_s: int, found: tuple[int, int]) -> None:
    """A range is widened to whole windows."""
    assert downsampling.whole(start_s, stop_s) == found


def test_every_result_has_a_name_of_its_own() -> None:
    """InfluxDB refuses a script with two results of one name."""
    names = re.findall(r'yield\(name: "(.*?)"\)', downsampling.past("energy", "electricity", 0, 300))

    assert len(names) == 9
    assert len(set(names)) == len(names)


def test_quoted() -> None:
    """A name cannot end the text that contains it, and is not evaluated."""
    assert downsampling.quoted('a"b\\c${d}') == '"a\\"b\\\\c\\${d}"'
