"""keytrial.judgement: telegrams of one meter are searched once, and a letter is due only about a meter that this program knows."""

from datetime import date

import pytest

import p1telegrams as p1
from keytrials import EK, FOREIGN, frame, unrelated
from telegraf_han.ciphers import aes
from telegraf_han.ciphers.secret import Written
from telegraf_han.config.sections import Config, MeterConfig, Output
from telegraf_han.errors import Cause
from telegraf_han.inspection.keytrial import judgement, openings
from telegraf_han.inspection.keytrial.collection import Collection
from telegraf_han.inspection.keytrial.findings import Held
from telegraf_han.inspection.keytrial.judgement import Judged
from telegraf_han.p1 import signal
from telegraf_han.telegram import Fault, Frame

TODAY = date(2026, 11, 29)


def judged(*telegrams: bytes, key: bytes = FOREIGN) -> list[Judged]:
    """What is found about telegrams of one meter."""
    meter = MeterConfig("home", "p1")
    found = Collection(Config("", Output(), (meter,), ()))
    for telegram in telegrams:
        found.take(Frame("p1", frame(telegram), 0, None), "home")
    return judgement.all_of([meter], found, Held({("home", "encryption_key"): Written(key.hex())}, [meter]), TODAY)


def telegrams(ek: bytes, count: int, **options) -> list[bytes]:
    """Telegrams of some seconds."""
    return [p1.stoen(p1.LINES.replace(b"150553", b"1505%02d" % second), ek=ek, **options) for second in range(count)]


def test_telegrams_of_one_meter_are_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight telegrams with the same nonce cost as much as one."""
    calls: list[int] = []
    real = aes.blocks
    few = len(openings.few(TODAY, "EGM5G35").blocks)

    def counted(key, data: bytes) -> bytes:
        calls.append(len(data))
        return real(key, data)

    monkeypatch.setattr(aes, "blocks", counted)
    (one,) = judged(*telegrams(unrelated(5)[0], 8))

    assert one.finding.letter is not None
    assert calls.count(few) == one.finding.letter.readings
    assert one.mail


def test_no_mail_about_another_meter() -> None:
    """An ident line that is not known, or none: no mail."""
    assert not judged(*telegrams(EK, 2, ident=b"/ISK5\\2M550T-1012\r\n\r\n"))[0].mail
    assert not judged(p1.luxembourg(ek=EK))[0].mail


def test_damage_inside_frames_of_another_line() -> None:
    """A plain telegram in an HDLC frame whose own CRC does not fit is damaged, and breaks nothing."""
    start = b"\xa0\x00\xcf\x02\x23\x13"
    content = b"\xe6\xe7\0" + p1.plain().replace(b"00.278", b"00.279")
    start = (0xA000 | len(start) + len(content) + 4).to_bytes(2, "big") + start[2:]
    checked = start + p1.x25(start).to_bytes(2, "little") + content
    (one,) = judged(b"\x7e" + checked + p1.x25(checked).to_bytes(2, "little") + b"\x7e")

    assert one.finding.verdict == "noise"


def test_other_line() -> None:
    """Bytes that the receiver recognised are named, and no cable is blamed."""
    for why, verdict in (("an SML message, which this program does not read", "unread"), (signal.INVERTED, "noise")):
        meter = MeterConfig("home", "p1")
        found = Collection(Config("", Output(), (meter,), ()))
        found.captured_fault(Fault(Cause.FRAMING, f"4096 bytes that belong to no telegram: {why}", 4096, named=why), "p1")
        (one,) = judgement.all_of([meter], found, Held({}, [meter]), TODAY)
        assert one.finding.verdict == verdict
        assert why in one.finding.said
