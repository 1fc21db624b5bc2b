"""Makes line protocol of household days without the simulator: figures that can be computed by hand, and millions of lines fast.

`Steady` is for known answers: the power of its meter is a whole number of W in each five minutes, so every register is exact. `year` is
for speed: one telegram per second with the fields of a three-phase meter. It is in closed form (nothing is accumulated), so several
processes can make days in any order.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

WARSAW: Final = ZoneInfo("Europe/Warsaw")
WINDOW_S: Final = 300
DAY_S: Final = 86_400
CHEAP: Final = frozenset({22, 23, 0, 1, 2, 3, 4, 5, 13, 14})
"""Local hours of tariff zone 2."""


def local(text: str) -> int:
    """UTC seconds of a wall-clock time in Warsaw, `2026-03-29 00:00`. If the time comes twice, it is the first."""
    return int(datetime.fromisoformat(text).replace(tzinfo=WARSAW).timestamp())


def wall(utc_s: int) -> datetime:
    """Warsaw's wall clock."""
    return datetime.fromtimestamp(utc_s, UTC).astimezone(WARSAW)


def line(measurement: str, tags: dict[str, str], fields: dict[str, float | str], utc_s: int) -> str:
    """One line; tags and names here need no escapes."""
    head = ",".join([measurement, *(f"{name}={value}" for name, value in sorted(tags.items()))])
    body = ",".join(f'{name}="{value}"' if isinstance(value, str) else f"{name}={value}" for name, value in fields.items())
    return f"{head} {body} {utc_s}000000000"


class Power(NamedTuple):
    """The power in five minutes, W. Multiples of 12 give whole Wh."""

    import_w: int = 0
    export_w: int = 0


class Steady(NamedTuple):
    """A meter from one time to another, in steps of five minutes."""

    begin_s: int
    end_s: int
    power: Callable[[int], Power]
    """Of the window that begins at a UTC second."""
    meter: str = "home"
    serial: str = "30000001"
    model: str = "MA309M"
    interface: str = "p1"
    import_wh: int = 1_000_000
    """Register at the beginning, all of it in zone 1."""
    export_wh: int = 500_000
    silent: Callable[[int], bool] = lambda _: False
    """Windows of which nothing was heard."""

    def tags(self) -> dict[str, str]:
        """Tags of its lines."""
        return {"interface": self.interface, "meter": self.meter, "model": self.model, "serial": self.serial}

    def windows(self) -> Iterator[str]:
        """The down-sampled lines, with the time of the window's start and the registers of its end."""
        taken, given = [self.import_wh, self.import_wh, 0], self.export_wh
        for utc_s in range(self.begin_s, self.end_s, WINDOW_S):
            power = self.power(utc_s)
            taken[0] += power.import_w // 12
            taken[2 if wall(utc_s).hour in CHEAP else 1] += power.import_w // 12
            given += power.export_w // 12
            if not self.silent(utc_s):
                yield line("electricity", self.tags(), self.said(power, taken, given), utc_s)

    @staticmethod
    def said(power: Power, taken: list[int], given: int) -> dict[str, float | str]:
        """The registers and the power of the window."""
        return {
            "active_energy_import_wh": taken[0],
            "active_energy_import_t1_wh": taken[1],
            "active_energy_import_t2_wh": taken[2],
            "active_energy_export_wh": given,
            "active_energy_export_t1_wh": given,
            "active_power_import_w": power.import_w,
            "active_power_export_w": power.export_w,
        }


# --- settled hours and bills, as `telegraf-han bill` writes them ---

