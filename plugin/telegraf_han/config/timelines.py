"""Puts the tariff sections of a meter into order: its own contract, and the tariffs that are computed for comparison.

Sections stand in the configuration as [[meter.tariff]], or in files of their own, which can be shared. Two sections that hold on one day
are a mistake. An error names the dates, the names and the places. This module touches no file. Tariff files arrive through `Files`, which
`file` passes in. Only a meter with a tariff needs this module.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from telegraf_han.config import values
from telegraf_han.config.rows import Place
from telegraf_han.config.tariffs import Written, decimal, section
from telegraf_han.language import _, marked
from telegraf_han.tariffs.components import PER_KWH, PER_MONTH, ZONES
from telegraf_han.tariffs.tariff import OWN, FeedIn, Fixed, Plan, Section, Timeline

Files = Callable[[str], tuple[str, Mapping[str, object]]]
"""Reads the tariff file of that name. Returns its path and its content. Raises ConfigError."""
FILE: Final = "file:"
UNNAMED: Final = "tariff"
"""Name of a tariff that has no name and is in no file."""
_FILES: Final = marked('a tariff file is expected, such as "file:g12.toml", or a list of them, or [[meter.tariff]] sections')
_COMPARED: Final = marked('a list of tariff files is expected, such as ["file:g11.toml"]')
_WAYS: Final = ("import", "export")
_NOTHING: Final = Decimal(0)


class Given(NamedTuple):
    """What a meter says about its tariffs."""

    tariff: object = None
    compare: object = None
    prices: tuple[tuple[str, float | str], ...] = ()
    billing_day: int = 1
    yearly_use_kwh: float | None = None


def _timeline(name: str, written: Iterable[Written]) -> Timeline:
    """Put sections into the order of their days. Raises ConfigError if two hold on one day."""
    ordered = sorted(written, key=lambda one: one.section.begin)
    sections = []
    for one, following in pairwise(ordered):
        begin = following.section.begin
        if one.section.begin == begin or (one.last is not None and one.last >= begin):
            said = (
                _("another first day is expected, because two tariffs hold: {one} and {following}", one=one, following=following)
                if begin == date.min
                else _(
                    "another first day is expected, because two tariffs hold on {day}: {one} and {following}",
                    day=begin,
                    one=one,
                    following=following,
                )
            )
            raise following.place.error("from", said)
        sections.append(one.section._replace(end=min(one.section.end, begin)))
    return Timeline(name, (*sections, ordered[-1].section))


def _in_file(text: object, key: str, place: Place, files: Files, use_kwh: float | None) -> list[Written]:
    """The sections of a tariff file."""
    try:
        name = values.quoted(text)
    except ValueError:
        name = ""
    if not name.startswith(FILE) or not name.removeprefix(FILE).strip():
        raise place.error(key, _(_FILES) if key == "tariff" else _(_COMPARED))
    path, whole = files(name.removeprefix(FILE).strip())
    stem = path.replace("\\", "/").rpartition("/")[2].removesuffix(".toml")
    if "tariff" not in whole:
        return [section(whole, Place(path), stem, use_kwh)]
    Place(path).require_known(whole, ("tariff",))
    return _sections(whole["tariff"], Place(path), "[[tariff]]", stem, use_kwh)


def _sections(found: object, place: Place, heading: str, name: str, use_kwh: float | None) -> list[Written]:
    if not isinstance(found, list) or not found or not all(isinstance(table, Mapping) for table in found):
        raise place.error("tariff", _("{heading} in double brackets is expected, once for each tariff", heading=heading))
    before = f"{place.section}: " if place.section else ""
    placed = [(table, _("{heading} number {number}", heading=heading, number=number)) for number, table in enumerate(found, 1)]
    return [section(table, Place(place.file, f"{before}{one}"), name, use_kwh) for table, one in placed]


def _own(given: Given, place: Place, files: Files) -> Timeline | None:
    found = [given.tariff] if isinstance(given.tariff, str) else given.tariff
    if found is None:
        return short(given.prices)
    if given.prices:
        raise place.error("tariff", _("either a tariff or [meter.prices] is expected, not both"))
    if isinstance(found, list) and any(isinstance(one, str) for one in found):
        return _timeline(OWN, [one for text in found for one in _in_file(text, "tariff", place, files, given.yearly_use_kwh)])
    if not isinstance(found, list | Mapping):
        raise place.error("tariff", _(_FILES))
    return _timeline(OWN, _sections(found, place, "[[meter.tariff]]", UNNAMED, given.yearly_use_kwh))


def _compared(given: Given, place: Place, files: Files) -> list[Timeline]:
    found = [] if given.compare is None else given.compare
    if not isinstance(found, list):
        raise place.error("compare", _(_COMPARED))
    timelines: list[Timeline] = []
    for text in found:
        written = _in_file(text, "compare", place, files, given.yearly_use_kwh)
        name = written[0].section.name
        if name == OWN or any(name == other.name for other in timelines):
            raise written[0].place.error(
                "name", _('another name is expected, because "{name}" is already the name of a tariff of this meter', name=name)
            )
        timelines.append(_timeline(name, written))
    return timelines


def short(prices: Iterable[tuple[str, float | str]]) -> Timeline | None:
    """[meter.prices]: one tariff without dates. t0 is the price of the total register, to which the zones are added."""
    found = dict(prices)
    currency = str(found.pop("currency", "PLN"))
    if not found:
        return None
    bought, sold = (
        Fixed(total, tuple(by_zone))
        for total, *by_zone in ([decimal(found.get(f"{way}_t{zone}_per_kwh", 0.0)) for zone in range(ZONES + 1)] for way in _WAYS)
    )
    zones: Literal["registers", "one"] = "registers" if any((*bought.by_zone, *sold.by_zone)) else "one"
    feed_in = FeedIn("price", sold) if sold != Fixed() else None
    per_kwh = (bought, *(Fixed(),) * (len(PER_KWH) - 1))
    whole = Section(UNNAMED, date.min, date.max, per_kwh, (_NOTHING,) * len(PER_MONTH), currency=currency, zones=zones, feed_in=feed_in)
    return Timeline(OWN, (whole,))


def plan(given: Given, place: Place, files: Files) -> Plan | None:
    """The tariffs of a meter, complete and checked. None if it has none. Raises ConfigError."""
    own, compared = _own(given, place, files), _compared(given, place, files)
    if own is None:
        if compared:
            raise place.error("compare", _("a tariff or [meter.prices] is expected too, with which the tariffs are compared"))
        return None
    first = own.sections[0]
    for one in (one for timeline in (own, *compared) for one in timeline.sections):
        if one.currency != first.currency:
            said = _(
                'one currency is expected, but "{name}" is in {currency}, and "{other}" is in {another}',
                name=first.name,
                currency=first.currency,
                other=one.name,
                another=one.currency,
            )
            raise place.error("tariff", said)
    return Plan(own, tuple(compared), given.billing_day)
