"""The alert rules, one row per rule, and the code that turns a row into a rule of Grafana's provisioning files.

A rule measures a quantity of every meter, reads that meter's limit from `electricity_settings`, and computes the excess of one over
the other. It fires if the excess is above zero. So there is one alert instance per meter, and a limit is set once, in the plugin's
configuration. The steps are always the same: query, reduce to the last (or highest) number, `excess` by math, `breach` by threshold.
Grafana refuses a threshold on a series.

Each row decides what happens without data. A rule on a quantity is Normal without data, because a silent meter has a rule of its own.
It keeps its state while the database does not answer. Only the rule on silence turns missing data, and a database that does not
answer, into an alert. So one trouble gives one message. That rule reads the plugin's status lines. What these cannot know is whether the
telegrams are stored, so another rule looks for each meter's newest telegram in the database.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from alerting import contacts, queries, texts

from grafana import boards, variants

DATASOURCE_UID: Final = "telegraf-han"
"""The uid of InfluxDB in the provisioning of the boards."""
FOLDER: Final = "telegraf-han"
CHANNEL: Final = "${HAN_ALERT_CHANNEL}"
"""End of a contact point's name. Grafana fills in the variable: empty (e-mail), `-webhook`, `-ntfy`, `-telegram` or a name of your own."""


class Notice(NamedTuple):
    """Where a rule's messages go, and when they are sent again."""

    receiver: str
    repeat: str


TOLD: Final = Notice(contacts.NAME, "12h")
"""A trouble: its end is told, too."""
ONCE: Final = Notice(contacts.ONCE, "5d")
"""A sum that begins again by the clock, at midnight or with the next bill: its end is no news. Grafana forgets after five days what it sent."""
DAILY: Final = ONCE._replace(repeat="1d")
"""The same, said once a day as long as it lasts."""
PANELS: Final = {
    "telegraf-han-import-power": ("home", "power"),
    "telegraf-han-contracted-power": ("home", "demand"),
    "telegraf-han-contracted-power-soon": ("home", "demand"),
    "telegraf-han-long-load": ("home", "power"),
    "telegraf-han-base-load": ("home", "hours"),
    "telegraf-han-feed-in-noon": ("home", "power"),
    "telegraf-han-voltage-high": ("quality", "voltages"),
    "telegraf-han-voltage-low": ("quality", "voltages"),
    "telegraf-han-phase-imbalance": ("quality", "phase_imbalance"),
    "telegraf-han-limiter": ("quality", "limiter_states"),
    "telegraf-han-silent": ("health", "ages"),
    "telegraf-han-not-stored": ("health", "ages"),
    "telegraf-han-refused": ("health", "written"),
    "telegraf-han-decode-errors": ("health", "errors"),
    "telegraf-han-clock": ("health", "offset"),
    "telegraf-han-down-sampling-late": ("home", "all_well"),
    "telegraf-han-bill-late": ("home", "all_well"),
    "telegraf-han-daily-energy": ("home", "days"),
    "telegraf-han-daily-cost": ("home", "cost_today"),
    "telegraf-han-budget-80": ("bill", "bill_of"),
    "telegraf-han-budget-100": ("bill", "bill_of"),
    "telegraf-han-budget-forecast": ("bill", "bill_of"),
}
"""Board and panel that show what a rule measures, by the rule's uid. Grafana links the alert to this panel."""
_EXPRESSION: Final = {"type": "__expr__", "uid": "__expr__"}
LATE_MINUTES: Final = 30
"""The task for down-sampling runs every five minutes, and reads an hour. So after half an hour it still makes up for it all."""
LATE_HOURS: Final = 2
"""The bill is settled every quarter of an hour."""
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
    measured: dict[str, str]
    """Queries by name. Each is reduced to a number of that name. If there is more than one, `formula` computes `measured` from them."""
    limit: str = ""
    """Query of the limit. Without a limit, the measured value is the excess itself."""
    excess: str = "$measured - $limit"
    formula: str = ""
    series: dict[str, str] = {}  # noqa: RUF012, nobody changes it
    """Computed from the answers themselves, point by point, and then reduced to the highest number; by name."""
    reducer: str = "last"
    range_s: int = 10 * _MINUTE_S
    """How far back `$timeFilter` looks."""
    pending: str = "0s"
    """How long a breach has to last before an alert is sent."""
    keep: str = "0s"
    """For how long an alert goes on after the last breach."""
    severity: str = "warning"
    notice: Notice = TOLD
    without_data: str = "OK"
    in_error: str = "KeepLast"


