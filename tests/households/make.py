"""Writes the sheets of the four households with openpyxl, has LibreOffice compute them, and prints what they say as expected.csv.

    pip install openpyxl      (and LibreOffice Calc)
    python tests/households/make.py

Nothing of `telegraf_han` is used. The rules are written as formulas, step by step, from what the documentation promises about a bill.
"""

import csv
import datetime as dt
import re
import subprocess
import tempfile
import tomllib
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import invented
import workbook
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter as letter

HERE = Path(__file__).parent
WARSAW = ZoneInfo("Europe/Warsaw")
FIRST_ROW = 6
"""The first hour in the sheet of hours. The row above it has the registers before."""

PER_KWH = ("energy", "distribution", "quality", "renewables", "cogeneration", "other")
PER_MONTH = ("trade_fee", "network_fee", "transitional_fee", "subscription_fee", "capacity_fee", "other_fee")

CHANGES = ((dt.date(2025, 3, 30), 1, 2), (dt.date(2025, 10, 26), 1, 1), (dt.date(2026, 3, 29), 1, 2))
"""From this UTC day and hour on, local time is so many hours ahead of UTC."""
HOLIDAYS = (
    (dt.date(2025, 6, 8), "Whit Sunday (a Sunday anyway)"),
    (dt.date(2025, 6, 19), "Corpus Christi"),
    (dt.date(2025, 8, 15), "Assumption"),
    (dt.date(2025, 11, 1), "All Saints"),
    (dt.date(2025, 11, 11), "Independence Day"),
    (dt.date(2025, 12, 24), "Christmas Eve (since 2025)"),
    (dt.date(2025, 12, 25), "Christmas"),
    (dt.date(2025, 12, 26), "second day of Christmas"),
)
"""The public holidays from June to December 2025, by hand: the only household that needs them is the one in G12w."""


class Household(NamedTuple):
    """One sheet."""

    name: str
    says: str
    billing_day: int
    begin: dt.date
    end: dt.date
    """The first local day, and the day after the last one."""
    register: int
    """Import register before the first hour, Wh."""
    size: int
    salt: int
    zone: str = ""
    """Formula of the zone; {day}, {hour}, {free} are the cells of the local date, the local hour and the free day."""
    solar: bool = False


HOUSEHOLDS = (
    Household("g11", "one zone; the bill runs from the 10th; the price change on 1 January cuts a period in two", 10,
              dt.date(2025, 10, 10), dt.date(2026, 4, 10), 4_711_283, 10, 1),
    Household("g12", "two zones by clock, every day from 13 to 15 and from 22 to 6; both changes of the clocks", 1,
              dt.date(2025, 10, 1), dt.date(2026, 4, 1), 99_731_477, 21, 2,
              "=IF(OR(AND({hour}>=13,{hour}<15),{hour}>=22,{hour}<6),2,1)"),
    Household("g12w", "two zones by clock; weekends and holidays are cheap; other hours in summer; the price changes on 1 July", 1,
              dt.date(2025, 6, 1), dt.date(2026, 1, 1), 12_345_035, 17, 3,
              "=IF({free}=1,2,IF(OR({hour}>=22,{hour}<6),2,IF(AND(MONTH({day})>=4,MONTH({day})<=9),"
              "IF(AND({hour}>=15,{hour}<17),2,1),IF(AND({hour}>=13,{hour}<15),2,1))))"),
    Household("net", "photovoltaics: balanced within the hour, fed in at the market price of the hour, a deposit; from 2026 bought by the hour, too", 1,
              dt.date(2025, 10, 1), dt.date(2026, 4, 1), 870_004, 9, 7, solar=True),
)  # fmt: skip
EXPORT_REGISTER = 5_230_911


def utc_hours(household: Household) -> list[dt.datetime]:
    """The hours of a household, by their starts."""
    begin, end = (dt.datetime.combine(day, dt.time(), WARSAW).astimezone(dt.UTC) for day in (household.begin, household.end))
    return [begin + dt.timedelta(hours=place) for place in range(round((end - begin) / dt.timedelta(hours=1)))]


def periods(household: Household) -> list[dt.date]:
    """The first days of the billing periods."""
    days, day = [], household.begin
    while day < household.end:
        days.append(day)
        day = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=household.billing_day)
    return days


