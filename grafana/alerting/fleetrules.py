"""The alert rules of a fleet: one instance per site instead of one per meter. They are rows as in `rules`.

They are for the Grafana of the centre. The rules of a house cannot watch a fleet, because they tell meters apart by their names alone, and
`home` is on many sites. A message names all sites that have the same trouble. So if the centre itself stops, it is one message and not
one per site.
"""

from typing import Final

from alerting import fleettexts, sitequeries
from alerting.rules import Group, Rule, Scope

from grafana import variants

FLOOD_TIMES: Final = 3
FLOOD_PER_MINUTE: Final = 120
"""Below this no number of telegrams is a flood: two meters by cable send as much."""

GROUPS: Final = (
    Group(
        "telegraf-han fleet sites",
        "1m",
        (
            Rule(
                "telegraf-han-fleet-silent",
                {"measured": sitequeries.age_s()},
                excess=f"$measured >= {sitequeries.SILENT_S}",
                severity="critical",
                without_data="Alerting",
                in_error="Alerting",
                pending="2m",
            ),
            Rule(
                "telegraf-han-fleet-late",
                {"measured": sitequeries.age_s(sitequeries.AGES_S[:2])},
                # A site that is silent has a message of its own.
                excess=f"($measured >= {sitequeries.LATE_S}) * ($measured < {sitequeries.SILENT_S})",
                pending="5m",
            ),
            Rule(
                "telegraf-han-fleet-not-stored",
                {"measured": sitequeries.stored_age_s(), "status": sitequeries.age_s(sitequeries.AGES_S[:2])},
                # A site of which nothing comes is silent or late.
                excess="($measured > 0) * ($status == 0)",
                pending="5m",
                severity="critical",
            ),
        ),
    ),
    Group(
        "telegraf-han fleet sums",
        "5m",
        (
            Rule(
                "telegraf-han-fleet-meters",
                {"measured": sitequeries.not_ok_percent()},
                excess=f"$measured - {sitequeries.NOT_OK_PERCENT}",
                # Two quarters of an hour: a radio meter may be silent for a while.
                pending="20m",
            ),
            Rule(
                "telegraf-han-fleet-errors",
                {"measured": sitequeries.errors_per_meter()},
                excess=f"$measured - {sitequeries.MANY_ERRORS}",
                pending="20m",
            ),
            Rule(
                "telegraf-han-fleet-demand",
                {"measured": sitequeries.demand_w(), "share": sitequeries.contracted_share()},
                sitequeries.contracted_w(),
                # The sum is a limit of the site only if each of its meters has one.
                excess="($measured > $limit) * ($share >= 1)",
            ),
            Rule(
                "telegraf-han-fleet-flood",
                {"measured": sitequeries.telegrams_per_minute(), "usual": sitequeries.usual_per_minute()},
                excess=f"($measured > {FLOOD_TIMES} * $usual) * ($measured > {FLOOD_PER_MINUTE}) * ($usual > 0)",
                pending="10m",
            ),
        ),
    ),
)
FLEET: Final = Scope(
    GROUPS,
    fleettexts.RULES,
    {
        "telegraf-han-fleet-silent": ("fleet", "fleet_list"),
        "telegraf-han-fleet-late": ("fleet", "fleet_list"),
        "telegraf-han-fleet-not-stored": ("fleet", "fleet_list"),
        "telegraf-han-fleet-meters": ("building", "troubled"),
        "telegraf-han-fleet-errors": ("health", "errors"),
        "telegraf-han-fleet-demand": ("building", "power_of_all"),
        "telegraf-han-fleet-flood": ("health", "rate"),
    },
    variants.FLEET,
    "telegraf-han fleet",
    (),
)