_BUDGET: Final = {"measured": queries.of_this_bill("to_pay"), "currency": queries.currency()}
_BUDGET_LIMIT: Final = queries.upper_limit("monthly_cost")
_BILL_S: Final = 745 * _HOUR_S

GROUPS: Final = (
    Group(
        "telegraf-han supply",
        "1m",
        (
            Rule(
                "telegraf-han-import-power",
                {"measured": queries.import_power_w()},
                queries.upper_limit("active_power_import_w"),
                range_s=2 * _MINUTE_S,
                pending="5m",
            ),
            Rule(
                "telegraf-han-contracted-power",
                {"measured": queries.demand_w()},
                queries.upper_limit("contracted_power_w"),
                reducer="max",
                range_s=30 * _MINUTE_S,
            ),
            Rule(
                "telegraf-han-contracted-power-soon",
                {"sofar": queries.demand_w("0"), "power": queries.power_now_w(), "over": queries.seconds_of_quarter()},
                queries.upper_limit("contracted_power_w"),
                range_s=30 * _MINUTE_S,
                formula="$sofar + $power * (900 - $over) / 900",
                # A kettle at the beginning of a quarter hour is no overload.
                pending="2m",
            ),
            Rule(
                "telegraf-han-voltage-high",
                {"measured": queries.highest_voltage_v()},
                queries.upper_limit("voltage_high_v"),
                pending="5m",
            ),
            Rule(
                "telegraf-han-voltage-low",
                {"measured": queries.lowest_voltage_v()},
                queries.lower_limit("voltage_low_v"),
                excess="$limit - $measured",
                pending="5m",
            ),
            Rule(
                "telegraf-han-phase-imbalance",
                {"measured": queries.phase_imbalance_percent()},
                queries.upper_limit("phase_imbalance_percent"),
                pending="10m",
            ),
            Rule(
                "telegraf-han-limiter",
                {"measured": queries.limited_by_w()},
                excess="$measured",
                range_s=15 * _MINUTE_S,
            ),
        ),
    ),
    Group(
        "telegraf-han use",
        "5m",
        (
            Rule(
                "telegraf-han-long-load",
                {"lowest": queries.lowest_power_w(), "place": queries.places(), "hours": queries.set_or_zero("long_load_h")},
                queries.upper_limit("long_load_w"),
                # The number of the last part in which the power was below the limit, and the parts since then.
                series={"below": "$place_series * ($lowest_series < $limit)"},
                formula=f"($place - $below) * {queries.LONG_PART_M} / 60",
                excess=f"$measured >= $hours + {queries.LONG_H} * ($hours == 0)",
            ),
            Rule(
                "telegraf-han-base-load",
                {"measured": queries.base_load_w()},
                queries.upper_limit("base_load_w"),
                notice=ONCE,
            ),
            Rule(
                "telegraf-han-feed-in-noon",
                {"measured": queries.best_noon_w()},
                queries.lower_limit("feed_in_noon_w"),
                excess="$limit - $measured",
                # InfluxDB cuts a day with a clock change wrongly into parts [seen on 2.9.1]. Then a noon is missing for an hour.
                keep="6h",
                notice=DAILY,
            ),
        ),
    ),
    Group(
        "telegraf-han read-out",
        "1m",
        (
            Rule(
                "telegraf-han-silent",
                {"measured": queries.age_s()},
                queries.always_set("silence_s", "370m"),
                range_s=6 * _HOUR_S,
                pending="2m",
                severity="critical",
                without_data="Alerting",
                in_error="Alerting",
            ),
            Rule(
                "telegraf-han-not-stored",
                {"measured": queries.stored_age_s(), "lines": queries.status_lines(), "told": queries.told_age_s()},
                queries.always_set("silence_s", queries.KNOWN),
                # While the rule on silence speaks for a meter, this one does not. That rule forgets a meter after six hours.
                excess="($measured > 0) * ($measured >= 2 * $limit) * (($lines == 0) + ($lines == 2) * ($told <= $limit))",
                pending="5m",
                severity="critical",
            ),
            Rule(
                "telegraf-han-decode-errors",
                {"measured": queries.decode_errors_percent(), "refused": queries.refused(), "back": queries.registers_back()},
                queries.always_set("decode_errors_percent"),
                # One telegram that is not believed is enough, whatever the share of unreadable ones is.
                excess="$measured - $limit + 1000 * ($refused + $back)",
                range_s=15 * _MINUTE_S,
                pending="5m",
                severity="critical",
            ),
            Rule(
                "telegraf-han-clock",
                {"offset": queries.clock_offset_s()},
                queries.upper_limit("clock_offset_s"),
                formula="abs($offset)",
                range_s=15 * _MINUTE_S,
                pending="15m",
            ),
        ),
    ),
    Group(
        "telegraf-han upkeep",
        "5m",
        (
            Rule(
                "telegraf-han-refused",
                {"measured": queries.refused_by_influxdb()},
                excess="$measured",
                severity="critical",
                notice=DAILY,
            ),
            Rule(
                "telegraf-han-down-sampling-late",
                {"measured": queries.minutes_not_down_sampled()},
                excess=f"$measured - {LATE_MINUTES}",
            ),
            Rule(
                "telegraf-han-bill-late",
                {"windows": queries.hours_down_sampled(), "settled": queries.hours_settled()},
                formula="$windows - $settled",
                excess=f"$measured - {LATE_HOURS}",
                pending="30m",
            ),
        ),
    ),
    Group(
        "telegraf-han budget",
        "5m",
        (
            Rule(
                "telegraf-han-daily-energy",
                {"measured": queries.energy_by_day_wh()},
                queries.upper_limit("daily_import_wh"),
                range_s=30 * _HOUR_S,
                notice=ONCE,
            ),
            Rule(
                "telegraf-han-daily-cost",
                {"measured": queries.cost_by_day(), "currency": queries.currency()},
                queries.upper_limit("daily_cost"),
                range_s=30 * _HOUR_S,
                notice=ONCE,
            ),
            Rule(
                "telegraf-han-budget-80",
                _BUDGET,
                _BUDGET_LIMIT,
                excess="($measured > 0.8 * $limit) * ($measured <= $limit)",
                range_s=_BILL_S,
                notice=ONCE,
            ),
            Rule(
                "telegraf-han-budget-100",
                _BUDGET,
                _BUDGET_LIMIT,
                range_s=_BILL_S,
                notice=ONCE,
            ),
            Rule(
                "telegraf-han-budget-forecast",
                {"measured": queries.of_this_bill("forecast_to_pay"), "spent": _BUDGET["measured"], "currency": _BUDGET["currency"]},
                _BUDGET_LIMIT,
                # What is spent already has a message of its own.
                excess="($measured > $limit) * ($spent <= $limit)",
                range_s=_BILL_S,
                pending="1h",
                # A forecast around the budget would be told again and again.
                keep="1d",
                notice=ONCE,
            ),
        ),
    ),
)


