"""Turns a collection of telegrams into findings: one or a few for each meter, in the order of the configuration.

This module also reports causes that are not a wrong key: a line on which telegrams arrive damaged, a port from which nothing comes, or a
number that no meter has.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from telegraf_han.config.sections import MeterConfig
from telegraf_han.errors import Cause, TelegramError
from telegraf_han.inspection.keytrial import cable, exchanges, operator_mail, radio
from telegraf_han.inspection.keytrial.collection import Cable, Collection
from telegraf_han.inspection.keytrial.findings import ASK, Finding, Held, as_written
from telegraf_han.language import _, counted, marked
from telegraf_han.p1 import signal

SEARCHES_LIMIT: Final = 3
"""Telegrams of one source on which a whole search may fail. Each search takes some tenths of a second."""
NAMED_LIMIT: Final = 5
"""How many numbers of other meters a sentence names."""

_CABLE_TODO: Final = marked(
    "check the cable: its plug, a pull-up of 1 to 10 kΩ from data to the meter's 5 V, a common ground, a length of no more than a few "
    "metres. The keys cannot be tried before"
)
_NOISE_TODO: Final = marked(
    "check the inversion: a meter sends inverted data, which a cable made for P1 turns round and a bare USB adapter does not. The line is "
    "115200 8N1 unless `line` says otherwise. `telegraf-han check` says what the bytes look like"
)
_ONE_OF_SOME: Final = marked(
    "other telegrams arrived damaged. This telegram may be damaged, too, because by radio damage does not always show. Try more telegrams "
    "before you write to anybody"
)
_FURTHER: Final = marked("further telegrams")
_STRANGER: Final = marked("each configured key opens telegrams, but there are also telegrams that no configured key opens")
_ONLY_ONE: Final = marked(
    "this is only one telegram, and a line of hex has no checksum. So damage on its way cannot be excluded. Try more telegrams before you "
    "write to anybody"
)
_STRANGER_TODO: Final = marked("nothing, if these telegrams are from another meter. Otherwise ask for help, with `decode --redact`")


class Judged:
    """A finding and the mail that may belong to it."""

    __slots__ = ("finding", "mail", "remark")

    def __init__(self, finding: Finding, mail_text: str = "", remark: str = "") -> None:
        """`remark` is a further sentence for the user."""
        self.finding: Final = finding
        self.mail: Final = mail_text
        self.remark: Final = remark


def all_of(meters: Sequence[MeterConfig], found: Collection, held: Held, today: date) -> list[Judged]:
    """The findings on all meters that were listened to. `today` is the last day that a meter's clock may show."""
    cabled = [meter for meter in meters if meter.interface == "p1"]
    judged = _cables(cabled, found, held, today) if cabled else []
    judged += [one for meter in meters if meter.interface == "wmbus" for one in _of_radio(meter, found, held)]
    findings = exchanges.settled([one.finding for one in judged])
    return [Judged(finding, one.mail, one.remark) for finding, one in zip(findings, judged, strict=True)]


def _cables(meters: Sequence[MeterConfig], found: Collection, held: Held, today: date) -> list[Judged]:
    """The findings on the P1 meters. Telegrams of a capture have the source "" and may be from any meter."""
    names = [meter.name for meter in meters]
    if "" in found.cables:
        return _of_cable(names, found.cables[""], held, today)
    return [one for name in names for one in _of_cable([name], found.cables.get(name, Cable()), held, today)]


def _of_cable(names: list[str], source: Cable, held: Held, today: date) -> list[Judged]:
    """The findings of one source, each once. If one telegram of a meter opens, the meter is not blamed for a telegram that does not."""
    different: dict[tuple[str, str], Judged] = {}
    strangers: list[bytes] = []
    unexplained: Finding | None = None
    heads: set[bytes] = set()
    for telegram in source.kept:
        if (head := cable.head(telegram)) in heads:
            continue  # the same key, nonce and first line: a search would find the same again
        try:
            finding = cable.finding(telegram, names, held, today)
        except TelegramError as error:
            source.faults[error.cause] += 1
            continue
        if finding.verdict == "unknown":
            strangers.append(telegram)
            heads.add(head)
            unexplained = unexplained or finding
            if len(strangers) >= SEARCHES_LIMIT:
                break
            continue
        different.setdefault((finding.meter, finding.what), Judged(finding, "", _besides(source)))
    settled = {meter for meter, _ in different}
    if unexplained and (blamed := [name for name in names if name not in settled]):
        finding = unexplained if blamed == names else cable.finding(strangers[0], blamed, held, today)
        text = operator_mail.of_cable(strangers[0], finding.letter) if len(names) == 1 and finding.letter else ""
        different[finding.meter, finding.what] = Judged(finding, text, _besides(source))
    elif unexplained:
        finding = Finding(_(_FURTHER), "unknown", "another meter", _(_STRANGER), _(_STRANGER_TODO))
        different[finding.meter, finding.what] = Judged(finding)
    return list(different.values()) or [Judged(_nothing_whole(names[0], source))]


