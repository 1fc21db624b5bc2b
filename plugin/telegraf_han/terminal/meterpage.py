"""Turns the data of the meters into a page: either one meter in detail, or all meters in one row each.

All meters have a head that stays: the names of the columns, and a row with the sum of the power and the number of meters that are read
well. Below it the rows scroll, so that the chosen meter is always visible. Only rows that are visible get a chart, because a building may
have a thousand meters.

On a meter's page the most useful blocks come first. A block is left out if the meter sends nothing for it, because meters differ: one has a
limiter, one has three phases, one sends two registers by radio. A value that no block shows is on the page of all readings. Numbers are
written as on the meter's own display: registers in kilo-units with all digits, powers in whole watts.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from telegraf_han.clock import rfc3339
from telegraf_han.decoding.meters import MeterState
from telegraf_han.inspection.recent import EXPORT, IMPORT, Recent, number
from telegraf_han.telegram import Value
from telegraf_han.terminal.text import Line, Piece, Role, Style, View, bars, cells, clipped, folded, lines, padded, remarked, table, wrapped

_NS: Final = 1_000_000_000
MARGIN: Final = 2
SPANS_S: Final = (120.0, 600.0, 3600.0)
"""Time spans of the chart. They show what was switched on just now, the cooking of a meal, a load of washing."""
CHART_ROWS: Final = 2
"""Two rows give sixteen steps. With export below import, a page of 24 rows still has room for the registers."""
NARROWEST: Final = 10
"""Columns of a chart at least. A narrower chart shows nothing."""
_STATES: Final[dict[str, Role]] = {"ok": "good", "silent": "warn", "noise": "warn", "away": "warn"}
"""Every other state is bad."""
_MEANING: Final = {
    "silent": "no telegram was read: if no errors are counted, is the interface switched on, the cable plugged in, the meter in range?",
    "noise": "bytes arrive, but no whole telegram: cable, inversion, line settings or a weak signal",
    "wrong_key": "telegrams arrive whole, but the key does not open them: telegraf-han keys finds out why",
    "bad_key_file": "a key is not there or is no key: telegraf-han check says why",
    "away": "the plugin that reads this meter has ended",
    "port_missing": "the port is not there or cannot be opened; telegraf-han keeps trying",
}
_PHASES: Final = ("l1", "l2", "l3")
_MEASURED: Final = (
    # head, field of a phase, unit, digits behind the point
    ("V", "voltage_{}_v", 1),
    ("A", "current_{}_a", 2),
    ("W import", "active_power_import_{}_w", 0),
    ("W export", "active_power_export_{}_w", 0),
    ("power factor", "power_factor_{}", 3),
)
_WHOLE: Final = (("frequency", "frequency_hz", "Hz", 2), ("power factor", "power_factor", "", 3), ("neutral", "current_neutral_a", "A", 2))
_REGISTERS: Final = (
    ("import", "active_energy_import", "wh"),
    ("export", "active_energy_export", "wh"),
    ("reactive import", "reactive_energy_import", "varh"),
    ("reactive export", "reactive_energy_export", "varh"),
    ("reactive Q1", "reactive_energy_q1", "varh"),
    ("reactive Q2", "reactive_energy_q2", "varh"),
    ("reactive Q3", "reactive_energy_q3", "varh"),
    ("reactive Q4", "reactive_energy_q4", "varh"),
)
_UNITS: Final = {"wh": "kWh", "varh": "kvarh"}
_TARIFFS: Final = ("", "_t1", "_t2", "_t3", "_t4")
_LIMITER: Final = (
    ("active", "limiter_threshold_active_w", " W"),
    ("normal", "limiter_threshold_normal_w", " W"),
    ("emergency", "limiter_threshold_emergency_w", " W"),
    ("mode", "limiter_mode", ""),
    ("DSM 1", "dsm_threshold_1_w", " W"),
    ("DSM 2", "dsm_threshold_2_w", " W"),
)
_KEYS_ONE: Final = "q quit  a all readings  t time span  up/down scroll"
_KEYS_MORE: Final = "q quit  o overview  left/right meter  a all readings  t time  up/down scroll"
_KEYS_OVERVIEW: Final = "q quit  up/down choose a meter  Enter opens it  t time span"
_NAME_LIMIT: Final = 24
"""Columns of a meter's name in the overview. Its own page has the whole name."""


class Choice(NamedTuple):
    """The part of the data that the user chose."""

    kind: str = "meter"
    """`meter`, `readings` or `overview`."""
    meter: int = 0
    span: int = 0
    """Index in SPANS_S."""


