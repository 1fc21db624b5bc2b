"""Writes the statement of a billing period: as a table for the terminal, as CSV for a spreadsheet, as a page that prints well.

Whoever has a bill in hand can follow it line by line: the readings at both ends, the energy, each component with its energy and price, VAT,
what the deposit pays, and what is to be paid. What is estimated, missing or not priced yet is said, too.

All three forms show the same rows. A spreadsheet needs plain numbers, so only the two forms for people have a decimal comma in Polish.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from typing import Final, NamedTuple

from telegraf_han import clock
from telegraf_han.clock import Zone
from telegraf_han.influx.settling import Statement
from telegraf_han.printing import visible
from telegraf_han.tariffs import calendar
from telegraf_han.tariffs.energy import WINDOW_S, Reading, exact
from telegraf_han.tariffs.periods import Line

LANGUAGES: Final = ("en", "pl")
_NS: Final = 1_000_000_000
_WH: Final = Decimal(1000)
_GAP: Final = "  "
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Electricity", "Energia elektryczna"),
    "period": ("Period", "Okres"),
    "to": ("to", "do"),
    "tariff": ("Tariff", "Taryfa"),
    "readings": ("Readings", "Odczyty"),
    "serial": ("Meter number", "Numer licznika"),
    "register": ("Register", "Rejestr"),
    "begin": ("From", "Od"),
    "end": ("To", "Do"),
    "before": ("Reading before, kWh", "Stan poprzedni, kWh"),
    "after": ("Reading after, kWh", "Stan bieżący, kWh"),
    "difference": ("Difference, kWh", "Różnica, kWh"),
    "energies": ("Energy", "Energia"),
    "lines": ("Charges, net", "Opłaty netto"),
    "component": ("Charge", "Opłata"),
    "zone": ("Zone", "Strefa"),
    "quantity": ("Quantity", "Ilość"),
    "unit": ("Unit", "Jednostka"),
    "price": ("Price", "Cena"),
    "amount": ("Amount", "Kwota"),
    "month": ("period", "okres"),
    "market": ("market", "rynkowa"),
    "sums": ("Sum", "Podsumowanie"),
    "energy": ("Energy", "Energia czynna"),
    "distribution": ("Distribution", "Opłata dystrybucyjna zmienna"),
    "quality": ("Quality", "Opłata jakościowa"),
    "renewables": ("Renewables", "Opłata OZE"),
    "cogeneration": ("Cogeneration", "Opłata kogeneracyjna"),
    "other": ("Other, per kWh", "Inne, za kWh"),
    "trade_fee": ("Trade fee", "Opłata handlowa"),
    "network_fee": ("Network fee", "Opłata dystrybucyjna stała"),
    "transitional_fee": ("Transitional fee", "Opłata przejściowa"),
    "subscription_fee": ("Subscription fee", "Opłata abonamentowa"),
    "capacity_fee": ("Capacity fee", "Opłata mocowa"),
    "other_fee": ("Other, per period", "Inne, za okres"),
    "import_wh": ("Import", "Pobór"),
    "export_wh": ("Feed-in", "Oddanie"),
    "billed_import_wh": ("Import, balanced by the hour", "Pobór po zbilansowaniu godzinowym"),
    "billed_export_wh": ("Feed-in, balanced by the hour", "Oddanie po zbilansowaniu godzinowym"),
    "t1_wh": ("Import in zone 1", "Pobór w strefie 1"),
    "t2_wh": ("Import in zone 2", "Pobór w strefie 2"),
    "t3_wh": ("Import in zone 3", "Pobór w strefie 3"),
    "t4_wh": ("Import in zone 4", "Pobór w strefie 4"),
    "produced_wh": ("Production", "Produkcja"),
    "self_used_wh": ("Own use of the production", "Autokonsumpcja"),
    "offset_wh": ("Taken back", "Odebrane z magazynu"),
    "net": ("Net", "Netto"),
    "vat": ("VAT", "VAT"),
    "total": ("Gross", "Brutto"),
    "earned": ("Value of the feed-in", "Wartość energii oddanej"),
    "deposit_before": ("Deposit before", "Depozyt na początku"),
    "deposit_used": ("Deposit, used", "Depozyt, wykorzystany"),
    "deposit_paid_back": ("Deposit, paid back", "Depozyt, zwrot"),
    "deposit_lost": ("Deposit, lost", "Depozyt, umorzony"),
    "deposit_after": ("Deposit after", "Depozyt na końcu"),
    "credit": ("Value of what was taken back", "Wartość energii odebranej"),
    "to_pay": ("To pay", "Do zapłaty"),
    "forecast_to_pay": ("To pay at the end of the period, forecast", "Do zapłaty na koniec okresu, prognoza"),
    "estimated": (
        "Estimated: {} kWh were spread over hours without readings, in proportion to time.",
        "Szacunek: {} kWh rozłożono na godziny bez odczytów, proporcjonalnie do czasu.",
    ),
    "missing": ("Not in this statement: {} hours without readings.", "Brak w zestawieniu: {} godzin bez odczytów."),
    "unpriced": (
        "Without a price: {} kWh. Their market price is not known yet, or the meter counted them in no zone. They count 0 here.",
        "Bez ceny: {} kWh. Ich cena rynkowa nie jest jeszcze znana albo licznik nie policzył ich w żadnej strefie. Liczą się jako 0.",
    ),
    "unsettled": (
        "The deposit is not certain: hours since {0} are not settled. Settle them: telegraf-han bill --since {0} --to influx",
        "Depozyt jest niepewny: godziny od {0} nie są rozliczone. Rozlicz je: telegraf-han bill --since {0} --to influx",
    ),
    "running": (
        "This period is running: {} of {} hours are settled.",
        "Okres trwa: rozliczono {} z {} godzin.",
    ),
}
"""What the statement says, in English and Polish."""
_ENERGIES: Final = (
    *("import_wh", "export_wh", "billed_import_wh", "billed_export_wh"),
    *("t1_wh", "t2_wh", "t3_wh", "t4_wh", "produced_wh", "self_used_wh"),
)
_DEPOSIT: Final = ("deposit_before", "deposit_used", "deposit_paid_back", "deposit_lost", "deposit_after")
_REGISTERS: Final = tuple(f"{code}.8.{zone}" for code in (1, 2) for zone in range(5))
"""OBIS codes as meters show them, in the order of `REGISTERS`."""
_CSS: Final = (
    "body{font:14px/1.4 sans-serif;color:#000;background:#fff;max-width:50em;margin:2em auto;padding:0 1em}"
    "h1{font-size:1.4em;margin:0}h2{font-size:1.1em;margin:1.6em 0 .3em}"
    "table{border-collapse:collapse;width:100%}th,td{padding:.2em .5em;text-align:left;border-bottom:1px solid #bbb}"
    ".n{text-align:right;white-space:nowrap}tr.last td{font-weight:bold;border-bottom:2px solid #000}"
    "section+section{break-before:page;margin-top:4em}table,h2{break-inside:avoid}h2{break-after:avoid}"
    "@page{size:A4;margin:15mm}@media print{body{margin:0;max-width:none;font-size:11px}section+section{margin-top:0}}"
)


class Subject(NamedTuple):
    """Whose statement it is."""

    meter: str
    zone: Zone
    statement: Statement


class _Row(NamedTuple):
    """A row of any part. Cells that a part does not have are ""."""

    part: str
    key: str
    """A word of `_WORDS`, or the code of a register."""
    tariff: str = ""
    zone: str = ""
    quantity: Decimal | str = ""
    unit: str = ""
    price: Decimal | str = ""
    amount: Decimal | str = ""
    serial: str = ""
    begin: str = ""
    end: str = ""
    begin_kwh: Decimal | str = ""
    end_kwh: Decimal | str = ""


def written(subjects: Sequence[Subject], output: str, language: str) -> str:
    """The statements of some meters: `table`, `csv` or `html`."""
    return _WRITERS[output](subjects, language)


# --- the rows ---


def _rows(subject: Subject) -> list[_Row]:
    bill = subject.statement.bill
    period, found = bill.period, bill.fields()
    rows = [*_readings(subject), *(_Row("energies", key, quantity=found[key] / _WH, unit="kWh") for key in _energies(found))]
    rows += [_charge(line, period.span.hours) for line in period.lines]
    for rate in period.vat:
        rows.append(_Row("sums", "net", zone=f"{_plain(rate.percent)} %", amount=rate.net))
        rows.append(_Row("sums", "vat", zone=f"{_plain(rate.percent)} %", amount=rate.vat))
    rows.append(_Row("sums", "total", amount=found["total"]))
    if found["offset_wh"]:
        rows.append(_Row("sums", "offset_wh", quantity=found["offset_wh"] / _WH, unit="kWh"))
    shown = ["earned", *(_DEPOSIT if any(found[key] for key in _DEPOSIT) else ()), "credit"]
    rows += [_Row("sums", key, amount=found[key]) for key in shown if found[key] or key in _DEPOSIT]
    if bill.forecast and bill.period.hours_settled < period.span.hours:
        rows.append(_Row("sums", "forecast_to_pay", amount=bill.forecast.to_pay))
    return [*rows, _Row("sums", "to_pay", amount=bill.to_pay)]


def _energies(found: dict[str, Decimal]) -> Iterator[str]:
    """The energies that say something: not those that balancing left as they were, and no zone if there is only one."""
    zoned = any(found[f"t{zone}_wh"] for zone in (2, 3, 4))
    for key in _ENERGIES:
        balanced = key.startswith("billed_") and found[key] == found[key.removeprefix("billed_")]
        if key == "import_wh" or (found[key] and not balanced and (zoned or key != "t1_wh")):
            yield key


def _charge(line: Line, period_hours: int) -> _Row:
    zone = str(line.zone) if line.zone else ""
    price = "market" if line.price is None else line.price
    if line.wh is not None:
        return _Row("lines", line.component, line.section.name, zone, line.wh / _WH, "kWh", price, line.net)
    quantity = Decimal(1) if line.hours == period_hours else f"{line.hours}/{period_hours}"
    return _Row("lines", line.component, line.section.name, zone, quantity, "month", price, line.net)


def _readings(subject: Subject) -> Iterator[_Row]:
    """Each register of each meter that was there: as it stood at the begin and at the end.

    Meters send four zones, whatever the tariff is. A zone that has never counted is left out.
    """
    span = subject.statement.bill.period.span
    for serial, windows in subject.statement.readings.items():
        for place, code in enumerate(_REGISTERS):
            ends = _both_ends(windows, place, span.begin_s, span.end_s)
            if ends is None:
                continue
            (begin_s, before), (end_s, after) = ends
            if not (before or after or code.endswith(".0")):
                continue
            times = [clock.rfc3339((window_s + WINDOW_S) * _NS, subject.zone)[:16].replace("T", " ") for window_s in (begin_s, end_s)]
            kwh = [exact(value) / _WH for value in (before, after)]
            yield _Row("readings", code, serial=serial, begin=times[0], end=times[1], begin_kwh=kwh[0], end_kwh=kwh[1])


def _both_ends(windows: Iterable[Reading], place: int, begin_s: int, end_s: int) -> tuple[tuple[int, float], tuple[int, float]] | None:
    """The last reading before the period, or else its first one, and its last one. None if there is none in the period."""
    points = sorted((window_s, value) for window_s, values in windows if window_s < end_s and (value := values[place]) is not None)
    inside = [point for point in points if point[0] >= begin_s]
    before = [point for point in points if point[0] < begin_s]
    return ((before or inside[:1])[-1], inside[-1]) if inside else None


def _notes(subject: Subject, language: str) -> Iterator[str]:
    """What is not certain yet."""
    statement = subject.statement
    period = statement.bill.period
    running = statement.hours_due < period.span.hours
    missing = statement.hours_due - period.hours_settled
    if running:
        yield _said("running", language).format(period.hours_settled, period.span.hours)
    if missing > running:  # the present hour is no hole
        yield _said("missing", language).format(missing)
    for key in ("estimated", "unpriced"):
        if period.fields[f"{key}_wh"]:
            yield _said(key, language).format(_number(period.fields[f"{key}_wh"] / _WH, 3, language))
    if statement.unsettled_since_s is not None:
        yield _said("unsettled", language).format(clock.rfc3339(statement.unsettled_since_s * _NS, subject.zone)[:10])


# --- what people read ---


def _said(key: str, language: str) -> str:
    return _WORDS[key][LANGUAGES.index(language)] if key in _WORDS else key


def _head(subject: Subject, language: str) -> list[str]:
    bill = subject.statement.bill
    first, _ = calendar.local(bill.period.span.begin_s, subject.zone)
    after, _ = calendar.local(bill.period.span.end_s, subject.zone)
    last = date.fromordinal(after.toordinal() - 1)
    return [
        f"{_said('title', language)}: {subject.meter}",
        f"{_said('period', language)}: {first} {_said('to', language)} {last}. {_said('tariff', language)}: {bill.name}",
    ]


class _Table(NamedTuple):
    """A part of the statement in words."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    texts: int
    """So many columns are text. The others are numbers, which stand on the right."""


