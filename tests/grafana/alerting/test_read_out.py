"""The rules on silence and on unreadable telegrams, also when the plugin, Telegraf or the database is gone."""

import pytest
from likegrafana import expressions, states

SILENT, ERRORS = "telegraf-han-silent", "telegraf-han-decode-errors"
NOT_STORED, REFUSED = "telegraf-han-not-stored", "telegraf-han-refused"
DAY_S = 86_400
NOON_S = 1_780_308_000
MINUTE_S, HOUR_S = 60, 3600
BEFORE = range(NOON_S - HOUR_S, NOON_S, 10)
AFTER = range(NOON_S, NOON_S + HOUR_S, 10)
SETTINGS = range(NOON_S - HOUR_S, NOON_S + HOUR_S, 5 * MINUTE_S)


def counted(at_s):
    """A counter that rises by one every ten seconds."""
    return (at_s - NOON_S + HOUR_S) // 10 + 1


def told(history, meter="home"):
    """Names of the states a meter had, one after the other."""
    names = [named.get(meter) for _, named in history]
    return [name for name, before in zip(names, [None, *names], strict=False) if name != before]


def minutes(history, meter="home", name="Alerting"):
    """Minutes after noon at which a meter was in a state."""
    return [(at_s - NOON_S) / MINUTE_S for at_s, named in history if named.get(meter) == name]


# -- silence --


def test_silence_of_each_meter_by_its_own_limit(house) -> None:
    """The age of the last telegram is compared with the meter's silence_s, or with the plugin's default."""
    limits = {"default": {}, "patient": {"silence_s": 900}, "strict": {"silence_s": 30}}
    for meter, limit in limits.items():
        house.settings(meter, SETTINGS, **limit)
        house.link(meter, BEFORE, decoded=counted, age_s=2)
        house.link(meter, AFTER, decoded=360, age_s=lambda at_s: at_s - NOON_S)
    house.settings("fine", SETTINGS)
    house.link("fine", [*BEFORE, *AFTER], decoded=counted, age_s=2)

    history = house.history(SILENT, NOON_S - 600, NOON_S + 1500)

    assert {meter: minutes(history, meter)[0] for meter in limits} == {"default": 6, "patient": 18, "strict": 3}
    assert minutes(history, "fine") == []


def test_silence_ends_with_a_telegram(house) -> None:
    """The first telegram after a silence ends the alert."""
    house.settings("home", SETTINGS)
    house.link("home", AFTER, decoded=lambda at_s: 360 + (at_s >= NOON_S + 1200), age_s=lambda at_s: (at_s - NOON_S) % 1200)

    assert told(house.history(SILENT, NOON_S + 60, NOON_S + 1320)) == ["Normal", "Pending", "Alerting", "Normal"]


def test_a_plugin_that_stops_beside_another(house) -> None:
    """If one of two plugins is gone, no line says so. The missing lines show it, while the other plugin's meter goes on."""
    for meter in ("gone", "there"):
        house.settings(meter, range(NOON_S - HOUR_S, NOON_S, 300))
        house.link(meter, BEFORE, decoded=counted, age_s=1)
    house.settings("there", range(NOON_S, NOON_S + HOUR_S, 300))
    house.link("there", AFTER, decoded=counted, age_s=1)

    history = house.history(SILENT, NOON_S - 120, NOON_S + HOUR_S - 60)

    assert told(history, "there") == ["Normal"]
    assert told(history, "gone") == ["Normal", "Pending", "Alerting"]
    assert minutes(history, "gone")[0] <= 5


def test_all_data_gone(house) -> None:
    """When nothing comes any more, every meter alerts by its name, also long after the last line has left the range."""
    for meter in ("home", "flat"):
        house.settings(meter, range(NOON_S - HOUR_S, NOON_S, 300))
        house.link(meter, BEFORE, decoded=counted, age_s=1)

    history = house.history(SILENT, NOON_S - 60, NOON_S + 8 * HOUR_S)

    assert told(history, "home") == told(history, "flat") == ["Normal", "Pending", "Alerting"]
    assert house.evaluated(SILENT, NOON_S + 8 * HOUR_S).no_data
    assert history[-1][1] == {"home": "Alerting", "flat": "Alerting"}


def test_an_empty_database_is_told_until_the_first_line(house) -> None:
    """Rules that exist before the plugin alert that nothing comes. The alert ends with the first line."""
    house.settings("home", range(NOON_S, NOON_S + HOUR_S, 300))
    house.link("home", AFTER, decoded=counted, age_s=1)

    history = house.history(SILENT, NOON_S - 300, NOON_S + 300)

    assert told(history, "") == ["Pending", "Alerting", None]
    assert told(history, "home") == ["Normal"]