PER_KWH: Final = ("energy", "distribution", "quality", "renewables", "cogeneration", "other")
PER_MONTH: Final = ("trade_fee", "network_fee", "transitional_fee", "subscription_fee", "capacity_fee", "other_fee")
COMPONENTS: Final = PER_KWH + PER_MONTH
_ENERGY: Final = (
    *("import_wh", "export_wh", "billed_import_wh", "billed_export_wh", "t1_wh", "t2_wh", "t3_wh", "t4_wh"),
    *("produced_wh", "self_used_wh", "estimated_wh", "unpriced_wh"),
)
COST_FIELDS: Final = (*COMPONENTS, "vat", "total", "earned", *_ENERGY)
"""Fields of an hour in `electricity_cost`. All of them are always there."""
_DEPOSIT: Final = (
    *("energy_gross", "deposit_before", "deposit_used", "deposit_paid_back", "deposit_lost", "deposit_after"),
    *("offset_wh", "credit", "to_pay"),
)
BILL_FIELDS: Final = (*COST_FIELDS, *_DEPOSIT, "until_s", "hours_settled", "hours")
"""Fields of a billing period in `electricity_bill` that are always there."""
FORECAST: Final = ("forecast_to_pay", "forecast_wh")
"""Not there if there is too little data to forecast."""


def _complete(fields: Mapping[str, float], names: Iterable[str]) -> dict[str, float | str]:
    """All names, 0 for those not given. `total` is by default the sum of the components and VAT, and billed energy the imported."""
    known = dict.fromkeys(names, 0.0) | fields
    imported, exported = known["import_wh"], known["export_wh"]
    known |= {
        "billed_import_wh": imported,
        "billed_export_wh": exported,
        "t1_wh": imported - sum(known[f"t{zone}_wh"] for zone in (2, 3, 4)),
    }
    known |= {"total": sum(known[name] for name in COMPONENTS) + known["vat"]}
    return {**known, **fields}


def cost(utc_s: int, meter: str = "home", tariff: str = "own", **fields: float) -> str:
    """A settled hour that began at a time."""
    return line("electricity_cost", {"meter": meter, "tariff": tariff}, _complete(fields, COST_FIELDS), utc_s)


def bill(
    begin_s: int, until_s: int, meter: str = "home", tariff: str = "own", name: str = "G12", currency: str = "PLN", **fields: float
) -> str:
    """A billing period. `to_pay` is by default the total without what the deposit pays. It is over unless `hours_settled` says otherwise."""
    hours = (until_s - begin_s) / 3600
    known = _complete({"until_s": until_s, "hours": hours, "hours_settled": hours, **fields}, BILL_FIELDS)
    if "to_pay" not in fields:
        known["to_pay"] = float(known["total"]) - float(known["deposit_used"]) - float(known["credit"])
    extra = {name: value for name, value in fields.items() if name in FORECAST}
    if not extra and known["hours_settled"] == hours:
        extra = {"forecast_to_pay": float(known["to_pay"]), "forecast_wh": float(known["import_wh"])}
    texts = {"name": name, "currency": currency, "period": f"{wall(begin_s):%Y-%m}"}
    return line("electricity_bill", {"meter": meter, "tariff": tariff}, {**known, **extra, **texts}, begin_s)


def costs(begin_s: int, end_s: int, hour: Callable[[int], Mapping[str, float]], meter: str = "home", tariff: str = "own") -> Iterator[str]:
    """The settled hours from one time to another; `hour` gives the fields of the one that begins at a UTC second."""
    for utc_s in range(begin_s, end_s, 3600):
        yield cost(utc_s, meter, tariff, **hour(utc_s))


def months(begin_s: int, end_s: int) -> Iterator[tuple[int, int]]:
    """Begin and end of every calendar month in Warsaw that has begun between two times."""
    first = wall(begin_s)
    number = first.year * 12 + first.month - 1
    while (begin := _first_of(number)) < end_s:
        if begin >= begin_s or number == first.year * 12 + first.month - 1:
            yield begin, _first_of(number + 1)
        number += 1


def _first_of(number: int) -> int:
    return local(f"{number // 12}-{number % 12 + 1:02}-01 00:00")