def _tables(subject: Subject, language: str) -> list[_Table]:
    rows = _rows(subject)
    currency = subject.statement.bill.currency
    return [
        _Table(
            _said(part, language),
            tuple(_said(heading, language) for heading in headings),
            [shown(row, language, currency) for row in rows if row.part == part],
            texts,
        )
        for part, headings, texts, shown in _PARTS
    ]


def _shown_reading(row: _Row, language: str, _: str) -> tuple[str, ...]:
    begin, end = (Decimal(kwh) for kwh in (row.begin_kwh, row.end_kwh))
    return (row.serial, row.key, row.begin, row.end, *(_number(kwh, 3, language) for kwh in (begin, end, end - begin)))


def _shown_energy(row: _Row, language: str, _: str) -> tuple[str, ...]:
    return _said(row.key, language), f"{_number(row.quantity, 3, language)} {row.unit}"


def _shown_charge(row: _Row, language: str, currency: str) -> tuple[str, ...]:
    quantity = _number(row.quantity, 3 if row.unit == "kWh" else 0, language)
    price = _said(row.price, language) if isinstance(row.price, str) else _number(row.price, 2, language)
    unit = _said(row.unit, language)
    return (_said(row.key, language), row.tariff, row.zone, f"{quantity} {unit}", price, f"{_number(row.amount, 2, language)} {currency}")