class Scope(NamedTuple):
    """What a set of rules watches: a house here, and a fleet in `fleetrules`."""

    groups: tuple[Group, ...]
    texts: Mapping[str, Mapping[str, texts.RuleText]]
    panels: Mapping[str, tuple[str, str]]
    variant: variants.Variant
    folder: str
    apart: tuple[str, ...]
    """Labels of which each value has messages of its own."""


HOUSE: Final = Scope(GROUPS, texts.RULES, PANELS, variants.HOUSE, FOLDER, ("meter",))


def groups(language: str, scope: Scope = HOUSE) -> list[dict[str, Any]]:
    """The groups as a provisioning file holds them, in one language."""
    return [
        {
            "orgId": 1,
            "name": group.name,
            "folder": scope.folder,
            "interval": group.interval,
            "rules": [_rule(rule, scope, language) for rule in group.rules],
        }
        for group in scope.groups
    ]


def _rule(rule: Rule, scope: Scope, language: str) -> dict[str, Any]:
    """A rule as a provisioning file holds it."""
    text = scope.texts[rule.uid][language]
    board, number = boards.place(*scope.panels[rule.uid], scope.variant)
    return {
        "uid": rule.uid,
        "title": text.title,
        "condition": "breach",
        "for": rule.pending,
        **({} if rule.keep == "0s" else {"keepFiringFor": rule.keep}),
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
            "receiver": rule.notice.receiver + CHANNEL,
            "group_by": ["grafana_folder", "alertname", *scope.apart],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": rule.notice.repeat,
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
    for name, formula in rule.series.items():
        nodes.append(_expression(f"{name}_series", "math", formula))
        nodes.append(_expression(name, "reduce", f"{name}_series", reducer="max", settings={"mode": "dropNN"}))
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
