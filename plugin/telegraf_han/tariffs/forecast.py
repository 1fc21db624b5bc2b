"""Says what a running billing period will come to.

Each hour that is left is expected to be as the mean hour of the same kind of day was in the last weeks: workday, Saturday, or Sunday and
holiday. Energy with a fixed price is then priced by the section that will be in force, so a change of price within the period is seen.
Monthly fees count for the hours that are left. Everything else is computed as for a finished period.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from telegraf_han.clock import Zone
from telegraf_han.tariffs import calendar
from telegraf_han.tariffs.calendar import HOUR_S, Span
from telegraf_han.tariffs.components import ENERGIES, PER_KWH
from telegraf_han.tariffs.periods import Sums, added
from telegraf_han.tariffs.tariff import Section, Timeline

ENOUGH_HOURS: Final = 168
"""Seven days. With less there is no forecast."""
_FIELDS: Final = (*PER_KWH, "earned", *ENERGIES)
_NOTHING: Final = Decimal(0)


def expected(left: Span, days: Sequence[tuple[date, Sums]], timeline: Timeline, zone: Zone) -> list[tuple[Section, Sums]]:
    """The sums of the hours that are left, by section in force. Empty if there are too few days to tell."""
    if sum(sums.hours for _, sums in days) < ENOUGH_HOURS:
        return []
    return [(section, _sums(part, days, section.holidays, zone)) for section, part in calendar.parts(timeline, left, zone)]


def _sums(part: Span, days: Sequence[tuple[date, Sums]], country: str, zone: Zone) -> Sums:
    overall = _mean(sums for _, sums in days)
    kinds = {calendar.kind(day, country) for day, _ in days}
    means = {kind: _mean(sums for day, sums in days if calendar.kind(day, country) == kind) for kind in kinds}
    found = Sums(0, {})
    moment_s = part.begin_s
    while moment_s < part.end_s:
        day, _ = calendar.local(moment_s, zone)
        end_s = min(calendar.midnight_s(date.fromordinal(day.toordinal() + 1), zone), part.end_s)
        hours = (end_s - moment_s) // HOUR_S
        mean = means.get(calendar.kind(day, country), overall)
        found = added(found, Sums(hours, {key: value * hours for key, value in mean.items()}))
        moment_s = end_s
    return found


def _mean(sums: Iterable[Sums]) -> Mapping[str, Decimal]:
    """The mean hour."""
    whole = Sums(0, {})
    for one in sums:
        whole = added(whole, one)
    return {key: whole.fields.get(key, _NOTHING) / whole.hours for key in _FIELDS} if whole.hours else {}