def _shown_sum(row: _Row, language: str, currency: str) -> tuple[str, ...]:
    number = f"{_number(row.quantity, 3, language)} {row.unit}" if row.unit else f"{_number(row.amount, 2, language)} {currency}"
    return f"{_said(row.key, language)} {row.zone}".strip(), number


_PARTS: Final = (
    ("readings", ("serial", "register", "begin", "end", "before", "after", "difference"), 4, _shown_reading),
    ("energies", ("", ""), 1, _shown_energy),
    ("lines", ("component", "tariff", "zone", "quantity", "price", "amount"), 3, _shown_charge),
    ("sums", ("", ""), 1, _shown_sum),
)


def _number(number: Decimal | str, places: int, language: str) -> str:
    """With at least so many decimals, and all that it has."""
    if isinstance(number, str):
        return number
    exponent = number.normalize().as_tuple().exponent
    decimals = max(places, -exponent if isinstance(exponent, int) else 0)
    text = f"{number:,.{decimals}f}".replace(",", "\N{NO-BREAK SPACE}")
    return text.replace(".", ",") if language == "pl" else text


def _plain(number: Decimal | str) -> str:
    return number if isinstance(number, str) else f"{number.normalize():f}"


# --- the three forms ---


def _as_table(subjects: Sequence[Subject], language: str) -> str:
    return "\n".join("\n".join(_text(subject, language)) for subject in subjects)