class Scene(NamedTuple):
    """All data of a page."""

    recent: Recent
    choice: Choice
    look: Style
    now_ns: int
    steady_ns: int
    place: str = ""
    """Where the data comes from, for the title."""

    @property
    def meter(self) -> MeterState:
        """The chosen meter."""
        return list(self.recent.meters.values())[self.choice.meter]

    @property
    def name(self) -> str:
        """Its name."""
        return self.meter.config.name


class Page(NamedTuple):
    """A page that is ready to be drawn."""

    lines: list[Line]
    top: int
    """The first line of the scrolled part that is visible. It is what the view asked for, as far as that is possible."""


def page(scene: Scene, view: View) -> Page:
    """A page: a title, the part of the body that fits, the log's newest lines, the keys."""
    choice, several = scene.choice, len(scene.recent.meters) > 1
    which = f"  {choice.meter + 1} of {len(scene.recent.meters)}" if several and choice.kind != "overview" else ""
    title = f"telegraf-han watch{which}  {rfc3339(scene.now_ns, scene.meter.config.zone)[11:19]}  {scene.place}"
    remarks = remarked(view.remarks, view.columns)
    if view.rows <= 2 * len(remarks) + MARGIN:
        remarks = []
    room = max(0, view.rows - MARGIN - len(remarks))
    if choice.kind == "overview":
        keys = _KEYS_OVERVIEW
        top = _scrolled(view.top, choice.meter, room - _HEAD_ROWS)
        shown = _overview(scene, view.columns, range(top, top + max(1, room - _HEAD_ROWS)))
        shown = [*shown[: max(0, min(_HEAD_ROWS, room - 1))], *shown[_HEAD_ROWS:]][:room]
    else:
        keys = _KEYS_MORE if several else _KEYS_ONE
        inside = _meter(scene, view.columns) if choice.kind == "meter" else _readings(scene, view.columns)
        top = max(0, min(view.top, len(inside) - room))
        shown = inside[top : top + room]
    filler: list[Line] = [[]] * (room - len(shown))
    return Page([*lines([padded(title, view.columns)], "title"), *shown, *filler, *remarks, *lines([keys], "dim")], top)


def _scrolled(top: int, chosen: int, room: int) -> int:
    """The first row that is visible, so that the chosen row is visible, too."""
    return max(0, chosen - max(1, room) + 1, min(top, chosen))


def _meter(scene: Scene, columns: int) -> list[Line]:
    fields = scene.recent.fields[scene.name]
    blocks = (
        _head(scene, columns),
        _power(scene, columns),
        _phases(fields),
        _registers(fields, columns),
        _limiter(fields, columns),
        _message(fields),
        _link(scene.meter, columns),
    )
    return [line for block in blocks if block for line in (*block, [])][:-1]


def _state(scene: Scene, meter: MeterState) -> tuple[str, Role, str]:
    """The state of the reading: a word, its role, and what the word means."""
    state = scene.recent.state(meter.config.name, scene.steady_ns)
    if state == "silent" and not meter.telegrams:
        return "waiting", "dim", "nothing heard yet; by radio this may take some minutes"
    return state.replace("_", " "), _STATES.get(state, "bad"), _MEANING.get(state, "")


def _age(meter: MeterState, steady_ns: int) -> str:
    return "" if meter.good_ns is None else f"{max(0, steady_ns - meter.good_ns) / _NS:.0f} s ago"


def _signal(meter: MeterState) -> str:
    return "" if meter.rssi_dbm is None else f"{meter.rssi_dbm:.0f} dBm"


def _head(scene: Scene, columns: int) -> list[Line]:
    """The name of the meter, and the state of its reading."""
    meter, telegram = scene.meter, scene.meter.newest
    who, proof = [meter.config.name, meter.config.interface], ""
    if telegram is not None:
        who += [telegram.model, telegram.serial]
        proof = "verified" if telegram.verified else "not verified"
    word, role, meaning = _state(scene, meter)
    said = "  ".join(filter(None, (proof, _age(meter, scene.steady_ns), _signal(meter))))
    first: Line = [("  ".join(filter(None, who)), "strong"), ("  ", ""), (word, role), (f"  {said}", "")]
    return [*folded(first, columns), *lines(filter(None, [meaning]), role)]


