"""Names what a bill consists of, and the fields of its two measurements.

A bill has parts per kWh and parts per month. The names are those of the parts of Polish bills, and of fields of `electricity_cost` and
`electricity_bill`. So a name once published stays, with its meaning.
"""

from typing import Final

PER_KWH: Final = ("energy", "distribution", "quality", "renewables", "cogeneration", "other")
"""Parts with a price per kWh. A deposit pays for the first of them only."""
PER_MONTH: Final = ("trade_fee", "network_fee", "transitional_fee", "subscription_fee", "capacity_fee", "other_fee")
"""Parts with a fee per billing period."""
COMPONENTS: Final = (*PER_KWH, *PER_MONTH)
"""All parts, in the order in which amounts stand. All amounts are net."""
ENERGY: Final = COMPONENTS.index("energy")

ZONES: Final = 4
"""A meter has four registers for zones, t1 to t4."""
ENERGIES: Final = (
    "import_wh",
    "export_wh",
    "billed_import_wh",
    "billed_export_wh",
    *(f"t{zone}_wh" for zone in range(1, ZONES + 1)),
    "produced_wh",
    "self_used_wh",
    "estimated_wh",
    "unpriced_wh",
)
"""The energies of both measurements."""
COST_FIELDS: Final = (*COMPONENTS, "vat", "total", "earned", *ENERGIES)
"""The fields of `electricity_cost`: one point an hour, meter and tariff."""
FORECAST: Final = ("forecast_to_pay", "forecast_wh")
BILL_FIELDS: Final = (
    *COST_FIELDS,
    "energy_gross",
    "deposit_before",
    "deposit_used",
    "deposit_paid_back",
    "deposit_lost",
    "deposit_after",
    "offset_wh",
    "credit",
    "to_pay",
    "until_s",
    "hours_settled",
    "hours",
)
"""The numbers of `electricity_bill`: one point a billing period, meter and tariff. Besides them it has `FORECAST`, if there is enough data
for one, and the texts `name` and `currency`."""
