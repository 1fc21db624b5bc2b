"""Turns a survey into lines: the page during the scan, and the report with sections to paste at its end.

The most useful columns come first, because a narrow terminal cuts off the last ones. A section to paste is complete except for the key,
which the program does not know. Its name is made from the text printed on the meter. Electricity meters come first, with the strongest at
the top. In a block of flats all meters are heard, and your own meter is mostly the nearest.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from telegraf_han.clock import span
from telegraf_han.inspection.survey import Heard, Survey
from telegraf_han.language import _, counted, marked
from telegraf_han.mbus import devices
from telegraf_han.terminal.text import Line, Piece, Role, View, cells, folded, lines, padded, remarked, table, wrapped

_NS: Final = 1_000_000_000
_KEYS: Final[dict[str, tuple[str, Role]]] = {
    # what the configured key does: word, role
    "unknown": (marked("not tried"), "dim"),
    "opens": (marked("opens"), "good"),
    "wrong": (marked("wrong key"), "bad"),
    "none": (marked("no key"), "warn"),
    "bad": (marked("bad key"), "bad"),
    "plain": (marked("not needed"), "good"),
    "unread": (marked("unread"), "bad"),
}
_NOT_CONFIGURED: Final[tuple[str, Role]] = (marked("new"), "warn")
_HEAD: Final = (
    marked("maker"),
    "id",
    marked("medium"),
    marked("key"),
    marked("name"),
    marked("signal"),
    marked("every"),
    marked("heard"),
    marked("ago"),
    marked("ver"),
    marked("security"),
)
_RIGHT: Final = (5, 6, 7, 8, 9)
_GAPS: Final = ("  ", " ")
"""The gap between two columns: if the table fits, and if it does not."""
_KEY_AT: Final = 3
_FAINTEST_DBM: Final = -200.0
_PATIENCE: Final = marked("Nothing heard yet. Most meters send every 10 to 60 s, some only every few minutes.")
_ADVICE: Final = (
    marked("No meter was heard. Meters send every 10 s to some minutes. Give the scan more time (--time 10m). Then check:"),
    marked("  is the antenna screwed on, made for 868 MHz, and not inside a metal cabinet?"),
    marked("  does the meter send at all? The operator switches the radio on when you apply for it"),
    marked("  are there fewer than two walls between receiver and meter? Try it once right beside the meter"),
)


class Progress(NamedTuple):
    """How far the scan is."""

    now_ns: int
    past_s: float
    whole_s: float | None
    """None if the scan goes on until somebody ends it."""


def page(survey: Survey, progress: Progress, places: Sequence[Piece], view: View) -> list[Line]:
    """The page. `places` says which receivers are read."""
    head: list[Line] = [
        [(padded(title(survey, progress), view.columns), "title")],
        *folded([(_("listening to "), ""), *places], view.columns),
        [],
    ]
    foot = [*remarked(view.remarks, view.columns), *lines([_("q ends and prints sections to paste   up/down scroll")], "dim")]
    heard = sorted(survey.meters_in_range.values(), key=_group)
    body = meters(heard, progress.now_ns, view.columns) if heard else lines(wrapped(_(_PATIENCE).split(" "), view.columns, " "))
    room = max(1, view.rows - len(head) - len(foot))
    first = min(view.top, max(0, len(body) - room))
    shown = [*body[:1], *body[1 + first : first + room]]
    return [*head, *shown, *([[]] * (room - len(shown))), *foot]


def title(survey: Survey, progress: Progress) -> str:
    """The title: the time, and the number of meters and telegrams until now."""
    past = span(progress.past_s)
    parts = (
        "telegraf-han scan",
        past if progress.whole_s is None else _("{past} of {whole}", past=past, whole=span(progress.whole_s)),
        counted("{number} meter", "{number} meters", len(survey.meters_in_range)),
        counted("{number} telegram", "{number} telegrams", survey.frames),
        counted("{number} damaged", "{number} damaged", survey.faults),
    )
    return "  ".join(parts) + " "


def meters(heard: Iterable[Heard], now_ns: int, columns: int | None = None) -> list[Line]:
    """The table of meters, with its head first. Columns that are empty for all meters are left out.

    `columns` is the terminal's width.
    """
    rows = [tuple(map(_, _HEAD)), *(_row(one, now_ns) for one in heard)]
    told = (column for column in zip(*table(rows, _RIGHT), strict=True) if "".join(column[1:]).strip())
    aligned = list(zip(*told, strict=True))
    gap = _GAPS[columns is not None and cells(_GAPS[0].join(aligned[0])) > columns]
    head: Line = [(gap.join(aligned[0]).rstrip(), "strong")]
    return [head, *(_line(row, said[_KEY_AT], gap) for row, said in zip(aligned[1:], rows[1:], strict=True))]


def _line(row: Sequence[str], word: str, gap: str) -> Line:
    """A meter's row. The word that says what its key does has its own colour."""
    before, after = gap.join(row[:_KEY_AT]), gap.join(row[_KEY_AT + 1 :]).rstrip()
    return [(f"{before}{gap}", ""), (row[_KEY_AT], _role(word)), (f"{gap}{after}", "")]


