"""checks: the configuration's limits in InfluxDB's own terms. tests/stack proves that the checks fire."""

import re

import pytest

from telegraf_han.config.sections import Config, MeterConfig, Output
from telegraf_han.influx import checks, items
from telegraf_han.influx.checks import Timing, Webhook

HOME = MeterConfig("home", "p1", limits=(("active_power_import_w", 6000.0), ("silence_s", 90.0)))
FLAT = MeterConfig("flat-12", "wmbus", id="12345678")
ODD = MeterConfig('a"b${c}', "p1", limits=(("active_power_import_w", 4500.5), ("decode_errors_percent", 2.0)))


def config(*meters: MeterConfig) -> Config:
    return Config("han.toml", Output(measurement="power"), meters, ())


def limits(check: dict) -> list[tuple[str, str, str]]:
    """Interface, name (as Flux writes it) and limit of each meter that a check watches."""
    match = re.search(r"limits = (.*)", check["query"]["text"])
    assert match
    return re.findall(r'interface: "(\w+)", meter: "((?:[^"\\]|\\.)*)", _field: "limit", _value: ([\d.]+)', match[1])


def test_power_is_watched_where_it_has_a_limit() -> None:
    """Each meter is compared with its own limit; a meter without one is not watched."""
    (check,) = checks.power("energy", config(HOME, FLAT, ODD), Timing())

    assert limits(check) == [("p1", "home", "6000.0"), ("p1", 'a\\"b\\${c}', "4500.5")]
    assert 'r._measurement == "power"' in check["query"]["text"]
    assert "range(start: -300s)" in check["query"]["text"]
    assert checks.power("energy", config(FLAT), Timing()) == []


def test_errors_are_watched_for_every_meter() -> None:
    """A share that is not set has the plugin's default."""
    (check,) = checks.errors("energy", config(HOME, FLAT, ODD), Timing())

    assert limits(check) == [("p1", "home", "10.0"), ("wmbus", "flat-12", "10.0"), ("p1", 'a\\"b\\${c}', "2.0")]
    assert 'r._measurement == "power_link"' in check["query"]["text"]
    assert checks.errors("energy", config(), Timing()) == []


def test_silence_is_watched_by_time() -> None:
    """Meters that may be silent for equally long share a check."""
    found = checks.silence("energy", config(HOME, FLAT, ODD), Timing())

    assert [(check["timeSince"], re.findall(r"r.meter =~ (.*)\)", check["query"]["text"])) for check in found] == [
        ("90s", ["/^(home)$/"]),
        ("180s", [r"/^(flat-12|a\"b\$\{c\})$/"]),
    ]


@pytest.mark.parametrize(
    "name", ["home", "flat 1.2", "a|b", "(x)*+?[y]{2}", "^$", "a/b", "Żoliborz", "#1", "C:D", "it's", "50 %", "a--b__c", "7 € – ż"]
)
def test_names_are_names(name: str) -> None:
    """A meter's name matches only itself in a regular expression, and does not end the expression."""
    pattern = checks._watched([HOME._replace(name=name)]).removeprefix("r.meter =~ /").removesuffix("/")

    assert re.fullmatch(pattern, name)
    assert not re.fullmatch(pattern, name + "x")
    assert not re.search(r"(?<!\\)/|\\[^!-~]|\\\w", pattern)


def test_timing_leaves_time_for_telegrams_and_checks() -> None:
    """First telegrams, then checks, then the rule, all within one interval. A wireless meter may miss one telegram."""
    for every_s in (1, 2, 4, 60, 300):
        timing = Timing(5 * every_s, every_s)
        assert 2 * timing.offset_s < every_s
        assert timing.known_s == 4 * every_s


def test_a_changed_configuration(api, place, said, say) -> None:
    """Checks that are no longer wanted are removed, changed ones are changed, and checks of other people stay."""
    api.resources["checks"] = [{"id": "x", "name": "mine"}]
    checks.settle(place, config(HOME), Timing(), say)
    said.clear()

    checks.settle(place, config(HOME._replace(limits=(("active_power_import_w", 7000.0),))), Timing(), say)

    start = items.prefix("energy")
    assert said == [
        f"changed check {start}import power above its limit",
        f"created check {start}silent for 180 s",
        f"ok check {start}telegrams unread",
        f"removed check {start}silent for 90 s",
    ]
    assert api.resources["checks"][0]["name"] == "mine"


@pytest.mark.parametrize(("token", "method"), [("", "none"), ("s3cret", "bearer")])
def test_webhook(api, place, said, say, token: str, method: str) -> None:
    """Endpoint and rule are made once. The rule watches only our checks, and both changes."""
    for _ in range(2):
        checks.settle_webhook(place, Webhook("https://hook.test/x", token), Timing(), say)

    (endpoint,) = api.resources["notificationEndpoints"]
    (rule,) = api.resources["notificationRules"]
    assert endpoint["authMethod"] == method
    assert rule["endpointID"] == endpoint["id"]
    assert rule["tagRules"] == [{"key": "source", "operator": "equal", "value": "telegraf-han energy"}]
    assert [change["currentLevel"] for change in rule["statusRules"]] == ["CRIT", "OK"]
    assert [line.split()[0] for line in said] == ["created", "created", "ok", "ok"]
    assert "s3cret" not in repr(said)