def _text(subject: Subject, language: str) -> Iterator[str]:
    yield from map(visible, _head(subject, language))
    for table in _tables(subject, language):
        headings = [table.headings] if any(table.headings) else []
        cells = [tuple(visible(cell.replace("\N{NO-BREAK SPACE}", " ")) for cell in row) for row in (*headings, *table.rows)]
        widths = [max(len(row[column]) for row in cells) for column in range(len(table.headings))] if cells else []
        yield ""
        yield table.title
        for row in cells:
            sized = zip(row, widths, strict=True)
            aligned = [f"{cell:<{width}}" if place < table.texts else f"{cell:>{width}}" for place, (cell, width) in enumerate(sized)]
            yield _GAP.join(aligned).rstrip()
    yield from ("", *_notes(subject, language), "")


def _as_csv(subjects: Sequence[Subject], language: str) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["meter", "period", *_Row._fields[:1], "text", *_Row._fields[2:], "currency"])
    for subject in subjects:
        first, _ = calendar.local(subject.statement.bill.period.span.begin_s, subject.zone)
        for row in _rows(subject):
            cells = [_plain(cell) for cell in row[2:]]
            writer.writerow([subject.meter, first, row.part, _said(row.key, language), *cells, subject.statement.bill.currency])
    return stream.getvalue()


def _as_html(subjects: Sequence[Subject], language: str) -> str:
    body = "".join(f"<section>{''.join(_html(subject, language))}</section>\n" for subject in subjects)
    title = escape(_said("title", language))
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_CSS}</style></head><body>\n{body}</body></html>\n'
    )


def _html(subject: Subject, language: str) -> Iterator[str]:
    title, *rest = _head(subject, language)
    yield f"<h1>{escape(title)}</h1>" + "".join(f"<p>{escape(line)}</p>" for line in rest)
    for table in _tables(subject, language):
        yield f"<h2>{escape(table.title)}</h2><table>"
        if any(table.headings):
            yield f"<tr>{_cells(table, table.headings, 'th')}</tr>"
        for place, row in enumerate(table.rows, 1):
            last = place == len(table.rows) and not any(table.headings) and table.title == _said("sums", language)
            yield f"<tr{' class=last' if last else ''}>{_cells(table, row, 'td')}</tr>"
        yield "</table>"
    yield from (f"<p>{escape(note)}</p>" for note in _notes(subject, language))


def _cells(table: _Table, row: Iterable[str], tag: str) -> str:
    return "".join(f"<{tag}{' class=n' if place >= table.texts else ''}>{escape(cell)}</{tag}>" for place, cell in enumerate(row))


_WRITERS: Final = {"table": _as_table, "csv": _as_csv, "html": _as_html}
OUTPUTS: Final = tuple(_WRITERS)
