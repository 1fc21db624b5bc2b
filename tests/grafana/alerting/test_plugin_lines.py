"""The rules on lines that the plugin writes: four virtual meters, read by the real decoder, give the numbers of their households."""

import tomllib
from datetime import datetime
from itertools import takewhile
from statistics import mean
from zoneinfo import ZoneInfo

import pytest

from telegraf_han.ciphers import secret
from telegraf_han.config.sections import parsed
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.simulate import demo, encode, stream
from telegraf_han.simulate.household import Home, Household, voltages_dv
from telegraf_han.simulate.meters import MODELS, Settings, Writer

NS = 1_000_000_000
NOW_S = int(datetime(2027, 6, 19, 19, 30, tzinfo=ZoneInfo("Europe/Warsaw")).timestamp())
MIDNIGHT_S = int(datetime(2027, 6, 19, tzinfo=ZoneInfo("Europe/Warsaw")).timestamp())
START_S = MIDNIGHT_S - 3600
LIMITER_W = {"gama150": (3000, 16_500, 1000), "gama350": (16_500, 16_500, 1000), "ma110m": (0, 0, 0), "ma309m": (6000, 7000, 500)}
"""Active, normal, emergency."""
COMPARED = {
    "telegraf-han-import-power": "active_power_import_w",
    "telegraf-han-contracted-power": "contracted_power_w",
    "telegraf-han-contracted-power-soon": "contracted_power_w",
    "telegraf-han-daily-energy": "daily_import_wh",
    "telegraf-han-voltage-high": "voltage_high_v",
    "telegraf-han-voltage-low": "voltage_low_v",
    "telegraf-han-phase-imbalance": "phase_imbalance_percent",
    "telegraf-han-silent": "silence_s",
    "telegraf-han-decode-errors": "decode_errors_percent",
    "telegraf-han-limiter": "",
}
INTERFACES = {"gama150": "p1", "gama350": "wmbus", "ma110m": "p1", "ma309m": "p1"}


class Known:
    """The known numbers of a household, by the name of the rule that measures them."""

    def __init__(self, name):
        """`name` of the model."""
        model = MODELS[name]
        self.home = Home(seed=len(name), phases=model.phases, pv_w=0)
        household = Household(self.home, START_S)
        self.moments = {at_s: household.at(at_s) for at_s in range(START_S, NOW_S + 1, 60)}
        self.measured = {
            "telegraf-han-import-power": mean(max(self.moments[NOW_S - back_s].net_w, 0) for back_s in (0, 60, 120)),
            "telegraf-han-contracted-power": 4 * max(self.used_wh(0, *span) for span in ((-1560, -960), (-960, -60), (-60, 0))),
            "telegraf-han-daily-energy": self.used_wh(0),
            "telegraf-han-limiter": LIMITER_W[name][1] - LIMITER_W[name][0],
            "telegraf-han-silent": 0,
            "telegraf-han-decode-errors": 0,
        }
        # One second of the quarter hour is over, and what the last minute brought is in it.
        rest_w = self.measured["telegraf-han-import-power"] * 899 / 900
        self.measured["telegraf-han-contracted-power-soon"] = 4 * self.used_wh(0, -60, 0) + rest_w
        if name.startswith("ma"):
            lately = [voltages_dv(self.home, self.moments[at_s]) for at_s in range(NOW_S - 600, NOW_S + 1, 60)]
            phases_v = [mean(voltages) / 10 for voltages in zip(*lately, strict=True)]
            middle_v = mean(phases_v)
            self.measured |= {
                "telegraf-han-voltage-high": max(phases_v),
                "telegraf-han-voltage-low": min(phases_v),
                "telegraf-han-phase-imbalance": 100 * max(abs(phase_v - middle_v) for phase_v in phases_v) / middle_v,
            }

    def used_wh(self, zone, from_s=MIDNIGHT_S - 60 - NOW_S, to_s=0):
        """Energy imported between two moments (in seconds from now) by the register; by default since midnight."""
        before, after = (self.moments[NOW_S + at_s].import_ws for at_s in (from_s, to_s))
        before, after = ([sum(zones), *zones] for zones in (before, after))
        return after[zone] // 3600 - before[zone] // 3600

    def limits(self, factor):
        """Limits that are the readings times a factor; the lower limit is divided by it."""
        found = self.measured
        return {
            "active_power_import_w": found["telegraf-han-import-power"] * factor,
            "daily_import_wh": found["telegraf-han-daily-energy"] * factor,
            "contracted_power_w": found["telegraf-han-contracted-power"] * factor,
            "voltage_high_v": found.get("telegraf-han-voltage-high", 230) * factor,
            "voltage_low_v": found.get("telegraf-han-voltage-low", 230) / factor,
            "phase_imbalance_percent": found.get("telegraf-han-phase-imbalance", 1) * factor,
        }

    def breach(self, uid, factor):
        """Whether a rule must fire."""
        limits = self.limits(factor) | {"silence_s": 180, "decode_errors_percent": 10, "": 0}
        value, limit = self.measured[uid], limits[COMPARED[uid]]
        return value < limit if COMPARED[uid] == "voltage_low_v" else value > limit

    def section(self, name, factor):
        """The meter's section in the configuration."""
        limits = self.limits(factor)
        own = f'id = "{MODELS[name].serial}"\nkey = "{KEY}"' if INTERFACES[name] == "wmbus" else f'encryption_key = "{KEY}"'
        tables = [f"limits.{key} = {value}" for key, value in limits.items()]
        return "\n".join(["[[meter]]", f'name = "{name}"', f'interface = "{INTERFACES[name]}"', own, *tables])


