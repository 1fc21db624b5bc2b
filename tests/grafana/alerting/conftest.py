"""The real InfluxDB, a bucket of its own for each test, and the committed rules evaluated on what a test writes there."""

import json
import sys
import urllib.parse
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
for folder in (HERE, HERE.parent, ROOT / "grafana", ROOT):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from likegrafana import expressions, states  # noqa: E402, the folders above are known only now

MS = 1000
NS = 1_000_000_000


@pytest.fixture(scope="session")
def rules():
    """The committed English rules by uid, each with its group's interval."""
    text = (ROOT / "grafana/provisioning/alerting-en/rules.yaml").read_text(encoding="utf-8")
    return {rule["uid"]: (rule, group["interval"]) for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}


class House:
    """A bucket with what meters say, and the rules that watch it."""

    def __init__(self, server, bucket, rules):
        """`rules` by uid."""
        self._server, self._bucket, self._rules = server, bucket, rules
        self.asked = 0

    def settings(self, meter, times, **limits):
        """The settings that the plugin writes for a meter, with the defaults."""
        told = {"silence_s": 180.0, "decode_errors_percent": 10.0} | {name: float(value) for name, value in limits.items()}
        self.write(("electricity_settings", f"interface=p1,meter={meter}", told, at_s) for at_s in times)

    def telegrams(self, meter, times, serial="1", **fields):
        """A meter's telegrams; a field is a number or a function of the time in seconds."""
        tags = f"interface=p1,meter={meter},serial={serial}"
        self.write(
            ("electricity", tags, {name: float(value(at_s) if callable(value) else value) for name, value in fields.items()}, at_s)
            for at_s in times
        )

    def link(self, meter, times, interface="p1", **fields):
        """A meter's status lines; as `telegrams`, counters are integers."""

        def told(name, value, at_s):
            number = value(at_s) if callable(value) else value
            return number if number is None else float(number) if name == "age_s" else f"{int(number)}i"

        counters = dict.fromkeys(f"errors_{cause}" for cause in ("checksum", "framing", "key", "security", "records")) | {"decoded": None}
        fields = dict.fromkeys(counters, 0) | fields
        self.write(
            (
                "electricity_link",
                f"interface={interface},meter={meter}",
                {name: number for name, value in fields.items() if (number := told(name, value, at_s)) is not None},
                at_s,
            )
            for at_s in times
        )

    def write(self, lines):
        """Store (measurement, tags, fields, seconds) tuples."""
        self.store("\n".join(_line(*line) for line in lines))

    def windows(self, meter, times, serial="1", **fields):
        """Five-minute points, as `telegrams`."""
        tags = f"interface=p1,meter={meter},serial={serial}"
        self.kept(
            _line("electricity", tags, {name: float(value(at_s) if callable(value) else value) for name, value in fields.items()}, at_s)
            for at_s in times
        )

    def kept(self, lines):
        """Store lines of the bucket that is kept for ever: five-minute points, settled hours and bills."""
        self._server.write("\n".join(lines), f"{self._bucket}/5m")

    def store(self, lines):
        """Store line protocol."""
        self._server.write(lines, self._bucket)

    def ask(self, influxql):
        """The answer to a query, as Grafana reads it: one series per column."""
        self.asked += 1
        form = urllib.parse.urlencode({"db": self._bucket, "q": influxql, "epoch": "ms"}).encode()
        results = json.loads(self._server.request("/query", form))["results"]
        assert len(results) == 1, "one statement a query"
        if "error" in results[0]:
            raise expressions.NodeError(results[0]["error"])
        return [
            expressions.Series(tuple(sorted(one.get("tags", {}).items())), tuple((row[0], row[column]) for row in one["values"]))
            for one in results[0].get("series", [])
            for column in range(1, len(one["columns"]))
        ]

    def rule(self, uid):
        """A rule as the file holds it."""
        return self._rules[uid][0]

    def evaluated(self, uid, now_s):
        """The outcome of one evaluation."""
        return expressions.evaluate(self._rules[uid][0], now_s * MS, self.ask)

    def breaches(self, uid, now_s):
        """Which meters are in breach: True, False, or None without data; {} if nothing is known."""
        return {dict(labels).get("meter", ""): breach for labels, breach in self.evaluated(uid, now_s).instances.items()}

    def measured(self, uid, now_s, name="measured"):
        """What the rule measures, by meter."""
        found = self.evaluated(uid, now_s).values[name]
        return {dict(labels)["meter"]: value for labels, value in found.items()}

    def history(self, uid, from_s, to_s):
        """The states at each evaluation in a span of time: a list of (seconds, state by meter)."""
        rule, interval = self._rules[uid]
        machine = states.Rule(rule, interval)
        told = []
        for now_s in range(from_s, to_s + 1, int(machine.interval_s)):
            machine.outcome(expressions.evaluate(rule, now_s * MS, self.ask), now_s)
            told.append((now_s, machine.named()))
        return told


def _line(measurement, tags, fields, at_s):
    written = ",".join(f"{name}={value!r}" if isinstance(value, float) else f"{name}={value}" for name, value in fields.items())
    return f"{measurement},{tags} {written} {at_s * NS}"


@pytest.fixture
def house(server, rules, request):
    """An empty database, and the rules."""
    name = f"energy-{abs(hash(request.node.nodeid)):x}"
    organization = json.loads(server.request("/api/v2/orgs"))["orgs"][0]["id"]
    for bucket in (name, f"{name}/5m"):
        made = json.dumps({"orgID": organization, "name": bucket, "retentionRules": []}).encode()
        server.request("/api/v2/buckets", made, "application/json")
    return House(server, name, rules)