def who(heard: Heard) -> str:
    """A short description of a meter."""
    address = heard.address
    said = [f"{address.manufacturer} {address.id}", devices.device(address.device)]
    said.append(_("version {number:02X}", number=address.version))
    said.append(_("security {mode}", mode=_(heard.security)))
    if heard.strongest_dbm is not None:
        said.append(f"{heard.strongest_dbm:.0f} dBm")
    return ", ".join(said)


def _row(heard: Heard, now_ns: int) -> tuple[str, ...]:
    address = heard.address
    word = (_KEYS[heard.opening] if heard.section is not None else _NOT_CONFIGURED)[0]
    return (
        address.manufacturer,
        address.id,
        devices.device(address.device),
        _(word),
        heard.section.name if heard.section is not None else "",
        "" if heard.rssi_dbm is None else f"{heard.rssi_dbm:.0f} dBm",
        "" if heard.interval_s is None else span(heard.interval_s),
        str(heard.telegrams),
        span(max(0, now_ns - heard.newest_ns) / _NS),
        f"{address.version:02X}",
        _(heard.security),
    )


def _role(word: str) -> Role:
    return next((role for known, role in (*_KEYS.values(), _NOT_CONFIGURED) if _(known) == word), "")


def _group(heard: Heard) -> tuple[bool, bool]:
    """Sort key: configured meters first, then electricity. A group keeps the order in which its meters were heard."""
    return heard.section is None, heard.address.device != devices.ELECTRICITY


def _by_strength(heard: Heard) -> tuple[bool, bool, float, str]:
    return *_group(heard), -(_FAINTEST_DBM if heard.strongest_dbm is None else heard.strongest_dbm), heard.address.id


def report(survey: Survey, progress: Progress, file: str) -> list[Line]:
    """The report at the end: the table, the problems, the meters that are missing, and the sections to paste into `file`.

    With "" as `file` there are no such sections.
    """
    heard = sorted(survey.meters_in_range.values(), key=_by_strength)
    deaf = lines(
        [
            _("{name} could not be listened to. `telegraf-han check` says why", name=name)
            for name, there in survey.ports.items()
            if not there
        ],
        "bad",
    )
    if not heard and deaf and len(deaf) == len(survey.ports):
        return deaf  # no receiver could be read, so advice on the antenna does not help
    lasting = lines([f"{name}: {detail}" for name, detail in survey.lasting.items()], "bad")
    if not heard and lasting:
        return [*lasting, *deaf, *_missing(survey)]  # neither the antenna nor the air is at fault
    if not heard:
        broken = counted(
            "{number} telegram arrived damaged: something sends, but the signal is too weak.",
            "{number} telegrams arrived damaged: something sends, but the signal is too weak.",
            survey.faults,
        )
        return [*lines([broken] if survey.faults else [], "warn"), *lines(map(_, _ADVICE)), *deaf, *_missing(survey)]
    said = [*meters(heard, progress.now_ns), *lasting, *deaf, *_missing(survey), *_troubles(heard)]
    if survey.uncounted:
        further = counted(
            "{number} telegrams of further meters are not listed", "{number} telegrams of further meters are not listed", survey.uncounted
        )
        said.append([(further, "dim")])
    new = list({one.address.id: one for one in reversed(heard) if one.section is None}.values())[::-1]
    if not file:
        return said
    if new:
        said += [[], *lines([_("# Paste your own meters into {file} and give each meter its key:", file=file)], "strong")]
    for one in new:
        said += [[], *lines(section(one))]
    return said


def _missing(survey: Survey) -> list[Line]:
    """Configured meters that were not heard."""
    there = {one.section.name for one in survey.meters_in_range.values() if one.section is not None}
    missing = [(name, state.config.id) for name, state in survey.meters.items() if name not in there]
    return lines([_("{name} ({id}) was not heard", name=name, id=number) for name, number in missing], "warn")


def _troubles(heard: Iterable[Heard]) -> list[Line]:
    return lines([f"{one.section.name}: {one.trouble}" for one in heard if one.section is not None and one.trouble], "bad")


def proposed_name(heard: Heard) -> str:
    """A name for a meter that is not configured: its maker and its id."""
    maker = "".join(filter(str.isalpha, heard.address.manufacturer)).lower() or "meter"
    return f"{maker}-{heard.address.id.lower()}"


def section(heard: Heard) -> list[str]:
    """The [[meter]] section for a meter that is not configured."""
    address, name = heard.address, proposed_name(heard)
    said = [f"[[meter]]  # {who(heard)}", f'name = "{name}"', 'interface = "wmbus"']
    said.append(f'id = "{address.id}"')
    if heard.security != "none":
        said.append(f'key = "file:{name}.key"  # ' + _("a file with its key, 32 hex digits, readable for Telegraf only"))
    return said