KEY = bytes(range(16)).hex()
"""The virtual meters' demo key; it protects nothing."""


def windows(lines):
    """Five-minute points, each with a window's last telegram."""
    found = {}
    for line in b"".join(lines).decode().splitlines():
        head, _, stamp = line.rpartition(" ")
        if head.startswith("electricity,"):
            start_s = int(stamp) // NS // 300 * 300
            found[head.partition(" ")[0], start_s] = f"{head} {start_s * NS}"
    return found.values()


def sent(name, known):
    """All telegrams of a meter up to now."""
    model = MODELS[name]
    writer = Writer(model, Settings(model.serial, LIMITER_W[name]), known.home)
    keys = encode.Keys(demo.DEMO_ENCRYPTION_KEY, demo.DEMO_AUTHENTICATION_KEY)
    envelope = next(iter(stream.ENVELOPES[INTERFACES[name]]))
    dress = stream.Dress(INTERFACES[name], envelope, "x25-low-first", keys, demo.DEMO_ENCRYPTION_KEY)
    return takewhile(lambda one: one.frame.received_ns <= NOW_S * NS, stream.telegrams(known.home, writer, dress, START_S, 60))


@pytest.fixture(scope="module")
def households():
    """The known numbers of each household."""
    return {name: Known(name) for name in MODELS}


@pytest.mark.parametrize("factor", [0.999, 1.001], ids=["limits just below", "limits just above"])
def test_rules_on_four_meters(house, households, factor) -> None:
    """Each rule measures the household's number, and fires if its limit is just below that number."""
    toml = "\n".join(known.section(name, factor) for name, known in households.items())
    decoder = Decoder(parsed(tomllib.loads(toml), "han.toml", secret.key, str, list))
    lines = []
    for telegrams in zip(*(sent(name, known) for name, known in households.items()), strict=True):
        now_ns = telegrams[0].frame.received_ns
        for name, one in zip(households, telegrams, strict=True):
            heard = one.frame._replace(steady_ns=now_ns)
            lines.append(decoder.line(decoder.take(heard, name if INTERFACES[name] == "p1" else "", live=True)))
        lines += decoder.status(now_ns, now_ns, {}).values()
        lines += decoder.settings(now_ns, now_ns).values()
    house.store(b"".join(lines))
    house.kept(windows(lines))

    for uid in COMPARED:
        wanted = {name: known.measured[uid] for name, known in households.items() if uid in known.measured}
        found = {name: value for name, value in house.measured(uid, NOW_S).items() if value is not None}
        assert found == pytest.approx(wanted, rel=1e-9), uid
        breaches = {name: breach for name, breach in house.breaches(uid, NOW_S).items() if breach is not None}
        assert breaches == {name: households[name].breach(uid, factor) for name in wanted}, uid