def _power(scene: Scene, columns: int) -> list[Line]:
    """Power now, and a chart of it: import and, if there is any, export."""
    fields = scene.recent.fields[scene.name]
    if IMPORT not in fields and EXPORT not in fields:
        return []
    span_s = SPANS_S[scene.choice.span]
    chart = scene.recent.columns(scene.name, max(NARROWEST, columns), span_s, scene.steady_ns)
    points = [point for point in chart if point is not None]
    import_w, export_w = number(fields.get(IMPORT)), number(fields.get(EXPORT))
    top_w = max([1.0, import_w, export_w, *(max(point.import_w, point.export_w) for point in points)])
    now: Line = [
        ("import ", ""),
        (f"{_grouped(import_w)} W", "strong"),
        ("   export ", ""),
        (f"{_grouped(export_w)} W", "strong"),
        (f"   last {span_s / 60:.0f} min, top {_grouped(top_w)} W", "dim"),
    ]
    drawn = [*folded(now, columns), *_limit(scene, import_w)]
    drawn += lines(bars([point and point.import_w for point in chart], top_w, scene.look, CHART_ROWS), "warn")
    if any(point.export_w for point in points):
        drawn += lines(bars([point and point.export_w for point in chart], top_w, scene.look, CHART_ROWS), "good")
    return drawn


def _limit(scene: Scene, import_w: float) -> list[Line]:
    """The limit that the configuration sets, if it sets one."""
    limit_w = dict(scene.meter.config.limits).get("active_power_import_w")
    if not limit_w:
        return []
    role: Role = "bad" if import_w > limit_w else "dim"
    return lines([f"{import_w / limit_w:.0%} of the limit of {_grouped(limit_w)} W"], role)


def _phases(fields: Mapping[str, Value]) -> list[Line]:
    """A row per phase and a column per quantity. Below are quantities that are not measured per phase."""
    heads = [row for row in _MEASURED if any(row[1].format(phase) in fields for phase in _PHASES)]
    phases = [phase for phase in _PHASES if any(row[1].format(phase) in fields for row in heads)]
    rows = [["", *(head for head, _, _ in heads)]]
    rows += [[phase.upper(), *(_number(fields.get(field.format(phase)), digits) for _, field, digits in heads)] for phase in phases]
    said = [f"{name} {_number(fields[field], digits)} {unit}".rstrip() for name, field, unit, digits in _WHOLE if field in fields]
    return [*_aligned(rows if phases else [], range(1, len(rows[0]))), *lines(filter(None, ["   ".join(said)]))]


def _registers(fields: Mapping[str, Value], columns: int) -> list[Line]:
    """A row per register and a column per tariff zone. If that is too wide, each value has its own row.

    Zones that never counted are left out.
    """
    there = [row for row in _REGISTERS if f"{row[1]}_{row[2]}" in fields]
    there = [row for row in there if row is there[0] or any(fields.get(f"{row[1]}{tariff}_{row[2]}") for tariff in _TARIFFS)]
    tariffs = [tariff for tariff in _TARIFFS if not tariff or any(fields.get(f"{name}{tariff}_{unit}") for _, name, unit in there)]
    zones = {tariff: tariff[1:].upper() or "total" for tariff in tariffs}
    rows = [["", *zones.values(), ""]] if there else []
    for head, name, unit in there:
        rows.append([head, *(_kilo(fields.get(f"{name}{tariff}_{unit}")) for tariff in tariffs), _UNITS[unit]])
    drawn = _aligned(rows, range(1, len(tariffs) + 1))
    if all(cells(line[0][0]) <= columns for line in drawn):
        return drawn
    each = [(f"{row[0]} {zone}", cell, row[-1]) for row in rows[1:] for zone, cell in zip(zones.values(), row[1:-1], strict=True)]
    return _aligned([row for row in each if row[1]], range(1, 2))


def _limiter(fields: Mapping[str, Value], columns: int) -> list[Line]:
    said = [f"{name} {_number(fields[field], 0)}{unit}" for name, field, unit in _LIMITER if fields.get(field) is not None]
    return lines(wrapped([f"limiter  {said[0]}", *said[1:]], columns, indent="         ")) if said else []


def _message(fields: Mapping[str, Value]) -> list[Line]:
    said = fields.get("message")
    return lines([f"message of the operator: {said}"], "strong") if said else []


def _link(meter: MeterState, columns: int) -> list[Line]:
    """How well the meter is heard, and how much was lost by which cause."""
    counted = [("telegrams", meter.telegrams), ("decoded", meter.decoded), ("repeated", meter.duplicates), ("unverified", meter.unverified)]
    heard = [f"{word} {count}" for word, count in counted]
    if meter.clock_offset_s is not None:
        heard.append(f"clock {round(meter.clock_offset_s):+d} s")
    errors = [f"{cause} {count}" for cause, count in meter.errors.items() if count]
    said = wrapped([f"errors  {errors[0]}", *errors[1:]], columns, indent="        ") if errors else []
    return [*lines(wrapped(heard, columns)), *lines(said, "bad"), *lines([] if errors else ["no errors"], "dim")]


