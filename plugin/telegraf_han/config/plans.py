"""Gives the tariffs of all meters to the commands that compute with them.

A run for Telegraf does not need this module. It loads the library of holidays, and it makes the plans of meters with [meter.prices].
"""

from typing import Final

from telegraf_han.config import timelines
from telegraf_han.config.sections import Config, MeterConfig
from telegraf_han.errors import ConfigError
from telegraf_han.language import _
from telegraf_han.tariffs import calendar
from telegraf_han.tariffs.tariff import Plan

_ANY_YEAR: Final = 2026


def _short_plan(meter: MeterConfig) -> Plan | None:
    """The plan of a meter that has [meter.prices] and nothing else. It is made only here, because a run does not need it."""
    own = timelines.short(meter.prices)
    return Plan(own, (), meter.billing_day) if own else None


def plans(config: Config) -> dict[str, Plan]:
    """The plan of each meter that has a tariff or prices, by its name. Raises ConfigError if the holidays of a country are not known.

    This loads the library of holidays, so a run for Telegraf does not call it.
    """
    found = {meter.name: one for meter in config.meters if (one := meter.plan or _short_plan(meter))}
    for name, one in found.items():
        for section in (section for timeline in one.timelines for section in timeline.sections):
            try:
                calendar.holidays_of(section.holidays, _ANY_YEAR)
            except ValueError as error:
                key = _('[[meter]] "{meter}": tariff "{tariff}": holidays', meter=name, tariff=section.name)
                raise ConfigError(config.file, key, str(error)) from None
    return found
