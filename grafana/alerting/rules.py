"""The alert rules, one row per rule, and the code that turns a row into a rule of Grafana's provisioning files.

A rule measures a quantity of every meter, reads that meter's limit from `electricity_settings`, and computes the excess of one over
the other. It fires if the excess is above zero. So there is one alert instance per meter, and a limit is set once, in the plugin's
configuration. The steps are always the same: query, reduce to the last (or highest) number, `excess` by math, `breach` by threshold.
Grafana refuses a threshold on a series.

Each row decides what happens without data. A rule on a quantity is Normal without data, because a silent meter has a rule of its own.
It keeps its state while the database does not answer. Only the rule on silence turns missing data, and a database that does not
answer, into an alert. So one trouble gives one message.
"""

from typing import Any, Final, NamedTuple

from alerting import queries, texts

from grafana import boards

DATASOURCE_UID: Final = "telegraf-han"
"""The uid of InfluxDB in the provisioning of the boards."""
FOLDER: Final = "telegraf-han"
RECEIVER: Final = "telegraf-han${HAN_ALERT_CHANNEL}"
"""Contact point. Grafana fills in the variable: empty (e-mail), `-webhook`, `-ntfy`, `-telegram` or a name of your own."""
_EXPRESSION: Final = {"type": "__expr__", "uid": "__expr__"}
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


class Group(NamedTuple):
    """Rules that are evaluated together."""

    name: str
    interval: str
    rules: "tuple[Rule, ...]"


class Rule(NamedTuple):
    """One rule. Its title and sentences are in `texts`, under its uid."""

    uid: str
    panel: tuple[str, str]
    """Board and panel that show the quantity. Grafana links the alert to this panel."""
    measured: dict[str, str]
    """Queries by name. Each is reduced to a number of that name. If there is more than one, `formula` computes `measured` from them."""
    limit: str = ""
    """Query of the limit. Without a limit, the measured value is the excess itself."""
    excess: str = "$measured - $limit"
    formula: str = ""
    reducer: str = "last"
    range_s: int = 10 * _MINUTE_S
    """How far back `$timeFilter` looks."""
    pending: str = "0s"
    """How long a breach has to last before an alert is sent."""
    severity: str = "warning"
    without_data: str = "OK"
    in_error: str = "KeepLast"


GROUPS: Final = (
    Group(
        "telegraf-han supply",
        "1m",
        (
            Rule(
                "telegraf-han-import-power",
                ("home", "power"),
                {"measured": queries.import_power_w()},
                queries.upper_limit("active_power_import_w"),
                range_s=2 * _MINUTE_S,
                pending="5m",
            ),
            Rule(
                "telegraf-han-quarter-hour-demand",
                ("home", "demand"),
                {"measured": queries.demand_w()},
                queries.upper_limit("active_power_import_w"),
                reducer="max",
                range_s=30 * _MINUTE_S,
            ),
            Rule(
                "telegraf-han-voltage-high",
                ("quality", "voltages"),
                {"measured": queries.highest_voltage_v()},
                queries.upper_limit("voltage_high_v"),
                pending="5m",
            ),
            Rule(
                "telegraf-han-voltage-low",
                ("quality", "voltages"),
                {"measured": queries.lowest_voltage_v()},
                queries.lower_limit("voltage_low_v"),
                excess="$limit - $measured",
                pending="5m",
            ),
            Rule(
                "telegraf-han-phase-imbalance",
                ("quality", "phase_imbalance"),
                {"measured": queries.phase_imbalance_percent()},
                queries.upper_limit("phase_imbalance_percent"),
                pending="10m",
            ),
            Rule(
                "telegraf-han-limiter",
                ("quality", "limiter_states"),
                {"measured": queries.limited_by_w()},
                excess="$measured",
                range_s=15 * _MINUTE_S,
            ),
        ),
    ),
    Group(
        "telegraf-han read-out",
        "1m",
        (
            Rule(
                "telegraf-han-silent",
                ("health", "ages"),
                {"measured": queries.age_s()},
                queries.always_set("silence_s", "370m"),
                range_s=6 * _HOUR_S,
                pending="2m",
                severity="critical",
                without_data="Alerting",
                in_error="Alerting",
            ),
            Rule(
                "telegraf-han-decode-errors",
                ("health", "errors"),
                {"measured": queries.decode_errors_percent(), "refused": queries.refused(), "back": queries.registers_back()},
                queries.always_set("decode_errors_percent"),
                # One telegram that is not believed is enough, whatever the share of unreadable ones is.
                excess="$measured - $limit + 1000 * ($refused + $back)",
                range_s=15 * _MINUTE_S,
                pending="5m",
                severity="critical",
            ),
        ),
    ),
    Group(
        "telegraf-han budget",
        "5m",
        (
            Rule(
                "telegraf-han-daily-energy",
                ("home", "today"),
                {"measured": queries.energy_by_day_wh()},
                queries.upper_limit("daily_import_wh"),
                range_s=30 * _HOUR_S,
            ),
            Rule(
                "telegraf-han-daily-cost",
                ("home", "today"),
                {f"energy_t{zone}": queries.zone_energy_by_day_wh(zone) for zone in queries.ZONES}
                | {f"price_t{zone}": queries.price(zone) for zone in queries.ZONES},
                queries.upper_limit("daily_cost"),
                formula="(" + " + ".join(f"$energy_t{zone} * $price_t{zone}" for zone in queries.ZONES) + ") / 1000",
                range_s=30 * _HOUR_S,
            ),
        ),
    ),
)