def _readings(scene: Scene, columns: int) -> list[Line]:
    """All readings of the newest telegram."""
    telegram = scene.meter.newest
    if telegram is None:
        return _head(scene, columns)
    rows = [
        [reading.obis or reading.record or "", reading.name, "" if reading.value is None else str(reading.value), reading.unit]
        for reading in telegram.readings()
    ]
    return [*_head(scene, columns), [], *(lines("  ".join(row).rstrip() for row in table(rows, (2,))))]


def _overview(scene: Scene, columns: int, visible: range) -> list[Line]:
    """The head, and the visible rows: one per meter, with a small chart if there is room."""
    meters = list(scene.recent.meters.values())
    states = [_state(scene, meter)[:2] for meter in meters]
    rows = [_HEAD, _sum(scene, meters, states)]
    for place, (meter, (word, _)) in enumerate(zip(meters, states, strict=True), 1):
        fields, name = scene.recent.fields[meter.config.name], clipped(meter.config.name, _NAME_LIMIT)
        row = [str(place), name, word, _number(fields.get(IMPORT), 0), _number(fields.get(EXPORT), 0)]
        rows.append([*row, _kilo(fields.get("active_energy_import_wh")), _age(meter, scene.steady_ns).removesuffix(" ago"), _signal(meter)])
    aligned = table(rows, _OVERVIEW_RIGHT)
    room = columns - len("  ".join(aligned[0])) - MARGIN
    well: Role = "strong" if all(word == "ok" for word, _ in states) else "warn"
    drawn = [*lines(["  ".join(aligned[0])], "strong"), *_row(aligned[1], well, "strong")]
    for place in visible:
        if place >= len(meters):
            break
        row, chart = aligned[place + _HEAD_ROWS], _small_chart(scene, meters[place].config.name, room)
        if place == scene.choice.meter:
            drawn += lines([padded("  ".join(row) + chart[0], columns)], "title")
        else:
            drawn += [[*_row(row, states[place][1])[0], chart]]
    return drawn


def _row(row: Sequence[str], state: Role, other: Role = "") -> list[Line]:
    """A row whose state has its own role."""
    before, after = "  ".join(row[:_STATE_AT]), "  ".join(row[_STATE_AT + 1 :])
    return [[(f"{before}  ", other), (row[_STATE_AT], state), (f"  {after}", other)]]


def _sum(scene: Scene, meters: Sequence[MeterState], states: Sequence[tuple[str, Role]]) -> list[str]:
    """The row of all meters. Only meters that are read well have a power of now."""
    well = [meter.config.name for meter, (word, _) in zip(meters, states, strict=True) if word == "ok"]
    powers_w = [sum(number(scene.recent.fields[name].get(field)) for name in well) for field in (IMPORT, EXPORT)]
    word = f"{len(well)} ok" if len(well) == len(meters) else f"{len(well)} ok, {len(meters) - len(well)} not"
    return ["", f"all {len(meters)}", word, *(_grouped(power_w) for power_w in powers_w), "", "", ""]


def _small_chart(scene: Scene, name: str, room: int) -> Piece:
    if room < NARROWEST:
        return ("", "")
    chart = scene.recent.columns(name, room, SPANS_S[scene.choice.span], scene.steady_ns)
    values = [point and point.import_w for point in chart]
    return ("  " + bars(values, max([1.0, *filter(None, values)]), scene.look)[0], "warn")


def _aligned(rows: Sequence[Sequence[str]], right: range) -> list[Line]:
    """A table; the columns of numbers end at their right edge."""
    return lines("  ".join(cells).rstrip() for cells in table(rows, right))


def _number(value: Value, digits: int) -> str:
    """A number with `digits` digits behind the point, or "" if the value is no number."""
    return f"{value:,.{digits}f}".replace(",", " ") if isinstance(value, int | float) else ""


def _grouped(value: float) -> str:
    return _number(value, 0)


def _kilo(value: Value) -> str:
    """A register in kilo-units with all its digits."""
    return _number(value / 1000, 3) if isinstance(value, int | float) else ""


_HEAD: Final = ["", "meter", "state", "import W", "export W", "kWh", "age", "signal"]
_HEAD_ROWS: Final = 2
"""The names of the columns, and the sum."""
_STATE_AT: Final = 2
_OVERVIEW_RIGHT: Final = (0, 3, 4, 5, 6, 7)