def bills(begin_s: int, end_s: int, hour: Callable[[int], Mapping[str, float]], meter: str = "home", tariff: str = "own") -> Iterator[str]:
    """The calendar months of the same hours: sums, not rounded. The forecast of the running month is its cost so far by its share."""
    for begin, until in months(begin_s, end_s):
        fields: dict[str, float] = {}
        settled = range(max(begin, begin_s), min(until, end_s), 3600)
        for utc_s in settled:
            for name, value in hour(utc_s).items():
                fields[name] = fields.get(name, 0.0) + value
        fields["hours_settled"] = len(settled)
        if until > end_s and len(settled) >= 7 * 24:
            whole = (until - begin) / 3600 / len(settled)
            known = _complete(fields, COST_FIELDS)
            fields |= {"forecast_to_pay": float(known["total"]) * whole, "forecast_wh": float(known["import_wh"]) * whole}
        yield bill(begin, until, meter, tariff, **fields)


# --- a year at a telegram a second ---

HEAD: Final = "electricity,interface=p1,meter=home,model=MA309M,serial=30000001 "
_UNUSED: Final = "".join(f"active_energy_{way}_t{zone}_wh=0," for way in ("import", "export") for zone in (3, 4))
_SETTINGS: Final = (
    "limiter_threshold_active_w=11000,limiter_threshold_normal_w=11000,limiter_threshold_emergency_w=5500,"
    "dsm_threshold_1_w=0,dsm_threshold_2_w=0,limiter_mode=3"
)
_FIRST_DAY: Final = 19_000
_BASE_WH: Final = 5_000_000


class _Shape(NamedTuple):
    """A day by seconds: powers, and their sums before each second, Ws. The sums have one value more."""

    import_w: list[int]
    export_w: list[int]
    import_ws: list[int]
    cheap_ws: list[int]
    export_ws: list[int]