def test_a_database_that_cannot_be_asked(house, rules) -> None:
    """Only this rule alerts, after two minutes. All other rules keep their states."""
    told = {}
    for uid, (rule, interval) in rules.items():
        machine = states.Rule(rule, interval)
        machine.outcome(expressions.Outcome({(("meter", "home"),): False}, {}, no_data=False), NOON_S)
        for minute in range(1, 11):
            machine.error(NOON_S + minute * MINUTE_S)
        told[uid] = machine.named()["home"]

    assert {uid for uid, name in told.items() if name != "Normal"} == {SILENT}
    assert told[SILENT] == "Alerting"


def test_an_alert_stays_while_the_database_cannot_be_asked(rules) -> None:
    """A restart of the database neither ends nor repeats an alert, and the waiting time goes on."""
    rule, interval = rules["telegraf-han-import-power"]
    breach = expressions.Outcome({(("meter", "home"),): True}, {}, no_data=False)
    machine = states.Rule(rule, interval)
    machine.outcome(breach, NOON_S)
    machine.error(NOON_S + MINUTE_S)
    assert machine.named() == {"home": "Pending"}
    for minute in range(2, 6):
        machine.outcome(breach, NOON_S + minute * MINUTE_S)
    assert machine.named() == {"home": "Alerting"}
    machine.error(NOON_S + 6 * MINUTE_S)

    assert machine.named() == {"home": "Alerting"}


def test_a_meter_never_heard(house) -> None:
    """A meter that was not heard since the plugin's start is silent when the waiting time is over."""
    house.settings("home", SETTINGS)
    house.settings("patient", SETTINGS, silence_s=1800)
    for meter in ("home", "patient"):
        house.link(meter, AFTER, decoded=0)

    history = house.history(SILENT, NOON_S + 10, NOON_S + HOUR_S - 10)

    assert 3 < minutes(history)[0] < 8
    assert 30 < minutes(history, "patient")[0] < 35
    assert told(history) == ["Normal", "Pending", "Alerting"]