def _besides(source: Cable) -> str:
    """A sentence on the damaged telegrams among the whole ones."""
    damaged = source.faults[Cause.CHECKSUM]
    if not damaged:
        return ""
    return _(
        "also, {damaged} of {whole} telegrams arrived damaged. That is noise on the line, which no key changes",
        damaged=damaged,
        whole=damaged + source.telegrams,
    )


def _nothing_whole(name: str, source: Cable) -> Finding:
    damaged = source.faults[Cause.CHECKSUM]
    if damaged:
        said = counted(
            "a telegram arrived, but the CRC at its end says that it is damaged. That is noise on the line, not a wrong key",
            "{number} telegrams arrived, but their CRCs say that all are damaged. That is noise on the line, not a wrong key",
            damaged,
        )
        return Finding(name, "noise", "noise", said, _(_CABLE_TODO))
    if source.named and not signal.is_line_fault(source.named):
        said = _("what arrived is no telegram of a P1 port: {what}. The keys cannot be judged", what=source.named)
        return Finding(name, "unread", "structure", said, _("change no key; {ask}", ask=_(ASK)))
    if source.named:
        said = _("bytes arrived, but there is no telegram among them: {what}", what=source.named)
        return Finding(name, "noise", "no telegram", said, _("do that first. The keys cannot be tried before"))
    if source.faults:
        return Finding(name, "noise", "no telegram", _("bytes arrived, but there is no telegram among them"), _(_NOISE_TODO))
    return Finding(name, "nothing", "nothing", _("nothing arrived"), _("`telegraf-han check` says what is wrong with a port"))


def _of_radio(meter: MeterConfig, found: Collection, held: Held) -> Iterator[Judged]:
    telegrams = found.meters_heard.get(meter.id, [])
    doubtful = bool(found.radio_faults) and len(telegrams) == 1
    finding = radio.finding(telegrams, meter.name, held, doubtful=doubtful) if telegrams else _unheard(meter, found)
    if finding.verdict in ("unknown", "nothing"):
        finding = _strayed(meter, found, held) or finding
    if finding.verdict == "unknown" and doubtful:
        yield Judged(finding, remark=_(_ONE_OF_SOME))
        return
    due = finding.verdict == "unknown" and radio.of_known_meter(telegrams[0])
    yield Judged(
        finding,
        operator_mail.of_radio(telegrams[0]) if due else "",
        _(_ONLY_ONE) if finding.verdict == "unknown" and len(telegrams) == 1 else "",
    )


def _strayed(meter: MeterConfig, found: Collection, held: Held) -> Finding | None:
    """The finding of a key that opens the telegrams of another meter and not of its own meter. None if there is no such meter."""
    own = held.of(meter.name, radio.KEY)
    key = as_written(own, radio.SIZE)
    if key is None:
        return None
    ours = {one.config.id for one in found.meters.values()}
    for number, telegrams in found.meters_heard.items():
        if number not in ours and radio.opens(telegrams, key):
            return radio.strayed(meter.name, meter.id, telegrams[0].meter)
    return None


def _unheard(meter: MeterConfig, found: Collection) -> Finding:
    others = list(found.meters_heard)
    heard, more = ", ".join(others[:NAMED_LIMIT]), len(others) - NAMED_LIMIT
    if not others:
        said = _("no telegram of id {id} was heard, and no other telegram either", id=meter.id)
    elif more > 0:
        said = _("no telegram of id {id} was heard, but telegrams of {heard} and {more} more were", id=meter.id, heard=heard, more=more)
    else:
        said = _("no telegram of id {id} was heard, but telegrams of {heard} were", id=meter.id, heard=heard)
    if found.radio_faults:
        said = f"{said}; " + counted("{number} arrived damaged", "{number} arrived damaged", found.radio_faults)
    todo = _("compare id with the number on the meter. `telegraf-han scan` lists the meters in range")
    if found.radio_faults and not others:
        todo = _("something sends, but the signal is too weak. Move the receiver or its antenna nearer to the meter")
    return Finding(meter.name, "nothing", "not heard", said, todo)