def groups(language: str) -> list[dict[str, Any]]:
    """The groups as a provisioning file holds them, in one language."""
    return [
        {
            "orgId": 1,
            "name": group.name,
            "folder": FOLDER,
            "interval": group.interval,
            "rules": [_rule(rule, texts.RULES[rule.uid][language], language) for rule in group.rules],
        }
        for group in GROUPS
    ]


def _rule(rule: Rule, text: texts.RuleText, language: str) -> dict[str, Any]:
    """A rule as a provisioning file holds it."""
    board, number = boards.place(*rule.panel)
    return {
        "uid": rule.uid,
        "title": text.title,
        "condition": "breach",
        "for": rule.pending,
        "noDataState": rule.without_data,
        "execErrState": rule.in_error,
        "annotations": {
            "summary": text.summary,
            "description": text.description,
            "__dashboardUid__": f"{board}-{language}",
            "__panelId__": str(number),
        },
        "labels": {"plugin": "telegraf-han", "severity": rule.severity},
        "notification_settings": {
            "receiver": RECEIVER,
            "group_by": ["grafana_folder", "alertname", "meter"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
        },
        "data": _data(rule),
    }


def _data(rule: Rule) -> list[dict[str, Any]]:
    """The queries first, then the expressions, in the order in which they are computed."""
    sources = rule.measured | ({"limit": rule.limit} if rule.limit else {})
    nodes = [_query(f"{name}_series", influxql) for name, influxql in sources.items()]
    for name in sources:
        reducer = rule.reducer if name in rule.measured else "last"
        nodes.append(_expression(name, "reduce", f"{name}_series", reducer=reducer, settings={"mode": "dropNN"}))
    if rule.formula:
        nodes.append(_expression("measured", "math", rule.formula))
    nodes.append(_expression("excess", "math", rule.excess))
    nodes.append(_expression("breach", "threshold", "excess", conditions=[{"evaluator": {"type": "gt", "params": [0]}}]))
    span = {"from": rule.range_s, "to": 0}
    return [
        {"refId": node["refId"], "relativeTimeRange": span, "datasourceUid": node["datasource"]["uid"], "model": node} for node in nodes
    ]


def _query(name: str, influxql: str) -> dict[str, Any]:
    return {
        "refId": name,
        "datasource": {"type": "influxdb", "uid": DATASOURCE_UID},
        "rawQuery": True,
        "resultFormat": "time_series",
        "query": influxql,
    }


def _expression(name: str, kind: str, expression: str, **more: Any) -> dict[str, Any]:
    return {"refId": name, "datasource": _EXPRESSION, "type": kind, "expression": expression, **more}