@lru_cache(1)
def _shape() -> _Shape:
    taken, given = [], []
    for second in range(DAY_S):
        hour = second / 3600
        load = 180 + (second * 7919) % 41 + (120 if second // 900 % 3 == 0 else 0)
        load += 1500 if 6 <= hour < 8 or 17 <= hour < 22 else 0
        load += 2000 if second // 420 % 11 == 0 and 6 <= hour < 23 else 0
        roof = max(0, int(4200 * (1 - ((hour - 12.5) / 5) ** 2))) if 7 < hour < 18 else 0
        taken.append(max(load - roof, 0))
        given.append(max(roof - load, 0))
    cheap = [watts if second // 3600 in CHEAP else 0 for second, watts in enumerate(taken)]
    return _Shape(taken, given, *(list(accumulate(watts, initial=0)) for watts in (taken, cheap, given)))


def _scale(day: int) -> int:
    """Percent of the shape on that day (since 1970, UTC)."""
    return 100 + (day * 37) % 31 - 15


@lru_cache(1024)
def _registers(day: int) -> tuple[int, int, int]:
    """Import, import in zone 2 and export when a day begins, Wh."""
    shape = _shape()
    percent = sum(_scale(before) for before in range(_FIRST_DAY, day))
    taken, cheap, given = (percent * sums[-1] // 360_000 for sums in (shape.import_ws, shape.cheap_ws, shape.export_ws))
    return _BASE_WH + taken, cheap, given


def _line(day: int, end: int, values: tuple[int, int, int, int], stamp: str) -> str:
    """A telegram with the registers of second `end` of the day. `values` are powers and the steps of voltage and var."""
    shape, percent = _shape(), _scale(day)
    base, base_2, base_out = _registers(day)
    wh = base + shape.import_ws[end] * percent // 360_000
    zone_2 = base_2 + shape.cheap_ws[end] * percent // 360_000
    out = base_out + shape.export_ws[end] * percent // 360_000
    taken, given, step, var = values
    return (
        f"{HEAD}active_energy_import_wh={wh},active_energy_import_t1_wh={wh - zone_2},active_energy_import_t2_wh={zone_2},"
        f"active_energy_export_wh={out},active_energy_export_t1_wh={out},active_energy_export_t2_wh=0,{_UNUSED}"
        f"active_power_import_w={taken},active_power_export_w={given},reactive_power_import_var={var},reactive_power_export_var=0,"
        f"voltage_l1_v={230 + step / 10},voltage_l2_v={231 - step / 10},voltage_l3_v={229.5 + step / 20},{_SETTINGS}{stamp}"
    )


def seconds_of(day: int, every_s: int = 1) -> Iterator[str]:
    """The telegrams of a day (since 1970, UTC)."""
    shape, percent, begin = _shape(), _scale(day), day * DAY_S
    for second in range(0, DAY_S, every_s):
        step = (second * 31 + day) % 97 - 48
        taken, given = shape.import_w[second] * percent // 100, shape.export_w[second] * percent // 100
        yield _line(day, second, (taken, given, step, taken // 4), f" {begin + second}000000000")


def windows_of(day: int) -> Iterator[str]:
    """The down-sampled points of a day."""
    shape, percent, begin = _shape(), _scale(day), day * DAY_S
    for second in range(0, DAY_S, WINDOW_S):
        end = second + WINDOW_S
        taken = (shape.import_ws[end] - shape.import_ws[second]) * percent // 100 // WINDOW_S
        given = (shape.export_ws[end] - shape.export_ws[second]) * percent // 100 // WINDOW_S
        extremes = ",".join(
            f"{name}_{kind}={value}"
            for name, low, high in (
                ("active_power_import_w", min(shape.import_w[second:end]), max(shape.import_w[second:end])),
                ("voltage_l1_v", 225.3, 234.7),
                ("voltage_l2_v", 226.2, 235.8),
                ("voltage_l3_v", 227.1, 231.9),
            )
            for kind, value in (("min", low), ("max", high))
        )
        step = (second * 31 // WINDOW_S + day) % 97 - 48
        yield _line(day, end, (taken, given, step, taken // 4), f",{extremes} {begin + second}000000000")


def status_of(day: int, meter: str = "home", every_s: int = 10) -> Iterator[str]:
    """Status lines of a day, and the settings every five minutes."""
    for second in range(0, DAY_S, every_s):
        stamp = f"{day * DAY_S + second}000000000"
        heard = day * DAY_S + second
        yield (
            f"electricity_link,interface=p1,meter={meter} telegrams={heard}i,decoded={heard - 3}i,duplicates=0i,unverified=0i,lines_dropped=0i,"
            f"host_stamped=0i,errors_checksum={heard // 5000}i,errors_framing={heard // 90000}i,errors_key=0i,errors_security=0i,errors_records=0i,"
            f'age_s=0.{second % 7},clock_offset_s=-1.{second % 9},state="ok" {stamp}'
        )
        if second % WINDOW_S == 0:
            yield (
                f"electricity_settings,interface=p1,meter={meter} silence_s=180,decode_errors_percent=10,active_power_import_w=6000,"
                "daily_import_wh=25000,voltage_low_v=207,voltage_high_v=253,import_t1_per_kwh=1.22,import_t2_per_kwh=0.74,"
                f'export_t0_per_kwh=0.25,currency="PLN" {stamp}'
            )


def settled_of(day: int, meter: str = "home") -> Iterator[str]:
    """The settled hours of a day (since 1970, UTC)."""
    return costs(day * DAY_S, (day + 1) * DAY_S, _year_hour, meter)


def bills_of(first: int, last: int, meter: str = "home") -> Iterator[str]:
    """The months of the days from one to another."""
    return bills(first * DAY_S, last * DAY_S + DAY_S, _year_hour, meter)


def _year_hour(utc_s: int) -> dict[str, float]:
    """A settled hour of the year, from the same shape as its telegrams."""
    shape, (day, second) = _shape(), divmod(utc_s, DAY_S)
    taken, given = ((sums[second + 3600] - sums[second]) * _scale(day) / 360_000 for sums in (shape.import_ws, shape.export_ws))
    net = {"energy": taken * 0.0007, "distribution": taken * 0.0003, "trade_fee": 0.02}
    return {
        **net,
        "vat": sum(net.values()) * 0.23,
        "earned": given * 0.0003,
        "import_wh": taken,
        "export_wh": given,
        "produced_wh": given * 1.4,
        "self_used_wh": given * 0.4,
        "estimated_wh": taken if day % 30 == 0 else 0.0,
    }


# --- a building of a thousand meters ---


def building(meters: int, utc_s: int, *, end_s: int) -> Iterator[str]:
    """One line per meter at a moment, with the registers of `end_s` seconds later. The use of a flat is proportional to its number."""
    day, second = divmod(utc_s, DAY_S)
    shape = _shape()
    base, base_2, base_out = _registers(day)
    end = second + end_s
    wh, zone_2, out = base + shape.import_ws[end] // 3600, base_2 + shape.cheap_ws[end] // 3600, base_out + shape.export_ws[end] // 3600
    for number in range(meters):
        share = 20 + number % 97
        taken, cheap, given = wh * share // 100, zone_2 * share // 100, out * (number % 5 == 0)
        yield (
            f"electricity,interface=wmbus,meter=flat-{number:04},model=GAMA350,serial=35{number:06} active_energy_import_wh={taken},"
            f"active_energy_import_t1_wh={taken - cheap},active_energy_import_t2_wh={cheap},active_energy_export_wh={given},"
            f"active_power_import_w={shape.import_w[second] * share // 100},active_power_export_w={shape.export_w[second] * (number % 5 == 0)},"
            f"limiter_threshold_active_w=11000,limiter_mode=3 {utc_s}000000000"
        )


def building_status(meters: int, utc_s: int) -> Iterator[str]:
    """One status line per meter. Every fiftieth meter is in trouble."""
    for number in range(meters):
        state = ("ok", "silent", "noise", "wrong_key")[number // 50 % 4 if number % 50 == 0 else 0]
        yield (
            f'electricity_link,interface=wmbus,meter=flat-{number:04} telegrams={utc_s // 60}i,age_s={number % 60},rssi_dbm={-60 - number % 40},state="{state}" '
            f"{utc_s}000000000"
        )


# --- a fleet of sites ---

QUARTER_S: Final = 900
SITE_FIELDS: Final = ("import_wh", "export_wh", "import_w", "export_w", "meters", "not_ok", "errors")
"""Fields of `electricity_site`: sums of a site's meters by quarter of an hour."""


def at_site(site: str, lines: Iterable[str]) -> Iterator[str]:
    """The same lines as the centre of a fleet stores them: with the site from which they came."""
    for text in lines:
        measurement, comma, rest = text.partition(",") if "," in text.split(" ", 1)[0] else text.partition(" ")
        yield f"{measurement},site={site}{comma}{rest}"


def site_sums(site: str, utc_s: int, **fields: float) -> str:
    """A quarter of an hour of a site. Without other words, its mean powers are those of its energy, and all of its meters are well."""
    known = {"import_wh": 0.0, "export_wh": 0.0, "meters": 1.0, "not_ok": 0.0, "errors": 0.0} | fields
    known = {"import_w": known["import_wh"] * 4, "export_w": known["export_wh"] * 4} | known
    return line("electricity_site", {"site": site}, {name: float(value) for name, value in known.items()}, utc_s)


def fleet(sites: int, meters: int, utc_s: int) -> Iterator[str]:
    """A quarter of an hour of many sites with so many meters each. Every 25th site has a meter in trouble."""
    day, second = divmod(utc_s, DAY_S)
    shape = _shape()
    taken, given = ((sums[second + QUARTER_S] - sums[second]) * _scale(day) / 360_000 for sums in (shape.import_ws, shape.export_ws))
    for number in range(sites):
        share = meters * (20 + number % 97) / 100
        yield site_sums(
            f"site-{number:03}",
            utc_s,
            import_wh=taken * share,
            export_wh=given * (number % 5 == 0),
            meters=meters - (number % 25 == 7),
            not_ok=number % 25 == 7,
            errors=second // QUARTER_S % 7 == number % 7,
        )