class Book:
    """A workbook that is written sheet by sheet."""

    def __init__(self, household: Household) -> None:
        self.household = household
        self.sections: list[dict[str, Any]] = tomllib.loads(
            (HERE / f"{household.name}.toml").read_text(encoding="utf-8"), parse_float=Decimal
        )["tariff"]
        self.book = Workbook()
        self.book.remove(self.book.active)
        self.prices: dict[tuple[str, int, int], str] = {}
        """(component, zone, section) → the cell of its price; zone 0 is every zone."""

    def sheet(self, title: str, *notes: str):
        """A new sheet with notes in its first rows."""
        sheet = self.book.create_sheet(title)
        for row, note in enumerate(notes, 1):
            sheet.cell(row, 1, note).font = Font(italic=True)
        return sheet

    def row(self, sheet, row: int, values: list[object], *, bold: bool = False) -> None:
        for column, value in enumerate(values, 1):
            cell = sheet.cell(row, column, float(value) if isinstance(value, Decimal) else value)
            if isinstance(value, dt.date):
                cell.number_format = "yyyy-mm-dd"
            if bold:
                cell.font = Font(bold=True)

    def clock(self) -> None:
        sheet = self.sheet("Clock", "When the clocks change, and the public holidays. Written by hand.")
        self.row(sheet, 3, ["from UTC day", "and UTC hour", "local = UTC + h", "as a number of hours"], bold=True)
        for row, change in enumerate(CHANGES, 4):
            self.row(sheet, row, [*change, f"=A{row}*24+B{row}"])
        self.row(sheet, 9, ["holiday", "its name"], bold=True)
        for row, holiday in enumerate(HOLIDAYS, 10):
            self.row(sheet, row, list(holiday))
        sheet.column_dimensions["A"].width = 14

    def tariff(self) -> None:
        sheet = self.sheet("Tariff", "All prices are invented. Net; PLN per kWh, PLN per month.")
        columns = [letter(3 + place) for place in range(len(self.sections))]
        self.row(sheet, 3, ["", "", *[section["name"] for section in self.sections]], bold=True)
        self.row(sheet, 4, ["from", "", *[section["from"] for section in self.sections]])
        self.row(sheet, 5, ["VAT", "%", *[section["vat_percent"] for section in self.sections]])
        self.row(sheet, 6, ["yearly use", "kWh", *[section["yearly_use_kwh"] for section in self.sections]])
        row = 8
        for component in PER_KWH:
            kinds = [section["per_kwh"].get(component) for section in self.sections]
            for zone in (1, 2) if isinstance(kinds[0], dict) and "t1" in kinds[0] else (0,):
                cells: list[object] = []
                for place, kind in enumerate(kinds):
                    cell = kind
                    if isinstance(kind, dict):
                        cell = kind[f"t{zone}"] if zone else "by the hour"
                    cells.append(0 if cell is None else cell)
                    if cell is not None:
                        self.prices[component, zone, place] = f"Tariff!${columns[place]}${row}"
                if any(kind is not None for kind in kinds):
                    self.row(sheet, row, [component, f"per kWh, zone {zone}" if zone else "per kWh", *cells])
                    row += 1
        brackets = row + 10
        for component in PER_MONTH:
            kinds = [section["per_month"].get(component) for section in self.sections]
            if kinds[0] is None:
                continue
            cells = list(kinds)
            if isinstance(kinds[0], list):
                below = brackets + 1
                self.row(sheet, brackets, [f"brackets of {component}", "below kWh", "fee", "fee"], bold=True)
                for step, rung in enumerate(kinds[0]):
                    fees = [kind[step]["fee"] for kind in kinds]
                    self.row(sheet, below + step, ["", rung.get("below_kwh", 999_999_999), *fees])
                last = below + len(kinds[0]) - 1
                # The first row whose limit is above the yearly use.
                cells = [f'=INDEX({c}{below}:{c}{last},COUNTIF($B{below}:$B{last},"<="&{c}$6)+1)' for c in columns]
                brackets = last + 2
            self.row(sheet, row, [component, "per month", *cells])
            for place, c in enumerate(columns):
                self.prices[component, 0, place] = f"Tariff!${c}${row}"
            row += 1
        if self.household.solar:
            feed, energy = self.sections[0]["feed_in"], self.sections[1]["per_kwh"]["energy"]
            self.row(sheet, row + 1, ["deposit factor", "times", feed["factor"]])
            self.row(sheet, row + 2, ["energy by the hour: added to the market price", "per kWh", "", energy["plus"]])
            self.factor, self.plus = f"Tariff!$C${row + 1}", f"Tariff!$D${row + 2}"
        sheet.column_dimensions["A"].width = 30
        sheet.column_dimensions["B"].width = 18

    def hours(self) -> None:
        """The steps of one hour, from left to right."""
        home = self.household
        heads = ["UTC day", "UTC hour", "local - UTC", "local day", "local hour", "tariff (column)", "period from"]
        notes = [
            "One row an hour. Registers in Wh at the hour's end; the row above the first hour has the registers before it.",
            "Local time: UTC and the hours of sheet Clock. Tariff 1 until its successor's first local day. A period begins on the billing day.",
        ]
        if "{free}" in home.zone:
            heads.append("free day")
            notes.append("A free day is a Saturday, a Sunday or a holiday of sheet Clock.")
        if home.zone:
            heads.append("zone")
        heads += ["import register", "import Wh"]
        if home.solar:
            heads += ["export register", "export Wh", "import - export", "billed import Wh", "billed export Wh", "q1", "q2", "q3", "q4",
                      "PLN/kWh", "not below 0", "earned PLN", "buying PLN/kWh", "energy PLN"]  # fmt: skip
            notes.append(
                "q1 to q4: the market's price of the hour's quarters, PLN/MWh. An hour's price is the mean of those that are there."
            )
        sheet = self.sheet("Hours", *notes)
        self.row(sheet, FIRST_ROW - 2, heads, bold=True)
        self.column = {head: letter(place) for place, head in enumerate(heads, 1)}
        at = self.column
        begin = FIRST_ROW - 1
        imported, exported = home.register, EXPORT_REGISTER
        sheet[f"{at['import register']}{begin}"] = imported
        if home.solar:
            sheet[f"{at['export register']}{begin}"] = exported
        moments = utc_hours(home)
        for row, moment in enumerate(moments, FIRST_ROW):
            local, hour = moment.astimezone(WARSAW), int(moment.timestamp()) // 3600
            if home.solar:
                used, fed = invented.roof_wh(
                    hour, invented.load_wh(hour, local.hour, home.size, home.salt), local.timetuple().tm_yday, moment.hour
                )
            else:
                used, fed = invented.load_wh(hour, local.hour, home.size, home.salt), 0
            imported, exported = imported + used, exported + fed

            values: dict[str, object] = {
                "UTC day": moment.date() if row == FIRST_ROW else f"=A{row - 1}+IF(B{row}=0,1,0)",
                "UTC hour": moment.hour if row == FIRST_ROW else f"=MOD(B{row - 1}+1,24)",
                **self.local(row),
                "import register": imported,
                "import Wh": f"={at['import register']}{row}-{at['import register']}{row - 1}",
            }
            if home.solar:
                values |= {"export register": exported, **self.fed_in(row)}
                for quarter in range(4):
                    # One quarter's price never came: the hour's price is the mean of the other three.
                    if (moment.isoformat(), quarter) != ("2026-03-11T11:00:00+00:00", 2):
                        values[f"q{quarter + 1}"] = invented.quarter_price(hour, quarter, local.hour, local.month) / 100
            for head, value in values.items():
                cell = sheet[f"{at[head]}{row}"]
                cell.value = value
                if head in {"UTC day", "local day", "period from"}:
                    cell.number_format = "yyyy-mm-dd"
        self.last = FIRST_ROW + len(moments) - 1
        sheet.freeze_panes = f"A{FIRST_ROW}"

    def local(self, row: int) -> dict[str, object]:
        """The steps from an hour's UTC to its tariff, its period and its zone."""
        home, day = self.household, self.household.billing_day
        steps: dict[str, object] = {
            "local - UTC": f"=LOOKUP(A{row}*24+B{row},Clock!$D$4:$D$6,Clock!$C$4:$C$6)",
            "local day": f"=INT((A{row}*24+B{row}+C{row})/24)",
            "local hour": f"=MOD(B{row}+C{row},24)",
            "tariff (column)": f"=IF(D{row}>=Tariff!$D$4,2,1)",
            "period from": f"=DATE(YEAR(D{row}),MONTH(D{row})-IF(DAY(D{row})<{day},1,0),{day})",
        }
        if "{free}" in home.zone:
            steps["free day"] = f"=IF(OR(WEEKDAY(D{row},2)>=6,COUNTIF(Clock!$A$10:$A$17,D{row})>0),1,0)"
        if home.zone:
            steps["zone"] = home.zone.format(day=f"D{row}", hour=f"E{row}", free=f"{self.column.get('free day', '')}{row}")
        return steps

    def fed_in(self, row: int) -> dict[str, object]:
        """The steps of a household with photovoltaics: balanced within the hour, priced by the hour."""
        cell = {head: f"{name}{row}" for head, name in self.column.items()}
        return {
            "export Wh": f"={cell['export register']}-{self.column['export register']}{row - 1}",
            "import - export": f"={cell['import Wh']}-{cell['export Wh']}",
            "billed import Wh": f"=MAX({cell['import - export']},0)",
            "billed export Wh": f"=MAX(0-{cell['import - export']},0)",
            "PLN/kWh": f"=AVERAGE({cell['q1']}:{cell['q4']})/1000",
            "not below 0": f"=MAX({cell['PLN/kWh']},0)",
            "earned PLN": f"={cell['billed export Wh']}/1000*{cell['not below 0']}*{self.factor}",
            "buying PLN/kWh": f"=IF({cell['tariff (column)']}=2,MAX({cell['PLN/kWh']}+{self.plus},0),{self.prices['energy', 0, 0]})",
            "energy PLN": f"={cell['billed import Wh']}/1000*{cell['buying PLN/kWh']}",
        }

    def range(self, head: str) -> str:
        """The hours' cells of a column."""
        return f"Hours!${self.column[head]}${FIRST_ROW}:${self.column[head]}${self.last}"

    def lines(self) -> None:
        """The lines of the bills: a period, a tariff in force, a component, and a zone where the price is by zone."""
        home = self.household
        sheet = self.sheet(
            "Lines",
            "A line is a tariff in force, a component, and a zone where the price is by zone. Each line is rounded half up to 0.01.",
            "Per kWh: kWh x price. By the hour: the sum of the hours' amounts. Per month: fee x hours in force / hours of the period.",
        )
        self.row(sheet, 4, ["period from", "tariff", "component", "zone", "hours in force", "hours of the period", "kWh", "price or fee", "net, exact", "net"], bold=True)  # fmt: skip
        row, all_periods = 5, periods(home)
        billed = "billed import Wh" if home.solar else "import Wh"
        ends = [*all_periods[1:], home.end]
        for period, end in zip(all_periods, ends, strict=True):
            for place, section in enumerate(self.sections):
                following = self.sections[place + 1]["from"] if place + 1 < len(self.sections) else dt.date.max
                if section["from"] >= end or following <= period:
                    continue
                for (component, zone, of), cell in self.prices.items():
                    if of != place:
                        continue
                    where = f"{self.range('period from')},A{row},{self.range('tariff (column)')},B{row}"
                    kwh: object = ""
                    if component in PER_MONTH:
                        exact = f"=H{row}*E{row}/F{row}"
                    elif home.solar and component == "energy" and place == 1:
                        kwh, exact = f"=SUMIFS({self.range(billed)},{where})/1000", f"=SUMIFS({self.range('energy PLN')},{where})"
                    else:
                        of_zone = f",{self.range('zone')},D{row}" if zone else ""
                        kwh, exact = f"=SUMIFS({self.range(billed)},{where}{of_zone})/1000", f"=G{row}*H{row}"
                    hours = [f"=COUNTIFS({where})", f"=COUNTIFS({self.range('period from')},A{row})"]
                    self.row(sheet, row, [period, place + 1, component, zone or "", *hours, kwh, f"={cell}", exact, f"=ROUND(I{row},2)"])
                    row += 1
        self.lines_end = row - 1
        sheet.column_dimensions["A"].width = 12
        sheet.column_dimensions["C"].width = 18

    def bill(self) -> None:
        """A row a period: sums of the lines, VAT, deposit; and the same sums of the exact amounts."""
        home = self.household
        sheet = self.sheet(
            "Bill",
            "VAT: 23 % of the sum of the rounded net amounts, rounded. energy_gross: the energy with its VAT, all that a deposit may pay.",
            "A deposit begins with what earlier periods left; what a period earned may pay from the next one on.",
            "Columns whose name ends in _exact are the sums before rounding: what the hours of electricity_cost add up to.",
        )
        heads = ["period", *PER_KWH, *PER_MONTH, "vat", "total", "energy_gross", "earned", "deposit_before", "deposit_used", "deposit_after", "to_pay",
                 "import_wh", "export_wh", "billed_import_wh", "billed_export_wh", "t1_wh", "t2_wh", "hours"]  # fmt: skip
        heads += [f"{component}_exact" for component in (*PER_KWH, *PER_MONTH, "vat", "total", "earned")]
        self.row(sheet, 5, heads, bold=True)
        at = {head: letter(place) for place, head in enumerate(heads, 1)}
        rate = "Tariff!$C$5/100"
        for row, period in enumerate(periods(home), 6):
            cell = {head: f"{name}{row}" for head, name in at.items()}
            of_period = f"{self.range('period from')},$A{row}"

            def sums(column: str, component: str, row: int = row) -> str:
                of = f'Lines!$A$5:$A${self.lines_end},$A{row},Lines!$C$5:$C${self.lines_end},"{component}"'
                return f"=SUMIFS(Lines!${column}$5:${column}${self.lines_end},{of})"

            def energy(head: str, more: str = "", of_period: str = of_period) -> str:
                return f"=SUMIFS({self.range(head)},{of_period}{more})"

            billed = "billed import Wh" if home.solar else "import Wh"
            net, exact = f"{cell['energy']}:{cell['other_fee']}", f"{cell['energy_exact']}:{cell['other_fee_exact']}"
            values: dict[str, object] = {
                "period": period,
                **{component: sums("J", component) for component in (*PER_KWH, *PER_MONTH)},
                "vat": f"=ROUND(SUM({net})*{rate},2)",
                "total": f"=ROUND(SUM({net})+{cell['vat']},2)",
                "energy_gross": f"=ROUND({cell['energy']}*(1+{rate}),2)",
                "earned": f"=ROUND({cell['earned_exact']},2)",
                "deposit_before": f"={at['deposit_after']}{row - 1}" if row > 6 else 0,
                "deposit_used": f"=MIN({cell['deposit_before']},{cell['energy_gross']})",
                "deposit_after": f"=ROUND({cell['deposit_before']}-{cell['deposit_used']}+{cell['earned']},2)",
                "to_pay": f"=ROUND({cell['total']}-{cell['deposit_used']},2)",
                "import_wh": energy("import Wh"),
                "export_wh": energy("export Wh") if home.solar else 0,
                "billed_import_wh": energy(billed),
                "billed_export_wh": energy("billed export Wh") if home.solar else 0,
                "t1_wh": energy(billed, f",{self.range('zone')},1" if home.zone else ""),
                "t2_wh": energy(billed, f",{self.range('zone')},2") if home.zone else 0,
                "hours": f"=COUNTIFS({of_period})",
                **{f"{component}_exact": sums("I", component) for component in (*PER_KWH, *PER_MONTH)},
                "vat_exact": f"=SUM({exact})*{rate}",
                "total_exact": f"=SUM({exact})+{cell['vat_exact']}",
                "earned_exact": energy("earned PLN") if home.solar else 0,
            }
            self.row(sheet, row, [values[head] for head in heads])
        sheet.column_dimensions["A"].width = 12
        sheet.freeze_panes = "B6"

    def written(self) -> Workbook:
        """The whole book."""
        about = self.sheet("About")
        for row, text in enumerate((
            f"{self.household.name}: {self.household.says}.",
            "Loads, prices and the meter are invented. The calculation is made from the rules of the documentation, without the program.",
            "Read it from left to right: Tariff and Clock (given), Hours (a row an hour), Lines (what a bill lists), Bill (a row a period).",
            "Every cell that is not given is a formula. README.md in this folder says how the sheet was made.",
        ), 1):  # fmt: skip
            about.cell(row, 1, text)
        self.tariff()
        self.clock()
        self.hours()
        self.lines()
        self.bill()
        return self.book


def squeezed(source: Path, target: Path) -> None:
    """Copy a sheet, as small as can be, without the time at which it was made."""
    with zipfile.ZipFile(source) as computed, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as small:
        for name in sorted(computed.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            content = computed.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"<dcterms:(created|modified).*?</dcterms:\1>", b"", content)
            small.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)


def main() -> None:
    """Make all four."""
    with tempfile.TemporaryDirectory() as folder:
        for household in HOUSEHOLDS:
            path, computed = Path(folder) / f"{household.name}.xlsx", Path(folder) / "computed"
            Book(household).written().save(path)
            subprocess.run(
                ["soffice", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(computed), str(path)],
                check=True,
                timeout=300,
            )
            squeezed(computed / path.name, HERE / path.name)
    with (HERE / "expected.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["household", "period", "component", "amount"])
        for household in HOUSEHOLDS:
            rows.writerows([household.name, *row] for row in workbook.bills(HERE / f"{household.name}.xlsx"))


if __name__ == "__main__":
    main()
