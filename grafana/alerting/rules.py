"""The alert rules, one row each, and a row into the rule that Grafana's provisioning files hold.

A rule measures something of every meter, reads that meter's limit from `electricity_settings`, and fires where the excess of one
over the other is above zero: one alert instance a meter, the threshold set once in the plugin's configuration. The way is always
query, reduce to the last (or highest) number, `excess` by math, `breach` by threshold; Grafana refuses a threshold on a series.

What happens without data is decided row by row. A rule on a quantity is Normal without it (a meter that is silent has its own
rule) and keeps its state while the database cannot be asked. Only the rule on silence turns missing data, and a database that
cannot be asked, into an alert: one message for one trouble.
"""

from typing import Any, Final, NamedTuple

from alerting import queries, texts

from grafana import boards

DATASOURCE_UID: Final = "telegraf-han"
"""InfluxDB as the boards' provisioning names it."""
FOLDER: Final = "telegraf-han"
RECEIVER: Final = "telegraf-han${HAN_ALERT_CHANNEL}"
"""Contact point; Grafana fills in the variable, which is empty (e-mail), `-webhook`, `-ntfy`, `-telegram` or a name of one's own."""
_EXPRESSION: Final = {"type": "__expr__", "uid": "__expr__"}
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


class Group(NamedTuple):
    """Rules that are evaluated together."""

    name: str
    interval: str
    rules: "tuple[Rule, ...]"


class Rule(NamedTuple):
    """One rule; its title and sentences stand in `texts` under its uid."""

    uid: str
    panel: tuple[str, str]
    """Board and panel that show what it is about; Grafana links the alert to it."""
    measured: dict[str, str]
    """Queries by name; each is reduced to a number of that name. With more than one, `formula` makes `measured` of them."""
    limit: str = ""
    """Query of the limit; without one, what is measured is an excess itself."""
    excess: str = "$measured - $limit"
    formula: str = ""
    reducer: str = "last"
    range_s: int = 10 * _MINUTE_S
    """How far back `$timeFilter` looks."""
    pending: str = "0s"
    """How long it has to last before it is told."""
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
                {"measured": queries.decode_errors_percent()},
                queries.always_set("decode_errors_percent"),
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
    """Queries first, then what is made of them, in the order in which it is computed."""
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