def test_a_restart_is_no_silence(house) -> None:
    """After a restart of the plugin, the waiting time for the next telegram is as long as before."""
    house.settings("home", SETTINGS)
    house.link("home", BEFORE, decoded=counted, age_s=1)
    house.link("home", range(NOON_S, NOON_S + 60, 10), decoded=0)
    house.link("home", range(NOON_S + 60, NOON_S + HOUR_S, 10), decoded=lambda at_s: (at_s - NOON_S) // 60, age_s=lambda at_s: at_s % 60)

    assert told(house.history(SILENT, NOON_S - 120, NOON_S + 600)) == ["Normal"]


@pytest.mark.parametrize("interval_s", [1, 10, 60])
@pytest.mark.parametrize("offset_s", [0, 1, 59])
def test_rare_status_lines_are_no_silence(house, interval_s, offset_s) -> None:
    """A status interval of up to a minute gives no alert, whenever in that minute the rule is evaluated."""
    house.settings("home", SETTINGS)
    house.link("home", range(NOON_S - HOUR_S + 7, NOON_S + HOUR_S, interval_s), decoded=counted, age_s=1)

    assert "Alerting" not in told(house.history(SILENT, NOON_S + offset_s, NOON_S + 1200 + offset_s))


# -- telegrams that are not stored --


def test_read_but_not_stored(house) -> None:
    """If status lines say that a meter is read, and its telegrams do not come, the rule fires after half an hour, and no other does.

    A meter whose telegrams come late is stored. So is one that sends once in five minutes.
    """
    read = {"decoded": counted, "age_s": 5}
    for meter, times in {"lost": BEFORE, "good": [*BEFORE, *AFTER], "slow": [*BEFORE, *AFTER], "rare": [*BEFORE, *AFTER][::30]}.items():
        house.settings(meter, SETTINGS, **({"silence_s": 900} if meter == "rare" else {}))
        house.link(meter, [*BEFORE, *AFTER], **read)
        house.telegrams(meter, [at_s - 600 * (meter == "slow") for at_s in times], active_energy_import_wh=counted)

    history = house.history(NOT_STORED, NOON_S - 60, NOON_S + HOUR_S - 60)

    assert told(history, "lost") == ["Normal", "Pending", "Alerting"]
    assert minutes(history, "lost")[0] == 30 + 5
    assert [told(history, meter) for meter in ("good", "slow", "rare")] == [["Normal"]] * 3
    assert told(house.history(SILENT, NOON_S, NOON_S + HOUR_S - 60), "lost") == ["Normal"]


def test_one_trouble_is_one_alert(house) -> None:
    """While the rule on silence speaks for a meter, this rule does not: the meter is silent, was never heard, or nothing comes at all."""
    for meter in ("silent", "gone", "never"):
        house.settings(meter, range(NOON_S - HOUR_S, NOON_S + (HOUR_S if meter != "gone" else 0), 300))
        house.telegrams(meter, BEFORE, active_energy_import_wh=counted)
        house.link(meter, BEFORE, decoded=counted, age_s=5)
    house.link("silent", AFTER, decoded=360, age_s=lambda at_s: at_s - NOON_S)
    house.link("never", AFTER, decoded=0)

    history = house.history(NOT_STORED, NOON_S - 60, NOON_S + HOUR_S - 60)

    assert [told(history, meter) for meter in ("silent", "gone", "never")] == [["Normal"]] * 3
    silence = house.history(SILENT, NOON_S - 60, NOON_S + HOUR_S - 60)
    assert [told(silence, meter)[-1] for meter in ("silent", "gone", "never")] == ["Alerting"] * 3


def test_a_meter_that_left_the_range_of_silence(house) -> None:
    """The rule on silence forgets a meter after six hours, if another one is still there. This rule goes on for a week."""
    for meter in ("gone", "there"):
        house.settings(meter, range(NOON_S - HOUR_S, NOON_S, 300))
        house.telegrams(meter, BEFORE, active_energy_import_wh=counted)
        house.link(meter, BEFORE, decoded=counted, age_s=5)
    for days in (0.3, 2, 6.9, 7.1):
        now_s = NOON_S + int(days * DAY_S)
        last = range(now_s - 600, now_s, 10)
        house.settings("there", last)
        house.link("there", last, decoded=counted, age_s=5)
        house.telegrams("there", last, active_energy_import_wh=counted)

        assert "gone" not in house.breaches(SILENT, now_s)
        assert house.breaches(NOT_STORED, now_s) == {"there": False} | ({"gone": True} if days < 7 else {})


def test_refused_lines_are_told_for_a_day(house) -> None:
    """Lines that InfluxDB refused are counted by Telegraf, output by output. A new start of Telegraf is no refusal."""

    def telegraf(times, output, rejected):
        house.write(("internal_write", f"_id={output},output=influxdb_v2", {"metrics_rejected": f"{rejected}i"}, at_s) for at_s in times)

    telegraf(BEFORE, "a", 7)
    telegraf(BEFORE, "b", 900)
    assert house.breaches(REFUSED, NOON_S) == {"": False}
    telegraf(AFTER, "a", 127)
    telegraf(AFTER, "b", 0)

    assert house.evaluated(REFUSED, NOON_S + HOUR_S).values["measured"] == {(): 120}
    assert house.breaches(REFUSED, NOON_S + HOUR_S) == {"": True}
    telegraf(range(NOON_S + DAY_S, NOON_S + DAY_S + HOUR_S, 10), "a", 127)
    assert house.breaches(REFUSED, NOON_S + DAY_S + HOUR_S) == {"": False}


# -- unreadable telegrams --


def test_wrong_key(house) -> None:
    """If no telegram can be read, all are unreadable. The alert comes after five minutes."""
    house.settings("home", SETTINGS)
    house.settings("fine", SETTINGS)
    house.link("home", AFTER, decoded=0, errors_key=lambda at_s: (at_s - NOON_S) // 10)
    house.link("fine", AFTER, decoded=counted)

    history = house.history(ERRORS, NOON_S, NOON_S + 1200)

    assert house.measured(ERRORS, NOON_S + 1200) == {"home": 100, "fine": 0}
    assert 5 <= minutes(history)[0] <= 8
    assert minutes(history, "fine") == []


@pytest.mark.parametrize(("limits", "breach"), [({}, True), ({"decode_errors_percent": 30}, False)], ids=["default limit", "own limit"])
def test_rising_errors(house, limits, breach) -> None:
    """A share of unreadable telegrams above the limit gives an alert. The default limit is a tenth."""
    house.settings("noisy", SETTINGS, **limits)
    house.settings("good", SETTINGS, **limits)
    house.link("noisy", AFTER, decoded=lambda at_s: (at_s - NOON_S) * 4, errors_checksum=lambda at_s: at_s - NOON_S)
    house.link("good", AFTER, decoded=lambda at_s: (at_s - NOON_S) * 20, errors_checksum=lambda at_s: at_s - NOON_S)

    assert house.measured(ERRORS, NOON_S + 1200) == pytest.approx({"noisy": 20, "good": 100 / 21})
    assert house.breaches(ERRORS, NOON_S + 1200) == {"noisy": breach, "good": False}


def test_old_errors_are_forgotten(house) -> None:
    """Errors count for a quarter of an hour, not since the plugin's start."""
    house.settings("home", SETTINGS)
    house.link("home", [*BEFORE, *AFTER], decoded=counted, errors_framing=lambda at_s: min(at_s, NOON_S) - NOON_S + HOUR_S)

    assert house.breaches(ERRORS, NOON_S + 60) == {"home": True}
    assert house.breaches(ERRORS, NOON_S + 60 + 900) == {"home": False}


def test_errors_of_the_air_are_nobodys(house) -> None:
    """By radio, checksum errors say nothing about your own meter, but a wrong key does."""
    for meter in ("air", "key"):
        house.settings(meter, SETTINGS)
    noise = {"errors_checksum": lambda at_s: at_s - NOON_S, "errors_framing": lambda at_s: at_s - NOON_S}
    house.link("air", AFTER, "wmbus", decoded=lambda at_s: (at_s - NOON_S) // 60, **noise)
    house.link("key", AFTER, "wmbus", decoded=0, errors_key=lambda at_s: (at_s - NOON_S) // 60, **noise)

    assert house.breaches(ERRORS, NOON_S + 1200) == {"air": False, "key": True}


def test_counters_that_begin_again(house) -> None:
    """A restart sets all counters to 0. This counts neither as an error nor as a telegram."""
    house.settings("home", SETTINGS)
    house.link("home", BEFORE, decoded=counted, errors_checksum=5000)
    house.link("home", AFTER, decoded=lambda at_s: (at_s - NOON_S) // 10, errors_checksum=0)

    assert house.measured(ERRORS, NOON_S + 300) == {"home": 0}


def test_nothing_received_is_no_error(house) -> None:
    """If no telegram comes, the rule on silence fires, not this one."""
    house.settings("home", SETTINGS)
    house.link("home", AFTER, decoded=7, errors_checksum=3)

    assert {named.get("home", "Normal") for _, named in house.history(ERRORS, NOON_S + 300, NOON_S + 1500)} == {"Normal"}


# -- telegrams that are not believed, and registers that run backwards --


def test_odd_lines_are_no_alert(house) -> None:
    """Telegrams with an odd line were read, and those that wait are not lost. The rule does not fire."""
    house.settings("home", SETTINGS)
    house.link(
        "home", [*BEFORE, *AFTER], decoded=counted, flaws=counted, waiting=counted, stale=0, registers_back=0, fields_refused=counted
    )

    assert told(house.history(ERRORS, NOON_S - 600, NOON_S + 1200)) == ["Normal"]
    assert house.measured(ERRORS, NOON_S + 1200) == {"home": 0}


@pytest.mark.parametrize("interface", ["p1", "wmbus"])
@pytest.mark.parametrize("counter", ["errors_security", "stale", "registers_back"])
def test_one_false_telegram_is_told(house, counter, interface) -> None:
    """One telegram that was forged, not encrypted or replayed, or one step backwards, gives an alert, although all others are read.

    The alert ends by itself. A meter of a release without these counters has no alert.
    """
    house.settings("home", SETTINGS)
    house.settings("fine", SETTINGS)
    house.link("home", [*BEFORE, *AFTER], interface, decoded=counted, **{counter: lambda at_s: 3 + (at_s >= NOON_S)})
    house.link("fine", [*BEFORE, *AFTER], interface, decoded=counted)
    history = house.history(ERRORS, NOON_S - 300, NOON_S + 1500)

    assert told(history) == ["Normal", "Pending", "Alerting", "Normal"]
    assert told(history, "fine") == ["Normal"]
    assert minutes(history)[0] <= 7


def test_a_restart_is_no_false_telegram(house) -> None:
    """When the plugin starts again, its counters begin at 0. This is no alert."""
    house.settings("home", SETTINGS)
    house.link("home", BEFORE, decoded=counted, errors_security=9, stale=4, registers_back=2)
    house.link("home", AFTER, decoded=lambda at_s: (at_s - NOON_S) // 10, errors_security=0, stale=0, registers_back=0)

    assert told(house.history(ERRORS, NOON_S - 300, NOON_S + 1200)) == ["Normal"]
