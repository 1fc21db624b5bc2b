"""The rules on power, voltage, phases and limiter: on data in the real InfluxDB they fire when they must, and only then."""

import pytest

POWER, DEMAND, SOON = "telegraf-han-import-power", "telegraf-han-contracted-power", "telegraf-han-contracted-power-soon"
HIGH, LOW, IMBALANCE, LIMITER = (
    "telegraf-han-voltage-high",
    "telegraf-han-voltage-low",
    "telegraf-han-phase-imbalance",
    "telegraf-han-limiter",
)
NOON_S = 1_780_308_000
"""1 June 2026, 12:00 in Warsaw: the beginning of a quarter of an hour."""
MINUTE_S, QUARTER_S, HOUR_S = 60, 900, 3600
SETTINGS = range(NOON_S - HOUR_S, NOON_S + 3 * HOUR_S, 5 * MINUTE_S)


def states(history, meter="home"):
    """Minutes after noon at which a meter's state becomes another."""
    found, before = [], None
    for at_s, named in history:
        now = named.get(meter)
        if now != before:
            found.append(((at_s - NOON_S) // MINUTE_S, now))
        before = now
    return found


# -- import power --


@pytest.mark.parametrize(("cadence_s", "over"), [(10, 12), (60, 11)], ids=["cable", "radio"])
def test_power_for_five_minutes(house, cadence_s, over) -> None:
    """Power above the limit is pending, alerting after five minutes, and over when the mean of two minutes has fallen."""
    house.settings("home", SETTINGS, active_power_import_w=6000)
    house.telegrams("home", range(NOON_S - 600, NOON_S, cadence_s), active_power_import_w=400)
    house.telegrams("home", range(NOON_S, NOON_S + 600, cadence_s), active_power_import_w=15_000)
    house.telegrams("home", range(NOON_S + 600, NOON_S + 1200, cadence_s), active_power_import_w=400)

    told = states(house.history(POWER, NOON_S - 300, NOON_S + 1140))

    assert told == [(-5, "Normal"), (1, "Pending"), (6, "Alerting"), (over, "Normal")]


def test_four_minutes_of_power_are_not_told(house) -> None:
    """Power that falls before five minutes have passed gives no alert."""
    house.settings("home", SETTINGS, active_power_import_w=6000)
    house.telegrams("home", range(NOON_S - 300, NOON_S, 10), active_power_import_w=400)
    house.telegrams("home", range(NOON_S, NOON_S + 240, 10), active_power_import_w=15_000)
    house.telegrams("home", range(NOON_S + 240, NOON_S + 1200, 10), active_power_import_w=400)

    told = states(house.history(POWER, NOON_S - 60, NOON_S + 1140))

    assert [name for _, name in told] == ["Normal", "Pending", "Normal"]


def test_cycling_power_counts_by_its_mean(house) -> None:
    """An oven that switches on and off within a minute does not restart the waiting time."""
    house.settings("home", SETTINGS, active_power_import_w=6000)
    house.telegrams("home", range(NOON_S, NOON_S + 1200, 10), active_power_import_w=lambda at_s: 2000 if at_s % 60 < 20 else 9500)

    assert states(house.history(POWER, NOON_S + 130, NOON_S + 1140)) == [(2, "Pending"), (7, "Alerting")]


def test_power_of_each_meter_against_its_own_limit(house) -> None:
    """Each meter is compared with its own limit, at the same time. A meter without a limit never fires."""
    house.settings("house", SETTINGS, active_power_import_w=6000)
    house.settings("garage", SETTINGS, active_power_import_w=3000)
    house.settings("unlimited", SETTINGS)
    for meter, power_w in {"house": 5000, "garage": 5000, "unlimited": 50_000}.items():
        house.telegrams(meter, range(NOON_S, NOON_S + 600, 10), active_power_import_w=power_w)

    assert house.breaches(POWER, NOON_S + 600) == {"house": False, "garage": True, "unlimited": False}
    assert house.measured(POWER, NOON_S + 600) == {"house": 5000, "garage": 5000, "unlimited": 50_000}


def test_the_limit_of_a_silent_meter_is_not_anothers(house) -> None:
    """If one meter sends and another has the limit, nothing is compared, although Grafana joins two single series."""
    house.settings("limited", SETTINGS, active_power_import_w=3000)
    house.settings("sending", SETTINGS)
    house.telegrams("sending", range(NOON_S, NOON_S + 600, 10), active_power_import_w=5000)

    assert house.breaches(POWER, NOON_S + 600) == {"sending": False}


def test_exactly_the_limit_is_allowed(house) -> None:
    """A limit may be reached."""
    house.settings("home", SETTINGS, active_power_import_w=6000)
    house.telegrams("home", range(NOON_S, NOON_S + 600, 10), active_power_import_w=6000)

    assert house.breaches(POWER, NOON_S + 600) == {"home": False}


def test_last_telegrams_above_the_limit_are_no_five_minutes(house) -> None:
    """If a meter falls silent while it draws much, its last telegrams do not count for the time after. Then the rule on silence fires."""
    house.settings("home", SETTINGS, active_power_import_w=6000)
    house.telegrams("home", range(NOON_S - 600, NOON_S, 10), active_power_import_w=400)
    house.telegrams("home", range(NOON_S, NOON_S + 30, 10), active_power_import_w=50_000)

    told = [name for _, name in states(house.history(POWER, NOON_S - 60, NOON_S + 1200))]

    assert "Alerting" not in told
    assert told[-1] == "Normal"


def test_a_limit_taken_away_is_not_compared(house) -> None:
    """Without the limit, the rule is quiet again within a quarter hour. With a higher limit it is quiet at the next settings line."""
    house.telegrams("gone", range(NOON_S, NOON_S + 2 * HOUR_S, 10), active_power_import_w=5000)
    house.telegrams("raised", range(NOON_S, NOON_S + 2 * HOUR_S, 10), active_power_import_w=5000)
    for meter in ("gone", "raised"):
        house.settings(meter, range(NOON_S, NOON_S + HOUR_S, 300), active_power_import_w=3000)
    house.settings("gone", range(NOON_S + HOUR_S, NOON_S + 2 * HOUR_S, 300))
    house.settings("raised", range(NOON_S + HOUR_S, NOON_S + 2 * HOUR_S, 300), active_power_import_w=9000)

    assert house.breaches(POWER, NOON_S + HOUR_S - 1) == {"gone": True, "raised": True}
    assert house.breaches(POWER, NOON_S + HOUR_S + 1)["raised"] is False
    assert house.breaches(POWER, NOON_S + HOUR_S + QUARTER_S) == {"gone": False, "raised": False}


def test_a_meter_clock_a_minute_slow(house) -> None:
    """Telegrams are stamped by the meter's clock, which need not be the database's."""
    house.settings("home", SETTINGS, active_power_import_w=3000)
    house.telegrams("home", range(NOON_S, NOON_S + 600, 10), active_power_import_w=5000)

    assert house.breaches(POWER, NOON_S + 600 + 60) == {"home": True}


# -- contracted power --


def register(per_hour_wh, start_s=NOON_S):
    """A register that rises evenly, in whole Wh."""
    return lambda at_s: 1_000_000 + (at_s - start_s) * per_hour_wh // HOUR_S


@pytest.mark.parametrize("cadence_s", [1, 10, 60], ids=["1 s", "10 s", "60 s"])
def test_demand_is_the_mean_of_the_quarter(house, cadence_s) -> None:
    """The register's step over a whole quarter of an hour, as power."""
    house.settings("home", SETTINGS, contracted_power_w=6000)
    house.telegrams("home", range(NOON_S - 300, NOON_S + HOUR_S, cadence_s), active_energy_import_wh=register(7200))

    assert house.measured(DEMAND, NOON_S + HOUR_S - 1)["home"] == pytest.approx(7200, rel=0.01)
    assert house.breaches(DEMAND, NOON_S + HOUR_S - 1) == {"home": True}


def test_demand_by_time(house) -> None:
    """A quarter hour that will be above the limit gives an alert as soon as that is certain. The alert ends within half an hour."""
    house.settings("home", SETTINGS, contracted_power_w=6000)

    def consumed(at_s):
        busy_s = min(max(at_s - NOON_S, 0), QUARTER_S)
        return (busy_s * 12_000 + (at_s - NOON_S + HOUR_S - busy_s) * 600) // HOUR_S

    house.telegrams("home", range(NOON_S - HOUR_S, NOON_S + 2 * HOUR_S, 10), active_energy_import_wh=consumed)

    told = states(house.history(DEMAND, NOON_S - 600, NOON_S + HOUR_S))

    assert [name for _, name in told] == ["Normal", "Alerting", "Normal"]
    assert 7 <= told[1][0] <= 9
    assert 30 <= told[2][0] <= 45


@pytest.mark.parametrize("gap_s", [600, 1200, 3500])
def test_demand_over_a_gap(house, gap_s) -> None:
    """Energy drawn while nothing was read belongs to no quarter hour. So there is no alert after an outage."""
    house.settings("home", SETTINGS, contracted_power_w=6000)
    times = [at_s for at_s in range(NOON_S, NOON_S + 2 * HOUR_S, 10) if not NOON_S + 1500 < at_s < NOON_S + 1500 + gap_s]
    house.telegrams("home", times, active_energy_import_wh=register(5000))

    assert all(named.get("home", "Normal") == "Normal" for _, named in house.history(DEMAND, NOON_S + 900, NOON_S + 2 * HOUR_S))


def test_demand_of_a_replaced_meter(house) -> None:
    """A new register that begins at another value gives no demand."""
    house.settings("home", SETTINGS, contracted_power_w=6000)
    house.telegrams("home", range(NOON_S, NOON_S + 1200, 10), serial="1", active_energy_import_wh=register(2000))
    house.telegrams("home", range(NOON_S + 1200, NOON_S + 2700, 10), serial="2", active_energy_import_wh=lambda at_s: 9e6 + at_s % 7)

    assert all(named["home"] == "Normal" for _, named in house.history(DEMAND, NOON_S + 900, NOON_S + 2700))


@pytest.mark.parametrize("back_wh", [700_000, 50], ids=["to zero", "a little"])
def test_demand_of_a_register_that_begins_again(house, back_wh) -> None:
    """A register that runs backwards, and a value that is too low for a moment, is no demand, and hides none."""
    house.settings("reset", SETTINGS, contracted_power_w=6000)
    house.settings("moment", SETTINGS, contracted_power_w=6000)
    right = register(5000)
    times = range(NOON_S - 600, NOON_S + HOUR_S, 10)
    house.telegrams("reset", times, active_energy_import_wh=lambda at_s: right(at_s) - back_wh * (at_s >= NOON_S + 300))
    house.telegrams("moment", times, active_energy_import_wh=lambda at_s: right(at_s) - back_wh * (at_s == NOON_S + 350))

    for minutes in range(5, 55, 5):
        assert max(house.measured(DEMAND, NOON_S + minutes * MINUTE_S).values()) <= 5100
    assert house.measured(DEMAND, NOON_S + 55 * MINUTE_S) == pytest.approx({"reset": 5000, "moment": 5000}, rel=0.01)


def test_contracted_power_is_not_momentary_power(house) -> None:
    """Each of the two limits has its own rule. The same minutes of high power break one and not the other."""
    house.settings("home", SETTINGS, active_power_import_w=6000, contracted_power_w=6000)
    house.settings("free", SETTINGS)
    for meter in ("home", "free"):
        house.telegrams(meter, range(NOON_S - 300, NOON_S + 360, 10), active_power_import_w=9000, active_energy_import_wh=register(9000))

    assert house.breaches(POWER, NOON_S + 360) == {"home": True, "free": False}
    assert house.breaches(DEMAND, NOON_S + 360) == {"home": False, "free": False}
    assert house.breaches(SOON, NOON_S + 360) == {"home": True, "free": False}


@pytest.mark.parametrize("cadence_s", [10, 60], ids=["cable", "radio"])
@pytest.mark.parametrize("second", [0, 7, 151, 450, 893])
def test_forecast_of_the_quarter(house, cadence_s, second) -> None:
    """With even power the quarter will end at that power, whenever it is asked."""
    house.settings("home", SETTINGS, contracted_power_w=7000)
    house.telegrams(
        "home", range(NOON_S - 900, NOON_S + QUARTER_S, cadence_s), active_power_import_w=7200, active_energy_import_wh=register(7200)
    )

    assert house.measured(SOON, NOON_S + second)["home"] == pytest.approx(7200, rel=cadence_s / QUARTER_S + 0.01)


def test_forecast_adds_what_was_and_what_is(house) -> None:
    """Ten minutes of 3 kW and five of 12 kW are a mean of 6 kW."""
    house.settings("below", SETTINGS, contracted_power_w=5800)
    house.settings("above", SETTINGS, contracted_power_w=6200)

    def watts(at_s):
        return 3000 if at_s < NOON_S + 600 else 12_000

    def wh(at_s):
        return 1e6 + (3000 * min(at_s - NOON_S, 600) + 12_000 * max(at_s - NOON_S - 600, 0)) / HOUR_S

    for meter in ("below", "above"):
        house.telegrams(meter, range(NOON_S - 300, NOON_S + 840, 10), active_power_import_w=watts, active_energy_import_wh=wh)

    assert house.measured(SOON, NOON_S + 595)["above"] == pytest.approx(3000, rel=0.02)
    assert house.measured(SOON, NOON_S + 790) == pytest.approx({"below": 6000, "above": 6000}, rel=0.02)
    assert house.breaches(SOON, NOON_S + 790) == {"below": True, "above": False}
    assert house.breaches(DEMAND, NOON_S + 790) == {"below": False, "above": False}


def test_forecast_by_time(house) -> None:
    """A kettle at the quarter's beginning gives no message. An oven gives one long before the quarter is over."""
    house.settings("kettle", SETTINGS, contracted_power_w=4000)
    house.settings("oven", SETTINGS, contracted_power_w=4000)
    until_s = {"kettle": 120, "oven": 2 * HOUR_S}
    for meter, busy_s in until_s.items():

        def watts(at_s, busy_s=busy_s):
            return 5000 if 0 <= at_s - NOON_S < busy_s else 400

        def wh(at_s, busy_s=busy_s):
            return 1e6 + (400 * (at_s - NOON_S) + 4600 * min(max(at_s - NOON_S, 0), busy_s)) / HOUR_S

        house.telegrams(meter, range(NOON_S - 600, NOON_S + 900, 10), active_power_import_w=watts, active_energy_import_wh=wh)

    history = house.history(SOON, NOON_S - 300, NOON_S + 840)

    assert "Alerting" not in [name for _, name in states(history, "kettle")]
    assert [name for _, name in states(history, "oven")] == ["Normal", "Pending", "Alerting"]
    assert states(history, "oven")[-1][0] <= 6


def test_forecast_of_a_silent_meter(house) -> None:
    """Without telegrams there is no present power, so nothing is forecast."""
    house.settings("home", SETTINGS, contracted_power_w=4000)
    house.telegrams("home", range(NOON_S - 600, NOON_S + 200, 10), active_power_import_w=9000, active_energy_import_wh=register(9000))

    assert house.breaches(SOON, NOON_S + 200) == {"home": True}
    assert house.evaluated(SOON, NOON_S + 600).no_data


# -- voltage --


def test_voltage_of_the_worst_phase(house) -> None:
    """The highest and the lowest ten-minute mean of up to three phases are compared, each meter's with its own band."""
    house.settings("three", SETTINGS, voltage_low_v=207, voltage_high_v=253)
    house.settings("one", SETTINGS, voltage_low_v=225, voltage_high_v=240)
    house.settings("upper", SETTINGS, voltage_high_v=240)
    house.settings("free", SETTINGS)
    times = range(NOON_S, NOON_S + 900, 10)
    house.telegrams("three", times, voltage_l1_v=230, voltage_l2_v=254, voltage_l3_v=206)
    for meter in ("one", "upper", "free"):
        house.telegrams(meter, times, voltage_l1_v=224)

    assert house.measured(HIGH, NOON_S + 900) == {"three": 254, "one": 224, "upper": 224, "free": 224}
    assert house.measured(LOW, NOON_S + 900) == {"three": 206, "one": 224, "upper": 224, "free": 224}
    assert house.breaches(HIGH, NOON_S + 900) == {"three": True, "one": False, "upper": False, "free": False}
    assert house.breaches(LOW, NOON_S + 900) == {"three": True, "one": True, "upper": False, "free": False}


def test_a_spike_is_no_voltage(house) -> None:
    """EN 50160 uses ten-minute means. Seconds outside the band give no alert."""
    house.settings("home", SETTINGS, voltage_low_v=207, voltage_high_v=253)
    house.telegrams("home", range(NOON_S, NOON_S + 900, 10), voltage_l1_v=lambda at_s: 300 if at_s % 600 < 20 else 230)

    assert house.breaches(HIGH, NOON_S + 900) == {"home": False}


def test_a_lost_phase_is_too_low(house) -> None:
    """A phase without voltage gives an alert."""
    house.settings("home", SETTINGS, voltage_low_v=207)
    house.telegrams("home", range(NOON_S, NOON_S + 1800, 10), voltage_l1_v=231, voltage_l2_v=0, voltage_l3_v=229)

    assert states(house.history(LOW, NOON_S + 600, NOON_S + 1740)) == [(10, "Pending"), (15, "Alerting")]


def test_meters_that_send_no_voltage(house) -> None:
    """A meter without voltages is left alone, whether others have them or none has."""
    house.settings("gama", SETTINGS, voltage_low_v=207, voltage_high_v=253)
    house.settings("kaifa", SETTINGS, voltage_low_v=207, voltage_high_v=253)
    house.telegrams("gama", range(NOON_S, NOON_S + 900, 10), active_power_import_w=1)

    assert house.evaluated(HIGH, NOON_S + 900).no_data
    assert {state for _, named in house.history(HIGH, NOON_S + 600, NOON_S + 900) for state in named.values()} == {"Normal"}

    house.telegrams("kaifa", range(NOON_S, NOON_S + 900, 10), voltage_l1_v=255)

    assert house.breaches(HIGH, NOON_S + 900) == {"kaifa": True}


def test_phase_imbalance(house) -> None:
    """The distance of the farthest phase from the mean of the phases, in percent. A single phase has none."""
    for meter, limit in {"even": 3, "leaning": 3, "allowed": 5, "single": 1}.items():
        house.settings(meter, SETTINGS, phase_imbalance_percent=limit)
    house.settings("unset", SETTINGS)
    times = range(NOON_S, NOON_S + 900, 10)
    house.telegrams("even", times, voltage_l1_v=230, voltage_l2_v=231, voltage_l3_v=229)
    for meter in ("leaning", "allowed", "unset"):
        house.telegrams(meter, times, voltage_l1_v=220, voltage_l2_v=230, voltage_l3_v=240)
    house.telegrams("single", times, voltage_l1_v=230)

    assert house.measured(IMBALANCE, NOON_S + 900) == pytest.approx(
        {"even": 100 / 230, "leaning": 1000 / 230, "allowed": 1000 / 230, "unset": 1000 / 230, "single": 0}
    )
    assert house.breaches(IMBALANCE, NOON_S + 900) == {
        "even": False, "leaning": True, "allowed": False, "unset": False, "single": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("voltages", "percent"),
    [((220, 235, 235), 1000 / 230), ((240, 225, 225), 1000 / 230), ((230, 230, 0), 100)],
    ids=["one low", "one high", "one lost"],
)
def test_phase_imbalance_either_way(house, voltages, percent) -> None:
    """A phase below the others counts in the same way as a phase above them."""
    house.settings("home", SETTINGS)
    fields = {f"voltage_l{number}_v": voltage for number, voltage in enumerate(voltages, 1)}
    house.telegrams("home", range(NOON_S, NOON_S + 600, 10), **fields)

    assert house.measured(IMBALANCE, NOON_S + 600)["home"] == pytest.approx(percent)


# -- limiter --


def test_limiter(house) -> None:
    """A present threshold below the normal one gives an alert at once. Equal, higher and missing thresholds give none."""
    times = range(NOON_S, NOON_S + 600, 10)
    house.telegrams("limited", times, limiter_threshold_active_w=3000, limiter_threshold_normal_w=16_500)
    house.telegrams("normal", times, limiter_threshold_active_w=16_500, limiter_threshold_normal_w=16_500)
    house.telegrams("off", times, limiter_threshold_active_w=0, limiter_threshold_normal_w=0)
    house.telegrams("raised", times, limiter_threshold_active_w=20_000, limiter_threshold_normal_w=16_500)
    house.telegrams("single", times, limiter_threshold_active_w=20_000)

    assert house.breaches(LIMITER, NOON_S + 600) == {"limited": True, "normal": False, "off": False, "raised": False, "single": None}
    assert house.history(LIMITER, NOON_S + 600, NOON_S + 600)[0][1]["single"] == "Normal"
    assert house.measured(LIMITER, NOON_S + 600)["limited"] == 13_500


def test_limiter_by_time(house) -> None:
    """The alert lasts as long as the limit is in force."""

    def threshold_w(at_s):
        return 3000 if NOON_S <= at_s < NOON_S + 1800 else 16_500

    house.telegrams(
        "home", range(NOON_S - 600, NOON_S + HOUR_S, 60), limiter_threshold_active_w=threshold_w, limiter_threshold_normal_w=16_500
    )

    assert states(house.history(LIMITER, NOON_S - 300, NOON_S + HOUR_S - 60)) == [(-5, "Normal"), (0, "Alerting"), (30, "Normal")]
